"""Siren and light of each place: what sounds and shines there, told anew whenever it changes.

Theory of operation. Every alert of the process and of sensors counts at the places that it belongs to. Its state says
whether it sounds and whether it shines (`SIGNALS`): an alert sounds until it is acknowledged, also when it has returned to
normal meanwhile (the lock-in of ISA-18.1's sequence A), and shines until it is over. The siren of a place is on while an
alert of the receiver's grades sounds there; the light has the colour of the gravest alert that shines. Both are counted, so
that an event costs the same however many alerts are open. Nothing here waits for a time but what a restart owes.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from alerting.book_state import SnapshotError
from alerting.events import AlertEvent, Grade, State
from alerting.notification import Notification, notification_id
from alerting.notify.mqtt import level_of
from alerting.notify.settings import PlaceKind, ReceiverSettings, SirenSettings
from alerting.notify.words import in_words
from alerting.panel import SIGNALS, Panel
from alerting.routing import area_chain
from alerting.texts import both, rfc3339
from registry.plant import Area, Enterprise, HazardSource, Text
from registry.sensors import SensorRegistry

FORMAT = 1
NO_PLACE = "_"
"""What stands in a topic for alerts of sensors that belong to no such place."""

GRADES: Mapping[str, int] = MappingProxyType({grade.label: grade.value for grade in Grade})


class _Standing(msgspec.Struct, frozen=True, array_like=True):
    """What an open alert does, and where."""

    grade: int
    sounds: bool
    shines: bool
    sensor: str
    enterprise: str | None
    source: str | None
    area: str | None


class _Shown(msgspec.Struct, frozen=True, array_like=True):
    """What a place last showed, since when it has not been clear, and by which event; `owed` counts what restarts owed."""

    receiver: str
    place: str
    siren: bool
    light: int
    since_ns: int
    alert: str
    seq: int
    owed: int


class _Snapshot(msgspec.Struct, frozen=True):
    format: int
    now_ns: int
    standing: dict[str, _Standing]
    shown: list[_Shown]


class Annunciator:
    """Follows all alerts for the receivers of kind siren; pure."""

    def __init__(self, receivers: Mapping[str, ReceiverSettings], registry: SensorRegistry) -> None:
        self._sirens = {name: one for name, one in receivers.items() if isinstance(one, SirenSettings)}
        self._grades = {name: [grade.value for grade in one.grades] for name, one in self._sirens.items()}
        self._registry = registry
        self._keys: dict[tuple[str | None, ...], tuple[tuple[str, str], ...]] = {}
        self._now_ns = 0
        self._standing: dict[str, _Standing] = {}
        self._panels: dict[tuple[str, str], Panel] = {}
        self._owed_ns: int | None = None

    def offer(self, events: Iterable[AlertEvent], now_ns: int) -> list[Notification]:
        """Return what changes at any place by these events, in their order."""
        if not self._sirens:
            return []
        return [told for event in events if event.sensor is not None for told in self._take(event, now_ns)]

    def tick(self, now_ns: int) -> list[Notification]:
        """Return what a restart owes: places that show something else than they did, under other settings."""
        if self._owed_ns is None or now_ns < self._owed_ns:
            return []
        self._owed_ns = None
        told = []
        for key in list(self._panels):
            panel = self._panels[key]
            shown = self._show(key, now_ns, step=f"owed {panel.owed}")
            if shown is not None:
                panel.owed += 1
                told.append(shown)
        return told

    def next_deadline_ns(self) -> int | None:
        """Return when something is due, None where nothing waits."""
        return self._owed_ns

    def snapshot(self) -> bytes:
        """Return the state."""
        shown = [
            _Shown(*key, panel.siren, panel.light, panel.since_ns, panel.alert, panel.seq, panel.owed)
            for key, panel in self._panels.items()
        ]
        return msgspec.msgpack.encode(_Snapshot(FORMAT, self._now_ns, self._standing, shown))

    def restore(self, body: bytes) -> None:
        """Take over a state; what places show by other settings than those it was made with is owed.

        Raises:
            alerting.book_state.SnapshotError, msgspec.MsgspecError: it cannot be continued from.
        """
        kept = msgspec.msgpack.decode(body, type=_Snapshot)
        if kept.format != FORMAT:
            raise SnapshotError(f"format {kept.format}, this program reads {FORMAT}")
        # an alert whose sensor the settings no longer have is gone from the book too
        known = self._registry.index
        self._standing = {name: alert for name, alert in kept.standing.items() if alert.sensor in known}
        self._now_ns, self._panels, self._owed_ns = kept.now_ns, {}, None
        for one in kept.shown:
            if one.receiver in self._sirens:
                self._panels[one.receiver, one.place] = Panel(
                    siren=one.siren,
                    light=one.light,
                    since_ns=one.since_ns,
                    alert=one.alert,
                    seq=one.seq,
                    owed=one.owed,
                )
        for name, alert in self._standing.items():
            if not (alert.sounds or alert.shines):
                continue  # held back: its place has no panel because of it
            for key in self._places(alert):
                self._panels.setdefault(key, Panel(alert=name)).count(
                    alert.grade, 1, sounds=alert.sounds, shines=alert.shines
                )
        if any(self._now_of(key) != (panel.siren, panel.light) for key, panel in self._panels.items()):
            self._owed_ns = self._now_ns

    def _take(self, event: AlertEvent, now_ns: int) -> Iterator[Notification]:
        """Count an event at every place of its alert, and show what changes there."""
        assert event.sensor is not None, "an alert of hazwatch's own has no place"
        self._now_ns = now_ns
        touched: dict[tuple[str, str], None] = {}
        before = self._standing.pop(event.id, None)
        if before is not None:
            for key in self._places(before):
                self._panels.setdefault(key, Panel()).count(
                    before.grade, -1, sounds=before.sounds, shines=before.shines
                )  # one that is quiet is forgotten
                touched[key] = None
        if event.state != State.CLOSED:
            sounds, shines = SIGNALS[event.state]
            grade, places = GRADES[event.grade], (event.enterprise, event.source, event.area)
            after = self._standing[event.id] = _Standing(grade, sounds, shines, event.sensor, *places)
            for key in self._places(after):
                self._panels.setdefault(key, Panel()).count(
                    after.grade, 1, sounds=after.sounds, shines=after.shines
                )
                touched[key] = None
        for key in touched:
            panel = self._panels[key]
            panel.alert, panel.seq = event.id, event.seq
            shown = self._show(key, now_ns)
            if shown is not None:
                yield shown

    def _show(self, key: tuple[str, str], now_ns: int, step: str = "") -> Notification | None:
        """Return what is told of a place where it shows something else now."""
        panel = self._panels[key]
        siren, light = self._now_of(key)
        if panel.is_quiet:
            del self._panels[key]
        if (siren, light) == (panel.siren, panel.light):
            return None
        if not (panel.siren or panel.light):
            panel.since_ns = now_ns
        panel.siren, panel.light = siren, light
        receiver, place = key
        settings = self._sirens[receiver]
        topic = "/".join([settings.topic_prefix, settings.place, level_of(place)])
        return Notification(
            id=notification_id(panel.alert, panel.seq, receiver, f"{topic} {step}"),
            receiver=receiver,
            alert=panel.alert,
            seq=panel.seq,
            time=rfc3339(now_ns),
            body=msgspec.json.encode(self._body(key, panel, now_ns)),
            reason=Text("该处声光状态改变", "what sounds and shines at the place has changed"),
            topic=topic,
            grade=Grade.RED,
        )

    def _now_of(self, key: tuple[str, str]) -> tuple[bool, int]:
        return self._panels[key].now(self._grades[key[0]])

    def _body(self, key: tuple[str, str], panel: Panel, now_ns: int) -> dict[str, Any]:
        receiver, place = key
        kind = self._sirens[receiver].place
        sounding = [grade for grade in self._sirens[receiver].grades if panel.sounding[grade]]
        gravest = panel.light or max(sounding, default=0)
        return {
            "siren": "on" if panel.siren else "off",
            "light": Grade(panel.light).label if panel.light else "off",
            "grade": Grade(gravest).label if gravest else None,
            "alerts": sum(panel.shining),
            "since": rfc3339(panel.since_ns) if gravest else None,
            "time": rfc3339(now_ns),
            "place": {"kind": kind, "id": place, "name": both(self._name(kind, place))},
            "text": both(_words(self._name(kind, place), panel, gravest)),
        }

    def _places(self, alert: _Standing) -> tuple[tuple[str, str], ...]:
        """Return the receivers and their places that an alert belongs to."""
        where = (alert.enterprise, alert.source, alert.area)
        found = self._keys.get(where)
        if found is None:
            found = self._keys[where] = tuple(self._places_of(*where))
        return found

    def _places_of(
        self, enterprise: str | None, source: str | None, area: str | None
    ) -> Iterator[tuple[str, str]]:
        for receiver, settings in self._sirens.items():
            match settings.place:
                case PlaceKind.SOURCE:
                    yield receiver, source or NO_PLACE
                case PlaceKind.ENTERPRISE:
                    yield receiver, enterprise or NO_PLACE
                case PlaceKind.AREA:
                    for code in area_chain(area, self._registry.plant.areas):
                        yield receiver, code or NO_PLACE

    def _name(self, kind: PlaceKind, place: str) -> Text:
        plant = self._registry.plant
        named: HazardSource | Enterprise | Area | None
        match kind:
            case PlaceKind.SOURCE:
                named = plant.sources.get(place)
            case PlaceKind.ENTERPRISE:
                named = plant.enterprises.get(place)
            case PlaceKind.AREA:
                named = plant.areas.get(place)
        if named is not None:
            return named.name
        return Text("其他测点", "other sensors") if place == NO_PLACE else Text.same(place)


def _words(name: Text, panel: Panel, gravest: int) -> Text:
    if not gravest:
        return Text(f"{name.zh}：警报解除", f"{name.en}: all clear")
    grade, standing = in_words(Grade(gravest).label), sum(panel.shining)
    if not standing:
        return Text(
            f"{name.zh}：{grade.zh}报警已恢复正常，尚未确认",
            f"{name.en}: {grade.en} alert back to normal, not acknowledged",
        )
    count = Text(f"{standing} 条报警", f"{standing} alert{'s' if standing > 1 else ''}")
    rest = Text("有未确认", "not all acknowledged") if panel.siren else Text("警笛静音", "siren silent")
    return Text(
        f"{name.zh}：{count.zh}，最高{grade.zh}，{rest.zh}",
        f"{name.en}: {count.en}, gravest {grade.en}, {rest.en}",
    )
