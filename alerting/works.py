"""Works that lie ahead: announced by the alarms file or by a person, until they begin or are withdrawn.

Theory of operation. A permit has at most one announcement by a person at one place; what is said later takes its place.
The alarms file's works are not kept in the state, for every start reads them anew: only which of them a person ended.
"""

from collections.abc import Iterable

from alerting.alarms import Planned
from alerting.arrangements import Arrangement, of_plan
from alerting.commands import TakeOutOfService
from alerting.occurrences import NS_PER_S, Due, Occurrences
from alerting.refusals import begins_in_the_past, ends_before_it_begins, too_far_ahead

LATE_S = 300
"""A start that is past by no more than this means now: clocks differ, and a form takes a while to fill in."""
AHEAD_DAYS = 366
"""Works end within so many days: what is asked for beyond is a slip of the pen that would hold alerts back for years."""


def begins_ns(command: TakeOutOfService, now_ns: int) -> int:
    """Return when works begin, at `now_ns` at the earliest; raise `CommandRefused` where their times make no sense."""
    from_ns = now_ns if command.from_ns is None else command.from_ns
    if from_ns < now_ns - LATE_S * NS_PER_S:
        raise begins_in_the_past(LATE_S // 60)
    if command.from_ns is not None and command.until_ns <= from_ns:
        raise ends_before_it_begins()
    if command.until_ns > now_ns + AHEAD_DAYS * 86_400 * NS_PER_S:
        raise too_far_ahead(AHEAD_DAYS)
    return max(from_ns, now_ns)


class Works:
    """Everything announced that has not begun; owns the timers by which it begins."""

    def __init__(self, book: Occurrences, planned: Iterable[Planned]) -> None:
        self._book = book
        self._plans = {one.id: one for one in map(of_plan, planned)}
        self._announced: dict[str, Arrangement] = {}
        self.ended_plans: list[str] = []

    def take_over(self, announced: list[Arrangement], ended_plans: list[str], now_ns: int) -> None:
        """Go on with these; what stands is in the book already. What is new in the file begins when it is due."""
        self.ended_plans = ended_plans
        for one in announced:
            self.announce(one)
        for one in self._plans.values():
            ahead = one.since_ns > now_ns or self._book.arrangements.find(one.id) is None
            if ahead and one.id not in ended_plans:
                self._book.set_timer(Due.PLAN, one.id, max(one.since_ns, now_ns))

    def announce(self, one: Arrangement) -> None:
        """Let a person's works begin when it is time, in the place of what was announced of the same permit there."""
        self._announced[one.id] = one
        self._book.set_timer(Due.ANNOUNCED, one.id, one.since_ns)

    def drop(self, name: str) -> None:
        """Forget what a person announced under an id, if anything."""
        if self._announced.pop(name, None) is not None:
            self._book.set_timer(Due.ANNOUNCED, name, None)

    def withdraw(self, name: str) -> None:
        """Let nothing announced under an id begin any more, whoever announced it."""
        self.drop(name)
        if name in self._plans and name not in self.ended_plans:
            self.ended_plans.append(name)
            self._book.set_timer(Due.PLAN, name, None)

    def begin(self, due: Due, name: str) -> Arrangement:
        """Return what is due to begin, which lies ahead no longer."""
        return self._plans[name] if due is Due.PLAN else self._announced.pop(name)

    def announced(self) -> list[Arrangement]:
        """Return what people announced, in the order of their last word."""
        return list(self._announced.values())

    def ahead(self, now_ns: int) -> list[Arrangement]:
        """Return all that has not begun at `now_ns`, what begins first first."""
        plans = (
            one for one in self._plans.values() if one.since_ns > now_ns and one.id not in self.ended_plans
        )
        return sorted((*plans, *self._announced.values()), key=lambda one: (one.since_ns, one.id))
