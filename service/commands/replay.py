"""`hazwatch replay`: the same pipeline offline, over a recording, a journal or a range of a store."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from registry.faults import Fault, InputError
from service.commands.answers import COMMAND_LINE, say
from service.commands.inputs import feed_of, plan_of, settings_or_source, span_of, warmed
from service.commands.options import Decimal, Delimiter, TimeColumn, TimeZone, To
from service.keyboard import keyboard
from service.pacing import Pacing
from service.terminal import terminal
from service.warm import use_compile_cache, user_cache, warm_up
from sim.layout import Options
from sim.publish import parse_speed
from sim.writing import time_texts

if TYPE_CHECKING:
    from service.pipeline import Plan
    from service.replaying import Tally
    from service.tuning.feed import Feed

_STORE_WARM_UP_H = 1.0


def command(  # noqa: PLR0917 - one parameter an option
    ctx: typer.Context,
    source: Annotated[
        Path | None,
        typer.Argument(
            help="CSV, NDJSON or Parquet recording, a ledger (its file or state folder), an embedded store's file;"
            " or hazwatch.yaml, for a range of its store"
        ),
    ] = None,
    config: Annotated[Path | None, typer.Option(help="hazwatch.yaml")] = None,
    points: Annotated[Path | None, typer.Option(help="points table, where there is no hazwatch.yaml")] = None,
    speed: Annotated[str, typer.Option(help="max, 10x, 1x")] = "max",
    alerts: Annotated[Path | None, typer.Option(help="writes alert lines (NDJSON)")] = None,
    findings: Annotated[Path | None, typer.Option(help="writes finding lines (NDJSON)")] = None,
    scores: Annotated[
        Path | None, typer.Option(help="writes time,sensor,score of each reading (CSV)")
    ] = None,
    from_: Annotated[str | None, typer.Option("--from", help="tells from this time on, RFC 3339")] = None,
    to: To = None,
    warm_up_h: Annotated[
        float | None,
        typer.Option(
            "--warm-up",
            min=0.0,
            help="hours before --from that are run without telling; all there are, of the settings' store 1",
        ),
    ] = None,
    delimiter: Delimiter = None,
    decimal: Decimal = None,
    time_column: TimeColumn = None,
    time_zone: TimeZone = None,
) -> None:
    """Run a recording, a journal or a range of a store through the pipeline and say what it found."""
    if source is None and config is None:
        what = "a SOURCE, or --config with --from and --to for a range of its store"
        raise typer.BadParameter(f"replay what? {what}", ctx, param_hint="SOURCE")
    factor = _speed(speed)
    use_compile_cache(user_cache())
    source, config = settings_or_source(source, config)
    told = span_of(from_, to)
    if source is None and warm_up_h is None:
        warm_up_h = _STORE_WARM_UP_H
    options = Options(delimiter=delimiter, decimal=decimal, time_column=time_column, time_zone=time_zone)
    with feed_of(source, config, options, warmed(told, warm_up_h)) as feed:
        plan = plan_of(config, points, feed.names)
        warm_up()
        from_ns = None if from_ is None else told.start_ns
        tally = _play(feed, plan, (alerts, findings, scores), factor, from_ns)
    if not tally.readings and (from_ is not None or to is not None):
        file, message = str(source or config), f"there is no reading from {from_ or '…'} to {to or '…'}"
        raise InputError([Fault(file=file, where="", message=message)])


def _play(
    feed: "Feed", plan: "Plan", paths: tuple[Path | None, ...], factor: float | None, from_ns: int | None
) -> "Tally":
    from service.playing import Player  # noqa: PLC0415 - imports numba, whose cache has its place only now
    from service.replaying import Columns, Outputs  # noqa: PLC0415 - as above

    if unknown := Columns(plan.registry).unknown(feed.names):
        say(f"not in the points table, left out: {', '.join(unknown)}")
    with Outputs(plan.registry, *paths) as outputs, keyboard() as keys:
        pacing = Pacing(factor, from_ns)
        tally = Player(
            plan=plan, feed=feed, outputs=outputs, pacing=pacing, keyboard=keys, from_ns=from_ns
        ).play()
    for line in feed.told():
        say(line)
    for what, first in (("late / 迟到", tally.first_late), ("doubled / 重复", tally.first_duplicate)):
        if first is not None:
            say(f"first {what}: {plan.registry.specs[first[0]].id}, {time_texts([first[1]])[0]}")
    _show(tally, len(plan.registry))
    return tally


def _speed(text: str) -> float | None:
    try:
        return parse_speed(text)
    except ValueError:
        raise InputError(
            [
                Fault(
                    file=COMMAND_LINE,
                    where="--speed",
                    message=f"{text!r} is no speed",
                    allowed="max, or a factor such as 10x",
                )
            ]
        ) from None


def _show(tally: "Tally", sensors: int) -> None:
    console = terminal(stderr=True)
    facts = Table(show_header=False, title="replay / 回放")
    span = (
        [] if tally.first_ns is None or tally.last_ns is None else time_texts([tally.first_ns, tally.last_ns])
    )
    rows: list[tuple[str, Any]] = [
        ("sensors / 测点", sensors),
        ("readings / 读数", tally.readings),
        ("late, doubled / 迟到、重复", f"{tally.late}, {tally.duplicates}"),
        ("from, to / 起止", " … ".join(span)),
        ("findings / 发现", tally.findings),
        ("alerts opened / 报警", sum(tally.opened.values())),
        ("readings/s / 速率", f"{tally.readings / tally.seconds:,.0f}" if tally.seconds else ""),
    ]
    for name, value in rows:
        facts.add_row(name, f"{value:,}" if isinstance(value, int) else str(value))
    console.print(facts)
    if tally.opened:
        opened = Table("kind", "grade", "opened")
        for (kind, grade), count in sorted(tally.opened.items()):
            opened.add_row(kind, grade, str(count))
        console.print(opened)
