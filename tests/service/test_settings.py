"""hazwatch.yaml and the variables: every fault with its place and what is allowed, every value where it belongs."""

from pathlib import Path

import pytest

from detectors.clock import Clock
from ingest.mapped import TimeUnit
from registry.faults import Fault
from service.settings import Settings, load_settings, secret

OK = "points: points.csv\n"


def load(tmp_path: Path, text: str) -> tuple[Settings | None, list[Fault]]:
    path = tmp_path / "hazwatch.yaml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path)


def good(tmp_path: Path, text: str) -> Settings:
    settings, faults = load(tmp_path, text)
    assert [str(f) for f in faults if f.level == "error"] == []
    assert settings is not None
    return settings


def faults_of(tmp_path: Path, text: str) -> list[Fault]:
    settings, faults = load(tmp_path, text)
    assert settings is None
    return faults


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "points: this key is needed"),
        ("- points.csv\n", 1, "not a mapping"),
        (f"{OK}foo: 1\n", 2, "unknown key 'foo' (allowed: plant, points, detectors"),
        (f"{OK}_env_prefix: X\n", 2, "unknown key '_env_prefix'"),
        (f"{OK}_cli_parse_args: true\n", 2, "unknown key '_cli_parse_args'"),
        (f"{OK}poinst: x\n", 2, "did you mean 'points'"),
        ("points: 5\n", 1, "points: a path is wanted"),
        (f"{OK}mqtt:\n  url: 5\n", 3, "mqtt.url: Input should be a valid string"),
        (f"{OK}mqtt:\n  usr: li\n", 3, "unknown key mqtt.usr (allowed: url, topics, username, password_file"),
        (f"{OK}mqtt: null\n", 2, "mqtt: keys of its own"),
        (f"{OK}mqtt:\n  topics: []\n", 3, "at least 1"),
        (f"{OK}mqtt:\n  topics: a\n", 3, "mqtt.topics: a list is wanted"),
        (f"{OK}mqtt:\n  keepalive_s: 4\n", 3, "greater than or equal to 5"),
        (f"{OK}mqtt:\n  receive_maximum: 65536\n", 3, "less than or equal to 65535"),
        (f"{OK}mqtt:\n  client_id: ''\n", 3, "at least 1 character"),
        (f"{OK}store:\n  kind: sqlite\n", 3, "'duckdb', 'influx' or 'none'"),
        (f"{OK}store:\n  kind: influx\n", 2, "url is needed for kind influx"),
        (f"{OK}store:\n  flavour: prom\n", 3, "'influx2', 'influx1' or 'victoria'"),
        (f"{OK}store:\n  spool_mb: -1\n", 3, "greater than 0"),
        (f"{OK}store:\n  queue_mb: .inf\n", 3, "finite"),
        (f"{OK}clock: sun\n", 2, "'wall' or 'event'"),
        (f"{OK}tiles:\n  gcj02: true\n", 2, "tiles.url: this key is needed"),
        *(
            (f"{OK}tiles:\n  url: '{url}'\n", 3, "is no address of tiles (allowed: https://host/")
            for url in (
                "https://t.example/{z}/{x}.png",
                "https://*.example/{z}/{x}/{y}",
                "https://t.example;script-src *//{z}/{x}/{y}",
                "https://li:secret@t.example/{z}/{x}/{y}",
                "javascript:alert(1)/{z}/{x}/{y}",
                "//t.example/{z}/{x}/{y}",
            )
        ),
        (f"{OK}console:\n  listen: 8080\n", 3, "valid string"),
        (f"{OK}console:\n  listen: '1.2.3.4:99999'\n", 3, "port 0 to 65535"),
        (f"{OK}console:\n  listen: '::1:80'\n", 3, "[::1]:8080"),
        (f"{OK}console: true\n", 2, "console: keys of its own"),
        (f"{OK}console: {{cert: a.pem}}\n", 2, "cert and key belong together"),
        (f"{OK}journal:\n  keep_h: 0\n", 3, "greater than 0"),
        (f"{OK}log:\n  level: loud\n", 3, "'debug', 'info', 'warning' or 'error'"),
        (f"{OK}mapped:\n  - topic: a\n    name: n\n", 3, "mapped.0.value: this key is needed"),
        (f"{OK}mapped:\n  - {{topic: a+, name: n, value: v}}\n", 3, "+ stands for a whole level"),
        (f"{OK}mapped:\n  - {{topic: a, name: '..', value: v}}\n", 3, "is no path"),
        (f"{OK}mapped:\n  - {{topic: a, name: n, value: v, time_unit: h}}\n", 3, "'s', 'ms', 'us', 'ns' or 'iso'"),
        (f"{OK}mapped: {{topic: a}}\n", 2, "a list is wanted"),
        (f"{OK}points: other.csv\n", 2, "stands twice"),
    ],
)  # fmt: skip
def test_a_fault_says_where_and_what_is_allowed(tmp_path: Path, text: str, line: int, words: str) -> None:
    (fault,) = faults_of(tmp_path, text)
    assert fault.file == str(tmp_path / "hazwatch.yaml")
    assert fault.where == f"line {line}"
    assert words in str(fault)


def test_all_faults_are_told_together(tmp_path: Path) -> None:
    faults = faults_of(
        tmp_path, "mqtt: {url: 1, password: geheim}\nstore: {token: geheim}\nclock: sun\nfoo: 1\n"
    )
    assert [f.where for f in faults] == ["line 1", "line 2", "line 4", "line 1", "line 1", "line 3"]
    assert "geheim" not in "".join(map(str, faults))


@pytest.mark.parametrize(
    ("text", "key"), [("mqtt: {password: geheim}", "password"), ("store: {token: geheim}", "token")]
)
def test_a_secret_is_refused_in_the_file(tmp_path: Path, text: str, key: str) -> None:
    (fault,) = faults_of(tmp_path, f"{OK}{text}\n")
    assert "must not stand in this file" in fault.message
    assert f"{key}_file" in fault.allowed
    assert "HAZWATCH_" in fault.allowed
    assert "geheim" not in str(fault)


def test_a_file_that_is_no_yaml_or_not_there_is_one_fault(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, "points: [\n")
    assert "not valid YAML" in fault.message
    _, (fault,) = load_settings(tmp_path / "none.yaml")
    assert fault.message == "the file does not exist"


def test_what_the_file_does_not_say_has_its_default(tmp_path: Path) -> None:
    settings = good(tmp_path, OK)
    assert settings.clock is Clock.WALL
    assert settings.mqtt.url == "mqtt://127.0.0.1:1883"
    assert settings.store.kind == "duckdb"
    assert settings.console is not None
    assert (settings.console.host, settings.console.port) == ("127.0.0.1", 8080)


def test_paths_are_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    monkeypatch.setenv("HAZWATCH_MQTT__CA", "pki/ca.pem")
    settings = good(
        tmp_path,
        f"{OK}plant: ../plant.yaml\nstore: {{path: /var/x.duckdb}}\nmqtt: {{password_file: secrets/mqtt}}\n"
        "console: {cert: c.pem, key: k.pem}\n",
    )
    assert settings.points == tmp_path / "points.csv"
    assert settings.plant == tmp_path / ".." / "plant.yaml"
    assert settings.state_dir == tmp_path / "state"
    assert settings.store.path == Path("/var/x.duckdb")
    assert settings.mqtt.password_file == tmp_path / "secrets" / "mqtt"
    assert settings.mqtt.ca == tmp_path / "pki" / "ca.pem"
    assert settings.console is not None
    assert settings.console.cert == tmp_path / "c.pem"


@pytest.mark.parametrize(
    ("listen", "host", "port"), [("[::1]:80", "::1", 80), ("localhost:0", "localhost", 0)]
)
def test_the_consoles_address(tmp_path: Path, listen: str, host: str, port: int) -> None:
    console = good(tmp_path, f"{OK}console: {{listen: '{listen}'}}\n").console
    assert console is not None
    assert (console.host, console.port) == (host, port)


@pytest.mark.parametrize("off", ["false", "null"])
def test_the_console_can_be_switched_off(tmp_path: Path, off: str) -> None:
    assert good(tmp_path, f"{OK}console: {off}\n").console is None


def test_tiles_are_fetched_from_nowhere_unless_a_server_is_named(tmp_path: Path) -> None:
    assert good(tmp_path, OK).tiles is None
    tiles = good(
        tmp_path, f"{OK}tiles: {{url: 'http://10.0.0.5:8081/t/{{z}}/{{x}}/{{y}}.png?k=a&b=1'}}\n"
    ).tiles
    assert tiles is not None
    assert (tiles.gcj02, tiles.max_zoom, tiles.attribution) == (False, 18, "")


def test_the_console_can_be_switched_off_by_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HAZWATCH_CONSOLE", "false")
    assert good(tmp_path, f"{OK}console: {{listen: '127.0.0.1:1'}}\n").console is None


def test_a_variable_goes_before_the_file_and_leaves_its_neighbours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "HAZWATCH_MQTT__URL": "mqtt://elsewhere",
        "HAZWATCH_MQTT__TOPICS": '["a/#", "b/+"]',
        "HAZWATCH_MQTT__PASSWORD": "geheim",
        "HAZWATCH_STATE_DIR": "/var/lib/x",
        "HAZWATCH_CLOCK": "event",
        "HAZWATCH_JOURNAL__KEEP_H": "1.5",
        "HAZWATCH_MAPPED": '[{"topic": "g/#", "name": "n", "value": "v", "time_unit": "s"}]',
    }.items():
        monkeypatch.setenv(name, value)
    settings = good(tmp_path, f"{OK}mqtt: {{url: 'mqtt://here', username: li}}\nstate_dir: s\n")
    assert settings.mqtt.url == "mqtt://elsewhere"
    assert settings.mqtt.topics == ("a/#", "b/+")
    assert settings.mqtt.username == "li"
    assert settings.mqtt.password is not None
    assert settings.mqtt.password.get_secret_value() == "geheim"
    assert "geheim" not in repr(settings)
    assert settings.state_dir == Path("/var/lib/x")
    assert settings.clock is Clock.EVENT
    assert settings.journal.keep_h == 1.5
    assert settings.mapped[0].mapping().time_unit is TimeUnit.S


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("HAZWATCH_MQTT__KEEPALIVE_S", "abc", "mqtt.keepalive_s"),
        ("HAZWATCH_CLOCK", "sun", "'wall' or 'event'"),
        ("HAZWATCH_CONSOLE__LISTEN", "x", "no address and port"),
        ("HAZWATCH_MQTT__FOO", "1", "unknown key mqtt.foo (allowed: url"),
        ("HAZWATCH_MQTT", "{bad", "not JSON"),
        ("HAZWATCH_MQTT__TOPICS", "a/#", "not JSON"),
        ("HAZWATCH_MAPPED", "[", "not JSON"),
    ],
)
def test_a_bad_variable_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)
    (fault,) = faults_of(tmp_path, OK)
    assert fault.file == f"variable {name}"
    assert words in str(fault)


def test_a_misspelt_variable_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAZWATCH_STATEDIR", "/var/lib/x")
    settings, faults = load(tmp_path, OK)
    assert settings is not None
    assert [(f.file, f.level) for f in faults if "STATEDIR" in f.file] == [
        ("variable HAZWATCH_STATEDIR", "warning")
    ]


def test_secrets_come_from_a_variable_before_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("geheim \n", encoding="utf-8")
    settings = Settings(points=tmp_path, mqtt={"password": "other"})
    assert secret(settings.mqtt.password, file, "x") == ("other", [])
    assert secret(None, file, "x") == ("geheim ", [])
    assert secret(None, None, "x") == (None, [])


@pytest.mark.parametrize(
    ("content", "words"), [(None, "cannot be read"), (b"\n", "is empty"), (b"\xff", "cannot be read")]
)
def test_a_secret_file_that_gives_none_is_a_fault(tmp_path: Path, content: bytes | None, words: str) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    value, (fault,) = secret(None, file, "the MQTT password")
    assert value is None
    assert words in fault.message
    assert "the MQTT password" in fault.message
