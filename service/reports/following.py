"""Alerts followed one by one: what stands when a period ends, and what happened in it; for a shift, not for a year."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from alerting.events import ACTIVATIONS, HELD_STATES, Event, Grade
from registry.plant import Text
from service.reports.lines import Hold, Line, OfIncident
from service.reports.period import Period

KEPT_EPISODES = 5000
"""So many alerts of the period are followed one by one, the first ones; the others are counted."""
KEPT_WORDS = 500
_SAID = frozenset({Event.COMMENTED, Event.CONFIRMED})


@dataclass(slots=True)
class Episode:
    """One alert: `line` is its newest line, `grade` and `title` those of when it was gravest in the period.

    `times` counts its activations inside. `acknowledged_ns` and `returned_ns` are of the newest activation.
    """

    line: Line
    since_ns: int
    grade: Grade
    title: Text
    times: int = 0
    acknowledged_ns: int | None = None
    acknowledged_by: str = ""
    returned_ns: int | None = None
    closed_ns: int | None = None
    held_since_ns: int | None = None
    hold: Hold | None = None
    said_by: str = ""
    said: str = ""


@dataclass(slots=True)
class Gathered:
    """An incident as it was told of inside the period; `alerts` are those of its alerts that stand at the end."""

    newest: OfIncident
    source: str
    first_ns: int
    last_ns: int
    alerts: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What became of the alerts: `standing` when the period ends, gravest first; `episodes` of those active in it, in order.

    `left_out` alerts of the period are not among the episodes, `unsaid` words not among `said`.
    """

    standing: tuple[Episode, ...]
    episodes: tuple[Episode, ...]
    left_out: int
    incidents: tuple[Gathered, ...]
    said: tuple[Line, ...]
    unsaid: int
    events: Counter[str]


class Following:
    """Takes lines in their order."""

    def __init__(self, period: Period) -> None:
        self._period = period
        self._open: dict[str, Episode] = {}
        self._episodes: dict[str, Episode] = {}
        self._left_out = 0
        self._incidents: dict[str, Gathered] = {}
        self._said: list[Line] = []
        self._unsaid = 0
        self._events: Counter[str] = Counter()

    def take_all(self, lines: Iterable[Line]) -> None:
        """Take lines."""
        for line in lines:
            self.take(line)

    def take(self, line: Line) -> None:
        """Take the next line; those after the period say nothing of it."""
        if line.t_ns >= self._period.end_ns:
            return
        inside = line.t_ns >= self._period.start_ns
        episode = self._episode(line, inside=inside)
        if inside:
            self._events[line.event] += 1
            self._gather(line)
            if line.event in _SAID:
                self._hear(line)
        _follow(episode, line, inside=inside)
        if line.state == "closed":
            self._open.pop(line.id, None)

    def followed(self) -> Followed:
        """Return what became of the alerts that were taken."""
        standing = sorted(self._open.values(), key=lambda one: (-one.line.grade, one.since_ns, one.line.id))
        for incident in self._incidents.values():
            incident.alerts &= self._open.keys()
        return Followed(
            standing=tuple(standing),
            episodes=tuple(self._episodes.values()),
            left_out=self._left_out,
            incidents=tuple(self._incidents.values()),
            said=tuple(self._said),
            unsaid=self._unsaid,
            events=self._events,
        )

    def _episode(self, line: Line, *, inside: bool) -> Episode:
        episode = self._open.get(line.id) or self._episodes.get(line.id)
        if episode is None:
            episode = Episode(line, line.t_ns, line.grade, line.title)
        if line.state != "closed":
            self._open[line.id] = episode
        if inside and line.event in ACTIVATIONS and line.id not in self._episodes:
            if len(self._episodes) < KEPT_EPISODES:
                self._episodes[line.id] = episode
                episode.grade, episode.title = line.grade, line.title
            else:
                self._left_out += 1
        return episode

    def _gather(self, line: Line) -> None:
        told = line.incident
        if told is None:
            return
        gathered = self._incidents.get(told.id)
        if gathered is None:
            gathered = self._incidents[told.id] = Gathered(told, line.source, line.t_ns, line.t_ns)
        gathered.newest, gathered.last_ns = told, line.t_ns
        gathered.alerts.add(line.id)

    def _hear(self, line: Line) -> None:
        if len(self._said) < KEPT_WORDS:
            self._said.append(line)
        else:
            self._unsaid += 1


def _follow(episode: Episode, line: Line, *, inside: bool) -> None:
    """Note in an episode what its next line says."""
    episode.line = line
    if line.event in ACTIVATIONS:
        episode.times += inside
        episode.acknowledged_ns, episode.acknowledged_by, episode.returned_ns = None, "", None
    if inside and line.grade > episode.grade:
        episode.grade, episode.title = line.grade, line.title
    if line.event == Event.ACKNOWLEDGED:
        episode.acknowledged_ns, episode.acknowledged_by = line.t_ns, line.by
    elif line.event == Event.CLEARED:
        episode.returned_ns = line.t_ns
    if line.words:
        episode.said_by, episode.said = line.by, line.words
    if line.state not in HELD_STATES:
        episode.held_since_ns = episode.hold = None
    else:
        episode.held_since_ns = episode.held_since_ns or line.t_ns
        episode.hold = line.hold or episode.hold
    if line.state == "closed":
        episode.closed_ns = line.t_ns
