"""What messages need to know that no alert says: who sends them, to whom, and whether they are meant."""

from dataclasses import dataclass, replace
from typing import Self

from alerting.cap.message import Mode, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class CapSettings:
    """The settings ``cap`` of a routes file.

    `mode` is test unless a person wrote otherwise. `restriction` goes with scope Restricted, `addresses` with Private.
    `radius_km` is drawn around the position of a hazard source.
    """

    sender: str
    mode: Mode = Mode.TEST
    scope: Scope = Scope.RESTRICTED
    restriction: str | None = None
    addresses: tuple[str, ...] = ()
    radius_km: float = 1.0
    contact: str | None = None

    def rehearsed(self) -> Self:
        """Return the settings of the same pipeline on readings that are not of now: an exercise stays one, all else is a test."""
        return self if self.mode is Mode.EXERCISE else replace(self, mode=Mode.TEST)
