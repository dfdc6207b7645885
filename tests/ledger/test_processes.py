"""What holds between processes: one owner, and what a killed one leaves."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ledger import Commit, Ledger, LedgerLocked
from ledger.lock import LOCK_NAME

_WRITER = """
import sys
from pathlib import Path
from ledger import Commit, JournalEntry, Ledger, OutboxItem
ledger = Ledger.open(Path(sys.argv[1]))
i = ledger.last_seq
while True:
    i += 1
    body = str(i).encode() * 300
    ledger.commit(Commit(
        entries=[JournalEntry(now_ns=i, kind="messages", body=body)],
        events=[(i, "a", body)], notifications=[OutboxItem(id=str(i), receiver="r", key=str(i), body=body)],
        stored_seq=i,
    ))
    print(i, flush=True)
"""


def start(script: str, *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_after_kill_9_everything_that_returned_is_there_and_nothing_half(tmp_path: Path) -> None:
    returned = 0
    for _ in range(3):
        with start(_WRITER, str(tmp_path)) as writer:
            assert writer.stdout is not None
            for _ in range(60):
                returned = int(writer.stdout.readline())
            writer.send_signal(signal.SIGKILL)
            rest = writer.stdout.read().split("\n")
        returned = max([returned, *(int(line) for line in rest[:-1])])
        with Ledger.open(tmp_path) as ledger:
            last = ledger.last_seq
            assert last in {returned, returned + 1}, "at most the commit that was under way"
            assert [e.seq for e in ledger.entries()] == list(range(1, last + 1))
            assert [e.seq for e in ledger.alert_events()] == list(range(1, last + 1))
            assert len(ledger.pending(0, limit=10_000)) == last
            assert ledger.stored_seq == last
            assert ledger.quick_check() == []


def test_the_second_process_is_refused_with_the_firsts_pid(tmp_path: Path) -> None:
    with start(_WRITER, str(tmp_path)) as first:
        assert first.stdout is not None
        first.stdout.readline()
        with pytest.raises(LedgerLocked) as caught:
            Ledger.open(tmp_path)
        first.kill()
        first.stdout.read()
    assert caught.value.pid == first.pid
    assert str(first.pid) in str(caught.value)
    with Ledger.open(tmp_path) as ledger:
        assert ledger.commit(Commit()) == ledger.last_seq
        assert (tmp_path / LOCK_NAME).read_text().strip() == str(os.getpid())


def test_one_process_cannot_open_it_twice_either(tmp_path: Path) -> None:
    with Ledger.open(tmp_path), pytest.raises(LedgerLocked) as caught:
        Ledger.open(tmp_path)
    assert caught.value.pid == os.getpid()
    Ledger.open(tmp_path).close()
