"""Which episode tells of which event: the rules of docs/score.md, and nothing else.

Theory of operation. Every episode is put in exactly one place: with one event that it opened in, or with none. An
event's episodes are those put with it, so nothing can be counted twice. An episode that stood before an event's onset
opened in no part of it and earns nothing there, however long it stands.
"""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from alerting.events import Family, Grade
from service.score.episodes import Episode
from service.score.times import NS, seconds
from service.score.truth_file import TrueEvent, Truth

TOLERANCE_S = 60.0
"""An alert that opens within this after an event's end still tells of it: filters and delays lag."""
AGAIN_S = 86_400.0
"""A false alert counts again for each day that it goes on standing, so that one that never ends is not cheap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How far an alert may lie from the event that it is put with.

    Attributes:
        tolerance_s: how long after an event's end an alert may open.
        source_of: the hazard source of each sensor; with it an alert of the process at another sensor of an event's
            source tells of the event too. Without it only the event's own sensors do.
    """

    tolerance_s: float = TOLERANCE_S
    source_of: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventOutcome:
    """What was made of one event.

    Attributes:
        episodes: those put with it, first opening first.
        by_source: whether its first episode is of another sensor of its source.
        stood: whether an alert stood at one of its sensors when it began.
        rose_ns: when one that stood so first escalated while it lasted; None where none did.
        gravest: the gravest grade told while it lasted, by its episodes or by what stood at its sensors; None where none was.
    """

    event: TrueEvent
    episodes: tuple[Episode, ...]
    by_source: bool
    stood: bool
    rose_ns: int | None
    gravest: Grade | None

    @property
    def caught(self) -> bool:
        """Whether anything told of it."""
        return bool(self.episodes)

    @property
    def delay_s(self) -> float:
        """From its true onset to the first alert; infinite where none came."""
        return seconds(self.episodes[0].opened_ns - self.event.onset_ns) if self.episodes else math.inf

    @property
    def rose_in_time(self) -> bool:
        """Whether nothing told of it in time, but an alert that stood escalated before its first limit, if it has one."""
        limit_ns, lead_s = self.event.first_limit_ns, self.lead_s
        in_time = self.caught if lead_s is None else lead_s > 0
        return not in_time and self.rose_ns is not None and (limit_ns is None or self.rose_ns < limit_ns)

    @property
    def lead_s(self) -> float | None:
        """From the first alert to its first limit; minus infinity without an alert, None without a limit."""
        limit_ns = self.event.first_limit_ns
        if limit_ns is None:
            return None
        return seconds(limit_ns - self.episodes[0].opened_ns) if self.episodes else -math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseAlert:
    """An episode that tells of no fault; `look_alike` is what it took for one, if any. `count` is by `AGAIN_S`."""

    episode: Episode
    look_alike: TrueEvent | None
    count: int
    stood_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Where every episode was put. `system` are alerts of hazwatch itself; `outside` count for nothing.

    Those opened after the truth's range, had ended before it, or tell of an event that is not scored.
    """

    truth: Truth
    faults: tuple[EventOutcome, ...]
    look_alikes: tuple[EventOutcome, ...]
    false: tuple[FalseAlert, ...]
    system: tuple[Episode, ...]
    outside: tuple[Episode, ...]


def match(truth: Truth, episodes: Iterable[Episode], rules: Rules) -> Match:
    """Put every episode with the one event that it tells of, or with none."""
    places = _Places((*truth.events, *truth.others), rules)
    not_scored = {event.id for event in truth.others}
    of_event: dict[str, list[tuple[Episode, bool]]] = defaultdict(list)
    standing: dict[str, list[Episode]] = defaultdict(list)
    false: list[FalseAlert] = []
    system: list[Episode] = []
    outside: list[Episode] = []
    for episode in sorted(episodes, key=lambda episode: episode.opened_ns):
        if episode.opened_ns >= truth.end_ns or episode.ended_ns <= truth.start_ns:
            outside.append(episode)
            continue
        if episode.family is Family.SYSTEM:
            system.append(episode)
            continue
        standing[episode.sensor or ""].append(episode)
        event, by_source = places.event_of(episode)
        if event is not None and event.id in not_scored:
            outside.append(episode)
            continue
        if event is not None:
            of_event[event.id].append((episode, by_source))
        if event is None or not event.fault:
            false.append(_false(episode, event, truth))
    slack_ns = round(rules.tolerance_s * NS)
    outcomes = [_outcome(event, of_event[event.id], standing, slack_ns) for event in truth.events]
    return Match(
        truth=truth,
        faults=tuple(outcome for outcome in outcomes if outcome.event.fault),
        look_alikes=tuple(outcome for outcome in outcomes if not outcome.event.fault),
        false=tuple(false),
        system=tuple(system),
        outside=tuple(outside),
    )


def _false(episode: Episode, event: TrueEvent | None, truth: Truth) -> FalseAlert:
    stood_s = seconds(min(episode.ended_ns, truth.end_ns) - max(episode.opened_ns, truth.start_ns))
    return FalseAlert(
        episode=episode, look_alike=event, count=max(1, math.ceil(stood_s / AGAIN_S)), stood_s=stood_s
    )


def _outcome(
    event: TrueEvent,
    found: Sequence[tuple[Episode, bool]],
    standing: Mapping[str, Sequence[Episode]],
    slack_ns: int,
) -> EventOutcome:
    stood = [
        episode
        for sensor in dict.fromkeys(event.sensors)
        for episode in standing.get(sensor, ())
        if episode.opened_ns < event.onset_ns < episode.ended_ns
    ]
    while_it_lasted = [
        told
        for episode in (*stood, *(episode for episode, _ in found))
        for told in episode.told
        if event.onset_ns <= told.t_ns <= event.end_ns + slack_ns
    ]
    rises = [
        told.t_ns
        for episode in stood
        for told in episode.told
        if told.event == "escalated" and event.onset_ns <= told.t_ns <= event.end_ns + slack_ns
    ]
    return EventOutcome(
        event=event,
        episodes=tuple(episode for episode, _ in found),
        by_source=bool(found) and found[0][1],
        stood=bool(stood),
        rose_ns=min(rises, default=None),
        gravest=max((told.grade for told in while_it_lasted), default=None),
    )


class _Places:
    """Finds the event that an episode tells of: on its own sensors first, then on its source."""

    def __init__(self, events: Sequence[TrueEvent], rules: Rules) -> None:
        self._tolerance_ns = round(rules.tolerance_s * NS)
        self._source_of = rules.source_of
        by_sensor: dict[str, list[TrueEvent]] = defaultdict(list)
        by_source: dict[str, list[TrueEvent]] = defaultdict(list)
        for event in events:
            for sensor in dict.fromkeys(event.sensors):
                by_sensor[sensor].append(event)
            if rules.source_of is not None and event.fault:
                for source in dict.fromkeys(map(rules.source_of.get, event.sensors)):
                    by_source[source or ""].append(event)
        self._by_sensor = {sensor: _Row(row) for sensor, row in by_sensor.items()}
        self._by_source = {source: _Row(row) for source, row in by_source.items() if source}

    def event_of(self, episode: Episode) -> tuple[TrueEvent | None, bool]:
        """Return the event, and whether only its source is the episode's.

        A fault of the sensor goes before a look-alike of it, that before a fault of the source; of several the one
        that began last.
        """
        own = list(self._during(self._by_sensor.get(episode.sensor or ""), episode.opened_ns))
        faults = [event for event in own if event.fault]
        if own:
            return (faults or own)[-1], False
        if self._source_of is None or episode.family is not Family.PROCESS:
            return None, False
        source = episode.source or self._source_of.get(episode.sensor or "")
        around = list(self._during(self._by_source.get(source or ""), episode.opened_ns))
        return (around[-1], True) if around else (None, False)

    def _during(self, row: "_Row | None", t_ns: int) -> Iterator[TrueEvent]:
        if row is None:
            return
        last = bisect_right(row.onsets, t_ns)
        first = bisect_right(row.onsets, t_ns - row.longest_ns - self._tolerance_ns - 1)
        for event in row.events[first:last]:
            if t_ns <= event.end_ns + self._tolerance_ns:
                yield event


class _Row:
    """Events by onset, with the length of the longest, so that only those that may still last are looked at."""

    def __init__(self, events: Iterable[TrueEvent]) -> None:
        self.events = sorted(events, key=lambda event: (event.onset_ns, event.id))
        self.onsets = [event.onset_ns for event in self.events]
        self.longest_ns = max(event.end_ns - event.onset_ns for event in self.events)
