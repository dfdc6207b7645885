"""Lost communication: the sensors that fall silent together are one alert and not one each.

Theory of operation. The first sensor that falls silent is told at its deadline, like any other: nothing waits. Whoever of the
same enterprise was heard last at the same time, and is found silent after it, joins that alert, which its first sensor
carries. After a few seconds the alert is told once more, as one of several sensors; who joins or returns later is noted.
When the first of them returns, the silence is on its way out: whoever is silent still a while later has a trouble of its
own and gets an alert of its own, unless that is most of them. A sensor at a place whose grade is higher than the carrier's
never joins: it opens an alert of its own, which others may join.
Everything here is in terms of changes for the book; which sensor is silent is `silent`, whatever alert that is part of.
"""

import heapq
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import islice

import msgspec

from alerting.conditions import Absent, Change, Condition, Several
from alerting.grading import URGENCIES, GradeTable
from registry.sensors import SensorRegistry

GATHER_NS = 10_000_000_000
"""After this the others are told of; the sensors of one gateway are found silent within a scan or two of each other."""
RETURN_NS = 60_000_000_000
"""So long after the first return whoever is silent still has a trouble of its own."""
_SLACK_NS = 2_000_000_000
_LONGEST_SCAN_S = 60.0
_LISTED = 50
_NS_PER_S = 1_000_000_000


class SilentMember(msgspec.Struct, array_like=True):
    """A sensor of a silence: what was found of it, and when it spoke again."""

    condition: Condition
    back_ns: int | None = None


class Silence(msgspec.Struct, kw_only=True):
    """Sensors of one enterprise that fell silent together; part of the book's snapshot.

    `onset_ns` is when the carrier was heard last before it. `source` is the hazard source that all have in common, None where
    there is none. `absent` counts those that are silent still. `tell_ns` is when what has changed is told to the book,
    `settle_ns` when whoever is silent still is let go.
    """

    carrier: str
    onset_ns: int
    source: str | None
    members: dict[str, SilentMember]
    absent: int = 1
    tell_ns: int | None = None
    settle_ns: int | None = None

    def remaining(self) -> list[str]:
        """Return who is silent still, in the order in which they fell silent."""
        return [sensor for sensor, member in self.members.items() if member.back_ns is None]


class RollUp:
    """Every silence that stands; its cost of a finding does not depend on how many sensors are silent."""

    def __init__(
        self,
        registry: SensorRegistry,
        grades: GradeTable,
        is_shown: Callable[[str], bool],
        silences: Iterable[Silence] = (),
    ) -> None:
        """Continue with the silences of a snapshot; `is_shown` says whether people see the alert of a carrier as standing.

        An alert that a person or a rule holds back must not hide others: it takes in no one.
        """
        self._registry = registry
        self._grades = grades
        self._is_shown = is_shown
        speaks = [spec for spec in registry.specs if spec.scan_s == spec.scan_s]
        self._at_source = Counter((spec.enterprise, spec.source) for spec in speaks)
        self._at_enterprise = Counter(spec.enterprise for spec in speaks)
        self.silent: dict[str, int] = {}
        self._carried: dict[str, Silence] = {}
        self._of: dict[str, Silence] = {}
        self._by_onset: dict[str, list[tuple[int, str]]] = {}
        self._due: list[tuple[int, str]] = []
        for silence in silences:
            self._take_over(silence)

    def take(self, change: Change) -> list[Change]:
        """Take that a sensor fell silent or speaks again; return what that means for the alerts of silence."""
        spec = self._registry.specs[change.sensor]
        if change.raised:
            self.silent[spec.id] = change.condition.onset_ns
            return self._fallen(spec.id, change)
        self.silent.pop(spec.id, None)
        silence = self._of.pop(spec.id, None)
        return [change] if silence is None else self._returned(silence, spec.id, change)

    def tick(self, now_ns: int) -> list[Change]:
        """Return what is to be told of silences up to `now_ns`, each at its own time."""
        changes: list[Change] = []
        while self._due and self._due[0][0] <= now_ns:
            due_ns, carrier = heapq.heappop(self._due)
            silence = self._carried.get(carrier)
            if silence is None:
                continue
            if silence.settle_ns == due_ns:
                silence.settle_ns = None
                if 2 * silence.absent <= len(silence.members) or carrier not in self._registry.index:
                    changes += self._let_go(silence, due_ns)
            elif silence.tell_ns == due_ns:
                silence.tell_ns = None
                changes.append(self._as_it_is(silence, due_ns))
        return changes

    def release(self, carrier: str, now_ns: int) -> list[Change]:
        """Give the others of a silence alerts of their own, because its carrier's is held back from now on."""
        silence = self._carried.get(carrier)
        return [] if silence is None or len(silence.members) == 1 else self._let_go(silence, now_ns)

    def next_deadline_ns(self) -> int | None:
        """Return a time before which `tick` has nothing to say, None where nothing waits."""
        return self._due[0][0] if self._due else None

    def silences(self) -> list[Silence]:
        """Return every silence, for the snapshot."""
        return list(self._carried.values())

    def _fallen(self, sensor: str, change: Change) -> list[Change]:
        again = self._of.get(sensor)
        if again is not None:  # told once more of what stands
            again.members[sensor].condition = change.condition
            return [change] if len(again.members) == 1 else []
        silence = self._carried.get(sensor) or self._near(change.sensor, change.condition)
        if silence is None:
            self._alone(sensor, change.condition)
            return [change]
        if self._registry.specs[change.sensor].source != silence.source:
            silence.source = None
        silence.members[sensor] = SilentMember(change.condition)
        silence.absent += 1
        self._of[sensor] = silence
        self._tell_soon(silence, change.now_ns)
        return []

    def _returned(self, silence: Silence, sensor: str, change: Change) -> list[Change]:
        silence.members[sensor].back_ns = change.now_ns
        silence.absent -= 1
        if silence.absent == 0:
            self._drop(silence)
            if silence.carrier not in self._registry.index:
                return []
            return [change] if len(silence.members) == 1 else [self._over(silence, change.now_ns)]
        self._tell_soon(silence, change.now_ns)
        if silence.settle_ns is None:
            silence.settle_ns = change.now_ns + RETURN_NS
            heapq.heappush(self._due, (silence.settle_ns, silence.carrier))
        return []

    def _let_go(self, silence: Silence, now_ns: int) -> list[Change]:
        """Give whoever is silent still an alert of its own, the carrier the one that it has; end that of a carrier who spoke."""
        remaining, known = silence.remaining(), silence.carrier in self._registry.index
        self._drop(silence)
        changes = []
        for sensor in remaining:
            own = silence.members[sensor].condition
            self._alone(sensor, own)
            if sensor != silence.carrier:
                own = msgspec.structs.replace(own, since_ns=now_ns)
            own = msgspec.structs.replace(own, told_ns=now_ns)
            changes.append(Change(now_ns, self._registry.index[sensor], raised=True, condition=own))
        if known and silence.carrier not in remaining:
            changes.append(self._over(silence, now_ns))
        return changes

    def _as_it_is(self, silence: Silence, now_ns: int) -> Change:
        """Return the carrier's condition with all that take part."""
        several = Several(
            silent=silence.absent,
            took_part=len(silence.members),
            of=self._expected(silence),
            source=silence.source,
            listed=tuple(
                Absent(sensor, member.condition.onset_ns, member.back_ns)
                for sensor, member in islice(silence.members.items(), _LISTED)
            ),
        )
        own = silence.members[silence.carrier].condition
        now = msgspec.structs.replace(own, told_ns=now_ns, value=None, several=several)
        return Change(now_ns, self._registry.index[silence.carrier], raised=True, condition=now)

    def _over(self, silence: Silence, now_ns: int) -> Change:
        last = self._as_it_is(silence, now_ns)
        return Change(now_ns, last.sensor, raised=False, condition=last.condition)

    def _expected(self, silence: Silence) -> int:
        """Return how many sensors of the place are expected to speak."""
        enterprise = self._registry.specs[self._registry.index[silence.carrier]].enterprise
        if silence.source is None:
            return self._at_enterprise[enterprise]
        return self._at_source[enterprise, silence.source]

    def _near(self, i: int, condition: Condition) -> Silence | None:
        """Return the silence that began when the sensor was heard last, of the nearest time; None where there is none."""
        known = self._by_onset.get(self._registry.specs[i].enterprise, [])
        at = bisect_left(known, (condition.onset_ns, ""))
        best: tuple[int, str] | None = None
        for way in (range(at - 1, -1, -1), range(at, len(known))):
            for place in way:
                onset_ns, carrier = known[place]
                apart_ns = abs(onset_ns - condition.onset_ns)
                if apart_ns > _LONGEST_SCAN_S * _NS_PER_S + _SLACK_NS or (best and best < (apart_ns, "")):
                    break
                if self._belongs(i, carrier, apart_ns):
                    best = min(best or (apart_ns, carrier), (apart_ns, carrier))
        return self._carried[best[1]] if best else None

    def _belongs(self, i: int, carrier: str, apart_ns: int) -> bool:
        """Return whether a sensor may join a silence: heard last within a scan of its carrier, at no place of higher grade, and seen."""
        j = self._registry.index.get(carrier)
        if j is None:
            return False
        scan_s = min(max(float(self._registry.scan_s[i]), float(self._registry.scan_s[j])), _LONGEST_SCAN_S)
        near = apart_ns <= scan_s * _NS_PER_S + _SLACK_NS
        return near and self._grade(i) <= self._grade(j) and self._is_shown(carrier)

    def _grade(self, i: int) -> int:
        return self._grades.look_up(URGENCIES[0], self._registry.source_of(i)).grade

    def _alone(self, sensor: str, condition: Condition) -> None:
        """Begin a silence of one sensor."""
        spec = self._registry.specs[self._registry.index[sensor]]
        silence = Silence(
            carrier=sensor,
            onset_ns=condition.onset_ns,
            source=spec.source,
            members={sensor: SilentMember(condition)},
        )
        self._carried[sensor] = self._of[sensor] = silence
        insort(self._by_onset.setdefault(spec.enterprise, []), (silence.onset_ns, sensor))

    def _drop(self, silence: Silence) -> None:
        del self._carried[silence.carrier]
        for sensor in silence.remaining():
            self._of.pop(sensor, None)
        i = self._registry.index.get(silence.carrier)
        if i is not None:
            known = self._by_onset[self._registry.specs[i].enterprise]
            del known[bisect_left(known, (silence.onset_ns, silence.carrier))]

    def _tell_soon(self, silence: Silence, now_ns: int) -> None:
        if silence.tell_ns is None:
            silence.tell_ns = now_ns + GATHER_NS
            heapq.heappush(self._due, (silence.tell_ns, silence.carrier))

    def _take_over(self, silence: Silence) -> None:
        """Continue a silence of a snapshot; sensors that the points table no longer has take no part."""
        index = self._registry.index
        silence.members = {sensor: member for sensor, member in silence.members.items() if sensor in index}
        remaining = silence.remaining()
        silence.absent = len(remaining)
        if not remaining:
            return
        self._carried[silence.carrier] = silence
        for sensor in remaining:
            self.silent[sensor] = silence.members[sensor].condition.onset_ns
            self._of[sensor] = silence
        if silence.carrier in index:
            enterprise = self._registry.specs[index[silence.carrier]].enterprise
            insort(self._by_onset.setdefault(enterprise, []), (silence.onset_ns, silence.carrier))
        else:
            # nobody carries them any more: each must have an alert of its own
            silence.tell_ns = None
            silence.settle_ns = max(member.condition.told_ns for member in silence.members.values())
        for due_ns in (silence.tell_ns, silence.settle_ns):
            if due_ns is not None:
                heapq.heappush(self._due, (due_ns, silence.carrier))
