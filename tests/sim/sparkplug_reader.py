"""Reads Sparkplug B payloads by the wire form of Protocol Buffers alone, knowing nothing of how they were written."""

import math
import struct
from dataclasses import dataclass, field

Fields = list[tuple[int, int | bytes]]


def fields_of(payload: bytes) -> Fields:
    """Return the fields of a message: number, and a whole number or the bytes."""
    found: Fields = []
    at = 0
    while at < len(payload):
        tag, at = _varint(payload, at)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            whole, at = _varint(payload, at)
            found.append((number, whole))
            continue
        length, at = (8, at) if kind == 1 else _varint(payload, at)
        assert kind in {1, 2}
        assert at + length <= len(payload)
        found.append((number, payload[at : at + length]))
        at += length
    return found


def _varint(payload: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = payload[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at


@dataclass(slots=True)
class Metric:
    """A metric as it was sent."""

    name: str = ""
    alias: int = 0
    t_ms: int = 0
    value: float = math.nan
    null: bool = False
    historical: bool = False
    quality: int | None = None
    whole: int | None = None


@dataclass(slots=True)
class Payload:
    """A payload as it was sent; `seq` is None where there is none."""

    seq: int | None = None
    t_ms: int | None = None
    metrics: list[Metric] = field(default_factory=list)


def read(payload: bytes) -> Payload:
    """Return what a payload says."""
    out = Payload()
    for number, content in fields_of(payload):
        match number, content:
            case 1, int():
                out.t_ms = content
            case 2, bytes():
                out.metrics.append(_metric(content))
            case 3, int():
                out.seq = content
    return out


def _metric(content: bytes) -> Metric:
    metric = Metric()
    for number, inside in fields_of(content):
        match number, inside:
            case 1, bytes():
                metric.name = inside.decode()
            case 2, int():
                metric.alias = inside
            case 3, int():
                metric.t_ms = inside
            case 5, int():
                metric.historical = bool(inside)
            case 7, int():
                metric.null = bool(inside)
            case 9, bytes():
                metric.quality = _quality(inside)
            case ((11 | 14), int()):
                metric.whole = inside
            case 13, bytes():
                (metric.value,) = struct.unpack("<d", inside)
    return metric


def _quality(properties: bytes) -> int:
    (key, name), (place, value) = fields_of(properties)
    assert (key, name, place) == (1, b"Quality", 2)
    assert isinstance(value, bytes)
    (kind, number) = fields_of(value)
    assert kind == (1, 3)
    assert number[0] == 3
    assert isinstance(number[1], int)
    return number[1]
