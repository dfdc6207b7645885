"""Floods: more alarms than a person can look at, told by scope; they change how alarms are shown and nothing else.

Theory of operation. An activation (opened, reopened) counts for the enterprise that it is of, for every area that this lies
in, and for the whole plant, because people watch any of these. A scope is in flood from the activation with which more than
the bound came within the window, until fewer than the lower bound did (ANSI/ISA-18.2-2016, 16.4). Both follow from the
newest activations alone, so that a burst costs no memory: more than ten came when the eleventh newest is in the window.
Nothing is held back, delayed or detected otherwise by a flood, whatever its grade.
"""

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from alerting.book_state import SnapshotError
from alerting.events import ACTIVATIONS, HELD_STATES, AlertEvent
from alerting.incidents.settings import IncidentSettings, as_ns
from alerting.texts import both, rfc3339
from registry.plant import Plant, Text

PLANT = "plant"
"""The scope of everything."""
KEPT_OVER = 64
_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Flood:
    """A flood of a scope (``enterprise:lpg``, ``area:370211``, ``plant``).

    `activations` is how many came from `since_ns` on, the beginning of the window in which it began; `newest_ns` is the newest of
    them. `until_ns` is None while it lasts.
    """

    scope: str
    since_ns: int
    newest_ns: int
    activations: int
    until_ns: int | None = None


class _Scope(msgspec.Struct, array_like=True):
    """The newest activations of a scope, oldest first, and the flood it is in, if `since_ns` says since when."""

    newest: list[int]
    since_ns: int | None = None
    activations: int = 0


class _State(msgspec.Struct, array_like=True):
    format: int
    scopes: dict[str, _Scope]
    over: list[tuple[str, int, int, int, int]]


class FloodWatch:
    """Whether each scope is in flood; its cost of an event depends on the depth of the areas alone."""

    def __init__(self, settings: IncidentSettings, plant: Plant) -> None:
        self._window_ns = as_ns(settings.flood_window_s)
        self._above = settings.flood_above
        self._below = settings.flood_below
        self._scopes_of = {
            name: (f"enterprise:{name}", *(f"area:{code}" for code in _codes(plant, found.area)), PLANT)
            for name, found in plant.enterprises.items()
        }
        self._take_over(_State(_FORMAT, {}, []))

    def offer(self, events: list[AlertEvent], now_ns: int) -> list[AlertEvent]:
        """Put into each event the flood of its narrowest scope that is in one, ``why.flood``, else None; return them."""
        for event in events:
            scopes = self._of(event.enterprise)
            if event.event in ACTIVATIONS and event.state not in HELD_STATES:  # nobody sees those
                for scope in scopes:
                    self._count(scope, now_ns)
            flood = next((found for scope in scopes if (found := self.flood(scope))), None)
            event.why["flood"] = None if flood is None else self._why(flood)
        return events

    def tick(self, now_ns: int) -> None:
        """End every flood that is due up to `now_ns`, each at its own time."""
        while self._due and self._due[0][0] <= now_ns:
            _, name = heapq.heappop(self._due)
            scope = self._scopes[name]
            if self._end_ns(scope) > now_ns:
                heapq.heappush(self._due, (self._end_ns(scope), name))
                continue
            assert scope.since_ns is not None, "only a flood waits for its end"
            self._over.append(
                (name, scope.since_ns, scope.newest[-1], scope.activations, self._end_ns(scope))
            )
            del self._over[:-KEPT_OVER]
            scope.since_ns, scope.activations = None, 0

    def next_deadline_ns(self) -> int | None:
        """Return a time before which `tick` has nothing to do, None where nothing waits."""
        return self._due[0][0] if self._due else None

    def flood(self, scope: str) -> Flood | None:
        """Return the flood that a scope is in, None where it is in none."""
        found = self._scopes.get(scope)
        if found is None or found.since_ns is None:
            return None
        return Flood(
            scope=scope, since_ns=found.since_ns, newest_ns=found.newest[-1], activations=found.activations
        )

    def floods(self) -> list[Flood]:
        """Return every flood that lasts, in the order of the scopes' first alarm."""
        return [found for name in self._scopes if (found := self.flood(name))]

    def past(self) -> list[Flood]:
        """Return the newest floods that are over, oldest first."""
        return [
            Flood(scope=scope, since_ns=since, newest_ns=newest, activations=count, until_ns=until)
            for scope, since, newest, count, until in self._over
        ]

    def snapshot(self) -> bytes:
        """Return the whole state."""
        return msgspec.msgpack.encode(_State(_FORMAT, self._scopes, self._over))

    def restore(self, body: bytes) -> None:
        """Take over a state; raise `SnapshotError`, with nothing changed, where it cannot be continued from."""
        try:
            state = msgspec.msgpack.decode(body, type=_State)
        except msgspec.MsgspecError as exc:
            raise SnapshotError(f"not a snapshot of floods: {exc}") from exc
        if state.format != _FORMAT:
            raise SnapshotError(f"snapshot format {state.format} of floods; this version reads {_FORMAT}")
        self._take_over(state)

    def _take_over(self, state: _State) -> None:
        self._scopes = state.scopes
        self._over = state.over
        self._due = [
            (self._end_ns(one), name) for name, one in state.scopes.items() if one.since_ns is not None
        ]
        heapq.heapify(self._due)

    def _of(self, enterprise: str | None) -> tuple[str, ...]:
        """Return the scopes of an event, the narrowest first."""
        if not enterprise:
            return (PLANT,)
        return self._scopes_of.get(enterprise) or (f"enterprise:{enterprise}", PLANT)

    def _count(self, name: str, now_ns: int) -> None:
        scope = self._scopes.get(name)
        if scope is None:
            scope = self._scopes[name] = _Scope([])
        scope.newest.append(now_ns)
        del scope.newest[: -self._above - 1]
        if scope.since_ns is not None:
            scope.activations += 1
        elif len(scope.newest) > self._above and now_ns - scope.newest[0] < self._window_ns:
            scope.since_ns, scope.activations = scope.newest[0], len(scope.newest)
            heapq.heappush(self._due, (self._end_ns(scope), name))

    def _end_ns(self, scope: _Scope) -> int:
        """Return when fewer than the lower bound are in the window, if nothing more comes."""
        return scope.newest[-min(self._below, len(scope.newest))] + self._window_ns

    def _why(self, flood: Flood) -> Mapping[str, Any]:
        minutes = f"{self._window_ns / 60e9:g}"
        text = Text(
            f"报警泛滥：自 {rfc3339(flood.since_ns)} 起已 {flood.activations} 次（{minutes} 分钟内超过 {self._above} 次）；"
            "只影响显示方式，红色报警从不滞留",
            f"alarm flood: {flood.activations} since {rfc3339(flood.since_ns)} (more than {self._above} in {minutes} min); "
            "it changes how alarms are shown, and red is never held back",
        )
        return {
            "scope": flood.scope,
            "since": rfc3339(flood.since_ns),
            "activations": flood.activations,
            "text": both(text),
        }


def _codes(plant: Plant, area: str | None) -> Iterable[str]:
    """Return the codes of an area and of all that it lies in, the narrowest first."""
    while area is not None and (found := plant.areas.get(area)) is not None:
        yield area
        area = found.parent
