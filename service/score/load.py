"""The load on operators: what is announced to them, in windows of ten minutes (ISA-18.2, EEMUA 191)."""

from collections import Counter
from dataclasses import dataclass

from alerting.events import Family
from service.score.alert_lines import AlertLine
from service.score.times import NS

WINDOW_S = 600
FLOOD = 10
"""More than this in a window is a flood."""
ANNOUNCES = frozenset({"opened", "reopened", "escalated"})
"""Events that ask for attention."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Alerts announced to one operator: in all, in a window on average and at most, and the share of windows in flood."""

    announced: int
    average: float
    peak: float
    flood_share: float


class LoadFold:
    """Takes alert lines; gives the load. Windows are those of the clock since 1970; only announcements are kept, as counts.

    Alerts of hazwatch itself are left apart.
    """

    def __init__(self, start_ns: int, end_ns: int, operators: int = 1) -> None:
        self._start_ns, self._end_ns, self._operators = start_ns, end_ns, operators
        self._counts: Counter[int] = Counter()

    def take(self, line: AlertLine) -> None:
        """Take the next line."""
        if line.event not in ANNOUNCES or line.kind.family is Family.SYSTEM:
            return
        if self._start_ns <= line.t_ns < self._end_ns:
            self._counts[_window(line.t_ns)] += 1

    def load(self) -> Load:
        """Return the load of what was taken, shared evenly between the operators."""
        windows = _window(self._end_ns - 1) - _window(self._start_ns) + 1
        in_flood = sum(count > FLOOD * self._operators for count in self._counts.values())
        return Load(
            announced=self._counts.total(),
            average=self._counts.total() / windows / self._operators,
            peak=max(self._counts.values(), default=0) / self._operators,
            flood_share=in_flood / windows,
        )


def _window(t_ns: int) -> int:
    return t_ns // (WINDOW_S * NS)
