"""Whether a receiver that a route names is told of an event, when, and why or why not; it changes nothing.

What holds an event back is looked for in this order: the alert's own state (shelved, suppressed by design, out of
service), silences, inhibition, the route's times, the receiver's list of events, its limit. A red alert is held back by its
own state and by a silence of two people alone. What takes back what was told (a recovery, a closing, a shelving) goes past
all of it to those who were told.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from alerting.dispatch_state import Group, Tracked
from alerting.events import AlertEvent, Event, Grade
from alerting.groups import due_ns, key_of
from alerting.inhibition import Inhibition
from alerting.limits import Limits
from alerting.routing import Labels, Match, Route, Router
from alerting.silences import Silences
from alerting.texts import rfc3339
from alerting.throttle import RISING, decide
from registry.plant import Text

HOLDING_STATES: Mapping[str, Text] = {
    "shelved": Text("报警已搁置", "the alert is shelved"),
    "suppressed": Text("报警按设计抑制", "the alert is suppressed by design"),
    "out_of_service": Text("报警已停用", "the alert is out of service"),
}
ACTIVE = frozenset({"unack", "acked"})
STANDING = ACTIVE | {"lunak", "lackd"}
CALLING = frozenset({"unack", "lunak"})
"""States in which something stands that nobody has acknowledged."""
RETURNING = frozenset({"unshelved", "unsuppressed", "in_service"})
TAKING_BACK = frozenset({"cleared", "closed", "shelved", "suppressed", "out_of_service"})
ENDING = frozenset({"cleared", "closed"})
OWN_STATE = "state"
_RED = Grade.RED.label

Hold = tuple[str, Text]
"""The name of what holds an alert back, and why."""


class Verdict(StrEnum):
    """What becomes of an event at one receiver."""

    TELL = "tell"
    JOIN = "join"
    LEAVE = "leave"
    LIMIT = "limit"
    HOLD = "hold"


class Row(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The verdict on one match. `when_ns`: when the receiver is told, None where it is not.

    `hold` names what holds it back, where that ends some time; `owes` says that the receiver is then told.
    """

    verdict: Verdict
    match: Match
    reason: Text
    when_ns: int | None = None
    hold: str | None = None
    owes: bool = False


def calls(event: AlertEvent) -> bool:
    """Return whether an event calls for somebody: something is new, graver, or back and still not acknowledged."""
    return event.event in RISING or (event.event in RETURNING and event.state in CALLING)


def _is_owed(tracked: Tracked, path: str, event: AlertEvent) -> bool:
    """Return whether an alert that stands is to be told because it was held back; acknowledged, its state made it so."""
    owed = tracked.owed.get(path)
    if owed is None:
        return False
    return event.state in (CALLING if owed.hold == OWN_STATE else STANDING)


class Judge:
    """Judges events by the settings and by what stands, which belongs to the dispatcher."""

    def __init__(
        self,
        *,
        router: Router,
        events_of: Mapping[str, frozenset[Event]],
        silences: Silences,
        inhibition: Inhibition,
        limits: Limits,
        groups: Mapping[str, Group],
    ) -> None:
        self._router = router
        self._events_of = events_of
        self._silences = silences
        self._inhibition = inhibition
        self._limits = limits
        self._groups = groups

    def rows(self, event: AlertEvent, labels: Labels, tracked: Tracked, now_ns: int) -> list[Row]:
        """Return the verdict on every match of an event, then on those who are told of its end beside the tree."""
        by_path: dict[str, str] = {}
        rows: list[Row] = []
        everywhere = self._hold_everywhere(event, labels)
        for found in self._router.match(labels):
            row = self._row(
                event, labels, tracked, found, by_path=by_path, everywhere=everywhere, now_ns=now_ns
            )
            rows.append(row)
            if row.verdict is not Verdict.HOLD and found.receiver is not None:
                by_path[found.receiver] = found.path
        if event.event in ENDING:
            rows += self._told_before(event, tracked, rows, now_ns)
        return rows

    def hold_of(self, event: AlertEvent, labels: Labels, route: Route | None, now_ns: int) -> Hold | None:
        """Return what holds an alert back from this route (None: from every one), and why."""
        return self._muted(event, self._hold_everywhere(event, labels), route, now_ns)

    def _hold_everywhere(self, event: AlertEvent, labels: Labels) -> Hold | None:
        own = HOLDING_STATES.get(event.state)
        if own is not None:
            return OWN_STATE, own
        silenced = self._silences.hold_of(labels, event.grade)
        if silenced is not None or event.grade == _RED:
            return silenced
        return self._inhibition.hold_of(event.id, labels)

    @staticmethod
    def _muted(event: AlertEvent, everywhere: Hold | None, route: Route | None, now_ns: int) -> Hold | None:
        """Return the hold of the route's own times where nothing holds the alert back everywhere."""
        if everywhere is not None or route is None or event.grade == _RED:
            return everywhere
        muted = route.muted(now_ns) if route.mute or route.active else None
        return None if muted is None else (f"mute:{route.path}", muted[1])

    def _row(
        self,
        event: AlertEvent,
        labels: Labels,
        tracked: Tracked,
        found: Match,
        *,
        by_path: Mapping[str, str],
        everywhere: Hold | None,
        now_ns: int,
    ) -> Row:
        receiver, path = found.receiver, found.path
        name = event.event
        decision = decide(name, event.grade, found, self._events_of, by_path)
        if receiver is None or receiver in by_path:
            return Row(verdict=Verdict.HOLD, match=found, reason=decision.reason)
        takes_back = name in TAKING_BACK and receiver in tracked.told
        if not takes_back:
            waits = path in tracked.owed or path in tracked.groups or self._limits.holds(receiver, event.id)
            grouped = found.route.grouping is not None
            if name in ENDING and (waits or grouped):
                text = Text(
                    "此前未通知发生，无需通知恢复", "it was not told of the alert: nothing to take back"
                )
                return Row(verdict=Verdict.HOLD, match=found, reason=text)
            held = self._muted(event, everywhere, found.route, now_ns)
            if held is not None:
                owes = calls(event) or path in tracked.owed
                return Row(verdict=Verdict.HOLD, match=found, reason=held[1], hold=held[0], owes=owes)
        owed = _is_owed(tracked, path, event)
        came_back = event.event in RETURNING and event.state in CALLING
        if owed or came_back:
            reason = Text("曾被保留，现仍未恢复", "it was held back before, and it still stands")
        elif decision.send:
            reason = decision.reason
        else:
            return Row(verdict=Verdict.HOLD, match=found, reason=decision.reason)
        if found.route.grouping is not None:
            return self._grouped(event, labels, found, reason, now_ns=now_ns, urgent=owed or came_back)
        return self._limited(event, found, reason, now_ns=now_ns, free=takes_back)

    def _limited(self, event: AlertEvent, found: Match, reason: Text, *, now_ns: int, free: bool) -> Row:
        assert found.receiver is not None
        room_ns = None if free or event.grade == _RED else self._limits.free_ns(found.receiver, now_ns)
        if room_ns is None:
            return Row(verdict=Verdict.TELL, match=found, reason=reason, when_ns=now_ns)
        limit, at = self._limits.reason(found.receiver), rfc3339(room_ns)
        text = Text(f"{limit.zh}，{at} 起汇总通知", f"{limit.en}; in its digest from {at} on")
        return Row(verdict=Verdict.LIMIT, match=found, reason=text, when_ns=room_ns)

    def _grouped(
        self, event: AlertEvent, labels: Labels, found: Match, reason: Text, *, now_ns: int, urgent: bool
    ) -> Row:
        grouping = found.route.grouping
        assert grouping is not None
        if event.event == Event.CLEARED:
            return Row(verdict=Verdict.LEAVE, match=found, reason=reason, when_ns=now_ns)
        if event.state not in STANDING:
            over = Text("报警已恢复，不再属于任何组", "the alert is over: it is in no group any more")
            return Row(verdict=Verdict.HOLD, match=found, reason=HOLDING_STATES.get(event.state, over))
        at_ns = due_ns(self._groups.get(key_of(found.route, labels)), grouping, now_ns, changed=True)
        assert at_ns is not None
        if urgent or (event.grade == _RED and calls(event)) or at_ns <= now_ns:
            row = self._limited(event, found, reason, now_ns=now_ns, free=False)
            return msgspec.structs.replace(row, verdict=Verdict.JOIN) if row.verdict is Verdict.TELL else row
        at = rfc3339(at_ns)
        text = Text(f"{reason.zh}；与同组报警一并于 {at} 通知", f"{reason.en}; told with its group at {at}")
        return Row(verdict=Verdict.JOIN, match=found, reason=text, when_ns=at_ns)

    def _told_before(self, event: AlertEvent, tracked: Tracked, rows: list[Row], now_ns: int) -> list[Row]:
        """Return a row for each receiver that was told of the alert and that no route leads to any more."""
        reached = {row.match.receiver for row in rows}
        name = Event(event.event)
        more = []
        for receiver, (path, _) in tracked.told.items():
            if receiver in reached or name not in self._events_of.get(receiver, ()):
                continue
            route = self._router.routes.get(path) or Route(path=path, receiver=receiver)
            grouped = route.grouping is not None and path in tracked.groups
            if grouped and name is not Event.CLEARED:
                continue
            reason = Text(f"曾由 {path} 通知其发生", f"it was told of the alert by way of {path}")
            verdict = Verdict.LEAVE if grouped else Verdict.TELL
            more.append(Row(verdict=verdict, match=Match(route, reason), reason=reason, when_ns=now_ns))
        return more
