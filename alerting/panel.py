"""What counts at one place: how many alerts of each grade sound and shine there, and what that makes of siren and light."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from alerting.events import Grade

SIGNALS: Mapping[str, tuple[bool, bool]] = MappingProxyType(
    {
        "unack": (True, True),
        "acked": (False, True),
        "rtnun": (True, False),
        "lunak": (True, True),
        "lackd": (False, True),
        "shelved": (False, False),
        "suppressed": (False, False),
        "out_of_service": (False, False),
        "closed": (False, False),
    }
)
"""By state of an alert: whether it sounds, whether it shines."""


@dataclass(slots=True)
class Panel:
    """One place of one receiver: how many alerts of each grade sound and shine there, and what was last shown."""

    sounding: list[int] = field(default_factory=lambda: [0] * (Grade.RED + 1))
    shining: list[int] = field(default_factory=lambda: [0] * (Grade.RED + 1))
    siren: bool = False
    light: int = 0
    since_ns: int = 0
    alert: str = ""
    seq: int = 0
    owed: int = 0

    @property
    def is_quiet(self) -> bool:
        """Whether nothing counts here any more."""
        return not any(self.sounding) and not any(self.shining)

    def count(self, grade: int, by: int, *, sounds: bool, shines: bool) -> None:
        """Count an alert of a grade, or with `by` -1 take it back."""
        self.sounding[grade] += by * sounds
        self.shining[grade] += by * shines

    def now(self, grades: Sequence[int]) -> tuple[bool, int]:
        """Return whether the siren is on, which sounds for `grades`, and the light's grade, 0 for none."""
        siren = False
        for grade in grades:
            if self.sounding[grade]:
                siren = True
                break
        light = Grade.RED.value
        while light and not self.shining[light]:
            light -= 1
        return siren, light
