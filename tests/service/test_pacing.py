"""The pace of a replay: keys and recorded times in, what to do out; no terminal, no clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.pacing import FAR_NS, Back, Decision, End, Kept, Key, Pacing, Run, Wait, keys_in

S = 10**9
MIN = 60 * S
T0 = 1_700_000_000 * S


@pytest.mark.parametrize(
    ("typed", "keys", "rest"),
    [
        (b" ", [Key.PAUSE], b""),
        (b".s", [Key.STEP, Key.STEP], b""),
        (b"\x1b[D\x1b[C", [Key.BACK_1_MIN, Key.ON_1_MIN], b""),
        (b"\x1bOD\x1bOC", [Key.BACK_1_MIN, Key.ON_1_MIN], b""),
        (b"[]", [Key.BACK_10_MIN, Key.ON_10_MIN], b""),
        (b"q", [Key.END], b""),
        (b"xyz\x00\n", [], b""),
        (b"\x1b[A\x1b[1;5C\x1b[15~ ", [Key.PAUSE], b""),
        (b"\x1bq", [Key.END], b""),
        (b" \x1b", [Key.PAUSE], b"\x1b"),
        (b"\x1b[", [], b"\x1b["),
        (b"\x1b[1;", [], b"\x1b[1;"),
    ],
)
def test_keys(typed: bytes, keys: list[Key], rest: bytes) -> None:
    assert keys_in(typed) == (keys, rest)


@given(st.lists(st.sampled_from([b"\x1b[D", b"\x1bOC", b"\x1b[15~", b" ", b"[", b"q", b"x"])), st.data())
def test_keys_are_the_same_however_they_arrive(typed: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(typed)
    cut = data.draw(st.integers(0, len(whole)))
    first, rest = keys_in(whole[:cut])
    second, left = keys_in(rest + whole[cut:])
    assert (first + second, left) == keys_in(whole)


def decided(pacing: Pacing, t_s: float, now_s: float) -> Decision:
    """Ask, and do what is said where it is to run this time stamp."""
    decision = pacing.decide(T0 + round(t_s * S), now_s)
    if isinstance(decision, Run):
        pacing.ran(T0 + round(t_s * S))
    return decision


def pressed(pacing: Pacing, *keys: Key) -> None:
    for key in keys:
        pacing.press(key)


def test_as_fast_as_it_goes_runs_everything_at_once() -> None:
    assert Pacing(None).decide(T0, 0.0) == Run(FAR_NS)


def test_the_pace_is_kept_against_the_first_reading() -> None:
    pacing = Pacing(10.0)
    assert decided(pacing, 0, 100.0) == Run(None)
    assert decided(pacing, 20, 100.5) == Wait(1.5)
    assert decided(pacing, 20, 103.0) == Run(None), "a second late"
    assert decided(pacing, 40, 103.0) == Wait(1.0), "the next is not late for it"
    assert decided(pacing, 5, 103.0) == Run(None), "what is older than what was run goes on at once"


def test_up_to_the_start_it_runs_at_once_and_then_keeps_the_pace() -> None:
    pacing = Pacing(1.0, start_ns=T0 + 100 * S)
    assert decided(pacing, 0, 7.0) == Run(T0 + 100 * S)
    assert decided(pacing, 101, 8.0) == Run(None)
    assert pacing.seeking_ns is None
    assert decided(pacing, 103, 8.0) == Wait(2.0)


def test_pause_and_resume_leave_no_time_to_make_up_for() -> None:
    pacing = Pacing(1.0)
    decided(pacing, 0, 0.0)
    pressed(pacing, Key.PAUSE)
    assert decided(pacing, 5, 1.0) == Wait(None)
    assert decided(pacing, 5, 500.0) == Wait(None)
    pressed(pacing, Key.PAUSE)
    assert decided(pacing, 5, 500.0) == Run(None)
    assert decided(pacing, 7, 500.5) == Wait(1.5)


@pytest.mark.parametrize("speed", [None, 1.0])
def test_steps_run_one_time_stamp_each_and_stay_paused(speed: float | None) -> None:
    pacing = Pacing(speed)
    pressed(pacing, Key.STEP, Key.STEP)
    assert [decided(pacing, k, 0.0) for k in range(3)] == [Run(None), Run(None), Wait(None)]
    assert pacing.paused
    pressed(pacing, Key.STEP, Key.PAUSE)
    assert decided(pacing, 2, 0.0) == Run(FAR_NS if speed is None else None), "resumed: the step is forgotten"


def test_seeking_on_runs_what_lies_between_at_once() -> None:
    pacing = Pacing(1.0)
    decided(pacing, 0, 0.0)
    pressed(pacing, Key.ON_1_MIN, Key.ON_10_MIN)
    assert decided(pacing, 1, 0.1) == Run(T0 + 11 * MIN)
    assert decided(pacing, 660, 0.2) == Run(None), "it is there"
    assert decided(pacing, 661, 0.2) == Wait(1.0), "and keeps its pace from there"


def test_seeking_while_paused_stays_paused() -> None:
    pacing = Pacing(1.0)
    decided(pacing, 0, 0.0)
    pressed(pacing, Key.PAUSE, Key.ON_1_MIN)
    assert decided(pacing, 1, 0.0) == Run(T0 + MIN)
    assert decided(pacing, 60, 0.0) == Wait(None)


def test_seeking_back_begins_again_and_runs_up_to_there() -> None:
    pacing = Pacing(1.0)
    for k in range(0, 700, 100):
        decided(pacing, k, float(k))
    pressed(pacing, Key.BACK_1_MIN)
    assert decided(pacing, 700, 700.0) == Back(T0 + 540 * S)
    assert decided(pacing, 0, 700.0) == Run(T0 + 540 * S)
    assert decided(pacing, 600, 701.0) == Run(None)
    assert decided(pacing, 601, 701.0) == Wait(1.0)


def test_seeks_add_up() -> None:
    pacing = Pacing(1.0)
    decided(pacing, 3600, 0.0)
    pressed(pacing, Key.ON_10_MIN, Key.BACK_1_MIN)
    assert decided(pacing, 3601, 0.0) == Run(T0 + 69 * MIN)
    pressed(pacing, Key.BACK_10_MIN, Key.BACK_10_MIN)
    assert decided(pacing, 3602, 0.0) == Back(T0 + 49 * MIN)
    pressed(pacing, Key.BACK_1_MIN, Key.BACK_1_MIN)
    assert decided(pacing, 0, 0.0) == Back(T0 + 47 * MIN)


def test_a_seek_before_the_first_reading_says_nothing() -> None:
    pacing = Pacing(1.0)
    pressed(pacing, Key.BACK_10_MIN, Key.ON_1_MIN)
    assert decided(pacing, 0, 0.0) == Run(None)


def test_the_end_is_the_end() -> None:
    pacing = Pacing(None)
    pressed(pacing, Key.BACK_1_MIN, Key.END, Key.PAUSE)
    assert decided(pacing, 0, 0.0) == End()


def test_points_are_kept_over_the_whole_of_a_long_recording() -> None:
    kept: Kept[int] = Kept(4, MIN)
    for k in range(1000):
        if kept.due(k * MIN):
            kept.add(k * MIN, k)
    assert len(kept) <= 4
    assert kept.before(1000 * MIN) == (768 * MIN, 768)
    assert kept.before(768 * MIN) == (512 * MIN, 512)
    assert kept.before(1) == (0, 0)
    assert kept.before(0) is None


def test_where_there_is_no_room_nothing_is_kept() -> None:
    assert not Kept[int](0).due(T0)
