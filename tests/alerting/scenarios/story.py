"""The small language of the scenarios: what happens when, and what must follow, on simulated time.

A file begins with the sentence that it shows, as ``#`` lines. Sections follow, each headed by ``--- name``: ``routes`` and
``alarms`` hold YAML as those files do, ``story`` the steps, one a line:

    at 0s push LT-101 h value=86 forecast=600    a limit is crossed, or a method's name: dead, stuck, ...
    at 5s back LT-101 h                          it has ended
    at 9s do acknowledge alert=@LT-101 by=li     a command with its fields; @LT-101 is the open alert of that sensor,
                                                 @LT-101:dead that of a slot, @broker_lost that of a trouble
    at 9s refused already_acknowledged do ...    the same, which must be refused with this code and change nothing
    at 9s try acknowledge ...                    a command that may be refused
    at 9s restart                                go on from a snapshot
    at 9s state LT-101 acked yellow              the open alert is in this state (``closed``: there is none)
    at 9s incident LT-101 size=2 grade=orange    the incident of the open alert of that sensor: size, grade, first_out,
                                                 sensors (in their order), open; none; as a command's field it is
                                                 @incident:LT-101
    at 9s flood enterprise:lpg yes               the scope is in flood, or not (no)
    between 0s and 3s expect duty opened LT-101  somebody is told: the receiver, then words that all must be in
                                                 what is told; because="text" asks it of the reason
    between 0s and 3s expect 2 duty opened       so many times, neither more nor fewer
    between 0s and 3s expect nothing duty        nobody is told with these words; without words: nobody is told at all

Times are like 90s, 1m30s, 2h. Both ends of `between` belong to it.
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_TIME = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")
_SECTION = re.compile(r"^--- (\w+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something that happens, or is looked at, `at_s`; `words` as they stand in the line."""

    line: int
    at_s: float
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What must be told from `from_s` to `to_s`; `count` None asks for at least one."""

    line: int
    from_s: float
    to_s: float
    count: int | None
    words: tuple[str, ...]
    because: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A scenario."""

    path: Path
    shows: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    expectations: tuple[Expectation, ...] = ()

    @property
    def end_s(self) -> float:
        """When the last thing happens or is looked for."""
        return max([s.at_s for s in self.steps] + [e.to_s for e in self.expectations])


class StoryError(Exception):
    """A line that is none of the language."""


def read_story(path: Path) -> Story:
    """Read a scenario; raise `StoryError` with file and line."""
    text = path.read_text(encoding="utf-8")
    parts = _SECTION.split(text)
    shows = " ".join(line.removeprefix("#").strip() for line in parts[0].splitlines() if line.strip())
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    if not shows or "story" not in sections:
        raise StoryError(f"{path}: a scenario says what it shows and has a section story")
    first = text[: text.index("--- story")].count("\n") + 1
    steps: list[Step] = []
    expectations: list[Expectation] = []
    for number, line in enumerate(sections["story"].splitlines(), first):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        words = shlex.split(line)
        match words:
            case ["at", at, *rest] if rest:
                steps.append(Step(line=number, at_s=seconds(at, path, number), words=tuple(rest)))
            case ["between", start, "and", end, "expect", *rest] if rest:
                expectations.append(_expectation(number, (start, end), rest, path))
            case _:
                raise StoryError(f"{path}:{number}: not a line of the language: {line}")
    settings = {name: yaml.safe_load(body) for name, body in sections.items() if name != "story"}
    ordered = tuple(sorted(steps, key=lambda step: step.at_s))
    return Story(path=path, shows=shows, settings=settings, steps=ordered, expectations=tuple(expectations))


def seconds(text: str, path: Path, line: int) -> float:
    """Return a duration like 1m30s in seconds."""
    found = _TIME.fullmatch(text)
    if found is None or not any(found.groups()):
        raise StoryError(f"{path}:{line}: not a time: {text}")
    days, hours, minutes, rest = (float(part or 0) for part in found.groups())
    return days * 86_400 + hours * 3_600 + minutes * 60 + rest


def fields_of(words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Return ``name=value`` words as pairs, each value read as YAML reads it."""
    for word in words:
        name, _, value = word.partition("=")
        yield name, value if value.startswith("@") else yaml.safe_load(value)


def _expectation(line: int, span: tuple[str, str], rest: list[str], path: Path) -> Expectation:
    count: int | None = None
    if rest[0] == "nothing":
        count, rest = 0, rest[1:]
    elif rest[0].isdigit():
        count, rest = int(rest[0]), rest[1:]
    because = [word.removeprefix("because=") for word in rest if word.startswith("because=")]
    return Expectation(
        line=line,
        from_s=seconds(span[0], path, line),
        to_s=seconds(span[1], path, line),
        count=count,
        words=tuple(word for word in rest if not word.startswith("because=")),
        because=because[0] if because else None,
    )
