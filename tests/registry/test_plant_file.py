"""plant.yaml: what it becomes, and every fault with its line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.faults import errors_in
from registry.marks import parse_marked
from registry.plant import SourceGrade, Text
from registry.plant_file import load_plant, plant_of
from tests.registry.tables import PLANT_TEXT, plant, words

HEAD = "enterprises: [{id: e}]\n"
CHEM = "chemicals: [{substance: 氯, quantity_t: 100}]"


def told(text: str, level: str = "error") -> list[str]:
    return words(plant_of(parse_marked(text, "p.yaml"))[1], level)


def test_a_whole_plant() -> None:
    found = plant()
    assert found.areas["330200"].name == Text(zh="宁波市", en="Ningbo")
    assert found.enterprises["lpg"].area == "330200"
    source = found.sources["S-1"]
    assert (source.r, source.s, source.grade) == (14.4, 8.0, SourceGrade.III)
    assert found.sources["S-2"].alpha == 0.5
    assert found.sources["S-2"].grade is SourceGrade.IV
    assert found.sources["S-1"].name == Text.same("S-1")
    assert found.equipment["T-1"].design == {"pressure": "1.77 MPa", "level": "12.0 m"}


def test_measures_and_position() -> None:
    found, faults = plant_of(
        parse_marked(
            HEAD + f"sources:\n - {{id: s, enterprise: e, {CHEM}, population: 120, lon: 121.5, lat: 29.9,\n"
            "   measures: {high: {zh: 停, en: Stop}, any: Look}}\n",
            "p.yaml",
        )
    )
    assert faults == []
    source = found.sources["s"]
    assert (source.grade, source.lon, source.lat) == (SourceGrade.I, 121.5, 29.9)
    assert source.measures == {"high": Text(zh="停", en="Stop"), "any": Text.same("Look")}


def test_a_name_has_one_line_and_a_measure_may_have_several() -> None:
    text = source(
        f'{CHEM}\n    alpha: 1\n    name: |\n      Tank\n      farm\n    measures: {{any: "Stop\\nCall"}}'
    )
    found, faults = plant_of(parse_marked(text, "p.yaml"))
    assert not errors_in(faults)
    assert found.sources["s"].name == Text.same("Tank farm")
    assert found.sources["s"].measures["any"] == Text.same("Stop\nCall")


def test_ids_stay_as_they_are_written() -> None:
    found, faults = plant_of(parse_marked("enterprises: [{id: 007}, {id: no}, {id: 1e3}]\n", "p.yaml"))
    assert faults == []
    assert list(found.enterprises) == ["007", "no", "1e3"]


def source(body: str) -> str:
    return HEAD + f"sources:\n  - id: s\n    enterprise: e\n    {body}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sorces: []\n", "p.yaml: line 1: unknown key 'sorces'; did you mean 'sources'?"),
        ("[1, 2]\n", "p.yaml: line 1: the file is not a mapping"),
        ("", "p.yaml: line 1: the file is not a mapping"),
        ("areas: {a: 1}\n", "p.yaml: line 1: areas is not a list"),
        ("areas: [1]\n", "p.yaml: line 1: an entry of areas is not a mapping"),
        ("areas: [{name: x}]\n", "code is missing"),
        ("areas: [{code: abc}]\n", "the code 'abc' is no GB/T 2260 code"),
        ("areas:\n- {code: 11}\n- {code: 12, parent: 13}\n", "p.yaml: line 3: unknown area '13'"),
        ("areas:\n- {code: 11, parent: 12}\n- {code: 12, parent: 11}\n", "line 3: the area '12' lies in itself"),
        ("enterprises:\n- {id: a/b}\n", "line 2: the id 'a/b' has /, which MQTT topics use"),
        ("enterprises:\n- {id: a}\n- {id: a}\n", "line 3: the id 'a' of enterprises stands twice; the first is on line 2"),
        ("enterprises:\n- {id: [a]}\n", "line 2: id is not a text"),
        ("enterprises:\n- {id: a, name: {zh: 甲}}\n", "line 2: name lacks en"),
        ("enterprises:\n- {id: a, name: {zh: 甲, en: A, fr: B}}\n", "unknown key 'fr'"),
        ("equipment:\n- {id: a}\n", "line 2: source is missing"),
        (HEAD + "equipment:\n- {id: a, source: z}\n", "line 3: unknown source 'z' (allowed: none is named: add source)"),
        ("equipment:\n- {id: a, source: z, design: {presure: 1 MPa}}\n", "unknown key 'presure'; did you mean 'pressure'?"),
        ("equipment:\n- {id: a, source: z, design: {pressure: 1.77}}\n", "is not a number with a unit of type pressure"),
        ("equipment:\n- {id: a, source: z, design: {pressure: 5 m}}\n", "the design limit '5 m' is not a number"),
        ("equipment:\n- {id: a, source: z, design: [1]}\n", "design is not a mapping"),
        (source(f"{CHEM}"), "line 3: alpha or population is missing"),
        (source(f"{CHEM}\n    alpha: 1\n    population: 3"), "both alpha and population are given"),
        (source(f"{CHEM}\n    alpha: 1.7"), "line 6: alpha 1.7 is not in table 5"),
        (source(f"{CHEM}\n    alpha: .nan"), "line 6: alpha '.nan' does not fit"),
        (source(f"{CHEM}\n    population: -1"), "line 6: population '-1' does not fit"),
        (source(f"{CHEM}\n    population: 1.5"), "population 1.5 is not a whole number"),
        (source(f"{CHEM}\n    population: many"), "population 'many' does not fit"),
        (source(f"{CHEM}\n    alpha: true"), "alpha 'true' does not fit"),
        (source("alpha: 1"), "chemicals are missing"),
        (source("alpha: 1\n    chemicals: []"), "chemicals are missing"),
        (source("alpha: 1\n    chemicals: 氯"), "line 6: chemicals is not a list"),
        (source("alpha: 1\n    chemicals: [{quantity_t: 1}]"), "substance is missing"),
        (source("alpha: 1\n    chemicals: [{substance: 氯}]"), "quantity_t is missing"),
        (source("alpha: 1\n    chemicals:\n    - {substance: 氯, quantity_t: -1}"), "line 7: quantity_t '-1' does not fit"),
        (source("alpha: 1\n    chemicals: [{substance: 氯, quantity_t: .inf}]"), "quantity_t '.inf' does not fit"),
        (source("alpha: 1\n    chemicals: [{substance: 氯, quantity_t: 5 t}]"), "quantity_t '5 t' does not fit"),
        (source("alpha: 1\n    chemicals: [{substance: chlorin, quantity_t: 1}]"), "unknown substance 'chlorin'; near names: chlorine (氯)"),
        (source("alpha: 1\n    chemicals: [{substance: 氟, quantity_t: 1}]"), "needs its class symbol (J1 or J3)"),
        (source("alpha: 1\n    chemicals: [{substance: 氟, quantity_t: 1, class: J9}]"), "unknown class symbol 'J9'"),
        (source(f"{CHEM}\n    alpha: 1\n    lon: 181\n    lat: 0"), "line 7: lon '181' does not fit (allowed: degrees east"),
        (source(f"{CHEM}\n    alpha: 1\n    lon: 1\n    lat: -91"), "line 8: lat '-91' does not fit"),
        (source(f"{CHEM}\n    alpha: 1\n    lon: 1"), "a position needs both lon and lat"),
        (source(f"{CHEM}\n    alpha: 1\n    measures: {{hihg: x}}"), "unknown key 'hihg'; did you mean 'high'?"),
        (source(f"{CHEM}\n    alpha: 1\n    measures: {{any: {'x' * 2001}}}"), "line 7: any is too long to show: 2001 characters"),
        (source(f"{CHEM}\n    alpha: 1\n    name: {'x' * 201}"), "line 7: name is too long to show: 201 characters (allowed: at most 200"),
        (source(f'{CHEM}\n    alpha: 1\n    name: {{zh: "a\\0", en: b}}'), "line 7: name has U+0000, which cannot be shown"),
        (source(f'{CHEM}\n    alpha: 1\n    persons: {{principal: {{name: "a\\u202eb"}}}}'), "name has U+202E, which turns"),
        (source('alpha: 1\n    chemicals: [{substance: "a\\eb", quantity_t: 1, class: J1}]'), "substance has U+001B"),
        (HEAD + 'equipment:\n- {id: a, source: z, kind: "\\u2067tank"}\n', "line 3: kind has U+2067"),
        (f"sources:\n- {{id: s, enterprise: gone, {CHEM}, alpha: 1}}\n", "line 2: unknown enterprise 'gone'"),
    ],
)  # fmt: skip
def test_faults(text: str, message: str) -> None:
    assert any(message in line for line in told(text)), told(text)


def test_all_faults_come_together_in_the_order_of_the_file() -> None:
    text = (
        PLANT_TEXT.replace("area: 330200", "area: 999999")
        .replace("400", "-4")
        .replace("source: S-2", "source: S-3")
    )
    lines = told(text)
    assert [line.split(": ")[1] for line in lines] == ["line 4", "line 7", "line 11"]


def test_a_fault_of_an_entry_is_not_also_a_dangling_reference() -> None:
    assert len(told(PLANT_TEXT.replace("400", "-4"))) == 1


def test_warnings() -> None:
    below = source("alpha: 1\n    chemicals: [{substance: methanol, quantity_t: 200}]")
    assert "S = 0.4 is below 1" in told(below, "warning")[0]
    typo = source("alpha: 1\n    chemicals: [{substance: chlorin, quantity_t: 100, class: J1}]")
    assert "near names: chlorine" in told(typo, "warning")[0]
    unread = source("alpha: 1\n    chemicals: [{substance: TNT, quantity_t: 100}]")
    assert "not yet checked" in told(unread, "warning")[0]


def test_class_as_text_or_list() -> None:
    body = "alpha: 1\n    chemicals: [{substance: 柴油, quantity_t: 1000, class: [W5.4, W5.3]}]"
    found, faults = plant_of(parse_marked(source(body), "p.yaml"))
    assert not errors_in(faults)
    assert found.sources["s"].chemicals[0].critical_t == 1000


def test_missing_and_garbled_files(tmp_path: Path) -> None:
    assert "does not exist" in words(load_plant(tmp_path / "no.yaml")[1])[0]
    garbled = tmp_path / "p.yaml"
    garbled.write_bytes(bytes(range(256)))
    assert len(load_plant(garbled)[1]) == 1


_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
_KEYS = st.sampled_from(
    ["areas", "enterprises", "sources", "equipment", "id", "code", "name", "parent", "area", "enterprise", "source",
     "chemicals", "substance", "quantity_t", "class", "alpha", "population", "measures", "design", "zh", "lon", "lat",
     "pressure", "any"]
)  # fmt: skip
_TREES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["areas", "enterprises", "sources", "equipment"]), _TREES))
def test_any_shape_gives_faults_and_never_raises(tree: dict[str, object]) -> None:
    import yaml  # noqa: PLC0415 - only to write the tree down

    text = yaml.safe_dump(tree, allow_unicode=True)
    plant_of(parse_marked(text, "p.yaml"))
