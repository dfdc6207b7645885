"""site-200: settings that hazwatch accepts, normal operation within limits, a day that holds everything."""

import csv
import io
from collections import Counter
from pathlib import Path

from registry.faults import errors_in
from registry.plant import SourceGrade
from service.plan import load
from sim.faults.crossings import FELT
from sim.practice.practising import packaged
from sim.practice.settings import FILES, grades_of
from sim.scenarios import DEMO_START_NS, find_scenario
from sim.writing import write_settings

SITE = packaged("site-200")


def test_its_settings_are_accepted(tmp_path: Path) -> None:
    loaded = load(write_settings(SITE.settings(), tmp_path / "site"))
    assert set(SITE.settings()) == set(FILES)
    assert not errors_in(loaded.warnings)
    # the reactor unit is no major hazard source; the air's warmth belongs to none; nobody is called in a simulation
    assert len(loaded.warnings) == 3
    registry = loaded.plan.registry
    assert [spec.id for spec in registry.specs] == list(SITE.practice.names)
    assert [source.grade for source in registry.plant.sources.values()] == grades_of(SITE.practice.site)


def test_the_points_table_has_limits_inside_ranges_and_places() -> None:
    rows = list(csv.DictReader(io.StringIO(SITE.settings()["points.csv"])))
    assert Counter(row["type"] for row in rows)["level"] == 80
    assert all(row["x"] and row["y"] and row["z"] for row in rows)
    levels = [row for row in rows if row["type"] == "level"]
    assert all(
        0 < float(r["ll"]) < float(r["l"]) < float(r["h"]) < float(r["hh"]) < float(r["range_hi"])
        for r in levels
    )


def test_its_sources_are_of_several_grades() -> None:
    assert Counter(grades_of(SITE.practice.site)) == {SourceGrade.I: 5, SourceGrade.III: 4, None: 1}


def test_half_a_day_passes_limits_only_where_something_happens() -> None:
    seconds = 12 * 3600
    truth = SITE.truth(2, DEMO_START_NS, seconds)
    (crossings,) = (c for key, c in SITE._crossings.items() if key == (2, DEMO_START_NS, seconds))
    events = SITE.practice.events(2, DEMO_START_NS, seconds)
    for crossing in crossings:
        if crossing.limit != FELT:
            assert any(
                crossing.point in event.points and event.onset_s <= crossing.t_s <= event.quiet_s
                for event in events
            ), crossing
    for event in truth["events"]:
        assert event["fault"] or not event["limits"], event
    reached = {event["kind"] for event in truth["events"] if event["limits"]}
    assert len(reached) >= 4


def test_it_is_found_by_name_and_listed() -> None:
    scenario = find_scenario("site-200")
    assert scenario.sensors == 239
    assert scenario.text.zh
    assert scenario.text.en
