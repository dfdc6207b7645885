"""What holds of the lifecycle for every sequence of findings, commands and times: a machine that does what people may."""

from collections import defaultdict
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from alerting.book import AlertBook
from alerting.commands import (
    Acknowledge,
    AlertCommand,
    Assign,
    CommandRefused,
    Comment,
    Confirm,
    Place,
    PutInService,
    Reset,
    Shelve,
    Suppress,
    TakeOutOfService,
    Unshelve,
    Unsuppress,
)
from alerting.events import HELD_STATES, AlertEvent, Event, State
from alerting.lifecycle import TRANSITIONS
from detectors.findings import Edge, Method
from tests.alerting.plant import REGISTRY, T0, S, apply, block, book, finding

LEGAL = {(state, step.state) for (state, _), step in TRANSITIONS.items()}
AFTER_THE_END = {Event.CONFIRMED, Event.COMMENTED}
PLACES = [
    Place(kind="sensor", id="lpg/TT-1"),
    Place(kind="equipment", id="T-101"),
    Place(kind="equipment", id="T-102"),
    Place(kind="source", id="farm"),
]
SENSORS = [spec.id for spec in REGISTRY.specs]
PERSONS = st.sampled_from(["li", "wang"])
SECONDS = st.sampled_from(["", "zhao"])


class Desk(RuleBasedStateMachine):
    """Two books: one goes on, the other is made anew from its snapshot now and then; both must tell the same."""

    alerts = Bundle("alerts")

    def __init__(self) -> None:
        super().__init__()
        self.straight, self.restored = book(), book()
        self.now_ns = T0
        self.told: list[AlertEvent] = []
        self.done: list[tuple[int, Any]] = []

    def both(self, what: Any) -> list[str]:
        """Let both books take something, after their timers; return the ids of alerts that opened."""
        self.done.append((self.now_ns, what))
        first, second = (_after(made, self.now_ns, what) for made in (self.straight, self.restored))
        assert first == second
        events, _ = first
        self.told += events
        return [event.id for event in events if event.event == Event.OPENED]

    @rule(
        target=alerts,
        sensor=st.integers(0, len(SENSORS) - 1),
        limit=st.sampled_from(["h", "h", "hh", "design", "l"]),
        edge=st.sampled_from(Edge),
    )
    def cross(self, sensor: int, limit: str, edge: Edge) -> Any:
        at_s = (self.now_ns - T0) / S
        return multiple(*self.both(block([finding(sensor, at_s, limit=limit, edge=edge)])))

    @rule(target=alerts, sensor=st.integers(0, len(SENSORS) - 1), edge=st.sampled_from(Edge))
    def silence(self, sensor: int, edge: Edge) -> Any:
        at_s = (self.now_ns - T0) / S
        row = finding(sensor, at_s, method=Method.DEAD, edge=edge, statistic=91, threshold=30)
        return multiple(*self.both(block([row])))

    @rule(target=alerts, sensor=st.integers(0, len(SENSORS) - 1), times=st.integers(2, 5))
    def chatter(self, sensor: int, times: int) -> Any:
        opened = []
        for edge in [Edge.RAISED, Edge.RECOVERED] * times:
            self.now_ns += S
            row = finding(sensor, (self.now_ns - T0) / S, limit="h", edge=edge)
            opened += self.both(block([row]))
        return multiple(*opened)

    @rule(alert=alerts, by=PERSONS)
    def acknowledge(self, alert: str, by: str) -> None:
        self.both(Acknowledge(alert=alert, by=by))

    @rule(alert=alerts, by=PERSONS)
    def reset(self, alert: str, by: str) -> None:
        self.both(Reset(alert=alert, by=by))

    @rule(alert=alerts, cause=st.sampled_from(["release", "false_alarm", "ghosts"]))
    def confirm(self, alert: str, cause: str) -> None:
        self.both(Confirm(alert=alert, by="li", cause=cause, action="x"))

    @rule(alert=alerts)
    def comment(self, alert: str) -> None:
        self.both(Comment(alert=alert, by="li", comment="x"))

    @rule(alert=alerts, to=PERSONS)
    def assign(self, alert: str, to: str) -> None:
        self.both(Assign(alert=alert, by="li", to=to))

    @rule(alert=alerts, one_shot=st.booleans(), for_s=st.sampled_from([None, 5.0, 1e6]), second=SECONDS)
    def shelve(self, alert: str, one_shot: bool, for_s: float | None, second: str) -> None:
        self.both(Shelve(by="li", reason="x", alert=alert, one_shot=one_shot, for_s=for_s, second=second))

    @rule(sensor=st.sampled_from(SENSORS), slot=st.sampled_from(["process", "dead"]), second=SECONDS)
    def shelve_place(self, sensor: str, slot: str, second: str) -> None:
        self.both(Shelve(by="li", reason="x", sensor=sensor, slot=slot, for_s=30.0, second=second))

    @rule(sensor=st.sampled_from(SENSORS), by=PERSONS)
    def unshelve(self, sensor: str, by: str) -> None:
        self.both(Unshelve(by=by, sensor=sensor))

    @rule(
        place=st.sampled_from(PLACES),
        name=st.sampled_from("ab"),
        second=SECONDS,
        for_s=st.sampled_from([None, 40]),
    )
    def suppress(self, place: Place, name: str, second: str, for_s: int | None) -> None:
        until_ns = None if for_s is None else self.now_ns + for_s * S
        self.both(
            Suppress(condition=name, place=place, by="li", reason="x", until_ns=until_ns, second=second)
        )

    @rule(place=st.sampled_from(PLACES), name=st.sampled_from("ab"))
    def unsuppress(self, place: Place, name: str) -> None:
        self.both(Unsuppress(condition=name, place=place, by="li"))

    @rule(place=st.sampled_from(PLACES), second=SECONDS)
    def remove(self, place: Place, second: str) -> None:
        until_ns = self.now_ns + 50 * S
        self.both(
            TakeOutOfService(place=place, permit="P", until_ns=until_ns, by="li", reason="x", second=second)
        )

    @rule(place=st.sampled_from(PLACES), second=SECONDS, after_s=st.sampled_from([-400, -10, 5, 60]))
    def announce(self, place: Place, second: str, after_s: int) -> None:
        from_ns = self.now_ns + after_s * S
        until_ns = from_ns + 50 * S
        works = {"permit": "P", "by": "li", "reason": "x", "second": second}
        self.both(TakeOutOfService(place=place, from_ns=from_ns, until_ns=until_ns, **works))

    @rule(place=st.sampled_from(PLACES))
    def put_back(self, place: Place) -> None:
        self.both(PutInService(place=place, permit="P", by="li"))

    @rule(for_s=st.sampled_from([1, 20, 70, 20_000]))
    def wait(self, for_s: int) -> None:
        self.now_ns += for_s * S
        self.both(None)

    @rule()
    def restart(self) -> None:
        body = self.restored.snapshot()
        self.restored = book()
        self.restored.restore(body)
        assert self.restored.snapshot() == body

    @invariant()
    def every_move_is_in_the_table_and_an_occurrence_ends_once(self) -> None:
        by_id = defaultdict(list)
        for event in self.told:
            by_id[event.id].append(event)
        for events in by_id.values():
            names = [event.event for event in events]
            assert names[0] == Event.OPENED
            assert names.count(Event.OPENED) == 1
            assert names.count(Event.CLOSED) <= 1
            if Event.CLOSED in names:
                assert set(names[names.index(Event.CLOSED) + 1 :]) <= AFTER_THE_END
            before: State | None = None
            for event in events:
                state = State(event.state)
                assert state == before or (before, state) in LEGAL, (before, state)
                before = state
        still_open = {name for name, events in by_id.items() if events[-1].state != State.CLOSED}
        assert {view.id for view in self.straight.open_alerts()} == still_open

    @invariant()
    def nobody_holds_red_alone_and_what_is_held_is_held_by_somebody(self) -> None:
        for view in self.straight.open_alerts():
            if view.state in HELD_STATES and view.grade.label == "red" and view.active:
                holders = view.event.why.get("arrangements", [])
                assert all(one["second"] for one in holders)
            if view.state in {State.UNACK, State.RTNUN, State.LUNAK}:
                assert view.acknowledged_by is None
            if view.state in {State.ACKED, State.LACKD}:
                assert view.acknowledged_by is not None

    @invariant()
    def what_stands_has_an_alert_that_is_active(self) -> None:
        for view in self.straight.open_alerts():
            if view.reasons:
                assert view.active

    def teardown(self) -> None:
        """Play the whole again on a fresh book: the same to the byte."""
        assert self.straight.snapshot() == self.restored.snapshot()
        again = book()
        lines = [event.line() for now_ns, what in self.done for event in _after(again, now_ns, what)[0]]
        assert lines == [event.line() for event in self.told]


def _after(made: AlertBook, now_ns: int, what: Any) -> tuple[list[AlertEvent], str | None]:
    events = made.tick(now_ns)
    if what is None:
        return events, None
    if not isinstance(what, AlertCommand):
        return events + apply(made, what), None
    before = made.snapshot()
    try:
        return events + made.command(what, now_ns), None
    except CommandRefused as refused:
        assert made.snapshot() == before, "a refused command changes nothing"
        return events, refused.code


TestDesk = Desk.TestCase
TestDesk.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
