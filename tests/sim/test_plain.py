"""Plain blocks read all at once: the same readings and the same report as cell by cell, and the same numbers as `float`."""

import math
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import csv_careful, csv_plain, csv_reader, lines, ndjson_plain, ndjson_reader
from sim.decimals import PAD, read_decimals
from sim.json_fields import members_of
from sim.layout import Options
from sim.recorded import Recorded
from sim.recording import open_recording
from sim.vocabulary import LONGEST, Vocabulary


def _cut(cells: list[str]) -> tuple[Any, Any, Any]:
    """Return the cells as a text with their starts and ends."""
    text = np.frombuffer(bytes(PAD) + "".join(f"{cell}," for cell in cells).encode() + bytes(8), np.uint8)
    sizes = np.array([len(cell.encode()) for cell in cells], np.intp)
    start = PAD + np.cumsum(sizes + 1) - sizes - 1
    return text, start, start + sizes


NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.decimals(-(10**12), 10**12, places=3).map(str),
    st.from_regex(r"[+-]?[0-9]{0,20}\.?[0-9]{0,20}", fullmatch=True),
    st.sampled_from(
        ["", "-", ".", "+.", "1.2.3", "--1", "1-", "1e5", "NaN", "inf", "1_0", " 1", "1 ", "-0", "-0.0", "٣"]
    ),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=40), st.sampled_from(".,"))
def test_decimals_are_what_float_gives(cells: list[str], point: str) -> None:
    written = [cell.replace(".", point) for cell in cells]
    text, start, end = _cut(written)
    value, plain = read_decimals(text, start, end, point)
    for cell, one, read in zip(cells, value.tolist(), plain.tolist(), strict=True):
        if read:
            assert repr(one) == repr(float(cell))
        else:
            assert math.isnan(one)


@pytest.mark.parametrize(
    ("cell", "plain"),
    [
        ("1", True), ("-1.50", True), ("+.5", True), ("5.", True), ("0000000000000000000", True), ("9007199254740994", True),
        ("0.30000000000000004", True), ("1234567890.123456789", True), ("18446744073709551615", False),
        ("00000000000000000000001", False), ("1" * 30, False), ("", False), ("1e5", False), ("-", False), (".", False),
    ],
)  # fmt: skip
def test_which_numbers_are_plain(cell: str, plain: bool) -> None:
    text, start, end = _cut(["12345678.25", cell])
    value, read = read_decimals(text, start, end)
    assert read.tolist() == [True, plain]
    assert not plain or value[1] == float(cell)


def test_a_number_in_the_middle_between_two_is_left_to_float() -> None:
    middles = [f"{2**53 + 1 + 2 * k}" for k in range(3)] + [
        "9007199254740993.0",
        "4503599627370496.5",
        "4503599627370497.5",
    ]
    text, start, end = _cut(middles)
    value, plain = read_decimals(text, start, end)
    assert [v for v, p in zip(value.tolist(), plain.tolist(), strict=True) if p] == [
        float(text) for text, p in zip(middles, plain.tolist(), strict=True) if p
    ]
    assert not plain[0]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.text("ab罐\0", max_size=20), min_size=1, max_size=50), min_size=1, max_size=4))
def test_a_vocabulary_numbers_texts_as_they_are_met(calls: list[list[str]]) -> None:
    vocabulary = Vocabulary()
    known: dict[str, int] = {}
    for cells in calls:
        for cell in cells:
            known.setdefault(cell, len(known))
        assert vocabulary.numbers(*_cut(cells)).tolist() == [known[cell] for cell in cells]
        assert [text.decode() for text in vocabulary.texts] == list(known)


def test_a_vocabulary_of_many_texts() -> None:
    cells = [f"enterprise-{i % 40}/LT-{i:06}" for i in range(20_000)] + ["x" * LONGEST]
    vocabulary = Vocabulary()
    assert vocabulary.numbers(*_cut(cells)).tolist() == list(range(len(cells)))
    assert vocabulary.numbers(*_cut(cells[::-1])).tolist() == list(range(len(cells)))[::-1]


CELLS = st.sampled_from(
    [
        "1",
        "2.5",
        "-3.25",
        "",
        " ",
        "NaN",
        "x",
        "1_0",
        "inf",
        "1e-3",
        "0.1234567890123456789",
        '"4"',
        "1,5",
        "7\r",
    ]
)
TIMES = st.sampled_from(
    [
        "2024-01-01T00:00:00Z", "2024-01-01T00:00:01Z", "2024-01-01T00:00:01Z", "2024-01-01T00:00:02.5Z", "2024-01-01 00:00:03",
        "2024-01-01T08:00:00+08:00", "not a time", "", "2024-13-01T00:00:00Z", "2024-01-01T00:00:0zZ",
    ]
)  # fmt: skip
WIDE_ROWS = st.lists(
    st.tuples(TIMES, CELLS, CELLS).map(",".join) | st.sampled_from(["", ",,", "1,2", "a,b,c,d"]), max_size=25
)
LONG_ROWS = st.lists(
    st.tuples(
        TIMES,
        st.sampled_from(["LT-1", "LT-2", " LT-1", "", "罐 1", "n" * 70, "sensor"]),
        CELLS,
        st.sampled_from(["good", "BAD", "1", "", "?"]),
    ).map(",".join)
    | st.sampled_from(["", ",,,", "time,sensor,value,quality"]),
    max_size=25,
)


def _read(
    path: Path, block_bytes: int, options: Options
) -> tuple[list[Any], dict[str, Any], tuple[str, ...]]:
    with pytest.MonkeyPatch.context() as patch:
        for reader in (csv_reader, ndjson_reader):
            patch.setattr(reader, "byte_blocks", lambda p: lines.byte_blocks(p, block_bytes))
        recording = open_recording(path, options)
        names = recording.sensor_names()
        chunks = Recorded.concat(_all(iter(recording)))
        qualities = chunks.qualities().tolist()
    columns = (chunks.column.tolist(), chunks.t_ns.tolist(), map(repr, chunks.value.tolist()), qualities)
    return (
        [[chunks.names[row[0]], *row[1:]] for row in zip(*columns, strict=True)],
        asdict(recording.report),
        names,
    )


def _all(chunks: Iterator[Recorded]) -> Iterator[Recorded]:
    yield from chunks


@settings(max_examples=250, deadline=None)
@given(
    st.one_of(
        WIDE_ROWS.map(lambda rows: ["time,a,b", *["2024-01-01T00:00:00Z,1,2"] * 30, *rows]),
        LONG_ROWS.map(
            lambda rows: ["time,sensor,value,quality", *["2024-01-01T00:00:00Z,LT-0,1,good"] * 30, *rows]
        ),
    ),
    st.sampled_from([60, 200, 1 << 20]),
    st.sampled_from([Options(), Options(time_zone="Asia/Shanghai")]),
)
def test_plain_and_careful_give_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list[str], block_bytes: int, options: Options
) -> None:
    path = tmp_path_factory.mktemp("plain") / "r.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8", newline="")
    plainly = _read(path, block_bytes, options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_plain, "fields_of", lambda *_: None)
        assert _read(path, block_bytes, options) == plainly


def test_a_broken_line_makes_only_its_block_slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f"{1704067200 + k},{k}.5" for k in range(1000)]
    rows[500] = "broken"
    path = tmp_path / "r.csv"
    path.write_text("\n".join(["time,a", *rows]) + "\n", encoding="utf-8")
    careful: list[int] = []
    read = csv_careful.CarefulLines.read

    def counted(self: Any, texts: list[str], *rest: Any) -> Recorded:
        careful.append(len(texts))
        return read(self, texts, *rest)

    monkeypatch.setattr(csv_careful.CarefulLines, "read", counted)
    monkeypatch.setattr(csv_reader, "byte_blocks", lambda p: lines.byte_blocks(p, 1600))
    recording = open_recording(path)
    assert len(Recorded.concat(recording)) == 999
    assert [places.lines for places in recording.report.troubles.values()] == [[502]]
    assert len(careful) == 1
    assert careful[0] < 200


JSON_VALUES = st.sampled_from(
    ["1", "-2.5", "0", "0.25", "-0.0", "1e5", "5E-324", "null", "true", '"3.5"', '"x"', "01", "+1", ".5", "5.", "NaN", "1e999",
     "12345678901234567890", "0.30000000000000004", "[1]"]
)  # fmt: skip
JSON_TIMES = st.sampled_from(
    ['"2024-01-01T00:00:00Z"', '"2024-01-01T00:00:01Z"', '"2024-01-01 00:00:01"', '"not a time at all.."', "1704067200", "1704067200.5", "null"]
)  # fmt: skip
JSON_SENSORS = st.sampled_from(
    ['"LT-1"', '"LT-2"', '" LT-1"', '""', '"罐,1"', '"a\\"b"', "7", "null", f'"{"n" * 70}"', '"\t"']
)
JSON_QUALITIES = st.sampled_from(['"good"', '"bad"', '"?"', '""', "1", "null"])
LONG_LINES = st.tuples(JSON_TIMES, JSON_SENSORS, JSON_VALUES, JSON_QUALITIES).map(
    lambda of: '{{"time": {}, "sensor": {}, "value": {}, "quality": {}}}'.format(*of)
)
WIDE_LINES = st.tuples(JSON_TIMES, JSON_VALUES, JSON_VALUES).map(
    lambda of: '{{"time":{},"a":{},"b":{}}}'.format(*of)
)
ODD_LINES = st.sampled_from(
    ["", "{", "[1]", '{"time":"2024-01-01T00:00:02Z","a":1}', "\x80", '{"time":"2024-01-01T00:00:02Z"}']
)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.lists(WIDE_LINES | ODD_LINES, max_size=20).map(
            lambda rows: ['{"time":"2024-01-01T00:00:00Z","a":1,"b":2}'] * 30 + rows
        ),
        st.lists(LONG_LINES | ODD_LINES, max_size=20).map(
            lambda rows: (
                ['{"time": "2024-01-01T00:00:00Z", "sensor": "LT-0", "value": 1.5, "quality": "good"}'] * 30
                + rows
            )
        ),
    ),
    st.sampled_from([100, 400, 1 << 20]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_plain_and_careful_objects_give_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list[str], block_bytes: int, line_end: str
) -> None:
    path = tmp_path_factory.mktemp("plain") / "r.ndjson"
    path.write_bytes((line_end.join(rows) + line_end).encode("utf-8", "surrogateescape"))
    plainly = _read(path, block_bytes, Options())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ndjson_plain, "json_fields_of", lambda _: None)
        assert _read(path, block_bytes, Options()) == plainly


@pytest.mark.parametrize(
    ("line", "keys"),
    [
        (b'{"t":1,"s":"a","v":-2.5e3}', ["t", "s", "v"]),
        (b'{ "t" : "x" , "v" : null } \r', ["t", "v"]),
        (b'{"t":1,"t":2}', None),
        (b'{"t":[1]}', None),
        (b'{"t":{"a":1}}', None),
        (b'{"t":"a\\n"}', None),
        (b'{"t":1} x', None),
        (b"{}", None),
        (b"", None),
    ],
)
def test_what_an_object_of_plain_values_is(line: bytes, keys: list[str] | None) -> None:
    members = members_of(line)
    assert (None if members is None else [member.key for member in members]) == keys


def test_most_blocks_are_plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without this the tests above could compare the careful way with itself."""
    text = "".join(f'{{"t":{1704067200 + k // 2},"s":"LT-{k % 2}","v":{k}.5}}\n' for k in range(500))
    (tmp_path / "r.ndjson").write_text(text, encoding="utf-8")
    (tmp_path / "r.csv").write_text(
        "t,s,v\n" + "".join(f"{1704067200 + k},LT,{k}.5\n" for k in range(500)), encoding="utf-8"
    )
    monkeypatch.setattr(ndjson_reader.NdjsonReader, "_block", None)
    monkeypatch.setattr(csv_careful.CarefulLines, "read", None)
    for name in ("r.ndjson", "r.csv"):
        recording = open_recording(tmp_path / name)
        assert len(recording.sensor_names()) in {1, 2}
        assert len(Recorded.concat(recording)) == 500
