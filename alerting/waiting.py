"""What routing remembers: open alerts, what is owed of them and by what hold, their groups, and the timers.

Every way in keeps the indices in step: an alert is found by what holds it back, and a group by its key.
"""

from alerting.dispatch_state import Group, Owed, Tracked
from alerting.events import Event
from alerting.groups import due_ns, group_labels, key_of
from alerting.routing import Labels, Route, Router
from alerting.timers import Timers
from alerting.verdicts import STANDING

SILENCE_END, SILENCE_NOTICE, RELEASE, GROUP, DIGEST = range(5)
"""Kinds of timers, in the order in which they fire at one time: what ends a hold before what asks for it."""
AFTER_RELOAD = "reload"
"""The hold of what has to find its way by new routes."""


class Waiting:
    """The memory of a dispatcher; changes nothing that anybody is told."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self.open: dict[str, Tracked] = {}
        self.held: dict[str, dict[str, None]] = {}
        self.groups: dict[str, Group] = {}
        self.timers: Timers[tuple[int, str]] = Timers()

    def own(self, tracked: Tracked, path: str, owed: Owed, now_ns: int) -> None:
        """Note that something is owed by this route, in place of what was."""
        self.disown(tracked, path)
        tracked.owed[path] = owed
        self.held.setdefault(owed.hold, {})[tracked.event.id] = None
        if owed.hold.startswith("mute:"):
            muted = self._router.routes[path].muted(now_ns)
            assert muted is not None, "the route's times hold it back"
            self.timers.set((RELEASE, owed.hold), muted[0])

    def disown(self, tracked: Tracked, path: str) -> None:
        """Note that nothing is owed by this route any more."""
        owed = tracked.owed.pop(path, None)
        if owed is None or any(other.hold == owed.hold for other in tracked.owed.values()):
            return
        alerts = self.held.get(owed.hold, {})
        alerts.pop(tracked.event.id, None)
        if not alerts:
            self.held.pop(owed.hold, None)

    def disown_all(self, tracked: Tracked) -> None:
        """Note that nothing is owed of the alert any more."""
        for path in list(tracked.owed):
            self.disown(tracked, path)

    def join(self, tracked: Tracked, route: Route, labels: Labels, now_ns: int) -> Group:
        """Let an alert be in its group of a grouped route, as one that changed; return the group."""
        assert route.grouping is not None
        assert route.receiver is not None
        name, key = tracked.event.id, key_of(route, labels)
        told = False
        if tracked.groups.get(route.path, key) != key:
            told = self.drop_member(tracked, route.path)
        group = self.groups.get(key)
        if group is None:
            shared = group_labels(route.grouping, labels)
            group = self.groups[key] = Group(key, route.path, route.receiver, shared, now_ns)
        group.members.setdefault(name, told)
        group.changed[name] = None
        tracked.groups[route.path] = key
        return group

    def drop_member(self, tracked: Tracked, path: str) -> bool:
        """Take an alert out of its group of this route; return whether it was told of there."""
        name, key = tracked.event.id, tracked.groups.pop(path)
        group = self.groups[key]
        group.changed.pop(name, None)
        told = group.members.pop(name, False)
        if not group.members:
            del self.groups[key]
            self.timers.drop((GROUP, key))
        return told

    def schedule(self, group: Group, now_ns: int) -> None:
        """Set when the group is told next."""
        grouping = self._router.routes[group.path].grouping
        if grouping is None or group.key not in self.groups:
            return
        due = due_ns(group, grouping, now_ns, changed=bool(group.changed))
        if due is None:
            self.timers.drop((GROUP, group.key))
        else:
            self.timers.set((GROUP, group.key), due)

    def forget(self, tracked: Tracked) -> None:
        """Remember nothing of an alert that is closed."""
        self.disown_all(tracked)
        for path in list(tracked.groups):
            self.drop_member(tracked, path)
        del self.open[tracked.event.id]

    def reroute(self, now_ns: int, in_digests: frozenset[str]) -> None:
        """Let everything that waited by other routes go by these, at `now_ns`; what was told stays told.

        `in_digests` are alerts that waited for a digest.
        """
        groups = dict(self.groups)
        self.groups.clear()
        self.held.clear()
        for (kind, name), _ in self.timers.entries():
            if kind in {RELEASE, GROUP, DIGEST}:
                self.timers.drop((kind, name))
        for tracked in self.open.values():
            untold = [
                path for path, key in tracked.groups.items() if not groups[key].members[tracked.event.id]
            ]
            waits = bool(tracked.owed or untold or tracked.event.id in in_digests)
            again = any(owed.again for owed in tracked.owed.values())
            tracked.groups, tracked.owed = {}, {}
            self._reroute_one(tracked, now_ns, waits=waits, again=again)
        if self.held:
            self.timers.set((RELEASE, AFTER_RELOAD), now_ns)

    def _reroute_one(self, tracked: Tracked, now_ns: int, *, waits: bool, again: bool) -> None:
        event = tracked.event
        labels = {**self._router.labels(event), "event": (Event.OPENED.value,)}
        for found in self._router.match(labels):
            receiver = found.receiver
            if receiver is None:
                continue
            told = receiver in tracked.told
            if waits and (again or not told or tracked.told[receiver][1] < event.seq):
                owed = Owed(receiver, AFTER_RELOAD, Event.OPENED, event.seq, again=again and told)
                self.own(tracked, found.path, owed, now_ns)
            elif told and found.route.grouping is not None and event.state in STANDING:
                group = self.join(tracked, found.route, labels, now_ns)
                group.members[event.id] = True
                group.changed.pop(event.id, None)
                group.flushed_ns = group.told_ns = now_ns
                self.schedule(group, now_ns)
