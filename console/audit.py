"""What is noted of people's deeds: the one place through which commands, logins and changes of accounts pass."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import structlog

from alerting.arrangements import Arrangement
from alerting.commands import Command
from console.backend import Accepted, Done, Refused, place_of
from console.scope import NOWHERE, Place
from ledger.audit import AuditLog, Deed
from ledger.errors import LedgerError

_log = structlog.get_logger(__name__)

REPEAT_S = 60.0
"""What is refused to one name from one place again and again is noted once in this time, with its number."""
MAX_REPEATS = 1000
MAX_CHARS = 2000
MAX_REPLACED_CHARS = 400
"""Of the reason of works that others take the place of: the details of both must stay within `MAX_CHARS`."""
_SUBJECT = ("alert", "into", "incident", "silence", "sensor", "schedule", "place", "matchers")
_REASON = ("reason", "comment", "action")
_NOT_DETAIL = frozenset({"command", "by", "replaces"})


class Audit:
    """Notes deeds in the log; `now_ns` gives the wall clock."""

    def __init__(self, log: AuditLog, now_ns: Callable[[], int] = time.time_ns) -> None:
        self.log = log
        self._now_ns = now_ns
        self._repeats: OrderedDict[tuple[str, ...], tuple[int, int]] = OrderedDict()

    def note(
        self,
        who: str,
        action: str,
        subject: str = "",
        reason: str = "",
        outcome: str = "done",
        *,
        client: str = "",
        detail: Mapping[str, Any] | None = None,
        place: Place = NOWHERE,
    ) -> bool:
        """Note a deed; return whether it is in the log. Texts are cut to `MAX_CHARS`."""
        deed = Deed(
            now_ns=self._now_ns(),
            who=who[:MAX_CHARS],
            client=client[:MAX_CHARS],
            action=action,
            subject=subject[:MAX_CHARS],
            reason=reason[:MAX_CHARS],
            outcome=outcome,
            detail=msgspec.json.encode(detail).decode()[:MAX_CHARS] if detail else "",
            enterprise=place.enterprise,
            area=place.area,
        )
        try:
            self.log.note(deed)
        except LedgerError as error:
            # An alarm must be acknowledged all the same; what people do with alarms is in the journal too.
            _log.error("audit_not_written", action=action, who=who, reason=str(error))
            return False
        return True

    def command(
        self,
        client: str,
        command: Command,
        outcome: Accepted | Done | Refused,
        replaced: Arrangement | None = None,
    ) -> None:
        """Note a command of the alarm desk with what came of it, and which works it took the place of if it was done."""
        given = msgspec.to_builtins(command)
        named = next((given[key] for key in _SUBJECT if given.get(key)), "")
        said = next((given[key] for key in _REASON if given.get(key)), "")
        usual = {field.name: field.default for field in msgspec.structs.fields(command)}
        detail = {
            key: value
            for key, value in given.items()
            if key not in _NOT_DETAIL and value not in (None, "", named, said, usual.get(key))
        }
        if replaced is not None and not isinstance(outcome, Refused):
            detail["replaced"] = {
                "from_ns": replaced.since_ns,
                "until_ns": replaced.until_ns,
                "by": replaced.by,
                "reason": replaced.reason[:MAX_REPLACED_CHARS],
            }
        self.note(
            given.get("by", ""),
            given["command"],
            _words(named),
            _words(said),
            outcome.code if isinstance(outcome, Refused) else "done",
            client=client,
            detail=detail,
            place=_place(outcome),
        )

    def refused_login(self, name: str, client: str) -> None:
        """Note a login that failed."""
        self.refused(name, "login", name, "refused", client=client)

    def refused(self, who: str, action: str, subject: str, code: str, *, client: str) -> None:
        """Note what was refused before it was tried; of many alike one row in a minute, with how many there were since."""
        now_ns = self._now_ns()
        alike = (who, action, subject, code, client)
        noted_ns, count = self._repeats.pop(alike, (0, 0))
        if now_ns - noted_ns < REPEAT_S * 1e9:
            self._repeats[alike] = (noted_ns, count + 1)
        else:
            self._repeats[alike] = (now_ns, 0)
            detail = {"before": count} if count else None
            self.note(who, action, subject, outcome=code, client=client, detail=detail)
        while len(self._repeats) > MAX_REPEATS:
            self._repeats.popitem(last=False)


def _place(outcome: Accepted | Done | Refused) -> Place:
    match outcome:
        case Accepted(row=row):
            return row.place
        case Done(events=[first, *_]):
            return place_of(first)
        case _:
            return NOWHERE


def _words(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return "/".join(str(part) for part in value.values())
    return ", ".join(map(str, value))
