"""The stage that calls people: literal sequences of who is told when."""

import json
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from alerting.book_state import SnapshotError
from alerting.commands import CommandRefused, OverrideOnCall
from alerting.escalation import Escalation
from alerting.events import AlertEvent
from alerting.notification import Notification
from registry.plant import Text
from tests.alerting.escalation.works import MIN, PLANT, ROUTES, T0, S, event, read, settings

# T0 is 2025-11-25 00:00 in Shanghai: the second day of the cycle, at night, which is crew C's: zhao
NIGHT = "zhao"


class Rig:
    """A stage under test's control: who was called, as ``(seconds, person)``; `silenced` are the alerts a silence holds."""

    def __init__(self, text: str = ROUTES, chain: str | None = None) -> None:
        self.text = text
        self.silenced: set[str] = set()
        self.chain = chain
        self.stage = self._made()
        self.heard: list[Notification] = []
        self.at: list[tuple[float, str]] = []

    def _made(self) -> Escalation:
        return Escalation(settings(self.text), PLANT.areas, lambda _: self.chain, self._why)

    def _why(self, alert: str, _now_ns: int) -> Text | None:
        return Text("静默", "silenced") if alert in self.silenced else None

    def offer(self, at_s: float, *events: AlertEvent) -> list[tuple[float, str]]:
        self.until(at_s)
        return self._note(at_s, self.stage.offer(events, T0 + round(at_s * S)))

    def until(self, at_s: float) -> list[tuple[float, str]]:
        got: list[tuple[float, str]] = []
        while (due := self.stage.next_deadline_ns()) is not None and due <= T0 + round(at_s * S):
            got += self._note((due - T0) / S, self.stage.tick(due))
        return got

    def restart(self) -> None:
        body = self.stage.snapshot()
        self.stage = self._made()
        self.stage.restore(body)
        assert self.stage.snapshot() == body

    def _note(self, at_s: float, told: Iterable[Notification]) -> list[tuple[float, str]]:
        told = list(told)
        self.heard += told
        got = [(at_s, str(one.person)) for one in told]
        self.at += got
        return got


def alert(
    seq: int,
    what: str = "opened",
    state: str = "unack",
    *,
    grade: str = "red",
    name: str = "a",
    incident: str | None = None,
) -> AlertEvent:
    return event(name, seq, what, state, grade=grade, incident=incident)


def test_an_unanswered_red_alert_goes_up_to_the_last_resort_and_says_so() -> None:
    rig = Rig()
    assert rig.offer(0, alert(1)) == [(0, NIGHT)]
    assert rig.until(100_000) == [
        (60, "sun"),
        (60, "ops"),
        (60, "ops"),  # reached by two receivers
        (180, "tech"),
        (300, "chief"),
        (300, "district"),
        (600, "director"),
    ]
    last = rig.heard[-1]
    assert "您是最后一级" in last.reason.zh
    assert "you are the last resort" in last.reason.en
    why = json.loads(last.body)["why"]["escalation"]
    assert (why["step"], why["of"], why["next_at"], why["last_resort"]) == (5, 5, None, True)
    assert rig.stage.counts.unanswered == 1
    assert rig.stage.next_deadline_ns() is None


def test_who_is_called_next_is_known_before_it_comes() -> None:
    rig = Rig()
    assert rig.stage.upcoming("a") is None
    rig.offer(0, alert(1))
    steps = []
    while (coming := rig.stage.upcoming("a")) is not None and coming.due_ns is not None:
        called = [person for _, person in rig.until((coming.due_ns - T0) / S)]
        told = [one.person for one in coming.people for _ in one.receivers]
        assert called == told
        steps.append((coming.level, coming.of, (coming.due_ns - T0) / S))
    assert steps == [(2, 5, 60), (3, 5, 180), (4, 5, 300), (5, 5, 600)]
    assert coming is not None, "the last resort was called, and nobody has answered"
    rig.offer(700, alert(2, "shelved", "shelved"))
    held = rig.stage.upcoming("a")
    assert held is not None
    assert held.held
    rig.offer(800, alert(3, "acknowledged", "acked"))
    assert rig.stage.upcoming("a") is None


def test_a_call_says_who_was_asked_before_since_when_and_what_comes() -> None:
    rig = Rig()
    rig.offer(0, alert(1))
    rig.until(60)
    first, second = rig.heard[0], rig.heard[1]
    assert first.reason == Text(
        "升级链 works（红色）第 1/5 级：自 2025-11-24T16:00:00.000Z 起无人确认，此前已通知：无；"
        "值班表 operators：C 班当值（night）",
        "chain works (red), step 1 of 5: not acknowledged since 2025-11-24T16:00:00.000Z, asked before: nobody; "
        "on duty by schedule operators: crew C, shift night",
    )
    assert "asked before: Zhao; named by the chain" in second.reason.en
    assert json.loads(second.body)["why"]["escalation"] == {
        "chain": "works",
        "grade": "red",
        "step": 2,
        "of": 5,
        "since": "2025-11-24T16:00:00.000Z",
        "asked_before": [{"person": NIGHT, "name": {"zh": "赵工", "en": "Zhao"}}],
        "next_at": "2025-11-24T16:03:00.000Z",
        "last_resort": False,
    }
    assert json.loads(second.body)["id"] == second.alert == "a"
    assert (second.receiver, second.time) == ("phone", "2025-11-24T16:01:00.000Z")


def test_an_acknowledgement_stops_the_chain() -> None:
    rig = Rig()
    rig.offer(0, alert(1))
    assert rig.offer(59, alert(2, "acknowledged", "acked")) == []
    assert rig.until(100_000) == []


def test_closing_stops_the_chain_and_everybody_called_hears_of_the_recovery_at_once() -> None:
    rig = Rig()
    rig.offer(0, alert(1))
    rig.offer(70, alert(2, "acknowledged", "acked"))
    got = rig.offer(80, alert(3, "cleared", "closed"), alert(4, "closed", "closed"))
    assert got == [(80, NIGHT), (80, "sun"), (80, "ops"), (80, "ops")]
    assert "back to normal" in rig.heard[-1].reason.en
    assert rig.until(100_000) == []


def test_a_chain_goes_on_when_the_alert_returns_to_normal_unacknowledged() -> None:
    rig = Rig()
    rig.offer(0, alert(1))
    assert rig.offer(30, alert(2, "cleared", "rtnun")) == [(30, NIGHT)]
    assert rig.until(60)[0] == (60, "sun")
    # one that was answered and then chatters to rest is not asked about again
    rig.offer(61, alert(3, name="b"), alert(4, "acknowledged", "acked", name="b"))
    assert rig.offer(62, alert(5, "cleared", "rtnun", name="b")) == [(62, NIGHT)]
    rig.offer(63, alert(6, "acknowledged", "closed"), alert(7, "closed", "closed"))
    assert rig.until(100_000) == []


def test_a_rise_tells_everybody_asked_so_far_at_once_and_then_goes_faster() -> None:
    rig = Rig()
    rig.offer(0, alert(1, grade="yellow"))
    assert rig.until(700)[0] == (600, "sun")
    assert rig.offer(700, alert(2, "escalated")) == [(700, NIGHT), (700, "sun"), (700, "ops"), (700, "ops")]
    assert rig.until(1300) == [(820, "tech"), (940, "chief"), (940, "district"), (1240, "director")]


def test_after_a_rise_the_next_step_is_never_later_than_before_it() -> None:
    rig = Rig()
    rig.offer(0, alert(1, grade="yellow"))
    assert rig.offer(590, alert(2, "escalated")) == [(590, NIGHT)]
    assert json.loads(rig.heard[-1].body)["why"]["escalation"]["next_at"] == "2025-11-24T16:10:00.000Z"
    assert rig.until(600)[0] == (600, "sun")


def test_a_fall_of_grade_changes_nothing_while_nobody_has_answered() -> None:
    rig = Rig()
    rig.offer(0, alert(1))
    assert rig.offer(30, alert(2, "deescalated", grade="yellow")) == []
    assert rig.until(60)[0] == (60, "sun")
    assert json.loads(rig.heard[-1].body)["grade"] == "yellow"


def test_nobody_is_called_for_blue_until_it_rises() -> None:
    rig = Rig()
    assert rig.offer(0, alert(1, grade="blue")) == []
    assert rig.until(9_000) == []
    assert rig.offer(9_000, alert(2, "escalated", grade="orange")) == [(9_000, NIGHT)]


def test_a_realarm_and_a_rise_after_an_acknowledgement_start_the_chain_again() -> None:
    rig = Rig()
    rig.offer(0, alert(1), alert(2, "acknowledged", "acked"))
    assert rig.offer(3600, alert(3, "reopened")) == [(3600, NIGHT)]
    assert rig.until(3660)[0] == (3660, "sun")
    rig.offer(3661, alert(4, "acknowledged", "acked"))
    assert rig.offer(3700, alert(5, "escalated")) == [(3700, NIGHT)]


def test_an_exhausted_chain_starts_again_when_the_alert_comes_back_but_not_for_a_comment() -> None:
    rig = Rig()
    rig.offer(0, alert(1))
    rig.until(1000)
    assert rig.offer(1000, alert(2, "commented")) == []
    rig.offer(1001, alert(3, "cleared", "rtnun"))
    assert rig.offer(1002, alert(4, "reopened")) == [(1002, NIGHT)]


@pytest.mark.parametrize(
    ("state", "back"), [("suppressed", "unsuppressed"), ("out_of_service", "in_service")]
)
def test_a_held_alert_calls_nobody_and_goes_on_with_the_step_that_was_due(state: str, back: str) -> None:
    rig = Rig()
    rig.offer(0, alert(1))
    rig.offer(30, alert(2, state, state))
    assert rig.until(1000) == []
    assert rig.stage.next_deadline_ns() is None, "it waits for an event, not for a time"
    assert rig.offer(1000, alert(3, back)) == [(1000, "sun"), (1000, "ops"), (1000, "ops")]
    assert rig.until(1120) == [(1120, "tech")]


def test_an_alert_whose_hold_ends_before_its_step_is_due_loses_no_time() -> None:
    rig = Rig()
    rig.offer(0, alert(1))
    rig.offer(30, alert(2, "suppressed", "suppressed"))
    assert rig.offer(40, alert(3, "unsuppressed")) == []
    assert rig.until(60)[0] == (60, "sun")


def test_a_shelf_that_ran_out_starts_the_chain_again_and_one_taken_off_by_hand_does_not() -> None:
    rig = Rig()
    rig.offer(0, alert(1))
    rig.until(60)
    rig.offer(70, alert(2, "shelved", "shelved"))
    assert rig.offer(1000, alert(3, "unshelved", "unack")) == [(1000, NIGHT)]
    rig.offer(1001, alert(4, "shelved", "shelved"))
    assert rig.offer(1002, alert(5, "unshelved", "acked")) == []
    assert rig.until(100_000) == []


def test_a_silence_holds_the_calls_and_they_go_on_within_ten_seconds_of_its_end() -> None:
    rig = Rig()
    rig.silenced = {"a"}
    assert rig.offer(0, alert(1)) == []
    assert rig.until(95) == []
    rig.silenced = set()
    assert rig.until(100) == [(100, NIGHT)]
    assert rig.until(160)[0] == (160, "sun")


def test_a_flood_of_one_incident_calls_a_person_once_for_each_step() -> None:
    rig = Rig()
    flood = [alert(i, grade="yellow", name=f"a{i}", incident="i1") for i in range(1, 101)]
    assert rig.offer(0, *flood) == [(0, NIGHT)]
    assert [person for _, person in rig.until(3600)] == ["sun", "ops", "ops", "tech", "director"]
    assert rig.heard[0].alert == rig.heard[-1].alert == "a1"


def test_a_shared_chain_runs_until_the_last_of_its_alerts_is_answered() -> None:
    rig = Rig()
    rig.offer(0, *(alert(i, grade="yellow", name=f"a{i}", incident="i1") for i in (1, 2)))
    rig.offer(10, alert(3, "acknowledged", "acked", grade="yellow", name="a1", incident="i1"))
    assert rig.until(600)[0] == (600, "sun")
    assert rig.heard[-1].alert == "a2", "people are called for what is not answered"
    rig.offer(601, alert(4, "acknowledged", "acked", grade="yellow", name="a2", incident="i1"))
    assert rig.until(100_000) == []
    assert len(rig.offer(100_000, alert(5, grade="yellow", name="a3", incident="i1"))) == 1


def test_a_new_alert_of_an_incident_whose_chain_has_ended_starts_it_again() -> None:
    rig = Rig()
    rig.offer(0, alert(1, grade="yellow", name="a1", incident="i1"))
    rig.until(3600)
    assert rig.offer(3700, alert(2, grade="yellow", name="a2", incident="i1")) == [(3700, NIGHT)]


def test_red_never_shares_a_chain() -> None:
    rig = Rig()
    reds = [alert(i, name=f"a{i}", incident="i1") for i in (1, 2, 3)]
    assert rig.offer(0, *reds) == [(0, NIGHT)] * 3
    assert {one.alert for one in rig.heard} == {"a1", "a2", "a3"}


def test_an_alert_that_rises_to_red_leaves_the_chain_it_shared() -> None:
    rig = Rig()
    rig.offer(0, *(alert(i, grade="yellow", name=f"a{i}", incident="i1") for i in (1, 2)))
    assert rig.offer(30, alert(3, "escalated", "unack", grade="red", name="a2", incident="i1")) == [
        (30, NIGHT)
    ]
    assert rig.heard[-1].alert == "a2"
    assert rig.until(90)[0] == (90, "sun")
    rig.offer(91, alert(4, "acknowledged", "acked", grade="red", name="a2", incident="i1"))
    assert rig.until(600)[0] == (600, "sun"), "the other one is still unanswered"
    assert rig.heard[-1].alert == "a1"


def test_a_graver_alert_of_the_incident_raises_the_shared_chain_at_once() -> None:
    rig = Rig()
    rig.offer(0, alert(1, grade="yellow", name="a1", incident="i1"))
    assert rig.offer(30, alert(2, grade="orange", name="a2", incident="i1")) == [(30, NIGHT)]
    assert rig.heard[-1].alert == "a2"
    assert rig.until(210)[0] == (210, "sun")


def test_people_are_called_for_their_own_places_and_a_step_without_anybody_is_skipped_at_once() -> None:
    text = ROUTES.replace("{name: {zh: 赵工, en: Zhao}, ", '{name: {zh: 赵工, en: Zhao}, areas: ["370200"], ')
    assert Rig(text).offer(0, alert(1)) == [(0, NIGHT)], "a city holds its districts"
    text = text.replace('areas: ["370200"], ', "enterprises: [lpg], ")
    elsewhere = event("b", 1, enterprise="other", area=None)
    rig = Rig(text)
    assert rig.offer(0, elsewhere)[0] == (0, "sun")
    assert rig.stage.counts.unmanned == 1
    own = event("c", 2, enterprise=None, area=None, kind="system")
    assert rig.offer(1, own) == [(1, NIGHT)], "a trouble of hazwatch's own is everybody's"


def test_an_override_by_command_counts_from_then_on_and_the_later_one_wins() -> None:
    rig = Rig()
    for by, person in (("sun", "wang"), ("tech", "li")):
        command = OverrideOnCall(
            schedule="operators", people=(person,), by=by, reason="生病", from_ns=T0, until_ns=T0 + 60 * MIN
        )
        assert rig.stage.command(command, T0) == []
    rig.restart()
    assert rig.offer(10, alert(1)) == [(10, "li")]
    assert "set by tech until" in rig.heard[-1].reason.en
    assert "生病" in rig.heard[-1].reason.zh
    rig.offer(11, alert(2, "acknowledged", "acked"))
    assert rig.offer(3600, alert(3, name="b")) == [(3600, NIGHT)], "its end does not belong to it"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"schedule": "cooks"}, "unknown_schedule"),
        ({"people": ("nobody",)}, "unknown_person"),
        ({"until_ns": T0 - 1}, "bad_interval"),
        ({"from_ns": T0 + 2 * MIN, "until_ns": T0 + MIN}, "bad_interval"),
        ({"until_ns": T0 + 32 * 24 * 60 * MIN}, "bad_interval"),
    ],
)
def test_an_override_that_cannot_be_is_refused_and_changes_nothing(change: dict[str, Any], code: str) -> None:
    rig = Rig()
    command = OverrideOnCall(
        schedule="operators", people=("wang",), by="sun", reason="x", from_ns=T0, until_ns=T0 + MIN
    )
    before = rig.stage.snapshot()
    with pytest.raises(CommandRefused) as refused:
        rig.stage.command(msgspec.structs.replace(command, **change), T0)
    assert refused.value.code == code
    assert refused.value.text.zh != refused.value.text.en
    assert rig.stage.snapshot() == before


def test_a_restart_at_any_moment_repeats_and_loses_nothing() -> None:
    def story(*, restarts: bool) -> list[Notification]:
        rig = Rig()
        for at_s, one in (
            (0, alert(1, grade="yellow", incident="i1")),
            (100, alert(2, name="b", grade="orange", incident="i1")),
            (400, alert(3, "escalated", name="b", incident="i1")),
            (500, alert(4, "suppressed", "suppressed", grade="yellow", incident="i1")),
            (900, alert(5, "unsuppressed", "unack", grade="yellow", incident="i1")),
            (4000, alert(6, "acknowledged", "acked", name="b", incident="i1")),
            (9000, alert(7, "commented", "unack", grade="yellow", incident="i1")),
        ):
            rig.offer(at_s, one)
            if restarts:
                rig.restart()
        return rig.heard

    told = story(restarts=False)
    assert story(restarts=True) == told
    assert len({one.id for one in told}) == len(told) > 10


def test_other_settings_take_over_what_runs_without_calling_whom_they_do_not_have() -> None:
    rig = Rig()
    rig.offer(0, alert(1))
    other = ROUTES.replace("  sun: {name: {zh: 孙班长, en: Sun}, receivers: [phone]}\n", "")
    rig.text = other.replace("shift_leader: sun", "shift_leader: li").replace(
        "en: Zhao}, receivers: [phone]", "en: Zhao}, receivers: [log]"
    )
    rig.restart()
    assert rig.until(60)[0] == (60, "li")
    got = rig.offer(61, alert(2, "cleared", "rtnun"))
    assert got == [(61, "li"), (61, "ops"), (61, "ops")], "zhao is not reached by phone any more"
    body = rig.stage.snapshot()
    nobody = read(ROUTES[: ROUTES.index("escalations:")])[0]
    rig.stage = Escalation(nobody, PLANT.areas, lambda _: None, lambda _alert, _now: None)
    rig.stage.restore(body)
    assert rig.stage.next_deadline_ns() is None
    assert rig.stage.snapshot() != body


def test_a_snapshot_of_another_format_is_refused() -> None:
    rig = Rig()
    for body in (b"", b"\x81\xa6format\x63"):
        with pytest.raises(SnapshotError):
            rig.stage.restore(body)


def test_without_chains_nobody_is_called_and_nothing_waits() -> None:
    rig = Rig()
    rig.stage = Escalation(type(settings())(), PLANT.areas, lambda _: None, lambda _alert, _now: None)
    assert rig.offer(0, alert(1)) == []
    assert rig.stage.next_deadline_ns() is None
