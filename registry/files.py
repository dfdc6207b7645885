"""Reading a file that a person named: all of it or the reason why not."""

from pathlib import Path

from registry.faults import Fault


def read_bounded(path: Path, most_bytes: int) -> bytes | Fault:
    """Return the content of a file, or a fault where it is missing, unreadable or larger than `most_bytes`."""
    file = str(path)
    try:
        size = path.stat().st_size
        if size > most_bytes:
            return Fault(
                file=file,
                where="",
                message=f"the file has {size} bytes",
                allowed=f"at most {most_bytes} bytes",
            )
        with path.open("rb") as source:
            return source.read(most_bytes)
    except FileNotFoundError:
        return Fault(file=file, where="", message="the file does not exist")
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or exc
        return Fault(file=file, where="", message=f"the file cannot be read: {reason}")
