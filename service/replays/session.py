"""One replay inside its own process: the player, what it has told, and the console over it."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from typing import Any

from alerting.commands import Command, CommandRefused
from alerting.events import ACTIVATIONS
from console.backend import ConsoleBackend, place_of
from console.feed import Feed
from console.problems import PROBLEMS
from console.replay_backend import Jump
from console.scope import NOWHERE, Place
from ledger.reader import LedgerReader
from ledger.records import Commit, JournalEntry
from ledger.replica import Replica
from service.effects import commit_of
from service.live import LiveConsole
from service.pipeline import Outcome, Pipeline
from service.replays.past import Past
from service.replays.player import Player
from service.replays.task import Task
from service.replays.told import Comparison, event_of, time_ns
from service.runtime import Hooks
from service.tuning.feed import Span
from store.series import Series, SeriesReader

SLICE_S = 0.03
"""So long it runs before it answers requests."""
MOST_LOOKED = 5000
"""Of the events before, so many are looked through for the previous alert, and kept from before the replay began."""

Sees = Callable[[Place], bool]


class ReplayFeed(Feed):
    """Says nothing while a replay runs to a time at once: what it showed would be gone before anybody saw it."""

    quiet = False

    def publish(self, kind: str, payload: Any, *, place: Place | None = NOWHERE) -> None:
        """Send a frame, unless it is quiet."""
        if not self.quiet:
            super().publish(kind, payload, place=place)


class ReplayStore:
    """The time-series store up to the moment that is shown: nobody sees the future."""

    def __init__(self, store: SeriesReader, now_ns: Callable[[], int]) -> None:
        self._store = store
        self._now_ns = now_ns

    def read(self, sensor: str, start_ns: int, end_ns: int, max_points: int) -> Series:
        """Return readings, none after now; raises `StoreError`."""
        return self._store.read(sensor, start_ns, min(end_ns, self._now_ns() + 1), max_points)


class Session:
    """A replay with its console's backend; `show` is told of each backend that takes the place of the one before.

    Args:
        task: what is replayed.
        past: the input.
        told: the ledger of then, against which the lines are held; None where they are detected anew.
        replica: what the replay itself has told.
        store: where trends come from.
    """

    def __init__(  # noqa: PLR0917 - the parts of a console
        self,
        task: Task,
        past: Past,
        told: LedgerReader | None,
        replica: Replica,
        store: SeriesReader,
        feed: ReplayFeed,
        show: Callable[[ConsoleBackend], None],
    ) -> None:
        self.hooks = Hooks()
        self.ledger = replica
        self._task = task
        self._past = past
        self._told = Comparison(told) if told is not None else None
        self._store = store
        self._feed = feed
        self._show = show
        self._commits: list[Commit] = []
        self._sees: Sees = lambda _: True
        self._message_ns: int | None = None
        self._newest_told: tuple[int, int] | None = None
        span = Span(start_ns=task.start_ns, end_ns=task.end_ns)
        self._player = Player(past, span, self._heard, self._went_back, self._is_wanted)
        self._first_seq = self._player.pipeline.desk.book.last_seq
        self._backend: LiveConsole

    def begin(self) -> None:
        """Know what was told shortly before, for its history does not begin with it, and show the first moment."""
        if self._told is not None:
            first = max(0, self._first_seq - MOST_LOOKED)
            lines = list(self._told.ledger.alert_events(first, self._first_seq - first))
            before = Outcome(events=tuple(map(event_of, lines)))
            self._commits.append(replace(_left_by(before, self._task.start_ns), events=lines))
            self._keep()
        self._build()

    # what the console's pages are made from: service.shown.Shown

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline in simulated time."""
        return self._player.pipeline

    def now_ns(self) -> int:
        """Return the time that is shown."""
        return max(self._player.shown_ns(time.monotonic()), self._task.start_ns)

    def message_age_s(self) -> float | None:
        """Return how long ago, in simulated time, the newest message came."""
        return None if self._message_ns is None else max(0.0, (self.now_ns() - self._message_ns) / 1e9)

    def command(self, command: Command) -> Outcome:  # noqa: ARG002 - the protocol's shape
        """Refuse: the past is over."""
        raise CommandRefused("replay", PROBLEMS["replay"][1])

    # its course: console.replay_backend.ReplayControl

    def status(self) -> Mapping[str, Any]:
        """Return what it is and what it does."""
        player, told = self._player, self._told
        goal_ns = player.pacing.seeking_ns
        return {
            "source": self._task.source,
            "from_ms": self._task.start_ns / 1e6,
            "to_ms": self._task.end_ns / 1e6,
            "now_ms": self.now_ns() / 1e6,
            "run_ms": None if player.pacing.at_ns is None else player.pacing.at_ns / 1e6,
            "state": player.state,
            "goal_ms": None if goal_ns is None or player.seeks_alert else goal_ns / 1e6,
            "speed": player.pacing.speed,
            "exact": self._past.exact,
            "told": 0 if told is None else told.told,
            "differ": 0 if told is None else told.differ,
        }

    def set_speed(self, speed: float) -> None:
        """Go on at another pace."""
        self._player.pacing.set_speed(speed)
        self._wake()

    def pause(self, *, paused: bool) -> None:
        """Stand still, or go on."""
        self._player.pacing.pause(paused)
        self._wake()

    def seek(self, to_ns: int) -> None:
        """Go to a time of the period."""
        self._player.seek(to_ns)
        self._wake()

    def jump(self, to: Jump, sees: Sees) -> bool:
        """Go to the next or the previous alert at a place that the account sees."""
        self._sees = sees
        if to == "next":
            self._player.seek_next_alert()
            self._wake()
            return True
        for event in map(event_of, self.ledger.alert_events(limit=MOST_LOOKED, newest_first=True)):
            if event.seq <= self._first_seq or time_ns(event.time) < self._task.start_ns:
                return False
            here = self._newest_told == (event.seq, self._player.pacing.at_ns)
            if event.event in ACTIVATIONS and not here and sees(place_of(event)):
                self._player.seek_event(event.seq, time_ns(event.time))
                self._wake()
                return True
        return False

    def turn(self) -> float | None:
        """Run a little; return how long to wait, None for until something is asked."""
        was_seeking = self._feed.quiet
        self._feed.quiet = self._player.state == "seeking"
        wait_s = self._player.turn(time.monotonic, time.monotonic() + SLICE_S)
        self._keep()
        if self._player.state != "seeking" and (was_seeking or self._feed.quiet):
            self._feed.quiet = False
            self._feed.begin_anew()
        self._backend.show_untold()
        return wait_s

    asked: Callable[[], None] = staticmethod(lambda: None)
    """Told when something was asked of it, for then a wait is over."""

    def _wake(self) -> None:
        self.asked()

    def _build(self) -> None:
        """Make the console's backend for the pipeline as it is now."""
        self.hooks = Hooks()
        self._backend = LiveConsole(self, ReplayStore(self._store, self.now_ns), self._feed)
        self._show(self._backend)

    def _heard(self, outcome: Outcome, now_ns: int) -> None:
        if len(outcome.block):
            self._message_ns = now_ns
        if outcome.events or outcome.notifications:
            self._commits.append(_left_by(outcome, now_ns))
            for told in self.hooks.on_events:
                told(outcome.events)
        if outcome.events:
            newest = max((e.seq for e in outcome.events if e.event in ACTIVATIONS), default=0)
            self._newest_told = (newest, now_ns)
        for seen in self.hooks.on_outcome:
            seen(outcome)
        if self._told is not None:
            self._told.take(outcome.events)

    def _is_wanted(self, outcome: Outcome) -> bool:
        return any(e.event in ACTIVATIONS and self._sees(place_of(e)) for e in outcome.events)

    def _went_back(self, event_seq: int) -> None:
        self._keep()
        self.ledger.back_to(event_seq)
        self._message_ns = None
        if self._told is not None:
            self._told = Comparison(self._told.ledger)
        self._build()

    def _keep(self) -> None:
        """Put what was told into the replica, in one transaction."""
        if self._commits:
            self.ledger.commit(_together(self._commits))
            self._commits = []


def _left_by(outcome: Outcome, now_ns: int) -> Commit:
    """Return what an outcome leaves in a replica: what was told, and to whom."""
    entry = JournalEntry(now_ns=now_ns, kind="tick", body=b"")
    return replace(commit_of(entry, outcome, None), entries=(), dead_letters=())


def _together(commits: Iterable[Commit]) -> Commit:
    """Return what several commits leave behind."""
    every = list(commits)
    listed: dict[str, Any] = {
        part.name: [each for commit in every for each in getattr(commit, part.name)]
        for part in fields(Commit)
        if part.name != "stored_seq"
    }
    return Commit(**listed)
