"""From recorded readings to MQTT messages, in the form that a gateway would send them; pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import msgspec
import numpy as np

from registry.faults import Fault, InputError
from sim.recorded import Recorded
from sim.writing import time_texts

PREFIX = "hazwatch/v1"
DEFAULT_ENTERPRISE = "site"
_MOST_READINGS = 5000
_NS_PER_MS = 1_000_000
_NO_TOPIC = frozenset("/+#\0")


class Shape(StrEnum):
    """How readings are packed: all of one enterprise and time in a message, or one reading a message."""

    BATCH = "batch"
    SINGLE = "single"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to publish; `t_ns` is the recording's own time, by which it is paced."""

    topic: str
    payload: bytes
    t_ns: int
    readings: int


class Addresses:
    """Where each name of a recording goes: ``(enterprise, sensor)``.

    `mapping` has the last word; else ``a/b`` is sensor b of enterprise a, and any other name a sensor of
    `default_enterprise`.
    """

    def __init__(
        self,
        mapping: Mapping[str, tuple[str, str]] | None = None,
        default_enterprise: str = DEFAULT_ENTERPRISE,
    ) -> None:
        self._mapping = mapping or {}
        self._default = default_enterprise

    def of(self, name: str) -> tuple[str, str]:
        """Return the address of a name; raise `InputError` where its enterprise can be no part of a topic."""
        enterprise, sensor = self._mapping.get(name) or self._plain(name)
        if not enterprise or _NO_TOPIC & set(enterprise):
            message = f"{enterprise!r} of {name!r} can be no part of a topic"
            raise InputError(
                [Fault(file="", where="enterprise", message=message, allowed="text without / + #")]
            )
        return enterprise, sensor

    def _plain(self, name: str) -> tuple[str, str]:
        enterprise, slash, sensor = name.partition("/")
        if slash and enterprise and sensor and "/" not in sensor:
            return enterprise, sensor
        return self._default, name


class Packer:
    """Packs chunks into messages in the chunk's order; readings of one time keep it within their enterprise.

    With `first_at_ns` all times are shifted so that the first reading has that time.
    """

    def __init__(
        self, addresses: Addresses, shape: Shape = Shape.BATCH, first_at_ns: int | None = None
    ) -> None:
        self._addresses = addresses
        self._shape = shape
        self._first_at_ns = first_at_ns
        self._shift_ns = 0
        self._plans: dict[tuple[int, bytes], list[_Plan]] = {}
        self._names: tuple[str, ...] = ()

    def pack(self, chunk: Recorded) -> Iterator[Outgoing]:
        """Yield the chunk's messages."""
        if chunk.names != self._names:
            self._names = chunk.names
            self._plans.clear()
        if self._first_at_ns is not None and len(chunk):
            self._shift_ns, self._first_at_ns = self._first_at_ns - int(chunk.t_ns[0]), None
        starts = np.flatnonzero(np.diff(chunk.t_ns, prepend=chunk.t_ns[:1] - 1)).tolist()
        values = chunk.value.tolist()
        column = np.ascontiguousarray(chunk.column)
        for lo, hi in pairwise([*starts, len(chunk)]):
            t_ns = int(chunk.t_ns[lo])
            stamp = self._stamp(t_ns)
            for first in range(lo, hi, _MOST_READINGS):
                last = min(hi, first + _MOST_READINGS)
                for plan in self._plan(column[first:last].tobytes()):
                    payload = plan.payload(stamp, values[first:last])
                    yield Outgoing(plan.topic, payload, t_ns, plan.readings)

    def _stamp(self, t_ns: int) -> bytes:
        """Return the shifted time: epoch ms where that is exact, else text with nanoseconds."""
        shifted = t_ns + self._shift_ns
        if shifted % _NS_PER_MS == 0:
            return str(shifted // _NS_PER_MS).encode()
        return f'"{time_texts([shifted])[0]}"'.encode()

    def _plan(self, columns: bytes) -> list["_Plan"]:
        """Return how readings of these columns go into messages; the same columns come again and again."""
        key = (len(columns), columns)
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) > 10_000:  # noqa: PLR2004 - a bound for files whose rows are never alike
                self._plans.clear()
            plan = self._plans[key] = self._new_plan(np.frombuffer(columns, np.int32).tolist())
        return plan

    def _new_plan(self, columns: Sequence[int]) -> list["_Plan"]:
        addresses = [self._addresses.of(self._names[column]) for column in columns]
        if self._shape is Shape.SINGLE:
            return [
                _Plan(f"{PREFIX}/{enterprise}/{_level(sensor)}", (place,), None)
                for place, (enterprise, sensor) in enumerate(addresses)
            ]
        places: dict[str, list[int]] = {}
        for place, (enterprise, _) in enumerate(addresses):
            places.setdefault(enterprise, []).append(place)
        return [
            _Plan(
                f"{PREFIX}/{enterprise}",
                tuple(mine),
                msgspec.json.encode([addresses[place][1] for place in mine]),
            )
            for enterprise, mine in places.items()
        ]


@dataclass(frozen=True, slots=True)
class _Plan:
    """One message of a group of readings: its topic, which readings go in, and their names as JSON (batch)."""

    topic: str
    places: tuple[int, ...]
    sensors: bytes | None

    @property
    def readings(self) -> int:
        return len(self.places)

    def payload(self, stamp: bytes, values: Sequence[float]) -> bytes:
        """Return the JSON; NaN becomes null."""
        if self.sensors is None:
            return b'{"t":%b,"v":%b}' % (stamp, msgspec.json.encode(values[self.places[0]]))
        mine = values if len(values) == len(self.places) else [values[place] for place in self.places]
        return b'{"t":%b,"s":%b,"v":%b}' % (stamp, self.sensors, msgspec.json.encode(mine))


def _level(sensor: str) -> str:
    """Return the sensor as a level of a topic, where it can be one."""
    if not sensor or _NO_TOPIC & set(sensor):
        message = f"sensor {sensor!r} can be no level of a topic"
        raise InputError(
            [
                Fault(
                    file="", where="sensor", message=message, allowed="text without / + #, or the batch shape"
                )
            ]
        )
    return sensor
