"""From alert lines to episodes: what opens and ends one, what is merged, what is a repeat."""

from alerting.events import Grade, Kind
from service.score.episodes import ALWAYS_NS, Episode
from tests.service.score.cases import folded, line, ns


def _spans(episodes: list[Episode]) -> list[tuple[int, int]]:
    return [(one.opened_ns, one.ended_ns) for one in episodes]


def test_from_opened_to_cleared() -> None:
    (one,) = folded(line(10), line(50, "cleared"), line(60, "acknowledged"), line(60, "closed"))
    assert _spans([one]) == [(ns(10), ns(50))]
    assert one.repeats == 0


def test_what_stands_at_the_end_ends_there() -> None:
    assert _spans(folded(line(10), end_s=100)) == [(ns(10), ns(100))]


def test_reopened_after_more_than_a_minute_is_another_episode() -> None:
    found = folded(line(10), line(50, "cleared"), line(111, "reopened"), line(150, "cleared"))
    assert _spans(found) == [(ns(10), ns(50)), (ns(111), ns(150))]


def test_back_within_a_minute_is_the_same_episode_and_a_repeat() -> None:
    (one,) = folded(line(10), line(50, "cleared"), line(110, "reopened"), line(150, "cleared"))
    assert _spans([one]) == [(ns(10), ns(150))]
    assert one.repeats == 1


def test_a_new_occurrence_of_the_same_slot_within_a_minute_is_the_same_episode() -> None:
    (one,) = folded(
        line(10),
        line(50, "cleared"),
        line(50, "closed"),
        line(70, id_="b", kind=Kind.ANOMALY),
        line(90, "closed", id_="b"),
    )
    assert one.ended_ns == ns(90)


def test_slots_and_sensors_are_never_merged() -> None:
    found = folded(line(10), line(20, id_="b", kind=Kind.STUCK), line(30, id_="c", sensor="e/LT-2"))
    assert len(found) == 3


def test_an_occurrence_whose_first_line_opens_nothing_stood_always() -> None:
    (one,) = folded(line(10, "escalated", grade=Grade.RED), line(50, "cleared"))
    assert _spans([one]) == [(ALWAYS_NS, ns(50))]


def test_flapping_for_an_hour_is_one_episode_with_its_repeats() -> None:
    lines = [
        line(t_s, ("opened" if t_s == 0 else "reopened") if t_s % 60 == 0 else "cleared")
        for t_s in range(0, 3600, 30)
    ]
    (one,) = folded(*lines)
    assert one.repeats == 59


def test_who_is_told_from_a_grade_up_sees_it_open_when_it_rose_so_far() -> None:
    (one,) = folded(line(10), line(30, "escalated", grade=Grade.ORANGE), line(90, "cleared"))
    orange = one.from_grade(Grade.ORANGE)
    assert orange is not None
    assert orange.opened_ns == ns(30)
    assert one.from_grade(Grade.RED) is None
    assert one.from_grade(Grade.BLUE) == one


def test_changes_are_counted_up_to_a_time() -> None:
    (one,) = folded(line(10), line(30, "escalated"), line(40, "deescalated"), line(90, "escalated"))
    assert one.changes(ns(40)) == 2
