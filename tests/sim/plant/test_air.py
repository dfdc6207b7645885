"""The air: warm by day, the same from any start of the blocks, and fronts that pass."""

import numpy as np

from sim.plant.air import Climate, Swing, Weather
from sim.plant.streams import BLOCK_S

MIDNIGHT_NS = 1_748_707_200 * 1_000_000_000
"""2025-06-01T00:00 at the site."""


def _day(seed: int, swings: tuple[Swing, ...] = ()) -> tuple[np.ndarray, ...]:
    weather = Weather(seed, MIDNIGHT_NS, Climate(), swings)
    blocks = [weather.block() for _ in range(86_400 // BLOCK_S)]
    return tuple(
        np.concatenate([getattr(b, name) for b in blocks])
        for name in ("air_c", "sun", "atm_pa", "wind_m_s", "from_deg")
    )


def test_a_day_is_warmest_in_the_afternoon_and_has_no_sun_at_night() -> None:
    air, sun, _, wind, from_deg = _day(1)
    hours = air.reshape(24, 3600).mean(axis=1)
    assert 12 <= int(hours.argmax()) <= 17
    assert 1 <= int(hours.argmin()) <= 5
    assert 8 < hours.max() - hours.min() < 12
    assert not sun[: 5 * 3600].any()
    assert 0.4 < sun[11 * 3600 : 13 * 3600].mean() <= 1
    assert 2 < wind.mean() < 5
    assert ((from_deg >= 0) & (from_deg < 360)).all()


def test_a_front_comes_and_goes() -> None:
    calm = _day(1)[2]
    front = _day(1, (Swing(start_s=36_000, end_s=43_200, by_pa=-900),))[2]
    apart = front - calm
    assert apart[:36_000].tolist() == [0.0] * 36_000
    assert apart[39_600] == -900
    assert abs(apart[43_200:]).max() < 1e-9
    assert abs(np.diff(front)).max() < 2


def test_wind_turns_without_a_leap_at_a_blocks_end() -> None:
    from_deg = _day(2)[4]
    turns = (np.diff(from_deg) + 180) % 360 - 180
    assert abs(turns).max() < 15


def test_the_local_hour() -> None:
    weather = Weather(1, MIDNIGHT_NS, Climate())
    assert weather.local_h(3600 * 30) == 6.0
