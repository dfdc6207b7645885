"""Which sensors confirm each other, and whether they do so now.

Those that watch the same thing do (registry.circles). The crossing of a second limit is confirmed when two sensors of such a circle are beyond a limit on the
same side and at least one of them is beyond its second limit (or the design limit). Then it holds for every sensor
of the circle that is beyond a limit on that side: they see the same thing.
"""

from collections import defaultdict

from alerting.events import Kind
from alerting.methods import Gravity
from registry.circles import same_thing
from registry.sensors import SensorRegistry

_PAIR = 2


class Peers:
    """Who is beyond which limit on which side now; derived from the open alerts, so never part of a snapshot."""

    def __init__(self, registry: SensorRegistry) -> None:
        self._circle = [same_thing(spec) for spec in registry.specs]
        self._beyond: defaultdict[tuple[str, ...], dict[int, int]] = defaultdict(dict)

    def set_beyond(self, sensor: int, kind: Kind, gravity: int) -> list[int]:
        """Note how far out the sensor is on this side, as the limit's gravity (0: within); return whom that concerns.

        Concerned are the other sensors of the circle beyond a limit, in the order of their index, when by this the
        crossing became confirmed or is confirmed no longer.
        """
        circle = self._circle[sensor]
        if circle is None:
            return []
        key = (kind, *circle)
        before = self._confirmed(key)
        beyond = self._beyond[key]
        if gravity:
            beyond[sensor] = gravity
        else:
            beyond.pop(sensor, None)
        after = self._confirmed(key)
        concerned = sorted(other for other in beyond if other != sensor) if before != after else []
        if not beyond:
            del self._beyond[key]
        return concerned

    def confirming(self, sensor: int, kind: Kind) -> int | None:
        """Return the gravest other sensor that confirms this one on this side, None where nothing is confirmed."""
        circle = self._circle[sensor]
        if circle is None:
            return None
        key = (kind, *circle)
        if not self._confirmed(key):
            return None
        return min((-gravity, other) for other, gravity in self._beyond[key].items() if other != sensor)[1]

    def _confirmed(self, key: tuple[str, ...]) -> bool:
        beyond = self._beyond.get(key)
        return beyond is not None and len(beyond) >= _PAIR and max(beyond.values()) >= Gravity.SECOND_LIMIT
