"""What people tell the alarm desk over the web API: the second person, and who may say what of which place."""

from collections.abc import Callable, Iterable
from typing import Any

from fastapi import Request
from starlette.responses import Response

from alerting.arrangements import Arrangement
from alerting.commands import Command, TakeOutOfService
from alerting.events import State
from alerting.matcher_text import MatcherError, parse_matcher
from alerting.routing import Op
from alerting.silences import SilenceRow
from console.accounts import Account, LoginRefused, Role
from console.asking import MAX_SEQ, Console, client_of, json_answer
from console.backend import AlertRow, Done, Refused, place_of
from console.bodies import PlaceBody, SecondBody
from console.feed import row_json
from console.problems import ProblemError, problem_of
from console.rules_scope import Known
from console.scope import UNLIMITED, Place, Scope, lies_in
from console.telling import Telling, as_read

MAX_SCOPES = 1000
"""For so many it is kept what accounts of a scope may know."""


class Orders:
    """One request's command: `account` gives it, `client` is where it came from."""

    def __init__(self, request: Request, console: Console, account: Account) -> None:
        self.client = client_of(request)
        self.console = console
        self.account = account

    def check_alert(self, alert_id: str, *, closed_too: bool = False) -> Place:
        """Return where an alert belongs; 404 where the account does not see it, or it is closed."""
        row = self.console.backend.alert(alert_id)
        place = None if row is None else row.place
        if place is None and closed_too:
            events = self.console.backend.alert_history(alert_id, MAX_SEQ)
            place = place_of(events[-1]) if events else None
        if place is None or not self.account.scope.sees(place):
            raise ProblemError("unknown_alert")
        return place

    def check_place(self, given: PlaceBody) -> Place:
        """Return where a sensor, an equipment or a hazard source belongs; 404 where the account does not see it."""
        place = place_named(self.console, given.kind, given.id)
        if place is None or not self.account.scope.sees(place):
            raise ProblemError("not_found")
        return place

    async def second(self, given: SecondBody | None, sees: Callable[[Scope], bool]) -> str | None:
        """Return the second person's name: proved, another one than the first, and allowed to do the same.

        `sees` tells whether a scope covers what the command is about.
        """
        if given is None:
            return None
        found = await self.prove(given)
        if not sees(found.scope):
            raise ProblemError("second_role")
        return found.name

    async def prove(self, given: SecondBody) -> Account:
        """Return the second person's account: proved, another one than the first, and one that may give commands."""
        if given.name == self.account.name:
            raise ProblemError("same_person")
        found = await self.console.accounts.check(given.name, given.password, self.client)
        if isinstance(found, LoginRefused):
            self.console.audit.refused_login(given.name, self.client)
            if found.wait_s > 0:
                raise ProblemError("too_many_logins", retry_after_s=found.wait_s)
            raise ProblemError("second_wrong")
        if not found.role.covers(Role.OPERATOR):
            raise ProblemError("second_role")
        return found

    async def carry_out(self, command: Command) -> Done | Refused:
        """Carry the command out and note it; every command of a person goes through here."""
        replaced = works_replaced(self.console, command) if isinstance(command, TakeOutOfService) else None
        outcome = await self.console.backend.command(command)
        self.console.audit.command(self.client, command, outcome, replaced)
        return outcome

    def refuse(self, action: str, subject: str, code: str) -> None:
        """Note a command that was refused before it was tried."""
        self.console.audit.refused(self.account.name, action, subject, code, client=self.client)

    async def give(self, command: Command, alert_id: str | None = None) -> Response:
        """Carry the command out and return the alert as it then stands, and the events that it made within the scope."""
        backend = self.console.backend
        outcome = await self.carry_out(command)
        if isinstance(outcome, Refused):
            return problem_of(409, outcome.code, outcome.text)
        telling = telling_for(self.console, self.account.scope)
        body: dict[str, Any] = {
            "events": [
                as_read(event, telling)
                for event in outcome.events
                if self.account.scope.sees(place_of(event))
            ]
        }
        if alert_id is not None:
            row = backend.alert(alert_id) or _last_row(outcome, alert_id)
            body["alert"] = None if row is None else row_json(row, telling)
        return json_answer(body)


def _last_row(done: Done, alert_id: str) -> AlertRow | None:
    last = next((event for event in reversed(done.events) if event.id == alert_id), None)
    return None if last is None else AlertRow(event=last)


def place_named(console: Console, kind: str, name: str) -> Place | None:
    """Return where a sensor, an equipment or a hazard source belongs, None where there is none."""
    if kind == "sensor":
        facts = console.backend.sensor(name)
        return None if facts is None else facts.place
    plant = console.backend.plant()
    if kind == "equipment":
        equipment = plant.equipment.get(name)
        name = "" if equipment is None else equipment.source
    source = plant.sources.get(name)
    return None if source is None else place_of_enterprise(console, source.enterprise)


def known_to(console: Console, scope: Scope) -> Known | None:
    """Return which places an account of this scope may know of by their names; None: of all."""
    if scope == UNLIMITED:
        return None

    def sees(sensor: str) -> bool:
        place = place_named(console, "sensor", sensor)
        return place is not None and scope.sees(place)

    return Known.of(scope, console.backend.plant(), sees)


def telling_for(console: Console, scope: Scope) -> Telling | None:
    """Return what an account of this scope may know of who was told; None: all. Kept until plant or routes are others."""
    if scope == UNLIMITED:
        return None
    plant, routes = console.backend.plant(), console.backend.routes()
    kept = console.tellings.get(scope)
    if kept is not None and kept[0] is plant and kept[1] is routes:
        return kept[2]
    known = known_to(console, scope)
    if known is None:
        return None

    def silences() -> list[SilenceRow]:
        ended = [one.row for one in console.backend.silences_ended()]
        return ended + [one.row for one in console.backend.silences()]

    if len(console.tellings) >= MAX_SCOPES:
        console.tellings.clear()
    made = Telling.of(known, routes, silences)
    console.tellings[scope] = plant, routes, made
    return made


def body_for(console: Console, scope: Scope, body: bytes) -> bytes:
    """Return an alert of the stream as an account of this scope may read it."""
    telling = telling_for(console, scope)
    return body if telling is None else telling.body(body)


def arrangements_seen(console: Console, scope: Scope) -> list[Arrangement]:
    """Return what holds alerts back now at places that a scope sees, oldest first."""
    return [
        one
        for one in console.backend.arrangements()
        if (place := _place_of(console, one)) is not None and scope.sees(place)
    ]


def works_ahead_seen(console: Console, scope: Scope) -> list[Arrangement]:
    """Return the works that have not begun at places that a scope sees, what begins first first."""
    return [
        one
        for one in console.backend.rules.planned()
        if (place := place_named(console, one.place_kind, one.place)) is not None and scope.sees(place)
    ]


def works_replaced(console: Console, asked: TakeOutOfService) -> Arrangement | None:
    """Return the works of the same permit at the same place that works asked for would take the place of, if any."""
    backend = console.backend
    candidates = [(one, True) for one in backend.arrangements()]
    candidates += [(one, False) for one in backend.rules.planned()]
    at_once = asked.from_ns is None or asked.from_ns <= backend.now_ns()
    for one, begun in candidates:
        if one.kind is not State.OUT_OF_SERVICE or one.name != asked.permit:
            continue
        if (one.place_kind, one.place) != (asked.place.kind, asked.place.id):
            continue
        if asked.replaces is None:
            found = at_once if begun else not one.of_settings
        else:
            found = one.version(begun=begun) == asked.replaces
        if found:
            return one
    return None


def _place_of(console: Console, one: Arrangement) -> Place | None:
    kind = "sensor" if one.place_kind == "slot" else one.place_kind
    return place_named(console, kind, one.place) or (Place() if one.place_kind == "slot" else None)


def place_of_enterprise(console: Console, enterprise: str) -> Place:
    """Return where an enterprise's things belong."""
    known = console.backend.plant().enterprises.get(enterprise)
    return Place(enterprise=enterprise or None, area=None if known is None else known.area)


def stays_within(matchers: Iterable[str], scope: Scope) -> bool:
    """Tell whether alerts that all matchers hold for are all of the scope: they must ask for its enterprise and area."""
    enterprises: set[str] = set()
    areas: set[str] = set()
    for text in matchers:
        try:
            matcher = parse_matcher(text)
        except MatcherError:
            continue  # the command is refused for it, in words of its own
        if matcher.op is Op.EQUAL and matcher.label == "enterprise":
            enterprises.add(matcher.value)
        if matcher.op is Op.EQUAL and matcher.label == "area":
            areas.add(matcher.value)
    return (scope.enterprise is None or scope.enterprise in enterprises) and (
        scope.area is None or any(lies_in(area, scope.area) for area in areas)
    )
