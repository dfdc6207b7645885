"""Plays a scenario on the alarm desk: no clock, no bank of detectors, time is what the story says."""

import math
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from alerting.commands import CommandRefused, decode_command
from alerting.desk import AlertDesk, Told
from alerting.events import Family, Kind
from alerting.grades_file import default_grades
from alerting.notification import Notification
from alerting.routes import Routes
from alerting.routes_file import load_routes, routes_to_log
from detectors.findings import Edge, FindingBlock, Method
from registry.sensors import LIMIT_NAMES
from tests.alerting.plant import PLANT, REGISTRY, T0, S, block, finding
from tests.alerting.scenarios.story import Step, Story, StoryError, fields_of

_METHODS = {method.label: method for method in Method}
_SENSORS = {spec.sensor: i for i, spec in enumerate(REGISTRY.specs)}


@dataclass(frozen=True, slots=True)
class Heard:
    """A notification and when it was made, seconds from the story's beginning; `words` are what it is asked for."""

    at_s: float
    notification: Notification
    words: frozenset[str]


@dataclass(slots=True)
class Played:
    """All that a story gave."""

    lines: list[bytes] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)


class Player:
    """One playing of a story.

    `punctual`: timers are asked for at their deadlines, as live; otherwise only when something happens, as in a replay.
    `restarts`: after every step the desk goes on from its own snapshot.
    """

    def __init__(self, story: Story, *, punctual: bool = True, restarts: bool = False) -> None:
        self._story = story
        self._punctual = punctual
        self._restarts = restarts
        self.desk = self._made()
        self.played = Played()

    def play(self) -> Played:
        """Play it to its end, checking what it says of states on the way."""
        for step in self._story.steps:
            self._until(T0 + round(step.at_s * S))
            self._do(step)
            if self._restarts:
                self._restart()
        self._until(T0 + round(self._story.end_s * S))
        return self.played

    def _made(self) -> AlertDesk:
        return AlertDesk(REGISTRY, default_grades(), self._routes())

    def _routes(self) -> Routes:
        given = self._story.settings.get("routes")
        if given is None:
            return routes_to_log()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "routes.yaml")
            path.write_text(yaml.safe_dump(given, allow_unicode=True), encoding="utf-8")
            routes, faults = load_routes(path, PLANT)
        assert routes is not None, [str(fault) for fault in faults]
        return routes

    def _until(self, now_ns: int) -> None:
        if not self._punctual:
            self._note(self.desk.tick(now_ns), now_ns)
            return
        while (due_ns := self.desk.next_deadline_ns()) is not None and due_ns <= now_ns:
            self._note(self.desk.tick(due_ns), due_ns)
            after_ns = self.desk.next_deadline_ns()
            assert after_ns is None or after_ns > due_ns, "a timer that fired is over"
        self._note(self.desk.tick(now_ns), now_ns)

    def _restart(self) -> None:
        body = self.desk.snapshot()
        self.desk = self._made()
        self.desk.restore(body)
        assert self.desk.snapshot() == body

    def _do(self, step: Step) -> None:
        now_ns = T0 + round(step.at_s * S)
        match step.words:
            case ("push" | "back" as what, sensor, thing, *more):
                rows = self._finding(
                    step, sensor, thing, Edge.RAISED if what == "push" else Edge.RECOVERED, more
                )
                self._note(self.desk.apply(rows, now_ns), now_ns)
            case ("do", name, *more):
                command = decode_command(self._command(name, tuple(more)))
                self._note(self.desk.command(command, now_ns), now_ns)
            case ("try", name, *more):
                self._try(self._command(name, tuple(more)), now_ns)
            case ("refused", code, "do", name, *more):
                self._refused(step, code, self._command(name, tuple(more)), now_ns)
            case ("restart",):
                self._restart()
            case ("state", reference, state, *grade):
                found = self._view(reference)
                is_now = ("closed",) if found is None else (found.state, found.grade.label)
                assert is_now[: 1 + len(grade)] == (state, *grade), self._where(
                    step, f"{reference} is {is_now}"
                )
            case ("incident", reference, *asked):
                self._look_at_incident(step, reference, asked)
            case ("flood", scope, in_flood):
                assert (self.desk.floods.flood(scope) is not None) == (in_flood == "yes"), self._where(
                    step, f"{scope} is in flood: {self.desk.floods.flood(scope)}"
                )
            case _:
                raise StoryError(self._where(step, f"unknown step {' '.join(step.words)}"))

    def _try(self, body: bytes, now_ns: int) -> None:
        """Give a command that may be refused; refused, it changes nothing."""
        before = self.desk.snapshot()
        try:
            told = self.desk.command(decode_command(body), now_ns)
        except CommandRefused:
            assert self.desk.snapshot() == before
        else:
            self._note(told, now_ns)

    def _refused(self, step: Step, code: str, body: bytes, now_ns: int) -> None:
        before = self.desk.snapshot()
        with pytest.raises(CommandRefused) as refused:
            self.desk.command(decode_command(body), now_ns)
        assert refused.value.code == code, self._where(step, f"refused with {refused.value.code}")
        assert refused.value.text.zh, self._where(step, "a refusal is in both languages")
        assert self.desk.snapshot() == before, self._where(step, "a refused command changed something")

    def _finding(self, step: Step, sensor: str, thing: str, edge: Edge, more: list[str]) -> FindingBlock:
        asked: dict[str, Any] = dict(fields_of(tuple(more)))
        facts: dict[str, Any] = {
            "value": asked.get("value", 92.1),
            "forecast_s": asked.get("forecast", math.nan),
        }
        if thing in LIMIT_NAMES:
            facts["limit"] = thing
        else:
            facts["method"] = _METHODS[thing]
            facts |= {"statistic": 9.0, "threshold": 8.0}
            if "limit" in asked:
                facts["limit"] = asked["limit"]
        return block([finding(_SENSORS[sensor], step.at_s, edge=edge, **facts)])

    def _command(self, name: str, more: tuple[str, ...]) -> bytes:
        fields: dict[str, Any] = {"command": name, **dict(fields_of(more))}
        return msgspec.json.encode({key: self._meant(value) for key, value in fields.items()})

    def _meant(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._meant(one) for one in value]
        if not isinstance(value, str):
            return value
        if value.startswith("@incident:"):
            return self._incident_of(value.removeprefix("@incident:")) or "no such incident"
        if value.startswith("@"):
            found = self._view(value.removeprefix("@"))
            return found.id if found else "no such alert"
        if value.startswith("+"):  # a time of the pipeline's clock
            return T0 + round(float(value) * S)
        return value

    def _incident_of(self, reference: str) -> str | None:
        view = self._view(reference)
        return self.desk.incidents.of_alert(view.id) if view else None

    def _look_at_incident(self, step: Step, reference: str, asked: list[str]) -> None:
        """Compare the incident of a sensor's open alert with what the story says of it; ``none``: it has none."""
        found = self.desk.incidents.incident(self._incident_of(reference) or "")
        if asked == ["none"]:
            assert found is None, self._where(step, f"{reference} has incident {found}")
            return
        assert found is not None, self._where(step, f"{reference} has no incident")
        now = {
            "size": found.size,
            "grade": found.grade.label,
            "first_out": found.first_out["sensor"].rpartition("/")[2],
            "sensors": ",".join(sensor.rpartition("/")[2] for sensor in found.sensors),
            "open": len(found.open_alerts),
        }
        for name, value in fields_of(tuple(asked)):
            assert now[name] == value, self._where(step, f"{name} is {now[name]}")

    def _view(self, reference: str) -> Any:
        """Return the open alert that a story speaks of: of a sensor's process, of one of its slots, of a trouble."""
        name, _, slot = reference.partition(":")
        i = _SENSORS.get(name)
        for view in self.desk.book.open_alerts():
            if i is None:
                if view.kind is Kind.SYSTEM and view.event.why.get("system") == name:
                    return view
            elif view.event.sensor == REGISTRY.specs[i].id:
                own = Family.PROCESS if view.kind.family is Family.PROCESS else view.kind
                if own == (slot or Family.PROCESS):
                    return view
        return None

    def _note(self, told: Told, now_ns: int) -> None:
        self.played.lines += [event.line() for event in told.events]
        at_s = (now_ns - T0) / S
        self.played.heard += [Heard(at_s, one, _words(one)) for one in told.notifications]

    def _where(self, step: Step, problem: str) -> str:
        return f"{self._story.path.name}:{step.line}: {problem}"


def _words(notification: Notification) -> frozenset[str]:
    """Return what a notification can be asked for: its receiver, person, and of each alert event, state, grade, sensor."""
    body = msgspec.json.decode(notification.body)
    words = {notification.receiver, notification.person or "nobody"}
    is_group = "group" in body
    for line in body["alerts"] if is_group else [body]:
        values = [line.get(key) for key in ("event", "state", "grade", "kind", "siren", "light")]
        words |= {str(value) for value in values if value}
        words |= {f"siren:{line['siren']}", f"light:{line['light']}"} if "siren" in line else set()
        if line.get("sensor"):
            words.add(line["sensor"].rpartition("/")[2])
    words |= {body["status"], f"of:{len(body['alerts'])}"} if is_group else set()
    return frozenset(words)
