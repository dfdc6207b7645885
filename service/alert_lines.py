"""Alert lines (NDJSON) that others made, read one by one: whole lines in the order in which they were told, or all faults."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

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
"""The events of the contract."""

SHOWN_FAULTS = 20
"""Broken lines that are told one by one; of the others their number."""

GRADES: Mapping[str, Grade] = MappingProxyType({grade.label: grade for grade in Grade})
KINDS: Mapping[str, Kind] = MappingProxyType({str(kind): kind for kind in Kind})
_TIME = "RFC 3339 with a zone"
_WORDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {"event": frozenset(EVENTS), "grade": frozenset(GRADES), "kind": frozenset(KINDS)}
)
_ALLOWED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"event": EVENTS, "grade": tuple(GRADES), "kind": tuple(KINDS)}
)


class LineHead(msgspec.Struct, kw_only=True):
    """What every reader needs of a line."""

    id: str
    time: str
    event: str
    grade: str
    kind: str
    sensor: str | None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Broken:
    """What is wrong with a line, and what is allowed instead."""

    message: str
    allowed: str


L = TypeVar("L", bound=LineHead)
T = TypeVar("T")


def parse(raw: bytes, decoder: msgspec.json.Decoder[L]) -> tuple[L, int] | Broken:
    """Return a line with its time in ns, or what is wrong with it."""
    try:
        line = decoder.decode(raw)
    except msgspec.ValidationError as error:
        return Broken(f"not an alert line: {error}", "the keys of docs/alerts.md")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Broken(f"not valid JSON: {error}", "one object a line")
    t_ns = parse_ns(line.time)
    if t_ns is None:
        return Broken(f"'time' cannot be {shown(line.time)}", _TIME)
    if line.event in _WORDS["event"] and line.grade in GRADES and line.kind in KINDS:
        return line, t_ns
    key = next(key for key, known in _WORDS.items() if getattr(line, key) not in known)
    return unknown_word(key, getattr(line, key), _ALLOWED[key])


def unknown_word(key: str, value: str, known: tuple[str, ...]) -> Broken:
    """Return the fault of a word that is none of those that a key may have."""
    return Broken(f"{key!r} cannot be {shown(value)}{did_you_mean(value, known)}", ", ".join(known))


def backwards(t_ns: int, last_ns: int | None) -> Broken | None:
    """Return what is wrong with a line that was told before the line above it, None where it was not."""
    if last_ns is None or t_ns >= last_ns:
        return None
    return Broken("'time' is before that of the line above", "lines in the order in which they were told")


def lines_of_file(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a file that are not blank, each with its number from 1; the file is never in memory as a whole."""
    if not path.is_file():
        raise InputError(
            [Fault(file=str(path), where="", message="there is no such file", allowed="alert lines")]
        )
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            if raw.strip():
                yield number, raw


def sound(rows: Iterable[tuple[str, T | Broken]], file: str) -> Iterator[T]:
    """Yield lines as long as none is broken; a broken line may be the alert that decides, so nothing holds where there is one.

    Raises:
        InputError: at the end, with the first broken lines and the number of all of them.
    """
    faults: list[Fault] = []
    broken = 0
    for where, line in rows:
        if not isinstance(line, Broken):
            if not broken:
                yield line
            continue
        broken += 1
        if len(faults) < SHOWN_FAULTS:
            faults.append(Fault(file=file, where=where, message=line.message, allowed=line.allowed))
    if broken > len(faults):
        faults.append(Fault(file=file, where="", message=f"{broken - len(faults)} more broken lines"))
    if faults:
        raise InputError(faults)
