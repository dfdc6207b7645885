"""Inhibition: while one alert stands, others that follow from it are not told; after Alertmanager's.

An alert of the source side holds back alerts of the target side that have the same values of the labels in `equal`; two
alerts that both lack a label have the same value of it. An alert never holds back itself, nor do two alerts that match
both sides hold back each other. The counts are kept by these values, so that asking costs the same however many alerts
are open.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from alerting.routing import ABSENT, Labels, Matcher
from registry.plant import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class InhibitRule:
    """A rule; `path` says where it stands in the routes file."""

    path: str
    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...] = ()

    def key_of(self, labels: Labels) -> str:
        """Return what source and target must have in common."""
        return "|".join(",".join(labels.get(label, ABSENT)) for label in self.equal)


@dataclass(slots=True)
class _Sources:
    """The standing alerts that hold back: those that match the source side alone, and those that match both."""

    one_sided: dict[str, None] = field(default_factory=dict)
    both_sided: dict[str, None] = field(default_factory=dict)


Place = tuple[int, str, bool]
"""A rule's position, the common values, and whether the alert matches the target side too."""


class Inhibition:
    """Which alerts hold back which; the callers say when one begins or ceases to stand."""

    def __init__(self, rules: tuple[InhibitRule, ...]) -> None:
        self._rules = rules
        self._sources: dict[tuple[int, str], _Sources] = {}
        self._places: dict[str, tuple[Place, ...]] = {}

    def stands(self, alert: str, labels: Labels) -> list[str]:
        """Note how an alert stands now; return the holds (see `hold_of`) that end with that."""
        return self._move(alert, self._sought(labels)) if self._rules else []

    def gone(self, alert: str) -> list[str]:
        """Note that an alert stands no more; return the holds that end with it."""
        return self._move(alert, ()) if alert in self._places else []

    def hold_of(self, alert: str, labels: Labels) -> tuple[str, Text] | None:
        """Return the hold that keeps this alert from being told, and why; None where nothing does."""
        for i, rule in enumerate(self._rules):
            if not all(matcher.holds(labels) for matcher in rule.target):
                continue
            common = rule.key_of(labels)
            found = self._sources.get((i, common))
            if found is None:
                continue
            is_source = all(matcher.holds(labels) for matcher in rule.source)
            by = next((one for one in found.one_sided if one != alert), None)
            if by is None and not is_source:
                by = next((one for one in found.both_sided if one != alert), None)
            if by is not None:
                return _hold(i, common), _reason(rule, by)
        return None

    def _sought(self, labels: Labels) -> tuple[Place, ...]:
        return tuple(
            (i, rule.key_of(labels), all(matcher.holds(labels) for matcher in rule.target))
            for i, rule in enumerate(self._rules)
            if all(matcher.holds(labels) for matcher in rule.source)
        )

    def _move(self, alert: str, places: tuple[Place, ...]) -> list[str]:
        before = self._places.get(alert, ())
        if before == places:
            return []
        for place in places:
            if place not in before:
                self._side(place)[alert] = None
        freeing = [place for place in before if self._leave(alert, place) and place not in places]
        self._places.pop(alert, None)
        for place in places:
            self._side(place)[alert] = None
        if places:
            self._places[alert] = places  # at the end, as in its places: a snapshot keeps this order alone
        return [_hold(i, common) for i, common, _ in freeing]

    def _side(self, place: Place) -> dict[str, None]:
        found = self._sources.setdefault(place[:2], _Sources())
        return found.both_sided if place[2] else found.one_sided

    def _leave(self, alert: str, place: Place) -> bool:
        """Take an alert out of its place; return whether that may set others free."""
        side = self._side(place)
        del side[alert]
        found = self._sources[place[:2]]
        if not found.one_sided and not found.both_sided:
            del self._sources[place[:2]]
        return not side

    def sources(self) -> list[str]:
        """Return the alerts that hold back others, in the order that `restore` needs."""
        return list(self._places)

    def restore(self, standing: Iterable[tuple[str, Labels]]) -> None:
        """Begin anew with the alerts of `sources`; the rules may be others than they were."""
        self._sources, self._places = {}, {}
        for alert, labels in standing:
            self.stands(alert, labels)


def _hold(i: int, common: str) -> str:
    return f"inhibit:{i}:{common}"


def _reason(rule: InhibitRule, by: str) -> Text:
    return Text(f"按 {rule.path} 由报警 {by} 抑制", f"held by {rule.path} while alert {by} stands")
