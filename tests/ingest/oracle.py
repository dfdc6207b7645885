"""The wire formats decoded slowly and obviously: standard library only, one reading at a time, no arrays."""

import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from ingest.messages import MAX_PAYLOAD_BYTES, Message
from registry.sensors import SensorRegistry


class Num(str):
    """A JSON number as it was written."""

    __slots__ = ()


class Refused(Exception):  # noqa: N818 - not an error of the oracle
    def __init__(self, reason: str) -> None:
        self.reason = reason


class Answer(NamedTuple):
    readings: list[tuple[int, int, float, int]]
    refused: Counter[tuple[str, str]]


def decode(
    registry: SensorRegistry, messages: Sequence[Message], now_ns: int, *, wall_clock: bool = True
) -> Answer:
    answer = Answer([], Counter())
    for message in messages:
        try:
            entries = entries_of(registry, message, now_ns)
        except Refused as refused:
            answer.refused[message.topic, refused.reason] += 1
            continue
        for enterprise, entry in entries:
            try:
                answer.readings.append(reading_of(registry, enterprise, entry, now_ns, wall_clock=wall_clock))
            except Refused as refused:
                answer.refused[message.topic, refused.reason] += 1
    return answer


def entries_of(registry: SensorRegistry, message: Message, now_ns: int) -> list[tuple[str, dict[str, Any]]]:
    if len(message.payload) > MAX_PAYLOAD_BYTES:
        raise Refused("oversize")
    levels = message.topic.split("/")
    if message.topic in registry.topics:
        spec = registry.specs[registry.topics[message.topic]]
        value = parse(message.payload)
        if isinstance(value, dict | list):
            raise Refused("wrong_type")
        return [(spec.enterprise, {"s": spec.sensor, "t": now_ns, "v": value})]
    if levels[:2] != ["hazwatch", "v1"] or len(levels) < 3:
        raise Refused("unknown_topic")
    enterprise = "" if levels[2] == "-" else levels[2]
    if len(levels) > 3:
        sensor = "/".join(levels[3:])
        if full_id(enterprise, sensor) not in registry.index:
            raise Refused("unknown_sensor")
        document = parse(message.payload)
        if not isinstance(document, dict):
            raise Refused("wrong_shape")
        return [(enterprise, {**document, "s": sensor})]
    return [(enterprise, entry) for entry in batch(parse(message.payload))]


def batch(document: Any) -> list[dict[str, Any]]:
    if isinstance(document, list):
        return document
    if not isinstance(document, dict) or not {"t", "s", "v"} <= set(document):
        raise Refused("wrong_shape")
    s, v, t, q = document["s"], document["v"], document["t"], document.get("q")
    if not isinstance(s, list) or not isinstance(v, list) or not isinstance(q, list | None):
        raise Refused("wrong_shape")
    t = t if isinstance(t, list) else [t] * len(s)
    q = [None] * len(s) if q is None else q
    if not len(s) == len(v) == len(t) == len(q):
        raise Refused("wrong_shape")
    return [{"s": s[i], "t": t[i], "v": v[i], "q": q[i]} for i in range(len(s))]


def reading_of(
    registry: SensorRegistry, enterprise: str, entry: Any, now_ns: int, *, wall_clock: bool
) -> tuple[int, int, float, int]:
    if not isinstance(entry, dict) or "s" not in entry:
        raise Refused("wrong_shape")
    if not isinstance(entry["s"], str) or isinstance(entry["s"], Num):
        raise Refused("wrong_type")
    sensor = registry.index.get(full_id(enterprise, entry["s"]))
    if sensor is None:
        raise Refused("unknown_sensor")
    if "t" not in entry or "v" not in entry:
        raise Refused("wrong_shape")
    t_ns = entry["t"] if type(entry["t"]) is int else time_of(entry["t"])
    latest = datetime(2100, 1, 1, tzinfo=UTC).timestamp() * 10**9
    if t_ns < 946_684_800 * 10**9 or t_ns >= latest or (wall_clock and t_ns > now_ns + 300 * 10**9):
        raise Refused("absurd_time")
    value, quality = value_of(entry["v"]), quality_of(entry.get("q"))
    if math.isinf(value):
        return sensor, t_ns, math.nan, 2
    return sensor, t_ns, value, quality


def time_of(t: Any) -> int:
    if isinstance(t, Num):
        if re.fullmatch(r"-?\d+", t):
            return int(t) * 10**6
        ms = float(t)
        if math.isinf(ms * 1000):
            raise Refused("absurd_time")
        return round(ms * 1000) * 1000
    if not isinstance(t, str):
        raise Refused("wrong_type")
    match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", t, re.ASCII)
    if match is None:
        raise Refused("wrong_type")
    try:
        moment = datetime.fromisoformat(match[1] + match[3].replace("Z", "+00:00"))
    except ValueError:
        raise Refused("wrong_type") from None
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 10**9 + int(Decimal(match[2] or "0") * 10**9)


def value_of(v: Any) -> float:
    if v is None or (v == "NaN" and not isinstance(v, Num)):
        return math.nan
    if not isinstance(v, Num):
        raise Refused("wrong_type")
    return float(v)


def quality_of(q: Any) -> int:
    if q is None:
        return 0
    if not isinstance(q, str) or isinstance(q, Num) or q not in {"good", "uncertain", "bad"}:
        raise Refused("wrong_type")
    return ["good", "uncertain", "bad"].index(q)


def parse(payload: bytes) -> Any:
    def no_constant(name: str) -> None:
        raise ValueError(name)

    try:
        return json.loads(payload.decode("utf-8"), parse_int=Num, parse_float=Num, parse_constant=no_constant)
    except (ValueError, RecursionError):
        raise Refused("bad_json") from None


def full_id(enterprise: str, sensor: str) -> str:
    return f"{enterprise}/{sensor}" if enterprise else sensor
