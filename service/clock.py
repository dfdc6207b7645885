"""The wall clock as the pipeline needs it: it never stands still and never goes back."""

import time
from collections.abc import Callable


class SteadyClock:
    """Gives ns since 1970 UTC; follows the wall clock forward, and goes on at its own pace where that steps back.

    A clock that is set back by an hour must not make every deadline wait an hour: the silence of a sensor would be
    told by nobody.
    """

    def __init__(
        self,
        not_before_ns: int = 0,
        *,
        wall_ns: Callable[[], int] = time.time_ns,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._wall_ns = wall_ns
        self._monotonic_ns = monotonic_ns
        self._seen_ns = monotonic_ns()
        self._now_ns = max(not_before_ns, wall_ns())

    def __call__(self) -> int:
        """Return the time now."""
        seen_ns = self._monotonic_ns()
        self._now_ns = max(self._wall_ns(), self._now_ns + seen_ns - self._seen_ns)
        self._seen_ns = seen_ns
        return self._now_ns
