import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from store.series import Encoded
from store.spool import Spool

BIG = 1 << 30


def record(seq: int, size: int = 30) -> Encoded:
    return Encoded(seq, 3, (b"%d," % seq * size)[:size] or b"x")


def drain(spool: Spool, max_bytes: int = 200) -> list[int]:
    seqs: list[int] = []
    while True:
        records, place = spool.peek(max_bytes)
        if not records:
            return seqs
        seqs += [r.seq for r in records]
        spool.advance(place)


def test_records_come_back_in_order_and_are_then_gone(tmp_path: Path) -> None:
    spool = Spool(tmp_path, BIG, segment_bytes=300)
    assert spool.size_bytes == 0
    for start in range(1, 40, 3):
        spool.append([record(start), record(start + 1), record(start + 2)])
    records, _ = spool.peek(10)
    assert records == [record(1)]
    assert spool.peek(10)[0] == records, "looking does not take away"
    assert drain(spool) == list(range(1, 40))
    assert spool.empty
    assert not spool.size_bytes
    assert list(tmp_path.iterdir()) == []
    spool.append([record(50)])
    assert drain(spool) == [50]
    spool.close()


def test_what_was_not_taken_is_there_after_opening_again(tmp_path: Path) -> None:
    spool = Spool(tmp_path, BIG, segment_bytes=300)
    spool.append([record(i) for i in range(1, 31)])
    _, place = spool.peek(10)
    spool.advance(place)
    spool.close()
    again = Spool(tmp_path, BIG)
    assert not again.empty
    again.append([record(31)])
    assert drain(again) == list(range(1, 32)), "the first of a segment may come twice, none is missing"
    again.close()


def test_the_oldest_goes_when_the_bound_is_reached_and_is_counted(tmp_path: Path) -> None:
    spool = Spool(tmp_path, max_bytes=4000)
    for seq in range(1, 401):
        spool.append([record(seq)])
    assert spool.size_bytes <= 4000
    kept = drain(spool)
    assert kept == list(range(401 - len(kept), 401))
    assert spool.dropped_rows == 3 * (400 - len(kept))
    assert len(kept) > 30
    spool.close()


def test_dropping_what_is_being_sent_loses_nothing_newer(tmp_path: Path) -> None:
    spool = Spool(tmp_path, max_bytes=4000)
    spool.append([record(1)])
    _, place = spool.peek(1)
    for seq in range(2, 400):
        spool.append([record(seq)])
    spool.advance(place)
    kept = drain(spool)
    assert kept == list(range(400 - len(kept), 400))
    spool.close()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.data())
def test_a_torn_tail_costs_only_what_was_torn(count: int, data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        spool = Spool(Path(folder), BIG)
        spool.append([record(i) for i in range(1, count + 1)])
        spool.close()
        (path,) = Path(folder).glob("*.spool")
        whole = path.read_bytes()
        size = len(whole) // count
        cut = data.draw(st.integers(0, len(whole) - 1))
        if data.draw(st.booleans()):
            path.write_bytes(whole[:cut])
        else:
            path.write_bytes(whole[:cut] + bytes([whole[cut] ^ 0x40]) + whole[cut + 1 :])
        again = Spool(Path(folder), BIG)
        again.append([record(100)])
        kept = drain(again)
        assert kept[-1] == 100
        assert kept[:-1] == list(range(1, len(kept)))
        assert len(kept) - 1 >= cut // (size + 3) - 1
        assert drain(again) == []
        again.close()


_APPENDER = """
import sys
from pathlib import Path
from store.series import Encoded
from store.spool import Spool
spool = Spool(Path(sys.argv[1]), 1 << 30, segment_bytes=20_000)
for seq in range(1, 1_000_000):
    spool.append([Encoded(seq, 1, bytes(str(seq), "ascii") * 100)])
    print(seq, flush=True)
"""


def test_after_kill_9_everything_that_returned_is_there(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _APPENDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for _ in range(300):
            process.stdout.readline()
        process.kill()
        lines = process.stdout.read().split("\n")
    returned = max(300, *(int(line) for line in lines[:-1] or ["300"]))
    spool = Spool(tmp_path, BIG)
    kept = drain(spool, 100_000)
    assert kept in (list(range(1, returned + 1)), list(range(1, returned + 2)))
    spool.close()
