"""Routing under any sequence of findings, acknowledgements and silences: what must hold whatever happens."""

from pathlib import Path
from typing import Any

import msgspec
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.events import AlertEvent
from tests.alerting.scenarios.player import Played, Player
from tests.alerting.scenarios.story import Step, Story

ROUTES: dict[str, Any] = yaml.safe_load("""
receivers: {duty: {kind: log}, groups: {kind: log}, nights: {kind: log}, few: {kind: log}, alone: {kind: log}}
times: {night: [{from: "00:00", to: "00:05"}, {from: "00:30", to: "02:00"}]}
inhibit:
  - {source: ["grade=~orange|red", kind!=dead], target: ["grade=~yellow|blue"], equal: [equipment]}
limits: {few: {count: 2, per_s: 300}}
route:
  receiver: duty
  routes:
    - {receiver: duty, continue: true}
    - {receiver: nights, mute: [night], continue: true}
    - {receiver: few, continue: true}
    - {receiver: alone, group_by: [grade], group_wait_s: 0, group_interval_s: 1, repeat_interval_s: never, continue: true}
    - {receiver: groups, group_by: [type], group_wait_s: 20, group_interval_s: 60, repeat_interval_s: 1000}
""")
_SENSORS = st.sampled_from(("LT-101", "LT-102", "GT-1", "TT-1"))
_findings = st.tuples(
    st.sampled_from(("push", "push", "back")), _SENSORS, st.sampled_from(("h", "hh", "design", "dead"))
)
_acknowledgements = _SENSORS.map(lambda sensor: ("try", "acknowledge", f"alert=@{sensor}", "by=li"))
_silences = st.sampled_from(
    (
        ("try", "silence", "matchers=[grade!=red]", "by=li", "comment=x", 'until_ns="+400"'),
        ("try", "silence", "matchers=[type=level]", "by=li", "second=wu", "comment=x", 'until_ns="+1200"'),
        ("try", "end_silence", "silence=silence-1", "by=li"),
        ("restart",),
    )
)
_waits = st.sampled_from((0.0, 0.0, 0.5, 1.0, 20.0, 61.0, 300.0, 4000.0))
_END_S = 90_000.0


@st.composite
def stories(draw: st.DrawFn) -> Story:
    at = 0.0
    steps: list[Step] = []
    one = _findings | _findings | _acknowledgements | _silences
    for wait, words in draw(st.lists(st.tuples(_waits, one), max_size=40)):
        at += wait
        steps.append(Step(line=len(steps), at_s=at, words=words))
    last = Step(line=len(steps), at_s=at + _END_S, words=("restart",))
    return Story(path=Path("generated"), shows="anything", settings={"routes": ROUTES}, steps=(*steps, last))


def _told(played: Played, receiver: str) -> list[dict[str, Any]]:
    """Return the alert lines that a receiver got, in their order."""
    lines = []
    for heard in played.heard:
        if heard.notification.receiver == receiver:
            body = msgspec.json.decode(heard.notification.body)
            if body.get("status") != "silence_ending":
                lines += body.get("alerts", [body])
    return lines


@settings(max_examples=60, deadline=None)
@given(stories())
def test_live_late_and_after_restarts_the_same_is_told(story: Story) -> None:
    live = Player(story).play()
    for other in (Player(story, punctual=False).play(), Player(story, restarts=True).play()):
        assert other.lines == live.lines
        assert [heard.notification for heard in other.heard] == [heard.notification for heard in live.heard]
    assert len({heard.notification.id for heard in live.heard}) == len(live.heard)


@settings(max_examples=50, deadline=None)
@given(stories())
def test_whoever_was_told_is_told_of_the_end_and_nobody_else_is(story: Story) -> None:
    played = Player(story).play()
    events = [msgspec.json.decode(line, type=AlertEvent) for line in played.lines]
    ended = {event.id for event in events if event.event == "cleared"}
    reopened = {event.id for event in events if event.event == "reopened"}
    for receiver in ("duty", "nights", "few", "alone", "groups"):
        lines = _told(played, receiver)
        alarmed = {line["id"] for line in lines if line["state"] in {"unack", "acked"}}
        cleared = {line["id"] for line in lines if line["event"] == "cleared"}
        once = ended - reopened
        assert (alarmed & once) <= cleared, receiver
        if receiver != "few":  # a digest tells of what is over too
            assert (cleared - reopened) <= alarmed, receiver


@settings(max_examples=50, deadline=None)
@given(stories().filter(lambda story: all("second=wu" not in step.words for step in story.steps)))
def test_red_is_told_at_once_to_everybody_whom_the_tree_names(story: Story) -> None:
    played = Player(story).play()
    for line in played.lines:
        event = msgspec.json.decode(line, type=AlertEvent)
        if event.grade == "red" and event.event in {"opened", "escalated", "reopened"}:
            told = {row["receiver"] for row in event.why["told"]}
            assert told == {"duty", "nights", "few", "alone", "groups"}


@settings(max_examples=50, deadline=None)
@given(stories())
def test_in_the_end_everybody_was_told_of_what_still_stands(story: Story) -> None:
    player = Player(story)
    played = player.play()
    end_ns = player.desk.dispatcher.next_deadline_ns() or 0
    for view in player.desk.book.open_alerts():
        if view.state != "unack" or player.desk.dispatcher.why_held(view.id, end_ns) is not None:
            continue
        for receiver in ("duty", "few", "alone", "groups"):
            assert view.id in {line["id"] for line in _told(played, receiver)}, receiver
