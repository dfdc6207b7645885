"""Whom a step means: roles are people and schedules by now, and of those on duty the ones who answer for the place."""

from collections.abc import Mapping

from alerting.commands import OverrideOnCall
from alerting.escalation import words
from alerting.escalation.schedule import OnDuty, Override, on_call
from alerting.escalation.settings import Chain, EscalationSettings, Ladder
from alerting.events import AlertEvent
from registry.plant import Area, Text

MAX_OVERRIDE_NS = 31 * 86_400 * 10**9
"""A longer exception is a new schedule, and would be forgotten as an exception."""

Overrides = dict[str, list[Override]]
"""What people commanded, by schedule, in the order of the commands."""


class Roster:
    """The people of the settings and who stands in for whom; owns the commanded overrides."""

    def __init__(self, settings: EscalationSettings, areas: Mapping[str, Area]) -> None:
        self._settings = settings
        self._areas = areas
        self.overrides: Overrides = {}

    def command(self, command: OverrideOnCall, now_ns: int) -> None:
        """Note who is on duty instead; raise `CommandRefused`, with nothing changed, where that cannot be."""
        if command.schedule not in self._settings.schedules:
            raise words.unknown_schedule(command.schedule, self._settings.schedules)
        for person in command.people:
            if person not in self._settings.people:
                raise words.unknown_person(person)
        span_ns = command.until_ns - command.from_ns
        if command.until_ns <= now_ns or not 0 < span_ns <= MAX_OVERRIDE_NS:
            raise words.bad_interval(command.from_ns, command.until_ns)
        kept = [one for one in self.overrides.get(command.schedule, []) if one.until_ns > now_ns]
        kept.append(
            Override(
                people=command.people,
                from_ns=command.from_ns,
                until_ns=command.until_ns,
                by=command.by,
                reason=command.reason,
            )
        )
        self.overrides[command.schedule] = kept

    def people(
        self, chain: Chain, ladder: Ladder, level: int, event: AlertEvent, now_ns: int
    ) -> dict[str, Text]:
        """Return who is called at a step, and why each; everybody once.

        Where the step asks people who do not answer for the alert's place, or nobody is on duty, there is nobody; but the
        last resort is asked wherever the alert is.
        """
        last = level >= len(ladder.steps)
        found: dict[str, Text] = {}
        for name in (chain.last_resort,) if last else ladder.steps[level].call:
            for one, why in self._on_duty(name, now_ns):
                person = self._settings.people.get(one)
                if person is not None and (last or person.answers_for(event, self._areas)):
                    found.setdefault(one, why)
        return found

    def on_duty(self, now_ns: int) -> dict[str, OnDuty]:
        """Return who is on duty now, by schedule."""
        return {
            name: on_call(schedule, now_ns, self.overrides.get(name, ()))
            for name, schedule in self._settings.schedules.items()
        }

    def receivers(self, person: str) -> tuple[str, ...]:
        """Return by what a person is reached; nothing for somebody whom the settings have no longer."""
        known = self._settings.people.get(person)
        return known.receivers if known else ()

    def name(self, person: str) -> Text:
        """Return what a person is called; somebody whom the settings have no longer by the id."""
        known = self._settings.people.get(person)
        return known.name if known else Text.same(person)

    def _on_duty(self, name: str, now_ns: int) -> list[tuple[str, Text]]:
        schedule = self._settings.schedules.get(name)
        if schedule is None:
            return [(name, words.named_directly())]
        duty = on_call(schedule, now_ns, self.overrides.get(name, ()))
        return [(person, duty.reason) for person in duty.people]
