"""From recorded readings to MQTT messages, in the form that a gateway would send them; pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import msgspec

from registry.faults import Fault, InputError
from sim.grouping import MOST_PLANS, Group, Grouping, Share, taken
from sim.qualities import QUALITY_TEXTS
from sim.recorded import Recorded
from sim.writing import time_texts

PREFIX = "hazwatch/v1"
DEFAULT_ENTERPRISE = "site"
_NS_PER_MS = 1_000_000
_NO_TOPIC = frozenset("/+#\0")


class Shape(StrEnum):
    """How readings are packed: all of one enterprise and time in a message, or one reading a message."""

    BATCH = "batch"
    SINGLE = "single"


class Wire(StrEnum):
    """In which format readings are published."""

    JSON = "json"
    SPARKPLUG = "sparkplug"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to publish; `t_ns` is the recording's own time, by which it is paced.

    All messages of one `lane` go over one connection, in their order.
    """

    topic: str
    payload: bytes
    t_ns: int
    readings: int
    lane: int = 0
    qos: int = 1


class Packing(Protocol):
    """Makes messages of readings, and knows what a connection has to say about itself."""

    def pack(self, chunk: Recorded, /) -> Iterator[Outgoing]:
        """Yield the chunk's messages in order."""

    def opening(self, lane: int, session: int, t_ns: int, /) -> Sequence[Outgoing]:
        """Return what must be said first over a new connection, the `session`-th of its lane, or when asked again."""

    def sealed(self, message: Outgoing, /) -> Outgoing:
        """Return a message as it goes out next over its lane."""

    def closing(self, lane: int, session: int, /) -> Sequence[Outgoing]:
        """Return what must be said before a connection is closed."""

    def will(self, lane: int, session: int, /) -> Outgoing | None:
        """Return what the broker is to say where the connection breaks."""

    def commands(self, lane: int, /) -> str | None:
        """Return the topic on which the connection may be asked to say its opening again."""


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
    """Packs chunks into JSON in the chunk's order; readings of one group keep it within their enterprise."""

    def __init__(
        self,
        addresses: Addresses,
        shape: Shape = Shape.BATCH,
        first_at_ns: int | None = None,
        *,
        lanes: int = 1,
        gather_s: float = 0.0,
    ) -> None:
        single = shape is Shape.SINGLE
        self._grouping = Grouping(
            addresses.of, single=single, lanes=lanes, gather_s=gather_s, first_at_ns=first_at_ns
        )
        self._message = self._single if single else self._batch
        self._sensors: dict[tuple[str, ...], bytes] = {}

    def pack(self, chunk: Recorded) -> Iterator[Outgoing]:
        """Yield the chunk's messages."""
        for group in self._grouping.groups(chunk):
            for share in group.shares:
                yield self._message(group, share)

    def opening(self, _lane: int, _session: int, _t_ns: int) -> Sequence[Outgoing]:
        """Return nothing: a JSON message needs no introduction."""
        return ()

    def sealed(self, message: Outgoing) -> Outgoing:
        """Return the message as it is."""
        return message

    def closing(self, _lane: int, _session: int) -> Sequence[Outgoing]:
        """Return nothing."""
        return ()

    def will(self, _lane: int, _session: int) -> Outgoing | None:
        """Return None: silence is what the receiver sees."""
        return None

    def commands(self, _lane: int) -> str | None:
        """Return None: nothing can be asked of it."""
        return None

    def _single(self, group: Group, share: Share) -> Outgoing:
        """Return the message of the only reading."""
        said = b""
        if group.quality is not None and group.quality[0]:
            said = b',"q":"%b"' % QUALITY_TEXTS[group.quality[0]].encode()
        payload = b'{"t":%b,"v":%b%b}' % (_stamp(group.t_ns[0]), msgspec.json.encode(group.value[0]), said)
        topic = f"{PREFIX}/{share.enterprise}/{_level(share.sensors[0])}"
        return Outgoing(topic, payload, group.paced_ns, 1, share.lane)

    def _batch(self, group: Group, share: Share) -> Outgoing:
        """Return the message of one enterprise; NaN becomes null, and qualities are told where one is not good."""
        times = taken(group.t_ns, share)
        one = times.count(times[0]) == len(times)
        stamp = _stamp(times[0]) if one else b"[%b]" % b",".join(map(_stamp, times))
        said = b""
        if group.quality is not None and any(mine := taken(group.quality, share)):
            said = b',"q":%b' % msgspec.json.encode([QUALITY_TEXTS[q] for q in mine])
        payload = b'{"t":%b,"s":%b,"v":%b%b}' % (
            stamp,
            self._names(share.sensors),
            msgspec.json.encode(taken(group.value, share)),
            said,
        )
        topic = f"{PREFIX}/{share.enterprise}"
        return Outgoing(topic, payload, group.paced_ns, len(times), share.lane)

    def _names(self, sensors: tuple[str, ...]) -> bytes:
        """Return names as JSON; the same ones come again and again."""
        known = self._sensors.get(sensors)
        if known is None:
            if len(self._sensors) > MOST_PLANS:
                self._sensors.clear()
            known = self._sensors[sensors] = msgspec.json.encode(list(sensors))
        return known


def _stamp(t_ns: int) -> bytes:
    """Return a time: epoch ms where that is exact, else text with nanoseconds."""
    if t_ns % _NS_PER_MS == 0:
        return b"%d" % (t_ns // _NS_PER_MS)
    return f'"{time_texts([t_ns])[0]}"'.encode()


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
