"""The alarms file to `AlarmSettings`: section by section over the packaged one, every fault at once with its line."""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from alerting.alarms import AlarmSettings, Cause, Design, LatchRule, Nuisance, Planned, Safety, Shelving
from alerting.alarms_values import PLACES, Values
from alerting.events import Grade, Kind
from alerting.incidents.settings import SECTION, read_incidents
from registry.faults import Fault, InputError, errors_in
from registry.marks import KeyPath, Marked, load_marked
from registry.plant import Text
from registry.sensors import LIMIT_NAMES, SensorRegistry, SensorType
from registry.suggest import shown

_SECTIONS = (
    *("latching", "shelving", "safety", "realarm_min", "chattering", "fleeting", "stale", "nuisance"),
    *("causes", "suppress", "out_of_service", SECTION),
)
_GRADES = {grade.label: grade for grade in Grade}
_LONGEST_H = 24.0
"""Nobody may shelve for longer, whatever a file says: a shift is never longer than a day."""
_NOTHING = AlarmSettings(
    latching=(),
    safety=Safety(grades=frozenset(), limits=frozenset(), types=frozenset()),
    shelving=Shelving(default_s=0, longest_s=0, returns_apart_s=0),
    realarm_s={},
    nuisance=Nuisance(activations=0, within_s=0, settle_s=0, fleeting_s=0, stale_s=0, window_s=0, often=0),
    causes={},
)


def load_alarms(
    path: Path, registry: SensorRegistry | None = None
) -> tuple[AlarmSettings | None, list[Fault]]:
    """Read an alarms file over the packaged settings; None when it cannot be used.

    With a registry, the sensors, equipment and sources that it names must be there.
    """
    return _load(path, default_alarms(), registry)


@cache
def default_alarms() -> AlarmSettings:
    """Return the packaged settings; docs/lifecycle.md explains them."""
    with as_file(files("alerting").joinpath("data/alarms.yaml")) as path:
        settings, faults = _load(path, _NOTHING, None)
    if settings is None:
        raise InputError(faults)
    return settings


def _load(
    path: Path, base: AlarmSettings, registry: SensorRegistry | None
) -> tuple[AlarmSettings | None, list[Fault]]:
    marked = load_marked(path)
    if marked.data is None:
        return (None, list(marked.faults)) if marked.faults else (base, [])
    if not isinstance(marked.data, dict):
        return None, [
            *marked.faults, marked.fault((), "no settings of alarms", allowed=", ".join(_SECTIONS))
        ]  # fmt: skip
    reader = _Reader(marked, base, registry)
    settings = reader.settings()
    return (None if errors_in(reader.faults) else settings), reader.faults


class _Reader(Values):
    """Reads the sections; what is wrong goes to `faults`."""

    def __init__(self, marked: Marked, base: AlarmSettings, registry: SensorRegistry | None) -> None:
        super().__init__(marked, registry)
        self.base = base
        self.faults += marked.unknown_keys((), marked.data, _SECTIONS)

    def settings(self) -> AlarmSettings:
        given, base = self.marked.data, self.base
        latching = self.latching(given["latching"]) if "latching" in given else base.latching
        causes = self.causes(given["causes"]) if "causes" in given else base.causes
        planned = self.planned(given["out_of_service"]) if "out_of_service" in given else base.planned
        return AlarmSettings(
            latching=latching,
            safety=self.safety(base.safety),
            shelving=self.shelving(base.shelving),
            realarm_s=self.realarm() if "realarm_min" in given else base.realarm_s,
            nuisance=self.nuisance(base.nuisance),
            causes=causes,
            planned=planned,
            incidents=read_incidents(self.marked, self.faults) if SECTION in given else base.incidents,
            designs=self.designs(given["suppress"]) if "suppress" in given else base.designs,
        )

    def latching(self, rows: Any) -> tuple[LatchRule, ...]:
        rules = []
        for i, row in enumerate(self.list(rows, ("latching",))):
            at: KeyPath = ("latching", i)
            if not self.mapping(row, at, ("sensor", "type", "kind", "latch")):
                continue
            if not isinstance(row.get("latch"), bool):
                self.fault((*at, "latch"), "a rule says whether it latches", "latch: true, latch: false")
            sensors = self.names(row, at, "sensor")
            self.check_sensors(sensors, (*at, "sensor"))
            rules.append(
                LatchRule(
                    latch=row.get("latch") is True,
                    sensors=sensors,
                    types=self.known(row, at, "type", _by_name(SensorType)),
                    kinds=self.known(row, at, "kind", _by_name(Kind)),
                )
            )
        return tuple(rules)

    def shelving(self, base: Shelving) -> Shelving:
        at = self.section("shelving", ("default_h", "longest_h", "returns_apart_s"))
        longest_h = self.number(at, "longest_h", base.longest_s / 3600, most=_LONGEST_H)
        default_h = self.number(at, "default_h", min(base.default_s / 3600, longest_h), most=longest_h)
        apart_s = self.number(at, "returns_apart_s", base.returns_apart_s, zero=True, most=600)
        return Shelving(default_s=default_h * 3600, longest_s=longest_h * 3600, returns_apart_s=apart_s)

    def safety(self, base: Safety) -> Safety:
        row = self.section("safety", ("grades", "limits", "types"))
        at: KeyPath = ("safety",)
        found = base
        if "grades" in row:
            found = replace(found, grades=self.known(row, at, "grades", _GRADES))
        if "limits" in row:
            names = {name: name for name in LIMIT_NAMES}
            found = replace(found, limits=self.known(row, at, "limits", names))
        if "types" in row:
            found = replace(found, types=self.known(row, at, "types", _by_name(SensorType)))
        if not errors_in(self.faults) and Grade.RED not in found.grades:
            self.fault(("safety", "grades"), "red is always of the safety class", "a list with red")
        return found

    def realarm(self) -> Mapping[Grade, float]:
        row = self.section("realarm_min", tuple(_GRADES))
        return {
            _GRADES[name]: self.number(row, name, 0, at=("realarm_min",)) * 60
            for name in row
            if name in _GRADES
        }

    def nuisance(self, base: Nuisance) -> Nuisance:
        chattering = self.section("chattering", ("activations", "within_s", "settle_s"))
        fleeting = self.section("fleeting", ("within_s",))
        stale = self.section("stale", ("after_h",))
        often = self.section("nuisance", ("window_h", "activations"))
        of: KeyPath = ("chattering",)
        return Nuisance(
            activations=self.count(chattering, "activations", base.activations, of),
            within_s=self.number(chattering, "within_s", base.within_s, at=of, most=3600),
            settle_s=self.number(chattering, "settle_s", base.settle_s, at=of, most=3600),
            fleeting_s=self.number(fleeting, "within_s", base.fleeting_s, at=("fleeting",), most=3600),
            stale_s=self.number(stale, "after_h", base.stale_s / 3600, at=("stale",)) * 3600,
            window_s=self.number(often, "window_h", base.window_s / 3600, at=("nuisance",), most=168) * 3600,
            often=self.count(often, "activations", base.often, ("nuisance",)),
        )

    def causes(self, rows: Any) -> Mapping[str, Cause]:
        if not isinstance(rows, dict) or not rows:
            self.fault(("causes",), "causes are named one by one", "code: {zh: ..., en: ...}")
            return {}
        found = {}
        for code, row in rows.items():
            at: KeyPath = ("causes", code)
            if not self.mapping(row, at, ("zh", "en", "false_alarm")):
                continue
            for key in ("zh", "en"):
                self.text(row, at, key)
            if not isinstance(row.get("false_alarm", False), bool):
                self.fault(
                    (*at, "false_alarm"), f"not a yes or no: {shown(row['false_alarm'])}", "true, false"
                )
            found[code] = Cause(Text(str(row.get("zh")), str(row.get("en"))), row.get("false_alarm") is True)
        return found

    def planned(self, rows: Any) -> tuple[Planned, ...]:
        found: list[Planned] = []
        for i, row in enumerate(self.list(rows, ("out_of_service",))):
            at: KeyPath = ("out_of_service", i)
            if not self.mapping(row, at, (*PLACES, "permit", "from", "until", "by", "reason", "second")):
                continue
            kind, place = self.place(row, at)
            from_ns, until_ns = self.time(row, at, "from"), self.time(row, at, "until")
            by = self.text(row, at, "by")
            second = self.text(row, at, "second") if "second" in row else ""
            if from_ns >= until_ns > 0:
                self.fault((*at, "until"), "the works end before they begin", "a time after from")
            if second and second == by:
                self.fault(
                    (*at, "second"), f"the second person cannot be {shown(by)} again", "another person"
                )
            one = Planned(
                kind=kind,
                id=place,
                permit=self.text(row, at, "permit"),
                from_ns=from_ns,
                until_ns=until_ns,
                by=by,
                reason=self.text(row, at, "reason"),
                second=second,
            )
            if any((p.kind, p.id, p.permit) == (one.kind, one.id, one.permit) for p in found):
                self.fault(
                    (*at, "permit"), f"permit {shown(one.permit)} stands twice for one place", "one of each"
                )
            found.append(one)
        return tuple(found)

    def designs(self, rows: Any) -> tuple[Design, ...]:
        found: list[Design] = []
        for i, row in enumerate(self.list(rows, ("suppress",))):
            at: KeyPath = ("suppress", i)
            if not self.mapping(row, at, (*PLACES, "name", "when", "reason", "second")):
                continue
            kind, place = self.place(row, at)
            when = row.get("when")
            if not self.mapping(when, (*at, "when"), ("sensor", "beyond")):
                continue
            sensor = self.text(when, (*at, "when"), "sensor")
            self.check_place("sensor", sensor, (*at, "when", "sensor"))
            beyond = when.get("beyond")
            if beyond not in LIMIT_NAMES:
                message = f"beyond cannot be {shown(beyond)}"
                self.fault((*at, "when", "beyond"), message, ", ".join(LIMIT_NAMES))
            one = Design(
                name=self.text(row, at, "name"),
                kind=kind,
                id=place,
                when=sensor,
                limit=str(beyond),
                reason=self.text(row, at, "reason"),
                second=self.text(row, at, "second") if "second" in row else "",
            )
            if any((d.kind, d.id, d.name) == (one.kind, one.id, one.name) for d in found):
                self.fault((*at, "name"), f"{shown(one.name)} stands twice for one place", "one of each")
            found.append(one)
        return tuple(found)


def _by_name(names: type[StrEnum]) -> Mapping[str, Any]:
    return {str(name): name for name in names}
