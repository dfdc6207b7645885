"""What the alarms page asks of the pipeline beside the alerts themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from alerting.events import AlertEvent
from alerting.incidents.flood import Flood
from registry.plant import Text


@dataclass(frozen=True, slots=True)
class Assignee:
    """Somebody to whom an alert can be given: an account by its name, or a person of the routes file by the id there."""

    id: str
    name: Text


class AlarmsBackend(Protocol):
    """Called on the event loop, so nothing here may block it."""

    def people(self, event: AlertEvent) -> Sequence[Assignee]:
        """Return the people of the routes file who answer for an alert, in the order of the file."""

    def floods(self) -> Sequence[Flood]:
        """Return the floods that last, in the order of their scopes' first alarm."""
