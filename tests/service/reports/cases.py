"""Hand-made alert lines, with times in seconds after T0, which is a midnight."""

import json
from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from alerting.texts import rfc3339
from registry.plant import Plant
from service.reports.lines import Line, _checked
from service.reports.measures import Panel
from service.reports.period import Period
from service.reports.report import By, Report, report_of
from service.reports.rules import packaged_rules

NS = 1_000_000_000
T0_S = 1_764_028_800
"""2025-11-25T00:00:00Z."""
DAY_S, HOUR_S, MIN_S = 86_400, 3600, 60


def raw(
    t_s: float,
    event: str,
    state: str = "unack",
    *,
    id_: str = "a",
    grade: str = "blue",
    kind: str = "high",
    sensor: str | None = "e/LT-1",
    source: str | None = "S1",
    area: str | None = "370211",
    **why: Any,
) -> dict[str, Any]:
    return {
        "id": id_,
        "seq": 1,
        "time": rfc3339(T0_S * NS + round(t_s * 1000) * 1_000_000),
        "event": event,
        "state": state,
        "grade": grade,
        "kind": kind,
        "sensor": sensor,
        "enterprise": "e",
        "source": source,
        "area": area,
        "why": {"told": [{"receiver": "board"}], "held": [], **why},
    }


def by(name: str, **more: Any) -> dict[str, Any]:
    return {"by": name, **more}


def acknowledged(t_s: float, name: str, state: str = "acked", **more: Any) -> dict[str, Any]:
    return raw(t_s, "acknowledged", state, acknowledged=by(name), **more)


def burst(times_s: Iterable[float], **more: Any) -> list[dict[str, Any]]:
    """Openings of alarms of their own, which stand until the end."""
    return [raw(t_s, "opened", id_=f"b{k}", sensor=f"e/B-{k}", **more) for k, t_s in enumerate(times_s)]


def line_bytes(rows: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def lines(rows: Sequence[dict[str, Any]]) -> list[Line]:
    ordered = sorted(rows, key=lambda row: str(row["time"]))
    found = [
        line for _, line in _checked((str(k), json.dumps(row).encode()) for k, row in enumerate(ordered))
    ]
    assert all(isinstance(line, Line) for line in found), found
    return [line for line in found if isinstance(line, Line)]


def period(end_s: float = DAY_S, start_s: float = 0.0, zone: str = "UTC") -> Period:
    return Period(
        start_ns=round((T0_S + start_s) * NS), end_ns=round((T0_S + end_s) * NS), zone=ZoneInfo(zone)
    )


def report(
    rows: Sequence[dict[str, Any]],
    over: Period | None = None,
    by: Sequence[By] = (),
    plant: Plant | None = None,
) -> Report:
    return report_of(
        lines(rows),
        period=over or period(),
        rules=packaged_rules(),
        by=by,
        plant=plant or Plant(),
        origin="made",
    )


def panel(rows: Sequence[dict[str, Any]], over: Period | None = None) -> Panel:
    return report(rows, over).panel


def value(of: Panel, name: str) -> float | None:
    return of.measure(name).value
