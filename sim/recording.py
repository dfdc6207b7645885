"""Recordings of any of the known formats, as chunks of readings in file order with a report of what was met."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from registry.faults import Fault, InputError
from sim.csv_guess import guess_csv
from sim.csv_reader import CsvReader
from sim.layout import Layout, Options
from sim.ndjson_reader import NdjsonReader, guess_ndjson
from sim.parquet_reader import ParquetReader, guess_parquet
from sim.recorded import Recorded
from sim.report import Report

_NDJSON_ENDINGS = frozenset({".ndjson", ".jsonl", ".json"})
_PARQUET_ENDINGS = frozenset({".parquet", ".pq"})


class Reader(Protocol):
    """What reads one format."""

    def chunks(self, report: Report) -> Iterator[Recorded]:
        """Yield the file's readings in order and fill the report."""

    def names(self) -> tuple[str, ...]:
        """Return every sensor of a long file, in the order of its chunks."""


class Recording:
    """One recording: iterate it for its chunks; afterwards `report` tells what was met. It can be iterated again.

    Iterating raises `InputError` at the end when the file had no reading at all.
    """

    def __init__(self, path: Path, layout: Layout, reader: Reader) -> None:
        self.path = path
        self.layout = layout
        self.report = Report(file=str(path))
        self._reader = reader

    def __iter__(self) -> Iterator[Recorded]:
        self.report = report = Report(file=str(self.path))
        for chunk in self._reader.chunks(report):
            if len(chunk):
                yield chunk
        if not report.readings:
            message = "there is no reading in the file"
            raise InputError([*report.faults(), Fault(file=str(self.path), where="", message=message)])

    def sensor_names(self) -> tuple[str, ...]:
        """Return every sensor of the file; a long file is looked through once for it."""
        return self.layout.names if self.layout.sensor is None else self._reader.names()


def open_recording(path: Path, options: Options | None = None) -> Recording:
    """Return a recording with its layout guessed, where `options` leave it open; raise `InputError` if it cannot be."""
    options = options or Options()
    zone = options.check()
    if not path.is_file():
        raise InputError(
            [Fault(file=str(path), where="", message="there is no such file", allowed="a recording")]
        )
    endings = [ending.lower() for ending in path.suffixes if ending.lower() != ".gz"]
    ending = endings[-1] if endings else ""
    stem = path.name[: -len("".join(path.suffixes))] if path.suffixes else path.name
    if ending in _PARQUET_ENDINGS:
        layout = guess_parquet(path, options, stem)
        return Recording(path, layout, ParquetReader(path, layout, zone))
    if ending in _NDJSON_ENDINGS:
        layout = guess_ndjson(path, options, stem)
        return Recording(path, layout, NdjsonReader(path, layout, zone))
    layout = guess_csv(path, options, stem)
    return Recording(path, layout, CsvReader(path, layout, zone))
