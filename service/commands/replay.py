"""`hazwatch replay`: the same pipeline offline, over a recording or a journal."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from ledger.errors import LedgerError
from ledger.reader import open_readonly
from registry.faults import Fault, InputError
from service.commands.answers import COMMAND_LINE, end, say
from service.commands.inputs import is_ledger, plan_of
from service.commands.options import Decimal, Delimiter, TimeColumn, TimeZone
from service.warm import use_compile_cache, user_cache, warm_up
from sim.layout import Options
from sim.publish import parse_speed
from sim.recording import Recording, open_recording

if TYPE_CHECKING:
    from service.pipeline import Plan
    from service.replaying import Tally


def command(  # noqa: PLR0917 - one parameter an option
    source: Annotated[
        Path, typer.Argument(help="CSV, NDJSON or Parquet recording, or a ledger (its file or state folder)")
    ],
    config: Annotated[Path | None, typer.Option(help="hazwatch.yaml")] = None,
    points: Annotated[Path | None, typer.Option(help="points table, where there is no hazwatch.yaml")] = None,
    speed: Annotated[str, typer.Option(help="max, 10x, 1x")] = "max",
    alerts: Annotated[Path | None, typer.Option(help="writes alert lines (NDJSON)")] = None,
    findings: Annotated[Path | None, typer.Option(help="writes finding lines (NDJSON)")] = None,
    scores: Annotated[
        Path | None, typer.Option(help="writes time,sensor,score of each reading (CSV)")
    ] = None,
    delimiter: Delimiter = None,
    decimal: Decimal = None,
    time_column: TimeColumn = None,
    time_zone: TimeZone = None,
) -> None:
    """Run a recording or a journal through the pipeline and say what it found."""
    factor = _speed(speed)
    use_compile_cache(user_cache())
    if is_ledger(source):
        _replay_ledger(source, config, points, (alerts, findings, scores))
        return
    options = Options(delimiter=delimiter, decimal=decimal, time_column=time_column, time_zone=time_zone)
    recording = open_recording(source, options)
    for line in recording.layout.describe():
        say(line.en)
    plan = plan_of(config, points, recording.sensor_names())
    warm_up()
    _replay_recording(recording, plan, (alerts, findings, scores), factor)


Paths = tuple[Path | None, Path | None, Path | None]


def _replay_recording(recording: Recording, plan: "Plan", paths: Paths, factor: float | None) -> None:
    from detectors.clock import Clock  # noqa: PLC0415 - imports numba, whose cache has its place only now
    from service.pipeline import Pipeline  # noqa: PLC0415 - as above
    from service.replaying import Columns, Outputs, replay_recording  # noqa: PLC0415 - as above

    columns = Columns(plan.registry)
    unknown = columns.unknown(recording.sensor_names())
    if unknown:
        say(f"not in the points table, left out: {', '.join(unknown)}")
    pipeline = Pipeline(replace(plan, clock=Clock.EVENT))
    with Outputs(plan.registry, *paths) as outputs:
        tally = replay_recording(pipeline, recording, columns, outputs, factor)
    for text in recording.report.describe():
        say(text.en)
    _show(tally, len(plan.registry))


def _replay_ledger(source: Path, config: Path | None, points: Path | None, paths: Paths) -> None:
    from service.pipeline import Pipeline  # noqa: PLC0415 - imports numba, whose cache has its place only now
    from service.replaying import Outputs, replay_journal  # noqa: PLC0415 - as above

    if config is None:
        raise InputError(
            [
                Fault(
                    file=str(source),
                    where="",
                    message="a journal needs the settings it was made with",
                    allowed="--config hazwatch.yaml",
                )
            ]
        )
    plan = plan_of(config, points, ())
    warm_up()
    try:
        with open_readonly(source) as ledger, Outputs(plan.registry, *paths) as outputs:
            tally = replay_journal(Pipeline(plan), ledger.entries(), outputs)
    except LedgerError as error:
        end(f"error: {error}")
    _show(tally, len(plan.registry))


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
    from sim.writing import time_texts  # noqa: PLC0415 - only here

    console = Console(stderr=True)
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
