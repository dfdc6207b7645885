"""The daily and the monthly report as tables."""

from collections.abc import Iterator

from registry.plant import Text
from service.reports.availability import Availability
from service.reports.cells import LISTED, Cell, Table, counted, graded, measured, quantity, row
from service.reports.document import About, Document, Kind, head_of
from service.reports.lines import Line
from service.reports.measures import COUNT, GRADES, PERCENT, SECONDS, Measure, Panel
from service.reports.period import Period
from service.reports.plot import plots_of
from service.reports.report import line_warnings
from service.reports.summary import Summary
from service.reports.tables import tables_of, verdict_text
from service.reports.words import KIND_WORDS, NOTHING, figure, moment

_OF_THE_REPORT = (
    "floods",
    "top",
    "chattering",
    "stale",
    "acknowledged",
    "confirmed",
    "people",
    "holds",
    "source",
)
"""Tables of the alarm report that a summary has too."""
_TRENDS = (
    "annunciated",
    "held",
    "per_hour_average",
    "per_10min_peak",
    "floods",
    "flood_share",
    "chattering_alarms",
    "chattering_share",
    "stale_peak",
    "standing_peak",
    "acknowledge_p95_red",
    "acknowledge_p95_orange",
    "acknowledge_p95_yellow",
    "acknowledge_p95_blue",
    "in_time_share",
    "returned_unacknowledged_share",
    "rubber_stamp_share",
    "false_alarm_share",
)


def summary_document(kind: Kind, summary: Summary, about: About) -> Document:
    """Return the daily or the monthly report as it is shown."""
    report = summary.report
    period = report.period
    return Document(
        kind=kind,
        period=period,
        head=(
            *head_of(period, about, report.origin),
            (Text("对比时段", "held against"), _span(summary.earlier)),
        ),
        tables=tuple(_tables(kind, summary)),
        plots=tuple(plots_of(report)),
        warnings=report.warnings if kind is Kind.MONTHLY else tuple(line_warnings(summary.counted)),
        notes=(*report.notes, *_notes()),
    )


def _span(period: Period) -> Text:
    return Text.same(f"{moment(period.start_ns, period).en} – {moment(period.end_ns, period).en}")


def _tables(kind: Kind, summary: Summary) -> Iterator[Table]:
    made = {table.name: table for table in tables_of(summary.report)}
    yield _trends(kind, summary)
    yield _kinds(summary.report.panel)
    yield _availability(summary.availability)
    yield _false_alarms(summary)
    wanted = (*_OF_THE_REPORT, "days") if kind is Kind.MONTHLY else _OF_THE_REPORT
    yield from (made[name] for name in wanted if name in made)


def _trends(kind: Kind, summary: Summary) -> Table:
    """Return the measures beside those of the period before; verdicts only over a month, as the standards ask for."""
    judged = kind is Kind.MONTHLY
    panel, before = summary.report.panel, summary.before
    rows = [_trend(panel.measure(name), before.measure(name), judged=judged) for name in _TRENDS]
    rows += _grades(panel, before, judged=judged)
    rows.append(_available(summary, judged=judged))
    earlier = Text("上月", "month before") if judged else Text("前一日", "day before")
    return Table(
        name="trends",
        title=Text("指标与变化", "measures and their change"),
        head=(
            Text("指标", "measure"),
            Text("本期", "this period"),
            earlier,
            Text("变化", "change"),
            *((Text("结论", "verdict"),) if judged else ()),
        ),
        rows=tuple(rows),
    )


def _trend(now: Measure, before: Measure, *, judged: bool) -> tuple[Cell, ...]:
    verdict = (Cell(text=verdict_text(now.verdict), verdict=now.verdict),) if judged else ()
    change = _change(now.value, before.value, now.unit)
    return (*row(now.text), measured(now), measured(before), change, *verdict)


def _grades(panel: Panel, before: Panel, *, judged: bool) -> Iterator[tuple[Cell, ...]]:
    counts = {one.grade: one.count for one in before.priorities}
    for one in panel.priorities:
        word = graded(one.grade)
        title = Text(f"{word.zh}色报警", f"{word.en} alarms")
        change = _change(one.count, counts[one.grade], COUNT)
        yield (*row(title, one.count, counts[one.grade], change), *(row(NOTHING) if judged else ()))


def _available(summary: Summary, *, judged: bool) -> tuple[Cell, ...]:
    now, before = summary.availability.percent, summary.availability_before.percent
    cells = (quantity(now, PERCENT), quantity(before, PERCENT), _change(now, before, PERCENT))
    return (*row(Text("传感器可用率", "availability of sensors")), *cells, *(row(NOTHING) if judged else ()))


def _change(now: float | None, before: float | None, unit: str) -> Cell:
    """Return by how much a figure rose or fell; of a share in percentage points."""
    if now is None or before is None:
        return Cell(text=NOTHING)
    by = now - before
    sign = "+" if by > 0 else "−" if by < 0 else "±"
    told = figure(abs(by), "pp" if unit == PERCENT else unit)
    return Cell(
        text=Text(f"{sign}{told.zh}", f"{sign}{told.en}"), value=by, unit="pp" if unit == PERCENT else unit
    )


def _kinds(panel: Panel) -> Table:
    kinds = dict.fromkeys(kind for kind, _ in panel.kinds)
    return Table(
        name="kinds",
        title=Text("报警数，按种类与级别", "alarms by kind and grade"),
        head=(Text("种类", "kind"), *(graded(grade) for grade in GRADES), Text("合计", "all")),
        rows=tuple(
            row(
                KIND_WORDS[kind],
                *(panel.kinds.get((kind, grade), 0) for grade in GRADES),
                sum(panel.kinds.get((kind, grade), 0) for grade in GRADES),
            )
            for kind in kinds
        ),
    )


def _availability(found: Availability) -> Table:
    span_s = found.span_ns / 1e9
    return Table(
        name="availability",
        title=counted(
            Text("曾无可用值的传感器", "sensors without a usable value for a time"), len(found.outages)
        ),
        head=(
            Text("传感器", "sensor"),
            Text("不可用时间", "time lost"),
            Text("占时段", "of the period"),
            Text("次数", "times"),
            Text("时段结束时", "at the end"),
        ),
        rows=tuple(
            row(
                one.sensor,
                quantity(one.lost_ns / 1e9, SECONDS),
                quantity(100.0 * one.lost_ns / 1e9 / span_s, PERCENT),
                one.times,
                Text("仍不可用", "still lost") if one.stands else Text("可用", "usable"),
            )
            for one in found.outages[:LISTED]
        ),
    )


def _false_alarms(summary: Summary) -> Table:
    panel, period = summary.report.panel, summary.report.period
    return Table(
        name="false_alarms",
        title=counted(Text("确认为误报", "confirmed as false alarms"), panel.false_alarms),
        head=(
            Text("时间", "time"),
            Text("报警", "alert"),
            Text("人员", "by"),
            Text("原因与措施", "cause and action"),
        ),
        rows=tuple(_false_alarm(line, period) for line in summary.false_alarms[:LISTED]),
    )


def _false_alarm(line: Line, period: Period) -> tuple[Cell, ...]:
    said = Text(f"{line.cause_name.zh}：{line.words}", f"{line.cause_name.en}: {line.words}")
    return row(moment(line.t_ns, period), line.title, line.by or NOTHING, said)


def _notes() -> Iterator[Text]:
    yield Text(
        "传感器可用率：扣除无信号、质量差、超量程、卡滞、饱和的时间；传感器总数未知时不计算",
        "availability of sensors: without the time of no signal, bad quality, out of range, stuck, saturated; not "
        "told where the number of sensors is not known",
    )
