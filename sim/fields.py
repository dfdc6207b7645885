"""The fields of a block of plain lines by their places: found all at once, never cut out one by one."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from sim import decimals, vocabulary

FRONT, BACK = decimals.PAD, vocabulary.PAD
"""So many bytes stand before and behind the lines of a text."""

_LINE_END = np.uint8(ord("\n"))


@dataclass(frozen=True, slots=True)
class Fields:
    """Rows of fields of one text: field j of row i stands in [start[i, j], end[i, j])."""

    text: NDArray[np.uint8]
    start: NDArray[np.intp]
    end: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.start)

    def rows(self, kept: NDArray[np.bool_]) -> Self:
        """Return some of the rows."""
        return type(self)(self.text, self.start[kept], self.end[kept])

    def texts(self, column: int, rows: NDArray[np.intp], encoding: str) -> list[str]:
        """Return the texts of a column in these rows."""
        text = self.text
        places = zip(self.start[rows, column].tolist(), self.end[rows, column].tolist(), strict=True)
        return [text[start:end].tobytes().decode(encoding, errors="replace") for start, end in places]

    def matrix(self, columns: tuple[int, ...]) -> NDArray[np.uint8] | None:
        """Return the bytes of some columns, joined by a blank, a row a row; None where they differ in length."""
        blank = np.full((len(self), 1), ord(" "), np.uint8)
        parts: list[NDArray[np.uint8]] = []
        for column in columns:
            start, size = self.start[:, column], self.end[:, column] - self.start[:, column]
            length = int(size[0])
            if not length or (size != length).any():
                return None
            windows = np.ndarray((len(self.text) - length + 1,), f"V{length}", self.text, 0, (1,))
            parts += [blank, windows[start].view(np.uint8).reshape(-1, length)]
        return parts[1] if len(parts) == 2 else np.concatenate(parts[1:], axis=1)  # noqa: PLR2004 - a blank and a column


def fields_of(block: bytes, delimiter: str, width: int) -> Fields | None:
    """Return the fields of lines that all have `width` of them and no quotes; None where one has not."""
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
    if b'"' in block or b"\r" in block:
        return None
    if not block.endswith(b"\n"):
        block += b"\n"
    text = np.frombuffer(bytes(FRONT) + block + bytes(BACK), np.uint8)
    marks = np.flatnonzero((text == np.uint8(ord(delimiter))) | (text == _LINE_END))
    if len(marks) % width:
        return None
    end = marks.reshape(-1, width)
    if block.count(b"\n") != len(end) or (text[end[:, -1]] != _LINE_END).any():
        return None
    start = np.empty_like(end)
    start.reshape(-1)[0] = FRONT
    start.reshape(-1)[1:] = marks[:-1] + 1
    return Fields(text, start, end)
