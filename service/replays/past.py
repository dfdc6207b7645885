"""Where a replay's input comes from, and from where it can begin: the journal as it was, or readings of the store."""

from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Protocol

import msgspec
import structlog

from alerting.book_state import SnapshotError as BookSnapshotError
from detectors.bank import SnapshotError
from detectors.clock import Clock
from ledger.reader import LedgerReader
from ledger.snapshots import SnapshotFolder
from ledger.when import seq_before
from service.pipeline import Pipeline, Plan
from service.playing import Stretch
from service.replaying import Columns
from service.replays.told import event_before
from service.tuning.feed import Span, stored
from store.scan import Stretch as Scanned

_log = structlog.get_logger(__name__)

SourceName = Literal["journal", "store"]
WARM_UP_NS = 3_600_000_000_000
"""Readings of the store are run from so long before the period, so that windows and baselines are filled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A pipeline with what it has gone through: everything up to `place` of its input."""

    pipeline: Pipeline
    place: int


class Past(Protocol):
    """An input that can be read from any place on, again and again; a place is a number that rises with time."""

    columns: Columns

    @property
    def exact(self) -> bool:
        """Whether a replay begins from a state as it was, so that it tells what was told then, line by line."""

    def start(self) -> Start:
        """Return a pipeline at the nearest place before the period."""

    def fresh(self) -> Pipeline:
        """Return a pipeline that has seen nothing."""

    def stretches(self, place: int) -> Generator[Stretch]:
        """Yield what comes after a place, up to the end of the period."""

    def place_after(self, stretch: Stretch, end: int) -> int:
        """Return the place after the readings of a stretch before `end`."""


@dataclass(slots=True, kw_only=True)
class JournalPast:
    """The journal of a state folder: messages, commands, deadlines, in the order and at the times in which they were.

    `exact` says whether a replay begins from a state as it was, so that it tells the very lines of then: from a snapshot of
    before the period, or from the journal's first entry while that is there.
    """

    plan: Plan
    ledger: LedgerReader
    state_dir: Path
    span: Span
    exact: bool = field(init=False, default=True)
    columns: Columns = field(init=False)

    def __post_init__(self) -> None:
        self.columns = Columns(self.plan.registry)

    def fresh(self) -> Pipeline:
        """Return a pipeline of the settings of now."""
        return Pipeline(self.plan)

    def start(self) -> Start:
        """Return the newest usable snapshot before the period, else a pipeline for the oldest entry."""
        before = seq_before(self.ledger, self.span.start_ns)
        first = self.ledger.first_seq
        for snapshot in SnapshotFolder(self.state_dir / "snapshots", self.ledger.ledger_id).newest_first():
            if not first - 1 <= snapshot.seq <= before:
                continue
            pipeline = self.fresh()
            try:
                pipeline.restore(snapshot.body)
            except (SnapshotError, BookSnapshotError, msgspec.MsgspecError) as error:
                _log.warning("snapshot_refused", seq=snapshot.seq, reason=str(error))
                continue
            return Start(pipeline=pipeline, place=snapshot.seq)
        self.exact = first <= 1
        pipeline = self.fresh()
        if not self.exact:
            oldest = next(self.ledger.entries(first - 1, limit=1))
            pipeline.desk.book.continue_after(event_before(self.ledger, oldest.now_ns))
        return Start(pipeline=pipeline, place=max(0, first - 1))

    def stretches(self, place: int) -> Generator[Stretch]:
        """Yield an entry at a time."""
        for entry in self.ledger.entries(place):
            if entry.now_ns >= self.span.end_ns:
                return
            yield Stretch(entry)

    def place_after(self, stretch: Stretch, end: int) -> int:
        """Return the entry's number."""
        assert end == 1, "an entry is run whole"
        return stretch.seq


Scan = Callable[[int, int], Scanned]


@dataclass(slots=True, kw_only=True)
class StorePast:
    """Readings of the time-series store in the order of their times, judged anew on the event clock.

    `ids` are the sensors' ids by the names that the store has for them, where these differ.
    """

    plan: Plan
    scan: Scan
    span: Span
    ids: Mapping[str, str] = field(default_factory=dict)
    columns: Columns = field(init=False)
    exact: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self.plan = replace(self.plan, clock=Clock.EVENT)
        self.columns = Columns(self.plan.registry)

    def fresh(self) -> Pipeline:
        """Return a pipeline of the settings of now, on the event clock."""
        return Pipeline(self.plan)

    def start(self) -> Start:
        """Return a new pipeline; the readings of a while before the period fill its windows."""
        return Start(pipeline=self.fresh(), place=max(0, self.span.start_ns - WARM_UP_NS))

    def stretches(self, place: int) -> Generator[Stretch]:
        """Yield a fair part at a time; a place is the time before which everything has been run."""
        with closing(stored(self.scan, self.ids, Span(start_ns=place, end_ns=self.span.end_ns))) as chunks:
            for chunk in chunks:
                yield Stretch(chunk)

    def place_after(self, stretch: Stretch, end: int) -> int:
        """Return the time after the newest of them: readings of one time are run together."""
        return stretch.time_ns(end - 1) + 1
