"""What all reports of the command line share: their options, where lines come from, what the settings know, their files."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from alerting.escalation.settings import EscalationSettings
from ledger.errors import LedgerError
from ledger.reader import open_readonly
from registry.faults import Fault, InputError
from registry.plant import Plant
from service.commands.answers import COMMAND_LINE, end, say
from service.naming import site_name
from service.plan import load
from service.reports.document import WHOLE_PLANT, About, Document
from service.reports.lines import Line, lines_in_file, lines_in_ledger
from service.reports.making import Format, Order, document_of, written
from service.reports.report import Report
from service.reports.shifts import Hours, Shifts, shifts_from
from service.reports.terminal import print_document
from service.reports.times import moment_ns
from service.settings_parts import ReportsPart


class Language(StrEnum):
    """In which language a terminal and a page speak first."""

    ZH = "zh"
    EN = "en"
    BOTH = "both"

    @property
    def one(self) -> str:
        """The language of a file that has only one."""
        return "en" if self is Language.EN else "zh"


Config = Annotated[
    Path | None, typer.Option(help="hazwatch.yaml: its state folder; names, sensors, shifts and zone")
]
State = Annotated[Path | None, typer.Option(help="state folder or ledger file to read")]
Alerts = Annotated[Path | None, typer.Option(help="alert lines (NDJSON) to read")]
Csv = Annotated[Path | None, typer.Option(help="writes its figures as CSV")]
Json = Annotated[Path | None, typer.Option(help="writes everything")]
Xlsx = Annotated[Path | None, typer.Option(help="writes a workbook, in the language of --lang (both: zh)")]
Pdf = Annotated[Path | None, typer.Option(help="writes sheets of A4, in the language of --lang (both: zh)")]
Lang = Annotated[Language, typer.Option(help="language of the terminal and of files that have one")]
Zone = Annotated[
    str | None, typer.Option(help="zone of days and times; that of the settings where not given")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What settings know of a site; without settings nothing, and times are cut as by default."""

    plant: Plant = field(default_factory=Plant)
    sensors: int | None = None
    duty: EscalationSettings = field(default_factory=EscalationSettings)
    reports: ReportsPart = field(default_factory=ReportsPart)
    folder: Path | None = None

    @property
    def shifts(self) -> Shifts:
        """The shifts of the site."""
        hours = Hours(zone=ZoneInfo(self.reports.time_zone), starts_min=self.reports.starts_min)
        return shifts_from(list(self.duty.schedules.values()), hours)

    def about(self) -> About:
        """Return for whom a report of the command line is."""
        site = site_name(self.plant)
        return About(site=site, scope=WHOLE_PLANT, made_by="hazwatch report", made_ns=time.time_ns())


def site_of(config: Path | None) -> Site:
    """Return what the settings know."""
    if config is None:
        return Site()
    loaded = load(config)
    registry = loaded.plan.registry
    return Site(
        plant=registry.plant,
        sensors=len(registry),
        duty=loaded.plan.routes.escalation,
        reports=loaded.settings.reports,
        folder=loaded.settings.state_dir,
    )


def zone_of(name: str) -> ZoneInfo:
    """Return the zone of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise fault("--zone", f"there is no zone {name!r}", "such as Asia/Shanghai") from None


def moment_of(option: str, text: str, zone: ZoneInfo) -> int:
    """Return the time that an option gives, in ns since 1970."""
    t_ns = moment_ns(text, zone)
    if t_ns is None:
        raise fault(option, f"{text!r} is no time", "as 2026-11-01, or 2026-11-01T08:00:00+08:00")
    return t_ns


def fault(option: str, message: str, allowed: str) -> InputError:
    """Return what is wrong with an option."""
    return InputError([Fault(file=COMMAND_LINE, where=option, message=message, allowed=allowed)])


@contextmanager
def lines_at(alerts: Path | None, folder: Path | None) -> Iterator[tuple[Iterator[Line], str]]:
    """Give the alert lines of a file, or of the ledger in a folder, and what that is called."""
    if alerts is not None:
        yield lines_in_file(alerts), str(alerts)
        return
    if folder is None:
        allowed = "--config hazwatch.yaml, --state FOLDER, or --alerts FILE"
        raise fault("", "it is not said where the alert lines are", allowed)
    try:
        with open_readonly(folder) as ledger:
            yield lines_in_ledger(ledger), str(ledger.path)
    except LedgerError as error:
        end(f"error: {error}")


def made(order: Order, alerts: Path | None, folder: Path | None) -> tuple[Document, Report]:
    """Return the report that is ordered."""
    with lines_at(alerts, folder) as (lines, origin):
        return document_of(order, lines, origin)


def answer(document: Document, report: Report, files: Mapping[Format, Path | None], lang: Language) -> None:
    """Write the files that are asked for, and print the report."""
    for text in document.warnings:
        say(f"warning: {text.zh}\n  {text.en}")
    for format_, path in files.items():
        if path is not None:
            path.write_bytes(written(document, report, format_, lang.one))
            say(f"{format_}: {path}")
    print_document(document, lang)
