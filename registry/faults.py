"""What is wrong with a file that a person wrote, told all at once and where it stands."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong in a file: where it stands, what it is, what is allowed instead.

    `where` is as a person would look for it: ``line 12, column hh`` or ``sheet points, cell F12``.
    A warning is shown and lets the program start; an error does not.
    """

    file: str
    where: str
    message: str
    allowed: str = ""
    level: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        place = f"{self.file}: {self.where}" if self.where else self.file
        hint = f" (allowed: {self.allowed})" if self.allowed else ""
        return f"{place}: {self.message}{hint}"


class InputError(Exception):
    """Files or settings are at fault; carries every fault found, not only the first."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


def errors_in(faults: Iterable[Fault]) -> list[Fault]:
    """Return those faults that must stop the program from starting."""
    return [fault for fault in faults if fault.level == "error"]
