"""A report as JSON; docs/score.md has the keys. Seconds that are infinite are told in words: ``never``."""

import math
from typing import Any

import msgspec

from alerting.texts import both, rfc3339
from service.score.beside import Row
from service.score.curve import Curve
from service.score.intervals import Interval
from service.score.matching import EventOutcome, FalseAlert
from service.score.panel import Group, Panel, Share, Spread
from service.score.report import Beside, Report

NEVER = "never"


def encode(report: Report) -> bytes:
    """Return the report as indented JSON; the same report gives the same bytes."""
    return msgspec.json.format(msgspec.json.encode(as_json(report)), indent=1) + b"\n"


def as_json(report: Report) -> dict[str, Any]:
    """Return the report as plain data."""
    truth, panel = report.match.truth, report.panel
    return {
        "scenario": truth.scenario,
        "seed": truth.seed,
        "start": rfc3339(truth.start_ns),
        "end": rfc3339(truth.end_ns),
        "rules": {
            "tolerance_s": report.rules.tolerance_s,
            "by_source": report.rules.source_of is not None,
            "operators": report.operators,
        },
        "targets": [
            {
                "name": t.name,
                "wanted": t.wanted,
                "at_least": t.at_least,
                "value": _figure(t.value),
                "met": t.met,
            }
            for t in report.targets
        ],
        **_panel(panel),
        "load": {
            "announced": report.load.announced,
            "average_per_10min": report.load.average,
            "peak_per_10min": report.load.peak,
            "flood_share": report.load.flood_share,
        },
        "beside": [_beside(table) for table in report.beside],
        "curves": [_curve(curve) for curve in report.curves],
        "events": [_outcome(outcome) for outcome in (*report.match.faults, *report.match.look_alikes)],
        "false_alerts": [_false_alert(alert) for alert in report.match.false],
        "notes": [both(note) for note in report.notes],
    }


def _panel(panel: Panel) -> dict[str, Any]:
    false = panel.false
    return {
        "overall": _group(panel.overall),
        "families": {kind: _group(group) for kind, group in panel.families.items()},
        "severities": [
            {"kind": kind, "severity": severity, **_group(group)}
            for (kind, severity), group in panel.severities.items()
        ],
        "false": {
            "count": false.count,
            "episodes": false.episodes,
            "sensors": false.sensors,
            "sensor_days": false.sensor_days,
            "per_sensor_day": false.rate,
            "interval": _interval(false.interval),
            "stood_share": false.stood_share,
            "on_look_alikes": false.on_look_alikes,
            "elsewhere": false.elsewhere,
            "look_alikes": {kind: _share(share) for kind, share in false.look_alikes.items()},
            "by_kind": dict(false.by_kind),
        },
        "grades": [
            {"expected": expected, "told": told, "events": count}
            for (expected, told), count in panel.confusion.items()
        ],
        "repeats_within_60s": panel.repeats,
        "system_alerts": panel.system,
        "outside_range": panel.outside,
    }


def _group(group: Group) -> dict[str, Any]:
    return {
        "caught": _share(group.caught),
        "caught_by_source": group.by_source,
        "missed_while_alert_stood": group.stood,
        "rose_in_time": group.rose,
        "delay_s": _spread(group.delay),
        "delay_all_s": _spread(group.delay_all),
        "lead_s": _spread(group.lead),
        "warned": [
            {"ahead_s": w.ahead_s, "all": _share(w.all), "possible": _share(w.possible)} for w in group.warned
        ],
        "level_changes_per_event": group.changes,
        "grade_right": _share(group.graded),
        "grade_over": group.over,
        "grade_under": group.under,
    }


def _beside(table: Beside) -> dict[str, Any]:
    return {
        "title": both(table.title),
        "rows": [_row(row) for row in table.rows],
        "earned_s": {family: _spread(spread) for family, spread in table.earned.items()},
        "earned_at_equal_rate_s": {family: _spread(spread) for family, spread in table.earned_equal.items()},
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "text": both(row.text),
        "caught": row.caught,
        "warned": list(row.warned),
        "lead_s": _figure(row.lead_s),
        "delay_all_s": _figure(row.delay_s),
        "false_per_sensor_day": row.false_rate,
        "stood_share": row.stood_share,
        "threshold": row.threshold,
        "set_per_sensor_day": row.set_rate,
        "note": None if row.note is None else both(row.note),
    }


def _curve(curve: Curve) -> dict[str, Any]:
    return {
        "name": curve.name,
        "text": both(curve.text),
        "by": curve.by,
        "points": [
            {
                "label": p.label,
                "false_per_sensor_day": p.false_rate,
                "delay_all_s": _figure(p.delay_s),
                "lead_s": _figure(p.lead_s),
                "caught": p.caught,
                "warned": list(p.warned),
            }
            for p in curve.points
        ],
    }


def _outcome(outcome: EventOutcome) -> dict[str, Any]:
    event = outcome.event
    first = outcome.episodes[0] if outcome.episodes else None
    return {
        "id": event.id,
        "kind": event.kind,
        "severity": event.severity,
        "fault": event.fault,
        "onset": rfc3339(event.onset_ns),
        "first_limit": None if event.first_limit_ns is None else rfc3339(event.first_limit_ns),
        "alerts": len(outcome.episodes),
        "first_alert": None if first is None else rfc3339(first.opened_ns),
        "sensor": None if first is None else first.sensor,
        "alert_kind": None if first is None else first.kind,
        "by_source": outcome.by_source,
        "stood_at_onset": outcome.stood,
        "rose": None if outcome.rose_ns is None else rfc3339(outcome.rose_ns),
        "grade": None if outcome.gravest is None else outcome.gravest.label,
        "expected_grade": None if event.grade is None else event.grade.label,
        "delay_s": None if first is None else outcome.delay_s,
        "lead_s": None if first is None else outcome.lead_s,
    }


def _false_alert(alert: FalseAlert) -> dict[str, Any]:
    on = alert.look_alike
    return {
        "sensor": alert.episode.sensor,
        "kind": alert.episode.kind,
        "opened": rfc3339(max(alert.episode.opened_ns, 0)),
        "stood_s": alert.stood_s,
        "count": alert.count,
        "look_alike": None if on is None else on.id,
    }


def _share(share: Share) -> dict[str, Any]:
    return {"hits": share.hits, "of": share.of, "share": share.value, "interval": _interval(share.interval)}


def _spread(spread: Spread) -> dict[str, Any]:
    interval = spread.interval
    return {
        "count": spread.count,
        "median": _figure(spread.median),
        "p90": _figure(spread.p90),
        "interval": None if interval is None else _interval(interval),
    }


def _interval(interval: Interval) -> list[Any]:
    return [_figure(interval.lo), _figure(interval.hi)]


def _figure(value: float | None) -> float | str | None:
    """Return a figure, ``never`` for plus and ``-never`` for minus infinity."""
    if value is None or math.isfinite(value):
        return value
    return NEVER if value > 0 else f"-{NEVER}"
