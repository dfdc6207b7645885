"""The whole alarm desk under any sequence of findings and commands: what must hold whatever happens."""

from collections import Counter
from pathlib import Path

import msgspec
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.events import AlertEvent, Event, State
from tests.alerting.scenarios.player import Played, Player
from tests.alerting.scenarios.story import Step, Story

ROUTES = yaml.safe_load("""
receivers: {duty: {kind: log}, board: {kind: log}, chief: {kind: log}, horn: {kind: siren}}
inhibit:
  - {source: [kind=high, "grade=~red|orange"], target: [kind=anomaly], equal: [equipment]}
limits: {board: {count: 5, per_s: 600}}
route:
  receiver: duty
  routes:
    - {match: [type=level], receiver: board, group_by: [source], group_wait_s: 30, group_interval_s: 300, repeat_interval_s: 7200}
people:
  first: {name: {zh: 甲, en: first}, receivers: [duty]}
  last: {name: {zh: 末, en: last}, receivers: [chief]}
escalations:
  works:
    roles: {operator: first, shift_leader: last, operations_lead: last, technical_lead: last, chief: last, district_centre: last}
    last_resort: last
""")
SENSORS = ("LT-101", "LT-102", "GT-1", "TT-1", "x")
LIMITS = ("h", "hh", "design", "l")
METHODS = ("dead", "stuck", "robust_z")
PEOPLE = ("li", "wang")

_findings = st.tuples(
    st.sampled_from(("push", "push", "back")),
    st.sampled_from(SENSORS),
    st.sampled_from(LIMITS + METHODS),
).filter(lambda words: words[1] != "x" or words[2] in {"h", "hh", *METHODS})
_references = st.builds(
    lambda sensor, slot: f"alert=@{sensor}{slot}",
    st.sampled_from(SENSORS),
    st.sampled_from(("", "", ":dead", ":stuck")),
)
_people = st.sampled_from(PEOPLE).map("by={}".format)
_place = st.sampled_from(
    (
        "place={kind: sensor, id: lpg/LT-101}",
        "place={kind: equipment, id: T-102}",
        "place={kind: source, id: farm}",
    )
)
_second = st.sampled_from(("second=zhao", "second=wang", "second=''"))
_commands = st.one_of(
    st.tuples(st.just("acknowledge"), _references, _people),
    st.tuples(st.just("acknowledge"), _references, _people),
    st.tuples(st.just("reset"), _references, _people),
    st.tuples(st.just("comment"), _references, _people, st.just("comment=seen")),
    st.tuples(st.just("confirm"), _references, _people, st.just("cause=false_alarm"), st.just("action=none")),
    st.tuples(
        st.just("shelve"),
        _references,
        _people,
        _second,
        st.just("reason=work"),
        st.sampled_from(("for_s=60", "for_s=4000", "one_shot=true")),
    ),
    st.tuples(st.just("unshelve"), _references, _people),
    st.tuples(
        st.just("suppress"), _place, _people, _second, st.just("condition=empty"), st.just("reason=empty")
    ),
    st.tuples(st.just("unsuppress"), _place, _people, st.just("condition=empty")),
    st.tuples(
        st.just("take_out_of_service"),
        _place,
        _people,
        _second,
        st.just("permit=P-1"),
        st.just("reason=work"),
        st.sampled_from(("until_ns='+600'", "until_ns='+9000'")),
    ),
    st.tuples(st.just("put_in_service"), _place, _people, st.just("permit=P-1")),
    st.tuples(
        st.just("silence"),
        st.sampled_from(("matchers=['type=level']", "matchers=['grade=~red|orange']")),
        _people,
        st.sampled_from(("second=zhao", "second=li", "second=null")),
        st.just("comment=noise"),
        st.sampled_from(("until_ns='+300'", "until_ns='+7000'")),
    ),
)
_tries = _commands.map(lambda words: ("try", *words))
_waits = st.sampled_from((0.0, 0.0, 0.5, 1.0, 20.0, 61.0, 300.0, 4000.0))
_END_S = 90_000.0
"""Long enough that every timer of the settings has fired."""


@st.composite
def stories(draw: st.DrawFn) -> Story:
    at = 0.0
    steps: list[Step] = []
    for wait, words in draw(
        st.lists(st.tuples(_waits, st.one_of(_findings, _findings, _tries)), max_size=40)
    ):
        at += wait
        steps.append(Step(line=len(steps), at_s=at, words=words))
    last = Step(line=len(steps), at_s=at + _END_S, words=("restart",))
    return Story(path=Path("generated"), shows="anything", settings={"routes": ROUTES}, steps=(*steps, last))


def _events(played: Played) -> list[AlertEvent]:
    return [msgspec.json.decode(line, type=AlertEvent) for line in played.lines]


@settings(max_examples=40, deadline=None)
@given(stories())
def test_live_late_and_after_restarts_the_same_is_told(story: Story) -> None:
    live = Player(story).play()
    for other in (Player(story, punctual=False).play(), Player(story, restarts=True).play()):
        assert other.lines == live.lines
        assert [heard.notification for heard in other.heard] == [heard.notification for heard in live.heard]


@settings(max_examples=40, deadline=None)
@given(stories())
def test_events_are_numbered_and_every_opening_has_one_end_or_stands(story: Story) -> None:
    player = Player(story)
    events = _events(player.play())
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    counted = Counter((event.id, event.event) for event in events)
    opened = {event.id for event in events if event.event == Event.OPENED}
    closed = {event.id for event in events if event.event == Event.CLOSED}
    assert all(counted[name, Event.OPENED] == 1 for name in opened)
    assert all(counted[name, Event.CLOSED] == 1 for name in closed)
    assert {event.id for event in events} == opened
    assert opened - closed == {view.id for view in player.desk.book.open_alerts()}
    for event in events:
        assert (event.state == State.CLOSED) <= (event.id in closed)


@settings(max_examples=40, deadline=None)
@given(stories())
def test_nothing_is_sent_twice_for_one_reason(story: Story) -> None:
    heard = [one.notification for one in Player(story).play().heard]
    assert len({one.id for one in heard}) == len(heard)


@settings(max_examples=40, deadline=None)
@given(stories())
def test_who_is_called_for_a_red_alert_is_called_at_once(story: Story) -> None:
    played = Player(story).play()
    called = {
        (one.alert, one.time) for one in (h.notification for h in played.heard) if one.person is not None
    }
    grade: dict[str, str] = {}
    silenced = any("silence" in step.words for step in story.steps)
    for event in _events(played):
        if (
            event.grade == "red"
            and event.state == State.UNACK
            and grade.get(event.id) != "red"
            and not silenced
        ):
            assert (event.id, event.time) in called
        grade[event.id] = event.grade


@settings(max_examples=40, deadline=None)
@given(stories())
def test_an_acknowledgement_never_carries_over(story: Story) -> None:
    seen: set[str] = set()
    for event in _events(Player(story).play()):
        if event.event in {Event.OPENED, Event.REOPENED, Event.ESCALATED}:
            seen.discard(event.id)
            assert event.state != State.ACKED, "what is new nobody has acknowledged"
        elif event.event == Event.ACKNOWLEDGED:
            assert event.id not in seen
            seen.add(event.id)
