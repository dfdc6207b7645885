"""Notes of hand-overs: kept once, taken over once, never changed."""

from dataclasses import replace
from pathlib import Path

import pytest

from ledger.errors import LedgerDamaged, LedgerError
from ledger.handover import FILE_NAME, MAX_NOTES, HandoverNote, HandoverNotes

NOTE = HandoverNote(0, 1000, "e", None, 1500, "wang", "V-101 =1+1 <b>")


def test_a_note_is_there_after_a_restart_and_for_a_reader_beside(tmp_path: Path) -> None:
    with HandoverNotes(tmp_path) as notes:
        kept = notes.write(NOTE)
        with HandoverNotes(tmp_path, readonly=True) as beside:
            assert beside.of_shifts(1000, 1001) == [kept]
            with pytest.raises(LedgerError):
                beside.write(NOTE)
    with HandoverNotes(tmp_path) as notes:
        assert kept == replace(NOTE, id=1)
        assert notes.find(1) == kept
        assert notes.of_shifts(0, 1000) == notes.of_shifts(1001, 2000) == []


def test_the_first_one_takes_it_over(tmp_path: Path) -> None:
    with HandoverNotes(tmp_path) as notes:
        notes.write(NOTE)
        assert notes.take_over(1, "zhao", 1600, "seen")
        assert not notes.take_over(1, "qian", 1700, "me too")
        assert not notes.take_over(2, "zhao", 1700, "")
        assert notes.find(1) == replace(NOTE, id=1, taken_ns=1600, taken_by="zhao", answer="seen")


def test_a_shift_has_so_many_notes_and_no_more(tmp_path: Path) -> None:
    with HandoverNotes(tmp_path) as notes:
        assert all(notes.write(NOTE) for _ in range(MAX_NOTES))
        assert notes.write(NOTE) is None
        assert notes.write(replace(NOTE, shift_ns=2000)) is not None


def test_a_broken_file_is_named_by_who_needs_it_and_stops_nobody_else(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"no database at all, but long enough to be looked at as one" * 20)
    with HandoverNotes(tmp_path) as notes:
        for _ in range(2):
            with pytest.raises(LedgerDamaged, match=FILE_NAME):
                notes.write(NOTE)
        (tmp_path / FILE_NAME).unlink()
        assert notes.write(NOTE), "once it is moved away all is well"
    with (
        HandoverNotes(tmp_path / "nowhere", readonly=True) as notes,
        pytest.raises(LedgerError, match="nowhere"),
    ):
        notes.find(1)
