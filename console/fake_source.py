"""The page of a hazard source over the backend in memory."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from alerting.arrangements import Arrangement
from console.backend import AlertRow, SensorNow
from console.source_backend import Wind
from ledger.limits import LimitChange
from store.series import Series

if TYPE_CHECKING:
    from console.fake import FakeBackend


class FakeSource:
    """Answers from what the fake was given."""

    def __init__(self, backend: "FakeBackend") -> None:
        self._backend = backend

    def count(self, enterprise: str, source: str) -> int:
        """Count the sensors kept of the source."""
        return len(self._of(enterprise, source))

    def sensors(self, enterprise: str, source: str, after: int, limit: int) -> Sequence[SensorNow]:
        """Return the sensors kept of the source."""
        return self._of(enterprise, source)[after : after + limit]

    def alerts(self, enterprise: str, source: str, limit: int) -> Sequence[AlertRow]:
        """Return the rows kept of the source."""
        rows = [
            row
            for row in self._backend.rows.values()
            if (row.event.enterprise, row.event.source) == (enterprise, source)
        ]
        return rows[:limit]

    def arrangements(self, enterprise: str, source: str) -> Sequence[Arrangement]:
        """Return the arrangements kept of the source itself and of its sensors."""
        places = {source, *(one.id for one in self._of(enterprise, source))}
        return [one for one in self._backend.arranged if one.place in places]

    def wind(self, enterprise: str) -> Wind:
        """Return the wind kept."""
        return self._backend.winds.get(enterprise, Wind())

    def centres(self, enterprise: str) -> Mapping[str, tuple[float, float]]:
        """Return the first position of each source."""
        return {
            one.source: (one.x, one.y)
            for one in reversed(self._backend.sensors_list)
            if one.place.enterprise == enterprise and one.source and one.x is not None and one.y is not None
        }

    async def sparklines(
        self, sensors: Sequence[str], start_ns: int, end_ns: int, max_points: int
    ) -> Mapping[str, Series]:
        """Return what the trends have."""
        return {one: await self._backend.trend(one, start_ns, end_ns, max_points) for one in sensors}

    async def limit_changes(self, enterprise: str, source: str, limit: int) -> Sequence[LimitChange]:
        """Return the changes kept of the source's sensors."""
        ids = {one.id for one in self._of(enterprise, source)}
        return [one for one in self._backend.limits_changed if one.sensor in ids][:limit]

    def _of(self, enterprise: str, source: str) -> list[SensorNow]:
        return [
            one
            for one in self._backend.sensors_list
            if (one.place.enterprise, one.source) == (enterprise, source)
        ]
