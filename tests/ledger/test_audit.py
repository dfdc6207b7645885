"""The audit log: what is noted stays as it was, and whatever is done to it shows."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.audit import FILE, Anchor, Asked, AuditLog, Deed, Fault, verify_file
from ledger.errors import LedgerDamaged, LedgerError


def deed(i: int, **more: str) -> Deed:
    return Deed(now_ns=i * 10**9, who=f"p{i % 3}", action="shelve", subject=f"a{i}", **more)


def filled(folder: Path, rows: int = 9) -> Anchor:
    with AuditLog(folder) as log:
        for i in range(1, rows + 1):
            log.note(deed(i))
        return log.head


def tampered(folder: Path, *statements: str) -> None:
    with sqlite3.connect(folder / FILE) as db:
        for statement in statements:
            db.execute(statement)


def test_what_is_noted_is_found_newest_first_page_by_page(tmp_path: Path) -> None:
    head = filled(tmp_path)
    with AuditLog(tmp_path) as log:
        assert log.head == head
        assert head.n == 9
        page = log.search(Asked(), 4)
        assert [entry.n for entry in page] == [9, 8, 7, 6]
        assert [entry.n for entry in log.search(Asked(), 4, before=6)] == [5, 4, 3, 2]
        assert page[0].deed == deed(9)
        assert [entry.n for entry in log.search(Asked(who="p1"), 9)] == [7, 4, 1]
        assert [entry.n for entry in log.search(Asked(since_ns=3 * 10**9, until_ns=5 * 10**9), 9)] == [4, 3]
        assert [entry.n for entry in log.search(Asked(words=("SHELVE", "A8")), 9)] == [8]
        assert log.search(Asked(words=("100%_",)), 9) == []
        assert log.verify() is None


def test_two_processes_write_one_chain(tmp_path: Path) -> None:
    with AuditLog(tmp_path) as one, AuditLog(tmp_path) as other:
        for i in range(1, 7):
            (one if i % 2 else other).note(deed(i))
        assert one.head == other.head
        assert one.verify() is None


def test_a_deed_does_not_wait_for_a_search(tmp_path: Path) -> None:
    filled(tmp_path, 1)
    with AuditLog(tmp_path) as log:
        with log._reading:
            assert log.note(deed(2)).n == 2
        assert [entry.n for entry in log.search(Asked(), 9)] == [2, 1]


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (["UPDATE audit SET reason = 'x' WHERE n = 4"], Fault(4, "changed")),
        (["UPDATE audit SET enterprise = 'x' WHERE n = 9"], Fault(9, "changed")),
        (["DELETE FROM audit WHERE n = 5"], Fault(5, "gap")),
        (["DELETE FROM audit WHERE n = 1"], Fault(1, "gap")),
        (
            [
                "UPDATE audit SET n = 100 WHERE n = 3",
                "UPDATE audit SET n = 3 WHERE n = 4",
                "UPDATE audit SET n = 4 WHERE n = 100",
            ],
            Fault(3, "changed"),
        ),
        (["UPDATE audit SET hash = '00' WHERE n = 2"], Fault(2, "changed")),
        (["DELETE FROM audit WHERE n > 7"], Fault(8, "cut")),
        (["DELETE FROM audit"], Fault(1, "cut")),
    ],
)
def test_what_is_done_to_the_file_shows(tmp_path: Path, statements: list[str], expected: Fault) -> None:
    anchor = filled(tmp_path)
    tampered(tmp_path, *statements)
    found, _ = verify_file(tmp_path, anchor)
    assert found == expected


def test_a_log_written_anew_shows_to_whoever_has_an_anchor(tmp_path: Path) -> None:
    anchor = filled(tmp_path, 5)
    tampered(tmp_path, "DELETE FROM audit")
    with AuditLog(tmp_path) as log:
        for i in range(1, 8):
            log.note(deed(i, reason="another story"))
        assert log.verify() is None, "by itself it is whole"
        assert log.verify(anchor) == Fault(5, "rewritten")


def test_what_was_not_written_is_not_in_the_log(tmp_path: Path) -> None:
    filled(tmp_path, 2)
    with AuditLog(tmp_path) as log:
        log.path.chmod(0o400)
        with sqlite3.connect(tmp_path / FILE, timeout=0) as other:
            other.execute("BEGIN IMMEDIATE")
            log._db.execute("PRAGMA busy_timeout = 0")
            with pytest.raises(LedgerError):
                log.note(deed(3))
        assert log.note(deed(4)).n == 3
        assert log.verify() is None


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"x" * 5000)])
def test_a_log_that_is_none_is_said_to_be_none(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    filled(tmp_path)
    for name in (FILE, f"{FILE}-wal", f"{FILE}-shm"):
        if (tmp_path / name).exists():
            spoil(tmp_path / name)
    with pytest.raises(LedgerDamaged):
        verify_file(tmp_path)
