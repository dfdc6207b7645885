"""The quality column of long recordings: what a cell says, in every format; what cannot be read is uncertain and told."""

import json
from pathlib import Path

import duckdb
import numpy as np
import pytest

from sim.recorded import Recorded
from sim.recording import open_recording
from sim.report import Trouble

HEAD = "time,sensor,value,quality\n"


def _file(folder: Path, text: str, name: str = "r.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def _lines(cells: list[str]) -> str:
    return "".join(f"2024-01-01T00:00:{i:02},a,1.5,{cell}\n" for i, cell in enumerate(cells))


def _qualities(path: Path) -> list[int]:
    read = Recorded.concat(open_recording(path))
    assert read.quality is not None
    return list(map(int, read.quality))


@pytest.mark.parametrize("name", ["quality", "q", "Q", "Quality", "质量"])
def test_a_column_of_that_name_is_taken_and_said(tmp_path: Path, name: str) -> None:
    path = _file(tmp_path, HEAD.replace("quality", name) + _lines(["good", "uncertain", "bad", "", "BAD"]))
    assert _qualities(path) == [0, 1, 2, 0, 2]
    layout = open_recording(path).layout
    assert layout.skipped == ()
    assert any(f"; quality: {name}" in line.en and f"质量列：{name}" in line.zh for line in layout.describe())


def test_numbers_are_taken_too(tmp_path: Path) -> None:
    assert _qualities(_file(tmp_path, HEAD + _lines(["0", "1", "2", "1.0", " 2 "]))) == [0, 1, 2, 1, 2]


def test_an_empty_column_is_good_throughout(tmp_path: Path) -> None:
    assert _qualities(_file(tmp_path, HEAD + _lines(["", ""]))) == [0, 0]


def test_what_cannot_be_read_is_uncertain_and_reported_with_its_line(tmp_path: Path) -> None:
    recording = open_recording(_file(tmp_path, HEAD + _lines(["good", "so-so", "bad", "3", "good"])))
    assert Recorded.concat(recording).qualities().tolist() == [0, 1, 2, 1, 0]
    assert recording.report.troubles[Trouble.QUALITY].lines == [3, 5]
    assert recording.report.readings == 5
    assert any("uncertain" in line.en and "可疑" in line.zh for line in recording.report.describe())


@pytest.mark.parametrize("cells", [["192", "192", "0"], ["0", "0", "192", "0"], ["valid", "valid", "good"]])
def test_a_column_of_something_else_is_skipped_and_said(tmp_path: Path, cells: list[str]) -> None:
    recording = open_recording(_file(tmp_path, HEAD + _lines(cells)))
    assert recording.layout.quality is None
    assert recording.layout.skipped == ("quality",)
    assert Recorded.concat(recording).quality is None


def test_a_wide_file_has_no_quality_column(tmp_path: Path) -> None:
    path = _file(tmp_path, "time,a,q\n2024-01-01,1.5,2\n")
    recording = open_recording(path)
    assert Recorded.concat(recording).quality is None
    assert recording.layout.names == ("a", "q")


def test_rows_that_are_left_out_leave_their_quality_out(tmp_path: Path) -> None:
    text = (
        f"{HEAD}no time,a,1,bad\n2024-01-01,,1,bad\n2024-01-01,a,x,bad\n2024-01-01,a,1,uncertain\n"
        "2024-01-01,a,,bad\n"
    )
    path = _file(tmp_path, text)
    read = Recorded.concat(open_recording(path))
    assert read.qualities().tolist() == [1, 2]
    assert np.isnan(read.value).tolist() == [False, True]


def test_ndjson(tmp_path: Path) -> None:
    rows = [{"time": "2024-01-01", "sensor": "a", "value": 1, "q": q} for q in ("good", 2, None, True, "bad")]
    path = _file(tmp_path, "".join(json.dumps(row) + "\n" for row in [*rows, rows[0]]), "r.ndjson")
    recording = open_recording(path)
    assert Recorded.concat(recording).qualities().tolist() == [0, 2, 0, 1, 2, 0]
    assert recording.report.troubles[Trouble.QUALITY].lines == [4]


@pytest.mark.parametrize(
    ("kind", "cells"), [("VARCHAR", "'good', NULL, 'bad', 'odd'"), ("INTEGER", "0, NULL, 2, -1")]
)
def test_parquet(tmp_path: Path, kind: str, cells: str) -> None:
    with duckdb.connect() as db:
        db.execute(
            f"CREATE TABLE l AS SELECT TIMESTAMP_NS '2024-01-01' AS time, 'a' AS sensor, 1.5 AS value, "
            f"unnest([{cells}]::{kind}[]) AS quality"
        )
        db.execute(f"COPY l TO '{tmp_path / 'l.parquet'}' (FORMAT parquet)")
    recording = open_recording(tmp_path / "l.parquet")
    assert Recorded.concat(recording).qualities().tolist() == [0, 0, 2, 1]
    assert recording.report.troubles[Trouble.QUALITY].lines == [4]
