"""What the console sees of the rules in force, and what they would do with an alert."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from functools import cached_property
from itertools import islice

import msgspec

from alerting.arrangements import Arrangement
from alerting.dispatch import Dispatcher
from alerting.dispatch_state import decode_state, encode_state
from alerting.escalation.chosen import chain_by_route
from alerting.escalation.explain import explain_calls
from alerting.escalation.schedule import Override
from alerting.events import AlertEvent, Event, State
from alerting.matcher_text import parse_matcher
from alerting.routing import Router, labels_of
from alerting.silences import SilenceRow, Silences
from alerting.verdicts import HOLDING_STATES
from console.rules_backend import Explanation, Files, Kept, Sample, Setting, Traffic
from console.scope import Place
from detectors.profile import Methods
from detectors.profile_file import load_profile
from registry.faults import Fault
from registry.plant import Text
from registry.sensors import SensorType
from service.pipeline import Plan
from service.sample import sample_event
from service.settings import Settings
from service.shown import Shown
from service.traffic import RouteCounts
from service.tuning.kept import FOLDER, kept, profile_print

FILES = ("routes", "alarms", "grades", "detectors", "tuned", "plant", "points")


class LiveRules:
    """The rules of one runtime; `recent` are events of an earlier run, oldest first, `whole` where they are a whole day's."""

    def __init__(
        self,
        runtime: Shown,
        settings: Settings,
        recent: Iterable[tuple[int, AlertEvent]] = (),
        *,
        whole: bool = True,
    ) -> None:
        self._runtime = runtime
        self._settings = settings
        self._loaded_ns = runtime.now_ns()
        self._counts = RouteCounts(recent, whole=whole)
        runtime.hooks.on_events.append(lambda events: self._counts.take(events, runtime.now_ns()))

    @property
    def _plan(self) -> Plan:
        return self._runtime.pipeline.plan

    def files(self) -> Files:
        """Return the names of the files; where they lie on this machine is nobody's business."""
        named = {name: getattr(self._settings, name) for name in FILES}
        return Files(
            names={name: None if path is None else path.name for name, path in named.items()},
            loaded_ns=self._loaded_ns,
        )

    def traffic(self, sees: Callable[[Place], bool]) -> Traffic:
        """Return what went by each route within the last day."""
        return self._counts.last_day(self._runtime.now_ns(), sees)

    def explain_alert(self, alert_id: str) -> Explanation | None:
        """Return what would become of an open alert if it opened now; one that is held stays held."""
        view = self._runtime.pipeline.desk.book.find(alert_id)
        if view is None:
            return None
        state = view.event.state if view.event.state in HOLDING_STATES else State.UNACK.value
        opened = msgspec.structs.replace(view.event, event=Event.OPENED.value, state=state)
        return self._explained(opened, self._runtime.now_ns(), live=True)

    def explain_sample(self, sample: Sample, at_ns: int | None) -> Explanation:
        """Return what would become of a composed alert."""
        when_ns = self._runtime.now_ns() if at_ns is None else at_ns
        event = sample_event(
            self._plan.registry,
            when_ns,
            sensor=sample.sensor,
            source=sample.source,
            given={"grade": sample.grade, "kind": sample.kind},
        )
        return self._explained(event, when_ns, live=at_ns is None)

    def open_alerts_of(self, matchers: Sequence[str], most: int) -> tuple[Sequence[AlertEvent], bool]:
        """Return open alerts that all matchers hold for."""
        asked = [parse_matcher(text) for text in matchers]
        views = self._runtime.pipeline.desk.book.open_alerts()
        found = [
            view.event
            for view in islice(views, most)
            if all(one.holds(self._router.labels(view.event)) for one in asked)
        ]
        return found, len(views) <= most

    def overrides(self) -> Mapping[str, Sequence[Override]]:
        """Return who stands in for whom by command."""
        return self._runtime.pipeline.desk.escalation.overrides()

    def planned(self) -> Sequence[Arrangement]:
        """Return the works that have not begun, of the alarms file and of people."""
        return self._runtime.pipeline.desk.book.works_ahead()

    def types(self) -> Mapping[str, Sequence[Setting]]:
        """Return the settings by sensor type."""
        return {
            kind.value: self._settings_of(kind, self._plan.profile.types.get(kind, Methods()), {})
            for kind in SensorType
        }

    def settings_of(self, sensor: str) -> Sequence[Setting]:
        """Return the settings of one sensor."""
        i = self._plan.registry.index.get(sensor)
        if i is None:
            return ()
        spec = self._plan.registry.specs[i]
        own = self._plan.profile.sensors.get(spec.id, {})
        return self._settings_of(SensorType(spec.type), self._plan.profile.methods(spec), own)

    def profile_print(self) -> str:
        """Return the print of the detector settings in force."""
        return profile_print(self._plan.profile)

    def backtests(self) -> Sequence[Kept]:
        """Return the kept back-tests."""
        return [
            Kept(name=name, report=None, fault=found.message)
            if isinstance(found, Fault)
            else Kept(name=name, report=msgspec.to_builtins(found))
            for name, found in kept(self._settings.state_dir / FOLDER)
        ]

    @cached_property
    def _router(self) -> Router:
        return Router(self._plan.routes.root, self._plan.registry)

    @cached_property
    def _packaged(self) -> Mapping[SensorType, Methods]:
        return load_profile(None)[0].types

    def _settings_of(
        self, kind: SensorType, methods: Methods, own: Mapping[str, float]
    ) -> tuple[Setting, ...]:
        packaged = self._packaged.get(kind, Methods())
        found = []
        for field in fields(Methods):
            name, value, usual = field.name, getattr(methods, field.name), getattr(packaged, field.name)
            same = value == usual or (math.isnan(value) and math.isnan(usual))
            origin = "sensor" if name in own else "default" if same else "type"
            found.append(Setting(name=name, value=float(value), packaged=float(usual), origin=origin))
        return tuple(found)

    def _explained(self, event: AlertEvent, at_ns: int, *, live: bool) -> Explanation:
        desk = self._runtime.pipeline.desk
        silences = [view.row for view in desk.dispatcher.silences() if view.row.until_ns > at_ns]
        labels = labels_of(event, self._plan.registry)
        meant = [
            row
            for row in silences
            if Silences.may_hold(row, event.grade)
            and all(parse_matcher(text).holds(labels) for text in row.matchers)
        ]
        dispatcher = desk.dispatcher if live else _with_silences(self._plan, silences)
        overrides = {name: list(rows) for name, rows in desk.escalation.overrides().items()}

        def why_held(now_ns: int) -> Text | None:
            if meant and not any(row.until_ns > now_ns for row in meant):
                return None  # what held it is over by then
            return dispatcher.hold_on(event, now_ns)

        routes = dispatcher.explain(event, at_ns)
        calls = explain_calls(
            self._plan.routes.escalation,
            self._plan.registry.plant.areas,
            chain_by_route(self._router),
            event,
            at_ns,
            why_held=why_held,
            overrides=overrides,
        )
        times = [call.when_ns for call in calls if call.when_ns is not None]
        used = [
            (name, row)
            for name, rows in overrides.items()
            for row in rows
            if any(row.holds_at(t_ns) for t_ns in times)
        ]
        return Explanation(
            event=event, at_ns=at_ns, live=live, routes=routes, calls=calls, silences=meant, overrides=used
        )


def _with_silences(plan: Plan, silences: Sequence[SilenceRow]) -> Dispatcher:
    """Return a dispatcher that knows of these silences and of no alert."""
    dispatcher = Dispatcher(plan.routes, plan.registry)
    state = decode_state(dispatcher.snapshot())
    state.silences, state.silences_made = list(silences), len(silences)
    dispatcher.restore(encode_state(state))
    return dispatcher
