"""A report as files for other programs: CSV with one row a figure, and JSON with everything."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import msgspec

from alerting.texts import both, rfc3339
from console.spreadsheet import harmless
from service.reports.measures import Actor, Measure, Panel, Response
from service.reports.report import Report
from service.reports.rules import MINUTE_NS

CSV_HEAD = (
    "by",
    "key",
    "measure",
    "zh",
    "en",
    "value",
    "unit",
    "acceptable",
    "manageable",
    "verdict",
    "source",
    "verified",
)
"""The columns of the CSV; `by` and `key` are empty for all alerts, `key` alone for those that belong to none."""


def csv_of(report: Report) -> str:
    """Return the CSV; the same report gives the same text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_HEAD)
    for by, key, panel in _panels(report):
        writer.writerows(_row(by, key, measure) for measure in panel.measures)
    return out.getvalue()


def _panels(report: Report) -> Iterator[tuple[str, str, Panel]]:
    yield "", "", report.panel
    for by, slices in report.slices.items():
        for one in slices:
            yield str(by), one.key, one.panel


def _row(by: str, key: str, measure: Measure) -> tuple[object, ...]:
    limit = measure.limit
    bounds = ("", "", "", "", "")
    if limit is not None:
        bounds = (
            f"{limit.acceptable:g}",
            "" if limit.manageable is None else f"{limit.manageable:g}",
            str(measure.verdict or ""),
            limit.source,
            str(limit.verified).lower(),
        )
    value = "" if measure.value is None else f"{measure.value:.6g}"
    return (by, harmless(key), measure.name, measure.text.zh, measure.text.en, value, measure.unit, *bounds)


def json_of(report: Report) -> bytes:
    """Return everything as JSON, for people and programs; the same report gives the same bytes."""
    period = report.period
    body = {
        "from": rfc3339(period.start_ns),
        "to": rfc3339(period.end_ns),
        "zone": str(period.zone),
        "origin": report.origin,
        "lines": dict(report.lines),
        "all": _panel(report, report.panel),
        "by": {
            str(by): [{"key": one.key, "name": both(one.name), **_panel(report, one.panel)} for one in slices]
            for by, slices in report.slices.items()
        },
        "warnings": [both(text) for text in report.warnings],
        "notes": [both(text) for text in report.notes],
    }
    return msgspec.json.format(msgspec.json.encode(body)) + b"\n"


def _panel(report: Report, panel: Panel) -> dict[str, Any]:
    period = report.period

    def at(minute: int) -> str:
        return rfc3339(min(period.end_ns, period.start_ns + minute * MINUTE_NS))

    days = zip(period.days, panel.by_day, panel.stale_by_day, strict=True)
    return {
        "measures": {
            m.name: {"value": m.value, "unit": m.unit, "verdict": m.verdict} for m in panel.measures
        },
        "floods": [
            {"start": at(f.start_minute), "end": at(f.end_minute), "count": f.count, "peak_10min": f.peak}
            for f in panel.floods
        ],
        "top": [_actor(actor) for actor in panel.top],
        "chattering": [_actor(actor) for actor in panel.chattering],
        "fleeting": [_actor(actor) for actor in panel.fleeting],
        "stale": [
            {
                "alarm": _alarm(one.alarm),
                "since": rfc3339(one.since_ns),
                "until": None if one.until_ns is None else rfc3339(one.until_ns),
            }
            for one in panel.stale
        ],
        "days": [
            {"day": day.isoformat(), "annunciated": count, "stale": stale} for day, count, stale in days
        ],
        "priorities": {
            p.grade.label: {"count": p.count, "share": p.share, "wanted": p.wanted} for p in panel.priorities
        },
        "acknowledged": {r.grade.label: _response(r) for r in panel.acknowledged},
        "confirmed": {r.grade.label: _response(r) for r in panel.confirmed},
        "causes": dict(panel.causes),
        "people": {
            name: {"acknowledged": one.acknowledged, "hasty": one.hasty, "stamped": one.stamped}
            for name, one in panel.people.items()
        },
        "held": dict(panel.held),
        "holds": [{"event": event, "by": by, "count": n} for (event, by), n in panel.holds.items()],
    }


def _alarm(alarm: tuple[str, str]) -> dict[str, str]:
    return {"subject": alarm[0], "kind": alarm[1]}


def _actor(actor: Actor) -> dict[str, Any]:
    return {
        "alarm": _alarm(actor.alarm),
        "times": actor.times,
        "share": actor.share,
        "runs": actor.runs,
        "first": None if actor.first_ns is None else rfc3339(actor.first_ns),
    }


def _response(one: Response) -> dict[str, Any]:
    return {
        "asked": one.asked,
        "answered": one.answered,
        "median_s": one.median_s,
        "p90_s": one.p90_s,
        "p95_s": one.p95_s,
        "in_time": one.in_time,
    }
