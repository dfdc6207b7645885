"""The points table: what a row becomes, what its faults say and where they stand."""

import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry import point_row, suggest
from registry.defaults import TypeDefaults
from registry.faults import errors_in
from registry.points import COLUMNS
from registry.sensors import SensorType
from tests.registry.tables import load, plant, table, words


def test_only_sensor_and_type_are_needed() -> None:
    (spec,), faults = load("sensor,type\nLT-101,level\n")
    assert faults == []
    assert (spec.id, spec.sensor, spec.enterprise, spec.type, spec.unit) == (
        "LT-101",
        "LT-101",
        "",
        "level",
        "",
    )
    assert all(
        math.isnan(value) for value in (*spec.limits, spec.range_lo, spec.range_hi, spec.scan_s, spec.x)
    )
    assert (spec.deadband, spec.on_delay_s, spec.off_delay_s) == (0, 0, 0)
    assert (spec.source, spec.equipment, spec.group, spec.topic, spec.description) == (
        None,
        None,
        None,
        None,
        "",
    )


def test_a_full_row() -> None:
    text = (
        "Sensor;Enterprise;Source;Equipment;Type;Unit;Range_lo;range_hi;ll;l;h;hh;deadband;on_delay_s;off_delay_s;"
        "scan_s;group;x;y;z;description;topic\n"
        "PT-1;lpg;S-1;T-1;Pressure;MPA;0;2.5;0.05;0.1;1.2;1500 kPa;20 kPa;3;30;1;g1;1;2;3;1号球罐;plc/pt1\n"
    )
    (spec,), faults = load(text, within=plant())
    assert faults == []
    assert spec.id == "lpg/PT-1"
    assert spec.unit == "MPa"
    assert spec.limits == (0.05, 0.1, 1.2, 1.5, 1.77)
    assert (spec.deadband, spec.on_delay_s, spec.off_delay_s, spec.scan_s) == (0.02, 3, 30, 1)
    assert (spec.group, spec.x, spec.y, spec.z) == ("g1", 1, 2, 3)
    assert (spec.description, spec.topic) == ("1号球罐", "plc/pt1")


def row(**cells: object) -> str:
    return table({"sensor": "A", "type": "level", "unit": "m", **cells})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sensor,type,hhh\nA,level,1\n", "line 1, column hhh: unknown column 'hhh'; did you mean 'hh'?"),
        ("sensor,type,sensor\nA,level,1\n", "line 1, column sensor: the column 'sensor' stands twice"),
        ("sensor,unit\nA,m\n", "line 1: the column 'type' is missing"),
        ("name\nA\n", "line 1: the column 'sensor' is missing"),
        ("sensor,type\nA,levle\n", "line 2, column type: unknown type 'levle'; did you mean 'level' or 'valve'?"),
        ("sensor,type\nA,\n", "line 2, column type: unknown type ''"),
        ("sensor,type\n,level\n", "line 2, column sensor: the sensor '' is empty"),
        ("sensor,type\nA,level,,\n\nB,level,5\n", "line 4: the row has 1 cells more than the header, the first is '5'"),
        (row(unit="MPa"), "line 2, column unit: the unit 'MPa' does not go with type level (allowed: m, cm, mm, %)"),
        (row(unit="metre"), "the unit 'metre' does not go with type level"),
        (row(type="other", unit="x" * 40), "cannot be shown"),
        (row(h="high"), "line 2, column h: h 'high' is not a number (allowed: a number such as 12.5, or - for none)"),
        (row(h="nan"), "h 'nan' is not a number"),
        (row(h="inf"), "h 'inf' is not a number"),
        (row(h="1e999"), "h '1e999' is not a number"),
        (row(h="3 MPa"), "h '3 MPa' cannot be said in m"),
        (row(h="3 furlong"), "h '3 furlong' is not a number with a known unit"),
        (row(unit="", h="3 m"), "h '3 m' cannot be said in no unit"),
        (row(x="3 m"), "x '3 m' is not a number (allowed: a number without a unit)"),
        (row(on_delay_s="3 s"), "on_delay_s '3 s' is not a number"),
        (row(range_lo=5, range_hi=5), "column range_lo: range_lo 5 m is not below range_hi 5 m"),
        (row(range_lo=0, range_hi=5, h=6), "column h: h 6 m is above range_hi 5 m"),
        (row(range_lo=1, range_hi=5, ll=0.5), "column ll: ll 0.5 m is below range_lo 1 m"),
        (row(l=3, h=3), "column h: h 3 m is not above l 3 m (allowed: ll < l < h < hh <= design limit)"),
        (row(ll=3, hh=2), "column hh: hh 2 m is not above ll 3 m"),
        (row(h=5, hh=4), "column hh: hh 4 m is not above h 5 m"),
        (row(on_delay_s=-1), "column on_delay_s: on_delay_s -1 s is negative"),
        (row(off_delay_s=-1), "column off_delay_s: off_delay_s -1 s is negative"),
        (row(scan_s=0), "column scan_s: scan_s 0 s is not above zero"),
        (row(deadband=-0.1), "column deadband: deadband -0.1 m is negative"),
        (row(l=1, h=2, deadband=1), "deadband 1 m is as wide as the space of 1 m between l and h"),
        (row(sensor="a/b"), "the sensor 'a/b' has /, which MQTT topics use"),
        (row(sensor=".."), "the sensor '..' is a step in an address, which a browser takes out"),
        (row(sensor="a+#"), "has + and #"),
        (row(sensor="a\x07b"), "has a character that cannot be printed"),
        (row(sensor="a\u200bb"), "has a character that cannot be printed"),
        (row(sensor="x" * 129), "has 129 characters"),
        (row(enterprise="a#"), "column enterprise: the enterprise 'a#' has #"),
        (row(topic="a/#"), "column topic: the topic 'a/#' is a filter for many topics"),
        (row(description="x" * 501), "column description: the description has 501 characters"),
        (row(description="a\u202eb"), "column description: the description has U+202E, which turns the direction"),
        (row(group="a\x1bb"), "column group: the group has U+001B, which cannot be shown"),
        (row(group="x" * 129), "column group: the group has 129 characters"),
        (row(type="gas_toxic", unit="ppm", h=10, on_delay_s=5), "on_delay_s 5 s holds back a gas alarm (GB/T 50493)"),
        (row(type="oxygen", unit="%VOL", l=19.5, on_delay_s=4), "holds back a gas alarm"),
    ],
)  # fmt: skip
def test_faults_of_a_row(text: str, message: str) -> None:
    specs, faults = load(text)
    assert any(f"points.csv: {message}" in line or message in line for line in words(faults)), words(faults)
    assert len(specs) <= 1


def test_line_breaks_of_a_sheets_cell_become_spaces() -> None:
    specs, faults = load(row(description='"North\ntank"'))
    assert not words(faults)
    assert specs[0].description == "North tank"


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"source": "S-9", "enterprise": "lpg"}, "column source: unknown source 'S-9'; did you mean 'S-2' or 'S-1'?"),
        ({"source": "S-2", "enterprise": "lpg"}, "column source: the source 'S-2' belongs to enterprise 'cold'"),
        ({"enterprise": "lgp"}, "column enterprise: unknown enterprise 'lgp'; did you mean 'lpg'? (allowed: lpg, cold)"),
        ({"equipment": "T-9"}, "column equipment: unknown equipment 'T-9'"),
        ({"equipment": "T-1", "source": "S-2"}, "column equipment: the equipment 'T-1' belongs to source 'S-1'"),
        ({"equipment": "T-1", "hh": 13}, "column hh: hh 13 m is above the design limit 12 m of equipment T-1"),
        ({"equipment": "T-1", "l": 13}, "column l: l 13 m is above the design limit 12 m of equipment T-1"),
    ],
)  # fmt: skip
def test_faults_against_the_plant(cells: Mapping[str, object], message: str) -> None:
    _, faults = load(row(**cells), within=plant())
    assert any(message in line for line in words(faults)), words(faults)


def test_what_a_row_leaves_out_follows_from_the_plant() -> None:
    (spec,), faults = load(row(equipment="T-2"), within=plant())
    assert faults == []
    assert (spec.id, spec.enterprise, spec.source) == ("cold/A", "cold", "S-2")


def test_references_are_free_without_a_plant() -> None:
    (spec,), faults = load(row(enterprise="any", source="thing", equipment="goes"))
    assert faults == []
    assert (spec.id, spec.source, spec.equipment) == ("any/A", "thing", "goes")


def test_duplicates_name_the_first() -> None:
    base = {"type": "level", "unit": "m"}
    text = table(
        {**base, "sensor": "A", "enterprise": "e", "topic": "t"},
        {**base, "sensor": "A", "enterprise": "f"},
        {**base, "sensor": "A", "enterprise": "e", "topic": "t"},
    )
    specs, faults = load(text)
    assert [spec.id for spec in specs] == ["e/A", "f/A"]
    assert words(faults) == [
        "points.csv: line 4, column sensor: the sensor 'e/A' stands twice; the first is at line 2, column sensor",
        "points.csv: line 4, column topic: the topic 't' is mapped twice; the first is at line 2, column topic",
    ]


def test_all_faults_of_all_rows_come_together() -> None:
    text = table(
        {"sensor": "A", "type": "levle", "h": "x"},
        {"sensor": "B", "type": "level", "unit": "m", "l": 2, "h": 1},
        {"sensor": "C", "type": "level", "unit": "m"},
        {"sensor": "D/", "type": "level", "unit": "kg"},
    )
    specs, faults = load(text)
    assert [spec.sensor for spec in specs] == ["C"]
    assert [fault.where for fault in faults] == [
        "line 2, column type",
        "line 2, column h",
        "line 3, column h",
        "line 5, column sensor",
        "line 5, column unit",
    ]


def test_missing_source_is_one_warning_for_all_rows() -> None:
    text = table(
        *({"sensor": f"L{i}", "type": "level", "unit": "m", "enterprise": "lpg"} for i in range(5)),
        {"sensor": "W", "type": "wind_speed", "unit": "m/s", "enterprise": "lpg"},
    )
    specs, faults = load(text, within=plant())
    assert len(specs) == 6
    assert words(faults) == []
    (line,) = words(faults, "warning")
    assert line.startswith("points.csv: line 2")
    assert "has no hazard source" in line
    assert line.endswith("(and 4 more such rows)")


@pytest.mark.parametrize(
    ("cells", "allowed"),
    [
        ({"type": "gas_combustible", "unit": "%LEL", "h": 26}, "at most 25 %LEL"),
        ({"type": "gas_combustible", "unit": "%LEL", "h": 25, "hh": 51}, "at most 50 %LEL"),
        ({"type": "gas_toxic", "unit": "%OEL", "h": 101}, "at most 100 %OEL"),
        ({"type": "gas_toxic", "unit": "%OEL", "hh": 201}, "at most 200 %OEL"),
    ],
)
def test_gas_set_points_are_warned_of(cells: Mapping[str, object], allowed: str) -> None:
    specs, faults = load(row(**cells))
    assert len(specs) == 1
    (fault,) = faults
    assert (fault.level, fault.allowed) == ("warning", allowed)


@pytest.mark.parametrize(
    "cells",
    [
        {"type": "gas_combustible", "unit": "%LEL", "h": 25, "hh": 50, "on_delay_s": 3},
        {"type": "gas_toxic", "unit": "%OEL", "h": 100, "hh": 200},
        {"type": "gas_toxic", "unit": "ppm", "h": 500},
        {"type": "gas_toxic", "unit": "ppm", "on_delay_s": 60},
        {"ll": 0, "hh": 5, "range_lo": 0, "range_hi": 5},
        {"h": 5, "hh": 5.0001},
        {"equipment": "T-1", "hh": 12},
        {"h": 2, "hh": 3, "l": 1, "deadband": 0.999},
    ],
)
def test_what_is_allowed(cells: Mapping[str, object]) -> None:
    specs, faults = load(row(**cells), within=plant())
    assert len(specs) == 1
    assert errors_in(faults) == []


def test_a_deadband_wider_than_two_limits_of_one_side_is_a_warning() -> None:
    _, faults = load(row(l=1, h=5, hh=5.1, deadband=0.2))
    assert [fault.level for fault in faults] == ["warning"]


# --- defaults of the type ---

DEFAULTS = {
    SensorType.PRESSURE: TypeDefaults(
        unit="kpa",
        range_lo=0,
        range_hi=2500,
        h=1200,
        hh=1500,
        deadband=20,
        on_delay_s=3,
        off_delay_s=30,
        scan_s=5,
    ),
    SensorType.GAS_TOXIC: TypeDefaults(unit="%OEL", range_lo=0, range_hi=300, h=100, hh=200, deadband_pct=2),
    SensorType.TEMPERATURE: TypeDefaults(unit="°C", h=40, deadband=2),
    SensorType.LEVEL: TypeDefaults(deadband_pct=1, l=1),
}


def one(**cells: object) -> Any:
    (spec,), faults = load(row(**cells), defaults=DEFAULTS)
    assert faults == []
    return spec


def test_empty_cells_take_the_default_of_the_type() -> None:
    spec = one(type="pressure", unit="")
    assert (spec.unit, spec.range_lo, spec.range_hi, spec.h, spec.hh) == ("kPa", 0, 2500, 1200, 1500)
    assert (spec.deadband, spec.on_delay_s, spec.off_delay_s, spec.scan_s) == (20, 3, 30, 5)


def test_a_default_is_converted_to_the_unit_of_the_sensor() -> None:
    spec = one(type="pressure", unit="MPa", h="1 MPa")
    assert (spec.range_hi, spec.h, spec.hh, spec.deadband) == (2.5, 1.0, 1.5, 0.02)
    kelvin = one(type="temperature", unit="K")
    assert (kelvin.h, kelvin.deadband) == (313.15, 2)


def test_a_cell_can_say_none() -> None:
    spec = one(type="pressure", unit="", hh="-", h="/", deadband="none", on_delay_s="无", scan_s="—")
    assert all(math.isnan(value) for value in (spec.h, spec.hh, spec.scan_s))
    assert (spec.deadband, spec.on_delay_s) == (0, 0)


def test_deadband_in_percent_of_the_own_range() -> None:
    assert one(range_lo=0, range_hi=12, l="").deadband == 0.12
    assert one(type="gas_toxic", unit="").deadband == 6
    assert one(l="").deadband == 0  # no range, no percentage


def test_a_default_that_cannot_be_converted_is_left_out_with_one_warning() -> None:
    text = table(*({"sensor": f"G{i}", "type": "gas_toxic", "unit": "ppm"} for i in range(3)))
    specs, faults = load(text, defaults=DEFAULTS)
    assert len(specs) == 3
    assert all(math.isnan(value) for spec in specs for value in (spec.h, spec.range_hi))
    (fault,) = faults
    assert fault.level == "warning"
    assert (
        "of type gas_toxic in %OEL cannot be converted to ppm and is left out (and 2 more such rows)"
        in fault.message
    )


def test_a_default_without_a_unit_holds_in_any() -> None:
    assert one(unit="mm", range_lo=0, range_hi=100).l == 1


def test_a_fault_of_a_default_says_so() -> None:
    _, faults = load(row(type="pressure", unit="MPa", range_hi=1), defaults=DEFAULTS)
    assert "h 1.2 MPa (the default of type pressure) is above range_hi 1 MPa" in words(faults)[0]


def test_a_gas_delay_from_defaults_is_checked_too() -> None:
    defaults = {SensorType.GAS_TOXIC: TypeDefaults(on_delay_s=10)}
    _, faults = load(row(type="gas_toxic", unit="ppm", h=3), defaults=defaults)
    assert "on_delay_s 10 s (the default of type gas_toxic) holds back" in words(faults)[0]


# --- design limits ---


def test_design_limits_come_in_the_unit_of_the_sensor() -> None:
    (spec,), faults = load(row(type="pressure", unit="kPa", equipment="T-1", hh=1770), within=plant())
    assert faults == []
    assert spec.design == 1770
    (level,), _ = load(row(unit="cm", equipment="T-1"), within=plant())
    assert level.design == 1200
    (none,), _ = load(row(type="temperature", unit="K", equipment="T-1"), within=plant())
    assert math.isnan(none.design)


def test_a_design_limit_that_cannot_be_said_is_warned_of() -> None:
    (spec,), faults = load(row(unit="%", equipment="T-1"), within=plant())
    assert math.isnan(spec.design)
    assert "the design limit '12.0 m' of equipment 'T-1' cannot be said in %" in words(faults, "warning")[0]


# --- size and harm ---


def test_the_work_grows_with_the_rows_and_no_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = {"near": 0}
    real = suggest.near

    def counted(*args: Any, **kwargs: Any) -> list[str]:
        calls["near"] += 1
        return real(*args, **kwargs)

    monkeypatch.setattr(suggest, "near", counted)
    rows = [
        {"sensor": f"S{i}", "type": "level", "unit": "m", "enterprise": "lpg", "equipment": f"X-{i}", "h": 5}
        for i in range(2000)
    ]
    specs, faults = load(table(*rows), within=plant())
    assert specs == []
    assert len(errors_in(faults)) == 2000
    assert 0 < calls["near"] <= point_row.SUGGEST_UNTIL_FAULTS


def test_ten_thousand_rows() -> None:
    rows = [
        {
            "sensor": f"S{i}",
            "type": "pressure",
            "unit": "kPa",
            "enterprise": "lpg",
            "equipment": "T-1",
            "hh": "1.2 MPa",
        }
        for i in range(10_000)
    ]
    specs, faults = load(table(*rows), within=plant())
    assert faults == []
    assert len(specs) == 10_000
    assert {spec.hh for spec in specs} == {1200.0}


CELLS = st.one_of(
    st.sampled_from(
        ["", "-", "nan", "inf", "1", "0", "-1", "2.5", "1 MPa", "5 %", "1e400", "level", "pressure", "gas_toxic",
         "m", "kPa", "%OEL", "ppm", "lpg", "cold", "S-1", "T-1", "S-2", "a/b", "x" * 600, "=", "\x00", "\ud7ff", "1,5"]
    ),
    st.text(max_size=12),
    st.floats().map(str),
)  # fmt: skip


@settings(max_examples=200)
@given(
    st.lists(st.sampled_from(COLUMNS) | st.text(max_size=6), max_size=8, unique=True),
    st.lists(st.lists(CELLS, max_size=12), max_size=6),
    st.sampled_from(",;\t"),
    st.booleans(),
)
def test_any_table_gives_sensors_and_faults(
    columns: list[str], rows: list[list[str]], delimiter: str, with_plant: bool
) -> None:
    lines = [["sensor", "type", *columns], *([f"S{i}", "level", *cells] for i, cells in enumerate(rows))]
    text = "\n".join(delimiter.join(line) for line in lines)
    specs, faults = load(text, within=plant() if with_plant else None, defaults=DEFAULTS)
    for spec in specs:
        present = [limit for limit in spec.limits if not math.isnan(limit)]
        assert present == sorted(present)
        assert all(map(math.isfinite, present))
        assert spec.deadband >= 0
    for fault in faults:
        assert len(str(fault)) < 1000
        assert "\n" not in str(fault)


@given(st.binary(max_size=400))
def test_any_bytes_give_faults_and_never_raise(content: bytes) -> None:
    load(content)
    load(content, file="points.xlsx")
    load(b"PK\x03\x04" + content)
