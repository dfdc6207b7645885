"""`hazwatch score`: the early-warning panel of an alert stream against the truth of a simulation."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE
from rich.table import Table

from registry.faults import Fault, InputError
from registry.sensors import SensorRegistry
from service.commands.answers import COMMAND_LINE, say
from service.commands.inputs import plan_of, shown_progress
from service.commands.options import Decimal, Delimiter, TimeColumn, TimeZone
from service.terminal import terminal
from service.warm import use_compile_cache, user_cache
from sim.layout import Options
from sim.recording import open_recording

if TYPE_CHECKING:
    from registry.readings import ReadingBlock
    from service.score.compare import Readings, Recordings, Sample
    from service.score.curve import Curve
    from service.score.report import Beside, Report
    from service.score.scoring import Scored


_NAME_WIDTH, _FEW = 10, 4
"""A wide table keeps its figures whole and room for its names on a terminal of 80 columns."""


def command(
    *,
    alerts: Annotated[Path, typer.Option(help="alert lines (NDJSON), as replay writes them")],
    truth: Annotated[Path, typer.Option(help="truth (JSON), as sim writes it")],
    json: Annotated[bool, typer.Option("--json", help="prints the report as JSON")] = False,
    html: Annotated[Path | None, typer.Option(help="writes the report as one page")] = None,
    config: Annotated[
        Path | None, typer.Option(help="hazwatch.yaml: which sensors and sources there are")
    ] = None,
    points: Annotated[Path | None, typer.Option(help="points table, where there is no hazwatch.yaml")] = None,
    operators: Annotated[
        int, typer.Option(min=1, help="between how many operators the alerts are shared")
    ] = 1,
    readings: Annotated[
        Path | None, typer.Option(help="the recording: fixed limits are run on it beside")
    ] = None,
    beside: Annotated[str, typer.Option(help="more beside: ewma, cusum, river, rcf3, with commas")] = "",
    calibrate: Annotated[
        Path | None,
        typer.Option(help="recording that thresholds are set on; else the first third of --readings"),
    ] = None,
    calibrate_truth: Annotated[Path | None, typer.Option(help="its truth")] = None,
    sample_sensors: Annotated[int, typer.Option(min=1, help="sensors that river and rcf3 get")] = 12,
    sample_hours: Annotated[float, typer.Option(min=0.1, help="hours that river and rcf3 get")] = 24.0,
    scores: Annotated[
        Path | None, typer.Option(help="scores of replay --scores (CSV), for a finer curve")
    ] = None,
    delimiter: Delimiter = None,
    decimal: Decimal = None,
    time_column: TimeColumn = None,
    time_zone: TimeZone = None,
) -> None:
    """Say how early, how often falsely and how gravely alerts told of what really happened."""
    _check(points or config, {"--readings": readings, "--scores": scores})
    _check(readings, {"--beside": beside or None, "--calibrate": calibrate})
    _check(calibrate, {"--calibrate-truth": calibrate_truth})
    _check(calibrate_truth, {"--calibrate": calibrate})
    wanted = _wanted(beside)
    registry = None
    if points is not None or config is not None:
        use_compile_cache(user_cache())
        registry = plan_of(config, points, ()).registry
    from service.score.compare import Sample  # noqa: PLC0415 - scipy, only where something is scored
    from service.score.scoring import read, report_of  # noqa: PLC0415 - as above

    scored = read(alerts, truth, registry, operators)
    options = Options(delimiter=delimiter, decimal=decimal, time_column=time_column, time_zone=time_zone)
    tables: list[Beside] = []
    curves: list[Curve] = []
    if registry is not None and readings is not None:
        recordings = _recordings(registry, readings, calibrate, calibrate_truth, options)
        sample = Sample(sensors=sample_sensors, hours=sample_hours)
        tables, curves = _compared(scored, registry, recordings, wanted, sample)
    if registry is not None and scores is not None:
        curves.insert(0, _by_score(scored, registry, scores))
    _answer(report_of(scored, tables, curves), html, as_json=json)


def _check(needed: object, options: dict[str, object]) -> None:
    """Raise where an option is given without one that it needs."""
    needs = {
        "--readings": "--config or --points",
        "--scores": "--config or --points",
        "--calibrate": "--readings, and --calibrate-truth",
        "--calibrate-truth": "--calibrate",
        "--beside": "--readings",
    }
    faults = [
        Fault(file=COMMAND_LINE, where=name, message="cannot stand alone", allowed=f"with {needs[name]}")
        for name, value in options.items()
        if value is not None and needed is None
    ]
    if faults:
        raise InputError(faults)


def _wanted(beside: str) -> list[str]:
    from service.score.compare import NAMES  # noqa: PLC0415 - as above

    names = [name.strip() for name in beside.split(",") if name.strip()]
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        message = f"no such comparator: {', '.join(unknown)}"
        raise InputError(
            [Fault(file=COMMAND_LINE, where="--beside", message=message, allowed=", ".join(NAMES))]
        )
    return names


def _recordings(
    registry: SensorRegistry,
    readings: Path,
    calibrate: Path | None,
    calibrate_truth: Path | None,
    options: Options,
) -> "Recordings":
    from service.score.compare import Recordings  # noqa: PLC0415 - as above
    from service.score.truth_file import load_truth  # noqa: PLC0415 - as above

    other = None
    if calibrate is not None and calibrate_truth is not None:
        other = (_blocks(registry, calibrate, options), load_truth(calibrate_truth, registry.index))
    return Recordings(scored=_blocks(registry, readings, options), calibration=other)


def _blocks(registry: SensorRegistry, path: Path, options: Options) -> "Readings":
    """Return the recording as blocks, to be gone over again and again; sensors that are not in the table are told."""
    from service.replaying import Columns  # noqa: PLC0415 - imports numba, whose cache has its place only now

    recording, columns = open_recording(path, options), Columns(registry)
    if unknown := columns.unknown(recording.sensor_names()):
        say(f"{path}: not in the points table, left out: {', '.join(unknown)}")

    def blocks() -> Iterable["ReadingBlock"]:
        return (columns.block(chunk) for chunk in recording)

    return blocks


def _compared(
    scored: "Scored", registry: SensorRegistry, recordings: "Recordings", wanted: list[str], sample: "Sample"
) -> tuple[list["Beside"], list["Curve"]]:
    from service.score.compare import compare  # noqa: PLC0415 - as above

    with shown_progress() as shown:
        return compare(scored, registry, recordings, wanted=wanted, sample=sample, progress=_told(shown))


def _told(shown: Callable[[str, int], None]) -> Callable[[int], None]:
    return lambda readings: shown("comparators / 对照", readings)


def _by_score(scored: "Scored", registry: SensorRegistry, scores: Path) -> "Curve":
    from service.score.by_score import curve_of_scores  # noqa: PLC0415 - as above

    with shown_progress() as shown:
        return curve_of_scores(scored, registry, scores, _told(shown))


def _answer(report: "Report", html: Path | None, *, as_json: bool) -> None:
    from service.score.as_json import encode  # noqa: PLC0415 - as above
    from service.score.page import page  # noqa: PLC0415 - as above

    if html is not None:
        html.write_text(page(report), encoding="utf-8")
        say(f"page / 页面: {html}")
    if as_json:
        sys.stdout.buffer.write(encode(report))
        sys.stdout.buffer.flush()
        return
    _show(report)


def _show(report: "Report") -> None:
    from service.score.tables import tables_of  # noqa: PLC0415 - as above
    from service.score.words import both  # noqa: PLC0415 - as above

    console = terminal()
    for told in tables_of(report):
        table = Table(
            title=both(told.title),
            show_header=any(told.head),
            box=SIMPLE,
            padding=(0, 1, 0, 0),
            pad_edge=False,
        )
        for k, head in enumerate(told.head):
            whole = k > 0 and len(told.head) > _FEW
            table.add_column(head, min_width=_NAME_WIDTH if k == 0 else None, no_wrap=whole, overflow="fold")
        for row in told.rows:
            table.add_row(*row)
        console.print(table)
    for note in report.notes:
        console.print(f"· {note.zh}\n  {note.en}", highlight=False)
