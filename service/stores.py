"""The time-series store that the settings name. The others' clients are not imported: that is half of a warm start."""

from typing import TYPE_CHECKING

from service.plan import Loaded
from store.null import NullStore
from store.series import SeriesStore

if TYPE_CHECKING:
    from store.influx import InfluxStore


def open_store(loaded: Loaded, ledger_id: str) -> SeriesStore:
    """Open the store.

    Raises:
        StoreError: it cannot be opened.
    """
    match loaded.settings.store.kind:
        case "none":
            return NullStore()
        case "duckdb":
            return _duckdb(loaded, ledger_id)
        case "influx":
            return open_influx(loaded)


def _duckdb(loaded: Loaded, ledger_id: str) -> SeriesStore:
    from store.duck import DuckStore  # noqa: PLC0415 - see the module

    path = loaded.settings.store.path or loaded.settings.state_dir / "readings.duckdb"
    return DuckStore(path, loaded.plan.registry, ledger_id)


def open_influx(loaded: Loaded) -> "InfluxStore":
    """Open the time-series server of settings that name one."""
    from store.influx import InfluxSettings, InfluxStore  # noqa: PLC0415 - see the module

    part = loaded.settings.store
    assert part.url is not None, "the settings have been checked"
    settings = InfluxSettings(
        url=part.url,
        org=part.org,
        bucket=part.bucket,
        token=loaded.secrets.store_token or "",
        gzip=part.gzip,
        flavour=part.flavour or "auto",
    )
    return InfluxStore(settings, loaded.plan.registry)
