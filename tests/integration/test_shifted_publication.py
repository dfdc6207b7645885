"""`hazwatch sim RECORDING --mqtt --shift-to`: what was recorded long ago is published as if it happened now."""

import json
import time
from pathlib import Path

import numpy as np
import pytest

from registry.readings import ReadingBlock
from registry.sensors import registry_of_columns
from store.duck import DuckStore
from store.series import StoreBatch
from tests.servers.hazwatch import done, hazwatch
from tests.servers.mosquitto import Mosquitto
from tests.sim.test_publish import Listener

pytestmark = [pytest.mark.server, pytest.mark.timeout(120)]
MS = 10**6
T0_MS = 1_704_067_200_000
GAPS_MS = [0, 250, 1000, 61_000]


def sources(folder: Path) -> dict[str, Path]:
    """Return a recording and an embedded store's file that hold the same."""
    rows = "".join(f"{T0_MS + gap},{k}.5\n" for k, gap in enumerate(GAPS_MS))
    (folder / "r.csv").write_text(f"time,LT\n{rows}", encoding="utf-8")
    store = DuckStore(folder / "r.duckdb", registry_of_columns(["LT"]), "x")
    block = ReadingBlock.of([0] * 4, [(T0_MS + gap) * MS for gap in GAPS_MS], [0.5, 1.5, 2.5, 3.5])
    store.write([StoreBatch(seq=1, block=block, score=np.zeros(4))])
    store.close()
    return {"recording": folder / "r.csv", "store": folder / "r.duckdb"}


@pytest.mark.parametrize("kind", ["recording", "store"])
@pytest.mark.parametrize("to", [None, "now", "2026-03-01T00:00:00+08:00"])
def test_times_are_shifted_and_their_distances_are_kept(
    kind: str, to: str | None, tmp_path: Path, cache: Path
) -> None:
    source = sources(tmp_path)[kind]
    with Mosquitto(tmp_path / "mosquitto") as broker:
        listener = Listener(broker.port)
        before_ms = time.time_ns() // MS
        shift = () if to is None else ("--shift-to", to)
        done(hazwatch(tmp_path, cache, "sim", source, "--mqtt", broker.url, "--speed", "max", *shift))
        payloads = [json.loads(message.payload) for message in listener.wait_for(len(GAPS_MS))]
        listener.close()
    first_ms = payloads[0]["t"]
    assert [payload["t"] - first_ms for payload in payloads] == GAPS_MS
    assert [payload["v"] for payload in payloads] == [[0.5], [1.5], [2.5], [3.5]]
    if to == "now":
        assert before_ms <= first_ms <= time.time_ns() // MS
    else:
        assert first_ms == (T0_MS if to is None else 1_772_294_400_000)


def test_a_time_that_is_none(tmp_path: Path, cache: Path) -> None:
    source = sources(tmp_path)["recording"]
    ran = hazwatch(tmp_path, cache, "sim", source, "--mqtt", "mqtt://127.0.0.1:1", "--shift-to", "noon")
    assert ran.returncode == 1
    assert "--shift-to: 'noon' is no time" in ran.stderr.decode()
