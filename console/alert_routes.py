"""The page of one alert: all that it needs beyond the list in one answer, and the checklist; see docs/console.md."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from alerting.commands import Check
from alerting.events import AlertEvent
from alerting.grading import URGENCIES, GradeTable
from alerting.texts import both
from console.alert_backend import Reading, Record, Surroundings
from console.alert_story import UsualBefore, checklist, entry, likeness, row_of
from console.asking import MAX_SEQ, Console, SignedIn, TheConsole, json_answer
from console.backend import AlertRow, ConsoleBackend, place_of
from console.bodies import NS_PER_MS, Body, Said
from console.desk_routes import AnId, AnOrder, delivery_json
from console.feed import row_json
from console.orders import place_of_enterprise, telling_for
from console.problems import ProblemError, problem_of
from console.regrouping import incident_of, regroupings
from console.scope import Scope
from console.telling import Telling, as_read
from console.usuals import Usuals
from detectors.outlook import Ahead, Outlook
from registry.plant import SourceGrade, Text
from registry.sensors import LIMIT_NAMES
from store.series import StoreError

alert_api = APIRouter(prefix="/api/v1")


class StepBody(Body):
    """The measure's text in both languages, as the checklist has it, and whether it is carried out."""

    zh: Said
    en: Said
    done: bool


@alert_api.get("/alerts/{alert_id}")
async def alert(request: Request, console: TheConsole, account: SignedIn, alert_id: AnId) -> Response:
    """Return an alert, open or closed, with its timeline, deliveries, checklist, surroundings and what it resembles."""
    backend = console.backend
    record = await backend.alerts.record(alert_id)
    row = backend.alert(alert_id)
    open_now = row is not None
    if row is None and record.events:
        row = row_of(record.events)
    if row is None or not account.scope.sees(row.place):
        raise ProblemError("unknown_alert")
    sensor, telling = row.event.sensor, telling_for(console, account.scope)
    body: dict[str, Any] = {
        "now_ms": backend.now_ns() / NS_PER_MS,
        "alert": row_json(row, telling),
        "open": open_now,
        "grades": _grades_json(backend.alerts.grades()),
        "usual": _usual_json(await _usual(request.app.state.usuals, backend, row.event)),
        "outlook": _outlook_json(backend.alerts.outlook(sensor) if sensor and open_now else None),
        "next": _next_json(backend, alert_id, telling) if open_now else None,
        "regrouped": _regrouped_json(console, row, account.scope),
        **_record_json(backend, record, row, account.scope, telling),
    }
    if sensor is not None:
        body |= _surroundings_json(backend.alerts.surroundings(sensor), account.scope)
    return json_answer(body)


@alert_api.post("/alerts/{alert_id}/check")
async def check(order: AnOrder, alert_id: AnId, body: StepBody) -> Response:
    """Note that a measure was carried out, or take that back; 409 where it is none now, or somebody said so before."""
    order.check_alert(alert_id, closed_too=True)
    asked = Text(body.zh, body.en)
    known = {step.text: step for step in checklist(order.console.backend.alert_history(alert_id, MAX_SEQ))}
    step = known.get(asked)
    if step is None:
        return problem_of(
            409,
            "no_such_step",
            Text("处置措施已变化，请重新查看", "the measures have changed since you looked: look again"),
        )
    if step.done == body.done:
        by = step.by or "–"
        said = (
            Text(f"{by} 已勾选", f"{by} has ticked it before")
            if step.done
            else Text("尚未勾选", "it is not ticked")
        )
        return problem_of(409, "already_checked", said)
    return await order.give(
        Check(alert=alert_id, by=order.account.name, step=asked, done=body.done), alert_id
    )


async def _usual(usuals: Usuals, backend: ConsoleBackend, event: AlertEvent) -> UsualBefore | None:
    """Return what was usual in the hour before the onset; nothing where the store is away or has too little."""
    if event.sensor is None or backend.sensor(event.sensor) is None:
        return None
    since = datetime.fromisoformat(event.onset or event.time)
    try:
        return await usuals.before(backend, event.sensor, round(since.timestamp() * 1000) * NS_PER_MS)
    except StoreError:
        return None


def _regrouped_json(console: Console, row: AlertRow, scope: Scope) -> list[dict[str, Any]]:
    incident = incident_of(row.event, console.backend.incident)
    if incident is None or not scope.sees(place_of_enterprise(console, incident.enterprise)):
        return []
    return regroupings(incident, row.opened or row.event.time)


def _record_json(
    backend: ConsoleBackend, record: Record, row: AlertRow, scope: Scope, telling: Telling | None
) -> dict[str, Any]:
    sensor = row.event.sensor

    def named(person: str | None) -> dict[str, str] | None:
        return None if person is None else both(backend.name_of(person))

    return {
        "events": [entry(as_read(event, telling)) for event in record.events],
        "left_out": record.left_out,
        "deliveries": [
            {**delivery_json(one, telling), "person_name": named(one.person)} for one in record.deliveries
        ],
        "checklist": [asdict(step) for step in checklist(record.events)],
        "similar": [
            likeness(events, sensor)
            for events in record.similar
            if events and scope.sees(place_of(events[0]))
        ],
    }


def _grades_json(table: GradeTable) -> dict[str, Any]:
    columns = list(SourceGrade)
    return {
        "columns": [column.roman for column in columns],
        "rows": [
            {"urgency": urgency, "grades": [table.cells[urgency, column].label for column in columns]}
            for urgency in URGENCIES
        ],
        "unknown_source": table.unknown_source.roman,
    }


def _usual_json(usual: UsualBefore | None) -> dict[str, Any] | None:
    if usual is None:
        return None
    return {
        "start_ms": usual.start_ns / NS_PER_MS,
        "end_ms": usual.end_ns / NS_PER_MS,
        "median": usual.median,
        "low": usual.low,
        "high": usual.high,
    }


def _outlook_json(outlook: Outlook | None) -> dict[str, Any] | None:
    if outlook is None:
        return None
    usual = outlook.usual
    return {
        "usual": None if usual is None else asdict(usual),
        "ahead": None if outlook.ahead is None else _ahead_json(outlook.ahead),
    }


def _ahead_json(ahead: Ahead) -> dict[str, Any]:
    return {
        "t_ms": ahead.t_ns / NS_PER_MS,
        "value": ahead.value,
        "slope": ahead.slope,
        "low": ahead.low,
        "high": ahead.high,
        "span_s": ahead.span_s,
        "left_s": ahead.left_s,
        "limit_name": LIMIT_NAMES[ahead.limit],
        "limit": ahead.limit_value,
    }


def _next_json(backend: ConsoleBackend, alert_id: str, telling: Telling | None) -> dict[str, Any] | None:
    upcoming = backend.alerts.upcoming(alert_id)
    if upcoming is None:
        return None
    return {
        "chain": upcoming.chain,
        "level": upcoming.level,
        "of": upcoming.of,
        "due_ms": None if upcoming.due_ns is None else upcoming.due_ns / NS_PER_MS,
        "held": upcoming.held,
        "people": [
            asdict(one) | ({} if telling is None else telling.reached_by(one.receivers))
            for one in upcoming.people
        ],
    }


def _surroundings_json(around: Surroundings, scope: Scope) -> dict[str, Any]:
    def seen(readings: Iterable[Reading | None]) -> Sequence[dict[str, Any] | None]:
        return [_reading_json(one) if one and scope.sees(one.facts.place) else None for one in readings]

    speed, direction = seen([around.wind_speed, around.wind_direction])
    beside = [one for one in around.neighbours if scope.sees(one.reading.facts.place)]
    return {
        "neighbours": [{**_reading_json(one.reading), "by": one.by} for one in beside],
        "wind": None if speed is None and direction is None else {"speed": speed, "direction": direction},
    }


def _reading_json(reading: Reading) -> dict[str, Any]:
    facts = reading.facts
    return {
        "sensor": facts.id,
        "type": facts.type,
        "unit": facts.unit,
        "description": facts.description,
        "t_ms": None if reading.t_ns is None else reading.t_ns / NS_PER_MS,
        "value": reading.value,
    }
