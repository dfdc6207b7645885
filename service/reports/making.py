"""From an order to a report: which lines count, which report is made of them, in which format. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from console.scope import UNLIMITED, Place, Scope
from registry.plant import Plant, Text
from service.reports.calendar import before
from service.reports.document import WHOLE_PLANT, About, Document, Kind, alarms_document
from service.reports.files import csv_of
from service.reports.handover import Known, handover_of
from service.reports.handover_document import handover_document
from service.reports.lines import Line
from service.reports.period import Period
from service.reports.report import By, Report, report_of
from service.reports.rules import packaged_rules
from service.reports.summary import summary_of
from service.reports.summary_document import summary_document
from service.reports.words import moment


class Format(StrEnum):
    """How a report is written."""

    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"
    PDF = "pdf"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Which report of which period (ns since 1970) is wanted, and all that the alert lines do not say.

    `scope` limits what is counted. `sensors` is how many there are within it, None where not known. `by` puts alarms apart in
    the report of alarms, `known` is for a hand-over. `watched_from_ns` is since when anything is known at all, None where that
    is not known: a report of alarms begins no sooner, so that its rates are not those of a time in which nobody looked.
    """

    kind: Kind
    start_ns: int
    end_ns: int
    zone: str
    about: About
    plant: Plant = msgspec.field(default_factory=Plant)
    scope: Scope = UNLIMITED
    sensors: int | None = None
    by: tuple[By, ...] = ()
    known: Known = msgspec.field(default_factory=Known)
    watched_from_ns: int | None = None

    @property
    def period(self) -> Period:
        """The period, with its days."""
        return Period(start_ns=self.start_ns, end_ns=self.end_ns, zone=ZoneInfo(self.zone))

    @property
    def watched(self) -> Period:
        """What of the period is known; all of it where nothing is."""
        start_ns = max(self.start_ns, self.watched_from_ns or self.start_ns)
        return replace(self.period, start_ns=start_ns) if start_ns < self.end_ns else self.period


def scope_text(scope: Scope, plant: Plant) -> Text:
    """Return what a scope is called."""
    area, enterprise = plant.areas.get(scope.area or ""), plant.enterprises.get(scope.enterprise or "")
    parts = [
        Text.same(given) if known is None else known.name
        for given, known in ((scope.area, area), (scope.enterprise, enterprise))
        if given is not None
    ]
    return (
        Text("，".join(one.zh for one in parts), ", ".join(one.en for one in parts)) if parts else WHOLE_PLANT
    )


def document_of(order: Order, lines: Iterable[Line], origin: str) -> tuple[Document, Report]:
    """Return the document of lines in their order, and the figures behind it."""
    seen, period, rules = _within(lines, order.scope), order.period, packaged_rules()
    plant, about = order.plant, order.about
    match order.kind:
        case Kind.HANDOVER:
            handover = handover_of(
                seen, period=period, rules=rules, plant=plant, origin=origin, known=order.known
            )
            return handover_document(handover, about), handover.report
        case Kind.ALARMS:
            watched = order.watched
            report = report_of(seen, period=watched, rules=rules, by=order.by, plant=plant, origin=origin)
            report = replace(report, warnings=(*_begun_late(period, watched), *report.warnings))
            return alarms_document(report, about), report
    summary = summary_of(
        seen,
        period=period,
        earlier=before(period, by_month=order.kind is Kind.MONTHLY),
        rules=rules,
        plant=plant,
        origin=origin,
        sensors=order.sensors,
    )
    return summary_document(order.kind, summary, about), summary.report


def _begun_late(asked: Period, watched: Period) -> Iterator[Text]:
    if watched.start_ns > asked.start_ns:
        start, began = moment(asked.start_ns, asked), moment(watched.start_ns, asked)
        yield Text(
            f"所选时段从 {start.zh} 开始，但 {began.zh} 之前没有监测记录：从那时起统计",
            f"the period asked for begins at {start.en}; nothing was watched before {began.en}: "
            "it is counted from then on",
        )


def _within(lines: Iterable[Line], scope: Scope) -> Iterator[Line]:
    return (line for line in lines if scope.sees(Place(line.enterprise or None, line.area or None)))


def written(document: Document, report: Report, format_: Format, language: str) -> bytes:
    """Return a document in a format; JSON has both languages."""
    match format_:
        case Format.JSON:
            from service.reports.rendering import document_json  # noqa: PLC0415 - one renderer is needed, not all

            return document_json(document)
        case Format.CSV if document.kind is Kind.ALARMS:
            return csv_of(report).encode("utf-8-sig")
        case Format.CSV:
            from service.reports.rendering import document_csv  # noqa: PLC0415 - as above

            return document_csv(document, language).encode("utf-8-sig")
        case Format.XLSX:
            from service.reports.xlsx import xlsx_of  # noqa: PLC0415 - openpyxl takes a while to import

            return xlsx_of(document, language)
        case Format.PDF:
            from service.reports.pdf import pdf_of  # noqa: PLC0415 - as openpyxl

            return pdf_of(document, language)
