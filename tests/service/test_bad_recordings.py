"""Recordings with something wrong in them: each a clear answer that says where, and the rest is replayed."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from service.main import build

HEAD = "time,LT,PT\n"
ROWS = [f"2026-01-01T00:00:{k:02d}Z,{50 + k / 10},{k}" for k in range(60)]
Replay = Callable[..., tuple[int, str]]


@pytest.fixture
def replay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Replay:
    """Return `hazwatch replay` on a text, with its exit code and what it said."""
    monkeypatch.setattr("service.commands.replay.use_compile_cache", lambda _: None)
    monkeypatch.chdir(tmp_path)

    def run(text: str | bytes, *options: str, name: str = "r.csv") -> tuple[int, str]:
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        ran = CliRunner().invoke(
            build("replay"), ["replay", name, "--scores", "s", *options], env={"COLUMNS": "200"}
        )
        return ran.exit_code, ran.stderr + (f"error: {ran.exception}" if ran.exception else "")

    return run


def scored(folder: Path) -> list[str]:
    return (folder / "s").read_text(encoding="utf-8").splitlines()[1:]


def test_mixed_time_zones(replay: Replay, tmp_path: Path) -> None:
    rows = [row.replace("Z,", ",") if k == 30 else row for k, row in enumerate(ROWS)]
    rows[40] = rows[40].replace("T00:00:40Z", "T08:00:40+08:00")
    code, said = replay(HEAD + "\n".join(rows) + "\n")
    assert code == 0
    assert (
        "some times carry a zone (first on line 2) and some do not (first on line 32); each taken as written"
        in said
    )
    assert [line.split(",")[0] for line in scored(tmp_path)[::2]] == [
        f"2026-01-01T00:00:{k:02d}.000Z" for k in range(60)
    ]
    code, said = replay(HEAD + "\n".join(rows) + "\n", "--time-zone", "Asia/Shanghai")
    assert code == 0
    assert "first on line 32" in said
    assert "PT, 2025-12-31T16:00:30.000Z" in said or "LT, 2025-12-31T16:00:30.000Z" in said, (
        "it is late, and said so"
    )


def test_unsorted(replay: Replay, tmp_path: Path) -> None:
    rows = [*ROWS[:20], ROWS[25], *ROWS[20:25], *ROWS[26:]]
    code, said = replay(HEAD + "\n".join(rows) + "\n")
    assert code == 0
    assert (
        "not in time order: 5 rows are older than one before; kept in file order (line 23, 24, 25, 26, 27)"
        in said
    )
    assert "│ 10, 0" in said, "late, doubled"
    assert "first late / 迟到: LT, 2026-01-01T00:00:20.000Z" in said
    assert len(scored(tmp_path)) == 120


def test_doubled(replay: Replay, tmp_path: Path) -> None:
    rows = [row for row in ROWS for _ in range(1 + (row in ROWS[10:13]))]
    code, said = replay(HEAD + "\n".join(rows) + "\n")
    assert code == 0
    assert "│ 0, 6" in said
    assert "first doubled / 重复: LT, 2026-01-01T00:00:10.000Z" in said
    kept = [line for line in scored(tmp_path) if not line.endswith(",")]
    replay(HEAD + "\n".join(ROWS) + "\n")
    assert kept == scored(tmp_path), "the rest is judged as if they were not there"


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("2026-01-01T00:00:30Z,53.0", "1 lines with a wrong number of cells (line 32)"),
        ("2026-01-01T00:00:30Z,53.0,1,2", "1 lines with a wrong number of cells (line 32)"),
        ("2026-01-01T00:00:99Z,53.0,30", "1 lines whose time cannot be read (line 32)"),
        ("time,LT,PT", "1 lines whose time cannot be read (line 32)"),
        ("2026-01-01T00:00:30Z,5_3,inf", "2 cells that are no finite number (line 32, 32)"),
    ],
)
def test_a_broken_line_in_the_middle(replay: Replay, tmp_path: Path, broken: str, told: str) -> None:
    rows = [*ROWS[:30], broken, *ROWS[31:]]
    code, said = replay(HEAD + "\n".join(rows) + "\n")
    assert code == 0
    assert f"not taken: {told}" in said
    assert len(scored(tmp_path)) == 118


def test_a_broken_line_of_json(replay: Replay, tmp_path: Path) -> None:
    rows = [json.dumps({"time": row[:20], "LT": 1.5}) for row in ROWS]
    rows[30] = rows[30][:-4]
    code, said = replay("\n".join(rows) + "\n", name="r.ndjson")
    assert code == 0
    assert "not taken: 1 lines that are no JSON object (line 31)" in said
    assert len(scored(tmp_path)) == 59


def test_bad_cells_of_parquet(replay: Replay, tmp_path: Path) -> None:
    with duckdb.connect() as db:
        db.execute(
            "CREATE TABLE t AS SELECT CASE WHEN i <> 7 THEN make_timestamp_ns(1767225600000000000 + i * 1000000000) END AS time,"
            " CASE i WHEN 8 THEN 'x' WHEN 9 THEN NULL ELSE i::VARCHAR END AS a,"
            " CASE WHEN i = 10 THEN 'inf'::DOUBLE ELSE i::DOUBLE END AS b FROM range(60) r(i)"
        )
        db.execute(f"COPY t TO '{tmp_path / 'made.parquet'}' (FORMAT parquet)")
    code, said = replay((tmp_path / "made.parquet").read_bytes(), name="r.parquet")
    assert code == 0
    assert "not taken: 1 lines whose time cannot be read (line 8)" in said
    assert "not taken: 2 cells that are no finite number (line 9, 11)" in said
    assert len(scored(tmp_path)) == 2 * 59 - 3


@pytest.mark.parametrize(
    ("text", "name", "told"),
    [
        (b"", "r.csv", "r.csv: the file is empty"),
        (HEAD.encode(), "r.csv", "r.csv: there are no rows below the header"),
        (gzip.compress(HEAD.encode(), mtime=0), "r.csv.gz", "r.csv.gz: there are no rows below the header"),
        (b"\n\n", "r.ndjson", "r.ndjson: no line is a JSON object"),
        (b"PAR1", "r.parquet", "r.parquet: no Parquet file"),
    ],
)
def test_no_rows(replay: Replay, text: bytes, name: str, told: str) -> None:
    code, said = replay(text, name=name)
    assert code == 1
    assert told in said


def test_no_rows_of_parquet(replay: Replay, tmp_path: Path) -> None:
    with duckdb.connect() as db:
        db.execute(
            f"COPY (SELECT now() AS time, 1.5 AS a LIMIT 0) TO '{tmp_path / 'made.parquet'}' (FORMAT parquet)"
        )
    code, said = replay((tmp_path / "made.parquet").read_bytes(), name="r.parquet")
    assert code == 1
    assert "r.parquet: there are no rows" in said


def test_every_row_broken_after_the_first(replay: Replay, tmp_path: Path) -> None:
    code, said = replay(HEAD + ROWS[0] + "\n" + "rubbish\n" * 5000)
    assert code == 0
    assert (
        "not taken: 5000 lines with a wrong number of cells (line 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, …)" in said
    )
    assert len(scored(tmp_path)) == 2


def test_a_range_without_readings(replay: Replay) -> None:
    code, said = replay(HEAD + "\n".join(ROWS) + "\n", "--from", "2027-01-01")
    assert code == 1
    assert "r.csv: there is no reading from 2027-01-01 to …" in said


def test_parquet_that_breaks_off(replay: Replay, tmp_path: Path) -> None:
    with duckdb.connect() as db:
        db.execute(
            "COPY (SELECT make_timestamp_ns(1767225600000000000 + i * 1000000000) AS time, hash(i)::DOUBLE AS a FROM range(500000) r(i))"
            f" TO '{tmp_path / 'made.parquet'}' (FORMAT parquet)"
        )
    whole = bytearray((tmp_path / "made.parquet").read_bytes())
    whole[len(whole) // 2 : len(whole) // 2 + 200_000] = bytes(200_000)
    code, said = replay(bytes(whole), name="r.parquet")
    assert code == 1
    assert "r.parquet: cannot be read" in said
