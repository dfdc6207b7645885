"""A replay as its process runs it, a little at a time: a past through a pipeline, at a pace. Pure but for what it reads.

Theory of operation: the shell calls `turn` again and again; each runs what is due, for a bounded time, and says how long to
wait. Forward to a time, or to an alert, all between is run at once; back a kept point before it is taken up, or the start.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Literal

from alerting.events import ACTIVATIONS
from ledger.records import Entry
from service.pacing import FAR_NS, Back, Kept, Pacing, Run, Wait
from service.pipeline import Outcome
from service.playing import Stretch
from service.replays.past import Past
from service.tuning.feed import Item, Span

KEPT_POINTS = 8
KEPT_BYTES = 256 << 20
ALERT_STEP_NS = 10**9
"""While an alert is sought, so much recorded time is run at once: it is not overrun by more."""

State = Literal["seeking", "playing", "paused", "ended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """All that a replay is at a place; `event_seq` is the number of the last event told by then."""

    place: int
    now_ns: int
    pipeline: bytes
    event_seq: int


class Player:
    """One replay.

    Args:
        past: what is replayed.
        span: the period that is shown; what lies before it is run at once.
        heard: told of every outcome, and of the time of the input that gave it.
        went_back: told that another pipeline goes on from an earlier place, and of the last event that it has told.
        wanted: whether an event is one to stop at when an alert is sought.
    """

    def __init__(
        self,
        past: Past,
        span: Span,
        heard: Callable[[Outcome, int], None],
        went_back: Callable[[int], None],
        wanted: Callable[[Outcome], bool],
    ) -> None:
        self._past = past
        self._span = span
        self._heard = heard
        self._went_back = went_back
        self._wanted = wanted
        self.pacing = Pacing(1.0, span.start_ns)
        start = past.start()
        self.pipeline = start.pipeline
        self._place = start.place
        self._base = self._point(span.start_ns - 1)
        self._entered = False
        self._kept: Kept[Point] = Kept(min(KEPT_POINTS, KEPT_BYTES // len(self._base.pipeline)))
        self._reader: Generator[Stretch] = past.stretches(start.place)
        self._stretch: Stretch | None = None
        self._at = 0
        self._next_alert = False
        self._until_seq: int | None = None
        self._ended = False
        self._read()

    @property
    def state(self) -> State:
        """What it does now."""
        if self.pacing.seeking_ns is not None:
            return "seeking"
        if self._ended:
            return "ended"
        return "paused" if self.pacing.paused else "playing"

    @property
    def seeks_alert(self) -> bool:
        """Whether it runs to an alert, and to no time of which it knows."""
        return self._next_alert or self._until_seq is not None

    def shown_ns(self, now_s: float) -> int:
        """Return the time that it shows."""
        next_ns = self._span.end_ns if self._stretch is None else self._stretch.time_ns(self._at)
        return max(self._span.start_ns, self.pacing.shown_ns(now_s, next_ns) or 0)

    def seek(self, to_ns: int) -> None:
        """Run to a time of the period."""
        self._next_alert, self._until_seq = False, None
        self.pacing.seek(min(max(to_ns, self._span.start_ns), self._span.end_ns))

    def seek_next_alert(self) -> None:
        """Run until a wanted event is told, and stand there; at the end of the period where there is none."""
        self._next_alert, self._until_seq = True, None
        self.pacing.seek(FAR_NS)

    def seek_event(self, seq: int, time_ns: int) -> None:
        """Go back to where an earlier event, told at a time, is told, and stand there."""
        self._next_alert, self._until_seq = False, seq
        self.pacing.seek(time_ns)

    def turn(self, clock_s: Callable[[], float], until_s: float) -> float | None:
        """Run what is due, until a time of the clock; return how long to wait then, None for until something is asked."""
        while True:
            stretch = self._stretch
            if stretch is None:
                self._ended = True
            t_ns = FAR_NS if stretch is None else stretch.time_ns(self._at)
            if not self._entered and t_ns >= self._span.start_ns:
                self._enter()
            match self.pacing.decide(t_ns, clock_s()):
                case Back(to_ns):
                    self._go_back(to_ns)
                case Run(before_ns) if stretch is not None:
                    self._run(stretch, t_ns, before_ns)
                case Wait(seconds) if stretch is not None:
                    return seconds
                case _:
                    self._arrive()
                    return None
            if clock_s() >= until_s:
                return 0.0

    def _run(self, stretch: Stretch, t_ns: int, before_ns: int | None) -> None:
        if before_ns is not None and self.seeks_alert:
            before_ns = min(before_ns, t_ns + ALERT_STEP_NS)
        end = stretch.end(self._at, before_ns)
        outcome = self._outcome(stretch.part(self._at, end))
        newest_ns = stretch.newest_ns(self._at, end)
        self._place = self._past.place_after(stretch, end)
        self.pacing.ran(newest_ns)
        self._at = end
        if end == len(stretch):
            self._read()
        self._heard(outcome, newest_ns)
        self._stop_at_alert(outcome)
        if self._entered and self._kept.due(newest_ns):
            self._kept.add(newest_ns, self._point(newest_ns))

    def _outcome(self, item: Item) -> Outcome:
        if isinstance(item, Entry):
            return self.pipeline.entry(item)
        return self.pipeline.block(self._past.columns.block(item), 0)

    def _stop_at_alert(self, outcome: Outcome) -> None:
        told = self._until_seq is not None and self.pipeline.desk.book.last_seq >= self._until_seq
        if told or (self._next_alert and self._wanted(outcome)):
            self._arrive()
            self.pacing.pause(paused=True)

    def _arrive(self) -> None:
        self._next_alert, self._until_seq = False, None
        self.pacing.arrive()

    def _enter(self) -> None:
        """Keep the beginning of the period, so that nothing before it is ever run again."""
        self._entered = True
        self._base = self._point(self._span.start_ns - 1)

    def _point(self, now_ns: int) -> Point:
        return Point(
            place=self._place,
            now_ns=now_ns,
            pipeline=self.pipeline.snapshot(),
            event_seq=self.pipeline.desk.book.last_seq,
        )

    def _go_back(self, to_ns: int) -> None:
        kept = self._kept.before(to_ns)
        point = self._base if kept is None else kept[1]
        self.pipeline = self._past.fresh()
        self.pipeline.restore(point.pipeline)
        self._place = point.place
        self.pacing.ran(point.now_ns)
        if self._until_seq is not None:
            self.pacing.seek(FAR_NS)
        self._went_back(point.event_seq)
        self._read_from(point.place)

    def _read_from(self, place: int) -> None:
        self._reader.close()
        self._ended = False
        self._reader = self._past.stretches(place)
        self._read()

    def _read(self) -> None:
        self._at = 0
        self._stretch = next(self._reader, None)


def is_activation(outcome: Outcome) -> bool:
    """Whether an alert opened, or opened again."""
    return any(event.event in ACTIVATIONS for event in outcome.events)
