"""The figures, by hand; and that a detector that alarms always, never, or by rote scores as badly as it should."""

import math

import pytest

from alerting.events import Grade
from service.score.beside import always, by_luck, earned
from service.score.curve import curve_of_grades
from service.score.episodes import Episode
from service.score.load import LoadFold
from service.score.matching import Rules, match
from service.score.panel import Panel, Spread, panel_of
from service.score.report import slow_leads, targets_of
from service.score.truth_file import Truth
from tests.service.score.cases import DAY_S, episode, event, folded, line, matched, ns, truth

SENSORS = ("e/LT-1", "e/LT-2")


def _panel(true: Truth, *episodes: Episode, sensors: int = 2) -> Panel:
    return panel_of(match(true, episodes, Rules()), sensors, 60.0)


FOUR = truth(
    event("a", 1000, 3000, limits_s=[2000]),
    event("b", 5000, 7000, limits_s=[6000]),
    event("c", 9000, 9900, limits_s=[9050]),
    event("d", 20000, 21000, kind="dead"),
)


def test_shares_of_those_warned_ahead_count_every_event_that_reached_a_limit() -> None:
    group = _panel(FOUR, episode(1100, 1900), episode(5970, 6100), episode(20100, 20200)).overall
    before, minute, five = group.warned
    assert (before.all.hits, before.all.of) == (2, 3)
    assert (minute.all.hits, minute.all.of) == (1, 3)
    assert (minute.possible.hits, minute.possible.of) == (1, 2)
    assert (five.all.hits, five.possible.of) == (1, 2)
    assert (group.caught.hits, group.caught.of) == (3, 4)


def test_delays_are_told_of_those_caught_and_of_all() -> None:
    group = _panel(FOUR, episode(1100, 1900), episode(5970, 6100)).overall
    assert (group.delay.median, group.delay.p90) == (100.0, 970.0)
    assert (group.delay_all.median, group.delay_all.p90) == (970.0, math.inf)


def test_a_missed_event_counts_in_the_median_lead() -> None:
    group = _panel(FOUR, episode(1100, 1900)).overall
    assert group.lead.median == -math.inf


def test_an_alert_at_the_very_limit_is_no_warning() -> None:
    group = _panel(truth(event(limits_s=[1500])), episode(1500, 1900)).overall
    assert group.warned[0].all.hits == 0


def test_false_alerts_by_sensor_day_with_an_exact_interval() -> None:
    false = _panel(FOUR, episode(100, 200), episode(400, 500), episode(30000, 30100, "e/LT-2")).false
    assert (false.count, false.sensor_days, false.rate) == (3, 2.0, 1.5)
    assert false.interval.lo == pytest.approx(0.6186721 / 2)
    assert false.interval.hi == pytest.approx(8.7672731 / 2)
    assert false.stood_share == pytest.approx(300 / (2 * DAY_S))


def test_grades_are_compared_for_events_that_were_caught_and_missed_ones_stand_apart() -> None:
    true = truth(
        event("a", 1000, 2000, grade=Grade.RED),
        event("b", 3000, 4000, grade=Grade.BLUE),
        event("c", 5000, 6000, grade=Grade.ORANGE),
        event("d", 7000, 8000, grade=Grade.YELLOW),
    )
    lines = [
        *(line(1100, grade=Grade.RED), line(1500, "cleared")),
        *(line(3100, id_="b", grade=Grade.YELLOW), line(3500, "cleared", id_="b")),
        *(line(5100, id_="c", grade=Grade.BLUE), line(5500, "cleared", id_="c")),
    ]
    panel = _panel(true, *folded(*lines))
    assert dict(panel.confusion) == {
        ("red", "red"): 1,
        ("blue", "yellow"): 1,
        ("orange", "blue"): 1,
        ("yellow", "missed"): 1,
    }
    assert (panel.overall.graded.hits, panel.overall.graded.of) == (1, 3)
    assert (panel.overall.over, panel.overall.under) == (1, 1)


def test_level_changes_are_averaged_over_the_events_caught() -> None:
    true = truth(event("a", 1000, 2000), event("b", 3000, 4000))
    lines = [
        *(line(1100), line(1200, "escalated"), line(1300, "deescalated"), line(1400, "cleared")),
        *(line(3100, id_="b"), line(3200, "cleared", id_="b")),
    ]
    assert _panel(true, *folded(*lines)).overall.changes == 1.0


def test_families_and_severities_are_apart() -> None:
    true = truth(event("a"), event("b", 3000, 4000, severity="3"), event("c", 5000, 6000, kind="dead"))
    panel = _panel(true, episode(3100, 3200))
    assert {kind: group.caught.hits for kind, group in panel.families.items()} == {"dead": 0, "leak": 1}
    assert panel.severities["leak", "1"].caught.hits == 0
    assert panel.severities["leak", "3"].caught.hits == 1


def _targets(true: Truth, *episodes: Episode) -> dict[str, bool | None]:
    found = match(true, episodes, Rules())
    targets = targets_of(panel_of(found, 2, 60.0), Spread.of(slow_leads(found)))
    return {target.name: target.met for target in targets}


def test_never_catches_nothing_and_is_warned_of_nothing() -> None:
    panel = _panel(FOUR)
    assert panel.overall.caught.hits == 0
    assert panel.overall.delay_all.median == math.inf
    assert panel.overall.lead.median == -math.inf
    assert all(warned.all.hits == 0 for warned in panel.overall.warned)
    assert panel.false.rate == 0.0
    assert _targets(FOUR)["warned_before_limit"] is False
    assert _targets(FOUR)["median_lead_slow_s"] is False


def test_always_earns_nothing_and_its_false_time_is_counted() -> None:
    panel = _panel(FOUR, *always(FOUR, SENSORS))
    assert panel.overall.caught.hits == 0
    assert panel.overall.stood == 4
    assert panel.overall.lead.median == -math.inf
    assert panel.false.stood_share == pytest.approx(1.0)
    assert panel.false.rate == 1.0
    assert set(_targets(FOUR, *always(FOUR, SENSORS)).values()) == {False, None}


def test_always_is_as_false_over_a_year_as_over_a_day() -> None:
    year = truth(event(), end_s=365 * DAY_S)
    assert _panel(year, *always(year, SENSORS)).false.rate == 1.0


def test_always_by_flapping_every_other_second_earns_nothing_either() -> None:
    lines = [
        line(t_s, "opened" if t_s == 0 else "reopened" if t_s % 2 == 0 else "cleared") for t_s in range(8000)
    ]
    panel = _panel(FOUR, *folded(*lines))
    assert panel.overall.caught.hits == 0
    assert panel.repeats == 3999


def test_always_by_flapping_slowly_pays_with_its_false_rate_and_is_told_apart_from_knowledge() -> None:
    rote = [episode(t_s, t_s + 30) for t_s in range(0, DAY_S, 100)]
    panel = _panel(FOUR, *rote)
    assert panel.overall.caught.hits == 4
    assert panel.false.rate > 300
    luck = by_luck(FOUR, rote, Rules(), 2)
    assert luck.caught == pytest.approx(1.0)
    assert luck.warned[0] is not None
    assert luck.warned[0] >= panel.overall.warned[0].all.hits / 3 - 0.35


def test_luck_of_alerts_that_know_is_poor() -> None:
    knowing = [episode(1100, 1900), episode(5100, 6100), episode(9010, 9100), episode(20010, 20100)]
    luck = by_luck(FOUR, knowing, Rules(), 2)
    assert luck.caught is not None
    assert luck.caught < 0.25
    assert luck.false_rate > 1.0


def test_who_is_told_only_of_the_gravest_is_told_later_and_less_often() -> None:
    lines = [
        line(1100),
        line(1300, "escalated", grade=Grade.RED),
        line(1900, "cleared"),
        line(9, id_="b"),
        line(20, "closed", id_="b"),
    ]
    curve = curve_of_grades(truth(event()), folded(*lines), Rules(), 2)
    assert [(p.label, p.delay_s, p.false_rate) for p in curve.points] == [
        ("blue", 100.0, 0.5),
        ("yellow", 100.0, 0.5),
        ("orange", 300.0, 0.0),
        ("red", 300.0, 0.0),
    ]


def test_minutes_earned_are_by_event_and_missing_one_loses_all() -> None:
    one = matched(FOUR, episode(1100, 1900), episode(5970, 6100))
    other = matched(FOUR, episode(1600, 1900), episode(9100, 9200))
    gains = earned(one, other)["all"]
    assert gains.count == 3
    assert (gains.median, gains.p90) == (500.0, math.inf)
    assert earned(other, one)["all"].median == -500.0


def test_load_counts_what_asks_for_attention_in_windows_of_ten_minutes() -> None:
    fold = LoadFold(ns(0), ns(3600), operators=2)
    for k in range(22):
        fold.take(line(100 + k, id_=str(k)))
    for told in ("escalated", "reopened", "cleared", "closed", "acknowledged"):
        fold.take(line(700, told))
    fold.take(line(9000))
    load = fold.load()
    assert load.announced == 24
    assert load.peak == 11.0
    assert load.flood_share == pytest.approx(1 / 6)
    assert load.average == pytest.approx(24 / 6 / 2)
