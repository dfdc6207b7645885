"""Looks sensors up by the names that an enterprise's gateways use, one by one or a whole column at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from registry.sensors import SensorSpec

MAX_CACHED_BYTES: Final = 32 << 20
MAX_CACHED_TEXT_BYTES: Final = 64 << 10
NAMES_SHOWN: Final = 5

_names: Final = msgspec.json.Decoder(list[str]).decode


@dataclass(frozen=True, slots=True)
class NameColumn:
    """Names looked up, one row each.

    `sensor` holds dense indices, -1 where the name is unknown; `unknown` are those names; `good` is quality good
    for each row. The arrays are shared between batches and read-only.
    """

    sensor: NDArray[np.int32]
    unknown: tuple[str, ...]
    good: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.sensor)


class Names:
    """Names of every enterprise; where the enterprise is empty, names are full ids.

    A gateway sends the same column of names again and again: it is remembered by enterprise and JSON text. At most
    `max_cached_bytes` of text are kept; the oldest are forgotten first.
    """

    def __init__(self, specs: Iterable[SensorSpec], max_cached_bytes: int = MAX_CACHED_BYTES) -> None:
        self._by_enterprise: dict[str, dict[str, int]] = {"": {}}
        for i, spec in enumerate(specs):
            self._by_enterprise.setdefault(spec.enterprise, {})[spec.sensor] = i
            self._by_enterprise[""][spec.id] = i
        self._room = max_cached_bytes
        self._known: dict[tuple[str, bytes], NameColumn] = {}

    def sensor(self, enterprise: str, name: str) -> int:
        """Return the dense index of a name, -1 where it is unknown."""
        return self._by_enterprise.get(enterprise, {}).get(name, -1)

    def column(self, enterprise: str, names: Sequence[str]) -> NameColumn:
        """Return names looked up."""
        index = self._by_enterprise.get(enterprise, {})
        sensor = np.array(list(map(index.get, names, repeat(-1))), np.int32)
        unknown = tuple(names[i] for i in np.flatnonzero(sensor < 0).tolist())
        good = np.zeros(len(names), np.uint8)
        sensor.setflags(write=False)
        good.setflags(write=False)
        return NameColumn(sensor, unknown, good)

    def column_of_json(self, enterprise: str, text: bytes) -> NameColumn:
        """Return the names of the JSON array `text` looked up; raises what msgspec raises where it is none."""
        key = (enterprise, text)
        column = self._known.get(key)
        if column is None:
            column = self.column(enterprise, _names(text))
            self._remember(key, column)
        return column

    def _remember(self, key: tuple[str, bytes], column: NameColumn) -> None:
        if len(key[1]) > MAX_CACHED_TEXT_BYTES:
            return
        self._known[key] = column
        self._room -= len(key[1])
        while self._room < 0:
            oldest = next(iter(self._known))
            del self._known[oldest]
            self._room += len(oldest[1])
