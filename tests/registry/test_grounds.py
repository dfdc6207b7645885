"""Maps, plans and responsible persons of plant.yaml: what becomes of them, and every fault with its place."""

import json
import struct
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.drawing import MAX_DRAWING_BYTES, MAX_FEATURES, MAX_POSITIONS, Drawing, load_drawing
from registry.faults import Fault, errors_in
from registry.picture import Picture, load_picture
from registry.plant import Duty, Plant, Text
from registry.plant_file import load_plant

PNG = (
    b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">II", 640, 480) + b"\x08\x02\0\0\0"
)
JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc2\x00\x0b\x08" + struct.pack(">HH", 480, 640) + b"\x01\x01\x11\x00"


def feature(geometry: dict[str, Any] | None, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(*features: Any, **more: Any) -> str:
    return json.dumps({"type": "FeatureCollection", "features": features, **more})


POINT = feature({"type": "Point", "coordinates": [121.5, 29.9]})


def drawn(folder: Path, text: str, *, degrees: bool = True) -> tuple[Drawing | None, list[Fault]]:
    path = folder / "m.geojson"
    path.write_text(text, encoding="utf-8")
    return load_drawing(path, degrees=degrees)


def loaded(folder: Path, body: str) -> tuple[Plant, list[str]]:
    path = folder / "plant.yaml"
    path.write_text(body, encoding="utf-8")
    plant, faults = load_plant(path)
    return plant, [f"{Path(one.file).name}: {one.where}: {one.message}" for one in errors_in(faults)]


def test_a_drawing_keeps_geometry_name_and_known_kind_and_nothing_else(tmp_path: Path) -> None:
    ring = [[0, 0, 7], [10, 0, 7], [10, 5, 7], [0, 0, 7]]
    given_ = collection(
        feature(
            {"type": "Polygon", "coordinates": [ring]},
            name={"zh": "海", "en": "Sea"},
            kind="water",
            onclick="x",
        ),
        feature({"type": "Point", "coordinates": [1, 2]}, name="<script>" * 100, kind="<b>"),
    )
    found, faults = drawn(tmp_path, given_)
    assert faults == []
    assert found is not None
    assert list(found.bounds) == [0, 0, 10, 5]
    sea, point = json.loads(found.geojson)["features"]
    assert sea["properties"] == {"kind": "water", "name": {"zh": "海", "en": "Sea"}}
    assert sea["geometry"]["coordinates"][0][1] == [10, 0], "heights are left out"
    assert set(point["properties"]) == {"name"}
    assert len(point["properties"]["name"]["en"]) == 200


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        ("{", "line 1, column 2", "not valid JSON"),
        ('{\n"a": NaN}', "", "NaN is no number"),
        ("[" * 100_000, "", "not valid JSON"),
        ("[]", "", "no GeoJSON feature collection"),
        (collection(), "features", "no features"),
        (collection(*[POINT] * (MAX_FEATURES + 1)), "features", "5001 features"),
        (collection(POINT, feature(None)), "features[1]", "no geometry"),
        (collection(feature(POINT["geometry"], name="\ud800")), "features[0].properties.name", "U+D800"),
        (
            collection(feature(POINT["geometry"], name={"zh": "海", "en": "a\u202eb"})),
            "features[0].properties.name",
            "U+202E",
        ),
        (collection(feature(POINT["geometry"], name="\x1b[31m")), "features[0].properties.name", "U+001B"),
        (collection(feature({"type": "GeometryCollection"})), "features[0].geometry", "the type is"),
        (collection(feature({"type": ["Point"], "coordinates": []})), "features[0].geometry", "the type is"),
        (
            collection(feature({"type": "LineString", "coordinates": [[1, 2], [1, "2"]]})),
            "features[0].geometry.coordinates[1]",
            "no position",
        ),
        (
            collection(feature({"type": "Point", "coordinates": [1, 91]})),
            "features[0].geometry.coordinates",
            "off the globe",
        ),
        (
            collection(feature({"type": "Point", "coordinates": [1, int("9" * 400)]})),
            "features[0].geometry.coordinates",
            "no position",
        ),
        (
            collection(feature({"type": "LineString", "coordinates": [[1, 2]] * (MAX_POSITIONS + 1)})),
            f"features[0].geometry.coordinates[{MAX_POSITIONS}]",
            "too many positions",
        ),
        (collection(POINT, crs={"properties": {"name": "EPSG:3857"}}), "crs", "the positions are in"),
        ("x" * (MAX_DRAWING_BYTES + 1), "", f"{MAX_DRAWING_BYTES + 1} bytes"),
    ],
)
def test_a_drawing_at_fault_says_where(tmp_path: Path, text: str, where: str, message: str) -> None:
    found, [fault] = drawn(tmp_path, text)
    assert found is None
    assert (fault.where, message in fault.message) == (where, True), str(fault)


@given(st.recursive(st.none() | st.floats() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=4)))
def test_whatever_the_coordinates_are_it_is_a_drawing_or_a_fault(coordinates: Any) -> None:
    text = collection(feature({"type": "LineString", "coordinates": coordinates}))
    with tempfile.TemporaryDirectory() as folder:
        found, faults = drawn(Path(folder), text)
    assert (found is None) == bool(faults)


def test_pictures_are_known_by_what_they_hold(tmp_path: Path) -> None:
    path = tmp_path / "site.png"
    for content, media_type in ((PNG, "image/png"), (JPEG, "image/jpeg")):
        path.write_bytes(content)
        found, faults = load_picture(path, (0, 0, 300, 200))
        assert faults == []
        assert found == Picture(media_type=media_type, body=content, bounds=(0, 0, 300, 200))
    huge = PNG[:16] + struct.pack(">II", 60_000, 60_000) + PNG[24:]
    for content, message in (
        (b"<svg onload='alert(1)'/>", "no picture"),
        (b"GIF89a", "no picture"),
        (b"\xff\xd8\xff\xe0\x00\x00" + b"\0" * 20, "no picture"),
        (huge, "60000 x 60000"),
    ):
        path.write_bytes(content)
        _, [fault] = load_picture(path, (0, 0, 1, 1))
        assert message in fault.message


def test_the_plant_file_names_map_and_plans_beside_itself(tmp_path: Path) -> None:
    (tmp_path / "area.geojson").write_text(collection(POINT), "utf-8")
    (tmp_path / "site.geojson").write_text(
        collection(feature({"type": "Point", "coordinates": [900, -400]})), "utf-8"
    )
    (tmp_path / "site.png").write_bytes(PNG)
    plant, faults = loaded(
        tmp_path,
        "map: area.geojson\nenterprises:\n"
        " - {id: a, plan: {file: site.geojson, north_deg: -30}}\n"
        " - {id: b, plan: {file: site.png, x: [0, 300], y: [-50, 150.5]}}\n - {id: c}\n",
    )
    assert faults == []
    assert plant.map is not None
    assert list(plant.map.bounds) == [121.5, 29.9, 121.5, 29.9]
    drawing, picture, nothing = (plant.enterprises[one].plan for one in "abc")
    assert drawing is not None
    assert drawing.north_deg == -30
    assert picture is not None
    assert list(picture.ground.bounds) == [0, -50, 300, 150.5]
    assert nothing is None


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        ("plan: [x]", "plant.yaml: line 1: plan is not a mapping"),
        ("plan: {x: [0, 1]}", "plant.yaml: line 1: file is missing"),
        ("plan: {file: gone.png, x: [0, 1], y: [0, 1]}", "gone.png: : the file does not exist"),
        ("plan: {file: site.png, x: [5, 1], y: [0, 1]}", "plant.yaml: line 1: x does not fit"),
        (
            "plan: {file: site.png, x: [0, 1]}",
            "plant.yaml: line 1: y is missing: a picture does not say what it covers",
        ),
        (
            "plan: {file: site.svg, x: [0, 1], y: [0, 1]}",
            "site.svg: : the file is no picture that can be shown",
        ),
        (
            "plan: {file: s.json, x: [0, 1]}",
            "plant.yaml: line 1: x is for pictures: a drawing says itself where it lies",
        ),
        ("plan: {file: site.png, x: [0, 1], y: [0, 1], north: 3}", "plant.yaml: line 1: unknown key 'north'"),
    ],
)
def test_a_plan_at_fault_says_where(tmp_path: Path, plan: str, told: str) -> None:
    (tmp_path / "site.png").write_bytes(PNG)
    (tmp_path / "site.svg").write_text("<svg/>")
    (tmp_path / "s.json").write_text(collection(feature({"type": "Point", "coordinates": [1, 2]})))
    _, faults = loaded(tmp_path, f"enterprises: [{{id: e, {plan}}}]\n")
    assert any(one.startswith(told) for one in faults), faults


def test_the_three_who_answer_for_a_source(tmp_path: Path) -> None:
    chlorine = "chemicals: [{substance: 氯, quantity_t: 100}], population: 10"
    head = f"enterprises: [{{id: e}}]\nsources:\n - {{id: s, enterprise: e, {chlorine}, persons: "
    plant, faults = loaded(
        tmp_path,
        head
        + '{principal: {name: {zh: 张三, en: Zhang San}, phone: "0574-1"}, technical: {name: Li, post: 工程师}}}\n',
    )
    assert faults == []
    persons = plant.sources["s"].persons
    assert persons[Duty.PRINCIPAL].name == Text("张三", "Zhang San")
    assert persons[Duty.PRINCIPAL].phone == "0574-1"
    assert persons[Duty.TECHNICAL].post == Text.same("工程师")
    assert Duty.OPERATING not in persons
    _, warnings = load_plant(tmp_path / "plant.yaml")
    assert any("nobody is named as operating" in one.message for one in warnings)
    _, faults = loaded(tmp_path, head + "{boss: {name: X}, technical: {phone: '1'}, operating: 7}}\n")
    assert [one.partition(": ")[2] for one in faults] == [
        "line 3: unknown key 'boss'",
        "line 3: name is missing",
        "line 3: operating is not a mapping",
    ]
