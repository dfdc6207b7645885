"""What the console shows of the moment: the newest reading of every sensor, counted by place, and the last hour's activations."""

import math
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from alerting.book import AlertBook
from alerting.events import ACTIVATIONS, AlertEvent
from console.backend import Activation, SensorCount, SensorNow, place_of
from console.scope import Place
from detectors.kernels import DUPLICATE, LATE
from registry.readings import Quality
from registry.sensors import LIMIT_NAMES, SensorRegistry
from service.pipeline import Outcome

_NEVER = np.iinfo(np.int64).min
KEPT_NS = 3_600_000_000_000
SILENT_LOOKED_NS = 1_000_000_000
"""How old the list of silent sensors may be: however many look, it is made once a second."""


class Newest:
    """The newest reading of each sensor since the start; one scatter a batch.

    How many sensors have spoken is counted as they speak for the first time, so that nobody who asks walks over all sensors.
    """

    def __init__(self, registry: SensorRegistry) -> None:
        self._registry = registry
        self._t_ns = np.full(len(registry), _NEVER)
        self._value = np.full(len(registry), np.nan)
        self._quality = np.zeros(len(registry), np.uint8)
        self._groups, self._group = _grouped(registry)
        self._spoken = np.zeros(len(self._groups), np.int64)
        self._words: list[str] | None = None
        self._silent: frozenset[str] = frozenset()
        self._silent_at_ns: int | None = None

    def take(self, outcome: Outcome) -> None:
        """Note the readings of a batch that are their sensor's newest; of several of one sensor the last stays."""
        block = outcome.block
        fresh = (outcome.status != LATE) & (outcome.status != DUPLICATE)
        sensors = block.sensor[fresh]
        first = np.unique(sensors[self._t_ns[sensors] == _NEVER])
        if len(first):
            np.add.at(self._spoken, self._group[first], 1)
        self._t_ns[sensors] = block.t_ns[fresh]
        self._value[sensors] = block.value[fresh]
        self._quality[sensors] = block.quality[fresh]

    def reading(self, sensor: int) -> tuple[int | None, float | None]:
        """Return time and value of a sensor's newest reading; None where there is none, or it had no value."""
        t_ns = int(self._t_ns[sensor])
        return (None if t_ns == _NEVER else t_ns), _known(float(self._value[sensor]))

    def silent(self, book: AlertBook, now_ns: int) -> frozenset[str]:
        """Return the ids of the sensors whose silence is an alert, as of less than a second ago."""
        at_ns = self._silent_at_ns
        if at_ns is None or not at_ns <= now_ns < at_ns + SILENT_LOOKED_NS:
            self._silent = frozenset(sensor for silence in book.silences() for sensor in silence.remaining())
            self._silent_at_ns = now_ns
        return self._silent

    def members(self, enterprise: str, source: str) -> Sequence[int]:
        """Return the dense indices of a hazard source's sensors, in the order of the points table."""
        return self._groups.get((enterprise, source), ())

    def sensors(self, silent: Collection[str], which: Iterable[int]) -> Iterator[SensorNow]:
        """Yield the sensors of some dense indices as they are now."""
        for i in which:
            yield self.sensor(i, silent)

    def find(self, words: Sequence[str], sees: Callable[[Place], bool]) -> Iterator[int]:
        """Yield the dense indices of the sensors at places that `sees` allows which have all the casefolded words.

        Only texts are looked through, and only the sensors of those places.
        """
        if self._words is None:
            self._words = [
                f"{spec.id} {spec.description} {spec.equipment or ''}".casefold()
                for spec in self._registry.specs
            ]
        texts = self._words
        seen = [
            members for members in self._groups.values() if sees(place_of_sensor(self._registry, members[0]))
        ]
        for i in sorted(chain.from_iterable(seen)):
            if all(word in texts[i] for word in words):
                yield i

    def counts(self, silent: Collection[str]) -> list[SensorCount]:
        """Return how many sensors each place has, and how many of them are alive."""
        index = self._registry.index
        mute = np.fromiter((i for sensor in silent if (i := index.get(sensor)) is not None), np.int64)
        mute = mute[self._t_ns[mute] != _NEVER]
        alive = self._spoken - np.bincount(self._group[mute], minlength=len(self._spoken))
        return [
            SensorCount(
                place=place_of_sensor(self._registry, members[0]),
                source=source,
                sensors=len(members),
                alive=int(count),
            )
            for ((_, source), members), count in zip(self._groups.items(), alive, strict=True)
        ]

    def sensor(self, i: int, silent: Collection[str]) -> SensorNow:
        """Return one sensor as it is now."""
        spec, t_ns = self._registry.specs[i], int(self._t_ns[i])
        return SensorNow(
            id=spec.id,
            place=place_of_sensor(self._registry, i),
            source=spec.source,
            equipment=spec.equipment,
            type=spec.type,
            unit=spec.unit,
            description=spec.description,
            limits={
                name: limit
                for name, limit in zip(LIMIT_NAMES, spec.limits, strict=True)
                if not math.isnan(limit)
            },
            range_lo=_known(spec.range_lo),
            range_hi=_known(spec.range_hi),
            x=_known(spec.x),
            y=_known(spec.y),
            t_ns=None if t_ns == _NEVER else t_ns,
            value=_known(float(self._value[i])),
            quality=Quality(int(self._quality[i])),
            silent=spec.id in silent,
        )


def _grouped(
    registry: SensorRegistry,
) -> tuple[Mapping[tuple[str, str | None], Sequence[int]], NDArray[np.int64]]:
    """Return the sensors of each source, and of each enterprise's rest, and the number of the group that each sensor is in."""
    groups: dict[tuple[str, str | None], list[int]] = {}
    for i, spec in enumerate(registry.specs):
        groups.setdefault((spec.enterprise, spec.source), []).append(i)
    group = np.zeros(len(registry), np.int64)
    for number, members in enumerate(groups.values()):
        group[members] = number
    return groups, group


class Activations:
    """Alerts that opened or opened again within the last hour of the pipeline's clock."""

    def __init__(self, kept: Iterable[tuple[int, AlertEvent]] = ()) -> None:
        self._newest: deque[Activation] = deque()
        for now_ns, event in kept:
            self._add(now_ns, event)

    def take(self, events: Sequence[AlertEvent], now_ns: int) -> None:
        """Note those of the events that are activations, and forget what is older than an hour."""
        for event in events:
            self._add(now_ns, event)
        while self._newest and self._newest[0].now_ns < now_ns - KEPT_NS:
            self._newest.popleft()

    def all(self) -> Sequence[Activation]:
        """Return those of the last hour, oldest first."""
        return list(self._newest)

    def _add(self, now_ns: int, event: AlertEvent) -> None:
        if event.event in ACTIVATIONS:
            self._newest.append(Activation(now_ns, place_of(event)))


def place_of_sensor(registry: SensorRegistry, i: int) -> Place:
    """Return where a sensor, by its index, belongs."""
    enterprise = registry.enterprise_of(i)
    area = None if enterprise is None else enterprise.area
    return Place(enterprise=registry.specs[i].enterprise or None, area=area)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
