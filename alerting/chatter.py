"""How often each place has alarmed lately: who chatters, who is fleeting, who is a nuisance.

Kept by place (subject and slot) and not by occurrence, for a place that chatters makes many of them. Places are held in
the order of their last activation, so that what is old is dropped from the front at no cost worth naming.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from alerting.alarms import Nuisance
from alerting.alert import Key
from alerting.texts import both, duration
from registry.plant import Text

_NS_PER_S = 1_000_000_000
_HOUR_NS = 3600 * _NS_PER_S
_LONGEST_DELAY_S = 60


class Hour(msgspec.Struct, array_like=True, gc=False):
    """What a place did in one hour of the pipeline's clock."""

    hour: int
    activations: int = 0
    fleeting: int = 0
    chattering: int = 0


class History(msgspec.Struct, array_like=True, gc=False):
    """The newest activations (ns), as many as chattering takes, and the hours of the nuisance window."""

    recent: list[int]
    hours: list[Hour]


@dataclass(frozen=True, slots=True)
class NuisancePlace:
    """A place on the nuisance list, with what it did within the window."""

    subject: str
    slot: str
    activations: int
    fleeting: int
    chattering: int


class Histories:
    """The activations of all places, as far back as anything looks."""

    def __init__(self, rules: Nuisance, kept: Iterable[tuple[Key, History]] = ()) -> None:
        self._rules = rules
        self._reach_ns = round(max(rules.window_s + 3600, rules.within_s) * _NS_PER_S)
        self._of: dict[Key, History] = dict(kept)

    def activated(self, key: Key, now_ns: int) -> None:
        """Note an activation."""
        history = self._of.pop(key, None) or History([], [])
        self._of[key] = history
        history.recent = [*history.recent[1 - self._rules.activations :], now_ns]
        hour = self._hour(history, now_ns)
        hour.activations += 1
        hour.chattering += self.chattering(key, now_ns)
        self._forget(now_ns)

    def chattering(self, key: Key, now_ns: int) -> bool:
        """Return whether the place chatters now."""
        history = self._of.get(key)
        if history is None or len(history.recent) < self._rules.activations:
            return False
        return now_ns - history.recent[0] <= self._rules.within_s * _NS_PER_S

    def fleeting(self, key: Key, now_ns: int) -> None:
        """Note that an alert of the place was over before anybody could attend to it."""
        history = self._of.get(key)
        if history is not None:
            self._hour(history, now_ns).fleeting += 1

    def nuisances(self, now_ns: int) -> list[NuisancePlace]:
        """Return the places that alarm more than anybody can use, most activations first."""
        first = (now_ns - round(self._rules.window_s * _NS_PER_S)) // _HOUR_NS
        found = []
        for (subject, slot), history in self._of.items():
            hours = [hour for hour in history.hours if hour.hour >= first]
            place = NuisancePlace(
                subject,
                slot,
                sum(hour.activations for hour in hours),
                sum(hour.fleeting for hour in hours),
                sum(hour.chattering for hour in hours),
            )
            if place.activations >= self._rules.often or place.chattering:
                found.append(place)
        return sorted(found, key=lambda place: (-place.activations, place.subject, place.slot))

    def entries(self) -> list[tuple[Key, History]]:
        """Return all that is known, for a snapshot."""
        return list(self._of.items())

    def _hour(self, history: History, now_ns: int) -> Hour:
        hour = now_ns // _HOUR_NS
        if not history.hours or history.hours[-1].hour != hour:
            keep = int(self._rules.window_s * _NS_PER_S // _HOUR_NS)
            history.hours = [one for one in history.hours if one.hour >= hour - keep] + [Hour(hour)]
        return history.hours[-1]

    def _forget(self, now_ns: int) -> None:
        while (oldest := next(iter(self._of))) and self._of[oldest].recent[-1] < now_ns - self._reach_ns:
            del self._of[oldest]


def chattering_why(count: int, rules: Nuisance, *, held: bool, gas: bool) -> dict[str, Any]:
    """Return the visible mark of a chattering alert, with the delays that would quiet it.

    A gas detector's on-delay stays at most 3 s (GB/T 50493), for a longer one is a missed release.
    """
    within, settle = duration(rules.within_s), duration(rules.settle_s)
    on_s = 3.0 if gas else min(rules.within_s / rules.activations, _LONGEST_DELAY_S)
    zh = f"频繁报警：{within.zh}内 {count} 次或以上；恢复须稳定 {settle.zh}后通知" if held else ""
    en = f"chattering: {count} or more times within {within.en}; a return is told once it has lasted {settle.en}"
    if not held:
        zh, en = (
            f"频繁报警：{within.zh}内 {count} 次或以上",
            f"chattering: {count} or more times within {within.en}",
        )
    return {
        "activations": count,
        "within_s": rules.within_s,
        "held": held,
        "proposed": {"on_delay_s": on_s, "off_delay_s": rules.settle_s},
        "text": both(Text(zh, en)),
    }


def fleeting_why(stood_s: float, rules: Nuisance) -> dict[str, Any]:
    """Return the mark of an alert that was over before anybody could attend to it."""
    stood = duration(stood_s)
    text = Text(f"仅持续 {stood.zh}，无人处理即恢复", f"stood for {stood.en} only and went unattended")
    return {"stood_s": stood_s, "within_s": rules.fleeting_s, "text": both(text)}
