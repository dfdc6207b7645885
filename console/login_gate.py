"""How often a login may fail, without a clock: the caller says what time it is."""

from collections import OrderedDict, deque
from dataclasses import dataclass, field

MAX_FAILURES_PER_NAME = 5
MAX_FAILURES_PER_CLIENT = 20
WINDOW_S = 300.0
MAX_KEYS = 10_000


@dataclass(slots=True)
class LoginGate:
    """Counts failures per client and per (client, name) over a sliding window; bounded, oldest key forgotten.

    A name alone is never locked: otherwise anyone could keep an operator out of his own console.
    """

    per_name: int = MAX_FAILURES_PER_NAME
    per_client: int = MAX_FAILURES_PER_CLIENT
    window_s: float = WINDOW_S
    _failures: OrderedDict[tuple[str, str | None], deque[float]] = field(default_factory=OrderedDict)

    def wait_s(self, client: str, name: str, now_s: float) -> float:
        """Return how long this client must wait before it may try this name; 0 when it may try now."""
        return max(
            self._wait_s((client, name), self.per_name, now_s),
            self._wait_s((client, None), self.per_client, now_s),
        )

    def failed(self, client: str, name: str, now_s: float) -> None:
        """Note that a login failed."""
        for key in ((client, name), (client, None)):
            self._failures.setdefault(key, deque(maxlen=self.per_client)).append(now_s)
            self._failures.move_to_end(key)
        while len(self._failures) > MAX_KEYS:
            self._failures.popitem(last=False)

    def succeeded(self, client: str, name: str) -> None:
        """Forget the failures of this client with this name, and the try that was counted beforehand."""
        self._failures.pop((client, name), None)
        times = self._failures.get((client, None))
        if times:
            times.pop()

    def _wait_s(self, key: tuple[str, str | None], allowed: int, now_s: float) -> float:
        times = self._failures.get(key)
        if times is None:
            return 0.0
        while times and times[0] <= now_s - self.window_s:
            times.popleft()
        if len(times) < allowed:
            return 0.0
        return times[-allowed] + self.window_s - now_s
