"""The quality column of a long recording: how each quality is written, and what a cell of it says."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from registry.readings import Quality
from sim.report import Report, Trouble

QUALITY_NAMES = ("quality", "q", "质量")
QUALITY_TEXTS = ("good", "uncertain", "bad")
"""What is written for each `Quality`, in its order."""

_UNREADABLE = 255
_CODES = {
    "": Quality.GOOD,
    **{text: Quality(code) for code, text in enumerate(QUALITY_TEXTS)},
    **{str(code): Quality(code) for code in range(3)},
    **{f"{code}.0": Quality(code) for code in range(3)},  # a column of numbers that had an empty cell once
}


def is_quality(cells: Sequence[str]) -> bool:
    """Say whether most of a column's filled cells are qualities; a column that is empty throughout is one.

    Numbers of which one is above 2 are another code, such as that of OPC, in which 0 is bad: they are not taken.
    """
    filled = [cell.strip().lower() for cell in cells if cell.strip()]
    if not set(filled) & set(QUALITY_TEXTS) and any(map(_is_above_2, set(filled))):
        return False
    return 2 * sum(_code(cell) != _UNREADABLE for cell in filled) > len(filled) if filled else True


def read_qualities(cells: Sequence[str], numbers: NDArray[np.int64], report: Report) -> NDArray[np.uint8]:
    """Return the quality of each cell, in any case; an empty cell is good, as on the wire.

    What is no quality is reported with its line and counts as uncertain: the reading is there, but what the source
    says of it was not understood.
    """
    known = {cell: _code(cell) for cell in set(cells)}
    codes = np.fromiter(map(known.__getitem__, cells), np.uint8, len(cells))
    unreadable = codes == _UNREADABLE
    report.trouble(Trouble.QUALITY, numbers[unreadable])
    codes[unreadable] = Quality.UNCERTAIN
    return codes


def _is_above_2(cell: str) -> bool:
    return cell.replace(".", "", 1).isdecimal() and float(cell) > max(Quality)


def _code(cell: str) -> int:
    return _CODES.get(cell.strip().lower(), _UNREADABLE)
