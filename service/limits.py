"""Keeping what limits the sensors have, each time settings are loaded."""

from pathlib import Path

import structlog

from ledger.ledger import Ledger
from ledger.limits import LoadedFrom
from registry.sensors import SensorRegistry
from service.settings import Settings

_log = structlog.get_logger(__name__)


def note_limits(ledger: Ledger, registry: SensorRegistry, settings: Settings, at_ns: int) -> None:
    """Keep the limits of the plan that was loaded, and log how many are others than before."""
    changed = ledger.note_limits(registry.specs, loaded_from(settings, at_ns))
    if changed:
        _log.info("limits_changed", limits=changed)


def loaded_from(settings: Settings, at_ns: int) -> LoadedFrom:
    """Return which of the files that limits come from was written last: points, design limits, defaults of the types."""
    files = (settings.points, settings.plant, settings.detectors, settings.tuned)
    written = [(_written_ns(path), path.name) for path in files if path is not None]
    file_ns, name = max(written)
    return LoadedFrom(at_ns=at_ns, file=name, file_ns=file_ns)


def _written_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0  # it was read a moment ago; that it is gone changes nothing of what it said
