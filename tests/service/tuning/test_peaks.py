"""Episodes: against the plain loop that says what they are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.tuning.peaks import Rules, Track, episodes, sustained, watched_days

S = 1_000_000_000


def track(values: list[float], t_s: list[float] | None = None, begins: tuple[int, ...] = ()) -> Track:
    n = len(values)
    marks = np.zeros(n, np.bool_)
    marks[[i for i in (0, *begins) if i < n]] = True
    times = np.arange(n) if t_s is None else np.array(t_s)
    return Track(t_ns=(times * S).astype(np.int64), value=np.array(values, float), begins=marks)


def naive_sustained(of: Track, samples: int) -> list[float]:
    out: list[float] = []
    run: list[float] = []
    for value, begins in zip(of.value.tolist(), of.begins.tolist(), strict=True):
        run = [value] if begins else [*run, value]
        out.append(min(run[-samples:]) if len(run) >= samples else -np.inf)
    return out


def naive_episodes(of: Track, level: float, rules: Rules) -> list[tuple[int, float]]:
    found: list[tuple[int, float]] = []
    last_ns, was_back, stretch = 0, True, True
    for i, reached in enumerate(naive_sustained(of, rules.samples)):
        stretch = stretch or bool(of.begins[i])
        was_back = was_back or bool(of.value[i] < rules.back * level)
        if reached >= level:
            apart = stretch or not found or (was_back and of.t_ns[i] - last_ns > rules.off_ns)
            if apart:
                found.append((i, reached))
            else:
                found[-1] = (found[-1][0], max(found[-1][1], reached))
            last_ns, was_back, stretch = int(of.t_ns[i]), False, False
    return found


values = st.lists(st.floats(0, 10, allow_nan=False).map(lambda x: round(x, 1)), min_size=1, max_size=60)


@given(values, st.integers(1, 4), st.sets(st.integers(1, 59), max_size=3))
def test_what_is_sustained_is_what_all_of_the_last_samples_reach(
    of: list[float], samples: int, begins: set[int]
) -> None:
    made = track(of, begins=tuple(begins))
    assert sustained(made, samples).tolist() == naive_sustained(made, samples)


@given(values, st.integers(1, 3), st.sampled_from([0, 2, 5]), st.sampled_from([0.5, 1.0]), st.floats(0.5, 9))
def test_episodes_are_those_of_the_plain_loop(
    of: list[float], samples: int, off_s: int, back: float, level: float
) -> None:
    made = track(of, begins=(20, 40))
    rules = Rules(samples=samples, off_ns=off_s * S, back=back)
    got = episodes(made, level, rules)
    assert list(zip(got.start.tolist(), got.peak.tolist(), strict=True)) == naive_episodes(made, level, rules)


def test_a_dip_that_is_not_back_does_not_part_two_episodes() -> None:
    rules = Rules(samples=1, off_ns=0, back=0.6)
    assert len(episodes(track([5, 4, 5]), 5.0, rules)) == 1
    assert len(episodes(track([5, 2, 5]), 5.0, rules)) == 2


def test_watched_time_leaves_out_pauses_and_cuts() -> None:
    assert watched_days(track([0.0] * 86_401)) == pytest.approx(1.0)
    assert watched_days(track([0.0] * 11, begins=(5,))) == pytest.approx(9 / 86_400)
    t_s = [*map(float, range(10)), *(5_000.0 + k for k in range(10))]
    assert watched_days(track([0.0] * 20, t_s)) == pytest.approx(18 / 86_400)
    assert watched_days(track([1.0])) == 0.0
    assert watched_days(track([])) == 0.0
