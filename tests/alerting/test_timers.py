"""Timers: the earliest first, whatever was moved or dropped."""

from hypothesis import given
from hypothesis import strategies as st

from alerting.timers import Timers

_names = st.tuples(st.integers(0, 2), st.sampled_from("abc"))
_steps = st.lists(st.tuples(_names, st.none() | st.integers(0, 9)), max_size=30)


@given(_steps)
def test_they_fire_in_the_order_of_their_times_then_names(
    steps: list[tuple[tuple[int, str], int | None]],
) -> None:
    timers: Timers[tuple[int, str]] = Timers()
    plain: dict[tuple[int, str], int] = {}
    for name, due in steps:
        if due is None:
            timers.drop(name)
            plain.pop(name, None)
        else:
            timers.set(name, due)
            plain[name] = due
        assert timers.next_ns() == min(plain.values(), default=None)
    again: Timers[tuple[int, str]] = Timers()
    again.restore(dict(timers.entries()))
    wanted = sorted((due, name) for name, due in plain.items())
    for made in (timers, again):
        assert made.pop(-1) is None
        fired = []
        while (one := made.pop(9)) is not None:
            fired.append(one)
        assert fired == wanted
