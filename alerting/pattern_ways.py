"""In how many ways a regular expression may be tried: Python's engine tries them one after another, and everybody waits.

`(a+)+x` against thirty letters is tried in a thousand million ways. The product of the choices that a pattern leaves is an
upper bound of them; what exceeds `MOST_WAYS` is refused before it is ever tried, whoever wrote it.
"""

import math
import re

from registry.ids import MAX_ID_CHARS

LONGEST = 2 * MAX_ID_CHARS + 1
"""Characters of the longest value of a label, enterprise and sensor with the slash between; a repeat may end after each."""
MOST_WAYS = 1_000_000
"""As many as two repeats without an end leave, with a few choices more; milliseconds against the longest value."""

_TOKEN = re.compile(
    r"(?P<one>\\.|\[\^?\]?(?:\\.|[^\]\\])*\])"
    r"|(?P<flags>\(\?[aims]+\))"
    r"|(?P<open>\((?!\?)|\(\?(?:[aims]*:|P<\w+>|<?[=!]))"
    r"|(?P<odd>\(\?)"
    r"|(?P<close>\))"
    r"|(?P<either>\|)"
    r"|(?P<repeat>[*+?]|\{(?:(?P<exact>\d+)|(?P<least>\d*),(?P<most>\d*))\})[?+]?"
    r"|(?P<other>.)",
    re.DOTALL,
)
_SIGNS = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_ENOUGH = 64
"""Two choices so many times over are too many already."""


class _Group:
    """The ways of a group: its branches add up, what stands one after another multiplies."""

    def __init__(self) -> None:
        self._branches = 0.0
        self._before = 1.0
        self._last = 1.0

    @property
    def ways(self) -> float:
        return self._branches + self._before * self._last

    def put(self, ways: float) -> None:
        self._before *= self._last
        self._last = ways

    def next_branch(self) -> None:
        self._branches, self._before, self._last = self.ways, 1.0, 1.0

    def repeat(self, least: int, most: int | None) -> None:
        if self._last == 1:
            self._last = float(min(LONGEST, (LONGEST if most is None else most) - least + 1))
        elif most is None:
            self._last = math.inf
        else:
            self._last = (min(most - least, _ENOUGH) + 1) * self._last ** min(most, _ENOUGH)


def ways(pattern: str) -> float:
    """Return in how many ways a pattern that compiles may be tried on one value, at most.

    Infinite for a repeat without an end around something that leaves a choice, and for notations that are not known here.
    """
    groups = [_Group()]
    for token in _TOKEN.finditer(pattern):
        match token.lastgroup:
            case "open":
                groups.append(_Group())
            case "close":
                inner = groups.pop()
                groups[-1].put(inner.ways)
            case "either":
                groups[-1].next_branch()
            case "repeat":
                groups[-1].repeat(*_bounds(token))
            case "odd":
                return math.inf
            case "flags":
                pass
            case _:
                groups[-1].put(1.0)
    return groups[0].ways


def _bounds(token: re.Match[str]) -> tuple[int, int | None]:
    sign = _SIGNS.get(token["repeat"][0])
    if sign is not None:
        return sign
    if token["exact"] is not None:
        return int(token["exact"]), int(token["exact"])
    return int(token["least"] or 0), int(token["most"]) if token["most"] else None
