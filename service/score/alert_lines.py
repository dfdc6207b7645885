"""Alert lines (NDJSON), read one by one: what a score needs of each, and every line that is none told."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from alerting.events import Grade, Kind
from registry.faults import Fault, InputError
from registry.suggest import did_you_mean, shown
from service.score.times import parse_ns

EVENTS = (
    *("opened", "escalated", "deescalated", "acknowledged", "cleared", "reopened", "confirmed", "reset"),
    *(
        "commented",
        "shelved",
        "unshelved",
        "suppressed",
        "unsuppressed",
        "out_of_service",
        "in_service",
        "closed",
    ),
)
"""The events of the contract; a score reads those that open, end or move an alert and passes over the others."""

SHOWN_FAULTS = 20
"""Broken lines that are told one by one; of the others their number."""


@dataclass(frozen=True, slots=True)
class AlertLine:
    """What a score needs of one line; `number` is its place in the file, from 1."""

    number: int
    id: str
    t_ns: int
    event: str
    grade: Grade
    kind: Kind
    sensor: str | None
    source: str | None


class _Line(msgspec.Struct):
    id: str
    time: str
    event: str
    grade: str
    kind: str
    sensor: str | None
    source: str | None = None


_GRADES: Mapping[str, Grade] = MappingProxyType({grade.label: grade for grade in Grade})
_KINDS: Mapping[str, Kind] = MappingProxyType({str(kind): kind for kind in Kind})
_TIME = "RFC 3339 with a zone"


def read_alerts(path: Path, known: Container[str] | None = None) -> Iterator[AlertLine]:
    """Yield the lines of a file in order; the file is never in memory as a whole. Sensors must be `known`, where that is told.

    A broken line may be the alert that decides, so nothing is scored where there is one.

    Raises:
        InputError: at the end, with the first broken lines and the number of all of them.
    """
    if not path.is_file():
        raise InputError(
            [Fault(file=str(path), where="", message="there is no such file", allowed="alert lines")]
        )
    faults: list[Fault] = []
    broken, last_ns = 0, None
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            if not raw.strip():
                continue
            line = _parse(raw, number)
            if isinstance(line, AlertLine):
                line = _misplaced(line, last_ns, known) or line
            if isinstance(line, AlertLine):
                last_ns = line.t_ns
                if not broken:
                    yield line
                continue
            broken += 1
            if len(faults) < SHOWN_FAULTS:
                faults.append(Fault(file=str(path), where=f"line {number}", message=line[0], allowed=line[1]))
    if broken > len(faults):
        faults.append(Fault(file=str(path), where="", message=f"{broken - len(faults)} more broken lines"))
    if faults:
        raise InputError(faults)


def _misplaced(line: AlertLine, last_ns: int | None, known: Container[str] | None) -> tuple[str, str] | None:
    """Return what is wrong with a line among the others, None where nothing is."""
    if last_ns is not None and line.t_ns < last_ns:
        return "'time' is before that of the line above", "lines in the order in which they were told"
    if known is not None and line.sensor is not None and line.sensor not in known:
        return f"the sensor {shown(line.sensor)} is not in the points table", "a full sensor id of that table"
    return None


def _parse(raw: bytes, number: int) -> AlertLine | tuple[str, str]:
    """Return a line, or what is wrong with it and what is allowed."""
    try:
        line = _DECODER.decode(raw)
    except msgspec.ValidationError as error:
        return f"not an alert line: {error}", "the keys of docs/alerts.md"
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return f"not valid JSON: {error}", "one object a line"
    t_ns = parse_ns(line.time)
    if t_ns is None:
        return f"'time' cannot be {shown(line.time)}", _TIME
    for key, value, known in (
        ("event", line.event, EVENTS),
        ("grade", line.grade, tuple(_GRADES)),
        ("kind", line.kind, tuple(_KINDS)),
    ):
        if value not in known:
            return f"{key!r} cannot be {shown(value)}{did_you_mean(value, known)}", ", ".join(known)
    grade, kind = _GRADES[line.grade], _KINDS[line.kind]
    return AlertLine(number, line.id, t_ns, line.event, grade, kind, line.sensor, line.source)


_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_Line)
