"""What the page of a hazard source asks of the pipeline, and the values that it gets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from alerting.arrangements import Arrangement
from ledger.limits import LimitChange
from store.series import Series

if TYPE_CHECKING:
    from console.backend import AlertRow, SensorNow


@dataclass(frozen=True, slots=True, kw_only=True)
class Wind:
    """The newest wind of an enterprise: speed in the sensor's `unit`, and where it comes from, degrees clockwise from north.

    None where no sensor of it is alive.
    """

    speed: float | None = None
    unit: str = ""
    from_deg: float | None = None


class SourceBackend(Protocol):
    """All of one hazard source, by its ids; what it costs does not depend on how large the rest of the plant is."""

    def count(self, enterprise: str, source: str) -> int:
        """Return how many sensors the source has."""

    def sensors(self, enterprise: str, source: str, after: int, limit: int) -> "Sequence[SensorNow]":
        """Return sensors with their newest readings, in the order of the points table: those from number `after` on."""

    def alerts(self, enterprise: str, source: str, limit: int) -> "Sequence[AlertRow]":
        """Return open alerts of the source, at most `limit`, those whose last event is newest."""

    def arrangements(self, enterprise: str, source: str) -> Sequence[Arrangement]:
        """Return what holds alerts back at the source, its equipment or its sensors; oldest first."""

    def wind(self, enterprise: str) -> Wind:
        """Return the enterprise's newest wind."""

    def centres(self, enterprise: str) -> Mapping[str, tuple[float, float]]:
        """Return the middle of each source's sensors in the site's metres, of those that have a position."""

    async def sparklines(
        self, sensors: Sequence[str], start_ns: int, end_ns: int, max_points: int
    ) -> Mapping[str, Series]:
        """Return readings of sensors in [start, end), each in at most `max_points` buckets; raises `StoreError`."""

    async def limit_changes(self, enterprise: str, source: str, limit: int) -> Sequence[LimitChange]:
        """Return how limits of the source's sensors changed when settings were loaded, newest first."""
