"""What the alarms page sees of the running pipeline beside the alerts themselves."""

from collections.abc import Sequence

from alerting.events import AlertEvent
from alerting.incidents.flood import Flood
from console.alarms_backend import Assignee
from service.shown import Shown


class LiveAlarms:
    """Everything from memory."""

    def __init__(self, runtime: Shown) -> None:
        self._runtime = runtime

    def people(self, event: AlertEvent) -> Sequence[Assignee]:
        """Return the people who answer for an alert."""
        plan = self._runtime.pipeline.plan
        return [
            Assignee(person.id, person.name)
            for person in plan.routes.escalation.people.values()
            if person.answers_for(event, plan.registry.plant.areas)
        ]

    def floods(self) -> Sequence[Flood]:
        """Return the floods that last."""
        return self._runtime.pipeline.desk.floods.floods()
