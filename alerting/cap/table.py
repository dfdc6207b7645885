"""Which event makes which message, and which grade gets which values: the packaged table `data/cap.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from alerting.cap.message import MessageType
from registry.marks import parse_marked
from registry.plant import Text

ANY, HEALTH, SYSTEM = "any", "health", "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """How urgent, grave and certain something is, and what those who hear of it are to do."""

    urgency: str
    severity: str
    certainty: str
    responses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The table; `over` says which values of a grade change once the condition has ended."""

    events: Mapping[str, MessageType]
    grades: Mapping[str, Values]
    over: Mapping[str, Values]
    categories: Mapping[str, tuple[str, ...]]
    kinds: Mapping[str, Text]


@cache
def default_table() -> Table:
    """Return the table that the package carries."""
    text = resources.files("alerting").joinpath("data/cap.yaml").read_text("utf-8")
    marked = parse_marked(text, "cap.yaml")
    assert not marked.faults, marked.faults
    data = marked.data
    over = data["over"]
    return Table(
        events=MappingProxyType({name: MessageType(word) for name, word in data["events"].items()}),
        grades=MappingProxyType({grade: _values(row) for grade, row in data["grades"].items()}),
        over=MappingProxyType({grade: _values({**row, **over}) for grade, row in data["grades"].items()}),
        categories=MappingProxyType({name: tuple(words) for name, words in data["categories"].items()}),
        kinds=MappingProxyType({kind: Text(**both) for kind, both in data["kinds"].items()}),
    )


def _values(row: Mapping[str, Any]) -> Values:
    return Values(
        urgency=row["urgency"],
        severity=row["severity"],
        certainty=row["certainty"],
        responses=tuple(row["response"]),
    )
