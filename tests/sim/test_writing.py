"""Files of readings: text as the plain way would write it, the same bytes however cut, quality only where wanted."""

import gzip
import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.csv_text import CsvText
from sim.qualities import QUALITY_TEXTS
from sim.recorded import Recorded
from sim.recording import open_recording
from sim.writing import time_texts, write_readings

NS = 1_000_000_000
T0 = 1_748_743_200 * NS
NAMES = ("a", "haigang/LT-101A", '罐 "1", 甲', "nul\0byte", "line\nend")


def _plain(chunk: Recorded, *, quality: bool) -> str:
    """Return the lines as one f-string a reading would write them."""
    times = time_texts(chunk.t_ns.tolist())
    lines = []
    for t, column, value, q in zip(
        times, chunk.column.tolist(), chunk.value.tolist(), chunk.qualities().tolist(), strict=True
    ):
        name = chunk.names[column]
        if any(mark in name for mark in ',"\n\r'):
            name = '"' + name.replace('"', '""') + '"'
        said = f",{QUALITY_TEXTS[q]}" if quality else ""
        lines.append(f"{t},{name},{'' if math.isnan(value) else repr(value)}{said}\n")
    return "".join(lines)


def _readings(n: int, seed: int = 1) -> Recorded:
    rng = np.random.default_rng(seed)
    return Recorded(
        names=NAMES[:3],
        column=rng.integers(0, 3, n).astype(np.int32),
        t_ns=np.sort(T0 + rng.integers(0, n, n) * 1_000_000),
        value=np.where(rng.random(n) < 0.01, math.nan, np.rint(rng.normal(0, 2000, n) * 1000) / 1000),
        quality=rng.integers(0, 3, n).astype(np.uint8),
    )


DECIMALS = st.builds(lambda n, d: n / 10**d, st.integers(-(10**13), 10**13), st.integers(0, 6))
VALUES = st.one_of(
    DECIMALS,
    st.floats(allow_infinity=False),
    st.sampled_from([0.0, -0.0, 0.0001, -0.00005, 99_999_999.9999, 1e8, 1e16, 9999.0, 10000.0, 0.1 + 0.2]),
)
TIMES = st.one_of(
    st.integers(0, 4102444800 * NS),
    st.integers(0, 86_400_000).map(lambda ms: T0 + ms * 1_000_000),
    st.integers(-NS, NS),
)


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(st.tuples(TIMES, st.integers(0, len(NAMES) - 1), VALUES, st.integers(0, 2)), max_size=40),
    quality=st.booleans(),
)
def test_lines_are_those_that_the_plain_way_writes(
    rows: list[tuple[int, int, float, int]], *, quality: bool
) -> None:
    t_ns, column, value, q = zip(*rows, strict=True) if rows else ((), (), (), ())
    chunk = Recorded(
        names=NAMES,
        column=np.array(column, np.int32),
        t_ns=np.array(t_ns, np.int64),
        value=np.array(value, np.float64),
        quality=np.array(q, np.uint8),
    )
    assert b"".join(CsvText(quality=quality).lines(chunk)).decode() == _plain(chunk, quality=quality)


def test_many_rows_and_names_that_come_later() -> None:
    chunk = _readings(100_000)
    text = CsvText(quality=True)
    assert b"".join(text.lines(chunk)).decode() == _plain(chunk, quality=True)
    more = Recorded(
        names=(*chunk.names, "new"),
        column=np.array([3, 0], np.int32),
        t_ns=np.array([T0, T0]),
        value=np.array([1.0, 2.0]),
    )
    assert b"".join(text.lines(more)).decode() == _plain(more, quality=True)


def _cut(chunk: Recorded, cuts: Sequence[int]) -> list[Recorded]:
    return [chunk[lo:hi] for lo, hi in pairwise([0, *cuts, len(chunk)])]


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet"])
@pytest.mark.parametrize("quality", [False, True])
def test_the_same_readings_give_the_same_bytes_however_cut(
    tmp_path: Path, ending: str, *, quality: bool
) -> None:
    chunk = _readings(300_000)
    written = []
    for i, cuts in enumerate([[], [1, 2, 122_880, 200_001], list(range(0, 300_000, 7919))]):
        path = tmp_path / f"{i}.{ending}"
        assert write_readings(_cut(chunk, cuts), path, quality=quality) == len(chunk)
        written.append(path.read_bytes())
    assert written[0] == written[1] == written[2]


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet"])
def test_quality_is_read_back(tmp_path: Path, ending: str) -> None:
    chunk = _readings(2000)
    path = tmp_path / f"r.{ending}"
    write_readings([chunk[:500], chunk[500:]], path, quality=True)
    recording = open_recording(path)
    read = Recorded.concat(recording)
    assert [read.names[i] for i in read.column.tolist()] == [chunk.names[i] for i in chunk.column.tolist()]
    assert read.t_ns.tolist() == chunk.t_ns.tolist()
    assert np.array_equal(read.value, chunk.value, equal_nan=True)
    assert read.qualities().tolist() == chunk.qualities().tolist()
    assert any("quality: quality" in line.en for line in recording.layout.describe())


def test_without_quality_there_are_three_columns(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    write_readings([_readings(10)], path)
    assert {line.count(",") for line in path.read_text().splitlines() if '"' not in line} == {2}
    assert open_recording(path).layout.quality is None


def test_gzip_holds_the_same_text_and_no_time_of_day(tmp_path: Path) -> None:
    chunk = _readings(50_000)
    write_readings([chunk], tmp_path / "r.csv")
    write_readings([chunk], tmp_path / "r.csv.gz")
    packed = (tmp_path / "r.csv.gz").read_bytes()
    assert gzip.decompress(packed) == (tmp_path / "r.csv").read_bytes()
    assert packed[4:8] == bytes(4)


def test_progress_is_told_of_every_chunk(tmp_path: Path) -> None:
    told: list[int] = []
    chunk = _readings(1000)
    write_readings(_cut(chunk, [10, 400]), tmp_path / "r.csv", progress=told.append)
    assert told == [10, 390, 600]


def test_nothing_is_left_where_the_source_fails(tmp_path: Path) -> None:
    def failing() -> Iterator[Recorded]:
        yield _readings(100_000)
        raise RuntimeError("the source ended badly")

    for ending in ("csv", "csv.gz", "parquet"):
        with pytest.raises(RuntimeError, match="ended badly"):
            write_readings(failing(), tmp_path / f"r.{ending}")
    assert list(tmp_path.iterdir()) == []
