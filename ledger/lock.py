"""One process at a time on a state folder."""

import fcntl
import os
from pathlib import Path

from ledger.errors import LedgerError, LedgerLocked

LOCK_NAME = "lock"


class StateLock:
    """The lock on a state folder: an flock on ``lock``, which the kernel drops when the process ends.

    The file holds the owner's process id, for people and for the message of the process that is refused. It stays
    after release: a lock file that is removed can be held by two.
    """

    def __init__(self, state_dir: Path) -> None:
        path = state_dir / LOCK_NAME
        try:
            state_dir.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as exc:
            raise LedgerError(
                f"{path} cannot be opened ({exc.strerror}); check who owns the state folder"
            ) from exc
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)
        except BlockingIOError as exc:
            pid = owner(path)
            os.close(self._fd)
            raise LedgerLocked(state_dir, pid) from exc
        except OSError as exc:
            os.close(self._fd)
            raise LedgerError(
                f"{path} cannot be locked ({exc.strerror}); free disk space, or check the disk"
            ) from exc

    def release(self) -> None:
        """Let go of the folder; a second call does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def owner(path: Path) -> int | None:
    """Return the process id that a lock file names, None where it names none."""
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None
