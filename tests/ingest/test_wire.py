"""The wire formats of docs/wire.md: tables of examples, an oracle, and bytes of any kind."""

import json
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.messages import MAX_KEPT_BYTES, MAX_PAYLOAD_BYTES, Decoded, Message, RejectReason
from ingest.wire import WireDecoder
from registry.sensors import SensorRegistry, SensorSpec, SensorType
from tests.ingest import oracle

NOW_MS = 1_764_000_000_000
NOW_NS = NOW_MS * 10**6


def spec(enterprise: str, sensor: str, topic: str | None = None) -> SensorSpec:
    full = f"{enterprise}/{sensor}" if enterprise else sensor
    return SensorSpec(id=full, sensor=sensor, enterprise=enterprise, type=SensorType.LEVEL, topic=topic)


REGISTRY = SensorRegistry(
    (
        spec("acme", "LT-1"),
        spec("acme", "PT-2", "plc/7/pt2"),
        spec("acme", "罐/3"),
        spec("other", "LT-1"),
        spec("", "XMEAS(7)"),
    )
)
LT1, PT2, TANK3, OTHER_LT1, XMEAS7 = range(5)
DECODER = WireDecoder(REGISTRY)


def decode(topic: str, payload: str | bytes, **options: Any) -> Decoded:
    decoder = WireDecoder(REGISTRY, **options) if options else DECODER
    return decoder.decode([Message(topic, payload.encode() if isinstance(payload, str) else payload)], NOW_NS)


def rows(decoded: Decoded) -> list[tuple[int, int, float, int]]:
    b = decoded.block
    return list(zip(b.sensor.tolist(), b.t_ns.tolist(), b.value.tolist(), b.quality.tolist(), strict=True))


def comparable(readings: list[tuple[int, int, float, int]]) -> list[tuple[int, int, float | None, int]]:
    return [(s, t, None if math.isnan(v) else v, q) for s, t, v, q in readings]


def reasons(decoded: Decoded) -> Counter[str]:
    counts: Counter[str] = Counter()
    for reject in decoded.rejects:
        counts[reject.reason.value] += reject.count
    return counts


@pytest.mark.parametrize(
    ("topic", "payload", "expected"),
    [
        (
            "hazwatch/v1/acme/LT-1",
            '{"t": 1764000000123, "v": 12.3, "q": "good"}',
            [(LT1, 123_000_000, 12.3, 0)],
        ),
        ("hazwatch/v1/acme/LT-1", '{"v": 12, "t": 1764000000000}', [(LT1, 0, 12.0, 0)]),
        ("hazwatch/v1/acme/LT-1", '{"t": 1764000000000, "v": 1, "q": "uncertain"}', [(LT1, 0, 1.0, 1)]),
        ("hazwatch/v1/acme/LT-1", '{"t": 1764000000000, "v": 1, "q": null}', [(LT1, 0, 1.0, 0)]),
        ("hazwatch/v1/acme/LT-1", '{"t": 1764000000000.25, "v": 1, "q": "bad"}', [(LT1, 250_000, 1.0, 2)]),
        ("hazwatch/v1/acme/LT-1", '{"t": 1764000000000.0004, "v": 1}', [(LT1, 0, 1.0, 0)]),
        (
            "hazwatch/v1/acme/LT-1",
            '{"t": "2025-11-24T16:00:00.123456789Z", "v": 1}',
            [(LT1, 123_456_789, 1.0, 0)],
        ),
        (
            "hazwatch/v1/acme/LT-1",
            '{"t": "2025-11-25T00:00:00.5+08:00", "v": 1}',
            [(LT1, 500_000_000, 1.0, 0)],
        ),
        ("hazwatch/v1/acme/LT-1", '{"t": "2025-11-24 15:59:60z", "v": 1}', [(LT1, 0, 1.0, 0)]),
        ("hazwatch/v1/acme/LT-1", '{"t": 1764000000000, "v": null}', [(LT1, 0, None, 0)]),
        ("hazwatch/v1/acme/LT-1", '{"t": 1764000000000, "v": "NaN", "q": "bad"}', [(LT1, 0, None, 2)]),
        ("hazwatch/v1/acme/LT-1", '{"t": 1764000000000, "v": -1e999}', [(LT1, 0, None, 2)]),
        ("hazwatch/v1/acme/LT-1", '{"t": 1764000000000, "v": 1, "more": {"x": [1]}}', [(LT1, 0, 1.0, 0)]),
        ("hazwatch/v1/acme/罐/3", '{"t": 1764000000000, "v": 1}', [(TANK3, 0, 1.0, 0)]),
        ("hazwatch/v1/-/XMEAS(7)", '{"t": 1764000000000, "v": 1}', [(XMEAS7, 0, 1.0, 0)]),
        (
            "hazwatch/v1/acme",
            '{"t": 1764000000001, "s": ["LT-1", "PT-2"], "v": [1.5, 2]}',
            [(LT1, 1_000_000, 1.5, 0), (PT2, 1_000_000, 2.0, 0)],
        ),
        (
            "hazwatch/v1/acme",
            '{"t": [1764000000001, 1764000000002], "s": ["LT-1", "LT-1"], "v": [1, null], "q": ["bad", "good"]}',
            [(LT1, 1_000_000, 1.0, 2), (LT1, 2_000_000, None, 0)],
        ),
        (
            "hazwatch/v1/acme",
            '{"t": [1764000000001.5, "2025-11-24T16:00:00Z"], "s": ["LT-1", "罐/3"], "v": [1, 2]}',
            [(LT1, 1_500_000, 1.0, 0), (TANK3, 0, 2.0, 0)],
        ),
        (
            "hazwatch/v1/acme",
            ' [{"s": "PT-2", "t": 1764000000000, "v": 3}, {"s": "LT-1", "t": 1764000000001, "v": 4, "q": "bad"}]',
            [(PT2, 0, 3.0, 0), (LT1, 1_000_000, 4.0, 2)],
        ),
        ("hazwatch/v1/-", '{"t": 1764000000000, "s": ["XMEAS(7)"], "v": [7]}', [(XMEAS7, 0, 7.0, 0)]),
        ("hazwatch/v1/acme", '{"t": 1764000000000, "s": [], "v": []}', []),
        ("hazwatch/v1/acme", "[]", []),
        ("plc/7/pt2", "12.3", [(PT2, 0, 12.3, 0)]),
        ("plc/7/pt2", " +007.50\r\n", [(PT2, 0, 7.5, 0)]),
        ("plc/7/pt2", "NaN", [(PT2, 0, None, 0)]),
        ("plc/7/pt2", "null", [(PT2, 0, None, 0)]),
        ("plc/7/pt2", "1e999", [(PT2, 0, None, 2)]),
    ],
)
def test_good_messages(topic: str, payload: str, expected: list[tuple[int, int, float | None, int]]) -> None:
    decoded = decode(topic, payload)
    assert decoded.rejects == ()
    got = [(s, t - NOW_NS, None if math.isnan(v) else v, q) for s, t, v, q in rows(decoded)]
    assert got == expected


ONE = "hazwatch/v1/acme/LT-1"
MANY = "hazwatch/v1/acme"


@pytest.mark.parametrize(
    ("topic", "payload", "expected"),
    [
        (ONE, "", {"bad_json": 1}),
        (ONE, "{", {"bad_json": 1}),
        (ONE, b"\xff\xfe", {"bad_json": 1}),
        (ONE, '{"t": 1764000000000, "v": NaN}', {"bad_json": 1}),
        (ONE, b'{"t": 1764000000000, "v": 1, "q": "\xff"}', {"wrong_type": 1}),
        (ONE, "[" * 100_000, {"bad_json": 1}),
        (ONE, "[1]", {"wrong_shape": 1}),
        (ONE, '{"v": 1}', {"wrong_shape": 1}),
        (ONE, '{"t": 1764000000000}', {"wrong_shape": 1}),
        (ONE, '{"t": 1764000000000, "v": true}', {"wrong_type": 1}),
        (ONE, '{"t": 1764000000000, "v": "12.3"}', {"wrong_type": 1}),
        (ONE, '{"t": 1764000000000, "v": [1]}', {"wrong_type": 1}),
        (ONE, '{"t": 1764000000000, "v": 1, "q": "GOOD"}', {"wrong_type": 1}),
        (ONE, '{"t": null, "v": 1}', {"wrong_type": 1}),
        (ONE, '{"t": "yesterday", "v": 1}', {"wrong_type": 1}),
        (ONE, '{"t": "2025-11-24T16:00:00", "v": 1}', {"wrong_type": 1}),
        (ONE, '{"t": "2025-02-30T16:00:00Z", "v": 1}', {"wrong_type": 1}),
        (ONE, '{"t": 946684799999, "v": 1}', {"absurd_time": 1}),
        (ONE, '{"t": 4102444800000, "v": 1}', {"absurd_time": 1}),
        (ONE, '{"t": 1764000000, "v": 1}', {"absurd_time": 1}),
        (ONE, '{"t": 1e999, "v": 1}', {"absurd_time": 1}),
        (ONE, '{"t": ' + "9" * 5000 + ', "v": 1}', {"absurd_time": 1}),
        (ONE, '{"t": 1764000300001, "v": 1}', {"absurd_time": 1}),
        ("hazwatch/v1/acme/LT-9", '{"t": 1764000000000, "v": 1}', {"unknown_sensor": 1}),
        ("hazwatch/v1/nobody/LT-1", '{"t": 1764000000000, "v": 1}', {"unknown_sensor": 1}),
        ("hazwatch/v1/nobody", '{"t": 1764000000000, "s": ["a", "b"], "v": [1, 2]}', {"unknown_sensor": 2}),
        ("hazwatch/v1", "1", {"unknown_topic": 1}),
        ("hazwatch/v2/acme", "1", {"unknown_topic": 1}),
        ("spBv1.0/g/NDATA/n", "1", {"unknown_topic": 1}),
        ("x" * 2000, "1", {"unknown_topic": 1}),
        ("a\0b", "1", {"unknown_topic": 1}),
        (MANY, '{"t": 1764000000000, "s": ["LT-1"], "v": [1, 2]}', {"wrong_shape": 1}),
        (MANY, '{"t": [1764000000000], "s": ["LT-1", "PT-2"], "v": [1, 2]}', {"wrong_shape": 1}),
        (MANY, '{"t": 1764000000000, "s": ["LT-1"], "v": [1], "q": []}', {"wrong_shape": 1}),
        (MANY, '{"s": ["LT-1"], "v": [1]}', {"wrong_shape": 1}),
        (MANY, '{"t": 1764000000000, "s": "LT-1", "v": 1}', {"wrong_shape": 1}),
        (
            MANY,
            '{"t": 1, "s": ["LT-1", "nope", "PT-2"], "v": [1, 2, 3]}',
            {"absurd_time": 2, "unknown_sensor": 1},
        ),
        (MANY, "12.3", {"wrong_shape": 1}),
        (MANY, "[12.3]", {"wrong_shape": 1}),
        (MANY, '[{"s": 7, "t": 1764000000000, "v": 1}]', {"wrong_type": 1}),
        (MANY, '[{"t": 1764000000000, "v": 1}]', {"wrong_shape": 1}),
        ("plc/7/pt2", "", {"bad_json": 1}),
        ("plc/7/pt2", "true", {"wrong_type": 1}),
        ("plc/7/pt2", "12.3 bar", {"wrong_type": 1}),
        ("plc/7/pt2", "0x1F", {"wrong_type": 1}),
        ("plc/7/pt2", "inf", {"wrong_type": 1}),
        ("plc/7/pt2", "1_000", {"wrong_type": 1}),
        ("plc/7/pt2", "1" * 100_000 + "x", {"wrong_type": 1}),
    ],
)
def test_refused_messages(topic: str, payload: str | bytes, expected: dict[str, int]) -> None:
    decoded = decode(topic, payload)
    assert len(decoded.block) == 0
    assert reasons(decoded) == expected
    for reject in decoded.rejects:
        assert reject.topic == topic
        assert reject.detail
        assert len(reject.detail) < 700
        assert len(reject.payload) <= MAX_KEPT_BYTES


def test_the_other_readings_of_a_batch_count() -> None:
    payload = json.dumps(
        {
            "t": [NOW_MS, NOW_MS, NOW_MS, 5, NOW_MS + 1, NOW_MS],
            "s": ["LT-1", "nope", "PT-2", "LT-1", "PT-2", "neither"],
            "v": [1, 2, True, 4, 5, 6],
        }
    )
    decoded = decode(MANY, payload)
    assert rows(decoded) == [(LT1, NOW_NS, 1.0, 0), (PT2, NOW_NS + 10**6, 5.0, 0)]
    assert reasons(decoded) == {"unknown_sensor": 2, "wrong_type": 1, "absurd_time": 1}
    assert len(decoded.rejects) == 3


def test_unknown_sensors_of_a_regular_batch_are_one_reject_that_names_them() -> None:
    names = ["LT-1", *(f"X-{i}" for i in range(20))]
    decoded = decode(MANY, json.dumps({"t": NOW_MS, "s": names, "v": [0.5] * 21}))
    assert len(decoded.block) == 1
    (reject,) = decoded.rejects
    assert (reject.reason, reject.count) == (RejectReason.UNKNOWN_SENSOR, 20)
    assert "'X-0'" in reject.detail
    assert "and 15 more" in reject.detail


def test_oversize() -> None:
    body = b'{"t": 1764000000000, "v": 1}'
    assert len(decode(ONE, body + b" " * (MAX_PAYLOAD_BYTES - len(body))).block) == 1
    decoded = decode(ONE, body + b" " * (MAX_PAYLOAD_BYTES - len(body) + 1))
    assert reasons(decoded) == {"oversize": 1}
    assert len(decoded.rejects[0].payload) == MAX_KEPT_BYTES


def test_the_event_clock_knows_no_ahead() -> None:
    payload = '{"t": 4102444799999, "v": 1}'
    assert reasons(decode(ONE, payload)) == {"absurd_time": 1}
    assert len(decode(ONE, payload, wall_clock=False).block) == 1


def test_times_at_the_edges_of_the_window() -> None:
    assert len(decode(ONE, '{"t": 946684800000, "v": 1}').block) == 1
    assert len(decode(ONE, '{"t": 1764000300000, "v": 1}').block) == 1
    assert len(decode(MANY, '{"t": 1764000300000, "s": ["LT-1"], "v": [1]}').block) == 1
    assert len(decode(MANY, '{"t": 1764000300000.001, "s": ["LT-1"], "v": [1]}').block) == 0


def test_another_prefix() -> None:
    decoded = decode("site/a/acme/LT-1", '{"t": 1764000000000, "v": 1}', prefix="site/a")
    assert len(decoded.block) == 1
    assert reasons(decode(ONE, '{"t": 1764000000000, "v": 1}', prefix="site/a")) == {"unknown_topic": 1}


def test_columns_are_those_of_a_block_and_keep_the_order_of_arrival() -> None:
    single = b'{"t": 1764000000000, "v": %d}'
    batch = b'{"t": 1764000000000, "s": ["PT-2", "LT-1"], "v": [%d, %d]}'
    messages = [
        Message(ONE, single % 1),
        Message(ONE, single % 2),
        Message(MANY, batch % (3, 4)),
        Message(ONE, single % 5),
        Message(MANY, batch % (6, 7)),
    ]
    block = DECODER.decode(messages, NOW_NS).block
    assert block.value.tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert block.sensor.dtype == np.int32
    assert block.t_ns.dtype == np.int64
    assert block.value.dtype == np.float64
    assert block.quality.dtype == np.uint8
    assert len(DECODER.decode([], NOW_NS).block) == 0


# The oracle. Payloads are built from texts, so that numbers are written in every way.

NAMES = st.sampled_from(["LT-1", "PT-2", "罐/3", "nope", "XMEAS(7)", ""])
TOPICS = st.one_of(
    st.sampled_from([ONE, MANY, "hazwatch/v1/other", "hazwatch/v1/-", "hazwatch/v1/nobody", "plc/7/pt2"]),
    st.builds("hazwatch/v1/acme/{}".format, NAMES),
)
DAY_MS = 86_400_000
NUMBERS = st.one_of(
    st.integers(-(10**30), 10**30).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["0", "-0", "1e999", "-1e999", "1E+3", "0.1", "1e-400", "9" * 400]),
)
OTHERS = st.sampled_from(
    ["null", "true", "false", '"12.3"', '"NaN"', '"good"', "[]", "{}", "[1]", '{"a": 1}', '""']
)
TIMES = st.one_of(
    st.integers(NOW_MS - DAY_MS, NOW_MS + 299_000).map(str),
    st.floats(NOW_MS - DAY_MS, NOW_MS + 299_000).map(repr),
    st.integers(0, 999_999_999).map(lambda ns: f'"2025-11-24T16:00:00.{ns:09}Z"'),
    st.integers(0, 59).map(lambda m: f'"2025-11-24T17:00:00+01:{m:02}"'),
    st.sampled_from(
        ['"2025-13-24T16:00:00Z"', '"x"', "946684799999", "4102444800000", str(NOW_MS + 300_001)]
    ),
    NUMBERS,
    OTHERS,
)
GOOD_TIMES = st.integers(NOW_MS - DAY_MS, NOW_MS).map(str)
VALUES = st.one_of(NUMBERS, NUMBERS, OTHERS)
QUALITIES = st.one_of(st.sampled_from(['"good"', '"uncertain"', '"bad"', "null"]), OTHERS)
NAME_TEXTS = st.one_of(NAMES.map(json.dumps), NAMES.map(json.dumps), OTHERS)


def column(elements: st.SearchStrategy[str], n: int) -> st.SearchStrategy[str]:
    return st.lists(elements, min_size=n, max_size=n).map(lambda texts: f"[{', '.join(texts)}]")


@st.composite
def objects(draw: st.DrawFn) -> str:
    fields = {"t": TIMES | GOOD_TIMES, "v": VALUES, "q": QUALITIES, "s": NAME_TEXTS, "other": OTHERS}
    wanted = draw(
        st.lists(st.sampled_from(["t", "v", "s", "t", "v", "s", "q", "other"]), max_size=8, unique=True)
    )
    wanted = list(dict.fromkeys([*wanted, *draw(st.sampled_from([[], ["s", "t", "v"]]))]))
    return "{" + ", ".join(f'"{field}": {draw(fields[field])}' for field in wanted) + "}"


@st.composite
def columns(draw: st.DrawFn) -> str:
    n = draw(st.integers(0, 5))
    lengths = st.sampled_from([n] * 10 + [n + 1])
    times = draw(st.sampled_from([GOOD_TIMES, GOOD_TIMES, TIMES]))
    fields = {
        "t": draw(st.one_of(times, column(times, draw(lengths)))),
        "s": draw(column(draw(st.sampled_from([NAMES.map(json.dumps), NAME_TEXTS])), draw(lengths))),
        "v": draw(column(draw(st.sampled_from([st.floats(0, 9).map(repr), VALUES])), draw(lengths))),
    }
    if draw(st.booleans()):
        fields["q"] = draw(st.one_of(column(QUALITIES, draw(lengths)), OTHERS))
    left_out = draw(st.sampled_from([None] * 8 + list(fields)))
    return "{" + ", ".join(f'"{name}": {text}' for name, text in fields.items() if name != left_out) + "}"


PAYLOADS = st.one_of(
    objects(), columns(), columns(), st.lists(objects(), max_size=4).map(lambda o: f"[{', '.join(o)}]")
)


@given(
    st.lists(st.builds(Message, TOPICS, st.one_of(PAYLOADS, NUMBERS, OTHERS).map(str.encode)), max_size=6),
    st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_same_as_the_oracle(messages: list[Message], wall_clock: bool) -> None:
    expected = oracle.decode(REGISTRY, messages, NOW_NS, wall_clock=wall_clock)
    decoded = WireDecoder(REGISTRY, wall_clock=wall_clock).decode(messages, NOW_NS)
    assert comparable(rows(decoded)) == comparable(expected.readings)
    counts: Counter[tuple[str, str]] = Counter()
    for reject in decoded.rejects:
        counts[reject.topic, reject.reason.value] += reject.count
    assert counts == expected.refused


@given(st.lists(st.builds(Message, TOPICS, PAYLOADS.map(str.encode)), max_size=6), st.integers(0, 6))
@settings(deadline=None)
def test_cutting_into_calls_changes_nothing(messages: list[Message], cut: int) -> None:
    whole = DECODER.decode(messages, NOW_NS)
    parts = [DECODER.decode(messages[:cut], NOW_NS), DECODER.decode(messages[cut:], NOW_NS)]
    assert repr(rows(parts[0]) + rows(parts[1])) == repr(rows(whole))
    assert parts[0].rejects + parts[1].rejects == whole.rejects


@given(st.text() | TOPICS, st.binary() | PAYLOADS.map(str.encode))
@example(ONE, b"[" * 5000 + b"]" * 5000)
@example(MANY, b'{"t":' + b"[" * 900 + b"]" * 900 + b',"s":["LT-1"],"v":[1]}')
@example(ONE, b'{"t": 1764000000000, "v": ' + b"1" * 5000 + b"}")
@example(MANY, b'{"t": [' + b"1" * 4000 + b'], "s": ["LT-1"], "v": [1]}')
@example(MANY, b'{"t": 1764000000000, "s": ["\\ud800"], "v": [1]}')
@example(MANY, b'[{"s": "\xff", "t": 1764000000000, "v": 1}]')
@example(MANY, b'\xef\xbb\xbf{"t": 1764000000000, "s": ["LT-1"], "v": [1]}')
@example("hazwatch/v1/", b'{"t": 1764000000000, "s": ["LT-1"], "v": [1]}')
@settings(max_examples=300, deadline=None)
def test_never_raises_and_loses_no_message(topic: str, payload: bytes) -> None:
    decoded = DECODER.decode([Message(topic, payload)], NOW_NS)
    silent = payload.strip().startswith((b"[", b"{"))  # a batch of nothing is no reject
    assert len(decoded.block) or decoded.rejects or silent
    for reject in decoded.rejects:
        reject.detail.encode()
