"""Packing readings into messages: nothing lost, nothing reordered, values and times exact."""

import json
import math
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.faults import InputError
from sim.outgoing import Addresses, Packer, Shape
from sim.recorded import Recorded

NAMES = ("a/x", "b/y", "a/z", "plain name")
MS = 1_000_000


def _chunk(rows: list[tuple[int, int, float]], names: tuple[str, ...] = NAMES) -> Recorded:
    return Recorded(
        names=names,
        column=np.array([row[0] for row in rows], np.int32),
        t_ns=np.array([row[1] for row in rows], np.int64),
        value=np.array([row[2] for row in rows], np.float64),
    )


def _pack(
    chunk: Recorded, shape: Shape = Shape.BATCH, first_at_ns: int | None = None
) -> list[tuple[str, str]]:
    packer = Packer(Addresses(), shape, first_at_ns)
    return [(message.topic, message.payload.decode()) for message in packer.pack(chunk)]


def test_readings_of_one_time_and_enterprise_go_together() -> None:
    chunk = _chunk([(0, 5 * MS, 1.5), (1, 5 * MS, 2), (2, 5 * MS, math.nan), (3, 5 * MS, 4), (0, 6 * MS, 5)])
    assert _pack(chunk) == [
        ("hazwatch/v1/a", '{"t":5,"s":["x","z"],"v":[1.5,null]}'),
        ("hazwatch/v1/b", '{"t":5,"s":["y"],"v":[2.0]}'),
        ("hazwatch/v1/site", '{"t":5,"s":["plain name"],"v":[4.0]}'),
        ("hazwatch/v1/a", '{"t":6,"s":["x"],"v":[5.0]}'),
    ]


def test_one_reading_a_message() -> None:
    chunk = _chunk([(0, 5 * MS, 1.5), (1, 5 * MS, math.nan)])
    assert _pack(chunk, Shape.SINGLE) == [
        ("hazwatch/v1/a/x", '{"t":5,"v":1.5}'),
        ("hazwatch/v1/b/y", '{"t":5,"v":null}'),
    ]


def test_a_time_finer_than_milliseconds_is_text_and_times_can_be_shifted() -> None:
    chunk = _chunk([(0, 1, 1.0), (0, 1 + 2 * MS, 2.0)])
    assert _pack(chunk) == [
        ("hazwatch/v1/a", '{"t":"1970-01-01T00:00:00.000000001Z","s":["x"],"v":[1.0]}'),
        ("hazwatch/v1/a", '{"t":"1970-01-01T00:00:00.002000001Z","s":["x"],"v":[2.0]}'),
    ]
    assert _pack(chunk, first_at_ns=3 * MS) == [
        ("hazwatch/v1/a", '{"t":3,"s":["x"],"v":[1.0]}'),
        ("hazwatch/v1/a", '{"t":5,"s":["x"],"v":[2.0]}'),
    ]


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 4 * 10**18), st.floats(allow_infinity=False)), max_size=30
    ).map(lambda rows: [row for row in rows for _ in range(2)]),
    st.sampled_from(Shape),
)
def test_every_reading_is_packed_once_in_order_and_exactly(
    rows: list[tuple[int, int, float]], shape: Shape
) -> None:
    names = ("a/x", "b/y", "a/z", "plain")
    of: dict[str, list[tuple[str, int, str]]] = {}
    for column, t_ns, value in rows:
        enterprise, sensor = Addresses().of(names[column])
        of.setdefault(enterprise, []).append((sensor, t_ns, repr(value)))
    packed: dict[str, list[tuple[str, int, str]]] = {}
    for message in Packer(Addresses(), shape).pack(_chunk(rows, names)):
        body = json.loads(message.payload)
        enterprise, *single = message.topic.split("/")[2:]
        sensors, values = (body["s"], body["v"]) if shape is Shape.BATCH else (single, [body["v"]])
        assert message.readings == len(sensors) == len(values)
        packed.setdefault(enterprise, []).extend(
            (name, _ns(body["t"]), "nan" if value is None else repr(value))
            for name, value in zip(sensors, values, strict=True)
        )
    assert packed == of


def _ns(t: int | str) -> int:
    if isinstance(t, int):
        return t * MS
    whole, fraction = t.rstrip("Z").split(".")
    return round(datetime.fromisoformat(f"{whole}+00:00").timestamp()) * 10**9 + int(fraction.ljust(9, "0"))


def test_a_mapping_has_the_last_word() -> None:
    addresses = Addresses({"a/x": ("c", "q/r")}, default_enterprise="d")
    assert addresses.of("a/x") == ("c", "q/r")
    assert addresses.of("m/s/x") == ("d", "m/s/x")


def test_names_that_can_be_no_topic_are_refused() -> None:
    with pytest.raises(InputError, match="no part of a topic"):
        Addresses({"x": ("a+b", "y")}).of("x")
    with pytest.raises(InputError, match="the batch shape"):
        _pack(_chunk([(0, 0, 1.0)], ("m/s #1",)), Shape.SINGLE)


def test_a_very_wide_row_is_cut_into_messages_of_bounded_size() -> None:
    names = tuple(f"s{i}" for i in range(12_000))
    chunk = _chunk([(i, 0, 1.0) for i in range(12_000)], names)
    messages = list(Packer(Addresses()).pack(chunk))
    assert [message.readings for message in messages] == [5000, 5000, 2000]
    assert max(len(message.payload) for message in messages) < 1 << 20


def test_quality_is_told_where_it_is_not_good() -> None:
    chunk = _chunk([(0, 5 * MS, 1.5), (2, 5 * MS, 2.0), (1, 5 * MS, 3.0), (0, 6 * MS, 4.0)])
    quality = np.array([0, 2, 0, 1], np.uint8)
    marked = Recorded(names=NAMES, column=chunk.column, t_ns=chunk.t_ns, value=chunk.value, quality=quality)
    assert _pack(marked) == [
        ("hazwatch/v1/a", '{"t":5,"s":["x","z"],"v":[1.5,2.0],"q":["good","bad"]}'),
        ("hazwatch/v1/b", '{"t":5,"s":["y"],"v":[3.0]}'),
        ("hazwatch/v1/a", '{"t":6,"s":["x"],"v":[4.0],"q":["uncertain"]}'),
    ]
    assert _pack(marked, Shape.SINGLE) == [
        ("hazwatch/v1/a/x", '{"t":5,"v":1.5}'),
        ("hazwatch/v1/a/z", '{"t":5,"v":2.0,"q":"bad"}'),
        ("hazwatch/v1/b/y", '{"t":5,"v":3.0}'),
        ("hazwatch/v1/a/x", '{"t":6,"v":4.0,"q":"uncertain"}'),
    ]


def test_readings_of_some_seconds_may_be_gathered() -> None:
    chunk = _chunk([(0, 1000 * MS, 1.5), (2, 1250 * MS, 2.0), (1, 1999 * MS, 3.0), (0, 2000 * MS, 4.0)])
    messages = list(Packer(Addresses(), gather_s=1.0).pack(chunk))
    assert [(message.topic, message.payload.decode(), message.t_ns // MS) for message in messages] == [
        ("hazwatch/v1/a", '{"t":[1000,1250],"s":["x","z"],"v":[1.5,2.0]}', 1999),
        ("hazwatch/v1/b", '{"t":1999,"s":["y"],"v":[3.0]}', 1999),
        ("hazwatch/v1/a", '{"t":2000,"s":["x"],"v":[4.0]}', 2000),
    ]


def test_an_enterprise_keeps_to_its_lane() -> None:
    names = tuple(f"e{i % 5}/s{i}" for i in range(20))
    packer = Packer(Addresses(), lanes=3)
    chunk = _chunk([(i, t * MS, 1.0) for t in range(4) for i in range(20)], names)
    lanes: dict[str, set[int]] = {}
    for message in packer.pack(chunk):
        lanes.setdefault(message.topic, set()).add(message.lane)
    assert {topic.removeprefix("hazwatch/v1/"): sorted(lane) for topic, lane in lanes.items()} == {
        "e0": [0],
        "e1": [1],
        "e2": [2],
        "e3": [0],
        "e4": [1],
    }
