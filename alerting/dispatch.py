"""From alert events to notifications: who is told of each, by which route and why, and who is not, until when.

Theory of operation. The dispatcher is a fold over events, commands and times. `alerting.verdicts` says of each event what
becomes of it at each receiver that the tree leads to, and this module does it: it tells, lets the alert join or leave a
group, keeps it for a receiver's digest, or notes that the receiver is owed it by name of what holds it back (a silence, an
inhibition, a mute time). What ends a hold goes through the alerts of that hold alone, and tells of those that still stand.
So the work of an event does not grow with the number of open alerts.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from alerting.commands import EndSilence, RoutingCommand, Silence
from alerting.dispatch_state import DispatchState, Owed, Tracked, decode_state, encode_state
from alerting.events import AlertEvent, Event
from alerting.explain import Explained, explained
from alerting.groups import MOST_CHANGED
from alerting.inhibition import Inhibition
from alerting.later import Later
from alerting.limits import Limits
from alerting.notes import gravest, lines, of_several, single
from alerting.notification import Notification
from alerting.notify.settings import MqttSettings
from alerting.routes import Routes
from alerting.routing import Labels, Router
from alerting.silences import EndedSilence, Silences, SilenceView
from alerting.texts import rfc3339
from alerting.verdicts import (
    ACTIVE,
    CALLING,
    HOLDING_STATES,
    OWN_STATE,
    STANDING,
    Judge,
    Row,
    Verdict,
    calls,
)
from alerting.waiting import DIGEST, GROUP, RELEASE, SILENCE_END, SILENCE_NOTICE, Waiting
from registry.plant import Text
from registry.sensors import SensorRegistry


class Dispatcher:
    """Decides for each event who is told, and tells later what had to wait; pure, its state is a fold."""

    def __init__(self, routes: Routes, registry: SensorRegistry) -> None:
        self._settings = routes.print_of()
        self._router = Router(routes.root, registry)
        self._silences = Silences()
        self._inhibition = Inhibition(routes.inhibit)
        self._limits = Limits(routes.limits)
        self._waiting = Waiting(self._router)
        events_of = {name: settings.events for name, settings in routes.receivers.items()}
        self._judge = Judge(
            router=self._router,
            events_of=events_of,
            silences=self._silences,
            inhibition=self._inhibition,
            limits=self._limits,
            groups=self._waiting.groups,
        )
        self._single = frozenset(
            name for name, made in routes.receivers.items() if isinstance(made, MqttSettings)
        )
        self._later = Later(
            router=self._router, judge=self._judge, limits=self._limits, waiting=self._waiting
        )
        self._fire: Mapping[int, Callable[[str, int], list[Notification]]] = {
            SILENCE_END: self._end_silence,
            SILENCE_NOTICE: self._announce,
            RELEASE: self._later.fire_release,
            GROUP: self._later.fire_group,
            DIGEST: self._later.fire_digest,
        }
        self._now_ns = 0

    def offer(
        self, events: Sequence[AlertEvent], now_ns: int
    ) -> tuple[Sequence[AlertEvent], list[Notification]]:
        """Put ``told`` and ``held`` into each event's `why`; return the events and the notifications, in order."""
        self._now_ns = now_ns
        notifications: list[Notification] = []
        for event in events:
            notifications += self._take(event, now_ns)
        return events, notifications

    def tick(self, now_ns: int) -> list[Notification]:
        """Fire what is due up to `now_ns`, each at its own time."""
        notifications: list[Notification] = []
        while (fired := self._waiting.timers.pop(now_ns)) is not None:
            due, (kind, name) = fired
            self._now_ns = due
            notifications += self._fire[kind](name, due)
        return notifications

    def next_deadline_ns(self) -> int | None:
        """Return when something is due, None where nothing waits."""
        return self._waiting.timers.next_ns()

    def command(self, command: RoutingCommand, now_ns: int) -> list[Notification]:
        """Begin or end a silence; raise `CommandRefused`, with nothing changed, where it does not hold."""
        match command:
            case Silence():
                row = self._silences.begin(command, now_ns)
                self._now_ns = now_ns
                self._waiting.timers.set((SILENCE_END, row.id), row.until_ns)
                self._waiting.timers.set((SILENCE_NOTICE, row.id), row.notice_ns)
                for tracked in self._waiting.open.values():
                    self._hush(tracked, row.id)
                return []
            case EndSilence():
                name = self._silences.check_end(command).id
                self._now_ns = now_ns
                self._waiting.timers.drop((SILENCE_END, name))
                self._waiting.timers.drop((SILENCE_NOTICE, name))
                return self._end_silence(name, now_ns, command)

    def silences(self) -> tuple[SilenceView, ...]:
        """Return the silences in force, with how many alerts each holds back."""
        return tuple(
            SilenceView(row, len(self._waiting.held.get(row.hold, ()))) for row in self._silences.rows()
        )

    def silences_ended(self) -> tuple[EndedSilence, ...]:
        """Return the silences that ended lately, in the order in which they ended."""
        return tuple(self._silences.ended())

    def why_held(self, alert_id: str, now_ns: int) -> Text | None:
        """Return why nobody is told of an open alert now; None where somebody is, or it is not open.

        A route that is mute holds it back only where every route with a receiver is.
        """
        tracked = self._waiting.open.get(alert_id)
        return None if tracked is None else self.hold_on(tracked.event, now_ns)

    def hold_on(self, event: AlertEvent, now_ns: int) -> Text | None:
        """Return why nobody is told of such an alert now, open or not; as `why_held`."""
        labels = self._router.labels(event)
        held = self._judge.hold_of(event, labels, None, now_ns)
        if held is not None:
            return held[1]
        found = [one.route for one in self._router.match(labels) if one.receiver is not None]
        reasons = [self._judge.hold_of(event, labels, route, now_ns) for route in found]
        missing = [reason for reason in reasons if reason is not None]
        return missing[0][1] if missing and len(missing) == len(reasons) else None

    def explain(self, event: AlertEvent, now_ns: int) -> tuple[Explained, ...]:
        """Return what would become of an event at `now_ns`, by every route of the tree; it changes nothing."""
        labels = self._router.labels(event)
        tracked = self._waiting.open.get(event.id) or Tracked(event, event.seq)
        return explained(self._router.root, labels, self._judge.rows(event, labels, tracked, now_ns))

    def snapshot(self) -> bytes:
        """Return the whole state; `restore` of it continues as if nothing had been between."""
        return encode_state(
            DispatchState(
                open=self._waiting.open,
                held=self._waiting.held,
                groups=list(self._waiting.groups.values()),
                digests=self._limits.digests,
                silences=self._silences.rows(),
                silences_ended=self._silences.ended(),
                silences_made=self._silences.made,
                sources=self._inhibition.sources(),
                timers=self._waiting.timers.entries(),
                settings=self._settings,
                now_ns=self._now_ns,
            )
        )

    def restore(self, body: bytes) -> None:
        """Take over a snapshot; raise `alerting.book_state.SnapshotError`, with nothing changed, where it is none.

        Where the routes are other ones now, what had to wait by the old ones is offered to the new ones at once.
        """
        state = decode_state(body)
        self._waiting.open, self._waiting.held = state.open, state.held
        self._waiting.groups.clear()
        self._waiting.groups.update({group.key: group for group in state.groups})
        self._limits.digests = state.digests
        self._silences.restore(state.silences, state.silences_ended, state.silences_made)
        standing = [self._waiting.open[name].event for name in state.sources]
        self._inhibition.restore([(event.id, self._router.labels(event)) for event in standing])
        self._waiting.timers.restore({(kind, name): due for kind, name, due in state.timers})
        self._now_ns = state.now_ns
        if state.settings != self._settings:
            in_digests = [name for digest in self._limits.digests.values() for name in digest.held]
            for receiver in self._limits.digests:
                self._limits.take(receiver)
            self._waiting.reroute(state.now_ns, frozenset(in_digests))

    # ---- one event ---------------------------------------------------------------------------------------

    def _take(self, event: AlertEvent, now_ns: int) -> list[Notification]:
        tracked = self._waiting.open.get(event.id)
        if tracked is None:
            tracked = self._waiting.open[event.id] = Tracked(event, event.seq)
        labels = self._router.labels(event)
        rows = self._judge.rows(event, labels, tracked, now_ns)
        told: list[Row] = []
        held: list[Row] = []
        for row in rows:
            (told if row.verdict in _TOLD_AT_ONCE and row.when_ns == now_ns else held).append(row)
        event.why["told"], event.why["held"] = lines(told), lines(held)
        tracked.event = event
        self._limits.note(event)
        notes: list[Notification] = []
        body = b""
        for row in rows:
            if row.verdict is Verdict.TELL:
                body = body or event.line()
                notes.append(self._tell(tracked, row, body, now_ns))
            else:
                notes += self._wait(tracked, row, labels, now_ns)
        if event.state not in HOLDING_STATES:
            for path in [path for path, owed in tracked.owed.items() if owed.hold == OWN_STATE]:
                self._waiting.disown(tracked, path)  # it is back, and was told of above if anybody is to act
        freed = self._note_standing(event, labels)
        if event.event == Event.CLEARED:
            self._waiting.disown_all(tracked)
        if event.event == Event.CLOSED:
            self._waiting.forget(tracked)
        for hold in freed:
            over = Text("抑制它的报警已恢复，现仍未恢复", "what held it back is over, and it still stands")
            notes += self._later.release(hold, over, now_ns)
        return notes

    def _note_standing(self, event: AlertEvent, labels: Labels) -> list[str]:
        """Note whether the alert holds back others now; return the holds that ended."""
        if event.state in ACTIVE:
            return self._inhibition.stands(event.id, labels)
        return self._inhibition.gone(event.id)

    def _tell(self, tracked: Tracked, row: Row, body: bytes, now_ns: int) -> Notification:
        event, receiver, path = tracked.event, row.match.receiver, row.match.path
        assert receiver is not None
        self._waiting.disown(tracked, path)
        self._limits.told(receiver, event.id)
        self._limits.sent(receiver, now_ns)
        if event.state in STANDING:
            tracked.told[receiver] = (path, event.seq)
        return single(event, receiver, body, row.reason, time=event.time, route=path)

    def _wait(self, tracked: Tracked, row: Row, labels: Labels, now_ns: int) -> list[Notification]:
        receiver, path = row.match.receiver, row.match.path
        if receiver is None:
            return []
        match row.verdict:
            case Verdict.JOIN:
                self._waiting.disown(tracked, path)
                group = self._waiting.join(tracked, row.match.route, labels, now_ns)
                if row.when_ns == now_ns:
                    return self._later.flush(group, now_ns, row.reason)
                self._waiting.schedule(group, now_ns)
            case Verdict.LEAVE:
                return self._later.leave(tracked, row, labels, now_ns)
            case Verdict.LIMIT:
                self._waiting.disown(tracked, path)
                self._later.limit(receiver, path, tracked.event, now_ns)
            case Verdict.HOLD:
                if row.owes and row.hold is not None:
                    self._owe(tracked, path, receiver, row.hold, now_ns)
                elif path in tracked.groups and tracked.event.state not in STANDING:
                    self._waiting.drop_member(tracked, path)
        return []

    def _owe(self, tracked: Tracked, path: str, receiver: str, hold: str, now_ns: int) -> None:
        """Note that the receiver is owed the newest event that called for somebody."""
        event, before = tracked.event, tracked.owed.get(path)
        if event.event == Event.REOPENED:
            tracked.told.pop(receiver, None)  # its end is news to those alone who hear of this beginning
        if before is None or calls(event):
            owed = Owed(receiver, hold, event.event, event.seq)
        else:
            owed = msgspec.structs.replace(before, hold=hold)
        self._waiting.own(tracked, path, owed, now_ns)

    def _hush(self, tracked: Tracked, silence: str) -> None:
        """Note that a new silence holds back an alert that calls for somebody: it is told again when that ends."""
        event, row = tracked.event, self._silences.get(silence)
        labels = self._router.labels(event)
        if event.state not in CALLING or not self._silences.may_hold(row, event.grade):
            return
        if not self._silences.matches(silence, labels):
            return
        for found in self._router.match({**labels, "event": (Event.OPENED,)}):
            receiver = found.receiver
            if receiver is not None and found.path not in tracked.owed:
                told = receiver in tracked.told
                owed = Owed(receiver, row.hold, Event.OPENED, event.seq, again=told)
                self._waiting.own(tracked, found.path, owed, self._now_ns)

    def _end_silence(self, name: str, now_ns: int, command: EndSilence | None = None) -> list[Notification]:
        row = self._silences.take_out(name, now_ns, command)
        why = Text(f"静默 {name} 已结束，现仍未恢复", f"silence {name} is over, and it still stands")
        return self._later.release(row.hold, why, now_ns)

    def _announce(self, name: str, now_ns: int) -> list[Notification]:
        """Announce the end of a silence to those from whom it holds something back."""
        row = self._silences.get(name)
        at = rfc3339(row.until_ns)
        why = Text(f"静默 {name}（{row.by}）将于 {at} 结束", f"silence {name} of {row.by} ends at {at}")
        concerned: dict[str, list[AlertEvent]] = {}
        for alert in self._waiting.held.get(row.hold, ()):
            tracked = self._waiting.open[alert]
            for receiver in dict.fromkeys(o.receiver for o in tracked.owed.values() if o.hold == row.hold):
                if receiver not in self._single:
                    concerned.setdefault(receiver, []).append(tracked.event)
        return [
            of_several(
                subject=name,
                receiver=receiver,
                labels={"silence": name},
                events=gravest(events),
                omitted=max(0, len(events) - MOST_CHANGED),
                why=why,
                now_ns=now_ns,
                step="notice",
                status="silence_ending",
            )
            for receiver, events in concerned.items()
        ]


_TOLD_AT_ONCE = frozenset({Verdict.TELL, Verdict.JOIN, Verdict.LEAVE})
