"""The tables of a report as rows of bilingual cells: a terminal and a page show the same ones."""

from collections.abc import Iterator, Sequence

from registry.plant import Text
from service.reports.cells import LISTED, Cell, Table, counted, measured, quantity, row
from service.reports.measures import GRADE_WORDS, Actor, Measure, Panel, Response
from service.reports.report import By, Report, Slice
from service.reports.rules import Verdict
from service.reports.words import MARKS, NOTHING, STATE_WORDS, alarm, figure, limit, minute, moment, span


def tables_of(report: Report) -> Iterator[Table]:
    """Yield every table that has rows, the most important first."""
    for table in (*_of_all(report), *(_slices(by, slices) for by, slices in report.slices.items())):
        if table.rows:
            yield table


def _of_all(report: Report) -> Iterator[Table]:
    panel = report.panel
    yield _measures(panel)
    yield _floods(report)
    yield _top(panel)
    yield _chattering(report)
    yield _fleeting(report)
    yield _stale(report)
    yield _priorities(panel)
    yield _responses("acknowledged", Text("确认用时", "time to acknowledge"), panel.acknowledged, timed=True)
    yield _responses("confirmed", Text("处置反馈用时", "time to confirm"), panel.confirmed, timed=False)
    yield _people(panel)
    yield _holds(panel)
    yield _days(report)


def verdict_text(verdict: Verdict | None) -> Text:
    """Return a verdict with its sign."""
    if verdict is None:
        return NOTHING
    return Text(f"{MARKS[verdict]} {verdict.text.zh}", f"{MARKS[verdict]} {verdict.text.en}")


def _measures(panel: Panel) -> Table:
    return Table(
        name="measures",
        title=Text("指标与结论", "measures and verdicts"),
        head=(
            Text("指标", "measure"),
            Text("数值", "value"),
            Text("可接受；可管理", "acceptable; manageable"),
            Text("结论", "verdict"),
        ),
        rows=tuple(
            (
                *row(m.text),
                measured(m),
                *row(limit(m.limit, m.unit)),
                Cell(text=verdict_text(m.verdict), verdict=m.verdict),
            )
            for m in panel.measures
        ),
    )


def _floods(report: Report) -> Table:
    period, found = report.period, report.panel.floods
    return Table(
        name="floods",
        title=counted(Text("报警泛滥", "floods"), len(found)),
        head=(
            Text("开始", "start"),
            Text("结束", "end"),
            Text("持续", "length"),
            Text("报警数", "alarms"),
            Text("10 分钟最多", "most in 10 min"),
        ),
        rows=tuple(
            row(
                minute(flood.start_minute, period),
                minute(flood.end_minute, period),
                span((flood.end_minute - flood.start_minute) * 60.0),
                flood.count,
                flood.peak,
            )
            for flood in found[:LISTED]
        ),
    )


def _top(panel: Panel) -> Table:
    return Table(
        name="top",
        title=Text("最频繁的十个报警", "the ten most frequent alarms"),
        head=(Text("报警", "alarm"), Text("次数", "times"), Text("占比", "share")),
        rows=tuple(row(alarm(a.alarm), a.times, quantity(a.share, "%")) for a in panel.top),
    )


def _chattering(report: Report) -> Table:
    return Table(
        name="chattering",
        title=counted(Text("抖动报警", "chattering alarms"), len(report.panel.chattering)),
        head=(
            Text("报警", "alarm"),
            Text("抖动中的次数", "times in chatter"),
            Text("抖动段数", "runs"),
            Text("首次", "first"),
        ),
        rows=tuple(
            row(alarm(a.alarm), a.times, a.runs or 0, _first(a, report))
            for a in report.panel.chattering[:LISTED]
        ),
    )


def _fleeting(report: Report) -> Table:
    return Table(
        name="fleeting",
        title=counted(Text("瞬时报警", "fleeting alarms"), len(report.panel.fleeting)),
        head=(Text("报警", "alarm"), Text("瞬时次数", "times fleeting"), Text("首次", "first")),
        rows=tuple(row(alarm(a.alarm), a.times, _first(a, report)) for a in report.panel.fleeting[:LISTED]),
    )


def _first(actor: Actor, report: Report) -> Text:
    return NOTHING if actor.first_ns is None else moment(actor.first_ns, report.period)


def _stale(report: Report) -> Table:
    period = report.period
    return Table(
        name="stale",
        title=Text("陈旧报警（持续超过 24 小时）", "stale alarms (active over 24 h)"),
        head=(Text("报警", "alarm"), Text("自", "since"), Text("至", "until"), Text("持续", "stood")),
        rows=tuple(
            row(
                alarm(one.alarm),
                moment(one.since_ns, period),
                Text("仍在报", "still stands") if one.until_ns is None else moment(one.until_ns, period),
                span(((one.until_ns or period.end_ns) - one.since_ns) / 1e9),
            )
            for one in report.panel.stale[:LISTED]
        ),
    )


def _priorities(panel: Panel) -> Table:
    return Table(
        name="priorities",
        title=Text("级别分布", "priority spread"),
        head=(
            Text("级别", "grade"),
            Text("报警数", "alarms"),
            Text("占比", "share"),
            Text("应为约", "wanted about"),
        ),
        rows=tuple(
            row(GRADE_WORDS[p.grade], p.count, quantity(p.share, "%"), quantity(p.wanted, "%"))
            for p in panel.priorities
        )
        if any(p.count for p in panel.priorities)
        else (),
    )


def _responses(name: str, title: Text, responses: Sequence[Response], *, timed: bool) -> Table:
    return Table(
        name=name,
        title=title,
        head=(
            Text("级别", "grade"),
            Text("报警数", "alarms"),
            Text("其中已做", "of these done"),
            Text("占比", "share"),
            *((Text("按时占比", "in time"),) if timed else ()),
            Text("中位数", "median"),
            Text("P90", "P90"),
            Text("P95", "P95"),
        ),
        rows=tuple(
            row(
                GRADE_WORDS[r.grade],
                r.asked,
                r.answered,
                quantity(r.share, "%"),
                *((quantity(r.in_time, "%"),) if timed else ()),
                *(quantity(value, "s") for value in (r.median_s, r.p90_s, r.p95_s)),
            )
            for r in responses
            if r.answered
        ),
    )


def _people(panel: Panel) -> Table:
    return Table(
        name="people",
        title=Text("确认与疑似盲目确认，按人员", "acknowledgements and rubber stamps, by person"),
        head=(
            Text("人员", "person"),
            Text("确认", "acknowledged"),
            Text("2 秒内", "within 2 s"),
            Text("疑似盲目", "like a stamp"),
            Text("占比", "share"),
        ),
        rows=tuple(
            row(
                name or NOTHING,
                one.acknowledged,
                one.hasty,
                one.stamped,
                quantity(100.0 * one.stamped / one.acknowledged, "%"),
            )
            for name, one in panel.people.items()
        ),
    )


def _holds(panel: Panel) -> Table:
    return Table(
        name="holds",
        title=Text("搁置、抑制、停用的使用", "use of shelving, suppression, out of service"),
        head=(Text("做法", "what"), Text("人员", "person"), Text("次数", "times")),
        rows=tuple(
            row(STATE_WORDS[event], by or NOTHING, count) for (event, by), count in panel.holds.items()
        ),
    )


def _days(report: Report) -> Table:
    period, panel = report.period, report.panel
    return Table(
        name="days",
        title=Text("每天", "by day"),
        head=(Text("日期", "day"), Text("报警数", "alarms"), Text("陈旧报警", "stale alarms")),
        rows=tuple(
            row(day.isoformat(), count, stale)
            for day, count, stale in zip(period.days, panel.by_day, panel.stale_by_day, strict=True)
            if count or stale
        ),
    )


_COLUMNS: tuple[tuple[str, Text], ...] = (
    ("annunciated", Text("报警数", "alarms")),
    ("per_hour_average", Text("每小时", "per hour")),
    ("per_10min_peak", Text("10 分钟最多", "most in 10 min")),
    ("flood_share", Text("泛滥时间", "in flood")),
    ("chattering_alarms", Text("抖动", "chattering")),
    ("fleeting_alarms", Text("瞬时", "fleeting")),
    ("stale_peak", Text("陈旧", "stale")),
    ("in_time_share", Text("按时确认", "ack in time")),
    ("acknowledge_p95_red", Text("红确认 P95", "red ack P95")),
    ("acknowledge_p95_yellow", Text("黄确认 P95", "yellow ack P95")),
    ("returned_unacknowledged_share", Text("未确认恢复", "returned unack.")),
    ("rubber_stamp_share", Text("疑似盲目", "like a stamp")),
    ("false_alarm_share", Text("误报", "false")),
)
"""What is shown of a slice; files have all of it."""
_NOT_OF_PEOPLE = frozenset({"chattering_alarms", "fleeting_alarms", "stale_peak"})


def _slices(by: By, slices: Sequence[Slice]) -> Table:
    columns = [column for column in _COLUMNS if by is not By.OPERATOR or column[0] not in _NOT_OF_PEOPLE]
    return Table(
        name=str(by),
        title=counted(by.text, len(slices)),
        head=(by.text, *(text for _, text in columns)),
        rows=tuple(
            (
                Cell(text=one.name),
                *(_marked(one.panel.measure(name)) for name, _ in columns),
            )
            for one in slices
        ),
    )


def _marked(measure: Measure) -> Cell:
    told = figure(measure.value, measure.unit)
    verdict = measure.verdict
    if verdict is None:
        return Cell(text=told)
    return Cell(text=Text(f"{told.zh} {MARKS[verdict]}", f"{told.en} {MARKS[verdict]}"), verdict=verdict)
