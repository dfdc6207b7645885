"""Codec of gateways that exist already: settings say where in their JSON time, name and value stand."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Any, Final, Literal, NoReturn

import msgspec

from ingest.batch import strangers
from ingest.fields import (
    MALFORMED,
    NS_PER_MS,
    NS_PER_S,
    QUALITIES,
    Refusal,
    parse_rfc3339,
    shown,
    time_of_float,
)
from ingest.intake import Intake
from ingest.messages import Message, RejectReason
from ingest.names import Names
from ingest.single import checked, malformed
from registry.readings import Quality


class TimeUnit(StrEnum):
    """What a gateway's time counts in; iso is RFC 3339 text."""

    S = "s"
    MS = "ms"
    US = "us"
    NS = "ns"
    ISO = "iso"


UNIT_NS: Final[Mapping[TimeUnit, int]] = MappingProxyType(
    {TimeUnit.S: NS_PER_S, TimeUnit.MS: NS_PER_MS, TimeUnit.US: 1000, TimeUnit.NS: 1}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedJson:
    """Where the readings stand in the JSON of one topic filter.

    A path is ``key.key[0]["key.with.dots"]``; ``[*]`` stands for every element of one array, the same in all paths
    that have it; ``topic[2]`` is the third level of the topic, ``topic`` all of it. Without `time` a reading has
    the receive time. `enterprise` is an id or a ``topic[n]``; empty means that names are full ids.
    """

    topic: str
    name: str
    value: str
    time: str | None = None
    time_unit: TimeUnit = TimeUnit.MS
    quality: str | None = None
    enterprise: str = ""


class Mark(Enum):
    """What is no key and no value: every element of an array, and nothing there."""

    EVERY = "[*]"
    MISSING = "nothing"


Step = str | int | Literal[Mark.EVERY]


@dataclass(frozen=True, slots=True)
class Place:
    """A path read: steps from the document's root, or a level of the topic (None is the whole topic)."""

    steps: tuple[Step, ...] = ()
    of_topic: bool = False
    level: int | None = None

    @property
    def array(self) -> tuple[Step, ...] | None:
        """The steps to the array that ``[*]`` walks along, None where there is no ``[*]``."""
        return self.steps[: self.steps.index(Mark.EVERY)] if Mark.EVERY in self.steps else None


_STEP: Final = re.compile(r'(?:(?:^|\.)([^.\[\]"*]+)|\[(\d{1,6})\]|\[(\*)\]|\["([^"]+)"\])')
_TOPIC: Final = re.compile(r"topic(?:\[(\d{1,3})\])?")
_PATHS: Final = ("name", "value", "time", "quality")
_MAX_TIME: Final = 1 << 63
_OPC_GOOD, _OPC_UNCERTAIN, _OPC_LAST = 0xC0, 0x40, 0xFF


def parse_place(path: str) -> Place | None:
    """Return the place that a path names, None where it is no path."""
    topic = _TOPIC.fullmatch(path)
    if topic:
        return Place(of_topic=True, level=None if topic[1] is None else int(topic[1]))
    steps: list[Step] = []
    end = 0
    for match in _STEP.finditer(path):
        if match.start() != end:
            return None
        key, element, every, quoted = match.groups()
        steps.append(Mark.EVERY if every else int(element) if element else key or quoted)
        end = match.end()
    if not steps or path[0] == "." or end != len(path) or steps.count(Mark.EVERY) > 1:
        return None
    return Place(tuple(steps))


def filter_fault(topic: str) -> str | None:
    """Say what is wrong with an MQTT topic filter, None where nothing is."""
    levels = topic.split("/")
    if not topic or "\0" in topic:
        return "a topic filter is not empty and holds no NUL"
    if any("+" in level and level != "+" for level in levels):
        return "+ stands for a whole level"
    if any("#" in level for level in levels[:-1]) or ("#" in levels[-1] and levels[-1] != "#"):
        return "# stands for whole levels, at the end"
    return None


def mapping_faults(mapped: MappedJson) -> list[str]:
    """Return everything wrong with a mapping, each as a sentence that names its field."""
    fault = filter_fault(mapped.topic)
    faults = [f"topic {mapped.topic!r}: {fault}"] if fault else []
    places = {field: parse_place(path) for field in _PATHS if (path := getattr(mapped, field)) is not None}
    faults += [
        f'{field} {getattr(mapped, field)!r} is no path (allowed: key.key[0]["key"], one [*], topic or topic[n])'
        for field, place in places.items()
        if place is None
    ]
    if len({place.array for place in places.values() if place and place.array is not None}) > 1:
        faults.append("[*] must stand for the same array in all paths")
    return faults


def topic_matches(topic_filter: str, topic: str) -> bool:
    """Tell whether an MQTT topic filter takes a topic; wildcards do not take a first level that begins with $."""
    if topic.startswith("$") and topic_filter[:1] in {"+", "#"}:
        return False
    wanted, levels = topic_filter.split("/"), topic.split("/")
    if wanted[-1] == "#":
        wanted.pop()
        levels = levels[: len(wanted)]
    return len(wanted) == len(levels) and all(
        w in {"+", level} for w, level in zip(wanted, levels, strict=True)
    )


class MappedCodec:
    """Reads the messages of one topic as a mapping says; the mapping has no faults."""

    def __init__(self, mapped: MappedJson, topic: str, names: Names) -> None:
        self._mapped = mapped
        self._topic = topic
        self._names = names
        self._places = {
            field: parse_place(path) for field in _PATHS if (path := getattr(mapped, field)) is not None
        }
        arrays = [place.array for place in self._places.values() if place and place.array is not None]
        self._array = arrays[0] if arrays else None
        enterprise = parse_place(mapped.enterprise) if _TOPIC.fullmatch(mapped.enterprise) else None
        self._enterprise = str(self._of_topic(enterprise)) if enterprise else mapped.enterprise

    def read(self, message: Message, intake: Intake) -> None:
        """Put the readings of `message` into `intake`."""
        try:
            document = parse_json(message.payload)
        except MALFORMED as error:
            intake.refuse(message, malformed(error, message.payload))
            return
        elements = (Mark.MISSING,) if self._array is None else follow(document, self._array)
        if not isinstance(elements, list | tuple):
            where = "".join(f"[{step!r}]" for step in self._array or ())
            intake.refuse(message, Refusal(RejectReason.WRONG_SHAPE, f"no array at {where or 'the root'}"))
            return
        intake.refuse_all(message, self._refusals(document, elements, intake))

    def _refusals(
        self, document: Any, elements: list[Any] | tuple[Any, ...], intake: Intake
    ) -> Iterator[Refusal]:
        for element in elements:
            found = {field: self._at(place, document, element) for field, place in self._places.items()}
            missing = [field for field in ("name", "value", "time") if found.get(field) is Mark.MISSING]
            if missing:
                paths = ", ".join(f"{field} at {getattr(self._mapped, field)!r}" for field in missing)
                yield Refusal(RejectReason.WRONG_SHAPE, f"no {paths}")
                continue
            sensor = self._sensor(found["name"])
            if isinstance(sensor, Refusal):
                yield sensor
                continue
            t_ns = (
                intake.now_ns
                if self._mapped.time is None
                else mapped_time(found["time"], self._mapped.time_unit)
            )
            quality = mapped_quality(found.get("quality", Mark.MISSING))
            reading = checked(t_ns, mapped_value(found["value"]), quality, intake.times)
            if isinstance(reading, Refusal):
                yield reading
            else:
                intake.one(sensor, *reading)

    def _at(self, place: Place | None, document: Any, element: Any) -> Any:
        assert place is not None, "the mapping has no faults"
        if place.of_topic:
            return self._of_topic(place)
        if place.array is None:
            return follow(document, place.steps)
        return follow(element, place.steps[len(place.array) + 1 :])

    def _of_topic(self, place: Place) -> str | Mark:
        if place.level is None:
            return self._topic
        levels = self._topic.split("/")
        return levels[place.level] if place.level < len(levels) else Mark.MISSING

    def _sensor(self, name: Any) -> int | Refusal:
        if not isinstance(name, str):
            return Refusal(RejectReason.WRONG_TYPE, f"name is {shown(name)} (allowed: text)")
        sensor = self._names.sensor(self._enterprise, name)
        return sensor if sensor >= 0 else strangers(self._enterprise, (name,))


def follow(document: Any, steps: tuple[Step, ...]) -> Any:
    """Return what stands at the end of the steps, MISSING where they lead nowhere."""
    here = document
    for step in steps:
        if isinstance(here, dict) and isinstance(step, str):
            here = here.get(step, Mark.MISSING)
        elif isinstance(here, list) and isinstance(step, int) and step < len(here):
            here = here[step]
        else:
            return Mark.MISSING
    return here


def parse_json(payload: bytes) -> Any:
    """Return a JSON document; numbers beyond a double are infinite. Raises one of MALFORMED."""
    try:
        return msgspec.json.decode(payload)
    except msgspec.ValidationError:  # only "Number out of range": the standard library reads those
        try:
            return json.loads(payload, parse_constant=_no_constant)
        except ValueError as error:
            raise msgspec.DecodeError(str(error)) from error


def _no_constant(name: str) -> NoReturn:
    raise msgspec.DecodeError(f"{name} is not JSON")


def mapped_time(t: Any, unit: TimeUnit) -> int | Refusal:
    """Return a time in ns: whole numbers exact, others rounded to the nearest microsecond."""
    if unit is TimeUnit.ISO:
        if isinstance(t, str):
            return parse_rfc3339(t)
    elif isinstance(t, int) and not isinstance(t, bool):
        if abs(t) > _MAX_TIME:
            return Refusal(RejectReason.ABSURD_TIME, f"time is {shown(t)}")
        return t * UNIT_NS[unit]
    elif isinstance(t, float):
        return time_of_float(t, UNIT_NS[unit])
    allowed = "RFC 3339 text" if unit is TimeUnit.ISO else f"a number of {unit}"
    return Refusal(RejectReason.WRONG_TYPE, f"time is {shown(t)} (allowed: {allowed})")


def mapped_value(value: Any) -> float | Refusal:
    """Return a value; null and "NaN" are NaN, what a double cannot hold is infinite."""
    if value is None or value == "NaN":
        return float("nan")
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            return float("inf")
    return Refusal(RejectReason.WRONG_TYPE, f'value is {shown(value)} (allowed: a number, null or "NaN")')


def mapped_quality(quality: Any) -> Quality | Refusal:
    """Return a quality: the words of the design in any case, true and false, or an OPC quality code (192 is good)."""
    if quality is None or quality is Mark.MISSING:
        return Quality.GOOD
    if isinstance(quality, bool):
        return Quality.GOOD if quality else Quality.BAD
    if isinstance(quality, int) and 0 <= quality <= _OPC_LAST:
        if quality >= _OPC_GOOD:
            return Quality.GOOD
        return Quality.UNCERTAIN if quality >= _OPC_UNCERTAIN else Quality.BAD
    word = QUALITIES.get(quality.lower()) if isinstance(quality, str) else None
    if word is None:
        allowed = "good, uncertain, bad, true, false or an OPC code 0..255"
        return Refusal(RejectReason.WRONG_TYPE, f"quality is {shown(quality)} (allowed: {allowed})")
    return word
