"""Gateways: what arrives when, cut in any way; breaks with back-fill and redelivery, doubles, late polls, wrong clocks."""

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sim.recorded import Recorded
from sim.sending.gateways import Gateways, delivered
from sim.sending.links import Backfill, Gateway, Link, Outage, draw_outages

NS = 1_000_000_000
START = 1_700_000_000 * NS
NAMES = ("a", "b", "c", "d", "e")
ROUGH = (
    Gateway(
        id="rough",
        poll_s=2.0,
        phase_s=0.5,
        clock_offset_s=-1.25,
        clock_drift_ppm=400,
        clock_sync_s=60,
        unconfirmed_s=3,
        duplicate_share=0.2,
        late_share=0.2,
        late_s=7,
        buffer_s=40,
    ),
    Gateway(id="live", poll_s=1.0, backfill=Backfill.LIVE_FIRST, backfill_speed=3, unconfirmed_s=1.5),
    Gateway(id="plain"),
)
OWNERS = (0, 0, 1, 1, 2)


def _second(i: int) -> int:
    return START + i * NS


def _readings(seconds: int, columns: Sequence[int] = range(5)) -> Recorded:
    """Return one reading a second of each column; the value tells the column and the second."""
    n = len(columns)
    return Recorded(
        names=NAMES,
        column=np.tile(np.array(columns, np.int32), seconds),
        t_ns=np.repeat(START + np.arange(seconds, dtype=np.int64) * NS, n)
        + np.tile(np.arange(n) * 1_000_000, seconds),
        value=np.repeat(np.arange(seconds) * 1.0, n) + np.tile(np.array(columns) * 1000.0, seconds),
        quality=np.tile(np.array(columns, np.uint8) % 3, seconds),
    )


def _outage(gateway: int, begin: int, end: int) -> Outage:
    return Outage(gateway=gateway, from_ns=_second(begin), until_ns=_second(end))


def _cut(readings: Recorded, cuts: Sequence[int]) -> list[Recorded]:
    edges = [0, *sorted(cuts), len(readings)]
    return [readings[lo:hi] for lo, hi in itertools.pairwise(edges)]


def _arrived(gateway: Gateway, seconds: int, outages: Sequence[Outage] = ()) -> list[float]:
    """Return the values of one column behind one gateway, in the order of their arrival: the seconds they are of."""
    gateways = Gateways([gateway], [0] * 5, 1, START, outages)
    return [float(v) for v in Recorded.concat(delivered([_readings(seconds, [0])], gateways)).value]


def _bytes(readings: Recorded) -> tuple[bytes, ...]:
    return tuple(
        part.tobytes() for part in (readings.column, readings.t_ns, readings.value, readings.qualities())
    )


BREAKS = (_outage(0, 20, 75), _outage(0, 80, 95), _outage(0, 96, 97), _outage(1, 33, 90), _outage(2, 50, 51))


@settings(max_examples=60, deadline=None)
@given(
    cuts=st.lists(st.integers(0, 1500), max_size=12),
    seed=st.integers(0, 5),
    poll_s=st.sampled_from([0.1, 1.0, 2.0]),
)
def test_any_split_gives_the_same_arrivals(cuts: list[int], seed: int, poll_s: float) -> None:
    readings = _readings(300)
    rough = (
        Gateway(id="fast", poll_s=poll_s, backfill_speed=1.5, unconfirmed_s=2, late_share=0.1, late_s=3),
        *ROUGH[1:],
    )

    def new() -> Gateways:
        return Gateways(rough, OWNERS, seed, START, BREAKS)

    whole = Recorded.concat(delivered([readings], new()))
    parts = Recorded.concat(delivered(_cut(readings, cuts), new()))
    assert whole.names == parts.names == NAMES
    assert _bytes(whole) == _bytes(parts)


def test_one_by_one_is_the_same_too() -> None:
    readings = _readings(120)
    whole = Recorded.concat(delivered([readings], Gateways(ROUGH, OWNERS, 3, START, BREAKS)))
    single = Recorded.concat(
        delivered(_cut(readings, range(1, len(readings))), Gateways(ROUGH, OWNERS, 3, START, BREAKS))
    )
    assert _bytes(whole) == _bytes(single)


def test_what_has_arrived_is_returned_and_no_more() -> None:
    gateways = Gateways([Gateway(id="g", latency_s=(0.25, 0.25))], [0] * 5, 1, START)
    readings = _readings(10, [0])
    # a reading of second 0 is gathered until second 1 and arrives a quarter later
    assert gateways.deliver(readings[0:2]).value.tolist() == []
    assert gateways.deliver(readings[2:3]).value.tolist() == [0.0]
    assert gateways.deliver(readings[3:6]).value.tolist() == [1.0, 2.0, 3.0]
    assert gateways.rest().value.tolist() == [4.0, 5.0]
    assert gateways.rest().value.tolist() == []


def test_a_gateway_left_as_it_is_changes_nothing_but_batches() -> None:
    assert _arrived(Gateway(id="g"), 2000) == [float(i) for i in range(2000)]
    readings = _readings(50)
    out = Recorded.concat(delivered([readings], Gateways([Gateway(id="g")], [0] * 5, 1, START)))
    assert _bytes(out) == _bytes(readings)


def test_a_batch_holds_a_poll_of_each_gateway_whole() -> None:
    gateways = [Gateway(id="x", poll_s=5.0), Gateway(id="y", poll_s=5.0)]
    out = Recorded.concat(delivered([_readings(10)], Gateways(gateways, [0, 1, 0, 1, 0], 1, START)))
    owner = (out.column % 2).tolist()
    runs = [owner[0], *(b for a, b in itertools.pairwise(owner) if a != b)]
    assert len(runs) == 2 * 2  # two polls of two gateways, none mixed into another


def test_a_break_is_filled_back_oldest_first() -> None:
    gateway = Gateway(id="g", latency_s=(0.0, 0.0), backfill_speed=4)
    assert _arrived(gateway, 60, [_outage(0, 10, 30)]) == [float(i) for i in range(60)]
    link = Gateways([gateway], [0] * 5, 1, START, [_outage(0, 10, 30)])
    readings = _readings(60, [0])
    counts = [len(link.deliver(readings[i : i + 1])) for i in range(60)]
    # polls end at second 1, 2, …: that of second 10 is the first that the break keeps back
    assert sum(counts[:30]) == 9
    assert max(counts[:30]) == 1
    # four a second from second 30 on, until the queue is empty
    assert counts[30:36] == [0, 4, 4, 4, 4, 4]


def test_what_is_new_may_come_first() -> None:
    gateway = Gateway(id="g", latency_s=(0.0, 0.0), backfill=Backfill.LIVE_FIRST, backfill_speed=2)
    seconds = _arrived(gateway, 60, [_outage(0, 10, 20)])
    assert sorted(seconds) == [float(i) for i in range(60)]
    live = [s for s in seconds if s >= 19]
    kept = [s for s in seconds if s < 19]
    assert live == sorted(live)
    assert kept == sorted(kept)
    assert seconds.index(19.0) < seconds.index(18.0)


def test_the_oldest_is_lost_where_the_buffer_runs_over() -> None:
    gateway = Gateway(id="g", latency_s=(0.0, 0.0), buffer_s=5)
    lost = set(map(float, range(60))) - set(_arrived(gateway, 60, [_outage(0, 10, 30)]))
    assert lost == {float(i) for i in range(9, 24)}


def test_what_was_not_confirmed_is_sent_again_before_anything_else() -> None:
    gateway = Gateway(id="g", latency_s=(0.1, 0.1), unconfirmed_s=2)
    seconds = _arrived(gateway, 40, [_outage(0, 20, 25)])
    assert seconds[:25] == [*map(float, range(19)), 17.0, 18.0, 19.0, 20.0, 21.0, 22.0]
    assert len(seconds) == 42


def test_doubles_and_late_polls() -> None:
    seconds = _arrived(Gateway(id="g", duplicate_share=0.3), 1000)
    twice = len(seconds) - 1000
    assert 230 < twice < 370
    assert set(seconds) == set(map(float, range(1000)))
    seconds = _arrived(Gateway(id="g", late_share=0.1, late_s=5), 1000)
    assert sorted(seconds) == [float(i) for i in range(1000)]
    assert 20 < sum(b < a for a, b in itertools.pairwise(seconds)) < 110


def test_breaks_close_upon_each_other_lose_nothing() -> None:
    gateway = Gateway(id="g", backfill_speed=1.2)
    breaks = [_outage(0, i, i + 9) for i in range(5, 500, 10)]
    assert _arrived(gateway, 600, breaks) == [float(i) for i in range(600)]


@settings(max_examples=60, deadline=None)
@given(
    gaps=st.lists(st.tuples(st.integers(1, 60), st.integers(1, 90)), max_size=8),
    backfill=st.sampled_from(Backfill),
    speed=st.sampled_from([1.2, 20.0]),
    poll_s=st.sampled_from([1.0, 5.0]),
)
@example(gaps=[(5, 1)], backfill=Backfill.LIVE_FIRST, speed=20.0, poll_s=5.0)
def test_nothing_arrives_while_the_link_is_broken(
    gaps: list[tuple[int, int]], backfill: Backfill, speed: float, poll_s: float
) -> None:
    breaks, at = [], 0
    for gap, length in gaps:
        begin = _second(at + gap) + 10_000_000  # while a poll is on its way
        breaks.append(Outage(gateway=0, from_ns=begin, until_ns=begin + length * NS))
        at += gap + length
    gateway = Gateway(
        id="g", poll_s=poll_s, backfill=backfill, backfill_speed=speed, unconfirmed_s=3, duplicate_share=0.2
    )
    found = Link(gateway, 0, 1, START, breaks).arrivals(START + np.arange(at + 60, dtype=np.int64) * NS)
    came = found[found >= 0]
    for outage in breaks:
        assert not ((came >= outage.from_ns) & (came < outage.until_ns)).any()
    assert (found[0] > START + np.arange(at + 60) * NS).all()
    if backfill is Backfill.OLDEST_FIRST:
        assert (np.diff(found[0]) >= 0).all()


@pytest.mark.parametrize(
    ("gateway", "at", "told_ms"),
    [
        (Gateway(id="g"), 7, 7_000),
        (Gateway(id="g", clock_offset_s=-2.5), 7, 4_500),
        (Gateway(id="g", clock_drift_ppm=100), 1000, 1_000_100),
        (Gateway(id="g", clock_drift_ppm=-100, clock_sync_s=600), 1000, 999_960),
        (Gateway(id="g", clock_offset_s=30, clock_drift_ppm=100, clock_sync_s=600), 599, 629_059),
        (Gateway(id="g", clock_offset_s=30, clock_sync_s=600), 600, 600_000),
        (Gateway(id="g", clock_offset_s=0.7, stamp_ms=1000), 7, 7_000),
    ],
)
def test_its_clock_is_what_it_stamps(gateway: Gateway, at: int, told_ms: int) -> None:
    out = Recorded.concat(delivered([_readings(at + 1, [0])], Gateways([gateway], [0] * 5, 1, START)))
    assert (int(out.t_ns[-1]) - START) // 1_000_000 == told_ms


def test_quality_and_value_come_along() -> None:
    out = Recorded.concat(delivered([_readings(20)], Gateways(ROUGH, OWNERS, 1, START)))
    assert (out.qualities() == out.column % 3).all()
    assert (out.value // 1000 == out.column).all()


def test_another_seed_gives_other_arrivals() -> None:
    one, other = (
        Recorded.concat(delivered([_readings(200)], Gateways(ROUGH, OWNERS, seed, START))) for seed in (1, 2)
    )
    assert _bytes(one) != _bytes(other)


def test_random_breaks() -> None:
    day = 86_400
    found = draw_outages(20, 1, START, day, every_h=2, mean_s=60)
    assert found == draw_outages(20, 1, START, day, every_h=2, mean_s=60)
    assert 20 * 12 * 0.8 < len(found) < 20 * 12 * 1.2
    lengths = [(outage.until_ns - outage.from_ns) / NS for outage in found]
    assert 50 < sum(lengths) / len(lengths) < 70
    longer = draw_outages(20, 1, START, 2 * day, every_h=2, mean_s=60)
    assert set(found) == {outage for outage in longer if outage.from_ns < START + day * NS}
    Gateways([Gateway(id=str(i)) for i in range(20)], [0], 1, START, found)
