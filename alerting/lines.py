"""The writer of alert lines: from what the book decided to an `AlertEvent`, complete and bilingual."""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from alerting.advice import advice_for
from alerting.alert import Alert
from alerting.commands import SystemCondition
from alerting.conditions import Condition, Several
from alerting.events import PLACELESS, AlertEvent, Event, Kind
from alerting.grading import GradeCell, GradeTable, Judgement
from alerting.naming import SensorNames
from alerting.reasons import blind_why, reasons_of, silence_why
from alerting.texts import TYPE_NAMES, both, rfc3339
from alerting.wording import plain_title, seen, title
from registry.plant import HazardSource, Text
from registry.sensors import SensorRegistry, SensorType

_ID_BYTES = 8
_MOST_SAID = 65_536
"""So many reasons of grades are remembered: those of forecasts are as many as there are times."""
OF_ONE_LINE = frozenset(
    {
        "person",
        "because",
        "fleeting",
        "arrangements",
        "chattering",
        "confirmed",
        "assigned",
        "incident",
        "flood",
    }
)
"""Keys of `why` that a line has for a reason of its own, and never from the line before it."""


def alert_id(subject: str, kind: Kind, opened_ns: int, again: int = 0) -> str:
    """Return the id of an occurrence: the same in a replay. `again` counts openings within one nanosecond."""
    name = f"{subject}|{kind}|{opened_ns}" + (f"|{again}" if again else "")
    return hashlib.blake2b(name.encode(), digest_size=_ID_BYTES).hexdigest()


class Occasion(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Why a sensor's alert is told of now.

    Attributes:
        facts: the condition that a finding was about, else the gravest; the line has its value and its score.
        ended: that condition as it was while it held, where it ended; None where it holds.
        gravest: the condition that title, limit, forecast and onset are of: the gravest that holds, or the last one.
        standing: all that hold, gravest first.
        silent_since_ns: since when the sensor sends nothing while its alert is of the process; else None.
        confirmed_by: the sensor that confirms now.
        note: what else led to it, such as another sensor that confirms no longer.
    """

    sensor: int
    now_ns: int
    facts: Condition
    gravest: Condition
    standing: tuple[Condition, ...] = ()
    silent_since_ns: int | None = None
    ended: Condition | None = None
    confirmed_by: Text | None = None
    note: Text | None = None


class LineWriter:
    """Writes the lines of one plant's alerts; holds names and nothing that changes."""

    def __init__(self, registry: SensorRegistry) -> None:
        self._registry = registry
        self._names = SensorNames(registry)
        self._advised: dict[tuple[Kind, SensorType, str | None], dict[str, str]] = {}

    def of_sensor(
        self, alert: Alert, seq: int, event: Event, occasion: Occasion, grade_why: dict[str, Any]
    ) -> AlertEvent:
        """Return the line of an event that a finding caused."""
        i, facts, gravest = occasion.sensor, occasion.facts, occasion.gravest
        spec, enterprise = self._registry.specs[i], self._registry.enterprise_of(i)
        subject = self._subject(i, gravest)
        told = title(event, subject, gravest, spec.unit, occasion.confirmed_by)
        saw = seen(facts, occasion.ended, spec.unit, self._what(i, gravest))
        if occasion.note is not None:
            saw = Text(f"{saw.zh}；{occasion.note.zh}", f"{saw.en}; {occasion.note.en}")
        return AlertEvent(
            id=alert.id,
            seq=seq,
            time=rfc3339(occasion.now_ns),
            event=event,
            state=alert.state,
            grade=alert.grade.label,
            kind=alert.kind,
            sensor=spec.id,
            enterprise=spec.enterprise or None,
            source=spec.source,
            equipment=spec.equipment,
            area=enterprise.area if enterprise else None,
            value=facts.value,
            unit=spec.unit or None,
            limit=gravest.limit_value,
            limit_name=gravest.limit_name,
            forecast_s=gravest.forecast_s,
            onset=rfc3339(gravest.onset_ns),
            score=facts.score,
            title=both(told),
            why={
                **_why(saw, rfc3339(gravest.onset_ns), grade_why, self._advice(alert.kind, i), alert),
                **self.present(i, occasion.standing, occasion.silent_since_ns),
            },
        )

    def present(self, i: int, standing: tuple[Condition, ...], silent_since_ns: int | None) -> dict[str, Any]:
        """Return the parts of `why` that say how it is now: all reasons, and whether the sensor can be seen at all."""
        spec = self._registry.specs[i]
        present = {
            "reasons": reasons_of(standing, TYPE_NAMES[spec.type], spec.unit),
            "blind": blind_why(silent_since_ns),
        }
        several = next((condition.several for condition in standing if condition.several), None)
        return present if several is None else {**present, "silence": silence_why(several)}

    def of_system(
        self, alert: Alert, seq: int, event: Event, command: SystemCondition, now_ns: int
    ) -> AlertEvent:
        """Return the line of an event of a trouble of hazwatch's own."""
        reason = Text("监测系统自身故障，级别由系统给定", "trouble of hazwatch's own, graded by itself")
        why = _why(
            command.detail,
            rfc3339(alert.opened_ns),
            _given(alert, reason),
            both(advice_for(alert.kind, None, None)),
            alert,
        )
        return msgspec.structs.replace(
            PLACELESS,
            id=alert.id,
            seq=seq,
            time=rfc3339(now_ns),
            event=event,
            state=alert.state,
            grade=alert.grade.label,
            kind=alert.kind,
            onset=rfc3339(alert.opened_ns),
            title=both(plain_title(event, command.detail)),
            why={**why, "system": alert.subject},
        )

    def of_person(
        self, alert: Alert, seq: int, event: Event, now_ns: int, present: Mapping[str, Any]
    ) -> AlertEvent:
        """Return the line of an event that no finding caused: the figures stay as last told, the forecast counted down.

        `present` has the reasons as they are now.
        """
        last = alert.last
        assert last is not None, "a person can only speak of what was told"
        left_s = None
        if alert.gravest is None:
            told = plain_title(event, Text(**last.why["seen"]))
        else:
            i = self._registry.index[alert.subject]
            told = title(
                event, self._subject(i, alert.gravest), alert.gravest, self._registry.specs[i].unit, None
            )
            left_s = alert.gravest.as_of(now_ns).forecast_s if last.forecast_s is not None else None
        kept = {key: value for key, value in last.why.items() if key not in OF_ONE_LINE}
        return msgspec.structs.replace(
            last,
            seq=seq,
            time=rfc3339(now_ns),
            event=event,
            state=alert.state,
            forecast_s=left_s,
            title=both(told),
            why={**kept, **present, "acknowledged": acknowledged_why(alert)},
        )

    def name(self, i: int) -> Text:
        """Return how a sensor is named where another alert speaks of it."""
        return Text.same(self._registry.specs[i].sensor)

    def _advice(self, kind: Kind, i: int) -> dict[str, str]:
        """Return what to do, as it stands in a line; the same for all sensors alike of a hazard source."""
        spec = self._registry.specs[i]
        key = (kind, spec.type, spec.source)
        found = self._advised.get(key)
        if found is None:
            advice = advice_for(kind, spec.type, self._registry.source_of(i))
            found = self._advised[key] = both(advice)
        return found

    def _subject(self, i: int, gravest: Condition) -> Text:
        """Return what a title is about: the sensor, or the sensors that are silent together."""
        return self._names.subject(i) if gravest.several is None else self._together(i, gravest.several)

    def _together(self, i: int, several: Several) -> Text:
        count = several.silent or several.took_part
        place = self._names.place_of_all(i, several.source)
        return Text(
            f"{place.zh} {several.of} 个测点中 {count} 个", f"{count} of {several.of} sensors of {place.en}"
        )

    def _what(self, i: int, gravest: Condition) -> Text:
        if gravest.several is not None:
            return self._together(i, gravest.several)
        spec, place, kind = (
            self._registry.specs[i],
            self._names.place(i),
            TYPE_NAMES[self._registry.specs[i].type],
        )
        zh, en = (f"（{place.zh}）", f" ({place.en})") if place.en else (" ", "")
        return Text(f"{spec.id}{zh}{kind.zh}", f"{spec.id}{en} {kind.en}")


NOTHING_PRESENT: Mapping[str, Any] = MappingProxyType({"reasons": [], "blind": None})
"""What a trouble without conditions has of `LineWriter.present`."""


class GradeWords:
    """The part of `why` that names row and column of a grade, each with its reason; remembers what it said."""

    def __init__(self, grades: GradeTable) -> None:
        self._grades = grades
        self._found: dict[tuple[int, str | None, Text], tuple[GradeCell, dict[str, Any]]] = {}

    def look_up(self, judged: Judgement, source: HazardSource | None) -> tuple[GradeCell, dict[str, Any]]:
        """Return the cell for a judgement on a sensor of this hazard source, and its words, which nobody may change."""
        key = (judged.severity.urgency, None if source is None else source.id, judged.reason)
        found = self._found.get(key)
        if found is None:
            if len(self._found) >= _MOST_SAID:
                self._found.clear()
            cell = self._grades.look_up(judged.severity.urgency, source)
            found = self._found[key] = (cell, _grade_why(judged.reason, cell))
        return found


def _grade_why(reason: Text, cell: GradeCell) -> dict[str, Any]:
    return {
        "urgency": cell.urgency,
        "urgency_reason": both(reason),
        "source_grade": cell.source_grade.roman if cell.source_grade is not None else None,
        "source_r": cell.source_r,
        "column": cell.column.roman,
        "column_reason": both(cell.column_reason),
        "cell": cell.grade.label,
    }


def _given(alert: Alert, reason: Text) -> dict[str, Any]:
    return {
        "urgency": None,
        "urgency_reason": both(reason),
        "source_grade": None,
        "source_r": None,
        "column": None,
        "column_reason": None,
        "cell": alert.grade.label,
    }


def _why(
    saw: Text, onset: str, grade: dict[str, Any], advice: dict[str, str], alert: Alert
) -> dict[str, Any]:
    return {
        "seen": both(saw),
        "onset": onset,
        "reasons": [],
        "blind": None,
        "grade": grade,
        "told": [],
        "held": [],
        "advice": advice,
        "acknowledged": acknowledged_why(alert),
    }


def acknowledged_why(alert: Alert) -> dict[str, str] | None:
    """Return who acknowledged the alert as it stands, None where nobody has."""
    seen_by = alert.acknowledged
    if seen_by is None:
        return None
    return {"by": seen_by.by, "time": rfc3339(seen_by.now_ns), "comment": seen_by.comment}
