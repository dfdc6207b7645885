"""Where a recording comes from: a file, a journal, or a range of the time-series store; and a pipeline that takes it."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from detectors.clock import Clock
from ledger.reader import open_readonly
from ledger.records import Entry
from registry.faults import Fault, InputError
from registry.sensors import SensorRegistry
from service.pipeline import Outcome, Pipeline, Plan
from service.plan import load
from service.replaying import Columns
from service.stores import open_store
from sim.layout import Options
from sim.recorded import Recorded
from sim.recording import open_recording
from store.series import SeriesStore

Item = Recorded | Entry
"""Some readings of a recording, or an entry of a journal."""

_DAY_NS = 86_400 * 10**9
_POINTS_A_DAY = 20_000_000
"""More readings a day than a sensor has: none are merged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A range of time, [start_ns, end_ns)."""

    start_ns: int = np.iinfo(np.int64).min
    end_ns: int = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A recording that can be read again and again.

    Attributes:
        names: the sensors of a file; none for a journal or a store, whose settings name them.
        items: its content in order.
        journal: its entries carry the clock that they came by, so they are judged by the clock of their settings.
        described: how its columns were understood, for people.
    """

    names: tuple[str, ...]
    items: Callable[[], Iterator[Item]]
    journal: bool = False
    described: tuple[str, ...] = ()


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
        items=lambda: _within(recording, span),
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
    path = part.path or loaded.settings.state_dir / "readings.duckdb"
    if part.kind == "duckdb" and not path.is_file():
        raise InputError([Fault(file=str(path), where="", message="there is no such store")])
    store = open_store(loaded, "tune")
    try:
        yield Feed(names=(), items=lambda: _stored(store, loaded.plan.registry, span))
    finally:
        store.close()


def _within(chunks: Iterable[Recorded], span: Span) -> Iterator[Recorded]:
    for chunk in chunks:
        inside = (chunk.t_ns >= span.start_ns) & (chunk.t_ns < span.end_ns)
        if inside.all():
            yield chunk
        elif inside.any():
            yield Recorded(
                names=chunk.names,
                column=chunk.column[inside],
                t_ns=chunk.t_ns[inside],
                value=chunk.value[inside],
                quality=None if chunk.quality is None else chunk.quality[inside],
            )


def _stored(store: SeriesStore, registry: SensorRegistry, span: Span) -> Iterator[Recorded]:
    """Yield what the store has of every sensor, a day at a time, in the order of the event times."""
    names = tuple(spec.id for spec in registry.specs)
    for start_ns in range(span.start_ns, span.end_ns, _DAY_NS):
        end_ns = min(start_ns + _DAY_NS, span.end_ns)
        parts = [store.read(name, start_ns, end_ns, _POINTS_A_DAY) for name in names]
        column = np.repeat(np.arange(len(names), dtype=np.int32), [len(part) for part in parts])
        t_ns = np.concatenate([part.t_ns for part in parts])
        order = np.argsort(t_ns, kind="stable")
        if len(order):
            value = np.concatenate([part.mean for part in parts])
            yield Recorded(
                names=names, column=column[order], t_ns=t_ns[order].astype(np.int64), value=value[order]
            )
