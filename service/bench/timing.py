"""How long a call takes at its best: what disturbs it on a shared machine only ever makes it longer."""

import time
from collections.abc import Callable

LEAST_CALLS = 3


def best_s(
    action: Callable[[], object], within_s: float, before: Callable[[], object] = lambda: None
) -> float:
    """Return the shortest of repeated calls of `action`, in seconds; `before` each of them is not counted.

    The first call warms up and does not count. It goes on for `within_s`, at least `LEAST_CALLS` times.
    """
    before()
    action()
    best, calls = float("inf"), 0
    until = time.perf_counter() + within_s
    while calls < LEAST_CALLS or time.perf_counter() < until:
        before()
        began = time.perf_counter()
        action()
        best = min(best, time.perf_counter() - began)
        calls += 1
    return best
