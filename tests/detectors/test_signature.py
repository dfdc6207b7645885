"""Whatever arrays a block is made of, the step is compiled once, at the start."""

from dataclasses import replace

import numpy as np
import pytest

from detectors import kernels
from detectors.bank import warm_up
from detectors.kernels import OK
from registry.readings import ReadingBlock
from tests.detectors.test_bank import T0, S, block_of, new_bank

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
