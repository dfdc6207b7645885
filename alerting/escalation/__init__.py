"""Calling people, one after the other, until somebody acknowledges: people, schedules, chains, and the stage that runs them."""

from alerting.escalation.file import read_escalation
from alerting.escalation.schedule import OnDuty, Override, Schedule, on_call
from alerting.escalation.settings import Chain, EscalationSettings, Ladder, Person, Step
from alerting.escalation.stage import Escalation

__all__ = [
    "Chain",
    "Escalation",
    "EscalationSettings",
    "Ladder",
    "OnDuty",
    "Override",
    "Person",
    "Schedule",
    "Step",
    "on_call",
    "read_escalation",
]
