"""Snapshots of the pipeline's state, one file each, so that a large one never holds up the journal.

A file is ``snapshots/{seq:020}.snap``: magic, ledger id, seq, crc32 and length, then the body. It is written under
another name, synced and renamed, so it is whole or not there; what is broken nevertheless is passed over.
The body is not compressed: it is floats, and a restart reads it once.
"""

import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import structlog

from ledger.errors import LedgerError

_MAGIC = b"HZSNAP1\n"
_HEAD = struct.Struct("<8s16sqIQ")
_log = structlog.get_logger(__name__)


class Snapshot(NamedTuple):
    """The state after journal entry `seq`."""

    seq: int
    body: bytes


class SnapshotFolder:
    """The snapshots of one ledger; those of another ledger are neither read nor removed."""

    def __init__(self, folder: Path, ledger_id: str) -> None:
        self._folder = folder
        self._id = UUID(ledger_id).bytes

    def save(self, seq: int, body: bytes) -> None:
        """Keep the state after `seq`; when this returns it is on the disk."""
        path = self._path(seq)
        part = path.with_suffix(".part")
        try:
            self._folder.mkdir(exist_ok=True)
            with part.open("wb") as file:
                file.write(_HEAD.pack(_MAGIC, self._id, seq, zlib.crc32(body), len(body)))
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
            sync_folder(self._folder)
        except OSError as exc:
            part.unlink(missing_ok=True)
            raise LedgerError(
                f"{path} cannot be written ({exc.strerror}); free disk space, or check the disk"
            ) from exc

    def seqs(self) -> list[int]:
        """Return the seq of every snapshot file, newest first."""
        return sorted(
            (int(path.stem) for path in self._folder.glob("*.snap") if path.stem.isdigit()), reverse=True
        )

    def newest_first(self) -> Iterator[Snapshot]:
        """Return the snapshots that are whole and of this ledger."""
        for seq in self.seqs():
            snapshot = self._read(seq)
            if snapshot is not None:
                yield snapshot

    def remove(self, seq: int) -> None:
        """Forget one snapshot."""
        self._path(seq).unlink(missing_ok=True)

    def _path(self, seq: int) -> Path:
        return self._folder / f"{seq:020}.snap"

    def _read(self, seq: int) -> Snapshot | None:
        try:
            data = self._path(seq).read_bytes()
        except OSError as exc:
            _log.warning("snapshot_unreadable", seq=seq, error=str(exc))
            return None
        if len(data) < _HEAD.size:
            _log.warning("snapshot_broken", seq=seq)
            return None
        magic, ledger_id, named, crc, length = _HEAD.unpack_from(data)
        body = data[_HEAD.size :]
        if (magic, named, length, crc) != (_MAGIC, seq, len(body), zlib.crc32(body)):
            _log.warning("snapshot_broken", seq=seq)
            return None
        if ledger_id != self._id:
            _log.warning("snapshot_of_another_ledger", seq=seq)
            return None
        return Snapshot(seq, body)


def spread(rising: Sequence[int], most: int) -> list[int]:
    """Return at most `most` of rising numbers, as evenly apart as one gets by leaving out those that stand closest.

    The first and the last stay while there is room for two: when numbers are added at the end one by one, what was left
    out before is what would be left out of all of them together, or nearly.
    """
    kept = list(rising)
    while len(kept) > max(2, most):
        gaps = [after - before for before, after in zip(kept, kept[2:], strict=False)]
        del kept[1 + gaps.index(min(gaps))]
    return kept[len(kept) - most :] if most < len(kept) else kept


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
