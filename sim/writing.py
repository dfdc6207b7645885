"""Readings and truth to files; the form is chosen by the name's ending."""

import gzip
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from io import BufferedWriter
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from registry.faults import Fault, InputError
from sim.csv_text import CsvText
from sim.qualities import QUALITY_TEXTS
from sim.recorded import Recorded

ENDINGS = (".csv", ".csv.gz", ".parquet")
_NS_PER_MS = 1_000_000
_ROW_GROUP = 122_880
_PACKING_AT_ONCE = 4
"""Blocks of text that may wait for gzip."""


def write_readings(
    chunks: Iterable[Recorded],
    path: Path,
    *,
    quality: bool = False,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write readings in long form (time, sensor, value) and return how many; the file appears only when complete.

    With `quality` there is a fourth column; it is decided here, because the header is written before the first
    reading is seen. `progress` is called with the number of readings of each chunk when it has been written. Times
    are RFC 3339 in UTC with milliseconds, or nanoseconds where there are any. The same readings give the same bytes,
    however they are cut into chunks.
    """
    counted = _counted(chunks, progress or _nobody)
    name = path.name.lower()
    ending = next((ending for ending in reversed(ENDINGS) if name.endswith(ending)), None)
    if ending is None:
        allowed = ", ".join(ENDINGS)
        raise InputError(
            [Fault(file=str(path), where="--out", message="unknown kind of file", allowed=allowed)]
        )
    try:
        write = _write_parquet if ending == ".parquet" else _write_csv
        return write(counted, path, quality=quality)
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


def _counted(chunks: Iterable[Recorded], progress: Callable[[int], None]) -> Iterator[Recorded]:
    for chunk in chunks:
        yield chunk
        progress(len(chunk))


def _nobody(_readings: int) -> None:
    """Tell nobody."""


def _write_csv(chunks: Iterable[Recorded], path: Path, *, quality: bool) -> int:
    """Write text in this thread while another one packs and writes what came before: gzip is the slower half."""
    count = 0
    text = CsvText(quality=quality)
    waiting: list[Future[int]] = []
    with (
        _complete(path) as part,
        part.open("wb") as raw,
        _packed(raw, path) as out,
        ThreadPoolExecutor(max_workers=1) as packer,
    ):
        out.write(text.header())
        for chunk in chunks:
            for lines in text.lines(chunk):
                if len(waiting) == _PACKING_AT_ONCE:
                    waiting.pop(0).result()
                waiting.append(packer.submit(out.write, lines))
            count += len(chunk)
        for written in waiting:
            written.result()
    return count


@contextmanager
def _packed(raw: BufferedWriter, path: Path) -> Iterator[gzip.GzipFile | BufferedWriter]:
    """Give the stream through gzip where the name says so; no time and no name in it, so that bytes repeat."""
    if path.suffix.lower() != ".gz":
        yield raw
        return
    with gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0, compresslevel=6) as out:
        yield out


def _write_parquet(chunks: Iterable[Recorded], path: Path, *, quality: bool) -> int:
    """Collect the readings in a database file beside the target, so that memory stays bounded, then copy them out.

    One thread and row groups of a set size, because otherwise the order of the groups, and their sizes, vary.
    """
    count = 0
    texts = np.array(QUALITY_TEXTS, dtype=object)
    with (
        tempfile.TemporaryDirectory(dir=path.parent, prefix=".hazwatch-") as folder,
        _complete(path) as part,
        duckdb.connect(str(Path(folder) / "readings.duckdb")) as db,
    ):
        db.execute("SET threads = 1")
        db.execute(
            "CREATE TABLE readings (time TIMESTAMP_NS, sensor VARCHAR, value DOUBLE"
            + (", quality VARCHAR)" if quality else ")")
        )
        for chunk in chunks:
            rows = {
                "t": chunk.t_ns.view("M8[ns]"),
                "s": np.array(chunk.names, dtype=object)[chunk.column],
                "v": chunk.value,
            }
            if quality:
                rows["q"] = texts[chunk.qualities()]
            db.register("chunk", rows)
            db.execute("INSERT INTO readings SELECT * REPLACE (nullif(v, 'nan'::DOUBLE) AS v) FROM chunk")
            db.unregister("chunk")
            count += len(chunk)
        target = str(part).replace("'", "''")
        db.execute(f"COPY readings TO '{target}' (FORMAT parquet, ROW_GROUP_SIZE {_ROW_GROUP})")
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
