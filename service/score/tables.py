"""The tables of a report as rows of bilingual texts: a terminal and a page show the same ones."""

from collections.abc import Iterator
from dataclasses import dataclass

from alerting.events import Grade
from registry.plant import Text
from service.score.beside import Row
from service.score.panel import MISSED, FalseFigures, Group, Panel
from service.score.report import Beside, Report
from service.score.words import NOTHING, both, percent, rate, share, span, spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table: the first column names the row."""

    title: Text
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables_of(report: Report) -> Iterator[Table]:
    """Yield every table of a report, the most important first."""
    yield _targets(report)
    yield _figures(report)
    for table in report.beside:
        yield _beside(table)
    for table in report.beside:
        if table.earned:
            yield _thresholds(table)
    for table in report.beside[:2]:
        if table.earned:
            yield _earned(table)
    yield _groups(Text("各故障族", "by family"), list(report.panel.families.items()))
    by_severity = [
        (f"{kind} · {severity}", group) for (kind, severity), group in report.panel.severities.items()
    ]
    yield _groups(Text("各故障族、严重程度", "by family and severity"), by_severity)
    yield _false(report.panel)
    if report.panel.confusion:
        yield _confusion(report.panel)


_VERDICT = {True: "met / 达到", False: "missed / 未达到", None: NOTHING}


def _targets(report: Report) -> Table:
    rows = tuple(
        (
            both(target.text),
            f"{'≥' if target.at_least else '≤'} {target.wanted:g}",
            NOTHING if target.value is None else f"{target.value:.4g}",
            _VERDICT[target.met],
        )
        for target in report.targets
    )
    return Table(title=Text("目标", "targets"), head=("", "wanted\n目标", "reached\n实际", ""), rows=rows)


def _figures(report: Report) -> Table:
    panel, load = report.panel, report.load
    group, false = panel.overall, panel.false
    warned = group.warned
    rows = (
        ("events caught / 捕获的事件", share(group.caught)),
        ("of these only by another sensor of the source / 其中仅由同源其他测点发现", str(group.by_source)),
        ("missed while an alert stood already / 漏报且此前已有报警未消", str(group.stood)),
        (
            "not told in time, but an alert that stood escalated in time / 未及时新报警，但此前未消的报警及时升级",
            str(group.rose),
        ),
        ("delay from onset, events caught, median / 捕获事件的延迟中位数", spread(group.delay)),
        ("… 90 % within / 90 % 不超过", span(group.delay.p90)),
        ("delay, all events, median / 全部事件的延迟中位数", spread(group.delay_all)),
        ("lead before the first limit, median / 到限前提前量中位数", spread(group.lead)),
        ("warned before the limit / 到限前已预警", share(warned[0].all)),
        ("… at least 60 s ahead / 至少提前 60 秒", share(warned[1].all)),
        ("… of those where that was possible / 其中可能做到的", share(warned[1].possible)),
        ("… at least 5 min ahead / 至少提前 5 分钟", share(warned[2].all)),
        ("… of those where that was possible / 其中可能做到的", share(warned[2].possible)),
        (
            "false alerts per sensor-day / 每测点每天误报",
            _false_rate(false),
        ),
        ("… on look-alikes, elsewhere / 似故障上、其他", f"{false.on_look_alikes}, {false.elsewhere}"),
        ("share of sensor-time in false alert / 误报站立时间占比", percent(false.stood_share)),
        ("grade right, of events caught / 级别正确", share(group.graded)),
        ("… graver, less grave than expected / 偏高、偏低", f"{group.over}, {group.under}"),
        (
            "level changes per event / 每事件级别变化",
            NOTHING if group.changes is None else f"{group.changes:.3g}",
        ),
        ("repeats within 60 s / 60 秒内重复", str(panel.repeats)),
        (
            f"alerts per operator in 10 min ({report.operators}): average, peak / 每人每 10 分钟报警：平均、峰值",
            f"{load.average:.3g}, {load.peak:.3g}",
        ),
        ("share of time in flood (> 10 in 10 min) / 泛滥时间占比", percent(load.flood_share)),
        ("alerts of hazwatch itself, left apart / 系统自身报警（不计）", str(panel.system)),
    )
    return Table(title=Text("预警指标", "early-warning panel"), head=("", ""), rows=rows)


def _false_rate(false: FalseFigures) -> str:
    interval = f"[{rate(false.interval.lo)}, {rate(false.interval.hi)}]"
    return f"{rate(false.rate)} {interval} ({false.count} / {false.sensor_days:.4g})"


_SHORT = ("caught\n捕获", "warned\n到限前", "≥60 s", "≥5 min", "lead\n提前", "delay\n延迟")


def _beside(table: Beside) -> Table:
    head = ("", *_SHORT, "false/d\n误报", "of time\n占时")
    return Table(title=table.title, head=head, rows=tuple(_beside_row(row) for row in table.rows))


def _beside_row(row: Row) -> tuple[str, ...]:
    name = both(row.text, "\n")
    if row.note is not None:
        return (f"{name}\n{both(row.note, chr(10))}", *[NOTHING] * (len(_SHORT) + 2))
    return (
        name,
        percent(row.caught),
        *(percent(warned) for warned in row.warned),
        span(row.lead_s),
        span(row.delay_s),
        rate(row.false_rate),
        percent(row.stood_share),
    )


def _thresholds(table: Beside) -> Table:
    rows = tuple(
        (
            both(row.text),
            f"{row.threshold:.4g}",
            NOTHING if row.set_rate is None else rate(row.set_rate),
            rate(row.false_rate),
        )
        for row in table.rows
        if row.threshold is not None
    )
    return Table(
        title=Text(
            f"阈值与每测点每天误报：{table.title.zh}", f"thresholds, false per sensor-day: {table.title.en}"
        ),
        head=("", "threshold\n阈值", "where set\n标定处", "here\n此处"),
        rows=rows,
    )


def _earned(table: Beside) -> Table:
    rows = tuple(
        (
            family,
            str(gained.count),
            spread(gained),
            spread(table.earned_equal[family]) if family in table.earned_equal else NOTHING,
        )
        for family, gained in table.earned.items()
    )
    return Table(
        title=Text(
            f"比固定限值早多少（到限事件，中位数）：{table.title.zh}",
            f"earned over fixed limits, events that reach a limit, median: {table.title.en}",
        ),
        head=(
            "",
            "events / 事件",
            "limits as set / 原限值",
            "limits moved to the same false rate / 同误报率的限值",
        ),
        rows=rows,
    )


def _groups(title: Text, groups: list[tuple[str, Group]]) -> Table:
    head = ("", *_SHORT, "grade\n级别", "changes\n变化")
    rows = tuple(
        (
            f"{name} ({group.caught.of})",
            percent(group.caught.value),
            *(percent(warned.all.value) for warned in group.warned),
            span(group.lead.median),
            span(group.delay.median),
            percent(group.graded.value),
            NOTHING if group.changes is None else f"{group.changes:.2g}",
        )
        for name, group in groups
    )
    return Table(title=title, head=head, rows=rows)


def _false(panel: Panel) -> Table:
    false = panel.false
    rows = [(kind, f"{count}") for kind, count in false.by_kind.items()]
    rows += [(f"{kind}, alarmed / 似故障报警", share(alarmed)) for kind, alarmed in false.look_alikes.items()]
    return Table(
        title=Text("误报：按报警类别；似故障", "false alerts by kind; look-alikes"),
        head=("", ""),
        rows=tuple(rows),
    )


_COLUMNS = (*(grade.label for grade in Grade), MISSED)


def _confusion(panel: Panel) -> Table:
    expected = [grade.label for grade in Grade if any(grade.label == was for was, _ in panel.confusion)]
    rows = tuple((was, *(str(panel.confusion.get((was, told), 0)) for told in _COLUMNS)) for was in expected)
    return Table(
        title=Text("级别：应有（行）与所报（列）", "grades: expected (rows), told (columns)"),
        head=("", *_COLUMNS),
        rows=rows,
    )
