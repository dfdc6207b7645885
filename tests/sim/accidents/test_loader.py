import pytest

from registry.faults import InputError
from sim.accidents.loader import accident_of
from sim.accidents.model import Basis, Course, Tank
from tests.sim.accidents.small import SMALL


def faults_of(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        accident_of(text, "small.yaml")
    return [str(fault) for fault in caught.value.faults]


def changed(old: str, new: str) -> str:
    assert SMALL.count(old) == 1, SMALL.count(old)
    return SMALL.replace(old, new)


def line_of(piece: str) -> int:
    return SMALL[: SMALL.index(piece)].count("\n") + 1


def test_a_file_becomes_the_facts_it_tells() -> None:
    small = accident_of(SMALL, "small.yaml")
    assert (small.name, small.length_s, small.step_s) == ("small-1999", 14_400, 10)
    level, warmth = small.signals["level"], small.signals["warmth"]
    assert isinstance(level, Tank)
    assert (level.anchor.t_s, level.anchor.value, level.anchor.origin.basis) == (3600, 1.0, Basis.RECALLED)
    assert isinstance(warmth, Course)
    assert [knot.origin.basis for knot in warmth.knots] == [Basis.FOUND, Basis.ASSUMED, Basis.FOUND]
    assert small.main.no_return_s == 12_600
    assert [sensor.existed for sensor in small.sensors] == [True, True, False]
    assert small.sensors[0].faults[0].from_s == 7200


@pytest.mark.parametrize(
    ("old", "new", "at", "message"),
    [
        ("length_h: 4\n", "length_h: 4\nweather: fine\n", "weather", "unknown key 'weather'"),
        ("length_h: 4\n", "length_h: soon\n", "length_h: 4", "'soon'"),
        ('start: "1999-01-01 06:00"', 'start: "six"', "start:", "is no time"),
        ("value: 100, step: true, source: report", "value: 100, step: true, source: repotr", "value: 100", "did you mean 'report'"),
        ("value: 80, source: report, verified: true", "value: 80", "value: 80", "where this comes from"),
        ("value: 80, source: report, verified: true", "value: 80, source: report", "value: 80", "where this comes from"),
        ("value: 80, source: report, verified: true", "value: 80, assumed: true, source: report", "value: 80", "where this comes from"),
        ('at: "1999-01-01 09:00", value: 80', 'at: "1999-01-01 07:00", value: 80', "value: 80", "not later than the one before"),
        ('at: "1999-01-01 09:00", value: 80', 'at: "1999-01-02 09:00", value: 80', "value: 80", "outside"),
        ("value: 80,", "value: hot,", "value: 80", "'hot'"),
        ("area_m2: 50", "area_m2: -50", "area_m2", "-50"),
        ("in: [inflow]", "in: [inflwo]", "    tank:\n", "did you mean 'inflow'"),
        ("every_h: 0.5", "every_h: 0", "every_h", "does not fit"),
        ("wander: {sd: 0.5, tau_s: 600}", "wander: {sd: 0.5}", "wander:", "tau_s is missing"),
        ("type: level", "type: levl", "type: level", "did you mean 'level'"),
        ("unit: degC", "unit: psi", "unit: degC", "does not go with type temperature"),
        ("range: [0, 8]", "range: [8, 0]", "range: [0, 8]", "is none"),
        ("{h: 4.5, hh: 5,", "{h: 5.5, hh: 5,", "limits:", "hh is not above h"),
        ("scan_s: 20", "scan_s: 15", "scan_s: 20", "no multiple of step_s"),
        ("reads: warmth", "reads: warmht", "reads: warmth", "did you mean 'warmth'"),
        ("id: TT-1", "id: LT-1", "id: TT-1", "stands twice"),
        ("kind: stuck,", "kind: shows,", "kind: stuck", "knots"),
        ("kind: stuck,", "kind: sulks,", "kind: stuck", "unknown kind of fault"),
        ("existed: false", "existed: perhaps", "existed:", "neither true nor false"),
        ("sensors: [LT-1, FT-1]", "sensors: [LT-7]", "sensors: [LT-1", "unknown sensor 'LT-7'"),
        ("grade: red", "grade: pink", "grade: red", "unknown grade"),
        ("severity: 3", "severity: 9", "severity: 3", "does not fit"),
        ('end: "1999-01-01 09:40"', 'end: "1999-01-01 07:40"', "09:40", "ends before it begins"),
        ("FT-1: {present: true}", "FT-9: {present: true}", "alternatives:\n", "unknown sensor 'FT-9'"),
        ("FT-1: {present: true}", "FT-1: {colour: red}", "FT-1: {present", "unknown key 'colour'"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_line(old: str, new: str, at: str, message: str) -> None:
    told = faults_of(changed(old, new))
    line = (
        line_of(at) + (1 if at in {"weather", "alternatives:\n"} else 0)
        if at in SMALL
        else line_of("step_s: 10")
    )
    assert any(message in text and text.startswith(f"small.yaml: line {line}:") for text in told), (
        line,
        told,
    )


def test_an_accident_without_a_point_of_no_return_is_none() -> None:
    line = '    point_of_no_return: {at: "1999-01-01 09:30", why: {zh: 溢出, en: it overflows}}\n'
    assert any("point of no return" in text for text in faults_of(changed(line, "")))


def test_all_faults_are_told_together_in_the_order_of_lines() -> None:
    text = (
        changed("area_m2: 50", "area_m2: -50")
        .replace("grade: red", "grade: pink")
        .replace("unit: degC", "unit: psi")
    )
    told = faults_of(text)
    assert len(told) == 3
    lines = [int(fault.split("line ")[1].split(":")[0].split(",")[0]) for fault in told]
    assert lines == sorted(lines)


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "a: [\n"])
def test_what_is_no_mapping_is_told(text: str) -> None:
    assert faults_of(text)
