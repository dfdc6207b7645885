"""Batches for tests of the store: deterministic readings of a small site, and a store that can be told to fail."""

import math
import threading
from collections.abc import Callable, Sequence

import numpy as np

from alerting.events import AlertEvent
from registry.readings import ReadingBlock
from registry.sensors import SensorRegistry, SensorSpec, SensorType
from store.series import Encoded, Rejection, Series, StoreBatch, StoreError

START_NS = 1_764_000_000_000_000_000
NAMES = ("LT-101", "PT 102, north=1", "可燃气体-3", 'odd"\\name%5C')


def site(enterprise: str = "e1") -> SensorRegistry:
    return SensorRegistry(
        tuple(
            SensorSpec(
                id=f"{enterprise}/{name}",
                sensor=name,
                enterprise=enterprise,
                type=SensorType.LEVEL,
                source="hs 1",
            )
            for name in NAMES
        )
    )


def batch(
    seq: int, rows: int = 20, *, step_ns: int = 1_000_000_001, alerts: tuple[AlertEvent, ...] = ()
) -> StoreBatch:
    """Return readings with odd nanoseconds and values that need every digit; every seventh has no value."""
    at = np.arange((seq - 1) * rows, seq * rows, dtype=np.int64)
    value = np.sin(at) * 10.0 ** (at % 9 - 4)
    value[at % 7 == 6] = math.nan
    score = np.where(at % 3 == 0, np.nan, (at % 100) / 100.0)
    return StoreBatch(
        seq=seq,
        block=ReadingBlock(
            sensor=(at % len(NAMES)).astype(np.int32),
            t_ns=START_NS + at * step_ns,
            value=value,
            quality=(at % 3).astype(np.uint8),
        ),
        score=score,
        alerts=alerts,
    )


def alert(
    seq: int, *, sensor: str | None = "e1/LT-101", time: str = "2025-11-24T16:00:00.123Z"
) -> AlertEvent:
    return AlertEvent(
        id="a1b2",
        seq=seq,
        time=time,
        event="opened",
        state="unack",
        grade="red",
        kind="high",
        sensor=sensor,
        enterprise="e1",
        source="hs 1",
        equipment=None,
        area=None,
        value=12.5,
        unit="m",
        limit=None,
        limit_name="hh",
        forecast_s=float("nan"),
        onset=None,
        score=0.9,
        title={"zh": '液位"超高"', "en": "Level high, see \\ manual\nnow"},
        why={},
    )


def readings_of(batches: Sequence[StoreBatch], sensor: int) -> dict[int, float]:
    """Return time to value of one sensor, those without a value left out."""
    return {
        int(t): float(v)
        for b in batches
        for s, t, v in zip(b.block.sensor, b.block.t_ns, b.block.value, strict=True)
        if s == sensor and not math.isnan(v)
    }


class FakeStore:
    """A store in memory; `answer` may raise for a seq, and decides what is refused."""

    encoding = "fake"

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.away = threading.Event()
        self.hold = threading.Event()
        self.hold.set()
        self.answer: Callable[[Encoded], list[Rejection]] = lambda _: []
        self.closed = False

    @property
    def stored(self) -> list[int]:
        """The seqs, each where it came first."""
        return list(dict.fromkeys(self.sent))

    def encode(self, batch: StoreBatch) -> bytes:
        return b"%d " % batch.seq * 50

    def write(self, batches: Sequence[StoreBatch]) -> None:
        raise NotImplementedError

    def send(self, records: Sequence[Encoded]) -> list[Rejection]:
        self.hold.wait(20)
        if self.away.is_set():
            raise StoreError("nobody there", retry=True)
        found = [rejection for record in records for rejection in self.answer(record)]
        self.sent += [record.seq for record in records]
        return found

    def read(self, sensor: str, start_ns: int, end_ns: int, max_points: int) -> Series:
        raise NotImplementedError

    def watermark(self) -> int | None:
        return None

    def close(self) -> None:
        self.closed = True
