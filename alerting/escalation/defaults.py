"""The packaged ladders: roles and times by grade, remembered rather than read, and marked so in the data."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from alerting.escalation.settings import Ladder, Step
from alerting.events import Grade
from registry.marks import parse_marked

_S = 10**9


@cache
def packaged() -> Mapping[Grade, Ladder]:
    """Return the ladder of each grade that has one; the steps call roles."""
    file = files("alerting").joinpath("data/escalation.yaml")
    data = parse_marked(file.read_text(encoding="utf-8"), str(file)).data
    return MappingProxyType(
        {
            grade: Ladder(
                steps=tuple(
                    Step(after_ns=row["after_s"] * _S, call=tuple(row["call"])) for row in ladder["steps"]
                ),
                last_after_ns=ladder["last_resort_after_s"] * _S,
            )
            for grade in Grade
            if isinstance(ladder := data["grades"][grade.label], dict)
        }
    )
