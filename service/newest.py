"""What the console shows of the moment: the newest reading of every sensor, and the activations of the last hour."""

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from alerting.book import AlertBook
from alerting.events import ACTIVATIONS, AlertEvent
from console.backend import Activation, SensorNow, place_of
from console.scope import Place
from detectors.kernels import DUPLICATE, LATE
from registry.sensors import LIMIT_NAMES, SensorRegistry
from service.pipeline import Outcome

_NEVER = np.iinfo(np.int64).min
KEPT_NS = 3_600_000_000_000


class Newest:
    """The newest reading of each sensor since the start; one scatter a batch."""

    def __init__(self, registry: SensorRegistry) -> None:
        self._registry = registry
        self._t_ns = np.full(len(registry), _NEVER)
        self._value = np.full(len(registry), np.nan)

    def take(self, outcome: Outcome) -> None:
        """Note the readings of a batch that are their sensor's newest; of several of one sensor the last stays."""
        block = outcome.block
        fresh = (outcome.status != LATE) & (outcome.status != DUPLICATE)
        sensors = block.sensor[fresh]
        self._t_ns[sensors] = block.t_ns[fresh]
        self._value[sensors] = block.value[fresh]

    def reading(self, sensor: int) -> tuple[int | None, float | None]:
        """Return time and value of a sensor's newest reading; None where there is none, or it had no value."""
        t_ns = int(self._t_ns[sensor])
        return (None if t_ns == _NEVER else t_ns), _known(float(self._value[sensor]))

    def sensors(self, book: AlertBook) -> Iterator[SensorNow]:
        """Yield every sensor as it is now."""
        silent = {sensor for silence in book.silences() for sensor in silence.remaining()}
        for i, spec in enumerate(self._registry.specs):
            t_ns = int(self._t_ns[i])
            enterprise = self._registry.enterprise_of(i)
            yield SensorNow(
                id=spec.id,
                place=Place(enterprise=spec.enterprise or None, area=enterprise.area if enterprise else None),
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
                t_ns=None if t_ns == _NEVER else t_ns,
                value=_known(float(self._value[i])),
                silent=spec.id in silent,
            )


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


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
