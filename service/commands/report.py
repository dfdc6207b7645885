"""`hazwatch report`: what the alarm system itself was like, from the lines that it told."""

from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from ledger.errors import LedgerError
from ledger.reader import open_readonly
from registry.faults import Fault, InputError, errors_in
from registry.plant import Plant
from registry.plant_file import load_plant
from service.commands.answers import COMMAND_LINE, end, say
from service.reports.files import csv_of, json_of
from service.reports.lines import lines_in_file, lines_in_ledger
from service.reports.page import page
from service.reports.period import MAX_DAYS, Period
from service.reports.report import By, Report, report_of
from service.reports.rules import packaged_rules
from service.reports.terminal import print_report
from service.reports.times import moment_ns
from service.settings import load_settings

app = typer.Typer(help="Reports on the alarm system itself.", no_args_is_help=True)


class Language(StrEnum):
    """In which language a terminal and a page speak first."""

    ZH = "zh"
    EN = "en"
    BOTH = "both"


@app.callback()
def reports() -> None:
    """Reports on the alarm system itself."""


@app.command()
def alarms(
    *,
    from_: Annotated[str, typer.Option("--from", help="takes what is not before: a day, or RFC 3339")],
    to: Annotated[str, typer.Option("--to", help="takes what is before: a day, or RFC 3339")],
    config: Annotated[
        Path | None, typer.Option(help="hazwatch.yaml: its state folder; names and areas of its plant")
    ] = None,
    state: Annotated[Path | None, typer.Option(help="state folder or ledger file to read")] = None,
    alerts: Annotated[Path | None, typer.Option(help="alert lines (NDJSON) to read")] = None,
    by: Annotated[list[By] | None, typer.Option(help="puts alarms apart; may be given several times")] = None,
    csv: Annotated[Path | None, typer.Option(help="writes every figure, one a row")] = None,
    html: Annotated[Path | None, typer.Option(help="writes one page with plots")] = None,
    json: Annotated[Path | None, typer.Option(help="writes everything")] = None,
    zone: Annotated[str, typer.Option(help="zone of days, and of times that carry none")] = "UTC",
    lang: Annotated[Language, typer.Option(help="language of the terminal, and in which the page opens")] = (
        Language.BOTH
    ),
) -> None:
    """Say how many alarms there were, how they were answered, and what ISA-18.2 and EEMUA 191 say of it."""
    period = _period(from_, to, _zone(zone))
    plant, folder = _settings(config)
    report = _read(alerts, state or folder, period, by or [], plant)
    for text in report.warnings:
        say(f"warning: {text.zh}\n  {text.en}")
    if csv is not None:
        csv.write_text(csv_of(report), encoding="utf-8-sig")
        say(f"csv / 表格: {csv}")
    if json is not None:
        json.write_bytes(json_of(report))
        say(f"json: {json}")
    if html is not None:
        html.write_text(page(report, "en" if lang is Language.EN else "zh"), encoding="utf-8")
        say(f"page / 页面: {html}")
    print_report(report, lang)


def _read(alerts: Path | None, folder: Path | None, period: Period, by: list[By], plant: Plant) -> Report:
    rules = packaged_rules()
    if alerts is not None:
        lines = lines_in_file(alerts)
        return report_of(lines, period=period, rules=rules, by=by, plant=plant, origin=str(alerts))
    if folder is None:
        message = "it is not said where the alert lines are"
        allowed = "--config hazwatch.yaml, --state FOLDER, or --alerts FILE"
        raise InputError([Fault(file=COMMAND_LINE, where="", message=message, allowed=allowed)])
    with ExitStack() as opened:
        try:
            ledger = opened.enter_context(open_readonly(folder))
            lines = lines_in_ledger(ledger)
            return report_of(lines, period=period, rules=rules, by=by, plant=plant, origin=str(ledger.path))
        except LedgerError as error:
            end(f"error: {error}")


def _settings(config: Path | None) -> tuple[Plant, Path | None]:
    """Return the plant and the state folder of the settings; without them a plant of which nothing is known."""
    if config is None:
        return Plant(), None
    settings, faults = load_settings(config)
    plant = Plant()
    if settings is not None and settings.plant is not None:
        plant, more = load_plant(settings.plant)
        faults += more
    if settings is None or errors_in(faults):
        raise InputError(faults)
    return plant, settings.state_dir


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = f"there is no zone {name!r}"
        raise InputError(
            [Fault(file=COMMAND_LINE, where="--zone", message=message, allowed="such as Asia/Shanghai")]
        ) from None


def _period(from_: str, to: str, zone: ZoneInfo) -> Period:
    faults: list[Fault] = []
    ends = []
    for option, text in (("--from", from_), ("--to", to)):
        t_ns = moment_ns(text, zone)
        ends.append(t_ns)
        if t_ns is None:
            allowed = "a day such as 2026-11-01, or RFC 3339 such as 2026-11-01T08:00:00+08:00"
            faults.append(
                Fault(file=COMMAND_LINE, where=option, message=f"{text!r} is no time", allowed=allowed)
            )
    start_ns, end_ns = ends
    if start_ns is not None and end_ns is not None:
        if start_ns >= end_ns:
            message = f"the period ends before it begins: {from_} to {to}"
            faults.append(Fault(file=COMMAND_LINE, where="--to", message=message, allowed="a later time"))
        elif end_ns - start_ns > MAX_DAYS * 86_400 * 10**9:
            message = "the period is too long"
            faults.append(
                Fault(file=COMMAND_LINE, where="--to", message=message, allowed=f"at most {MAX_DAYS} days")
            )
    if faults or start_ns is None or end_ns is None:
        raise InputError(faults)
    return Period(start_ns=start_ns, end_ns=end_ns, zone=zone)
