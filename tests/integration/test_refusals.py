"""What hazwatch refuses, and how it says so: a state folder in use, faulty settings, a broker that is not there."""

from pathlib import Path

import pytest

from tests.servers.hazwatch import Hazwatch, done, hazwatch, wait_until
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import free_ports

pytestmark = pytest.mark.server
POINTS = {"points.csv": "sensor,type\nLT-1,level\n"}
FAULTY = {
    "hazwatch.yaml": """\
plant: plant.yaml
points: points.csv
routes: routes.yaml
detectors: detectors.yaml
mqtt: {url: "http://127.0.0.1", password: "in the open", topics: ["a/#/b"]}
store: {kind: influxx}
colour: blue
state_dir: state
""",
    "good.yaml": """\
plant: plant.yaml
points: points.csv
routes: routes.yaml
detectors: detectors.yaml
mqtt: {url: "mqtt://127.0.0.1", password_file: nowhere}
state_dir: state
""",
    "plant.yaml": "sources: [{id: S1, enterprise: nobody, chemicals: [{substance: unobtainium, quantity_t: 5}]}]\n",
    "points.csv": (
        "sensor,type,range_lo,range_hi,l,h,hh,scan_s\n"
        "LT-1,levle,,,,,,\n"
        "LT-2,level,10,0,,,,\n"
        "LT-3,level,0,100,,90,80,\n"
        "LT-4,level,0,100,,nan,,\n"
        "LT-5,level,0,100,,,,\n"
        "LT-5,level,0,100,,,,-3\n"
    ),
    "routes.yaml": "receivers: {a: {kind: pigeon}}\nroute: {receiver: b, match: [grade=purple]}\n",
    "detectors.yaml": "types: {level: {methods: {dead_scans: -1, zeal: 3}}}\n",
}  # fmt: skip


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def test_two_processes_on_one_state_folder(tmp_path: Path, cache: Path) -> None:
    with Mosquitto(tmp_path / "mosquitto") as broker:
        first = Hazwatch(
            tmp_path / "run", cache, {"points": "points.csv", "mqtt": {"url": broker.url}}, POINTS
        )
        first.start()
        try:
            second = first.folder / "second.yaml"
            second.write_text(first.config.read_text().replace(first.url.rpartition(":")[2], "0"))
            ran = hazwatch(first.folder, cache, "run", "--config", second)
            assert ran.returncode == 1
            said = ran.stderr.decode()
            assert str(first.pid) in said
            assert "Traceback" not in said
            first.wait_connected()
            assert first.stop() == 0
        finally:
            first.kill()


@pytest.mark.parametrize("command", [("check-config", "good.yaml"), ("run", "--config", "good.yaml")])
def test_every_fault_of_every_file_is_told_together(
    command: tuple[str, ...], tmp_path: Path, cache: Path
) -> None:
    write(tmp_path, FAULTY)
    ran = hazwatch(tmp_path, cache, *command)
    assert ran.returncode == 1
    said = ran.stderr.decode()
    assert "Traceback" not in said
    assert ran.stdout == b""
    for words in (
        ("plant.yaml: line 1:", "unobtainium"),
        ("plant.yaml: line 1:", "nobody"),
        ("points.csv", "levle"),
        ("points.csv", "range_lo"),
        ("points.csv", "hh"),
        ("points.csv", "nan"),
        ("points.csv", "LT-5"),
        ("points.csv", "scan_s"),
        ("routes.yaml: line 1:", "pigeon"),
        ("routes.yaml: line 2:", "purple"),
        ("detectors.yaml: line 1:", "zeal"),
        ("detectors.yaml: line 1:", "dead_scans"),
        ("nowhere", "MQTT password"),
    ):
        assert any(all(word in line for word in words) for line in said.splitlines()), (words, said)
    assert not (tmp_path / "state" / "ledger.sqlite").exists(), "nothing starts on a bad file"


def test_faults_of_the_settings_themselves(tmp_path: Path, cache: Path) -> None:
    write(tmp_path, FAULTY)
    ran = hazwatch(tmp_path, cache, "check-config", "hazwatch.yaml")
    assert ran.returncode == 1
    said = ran.stderr.decode()
    for words in (
        ("hazwatch.yaml: line 5:", "secret", "HAZWATCH_MQTT__PASSWORD"),
        ("hazwatch.yaml: line 6:", "store.kind", "influx"),
        ("hazwatch.yaml: line 7:", "colour", "plant"),
        ("points.csv", "levle"),
        ("routes.yaml: line 1:", "pigeon"),
    ):
        assert any(all(word in line for word in words) for line in said.splitlines()), (words, said)
    assert "in the open" not in said, "a secret is not repeated"


def test_settings_without_faults_are_summed_up(tmp_path: Path, cache: Path) -> None:
    write(tmp_path, {"hazwatch.yaml": "points: points.csv\n", **POINTS})
    ran = done(hazwatch(tmp_path, cache, "check-config", "hazwatch.yaml"))
    assert "1 sensors" in ran.stdout.decode()


@pytest.mark.parametrize(
    "command",
    ["run", "check-config", "replay", "tune", "backtest", "score", "sim", "alerts", "demo", "bench", "user"],
)
def test_wrong_usage_is_exit_2_and_help_is_0(command: str, tmp_path: Path, cache: Path) -> None:
    assert hazwatch(tmp_path, cache, command, "--no-such-option").returncode == 2
    assert done(hazwatch(tmp_path, cache, command, "--help")).stdout


def test_a_publication_without_a_broker_is_exit_3(tmp_path: Path, cache: Path) -> None:
    (port,) = free_ports(1)
    ran = hazwatch(
        tmp_path, cache, "sim", "demo-site", "--hours", "0.01", "--mqtt", f"mqtt://127.0.0.1:{port}"
    )
    assert ran.returncode == 3
    assert str(port) in ran.stderr.decode()
    assert "Traceback" not in ran.stderr.decode()


def test_run_waits_for_a_broker_that_is_not_there_yet(tmp_path: Path, cache: Path) -> None:
    broker = Mosquitto(tmp_path / "mosquitto")
    service = Hazwatch(
        tmp_path / "run",
        cache,
        {"points": "points.csv", "mqtt": {"url": broker.url}, "store": {"kind": "none"}},
        POINTS,
    )
    service.start()
    try:
        status, ready = service.probe("readyz")
        assert status == 503
        assert ready["parts"]["broker"]["state"] == "down"
        wait_until(
            lambda: "refused" in service.part("broker")["detail"]["en"], 10, lambda: service.part("broker")
        )
        assert "未连接" in service.part("broker")["detail"]["zh"]
        assert service.probe("healthz")[0] == 200
        with broker:
            service.wait_connected(40)
            assert service.stop() == 0
    finally:
        service.kill()
