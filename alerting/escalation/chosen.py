"""Which chain an alert gets: the first of the routes that take it which names one."""

from collections.abc import Callable

from alerting.events import AlertEvent
from alerting.routing import Router


def chain_by_route(router: Router) -> Callable[[AlertEvent], str | None]:
    """Return the choice by a routing tree; None for an alert none of whose routes names a chain."""

    def chain_of(event: AlertEvent) -> str | None:
        found = router.match(router.labels(event))
        return next((one.route.escalation for one in found if one.route.escalation is not None), None)

    return chain_of
