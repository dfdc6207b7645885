"""What was told in the past, as the ledger has it: found by time, and held against what a replay tells."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from alerting.events import AlertEvent
from ledger.reader import LedgerReader
from ledger.records import EventLine


class _Timed(msgspec.Struct):
    time: str


_TIMED = msgspec.json.Decoder(_Timed)
_EVENT = msgspec.json.Decoder(AlertEvent)


def event_of(line: EventLine) -> AlertEvent:
    """Return the event of a line."""
    return _EVENT.decode(line.line)


def time_ns(text: str) -> int:
    """Return the time of an alert line, ns since 1970 UTC."""
    return round(datetime.fromisoformat(text).timestamp() * 1000) * 1_000_000


def event_before(ledger: LedgerReader, t_ns: int) -> int:
    """Return the number of the last alert event that was told before a time, 0 where there is none."""
    numbers = range(1, ledger.last_event_seq + 1)
    return bisect_right(numbers, t_ns - 1, key=lambda seq: _time_ns(ledger, seq))


def _time_ns(ledger: LedgerReader, seq: int) -> int:
    """Return the time of the event with a number, or of the next that there is."""
    return time_ns(_TIMED.decode(next(ledger.alert_events(seq - 1, 1)).line).time)


@dataclass(slots=True)
class Comparison:
    """How many alert lines a replay has told, and how many of them are not the ledger's, byte for byte."""

    ledger: LedgerReader
    told: int = 0
    differ: int = 0

    def take(self, events: Sequence[AlertEvent]) -> None:
        """Compare lines with those of the same numbers."""
        if not events:
            return
        first, last = events[0].seq, events[-1].seq
        kept = {line.seq: line for line in self.ledger.alert_events(first - 1, last - first + 1)}
        self.told += len(events)
        self.differ += sum(
            kept.get(event.seq) != EventLine(event.seq, event.id, event.line()) for event in events
        )
