"""The alarm desk's bench: its burst is what it says, and an event costs the same however many alerts are open."""

import sys
from types import FrameType

import pytest

from service.bench import alerts
from service.bench.workload import plant


def calls_of_a_step(open_alerts: int) -> int:
    """Return how many functions are called while ten alerts are cleared and reopened beside others."""
    _, step = alerts.with_open(open_alerts)
    step()
    counted = 0

    def count(frame: FrameType, event: str, _: object) -> None:
        nonlocal counted
        del frame
        counted += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        step()
    finally:
        sys.setprofile(None)
    return counted


def test_the_cost_of_an_event_does_not_grow_with_the_alerts_that_are_open() -> None:
    few, many = calls_of_a_step(10), calls_of_a_step(2000)
    assert few > 500
    assert many <= few * 1.05


def test_the_burst_is_told_event_by_event_and_opens_each_sensor_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "BURST", 400)
    monkeypatch.setattr(alerts, "BURST_SENSORS", 100)
    desk = alerts.desk_of(plant(100))
    told = alerts.taken(desk, alerts.burst())
    assert [event.event for event in told.events] == [
        *["opened"] * 100, *["cleared"] * 100, *["reopened"] * 100, *["cleared"] * 100,
    ]  # fmt: skip
    assert desk.book.open_count == 100
    assert len(told.notifications) == 400
    assert alerts.passed(alerts.desk_of(plant(100)), alerts.burst()) == 400


def test_each_figure_has_its_target(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("BURST", 200), ("BURST_SENSORS", 50), ("OPEN", (10, 50))):
        monkeypatch.setattr(alerts, name, value)
    figures = alerts.measure(0.01, lambda _: None)
    assert [figure.unit for figure in figures] == ["s", "µs", "µs"]
    assert all(figure.met is not None for figure in figures)
    assert figures[1].ratio == 1
