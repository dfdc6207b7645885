"""The rules as a test says that they are; every question is answered with what was put here."""

from collections.abc import Callable, Mapping, Sequence

from alerting.arrangements import Arrangement
from alerting.escalation.schedule import Override
from alerting.events import AlertEvent
from alerting.matcher_text import parse_matcher
from alerting.routes import Routes
from alerting.routing import Route
from console.rules_backend import Explanation, Files, Kept, RouteTraffic, Sample, Setting, Traffic
from console.scope import Place


class FakeRules:
    """Rules in memory; `went` is what went by a route, by its path and place."""

    def __init__(self) -> None:
        self.file_names: dict[str, str | None] = {"routes": "routes.yaml"}
        self.tree = Routes(Route(path="route", receiver="log"), {})
        self.went: dict[tuple[str, Place], RouteTraffic] = {}
        self.explanations: dict[str, Explanation] = {}
        self.composed: list[tuple[Sample, int | None]] = []
        self.answer: Explanation | None = None
        self.open: list[AlertEvent] = []
        self.stand_ins: dict[str, list[Override]] = {}
        self.works: list[Arrangement] = []
        self.by_type: dict[str, list[Setting]] = {}
        self.by_sensor: dict[str, list[Setting]] = {}
        self.tests: list[Kept] = []

    def files(self) -> Files:
        """Return the names kept, loaded at the beginning of time."""
        return Files(names=self.file_names, loaded_ns=0)

    def traffic(self, sees: Callable[[Place], bool]) -> Traffic:
        """Return what went by the routes at places that are seen."""
        return Traffic(
            routes={path: one for (path, place), one in self.went.items() if sees(place)}, whole=True
        )

    def explain_alert(self, alert_id: str) -> Explanation | None:
        """Return the explanation kept of an alert."""
        return self.explanations.get(alert_id)

    def explain_sample(self, sample: Sample, at_ns: int | None) -> Explanation:
        """Remember what was asked and return the answer kept."""
        self.composed.append((sample, at_ns))
        assert self.answer is not None, "the test has put an answer"
        return self.answer

    def open_alerts_of(self, matchers: Sequence[str], most: int) -> tuple[Sequence[AlertEvent], bool]:
        """Return the alerts kept, whatever the matchers are."""
        for text in matchers:
            parse_matcher(text)
        return self.open[:most], len(self.open) <= most

    def overrides(self) -> Mapping[str, Sequence[Override]]:
        """Return the overrides kept."""
        return self.stand_ins

    def planned(self) -> Sequence[Arrangement]:
        """Return the works kept."""
        return self.works

    def types(self) -> Mapping[str, Sequence[Setting]]:
        """Return the settings kept by type."""
        return self.by_type

    def settings_of(self, sensor: str) -> Sequence[Setting]:
        """Return the settings kept of a sensor."""
        return self.by_sensor.get(sensor, ())

    def profile_print(self) -> str:
        """Return a print."""
        return "f00d"

    def backtests(self) -> Sequence[Kept]:
        """Return the back-tests kept."""
        return self.tests
