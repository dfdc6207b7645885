"""Open alerts counted by place as they change, so that an overview does not walk over all of them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from alerting.events import UNACKNOWLEDGED_STATES, AlertEvent, State
from console.backend import AlertCount, place_of
from console.scope import Place

_Key = tuple[Place, str | None]


@dataclass(slots=True)
class _Standing:
    alerts: dict[str, AlertEvent] = field(default_factory=dict)
    open: Counter[str] = field(default_factory=Counter)
    unacknowledged: int = 0


class Tally:
    """What stands open at each place, folded over the events as they are told."""

    def __init__(self, standing: Iterable[AlertEvent]) -> None:
        self._places: dict[_Key, _Standing] = {}
        self._where: dict[str, _Key] = {}
        self.take(standing)

    def take(self, events: Iterable[AlertEvent]) -> None:
        """Count alerts as these events leave them."""
        for event in events:
            self._leave(event.id)
            if event.state != State.CLOSED:
                self._enter(event)

    def counts(self) -> Sequence[AlertCount]:
        """Return the places where something stands open."""
        return [
            AlertCount(
                place=place,
                source=source,
                open=dict(standing.open),
                unacknowledged=standing.unacknowledged,
            )
            for (place, source), standing in self._places.items()
        ]

    def at(self, place: Place, source: str) -> Sequence[str]:
        """Return the ids of what stands open at a hazard source, in the order of their last events."""
        standing = self._places.get((place, source))
        return [] if standing is None else list(standing.alerts)

    def _enter(self, event: AlertEvent) -> None:
        key = (place_of(event), event.source)
        standing = self._places.setdefault(key, _Standing())
        standing.alerts[event.id] = event
        standing.open[event.grade] += 1
        standing.unacknowledged += event.state in UNACKNOWLEDGED_STATES
        self._where[event.id] = key

    def _leave(self, alert: str) -> None:
        key = self._where.pop(alert, None)
        if key is None:
            return
        standing = self._places[key]
        event = standing.alerts.pop(alert)
        standing.open[event.grade] -= 1
        if not standing.open[event.grade]:
            del standing.open[event.grade]
        standing.unacknowledged -= event.state in UNACKNOWLEDGED_STATES
        if not standing.alerts:
            del self._places[key]
