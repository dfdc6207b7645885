"""What was met while a recording was read: counts, and the places of what was not taken."""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from registry.faults import Fault
from registry.plant import Text

KEPT_PLACES = 10


class Trouble(StrEnum):
    """Why a line, or one cell of it, was not taken."""

    CELLS = "cells"
    TIME = "time"
    VALUE = "value"
    SENSOR = "sensor"
    SYNTAX = "syntax"
    QUALITY = "quality"


_TEXTS = {
    Trouble.CELLS: Text(zh="列数不对的行", en="lines with a wrong number of cells"),
    Trouble.TIME: Text(zh="时间无法识别的行", en="lines whose time cannot be read"),
    Trouble.VALUE: Text(zh="不是数值的单元格", en="cells that are no finite number"),
    Trouble.SENSOR: Text(zh="没有测点名的行", en="lines without a sensor"),
    Trouble.SYNTAX: Text(zh="语法错误的行", en="lines that are no JSON object"),
    Trouble.QUALITY: Text(
        zh="无法识别的质量（其读数按可疑处理）",
        en="qualities that cannot be read (their readings count as uncertain)",
    ),
}


@dataclass(slots=True)
class Places:
    """How often something was met, and the first line numbers."""

    count: int = 0
    lines: list[int] = field(default_factory=list)

    def add(self, lines: NDArray[np.int64] | list[int]) -> None:
        """Count these lines and keep the first few."""
        self.count += len(lines)
        self.lines.extend(int(line) for line in lines[: max(0, KEPT_PLACES - len(self.lines))])

    @property
    def shown(self) -> str:
        """The kept line numbers, with dots where there are more."""
        return ", ".join(map(str, self.lines)) + (", …" if self.count > len(self.lines) else "")


@dataclass(slots=True)
class Report:
    """Counts of one recording, filled while it is read; complete when its chunks are exhausted."""

    file: str
    rows: int = 0
    readings: int = 0
    blank_lines: int = 0
    first_ns: int | None = None
    last_ns: int | None = None
    troubles: dict[Trouble, Places] = field(default_factory=dict)
    unsorted: Places = field(default_factory=Places)
    with_zone: int | None = None
    without_zone: int | None = None

    def trouble(self, kind: Trouble, lines: NDArray[np.int64] | list[int]) -> None:
        """Note that something on these lines was not taken."""
        if len(lines):
            self.troubles.setdefault(kind, Places()).add(lines)

    def rows_read(self, t_ns: NDArray[np.int64], lines: NDArray[np.int64]) -> None:
        """Note the times of good rows in file order; a row older than one before it is unsorted."""
        if not len(t_ns):
            return
        self.rows += len(t_ns)
        newest = np.maximum.accumulate(t_ns)
        if self.last_ns is not None:
            newest = np.maximum(newest, self.last_ns)
        self.unsorted.add(lines[t_ns < newest])
        oldest = int(t_ns.min())
        self.first_ns = oldest if self.first_ns is None else min(self.first_ns, oldest)
        self.last_ns = int(newest[-1])

    def zones(self, zoned: NDArray[np.bool_], lines: NDArray[np.int64]) -> None:
        """Note which good times had a zone of their own: the first line of either kind is kept."""
        if self.with_zone is None and zoned.any():
            self.with_zone = int(lines[zoned.argmax()])
        if self.without_zone is None and not zoned.all():
            self.without_zone = int(lines[zoned.argmin()])

    @property
    def mixed_zones(self) -> bool:
        """Whether some times had a zone of their own and some had none."""
        return self.with_zone is not None and self.without_zone is not None

    def describe(self) -> list[Text]:
        """Return what a person should know, line by line."""
        lines = [
            Text(
                zh=f"{self.rows} 行，{self.readings} 个读数", en=f"{self.rows} rows, {self.readings} readings"
            )
        ]
        for kind, places in self.troubles.items():
            text = _TEXTS[kind]
            lines.append(
                Text(
                    zh=f"未采用：{places.count} 个{text.zh}（第 {places.shown} 行）",
                    en=f"not taken: {places.count} {text.en} (line {places.shown})",
                )
            )
        if self.unsorted.count:
            count, shown = self.unsorted.count, self.unsorted.shown
            lines.append(
                Text(
                    zh=f"未按时间排序：{count} 行早于之前的行，保持文件顺序（第 {shown} 行）",
                    en=f"not in time order: {count} rows are older than one before; kept in file order (line {shown})",
                )
            )
        if self.mixed_zones:
            lines.append(
                Text(
                    zh=f"有的时间带时区（始于第 {self.with_zone} 行），有的不带（始于第 {self.without_zone} 行）；各按其写法处理",
                    en=f"some times carry a zone (first on line {self.with_zone}) and some do not "
                    f"(first on line {self.without_zone}); each taken as written",
                )
            )
        return lines

    def faults(self) -> list[Fault]:
        """Return the troubles as warnings with the file's name."""
        return [
            Fault(
                file=self.file,
                where=f"line {places.shown}",
                message=f"{places.count} {_TEXTS[kind].en} were not taken",
                level="warning",
            )
            for kind, places in self.troubles.items()
        ]
