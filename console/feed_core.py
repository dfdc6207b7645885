"""The server-sent stream's rules, without a clock or a socket: numbering, resuming, dropping.

A frame is encoded once and shared by all viewers. Numbered frames stay in a bounded ring, from which a viewer that
comes back resumes. A viewer that does not keep up loses its backlog and gets one ``resync`` frame instead, upon
which the page asks for everything anew: late news is not queued without bound and never silently lost.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from console.scope import UNLIMITED, Place, Scope

DEFAULT_RING_FRAMES = 4096
DEFAULT_BUFFER_FRAMES = 512
DEFAULT_BUFFER_BYTES = 1 << 20
_BODY, _END = b"\ndata: ", b"\n\n"

Words = Callable[[Scope, bytes], bytes]
"""Returns a frame's body as an account of a scope may read it."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as it goes over the wire; `place` None is for everyone, `number` None is not resumed.

    `by_scope`, where it is one, has what was made of it for each scope that reads it otherwise than those without one.
    """

    number: int | None
    data: bytes
    place: Place | None = None
    by_scope: dict[Scope, "Frame"] | None = field(default=None, compare=False, repr=False)

    def seen_by(self, scope: Scope) -> bool:
        """Tell whether an account of the scope may get this frame."""
        return self.place is None or scope.sees(self.place)

    def as_read_by(self, scope: Scope, words: Words) -> "Frame":
        """Return the frame as an account of the scope may read it; made once a scope, however many look."""
        if self.by_scope is None or scope == UNLIMITED:
            return self
        made = self.by_scope.get(scope)
        if made is None:
            made = self.by_scope[scope] = self._made_for(scope, words)
        return made

    def _made_for(self, scope: Scope, words: Words) -> "Frame":
        if not self.seen_by(scope):
            return self
        head, mark, rest = self.data.partition(_BODY)
        body = rest.removesuffix(_END)
        told = words(scope, body)
        return self if told == body else Frame(self.number, head + mark + told + _END, self.place)


def encode_frame(kind: str, body: bytes, frame_id: str | None = None) -> bytes:
    """Return a server-sent event; `body` is JSON and so holds no line break."""
    assert b"\n" not in body
    head = f"id: {frame_id}\n" if frame_id is not None else ""
    return f"{head}event: {kind}".encode() + _BODY + body + _END


@dataclass(slots=True)
class Ring:
    """The newest numbered frames, at most `capacity`; numbers count from 1 without a gap.

    `epoch` tells one start of the program from another, so that a viewer of the last one is not resumed here.
    """

    epoch: str
    capacity: int = DEFAULT_RING_FRAMES
    last: int = 0
    _frames: deque[Frame] = field(default_factory=deque)

    @property
    def position(self) -> str:
        """The id of the newest frame, which a viewer names when it comes back."""
        return f"{self.epoch}-{self.last}"

    def append(self, kind: str, body: bytes, place: Place | None, *, by_scope: bool = False) -> Frame:
        """Number and keep a frame, which scopes read differently or not; the oldest goes when the ring is full."""
        self.last += 1
        data = encode_frame(kind, body, self.position)
        frame = Frame(self.last, data, place, {} if by_scope else None)
        self._frames.append(frame)
        if len(self._frames) > self.capacity:
            self._frames.popleft()
        return frame

    def since(self, last_id: str | None) -> list[Frame] | None:
        """Return the frames after the id that a viewer saw last; None where it must ask for everything anew."""
        epoch, _, number = (last_id or "").rpartition("-")
        if epoch != self.epoch or not (number.isascii() and number.isdigit()):
            return None
        seen = int(number[:20])
        missed = self.last - seen
        if not 0 <= missed <= len(self._frames):
            return None
        return list(self._frames)[len(self._frames) - missed :]


@dataclass(slots=True)
class ViewerBuffer:
    """What one viewer has still to be sent, bounded in frames and bytes.

    `dropped` counts the frames that it never got; each drop costs it one resync.
    """

    scope: Scope
    max_frames: int = DEFAULT_BUFFER_FRAMES
    max_bytes: int = DEFAULT_BUFFER_BYTES
    dropped: int = 0
    resyncs: int = 0
    _waiting: deque[Frame] = field(default_factory=deque)
    _bytes: int = 0
    _resync: bool = False

    def offer(self, frame: Frame) -> bool:
        """Queue a frame that the viewer may see; False when its backlog was dropped for a resync."""
        if not frame.seen_by(self.scope):
            return True
        if self._resync and frame.number is not None:
            # Everything is about to be asked for anew, so this frame adds nothing.
            self.dropped += 1
            return True
        if frame.number is None and self._waiting and self._waiting[-1].number is None:
            # Of heartbeats only the newest says anything.
            self._bytes -= len(self._waiting.pop().data)
        if len(self._waiting) < self.max_frames and self._bytes + len(frame.data) <= self.max_bytes:
            self._waiting.append(frame)
            self._bytes += len(frame.data)
            return True
        self.dropped += len(self._waiting) + 1
        self._clear()
        self.require_resync()
        return False

    def require_resync(self) -> None:
        """Make the next thing that the viewer gets a resync."""
        self.resyncs += 0 if self._resync else 1
        self._resync = True

    def take(self, position: str) -> list[bytes]:
        """Return all that waits, a resync naming `position` first where one is due."""
        head = [encode_frame("resync", b"{}", position)] if self._resync else []
        chunks = head + [frame.data for frame in self._waiting]
        self._clear()
        self._resync = False
        return chunks

    def _clear(self) -> None:
        self._waiting.clear()
        self._bytes = 0
