"""What is measured on: a plant of any size, its readings as blocks, and the messages that bring them. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle

import numpy as np

from ingest.messages import Message
from registry.readings import ReadingBlock
from registry.sensors import SensorRegistry, SensorSpec, SensorType

T0_NS = 1_764_000_000_000_000_000
ROUND_NS = 1_000_000_000
"""Every sensor reports once a second."""
MOST_ROUNDS = 60
"""In a block: it is judged at one time, and whoever was not heard for three scans would be dead then."""
ENTERPRISE = "bench"
TOPIC = f"hazwatch/v1/{ENTERPRISE}"
GROUP = 100
"""Readings in a batch."""
TYPES = (
    SensorType.LEVEL,
    SensorType.PRESSURE,
    SensorType.GAS_COMBUSTIBLE,
    SensorType.TEMPERATURE,
    SensorType.LEVEL,
)
"""The types of the plant's sensors, in turn: two levels for each pressure, gas and temperature."""
QUIET, ALARM = 50.0, 95.0
"""A value amid the limits of every sensor, and one beyond its high ones."""

_SPEC = SensorSpec(
    id="", sensor="", enterprise=ENTERPRISE, type=SensorType.LEVEL, unit="%", range_lo=0.0, range_hi=100.0,
    ll=5.0, l=10.0, h=85.0, hh=90.0, deadband=1.0, scan_s=60.0,
)  # fmt: skip


def sensor_name(i: int) -> str:
    """Return the name of a sensor; all have the same length, and so have all messages."""
    return f"S-{i:07d}"


def plant(sensors: int) -> SensorRegistry:
    """Return a registry of so many sensors, each with four limits and a range."""
    names = map(sensor_name, range(sensors))
    return SensorRegistry(
        tuple(
            replace(_SPEC, id=f"{ENTERPRISE}/{name}", sensor=name, type=kind)
            for name, kind in zip(names, cycle(TYPES), strict=False)
        )
    )


def readings(sensors: int, count: int, *, in_order: bool) -> ReadingBlock:
    """Return about `count` quiet readings in whole rounds of all sensors, in their order or shuffled each round.

    At most `MOST_ROUNDS`: a small plant gives fewer.
    """
    rng = np.random.default_rng(1)
    rounds = min(max(1, count // sensors), MOST_ROUNDS)
    order = [np.arange(sensors) if in_order else rng.permutation(sensors) for _ in range(rounds)]
    n = rounds * sensors
    return ReadingBlock(
        sensor=np.concatenate(order).astype(np.int32),
        t_ns=T0_NS + np.repeat(np.arange(rounds), sensors) * ROUND_NS,
        value=QUIET + rng.normal(0.0, 0.5, n),
        quality=np.zeros(n, np.uint8),
    )


def later(block: ReadingBlock) -> ReadingBlock:
    """Return the same readings, as many rounds later as the block is long."""
    span_ns = int(block.t_ns[-1] - block.t_ns[0]) + ROUND_NS
    return replace(block, t_ns=block.t_ns + span_ns)


def columns_payload(t_ms: int, names: Sequence[str], values: Sequence[float]) -> bytes:
    """Return a batch in columns with one time."""
    s = ",".join(f'"{name}"' for name in names)
    v = ",".join(f"{value:.2f}" for value in values)
    return f'{{"t":{t_ms},"s":[{s}],"v":[{v}]}}'.encode()


def objects_payload(t_ms: int, names: Sequence[str], values: Sequence[float]) -> bytes:
    """Return a batch as an array of objects."""
    pairs = zip(names, values, strict=True)
    return ("[" + ",".join(f'{{"s":"{s}","t":{t_ms},"v":{v:.2f}}}' for s, v in pairs) + "]").encode()


def single_payload(t_ms: int, value: float) -> bytes:
    """Return one reading."""
    return f'{{"t":{t_ms},"v":{value:.2f}}}'.encode()


def batch_messages(sensors: int, count: int, shape: str) -> list[Message]:
    """Return `count` batches of `GROUP` readings, each group of sensors in turn; `shape` is columns or objects."""
    payload = {"columns": columns_payload, "objects": objects_payload}[shape]
    groups = sensors // GROUP
    rng = np.random.default_rng(1)
    messages = []
    for i in range(count):
        first = i % groups * GROUP
        names = [sensor_name(k) for k in range(first, first + GROUP)]
        t_ms = (T0_NS + i // groups * ROUND_NS) // 1_000_000
        messages.append(Message(TOPIC, payload(t_ms, names, (QUIET + rng.normal(0, 0.5, GROUP)).tolist())))
    return messages


def single_messages(sensors: int, count: int) -> list[Message]:
    """Return `count` messages of one reading each, sensor by sensor."""
    values = (QUIET + np.random.default_rng(1).normal(0, 0.5, count)).tolist()
    return [
        Message(
            f"{TOPIC}/{sensor_name(i % sensors)}",
            single_payload((T0_NS + i // sensors * ROUND_NS) // 1_000_000, value),
        )
        for i, value in enumerate(values)
    ]
