"""Silences: for a time nobody is told of the alerts that match; who asked for it, why, and until when.

A silence ends by itself, at most a day after it began, and what it held back is told then. One that could hold back a
red alert needs two people.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from alerting.commands import CommandRefused, EndSilence, Silence
from alerting.events import Grade
from alerting.matcher_text import MatcherError, parse_matcher
from alerting.routing import OF_THE_MOMENT, Labels, Matcher
from alerting.texts import duration, rfc3339
from registry.plant import Text

NS_PER_S = 1_000_000_000
LONGEST_S = 86_400.0
NOTICE_S = 900.0
"""So long before its end a silence is announced; a short one when a quarter of it is left."""
MOST_SILENCES = 200
"""So many may be in force at once: each event is held against each."""
MOST_ENDED = 50
"""So many that are over are remembered, the newest ones."""


class SilenceRow(msgspec.Struct, frozen=True, array_like=True):
    """A silence in force."""

    id: str
    matchers: tuple[str, ...]
    by: str
    second: str | None
    comment: str
    begins_ns: int
    until_ns: int

    @property
    def hold(self) -> str:
        """The name of what it holds back."""
        return f"silence:{self.id}"

    @property
    def notice_ns(self) -> int:
        """When its end is announced."""
        lead_ns = min(int(NOTICE_S * NS_PER_S), (self.until_ns - self.begins_ns) // 4)
        return self.until_ns - lead_ns


class EndedSilence(msgspec.Struct, frozen=True, array_like=True):
    """A silence that is over: since when, who ended it and why; `by` is None where it ran out, with no reason."""

    row: SilenceRow
    ended_ns: int
    by: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class SilenceView:
    """A silence in force, with how many alerts it holds back now."""

    row: SilenceRow
    holding: int


class Silences:
    """The silences in force, the oldest first, and those that ended lately."""

    def __init__(self) -> None:
        self._rows: dict[str, SilenceRow] = {}
        self._matchers: dict[str, tuple[Matcher, ...]] = {}
        self._ended: deque[EndedSilence] = deque(maxlen=MOST_ENDED)
        self.made = 0
        """How many there ever were; the next one's id comes from it."""

    def begin(self, command: Silence, now_ns: int) -> SilenceRow:
        """Put a silence in force; raise `CommandRefused`, with nothing changed, where it does not hold."""
        matchers = tuple(_matcher(text) for text in command.matchers)
        _check_time(command.until_ns, now_ns)
        if command.second == command.by:
            raise CommandRefused(
                "same_person", Text("第二人必须是另一人", "the second person must be another one")
            )
        if command.second is None and _may_be_red(matchers):
            raise CommandRefused(
                "second_person",
                Text(
                    "可能屏蔽红色报警的静默需要第二人同意；否则请加上 grade!=red",
                    "a silence that could hold back a red alert needs a second person; else add grade!=red",
                ),
            )
        if len(self._rows) >= MOST_SILENCES:
            raise CommandRefused(
                "too_many",
                Text(f"已有 {MOST_SILENCES} 条静默生效", f"{MOST_SILENCES} silences are in force already"),
            )
        self.made += 1
        row = SilenceRow(
            id=f"silence-{self.made}",
            matchers=command.matchers,
            by=command.by,
            second=command.second,
            comment=command.comment,
            begins_ns=now_ns,
            until_ns=command.until_ns,
        )
        self._add(row)
        return row

    def check_end(self, command: EndSilence) -> SilenceRow:
        """Return the silence that is meant; raise `CommandRefused` where none is in force."""
        row = self._rows.get(command.silence)
        if row is None:
            name = command.silence
            raise CommandRefused(
                "no_such_silence", Text(f"没有生效的静默 {name}", f"no silence {name} is in force")
            )
        return row

    def take_out(self, name: str, now_ns: int, command: EndSilence | None) -> SilenceRow:
        """End a silence that is in force, by a command, or without one because its time is over."""
        del self._matchers[name]
        row = self._rows.pop(name)
        by, reason = (None, "") if command is None else (command.by, command.reason)
        self._ended.append(EndedSilence(row=row, ended_ns=now_ns, by=by, reason=reason))
        return row

    def get(self, name: str) -> SilenceRow:
        """Return a silence that is in force."""
        return self._rows[name]

    def matches(self, name: str, labels: Labels) -> bool:
        """Return whether a silence is about an alert with these labels."""
        return all(matcher.holds(labels) for matcher in self._matchers[name])

    def hold_of(self, labels: Labels, grade: str) -> tuple[str, Text] | None:
        """Return the hold of the oldest silence about such an alert, and why; None where there is none."""
        for name, row in self._rows.items():
            if self.may_hold(row, grade) and self.matches(name, labels):
                return row.hold, _reason(row)
        return None

    @staticmethod
    def may_hold(row: SilenceRow, grade: str) -> bool:
        """Return whether it may hold back this grade."""
        return row.second is not None or grade != Grade.RED.label

    def rows(self) -> list[SilenceRow]:
        """Return the silences in force."""
        return list(self._rows.values())

    def ended(self) -> list[EndedSilence]:
        """Return the silences that ended lately, in the order in which they ended."""
        return list(self._ended)

    def restore(self, rows: Iterable[SilenceRow], ended: Iterable[EndedSilence], made: int) -> None:
        """Take over the silences of a snapshot."""
        self._rows, self._matchers, self.made = {}, {}, made
        self._ended = deque(ended, maxlen=MOST_ENDED)
        for row in rows:
            self._add(row)

    def _add(self, row: SilenceRow) -> None:
        self._rows[row.id] = row
        self._matchers[row.id] = tuple(_matcher(text) for text in row.matchers)


def _matcher(text: str) -> Matcher:
    try:
        matcher = parse_matcher(text)
    except MatcherError as exc:
        raise CommandRefused(
            "bad_matcher", Text(f"匹配条件有误：{exc}（应为 {exc.allowed}）", f"{exc} ({exc.allowed})")
        ) from exc
    if matcher.label in OF_THE_MOMENT:
        raise CommandRefused(
            "bad_matcher",
            Text(f"静默不能按 {matcher.label} 匹配", f"a silence cannot ask for {matcher.label}"),
        )
    return matcher


def _check_time(until_ns: int, now_ns: int) -> None:
    if until_ns <= now_ns:
        raise CommandRefused("already_over", Text("结束时间已过", "its end has passed already"))
    if until_ns - now_ns > LONGEST_S * NS_PER_S:
        most = duration(LONGEST_S)
        raise CommandRefused("too_long", Text(f"静默最长 {most.zh}", f"a silence lasts at most {most.en}"))


def _may_be_red(matchers: tuple[Matcher, ...]) -> bool:
    return all(matcher.holds_for((Grade.RED.label,)) for matcher in matchers if matcher.label == "grade")


def _reason(row: SilenceRow) -> Text:
    at = rfc3339(row.until_ns)
    return Text(
        f"{row.by} 的静默 {row.id}（{row.comment}）至 {at}",
        f"silence {row.id} of {row.by} ({row.comment}) until {at}",
    )
