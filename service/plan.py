"""From settings to a plan: every file loaded and checked, every fault told together."""

import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from alerting.alarms_file import default_alarms, load_alarms
from alerting.grades_file import default_grades, load_grades
from alerting.routes_file import load_routes, routes_to_log
from detectors.clock import Clock
from detectors.profile import Profile
from detectors.profile_file import load_profile, unknown_sensors
from detectors.setpoints import setpoint_faults
from ingest.mqtt import MqttSettings, settings_faults
from registry.faults import Fault, InputError, errors_in
from registry.load import load_registry
from registry.marks import load_marked
from registry.sensors import SensorRegistry, registry_of_columns
from service.pipeline import Plan
from service.settings import Settings, read_settings, secret
from service.settings_parts import MqttPart


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


def load(path: Path, over: Sequence[Path] = ()) -> Loaded:
    """Load everything that the settings file names, and lay further detectors files over its own.

    Raises:
        InputError: with every fault of every file.
    """
    settings, faults = read_settings(path)
    if settings is None:
        raise InputError(faults)
    layers = [own for own in (settings.detectors, settings.tuned, *over) if own is not None]
    profile, defaults, more = load_profile(None, *layers)
    faults += more
    registry, more = load_registry(settings.plant, settings.points, defaults)
    faults += more
    grades, more = (default_grades(), []) if settings.grades is None else load_grades(settings.grades)
    faults += more
    alarms, more = (
        (default_alarms(), []) if settings.alarms is None else load_alarms(settings.alarms, registry)
    )
    faults += more
    plant = registry.plant if registry is not None else None
    routes, more = (routes_to_log(), []) if settings.routes is None else load_routes(settings.routes, plant)
    faults += more
    password, more = secret(settings.mqtt.password, settings.mqtt.password_file, "the MQTT password")
    faults += more
    token, more = secret(settings.store.token, settings.store.token_file, "the store's token")
    faults += more
    faults += _connection_faults(path, settings, password)
    if registry is not None:
        faults += [fault for own in layers for fault in unknown_sensors(own, registry.index)]
        faults += [fault for own in layers for fault in setpoint_faults(own, profile, registry)]
    if errors_in(faults) or registry is None or grades is None or routes is None or alarms is None:
        raise InputError(faults)
    plan = Plan(
        registry=registry,
        profile=profile,
        grades=grades,
        routes=routes,
        mapped=tuple(mapped.mapping() for mapped in settings.mapped),
        clock=settings.clock,
        alarms=alarms,
    )
    return Loaded(
        settings=settings,
        plan=plan,
        secrets=Secrets(mqtt_password=password, store_token=token),
        warnings=tuple(faults),
    )


def mqtt_settings(part: MqttPart, password: str | None, suffix: str = "") -> MqttSettings:
    """Return the connection to the broker; with a `suffix` to the client id, one of which the broker keeps nothing."""
    return MqttSettings(
        url=part.url,
        topics=part.topics,
        username=part.username,
        password=password,
        ca=part.ca,
        cert=part.cert,
        key=part.key,
        client_id=part.client_id + suffix,
        receive_maximum=part.receive_maximum,
        keepalive_s=part.keepalive_s,
        session_expiry_s=part.session_expiry_s,
        clean=bool(suffix),
    )


def _connection_faults(path: Path, settings: Settings, password: str | None) -> list[Fault]:
    """Return what is wrong with the broker's address and with the certificates of broker and console."""
    marked = load_marked(path)
    faults = [
        marked.fault(tuple(fault.where.split(".")), f"{fault.where}: {fault.message}", fault.allowed)
        for fault in settings_faults(mqtt_settings(settings.mqtt, password))
    ]
    console = settings.console
    if console is not None and console.cert is not None and console.key is not None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(console.cert, console.key)
        except OSError as error:
            faults.append(
                marked.fault(
                    ("console", "cert"),
                    f"console.cert, console.key: cannot be used: {error}",
                    "PEM files that fit",
                )
            )
    return faults


def plan_of_points(points: Path, over: Sequence[Path] = ()) -> tuple[Plan, list[Fault]]:
    """Return the plan of a points table, with packaged settings and detectors files over them, and its warnings.

    Raises:
        InputError: with every fault of the table.
    """
    profile, defaults, faults = load_profile(None, *over)
    registry, more = load_registry(None, points, defaults)
    faults += more
    if registry is not None:
        faults += [fault for own in over for fault in unknown_sensors(own, registry.index)]
        faults += [fault for own in over for fault in setpoint_faults(own, profile, registry)]
    if registry is None or errors_in(faults):
        raise InputError(faults)
    return _packaged(registry, profile), faults


def plan_of_columns(names: Iterable[str], over: Sequence[Path] = ()) -> Plan:
    """Return the plan of a recording about which nothing is known: every column is a sensor of type other.

    Raises:
        InputError: with every fault of the detectors files that are laid over the packaged one.
    """
    profile, _, faults = load_profile(None, *over)
    registry = registry_of_columns(names)
    faults += [fault for own in over for fault in unknown_sensors(own, registry.index)]
    if errors_in(faults):
        raise InputError(faults)
    return _packaged(registry, profile)


def _packaged(registry: SensorRegistry, profile: Profile) -> Plan:
    return Plan(
        registry=registry, profile=profile, grades=default_grades(), routes=routes_to_log(), clock=Clock.EVENT
    )
