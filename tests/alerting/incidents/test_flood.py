"""Floods against the plain count of a window, and how they are marked."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.book_state import SnapshotError
from alerting.desk import AlertDesk
from alerting.grades_file import default_grades
from alerting.incidents.flood import PLANT, Flood, FloodWatch
from alerting.incidents.settings import IncidentSettings
from alerting.routes_file import routes_to_log
from detectors.findings import Method
from registry.plant import Plant
from tests.alerting.incidents.test_incidents import event
from tests.alerting.plant import GT1, LT1, LT2, REGISTRY, T0, S, block, finding
from tests.alerting.plant import PLANT as LPG

EVENT = event("a")


def flooded(times: list[int], until: int) -> list[tuple[int, int | None]]:
    """The slow oracle: whole seconds one after the other, all activations of the last 600 s counted at each."""
    found: list[tuple[int, int | None]] = []
    within = False
    for second in range(until + 1):
        for n in range(times.count(second) + 1):
            seen = [t for t in times if second - 600 < t < second] + [second] * n
            if not within and n and len(seen) > 10:
                found.append((second, None))
                within = True
        count = sum(second - 600 < t <= second for t in times)
        if within and count < 5:
            found[-1] = (found[-1][0], second)
            within = False
    return found


@given(st.lists(st.integers(0, 900), max_size=30))
def test_a_flood_is_what_the_count_of_the_window_says(times: list[int]) -> None:
    times.sort()
    made = FloodWatch(IncidentSettings(), Plant())
    began: list[int] = []
    for t in times:
        made.tick(T0 + t * S)
        before = made.flood(PLANT)
        made.offer([EVENT], T0 + t * S)
        if before is None and made.flood(PLANT):
            began.append(t)
    made.tick(T0 + 2000 * S)
    ends = [(flood.until_ns or 0) - T0 for flood in made.past() if flood.scope == PLANT]
    expected = flooded(times, 2000)
    assert [(b, end // S) for b, end in zip(began, ends, strict=True)] == expected


def test_the_mark_names_the_narrowest_scope_and_the_measure() -> None:
    made = AlertDesk(REGISTRY, default_grades(), routes_to_log())
    events = made.apply(block(_troubles()), T0 + 12 * S).events
    marks = [e.why["flood"] for e in events if e.event == "opened"]
    assert marks[:10] == [None] * 10
    assert {key: marks[10][key] for key in ("scope", "since", "activations")} == {
        "scope": "enterprise:lpg",
        "since": "2025-11-24T16:00:00.000Z",
        "activations": 11,
    }
    assert "more than 10 in 10 min" in marks[10]["text"]["en"]
    assert "10 分钟内超过 10 次" in marks[10]["text"]["zh"]
    assert marks[11]["activations"] == 12
    scopes = ["enterprise:lpg", "area:370211", "area:370200", "area:370000", "plant"]
    assert [flood.scope for flood in made.floods.floods()] == scopes


def _troubles() -> list[tuple[Any, ...]]:
    """Twelve alerts, one a second."""
    methods = (Method.STUCK, Method.NOISE, Method.OUT_OF_RANGE, Method.ROBUST_Z)
    places = [(sensor, method) for sensor in (LT1, LT2, GT1) for method in methods]
    return [finding(sensor, n, method=method) for n, (sensor, method) in enumerate(places)]


def test_what_is_shelved_or_suppressed_floods_nobody() -> None:
    made = FloodWatch(IncidentSettings(), LPG)
    for state in ("shelved", "suppressed", "out_of_service"):
        made.offer([msgspec.structs.replace(EVENT, state=state)] * 20, T0)
    assert made.floods() == []


def test_it_goes_on_from_a_snapshot() -> None:
    made = FloodWatch(IncidentSettings(), LPG)
    made.offer([EVENT] * 12, T0)
    again = FloodWatch(IncidentSettings(), LPG)
    again.restore(made.snapshot())
    assert again.snapshot() == made.snapshot()
    assert again.next_deadline_ns() == made.next_deadline_ns() == T0 + 600 * S
    again.tick(T0 + 700 * S)
    assert again.past()[-1] == Flood(
        scope="plant", since_ns=T0, newest_ns=T0, activations=12, until_ns=T0 + 600 * S
    )


@pytest.mark.parametrize("body", [b"", msgspec.msgpack.encode([9, {}, []])])
def test_a_snapshot_of_another_version_is_refused(body: bytes) -> None:
    with pytest.raises(SnapshotError):
        FloodWatch(IncidentSettings(), LPG).restore(body)
