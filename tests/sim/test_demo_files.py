"""The demo site's files: whole, without a fault, grades that vary, from any folder."""

from pathlib import Path

from registry.load import load_registry
from sim.demo import DEMO_FILES, demo_points, demo_text, write_demo


def test_the_demo_site_loads_without_a_fault(tmp_path: Path) -> None:
    settings = write_demo(tmp_path / "here")
    registry, faults = load_registry(settings.with_name("plant.yaml"), settings.with_name("points.csv"), {})
    assert faults == []
    assert registry is not None
    assert [spec.id for spec in registry.specs] == [point.id for point in demo_points()]
    grades = {id_: source.grade.roman for id_, source in registry.plant.sources.items() if source.grade}
    assert grades == {
        "HG-SPH": "Ⅰ",
        "HG-C3": "Ⅱ",
        "HG-LOAD": "Ⅳ",
        "BC-TANK": "Ⅱ",
        "BC-REC": "Ⅲ",
        "BC-COMP": "Ⅳ",
    }
    for i, spec in enumerate(registry.specs):
        assert spec.source is None or registry.source_of(i) is not None
        assert spec.equipment is None or registry.equipment_of(i) is not None


def test_there_are_about_sixty_sensors_of_every_kind() -> None:
    points = demo_points()
    assert 55 <= len(points) <= 70
    kinds = {point.type for point in points}
    assert kinds == {
        "level",
        "pressure",
        "temperature",
        "flow",
        "gas_combustible",
        "gas_toxic",
        "wind_speed",
        "wind_direction",
        "valve",
    }


def test_written_again_it_is_the_same(tmp_path: Path) -> None:
    write_demo(tmp_path)
    tmp_path.joinpath("plant.yaml").write_text("spoilt")
    write_demo(tmp_path)
    for name in DEMO_FILES:
        assert tmp_path.joinpath(name).read_text(encoding="utf-8") == demo_text(name)
