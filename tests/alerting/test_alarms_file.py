"""The alarms file: over the packaged one section by section, and every fault with its line."""

from pathlib import Path

import pytest

from alerting.alarms import AlarmSettings, Planned
from alerting.alarms_file import default_alarms, load_alarms
from alerting.events import Grade, Kind
from registry.faults import Fault
from registry.sensors import GAS_TYPES, SensorType
from tests.alerting.plant import REGISTRY, T0


def read(tmp_path: Path, text: str) -> tuple[AlarmSettings | None, list[Fault]]:
    path = tmp_path / "alarms.yaml"
    path.write_text(text, encoding="utf-8")
    return load_alarms(path, REGISTRY)


def test_the_packaged_settings() -> None:
    found = default_alarms()
    assert [(rule.types, rule.latch) for rule in found.latching] == [(GAS_TYPES, True)]
    assert (found.shelving.default_s, found.shelving.longest_s) == (8 * 3600, 8 * 3600)
    assert found.safety.grades == {Grade.RED}
    assert found.safety.limits == {"hh", "ll", "design"}
    assert found.realarm_s == {Grade.RED: 14_400, Grade.ORANGE: 14_400}
    assert (found.nuisance.activations, found.nuisance.within_s, found.nuisance.stale_s) == (3, 60, 86_400)
    assert [code for code, cause in found.causes.items() if cause.false_alarm] == [
        "instrument_fault", "calibration", "false_alarm",
    ]  # fmt: skip
    assert all(cause.name.zh and cause.name.en for cause in found.causes.values())


def test_an_empty_file_changes_nothing_and_a_section_only_itself(tmp_path: Path) -> None:
    assert read(tmp_path, "") == (default_alarms(), [])
    found, faults = read(tmp_path, "shelving: {longest_h: 4}\nrealarm_min: {yellow: 10}\nlatching: []\n")
    assert found is not None
    assert not faults
    assert (found.shelving.default_s, found.shelving.longest_s) == (4 * 3600, 4 * 3600)
    assert found.realarm_s == {Grade.YELLOW: 600}
    assert found.latching == ()
    assert found.causes == default_alarms().causes


def test_rules_and_planned_works(tmp_path: Path) -> None:
    found, faults = read(
        tmp_path,
        """
latching:
  - {sensor: lpg/GT-1, latch: false}
  - {type: temperature, kind: [high, rate], latch: true}
causes:
  leak: {zh: 泄漏, en: leak}
out_of_service:
  - {equipment: T-102, permit: 17, from: "2025-11-24T16:00:00Z", until: "2025-11-25T01:00:00+08:00", by: li, reason: x}
""",
    )
    assert not faults
    assert found is not None
    assert found.latching[0].sensors == {"lpg/GT-1"}
    assert found.latching[1].types == {SensorType.TEMPERATURE}
    assert found.latching[1].kinds == {Kind.HIGH, Kind.RATE}
    assert list(found.causes) == ["leak"]
    hour_ns = 3_600_000_000_000
    assert found.planned == (
        Planned(
            kind="equipment", id="T-102", permit="17", from_ns=T0, until_ns=T0 + hour_ns, by="li", reason="x"
        ),
    )


WORKS = 'permit: P, from: "2026-01-01T00:00:00Z", until: "2026-01-02T00:00:00Z", by: li, reason: x'


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("- a\n", 1, "no settings of alarms"),
        ("shelvin: {}\n", 1, "unknown key 'shelvin'; did you mean 'shelving'?"),
        ("\nshelving: {longest_h: 25}\n", 2, "longest_h cannot be 25"),
        ("shelving: {longest_h: 4, default_h: 6}\n", 1, "default_h cannot be 6"),
        ("shelving: 8\n", 1, "a mapping of keys is wanted here"),
        ("safety: {grades: [orange]}\n", 1, "red is always of the safety class"),
        ("safety: {grades: [pink]}\n", 1, "grades cannot be 'pink'"),
        ("safety: {limits: [top]}\n", 1, "limits cannot be 'top'"),
        ("realarm_min: {red: -1}\n", 1, "red cannot be -1"),
        ("realarm_min: {rad: 1}\n", 1, "unknown key 'rad'"),
        ("chattering: {activations: 1}\n", 1, "activations cannot be 1"),
        ("chattering:\n  within_s: soon\n", 2, "within_s cannot be 'soon'"),
        ("stale: {after_h: 0}\n", 1, "after_h cannot be 0"),
        ("latching: yes\n", 1, "not a list"),
        ("latching:\n  - {type: gas}\n", 2, "a rule says whether it latches"),
        ("latching:\n  - {type: gas_toxik, latch: true}\n", 2, "did you mean 'gas_toxic'?"),
        ("latching:\n  - {sensor: lpg/GT-7, latch: true}\n", 2, "no sensor belongs to the sensor 'lpg/GT-7'"),
        ("causes: []\n", 1, "causes are named one by one"),
        ("causes:\n  leak: {zh: 泄漏}\n", 2, "en is missing or empty"),
        ("causes:\n  leak: {zh: 泄漏, en: leak, false_alarm: maybe}\n", 2, "not a yes or no"),
        (f"out_of_service:\n  - {{{WORKS}}}\n", 2, "it is at one place"),
        (
            "suppress:\n  - {equipment: T-102, name: c, when: 3, reason: x}\n",
            2,
            "a mapping of keys is wanted here",
        ),
        (
            "suppress:\n  - {equipment: T-102, name: c, when: {sensor: lpg/LT-101, beyond: top}, reason: x}\n",
            2,
            "beyond cannot be 'top'",
        ),
        (
            "suppress:\n  - {equipment: T-102, name: c, when: {sensor: lpg/L, beyond: h}, reason: x}\n",
            2,
            "no sensor belongs to the sensor 'lpg/L'",
        ),
        (
            f"out_of_service:\n  - {{equipment: T-9, {WORKS}}}\n",
            2,
            "no sensor belongs to the equipment 'T-9'",
        ),
        (
            f"out_of_service:\n  - {{equipment: T-102, second: li, {WORKS}}}\n",
            2,
            "the second person cannot be 'li'",
        ),
        (
            f"out_of_service:\n  - {{equipment: T-102, {WORKS}}}\n  - {{equipment: T-102, {WORKS}}}\n",
            3,
            "stands twice",
        ),
        (
            f"out_of_service:\n  - {{equipment: T-102, {WORKS.replace('2026-01-02', '2025-01-02')}}}\n",
            2,
            "the works end before they begin",
        ),
        (
            f"out_of_service:\n  - {{equipment: T-102, {WORKS.replace('02T00:00:00Z', '02T00:00:00')}}}\n",
            2,
            "until has no zone",
        ),
        (
            f"out_of_service:\n  - {{equipment: T-102, {WORKS.replace('2026-01-01T00:00:00Z', 'monday')}}}\n",
            2,
            "from is no time",
        ),
    ],
)
def test_every_fault_has_its_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    found, faults = read(tmp_path, text)
    assert found is None
    assert [fault.where for fault in faults if says in fault.message] == [f"line {line}"], [
        str(f) for f in faults
    ]


def test_all_faults_are_told_together(tmp_path: Path) -> None:
    _, faults = read(tmp_path, "stale: {after_h: no}\ncauses: 3\nlatching: [1]\n")
    assert sorted(fault.where for fault in faults) == ["line 1", "line 2", "line 3"]


def test_incidents_have_a_section_of_their_own(tmp_path: Path) -> None:
    found, faults = read(tmp_path, "incidents: {join_s: 300}\n")
    assert found is not None
    assert (found.incidents.join_s, found.incidents.flood_above, faults) == (300, 10, [])
    _, faults = read(tmp_path, "shelving: {longest_h: 4}\nincidents: {flood_above: none}\n")
    assert [(fault.where, fault.message) for fault in faults] == [("line 2", "flood_above is 'none'")]
