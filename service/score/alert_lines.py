"""Alert lines as a score needs them, and every line that is none told."""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from alerting.events import Grade, Kind
from registry.suggest import shown
from service.alert_lines import GRADES, KINDS, Broken, LineHead, backwards, lines_of_file, parse, sound


@dataclass(frozen=True, slots=True)
class AlertLine:
    """What a score needs of one line; `number` is its place in the file, from 1.

    A score reads the events that open, end or move an alert and passes over the others.
    """

    number: int
    id: str
    t_ns: int
    event: str
    grade: Grade
    kind: Kind
    sensor: str | None
    source: str | None


def read_alerts(path: Path, known: Container[str] | None = None) -> Iterator[AlertLine]:
    """Yield the lines of a file in order; the file is never in memory as a whole. Sensors must be `known`, where that is told.

    Raises:
        InputError: at the end, with the first broken lines and the number of all of them.
    """
    return sound(_rows(path, known), str(path))


def _rows(path: Path, known: Container[str] | None) -> Iterator[tuple[str, AlertLine | Broken]]:
    last_ns = None
    for number, raw in lines_of_file(path):
        where = f"line {number}"
        parsed = parse(raw, _DECODER)
        if isinstance(parsed, Broken):
            yield where, parsed
            continue
        line, t_ns = parsed
        wrong = backwards(t_ns, last_ns) or _stranger(line.sensor, known)
        if wrong is not None:
            yield where, wrong
            continue
        last_ns = t_ns
        grade, kind = GRADES[line.grade], KINDS[line.kind]
        yield where, AlertLine(number, line.id, t_ns, line.event, grade, kind, line.sensor, line.source)


def _stranger(sensor: str | None, known: Container[str] | None) -> Broken | None:
    if known is None or sensor is None or sensor in known:
        return None
    return Broken(f"the sensor {shown(sensor)} is not in the points table", "a full sensor id of that table")


_DECODER = msgspec.json.Decoder(LineHead)
