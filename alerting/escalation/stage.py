"""The stage that calls people until somebody acknowledges.

Theory of operation. An alert that nobody has acknowledged is on a call: a running chain, which asks the people of one step
after another, each so long after the one before, and the last resort at the end. What an event means for the call depends
on the alert's state alone (`_STANCES`). A red alert has a call of its own; the graver of the others share one within an
incident, which runs until all of them are answered, so that a flood calls a person once for a step and not once for an
alert. A rise of grade never waits: everybody asked so far hears of it at once, and what was due stays due. An alert that
is held (by its state, or by a silence) is not called for; a call of held alerts alone waits, and goes on with the very step
that was due.
"""

import heapq
from collections.abc import Callable, Iterable, Mapping
from enum import Enum, auto
from types import MappingProxyType

import msgspec

from alerting.book_state import SnapshotError
from alerting.commands import OverrideOnCall
from alerting.escalation.roster import Overrides, Roster
from alerting.escalation.schedule import OnDuty
from alerting.escalation.settings import EscalationSettings, Ladder
from alerting.escalation.state import FORMAT, Call, Case, Counts, EscalationState
from alerting.escalation.telling import recovery_told, step_told
from alerting.escalation.upcoming import Upcoming, upcoming
from alerting.events import GRADE_OF, AlertEvent, Event, Grade, State
from alerting.notification import Notification
from registry.plant import Area, Text

RECHECK_NS = 10 * 10**9
"""How soon a call that a silence holds asks again whether it still does: an end of a silence is no event."""


class _Stance(Enum):
    """What a state says of calling people."""

    CALLS = auto()
    GOES_ON = auto()  # what runs goes on, nothing begins
    HELD = auto()
    ANSWERED = auto()
    OVER = auto()


_STANCES: Mapping[str, _Stance] = MappingProxyType(
    {
        State.UNACK: _Stance.CALLS,
        State.LUNAK: _Stance.CALLS,
        State.RTNUN: _Stance.GOES_ON,
        State.SHELVED: _Stance.HELD,
        State.SUPPRESSED: _Stance.HELD,
        State.OUT_OF_SERVICE: _Stance.HELD,
        State.ACKED: _Stance.ANSWERED,
        State.LACKD: _Stance.ANSWERED,
        State.CLOSED: _Stance.OVER,
    }
)
_COMES_BACK = frozenset({Event.REOPENED, Event.UNSUPPRESSED, Event.IN_SERVICE})
"""Events that start a chain again which had ended before."""


class Escalation:
    """Runs the chains; pure.

    `chain_of` names the chain of an alert, None for the default one. `why_held` says why people are not to be called for an
    alert at a time, None where they are; for red it knows only what may hold red.
    """

    def __init__(
        self,
        settings: EscalationSettings,
        areas: Mapping[str, Area],
        chain_of: Callable[[AlertEvent], str | None],
        why_held: Callable[[str, int], Text | None],
    ) -> None:
        self._settings = settings
        self._roster = Roster(settings, areas)
        self._chain_of = chain_of
        self._why_held = why_held
        self._restored(EscalationState())

    @property
    def counts(self) -> Counts:
        """What happened so far."""
        return self._counts

    def offer(self, events: Iterable[AlertEvent], now_ns: int) -> list[Notification]:
        """Take events in their order; return who is called, and who is told that what they were called for is over."""
        if not self._settings.chains:
            return []
        notifications: list[Notification] = []
        for event in events:
            self._take(event, now_ns, notifications)
        return notifications

    def tick(self, now_ns: int) -> list[Notification]:
        """Carry out every step that is due up to `now_ns`, each at its own time."""
        notifications: list[Notification] = []
        while (due_ns := self.next_deadline_ns()) is not None and due_ns <= now_ns:
            _, _, key = heapq.heappop(self._heap)
            self._step(self._calls[key], due_ns, notifications)
        return notifications

    def next_deadline_ns(self) -> int | None:
        """Return when a step is due, None where nothing waits."""
        heap = self._heap
        while heap:
            due_ns, number, key = heap[0]
            call = self._calls.get(key)
            if call is not None and (call.due_ns, call.round) == (due_ns, number):
                return due_ns
            heapq.heappop(heap)  # the call is over, or was put to another time
        return None

    def command(self, command: OverrideOnCall, now_ns: int) -> list[Notification]:
        """Note who is on duty instead; raise `CommandRefused`, with nothing changed, where that cannot be."""
        self._roster.command(command, now_ns)
        return []

    def on_duty(self, now_ns: int) -> dict[str, OnDuty]:
        """Return who is on duty now, by schedule."""
        return self._roster.on_duty(now_ns)

    def upcoming(self, alert: str) -> Upcoming | None:
        """Return who is called next for an alert, None where no chain runs for it."""
        case = self._cases.get(alert)
        call = None if case is None else self._calls.get(case.call or "")
        if case is None or call is None:
            return None
        chain, ladder = self._settings.chain(call.chain), self._ladder(call)
        return None if chain is None or ladder is None else upcoming(self._roster, chain, ladder, call, case)

    def name_of(self, person: str) -> Text:
        """Return what a person is called."""
        return self._roster.name(person)

    def overrides(self) -> Overrides:
        """Return who stands in for whom by command, by schedule, in the order of the commands."""
        return {name: list(rows) for name, rows in self._roster.overrides.items()}

    def take_overrides(self, overrides: Overrides) -> None:
        """Let these be what people commanded."""
        self._roster.overrides = overrides

    def snapshot(self) -> bytes:
        """Return the whole state."""
        return msgspec.msgpack.encode(
            EscalationState(
                round=self._round,
                cases=self._cases,
                calls=list(self._calls.values()),
                overrides=self._roster.overrides,
                counts=self._counts,
            )
        )

    def restore(self, body: bytes) -> None:
        """Take over a state; raise `SnapshotError`, with nothing changed, where it is none."""
        try:
            state = msgspec.msgpack.decode(body, type=EscalationState)
        except msgspec.MsgspecError as exc:
            raise SnapshotError(str(exc)) from exc
        if state.format != FORMAT:
            raise SnapshotError(f"the format is {state.format}, not {FORMAT}")
        self._restored(state)

    def _restored(self, state: EscalationState) -> None:
        if not self._settings.chains:  # other settings were read since: nobody is called any more
            state.cases, state.calls = {}, []
        self._round = state.round
        self._cases = state.cases
        self._calls = {call.key: call for call in state.calls}
        self._roster.overrides = state.overrides
        self._counts = state.counts
        self._heap = [(c.due_ns, c.round, c.key) for c in state.calls if c.due_ns is not None]
        heapq.heapify(self._heap)

    def _take(self, event: AlertEvent, now_ns: int, out: list[Notification]) -> None:
        case = self._cases.get(event.id)
        stance = _STANCES.get(event.state, _Stance.CALLS)
        if case is not None:
            case.event = event
            case.held = stance is _Stance.HELD
            if event.event == Event.CLEARED:
                out += recovery_told(self._roster, case, now_ns)
        if stance is _Stance.CALLS:
            self._ask(event, case, now_ns, out)
        elif case is not None and stance in {_Stance.ANSWERED, _Stance.OVER}:
            self._leave(case)
            if stance is _Stance.OVER:
                del self._cases[event.id]

    def _ask(self, event: AlertEvent, case: Case | None, now_ns: int, out: list[Notification]) -> None:
        """See to it that the alert is on a call, and that the call is one of its grade."""
        call = None if case is None else self._calls.get(case.call or "")
        if case is None or call is None:
            self._join(event, case, now_ns, out)
        elif event.event == Event.UNSHELVED or (call.ended and event.event in _COMES_BACK):
            self._leave(case)
            self._join(event, case, now_ns, out)
        elif case.grade > call.grade:
            self._rise(case, call, now_ns, out)
        elif call.parked:
            self._step(call, now_ns, out)

    def _join(self, event: AlertEvent, case: Case | None, now_ns: int, out: list[Notification]) -> None:
        name = self._chain_of(event)
        chain, grade = self._settings.chain(name), GRADE_OF[event.grade]
        if chain is None or grade not in chain.ladders:
            return
        if case is None:
            case = self._cases[event.id] = Case(event=event, since_ns=now_ns)
        case.since_ns = now_ns
        key = _key_of(event, grade, chain.name)
        call = self._calls.get(key)
        begins = call is None or call.ended
        if call is None:
            call = self._calls[key] = Call(key=key, chain=chain.name, grade=grade, round=0)
        call.members[event.id] = None
        case.call = key
        if begins:
            self._begin(call, max(grade, call.grade), now_ns, out)
        elif grade > call.grade:
            self._rise(case, call, now_ns, out)
        elif call.parked:
            self._step(call, now_ns, out)

    def _begin(self, call: Call, grade: Grade, now_ns: int, out: list[Notification]) -> None:
        """Start the call's chain from its first step, as a new round."""
        self._round += 1
        call.round, call.grade, call.level, call.asked = self._round, grade, 0, {}
        self._step(call, now_ns, out)

    def _rise(self, case: Case, call: Call, now_ns: int, out: list[Notification]) -> None:
        """Go on with the graver chain: who was asked hears of it at once, and what was due is never due later."""
        reached, due_ns, asked = call.level, call.due_ns, dict(call.asked)
        key = _key_of(case.event, case.grade, call.chain)
        if case.grade is Grade.RED and key != call.key:
            self._leave(case)
            call = self._calls[key] = Call(key=key, chain=call.chain, grade=case.grade, round=0)
            call.members[case.event.id] = None
            case.call = key
        self._round += 1
        call.round, call.grade, call.level, call.asked = self._round, case.grade, 0, asked
        self._step(call, now_ns, out, due_ns)
        while 0 < call.level < min(reached, self._length(call)):  # level 0: it is held
            self._step(call, now_ns, out, due_ns)

    def _leave(self, case: Case) -> None:
        """Take an alert off its call; a call without alerts is over."""
        call = self._calls.get(case.call or "")
        case.call = None
        if call is not None:
            del call.members[case.event.id]
            if not call.members:
                del self._calls[call.key]

    def _step(
        self, call: Call, now_ns: int, out: list[Notification], not_after_ns: int | None = None
    ) -> None:
        """Call the people of the step that is next, or wait where every alert of the call is held.

        Where nobody is on duty or responsible at a step, the one behind it comes at once. What follows is due in the
        chain's own time, but not after `not_after_ns`.
        """
        chain, ladder = self._settings.chain(call.chain), self._ladder(call)
        call.parked = False
        if chain is None or ladder is None:  # the settings have it no longer
            self._put(call, None)
            return
        case = self._lead(call, now_ns)
        if case is None:
            if all(self._cases[member].held for member in call.members):
                call.parked = True
                self._put(call, None)
            else:
                self._put(call, now_ns + RECHECK_NS)
            return
        while True:
            level, last = call.level, call.level >= len(ladder.steps)
            people = self._roster.people(chain, ladder, level, case.event, now_ns)
            call.level += 1
            due_ns = None if last else now_ns + ladder.after_ns(level + 1) - ladder.after_ns(level)
            if due_ns is not None and not_after_ns is not None:
                due_ns = min(due_ns, not_after_ns)
            if people or last:
                break
            self._counts.unmanned += 1
        self._counts.unanswered += last
        self._put(call, due_ns)
        told = step_told(self._roster, call, case, people, of=len(ladder.steps) + 1, now_ns=now_ns)
        case.asked += [
            (one.receiver, one.person or "") for one in told if (one.receiver, one.person) not in case.asked
        ]
        call.asked |= dict.fromkeys(people)
        self._counts.calls += len(told)
        out += told

    def _lead(self, call: Call, now_ns: int) -> Case | None:
        """Return the alert that people are called for: of those that nothing holds the gravest, then the oldest."""
        lead: Case | None = None
        for member in call.members:
            case = self._cases[member]
            graver = lead is None or case.grade > lead.grade
            if graver and not case.held and self._why_held(member, now_ns) is None:
                lead = case
        return lead

    def _ladder(self, call: Call) -> Ladder | None:
        chain = self._settings.chain(call.chain)
        return None if chain is None else chain.ladders.get(call.grade)

    def _length(self, call: Call) -> int:
        ladder = self._ladder(call)
        return 0 if ladder is None else len(ladder.steps)

    def _put(self, call: Call, due_ns: int | None) -> None:
        call.due_ns = due_ns
        if due_ns is not None:
            heapq.heappush(self._heap, (due_ns, call.round, call.key))


def _key_of(event: AlertEvent, grade: Grade, chain: str) -> str:
    """Return what the alert's call is known by: red alone, the others of one incident together."""
    incident = event.why.get("incident")
    if grade is Grade.RED or not isinstance(incident, dict):
        return f"alert/{event.id}"
    return f"incident/{incident['id']}/{chain}"
