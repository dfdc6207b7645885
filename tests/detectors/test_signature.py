"""Whatever arrays a block is made of, the step is compiled once, at the start."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from detectors import kernels
from detectors.bank import warm_up
from detectors.kernels import OK
from detectors.silence import soonest_child
from registry.readings import ReadingBlock
from tests.detectors.test_bank import T0, S, block_of, new_bank

ROOT = Path(kernels.__file__).resolve().parents[1]
ROWS = [(0, T0 + k * S, 50.0, 0) for k in range(6)]


def _locked(block: ReadingBlock) -> ReadingBlock:
    for column in (block.sensor, block.quality):
        column.setflags(write=False)
    return block


def _cut(block: ReadingBlock) -> ReadingBlock:
    return replace(block[::2], value=np.repeat(block.value[::2], 2)[::2])


@pytest.mark.parametrize("arrays", [_locked, _cut])
def test_no_block_makes_the_step_compile_again(arrays: object) -> None:
    assert callable(arrays)
    warm_up()
    compiled = len(kernels.step.signatures)  # type: ignore[attr-defined]  # numba ships no types
    judged = new_bank().step(arrays(block_of(ROWS)), 0)
    assert set(judged.status.tolist()) == {OK}
    assert len(kernels.step.signatures) == compiled  # type: ignore[attr-defined]  # as above


def test_a_change_in_any_file_of_the_package_compiles_the_step_again(tmp_path: Path) -> None:
    copy = tmp_path / "detectors"
    shutil.copytree(ROOT / "detectors", copy, ignore=shutil.ignore_patterns("__pycache__"))
    code = (
        "from detectors import bank, clock, kernels, profile; from registry.sensors import SensorRegistry;"
        "bank.DetectorBank(SensorRegistry(()), profile.Profile(), clock.Clock.EVENT).tick(0);"
        "print(sum(kernels.tick.stats.cache_hits.values()))"
    )
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]),
        "NUMBA_CACHE_DIR": str(tmp_path / "cache"),
    }

    def hits() -> str:
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    assert [hits(), hits()] == ["0", "1"]
    with (copy / "limits.py").open("a") as file:
        file.write("# changed\n")
    assert [hits(), hits()] == ["0", "1"]


@numba.njit  # type: ignore[untyped-decorator]  # numba ships no types; not cached, to be compiled here
def _two_constants(due: NDArray[np.int64], k: np.int32) -> int:
    return soonest_child(due, 0) + soonest_child(due, 1) + soonest_child(due, k)  # type: ignore[arg-type]  # any whole number will do


def test_a_helper_is_compiled_once_for_any_whole_number() -> None:
    assert _two_constants(np.zeros(200, np.int64), np.int32(2)) == 1 + 33 + 65
    assert len(soonest_child.overloads) == 1  # type: ignore[attr-defined]  # numba ships no types
