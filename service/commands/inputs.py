"""What the commands over recordings take: which kind of source it is, and the plan to judge it by."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ledger.errors import LedgerError
from ledger.reader import FILE_NAME
from registry.faults import Fault, InputError
from service.commands.answers import COMMAND_LINE, INPUT_FAULT, NO_SERVER, end, say
from service.settings import read_settings
from service.terminal import terminal
from sim.layout import Options
from store.series import StoreError

if TYPE_CHECKING:
    from service.pipeline import Plan
    from service.tuning.feed import Feed, Span


def plan_of(
    config: Path | None, points: Path | None, names: Iterable[str], over: Sequence[Path] = ()
) -> "Plan":
    """Return the plan of the settings, or of the points table, or of the columns alone; warnings are told.

    Raises:
        InputError: with every fault of every file.
    """
    from service.plan import load, plan_of_columns, plan_of_points  # noqa: PLC0415 - imports numba, whose cache has its place only now

    if config is not None and points is not None:
        message, allowed = "--config names the points table already", "one of the two"
        raise InputError([Fault(file=COMMAND_LINE, where="--points", message=message, allowed=allowed)])
    if config is not None:
        loaded = load(config, over)
        _warn(loaded.warnings)
        return loaded.plan
    if points is not None:
        plan, warnings = plan_of_points(points, over)
        _warn(warnings)
        return plan
    return plan_of_columns(names, over)


def zone_shown(config: Path | None, given: str | None) -> ZoneInfo:
    """Return in which zone people are told times: that of the settings' reports, else the one given for the recording, else UTC."""
    settings = None if config is None else read_settings(config)[0]
    name = given or "UTC" if settings is None else settings.reports.time_zone
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")  # whoever reads the recording says what is wrong with it


def _warn(warnings: Iterable[Fault]) -> None:
    for warning in warnings:
        say(f"warning: {warning}")


def is_ledger(source: Path) -> bool:
    """Say whether a source is a ledger: its file, or the state folder that holds it."""
    if source.is_dir():
        return (source / FILE_NAME).is_file()
    return _begins(source, 0, b"SQLite format 3\0")


def is_duckdb(source: Path) -> bool:
    """Say whether a source is the file of an embedded store."""
    return _begins(source, 8, b"DUCK")


def _begins(source: Path, at: int, mark: bytes) -> bool:
    try:
        with source.open("rb") as file:
            return file.read(at + len(mark))[at:] == mark
    except OSError:
        return False


def span_of(from_: str | None, to: str | None) -> "Span":
    """Return the range of time that two RFC 3339 texts name; raise `InputError` where they name none."""
    from service.tuning.feed import Span  # noqa: PLC0415 - imports numba, as above

    whole = Span()
    start_ns = whole.start_ns if from_ is None else time_of("--from", from_)
    end_ns = whole.end_ns if to is None else time_of("--to", to)
    if start_ns >= end_ns:
        raise InputError([Fault(file=COMMAND_LINE, where="--to", message="the range ends before it begins")])
    return Span(start_ns=start_ns, end_ns=end_ns)


def warmed(span: "Span", hours: float | None) -> "Span":
    """Return a range that begins so many hours earlier, or with all that there is."""
    from service.tuning.feed import Span  # noqa: PLC0415 - imports numba, as above

    if span.start_ns < 0 or hours is None:
        return Span(end_ns=span.end_ns)
    return Span(start_ns=max(0, span.start_ns - round(hours * 3600 * 10**9)), end_ns=span.end_ns)


def time_of(option: str, text: str) -> int:
    """Return the time in ns that an option names; raise `InputError` where it names none."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        message, allowed = f"{text!r} is no time", "RFC 3339, such as 2026-11-24T08:00:00+08:00"
        raise InputError([Fault(file=COMMAND_LINE, where=option, message=message, allowed=allowed)]) from None
    since = (time if time.tzinfo else time.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1_000


@contextmanager
def feed_of(source: Path | None, config: Path | None, options: Options, span: "Span") -> Iterator["Feed"]:
    """Open a recording, a journal, an embedded store's file or, without a source, the store of the settings.

    What cannot be read ends the command.
    """
    from service.tuning.feed import duck_feed, file_feed, journal_feed, store_feed  # noqa: PLC0415 - imports numba, as above

    try:
        if source is None:
            with store_feed(_settings_for(source, config), _two_ends(span)) as feed:
                yield feed
        elif is_ledger(source):
            _settings_for(source, config)
            with journal_feed(source, span) as feed:
                yield feed
        elif is_duckdb(source):
            with duck_feed(source, span) as feed:
                yield feed
        else:
            feed = file_feed(source, options, span)
            for line in feed.described:
                say(line)
            yield feed
    except LedgerError as error:
        end(f"error: {error}")
    except StoreError as error:
        end(f"error: {error}", NO_SERVER if error.retry else INPUT_FAULT)


def settings_or_source(source: Path | None, config: Path | None) -> tuple[Path | None, Path | None]:
    """Return source and settings; a source that is a hazwatch.yaml is the settings, and their store the source."""
    if source is None or source.suffix.lower() not in {".yaml", ".yml"}:
        return source, config
    if config is not None:
        message, allowed = f"{source} is a settings file already", "one of the two"
        raise InputError([Fault(file=COMMAND_LINE, where="--config", message=message, allowed=allowed)])
    return None, source


def _settings_for(source: Path | None, config: Path | None) -> Path:
    if config is None:
        what = "a range of the store" if source is None else "a journal"
        message = f"{what} needs the settings it was made with"
        where = "SOURCE" if source is None else str(source)
        raise InputError(
            [Fault(file=COMMAND_LINE, where=where, message=message, allowed="--config hazwatch.yaml")]
        )
    return config


def _two_ends(span: "Span") -> "Span":
    """A server cannot say where its readings begin and end."""
    if span.start_ns < 0 or span.end_ns > FAR_NS:
        message, allowed = "a range of the store has two ends", "SOURCE, or both --from and --to"
        raise InputError([Fault(file=COMMAND_LINE, where="--from, --to", message=message, allowed=allowed)])
    return span


FAR_NS = 2**62
"""Beyond the year 2116: an end that nobody gave."""


@contextmanager
def shown_progress(total: int | None = None) -> Iterator[Callable[[str, int], None]]:
    """Show on standard error how far a long run is; say nothing where that is no terminal."""
    console = terminal(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=total)

        def advance(what: str, readings: int) -> None:
            progress.update(task, description=what, advance=readings)

        yield advance
