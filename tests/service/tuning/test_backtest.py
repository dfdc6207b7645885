"""Old against new: which troubles were told by whom, and when."""

import json

from hypothesis import given
from hypothesis import strategies as st

from alerting.events import AlertEvent, Kind, slot_of
from service.tuning.backtest import DAY_NS, Match, Occurrence, Occurrences, compared, matched, report

S = 1_000_000_000


def occurrence(
    start_s: float, end_s: float, sensor: str = "a", kind: str = "high", late_s: float = 0.0
) -> Occurrence:
    return Occurrence(
        sensor=sensor, slot=slot_of(Kind(kind)), kind=kind, grade="yellow",
        onset_ns=round(start_s * S), told_ns=round((start_s + late_s) * S), end_ns=round(end_s * S),
    )  # fmt: skip


def fates(old: list[Occurrence], new: list[Occurrence]) -> list[str]:
    return [match.fate for match in matched(sorted(old), sorted(new))]


def test_what_only_one_side_told_is_gained_or_lost() -> None:
    assert fates([occurrence(0, 10)], []) == ["lost"]
    assert fates([], [occurrence(0, 10)]) == ["gained"]
    assert fates([occurrence(0, 10)], [occurrence(20, 30)]) == ["lost", "gained"]
    assert fates([occurrence(0, 10)], [occurrence(0, 10, kind="stuck")]) == ["lost", "gained"]
    assert fates([occurrence(0, 10)], [occurrence(0, 10, sensor="b")]) == ["lost", "gained"]


def test_what_overlaps_is_one_trouble_told_earlier_or_later() -> None:
    assert fates([occurrence(5, 10)], [occurrence(2, 6)]) == ["earlier"]
    assert fates([occurrence(0, 10)], [occurrence(0, 10, late_s=3)]) == ["later"]
    assert fates([occurrence(0, 10)], [occurrence(0, 20)]) == ["same"]


def test_one_long_alert_for_three_short_ones_is_one_trouble() -> None:
    old = [occurrence(0, 10), occurrence(20, 30), occurrence(40, 50)]
    (match,) = matched(old, [occurrence(5, 60)])
    assert (len(match.old), len(match.new), match.shift_ns) == (3, 1, 5 * S)


occurrences = st.lists(
    st.tuples(
        st.sampled_from("ab"), st.sampled_from(["high", "low"]), st.integers(0, 100), st.integers(0, 20)
    ).map(lambda x: occurrence(x[2], x[2] + x[3], x[0], x[1])),
    max_size=12,
)


@given(occurrences, occurrences)
def test_every_occurrence_is_in_one_match_and_sides_mirror(
    old: list[Occurrence], new: list[Occurrence]
) -> None:
    there, back = matched(sorted(old), sorted(new)), matched(sorted(new), sorted(old))
    assert sorted(o for m in there for o in m.old) == sorted(old)
    assert sorted(o for m in there for o in m.new) == sorted(new)
    mirror = {"gained": "lost", "lost": "gained", "earlier": "later", "later": "earlier", "same": "same"}
    assert [mirror[m.fate] for m in there] == [m.fate for m in back]


@given(occurrences)
def test_a_side_against_itself_changes_nothing(side: list[Occurrence]) -> None:
    assert all(m.fate == "same" for m in matched(sorted(side), sorted(side)))


def event(what: str, second: int, alert: str = "1", onset: int | None = None) -> AlertEvent:
    def text(s: int) -> str:
        return f"2026-11-24T08:00:{s:02}.000Z"

    return AlertEvent(
        id=alert, seq=1, time=text(second), event=what, state="unack", grade="red", kind="high", sensor="a",
        enterprise=None, source=None, equipment=None, area=None, value=None, unit=None, limit=None, limit_name=None,
        forecast_s=None, onset=None if onset is None else text(onset), score=None, title={}, why={},
    )  # fmt: skip


def test_occurrences_are_read_from_events_also_when_they_come_again() -> None:
    read = Occurrences()
    read.add([event("opened", 5, onset=2), event("escalated", 6), event("cleared", 9)])
    read.add([event("reopened", 20), event("acknowledged", 21)])
    first, second = read.all(1_795_507_230 * S)
    assert (first.told_ns - first.onset_ns, first.end_ns - first.told_ns) == (3 * S, 4 * S)
    assert second.end_ns == 1_795_507_230 * S
    assert read.all(0) == [first, second]


def test_counts_rates_and_the_median_shift() -> None:
    old = [occurrence(0, 10), occurrence(100, 110), occurrence(200, 210), occurrence(300, 310, kind="low")]
    new = [occurrence(0, 10, late_s=2), occurrence(95, 110), occurrence(400, 410)]
    made = compared(old, new, 2, 5 * DAY_NS)
    assert list(made.lines) == ["high", "low"]
    high = made.lines["high"]
    assert (high.old, high.new, dict(high.fates)) == (
        3,
        3,
        {"later": 1, "earlier": 1, "lost": 1, "gained": 1},
    )
    assert high.median_shift_s == -1.5
    assert made.lines["low"].median_shift_s is None
    assert made.per_sensor_day(made.total.old) == 0.4
    told = json.loads(report(made, "r.csv", "old", "new"))
    assert told["total"]["old"] == 4
    assert [a["fate"] for a in told["alerts"]] == [m.fate for m in made.matches]


def test_nothing_at_all() -> None:
    made = compared([], [], 0, 0)
    assert (made.matches, made.per_sensor_day(0)) == ((), None)
    assert Match(old=(), new=(occurrence(0, 1),)).shift_ns is None


def test_an_alert_that_opens_as_another_kind_of_the_process_is_the_same_trouble() -> None:
    assert fates([occurrence(0, 20, kind="anomaly")], [occurrence(5, 20, kind="high")]) == ["later"]
    assert fates([occurrence(0, 20, kind="dead")], [occurrence(5, 20, kind="high")]) == ["lost", "gained"]
