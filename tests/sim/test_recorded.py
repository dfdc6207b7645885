"""Chunks of readings: what a cut and a join keep."""

import numpy as np

from sim.recorded import Recorded


def _chunk(values: list[float], quality: list[int] | None = None) -> Recorded:
    return Recorded(
        names=("a",),
        column=np.zeros(len(values), np.int32),
        t_ns=np.arange(len(values), dtype=np.int64),
        value=np.array(values),
        quality=None if quality is None else np.array(quality, np.uint8),
    )


def test_quality_goes_along_with_cuts_and_joins() -> None:
    good, mixed = _chunk([1.0, 2.0]), _chunk([3.0, 4.0], [2, 1])
    joined = Recorded.concat([good, mixed])
    assert joined.qualities().tolist() == [0, 0, 2, 1]
    assert joined[1:3].qualities().tolist() == [0, 2]


def test_where_all_is_good_no_quality_is_kept() -> None:
    joined = Recorded.concat([_chunk([1.0]), _chunk([2.0])])
    assert joined.quality is None
    assert joined.qualities().tolist() == [0, 0]
