"""The rules as far as they are about one enterprise: what names another is nothing for who may not know of it."""

from collections.abc import Iterable
from dataclasses import replace

from alerting.routes import Routes
from alerting.routing import Matcher, Op, Route, walk


def routes_of(routes: Routes, enterprise: str) -> Routes:
    """Return the routes and inhibition rules that an alert of the enterprise could meet, with the receivers of these.

    Of their matchers on the enterprise those are left that name it alone; the others hold for all its alerts.
    """
    root = _route_of(routes.root, enterprise)
    told = {route.receiver for route in walk(root)}
    return replace(
        routes,
        root=root,
        receivers={name: made for name, made in routes.receivers.items() if name in told},
        limits={name: limit for name, limit in routes.limits.items() if name in told},
        inhibit=tuple(
            replace(rule, source=_own(rule.source, enterprise), target=_own(rule.target, enterprise))
            for rule in routes.inhibit
            if _meant(rule.source, enterprise) and _meant(rule.target, enterprise)
        ),
    )


def _route_of(route: Route, enterprise: str) -> Route:
    children = (child for child in route.children if _meant(child.matchers, enterprise))
    return replace(
        route,
        matchers=_own(route.matchers, enterprise),
        children=tuple(_route_of(child, enterprise) for child in children),
    )


def _meant(matchers: Iterable[Matcher], enterprise: str) -> bool:
    return all(one.holds_for((enterprise,)) for one in matchers if one.label == "enterprise")


def _own(matchers: Iterable[Matcher], enterprise: str) -> tuple[Matcher, ...]:
    return tuple(
        one
        for one in matchers
        if one.label != "enterprise" or (one.op is Op.EQUAL and one.value == enterprise)
    )
