"""For how long sensors gave no usable value, from alert lines."""

from typing import Any

from alerting.texts import rfc3339
from service.reports.availability import Availability, Outages
from tests.service.reports.cases import DAY_S, HOUR_S, NS, T0_S, lines, period, raw


def found(rows: list[dict[str, Any]], sensors: int | None = 10, start_s: float = 0) -> Availability:
    outages = Outages(period(start_s=start_s))
    for line in lines(rows):
        outages.take(line)
    return outages.availability(sensors)


def dead(t_s: float, event: str, state: str = "unack", **more: Any) -> dict[str, Any]:
    return raw(t_s, event, state, **{"kind": "dead"} | more)


def test_troubles_that_overlap_count_once_and_a_share_is_of_all_sensors() -> None:
    rows = [
        dead(0, "opened"),
        dead(HOUR_S, "opened", id_="q", kind="bad_quality"),
        dead(2 * HOUR_S, "cleared", "rtnun"),
        dead(3 * HOUR_S, "cleared", "closed", id_="q", kind="bad_quality"),
        dead(5 * HOUR_S, "reopened"),
        dead(6 * HOUR_S, "closed", "closed"),
    ]
    of = found(rows)
    (outage,) = of.outages
    assert (outage.sensor, outage.lost_ns, outage.times, outage.stands) == (
        "e/LT-1",
        4 * HOUR_S * NS,
        2,
        False,
    )
    assert of.percent == 100 * (1 - 4 / 240)
    assert found(rows, None).percent is None


def test_only_what_makes_a_value_useless_counts_and_only_inside_the_period() -> None:
    rows = [
        dead(0, "opened"),
        dead(10, "opened", id_="n", sensor="e/N", kind="noise"),
        dead(20, "opened", id_="h", sensor="e/H", kind="high"),
    ]
    of = found(rows, start_s=DAY_S - HOUR_S)
    (outage,) = of.outages
    assert (outage.lost_ns, outage.stands) == (HOUR_S * NS, True)
    assert found([dead(0, "opened"), dead(10, "cleared", "closed")], start_s=HOUR_S).outages == ()


def test_sensors_that_are_silent_together_count_each_by_itself() -> None:
    def member(name: str, since_s: float, returned_s: float | None) -> dict[str, Any]:
        at = [None if t is None else rfc3339(round((T0_S + t) * NS)) for t in (since_s, returned_s)]
        return {"sensor": name, "since": at[0], "returned": at[1]}

    def members(returned_s: float | None) -> dict[str, Any]:
        return {"members": [member("e/LT-1", 0, None), member("e/LT-2", 60, returned_s)]}

    rows = [
        dead(0, "opened"),
        dead(100, "escalated", silence=members(None)),
        dead(HOUR_S, "deescalated", silence=members(1860)),
        dead(2 * HOUR_S, "cleared", "closed"),
    ]
    assert [(one.sensor, one.lost_ns // NS) for one in found(rows).outages] == [
        ("e/LT-1", 2 * HOUR_S),
        ("e/LT-2", 1800),
    ]
