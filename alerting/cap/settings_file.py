"""The part ``cap`` of a routes file: every fault with its line and what is allowed."""

import re
from collections.abc import Mapping
from typing import Any

from alerting.cap.message import Mode, Scope
from alerting.cap.settings import CapSettings
from registry.faults import Fault
from registry.marks import Marked
from registry.suggest import did_you_mean, shown

MAX_RADIUS_KM = 100.0
_KEYS = ("sender", "mode", "scope", "restriction", "addresses", "radius_km", "contact")
_NAME = re.compile(r"[^\s,<&]{1,200}")
_NAME_FORM = "a text without spaces, commas, < and &, such as alarms@works.example.cn"


def read_cap(marked: Marked, faults: list[Fault]) -> CapSettings | None:
    """Return what the file says of CAP messages, None where it says nothing or what it says cannot be used."""
    if "cap" not in marked.data:
        return None
    row = marked.data["cap"]
    if not isinstance(row, dict):
        faults.append(
            marked.fault(("cap",), f"cap is {shown(row)}", allowed=f"a mapping of {', '.join(_KEYS)}")
        )
        return None
    before = len(faults)
    reader = _Reader(marked, faults, row)
    faults += marked.unknown_keys(("cap",), row, _KEYS)
    scope = Scope(reader.word("scope", [one.value for one in Scope], Scope.RESTRICTED.value))
    made = CapSettings(
        sender=reader.sender(),
        mode=Mode(reader.word("mode", list(Mode), Mode.TEST)),
        scope=scope,
        restriction=reader.text("restriction"),
        addresses=reader.addresses(scope),
        radius_km=reader.radius_km(CapSettings(sender="").radius_km),
        contact=reader.text("contact"),
    )
    return made if len(faults) == before else None


class _Reader:
    """Reads the keys; what is wrong goes to `faults`."""

    def __init__(self, marked: Marked, faults: list[Fault], row: Mapping[str, Any]) -> None:
        self.marked = marked
        self.faults = faults
        self.row = row

    def sender(self) -> str:
        value = self.row.get("sender")
        if isinstance(value, str) and _NAME.fullmatch(value):
            return value
        self.fault(
            "sender", "cap has no sender" if value is None else f"sender is {shown(value)}", _NAME_FORM
        )
        return ""

    def word(self, key: str, known: list[str], default: str) -> str:
        value = self.row.get(key, default)
        if value in known:
            return str(value)
        self.fault(key, f"{key} is {shown(value)}{did_you_mean(str(value), known)}", ", ".join(known))
        return default

    def text(self, key: str) -> str | None:
        value = self.row.get(key)
        if value is None or (isinstance(value, str) and value.strip()):
            return value
        self.fault(key, f"{key} is {shown(value)}", "a text that is not empty")
        return None

    def addresses(self, scope: Scope) -> tuple[str, ...]:
        value = self.row.get("addresses", [])
        given = [value] if isinstance(value, str) else value
        if not isinstance(given, list) or not all(isinstance(one, str) and one.strip() for one in given):
            self.fault("addresses", f"addresses is {shown(value)}", "a list of texts")
            return ()
        if bool(given) != (scope is Scope.PRIVATE):
            self.fault(
                "addresses" if given else "scope",
                "addresses and scope Private go together",
                "both, or neither",
            )
        return tuple(given)

    def radius_km(self, default: float) -> float:
        value = self.row.get("radius_km", default)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= MAX_RADIUS_KM:
            return float(value)
        allowed = f"kilometres, more than 0 and at most {MAX_RADIUS_KM:g}"
        self.fault("radius_km", f"radius_km is {shown(value)}", allowed)
        return default

    def fault(self, key: str, message: str, allowed: str) -> None:
        self.faults.append(self.marked.fault(("cap", key), message, allowed=allowed))
