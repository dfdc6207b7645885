"""Who may see what: an account's scope against the place that something happened at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where something belongs: an enterprise's id and an area's GB/T 2260 code, None where there is none."""

    enterprise: str | None = None
    area: str | None = None


NOWHERE = Place()
"""What belongs to no enterprise, such as an alert about hazwatch itself: for accounts without a scope only."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What an account is limited to; None does not limit. Both limits hold where both are set."""

    area: str | None = None
    enterprise: str | None = None

    def covers(self, other: "Scope") -> bool:
        """Tell whether everything that the other scope sees is seen by this one."""
        return (self.enterprise is None or self.enterprise == other.enterprise) and (
            self.area is None or lies_in(other.area, self.area)
        )

    def sees(self, place: Place) -> bool:
        """Tell whether an account of this scope may know of what happened at the place."""
        return (self.enterprise is None or place.enterprise == self.enterprise) and (
            self.area is None or lies_in(place.area, self.area)
        )


UNLIMITED = Scope()
"""Sees everything, also what belongs nowhere."""


def lies_in(code: str | None, area: str) -> bool:
    """Tell whether an area code is the area or lies in it.

    GB/T 2260 codes are nested pairs of digits, filled up with zeros: 370000 has 370200 has 370211 in it.
    """
    if code is None:
        return False
    stem = area
    while stem.endswith("00") and len(stem) > 2:  # noqa: PLR2004 - one pair of digits is left to compare
        stem = stem[:-2]
    return code == area or (stem.isdigit() and code.startswith(stem))
