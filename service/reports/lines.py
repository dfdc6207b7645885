"""Alert lines as a report needs them: from a file, or from the ledger of a state folder while the service writes it."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from alerting.events import HELD_STATES, Grade
from ledger.reader import LedgerReader
from registry.plant import Text
from service.alert_lines import GRADES, Broken, LineHead, backwards, lines_of_file, parse, sound, unknown_word
from service.score.times import parse_ns


class Held(StrEnum):
    """Why an alert is not annunciated: by the state that it is in, or by routing."""

    SHELVED = "shelved"
    SUPPRESSED = "suppressed"
    OUT_OF_SERVICE = "out_of_service"
    ROUTING = "routing"


ACTIVE = frozenset({"unack", "acked", "lunak", "lackd"})
"""States of an alarm that stands before an operator."""
STATES = ("unack", "acked", "rtnun", "lunak", "lackd", "shelved", "suppressed", "out_of_service", "closed")
"""The states of the contract."""


class Hold(msgspec.Struct, frozen=True):
    """What holds an alert back: who said so and why; `until_ns` is when it ends by itself, None where it does not."""

    by: str
    reason: str
    until_ns: int | None


class OfIncident(msgspec.Struct, frozen=True):
    """The incident that an alert belongs to, as it was then; `first_out` names its first alarm, `size` counts its alerts."""

    id: str
    size: int
    grade: Grade
    first_out: Text


class Silent(msgspec.Struct, frozen=True):
    """A sensor that is silent together with others; `returned_ns` is None while it is."""

    sensor: str
    since_ns: int
    returned_ns: int | None


class Line(msgspec.Struct, frozen=True):
    """What a report needs of one line.

    Attributes:
        t_ns: its time.
        id: of the occurrence.
        event, state, grade: as in the line.
        alarm: sensor, or the name of a trouble of hazwatch's own, and kind: what comes again and again.
        enterprise, source, area: where it belongs; empty where nowhere.
        held: why nobody was told, None where somebody was or nothing is said of it.
        by: the person who did what the line tells of, empty where that was nobody.
        cause: the cause that a confirmation names, else empty; `false_alarm` says whether it means that there was nothing.
        title: what it is about, for people.
        words: what that person said: a comment, a reason, an action taken.
        cause_name: the cause for people.
        hold: the strongest of what holds it back.
        assigned: who is to see to it, empty while nobody is.
        incident: where it belongs to one.
        silent: the sensors of a silence of several.
    """

    t_ns: int
    id: str
    event: str
    state: str
    grade: Grade
    alarm: tuple[str, str]
    enterprise: str
    source: str
    area: str
    held: Held | None
    by: str
    cause: str
    false_alarm: bool
    title: Text
    words: str
    cause_name: Text
    hold: Hold | None
    assigned: str
    incident: OfIncident | None
    silent: tuple[Silent, ...]


def lines_in_file(path: Path) -> Iterator[Line]:
    """Yield the lines of an NDJSON file in order; it is never in memory as a whole.

    Raises:
        InputError: at the end, with every line that is none.
    """
    rows = ((f"line {number}", raw) for number, raw in lines_of_file(path))
    return sound(_checked(rows), str(path))


def lines_in_ledger(ledger: LedgerReader) -> Iterator[Line]:
    """Yield what the ledger holds now, oldest first; raise as `lines_in_file`, and `LedgerError` for the file itself."""
    rows = ((f"alert event {event.seq}", event.line) for event in ledger.alert_events())
    return sound(_checked(rows), str(ledger.path))


class _Words(msgspec.Struct):
    zh: str
    en: str


class _Hold(msgspec.Struct):
    by: str = ""
    reason: str = ""
    until: str | None = None


class _FirstOut(msgspec.Struct):
    title: _Words


class _Incident(msgspec.Struct):
    id: str
    size: int
    grade: str
    first_out: _FirstOut


class _Member(msgspec.Struct):
    sensor: str
    since: str
    returned: str | None = None


class _Silence(msgspec.Struct):
    members: list[_Member] = []


class _Why(msgspec.Struct, kw_only=True):
    told: list[msgspec.Raw] = []
    held: list[msgspec.Raw] = []
    acknowledged: dict[str, Any] | None = None
    confirmed: dict[str, Any] | None = None
    person: dict[str, Any] | None = None
    assigned: dict[str, Any] | None = None
    system: str | None = None
    arrangements: list[_Hold] = []
    incident: _Incident | None = None
    silence: _Silence | None = None


class _Line(LineHead, kw_only=True):
    state: str
    title: _Words | None = None
    enterprise: str | None = None
    area: str | None = None
    why: _Why = msgspec.field(default_factory=_Why)


_DECODER = msgspec.json.Decoder(_Line)
_NOBODY: dict[str, Any] = {}


def _checked(rows: Iterator[tuple[str, bytes]]) -> Iterator[tuple[str, Line | Broken]]:
    last_ns = None
    for where, raw in rows:
        parsed = parse(raw, _DECODER)
        if isinstance(parsed, Broken):
            yield where, parsed
            continue
        line, t_ns = parsed
        wrong = backwards(t_ns, last_ns)
        if line.state not in _STATES:
            wrong = unknown_word("state", line.state, STATES)
        if wrong is not None:
            yield where, wrong
            continue
        last_ns = t_ns
        yield where, _line(line, t_ns)


_STATES = frozenset(STATES)


def _line(line: _Line, t_ns: int) -> Line:
    why = line.why
    seen = (why.acknowledged if line.event == "acknowledged" else None) or _NOBODY
    said = (why.confirmed if line.event == "confirmed" else None) or _NOBODY
    person = why.person or seen or said
    held = None
    if line.state in HELD_STATES:
        held = Held(line.state)
    elif why.held and not why.told:
        held = Held.ROUTING
    alarm = (line.sensor or why.system or "", line.kind)
    cause = str(said.get("cause") or "")
    return Line(
        t_ns,
        line.id,
        line.event,
        line.state,
        GRADES[line.grade],
        alarm,
        line.enterprise or "",
        line.source or "",
        line.area or "",
        held,
        str(person.get("by") or ""),
        cause,
        said.get("false_alarm") is True,
        Text.same(f"{alarm[0]} {line.kind}") if line.title is None else Text(line.title.zh, line.title.en),
        str(person.get("words") or seen.get("comment") or said.get("action") or ""),
        _cause_name(said.get("cause_name"), cause),
        _hold(why.arrangements),
        str((why.assigned or _NOBODY).get("to") or ""),
        _incident(why.incident),
        () if why.silence is None else tuple(_silent(why.silence)),
    )


def _cause_name(named: Any, cause: str) -> Text:
    if isinstance(named, dict):
        return Text(str(named.get("zh", cause)), str(named.get("en", cause)))
    return Text.same(cause)


def _hold(standing: list[_Hold]) -> Hold | None:
    if not standing:
        return None
    first = standing[0]
    return Hold(first.by, first.reason, None if first.until is None else parse_ns(first.until))


def _incident(given: _Incident | None) -> OfIncident | None:
    if given is None or given.grade not in GRADES:
        return None
    title = given.first_out.title
    return OfIncident(given.id, given.size, GRADES[given.grade], Text(title.zh, title.en))


def _silent(given: _Silence) -> Iterator[Silent]:
    for one in given.members:
        since_ns = parse_ns(one.since)
        if since_ns is not None:
            yield Silent(one.sensor, since_ns, None if one.returned is None else parse_ns(one.returned))
