"""The eight accidents themselves: their files, their documented knots, their settings, their place in the list."""

import re
from pathlib import Path

import numpy as np
import pytest

from registry.faults import errors_in
from service.plan import load
from sim.accidents.catalogue import ACCIDENTS, accident, as_it_was
from sim.accidents.loader import accident_text
from sim.accidents.model import Accident, Course, FaultKind, Tank
from sim.accidents.readings import shown_values
from sim.accidents.settings import settings_of
from sim.accidents.signals import grid_s, true_values
from sim.accidents.truth import truth_of_accident
from sim.accidents.variation import Variation, varied
from sim.scenarios import DEMO_START_NS, list_scenarios

_HAN = re.compile(r"[一-鿿]")


@pytest.fixture(params=ACCIDENTS)
def whole(request: pytest.FixtureRequest) -> Accident:
    return accident(request.param)


def test_every_file_is_an_accident_of_its_name_and_every_accident_has_one(whole: Accident) -> None:
    folder = Path(__file__).parents[3] / "sim" / "data" / "accidents"
    assert sorted(path.stem for path in folder.glob("*.yaml")) == sorted(ACCIDENTS)
    assert accident_text(whole.name).splitlines()[0].startswith("#")


def test_every_knot_is_met(whole: Accident) -> None:
    true, t_s = true_values(whole, None), grid_s(whole)
    for name, signal in whole.signals.items():
        if isinstance(signal, Tank):
            met = np.interp(signal.anchor.t_s, t_s, true[name])
            assert met == pytest.approx(signal.anchor.value, abs=1e-6), name
            continue
        swing = signal.daily.amplitude if signal.daily else 0.0
        until_s = signal.model.from_s if signal.model else np.inf
        for knot, after in zip(signal.knots, (*signal.knots[1:], None), strict=True):
            if knot.t_s >= until_s:
                continue
            i = int(np.ceil(knot.t_s / whole.step_s))
            if i >= len(t_s):
                continue
            # between two instants the line has gone on by part of its way to the next knot
            slope = 0.0 if after is None else abs(after.value - knot.value) / (after.t_s - knot.t_s)
            off = abs(true[name][i] - knot.value)
            assert off <= swing + slope * whole.step_s + 1e-9, (name, knot)


def test_what_was_shown_and_found_is_shown(whole: Accident) -> None:
    was = as_it_was(whole.name)
    shown, t_s = shown_values(was, 1), grid_s(was)
    for sensor in was.sensors:
        for fault in sensor.faults:
            during = (t_s >= fault.from_s) & (t_s < fault.to_s)
            values = shown[sensor.id][during]
            if fault.kind is FaultKind.SILENT:
                assert np.isnan(values).all()
            elif fault.kind is FaultKind.STUCK:
                assert len(set(values.tolist())) == 1
            for knot in fault.knots:
                met = np.interp(knot.t_s, t_s, shown[sensor.id])
                assert met == pytest.approx(knot.value, abs=8 * (sensor.noise + sensor.drift)), knot


def test_a_person_reads_it_in_both_languages_and_every_figure_tells_where_it_is_from(whole: Accident) -> None:
    texts = [whole.title, whole.text, *(row.text for row in whole.timeline), *(s.text for s in whole.sensors)]
    texts += [s.alarm for s in whole.sensors] + [a.text for a in whole.alternatives]
    assert whole.main.no_return_why is not None
    for text in [*texts, whole.main.no_return_why]:
        assert _HAN.search(text.zh), text
        assert text.en, text
        assert not _HAN.search(text.en), text
    found = [row for row in whole.timeline if row.origin.source]
    assert found, "the timeline rests on sources"
    for row in found:
        source = whole.sources[str(row.origin.source)]
        # what is said to be found was read somewhere that is named
        assert source.title
    assert [row.t_s for row in whole.timeline] == sorted(row.t_s for row in whole.timeline)


def test_its_settings_are_accepted(whole: Accident, tmp_path: Path) -> None:
    for number, alternative in enumerate((None, *whole.alternatives)):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name, text in settings_of(varied(whole, Variation(alternative=alternative))).items():
            (folder / name).write_text(text, encoding="utf-8")
        loaded = load(folder / "hazwatch.yaml")
        assert not errors_in(loaded.warnings)
        assert len(loaded.plan.registry) >= 1


def test_its_truth_has_one_point_of_no_return_inside_the_event(whole: Accident) -> None:
    told = truth_of_accident(as_it_was(whole.name), 1, DEMO_START_NS, whole.length_s)
    last = [event for event in told["events"] if "point_of_no_return" in event]
    assert len(last) == 1
    assert last[0]["onset"] < last[0]["point_of_no_return"] <= last[0]["end"]
    assert all(event["onset"] < event["end"] <= told["end"] for event in told["events"])


def test_before_it_lie_days_to_learn_from(whole: Accident) -> None:
    assert whole.main.onset_s >= 2 * 86_400
    lively = [
        s for s in whole.signals.values() if isinstance(s, Course) and (s.repeats or s.wander or s.daily)
    ]
    assert lively


def test_moved_assumptions_leave_what_was_found_where_it_was(whole: Accident) -> None:
    for pace in (0.7, 1.3):
        moved = varied(whole, Variation(pace=pace))
        for name, signal in whole.signals.items():
            other = moved.signals[name]
            if isinstance(signal, Course) and isinstance(other, Course):
                kept = [k for k in signal.knots if k.origin.basis == "found"]
                assert [k for k in other.knots if k.origin.basis == "found"] == kept
                times = [k.t_s for k in other.knots]
                assert times == sorted(times), name


def test_accidents_are_scenarios_with_the_sensors_that_the_plant_had() -> None:
    listed = {scenario.name: scenario for scenario in list_scenarios()}
    assert [name for name in listed if name in ACCIDENTS] == list(ACCIDENTS)
    assert listed["xiangshui-2019"].sensors == 2
    assert listed["buncefield-2005"].sensors == 3
    first = next(listed["texas-city-2005"].readings(1, DEMO_START_NS, 60))
    assert first.names[0] == "texas-city/LT-5100"
    assert first.t_ns[0] == DEMO_START_NS
