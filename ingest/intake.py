"""What the codecs fill while some messages are decoded: readings in arrival order and rejects."""

from collections.abc import Iterable
from typing import Protocol

from ingest.fields import Refusal, Window, window
from ingest.messages import MAX_KEPT_BYTES, Decoded, Message, Reject
from registry.readings import ReadingBlock


class Codec(Protocol):
    """Reads the messages of one topic."""

    def read(self, message: Message, intake: "Intake") -> None:
        """Put every reading of `message` into `intake`, or say there why it does not count; never raises."""


class Intake:
    """Collects readings in arrival order: single ones in lists, batches as columns.

    `now_ns` is the receive time and `times` are the event times that count.
    """

    def __init__(self, now_ns: int, *, wall_clock: bool) -> None:
        self.now_ns = now_ns
        self.times: Window = window(now_ns, wall_clock=wall_clock)
        self._rejects: list[Reject] = []
        self._blocks: list[ReadingBlock] = []
        self._sensor: list[int] = []
        self._t_ns: list[int] = []
        self._value: list[float] = []
        self._quality: list[int] = []

    def one(self, sensor: int, t_ns: int, value: float, quality: int) -> None:
        """Take one reading."""
        self._sensor.append(sensor)
        self._t_ns.append(t_ns)
        self._value.append(value)
        self._quality.append(quality)

    def columns(self, rows: ReadingBlock) -> None:
        """Take one reading a row; the arrays are not copied and must not change afterwards."""
        self._close_singles()
        self._blocks.append(rows)

    def refuse(self, message: Message, refusal: Refusal, count: int = 1) -> None:
        """Note that `count` readings of `message` do not count."""
        self._rejects.append(
            Reject(
                reason=refusal.reason,
                detail=refusal.detail,
                topic=message.topic,
                payload=message.payload[:MAX_KEPT_BYTES],
                count=count,
            )
        )

    def refuse_all(self, message: Message, refusals: Iterable[Refusal]) -> None:
        """Note readings of one message that do not count: one reject a reason, told by the first of its kind."""
        first: dict[str, Refusal] = {}
        count: dict[str, int] = {}
        for refusal in refusals:
            first.setdefault(refusal.reason, refusal)
            count[refusal.reason] = count.get(refusal.reason, 0) + 1
        for reason, refusal in first.items():
            self.refuse(message, refusal, count[reason])

    def decoded(self) -> Decoded:
        """Return everything taken and refused so far."""
        self._close_singles()
        return Decoded(ReadingBlock.concat(self._blocks), tuple(self._rejects))

    def _close_singles(self) -> None:
        if self._sensor:
            self._blocks.append(ReadingBlock.of(self._sensor, self._t_ns, self._value, self._quality))
            self._sensor, self._t_ns, self._value, self._quality = [], [], [], []
