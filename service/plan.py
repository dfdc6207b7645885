"""From settings to a plan: every file loaded and checked, every fault told together."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from alerting.grades_file import default_grades, load_grades
from alerting.routes_file import load_routes, routes_to_log
from detectors.clock import Clock
from detectors.profile import Profile
from detectors.profile_file import load_profile, unknown_sensors
from registry.faults import Fault, InputError, errors_in
from registry.load import load_registry
from registry.sensors import SensorRegistry, registry_of_columns
from service.pipeline import Plan
from service.settings import Settings, load_settings, secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What is secret of the settings, read from its files or variables."""

    mqtt_password: str | None = None
    store_token: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Settings that hold, and the plan that they make; `warnings` are faults that do not stop it."""

    settings: Settings
    plan: Plan
    secrets: Secrets
    warnings: tuple[Fault, ...]


def load(path: Path) -> Loaded:
    """Load everything that the settings file names.

    Raises:
        InputError: with every fault of every file.
    """
    settings, faults = load_settings(path)
    if settings is None:
        raise InputError(faults)
    profile, defaults, more = load_profile(settings.detectors)
    faults += more
    registry, more = load_registry(settings.plant, settings.points, defaults)
    faults += more
    grades, more = (default_grades(), []) if settings.grades is None else load_grades(settings.grades)
    faults += more
    plant = registry.plant if registry is not None else None
    routes, more = (routes_to_log(), []) if settings.routes is None else load_routes(settings.routes, plant)
    faults += more
    password, more = secret(settings.mqtt.password, settings.mqtt.password_file, "the MQTT password")
    faults += more
    token, more = secret(settings.store.token, settings.store.token_file, "the store's token")
    faults += more
    if registry is not None:
        faults += unknown_sensors(settings.detectors, profile, registry.index)
    if errors_in(faults) or registry is None or grades is None or routes is None:
        raise InputError(faults)
    plan = Plan(
        registry=registry,
        profile=profile,
        grades=grades,
        routes=routes,
        mapped=tuple(mapped.mapping() for mapped in settings.mapped),
        clock=settings.clock,
    )
    return Loaded(
        settings=settings,
        plan=plan,
        secrets=Secrets(mqtt_password=password, store_token=token),
        warnings=tuple(faults),
    )


def plan_of_points(points: Path) -> tuple[Plan, list[Fault]]:
    """Return the plan of a points table alone, with packaged settings for everything else, and its warnings.

    Raises:
        InputError: with every fault of the table.
    """
    profile, defaults, faults = load_profile(None)
    registry, more = load_registry(None, points, defaults)
    faults += more
    if registry is None:
        raise InputError(faults)
    return _packaged(registry, profile), faults


def plan_of_columns(names: Iterable[str]) -> Plan:
    """Return the plan of a recording about which nothing is known: every column is a sensor of type other."""
    profile, _, _ = load_profile(None)
    return _packaged(registry_of_columns(names), profile)


def _packaged(registry: SensorRegistry, profile: Profile) -> Plan:
    return Plan(
        registry=registry, profile=profile, grades=default_grades(), routes=routes_to_log(), clock=Clock.EVENT
    )
