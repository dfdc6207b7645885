"""CSV recordings, long or wide, as chunks: a block at once where it is plain, cell by cell where not."""

from collections.abc import Iterator
from datetime import tzinfo
from pathlib import Path

import numpy as np

from sim.columns import Names
from sim.csv_careful import CarefulLines
from sim.csv_plain import PlainLines
from sim.layout import Layout
from sim.lines import BOM, byte_blocks, text_lines
from sim.recorded import Recorded
from sim.report import Report
from sim.timestamps import TimeReader


class CsvReader:
    """Reads one CSV file by its layout; each method may be called again and reads from the beginning."""

    def __init__(self, path: Path, layout: Layout, zone: tzinfo) -> None:
        self._path = path
        self._layout = layout
        self._zone = zone

    def chunks(self, report: Report) -> Iterator[Recorded]:
        """Yield readings in file order, a block of lines at a time, and fill the report."""
        times = TimeReader(self._layout.times.style, self._zone)
        names = Names(self._layout.names)
        plain = PlainLines(self._layout, times, names)
        careful = CarefulLines(self._layout, times, names)
        for block, first_line in self._blocks():
            chunk = plain.read(block, first_line, report)
            if chunk is None:
                lines = text_lines(block, self._layout.encoding)
                chunk = careful.read(lines, np.arange(first_line, first_line + len(lines)), report)
            report.readings += len(chunk)
            yield chunk

    def names(self) -> tuple[str, ...]:
        """Return every sensor in the order in which they are first met; values are not read for it."""
        times = TimeReader(self._layout.times.style, self._zone)
        names = Names(self._layout.names)
        plain = PlainLines(self._layout, times, names)
        careful = CarefulLines(self._layout, times, names)
        report = Report(file=str(self._path))
        for block, first_line in self._blocks():
            if not plain.look(block):
                lines = text_lines(block, self._layout.encoding)
                careful.read(lines, np.arange(first_line, first_line + len(lines)), report)
        return names.known

    def _blocks(self) -> Iterator[tuple[bytes, int]]:
        """Yield blocks of rows, each with the number of its first line."""
        first_line = 1
        for i, block in enumerate(byte_blocks(self._path)):
            skipped, at = self._header(block) if i == 0 else (0, 0)
            yield block[at:], first_line + skipped
            first_line += block.count(b"\n")

    def _header(self, block: bytes) -> tuple[int, int]:
        """Return how many lines at the beginning are no rows (blank ones and the header), and their bytes."""
        at = len(BOM) if block.startswith(BOM) else 0
        lines = text_lines(block[at:], self._layout.encoding)
        blank = next((i for i, line in enumerate(lines) if line.strip()), len(lines))
        skipped = blank + int(self._layout.has_header)
        for _ in range(skipped):
            at = block.find(b"\n", at) + 1 or len(block)
        return skipped, at
