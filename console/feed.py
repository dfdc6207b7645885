"""The one stream that all viewers share: asyncio shell around `console.feed_core`.

Queue: each viewer's buffer. Policy when full: backlog dropped, one resync. Counted: `dropped_frames`, `resyncs`.
Heartbeats carry no number and are not resumed; they are how the page knows that the server lives.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from alerting.texts import both
from console.backend import AlertRow
from console.feed_core import (
    DEFAULT_BUFFER_BYTES,
    DEFAULT_BUFFER_FRAMES,
    DEFAULT_RING_FRAMES,
    Frame,
    Ring,
    ViewerBuffer,
    Words,
    encode_frame,
)
from console.scope import NOWHERE, Place, Scope
from console.telling import Telling, as_read

HEARTBEAT_INTERVAL_S = 1.0
_ALERT = "alert"

Heartbeat = Callable[[], Mapping[str, Any]]


class Viewer:
    """One open stream: a buffer, and the bell that tells that something lies in it."""

    def __init__(self, buffer: ViewerBuffer) -> None:
        self.buffer = buffer
        self.bell = asyncio.Event()


class Feed:
    """Publishes frames to all viewers; every method is called on the event loop's thread.

    `words` is set by whoever knows the scopes: what an account of one may read of an alert.

    Args:
        epoch: tells this start of the program from another; random where none is given.
        ring_frames: how many numbered frames a viewer can resume over.
        buffer_frames: how many frames a slow viewer may be behind.
        buffer_bytes: how many bytes a slow viewer may be behind.
    """

    def __init__(
        self,
        *,
        epoch: str | None = None,
        ring_frames: int = DEFAULT_RING_FRAMES,
        buffer_frames: int = DEFAULT_BUFFER_FRAMES,
        buffer_bytes: int = DEFAULT_BUFFER_BYTES,
    ) -> None:
        self._ring = Ring(epoch or secrets.token_hex(4), ring_frames)
        self._buffer_frames = buffer_frames
        self._buffer_bytes = buffer_bytes
        self._viewers: set[Viewer] = set()
        self._closed = False
        self.resyncs = 0
        self.dropped_frames = 0
        self.words: Words = _as_it_is

    @property
    def viewers(self) -> int:
        """How many streams are open."""
        return len(self._viewers)

    @property
    def closed(self) -> bool:
        """Whether the feed has ended for good."""
        return self._closed

    def publish(self, kind: str, payload: Any, *, place: Place | None = NOWHERE) -> None:
        """Send a numbered frame to every viewer that may see the place; never waits.

        Without a place only accounts without a scope get it; None is for everyone. The payload is anything that
        msgspec encodes to JSON.
        """
        body = msgspec.json.encode(payload)
        self._offer(self._ring.append(kind, body, place, by_scope=kind == _ALERT))

    def publish_alert(self, row: AlertRow) -> None:
        """Send an alert as it now stands to all who may see it."""
        self.publish(_ALERT, row_json(row), place=row.place)

    def beat(self, payload: Mapping[str, Any]) -> None:
        """Send a heartbeat to everyone."""
        self._offer(Frame(None, encode_frame("beat", msgspec.json.encode(payload))))

    def begin_anew(self) -> None:
        """Forget what was sent, and make every viewer ask for everything: what is shown has become another time."""
        self._ring = Ring(secrets.token_hex(4), self._ring.capacity)
        for viewer in self._viewers:
            viewer.buffer.require_resync()
            viewer.bell.set()

    async def run(self, heartbeat: Heartbeat, interval_s: float = HEARTBEAT_INTERVAL_S) -> None:
        """Send a heartbeat each second, or as often as asked, until the feed is closed or the task cancelled."""
        while not self._closed:
            self.beat(heartbeat())
            await asyncio.sleep(interval_s)

    def close(self) -> None:
        """End every stream once what it has waiting was sent."""
        self._closed = True
        for viewer in self._viewers:
            viewer.bell.set()

    async def stream(
        self, scope: Scope, last_id: str | None, still_allowed: Callable[[], bool]
    ) -> AsyncIterator[bytes]:
        """Yield frames for one viewer until the feed closes or the account may no longer look.

        `last_id` is the id of the frame that the viewer saw last; where it cannot be resumed from, a resync is
        the first frame.
        """
        with self._join(scope, last_id) as viewer:
            yield b"retry: 1000\n\n"
            while True:
                viewer.bell.clear()
                if not still_allowed():
                    yield encode_frame("signedout", b"{}")
                    return
                chunks = viewer.buffer.take(self._ring.position)
                if chunks:
                    yield b"".join(chunks)
                elif self._closed:
                    return
                if not self._closed:
                    await viewer.bell.wait()

    @contextmanager
    def _join(self, scope: Scope, last_id: str | None) -> Any:
        viewer = Viewer(ViewerBuffer(scope, self._buffer_frames, self._buffer_bytes))
        missed = self._ring.since(last_id)
        if missed is None:
            viewer.buffer.require_resync()
        else:
            for frame in missed:
                self._count(viewer, frame)
        self._viewers.add(viewer)
        try:
            yield viewer
        finally:
            self._viewers.discard(viewer)

    def _offer(self, frame: Frame) -> None:
        for viewer in self._viewers:
            self._count(viewer, frame)
            viewer.bell.set()

    def _count(self, viewer: Viewer, frame: Frame) -> None:
        before = viewer.buffer.dropped
        if not viewer.buffer.offer(frame.as_read_by(viewer.buffer.scope, self.words)):
            self.resyncs += 1
        self.dropped_frames += viewer.buffer.dropped - before


def _as_it_is(_: Scope, body: bytes) -> bytes:
    return body


def row_json(row: AlertRow, telling: Telling | None = None) -> dict[str, Any]:
    """Return an alert as the page gets it: the alert line's keys and what stands beside it; `telling` None: all of it."""
    return {
        **msgspec.structs.asdict(as_read(row.event, telling)),
        "opened": row.opened,
        "acknowledged_by": row.acknowledged_by,
        "acknowledged_at": row.acknowledged_at,
        "safety_class": row.safety_class,
        "sensor_type": row.sensor_type,
        "assigned_to": None if row.assigned_to is None else both(row.assigned_to),
    }
