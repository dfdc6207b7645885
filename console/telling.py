"""Who was told of an alert, through what and why, as far as an account with a scope may know.

An alert's line and its deliveries quote what decided them: the conditions of a route, a silence's comment, a receiver. What
was decided may be older than the rules in force, so the texts themselves are judged: each condition that one quotes as
`rules_scope` judges it in a route, a silence by its matchers where these are still known, else it is withheld.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import msgspec

from alerting.events import AlertEvent
from alerting.matcher_text import MatcherError, parse_matcher
from alerting.routes import Routes
from alerting.routing import walk
from alerting.silences import SilenceRow
from alerting.texts import both
from console.rules_scope import Known, routes_of
from registry.plant import Text

BY_OTHERS = Text("按其他区域的规则", "by a rule of another area")
SILENCED_BY_OTHERS = Text("按其他区域的静默", "by a silence of another area")
OUTSIDE = Text("您范围以外的接收方", "a receiver outside your area")
ITS_ERROR = Text("错误内容不予显示", "what went wrong there is not shown")
NOT_IN_DETAIL: Mapping[str, Text] = MappingProxyType(
    {
        "notifications": Text("部分接收方发送失败，将重试", "some receivers fail, will be tried again"),
        "settings": Text("新设置有误，未采用", "new settings have faults and were refused"),
    }
)
"""What is said of parts that are not well and whose details name receivers and places, to accounts with a scope."""
JUDGED = 4096
"""How many lists of conditions are remembered with whether they may be told: as many as there are routes, or more."""

_MATCHES = "matches "
_NEITHER_QUOTES = re.compile(
    r"a red alert is never held|told with its group at \S+|in its digest from \S+ on"
    r"|at most \d+ notifications? in [\w .]+ for it"
)
"""What may stand behind the conditions of a reason."""
_SILENCE = re.compile(r"silence (?P<id>\S+) of .*?(?P<until> (?:until|ends at) \S+)?", re.DOTALL)
_UNTIL = {" until ": "至", " ends at ": "，结束于"}

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Telling:
    """What an account may know; `silences` are asked for when a reason names one, the other parts are of the settings."""

    known: Known
    receivers: frozenset[str]
    silences: Callable[[], Iterable[SilenceRow]]
    _judged: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, known: Known, routes: Routes, silences: Callable[[], Iterable[SilenceRow]]) -> "Telling":
        """Return what an account that knows of these places may know."""
        root = routes_of(routes, known).root
        receivers = frozenset(route.receiver for route in walk(root) if route.receiver is not None)
        return cls(known, receivers, silences)

    def reason(self, reason: Text) -> Text:
        """Return a reason, or what kind of rule it names where that may not be told."""
        if reason.en.startswith(_MATCHES):
            return reason if self._may_quote(reason.en.removeprefix(_MATCHES)) else BY_OTHERS
        silence = _SILENCE.fullmatch(reason.en)
        if silence is None or self._may_name(silence["id"]):
            return reason
        return _silenced(silence["until"] or "")

    def receiver(self, name: str | None) -> dict[str, Any]:
        """Return the fields ``receiver`` and, where its name may not be told, ``outside`` with words instead."""
        if name is None or name in self.receivers:
            return {"receiver": name}
        return {"receiver": None, "outside": both(OUTSIDE)}

    def why(self, why: dict[str, Any]) -> dict[str, Any]:
        """Return an event's ``why`` as the account may read it, the same one where nothing is withheld."""
        changed = {
            name: told
            for name in ("told", "held")
            if (rows := why.get(name)) and (told := [self._row(row) for row in rows]) != rows
        }
        return {**why, **changed} if changed else why

    def event(self, event: AlertEvent) -> AlertEvent:
        """Return an event as the account may read it."""
        why = self.why(event.why)
        return event if why is event.why else msgspec.structs.replace(event, why=why)

    def body(self, body: bytes) -> bytes:
        """Return an alert of the stream as the account may read it."""
        row = msgspec.json.decode(body)
        why = self.why(row["why"])
        return body if why is row["why"] else msgspec.json.encode({**row, "why": why})

    def delivery(self, row: Row) -> Row:
        """Return a delivery, as the API has it, as the account may read it."""
        told = self._row(row)
        return {**told, "error": both(ITS_ERROR)} if "outside" in told and row["error"]["en"] else told

    def reached_by(self, receivers: Sequence[str]) -> dict[str, Any]:
        """Return the fields ``receivers`` and, where some may not be told, ``outside`` with words for these."""
        told = [name for name in receivers if name in self.receivers]
        return {"receivers": told} | ({} if len(told) == len(receivers) else {"outside": both(OUTSIDE)})

    def _row(self, row: Row) -> Row:
        reason = row["reason"]
        said = both(self.reason(Text(reason["zh"], reason["en"])))
        return {**row, "reason": said, **self.receiver(row["receiver"])}

    def _may_quote(self, conditions: str) -> bool:
        if conditions not in self._judged:
            if len(self._judged) >= JUDGED:
                self._judged.clear()
            self._judged[conditions] = self._judge(conditions)
        return self._judged[conditions]

    def _judge(self, conditions: str) -> bool:
        """Return whether all that stands in the list of conditions may be told; what is none of them may not."""
        for part in re.split(r", |; ", conditions):
            if _NEITHER_QUOTES.fullmatch(part):
                continue
            try:
                matcher = parse_matcher(part)
            except MatcherError:
                return False  # a part of a value: which value ends where cannot be told
            if not self.known.may_read((matcher,)):
                return False
        return True

    def _may_name(self, silence: str) -> bool:
        rows = [row for row in self.silences() if row.id == silence]
        return bool(rows) and all(self.known.told_of(row) is row for row in rows)


def as_read(event: AlertEvent, telling: Telling | None) -> AlertEvent:
    """Return an event as an account may read it that knows what `telling` says; None: all."""
    return event if telling is None else telling.event(event)


def _silenced(until: str) -> Text:
    for before, zh in _UNTIL.items():
        if until.startswith(before):
            return Text(
                f"{SILENCED_BY_OTHERS.zh}{zh} {until.removeprefix(before)}", SILENCED_BY_OTHERS.en + until
            )
    return SILENCED_BY_OTHERS
