"""Everything that a routes file says, checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from alerting.cap.settings import CapSettings
from alerting.escalation.settings import EscalationSettings
from alerting.inhibition import InhibitRule
from alerting.limits import Limit
from alerting.notify.settings import ReceiverSettings
from alerting.routing import Route, walk


@dataclass(frozen=True, slots=True)
class Routes:
    """The routing tree and the receivers that it names, inhibition, the receivers' limits, and who is called when.

    `cap` says who sends CAP messages, None: nobody.
    """

    root: Route
    receivers: Mapping[str, ReceiverSettings]
    inhibit: tuple[InhibitRule, ...] = ()
    limits: Mapping[str, Limit] = field(default_factory=dict)
    escalation: EscalationSettings = field(default_factory=EscalationSettings)
    cap: CapSettings | None = None

    def rehearsed(self) -> Self:
        """Return the routes of the same pipeline on readings that are not of now: no CAP message is Actual."""
        return self if self.cap is None else replace(self, cap=self.cap.rehearsed())

    def print_of(self) -> str:
        """Return a text that is another one where alerts could go another way: a snapshot knows by it."""
        lines = [
            f"{route.path} {route.receiver} {[str(m) for m in route.matchers]} {route.carry_on} {route.grouping}"
            for route in walk(self.root)
        ]
        lines += [
            f"{rule.path} {[str(m) for m in rule.source]} {[str(m) for m in rule.target]} {rule.equal}"
            for rule in self.inhibit
        ]
        return "\n".join([*lines, *sorted(self.receivers), *(str(row) for row in sorted(self.limits))])
