"""Urgency and grade: looked up in a table that people can read, never computed by hidden weights."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import msgspec

from alerting.conditions import DESIGN_LIMIT, FIRST_LIMIT, LIMIT_RANK, SECOND_LIMIT, Condition
from alerting.events import Grade
from alerting.texts import LIMIT_WORDS, duration, number
from detectors.findings import Method
from registry.plant import HazardSource, SourceGrade, Text

URGENCIES = (1, 2, 3, 4)
FORECAST_URGENT_S = 5 * 60
"""A limit that will be reached within this is as urgent as the second limit."""
FORECAST_SOON_S = 30 * 60
"""A limit that will be reached within this is as urgent as the first limit."""

_ABNORMAL, _SOON, _URGENT, _CERTAIN = URGENCIES


@dataclass(frozen=True, slots=True, order=True)
class Severity:
    """How grave an alert is before its place is asked: by urgency, then by how far out the crossed limit lies.

    A rise of either is an escalation, so crossing the design limit is told although the urgency was 4 before.
    """

    urgency: int
    rank: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """The severity of an alert, the condition that decides it, and the reason in words."""

    severity: Severity
    gravest: Condition
    reason: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeCell:
    """A grade with the row and the column that it was found in.

    `source_grade` is what the hazard source has, None where that is not known; `column` is the one that was used.
    """

    grade: Grade
    urgency: int
    column: SourceGrade
    column_reason: Text
    source_grade: SourceGrade | None
    source_r: float | None


@dataclass(frozen=True, slots=True)
class GradeTable:
    """Grade by urgency and source grade; `unknown_source` is the column for a source without a grade."""

    cells: Mapping[tuple[int, SourceGrade], Grade]
    unknown_source: SourceGrade

    def look_up(self, urgency: int, source: HazardSource | None) -> GradeCell:
        """Return the cell for an alert of this urgency in this hazard source, with the reason for the column."""
        known = source.grade if source else None
        column = self.unknown_source if known is None else known
        return GradeCell(
            grade=self.cells[urgency, column],
            urgency=urgency,
            column=column,
            column_reason=_column_reason(source, column),
            source_grade=known,
            source_r=source.r if source else None,
        )


def table_of(rows: Mapping[int, Mapping[SourceGrade, Grade]], unknown_source: SourceGrade) -> GradeTable:
    """Return the table of complete rows."""
    cells = {(urgency, column): grade for urgency, row in rows.items() for column, grade in row.items()}
    return GradeTable(MappingProxyType(cells), unknown_source)


def judge(conditions: Iterable[Condition], confirmed_by: Text | None) -> Judgement:
    """Return how grave the conditions of one alert are together; there is at least one.

    `confirmed_by` names the second sensor that confirms (see alerting.peers), None where none does. The limit furthest
    out is what the alert is about; how urgent it is, the most urgent of its conditions says, which may be the forecast
    of the limit after it. Of equal ones the first in the order of their keys decides, so that the order in which they
    came does not matter.
    """
    judged = [_judge_one(condition, confirmed_by) for condition in conditions]
    about = min(judged, key=lambda j: (-j.severity.rank, -j.severity.urgency, j.gravest.key))
    pressing = min(judged, key=lambda j: (-j.severity.urgency, -j.severity.rank, j.gravest.key))
    gravest, reason = about.gravest, pressing.reason
    if pressing.gravest.method == Method.FORECAST != gravest.method:
        if about.severity.rank >= LIMIT_RANK[pressing.gravest.limit_name or ""]:
            reason = Text("预计的限值已达到", "the limit that was forecast is reached")
        else:
            gravest = msgspec.structs.replace(gravest, forecast_s=pressing.gravest.forecast_s)
    return Judgement(Severity(pressing.severity.urgency, about.severity.rank), gravest, reason)


def _judge_one(condition: Condition, confirmed_by: Text | None) -> Judgement:
    rank = condition.rank
    forecast_s = condition.forecast_s
    urgency, reason = _ABNORMAL, Text("读数异常或测点故障", "abnormal reading or sensor trouble")
    if rank == DESIGN_LIMIT:
        urgency, reason = _CERTAIN, Text("超过设计限值", "beyond the design limit")
    elif rank >= FIRST_LIMIT and confirmed_by is not None:
        urgency, reason = _CERTAIN, _confirmed(rank, confirmed_by)
    elif rank == SECOND_LIMIT:
        urgency, reason = _URGENT, _beyond(condition, Text("第二级限值", "second limit"))
    elif forecast_s is not None and forecast_s <= FORECAST_URGENT_S:
        urgency, reason = _URGENT, _soon(forecast_s, FORECAST_URGENT_S)
    elif rank == FIRST_LIMIT:
        urgency, reason = _SOON, _beyond(condition, Text("第一级限值", "first limit"))
    elif forecast_s is not None and forecast_s <= FORECAST_SOON_S:
        urgency, reason = _SOON, _soon(forecast_s, FORECAST_SOON_S)
    return Judgement(Severity(urgency, rank), condition, reason)


def _confirmed(rank: int, by: Text) -> Text:
    if rank == SECOND_LIMIT:
        return Text(f"越过第二级限值，由 {by.zh} 印证", f"beyond the second limit, confirmed by {by.en}")
    return Text(
        f"越过第一级限值，{by.zh} 同侧已越过第二级限值",
        f"beyond the first limit, and {by.en} is beyond the second limit on the same side",
    )


def _beyond(condition: Condition, order: Text) -> Text:
    word = LIMIT_WORDS[condition.limit_name or ""]
    return Text(f"越过{order.zh}（{word.zh}）", f"beyond the {order.en} ({word.en})")


def _soon(forecast_s: float, within_s: float) -> Text:
    left, within = duration(forecast_s), duration(within_s)
    return Text(
        f"预计 {left.zh}后达到限值（{within.zh}以内）", f"limit expected in {left.en} (within {within.en})"
    )


def _column_reason(source: HazardSource | None, column: SourceGrade) -> Text:
    if source is None:
        return Text(
            f"测点所属重大危险源未知，按设置取 {column.roman} 级",
            f"the sensor's hazard source is not known; settings say to take {column.roman}",
        )
    if source.grade is None:
        s = number(source.s)
        return Text(
            f"{source.name.zh}未构成重大危险源（S={s}<1），无级别，按设置取 {column.roman} 级",
            f"{source.name.en} is no major hazard source (S={s} < 1) and has no grade; "
            f"settings say to take {column.roman}",
        )
    r = number(source.r)
    return Text(
        f"{source.name.zh}为 {column.roman} 级重大危险源（R={r}）",
        f"{source.name.en} is a grade {column.roman} hazard source (R={r})",
    )
