"""Replay: whose column is which, what is written, and that pace and cuts change nothing."""

import csv
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from alerting.commands import Acknowledge, encode_command
from ledger.records import Entry
from registry.sensors import SensorRegistry, SensorSpec, SensorType
from service.keyboard import Unattended
from service.pacing import Pacing
from service.pipeline import Pipeline, Plan, pack_messages
from service.plan import plan_of_columns
from service.playing import Player
from service.replaying import Columns, Outputs, Tally
from service.tuning.feed import Feed
from sim.recorded import Recorded
from sim.writing import time_texts
from tests.service.site import REGISTRY, T0, S, plan, reading


def spec(enterprise: str, name: str) -> SensorSpec:
    full = f"{enterprise}/{name}" if enterprise else name
    return SensorSpec(id=full, sensor=name, enterprise=enterprise, type=SensorType.OTHER)


def chunk(names: tuple[str, ...], *rows: tuple[int, float, float]) -> Recorded:
    """Rows of (column, seconds, value)."""
    return Recorded(
        names=names,
        column=np.array([r[0] for r in rows], np.int32),
        t_ns=np.array([T0 + round(r[1] * S) for r in rows], np.int64),
        value=np.array([r[2] for r in rows]),
    )


def test_the_quality_of_a_reading_comes_along() -> None:
    columns = Columns(SensorRegistry((spec("a", "LT"),)))
    mixed = replace(
        chunk(("XX", "LT", "LT"), (0, 0, 1.0), (1, 1, 2.0), (2, 2, 3.0)),
        quality=np.array([2, 0, 1], np.uint8),
    )
    assert columns.block(mixed).quality.tolist() == [0, 1]


def test_a_column_is_a_sensor_by_full_id_or_by_a_name_that_only_one_has() -> None:
    columns = Columns(SensorRegistry((spec("a", "LT"), spec("b", "LT"), spec("a", "PT"), spec("", "b/PT"))))
    names = ("a/LT", "b/LT", "LT", "PT", "a/PT", "b/PT", "XX", "")
    assert columns.unknown(names) == ["LT", "XX", ""]
    block = columns.block(chunk(names, *((k, k, float(k)) for k in range(8))))
    assert block.sensor.tolist() == [0, 1, 2, 2, 3]
    assert block.value.tolist() == [0, 1, 3, 4, 5]
    assert block.quality.tolist() == [0] * 5


def test_a_name_that_is_anothers_full_id_is_the_full_id() -> None:
    columns = Columns(SensorRegistry((spec("a", "b"), spec("", "x"), spec("x", "y"), spec("a", "x"))))
    assert columns.block(chunk(("x",), (0, 0, 1.0))).sensor.tolist() == [1]


def test_names_may_change_between_chunks() -> None:
    columns = Columns(SensorRegistry((spec("", "a"), spec("", "b"))))
    assert columns.block(chunk(("b",), (0, 0, 1.0))).sensor.tolist() == [1]
    assert columns.block(chunk(("b", "a"), (0, 0, 1.0), (1, 0, 2.0))).sensor.tolist() == [1, 0]
    assert len(columns.block(Recorded.empty())) == 0


def recording() -> list[Recorded]:
    names = ("LT", "GT")
    return [
        chunk(names, *((k % 2, k / 2, 50.0 + k if k % 2 == 0 else 1.0) for k in range(60))),
        chunk(names, (0, 31, float("nan")), (0, 31, 1.0), (0, 5, 2.0), (0, 32, 50.0), (0, 80, 50.0)),
    ]


def feed_of(*chunks: Recorded) -> Feed:
    return Feed(names=(), items=lambda: (chunk for chunk in chunks))


def played(this: Plan, feed: Feed, outputs: Outputs, pacing: Pacing, from_ns: int | None = None) -> Tally:
    return Player(
        plan=this, feed=feed, outputs=outputs, pacing=pacing, keyboard=Unattended(), from_ns=from_ns
    ).play()


def replay(
    tmp_path: Path, chunks: list[Recorded], speed: float | None = None, from_ns: int | None = None
) -> tuple[Tally, dict[str, bytes]]:
    tmp_path.mkdir(exist_ok=True)
    paths = {name: tmp_path / name for name in ("alerts", "findings", "scores")}
    with Outputs(REGISTRY, **paths) as outputs:
        tally = played(plan(), feed_of(*chunks), outputs, Pacing(speed, from_ns), from_ns)
    return tally, {name: path.read_bytes() for name, path in paths.items()}


def test_what_is_written(tmp_path: Path) -> None:
    tally, written = replay(tmp_path, recording())
    alerts = [json.loads(line) for line in written["alerts"].splitlines()]
    assert [a["event"] for a in alerts][:2] == ["opened", "escalated"]
    assert [a["seq"] for a in alerts] == list(range(1, len(alerts) + 1))
    findings = [json.loads(line) for line in written["findings"].splitlines()]
    assert {f["sensor"] for f in findings} == {"e/LT"}
    assert (tally.readings, tally.late, tally.duplicates) == (65, 1, 1)
    assert tally.findings == len(findings)
    assert sum(tally.events.values()) == len(alerts)
    assert sum(tally.opened.values()) == tally.events["opened"]
    assert (tally.first_ns, tally.last_ns) == (T0, T0 + 80 * S)


def test_the_scores_file_has_a_row_for_every_reading(tmp_path: Path) -> None:
    _, written = replay(tmp_path, recording())
    rows = list(csv.reader(written["scores"].decode().splitlines()))
    assert rows[0] == ["time", "sensor", "score"]
    assert len(rows) == 1 + 65
    assert rows[1] == ["2025-11-24T16:00:00.000Z", "e/LT", "0.0"]
    scores = [float(r[2]) for r in rows[1:] if r[2]]
    assert all(0 <= s <= 1 for s in scores)
    assert max(scores) >= 0.5
    assert [r[2] for r in rows[-5:]][:3] == ["", "", ""], "no value, doubled, late: not judged"


def test_a_sensors_name_is_one_cell_of_the_scores_file(tmp_path: Path) -> None:
    names = ("a,b", 'say "x"', "罐 1")
    made = plan_of_columns(names)
    with Outputs(made.registry, scores=tmp_path / "s") as outputs:
        played(made, feed_of(chunk(names, (0, 0, 1.0), (1, 0, 1.0), (2, 0, 1.0))), outputs, Pacing(None))
    rows = list(csv.reader((tmp_path / "s").read_text("utf-8").splitlines()))
    assert [r[1] for r in rows[1:]] == list(names)


def test_only_what_is_asked_for_is_written(tmp_path: Path) -> None:
    with Outputs(REGISTRY) as outputs:
        played(plan(), feed_of(*recording()), outputs, Pacing(None))
    assert list(tmp_path.iterdir()) == []


def test_cuts_change_nothing(tmp_path: Path) -> None:
    whole = Recorded.concat(recording())
    _, once = replay(tmp_path / "a", [whole])
    _, cut = replay(tmp_path / "b", [whole[k : k + 7] for k in range(0, len(whole), 7)])
    assert once == cut


def test_pace_changes_nothing_but_when(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    now_s = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now_s
        slept.append(seconds)
        now_s += seconds

    def clock() -> Iterator[float]:
        while True:
            yield now_s

    ticks = clock()
    _, fast = replay(tmp_path / "a", recording())
    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.setattr(time, "monotonic", lambda: next(ticks))
    _, slow = replay(tmp_path / "b", recording(), 10.0)
    assert slow == fast
    assert sum(slept) == pytest.approx(8.0), "80 s at ten times the pace"
    assert min(slept) >= 0


def test_before_the_start_it_is_run_and_not_told(tmp_path: Path) -> None:
    whole, written = replay(tmp_path / "a", recording())
    from_ns = T0 + 20 * S
    told, later = replay(tmp_path / "b", recording(), None, from_ns)
    lines = written["scores"].splitlines(keepends=True)
    assert later["scores"] == b"".join([lines[0], *lines[1 + 40 :]]), "the very same scores: it was warm"
    every = [json.loads(line) for line in written["findings"].splitlines()]
    assert [json.loads(line) for line in later["findings"].splitlines()] == [
        line for line in every if line["time"] >= time_texts([from_ns])[0]
    ]
    assert (told.readings, told.first_ns) == (25, T0 + 5 * S), "the late one is told of, for it came late"
    assert whole.readings == 65
    _, paced = replay(tmp_path / "c", recording(), 1000.0, from_ns)
    assert paced == later


def test_a_start_beyond_the_end_tells_nothing(tmp_path: Path) -> None:
    tally, written = replay(tmp_path, recording(), None, T0 + 1000 * S)
    assert (tally.readings, tally.first_ns) == (0, None)
    assert written == {"alerts": b"", "findings": b"", "scores": b"time,sensor,score\n"}


def test_a_journal_is_folded_as_it_was(tmp_path: Path) -> None:
    live = Pipeline(plan())
    opened = live.messages([reading("LT", 0, 86.0), reading("LT", 1, 87.0)], T0 + S)
    command = encode_command(Acknowledge(alert=opened.events[0].id, by="li"))
    journal = [
        Entry(1, T0, "start", b"{}"),
        Entry(2, T0 + S, "messages", pack_messages([reading("LT", 0, 86.0), reading("LT", 1, 87.0)])),
        Entry(3, T0 + 2 * S, "command", command),
        Entry(4, T0 + 60 * S, "tick", b""),
    ]
    with Outputs(REGISTRY, alerts=tmp_path / "a") as outputs:
        feed = Feed(names=(), items=lambda: (entry for entry in journal), journal=True)
        tally = played(plan(), feed, outputs, Pacing(None))
    told = [json.loads(line)["event"] for line in (tmp_path / "a").read_bytes().splitlines()]
    assert told == ["opened", "acknowledged", "opened"]
    assert (tally.readings, tally.first_ns, tally.last_ns) == (2, T0, T0 + S)


def test_nothing_replayed_is_an_empty_tally(tmp_path: Path) -> None:
    tally, written = replay(tmp_path, [])
    assert (tally.readings, tally.first_ns, tally.last_ns) == (0, None, None)
    assert written == {"alerts": b"", "findings": b"", "scores": b"time,sensor,score\n"}
