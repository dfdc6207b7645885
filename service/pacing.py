"""When a replay goes on, waits, or goes back: a state machine over keys and recorded times. Pure: the time is an argument.

Theory of operation: the shell asks `decide` what to do with the next readings of the recording, and does it. Recorded time
is tied to the clock at one point (the anchor), so that a late time stamp does not make the next ones later; after a pause
or a seek it is tied anew. Forward all that lies between is run at once, for the state is a fold over it; back the shell
begins again, at a kept point or at the beginning, and the machine then runs forward from there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from registry.plant import Text

_S_NS = 10**9
_MINUTE_NS = 60 * _S_NS
FAR_NS = 2**63 - 1


class Key(StrEnum):
    """What a person can ask for while a replay runs."""

    PAUSE = "pause"
    STEP = "step"
    BACK_1_MIN = "back-1"
    ON_1_MIN = "on-1"
    BACK_10_MIN = "back-10"
    ON_10_MIN = "on-10"
    END = "end"


_TYPED: Mapping[bytes, Key] = {
    b"\x1b[D": Key.BACK_1_MIN,
    b"\x1bOD": Key.BACK_1_MIN,
    b"\x1b[C": Key.ON_1_MIN,
    b"\x1bOC": Key.ON_1_MIN,
    b" ": Key.PAUSE,
    b".": Key.STEP,
    b"s": Key.STEP,
    b"[": Key.BACK_10_MIN,
    b"]": Key.ON_10_MIN,
    b"q": Key.END,
}
_SEEKS_NS: Mapping[Key, int] = {
    Key.BACK_1_MIN: -_MINUTE_NS,
    Key.ON_1_MIN: _MINUTE_NS,
    Key.BACK_10_MIN: -10 * _MINUTE_NS,
    Key.ON_10_MIN: 10 * _MINUTE_NS,
}
KEYS_TEXT = Text(
    zh="空格 暂停/继续，. 下一时刻，←→ ±1分钟，[ ] ±10分钟，q 结束",
    en="space pause, . step, ←→ 1 min, [ ] 10 min, q end",
)


_SEQUENCE = re.compile(rb"\x1b[\[O][0-9;]*[@-~]|[^\x1b]|\x1b(?![\[O])", re.DOTALL)
"""A key: an escape sequence of a terminal (ECMA-48, 5.4), or a byte."""


def keys_in(typed: bytes) -> tuple[list[Key], bytes]:
    """Return the keys of what was typed, what means nothing left out, and the beginning of a key still to come."""
    keys = []
    at = 0
    while at < len(typed) and typed[at:] != b"\x1b" and (found := _SEQUENCE.match(typed, at)):
        at = found.end()
        if found[0] in _TYPED:
            keys.append(_TYPED[found[0]])
    return keys, typed[at:]


@dataclass(frozen=True, slots=True)
class Run:
    """Run on at once up to the first reading that is not before `before_ns`; None: this time stamp alone."""

    before_ns: int | None


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait so long, or for a key where that is None, and ask again."""

    seconds: float | None


@dataclass(frozen=True, slots=True)
class Back:
    """Begin again before `to_ns`, and ask again."""

    to_ns: int


@dataclass(frozen=True, slots=True)
class End:
    """Run nothing more."""


Decision = Run | Wait | Back | End


class Pacing:
    """The pace of one replay at `speed` times the recorded one, None as fast as it goes; up to `start_ns` at once."""

    def __init__(self, speed: float | None, start_ns: int | None = None) -> None:
        self.speed = speed
        self.paused = False
        self.at_ns: int | None = None
        self._steps = 0
        self._goal_ns = start_ns
        self._back_ns: int | None = None
        self._anchor: tuple[float, int] | None = None
        self._ended = False

    @property
    def seeking_ns(self) -> int | None:
        """The time to which it runs at once, None where it does not."""
        return self._goal_ns

    def press(self, key: Key) -> None:
        """Take a key."""
        match key:
            case Key.PAUSE:
                self.pause(not self.paused)
            case Key.STEP:
                self.paused, self._steps = True, self._steps + 1
            case Key.END:
                self._ended = True
            case _:
                self._seek(_SEEKS_NS[key])

    def set_speed(self, speed: float | None) -> None:
        """Go on at another pace from here."""
        self.speed, self._anchor = speed, None

    def pause(self, paused: bool) -> None:  # noqa: FBT001 - the state that it is to be in
        """Stand still, or go on."""
        self.paused, self._steps, self._anchor = paused, 0, None

    def seek(self, to_ns: int) -> None:
        """Run to a time at once: forward from here, or from a place before it."""
        if self.at_ns is not None and to_ns <= self.at_ns:
            self._back_ns, self._goal_ns = to_ns, None
        else:
            self._back_ns, self._goal_ns = None, to_ns

    def arrive(self) -> None:
        """Run no further at once: what was sought is here."""
        self._goal_ns = self._back_ns = self._anchor = None

    def shown_ns(self, now_s: float, next_ns: int) -> int | None:
        """Return the recorded time that it is now: from reading to reading it goes on at the pace; the next is at `next_ns`."""
        if self._anchor is None or self.speed is None or self.at_ns is None:
            return self.at_ns
        paced_ns = self._anchor[1] + round((now_s - self._anchor[0]) * self.speed * _S_NS)
        return max(self.at_ns, min(paced_ns, next_ns))

    def decide(self, t_ns: int, now_s: float) -> Decision:
        """Return what to do with the next readings, the first of which has the time `t_ns`."""
        if self._ended:
            return End()
        if self._back_ns is not None:
            self._goal_ns, self._back_ns = self._back_ns, None
            return Back(self._goal_ns)
        if self._goal_ns is not None:
            if t_ns < self._goal_ns:
                return Run(self._goal_ns)
            self._goal_ns = self._anchor = None
        return self._stepped() if self.paused else self._paced(t_ns, now_s)

    def _stepped(self) -> Decision:
        if not self._steps:
            return Wait(None)
        self._steps -= 1
        return Run(None)

    def _paced(self, t_ns: int, now_s: float) -> Decision:
        if self.speed is None:
            return Run(FAR_NS)
        if self._anchor is None:
            self._anchor = (now_s, t_ns)
        due_s = self._anchor[0] + (t_ns - self._anchor[1]) / _S_NS / self.speed
        return Wait(due_s - now_s) if due_s > now_s else Run(None)

    def ran(self, t_ns: int) -> None:
        """Take note that readings up to this time have been run."""
        self.at_ns = t_ns

    def _seek(self, by_ns: int) -> None:
        """Count from where it is, or is on its way to."""
        here = self._back_ns if self._back_ns is not None else self._goal_ns
        here = self.at_ns if here is None else here
        if here is None:
            return
        self.seek(here + by_ns)


T = TypeVar("T")


class Kept(Generic[T]):
    """Points to which a replay can go back, at most `most` and at least `step_ns` of recorded time apart.

    When there is no more room every second one is dropped and they are kept twice as far apart: the whole of a long
    recording stays within reach.
    """

    def __init__(self, most: int, step_ns: int = 10 * _MINUTE_NS) -> None:
        self._most = most
        self._step_ns = step_ns
        self._points: list[tuple[int, T]] = []

    def __len__(self) -> int:
        return len(self._points)

    def due(self, at_ns: int) -> bool:
        """Say whether a point at this time should be kept."""
        return self._most > 0 and (not self._points or at_ns >= self._points[-1][0] + self._step_ns)

    def add(self, at_ns: int, point: T) -> None:
        """Keep a point that is due."""
        assert self.due(at_ns)
        self._points.append((at_ns, point))
        if len(self._points) > self._most:
            del self._points[1::2]
            self._step_ns *= 2

    def before(self, to_ns: int) -> tuple[int, T] | None:
        """Return the last point before a time, None where there is none."""
        return next((kept for kept in reversed(self._points) if kept[0] < to_ns), None)
