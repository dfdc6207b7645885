"""`hazwatch routes`: what the routes file would do with an alert."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.table import Table

from alerting.texts import both, local_time, rfc3339, with_local_times
from registry.plant import Text
from service.commands.answers import say
from service.commands.inputs import time_of
from service.terminal import terminal
from service.warm import use_compile_cache, user_cache

if TYPE_CHECKING:
    from alerting.escalation.explain import Called
    from alerting.events import AlertEvent
    from alerting.explain import Explained
    from service.pipeline import Plan

app = typer.Typer(no_args_is_help=True, help="What the routes file does with an alert.")


@app.callback()
def _overview() -> None:
    """What the routes file does with an alert."""


@app.command()
def explain(
    alert: Annotated[
        Path, typer.Argument(help="an alert line as JSON, or a few of its fields: grade, kind, sensor")
    ],
    at: Annotated[
        str | None, typer.Option(help="when it happens, RFC 3339; otherwise the alert's own time, or now")
    ] = None,
    config: Annotated[Path, typer.Option(help="hazwatch.yaml")] = Path("hazwatch.yaml"),
    *,
    json: Annotated[bool, typer.Option("--json", help="print one JSON object instead of tables")] = False,
) -> None:
    """Say who would be told of an alert, when, through what and by which rule, and who not and why.

    Nothing is told to anybody. Silences and people put on duty by command belong to a running service and are not known
    here.
    """
    use_compile_cache(user_cache())
    from service.plan import load  # noqa: PLC0415 - imports numba, whose cache has its place only now
    from service.sample import alert_of  # noqa: PLC0415 - as above

    loaded = load(config)
    for warning in loaded.warnings:
        say(f"warning: {warning}")
    plan = loaded.plan
    event = alert_of(alert, plan.registry, time.time_ns() if at is None else time_of("--at", at))
    at_ns = time_of(f"{alert}: time", event.time) if at is None else time_of("--at", at)
    routes, calls = _explained(plan, event, at_ns)
    if json:
        answer = {
            "at": rfc3339(at_ns),
            "alert": event,
            "routes": [_route_row(one) for one in routes],
            "calls": [_call_row(one) for one in calls],
        }
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        return
    _show(event, at_ns, routes, calls, ZoneInfo(loaded.settings.reports.time_zone))


def _explained(
    plan: "Plan", event: "AlertEvent", at_ns: int
) -> tuple[tuple["Explained", ...], tuple["Called", ...]]:
    from alerting.dispatch import Dispatcher  # noqa: PLC0415 - imports numba, as above
    from alerting.escalation.chosen import chain_by_route  # noqa: PLC0415 - as above
    from alerting.escalation.explain import explain_calls  # noqa: PLC0415 - as above
    from alerting.routing import Router  # noqa: PLC0415 - as above

    routes = Dispatcher(plan.routes, plan.registry).explain(event, at_ns)
    chain_of = chain_by_route(Router(plan.routes.root, plan.registry))
    areas = plan.registry.plant.areas
    return routes, explain_calls(plan.routes.escalation, areas, chain_of, event, at_ns)


def _route_row(one: "Explained") -> dict[str, Any]:
    return {
        "route": one.path,
        "receiver": one.receiver,
        "matched": one.matched,
        "when": None if one.when_ns is None else rfc3339(one.when_ns),
        "reason": both(one.reason),
    }


def _call_row(one: "Called") -> dict[str, Any]:
    return {
        "person": one.person,
        "name": both(one.name),
        "receiver": one.receiver,
        "when": None if one.when_ns is None else rfc3339(one.when_ns),
        "reason": both(one.reason),
    }


def _show(
    event: "AlertEvent",
    at_ns: int,
    routes: tuple["Explained", ...],
    calls: tuple["Called", ...],
    zone: ZoneInfo,
) -> None:
    console = terminal()

    def told_of(reason: Text) -> str:
        return with_local_times(f"{reason.en}\n{reason.zh}", zone)

    console.print(
        f"{event.grade} {event.kind} {event.sensor or '-'} {event.event} {local_time(rfc3339(at_ns), zone)}",
    )
    told = _table("told / 通知", "when / 时间", "receiver / 接收方", "route / 路由", "why / 原因")
    held = _table("not told / 不通知", "receiver / 接收方", "route / 路由", "why not / 原因")
    for one in routes:
        why = told_of(one.reason)
        if one.when_ns is None:
            held.add_row(one.receiver or "-", one.path, why)
        else:
            told.add_row(_after(one.when_ns - at_ns), one.receiver or "-", one.path, why)
    calling = "called while nobody acknowledges / 无人确认时依次呼叫"
    called = _table(calling, "when / 时间", "person / 人员", "receiver / 接收方", "why / 原因")
    spared = _table("not called / 不呼叫", "person / 人员", "why not / 原因")
    for call in calls:
        why = told_of(call.reason)
        name = f"{call.name.en}\n{call.name.zh}" if call.name.en != call.name.zh else call.name.en
        if call.when_ns is None:
            spared.add_row(name, why)
        else:
            called.add_row(_after(call.when_ns - at_ns), name, call.receiver, why)
    for table in (told, held, called, spared):
        if table.row_count:
            console.print(table)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title)
    for column in columns:
        table.add_column(column, overflow="fold")  # a reason is never cut short
    return table


def _after(span_ns: int) -> str:
    """Return how long after the alert: ``+3:00`` for three minutes."""
    minutes, seconds = divmod(span_ns // 10**9, 60)
    return f"+{minutes}:{seconds:02}"
