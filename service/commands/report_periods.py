"""`hazwatch report daily`, `monthly` and `handover`."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from alerting.escalation.schedule import on_call
from ledger.errors import LedgerError
from ledger.handover import FILE_NAME, HandoverNote, HandoverNotes
from registry.plant import Text
from service.commands.answers import end
from service.commands.report_parts import (
    Alerts,
    Config,
    Csv,
    Json,
    Lang,
    Language,
    Pdf,
    Site,
    State,
    Xlsx,
    Zone,
    answer,
    fault,
    made,
    moment_of,
    site_of,
    zone_of,
)
from service.reports.calendar import day_of, month_of
from service.reports.document import Kind
from service.reports.handover import Duty, Known
from service.reports.making import Format, Order
from service.reports.period import Period
from service.reports.shifts import Shift, shift_at

_S = 1_000_000_000
_FIRST_YEAR = 1970


def daily(
    *,
    day: Annotated[str, typer.Option(help="the day, as 2026-11-25")],
    config: Config = None,
    state: State = None,
    alerts: Alerts = None,
    csv: Csv = None,
    json: Json = None,
    xlsx: Xlsx = None,
    pdf: Pdf = None,
    zone: Zone = None,
    lang: Lang = Language.BOTH,
) -> None:
    """Tell of one day: alarms by kind and grade, worst sources, response, sensors, false alarms; and the day before."""
    site = site_of(config)
    period = day_of(_date(day, "--day", "as 2026-11-25"), zone_of(zone or site.reports.time_zone))
    document = made(_order(Kind.DAILY, period, site), alerts, state or site.folder)
    answer(*document, _files(csv, json, xlsx, pdf), lang)


def monthly(
    *,
    month: Annotated[str, typer.Option(help="the month, as 2026-11")],
    config: Config = None,
    state: State = None,
    alerts: Alerts = None,
    csv: Csv = None,
    json: Json = None,
    xlsx: Xlsx = None,
    pdf: Pdf = None,
    zone: Zone = None,
    lang: Lang = Language.BOTH,
) -> None:
    """Tell of one month as `daily` of a day, with the verdicts of ISA-18.2 and EEMUA 191; and the month before."""
    site = site_of(config)
    first = _date(f"{month}-01", "--month", "as 2026-11")
    period = month_of(first.year, first.month, zone_of(zone or site.reports.time_zone))
    document = made(_order(Kind.MONTHLY, period, site), alerts, state or site.folder)
    answer(*document, _files(csv, json, xlsx, pdf), lang)


def handover(
    *,
    at: Annotated[str, typer.Option(help="a time in the outgoing shift: RFC 3339, or without a zone")],
    config: Config = None,
    state: State = None,
    alerts: Alerts = None,
    csv: Csv = None,
    json: Json = None,
    xlsx: Xlsx = None,
    pdf: Pdf = None,
    zone: Zone = None,
    lang: Lang = Language.BOTH,
) -> None:
    """Tell what a shift hands over to the next: what stands, what happened, who is on duty, what it left as notes."""
    site = site_of(config)
    here = zone_of(zone or site.reports.time_zone)
    t_ns = moment_of("--at", at, here)
    shift = shift_at(site.shifts, t_ns)
    if shift is None:
        raise fault("--at", f"no shift is on duty at {at}", "a time inside a shift of routes.yaml")
    folder = state or site.folder
    known = Known(
        shift=shift,
        next=shift_at(site.shifts, shift.end_ns),
        duty=_duty(site, shift) if site.duty.schedules else None,
        notes=_notes(folder, shift),
    )
    period = Period(start_ns=shift.start_ns, end_ns=shift.end_ns, zone=here)
    answer(
        *made(_order(Kind.HANDOVER, period, site, known), alerts, folder), _files(csv, json, xlsx, pdf), lang
    )


def _order(kind: Kind, period: Period, site: Site, known: Known | None = None) -> Order:
    return Order(
        kind=kind,
        start_ns=period.start_ns,
        end_ns=period.end_ns,
        zone=str(period.zone),
        about=site.about(),
        plant=site.plant,
        sensors=site.sensors,
        known=known or Known(),
    )


def _files(
    csv: Path | None, json: Path | None, xlsx: Path | None, pdf: Path | None
) -> dict[Format, Path | None]:
    return {Format.CSV: csv, Format.JSON: json, Format.XLSX: xlsx, Format.PDF: pdf}


def _date(text: str, option: str, allowed: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise fault(option, f"{text!r} is no date", allowed) from None
    if not _FIRST_YEAR < found.year < date.max.year:
        raise fault(option, f"{text!r} is out of all bounds", allowed)
    return found


def _duty(site: Site, shift: Shift) -> list[Duty]:
    """Return who is on duty by the schedules; what people commanded instead is known to the running service alone."""

    def names(people: tuple[str, ...]) -> tuple[Text, ...]:
        known = site.duty.people
        return tuple(known[one].name if one in known else Text.same(one) for one in people)

    return [
        Duty(
            name,
            names(on_call(schedule, shift.start_ns).people),
            names(on_call(schedule, shift.end_ns).people),
        )
        for name, schedule in site.duty.schedules.items()
    ]


def _notes(folder: Path | None, shift: Shift) -> list[HandoverNote]:
    if folder is None or not (folder / FILE_NAME).is_file():
        return []
    try:
        with HandoverNotes(folder, readonly=True) as notes:
            return notes.of_shifts(shift.start_ns, shift.end_ns)
    except LedgerError as error:
        end(f"error: {error}")
