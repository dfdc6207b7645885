"""The fields of a block of JSON objects that are all written as the first one, by their places.

Theory of operation: the first line is cut into fields (what stands for a value) and the text between them. Quotes, commas
and line ends of all lines are found at once; the fields of each line stand between the same of these marks as in the first
line, and all that is not field must be, byte for byte, what it is there. A line that differs makes the block no plain one.
"""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.fields import BACK, FRONT, Fields

_MEMBER = re.compile(
    rb'\s*"(?P<key>[^"\\]*)"\s*:\s*(?:"(?P<text>[^"\\]*)"|(?P<bare>-?[0-9][-+.0-9eE]*|null|true|false))\s*(?P<end>[,}])'
)
_MARKS = (np.uint8(ord('"')), np.uint8(ord(",")), np.uint8(ord("\n")))


@dataclass(frozen=True, slots=True)
class Member:
    """A key of an object, where its value stands in the line, and whether that is a text in quotes."""

    key: str
    start: int
    end: int
    quoted: bool


def members_of(line: bytes) -> list[Member] | None:
    """Return the members of an object of plain values; None where the line is another thing."""
    members: list[Member] = []
    if not line.startswith(b"{"):
        return None
    at, closed = 1, False
    while not closed:
        found = _MEMBER.match(line, at)
        if found is None:
            return None
        quoted = found["text"] is not None
        start, end = found.span("text" if quoted else "bare")
        members.append(Member(found["key"].decode(errors="replace"), start, end, quoted))
        at, closed = found.end(), found["end"] == b"}"
    alike = len({member.key for member in members}) == len(members)
    return members if alike and not line[at:].strip() else None


def json_fields_of(block: bytes) -> tuple[list[Member], Fields] | None:
    """Return the members of the first line and the fields of every line, in the order of the members."""
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
    if not block.endswith(b"\n"):
        block += b"\n"
    if b"\\" in block or not _is_text(block):
        return None
    first = block[: block.index(b"\n") + 1]
    members = members_of(first)
    if members is None:
        return None
    text = np.frombuffer(bytes(FRONT) + block + bytes(BACK), np.uint8)
    if np.count_nonzero(text < 32) != block.count(b"\n") + FRONT + BACK:  # noqa: PLR2004 - control characters
        return None
    quote, comma, line_end = _MARKS
    marks = np.flatnonzero((text == quote) | (text == comma) | (text == line_end))
    each = len(_marks_in(first))
    if len(marks) % each or (text[marks[each - 1 :: each]] != line_end).any():
        return None
    fields = _placed(text, marks.reshape(-1, each), first, members)
    return None if fields is None else (members, fields)


def _is_text(block: bytes) -> bool:
    if block.isascii():
        return True
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True


def _marks_in(line: bytes) -> list[int]:
    return [at for at, byte in enumerate(line) if byte in b'",\n']


def _placed(
    text: NDArray[np.uint8], marks: NDArray[np.intp], first: bytes, members: list[Member]
) -> Fields | None:
    """Return the fields, None where a line is not written as the first."""
    known = _marks_in(first)
    start, end = (np.empty((len(marks), len(members)), np.intp) for _ in range(2))
    done = np.append(FRONT, marks[:-1, -1] + 1)
    written = 0
    for i, member in enumerate(members):
        before = sum(mark < member.start for mark in known) - 1
        after = before + 1
        start[:, i] = marks[:, before] + (member.start - known[before])
        end[:, i] = marks[:, after] - (known[after] - member.end)
        if not _same(text, done, start[:, i], first[written : member.start]):
            return None
        if not member.quoted and (end[:, i] <= start[:, i]).any():
            return None
        done, written = end[:, i], member.end
    return Fields(text, start, end) if _same(text, done, marks[:, -1] + 1, first[written:]) else None


def _same(text: NDArray[np.uint8], start: NDArray[np.intp], end: NDArray[np.intp], wanted: bytes) -> bool:
    """Say whether these bytes stand in [start, end) of every line."""
    if ((end - start) != len(wanted)).any():
        return False
    windows = np.ndarray((len(text) - len(wanted) + 1,), f"V{len(wanted)}", text, 0, (1,))
    found = windows[start].view(np.uint8).reshape(-1, len(wanted))
    return bool((found == np.frombuffer(wanted, np.uint8)).all())
