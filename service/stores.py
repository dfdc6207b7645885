"""The time-series store that the settings name."""

from service.plan import Loaded
from store.duck import DuckStore
from store.influx import InfluxSettings, InfluxStore
from store.null import NullStore
from store.series import SeriesStore


def open_store(loaded: Loaded, ledger_id: str) -> SeriesStore:
    """Open the store.

    Raises:
        StoreError: it cannot be opened.
    """
    part = loaded.settings.store
    match part.kind:
        case "none":
            return NullStore()
        case "duckdb":
            path = part.path or loaded.settings.state_dir / "readings.duckdb"
            return DuckStore(path, loaded.plan.registry, ledger_id)
        case "influx":
            assert part.url is not None, "the settings have been checked"
            return InfluxStore(
                InfluxSettings(
                    url=part.url,
                    org=part.org,
                    bucket=part.bucket,
                    token=loaded.secrets.store_token or "",
                    gzip=part.gzip,
                    flavour=part.flavour or "auto",
                ),
                loaded.plan.registry,
            )
