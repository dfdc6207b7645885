"""Urgency and grade: looked up in a table that people can read, never computed by hidden weights."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from alerting.conditions import Condition
from alerting.events import Family, Grade, Kind
from alerting.methods import PRECEDENCE, Gravity
from alerting.texts import LIMIT_WORDS, ahead, duration, number
from detectors.findings import Method
from registry.plant import HazardSource, SourceGrade, Text

URGENCIES = (1, 2, 3, 4)
FORECAST_URGENT_S = 5 * 60
"""A limit that will be reached within this is as urgent as the second limit."""
FORECAST_SOON_S = 30 * 60
"""A limit that will be reached within this is as urgent as the first limit."""

_ABNORMAL, _SOON, _URGENT, _CERTAIN = URGENCIES


class Severity(msgspec.Struct, frozen=True, order=True, gc=False):
    """How grave an alert is before its place is asked: by urgency, then by the gravity of what it is about.

    A rise of either is an escalation, so crossing the design limit is told although the urgency was 4 before.
    """

    urgency: int
    gravity: int


class Judgement(msgspec.Struct, frozen=True, gc=False):
    """The severity of an alert, the condition that it is about, why it is so urgent, and all that stands.

    `standing` is ordered, gravest first. `gravest` is its first, with the forecast of the next limit where one stands.
    """

    severity: Severity
    gravest: Condition
    reason: Text
    standing: tuple[Condition, ...]


class GradeCell(msgspec.Struct, frozen=True, kw_only=True):
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


def judge(conditions: Iterable[Condition], confirmed_by: Mapping[Kind, Text]) -> Judgement:
    """Return how grave the conditions of one alert are together; there is at least one.

    `confirmed_by` names, for a side on which a second sensor confirms (see alerting.peers), that sensor. The alert is
    about the gravest condition; how urgent it is, the most urgent one says, which may be the forecast of a limit
    further out. A forecast that came true is told no more where anything else stands. What was seen on uncertain readings
    alone is one row less urgent; not where a second sensor confirms it, or where a good reading of this one was beyond a
    limit on the same side. The order in which the conditions came does not matter.
    """
    conditions = list(conditions)
    if len(conditions) == 1:
        (alone,) = conditions
        doubtful = alone.uncertain and alone.side not in confirmed_by
        urgency, reason = _urgency(alone, confirmed_by.get(alone.kind), doubtful=doubtful)
        return Judgement(Severity(urgency, alone.gravity), alone, reason, (alone,))
    borne_out = {c.side for c in conditions if c.is_limit and not c.uncertain} | set(confirmed_by)
    urgent = [
        (c, *_urgency(c, confirmed_by.get(c.kind), doubtful=c.uncertain and c.side not in borne_out))
        for c in conditions
    ]
    ranked = sorted(urgent, key=lambda judged: _place(judged[0], judged[1]))
    told = [judged for judged in ranked if not judged[0].has_come_true] or ranked
    standing = tuple(condition for condition, _, _ in told)
    _, urgency, reason = max(told, key=lambda judged: judged[1])  # the first of the most urgent ones
    gravest = standing[0]
    if gravest.is_limit:
        further = [c for c in standing if c.method == Method.FORECAST and c.kind is gravest.kind]
        if further:
            next_s, told_ns = further[0].forecast_s, further[0].told_ns
            gravest = msgspec.structs.replace(gravest, forecast_s=next_s, told_ns=told_ns)
    return Judgement(Severity(urgency, gravest.gravity), gravest, reason, standing)


def _place(condition: Condition, urgency: int) -> tuple[int, int, int, int, str]:
    """Return where a condition stands among those of its alert, gravest first.

    Two limits of one gravity are those of both sides: the one crossed later tells how it is now.
    """
    precedence = PRECEDENCE[condition.method]
    return (-condition.gravity, -urgency, precedence, -condition.onset_ns, condition.key)


class Asked(NamedTuple):
    """What the rules ask of a condition; see `Condition` for each."""

    kind: Kind
    gravity: Gravity
    is_limit: bool
    limit_name: str | None
    forecast_s: float | None
    foretold_s: float | None


def _urgency(condition: Condition, confirmed_by: Text | None, *, doubtful: bool) -> tuple[int, Text]:
    """Return the row of the table that a condition asks for by itself, and why."""
    asked = Asked(
        condition.kind,
        condition.gravity,
        condition.is_limit,
        condition.limit_name,
        condition.forecast_s,
        condition.foretold_s,
    )
    urgency, reason = _row(asked, confirmed_by)
    if not doubtful or urgency == _ABNORMAL:
        return urgency, reason
    return urgency - 1, Text(
        f"{reason.zh}；读数自报质量存疑且无其他测点印证，低一级",
        f"{reason.en}; one row lower, for the sensor calls its readings uncertain and no other one confirms it",
    )


@lru_cache(maxsize=4096)
def _row(asked: Asked, confirmed_by: Text | None) -> tuple[int, Text]:
    """Return what the first rule that holds says; the last one always does."""
    rule = next(rule for rule in _RULES if rule.holds(asked, confirmed_by))
    return rule.urgency, rule.reason(asked, confirmed_by)


def _within(left_s: float | None, most_s: float) -> bool:
    return left_s is not None and left_s <= most_s


def _confirmed(condition: Asked, by: Text | None) -> Text:
    assert by is not None, "a second sensor confirms"
    if condition.gravity is Gravity.SECOND_LIMIT:
        return Text(f"越过第二级限值，由 {by.zh} 印证", f"beyond the second limit, confirmed by {by.en}")
    return Text(
        f"越过第一级限值，{by.zh} 同侧已越过第二级限值",
        f"beyond the first limit, and {by.en} is beyond the second limit on the same side",
    )


def _beyond(limit_name: str | None, order: Text) -> Text:
    word = LIMIT_WORDS[limit_name or ""]
    return Text(f"越过{order.zh}（{word.zh}）", f"beyond the {order.en} ({word.en})")


def _as_foretold(condition: Asked) -> Text:
    word, within = LIMIT_WORDS[condition.limit_name or ""], duration(FORECAST_URGENT_S)
    return Text(
        f"越过第一级限值（{word.zh}），此前已预计在 {within.zh}内越过",
        f"beyond the first limit ({word.en}), as was expected within {within.en}",
    )


def _soon(condition: Asked, within_s: float) -> Text:
    assert condition.forecast_s is not None, "only what has a forecast is soon"
    left, within = ahead(condition.forecast_s), duration(within_s)
    word = (
        Text("下一限值", "the next limit")
        if condition.is_limit or condition.limit_name is None
        else Text(LIMIT_WORDS[condition.limit_name].zh, f"the {LIMIT_WORDS[condition.limit_name].en}")
    )
    return Text(
        f"预计{left.zh}达到{word.zh}（{within.zh}以内）",
        f"{word.en} expected {left.en} (within {within.en})",
    )


_FIRST, _SECOND = Text("第一级限值", "first limit"), Text("第二级限值", "second limit")


@dataclass(frozen=True, slots=True)
class _Rule:
    """When a condition, with the sensor that confirms it, is of this urgency, and in which words."""

    urgency: int
    holds: Callable[[Asked, Text | None], bool]
    reason: Callable[[Asked, Text | None], Text]


_RULES: tuple[_Rule, ...] = (
    _Rule(
        _ABNORMAL,
        lambda c, _: c.kind.family is not Family.PROCESS,
        lambda _, __: Text("测点自身故障", "trouble with the sensor itself"),
    ),
    _Rule(
        _CERTAIN,
        lambda c, _: c.gravity is Gravity.DESIGN_LIMIT,
        lambda _, __: Text("超过设计限值", "beyond the design limit"),
    ),
    _Rule(_CERTAIN, lambda c, by: c.is_limit and by is not None, _confirmed),
    _Rule(
        _URGENT,
        lambda c, _: c.gravity is Gravity.SECOND_LIMIT,
        lambda c, _: _beyond(c.limit_name, _SECOND),
    ),
    _Rule(
        _URGENT,
        lambda c, _: _within(c.forecast_s, FORECAST_URGENT_S),
        lambda c, _: _soon(c, FORECAST_URGENT_S),
    ),
    _Rule(
        _URGENT,
        lambda c, _: c.is_limit and _within(c.foretold_s, FORECAST_URGENT_S),
        lambda c, _: _as_foretold(c),
    ),
    _Rule(_SOON, lambda c, _: c.is_limit, lambda c, _: _beyond(c.limit_name, _FIRST)),
    _Rule(_SOON, lambda c, _: _within(c.forecast_s, FORECAST_SOON_S), lambda c, _: _soon(c, FORECAST_SOON_S)),
    _Rule(_ABNORMAL, lambda _, __: True, lambda _, __: Text("读数异常", "abnormal reading")),
)
"""The rows of docs/alerts.md, most urgent first within a family; the last one always holds."""


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
