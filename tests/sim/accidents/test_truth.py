from dataclasses import replace

from sim.accidents.loader import accident_of
from sim.accidents.truth import truth_of_accident
from sim.accidents.variation import AS_IT_WAS, varied
from tests.sim.accidents.small import SMALL

SMALL_ONE = varied(accident_of(SMALL, "small.yaml"), AS_IT_WAS)
NEW_YEAR_NS = 946_706_400 * 10**9
"""2000-01-01T06:00:00Z"""


def test_the_truth_has_the_form_of_the_truth_file() -> None:
    told = truth_of_accident(SMALL_ONE, 1, NEW_YEAR_NS, 14_400)
    assert told == {
        "scenario": "small-1999",
        "seed": 1,
        "start": "2000-01-01T06:00:00.000Z",
        "end": "2000-01-01T10:00:00.000Z",
        "events": [
            {
                "id": "overfill-1",
                "kind": "overfill",
                "severity": 3,
                "fault": True,
                "onset": "2000-01-01T08:00:00.000Z",
                "end": "2000-01-01T09:40:00.000Z",
                "grade": "red",
                "sensors": ["works/LT-1"],
                "limits": [
                    {"sensor": "works/LT-1", "limit_name": "h", "time": "2000-01-01T08:45:00.000Z"},
                    {"sensor": "works/LT-1", "limit_name": "hh", "time": "2000-01-01T09:00:00.000Z"},
                ],
                "point_of_no_return": "2000-01-01T09:30:00.000Z",
            }
        ],
    }


def test_what_lies_beyond_the_run_is_left_out() -> None:
    assert truth_of_accident(SMALL_ONE, 1, NEW_YEAR_NS, 7200)["events"] == []
    (event,) = truth_of_accident(SMALL_ONE, 1, NEW_YEAR_NS, 10_000)["events"]
    assert event["end"] == "2000-01-01T08:46:40.000Z"
    assert [row["limit_name"] for row in event["limits"]] == ["h"]
    assert "point_of_no_return" not in event


def test_a_look_alike_has_no_point_of_no_return() -> None:
    other = replace(
        SMALL_ONE.main, id="filling", fault=False, grade=None, onset_s=3600, end_s=7200, no_return_s=None, no_return_why=None, acted_s=None
    )  # fmt: skip
    told = truth_of_accident(replace(SMALL_ONE, events=(SMALL_ONE.main, other)), 1, NEW_YEAR_NS, 14_400)
    assert [event["id"] for event in told["events"]] == ["filling", "overfill-1"]
    assert told["events"][0]["grade"] is None
    assert "point_of_no_return" not in told["events"][0]
