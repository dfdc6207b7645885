"""What incidents keep and show, case by case; what happens in time is in the scenarios."""

import msgspec
import pytest

from alerting.book_state import SnapshotError
from alerting.commands import CommandRefused, MergeIncidents, SplitIncident
from alerting.desk import AlertDesk
from alerting.events import AlertEvent, Grade
from alerting.grades_file import default_grades
from alerting.incidents.gathering import KEPT_ENDED, Incidents
from alerting.incidents.incident import KEPT_ENTRIES, KEPT_MEMBERS, incident_id
from alerting.incidents.settings import IncidentSettings
from alerting.routes_file import routes_to_log
from detectors.findings import Edge, Method
from tests.alerting.plant import GT1, LT1, REGISTRY, T0, TT1, S, block, finding


def desk() -> AlertDesk:
    return AlertDesk(REGISTRY, default_grades(), routes_to_log())


def event(alert: str, what: str = "opened", sensor: str = "lpg/a", **more: object) -> AlertEvent:
    [made] = desk().apply(block([finding(LT1, 0, limit="h")]), T0).events
    return msgspec.structs.replace(made, id=alert, event=what, sensor=sensor, **more)


def test_every_line_names_the_incident_as_it_is_then() -> None:
    made = desk()
    rows = [
        finding(LT1, 0, limit="h"),
        finding(TT1, 5, limit="h"),
        finding(LT1, 9, limit="h", edge=Edge.RECOVERED),
    ]
    first, second, cleared = made.apply(block(rows), T0 + 9 * S).events
    name = incident_id("lpg/farm", T0)
    assert first.why["incident"] == {
        "id": name,
        "size": 1,
        "grade": "yellow",
        "first_out": {
            "alert": first.id,
            "sensor": "lpg/LT-101",
            "time": "2025-11-24T16:00:00.000Z",
            "title": first.title,
        },
        "sensors": 1,
    }
    assert second.why["incident"] == first.why["incident"] | {"size": 2, "grade": "orange", "sensors": 2}
    assert cleared.why["incident"] == second.why["incident"]
    assert first.why["flood"] is None


def test_the_timeline_tells_alerts_and_what_people_did() -> None:
    made = desk()
    events = made.apply(block([finding(LT1, 0, limit="h"), finding(TT1, 5, limit="h")]), T0 + 5 * S).events
    [whole] = made.incidents.open_incidents()
    told = made.command(
        SplitIncident(incident=whole.id, alerts=[events[1].id], by="li", reason="hot work"), T0 + 9 * S
    )
    assert (told.events, told.notifications) == ([], [])
    whole, part = made.incidents.open_incidents()
    assert [(e.what, e.sensor, e.by, e.text, e.others) for e in whole.timeline] == [
        ("opened", "lpg/LT-101", None, None, ()),
        ("split", None, "li", "hot work", (part.id,)),
    ]
    assert [(e.what, e.sensor, e.by) for e in part.timeline] == [
        ("opened", "lpg/TT-1", None),
        ("split", None, "li"),
    ]
    assert (part.opened_ns, part.open_alerts) == (T0 + 5 * S, (events[1].id,))
    made.command(MergeIncidents(into=part.id, incidents=[whole.id], by="wang", reason="not so"), T0 + 11 * S)
    [again] = made.incidents.open_incidents()
    assert (again.id, again.former, again.size, again.grade) == (part.id, (whole.id,), 2, Grade.ORANGE)
    assert made.incidents.incident(whole.id) == again, "an id that was told still leads there"
    assert [e.what for e in again.timeline] == ["opened", "opened", "split", "split", "merged"]


def test_what_one_was_raised_by_is_not_counted_twice() -> None:
    made = desk()
    made.apply(block([finding(LT1, 0, limit="h"), finding(TT1, 1, limit="h")]), T0 + S)
    made.apply(block([finding(GT1, 1000, limit="h")]), T0 + 1000 * S)
    one, other = made.incidents.open_incidents()
    assert (one.grade, other.grade) == (Grade.ORANGE, Grade.YELLOW)
    made.command(MergeIncidents(into=one.id, incidents=[other.id], by="li", reason="x"), T0 + 1001 * S)
    [merged] = made.incidents.open_incidents()
    assert (merged.grade, merged.confirmed, merged.size) == (Grade.ORANGE, True, 3)


def test_an_alert_that_came_back_late_is_one_alert_of_the_merged_incident() -> None:
    made = Incidents(IncidentSettings())
    made.offer([event("a"), event("b")], T0)
    made.offer([event("a", "reopened")], T0 + 3600 * S)
    before, now = made.open_incidents()
    assert (before.open_alerts, before.closed_alerts, now.open_alerts) == (("b",), ("a",), ("a",))
    made.command(MergeIncidents(into=now.id, incidents=[before.id], by="li", reason="x"), T0 + 3601 * S)
    [merged] = made.open_incidents()
    assert (merged.size, set(merged.open_alerts), merged.closed_alerts) == (2, {"a", "b"}, ())
    made.offer([event("a", "closed")], T0 + 3602 * S)
    assert made.of_alert("a") is None


def test_a_restless_source_is_not_one_incident_for_ever() -> None:
    made = Incidents(IncidentSettings(join_s=600, longest_s=3600))
    for n in range(20):
        made.offer([event(f"a{n}")], T0 + n * 500 * S)
    assert [view.size for view in made.open_incidents()] == [8, 8, 4]


def test_two_incidents_of_one_time_have_two_ids() -> None:
    made = Incidents(IncidentSettings())
    made.offer([event("a"), event("b")], T0)
    [whole] = made.open_incidents()
    made.command(SplitIncident(incident=whole.id, alerts=["b"], by="li", reason="x"), T0)
    assert [view.id for view in made.open_incidents()] == [whole.id, incident_id("lpg/farm", T0, 1)]


def test_what_is_kept_is_bounded_and_what_is_left_out_is_counted() -> None:
    made = Incidents(IncidentSettings())
    rounds = KEPT_MEMBERS + 50
    for n in range(rounds):
        made.offer([event(f"a{n}")], T0 + n * S)
        made.offer([event(f"a{n}", "closed")], T0 + n * S)
    [view] = made.open_incidents()
    assert (view.size, len(view.closed_alerts), view.open_alerts) == (rounds, KEPT_MEMBERS, ())
    assert (len(view.timeline), view.left_out) == (KEPT_ENTRIES + 1, 2 * rounds - KEPT_ENTRIES - 1)
    assert view.timeline[0].alert == "a0", "how it began is kept"
    body = made.snapshot()
    again = Incidents(IncidentSettings())
    again.restore(body)
    assert again.snapshot() == body
    assert again.next_deadline_ns() == T0 + (rounds - 1 + 600) * S


def test_the_newest_ended_incidents_can_still_be_looked_at() -> None:
    made = Incidents(IncidentSettings())
    for n in range(KEPT_ENDED + 1):
        made.offer([event(f"a{n}"), event(f"a{n}", "closed")], T0 + n * 1000 * S)
        made.tick(T0 + n * 1000 * S + 600 * S)
    assert made.open_incidents() == []
    assert made.incident(incident_id("lpg/farm", T0)) is None
    last = made.incident(incident_id("lpg/farm", T0 + KEPT_ENDED * 1000 * S))
    assert last is not None
    assert last.ended_ns == T0 + KEPT_ENDED * 1000 * S + 600 * S


def test_incidents_of_two_enterprises_stay_apart() -> None:
    made = Incidents(IncidentSettings())
    made.offer([event("a"), event("b", enterprise="other", source="farm")], T0)
    ours, theirs = made.open_incidents()
    before = made.snapshot()
    with pytest.raises(CommandRefused, match="it cannot become part of one of lpg") as refused:
        made.command(MergeIncidents(into=ours.id, incidents=[theirs.id], by="li", reason="x"), T0)
    assert refused.value.code == "other_enterprise"
    assert made.snapshot() == before


def test_nothing_is_graver_than_red() -> None:
    made = desk()
    events = made.apply(block([finding(LT1, 0, limit="design"), finding(GT1, 1, limit="h")]), T0 + S).events
    assert [e.why["incident"]["grade"] for e in events] == ["red", "red"]


def test_a_transmitter_alone_confirms_nothing() -> None:
    made = desk()
    rows = [
        finding(LT1, 0, limit="h"),
        finding(TT1, 1, method=Method.STUCK),
        finding(GT1, 2, method=Method.ROBUST_Z),
    ]
    events = made.apply(block(rows), T0 + 2 * S).events
    assert [e.why["incident"]["grade"] for e in events] == ["yellow"] * 3


@pytest.mark.parametrize("body", [b"", msgspec.msgpack.encode([9, [], [], {}, {}])])
def test_a_snapshot_of_another_version_is_refused(body: bytes) -> None:
    with pytest.raises(SnapshotError):
        Incidents(IncidentSettings()).restore(body)
