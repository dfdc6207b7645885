"""`hazwatch report`: what the alarm system itself was like, what a shift hands over, what a day and a month were like."""

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from registry.faults import Fault, InputError, errors_in
from registry.plant import Plant
from registry.plant_file import load_plant
from service.commands.answers import COMMAND_LINE, say
from service.commands.report_parts import (
    Alerts,
    Lang,
    Language,
    Pdf,
    Site,
    State,
    Xlsx,
    answer,
    made,
    zone_of,
)
from service.commands.report_periods import daily, handover, monthly
from service.reports.document import Kind
from service.reports.files import json_of
from service.reports.making import Format, Order
from service.reports.page import page
from service.reports.period import MAX_DAYS, Period
from service.reports.report import By
from service.reports.times import moment_ns
from service.settings import load_settings

app = typer.Typer(help="Reports for people, from alert lines.", no_args_is_help=True)


@app.callback()
def reports() -> None:
    """Reports for people, from alert lines."""


for each in (handover, daily, monthly):
    app.command()(each)


@app.command()
def alarms(
    *,
    from_: Annotated[str, typer.Option("--from", help="takes what is not before: a day, or RFC 3339")],
    to: Annotated[str, typer.Option("--to", help="takes what is before: a day, or RFC 3339")],
    config: Annotated[
        Path | None, typer.Option(help="hazwatch.yaml: its state folder; names and areas of its plant")
    ] = None,
    state: State = None,
    alerts: Alerts = None,
    by: Annotated[list[By] | None, typer.Option(help="puts alarms apart; may be given several times")] = None,
    csv: Annotated[Path | None, typer.Option(help="writes every figure, one a row")] = None,
    html: Annotated[Path | None, typer.Option(help="writes one page with plots")] = None,
    json: Annotated[Path | None, typer.Option(help="writes everything")] = None,
    xlsx: Xlsx = None,
    pdf: Pdf = None,
    zone: Annotated[str, typer.Option(help="zone of days, and of times that carry none")] = "UTC",
    lang: Lang = Language.BOTH,
) -> None:
    """Say how many alarms there were, how they were answered, and what ISA-18.2 and EEMUA 191 say of it."""
    period = _period(from_, to, zone_of(zone))
    plant, folder = _settings(config)
    order = Order(
        kind=Kind.ALARMS,
        start_ns=period.start_ns,
        end_ns=period.end_ns,
        zone=str(period.zone),
        about=Site(plant=plant).about(),
        plant=plant,
        by=tuple(by or ()),
    )
    document, report = made(order, alerts, state or folder)
    if json is not None:
        json.write_bytes(json_of(report))
        say(f"json: {json}")
    if html is not None:
        html.write_text(page(report, lang.one), encoding="utf-8")
        say(f"page / 页面: {html}")
    answer(document, report, {Format.CSV: csv, Format.XLSX: xlsx, Format.PDF: pdf}, lang)


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
