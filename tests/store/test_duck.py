import math
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pytest

from registry.readings import ReadingBlock
from registry.sensors import SensorRegistry, SensorSpec, SensorType
from store.duck import DuckStore
from store.series import Encoded, StoreBatch, StoreError, bucket_ns, downsample, encoded
from tests.store.batches import NAMES, START_NS, alert, batch, readings_of, site

END_NS = START_NS + 10**15


@pytest.fixture
def store(tmp_path: Path, registry: SensorRegistry) -> Iterator[DuckStore]:
    opened = DuckStore(tmp_path / "series.duckdb", registry, "ledger-1")
    yield opened
    opened.close()


def test_every_reading_comes_back_value_for_value(store: DuckStore) -> None:
    batches = [batch(1), batch(2)]
    store.write(batches)
    for i, name in enumerate(NAMES):
        series = store.read(f"e1/{name}", START_NS, END_NS, 1000)
        assert dict(zip(series.t_ns.tolist(), series.mean.tolist(), strict=True)) == readings_of(batches, i)
    assert len(store.read("e1/nobody", START_NS, END_NS, 10)) == 0
    rows = store._db.execute("SELECT value, quality FROM readings ORDER BY t_ns").fetchall()
    assert len(rows) == 40
    assert [v is None for v, _ in rows] == [math.isnan(v) for b in batches for v in b.block.value]
    assert [q for _, q in rows] == [q for b in batches for q in b.block.quality]
    scores = store._db.execute("SELECT score FROM scores ORDER BY t_ns").fetchall()
    assert [s for (s,) in scores] == [s for b in batches for s in b.score if not math.isnan(s)]


def test_writing_again_changes_nothing_and_the_watermark_is_exact(store: DuckStore) -> None:
    assert store.watermark() is None
    store.write([batch(1), batch(2, alerts=(alert(1),))])
    assert store.watermark() == 2
    store.write([batch(1), batch(2, alerts=(alert(1),)), batch(3), batch(3)])
    assert store.watermark() == 3
    assert store._db.execute("SELECT count(*) FROM readings").fetchone() == (60,)
    assert store._db.execute("SELECT count(*) FROM alerts").fetchone() == (1,)


def test_another_ledger_counts_for_itself(store: DuckStore, tmp_path: Path, registry: SensorRegistry) -> None:
    store.write([batch(5)])
    store.close()
    other = DuckStore(tmp_path / "series.duckdb", registry, "ledger-2")
    assert other.watermark() is None
    other.write([batch(1)])
    assert other.watermark() == 1
    other.close()


def test_an_alert_as_a_row(store: DuckStore) -> None:
    store.write([batch(1, 0, alerts=(alert(7), alert(8, sensor=None)))])
    rows = store._db.execute(
        'SELECT seq, sensor, grade, value, "limit", forecast_s, title_zh FROM alerts ORDER BY seq'
    ).fetchall()
    assert rows[0][:5] == (7, "e1/LT-101", "red", 12.5, None)
    assert rows[1][:2] == (8, "_system")
    assert rows[0][6] == '液位"超高"'


def test_many_readings_are_merged_in_sql(store: DuckStore) -> None:
    batches = [batch(1, 4000)]
    store.write(batches)
    raw = readings_of(batches, 1)
    end_ns = START_NS + 4_000_000_000_000
    series = store.read(f"e1/{NAMES[1]}", START_NS, end_ns, 50)
    step = bucket_ns(START_NS, end_ns, 50)
    wanted = downsample(np.array(list(raw)), np.array(list(raw.values())), START_NS, step)
    assert len(series) == 50
    assert series.t_ns.tolist() == wanted.t_ns.tolist()
    assert np.allclose(series.mean, wanted.mean)
    assert series.low.tolist() == wanted.low.tolist()
    assert series.high.tolist() == wanted.high.tolist()


def test_a_changed_points_table_does_not_mix_up_sensors(
    store: DuckStore, tmp_path: Path, registry: SensorRegistry
) -> None:
    spooled = encoded(store, [batch(1)])
    store.close()
    new = SensorSpec(id="e1/new", sensor="new", enterprise="e1", type=SensorType.FLOW)
    changed = SensorRegistry((new, *tuple(reversed(registry.specs))[:2]))
    other = DuckStore(tmp_path / "series.duckdb", changed, "ledger-1")
    other.send(spooled)
    for i, name in enumerate(NAMES):
        series = other.read(f"e1/{name}", START_NS, END_NS, 1000)
        assert dict(zip(series.t_ns.tolist(), series.mean.tolist(), strict=True)) == readings_of(
            [batch(1)], i
        )
    other.write([StoreBatch(seq=2, block=ReadingBlock.of([0], [START_NS], [4.5]), score=np.array([0.1]))])
    assert other.read("e1/new", START_NS, END_NS, 10).mean.tolist() == [4.5]
    other.close()


def test_a_payload_that_is_none_is_refused_and_the_others_are_stored(store: DuckStore) -> None:
    good = encoded(store, [batch(1), batch(3)])
    rejections = store.send([good[0], Encoded(2, 7, b"no batch"), good[1]])
    assert [r.rows for r in rejections] == [7]
    assert store.watermark() == 3
    assert store._db.execute("SELECT count(*) FROM readings").fetchone() == (40,)


def test_a_payload_of_another_file_is_refused(
    store: DuckStore, tmp_path: Path, registry: SensorRegistry
) -> None:
    other = DuckStore(tmp_path / "other.duckdb", registry, "ledger-1")
    (rejection,) = store.send(encoded(other, [batch(1)]))
    assert rejection.rows == 20
    assert "packed for the file" in rejection.reason
    other.close()


def test_a_failed_write_leaves_nothing_and_can_be_done_again(store: DuckStore) -> None:
    store._db.execute("ALTER TABLE alerts RENAME TO elsewhere")
    with pytest.raises(StoreError):
        store.write([batch(1, alerts=(alert(1),))])
    assert store.watermark() is None
    assert store._db.execute("SELECT count(*) FROM readings").fetchone() == (0,)
    store._db.execute("ALTER TABLE elsewhere RENAME TO alerts")
    store.write([batch(1, alerts=(alert(1),))])
    assert len(store.read(f"e1/{NAMES[0]}", START_NS, END_NS, 100)) == len(readings_of([batch(1)], 0))


def test_reading_from_another_thread_while_it_is_written(store: DuckStore) -> None:
    failures: list[Exception] = []
    done = threading.Event()

    def read() -> None:
        seen = 0
        while not done.is_set():
            try:
                n = len(store.read(f"e1/{NAMES[0]}", START_NS, END_NS, 100_000))
            except StoreError as exc:
                failures.append(exc)
                return
            assert n >= seen
            seen = n

    reader = threading.Thread(target=read)
    reader.start()
    for seq in range(1, 40):
        store.write([batch(seq)])
    done.set()
    reader.join(20)
    assert failures == []
    assert store.watermark() == 39


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "series.duckdb"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match="cannot be opened"):
        DuckStore(path, site(), "x")


def test_the_views_name_the_sensors(store: DuckStore) -> None:
    store.write([batch(1)])
    (row,) = store._db.execute(
        "SELECT sensor, enterprise, source, type, epoch_ns(time) FROM readings_named ORDER BY t_ns LIMIT 1"
    ).fetchall()
    assert row == ("e1/LT-101", "e1", "hs 1", "level", START_NS)
    assert isinstance(duckdb.__version__, str)


_WRITER = """
import sys
from pathlib import Path
from store.duck import DuckStore
from tests.store.batches import batch, site
store = DuckStore(Path(sys.argv[1]), site(), "ledger-1")
seq = store.watermark() or 0
while True:
    seq += 1
    store.write([batch(seq, 200)])
    print(seq, flush=True)
"""


def test_after_kill_9_every_batch_that_returned_is_there_whole_and_once(tmp_path: Path) -> None:
    path = tmp_path / "series.duckdb"
    for _ in range(2):
        with subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            for _ in range(25):
                returned = int(process.stdout.readline())
            process.kill()
            returned = max([returned, *(int(line) for line in process.stdout.read().split("\n")[:-1])])
        store = DuckStore(path, site(), "ledger-1")
        last = store.watermark()
        assert last in {returned, returned + 1}
        assert store._db.execute("SELECT count(*), count(DISTINCT t_ns) FROM readings").fetchone() == (
            last * 200,
            last * 200,
        )
        store.close()
