"""The steady clock against a wall clock that jumps."""

from service.clock import SteadyClock

S = 1_000_000_000


def test_a_wall_clock_that_is_set_back_does_not_hold_time_up() -> None:
    wall, monotonic = [1000 * S], [0]
    clock = SteadyClock(wall_ns=lambda: wall[0], monotonic_ns=lambda: monotonic[0])
    assert clock() == 1000 * S
    wall[0], monotonic[0] = 400 * S, 5 * S
    assert clock() == 1005 * S
    wall[0], monotonic[0] = 403 * S, 8 * S
    assert clock() == 1008 * S


def test_it_follows_the_wall_clock_forward_and_starts_where_the_last_run_ended() -> None:
    wall, monotonic = [1000 * S], [0]
    clock = SteadyClock(2000 * S, wall_ns=lambda: wall[0], monotonic_ns=lambda: monotonic[0])
    assert clock() == 2000 * S
    wall[0], monotonic[0] = 3000 * S, 1 * S
    assert clock() == 3000 * S
