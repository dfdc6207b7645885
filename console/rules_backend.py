"""What the page about the rules asks of them: routes, what they would do, duty, planned works, detector settings."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from alerting.arrangements import Arrangement
from alerting.escalation.explain import Called
from alerting.escalation.schedule import Override
from alerting.events import AlertEvent
from alerting.explain import Explained
from alerting.silences import SilenceRow
from console.scope import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTraffic:
    """How many alerts a route told of within a day, of how many it told nobody, and when it last had one."""

    told: int
    held: int
    last_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """By the path of a route; where it is not `whole` there were more than was kept, and the counts are at least."""

    routes: Mapping[str, RouteTraffic]
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """An alert as somebody composes it, checked: it opens at a sensor, or at a hazard source, or at none."""

    grade: str
    kind: str
    sensor: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What would become of an alert at `at_ns`: `routes` and `calls` as of `hazwatch routes explain`.

    `silences` are those in force then that are about the alert, `overrides` those by command that hold when somebody is
    called, by schedule. `live`: what other alerts stand (inhibition) and what the limits hold counts as well, as of now;
    for another time it is not known.
    """

    event: AlertEvent
    at_ns: int
    live: bool
    routes: Sequence[Explained]
    calls: Sequence[Called]
    silences: Sequence[SilenceRow]
    overrides: Sequence[tuple[str, Override]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting of a method: its value, what is packaged, and whose it is: default, type or sensor. NaN is off."""

    name: str
    value: float
    packaged: float
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A kept back-test: its file's name, and its report, None where `fault` says why it is none."""

    name: str
    report: Mapping[str, Any] | None
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Which files the settings come from, by name, None: the packaged ones hold; and when they were loaded."""

    names: Mapping[str, str | None]
    loaded_ns: int


class RulesBackend(Protocol):
    """The rules that are in force; nothing here changes them."""

    def files(self) -> Files:
        """Return where the rules come from."""

    def traffic(self, sees: Callable[[Place], bool]) -> Traffic:
        """Return what went by each route within the last day, of the places that somebody sees."""

    def explain_alert(self, alert_id: str) -> Explanation | None:
        """Return what would become of an open alert if it opened now; None where there is none."""

    def explain_sample(self, sample: Sample, at_ns: int | None) -> Explanation:
        """Return what would become of a composed alert, now or at another time."""

    def open_alerts_of(self, matchers: Sequence[str], most: int) -> tuple[Sequence[AlertEvent], bool]:
        """Return open alerts that all matchers hold for, and whether all of them were looked at, at most `most`.

        Raises:
            MatcherError: a matcher is none.
        """

    def overrides(self) -> Mapping[str, Sequence[Override]]:
        """Return who stands in for whom by command, by schedule."""

    def planned(self) -> Sequence[Arrangement]:
        """Return the works that the alarms file or a person announced and that have not begun, soonest first."""

    def types(self) -> Mapping[str, Sequence[Setting]]:
        """Return the settings of the methods by sensor type."""

    def settings_of(self, sensor: str) -> Sequence[Setting]:
        """Return the settings of the methods of one sensor; empty where there is no such sensor."""

    def profile_print(self) -> str:
        """Return the print of the detector settings in force, by which a back-test knows them."""

    def backtests(self) -> Sequence[Kept]:
        """Return the kept back-tests, newest first; reads files, so not on the event loop."""
