import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from store.null import NullStore
from store.series import bucket_ns, downsample
from tests.store.batches import batch


@given(st.lists(st.integers(0, 999), unique=True, max_size=50).map(sorted), st.integers(1, 20))
def test_merging_agrees_with_the_obvious_way(times: list[int], max_points: int) -> None:
    values = [float(t * 7 % 13) for t in times]
    step = bucket_ns(0, 1000, max_points)
    series = downsample(np.array(times, np.int64), np.array(values), 0, step)
    buckets: dict[int, list[float]] = {}
    for t, v in zip(times, values, strict=True):
        buckets.setdefault(t // step * step, []).append(v)
    assert len(series) <= max_points
    assert series.t_ns.tolist() == list(buckets)
    assert np.allclose(series.mean, [np.mean(b) for b in buckets.values()])
    assert series.low.tolist() == [min(b) for b in buckets.values()]
    assert series.high.tolist() == [max(b) for b in buckets.values()]


def test_the_null_store_takes_everything() -> None:
    store = NullStore()
    store.write([batch(1)])
    assert store.send([]) == []
    assert len(store.read("x", 0, 1, 10)) == 0
    assert store.watermark() is None
    store.close()
