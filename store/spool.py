"""Batches on the disk while the server is away: appended, synced, read back in order, bounded.

A folder of segments, ``{number:012}.spool``, each a row of records: header (length, crc32, seq, rows), then the
payload compressed. A record counts once its segment is synced. Every start of the program begins a new segment, so
that what a crash tore (and so never counted) stays at a segment's end, where reading passes over it. Where reading stands inside a segment
is not kept: after a restart its records are sent again, which changes nothing in the store.
"""

import os
import struct
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import structlog

from store.series import Encoded

SEGMENT_BYTES = 8 << 20
_HEAD = struct.Struct("<IIqI")
_CRC_OF = struct.Struct("<qI")
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Segment:
    number: int
    size_bytes: int


class Place(NamedTuple):
    """Where reading stands after some records: a segment and an offset in it."""

    segment: int
    offset: int


class Spool:
    """A bounded queue on disk; one thread appends, one reads.

    Beyond `max_bytes` the oldest segment is dropped: `dropped_rows` counts what was in it, and `damaged_bytes` what
    could not be read back.
    """

    def __init__(self, folder: Path, max_bytes: int, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._segment_bytes = min(segment_bytes, max(1, max_bytes // 4))
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None
        self._appending = False
        folder.mkdir(parents=True, exist_ok=True)
        numbers = sorted(int(path.stem) for path in folder.glob("*.spool") if path.stem.isdigit())
        self._segments = [_Segment(n, self._path(n).stat().st_size) for n in numbers]
        self._next = numbers[-1] + 1 if numbers else 1
        self._at = Place(numbers[0] if numbers else self._next, 0)
        self.dropped_rows = 0
        self.damaged_bytes = 0

    @property
    def size_bytes(self) -> int:
        """What the segments take on the disk."""
        with self._lock:
            return sum(segment.size_bytes for segment in self._segments)

    @property
    def empty(self) -> bool:
        """Whether there is nothing left to read."""
        with self._lock:
            return all(self._left(segment) <= 0 for segment in self._segments)

    def append(self, records: Sequence[Encoded]) -> None:
        """Put records at the end; when this returns they are on the disk. After an OSError some may be."""
        with self._lock:
            self._appending = True
        try:
            for data in _pieces(records, self._segment_bytes):
                self._write(data)
                self._bound()
        finally:
            with self._lock:
                self._appending = False

    def peek(self, max_bytes: int) -> tuple[list[Encoded], Place]:
        """Return the oldest records, about `max_bytes` of them once unpacked, and the place after them."""
        while True:
            with self._lock:
                segment = next((s for s in self._segments if self._left(s) > 0), None)
                at = self._at
            if segment is None:
                return [], at
            if segment.number != at.segment:
                at = Place(segment.number, 0)
            records, end = self._read(segment, at.offset, max_bytes)
            if records:
                return records, Place(segment.number, end)
            self.advance(Place(segment.number, segment.size_bytes))

    def advance(self, place: Place) -> None:
        """Forget everything before `place`, unless that was dropped meanwhile."""
        with self._lock:
            if place < self._at:
                return
            self._at = place
            done = [s for s in self._segments if self._left(s) <= 0]
            if done and self._file and done[-1] is self._segments[-1]:
                if self._appending:
                    done.pop()
                else:
                    self._close_file()
            self._segments = self._segments[len(done) :]
        for segment in done:
            self._path(segment.number).unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the files; what is in them stays."""
        with self._lock:
            self._close_file()

    def _left(self, segment: _Segment) -> int:
        """Return how much of a segment is still to be read."""
        if segment.number < self._at.segment:
            return 0
        return segment.size_bytes - (self._at.offset if segment.number == self._at.segment else 0)

    def _write(self, data: bytes) -> None:
        """Write and sync a piece, in the segment that is being written or in a new one."""
        segment = self._segments[-1] if self._file else None
        if segment is None or segment.size_bytes + len(data) > self._segment_bytes:
            segment = self._begin()
        assert self._file is not None
        try:
            self._file.write(data)
            self._file.flush()
            os.fdatasync(self._file.fileno())
        except OSError:
            self._close_file()  # what is half there is torn; the next piece begins a new segment
            raise
        with self._lock:
            segment.size_bytes += len(data)

    def _begin(self) -> _Segment:
        """Begin a segment, its name synced."""
        self._close_file()
        number = self._next
        self._file = self._path(number).open("ab")
        fd = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
        self._next = number + 1
        segment = _Segment(number, 0)
        with self._lock:
            self._segments.append(segment)
        return segment

    def _bound(self) -> None:
        """Drop the oldest segments beyond the bound; never the one that is written."""
        while True:
            with self._lock:
                if len(self._segments) < 2 or sum(s.size_bytes for s in self._segments) <= self._max_bytes:  # noqa: PLR2004 - the oldest and the one being written
                    return
                oldest = self._segments.pop(0)
                offset = self._at.offset if self._at.segment == oldest.number else 0
                self._at = max(self._at, Place(self._segments[0].number, 0))
            records, _ = self._read(oldest, offset, 1 << 62)
            rows = sum(record.rows for record in records)
            self.dropped_rows += rows
            self._path(oldest.number).unlink(missing_ok=True)
            _log.error(
                "spool_full_oldest_dropped", rows=rows, bytes=oldest.size_bytes, max_bytes=self._max_bytes
            )

    def _read(self, segment: _Segment, offset: int, max_bytes: int) -> tuple[list[Encoded], int]:
        """Return whole records from `offset` on, and where they end; a broken one ends the segment."""
        records: list[Encoded] = []
        taken = 0
        try:
            with self._path(segment.number).open("rb") as file:
                file.seek(offset)
                while taken < max_bytes and offset < segment.size_bytes:
                    record, length = _unpack(file)
                    records.append(record)
                    offset += length
                    taken += len(record.payload)
        except (OSError, ValueError, zlib.error) as exc:
            lost = segment.size_bytes - offset
            self.damaged_bytes += lost
            _log.warning(
                "spool_segment_ends_early", segment=segment.number, offset=offset, bytes=lost, error=str(exc)
            )
            with self._lock:
                segment.size_bytes = offset
        return records, offset

    def _close_file(self) -> None:
        file, self._file = self._file, None
        if file:
            with suppress(OSError):  # on a full disk closing fails too; what is in doubt is torn
                file.close()

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:012}.spool"


def _pieces(records: Sequence[Encoded], piece_bytes: int) -> Iterator[bytes]:
    """Return the records packed, in pieces of about `piece_bytes`."""
    piece: list[bytes] = []
    size = 0
    for record in records:
        packed = _pack(record)
        if piece and size + len(packed) > piece_bytes:
            yield b"".join(piece)
            piece, size = [], 0
        piece.append(packed)
        size += len(packed)
    if piece:
        yield b"".join(piece)


def _pack(record: Encoded) -> bytes:
    body = zlib.compress(record.payload, 1)
    return _HEAD.pack(len(body), _crc(record.seq, record.rows, body), record.seq, record.rows) + body


def _unpack(file: BinaryIO) -> tuple[Encoded, int]:
    """Read one record; raise ValueError where it is not whole."""
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        raise ValueError("torn header")
    length, crc, seq, rows = _HEAD.unpack(head)
    body = file.read(length)
    if len(body) < length or crc != _crc(seq, rows, body):
        raise ValueError("torn or broken record")
    return Encoded(seq, rows, zlib.decompress(body)), _HEAD.size + length


def _crc(seq: int, rows: int, body: bytes) -> int:
    return zlib.crc32(body, zlib.crc32(_CRC_OF.pack(seq, rows)))
