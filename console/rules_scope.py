"""The rules as far as an account may know of them: none tells it the name of a place out of its scope.

Decided by matcher, for the labels that name places; the others name nothing that is somebody's:

- What can hold for no alert of the scope is left out with its whole route or inhibition rule: it concerns others alone.
- What holds for every alert of the scope (``enterprise!=another``) is left out of its rule, which means the same without it.
- An equality with a place of the scope stands as it is.
- The rest is a pattern that may name others beside the own places. It stands as ``source=~…``: to leave it out would tell
  of a rule that is wider than it is, to leave the rule out would hide who is told of the own alerts.

Patterns on sensors always stand so: to know what they hold for, each would be held against every sensor there is.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import msgspec

from alerting.matcher_text import parse_matcher
from alerting.routes import Routes
from alerting.routing import ABSENT, Matcher, Op, Route, area_chain, walk
from alerting.silences import EndedSilence, SilenceRow
from console.scope import Place, Scope
from registry.plant import Plant, Text

HIDDEN = "…"
"""In the place of a matcher's value that an account may not know."""

OTHERS = Text("涉及您范围以外的位置", "concerns places out of your scope")
"""In the place of a reason that an account may not know."""

_EXACT = (Op.EQUAL, Op.UNEQUAL)
_POSITIVE = (Op.EQUAL, Op.LIKE)


@dataclass(frozen=True, slots=True)
class Known:
    """What an account with a scope knows of places: the values that each label of them has at its alerts.

    `sees_sensor` tells of a sensor's full id whether there is such a one in the scope.
    """

    values: dict[str, Sequence[tuple[str, ...]]]
    sees_sensor: Callable[[str], bool]

    @classmethod
    def of(cls, scope: Scope, plant: Plant, sees_sensor: Callable[[str], bool]) -> Self:
        """Return what an account of this scope knows; an enterprise that the plant file does not name has no places."""
        areas = {
            one.id: one.area
            for one in plant.enterprises.values()
            if scope.sees(Place(enterprise=one.id, area=one.area))
        }
        if scope.enterprise is not None:
            areas.setdefault(scope.enterprise, None)
        sources = [one.id for one in plant.sources.values() if one.enterprise in areas]
        equipment = [one.id for one in plant.equipment.values() if one.source in sources]
        chains = [area_chain(area, plant.areas) for area in areas.values()]
        return cls(
            {
                "enterprise": [(one,) for one in areas],
                "source": [ABSENT, *((one,) for one in sources)],
                "equipment": [ABSENT, *((one,) for one in equipment)],
                "area": chains,
            },
            sees_sensor,
        )

    def meant(self, matchers: Iterable[Matcher]) -> bool:
        """Return whether an alert of the scope could meet all matchers, each looked at for itself."""
        return all(any(self._answers(one)) for one in matchers)

    def told(self, matchers: Iterable[Matcher]) -> tuple[Matcher, ...]:
        """Return the matchers as the account may read them."""
        return tuple(self._told(one) for one in matchers if not self._always(one))

    def told_of(self, row: SilenceRow) -> SilenceRow:
        """Return a silence as the account may read it: where it names other places its comment may name them too."""
        matchers = [parse_matcher(text) for text in row.matchers]
        if self.may_read(matchers):
            return row
        told = tuple(str(one) for one in self.told(matchers))
        return msgspec.structs.replace(row, matchers=told, comment=HIDDEN)

    def told_of_ended(self, one: EndedSilence) -> EndedSilence:
        """Return a silence that is over as the account may read it: the reason of its end is kept as its comment is."""
        row = self.told_of(one.row)
        if row is one.row:
            return one
        return msgspec.structs.replace(one, row=row, reason=HIDDEN if one.reason else "")

    def may_read(self, matchers: Iterable[Matcher]) -> bool:
        """Return whether the account may read all matchers as they are."""
        return all(self.told((one,)) == (one,) for one in matchers)

    def _always(self, one: Matcher) -> bool:
        """Return whether it holds for all that the account sees, and is not the name of its own place."""
        return self._names_place(one) and one.op is not Op.EQUAL and all(self._answers(one))

    def _told(self, one: Matcher) -> Matcher:
        exact = one.op in _EXACT and any(self._answers(one))
        return one if exact or not self._names_place(one) else replace(one, value=HIDDEN)

    def _names_place(self, one: Matcher) -> bool:
        return one.label in self.values or one.label == "sensor"

    def _answers(self, one: Matcher) -> set[bool]:
        """Return what it answers for the alerts of the scope: true, false or either."""
        if one.label == "sensor":
            if one.op not in _EXACT or one.value == "" or self.sees_sensor(one.value):
                return {True, False}
            return {one.op not in _POSITIVE}
        if one.label not in self.values:
            return {True, False}
        return {one.holds_for(values) for values in self.values[one.label]}


def routes_of(routes: Routes, known: Known) -> Routes:
    """Return the routes and inhibition rules that an alert of the scope could meet, with the receivers of these."""
    root = _route_of(routes.root, known)
    told = {route.receiver for route in walk(root)}
    return replace(
        routes,
        root=root,
        receivers={name: made for name, made in routes.receivers.items() if name in told},
        limits={name: limit for name, limit in routes.limits.items() if name in told},
        inhibit=tuple(
            replace(rule, source=known.told(rule.source), target=known.told(rule.target))
            for rule in routes.inhibit
            if known.meant(rule.source) and known.meant(rule.target)
        ),
    )


def _route_of(route: Route, known: Known) -> Route:
    children = (child for child in route.children if known.meant(child.matchers))
    return replace(
        route,
        matchers=known.told(route.matchers),
        children=tuple(_route_of(child, known) for child in children),
    )


@dataclass(frozen=True, slots=True)
class Withheld:
    """What an explanation of an own alert keeps from an account: routes by path, and reasons that quote `names`."""

    routes: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, routes: Routes, silences: Iterable[SilenceRow], known: Known | None) -> Self:
        """Return what is kept from an account that knows of these places; nothing from one that knows all (None)."""
        if known is None:
            return cls()
        shown = {route.path for route in walk(routes_of(routes, known).root)}
        kept = [row for row in silences if known.told_of(row) is not row]
        quoted = {
            str(one) for route in walk(routes.root) for one in route.matchers if not known.may_read((one,))
        }
        return cls(
            routes=frozenset(route.path for route in walk(routes.root) if route.path not in shown),
            names=frozenset(quoted | {f"silence {row.id} of " for row in kept}),
        )

    def said(self, reason: Text) -> Text:
        """Return a reason, or where it quotes what is withheld that it concerns other places."""
        return OTHERS if any(name in reason.en for name in self.names) else reason
