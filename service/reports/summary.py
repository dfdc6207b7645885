"""The daily and the monthly report: what a period was like, beside the one before it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from registry.plant import Plant
from service.reports.availability import Availability, Outages
from service.reports.lines import Line
from service.reports.measures import Panel, panel_of
from service.reports.period import Period
from service.reports.report import By, Report, fold_of, report_from
from service.reports.rules import Rules
from service.reports.tally import Counted

KEPT_FALSE = 200
"""So many false alarms are listed, the first ones; all are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The period and the one before it; `false_alarms` are the lines that confirmed one, at most `KEPT_FALSE`."""

    report: Report
    counted: Counted
    earlier: Period
    before: Panel
    availability: Availability
    availability_before: Availability
    false_alarms: tuple[Line, ...]


def summary_of(
    lines: Iterable[Line],
    *,
    period: Period,
    earlier: Period,
    rules: Rules,
    plant: Plant,
    origin: str,
    sensors: int | None,
) -> Summary:
    """Return the summary of lines in their order, beside `earlier`; `sensors` is how many there are, None if not known."""
    by = (By.SOURCE,)
    fold, fold_before = fold_of(period, rules, by, plant), fold_of(earlier, rules, (), plant)
    outages, outages_before = Outages(period), Outages(earlier)
    false_alarms: list[Line] = []
    takers = (fold.take, fold_before.take, outages.take, outages_before.take)
    for line in lines:
        for take in takers:
            take(line)
        if line.false_alarm and line.t_ns in period and len(false_alarms) < KEPT_FALSE:
            false_alarms.append(line)
    counted = fold.counted()
    return Summary(
        report=report_from(counted, rules=rules, by=by, plant=plant, origin=origin),
        counted=counted,
        earlier=earlier,
        before=panel_of(fold_before.counted().whole, earlier, rules),
        availability=outages.availability(sensors),
        availability_before=outages_before.availability(sensors),
        false_alarms=tuple(false_alarms),
    )
