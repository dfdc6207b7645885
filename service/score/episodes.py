"""Episodes: the stretches over which something stood as an alert, and what was told in each.

Theory of operation. Alert lines are folded by the id of the occurrence: `opened` and `reopened` begin a stretch,
`cleared` and `closed` end it. Stretches of one sensor and one slot (its process, or one kind of sensor health) that
follow one another within `MERGE_S` are one episode: what comes back at once was never away, so an alert that flaps is
one that stands, and each return is counted as a repeat. An occurrence whose first line opens nothing has stood since
before the file begins.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from alerting.events import Family, Grade, Kind, slot_of
from service.score.alert_lines import AlertLine
from service.score.times import NS

MERGE_S = 60.0
"""An alert that comes back within this is the same episode, and a repeat."""

OPENS = frozenset({"opened", "reopened"})
ENDS = frozenset({"cleared", "closed"})
MOVES = frozenset({"escalated", "deescalated"})
ALWAYS_NS = -(2**62)
"""When an episode opened that stood before the file began."""


@dataclass(frozen=True, slots=True)
class Told:
    """A line of an episode that said how grave it is."""

    t_ns: int
    event: str
    grade: Grade


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One stretch over which an alert stood, [opened_ns, ended_ns).

    Attributes:
        kind: that with which it opened.
        told: its openings and level changes, in order; empty for a detector that knows no grades.
        repeats: how often it came back within `MERGE_S`.
    """

    sensor: str | None
    source: str | None
    kind: Kind
    opened_ns: int
    ended_ns: int
    told: tuple[Told, ...] = ()
    repeats: int = 0

    @property
    def family(self) -> Family:
        """Whether it is about the process, the sensor's health, or hazwatch itself."""
        return self.kind.family

    def changes(self, until_ns: int) -> int:
        """Return how often its level changed up to a time: escalated, deescalated, and come back."""
        return sum(told.t_ns <= until_ns for told in self.told[1:])

    def from_grade(self, least: Grade) -> "Episode | None":
        """Return it as one sees it who is told of `least` and graver only; None where it never came so far."""
        told = tuple(told for told in self.told if told.grade >= least)
        if not told:
            return None
        opened_ns = self.opened_ns if told[0] == self.told[0] else told[0].t_ns
        return replace(self, opened_ns=opened_ns, told=told)


@dataclass(slots=True)
class _Open:
    """An occurrence that stands."""

    first: AlertLine
    opened_ns: int
    told: list[Told] = field(default_factory=list)


class EpisodeFold:
    """Takes alert lines in order; gives the episodes at the end."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}
        self._seen: set[str] = set()
        self._done: list[Episode] = []

    def take(self, line: AlertLine) -> None:
        """Take the next line."""
        standing = self._open.get(line.id)
        if standing is None and (line.event in OPENS or line.id not in self._seen):
            opened_ns = line.t_ns if line.event in OPENS else ALWAYS_NS
            standing = self._open[line.id] = _Open(line, opened_ns)
            if line.event not in OPENS:
                standing.told.append(Told(ALWAYS_NS, "opened", line.grade))
        self._seen.add(line.id)
        if standing is None:
            return
        if line.event in OPENS or line.event in MOVES:
            standing.told.append(Told(line.t_ns, line.event, line.grade))
        elif line.event in ENDS:
            self._done.append(_ended(self._open.pop(line.id), line.t_ns))

    def episodes(self, end_ns: int) -> list[Episode]:
        """Return all episodes by opening; what still stands ends at `end_ns`."""
        still = [_ended(standing, max(end_ns, standing.opened_ns)) for standing in self._open.values()]
        return merged([*self._done, *still])


def _ended(standing: _Open, t_ns: int) -> Episode:
    first = standing.first
    return Episode(
        sensor=first.sensor,
        source=first.source,
        kind=first.kind,
        opened_ns=standing.opened_ns,
        ended_ns=t_ns,
        told=tuple(standing.told),
    )


def merged(stretches: Iterable[Episode]) -> list[Episode]:
    """Join the stretches of each sensor and slot that follow one another within `MERGE_S`; return them by opening."""
    by_place: dict[tuple[str, str], list[Episode]] = defaultdict(list)
    for stretch in stretches:
        by_place[stretch.sensor or "", slot_of(stretch.kind)].append(stretch)
    joined = (one for place in by_place.values() for one in _joined(sorted(place, key=_by_opening)))
    return sorted(joined, key=_by_opening)


def _by_opening(episode: Episode) -> tuple[int, str, str, int]:
    return (episode.opened_ns, episode.sensor or "", episode.kind, episode.ended_ns)


def _joined(stretches: list[Episode]) -> Iterator[Episode]:
    last: Episode | None = None
    for stretch in stretches:
        if last is None:
            last = stretch
        elif stretch.opened_ns - last.ended_ns <= MERGE_S * NS:
            last = replace(
                last,
                ended_ns=max(last.ended_ns, stretch.ended_ns),
                told=(*last.told, *stretch.told),
                repeats=last.repeats + 1,
            )
        else:
            yield last
            last = stretch
    if last is not None:
        yield last
