"""Back-tests that were kept for people to look at later: one file each in a folder, newest first, bounded and checked."""

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from detectors.profile import Profile
from registry.faults import Fault
from registry.files import read_bounded
from service.tuning.backtest import Comparison, line_of
from sim.writing import time_texts

FOLDER = "backtests"
MOST = 50
"""So many are kept; the oldest go when a newer one comes."""
MAX_BYTES = 8 << 20
_PRINT_BYTES = 16


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Alerts of one kind, or of all, of old and new settings; rates are per sensor and day, None where no time passed."""

    old: int
    new: int
    old_per_sensor_day: float | None
    new_per_sensor_day: float | None
    gained: int
    lost: int
    earlier: int
    later: int
    same: int
    median_shift_s: float | None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The counts of a back-test, without its single alerts; times are RFC 3339.

    `made` is when the back-test ran, `begins` and `ends` the recording's span; `old_print` and `new_print` are prints
    (`profile_print`) of the detector settings that were compared.
    """

    source: str
    old: str
    new: str
    sensors: int
    days: float
    total: Counts
    kinds: dict[str, Counts]
    made: str
    begins: str | None
    ends: str | None
    old_print: str
    new_print: str


def report_of(
    comparison: Comparison,
    names: tuple[str, str, str],
    prints: tuple[str, str],
    span: tuple[int, int],
    made: str,
) -> Report:
    """Return the counts of a comparison: `names` of source, old and new settings, prints of both, the span in ns."""
    begins, ends = time_texts(list(span)) if comparison.days else (None, None)
    return msgspec.convert(
        {
            **dict(zip(("source", "old", "new"), names, strict=True)),
            "sensors": comparison.sensors,
            "days": comparison.days,
            "total": line_of(comparison, comparison.total),
            "kinds": {kind: line_of(comparison, line) for kind, line in comparison.lines.items()},
            "made": made,
            "begins": begins,
            "ends": ends,
            **dict(zip(("old_print", "new_print"), prints, strict=True)),
        },
        Report,
    )


def profile_print(profile: Profile) -> str:
    """Return a print of detector settings: the same for the same settings, on every machine."""
    said = msgspec.json.encode(
        {"types": dict(profile.types), "sensors": dict(profile.sensors), "modes": dict(profile.modes)},
        enc_hook=dict,
        order="deterministic",
    )
    return hashlib.blake2b(said, digest_size=_PRINT_BYTES).hexdigest()


def keep(folder: Path, name: str, report: Report) -> Path:
    """Write a report into a folder under a name that sorts by time, and let the oldest beyond `MOST` go."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    part = path.with_suffix(".part")
    part.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1))
    part.replace(path)
    for old in _files(folder)[MOST:]:
        old.unlink(missing_ok=True)
    return path


def kept(folder: Path) -> list[tuple[str, Report | Fault]]:
    """Return the newest reports of a folder with the names of their files; of one that is none, what is wrong with it."""
    return [(path.stem, _read(path)) for path in _files(folder)[:MOST]]


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.json"), key=lambda path: path.name, reverse=True)


def _read(path: Path) -> Report | Fault:
    content: Any = read_bounded(path, MAX_BYTES)
    if isinstance(content, Fault):
        return content
    try:
        return msgspec.json.decode(content, type=Report)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return Fault(file=path.name, where="", message=f"not a kept back-test: {error}")
