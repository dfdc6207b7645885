"""Where recordings come from: a file, a journal and a store that hold the same readings give the same."""

from pathlib import Path

from ledger.ledger import Ledger
from ledger.records import JournalEntry
from registry.readings import ReadingBlock
from service.effects import commit_of
from service.pipeline import Pipeline, pack_messages
from service.plan import load
from service.tuning.feed import Feed, Side, Span, file_feed, journal_feed, store_feed
from sim.layout import Options
from sim.writing import time_texts
from store.duck import DuckStore
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
