"""Sparkplug B: bytes as the reference implementation reads them, births before data, sequence numbers, back-fill."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.outgoing import Addresses, Outgoing, Shape
from sim.protobuf import varint
from sim.recorded import Recorded
from sim.sparkplug import SparkplugPacker, asks_rebirth
from tests.sim.sparkplug_reader import read

MS = 1_000_000
T = 1764000000123
NAMES = ("a/x", "a/y", "plain")


def _chunk(rows: list[tuple[int, int, float, int]], names: tuple[str, ...] = NAMES) -> Recorded:
    return Recorded(
        names=names,
        column=np.array([row[0] for row in rows], np.int32),
        t_ns=np.array([row[1] * MS for row in rows], np.int64),
        value=np.array([row[2] for row in rows], np.float64),
        quality=np.array([row[3] for row in rows], np.uint8),
    )


def _packer(lanes: int = 1, gather_s: float = 0.0, shape: Shape = Shape.BATCH) -> SparkplugPacker:
    return SparkplugPacker(Addresses(default_enterprise="-"), shape, lanes=lanes, gather_s=gather_s)


def _sent(packer: SparkplugPacker, chunks: list[Recorded], session: int = 0) -> list[Outgoing]:
    """Return what goes out over fresh connections, each opened before its first data."""
    out: list[Outgoing] = []
    opened: set[int] = set()
    for chunk in chunks:
        for message in packer.pack(chunk):
            if message.lane not in opened:
                opened.add(message.lane)
                out += [packer.sealed(m) for m in packer.opening(message.lane, session, message.t_ns)]
            out.append(packer.sealed(message))
    return out


ROWS = [(0, T, 1.5, 0), (1, T, math.nan, 2), (2, T, -2.25, 1), (0, T - 23, 3.0, 0)]

# read back by the Python classes that protoc makes of Eclipse Tahu's sparkplug_b.proto (as packed in pysparkplug 0.6.1)
DATA = (
    "08fbd0dfb4ab331212100118fbd0dfb4ab3369000000000000f83f121c100218fb"
    "d0dfb4ab3338014a0f0a075175616c6974791204080318001802"
)


def test_births_come_first_and_data_goes_by_alias() -> None:
    out = _sent(_packer(), [_chunk(ROWS)], session=3)
    assert [message.topic for message in out] == [
        "spBv1.0/hazwatch/NBIRTH/edge-1",
        "spBv1.0/hazwatch/DBIRTH/edge-1/a",
        "spBv1.0/hazwatch/DDATA/edge-1/a",
        "spBv1.0/hazwatch/NDATA/edge-1",
        "spBv1.0/hazwatch/DDATA/edge-1/a",
    ]
    assert {message.qos for message in out} == {0}
    told = [read(message.payload) for message in out]
    assert [payload.seq for payload in told] == [0, 1, 2, 3, 4]
    assert [(m.name, m.alias, m.whole, m.null) for m in told[0].metrics] == [
        ("bdSeq", 0, 3, False),
        ("Node Control/Rebirth", 0, 0, False),
        ("plain", 3, None, True),
    ]
    assert [(m.name, m.alias, m.null) for m in told[1].metrics] == [("x", 1, True), ("y", 2, True)]
    assert [(m.name, m.alias, m.t_ms, m.historical, m.quality) for p in told[2:] for m in p.metrics] == [
        ("", 1, T, False, None),
        ("", 2, T, False, 0),
        ("", 3, T, False, 64),
        ("", 1, T - 23, True, None),
    ]
    assert [m.value for p in told[2:] for m in p.metrics if not m.null] == [1.5, -2.25, 3.0]


def test_the_bytes_are_those_that_the_reference_reads() -> None:
    assert _sent(_packer(), [_chunk(ROWS)])[2].payload.hex() == DATA


def test_a_birth_again_has_the_last_values_and_starts_the_sequence_anew() -> None:
    packer = _packer()
    _sent(packer, [_chunk(ROWS), _chunk([(1, T + 5, 7.0, 0)])])
    births = [packer.sealed(message) for message in packer.opening(0, 9, (T + 9) * MS)]
    told = [read(message.payload) for message in births]
    assert [payload.seq for payload in told] == [0, 1]
    assert told[0].metrics[0].whole == 9
    assert [(m.name, m.t_ms, m.value) for m in told[1].metrics] == [("x", T, 1.5), ("y", T + 5, 7.0)]
    death = read(packer.will(0, 9).payload)
    assert death.seq is None
    assert [(m.name, m.whole) for m in death.metrics] == [("bdSeq", 9)]
    assert packer.will(0, 9).qos == 1
    assert packer.closing(0, 9) == [packer.will(0, 9)]


def test_a_new_sensor_makes_its_device_be_born_again() -> None:
    packer = _packer()
    out = _sent(packer, [_chunk(ROWS[:1]), _chunk([(3, T + 1, 4.0, 0)], (*NAMES, "a/z"))])
    assert [message.topic.split("/")[2] for message in out] == [
        "NBIRTH",
        "DBIRTH",
        "DDATA",
        "DBIRTH",
        "DDATA",
    ]
    told = [read(message.payload) for message in out]
    assert [payload.seq for payload in told] == [0, 1, 2, 3, 4]
    assert [(m.name, m.alias) for m in told[3].metrics] == [("x", 1), ("y", 2), ("z", 4)]
    assert [m.alias for m in told[4].metrics] == [4]


def test_the_sequence_wraps_at_256() -> None:
    out = _sent(_packer(), [_chunk([(0, T + i, float(i), 0) for i in range(300)])])
    assert [read(message.payload).seq for message in out] == [i % 256 for i in range(302)]


def test_enterprises_are_dealt_out_to_nodes() -> None:
    names = tuple(f"e{i}/s" for i in range(5))
    out = _sent(_packer(lanes=2), [_chunk([(i, T, 1.0, 0) for i in range(5)], names)])
    data = [(message.topic.split("/", 3)[3], message.lane) for message in out if "DDATA" in message.topic]
    assert data == [("edge-1/e0", 0), ("edge-2/e1", 1), ("edge-1/e2", 0), ("edge-2/e3", 1), ("edge-1/e4", 0)]
    births = [message.topic for message in out if "NBIRTH" in message.topic]
    assert births == ["spBv1.0/hazwatch/NBIRTH/edge-1", "spBv1.0/hazwatch/NBIRTH/edge-2"]


@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 2), st.integers(0, 5000), st.floats(allow_infinity=False), st.integers(0, 2)
        ),
        max_size=40,
    ),
    gather_s=st.sampled_from([0.0, 1.0]),
    shape=st.sampled_from(Shape),
)
def test_every_reading_goes_out_once_in_the_order_of_its_sensor(
    rows: list[tuple[int, int, float, int]], gather_s: float, shape: Shape
) -> None:
    rows = [(column, T + t, value, q) for column, t, value, q in rows]
    aliases: dict[int, list[tuple[int, str, int]]] = {}
    newest: dict[int, int] = {}
    for message in _sent(_packer(gather_s=gather_s, shape=shape), [_chunk(rows)]):
        if "DATA" not in message.topic:
            continue
        told = read(message.payload)
        assert len(told.metrics) == message.readings
        assert message.readings == 1 or shape is Shape.BATCH
        for metric in told.metrics:
            assert metric.historical == (metric.t_ms < newest.get(metric.alias, 0))
            newest[metric.alias] = max(metric.t_ms, newest.get(metric.alias, 0))
            quality = {None: 0, 64: 1, 0: 2}[metric.quality]
            aliases.setdefault(metric.alias, []).append((metric.t_ms, repr(metric.value), quality))
    wanted: dict[int, list[tuple[int, str, int]]] = {}
    for column, t, value, q in rows:
        wanted.setdefault(column + 1, []).append((t, repr(value), q))
    assert aliases == wanted


def test_varints() -> None:
    assert [varint(n).hex() for n in (0, 127, 128, 300, 2**63)] == [
        "00",
        "7f",
        "8001",
        "ac02",
        "80808080808080808001",
    ]


def test_a_command_asks_for_rebirth() -> None:
    assert asks_rebirth(b"\x12\x18\x0a\x14Node Control/Rebirth\x70\x01")
    assert not asks_rebirth(b"\x12\x10\x0a\x0cNode Control")
