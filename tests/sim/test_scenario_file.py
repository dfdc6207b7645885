"""Scenario files: read as they are meant, and every fault told at once with its line."""

from pathlib import Path

import pytest

from registry.faults import InputError
from registry.marks import parse_marked
from sim.faults.families import BY_KIND
from sim.practice.scenario import Practice
from sim.scenario_file import load_scenario, scenario_of
from tests.sim.small import SMALL


def _line(text: str, part: str) -> str:
    return f"line {text[: text.index(part)].count(chr(10)) + 1}"


def _faults(text: str) -> list[tuple[str, str]]:
    with pytest.raises(InputError) as raised:
        scenario_of(parse_marked(text, "s.yaml"))
    assert {fault.file for fault in raised.value.faults} == {"s.yaml"}
    return [(fault.where, fault.message) for fault in raised.value.faults]


def _read(text: str) -> Practice:
    return scenario_of(parse_marked(text, "s.yaml"))


def test_a_scenario_is_read() -> None:
    practice = _read(SMALL)
    assert (practice.name, practice.text.zh, practice.told, practice.campaign) == ("small", "小", (), None)
    assert [v.name for v in practice.site.vessels][:5] == ["F1-01", "F1-02", "F1-03", "F1-04", "S1-01"]
    first = practice.site.points[3]
    assert (first.point.sensor, first.equipment, first.point.unit) == ("LT-0101", "F1-01", "m")
    assert dict(first.point.limits) == {"ll": 0.55, "l": 1.1, "h": 9.68, "hh": 10.23}


def test_what_a_file_leaves_out_is_usual() -> None:
    text = SMALL.replace("    population: 60\n", "").replace("    vessels: 2\n", "")
    practice = _read(text)
    assert (practice.site.sources[0].population, practice.site.sources[2].count) == (0, 1)
    assert practice.site.climate.wind_m_s == 3.2


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    kind: sphere", "    kind: cube", "kind 'cube' is not known"),
        ("    kind: sphere", "    kind: spher", "did you mean 'sphere'?"),
        ("    liquid: propane", "    liquid: chlorine", "chlorine does not burn"),
        ("    liquid: propane", "    liquid: water", "liquid 'water' is not known"),
        ("    height_m: 11", "    height_m: -11", "height_m '-11' does not fit"),
        ("    diameter_m: 12.3", "    diameter_m: big", "diameter_m 'big' does not fit"),
        ("    diameter_m: 12.3", "    diameter_m: 12.3\n    height_m: 3", "a sphere has no height_m"),
        ("    flow_m3_h: 190", "    flow_m3_h: 0", "flow_m3_h '0' does not fit"),
        ("    flow_m3_h: 190\n", "", "flow_m3_h is missing"),
        ("    feed_c: 22", "    fed_c: 22", "unknown key 'fed_c'; did you mean 'feed_c'?"),
        ("    vessels: 3", "    vessels: 0", "vessels '0' does not fit"),
        ("    band: [0.6, 0.8]", "    band: [0.8, 0.6]", "band '[0.8, 0.6]' does not fit"),
        ("range_hi: 4,", "range_hi: -4,", "range_hi -4 is not above range_lo -1"),
        ("unit: kPa, range_lo: -1", "unit: bar, range_lo: -1", "unit 'bar' is not known"),
        ("range_hi: 900, scan_s: 5", "range_hi: 900, scan_s: 7", "scan_s 7 does not divide a minute"),
        ("{share: 0.3,", "{", "share is missing"),
        ("h: 1.6, hh: 2,", "h: 1.6, hh: 1.5,", "hh 1.5 is not above 1.6"),
        ("h: 1.6, hh: 2,", "h: 1.6, hh: 5,", "hh '5' does not fit"),
        ("h: 1.6, hh: 2,", "h: 1.6,", "pressure has no hh"),
        ("      gas: *gas\n", '      gas: {unit: "%LEL", range_hi: 100}\n', "gas has no h"),
        ("hh: 0.93", "hh: 1.93", "hh '1.93' does not fit"),
        ("      pressure: {unit: MPa, range_lo: 0, range_hi: 2.5, l: 0.3, ll: 0.2, h: 1.4, hh: 1.55, scan_s: 5}\n", "", "a relief pressure needs sensors.pressure"),
        ("  - id: S1", "  - id: F1", "the source 'F1' stands twice"),
        ("  enterprise: works", "  enterprise: a/b", "the enterprise 'a/b'"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_line(old: str, new: str, message: str) -> None:
    text = SMALL.replace(old, new, 1)
    assert text != SMALL
    faults = _faults(text)
    assert len(set(faults)) == 1
    assert message in faults[0][1]
    assert faults[0][0].startswith("line ")


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ("{what: slow_leek, at_h: 5}", "what 'slow_leek' is not known; did you mean 'slow_leak'?"),
        ("{what: slow_leak}", "at_h is missing"),
        ("{what: slow_leak, at_h: 5, vessel: F1-09}", "there is no vessel 'F1-09'"),
        ("{what: sensor_drift, at_h: 5, sensor: LT-9999}", "there is no sensor 'LT-9999'"),
        ("{what: slow_leak, at_h: 5, vessel: R1-01}", "slow_leak cannot happen at R1-01"),
        ("{what: calibration_gas, at_h: 5, sensor: LT-0101}", "calibration_gas cannot happen at LT-0101"),
        ("{what: slow_leak, at_h: 1, vessel: F1-01}", "leaves no time to lead there"),
        ("{what: slow_leak, at_h: 5, severity: 4}", "severity '4' does not fit"),
        ("{what: slow_leak, at_h: 5, for_h: -1}", "for_h '-1' does not fit"),
        ("{what: slow_leak, at_h: 5, vesel: F1-01}", "unknown key 'vesel'; did you mean 'vessel'?"),
    ],
)
def test_an_event_that_cannot_be(event: str, message: str) -> None:
    text = f"{SMALL}\nevents:\n  - {event}\n"
    faults = _faults(text)
    assert len(faults) == 1
    assert message in faults[0][1]
    assert faults[0][0] == _line(text, "  - {what")


def test_a_source_needs_a_sensor() -> None:
    text = SMALL[: SMALL.index("    sensors:")]
    assert _faults(text)[0][1] == "the source has no sensor"


def test_two_events_on_one_sensor_at_once_are_told() -> None:
    events = "\n".join(f"  - {{what: stuck_inlet, at_h: {at}, vessel: F1-01}}" for at in (5, 6))
    ((where, message),) = _faults(f"{SMALL}\nevents:\n{events}\n")
    assert "meets another event" in message
    assert where == _line(f"{SMALL}\nevents:\n{events}\n", "at_h: 6")


def test_all_faults_are_told_together() -> None:
    text = (
        SMALL.replace("kind: sphere", "kind: cube")
        .replace("height_m: 11", "height_m: -11")
        .replace("liquid: propane", "liquid: x")
    )
    assert len(_faults(f"{text}\nsurplus: 1\n")) == 4


@pytest.mark.parametrize("text", ["", "- a", "3", "scenario: x\nsite: {enterprise: w}\n"])
def test_a_file_that_is_no_scenario(text: str) -> None:
    assert _faults(text)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        load_scenario(tmp_path / "none.yaml")


DOC = (Path(__file__).parents[2] / "docs" / "sim.md").read_text(encoding="utf-8")


def test_the_example_of_the_documentation_is_a_scenario() -> None:
    example = DOC.split("```yaml\n")[1].split("```")[0]
    practice = _read(example)
    assert (practice.name, len(practice.told), len(practice.site.vessels)) == ("my-site", 2, 8)


def test_the_documentation_lists_every_family() -> None:
    table = DOC.split("### Faults and look-alikes")[1].split("### Scenario files")[0]
    assert [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")] == list(BY_KIND)
