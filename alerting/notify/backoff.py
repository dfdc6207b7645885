"""How long to wait before the next attempt."""

FIRST_S = 1.0
CAP_S = 300.0


def delay_s(attempt: int, jitter: float, first_s: float = FIRST_S, cap_s: float = CAP_S) -> float:
    """Return the wait after failed attempt `attempt` (from 1): it doubles up to `cap_s`, less up to half of it.

    `jitter` in 0..1 is drawn by the caller, so that many notifications that failed together do not come back
    together.
    """
    assert attempt >= 1, "attempts count from 1"
    assert 0 <= jitter <= 1, "jitter is a share"
    doublings = min(attempt - 1, 64)  # beyond this every cap is reached; 2.0**1024 would overflow
    longest = min(cap_s, first_s * 2.0**doublings)
    return longest * (1 - jitter / 2)
