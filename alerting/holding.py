"""Holding alerts back and letting them go again: shelving, suppression by design, out of service.

Theory of operation. An arrangement belongs to a place and not to an occurrence: what opens while it stands opens held,
is evaluated and recorded, and nobody is told. Without a second person it covers nothing of the safety class; what grows
so grave while it is held escapes. What a person ends returns at once; what ends by time returns gravest first and a set
time apart, so that the end of a shift is no flood.
"""

import heapq
from collections.abc import Mapping
from typing import Any, assert_never

import msgspec

from alerting.alert import Acknowledged, Alert, Key
from alerting.arrangements import RANK, SLOTS, Arrangement
from alerting.commands import OfPlace, PutInService, Shelve, Suppress, TakeOutOfService, Unshelve, Unsuppress
from alerting.events import AlertEvent, State, slot_of
from alerting.lifecycle import Trigger
from alerting.occurrences import NS_PER_S, Due, Occurrences
from alerting.operating import person
from alerting.refusals import (
    in_the_past,
    needs_second_person,
    no_such_place,
    not_held,
    not_open,
    same_person,
    too_long,
    works_begun,
    works_changed,
)
from alerting.texts import both, duration
from alerting.works import Works, begins_ns
from registry.plant import Text

_OPENS = {
    State.SHELVED: Trigger.OPENS_SHELVED,
    State.SUPPRESSED: Trigger.OPENS_SUPPRESSED,
    State.OUT_OF_SERVICE: Trigger.OPENS_OUT_OF_SERVICE,
}
_INTO = {
    State.SHELVED: Trigger.SHELVE,
    State.SUPPRESSED: Trigger.SUPPRESS,
    State.OUT_OF_SERVICE: Trigger.REMOVE,
}
_LEFT = {State.SHELVED: Trigger.LEFT_SHELVED, State.SUPPRESSED: Trigger.LEFT_SUPPRESSED}
_OVER = {
    State.SHELVED: (Trigger.SHELF_OVER, Trigger.SHELF_OVER_LATCHED),
    State.SUPPRESSED: (Trigger.UNSUPPRESS, Trigger.UNSUPPRESS_LATCHED),
    State.OUT_OF_SERVICE: (Trigger.RETURN, Trigger.RETURN_LATCHED),
}
"""How an alert leaves a state of its own accord: while it is active, and behind its latch."""
_ENDED = {
    State.SHELVED: Text("搁置到期", "the shelving has timed out"),
    State.SUPPRESSED: Text("抑制解除", "the suppression is over"),
    State.OUT_OF_SERVICE: Text("停用到期", "the time out of service is over"),
}


class Holding:
    """Begins and ends what holds alerts back."""

    def __init__(self, book: Occurrences) -> None:
        self._book = book
        self._waiting: list[tuple[int, int, str]] = []
        self.works = Works(book, book.settings.planned)
        self.next_return_ns = 0

    def take_over(self, next_return_ns: int) -> None:
        """Go on with this; the arrangements and alerts are in the book already."""
        self.next_return_ns = next_return_ns
        self._waiting = sorted(alert.waits for alert in self._book.alerts if alert.waits is not None)
        for one in self._book.arrangements:
            self._book.set_timer(Due.ARRANGEMENT, one.id, one.until_ns)
        self._set_return()

    def carry_out(self, command: OfPlace, now_ns: int) -> list[AlertEvent]:
        """Carry out a command on a place; raise `CommandRefused`, with nothing changed, where it does not hold."""
        match command:
            case Shelve():
                return self._begin(self._shelving(command, now_ns), now_ns)
            case Unshelve():
                subject, slot = self._place(command)
                alert = self._book.alerts.get((subject, slot))
                if alert is not None and alert.waits is not None and alert.state is State.SHELVED:
                    return self._let_go(alert, State.SHELVED, command.by, now_ns)  # before its turn
                name = f"{State.SHELVED}|slot|{subject}|{slot}|"
                return self._end(name, f"{subject} {slot}", command.by, now_ns)
            case Suppress() | TakeOutOfService():
                return self._hold(command, now_ns)
            case Unsuppress():
                name = f"{State.SUPPRESSED}|{command.place.kind}|{command.place.id}||{command.condition}"
                return self._end(name, command.place.id, command.by, now_ns)
            case PutInService():
                name = f"{State.OUT_OF_SERVICE}|{command.place.kind}|{command.place.id}||{command.permit}"
                return self._put_in(name, command, now_ns)
        assert_never(command)

    def start(self, planned: Arrangement, now_ns: int) -> list[AlertEvent]:
        """Begin what was announced, or what the settings have, unless its time is over."""
        over = planned.until_ns is not None and planned.until_ns <= now_ns
        return [] if over else self._begin(planned, now_ns)

    def time_out(self, name: str, now_ns: int) -> list[AlertEvent]:
        """End an arrangement whose time is over; what it held waits to be let go by `release`."""
        one = self._book.arrangements.find(name)
        if one is None:
            return []
        for alert in self._drop(one):
            alert.waits = (-alert.grade, alert.opened_ns, alert.id)
            heapq.heappush(self._waiting, alert.waits)
        return self._stay(one, now_ns)

    def release(self, now_ns: int) -> list[AlertEvent]:
        """Let go what waits, gravest first and no more than the settings allow at a time."""
        events: list[AlertEvent] = []
        while self._waiting and self.next_return_ns <= now_ns:
            waits = heapq.heappop(self._waiting)
            alert = self._book.alerts.find(waits[2])
            if alert is None or alert.waits != waits:
                continue
            active, latched = _OVER[alert.state]
            notes = {"because": both(_ENDED[alert.state])}
            alert.waits = None
            events += self._move(alert, active if alert.active else latched, now_ns, notes)
            apart_s = self._book.settings.shelving.returns_apart_s
            self.next_return_ns = now_ns + round(apart_s * NS_PER_S)
        self._set_return()
        return events

    def as_held(self, alert: Alert, trigger: Trigger) -> Trigger:
        """Return what moves an alert once its place and how grave it is now are considered."""
        holds = self._book.covering(alert)
        if alert.last is None:
            return _OPENS[holds[0].kind] if holds else trigger
        if alert.held and not holds and trigger in {Trigger.RISE, Trigger.ABNORMAL}:
            return Trigger.ESCAPE if trigger is Trigger.RISE else Trigger.ESCAPE_AGAIN
        if trigger is Trigger.NORMAL and alert.latching:
            return Trigger.NORMAL_LATCHED
        if trigger is Trigger.NORMAL and alert.state is State.SHELVED and self._one_shot(alert) is not None:
            return Trigger.NORMAL_ONCE
        return trigger

    def spend(self, alert: Alert) -> None:
        """End the one-shot shelving of an alert that returned to normal."""
        one = self._one_shot(alert)
        assert one is not None, "only a one-shot shelving is spent"
        self._book.arrangements.drop(one)
        self._book.set_timer(Due.ARRANGEMENT, one.id, None)

    def _one_shot(self, alert: Alert) -> Arrangement | None:
        shelving = (one for one in self._book.covering(alert) if one.kind is State.SHELVED)
        return next((one for one in shelving if one.one_shot), None)

    def _shelving(self, command: Shelve, now_ns: int) -> Arrangement:
        subject, slot = self._place(command)
        rules = self._book.settings.shelving
        for_s = command.for_s
        if for_s is None:
            for_s = rules.longest_s if command.one_shot else rules.default_s
        if not 0 < for_s <= rules.longest_s:
            raise too_long(duration(rules.longest_s))
        i = self._book.registry.index.get(subject)
        safe = i is not None and self._book.registry.specs[i].type in self._book.settings.safety.types
        self._check_second(command.by, command.second, [(subject, slot)], of_safety=safe)
        return Arrangement(
            kind=State.SHELVED,
            place_kind="slot",
            place=subject,
            slot=slot,
            by=command.by,
            second=command.second,
            reason=command.reason,
            since_ns=now_ns,
            until_ns=now_ns + round(for_s * NS_PER_S),
            one_shot=command.one_shot,
        )

    def _hold(self, command: Suppress | TakeOutOfService, now_ns: int) -> list[AlertEvent]:
        """Begin what holds a place, or note works for when they begin; what was announced of their permit counts no more."""
        since_ns = now_ns if isinstance(command, Suppress) else begins_ns(command, now_ns)
        one = self._design(command, since_ns, now_ns)
        if isinstance(command, TakeOutOfService) and command.replaces is not None:
            one = self._changed(one, command.replaces, now_ns)
        if since_ns > now_ns:
            self.works.announce(one)
            return []
        self.works.drop(one.id)
        return self._begin(one, now_ns)

    def _changed(self, one: Arrangement, version: str, now_ns: int) -> Arrangement:
        """Return the works that take the place of those of a version; works that have begun go on since when they did.

        Works of the alarms file are withdrawn, or they would begin beside these, also after a restart.
        """
        standing = self._book.arrangements.find(one.id)
        if standing is not None and standing.version(begun=True) == version:
            if one.since_ns > now_ns:
                raise works_begun(one.name)
            one = msgspec.structs.replace(one, since_ns=standing.since_ns)
        elif not any(
            was.id == one.id and was.version(begun=False) == version for was in self.works.ahead(now_ns)
        ):
            raise works_changed(one.name)
        self.works.withdraw(one.id)
        return one

    def _put_in(self, name: str, command: PutInService, now_ns: int) -> list[AlertEvent]:
        """End the works of a permit at a place, and withdraw what is announced of them."""
        if self._book.arrangements.find(name) is not None:
            events = self._end(name, command.place.id, command.by, now_ns)
        elif any(one.id == name for one in self.works.ahead(now_ns)):
            events = []
        else:
            raise not_held(command.place.id)
        self.works.withdraw(name)
        return events

    def _design(self, command: Suppress | TakeOutOfService, since_ns: int, now_ns: int) -> Arrangement:
        one = Arrangement(
            kind=State.SUPPRESSED if isinstance(command, Suppress) else State.OUT_OF_SERVICE,
            place_kind=command.place.kind,
            place=command.place.id,
            name=command.condition if isinstance(command, Suppress) else command.permit,
            by=command.by,
            second=command.second,
            reason=command.reason,
            since_ns=since_ns,
            until_ns=command.until_ns,
        )
        sensors = self._book.arrangements.sensors_of(one.place_kind, one.place)
        if not sensors:
            raise no_such_place(one.place)
        if one.until_ns is not None and one.until_ns <= now_ns:
            raise in_the_past()
        types = {self._book.registry.specs[i].type for i in sensors}
        safe = types <= self._book.settings.safety.types
        # What is open now may be over when announced works begin; what is open then is held as far as one person's word goes.
        keys = self._book.arrangements.keys_of(one) if since_ns == now_ns else []
        self._check_second(one.by, one.second, keys, of_safety=safe)
        return one

    def _check_second(self, by: str, second: str, keys: list[Key], *, of_safety: bool) -> None:
        if second == by:
            raise same_person(by)
        if second:
            return
        open_there = (self._book.alerts.get(key) for key in keys)
        if of_safety or any(alert is not None and self._book.is_safety(alert) for alert in open_there):
            raise needs_second_person()

    def _place(self, command: Shelve | Unshelve) -> Key:
        if command.alert is not None:
            alert = self._book.alerts.find(command.alert)
            if alert is None:
                raise not_open(command.alert)
            return alert.subject, slot_of(alert.kind)
        sensor = command.sensor or ""
        if sensor not in self._book.registry.index or command.slot not in SLOTS:
            raise no_such_place(f"{sensor} {command.slot}")
        return sensor, command.slot

    def _begin(self, one: Arrangement, now_ns: int) -> list[AlertEvent]:
        """Let an arrangement stand, and hold what is open at its place as far as it covers that."""
        self._book.arrangements.add(one)
        self._book.set_timer(Due.ARRANGEMENT, one.id, one.until_ns)
        notes = person(one.by, now_ns, one.reason, one.second)
        events: list[AlertEvent] = []
        for key in self._book.arrangements.keys_of(one):
            alert = self._book.alerts.get(key)
            if alert is None or one not in (holds := self._book.covering(alert)):
                continue
            alert.waits = None
            trigger = _into(alert.state, holds[0].kind, again=holds[0] is one)
            if trigger is not None:
                events += self._move(alert, trigger, now_ns, notes)
        return events

    def _end(self, name: str, what: str, by: str, now_ns: int) -> list[AlertEvent]:
        """End an arrangement by hand."""
        one = self._book.arrangements.find(name)
        if one is None:
            raise not_held(what)
        events: list[AlertEvent] = []
        for alert in self._drop(one):
            events += self._let_go(alert, one.kind, by, now_ns)
        return events + self._stay(one, now_ns)

    def _let_go(self, alert: Alert, kind: State, by: str, now_ns: int) -> list[AlertEvent]:
        """Let an alert return that nothing holds any more, because a person says so; who unshelves has seen it."""
        active, latched = _OVER[alert.state]
        if kind is State.SHELVED:
            active, latched = Trigger.UNSHELVE, Trigger.UNSHELVE_LATCHED
            alert.acknowledged = Acknowledged(by, now_ns, "")
        return self._move(alert, active if alert.active else latched, now_ns, person(by, now_ns, ""))

    def _drop(self, one: Arrangement) -> list[Alert]:
        """Let an arrangement stand no more; return the alerts that nothing else holds, and let the others stay held."""
        self._book.arrangements.drop(one)
        self._book.set_timer(Due.ARRANGEMENT, one.id, None)
        free: list[Alert] = []
        for key in self._book.arrangements.keys_of(one):
            alert = self._book.alerts.get(key)
            if alert is not None and alert.state is one.kind and not self._book.covering(alert):
                free.append(alert)
        return free

    def _stay(self, one: Arrangement, now_ns: int) -> list[AlertEvent]:
        """Give the alerts of a place that another arrangement still holds the state of that one."""
        events: list[AlertEvent] = []
        for key in self._book.arrangements.keys_of(one):
            alert = self._book.alerts.get(key)
            holds = [] if alert is None else self._book.covering(alert)
            if alert is not None and holds and alert.held and RANK[holds[0].kind] < RANK[alert.state]:
                events += self._move(alert, _LEFT[holds[0].kind], now_ns, {})
        return events

    def _move(
        self, alert: Alert, trigger: Trigger, now_ns: int, notes: Mapping[str, Any]
    ) -> list[AlertEvent]:
        return self._book.follow(alert, trigger, now_ns, self._book.by_person(alert, now_ns), notes)

    def _set_return(self) -> None:
        self._book.set_timer(Due.RETURN, "", self.next_return_ns if self._waiting else None)


def _into(state: State, strongest: State, *, again: bool) -> Trigger | None:
    """Return what brings an alert into the state of the strongest arrangement; None where it is in it already.

    `again`: a shelving is told also where another one is what it takes the place of.
    """
    if state is strongest:
        return Trigger.SHELVE if again and strongest is State.SHELVED else None
    if RANK.get(state, 0) > RANK[strongest]:
        return _LEFT[strongest]
    return _INTO[strongest]
