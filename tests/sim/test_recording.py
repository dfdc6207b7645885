"""Recordings: every format, guessed or told; what is broken is counted with its line, the rest is read exactly."""

import csv
import gzip
import json
import math
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.faults import InputError
from sim import csv_reader, lines
from sim.layout import Options
from sim.recorded import Recorded
from sim.recording import open_recording
from sim.report import Trouble
from sim.scenarios import DEMO_START_NS
from sim.site import NS, SiteSim
from sim.writing import write_readings

SHARED = next(
    (p / "shared" / "data" for p in Path(__file__).resolve().parents if (p / "shared" / "data").is_dir()),
    None,
)
Rows = list[tuple[str, int, float]]


def _file(folder: Path, text: str, name: str = "r.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def _rows(path: Path, options: Options | None = None) -> Rows:
    return _flat(Recorded.concat(open_recording(path, options)))


def _flat(read: Recorded) -> Rows:
    return [
        (read.names[column], t_ns, value)
        for column, t_ns, value in zip(
            read.column.tolist(), read.t_ns.tolist(), read.value.tolist(), strict=True
        )
    ]


def _at(second: int) -> int:
    return (1704067200 + second) * NS


WIDE = "time,a,b\n2024-01-01T00:00:00Z,1,2\n2024-01-01T00:00:01Z,,4.5\n"
EXPECTED = [("a", _at(0), 1.0), ("b", _at(0), 2.0), ("b", _at(1), 4.5)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("wide.csv", WIDE),
        ("crlf.csv", WIDE.replace("\n", "\r\n")),
        ("no-last-end.csv", WIDE.rstrip("\n")),
        ("semicolon.csv", WIDE.replace(",", ";")),
        ("tab.csv", WIDE.replace(",", "\t")),
        ("decimal.csv", WIDE.replace(",", ";").replace("4.5", "4,5")),
        ("bom.csv", "\ufeff" + WIDE),
        ("trailing.csv", WIDE.replace("\n", ",,\n")),
        ("blank.csv", WIDE.replace("\n", "\n\n,,\n")),
        ("quoted.csv", WIDE.replace("a,b", '"a","b"').replace("4.5", '"4.5"')),
        ("epoch.csv", "t,a,b\n1704067200,1,2\n1704067201,,4.5\n"),
        ("last.csv", "a,b,when\n1,2,2024-01-01 00:00:00\n,4.5,2024-01-01 00:00:01\n"),
        ("two.csv", "Date;Time;a;b\n01/01/2024;00.00.00;1;2\n01/01/2024;00.00.01;;4,5\n"),
        ("long.csv", "time,sensor,value\n" + "".join(f"{t // NS},{n},{v}\n" for n, t, v in EXPECTED)),
        ("order.csv", "value,tag,timestamp\n" + "".join(f"{v},{n},{t // NS}\n" for n, t, v in EXPECTED)),
        (
            "long.ndjson",
            "".join(json.dumps({"time": t // NS, "sensor": n, "value": v}) + "\n" for n, t, v in EXPECTED),
        ),
        ("wide.ndjson", '{"t":1704067200000,"a":1,"b":2}\n\n{"t":1704067201000,"b":4.5}\n'),
    ],
)
def test_every_format_gives_the_same_readings(tmp_path: Path, name: str, text: str) -> None:
    path = _file(tmp_path, text, name)
    packed = tmp_path / f"{name}.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert _rows(path) == EXPECTED
    assert _rows(packed) == EXPECTED


def test_parquet_long_and_wide(tmp_path: Path) -> None:
    with duckdb.connect() as db:
        db.execute("CREATE TABLE w (time TIMESTAMP_NS, a DOUBLE, b DOUBLE, note VARCHAR)")
        db.execute("INSERT INTO w VALUES ('2024-01-01', 1, 2, 'x'), ('2024-01-01 00:00:01', NULL, 4.5, 'y')")
        db.execute(f"COPY w TO '{tmp_path / 'w.parquet'}' (FORMAT parquet)")
        db.execute("CREATE TABLE l AS SELECT epoch(time)::BIGINT t, 'b' AS tag, b AS value FROM w")
        db.execute(f"COPY l TO '{tmp_path / 'l.parquet'}' (FORMAT parquet)")
    recording = open_recording(tmp_path / "w.parquet")
    assert _flat(Recorded.concat(recording)) == EXPECTED
    assert recording.layout.skipped == ("note",)
    assert _rows(tmp_path / "l.parquet") == EXPECTED[1:]


def test_chinese_spreadsheets(tmp_path: Path) -> None:
    path = _file(tmp_path, "时间,1号罐液位\n2024/1/1 8:00,5.5\n", "罐区.csv", "gb18030")
    recording = open_recording(path, Options(time_zone="Asia/Shanghai"))
    assert _flat(Recorded.concat(recording)) == [("1号罐液位", _at(0), 5.5)]
    assert recording.layout.encoding == "gb18030"


def test_a_single_value_column_is_named_after_the_file(tmp_path: Path) -> None:
    path = _file(tmp_path, "timestamp,value\n2024-01-01 00:00:00,-200\n", "pump_7.csv")
    assert _rows(path) == [("pump_7", _at(0), -200.0)]


def test_text_columns_are_skipped_and_said(tmp_path: Path) -> None:
    path = _file(tmp_path, "time,a,state\n2024-01-01,1,open\n")
    recording = open_recording(path)
    assert recording.layout.skipped == ("state",)
    assert any("state" in line.en and "skipped" in line.en for line in recording.layout.describe())
    assert all(line.zh and line.en for line in recording.layout.describe())


def test_broken_lines_are_counted_with_their_numbers_and_the_rest_is_read(tmp_path: Path) -> None:
    text = (
        "time,a,b\n"
        "2024-01-01T00:00:00Z,1,2\n"
        "2024-01-01T00:00:01Z,1\n"
        "not a time,1,2\n"
        "2024-01-01T00:00:03Z,x,4\n"
        "2024-01-01T00:00:04Z,inf,1_0\n"
        "\n"
        "2024-01-01T00:00:02Z,NaN,7\n"
    )
    recording = open_recording(_file(tmp_path, text))
    read = _flat(Recorded.concat(recording))
    assert read[:3] == [("a", _at(0), 1.0), ("b", _at(0), 2.0), ("b", _at(3), 4.0)]
    assert read[3][:2] == ("a", _at(2))
    assert math.isnan(read[3][2])
    assert read[4] == ("b", _at(2), 7.0)
    report = recording.report
    lines_of = {kind: (places.count, places.lines) for kind, places in report.troubles.items()}
    assert lines_of == {Trouble.CELLS: (1, [3]), Trouble.TIME: (1, [4]), Trouble.VALUE: (3, [5, 6, 6])}
    assert (report.unsorted.count, report.unsorted.lines, report.blank_lines) == (1, [8], 1)
    said = "\n".join(line.en + line.zh for line in report.describe())
    for part in ("line 3", "line 4", "not in time order", "line 8"):
        assert part in said
    assert {fault.level for fault in report.faults()} == {"warning"}


def test_long_lines_without_sensor_or_value(tmp_path: Path) -> None:
    recording = open_recording(
        _file(tmp_path, "time,sensor,value\n2024-01-01,a,1\n2024-01-01,,1\n2024-01-01,a,\n")
    )
    read = _flat(Recorded.concat(recording))
    assert read[0] == ("a", _at(0), 1.0)
    assert len(read) == 2
    assert math.isnan(read[1][2])
    assert recording.report.troubles[Trouble.SENSOR].lines == [3]


def test_broken_ndjson(tmp_path: Path) -> None:
    text = '{"time":"2024-01-01","sensor":"a","value":1}\n{"time":\n[1]\n{"time":"2024-01-01","sensor":"a","value":"x"}\n'
    recording = open_recording(_file(tmp_path, text, "r.ndjson"))
    assert _flat(Recorded.concat(recording)) == [("a", _at(0), 1.0)]
    assert recording.report.troubles[Trouble.SYNTAX].lines == [2, 3]
    assert recording.report.troubles[Trouble.VALUE].lines == [4]


@pytest.mark.parametrize(
    ("last", "day_first", "proven"),
    [("13/04/2024", True, True), ("04/13/2024", False, True), ("05/04/2024", True, False)],
)
def test_ambiguous_dates_are_settled_by_any_row_of_the_file(
    tmp_path: Path, last: str, *, day_first: bool, proven: bool
) -> None:
    body = "03/04/2024,1\n" * 2000 + f"{last},2\n"
    recording = open_recording(_file(tmp_path, "date,a\n" + body))
    first = next(iter(recording)).t_ns[0]
    assert first == (np.datetime64("2024-04-03" if day_first else "2024-03-04", "ns")).astype(np.int64)
    assert recording.layout.times.proven == proven
    assert any("ambiguous" in line.en for line in recording.layout.describe()) != proven


def test_mixed_zones_are_said(tmp_path: Path) -> None:
    recording = open_recording(_file(tmp_path, "time,a\n2024-01-01T00:00:00Z,1\n2024-01-01T00:00:01,2\n"))
    assert [t for _, t, _ in _flat(Recorded.concat(recording))] == [_at(0), _at(1)]
    assert recording.report.mixed_zones


def test_doubled_names_are_told_apart(tmp_path: Path) -> None:
    assert [name for name, _, _ in _rows(_file(tmp_path, "time,a,a\n2024-01-01,1,2\n"))] == ["a", "a_2"]


def test_a_file_without_a_header(tmp_path: Path) -> None:
    assert _rows(_file(tmp_path, "2024-01-01 00:00:00,1.5\n2024-01-01 00:00:01,2.5\n")) == [
        ("column_2", _at(0), 1.5),
        ("column_2", _at(1), 2.5),
    ]


@pytest.mark.parametrize(
    ("text", "name", "options", "said"),
    [
        ("", "r.csv", Options(), "empty"),
        ("\n\n", "r.csv", Options(), "no lines"),
        ("time,a\n", "r.csv", Options(), "no rows"),
        ("time,a\n,,,\n", "r.csv", Options(), "no rows"),
        ("a,b\n1,2\n", "r.csv", Options(), "no column holds a time"),
        ("time,a\n2024-01-01,open\n", "r.csv", Options(), "no column holds numbers"),
        (WIDE, "r.csv", Options(time_column="when"), "no column 'when'"),
        (WIDE, "r.csv", Options(time_column="a"), "no time that can be read"),
        (WIDE, "r.csv", Options(delimiter=";;"), "one character"),
        (WIDE, "r.csv", Options(decimal=",", delimiter=","), "the same"),
        (WIDE, "r.csv", Options(time_zone="Mars/Base"), "unknown time zone"),
        ("PAR1\0", "r.csv", Options(), "no text file"),
        ("nothing", "r.parquet", Options(), "no Parquet file"),
        ("nothing\n", "r.ndjson", Options(), "no line is a JSON object"),
    ],
)
def test_a_bad_file_says_what_is_wrong(
    tmp_path: Path, text: str, name: str, options: Options, said: str
) -> None:
    path = _file(tmp_path, text, name)
    with pytest.raises(InputError, match=said) as caught:
        list(open_recording(path, options))
    assert "r." in str(caught.value) or caught.value.faults[0].where.startswith("--")


def test_a_missing_file_and_a_broken_gzip(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        open_recording(tmp_path / "nowhere.csv")
    broken = tmp_path / "r.csv.gz"
    broken.write_bytes(gzip.compress(WIDE.encode())[:-12])
    with pytest.raises(InputError, match="gzip stream is broken"):
        list(open_recording(broken))


def test_a_long_file_can_be_asked_for_its_sensors(tmp_path: Path) -> None:
    recording = open_recording(
        _file(tmp_path, "time,sensor,value\n2024-01-01,b,1\n2024-01-01,a,1\n2024-01-01,b,2\n")
    )
    assert recording.sensor_names() == ("b", "a")
    assert len(Recorded.concat(recording)) == 3


FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.integers(946684800 * NS, 4102444800 * NS), st.lists(st.none() | FLOATS, min_size=3, max_size=3)
        ),
        min_size=1,
        max_size=30,
    ),
    block_bytes=st.sampled_from([16, 100, 1 << 20]),
)
def test_values_and_times_are_exact_however_the_file_is_cut(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, list[float | None]]], block_bytes: int
) -> None:
    rows = [(rows[0][0], [1.5, 2.5, 3.5]), *rows]
    path = tmp_path_factory.mktemp("exact") / "r.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["time", "a", "b", "c"])
        for t_ns, values in rows:
            text = str(np.datetime64(t_ns, "ns")) + "Z"
            writer.writerow([text, *("" if v is None else repr(v) for v in values)])
    wanted = [
        (name, t_ns, value)
        for t_ns, values in rows
        for name, value in zip("abc", values, strict=True)
        if value is not None
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_reader, "byte_blocks", lambda p: lines.byte_blocks(p, block_bytes))
        assert _rows(path) == wanted


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet"])
def test_what_is_written_is_read_back(tmp_path: Path, ending: str) -> None:
    run = SiteSim(3, DEMO_START_NS).step(DEMO_START_NS + 40 * NS)
    odd = Recorded(
        names=("haigang/LT-101A", 'a "b", c'),
        column=np.array([0, 1, 1], np.int32),
        t_ns=np.array([DEMO_START_NS + 40 * NS + 1, DEMO_START_NS, DEMO_START_NS + 41 * NS], np.int64),
        value=np.array([0.1 + 0.2, math.nan, -0.0]),
    )
    path = tmp_path / f"out.{ending}"
    assert write_readings([run], path) == len(run)
    assert _rows(path) == _flat(run)
    again = tmp_path / f"again.{ending}"
    write_readings([run[:100], run[100:]], again)
    assert path.read_bytes() == again.read_bytes() or ending == "parquet"
    write_readings([odd], path)
    read, wanted = _rows(path), _flat(odd)
    assert [row[:2] for row in read] == [row[:2] for row in wanted]
    assert [repr(row[2]) for row in read] == [repr(row[2]) for row in wanted]
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([path.name, again.name])


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.csv, \.csv\.gz, \.parquet"):
        write_readings([], tmp_path / "out.xls")


@pytest.mark.shared
@pytest.mark.skipif(SHARED is None, reason="no recordings beside the checkout")
def test_every_recording_beside_the_checkout_is_read_whole_without_settings() -> None:
    assert SHARED is not None
    found = sorted(SHARED.rglob("*.csv"))
    assert len(found) > 50
    for path in found:
        recording = open_recording(path)
        total = sum(len(chunk) for chunk in recording)
        assert not recording.report.troubles, path
        text = path.read_text().splitlines()
        filled = sum(bool(line.strip("; \r")) for line in text[1:])
        assert recording.report.rows == filled, path
        assert total == filled * len(recording.layout.names), path
