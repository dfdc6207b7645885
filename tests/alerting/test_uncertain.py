"""Alerts on readings that their own transmitter calls uncertain: graded a row lower, unless something bears them out."""

from detectors.findings import Edge, Method
from tests.alerting.plant import GT1, GT2, LT1, apply, block, book, finding

DOUBT = 1


def test_a_limit_seen_on_uncertain_readings_is_one_row_lower_and_says_so() -> None:
    [event] = apply(book(), block([finding(GT1, 0, limit="hh", quality=DOUBT)]))
    why = event.why
    assert (event.event, event.grade, why["grade"]["urgency"]) == ("opened", "yellow", 2)
    assert why["grade"]["urgency_reason"]["en"] == (
        "beyond the second limit (high-high limit); one row lower, for the sensor calls its readings uncertain and no "
        "other one confirms it"
    )
    assert "低一级" in why["grade"]["urgency_reason"]["zh"]
    assert why["reasons"][0]["quality"] == "uncertain"
    for text in (event.title, why["seen"], why["reasons"][0]["text"]):
        assert "quality uncertain" in text["en"]
        assert "质量存疑" in text["zh"]


def test_a_good_reading_that_bears_it_out_brings_the_full_grade() -> None:
    made = book()
    apply(made, block([finding(GT1, 0, limit="hh", quality=DOUBT)]))
    [event] = apply(made, block([finding(GT1, 60, limit="hh")]))
    assert (event.event, event.grade, event.why["grade"]["urgency"]) == ("escalated", "orange", 3)
    assert "quality" not in event.why["reasons"][0]
    assert "uncertain" not in event.title["en"]


def test_a_second_sensor_confirms_whatever_the_quality() -> None:
    made = book()
    apply(made, block([finding(GT1, 0, limit="hh", quality=DOUBT)]))
    events = apply(made, block([finding(GT2, 1, limit="h", quality=DOUBT)]))
    assert {(e.sensor, e.grade, e.why["grade"]["urgency"]) for e in events} == {
        ("lpg/GT-1", "red", 4),
        ("lpg/GT-2", "red", 4),
    }
    back = apply(made, block([finding(GT2, 90, limit="h", edge=Edge.RECOVERED, value=1)]))
    assert ("lpg/GT-1", "yellow") in {(e.sensor, e.grade) for e in back}


def test_a_sensor_that_was_beyond_a_limit_on_good_readings_is_believed() -> None:
    """A detector that is swamped says so by its quality: the second limit after a good first one is no calibration."""
    made = book()
    apply(made, block([finding(GT1, 0, limit="h")]))
    [event] = apply(made, block([finding(GT1, 2, limit="hh", quality=DOUBT)]))
    assert (event.grade, event.why["grade"]["urgency"]) == ("orange", 3)


def test_the_lowest_row_stays() -> None:
    [event] = apply(
        book(), block([finding(LT1, 0, method=Method.ROBUST_Z, statistic=9, threshold=8, quality=DOUBT)])
    )
    assert event.why["grade"]["urgency"] == 1


def test_uncertain_for_long_is_trouble_of_the_sensor_itself() -> None:
    [event] = apply(book(), block([finding(GT1, 0, method=Method.UNCERTAIN, statistic=3600, threshold=3600)]))
    assert (event.kind, event.grade) == ("bad_quality", "blue")
    assert "in calibration, out of specification" in event.why["seen"]["en"]


def test_a_doubtful_alert_is_the_same_after_a_restart() -> None:
    made, again = book(), book()
    apply(made, block([finding(GT1, 0, limit="hh", quality=DOUBT)]))
    again.restore(made.snapshot())
    assert again.snapshot() == made.snapshot()
    assert again.open_alerts()[0].reasons == made.open_alerts()[0].reasons
