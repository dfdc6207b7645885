"""Incidents under any sequence of findings, acknowledgements, merges and splits: what must hold whatever happens."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.events import Grade, Kind
from tests.alerting.scenarios.player import Player
from tests.alerting.scenarios.story import Step, Story

SENSORS = ("LT-101", "LT-102", "GT-1", "TT-1", "x")
_findings = st.tuples(
    st.sampled_from(("push", "push", "back")), st.sampled_from(SENSORS), st.sampled_from(("h", "hh", "stuck"))
)
_alerts = st.builds("@{}{}".format, st.sampled_from(SENSORS), st.sampled_from(("", ":stuck")))
_incidents = _alerts.map(lambda alert: f"@incident:{alert[1:]}")
_who = st.just("by=li")
_commands = st.one_of(
    st.tuples(st.just("try"), st.just("acknowledge"), _alerts.map("alert={}".format), _who),
    st.tuples(
        st.just("try"),
        st.just("merge_incidents"),
        _incidents.map("into={}".format),
        _incidents.map('incidents=["{}"]'.format),
        _who,
        st.just("reason=x"),
    ),
    st.tuples(
        st.just("try"),
        st.just("split_incident"),
        _incidents.map("incident={}".format),
        _alerts.map('alerts=["{}"]'.format),
        _who,
        st.just("reason=x"),
    ),
)
_waits = st.sampled_from((0.0, 0.0, 1.0, 20.0, 300.0, 601.0, 4000.0))


@st.composite
def stories(draw: st.DrawFn) -> Story:
    at = 0.0
    steps: list[Step] = []
    for wait, words in draw(st.lists(st.tuples(_waits, _findings | _commands), min_size=1, max_size=40)):
        at += wait
        steps.append(Step(line=len(steps), at_s=at, words=words))
    return Story(path=Path("generated"), shows="anything", steps=tuple(steps))


@settings(max_examples=100, deadline=None)
@given(stories())
def test_every_open_alert_of_a_source_is_in_one_incident_that_is_as_grave(story: Story) -> None:
    player = Player(story)
    player.play()
    desk = player.desk
    found = [alert for view in desk.incidents.open_incidents() for alert in view.open_alerts]
    assert len(found) == len(set(found))
    views = {view.id: view for view in desk.book.open_alerts()}
    assert set(found) == {
        name for name, view in views.items() if view.event.source and view.kind is not Kind.SYSTEM
    }
    for incident in desk.incidents.open_incidents():
        worst = max((views[alert].grade for alert in incident.open_alerts), default=Grade.BLUE)
        assert incident.grade >= worst
        assert incident.size >= len(incident.open_alerts) + len(incident.closed_alerts) >= 1
        assert incident.first_out["sensor"] in incident.sensors
        assert all(desk.incidents.of_alert(alert) == incident.id for alert in incident.open_alerts)
        times = [entry.now_ns for entry in incident.timeline]
        assert times == sorted(times)


@settings(max_examples=100, deadline=None)
@given(stories())
def test_live_late_and_after_restarts_incidents_are_the_same(story: Story) -> None:
    players = [Player(story), Player(story, punctual=False), Player(story, restarts=True)]
    told = [player.play().lines for player in players]
    assert told[1:] == told[:1] * 2
    states = [(p.desk.incidents.snapshot(), p.desk.floods.snapshot()) for p in players]
    assert states[1:] == states[:1] * 2
