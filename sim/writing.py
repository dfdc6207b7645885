"""Readings and truth to files; the form is chosen by the name's ending."""

import gzip
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from io import BufferedWriter
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from registry.faults import Fault, InputError
from sim.recorded import Recorded

ENDINGS = (".csv", ".csv.gz", ".parquet")
_HEADER = b"time,sensor,value\n"
_MS_PER_S, _NS_PER_MS = 1000, 1_000_000


def write_readings(chunks: Iterable[Recorded], path: Path) -> int:
    """Write readings in long form (time, sensor, value) and return how many; the file appears only when complete.

    Times are RFC 3339 in UTC with milliseconds, or nanoseconds where there are any. The same readings give the same
    bytes.
    """
    name = path.name.lower()
    ending = next((ending for ending in reversed(ENDINGS) if name.endswith(ending)), None)
    if ending is None:
        allowed = ", ".join(ENDINGS)
        raise InputError(
            [Fault(file=str(path), where="--out", message="unknown kind of file", allowed=allowed)]
        )
    try:
        return _write_parquet(chunks, path) if ending == ".parquet" else _write_csv(chunks, path)
    except OSError as exc:
        message = f"cannot be written: {exc.strerror}"
        raise InputError([Fault(file=str(path), where="", message=message)]) from exc


def write_truth(truth: dict[str, Any], path: Path) -> None:
    """Write the truth as indented JSON; the same truth gives the same bytes."""
    try:
        with _complete(path) as part:
            part.write_text(json.dumps(truth, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as exc:
        message = f"cannot be written: {exc.strerror}"
        raise InputError([Fault(file=str(path), where="", message=message)]) from exc


def write_settings(settings: Mapping[str, str], folder: Path) -> Path:
    """Write settings into a folder, over what stands there; return the path of its hazwatch.yaml."""
    path = folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in settings.items():
            path = folder / name
            path.write_text(text, encoding="utf-8")
    except OSError as exc:
        message = f"cannot be written: {exc.strerror}"
        raise InputError([Fault(file=str(path), where="--settings", message=message)]) from exc
    return folder / "hazwatch.yaml"


def time_texts(t_ns: Iterable[int]) -> list[str]:
    """Return times as RFC 3339 in UTC with milliseconds, or nanoseconds where milliseconds are not exact."""
    stamps = np.asarray(t_ns, np.int64)
    coarse = np.datetime_as_string(stamps.view("M8[ns]").astype("M8[ms]")).tolist()
    texts = [f"{text}Z" for text in coarse]
    for i in np.flatnonzero(stamps % _NS_PER_MS).tolist():
        texts[i] = f"{np.datetime_as_string(stamps[i : i + 1].view('M8[ns]'))[0]}Z"
    return texts


def csv_rows(chunk: Recorded) -> str:
    """Return the chunk's readings as lines of CSV; a reading without a value has an empty cell."""
    cell = lru_cache(maxsize=None)(_cell)
    moments, back = np.unique(chunk.t_ns, return_inverse=True)
    times = time_texts(moments.tolist())
    names = [cell(name) for name in chunk.names]
    return "".join(
        f"{times[t]},{names[column]},{'' if value != value else repr(value)}\n"  # noqa: PLR0124 - NaN is not itself
        for t, column, value in zip(back.tolist(), chunk.column.tolist(), chunk.value.tolist(), strict=True)
    )


def _cell(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"' if any(mark in name for mark in ',"\n\r') else name


def _write_csv(chunks: Iterable[Recorded], path: Path) -> int:
    count = 0
    with _complete(path) as part, part.open("wb") as raw, _packed(raw, path) as out:
        out.write(_HEADER)
        for chunk in chunks:
            out.write(csv_rows(chunk).encode())
            count += len(chunk)
    return count


@contextmanager
def _packed(raw: BufferedWriter, path: Path) -> Iterator[gzip.GzipFile | BufferedWriter]:
    """Give the stream through gzip where the name says so; no time and no name in it, so that bytes repeat."""
    if path.suffix.lower() != ".gz":
        yield raw
        return
    with gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0, compresslevel=6) as out:
        yield out


def _write_parquet(chunks: Iterable[Recorded], path: Path) -> int:
    """Collect the readings in a database file beside the target, so that memory stays bounded, then copy them out."""
    count = 0
    with (
        tempfile.TemporaryDirectory(dir=path.parent, prefix=".hazwatch-") as folder,
        _complete(path) as part,
        duckdb.connect(str(Path(folder) / "readings.duckdb")) as db,
    ):
        db.execute("CREATE TABLE readings (time TIMESTAMP_NS, sensor VARCHAR, value DOUBLE)")
        for chunk in chunks:
            rows = {
                "t": chunk.t_ns.view("M8[ns]"),
                "s": np.array(chunk.names, dtype=object)[chunk.column],
                "v": chunk.value,
            }
            db.register("chunk", rows)
            db.execute("INSERT INTO readings SELECT t, s, CASE WHEN isnan(v) THEN NULL ELSE v END FROM chunk")
            db.unregister("chunk")
            count += len(chunk)
        target = str(part).replace("'", "''")
        db.execute(f"COPY readings TO '{target}' (FORMAT parquet)")
    return count


@contextmanager
def _complete(path: Path) -> Iterator[Path]:
    """Give a name beside `path` to write to; it takes the name `path` only when nothing went wrong."""
    part = path.with_name(f".{path.name}.part")
    try:
        yield part
        part.replace(path)
    finally:
        if part.exists():
            os.unlink(part)  # noqa: PTH108 - missing_ok would hide a second writer
