"""What holds for every sequence of findings and commands."""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.alert import AlertView
from alerting.book import AlertBook
from alerting.commands import Acknowledge, CommandRefused, SystemCondition
from alerting.events import AlertEvent, Event, Family, Grade, Kind, State, slot_of
from alerting.methods import ABOUT
from detectors.findings import Edge, Method
from registry.plant import Text
from registry.sensors import LIMIT_NAMES
from tests.alerting.plant import REGISTRY, T0, S, apply, block, book, finding

ABOUT_LIMITS = {Method.LIMIT, Method.RATE, Method.FORECAST}


_BLINDING = (Method.DEAD, Method.QUALITY)


@dataclass(frozen=True)
class Found:
    """A finding; `at_s` is set when the sequence is put together."""

    sensor: int
    method: Method
    limit: str | None
    edge: Edge
    forecast_s: float
    wait_s: int
    at_s: int = 0

    def row(self) -> tuple[object, ...]:
        return finding(
            self.sensor,
            self.at_s,
            method=self.method,
            limit=self.limit if self.method in ABOUT_LIMITS else None,
            edge=self.edge,
            forecast_s=self._ahead_s(),
            statistic=1.5,
        )

    def _ahead_s(self) -> float:
        """Return how soon the limit is expected; a forecast that is raised always says it."""
        return 1800.0 if math.isnan(self.forecast_s) and self.method is Method.FORECAST else self.forecast_s


@dataclass(frozen=True)
class Ack:
    """Acknowledge the alert of the event told `back` events ago, as of `stale` events before its newest."""

    back: int
    check: bool
    wait_s: int
    at_s: int = 0


@dataclass(frozen=True)
class Trouble:
    name: str
    active: bool
    grade: Grade
    wait_s: int
    at_s: int = 0


Step = Found | Ack | Trouble

_wait = st.integers(0, 2)
_found = st.builds(
    Found,
    sensor=st.integers(0, len(REGISTRY) - 1),
    method=st.sampled_from([*[Method.LIMIT] * 12, *[Method.FORECAST, Method.RATE, Method.DEAD] * 4, *Method]),
    limit=st.sampled_from(LIMIT_NAMES),
    edge=st.sampled_from(Edge),
    forecast_s=st.sampled_from([float("nan"), 60.0, 900.0, 9000.0]),
    wait_s=_wait,
)
_ack = st.builds(Ack, back=st.integers(0, 5), check=st.booleans(), wait_s=_wait)
_trouble = st.builds(
    Trouble,
    name=st.sampled_from(["broker", "store"]),
    active=st.booleans(),
    grade=st.sampled_from(Grade),
    wait_s=_wait,
)


def _timed(steps: list[Step]) -> list[Step]:
    at, timed = 0, []
    for step in steps:
        at += step.wait_s
        timed.append(replace(step, at_s=at))
    return timed


sequences = st.lists(st.one_of(_found, _found, _ack, _trouble), max_size=60).map(_timed)


def _one(made: AlertBook, step: Step, told: list[AlertEvent]) -> list[AlertEvent]:
    match step:
        case Found():
            return apply(made, block([step.row()]))
        case Trouble():
            detail = Text(step.name, step.name)
            command = SystemCondition(name=step.name, active=step.active, detail=detail, grade=step.grade)
            return made.command(command, T0 + step.at_s * S)
        case Ack():
            if not told:
                return []
            event = told[-1 - step.back % len(told)]
            acknowledge = Acknowledge(alert=event.id, by="li", seq=event.seq if step.check else None)
            before = made.snapshot()
            try:
                return made.command(acknowledge, T0 + step.at_s * S)
            except CommandRefused:
                assert made.snapshot() == before, "a refused command changes nothing"
                return []


def _run(made: AlertBook, steps: list[Step], told: list[AlertEvent] | None = None) -> list[AlertEvent]:
    told = [] if told is None else told
    for step in steps:
        told += _one(made, step, told)
    return told


@given(sequences)
def test_each_occurrence_begins_once_ends_at_most_once_and_is_counted_without_gaps(steps: list[Step]) -> None:
    made = book()
    events = _run(made, steps)
    assert [e.seq for e in events] == list(range(1, len(events) + 1))
    by_id = defaultdict(list)
    for event in events:
        by_id[event.id].append(event)
    for told in by_id.values():
        names = [e.event for e in told]
        assert names[0] == Event.OPENED
        assert names.count(Event.OPENED) == 1
        assert Event.CLOSED not in names[:-1]
    still_open = {told[-1].id for told in by_id.values() if told[-1].event != Event.CLOSED}
    assert {view.id for view in made.open_alerts()} == still_open


@given(sequences)
def test_an_alert_is_about_what_stands_and_ends_only_when_nothing_stands(steps: list[Step]) -> None:
    made, told = book(), list[AlertEvent]()
    model = Standing()
    for step in steps:
        events = _one(made, step, told)
        told += events
        if isinstance(step, Found):
            model.take(step)
        for event in events:
            if event.event == Event.CLEARED and event.sensor is not None:
                assert not model.of(event.sensor, slot_of(Kind(event.kind)))
        for view in made.open_alerts():
            if view.kind is not Kind.SYSTEM:
                sensor = view.event.sensor or ""
                _is_about_what_stands(view, model.of(sensor, slot_of(view.kind)))
                assert view.blind is None or (
                    view.kind.family is Family.PROCESS and model.of(sensor, Kind.DEAD)
                )


def _is_about_what_stands(view: AlertView, standing: set[tuple[Method, str | None]]) -> None:
    """The reasons are what stands, gravest first, but for a forecast that came true; the first names the alert."""
    reasons = [(Method[r["method"].upper()], r["limit_name"]) for r in view.reasons]
    assert view.active == bool(standing)
    if not standing:
        assert reasons == []
        return
    missing = standing - {(m, limit if m is Method.LIMIT else None) for m, limit in reasons}
    assert missing <= {(Method.FORECAST, None)}
    assert len(reasons) + len(missing) == len(standing)
    kinds = [Kind(r["kind"]) for r in view.reasons]
    assert view.kind is kinds[0]
    assert {kind.family for kind in kinds} == {view.kind.family}
    weights = [_WEIGHT.get(method, 0) for method, _ in reasons]
    assert weights == sorted(weights, reverse=True)


_WEIGHT = {Method.LIMIT: 3, Method.FORECAST: 2, Method.RATE: 1}


class Standing:
    """What stands by the findings alone, as (method, limit where the limits have one each)."""

    def __init__(self) -> None:
        self._standing: defaultdict[tuple[str, str], set[tuple[Method, str | None]]] = defaultdict(set)
        self._unseen: defaultdict[str, list[tuple[Method, str | None]]] = defaultdict(list)

    def of(self, sensor: str, slot: str) -> set[tuple[Method, str | None]]:
        return self._standing[sensor, slot]

    def _blind(self, sensor: str) -> bool:
        """Whether the sensor is silent, or says that its readings are bad."""
        troubles = self.of(sensor, Kind.DEAD) | self.of(sensor, Kind.BAD_QUALITY)
        return any(method in _BLINDING for method, _ in troubles)

    def take(self, step: Found) -> None:
        sensor = REGISTRY.specs[step.sensor].id
        family, kind = ABOUT[step.method]
        slot = "process" if family is Family.PROCESS else str(kind)
        key = (step.method, step.limit if step.method is Method.LIMIT else None)
        standing, silent = self.of(sensor, slot), self._blind(sensor)
        if step.edge is Edge.RAISED:
            standing.add(key)
            self._unseen[sensor] = [other for other in self._unseen[sensor] if other != key]
        elif family is Family.PROCESS and silent:
            self._unseen[sensor].append(key)
        else:
            standing.discard(key)
        if step.method in _BLINDING and step.edge is Edge.RECOVERED and not self._blind(sensor):
            self.of(sensor, "process").difference_update(self._unseen.pop(sensor, []))


@given(sequences)
def test_what_is_told_of_a_rise_or_a_fall_differs_from_what_was_told_before(steps: list[Step]) -> None:
    last: dict[str, tuple[object, ...]] = {}
    ids: dict[str, str | None] = {}
    for event in _run(book(), steps):
        gravest = event.why["reasons"][0]["method"] if event.why["reasons"] else None
        about = (event.grade, event.why["grade"]["urgency"], event.kind, event.limit_name, gravest)
        if event.event in {Event.ESCALATED, Event.DEESCALATED}:
            assert last[event.id] != about
        if event.event == Event.OPENED:
            assert event.id not in ids
        assert ids.setdefault(event.id, event.sensor) == event.sensor
        last[event.id] = about


@given(sequences)
def test_a_key_has_one_open_alert_and_only_rises_and_falls_move_the_grade(steps: list[Step]) -> None:
    last: dict[str, AlertEvent] = {}
    opened: Counter[tuple[str | None, str, str | None]] = Counter()
    for event in _run(book(), steps):
        key = (event.sensor, slot_of(Kind(event.kind)), event.why.get("system"))
        opened[key] += {Event.OPENED: 1, Event.CLOSED: -1}.get(Event(event.event), 0)
        assert opened[key] in {0, 1}
        before = last.get(event.id)
        if before is not None and event.event not in {Event.ESCALATED, Event.DEESCALATED, Event.REOPENED}:
            assert event.grade == before.grade
        if before is not None and event.event in {Event.ESCALATED, Event.REOPENED}:
            assert event.state == State.UNACK
        last[event.id] = event


@given(sequences, st.data())
def test_any_cut_of_the_findings_tells_the_same(steps: list[Step], data: st.DataObject) -> None:
    rows = [step.row() for step in steps if isinstance(step, Found)]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=5)))
    whole, cut = book(), book()
    expected = apply(whole, block(rows))
    parts = [rows[a:b] for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
    assert [event for part in parts for event in apply(cut, block(part))] == expected
    assert cut.snapshot() == whole.snapshot()


@settings(max_examples=60)
@given(sequences, st.data())
def test_a_snapshot_in_the_middle_changes_nothing(steps: list[Step], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(steps)))
    straight = book()
    expected = _run(straight, steps)
    first = book()
    told = _run(first, steps[:at])
    body = first.snapshot()
    second = book()
    second.restore(body)
    assert second.snapshot() == body
    assert second.open_alerts() == first.open_alerts()
    assert _run(second, steps[at:], told) == expected
    assert second.snapshot() == straight.snapshot()


@given(sequences)
def test_the_same_twice_is_the_same_byte_for_byte(steps: list[Step]) -> None:
    assert [e.line() for e in _run(book(), steps)] == [e.line() for e in _run(book(), steps)]
