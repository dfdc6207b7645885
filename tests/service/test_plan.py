"""From settings to a plan: the faults of all files at once."""

import shutil
import subprocess
from pathlib import Path

import pytest

from detectors.clock import Clock
from registry.faults import InputError
from registry.sensors import SensorType
from service.plan import load, plan_of_columns, plan_of_points
from tests.service.site import write_site


def faults_of(config: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        load(config)
    return [str(fault) for fault in caught.value.faults if fault.level == "error"]


def test_the_faults_of_all_files_are_told_together(tmp_path: Path) -> None:
    config = write_site(
        tmp_path,
        "plant: plant.yaml\ndetectors: detectors.yaml\nroutes: routes.yaml\ngrades: grades.yaml\nalarms: alarms.yaml\n"
        "mqtt: {url: 'http://x', password_file: none, username: li}\n",
        points="sensor,type\nLT,niveau\n",
    )
    (tmp_path / "plant.yaml").write_text("areas: 5\n")
    (tmp_path / "detectors.yaml").write_text("types: {level: {methods: {z_threshold: -1}}}\n")
    (tmp_path / "routes.yaml").write_text("receivers: {}\n")
    (tmp_path / "grades.yaml").write_text("table: 5\n")
    (tmp_path / "alarms.yaml").write_text("shelving: {longest_h: 99}\n")
    told = "\n".join(faults_of(config))
    for name in (
        "plant.yaml",
        "points.csv",
        "detectors.yaml",
        "routes.yaml",
        "grades.yaml",
        "alarms.yaml",
        "none",
        "hazwatch.yaml",
    ):
        assert str(tmp_path / name) in told, name
    assert "niveau" in told
    assert "z_threshold" in told
    assert "mqtt.url" in told


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    config = write_site(tmp_path, "plant: p.yaml\ndetectors: d.yaml\nroutes: r.yaml\ngrades: g.yaml\n")
    told = faults_of(config)
    for name in ("p.yaml", "d.yaml", "r.yaml", "g.yaml"):
        assert any(str(tmp_path / name) in fault and "does not exist" in fault for fault in told), name


@pytest.mark.parametrize(
    ("extra", "line", "words"),
    [
        ("mqtt:\n  url: tcp://h\n", 5, "no address of a broker"),
        ("mqtt:\n  url: mqtt://li:geheim@h\n", 5, "a user does not belong in the url"),
        ("mqtt:\n  topics: [a/#/b]\n", 5, "# stands for whole levels"),
        ("mqtt:\n  ca: ca.pem\n", 5, "has no meaning without TLS"),
        ("mqtt:\n  url: mqtts://h\n  ca: ca.pem\n", 6, "no file"),
        ("mqtt:\n  url: mqtts://h\n  key: points.csv\n", 6, "a key needs its certificate"),
        ("mqtt:\n  url: mqtts://h\n  cert: points.csv\n", 6, "cannot be read"),
    ],
)
def test_a_connection_that_cannot_be_is_told_before_it_is_tried(
    tmp_path: Path, extra: str, line: int, words: str
) -> None:
    (fault,) = faults_of(write_site(tmp_path, extra))
    assert f"hazwatch.yaml: line {line}: " in fault
    assert words in fault
    assert "geheim" not in fault


def test_the_consoles_certificate_is_tried(tmp_path: Path) -> None:
    config = write_site(tmp_path)
    config.write_text(
        "points: points.csv\nstore: {kind: none}\nconsole: {listen: '127.0.0.1:0', cert: c, key: k}\n"
    )
    (fault,) = faults_of(config)
    assert "line 3: console.cert" in fault
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test -keyout k -out c"
    subprocess.run(make.split(), cwd=tmp_path, capture_output=True, check=True)
    assert load(config).settings.console is not None
    shutil.copy(tmp_path / "points.csv", tmp_path / "k")
    (fault,) = faults_of(config)
    assert "cannot be used" in fault


def test_sensors_of_the_profile_must_be_in_the_points_table(tmp_path: Path) -> None:
    config = write_site(tmp_path, "detectors: detectors.yaml\n")
    (tmp_path / "detectors.yaml").write_text("sensors:\n  e/LT: {z_threshold: 6}\n  e/XX: {z_threshold: 6}\n")
    (fault,) = faults_of(config)
    assert "detectors.yaml: line 3: sensor 'e/XX' is not in the points table" in fault


def test_a_good_site_becomes_a_plan(tmp_path: Path) -> None:
    config = write_site(
        tmp_path,
        "clock: event\nmqtt: {password_file: pw, username: li}\nmapped: [{topic: g/#, name: n, value: v}]\n",
    )
    (tmp_path / "pw").write_text("geheim\n")
    loaded = load(config)
    assert loaded.plan.clock is Clock.EVENT
    assert [spec.id for spec in loaded.plan.registry.specs] == ["e/LT", "e/GT"]
    assert loaded.plan.mapped[0].topic == "g/#"
    assert loaded.secrets.mqtt_password == "geheim"
    assert loaded.secrets.store_token is None
    assert set(loaded.plan.routes.receivers) == {"log"}


def test_points_alone_make_a_plan(tmp_path: Path) -> None:
    write_site(tmp_path)
    plan, _ = plan_of_points(tmp_path / "points.csv")
    assert len(plan.registry) == 2
    assert plan.clock is Clock.EVENT
    with pytest.raises(InputError):
        plan_of_points(tmp_path / "none.csv")


def test_names_alone_make_a_plan() -> None:
    plan = plan_of_columns(["a", "b"])
    assert [(spec.id, spec.type) for spec in plan.registry.specs] == [
        ("a", SensorType.OTHER),
        ("b", SensorType.OTHER),
    ]
