"""Where a recording comes from: a file, a journal, or a range of the time-series store; and a pipeline that takes it."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from detectors.clock import Clock
from ledger.reader import open_readonly
from ledger.records import Entry
from registry.faults import Fault, InputError
from service.ahead import ahead
from service.pipeline import Outcome, Pipeline, Plan
from service.plan import load
from service.replaying import Columns
from service.stores import open_influx
from sim.layout import Options
from sim.recorded import Recorded
from sim.recording import open_recording
from store.lineprotocol import tag_text
from store.scan import DuckFile, Stretch

Item = Recorded | Entry
"""Some readings of a recording, or an entry of a journal."""

_FIRST_STEP_NS, _EMPTY_STEP_NS, _LONGEST_STEP_NS = 60 * 10**9, 600 * 10**9, 3600 * 10**9
_FAIR_READINGS = 200_000
"""A store is asked for about so many readings at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A range of time, [start_ns, end_ns)."""

    start_ns: int = np.iinfo(np.int64).min
    end_ns: int = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A recording that can be read again and again.

    Attributes:
        names: the sensors of a file; none for a journal or a server, whose settings name them.
        items: its content in order.
        journal: its entries carry the clock that they came by, so they are judged by the clock of their settings.
        described: how its columns were understood, for people.
        told: what was met while it was read, for people; complete when its items are exhausted.
    """

    names: tuple[str, ...]
    items: Callable[[], Generator[Item]]
    journal: bool = False
    described: tuple[str, ...] = ()
    told: Callable[[], tuple[str, ...]] = tuple


class Side:
    """One pipeline that a feed runs through."""

    def __init__(self, plan: Plan, feed: Feed) -> None:
        self.plan = plan if feed.journal else replace(plan, clock=Clock.EVENT)
        self.pipeline = Pipeline(self.plan)
        self._columns = Columns(plan.registry)

    def unknown(self, names: Iterable[str]) -> list[str]:
        """Return the names that are no sensor of the plan."""
        return self._columns.unknown(names)

    def take(self, item: Item) -> Outcome:
        """Run an item through the pipeline."""
        match item:
            case Recorded():
                return self.pipeline.block(self._columns.block(item), 0)
            case Entry():
                return self.pipeline.entry(item)


def file_feed(path: Path, options: Options, span: Span) -> Feed:
    """Return the feed of a recording file; raise `InputError` where it is none."""
    recording = open_recording(path, options)
    return Feed(
        names=recording.sensor_names(),
        items=lambda: ahead(_within(recording, span)),
        told=lambda: tuple(line.en for line in recording.report.describe()),
        described=tuple(line.en for line in recording.layout.describe()),
    )


@contextmanager
def journal_feed(place: Path, span: Span) -> Iterator[Feed]:
    """Open a ledger for its journal; raise `LedgerError` where there is none."""
    with open_readonly(place) as ledger:
        yield Feed(
            names=(),
            items=lambda: (e for e in ledger.entries() if span.start_ns <= e.now_ns < span.end_ns),
            journal=True,
        )


@contextmanager
def store_feed(config: Path, span: Span) -> Iterator[Feed]:
    """Open the time-series store of the settings; raise `StoreError` where it cannot be read."""
    loaded = load(config)
    part = loaded.settings.store
    if part.kind == "none":
        message = "the settings keep no time series, so there is no range to read"
        raise InputError(
            [Fault(file=str(config), where="store", message=message, allowed="a SOURCE, or another kind")]
        )
    if part.kind == "duckdb":
        path = part.path or loaded.settings.state_dir / "readings.duckdb"
        with duck_feed(path, span) as feed:
            yield feed
        return
    store = open_influx(loaded)
    ids = {tag_text(spec.id): spec.id for spec in loaded.plan.registry.specs}
    rank = {name: i for i, name in enumerate(ids)}

    def scan(start_ns: int, end_ns: int) -> Stretch:
        return store.scan(start_ns, end_ns).ranked(rank)

    try:
        yield Feed(names=(), items=lambda: ahead(stored(scan, ids, span)))
    finally:
        store.close()


@contextmanager
def duck_feed(path: Path, span: Span) -> Iterator[Feed]:
    """Open the file of an embedded store; raise `StoreError` where it cannot be read."""
    if not path.is_file():
        raise InputError([Fault(file=str(path), where="", message="there is no such store")])
    with closing(DuckFile(path)) as file:
        first, end = file.bounds_ns() or (0, 0)
        inside = Span(start_ns=max(first, span.start_ns), end_ns=min(end, span.end_ns))
        yield Feed(names=file.names, items=lambda: ahead(stored(file.scan, {}, inside)))


def _within(chunks: Iterable[Recorded], span: Span) -> Iterator[Recorded]:
    for chunk in chunks:
        inside = (chunk.t_ns >= span.start_ns) & (chunk.t_ns < span.end_ns)
        if inside.all():
            yield chunk
        elif inside.any():
            yield chunk.where(inside)


def stored(scan: Callable[[int, int], Stretch], ids: Mapping[str, str], span: Span) -> Generator[Recorded]:
    """Yield what the store has, a stretch at a time; stretches are made longer or shorter until each is a fair part."""
    start_ns, step_ns = span.start_ns, _FIRST_STEP_NS
    while start_ns < span.end_ns:
        end_ns = min(start_ns + step_ns, span.end_ns)
        stretch = scan(start_ns, end_ns)
        if len(stretch):
            yield Recorded(
                names=tuple(ids.get(name, name) for name in stretch.names),
                column=stretch.sensor,
                t_ns=stretch.t_ns,
                value=stretch.value,
                quality=stretch.quality if stretch.quality.any() else None,
            )
        start_ns, step_ns = end_ns, _next_step_ns(step_ns, len(stretch))


def _next_step_ns(step_ns: int, readings: int) -> int:
    """Return how long the next stretch is; after an empty one not long, for what comes may be dense."""
    if not readings:
        return _EMPTY_STEP_NS
    if readings < _FAIR_READINGS:
        return min(2 * step_ns, _LONGEST_STEP_NS)
    return max(1, step_ns // 2) if readings > 2 * _FAIR_READINGS else step_ns
