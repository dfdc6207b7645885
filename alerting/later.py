"""What is told later than its event: groups at their times, what a hold gave back, and digests."""

import msgspec

from alerting.dispatch_state import Group, Owed, Tracked
from alerting.events import AlertEvent, Event, Grade
from alerting.groups import MOST_CHANGED, NS_PER_S, alongside, group_labels, key_for
from alerting.limits import Limits
from alerting.notes import gravest, of_several, single
from alerting.notification import Notification
from alerting.routing import Labels, Route, Router
from alerting.texts import both, rfc3339
from alerting.verdicts import CALLING, HOLDING_STATES, STANDING, Judge, Row
from alerting.waiting import AFTER_RELOAD, DIGEST, RELEASE, Waiting
from registry.plant import Text

_STILL_OWED = STANDING | frozenset(HOLDING_STATES)


class Later:
    """Tells what waits, and notes that it was told; what waits is remembered by `waiting` and `limits`."""

    def __init__(self, *, router: Router, judge: Judge, limits: Limits, waiting: Waiting) -> None:
        self._router = router
        self._judge = judge
        self._limits = limits
        self._waiting = waiting

    def release(self, hold: str, why: Text, now_ns: int) -> list[Notification]:
        """Tell of the alerts that `hold` held back and nothing else does; groups once each."""
        notes: list[Notification] = []
        groups: dict[str, Group] = {}
        for name in list(self._waiting.held.get(hold, ())):
            tracked = self._waiting.open[name]
            for path, owed in list(tracked.owed.items()):
                if owed.hold == hold:
                    self._waiting.disown(tracked, path)
                    notes += self._retell(tracked, path, owed, why=why, groups=groups, now_ns=now_ns)
        for group in groups.values():
            notes += self.flush(group, now_ns, why)
        return notes

    def _retell(
        self, tracked: Tracked, path: str, owed: Owed, *, why: Text, groups: dict[str, Group], now_ns: int
    ) -> list[Notification]:
        event, receiver = tracked.event, owed.receiver
        labels = {**self._router.labels(event), "event": (owed.event,)}
        route = next((found.route for found in self._router.match(labels) if found.path == path), None)
        if route is None or event.state not in (CALLING if owed.again else _STILL_OWED):
            return []
        held = self._judge.hold_of(event, labels, route, now_ns)
        if held is not None:
            self._waiting.own(tracked, path, msgspec.structs.replace(owed, hold=held[0]), now_ns)
            return []
        if not owed.again and tracked.told.get(receiver, ("", -1))[1] >= owed.seq:
            return []
        if route.grouping is not None:
            group = self._waiting.join(tracked, route, labels, now_ns)
            groups[group.key] = group
            return []
        if event.grade != Grade.RED.label and self._limits.free_ns(receiver, now_ns) is not None:
            self.limit(receiver, path, event, now_ns)
            return []
        tracked.told[receiver] = (path, event.seq)
        self._limits.sent(receiver, now_ns)
        row = {"receiver": receiver, "route": path, "reason": both(why)}
        line = msgspec.structs.replace(event, why={**event.why, "told": [row], "held": []}).line()
        return [single(event, receiver, line, why, time=rfc3339(now_ns), route=path, step=f"held|{now_ns}")]

    def leave(self, tracked: Tracked, row: Row, labels: Labels, now_ns: int) -> list[Notification]:
        """Tell a group's receiver at once that one of its alerts is over."""
        route, event = row.match.route, tracked.event
        key = tracked.groups.get(route.path)
        group = self._waiting.groups[key] if key is not None else None
        if group is None:
            assert route.grouping is not None
            assert route.receiver is not None
            shared = group_labels(route.grouping, labels)
            group = Group(key_for(route.path, shared), route.path, route.receiver, shared, now_ns)
        else:
            self._waiting.drop_member(tracked, route.path)
        return self.flush(group, now_ns, row.reason, leaving=event)

    def flush(
        self, group: Group, now_ns: int, why: Text, leaving: AlertEvent | None = None
    ) -> list[Notification]:
        """Tell a group's receiver of what changed, of what leaves it, or again of what stands."""
        route = self._router.routes[group.path]
        changed = self._let_through(group, route, now_ns)
        grouping = route.grouping
        assert grouping is not None
        repeat_s, group.flushed_ns = grouping.repeat_interval_s, now_ns
        repeats = (
            repeat_s is not None
            and group.told_ns is not None
            and now_ns >= group.told_ns + int(repeat_s * NS_PER_S)
        )
        beside = [self._waiting.open[name].event for name in alongside(group, changed)]
        others = [e for e in beside if group.members[e.id] and not self._is_held(e, route, now_ns)]
        red = any(event.grade == Grade.RED.label for event in changed.values())
        notes: list[Notification] = []
        if leaving is None and not red and self._limits.free_ns(group.receiver, now_ns) is not None:
            for event in changed.values():
                self.limit(group.receiver, group.path, event, now_ns)
        elif changed or leaving is not None or (repeats and others):
            notes = [
                self._group_note(
                    group,
                    changed=list(changed.values()),
                    others=others,
                    leaving=leaving,
                    why=why,
                    now_ns=now_ns,
                )
            ]
        self._waiting.schedule(group, now_ns)
        return notes

    def _let_through(self, group: Group, route: Route, now_ns: int) -> dict[str, AlertEvent]:
        """Return what changed and may be told; what is held back by now is owed."""
        passed: dict[str, AlertEvent] = {}
        for name in list(group.changed):
            tracked = self._waiting.open[name]
            event = tracked.event
            held = self._judge.hold_of(event, self._router.labels(event), route, now_ns)
            if held is None:
                passed[name] = event
                continue
            if not group.members[name]:
                self._waiting.drop_member(tracked, group.path)
            self._waiting.own(
                tracked, group.path, Owed(group.receiver, held[0], Event.OPENED, event.seq), now_ns
            )
        group.changed.clear()
        return passed

    def _is_held(self, event: AlertEvent, route: Route, now_ns: int) -> bool:
        return self._judge.hold_of(event, self._router.labels(event), route, now_ns) is not None

    def _group_note(
        self,
        group: Group,
        *,
        changed: list[AlertEvent],
        others: list[AlertEvent],
        leaving: AlertEvent | None,
        why: Text,
        now_ns: int,
    ) -> Notification:
        for event in changed:
            group.members[event.id] = True
            self._waiting.open[event.id].told[group.receiver] = (group.path, event.seq)
            self._limits.told(group.receiver, event.id)
        group.told_ns = now_ns
        group.count += 1
        self._limits.sent(group.receiver, now_ns)
        listed = sorted([*gravest(changed), *others], key=lambda event: self._waiting.open[event.id].ordinal)
        if leaving is not None:
            listed = sorted([*listed, leaving], key=lambda event: self._waiting.open[event.id].ordinal)
        omitted = max(0, len(changed) - MOST_CHANGED)
        return of_several(
            subject=group.key,
            receiver=group.receiver,
            labels=group.labels,
            events=listed,
            omitted=omitted,
            why=why,
            now_ns=now_ns,
            step=f"{now_ns}|{group.count}",
            group=group.key,
        )

    def fire_group(self, key: str, now_ns: int) -> list[Notification]:
        """Tell a group whose time has come."""
        group = self._waiting.groups[key]
        if group.flushed_ns is None:
            why = Text("同组报警首次一并通知", "the group's first alerts, told together")
        elif group.changed:
            why = Text("同组报警有变化", "something changed in the group")
        else:
            why = Text("同组报警仍未恢复，重复通知", "the group still stands: told again")
        return self.flush(group, now_ns, why)

    def fire_release(self, hold: str, now_ns: int) -> list[Notification]:
        """Give back what a time of the week held, unless it holds on."""
        if hold == AFTER_RELOAD:
            return self.release(hold, Text("路由设置已更新", "the routes have changed"), now_ns)
        route = self._router.routes.get(hold.removeprefix("mute:"))
        muted = route.muted(now_ns) if route is not None else None
        if muted is not None:
            self._waiting.timers.set((RELEASE, hold), muted[0])
            return []
        return self.release(
            hold, Text("静音时段已结束，现仍未恢复", "the mute time is over, and it still stands"), now_ns
        )

    def fire_digest(self, receiver: str, now_ns: int) -> list[Notification]:
        """Tell a receiver of what its limit held back."""
        room_ns = self._limits.room_ns(receiver, now_ns)
        if room_ns > now_ns:
            self._waiting.timers.set((DIGEST, receiver), room_ns)
            return []
        rows, omitted = self._limits.take(receiver)
        events = []
        for path, event in rows:
            tracked = self._waiting.open.get(event.id)
            if tracked is None or event.state not in STANDING:
                events.append(event)
                continue
            held = self._judge.hold_of(event, self._router.labels(event), None, now_ns)
            if held is not None:
                self._waiting.own(tracked, path, Owed(receiver, held[0], Event.OPENED, event.seq), now_ns)
                continue
            events.append(event)
            tracked.told[receiver] = (path, event.seq)
            if path in tracked.groups:
                self._waiting.groups[tracked.groups[path]].members[event.id] = True
        if not events:
            return []
        self._limits.sent(receiver, now_ns)
        limit = self._limits.reason(receiver)
        why = Text(f"{limit.zh}：此间保留的报警汇总", f"{limit.en}: what was held back meanwhile")
        return [
            of_several(
                subject=f"digest-{receiver}",
                receiver=receiver,
                labels={"digest": receiver},
                events=gravest(events),
                omitted=omitted + max(0, len(events) - MOST_CHANGED),
                why=why,
                now_ns=now_ns,
                step=str(now_ns),
            )
        ]

    def limit(self, receiver: str, path: str, event: AlertEvent, now_ns: int) -> None:
        """Keep an event for the receiver's digest."""
        self._limits.hold(receiver, path, event)
        self._waiting.timers.set((DIGEST, receiver), self._limits.room_ns(receiver, now_ns))
