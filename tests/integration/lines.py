"""Alert lines taken apart: those about the plant, and those about hazwatch itself."""

import json
import re
from collections.abc import Sequence

_SEQ = re.compile(rb'"seq":\d+,')


def of_plant(lines: Sequence[bytes]) -> list[bytes]:
    """Return the alert lines about the plant, without their seq.

    A busy machine may make hazwatch tell of itself in between, which no replay does; their seqs must have no gap.
    """
    events = [json.loads(line) for line in lines]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    return [
        _SEQ.sub(b"", line, count=1)
        for line, event in zip(lines, events, strict=True)
        if event["kind"] != "system"
    ]


def of_part(lines: Sequence[bytes], name: str) -> list[str]:
    """Return what was told about one part of hazwatch."""
    events = [json.loads(line) for line in lines]
    return [event["event"] for event in events if event["why"].get("system") == name]
