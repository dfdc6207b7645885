"""A person at the keys of a replay: however one jumps about, the files hold what a straight run writes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.keyboard import Unattended, cut, status
from service.pacing import Key, Pacing
from service.playing import Player
from service.replaying import Outputs, Tally
from service.tuning.feed import Feed
from sim.recorded import Recorded
from tests.service.site import REGISTRY, T0, S, plan

SECONDS = 3600


class Scripted:
    """Keys that come after so many questions; nothing is waited for."""

    attended = True

    def __init__(self, keys: dict[int, Key]) -> None:
        self._keys = keys
        self.asked = 0
        self.back: list[int | None] = []
        self.shown: list[str] = []

    def wait(self, seconds: float | None, pacing: Pacing) -> list[Key]:
        self.asked += 1
        self.shown.append(status(pacing))
        if self.asked in self._keys:
            return [self._keys[self.asked]]
        return [Key.PAUSE] if seconds is None else []

    def say_back(self, to_ns: int | None) -> None:
        self.back.append(to_ns)


def recorded() -> list[Recorded]:
    """An hour of two sensors, a level that rises through its limits again and again."""
    t_ns = T0 + np.repeat(np.arange(0, SECONDS, 10), 2) * S
    k = np.arange(len(t_ns))
    value = np.where(k % 2 == 0, 50.0 + 45.0 * np.abs(np.sin(k / 60.0)), 1.0)
    whole = Recorded(names=("LT", "GT"), column=(k % 2).astype(np.int32), t_ns=t_ns, value=value)
    return [whole[at : at + 100] for at in range(0, len(whole), 100)]


def feed() -> Feed:
    def items() -> Iterator[Recorded]:
        yield from recorded()

    return Feed(names=(), items=lambda: (item for item in items()))


def play(
    folder: Path, pacing: Pacing, keys: Scripted | Unattended, from_ns: int | None = None
) -> tuple[Tally, list[bytes]]:
    folder.mkdir(exist_ok=True)
    paths = [folder / name for name in ("alerts", "findings", "scores")]
    with Outputs(REGISTRY, *paths) as outputs:
        tally = Player(
            plan=plan(), feed=feed(), outputs=outputs, pacing=pacing, keyboard=keys, from_ns=from_ns
        ).play()
    tally.seconds = 0.0
    return tally, [path.read_bytes() for path in paths]


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int | None], tuple[Tally, list[bytes]]]:
    folder = tmp_path_factory.mktemp("straight")
    runs = {from_ns: play(folder, Pacing(None), Unattended(), from_ns) for from_ns in (None, T0 + 900 * S)}
    assert sum(runs[None][0].events.values()) > 3
    return runs.__getitem__


@settings(max_examples=25, deadline=None)
@given(
    keys=st.dictionaries(st.integers(1, 400), st.sampled_from([k for k in Key if k != Key.END]), max_size=12),
    speed=st.sampled_from([None, 1e9]),
    from_ns=st.sampled_from([None, T0 + 900 * S]),
)
def test_jumping_about_changes_nothing_that_is_written(
    tmp_path_factory: pytest.TempPathFactory,
    straight: Callable[[int | None], tuple[Tally, list[bytes]]],
    keys: dict[int, Key],
    speed: float | None,
    from_ns: int | None,
) -> None:
    folder = tmp_path_factory.mktemp("jumps")
    assert play(folder, Pacing(speed, from_ns), Scripted(keys), from_ns) == straight(from_ns)


def test_back_is_from_a_kept_point_or_from_the_beginning_and_says_so(tmp_path: Path) -> None:
    keys = Scripted({100: Key.BACK_1_MIN, 200: Key.BACK_10_MIN, 201: Key.BACK_10_MIN, 202: Key.BACK_10_MIN})
    play(tmp_path, Pacing(1e9), keys)
    assert keys.back[0] == T0 + 600 * S
    assert keys.back[-1] == T0
    early = Scripted({3: Key.BACK_1_MIN})
    play(tmp_path, Pacing(1e9), early)
    assert early.back == [None]


def test_the_end_ends_it_with_what_was_told_so_far(tmp_path: Path) -> None:
    tally, written = play(tmp_path, Pacing(1e9), Scripted({50: Key.END}))
    assert tally.readings == 100
    assert len(written[2].splitlines()) == 101


def test_steps_go_by_time_stamps(tmp_path: Path) -> None:
    keys = Scripted(dict.fromkeys(range(1, 11), Key.STEP) | {11: Key.END})
    tally, _ = play(tmp_path, Pacing(1e9), keys)
    assert tally.readings == 2 * 11, "one before the first key, ten by it"
    assert tally.last_ns == T0 + 100 * S


def test_what_the_line_shows() -> None:
    pacing = Pacing(10.0)
    assert status(pacing).startswith(" 10x | space pause")
    pacing.ran(T0)
    pacing.press(Key.ON_1_MIN)
    assert status(pacing).startswith("2025-11-24T16:00:00.000Z >> 2025-11-24T16:01:00.000Z |")
    paused = Pacing(None)
    assert status(paused).startswith(" max |")
    paused.press(Key.PAUSE)
    assert "paused/暂停" in status(paused)


def test_a_line_is_cut_by_its_width() -> None:
    assert cut("ab空格c", 20) == "ab空格c"
    assert cut("ab空格c", 5) == "ab空"
    assert cut("ab空格c", 6) == "ab空格"
    assert cut("abc", 0) == ""
