"""Every example of docs/wire.md is decoded without a refusal."""

import re
from pathlib import Path

import pytest

from ingest.mapped import MappedJson, TimeUnit, mapping_faults
from ingest.messages import Message, RejectReason
from ingest.wire import WireDecoder
from registry.sensors import SensorRegistry, SensorSpec, SensorType

PAGE = (Path(__file__).parents[2] / "docs" / "wire.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```\n(\S+)\n(.*?)\n```$", PAGE, re.MULTILINE | re.DOTALL)
REGISTRY = SensorRegistry(
    (
        SensorSpec(id="acme/LT-101", sensor="LT-101", enterprise="acme", type=SensorType.LEVEL),
        SensorSpec(
            id="acme/PT-102",
            sensor="PT-102",
            enterprise="acme",
            type=SensorType.PRESSURE,
            topic="plc/7/pt102",
        ),
        SensorSpec(id="XMEAS(7)", sensor="XMEAS(7)", enterprise="", type=SensorType.OTHER),
    )
)
MAPPED = MappedJson(
    topic="gw/+/up", name="d[*].tag", value="d[*].val", time="ts", time_unit=TimeUnit.S, enterprise="topic[1]"
)


def test_there_are_examples_of_every_format() -> None:
    assert len(EXAMPLES) == 8
    assert mapping_faults(MAPPED) == []


@pytest.mark.parametrize(("topic", "payload"), EXAMPLES)
def test_example(topic: str, payload: str) -> None:
    decoded = WireDecoder(REGISTRY, [MAPPED]).decode(
        [Message(topic, payload.encode())], 1_764_000_001_000_000_000
    )
    assert decoded.rejects == ()
    assert len(decoded.block) >= 1


def test_every_reason_is_told() -> None:
    told = set(re.findall(r"^\| `(\w+)` \|", PAGE.partition("## What is refused")[2], re.MULTILINE))
    assert told == {reason.value for reason in RejectReason}
