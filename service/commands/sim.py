"""`hazwatch sim`: simulated or recorded readings, to a file or to a broker, with the labelled truth."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from ingest.mqtt import MqttSettings
from registry.defaults import TypeDefaults
from registry.faults import Fault, InputError, errors_in
from registry.plant import Plant
from registry.points import load_points
from registry.sensors import SensorType
from service.commands.answers import COMMAND_LINE, NO_SERVER, USAGE, end, say
from service.commands.connection import connection
from service.commands.inputs import feed_of, is_duckdb, span_of, time_of
from service.warm import use_compile_cache, user_cache
from sim.layout import Options
from sim.outgoing import DEFAULT_ENTERPRISE, Addresses, Packer, Shape
from sim.publish import BrokerUnreachableError, Publisher, parse_speed, publish
from sim.recorded import Recorded
from sim.recording import open_recording
from sim.scenarios import DEMO_START_NS, list_scenarios, simulate, truth_of
from sim.writing import write_readings, write_truth

NO_ENTERPRISE = "-"
_NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Input:
    """Where readings come from; `chunks` can be called again for another pass."""

    chunks: Callable[[], Iterable[Recorded]]
    truth: Callable[[], dict[str, object]] | None


def command(
    scenario: Annotated[
        str | None,
        typer.Argument(help="a scenario's name, or the path of a recording or of an embedded store's file"),
    ] = None,
    *,
    list_: Annotated[bool, typer.Option("--list", help="lists the scenarios")] = False,
    seed: Annotated[int, typer.Option(min=0, help="the same seed gives the same readings")] = 1,
    hours: Annotated[float, typer.Option(help="simulated hours")] = 1.0,
    out: Annotated[Path | None, typer.Option(help="writes readings: .csv, .csv.gz or .parquet")] = None,
    truth: Annotated[Path | None, typer.Option(help="writes the labelled truth (JSON)")] = None,
    mqtt: Annotated[
        str | None, typer.Option(help="publishes to this broker, mqtt://host:port or mqtts://…")
    ] = None,
    speed: Annotated[str, typer.Option(help="max, 100x, 1x")] = "1x",
    shift_to: Annotated[
        str | None,
        typer.Option(help="publishes all times shifted: the first reading's is now, or this one, RFC 3339"),
    ] = None,
    points: Annotated[
        Path | None, typer.Option(help="points table that says to which enterprise a sensor belongs")
    ] = None,
    enterprise: Annotated[
        str, typer.Option(help="enterprise of sensors that no table names")
    ] = DEFAULT_ENTERPRISE,
    shape: Annotated[Shape, typer.Option(help="one message a time, or one a reading")] = Shape.BATCH,
    username: Annotated[str | None, typer.Option(help="user name at the broker")] = None,
    password_file: Annotated[Path | None, typer.Option(help="file that holds the password")] = None,
    ca: Annotated[Path | None, typer.Option(help="CA certificates to trust, PEM")] = None,
    cert: Annotated[Path | None, typer.Option(help="client certificate, PEM")] = None,
    key: Annotated[Path | None, typer.Option(help="its key, PEM")] = None,
    delimiter: Annotated[str | None, typer.Option(help="recording: CSV delimiter")] = None,
    decimal: Annotated[str | None, typer.Option(help="recording: decimal sign, . or ,")] = None,
    time_column: Annotated[str | None, typer.Option(help="recording: name of the time column")] = None,
    time_zone: Annotated[str | None, typer.Option(help="recording: zone of times that carry none")] = None,
) -> None:
    """Simulate a scenario, or take a recording, and write or publish its readings."""
    if list_:
        _show_scenarios()
        return
    if scenario is None:
        end("error: which scenario? `hazwatch sim --list` shows them", USAGE)
    if out is None and truth is None and mqtt is None:
        end("error: nowhere to put it: --out, --truth or --mqtt", USAGE)
    options = Options(delimiter=delimiter, decimal=decimal, time_column=time_column, time_zone=time_zone)
    given = _input(scenario, seed, hours, options)
    if truth is not None:
        if given.truth is None:
            raise InputError(
                [Fault(file=scenario, where="--truth", message="a recording has no labelled truth")]
            )
        write_truth(given.truth(), truth)
        say(f"truth: {truth}")
    if out is not None:
        say(f"{write_readings(given.chunks(), out):,} readings: {out}")
    if mqtt is not None:
        settings = connection(mqtt, username, password_file, ca, cert, key)
        addresses = Addresses(_mapping(points) if points else None, enterprise)
        packer = Packer(addresses, shape, first_at_ns=_first_at_ns(shift_to))
        _publish(given.chunks(), settings, packer, _factor(speed))


def _input(scenario: str, seed: int, hours: float, options: Options) -> _Input:
    known = {s.name for s in list_scenarios()}
    if scenario not in known and is_duckdb(Path(scenario)):
        return _Input(chunks=lambda: _stored(Path(scenario)), truth=None)
    if scenario not in known and (Path(scenario).exists() or "." in scenario or "/" in scenario):
        recording = open_recording(Path(scenario), options)
        for line in recording.layout.describe():
            say(line.en)
        return _Input(chunks=lambda: recording, truth=None)
    return _Input(
        chunks=lambda: simulate(scenario, seed, hours, DEMO_START_NS),
        truth=lambda: truth_of(scenario, seed, hours, DEMO_START_NS),
    )


def _stored(path: Path) -> Iterator[Recorded]:
    """Yield what the file of an embedded store has."""
    use_compile_cache(user_cache())
    with feed_of(path, None, Options(), span_of(None, None)) as feed:
        yield from (item for item in feed.items() if isinstance(item, Recorded))


def _first_at_ns(shift_to: str | None) -> int | None:
    """Return the time that the first reading is given; now is a whole millisecond, as times on the wire are."""
    if shift_to is None:
        return None
    if shift_to.strip().lower() == "now":
        return time.time_ns() // _NS_PER_MS * _NS_PER_MS
    return time_of("--shift-to", shift_to)


def _mapping(points: Path) -> dict[str, tuple[str, str]]:
    """Return where each sensor of a points table goes, by its full id and by its bare name."""
    specs, faults = load_points(points, Plant(), {kind: TypeDefaults() for kind in SensorType})
    if errors_in(faults):
        raise InputError(faults)
    mapping = {spec.sensor: (spec.enterprise or NO_ENTERPRISE, spec.sensor) for spec in reversed(specs)}
    return mapping | {spec.id: (spec.enterprise or NO_ENTERPRISE, spec.sensor) for spec in specs}


def _publish(
    chunks: Iterable[Recorded], settings: MqttSettings, packer: Packer, factor: float | None
) -> None:
    console = Console(stderr=True)
    try:
        with Publisher(settings) as publisher, Progress(console=console, transient=True) as progress:
            task = progress.add_task("publishing", total=None)

            def counted() -> Iterable[Recorded]:
                for chunk in chunks:
                    yield chunk
                    progress.advance(task, len(chunk))

            done = publish(counted(), publisher, packer, factor)
    except BrokerUnreachableError as error:
        end(f"error: {error}", NO_SERVER)
    rate = done.readings / done.elapsed_s if done.elapsed_s else 0.0
    say(f"published {done.readings:,} readings in {done.messages:,} messages, {rate:,.0f} readings/s")


def _factor(speed: str) -> float | None:
    try:
        return parse_speed(speed)
    except ValueError:
        allowed = "max, or a factor such as 100x"
        raise InputError(
            [Fault(file=COMMAND_LINE, where="--speed", message=f"{speed!r} is no speed", allowed=allowed)]
        ) from None


def _show_scenarios() -> None:
    table = Table("scenario", "sensors", "what happens / 内容")
    for scenario in list_scenarios():
        table.add_row(scenario.name, str(scenario.sensors), f"{scenario.text.zh}\n{scenario.text.en}")
    Console().print(table)
