"""YAML with line marks: lines, the traps of YAML 1.1, and files that mean harm."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.marks import MAX_FILE_BYTES, Marked, load_marked, parse_marked

TEXT = """\
types:
  level:
    h: 1.5
    units: [m, "%"]

sources:
  - id: S-1
    chemicals:
      - {substance: 氯, quantity_t: 1e2}
"""


def messages(marked: Marked) -> list[str]:
    return [str(fault) for fault in marked.faults]


def test_data_and_lines() -> None:
    marked = parse_marked(TEXT, "f.yaml")
    assert marked.faults == ()
    assert marked.data == {
        "types": {"level": {"h": 1.5, "units": ["m", "%"]}},
        "sources": [{"id": "S-1", "chemicals": [{"substance": "氯", "quantity_t": 100.0}]}],
    }
    assert marked.line(("types", "level", "h")) == 3
    assert marked.where(("types", "level", "units", 1)) == "line 4"
    assert marked.line(("sources", 0, "chemicals", 0, "quantity_t")) == 9
    assert marked.line(("sources", 0, "chemicals")) == 8


def test_a_missing_path_stands_at_what_is_around_it() -> None:
    marked = parse_marked(TEXT, "f.yaml")
    assert marked.where(("types", "level", "hh")) == "line 2"
    assert marked.where(("nothing",)) == "line 1"
    assert Marked("gone.yaml").where(("a",)) == ""


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("no", "no"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("2024-01-01", "2024-01-01"),
        ("1_000", "1_000"),
        ("1e3", 1000.0),
        ("010100", 10100),
        ("0x10", 16),
        ("0o10", "0o10"),
        (".5", 0.5),
        ("-.inf", -math.inf),
        ("true", True),
        ("~", None),
        ("", None),
        ("'12'", "12"),
        ("!!str 12", "12"),
        ("=", "="),
    ],
)
def test_scalars_are_those_of_yaml_1_2(written: str, read: object) -> None:
    marked = parse_marked(f"a: {written}", "f.yaml")
    assert marked.faults == ()
    assert marked.data == {"a": read}
    assert type(marked.data["a"]) is type(read)


def test_raw_keeps_what_was_written() -> None:
    marked = parse_marked("code: 010100\n320500: x\n", "f.yaml")
    assert marked.raw(("code",)) == "010100"
    assert marked.data["320500"] == "x"


def test_duplicate_keys_are_all_told() -> None:
    marked = parse_marked("a: 1\nb: 2\na: 3\nc: {d: 1, d: 2}\n", "f.yaml")
    assert messages(marked) == [
        "f.yaml: line 3: the key 'a' stands twice; the first is on line 1 (allowed: each key once)",
        "f.yaml: line 4: the key 'd' stands twice; the first is on line 4 (allowed: each key once)",
    ]
    assert marked.data["a"] == 1


def test_merge_keys_fill_what_is_not_there() -> None:
    marked = parse_marked("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\n", "f.yaml")
    assert marked.faults == ()
    assert marked.data["use"] == {"x": 1, "y": 3}
    assert marked.line(("use", "x")) == 1
    assert marked.line(("use", "y")) == 4


@pytest.mark.parametrize(
    ("text", "where", "part"),
    [
        ("a: [1, 2\nb: 3\n", "line 2", "not valid YAML"),
        ("a: 'x\n", "line 2", "not valid YAML"),
        ("a: *nowhere\n", "line 1", "undefined alias"),
        ("a: 1\n\tb: 2\n", "line 2", "not valid YAML"),
        ("a: 1\n---\nb: 2\n", "line 2", "single document"),
        ("a: \x00\n", "", "not valid YAML"),
        ("a: !!python/object:os.system x\n", "line 1", "tag 'python/object:os.system'"),
        ("a: !secret x\n", "line 1", "tag '!secret'"),
        ("a: !!binary aGk=\n", "line 1", "tag 'binary'"),
        ("? [a, b]\n: 1\n", "line 1", "a key that is a list"),
        ("a: &a [1, *a]\n", "line 1", "contains itself"),
        ("<<: 3\n", "line 1", "'<<' takes a mapping"),
        ("x: \n" + "- " * 5000, "line 2", "not valid YAML"),
    ],
)
def test_bad_text_is_a_fault_with_its_line(text: str, where: str, part: str) -> None:
    (fault,) = parse_marked(text, "f.yaml").faults
    assert part in fault.message
    assert fault.where.startswith(where)


def test_an_alias_bomb_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    marked = parse_marked("\n".join(lines), "f.yaml")
    assert marked.data is None
    assert "too many values" in messages(marked)[0]


def test_deep_nesting_is_refused() -> None:
    assert "nested too deep" in messages(parse_marked("[" * 200 + "]" * 200, "f.yaml"))[0]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert "does not exist" in messages(load_marked(tmp_path / "none.yaml"))[0]
    assert "cannot be read" in messages(load_marked(tmp_path))[0]
    huge = tmp_path / "huge.yaml"
    with huge.open("wb") as out:
        out.truncate(MAX_FILE_BYTES + 1)
    assert "at most" in messages(load_marked(huge))[0]
    gbk = tmp_path / "gbk.yaml"
    gbk.write_bytes("a: 1\nname: 液氨储罐\n".encode("gb18030"))
    (fault,) = load_marked(gbk).faults
    assert (fault.where, fault.message) == ("line 2", "the text is not UTF-8")


def test_bom_and_empty(tmp_path: Path) -> None:
    bom = tmp_path / "bom.yaml"
    bom.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert load_marked(bom).data == {"a": 1}
    empty = load_marked(tmp_path / "bom.yaml").__class__("x")
    assert empty.data is None
    assert parse_marked("", "f.yaml").data is None
    assert parse_marked("# only words\n", "f.yaml").where() == "line 1"


def test_unknown_keys_say_what_is_allowed() -> None:
    marked = parse_marked("a:\n  helth: 1\n  ok: 2\n", "f.yaml")
    (fault,) = marked.unknown_keys(("a",), marked.data["a"], ("health", "ok"))
    assert str(fault) == ("f.yaml: line 2: unknown key 'helth'; did you mean 'health'? (allowed: health, ok)")


@given(st.text(max_size=200))
def test_any_text_gives_data_or_faults(text: str) -> None:
    marked = parse_marked(text, "f.yaml")
    assert isinstance(marked, Marked)


@given(st.text(alphabet="ab:-[]{},&*!|>#\n '\"?<%~01", max_size=60))
def test_yaml_like_text_gives_data_or_faults(text: str) -> None:
    marked = parse_marked(text, "f.yaml")
    assert isinstance(marked, Marked)
