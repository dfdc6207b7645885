"""Who falls silent next is found without looking at everybody, and nothing is allocated for it."""

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba.core.runtime import _nrt_python, rtsys
from numpy.typing import NDArray

from detectors import kernels, silence
from detectors.bank import DetectorBank
from detectors.clock import Clock
from detectors.findings import FINDING
from detectors.memory import Memory, Params
from detectors.profile import Methods, Profile
from detectors.state import FANOUT, FOREVER, NEVER
from registry.readings import ReadingBlock
from registry.sensors import SensorRegistry, SensorSpec, SensorType
from tests.detectors.test_bank import T0, S

PROFILE = Profile(
    {SensorType.LEVEL: Methods(dead_min_s=0, dead_scans=3, z_threshold=8, rate_pct_per_min=1000)}
)


class Counted:
    """Records that the uncompiled functions can read, and how many of them were read."""

    def __init__(self, records: NDArray[np.void]) -> None:
        self._records = records.view(np.recarray)
        self.looks = 0

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, i: int) -> Any:
        self.looks += 1
        return self._records[i]


def emitted(out: Any, n: int, *told: Any) -> int:
    for name, figure in zip(("now_ns", "t_ns", "onset_ns", "sensor"), told, strict=False):
        out[n][name] = figure
    return n + 1


@pytest.fixture
def uncompiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silence, "keep_apart", lambda: None)
    monkeypatch.setattr(silence, "emit", emitted)
    for name in ("soonest_child", "soonest_sensor", "set_bound", "last_heard", "fire_dead"):
        monkeypatch.setattr(silence, name, getattr(silence, name).py_func)


def quiet_since(sensors: int, after_ns: int) -> tuple[Params, Memory]:
    """Sensors that were all heard at 0, in a memory that has not looked at any."""
    params = Params.zeroed(sensors)
    params.base["dead_after_ns"] = after_ns
    memory = Memory.fresh(sensors)
    memory.state["heard_now_ns"] = 0
    memory.clock["now_ns"] = 0
    memory.due[:] = NEVER
    return params, memory


def told_at(params: Params, memory: Memory, state: Any, now_ns: int) -> list[int]:
    out = np.empty(4096, FINDING)
    cond = memory.cond.view(np.recarray)
    n = silence.fire_dead(params.base.view(np.recarray), state, cond, memory.due, now_ns, out, 0)
    return [int(sensor) for sensor in out["sensor"][:n]]


@pytest.mark.usefixtures("uncompiled")
@pytest.mark.parametrize("sensors", [2_000, 200_000])
def test_one_flapping_sensor_costs_some_leaves_and_not_the_plant(sensors: int) -> None:
    params, memory = quiet_since(sensors, FOREVER)
    flapping = sensors // 2
    params.base["dead_after_ns"][flapping] = 10
    # what looking at everybody once would leave behind
    memory.due[:] = FOREVER
    state = Counted(memory.state)
    for k in range(20):
        memory.state["heard_now_ns"][flapping] = 100 * k
        memory.state["busy"][flapping] = 0
        silence.expect.py_func(state, memory.due, flapping, 100 * k + 10)  # type: ignore[attr-defined]  # numba ships no types
        state.looks = 0
        assert told_at(params, memory, state, 100 * k + 9) == []
        assert state.looks == 0
        assert told_at(params, memory, state, 100 * k + 50) == [flapping]
        assert state.looks <= 2 * FANOUT + 6
    assert memory.due[0] == FOREVER


@pytest.mark.usefixtures("uncompiled")
def test_a_plant_that_lives_is_looked_at_once_in_a_deadline() -> None:
    sensors, after_ns = 3_000, 180
    params, memory = quiet_since(sensors, after_ns)
    state = Counted(memory.state)
    looks = []
    for now in range(0, 600, 20):
        # a third of the plant reports at each call: everybody every 60
        memory.state["heard_now_ns"][now // 20 % 3 :: 3] = now
        state.looks = 0
        assert told_at(params, memory, state, now) == []
        looks.append(state.looks)
    assert sum(looks) <= 2 * sensors * (600 / (after_ns - 60) + 1)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 3 * FANOUT * FANOUT),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 50), st.integers(1, 30)), max_size=40),
    st.lists(st.integers(0, 100), max_size=6),
    st.sampled_from([1, 2, 7, 4096]),
)
def test_the_dead_are_told_in_the_order_of_their_deadlines(
    sensors: int, heard: list[tuple[int, int, int]], ticks: list[int], room: int
) -> None:
    params, memory = quiet_since(sensors, FOREVER)
    for i, good_ns, after_ns in heard:
        memory.state["heard_now_ns"][i % sensors] = good_ns
        params.base["dead_after_ns"][i % sensors] = after_ns
    deadline = {
        i: int(memory.state["heard_now_ns"][i]) + int(after)
        for i, after in enumerate(params.base["dead_after_ns"])
        if after != FOREVER
    }
    told: list[tuple[int, int]] = []
    out = np.empty(room, FINDING)
    for now in sorted(ticks):
        while n := kernels.tick(params, memory, now, out):
            told += [(int(row["now_ns"]), int(row["sensor"])) for row in out[:n]]
        assert int(memory.due[0]) > now
    last = max(ticks, default=-1)
    assert told == sorted((t, i) for i, t in deadline.items() if t <= last)
    assert int(memory.due[0]) <= min((t for t in deadline.values() if t > last), default=FOREVER)


def plant(sensors: int) -> DetectorBank:
    spec = {"enterprise": "e", "type": SensorType.LEVEL, "range_lo": 0.0, "range_hi": 100.0, "h": 90.0}
    specs = tuple(SensorSpec(id=f"e/{i}", sensor=f"{i}", scan_s=1.0, **spec) for i in range(sensors))  # type: ignore[arg-type]  # one mapping, values of several types
    return DetectorBank(SensorRegistry(specs), PROFILE, Clock.EVENT)


def a_round(sensors: int, k: int) -> ReadingBlock:
    return ReadingBlock(
        sensor=np.arange(sensors, dtype=np.int32),
        t_ns=np.full(sensors, T0 + k * S),
        value=np.random.default_rng(k).normal(50.0, 0.5, sensors),
        quality=np.zeros(sensors, np.uint8),
    )


@pytest.fixture
def allocations() -> Iterator[Callable[[Callable[[], object]], int]]:
    """What numba's run time allocates in a call, all of which it must free again."""

    def counted(call: Callable[[], object]) -> int:
        before = rtsys.get_allocation_stats()
        call()
        after = rtsys.get_allocation_stats()
        assert after.alloc - before.alloc == after.free - before.free
        return int(after.alloc - before.alloc)

    was_on = _nrt_python.memsys_stats_enabled()
    _nrt_python.memsys_enable_stats()
    yield counted
    if not was_on:
        _nrt_python.memsys_disable_stats()


def test_the_kernels_allocate_nothing_for_readings(
    allocations: Callable[[Callable[[], object]], int],
) -> None:
    """A call's allocations are its arguments' own wrappers, however many readings and findings there are."""
    counted = []
    for sensors in (1, 4_000):
        bank = plant(sensors)
        for k in range(3):
            bank.step(a_round(sensors, k), 0)
        block = a_round(sensors, 3)
        told: list[int] = []
        counted.append(
            (
                allocations(lambda bank=bank, block=block: bank.step(block, 0)),  # type: ignore[misc]  # mypy infers no type for it
                allocations(lambda bank=bank, told=told: told.append(len(bank.tick(T0 + 100 * S)))),  # type: ignore[misc]  # as above
            )
        )
        assert told == [sensors]
    assert counted[0] == counted[1]


def test_a_bank_keeps_nothing_of_thousands_of_blocks_but_their_results() -> None:
    sensors, count = 20, 5_000
    bank = plant(sensors)
    blocks = [a_round(sensors, k) for k in range(100 + count)]
    for block in blocks[:100]:
        bank.step(block, 0)
    gc.collect()
    tracemalloc.start()
    bank.step(blocks[0], 0)
    gc.collect()
    before = kept_by_detectors()
    peaks = []
    for block in blocks[100:]:
        tracemalloc.reset_peak()
        here = tracemalloc.get_traced_memory()[0]
        judged = bank.step(block, 0)
        peaks.append(tracemalloc.get_traced_memory()[1] - here)
        assert len(judged.findings) == 0
        del judged
    gc.collect()
    after = kept_by_detectors()
    tracemalloc.stop()
    # not even one smallest object a block; the interpreter keeps some that are free again for the next ones
    assert after - before < 28 * count
    result = sensors * (1 + 8)
    # a score and a status a reading, and the call's own small objects; threads of other tests may add to some
    assert float(np.median(peaks)) < result + 4_000


def kept_by_detectors() -> int:
    """Bytes that were allocated in this package and are not freed."""
    mine = tracemalloc.Filter(inclusive=True, filename_pattern=str(Path(silence.__file__).parent / "*"))
    return sum(trace.size for trace in tracemalloc.take_snapshot().filter_traces([mine]).traces)
