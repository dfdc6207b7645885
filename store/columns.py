"""Batches as columns with the embedded file's own sensor codes: the form in which it spools and takes them.

Pure. A code is given to a sensor id once and for ever by one file, so a changed points table changes nothing in
what was packed before; a payload names the file, and no other file takes it.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from alerting.events import AlertEvent
from store.series import StoreBatch


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    file_id: str
    code: bytes
    t_ns: bytes
    value: bytes
    quality: bytes
    score: bytes
    alerts: list[AlertEvent]


class Columns(msgspec.Struct, frozen=True):
    """An unpacked batch; `code` is the file's code of each reading's sensor."""

    code: NDArray[np.int32]
    t_ns: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.uint8]
    score: NDArray[np.float64]
    alerts: Sequence[AlertEvent]


def pack(batch: StoreBatch, file_id: str, codes: NDArray[np.int32]) -> bytes:
    """Return the batch packed; `codes` has the file's code of every sensor of the registry, by dense index."""
    block = batch.block
    packed = _Packed(
        file_id=file_id,
        code=codes[block.sensor].tobytes(),
        t_ns=block.t_ns.tobytes(),
        value=block.value.tobytes(),
        quality=block.quality.tobytes(),
        score=batch.score.tobytes(),
        alerts=list(batch.alerts),
    )
    return msgspec.msgpack.encode(packed)


def unpack(payload: bytes, file_id: str) -> Columns:
    """Return a packed batch; raises ValueError (`msgspec.DecodeError` is one) where it is none of this file."""
    packed = msgspec.msgpack.decode(payload, type=_Packed)
    if packed.file_id != file_id:
        raise ValueError(f"it was packed for the file with id {packed.file_id}, this one has {file_id}")
    columns = Columns(
        code=np.frombuffer(packed.code, np.int32),
        t_ns=np.frombuffer(packed.t_ns, np.int64),
        value=np.frombuffer(packed.value, np.float64),
        quality=np.frombuffer(packed.quality, np.uint8),
        score=np.frombuffer(packed.score, np.float64),
        alerts=packed.alerts,
    )
    if (
        len(
            {
                len(columns.code),
                len(columns.t_ns),
                len(columns.value),
                len(columns.quality),
                len(columns.score),
            }
        )
        > 1
    ):
        raise ValueError("its columns differ in length")
    return columns
