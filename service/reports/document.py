"""A report as it is shown anywhere: head, tables, pictures, remarks; made from values, rendered as page, XLSX, PDF or CSV."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from registry.plant import Text
from service.reports.cells import Table
from service.reports.period import Period
from service.reports.plot import plots_of
from service.reports.report import Report
from service.reports.tables import tables_of
from service.reports.words import moment


class Kind(StrEnum):
    """Which report."""

    HANDOVER = "handover"
    ALARMS = "alarms"
    DAILY = "daily"
    MONTHLY = "monthly"

    @property
    def heading(self) -> Text:
        """What it is called."""
        return _TITLES[self]


_TITLES = {
    Kind.HANDOVER: Text("交接班报告", "Shift hand-over"),
    Kind.ALARMS: Text("报警系统报告", "Alarm performance"),
    Kind.DAILY: Text("日报", "Daily report"),
    Kind.MONTHLY: Text("月报", "Monthly report"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Of what and for whom a report is: the site's name, what its reader may see, who made it, and when (ns since 1970)."""

    site: Text
    scope: Text
    made_by: str
    made_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Everything that is shown. A table without rows says that there is nothing; `plots` are pictures (SVG) by name."""

    kind: Kind
    period: Period
    head: tuple[tuple[Text, Text], ...]
    tables: tuple[Table, ...]
    plots: tuple[tuple[str, str], ...]
    warnings: tuple[Text, ...]
    notes: tuple[Text, ...]


WHOLE_PLANT = Text("全部", "everything")
COMMAND_LINE = "hazwatch report"


def head_of(period: Period, about: About, origin: str) -> Iterator[tuple[Text, Text]]:
    """Yield the lines at the head of a report: of what it is, for when, in which zone, from what and by whom."""
    start, end = moment(period.start_ns, period).en, moment(period.end_ns, period).en
    yield Text("单位", "site"), about.site
    yield Text("时段", "period"), Text.same(f"{start} – {end}")
    yield Text("时区", "time zone"), Text.same(str(period.zone))
    yield Text("范围", "scope"), about.scope
    yield (
        Text("生成", "made"),
        Text(
            f"{moment(about.made_ns, period).zh}，{about.made_by}",
            f"{moment(about.made_ns, period).en}, {about.made_by}",
        ),
    )
    yield Text("数据", "from"), Text.same(origin)


def alarms_document(report: Report, about: About) -> Document:
    """Return the report of the alarm system itself."""
    return Document(
        kind=Kind.ALARMS,
        period=report.period,
        head=tuple(head_of(report.period, about, report.origin)),
        tables=tuple(tables_of(report)),
        plots=tuple(plots_of(report)),
        warnings=report.warnings,
        notes=report.notes,
    )
