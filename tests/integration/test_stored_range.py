"""A range of a real store is replayed and tuned as a recording with the same readings is."""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from registry.readings import ReadingBlock
from service.plan import load
from sim.recorded import Recorded
from sim.writing import time_texts, write_readings
from store.duck import DuckStore
from store.influx import InfluxSettings, InfluxStore
from store.series import SeriesStore, StoreBatch
from tests.servers.hazwatch import done, hazwatch
from tests.servers.influx import influx
from tests.servers.victoria import victoria
from tests.service.tuning.synthetic import normal

S = 10**9
T0 = 1_767_225_600 * S
NAMES = ("e/TT-1", "e/TT 2, north")
POINTS = 'sensor,enterprise,type\nTT-1,e,temperature\n"TT 2, north",e,temperature\n'
SETTINGS = "points: points.csv\nstate_dir: state\nstore: {store}\n"
DAY = 86_400

pytestmark = [pytest.mark.server, pytest.mark.timeout(300)]


def day() -> Recorded:
    """A day of two temperatures every ten seconds with an hour's disturbance; some have no value, some are uncertain."""
    rng = np.random.default_rng(11)
    n = DAY // 10
    value = np.column_stack([normal(rng, n), 40.0 + normal(rng, n)])
    value[3000:3030, 0] += 30.0
    value[::500, 1] = math.nan
    quality = np.zeros(value.shape, np.uint8)
    quality[100::700] = 1
    return Recorded(
        names=NAMES,
        column=np.tile(np.arange(2, dtype=np.int32), n),
        t_ns=np.repeat(T0 + np.arange(n) * 10 * S, 2),
        value=np.round(value, 6).reshape(-1),
        quality=quality.reshape(-1),
    )


def fill(store: SeriesStore, recorded: Recorded) -> None:
    """Write all readings."""
    for seq, at in enumerate(range(0, len(recorded), 2000), 1):
        part = recorded[at : at + 2000]
        block = ReadingBlock(sensor=part.column, t_ns=part.t_ns, value=part.value, quality=part.qualities())
        store.write([StoreBatch(seq=seq, block=block, score=np.full(len(block), np.nan))])
    store.close()


@contextmanager
def filled(kind: str, folder: Path) -> Iterator[Path]:
    """Give the settings of a site whose store of this kind has the day."""
    (folder / "points.csv").write_text(POINTS, encoding="utf-8")
    config = folder / "hazwatch.yaml"
    if kind == "duckdb":
        config.write_text(SETTINGS.format(store="{kind: duckdb}"), encoding="utf-8")
        plan = load(config).plan
        assert [spec.id for spec in plan.registry.specs] == list(NAMES)
        fill(DuckStore(folder / "state" / "readings.duckdb", plan.registry, "x"), day())
        yield config
        return
    with (influx if kind == "influx" else victoria)(folder / kind) as server:
        config.write_text(SETTINGS.format(store=f"{{kind: influx, url: '{server.url}'}}"), encoding="utf-8")
        fill(InfluxStore(InfluxSettings(url=server.url), load(config).plan.registry), day())
        if kind == "victoria":
            server.flush()  # type: ignore[union-attr] # only VictoriaMetrics keeps what is new in memory
        yield config


def at(hours: float) -> str:
    return time_texts([T0 + round(hours * 3600) * S])[0]


@pytest.mark.parametrize("kind", ["duckdb", "influx", "victoria"])
def test_a_stored_range_gives_what_the_recording_gives(kind: str, tmp_path: Path, cache: Path) -> None:
    recording = tmp_path / "day.csv"
    write_readings([day()], recording, quality=True)
    outputs = ("--alerts", "a", "--findings", "f", "--scores", "s")
    with filled(kind, tmp_path) as config:
        ranged = ("--from", at(6), "--to", at(12), "--warm-up", "2")
        written = []
        for source in ((recording, "--config", config), (config,), ("--config", config)):
            done(hazwatch(tmp_path, cache, "replay", *source, *ranged, *outputs))
            written.append([(tmp_path / name).read_bytes() for name in "afs"])
        # not the bytes: telling how they differ takes minutes
        same = [each == written[0] for each in written]
        assert same == [True, True, True]
        alerts, findings, scores = written[0]
        assert alerts
        assert findings
        assert scores.count(b"\n") == 1 + 2 * 6 * 360
        assert json.loads(alerts.splitlines()[0])["sensor"] == NAMES[0]

        tuned = []
        for source in ((recording, "--config", config), (config,), ("--config", config)):
            ran = done(
                hazwatch(
                    tmp_path, cache, "tune", *source, "--from", at(0), "--to", at(24), "--json", within_s=200
                )
            )
            told = json.loads(ran.stdout)
            assert any(threshold["chosen"] is not None for threshold in told["thresholds"])
            tuned.append({**told, "source": ""})
        assert tuned[0] == tuned[1] == tuned[2]


def test_the_file_of_an_embedded_store_needs_no_settings(tmp_path: Path, cache: Path) -> None:
    with filled("duckdb", tmp_path) as config:
        store = tmp_path / "state" / "readings.duckdb"
        before = store.read_bytes()
        ran = done(hazwatch(tmp_path, cache, "replay", store, "--findings", "f"))
        assert f"{len(day()):,}" in ran.stderr.decode()
        assert {json.loads(line)["sensor"] for line in (tmp_path / "f").read_bytes().splitlines()} <= set(
            NAMES
        )
        done(hazwatch(tmp_path, cache, "replay", store, "--config", config, "--findings", "g"))
        assert store.read_bytes() == before, "it is only read"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--config", "hazwatch.yaml"), 1, "a range of the store has two ends"),
        (("hazwatch.yaml", "--from", "2026-01-01"), 1, "a range of the store has two ends"),
        (("hazwatch.yaml", "--config", "hazwatch.yaml"), 1, "one of the two"),
        (
            ("none.yaml", "--from", "2026-01-01", "--to", "2026-01-02"),
            1,
            "none.yaml: the file does not exist",
        ),
        (("hazwatch.yaml", "--from", "2026-01-01", "--to", "2026-01-02"), 3, "cannot be reached"),
        (("none.yaml", "--from", "2026-01-02", "--to", "2026-01-01"), 1, "ends before it begins"),
        (("off.yaml", "--from", "2026-01-01", "--to", "2026-01-02"), 1, "keep no time series"),
        (("duck.yaml", "--from", "2026-01-01", "--to", "2026-01-02"), 1, "there is no such store"),
        (("broken.duckdb",), 1, "broken.duckdb cannot be read"),
    ],
)
def test_what_cannot_be_read(
    tmp_path: Path, cache: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    (tmp_path / "points.csv").write_text(POINTS, encoding="utf-8")
    (tmp_path / "broken.duckdb").write_bytes(bytes(8) + b"DUCK" + bytes(100))
    stores = {
        "hazwatch": "{kind: influx, url: 'http://127.0.0.1:1'}",
        "off": "{kind: none}",
        "duck": "{kind: duckdb}",
    }
    for name, store in stores.items():
        (tmp_path / f"{name}.yaml").write_text(SETTINGS.format(store=store), encoding="utf-8")
    ran = hazwatch(tmp_path, cache, "replay", *arguments)
    assert (ran.returncode, words in ran.stderr.decode()) == (code, True), ran.stderr.decode()
    assert "Traceback" not in ran.stderr.decode()
