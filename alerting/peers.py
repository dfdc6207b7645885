"""Which sensors confirm each other, and whether they do so now.

Those that watch the same thing do (registry.circles). The crossing of a second limit is confirmed when two sensors of such a circle are beyond a limit on the
same side and at least one of them is beyond its second limit (or the design limit). Then it holds for every sensor
of the circle that is beyond a limit on that side: they see the same thing.

So do sensors of one equipment, whatever they measure and on whichever side, if each is beyond its own second limit: the
pressure and the temperature of a reactor that runs away do not fail together. One of them beyond its first limit is not
enough: what differs in kind says less of how far it has gone.
"""

from collections import defaultdict
from collections.abc import Iterator

from alerting.events import Kind
from alerting.methods import Gravity
from registry.circles import same_thing
from registry.sensors import SensorRegistry

_PAIR = 2
_Far = dict[tuple[int, Kind], int]
"""Gravity by sensor and side, of those beyond their second limit."""


class Peers:
    """Who is beyond which limit on which side now; derived from the open alerts, so never part of a snapshot."""

    def __init__(self, registry: SensorRegistry) -> None:
        self._circle = [same_thing(spec) for spec in registry.specs]
        self._vessel = [
            (spec.enterprise, spec.equipment) if spec.equipment else None for spec in registry.specs
        ]
        self._beyond: defaultdict[tuple[str, ...], dict[int, int]] = defaultdict(dict)
        self._far: defaultdict[tuple[str, str], _Far] = defaultdict(dict)

    def set_beyond(self, sensor: int, kind: Kind, gravity: int) -> list[tuple[int, Kind]]:
        """Note how far out the sensor is on this side, as the limit's gravity (0: within); return whom that concerns.

        Concerned are other sensors beyond a limit whose crossing became confirmed by this, or is confirmed no longer: each with
        the side on which it is, in the order of their index.
        """
        if not self.has(sensor):
            return []
        return sorted({*self._in_circle(sensor, kind, gravity), *self._on_vessel(sensor, kind, gravity)})

    def has(self, sensor: int) -> bool:
        """Return whether there may be others that confirm the sensor."""
        return self._circle[sensor] is not None or self._vessel[sensor] is not None

    def confirming(self, sensor: int, kind: Kind) -> int | None:
        """Return the gravest other sensor that confirms this one on this side, None where nothing is confirmed."""
        circle = self._circle[sensor]
        if circle is not None and self._confirmed(key := (kind, *circle)):
            return min((-gravity, other) for other, gravity in self._beyond[key].items() if other != sensor)[
                1
            ]
        far = self._far_with(sensor)
        others = [(-gravity, other) for (other, _), gravity in far.items() if other != sensor]
        return min(others)[1] if others and (sensor, kind) in far else None

    def _in_circle(self, sensor: int, kind: Kind, gravity: int) -> Iterator[tuple[int, Kind]]:
        """Note it for those that watch the same thing; yield whom that concerns."""
        circle = self._circle[sensor]
        if circle is None:
            return
        key = (kind, *circle)
        before = self._confirmed(key)
        beyond = self._beyond[key]
        if gravity:
            beyond[sensor] = gravity
        else:
            beyond.pop(sensor, None)
        if before != self._confirmed(key):
            yield from ((other, kind) for other in beyond if other != sensor)
        if not beyond:
            del self._beyond[key]

    def _on_vessel(self, sensor: int, kind: Kind, gravity: int) -> Iterator[tuple[int, Kind]]:
        """Note it for those on the same equipment; yield whom that concerns."""
        vessel = self._vessel[sensor]
        if vessel is None:
            return
        far = self._far[vessel]
        before = _sensors(far) >= _PAIR
        if gravity >= Gravity.SECOND_LIMIT:
            far[sensor, kind] = gravity
        else:
            far.pop((sensor, kind), None)
        if before != (_sensors(far) >= _PAIR):
            yield from (each for each in far if each[0] != sensor)
        if not far:
            del self._far[vessel]

    def _far_with(self, sensor: int) -> _Far:
        vessel = self._vessel[sensor]
        return {} if vessel is None else self._far.get(vessel, {})

    def _confirmed(self, key: tuple[str, ...]) -> bool:
        beyond = self._beyond.get(key)
        return beyond is not None and len(beyond) >= _PAIR and max(beyond.values()) >= Gravity.SECOND_LIMIT


def _sensors(far: _Far) -> int:
    return len({sensor for sensor, _ in far})
