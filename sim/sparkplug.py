"""Readings as Sparkplug B (v3.0.0): births with names and aliases, data by alias, deaths; pure.

Each connection is an edge node, since MQTT gives a connection one will. An enterprise is a device of it, a sensor a
metric of that device; sensors without an enterprise are metrics of the node itself. Times are whole ms, as Sparkplug
has them. The field numbers are those of sparkplug_b.proto.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from sim.grouping import Group, Grouping, Share, taken
from sim.outgoing import Addresses, Outgoing, Shape
from sim.protobuf import bytes_field, double_tag, number_field, pack_double, varint
from sim.recorded import Recorded

NAMESPACE = "spBv1.0"
GROUP = "hazwatch"
NO_ENTERPRISE = "-"
_REBIRTH = b"Node Control/Rebirth"
_WRAP = 256
_NS_PER_MS = 1_000_000

_TIMESTAMP, _METRICS, _SEQ = 1, 2, 3
_NAME, _ALIAS, _AT, _DATATYPE, _HISTORICAL, _NULL, _PROPERTIES = 1, 2, 3, 4, 5, 7, 9
_LONG, _DOUBLE, _BOOLEAN = 11, 13, 14
_TYPE_INT64, _TYPE_DOUBLE, _TYPE_BOOLEAN = 4, 10, 11
_KEYS, _VALUES, _PROPERTY_TYPE, _PROPERTY_INT, _PROPERTY_INT32 = 1, 2, 1, 3, 3
_DOUBLE_TAG = double_tag(_DOUBLE)
_METRIC_TAG = bytes_field(_METRICS, b"")[:-1]


def _quality(code: int) -> bytes:
    """Return the properties of a metric with the quality `code`."""
    value = number_field(_PROPERTY_TYPE, _PROPERTY_INT32) + number_field(_PROPERTY_INT, code)
    return bytes_field(_PROPERTIES, bytes_field(_KEYS, b"Quality") + bytes_field(_VALUES, value))


_QUALITIES = (b"", _quality(64), _quality(0))
"""Good is left out. Sparkplug knows 192, 0 and 500 (stale); for uncertain there is only the OPC code."""


@dataclass(slots=True)
class _Device:
    """A device, or the node itself (no name): its metrics in the order of their aliases."""

    name: str
    sensors: list[str] = field(default_factory=list)
    told: int = 0


@dataclass(slots=True)
class _Node:
    """What an edge node has said since its birth."""

    seq: int = 0
    born: bool = False
    devices: dict[str, _Device] = field(default_factory=dict)


@dataclass(slots=True)
class _Metric:
    """What is remembered of a sensor: how its data begins, its newest time, and what was sent last, for the next birth."""

    alias: bytes
    newest_ms: int = -1
    last_ms: int = -1
    last: float = math.nan


class SparkplugPacker:
    """Packs chunks into Sparkplug B, one edge node a lane: `edge-1`, `edge-2` and so on.

    A reading older than the newest of its sensor is marked historical. A sensor that appears later makes its device
    be born anew.
    """

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
        self._nodes = [_Node() for _ in range(lanes)]
        self._metrics: dict[tuple[str, str], _Metric] = {}
        self._names: tuple[str, ...] = ()

    def pack(self, chunk: Recorded) -> Iterator[Outgoing]:
        """Yield the chunk's data; before it what must be born anew because of new names. Goes out by `sealed`."""
        if chunk.names != self._names:
            self._names = chunk.names
            for name in chunk.names:
                self._know(*self._grouping.address(name))
        for group in self._grouping.groups(chunk):
            for share in group.shares:
                device = self._nodes[share.lane].devices[share.enterprise]
                if self._nodes[share.lane].born and device.told < len(device.sensors):
                    yield self._birth(share.lane, device, group.paced_ns)
                news: list[tuple[_Metric, int, float]] = []
                yield self._data(group, share, news)
                for metric, t_ms, value in news:  # only now it has been sent
                    metric.last_ms, metric.last = t_ms, value

    def opening(self, lane: int, session: int, t_ns: int) -> Sequence[Outgoing]:
        """Return the births of a node and its devices, with the last values that it sent."""
        node = self._nodes[lane]
        node.seq, node.born = 0, True
        own = node.devices.get(NO_ENTERPRISE, _Device(NO_ENTERPRISE))
        rebirth = (
            bytes_field(_NAME, _REBIRTH) + number_field(_DATATYPE, _TYPE_BOOLEAN) + number_field(_BOOLEAN, 0)
        )
        head = _bd_seq(session) + bytes_field(_METRICS, rebirth)
        devices = [device for device in node.devices.values() if device.name != NO_ENTERPRISE]
        return [self._birth(lane, own, t_ns, head), *(self._birth(lane, device, t_ns) for device in devices)]

    def sealed(self, message: Outgoing) -> Outgoing:
        """Return a message with the next sequence number of its node."""
        node = self._nodes[message.lane]
        seq, node.seq = node.seq, (node.seq + 1) % _WRAP
        return replace(message, payload=message.payload + number_field(_SEQ, seq))

    def closing(self, lane: int, session: int) -> Sequence[Outgoing]:
        """Return the node's death, which a broker tells only where a connection breaks."""
        return [self.will(lane, session)]

    def will(self, lane: int, session: int) -> Outgoing:
        """Return the node's death."""
        return Outgoing(_topic("NDEATH", lane), _bd_seq(session), 0, 0, lane, qos=1)

    def commands(self, lane: int) -> str:
        """Return the topic on which a host asks for births again."""
        return _topic("NCMD", lane)

    def _know(self, enterprise: str, sensor: str, lane: int) -> None:
        if (enterprise, sensor) not in self._metrics:
            alias = number_field(_ALIAS, len(self._metrics) + 1)
            self._metrics[enterprise, sensor] = _Metric(alias)
            device = self._nodes[lane].devices.setdefault(enterprise, _Device(enterprise))
            device.sensors.append(sensor)

    def _birth(self, lane: int, device: _Device, t_ns: int, head: bytes = b"") -> Outgoing:
        """Return the birth of a device, or of the node, with all of its metrics."""
        at = number_field(_AT, max(0, t_ns // _NS_PER_MS))
        metrics = []
        for sensor in device.sensors:
            metric = self._metrics[device.name, sensor]
            metrics.append(
                bytes_field(
                    _METRICS,
                    bytes_field(_NAME, sensor.encode())
                    + metric.alias
                    + (at if metric.last_ms < 0 else number_field(_AT, metric.last_ms))
                    + number_field(_DATATYPE, _TYPE_DOUBLE)
                    + _value(metric.last),
                )
            )
        device.told = len(device.sensors)
        of_node = device.name == NO_ENTERPRISE
        topic = _topic("NBIRTH", lane) if of_node else _topic("DBIRTH", lane, device.name)
        payload = _stamped(t_ns) + head + b"".join(metrics)
        return Outgoing(topic, payload, t_ns, 0, lane, qos=0)

    def _data(self, group: Group, share: Share, news: list[tuple[_Metric, int, float]]) -> Outgoing:
        """Return the readings of one enterprise by their aliases, and add to `news` what is no back-fill."""
        times = [t // _NS_PER_MS for t in taken(group.t_ns, share)]
        values = taken(group.value, share)
        qualities = taken(group.quality, share) if group.quality is not None else [0] * len(times)
        newest = max(times)
        at, at_ms = b"", -1
        parts = [_stamped(newest * _NS_PER_MS)]
        for sensor, t_ms, value, quality in zip(share.sensors, times, values, qualities, strict=True):
            metric = self._metrics[share.enterprise, sensor]
            if t_ms != at_ms:
                at, at_ms = number_field(_AT, max(0, t_ms)), t_ms
            body = metric.alias + at
            if t_ms < metric.newest_ms:
                body += _HISTORICAL_MARK
            else:
                metric.newest_ms = t_ms
                news.append((metric, t_ms, value))
            body += _value(value) + _QUALITIES[quality]
            parts += (_METRIC_TAG, varint(len(body)), body)
        of_node = share.enterprise == NO_ENTERPRISE
        topic = _topic("NDATA", share.lane) if of_node else _topic("DDATA", share.lane, share.enterprise)
        return Outgoing(topic, b"".join(parts), group.paced_ns, len(times), share.lane, qos=0)


_HISTORICAL_MARK = number_field(_HISTORICAL, 1)
_NULL_MARK = number_field(_NULL, 1)


def _value(value: float) -> bytes:
    """Return a value; NaN is null."""
    return _DOUBLE_TAG + pack_double(value) if value == value else _NULL_MARK  # noqa: PLR0124 - NaN is not itself


def _stamped(t_ns: int) -> bytes:
    return number_field(_TIMESTAMP, max(0, t_ns // _NS_PER_MS))


def _bd_seq(session: int) -> bytes:
    """Return the metric that ties a death to its birth."""
    body = (
        bytes_field(_NAME, b"bdSeq")
        + number_field(_DATATYPE, _TYPE_INT64)
        + number_field(_LONG, session % _WRAP)
    )
    return bytes_field(_METRICS, body)


def _topic(kind: str, lane: int, device: str | None = None) -> str:
    node = f"{NAMESPACE}/{GROUP}/{kind}/edge-{lane + 1}"
    return node if device is None else f"{node}/{device}"


def asks_rebirth(payload: bytes) -> bool:
    """Say whether a command to a node asks for its births; its name is always written out."""
    return _REBIRTH in payload
