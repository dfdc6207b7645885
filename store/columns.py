"""Batches as columns that name sensors by id: the form in which the embedded store spools and takes them.

Pure. A payload holds a dictionary of the sensors that occur in it and, per reading, a code into it.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from alerting.events import AlertEvent
from registry.sensors import SensorRegistry
from store.series import StoreBatch


class SensorRow(msgspec.Struct, frozen=True, array_like=True):
    """What the store knows of a sensor."""

    id: str
    enterprise: str
    source: str
    type: str


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    sensors: list[SensorRow]
    code: bytes
    t_ns: bytes
    value: bytes
    quality: bytes
    score: bytes
    alerts: list[AlertEvent]


class Columns(msgspec.Struct, frozen=True):
    """An unpacked batch; `code` is an index into `sensors`."""

    sensors: Sequence[SensorRow]
    code: NDArray[np.int32]
    t_ns: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.uint8]
    score: NDArray[np.float64]
    alerts: Sequence[AlertEvent]


class ColumnEncoder:
    """Packs for one registry."""

    def __init__(self, registry: SensorRegistry) -> None:
        self._rows = [SensorRow(s.id, s.enterprise, s.source or "", s.type.value) for s in registry.specs]

    def encode(self, batch: StoreBatch) -> bytes:
        """Return the batch packed."""
        block = batch.block
        used, code = _codes(block.sensor, len(self._rows))
        packed = _Packed(
            sensors=[self._rows[i] for i in used.tolist()],
            code=code.tobytes(),
            t_ns=block.t_ns.tobytes(),
            value=block.value.tobytes(),
            quality=block.quality.tobytes(),
            score=batch.score.tobytes(),
            alerts=list(batch.alerts),
        )
        return msgspec.msgpack.encode(packed)


def unpack(payload: bytes) -> Columns:
    """Return a packed batch; raises `msgspec.DecodeError` where it is none."""
    packed = msgspec.msgpack.decode(payload, type=_Packed)
    return Columns(
        sensors=packed.sensors,
        code=np.frombuffer(packed.code, np.int32),
        t_ns=np.frombuffer(packed.t_ns, np.int64),
        value=np.frombuffer(packed.value, np.float64),
        quality=np.frombuffer(packed.quality, np.uint8),
        score=np.frombuffer(packed.score, np.float64),
        alerts=packed.alerts,
    )


def _codes(sensor: NDArray[np.int32], n: int) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
    """Return the indexes that occur, and each reading's place among them; without sorting the readings."""
    occurs = np.zeros(n, np.bool_)
    occurs[sensor] = True
    used = np.flatnonzero(occurs)
    place = np.empty(n, np.int32)
    place[used] = np.arange(len(used), dtype=np.int32)
    return used, place[sensor]
