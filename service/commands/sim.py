"""`hazwatch sim`: simulated or recorded readings, to a file or to a broker, with the labelled truth."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
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
from service.terminal import terminal
from service.warm import use_compile_cache, user_cache
from sim.layout import Options
from sim.outgoing import DEFAULT_ENTERPRISE, Addresses, Packer, Packing, Shape, Wire
from sim.publish import BrokerUnreachableError, connections, parse_speed, publish
from sim.recorded import Recorded
from sim.recording import open_recording
from sim.scenarios import DEMO_START_NS, find_scenario, list_scenarios, seconds_of
from sim.sparkplug import SparkplugPacker
from sim.writing import write_readings, write_settings, write_truth

NO_ENTERPRISE = "-"
_PACKERS: Mapping[Wire, type[Packer | SparkplugPacker]] = {
    Wire.JSON: Packer,
    Wire.SPARKPLUG: SparkplugPacker,
}
_NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Input:
    """Where readings come from; `chunks` can be called again for another pass."""

    chunks: Callable[[], Iterable[Recorded]]
    truth: Callable[[], dict[str, object]] | None = None
    settings: Callable[[], Mapping[str, str]] | None = None
    span_ns: tuple[int, int] | None = None
    quality: bool = False


def command(
    scenario: Annotated[
        str | None,
        typer.Argument(
            help="a scenario's name, the path of a scenario.yaml, of a recording or of an embedded store's file"
        ),
    ] = None,
    *,
    list_: Annotated[bool, typer.Option("--list", help="lists the scenarios")] = False,
    seed: Annotated[int, typer.Option(min=0, help="the same seed gives the same readings")] = 1,
    hours: Annotated[float, typer.Option(help="simulated hours")] = 1.0,
    out: Annotated[Path | None, typer.Option(help="writes readings: .csv, .csv.gz or .parquet")] = None,
    truth: Annotated[Path | None, typer.Option(help="writes the labelled truth (JSON)")] = None,
    settings: Annotated[
        Path | None, typer.Option(help="writes the scenario's hazwatch.yaml and what it names into a folder")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="processes that simulate; as many as cores unless told")
    ] = None,
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
    gather: Annotated[
        float, typer.Option(min=0, max=3600, help="batch: seconds whose readings go into one message")
    ] = 0.0,
    wire: Annotated[Wire, typer.Option(help="format of the messages")] = Wire.JSON,
    clients: Annotated[
        int, typer.Option(min=1, max=1000, help="connections; an enterprise's sensors share one")
    ] = 1,
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
    if out is None and truth is None and mqtt is None and settings is None:
        end("error: nowhere to put it: --out, --truth, --settings or --mqtt", USAGE)
    options = Options(delimiter=delimiter, decimal=decimal, time_column=time_column, time_zone=time_zone)
    given = _input(scenario, seed, hours, workers or os.cpu_count() or 1, options)
    for option, what, asked in (
        ("--truth", "labelled truth", truth is not None and given.truth is None),
        ("--settings", "settings", settings is not None and given.settings is None),
    ):
        if asked:
            raise InputError([Fault(file=scenario, where=option, message=f"a recording has no {what}")])
    if settings is not None and given.settings is not None:
        say(f"settings: {write_settings(given.settings(), settings)}")
    if out is not None:
        say(f"{write_readings(_shown(given), out, quality=given.quality):,} readings: {out}")
    if truth is not None and given.truth is not None:
        write_truth(given.truth(), truth)
        say(f"truth: {truth}")
    if mqtt is not None:
        broker = connection(mqtt, username, password_file, ca, cert, key)
        addresses = Addresses(_mapping(points) if points else None, enterprise)
        packing = _PACKERS[wire](
            addresses, shape, lanes=clients, gather_s=gather, first_at_ns=_first_at_ns(shift_to)
        )
        _publish(given.chunks(), broker, packing, clients, _factor(speed))


def _input(name: str, seed: int, hours: float, workers: int, options: Options) -> _Input:
    known = {s.name for s in list_scenarios()}
    if name not in known and is_duckdb(Path(name)):
        return _Input(chunks=lambda: _stored(Path(name)))
    is_scenario = name in known or Path(name).suffix in {".yaml", ".yml"}
    if not is_scenario and (Path(name).exists() or "." in name or "/" in name):
        recording = open_recording(Path(name), options)
        for line in recording.layout.describe():
            say(line.en)
        return _Input(chunks=lambda: recording)
    scenario, seconds = find_scenario(name), seconds_of(hours)
    given = (seed, DEMO_START_NS, seconds)
    spread = scenario.spread
    return _Input(
        chunks=lambda: scenario.readings(*given) if spread is None else spread(*given, workers),
        truth=lambda: scenario.truth(*given),
        settings=scenario.settings,
        span_ns=(DEMO_START_NS, seconds * 1_000_000_000),
        quality=scenario.quality,
    )


def _shown(given: _Input) -> Iterator[Recorded]:
    """Yield the readings, with a bar on standard error that moves by their times."""
    if given.span_ns is None:
        yield from given.chunks()
        return
    start_ns, length_ns = given.span_ns
    with Progress(console=terminal(stderr=True), transient=True) as progress:
        task = progress.add_task("simulating", total=length_ns)
        for chunk in given.chunks():
            yield chunk
            if len(chunk):
                progress.update(task, completed=int(chunk.t_ns[-1]) - start_ns)


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
    chunks: Iterable[Recorded], settings: MqttSettings, packing: Packing, clients: int, factor: float | None
) -> None:
    console = terminal(stderr=True)
    try:
        with (
            connections(settings, packing, clients) as publishers,
            Progress(console=console, transient=True) as progress,
        ):
            task = progress.add_task("publishing", total=None)

            def counted() -> Iterable[Recorded]:
                for chunk in chunks:
                    yield chunk
                    progress.advance(task, len(chunk))

            done = publish(counted(), publishers, packing, factor)
    except BrokerUnreachableError as error:
        end(f"error: {error}", NO_SERVER)
    rate = done.readings / done.elapsed_s if done.elapsed_s else 0.0
    say(f"published {done.readings:,} readings in {done.messages:,} messages, {rate:,.0f} readings/s")
    if done.lost:
        say(f"lost with a broken connection: {done.lost:,} messages; Sparkplug sends at QoS 0")


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
    terminal().print(table)
