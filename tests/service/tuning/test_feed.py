"""Where recordings come from: a file, a journal and a store that hold the same readings give the same."""

from pathlib import Path

import numpy as np

from ledger.ledger import Ledger
from ledger.records import JournalEntry
from registry.readings import ReadingBlock
from service.effects import commit_of
from service.pipeline import Pipeline, pack_messages
from service.plan import load
from service.tuning.feed import Feed, Side, Span, file_feed, journal_feed, store_feed, stored
from sim.layout import Options
from sim.recorded import Recorded
from sim.writing import time_texts
from store.duck import DuckStore
from store.scan import Stretch
from store.series import StoreBatch
from tests.service.site import T0, S, reading

N = 200
SPAN = Span(start_ns=T0 + 20 * S, end_ns=T0 + 120 * S)


def site(folder: Path) -> Path:
    (folder / "points.csv").write_text("sensor,enterprise,type\nLT,e,level\n", encoding="utf-8")
    config = folder / "hazwatch.yaml"
    config.write_text("points: points.csv\nstore: {kind: duckdb}\n", encoding="utf-8")
    return config


def value(k: int) -> float:
    return 50.0 + k / 7.0


def readings(feed: Feed, config: Path) -> list[tuple[int, int, float]]:
    side = Side(load(config).plan, feed)
    block = ReadingBlock.concat(side.take(item).block for item in feed.items())
    return list(zip(block.sensor.tolist(), block.t_ns.tolist(), block.value.tolist(), strict=True))


def test_a_file_a_journal_and_a_store_give_the_same_readings(tmp_path: Path) -> None:
    config = site(tmp_path)
    loaded = load(config)
    times = time_texts([T0 + k * S for k in range(N)])
    recording = tmp_path / "r.csv"
    rows = "".join(f"{t},{value(k)!r}\n" for k, t in enumerate(times))
    recording.write_text(f"time,LT\n{rows}", encoding="utf-8")

    pipe = Pipeline(loaded.plan)
    store = DuckStore(loaded.settings.state_dir / "readings.duckdb", loaded.plan.registry, "x")
    with Ledger.open(loaded.settings.state_dir) as ledger:
        for k in range(N):
            entry = JournalEntry(
                now_ns=T0 + k * S, kind="messages", body=pack_messages([reading("LT", k, value(k))])
            )
            outcome = pipe.entry(entry)
            ledger.commit(commit_of(entry, outcome, None))
            store.write([StoreBatch(seq=k + 1, block=outcome.block, score=outcome.score)])
    store.close()

    expected = [(0, T0 + k * S, value(k)) for k in range(20, 120)]
    assert readings(file_feed(recording, Options(), SPAN), config) == expected
    with journal_feed(loaded.settings.state_dir, SPAN) as feed:
        assert readings(feed, config) == expected
    with store_feed(config, SPAN) as feed:
        assert readings(feed, config) == expected
        assert readings(feed, config) == expected, "a feed can be read again"


def test_a_range_of_a_file_keeps_its_qualities(tmp_path: Path) -> None:
    times = time_texts([T0 + k * S for k in range(5)])
    rows = "".join(f"{t},LT,{k},{q}\n" for k, (t, q) in enumerate(zip(times, "01201", strict=True)))
    (tmp_path / "r.csv").write_text(f"time,sensor,value,q\n{rows}", encoding="utf-8")
    feed = file_feed(tmp_path / "r.csv", Options(), Span(start_ns=T0 + S, end_ns=T0 + 4 * S))
    (chunk,) = feed.items()
    assert isinstance(chunk, Recorded)
    assert (chunk.value.tolist(), chunk.qualities().tolist()) == ([1.0, 2.0, 3.0], [1, 2, 0])
    assert any("5 rows" in line for line in feed.told()), "of the file, whatever the range"


def test_a_store_is_asked_for_a_fair_part_at_a_time() -> None:
    """An hour with nothing in it, a dense one, a sparse day: every reading once, never much at a time."""
    dense = np.arange(3600 * 200) * (S // 200) + T0 + 3600 * S
    sparse = np.arange(24 * 60) * 60 * S + T0 + 7200 * S
    t_ns = np.concatenate([dense, sparse])
    asked: list[int] = []

    def scan(start_ns: int, end_ns: int) -> Stretch:
        inside = t_ns[(t_ns >= start_ns) & (t_ns < end_ns)]
        asked.append(len(inside))
        return Stretch(
            names=("a%5C",), sensor=np.zeros(len(inside), np.int32), t_ns=inside,
            value=inside.astype(float), quality=np.zeros(len(inside), np.uint8),
        )  # fmt: skip

    chunks = list(stored(scan, {"a%5C": "a\\"}, Span(start_ns=T0, end_ns=T0 + 30 * 3600 * S)))
    assert np.concatenate([chunk.t_ns for chunk in chunks]).tolist() == t_ns.tolist()
    assert {chunk.names for chunk in chunks} == {("a\\",)}
    assert all(chunk.quality is None for chunk in chunks)
    assert max(asked) <= 500_000
    assert len(asked) < 100
