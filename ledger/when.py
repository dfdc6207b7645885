"""At what time entries of a journal were made, found by halving: their times rise with their numbers."""

from bisect import bisect_left

from ledger.reader import LedgerReader


def journal_span(ledger: LedgerReader) -> tuple[int, int] | None:
    """Return the times of the oldest and the newest entry, ns since 1970 UTC; None where there is none."""
    first, last = ledger.first_seq, ledger.last_seq
    return (time_of(ledger, first), time_of(ledger, last)) if last else None


def seq_before(ledger: LedgerReader, now_ns: int) -> int:
    """Return the seq of the last entry before a time; the one before the oldest entry where all are later."""
    first = ledger.first_seq
    seqs = range(first, ledger.last_seq + 1)
    return first + bisect_left(seqs, now_ns, key=lambda seq: time_of(ledger, seq)) - 1 if first else 0


def time_of(ledger: LedgerReader, seq: int) -> int:
    """Return an entry's time; of one that was pruned meanwhile, that of the oldest there is."""
    return next(ledger.entries(seq - 1, limit=1)).now_ns
