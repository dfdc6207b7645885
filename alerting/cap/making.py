"""From an alert's events to its messages.

Theory of operation. An alert's messages are a fold over its events: `steps` says which of them make one, and of which
type. The first message is an Alert, whatever event makes it; while an alert is shelved, suppressed or out of service
none is made. The end is told in two steps, because it is two: an Update with AllClear when the condition has ended, so
that those in danger hear of it at once, and a Cancel of all messages when the alert is closed.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from alerting.cap.message import DRILL_MARKS, DRILL_NOTES, CapArea, CapInfo, CapMessage, MessageType, Mode
from alerting.cap.settings import CapSettings
from alerting.cap.table import ANY, HEALTH, SYSTEM, Table, Values, default_table
from alerting.events import HELD_STATES, AlertEvent, Family, Kind
from alerting.texts import TYPE_NAMES, number, with_local_times
from registry.plant import Text
from registry.sensors import SensorRegistry

LANGUAGES = ("zh-CN", "en-US")
GEOCODE_LIST = "GB/T 2260"
MAX_HEADLINE_CHARS = 160
"""The length that the standard recommends."""
MAX_TEXT_CHARS = 4000
MAX_REFERENCES = 200
"""The first message and the newest ones are referred to; an alert that chatters for days has more than one message can name."""

_UTC = ZoneInfo("UTC")
_STANDING = frozenset({"unack", "acked"})
_CLOSED = "closed"
_RESTRICTION = Text("仅供应急管理使用", "for emergency management only")
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_-]")
_IDENTIFIER = re.compile(
    r"(?P<alert>[A-Za-z0-9_-]{1,200})\.(?P<seq>\d{1,16})(?:\.(?P<mode>exercise|test))?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Step:
    """An event that makes a message, and the message's type."""

    event: AlertEvent
    message_type: MessageType


def steps(events: Iterable[AlertEvent], table: Table | None = None) -> list[Step]:
    """Return what of an alert's events, oldest first, makes a message."""
    known = (table or default_table()).events
    found: list[Step] = []
    for event in events:
        kind = known.get(event.event)
        if kind is None or event.state in HELD_STATES or (not found and event.state not in _STANDING):
            continue
        found.append(Step(event, kind if found else MessageType.ALERT))
    return found


def identifier_of(event: AlertEvent, mode: Mode) -> str:
    """Return the identifier of the message of an event; one of a test is never that of a real message."""
    name = f"{_NOT_IN_A_NAME.sub('_', event.id)}.{event.seq}"
    return name if mode is Mode.ACTUAL else f"{name}.{mode}"


def event_of(identifier: str) -> tuple[str, int] | None:
    """Return the alert's id and the event's number that an identifier was made of, None where it is none of ours."""
    found = _IDENTIFIER.fullmatch(identifier)
    return None if found is None else (found["alert"], int(found["seq"]))


def cap_time(time: str) -> str:
    """Return an alert line's time as the standard has it: without a fraction, UTC as -00:00 and never Z."""
    return datetime.fromisoformat(time).replace(tzinfo=None).isoformat(timespec="seconds") + "-00:00"


class CapMaker:
    """Makes the messages of one pipeline; holds names and nothing that changes. Texts tell their times in `zone`."""

    def __init__(
        self,
        settings: CapSettings,
        registry: SensorRegistry,
        table: Table | None = None,
        *,
        zone: ZoneInfo = _UTC,
    ) -> None:
        self.settings = settings
        self._zone = zone
        self._registry = registry
        self._table = table or default_table()

    def newest(self, events: Iterable[AlertEvent]) -> CapMessage | None:
        """Return the newest message of an alert's events, None where they make none."""
        found = steps(events, self._table)
        return self._make(found, len(found) - 1) if found else None

    def of_event(self, events: Iterable[AlertEvent], seq: int) -> CapMessage | None:
        """Return the message that event `seq` of an alert makes, None where it makes none; later events do not matter."""
        found = steps(events, self._table)
        at = next((i for i, step in enumerate(found) if step.event.seq == seq), None)
        return None if at is None else self._make(found, at)

    def all(self, events: Iterable[AlertEvent]) -> list[CapMessage]:
        """Return every message of an alert's events."""
        found = steps(events, self._table)
        return [self._make(found, i) for i in range(len(found))]

    def _make(self, found: Sequence[Step], at: int) -> CapMessage:
        settings, step = self.settings, found[at]
        event, drill = step.event, DRILL_NOTES.get(settings.mode)
        earlier = found[:at]
        if len(earlier) > MAX_REFERENCES:
            earlier = [earlier[0], *earlier[-(MAX_REFERENCES - 1) :]]
        restricted = settings.scope == "Restricted"
        return CapMessage(
            mode=settings.mode,
            about_hazwatch=event.kind == Kind.SYSTEM,
            identifier=identifier_of(event, settings.mode),
            sender=settings.sender,
            sent=cap_time(event.time),
            message_type=step.message_type,
            scope=settings.scope,
            restriction=(settings.restriction or _both(_RESTRICTION)) if restricted else None,
            addresses=settings.addresses if settings.scope == "Private" else (),
            note=None if drill is None else _both(drill),
            references=tuple(self._reference(one.event) for one in earlier),
            incidents=_incidents(event),
            infos=tuple(self._info(event, language) for language in LANGUAGES),
        )

    def _reference(self, event: AlertEvent) -> str:
        identifier = identifier_of(event, self.settings.mode)
        return f"{self.settings.sender},{identifier},{cap_time(event.time)}"

    def _info(self, event: AlertEvent, language: str) -> CapInfo:
        settings, values = self.settings, self._values(event)
        mark = DRILL_MARKS.get(settings.mode, Text.same(""))
        return CapInfo(
            language=language,
            categories=self._categories(event),
            event=_in(self._what(event), language),
            responses=values.responses,
            urgency=values.urgency,
            severity=values.severity,
            certainty=values.certainty,
            onset=None if event.onset is None else cap_time(event.onset),
            sender_name=_clipped(_in(self._sender_name(event), language), MAX_HEADLINE_CHARS),
            headline=_clipped(_in(mark, language) + self._told(event.title, language), MAX_HEADLINE_CHARS),
            description=_clipped(self._told(event.why.get("seen"), language), MAX_TEXT_CHARS),
            instruction=_clipped(self._told(event.why.get("advice"), language), MAX_TEXT_CHARS),
            contact=settings.contact,
            parameters=_parameters(event),
            area=self._area(event, language),
        )

    def _told(self, text: dict[str, str] | None, language: str) -> str:
        if text is None:
            return ""
        return with_local_times(text["zh" if language == "zh-CN" else "en"], self._zone)

    def _values(self, event: AlertEvent) -> Values:
        if event.state not in _STANDING:
            return self._table.over[event.grade]
        values = self._table.grades[event.grade]
        if not _is_beyond(event):
            return values
        return Values(
            urgency=values.urgency,
            severity=values.severity,
            certainty="Observed",
            responses=values.responses,
        )

    def _categories(self, event: AlertEvent) -> tuple[str, ...]:
        family = Kind(event.kind).family
        if family is not Family.PROCESS:
            return self._table.categories[HEALTH if family is Family.HEALTH else SYSTEM]
        i = self._registry.index.get(event.sensor or "")
        kind = ANY if i is None else self._registry.specs[i].type
        return self._table.categories.get(kind, self._table.categories[ANY])

    def _what(self, event: AlertEvent) -> Text:
        kind = self._table.kinds[event.kind]
        i = self._registry.index.get(event.sensor or "")
        if i is None:
            return kind
        measured = TYPE_NAMES[self._registry.specs[i].type]
        return Text(f"{measured.zh}{kind.zh}", f"{measured.en} {kind.en}")

    def _sender_name(self, event: AlertEvent) -> Text:
        enterprise = self._registry.plant.enterprises.get(event.enterprise or "")
        return Text.same(self.settings.sender) if enterprise is None else enterprise.name

    def _area(self, event: AlertEvent, language: str) -> CapArea | None:
        plant = self._registry.plant
        source = plant.sources.get(event.source or "")
        area = plant.areas.get(event.area or "")
        enterprise = plant.enterprises.get(event.enterprise or "")
        names = [_in(one.name, language) for one in (area, enterprise, source) if one is not None]
        if not names and event.area is None:
            return None
        circle = None
        if source is not None and source.lat is not None and source.lon is not None:
            circle = (source.lat, source.lon, self.settings.radius_km)
        return CapArea(
            description=_clipped(
                (" " if language == "en-US" else "").join(names) or str(event.area), MAX_TEXT_CHARS
            ),
            circle=circle,
            geocodes=() if event.area is None else ((GEOCODE_LIST, event.area),),
        )


def _is_beyond(event: AlertEvent) -> bool:
    """Return whether the value was measured beyond the limit that the alert is about."""
    if event.value is None or event.limit is None:
        return False
    match event.kind:
        case Kind.HIGH:
            return event.value >= event.limit
        case Kind.LOW:
            return event.value <= event.limit
        case _:
            return False


def _incidents(event: AlertEvent) -> tuple[str, ...]:
    incident = event.why.get("incident")
    return () if not isinstance(incident, dict) else (_NOT_IN_A_NAME.sub("_", str(incident["id"])),)


def _parameters(event: AlertEvent) -> tuple[tuple[str, str], ...]:
    unit = f" {event.unit}" if event.unit else ""
    given: tuple[tuple[str, str | None], ...] = (
        ("hazwatch:alert", event.id),
        ("hazwatch:grade", event.grade),
        ("hazwatch:kind", event.kind),
        ("hazwatch:sensor", event.sensor),
        ("hazwatch:source", event.source),
        ("hazwatch:value", None if event.value is None else number(event.value) + unit),
        ("hazwatch:limit", None if event.limit is None else number(event.limit) + unit),
        ("hazwatch:forecast_s", None if event.forecast_s is None else f"{event.forecast_s:.0f}"),
    )
    return tuple((name, _clipped(value, MAX_TEXT_CHARS)) for name, value in given if value is not None)


def _in(text: Text, language: str) -> str:
    return text.zh if language == "zh-CN" else text.en


def _both(text: Text) -> str:
    return f"{text.zh} / {text.en}"


def _clipped(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
