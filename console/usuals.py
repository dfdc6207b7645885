"""What was usual before an alert, read from the store once a minute however many look at the alert and however often."""

from collections import OrderedDict

from console.alert_story import UsualBefore, usual_before
from console.backend import ConsoleBackend

USUAL_NS = 3_600 * 10**9
"""How long before the onset what is usual is taken from."""
USUAL_POINTS = 600
KEPT_NS = 60 * 10**9
"""So long on the pipeline's clock an answer holds: the store may be behind, and readings come late."""
USUALS_KEPT = 256


class Usuals:
    """The newest answers, that which was not asked for longest forgotten first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int], tuple[int, UsualBefore | None]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    async def before(self, backend: ConsoleBackend, sensor: str, end_ns: int) -> UsualBefore | None:
        """Return what was usual of a sensor in the hour before `end_ns`, None where too little was read.

        Raises:
            store.series.StoreError: the store is away; the next one who asks has it asked again.
        """
        key, now_ns = (sensor, end_ns), backend.now_ns()
        kept = self._kept.get(key)
        if kept is None or not 0 <= now_ns - kept[0] < KEPT_NS:
            start_ns = end_ns - USUAL_NS
            series = await backend.trend(sensor, start_ns, end_ns, USUAL_POINTS)
            kept = self._kept[key] = (now_ns, usual_before(series, start_ns, end_ns))
        self._kept.move_to_end(key)
        while len(self._kept) > USUALS_KEPT:
            self._kept.popitem(last=False)
        return kept[1]
