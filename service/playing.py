"""A replay: a feed through a pipeline at a pace, with keys to pause, step and seek; what came of it is written out.

Seeking forward runs what is skipped; seeking back takes a kept point or the beginning, forgets what was written since and
runs forward from there. So however a person jumps about, the files hold what one straight run up to there writes.
"""

import time
from contextlib import closing
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from ledger.records import Entry
from service.keyboard import Keyboard
from service.pacing import FAR_NS, Back, End, Kept, Pacing, Run, Wait
from service.pipeline import Plan
from service.replaying import Mark, Outputs, Tally
from service.tuning.feed import Feed, Item, Side

_KEPT_POINTS = 8
_KEPT_BYTES = 256 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How much of a feed has been run: whole items, and readings of the next one."""

    items: int = 0
    readings: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """All that a replay is at one place."""

    place: Place
    pipeline: bytes
    tally: Tally
    mark: Mark
    telling: bool


@dataclass(slots=True, kw_only=True)
class Player:
    """One replay; what lies before `from_ns` is run and not told."""

    plan: Plan
    feed: Feed
    outputs: Outputs
    pacing: Pacing
    keyboard: Keyboard
    from_ns: int | None = None
    _side: Side = field(init=False)
    _tally: Tally = field(init=False)
    _telling: bool = field(init=False)
    _newest_ns: int = field(init=False)
    _start: Mark = field(init=False)
    _kept: Kept[Point] | None = field(init=False, default=None)

    def play(self) -> Tally:
        """Run until the feed or a person ends it; return what was told of."""
        began_s = time.perf_counter()
        self._start = self.outputs.mark()
        self._begin()
        back = self._forward(Place())
        while back is not None:
            back = self._forward(self._go_back(back.to_ns))
        self._tally.seconds = time.perf_counter() - began_s
        return self._tally

    def _begin(self) -> None:
        self._side = Side(self.plan, self.feed)
        self._tally = Tally()
        self._telling = self.from_ns is None
        self._newest_ns = -FAR_NS

    def _forward(self, place: Place) -> Back | None:
        """Run on from a place; return where to go back to, None where it has ended."""
        with closing(self.feed.items()) as items:
            for done, item in enumerate(islice(items, place.items, None), place.items):
                ended = self._through(done, Stretch(item), place.readings if done == place.items else 0)
                if ended is not None:
                    return ended if isinstance(ended, Back) else None
        return None

    def _through(self, done: int, stretch: "Stretch", at: int) -> Back | End | None:
        """Run one item from a reading on; return what ended it before its end."""
        while at < len(stretch):
            match self.pacing.decide(stretch.time_ns(at), time.monotonic()):
                case Run(before_ns):
                    end = stretch.end(at, before_ns)
                    self._take(stretch, at, end)
                    at = end
                    self._keep(Place(items=done, readings=at))
                    self._attend(0.0)
                case Wait(seconds):
                    self._attend(seconds)
                case ended:
                    return ended
        return None

    def _take(self, stretch: "Stretch", at: int, end: int) -> None:
        """Run readings, and tell of them from `from_ns` on."""
        self._newest_ns = max(self._newest_ns, stretch.newest_ns(at, end))
        if not self._telling and self.from_ns is not None:
            told = stretch.first_from(at, end, self.from_ns)
            if told > at:
                self._side.take(stretch.part(at, told))
            at, self._telling = told, told < end
        if at < end:
            outcome = self._side.take(stretch.part(at, end))
            self.outputs.write(outcome)
            self._tally.add(outcome)
        self.pacing.ran(self._newest_ns)

    def _attend(self, seconds: float | None) -> None:
        """Show where it is and take keys, waiting for them so long."""
        for key in self.keyboard.wait(seconds, self.pacing):
            self.pacing.press(key)

    def _keep(self, place: Place) -> None:
        """Keep a point to go back to, where there is somebody who can ask for it."""
        if not self.keyboard.attended or (self._kept is not None and not self._kept.due(self._newest_ns)):
            return
        body = self._side.pipeline.snapshot()
        if self._kept is None:
            self._kept = Kept(min(_KEPT_POINTS, _KEPT_BYTES // len(body)))
            if not self._kept.due(self._newest_ns):
                return
        point = Point(
            place=place,
            pipeline=body,
            tally=deepcopy(self._tally),
            mark=self.outputs.mark(),
            telling=self._telling,
        )
        self._kept.add(self._newest_ns, point)

    def _go_back(self, to_ns: int) -> Place:
        """Take up the last kept point before a time, or begin again; return from which place to run on."""
        self._begin()
        kept = self._kept.before(to_ns) if self._kept is not None else None
        if kept is None:
            self.outputs.back_to(self._start)
            self.keyboard.say_back(None)
            return Place()
        self._newest_ns, point = kept
        self._side.pipeline.restore(point.pipeline)
        self._tally, self._telling = deepcopy(point.tally), point.telling
        self.outputs.back_to(point.mark)
        self.keyboard.say_back(self._newest_ns)
        return point.place


class Stretch:
    """An item of a feed as something that can be run in parts; an entry of a journal is one part."""

    def __init__(self, item: Item) -> None:
        self._item = item
        self._t_ns = np.array([item.now_ns]) if isinstance(item, Entry) else item.t_ns
        self._starts = np.empty(0, np.intp)

    def __len__(self) -> int:
        return len(self._t_ns)

    @property
    def seq(self) -> int:
        """The number of an entry of a journal."""
        assert isinstance(self._item, Entry), "readings have times, not numbers"
        return self._item.seq

    def time_ns(self, at: int) -> int:
        """Return the time of a reading."""
        return int(self._t_ns[at])

    def newest_ns(self, at: int, end: int) -> int:
        """Return the newest time of some readings."""
        return int(self._t_ns[at:end].max(initial=-FAR_NS))

    def end(self, at: int, before_ns: int | None) -> int:
        """Return where a run from `at` ends: with its time stamp, or at the first reading not before `before_ns`."""
        if before_ns == FAR_NS:
            return len(self)
        if before_ns is not None:
            return max(self.first_from(at, len(self), before_ns), at + 1)
        if not len(self._starts):
            self._starts = np.append(np.flatnonzero(np.diff(self._t_ns)) + 1, len(self))
        return int(self._starts[np.searchsorted(self._starts, at, side="right")])

    def first_from(self, at: int, end: int, from_ns: int) -> int:
        """Return the first reading in [at, end) that is not before a time, `end` where there is none."""
        inside = self._t_ns[at:end] >= from_ns
        return at + int(inside.argmax()) if inside.any() else end

    def part(self, at: int, end: int) -> Item:
        """Return some readings."""
        whole = at == 0 and end == len(self)
        return self._item if isinstance(self._item, Entry) or whole else self._item[at:end]
