"""Mapped JSON: paths, times, qualities, and what is wrong with a mapping."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.mapped import MappedJson, Mark, Place, TimeUnit, mapping_faults, parse_place, topic_matches
from ingest.messages import Decoded, Message
from ingest.wire import WireDecoder
from registry.sensors import SensorRegistry, SensorSpec, SensorType

NOW_NS = 1_764_000_000_000_000_000
REGISTRY = SensorRegistry(
    tuple(
        SensorSpec(id=f"acme/{name}", sensor=name, enterprise="acme", type=SensorType.OTHER)
        for name in ("LT-1", "PT-2", "a.b")
    )
)


def decode(mapped: MappedJson, topic: str, document: Any) -> Decoded:
    assert mapping_faults(mapped) == []
    payload = document if isinstance(document, bytes) else json.dumps(document).encode()
    return WireDecoder(REGISTRY, [mapped]).decode([Message(topic, payload)], NOW_NS)


def only(decoded: Decoded) -> tuple[int, int, float, int]:
    assert decoded.rejects == ()
    b = decoded.block
    assert len(b) == 1
    return int(b.sensor[0]), int(b.t_ns[0]) - NOW_NS, float(b.value[0]), int(b.quality[0])


def test_one_reading_with_all_paths() -> None:
    mapped = MappedJson(
        topic="gw/+/up",
        name="data.tags[1].id",
        value='data["raw.value"]',
        time="ts",
        time_unit=TimeUnit.S,
        quality="data.ok",
        enterprise="topic[1]",
    )
    document = {"ts": 1764000000.5, "data": {"tags": [{}, {"id": "PT-2"}], "raw.value": 3.5, "ok": False}}
    assert only(decode(mapped, "gw/acme/up", document)) == (1, 500_000_000, 3.5, 2)
    assert decode(mapped, "gw/nobody/up", document).rejects[0].reason == "unknown_sensor"


def test_every_element_of_an_array_with_a_time_of_its_own_or_shared() -> None:
    mapped = MappedJson(topic="gw/#", name="d[*].n", value="d[*].v", time="at", enterprise="acme")
    document = {
        "at": 1764000000001,
        "d": [{"n": "LT-1", "v": 1}, {"n": "no", "v": 2}, {"n": "PT-2", "v": None}, {}],
    }
    decoded = decode(mapped, "gw/a/b", document)
    assert decoded.block.sensor.tolist() == [0, 1]
    assert decoded.block.t_ns.tolist() == [NOW_NS + 10**6] * 2
    assert decoded.block.value[0] == 1
    assert math.isnan(decoded.block.value[1])
    assert [(r.reason, r.count) for r in decoded.rejects] == [("unknown_sensor", 1), ("wrong_shape", 1)]
    own = MappedJson(
        topic="gw/#", name="[*][0]", value="[*][2]", time="[*][1]", time_unit=TimeUnit.NS, enterprise="acme"
    )
    assert only(decode(own, "gw", [["LT-1", NOW_NS + 7, 2.5]])) == (0, 7, 2.5, 0)


def test_name_from_the_topic_and_no_time_is_the_receive_time() -> None:
    mapped = MappedJson(topic="acme/+", name="topic", value="v")
    assert only(decode(mapped, "acme/LT-1", {"v": 4})) == (0, 0, 4.0, 0)


@pytest.mark.parametrize(
    ("unit", "time", "after_ns"),
    [
        (TimeUnit.S, 1764000000, 0),
        (TimeUnit.S, 1764000000.123456, 123_456_000),
        (TimeUnit.MS, 1764000000000.5, 500_000),
        (TimeUnit.US, 1764000000000001, 1_000),
        (TimeUnit.NS, 1764000000000000001, 1),
        (TimeUnit.ISO, "2025-11-24T16:00:00.000000001Z", 1),
    ],
)
def test_units_of_time(unit: TimeUnit, time: object, after_ns: int) -> None:
    mapped = MappedJson(topic="g", name="n", value="v", time="t", time_unit=unit)
    assert only(decode(mapped, "g", {"n": "acme/LT-1", "v": 1, "t": time})) == (0, after_ns, 1.0, 0)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"t": "1764000000000"}, "wrong_type"),
        ({"t": True}, "wrong_type"),
        ({"t": 10**400}, "absurd_time"),
        ({"t": 1764000300001}, "absurd_time"),
        ({"n": 7}, "wrong_type"),
        ({"n": "acme/LT-9"}, "unknown_sensor"),
        ({"v": "1"}, "wrong_type"),
        ({"v": False}, "wrong_type"),
        ({"q": "fine"}, "wrong_type"),
        ({"q": 256}, "wrong_type"),
        ({"q": [[]]}, "wrong_type"),
    ],
)
def test_refused_readings(change: dict[str, object], reason: str) -> None:
    mapped = MappedJson(topic="g", name="n", value="v", time="t", quality="q")
    decoded = decode(mapped, "g", {"n": "acme/LT-1", "v": 1, "t": 1764000000000, "q": "good", **change})
    assert [r.reason for r in decoded.rejects] == [reason]
    assert len(decoded.block) == 0


def test_refused_messages() -> None:
    mapped = MappedJson(topic="g", name="d[*].n", value="d[*].v")
    assert decode(mapped, "g", {"d": 1}).rejects[0].reason == "wrong_shape"
    assert decode(mapped, "g", b"{").rejects[0].reason == "bad_json"
    assert decode(mapped, "g", b'{"d": 1e999, "e": NaN}').rejects[0].reason == "bad_json"
    assert decode(mapped, "h", {}).rejects[0].reason == "unknown_topic"


@pytest.mark.parametrize(
    ("value", "quality"),
    [(1e999, 2), (10**400, 2), ("NaN", 0), (None, 0)],
    ids=["inf", "huge", "nan", "null"],
)
def test_values_that_are_no_numbers(value: object, quality: int) -> None:
    payload = json.dumps({"n": "acme/LT-1", "v": value}).replace("Infinity", "1e999").encode()
    sensor, _, got, got_quality = only(decode(MappedJson(topic="g", name="n", value="v"), "g", payload))
    assert (sensor, got_quality) == (0, quality)
    assert math.isnan(got)


@pytest.mark.parametrize(
    ("given_quality", "quality"),
    [
        ("GOOD", 0),
        ("Uncertain", 1),
        ("bad", 2),
        (True, 0),
        (False, 2),
        (192, 0),
        (216, 0),
        (64, 1),
        (0, 2),
        (None, 0),
    ],
)
def test_qualities(given_quality: object, quality: int) -> None:
    mapped = MappedJson(topic="g", name="n", value="v", quality="q")
    assert only(decode(mapped, "g", {"n": "acme/LT-1", "v": 1, "q": given_quality}))[3] == quality


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("a", Place(("a",))),
        ("a.b[0].c", Place(("a", "b", 0, "c"))),
        ('["a.b"].c', Place(("a.b", "c"))),
        ("[*].v", Place((Mark.EVERY, "v"))),
        ("topic", Place(of_topic=True)),
        ("topic[2]", Place(of_topic=True, level=2)),
        ("topics", Place(("topics",))),
        ("", None),
        ("a..b", None),
        (".a", None),
        ("a[", None),
        ("a[-1]", None),
        ("a[*].b[*]", None),
    ],
)
def test_paths(path: str, place: Place | None) -> None:
    assert parse_place(path) == place


def test_faults_are_told_together() -> None:
    mapped = MappedJson(topic="a/#/b", name="a[*].n", value="b[*].v", time="t..x")
    assert len(mapping_faults(mapped)) == 3
    assert mapping_faults(MappedJson(topic="", name="n", value="v"))
    assert mapping_faults(MappedJson(topic="a+/b", name="n", value="v"))


@pytest.mark.parametrize(
    ("topic_filter", "topic", "taken"),
    [
        ("a/b", "a/b", True),
        ("a/+", "a/b", True),
        ("a/+", "a/b/c", False),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("#", "a/b", True),
        ("#", "$SYS/x", False),
        ("+/x", "$SYS/x", False),
        ("$SYS/#", "$SYS/x", True),
        ("+", "", True),
        ("a/+/c", "a//c", True),
    ],
)
def test_filters(topic_filter: str, topic: str, taken: bool) -> None:
    assert topic_matches(topic_filter, topic) is taken


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("tnvqd"), inner, max_size=4),
)


@given(JSON, st.sampled_from(["d[*].n", "n", "topic[0]", "[*]", "d[0].n"]), st.sampled_from(list(TimeUnit)))
@settings(deadline=None)
def test_never_raises(document: object, name: str, unit: TimeUnit) -> None:
    prefix = name.partition("[*]")[0] + "[*]." if "[*]" in name else ""
    mapped = MappedJson(topic="#", name=name, value=prefix + "v", time="t", time_unit=unit, quality="q")
    decode(mapped, "g", document)
