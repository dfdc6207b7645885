"""The newest reading of each sensor, and the activations of the last hour."""

import numpy as np
import pytest

from alerting.events import Event
from detectors.findings import Method
from detectors.kernels import LATE
from registry.readings import ReadingBlock
from service.newest import KEPT_NS, Activations, Newest
from service.pipeline import Outcome
from tests.alerting.plant import LT1, LT2, REGISTRY, T0, TT1, apply, block, book, finding
from tests.service.site import plan


def _outcome(rows: list[tuple[int, int, float, int]]) -> Outcome:
    sensor, t_ns, value, status = zip(*rows, strict=True)
    readings = ReadingBlock(
        sensor=np.array(sensor, np.int32),
        t_ns=np.array(t_ns, np.int64),
        value=np.array(value, np.float64),
        quality=np.zeros(len(rows), np.uint8),
    )
    return Outcome(block=readings, status=np.array(status, np.uint8), score=np.zeros(len(rows)))


def test_the_last_of_several_readings_stays_and_a_late_one_does_not_count() -> None:
    newest = Newest(REGISTRY)
    newest.take(_outcome([(LT1, 5, 1.0, 0), (TT1, 5, 7.0, 0), (LT1, 6, 2.0, 0)]))
    newest.take(_outcome([(LT1, 4, 9.0, LATE)]))
    seen = {sensor.id: sensor for sensor in newest.sensors(frozenset(), range(len(REGISTRY)))}
    assert (seen["lpg/LT-101"].t_ns, seen["lpg/LT-101"].value) == (6, 2.0)
    assert (seen["lpg/GT-1"].t_ns, seen["lpg/GT-1"].value, seen["lpg/GT-1"].alive) == (None, None, False)
    assert seen["lpg/LT-101"].limits == {"ll": 5.0, "l": 10.0, "h": 85.0, "hh": 90.0, "design": 95.0}


def test_who_is_silent_in_the_alert_of_another_is_silent_too() -> None:
    made, newest = book(), Newest(REGISTRY)
    newest.take(_outcome([(LT1, 5, 1.0, 0), (LT2, 5, 2.0, 0), (TT1, 5, 7.0, 0)]))
    apply(made, block([finding(i, 30, method=Method.DEAD) for i in (LT1, LT2)]))
    assert len(made.open_alerts()) == 1, "they fell silent together"
    seen = {
        sensor.id: sensor.silent for sensor in newest.sensors(newest.silent(made, T0), range(len(REGISTRY)))
    }
    assert (seen["lpg/LT-101"], seen["lpg/LT-102"], seen["lpg/TT-1"]) == (True, True, False)


def test_openings_count_and_are_forgotten_after_an_hour() -> None:
    events = apply(book(), block([finding(LT1, 0, limit="h"), finding(LT1, 1, limit="hh")]))
    assert [event.event for event in events] == [Event.OPENED, Event.ESCALATED]
    made = Activations()
    made.take(events, T0)
    assert [one.now_ns for one in made.all()] == [T0]
    made.take([], T0 + KEPT_NS)
    assert len(made.all()) == 1
    made.take([], T0 + KEPT_NS + 1)
    assert made.all() == []


@pytest.mark.parametrize("splits", [1, 3])
def test_it_is_the_same_however_readings_are_cut(splits: int) -> None:
    newest = Newest(plan().registry)
    rows = [(0, T0 + i, float(i), 0) for i in range(9)]
    for part in np.array_split(np.arange(9), splits):
        newest.take(_outcome([rows[i] for i in part]))
    assert newest.sensor(0, frozenset()).value == 8.0
