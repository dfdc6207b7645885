"""How many alerts each route told of, or held back, within the last day; from the events, newest first bounded."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence

from alerting.events import AlertEvent
from console.backend import place_of
from console.rules_backend import RouteTraffic, Traffic
from console.scope import Place

SPAN_NS = 86_400 * 10**9
MOST = 20_000
"""So many pairs of a route and an alert are kept; of more the oldest are forgotten, and the counts are at least."""


class RouteCounts:
    """What went by each route: pairs of route and alert, the newest last."""

    def __init__(self, kept: Iterable[tuple[int, AlertEvent]] = (), *, whole: bool = True) -> None:
        self._seen: OrderedDict[tuple[str, str], tuple[int, Place, bool]] = OrderedDict()
        self._whole = whole
        self._forgot_ns = 0
        for now_ns, event in kept:
            self._add(event, now_ns)

    def take(self, events: Sequence[AlertEvent], now_ns: int) -> None:
        """Note by which routes events were told, and by which they were not yet."""
        for event in events:
            self._add(event, now_ns)

    def last_day(self, now_ns: int, sees: Callable[[Place], bool]) -> Traffic:
        """Return the counts of the places that somebody sees."""
        told: dict[str, int] = {}
        held: dict[str, int] = {}
        last: dict[str, int] = {}
        since_ns = now_ns - SPAN_NS
        for (route, _), (t_ns, place, was_told) in reversed(self._seen.items()):
            if t_ns < since_ns:
                break
            if sees(place):
                counts = told if was_told else held
                counts[route] = counts.get(route, 0) + 1
                last.setdefault(route, t_ns)
        routes = {
            route: RouteTraffic(told=told.get(route, 0), held=held.get(route, 0), last_ns=last[route])
            for route in last
        }
        return Traffic(routes=routes, whole=self._whole and self._forgot_ns < since_ns)

    def _add(self, event: AlertEvent, now_ns: int) -> None:
        for key, told in (("held", False), ("told", True)):
            for row in event.why.get(key) or ():
                name = (row["route"], event.id)
                before = self._seen.pop(name, None)
                self._seen[name] = (now_ns, place_of(event), told or (before is not None and before[2]))
        while len(self._seen) > MOST:
            _, (t_ns, _, _) = self._seen.popitem(last=False)
            self._forgot_ns = max(self._forgot_ns, t_ns)
