"""The command line: usage, exit codes, and that what a person did wrong is told in words."""

import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from alerting.commands import SystemCondition, encode_command
from console.accounts import database_path
from ledger.audit import Asked, AuditLog
from ledger.ledger import Ledger
from ledger.records import JournalEntry
from registry.plant import Text
from service.commands.answers import cause_of
from service.effects import commit_of
from service.main import build, main
from service.pipeline import Pipeline
from service.plan import load
from tests.servers.mosquitto import Mosquitto
from tests.service.site import T0, write_site
from tests.sim.small import SMALL

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = (
    "demo",
    "run",
    "check-config",
    "replay",
    "tune",
    "backtest",
    "score",
    "sim",
    "bench",
    "alerts",
    "report",
    "routes",
    "user",
    "audit",
)


class Answer(NamedTuple):
    """What a command said and how it ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Answer]


@pytest.fixture
def hazwatch(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run a command in this process, which has its compiled kernels already."""
    for module in ("check_config", "replay"):
        monkeypatch.setattr(f"service.commands.{module}.use_compile_cache", lambda _: None)
    monkeypatch.chdir(tmp_path)

    def run(*args: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["hazwatch", *map(str, args)])
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        assert isinstance(code, int | None)
        return Answer(code or 0, *capfd.readouterr())

    return run


# ---- usage


@pytest.mark.parametrize(
    "args",
    [
        "nonsense", "run --nonsense", "check-config", "replay", "demo --seed x", "demo --seed -1", "demo --port 70000",
        "demo --minutes x", "sim demo-site --shape x --out x.csv", "sim demo-site --wire x --out x.csv", "sim demo-site --clients 0 --out x.csv",
        "user add", "user add li", "user add li --role king", "user disable li", "user role li --role viewer", "user password li",
        "alerts --after x",
    ],
)  # fmt: skip
def test_wrong_usage_ends_with_2(args: str) -> None:
    result = CliRunner().invoke(build(), args.split())
    assert result.exit_code == 2
    assert "Usage" in result.output


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ("sim", "which scenario?"),
        ("sim demo-site", "nowhere to put it"),
        ("demo --headless --minutes -1", "--minutes: -1.0 is no duration"),
        ("demo --headless --minutes nan", "--minutes: nan is no duration"),
    ],
)
def test_usage_that_options_alone_do_not_show(hazwatch: Run, args: str, words: str) -> None:
    code, out, err = hazwatch(*args.split())
    assert code == 2
    assert words in err
    assert out == ""


def test_every_command_has_its_help() -> None:
    runner = CliRunner()
    overview = runner.invoke(build(), ["--help"])
    assert overview.exit_code == 0
    for command in COMMANDS:
        assert command in overview.output
        assert runner.invoke(build(), [command, "--help"]).exit_code == 0


def test_texts_from_outside_are_printed_as_they_are() -> None:
    """Every command prints through the one console that takes nothing for markup; `service.warm` says words of its own."""
    made = re.compile(r"\bConsole\(|from_markup|markup=True")
    folder = ROOT / "service"
    found = {path.name for path in folder.rglob("*.py") if made.search(path.read_text("utf-8"))}
    assert found == {"terminal.py", "warm.py"}


# ---- check-config


def test_a_good_site_is_summed_up(hazwatch: Run, tmp_path: Path) -> None:
    code, out, err = hazwatch("check-config", write_site(tmp_path))
    assert code == 0
    assert "2 sensors, 0 hazard sources" in out
    assert "gas_combustible" in out
    assert "error" not in err


def test_every_fault_is_a_line_on_standard_error(hazwatch: Run, tmp_path: Path) -> None:
    config = write_site(tmp_path, "clock: sun\nfoo: 1\n")
    code, out, err = hazwatch("check-config", config)
    assert (code, out) == (1, "")
    allowed = "plant, points, detectors, tuned, routes, grades, alarms, mqtt, mapped, store, state_dir, clock, console, tiles, journal, reports, log"
    assert err.splitlines() == [
        f"error: {config}: line 5: unknown key 'foo' (allowed: {allowed})",
        f"error: {config}: line 4: clock: Input should be 'wall' or 'event'",
    ]


def test_the_example_site_lacks_only_what_no_repository_may_hold(
    hazwatch: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = ROOT / "configs/site/hazwatch.yaml"
    if not config.exists():
        pytest.skip("the examples lie in the repository, not in the wheel")
    code, _, err = hazwatch("check-config", config)
    assert code == 1
    assert [line for line in err.splitlines() if not any(s in line for s in ("secrets/", "ca.crt"))] == []
    monkeypatch.setenv("HAZWATCH_MQTT__PASSWORD", "x")
    monkeypatch.setenv("HAZWATCH_STORE__TOKEN", "x")
    monkeypatch.setenv("HAZWATCH_MQTT__CA", str(_some_ca()))
    code, out, err = hazwatch("check-config", config)
    assert code == 0, err
    assert "no faults" in out


def _some_ca() -> Path:
    import ssl  # noqa: PLC0415 - only here

    path = ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt"
    return Path(path)


# ---- replay


RECORDING = "time,LT,XX\n" + "".join(f"2026-01-01T00:00:{k:02d}Z,{50 + k},1\n" for k in range(60))


def test_a_replay_writes_what_it_found(hazwatch: Run, tmp_path: Path) -> None:
    write_site(tmp_path)
    (tmp_path / "r.csv").write_text(RECORDING)
    code, out, err = hazwatch(
        "replay", "r.csv", "--points", "points.csv", "--alerts", "a", "--findings", "f", "--scores", "s"
    )
    assert (code, out) == (0, "")
    assert "not in the points table, left out: XX" in err
    told = [json.loads(line)["event"] for line in (tmp_path / "a").read_text().splitlines()]
    assert told == ["opened", "escalated", "escalated", "opened"], (
        "by a forecast, then h, hh, and out of range"
    )
    assert len((tmp_path / "s").read_text().splitlines()) == 61
    assert (tmp_path / "f").read_text()
    again = hazwatch("replay", "r.csv", "--config", "hazwatch.yaml", "--alerts", "b")
    assert again.code == 0
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_recording_alone_is_enough(hazwatch: Run, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(RECORDING)
    assert hazwatch("replay", "r.csv").code == 0


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ("none.csv", "there is no such file"),
        ("r.csv --speed 0x", "command line: --speed: '0x' is no speed (allowed: max"),
        ("r.csv --speed fast", "'fast' is no speed"),
        ("r.csv --config hazwatch.yaml --points points.csv", "command line: --points: --config names"),
        ("r.csv --points none.csv", "none.csv: the file does not exist"),
        ("r.csv --config none.yaml", "none.yaml: the file does not exist"),
        ("r.csv --time-column x", "x"),
        ("r.csv --alerts no/where", "error: no/where: No such file or directory"),
        ("state", "a journal needs the settings it was made with"),
    ],
)
def test_a_replay_that_cannot_be_ends_with_1(hazwatch: Run, tmp_path: Path, args: str, words: str) -> None:
    write_site(tmp_path)
    (tmp_path / "r.csv").write_text(RECORDING)
    Ledger.open(tmp_path / "state").close()
    code, out, err = hazwatch("replay", *args.split())
    assert (code, out) == (1, "")
    assert words in err


# ---- ledgers from outside


def kept_events(config: Path) -> list[bytes]:
    """Leave two events in a site's state folder; return their lines."""
    pipe = Pipeline(load(config).plan)
    with Ledger.open(config.parent / "state") as ledger:
        for active in (True, False):
            told = SystemCondition(name="store", active=active, detail=Text("库", "store"))
            entry = JournalEntry(now_ns=T0, kind="command", body=encode_command(told))
            ledger.commit(commit_of(entry, pipe.entry(entry), None))
        return [event.line for event in ledger.alert_events()]


def test_alerts_prints_what_the_ledger_has(hazwatch: Run, tmp_path: Path) -> None:
    config = write_site(tmp_path)
    lines = kept_events(config)
    assert hazwatch("alerts", "--config", config).out.encode() == b"".join(line + b"\n" for line in lines)
    assert hazwatch("alerts", "--config", config, "--after", 1).out.encode() == lines[1] + b"\n"


def test_a_journal_can_be_replayed(hazwatch: Run, tmp_path: Path) -> None:
    config = write_site(tmp_path)
    lines = kept_events(config)
    code, _, err = hazwatch("replay", "state", "--config", config, "--alerts", "a")
    assert code == 0, err
    assert (tmp_path / "a").read_bytes() == b"".join(line + b"\n" for line in lines)


def test_a_state_folder_without_a_ledger(hazwatch: Run, tmp_path: Path) -> None:
    code, _, err = hazwatch("alerts", "--config", write_site(tmp_path))
    assert code == 1
    assert "there is no ledger here" in err


# ---- accounts


@pytest.fixture
def password(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text("correct horse battery staple\n")
    return file


def test_an_account_is_added(hazwatch: Run, tmp_path: Path, password: Path) -> None:
    config = write_site(tmp_path)
    code, _, err = hazwatch(
        "user", "add", "li", "--role", "operator", "--config", config, "--password-file", password
    )
    assert (code, err) == (0, "added li (operator)\n")
    with AuditLog(tmp_path / "state") as log:
        (entry,) = log.search(Asked(), 9)
    assert (entry.deed.action, entry.deed.subject, entry.deed.who[:6]) == ("set_account", "li", "local:")
    database = database_path(tmp_path / "state")
    assert sqlite3.connect(database).execute("select name from accounts").fetchall() == [("li",)]
    assert "staple" not in database.read_bytes().decode("latin1")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ("add li --role operator --config none.yaml", "does not exist"),
        ("add li --role operator --password-file none", "none"),
        ("add li --role operator --password-file empty", "password"),
        ("add '' --role operator --password-file password", "user ''"),
        ("add a:b --role operator --password-file password", "user 'a:b'"),
    ],
)
def test_an_account_that_cannot_be_ends_with_1(
    hazwatch: Run, tmp_path: Path, password: Path, args: str, words: str
) -> None:
    assert password.exists()
    write_site(tmp_path)
    (tmp_path / "empty").write_text("")
    code, out, err = hazwatch("user", *("" if a == "''" else a for a in args.split()))
    assert (code, out) == (1, "")
    assert words in err


def test_accounts_are_administered_at_the_terminal(hazwatch: Run, tmp_path: Path, password: Path) -> None:
    config = write_site(tmp_path)

    def user(*args: str) -> tuple[int, str, str]:
        return hazwatch("user", *args, "--config", config)

    assert "there are no accounts yet" in user("list")[2]
    for name, role in (("zhou", "admin"), ("li", "operator")):
        assert user("add", name, "--role", role, "--password-file", str(password))[0] == 0
    why = ("--reason", "left the works")
    assert user("role", "li", "--role", "viewer", "--enterprise", "lpg", *why)[::2] == (0, "li is viewer\n")
    code, out, _ = user("password", "li", *why)
    assert (code, len(out.strip())) == (0, 16)
    assert user("list")[1] == "li\tviewer\t-\tlpg\tnew password due\nzhou\tadmin\t-\t-\tactive\n"
    assert user("disable", "li", *why)[0] == 0
    assert "li\tviewer\t-\tlpg\tdisabled" in user("list")[1]
    assert user("enable", "li", *why)[0] == 0
    for refused in (("disable", "zhou"), ("role", "zhou", "--role", "viewer")):
        code, _, err = user(*refused, *why)
        assert (code, "the last administrator" in err) == (1, True)
    assert user("disable", "nobody", *why)[0] == 1
    with AuditLog(tmp_path / "state") as log:
        rows = [one.deed for one in log.search(Asked(), 99)]
    assert [(row.action, row.subject, row.outcome) for row in rows] == [
        ("disable_account", "nobody", "not_found"),
        ("set_account", "zhou", "last_admin"),
        ("disable_account", "zhou", "last_admin"),
        ("enable_account", "li", "done"),
        ("disable_account", "li", "done"),
        ("one_time_password", "li", "done"),
        ("set_account", "li", "done"),
        ("set_account", "li", "done"),
        ("set_account", "zhou", "done"),
    ]
    assert rows[3].reason == "left the works"
    assert all(row.who.startswith("local:") for row in rows)
    assert out.strip() not in str(rows)


def test_the_audit_log_is_verified(hazwatch: Run, tmp_path: Path, password: Path) -> None:
    config = write_site(tmp_path)
    code, _, err = hazwatch("audit", "verify", "--config", config)
    assert (code, "there is no audit log" in err) == (1, True)
    add = ("user", "add", "li", "--role", "operator", "--config", config, "--password-file", password)
    assert hazwatch(*add).code == 0
    code, _, err = hazwatch("audit", "verify", "--config", config)
    assert (code, err.startswith("1 rows, all as they were written; anchor 1:")) == (0, True)
    anchor = err.split()[-1]
    assert hazwatch(*add).code == 0
    assert hazwatch("audit", "verify", "--config", config, "--anchor", anchor).code == 0
    with sqlite3.connect(tmp_path / "state" / "audit.db") as db:
        db.execute("UPDATE audit SET who = 'nobody' WHERE n = 1")
    code, _, err = hazwatch("audit", "verify", "--config", config)
    assert (code, "row 1" in err) == (1, True)
    code, _, err = hazwatch("audit", "verify", "--config", config, "--anchor", "1:x")
    assert (code, "NUMBER:HASH" in err) == (1, True)


# ---- sim


def test_a_simulation_goes_to_files(hazwatch: Run, tmp_path: Path) -> None:
    code, _, err = hazwatch("sim", "demo-site", "--hours", 0.01, "--out", "r.csv", "--truth", "t.json")
    assert code == 0, err
    assert (tmp_path / "r.csv").read_text().startswith("time,")
    assert json.loads((tmp_path / "t.json").read_text())["scenario"] == "demo-site"
    listed = hazwatch("sim", "--list").out
    assert (listed.count("demo-site"), listed.count("site-200")) == (1, 1)


def test_a_scenario_comes_with_the_settings_to_watch_it(hazwatch: Run, tmp_path: Path) -> None:
    code, _, err = hazwatch("sim", "site-200", "--settings", "site")
    assert code == 0, err
    assert sorted(path.name for path in (tmp_path / "site").iterdir()) == [
        "hazwatch.yaml", "plant.yaml", "points.csv", "routes.yaml",
    ]  # fmt: skip
    checked = hazwatch("check-config", "site/hazwatch.yaml")
    assert checked.code == 0, checked.err
    assert "239 sensors" in checked.out
    assert hazwatch("sim", "demo-site", "--settings", "demo").code == 0
    assert (tmp_path / "demo" / "points.csv").exists()


def test_a_scenario_file_is_simulated_with_any_number_of_processes(hazwatch: Run, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(
        f"{SMALL}\nevents:\n  - {{what: maintenance, at_h: 0.3}}\n", encoding="utf-8"
    )
    for workers in (1, 2):
        out, truth = f"{workers}.csv", f"{workers}.json"
        args = ("--hours", 0.5, "--workers", workers, "--out", out, "--truth", truth)
        code, _, err = hazwatch("sim", "small.yaml", *args)
        assert code == 0, err
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()
    assert [event["kind"] for event in json.loads((tmp_path / "1.json").read_text())["events"]] == [
        "maintenance"
    ]


@pytest.mark.server
@pytest.mark.parametrize("options", ["--clients 2", "--clients 2 --wire sparkplug --gather 5"])
def test_a_simulation_is_published(hazwatch: Run, tmp_path: Path, options: str) -> None:
    with Mosquitto(tmp_path / "mosquitto") as broker:
        code, _, err = hazwatch(
            *f"sim demo-site --hours 0.01 --speed max --mqtt {broker.url} {options}".split()
        )
    assert code == 0, err
    assert "published 1,6" in err


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        ("nope --out x.csv", 1, "unknown scenario 'nope'"),
        ("demo-site --hours nan --out x.csv", 1, "--hours: nan is no duration"),
        ("demo-site --hours 0.01 --out x.foo", 1, "unknown kind of file"),
        ("demo-site --hours 0.01 --out no/where.csv", 1, "cannot be written"),
        ("demo-site --hours 0.01 --mqtt http://x", 1, "command line: mqtt.url: 'http://x' is no address"),
        ("demo-site --hours 0.01 --mqtt mqtt://127.0.0.1:1 --speed x", 1, "command line: --speed"),
        ("demo-site --hours 0.01 --mqtt mqtt://127.0.0.1:1", 3, "Connection refused"),
        (
            "demo-site --hours 0.01 --mqtt mqtt://127.0.0.1:1 --username li --password-file none",
            1,
            "cannot be read",
        ),
        ("points.csv --truth t.json", 1, "no labelled truth"),
        ("points.csv --settings s", 1, "no settings"),
        ("none.yaml --out x.csv", 1, "none.yaml: the file does not exist"),
        ("bad.yaml --out x.csv", 1, "bad.yaml: line 2: unknown key 'sorces'"),
        ("site-200 --settings points.csv", 1, "cannot be written"),
    ],
)
def test_a_simulation_that_cannot_be(hazwatch: Run, tmp_path: Path, args: str, code: int, words: str) -> None:
    write_site(tmp_path)
    (tmp_path / "points.csv").write_text(RECORDING)
    (tmp_path / "bad.yaml").write_text("scenario: bad\nsorces: []\n")
    answer = hazwatch("sim", *args.split())
    assert (answer.code, answer.out) == (code, "")
    assert words in answer.err


def test_who_reads_our_output_may_stop_reading(tmp_path: Path) -> None:
    config = write_site(tmp_path)
    kept_events(config)
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as out:
        ran = subprocess.run(
            _command("alerts", "--config", config),
            stdout=out,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
            env=_env(tmp_path),
            check=False,
        )
    assert ran.stderr == b""


# ---- real processes: no traceback reaches a user


def _command(*args: object) -> list[str]:
    return [sys.executable, "-c", "from service.main import main; main()", *map(str, args)]


def _env(cache: Path) -> dict[str, str]:
    paths = [str(ROOT)] if (ROOT / "service").is_dir() else []
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "XDG_CACHE_HOME": str(cache)}


def process(folder: Path, cache: Path, *args: object) -> Answer:
    """Run a command as a person would."""
    ran = subprocess.run(
        _command(*args),
        cwd=folder,
        env=_env(cache),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=200,
        check=False,
    )
    return Answer(ran.returncode, ran.stdout.decode(), ran.stderr.decode())


BAD_FILES = {
    "binary.yaml": bytes(range(256)),
    "latin.yaml": "points: punkte_für_li.csv\n".encode("latin1"),
    "empty.yaml": b"",
    "list.yaml": b"- 1\n",
    "bomb.yaml": b"a: &a [x,x,x,x,x,x,x,x,x]\n"
    + b"".join(b"%c: &%c [%s]\n" % (k, k, b",".join([b"*%c" % (k - 1)] * 9)) for k in range(ord("b"), ord("j"))),
    "deep.yaml": b"[" * 5000,
    "broken.csv.gz": b"\x1f\x8bjunk",
    "broken.parquet": b"PAR1junkPAR1",
    "headless.csv": b"\n\n\n",
    "quotes.csv": b'time,"a\n2026-01-01T00:00:00Z,1\n',
    "times.csv": b"time,a\nyesterday,1\n",
    "nul.csv": b"time,a\n\0,1\n",
    "junk.ndjson": b"{\n",
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_gives_words(hazwatch: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(BAD_FILES[name])
    code, out, err = hazwatch("check-config" if name.endswith("yaml") else "replay", name)
    assert (code, out) == (1, "")
    assert f"error: {name}" in err
    assert len(err) < 2000


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        ("check-config .", 1, "error: .: the file cannot be read"),
        ("run --config none.yaml", 1, "the file does not exist"),
        ("run --config bad.yaml", 1, "clock"),
        ("run --config file.yaml", 1, "statefile"),
        ("run --config damaged.yaml", 1, "is damaged"),
        ("run --config locked.yaml", 1, "in use by process"),
        ("run --config duck.yaml", 3, "store cannot be opened"),
        ("replay damaged --config ok.yaml", 1, "is damaged"),
        ("user add li --role operator --config file.yaml", 1, "statefile"),
        ("run --config port.yaml", 1, "another program listens there"),
        ("demo --minutes 0.01 --port PORT", 1, "another program listens there"),
    ],
)  # fmt: skip
def test_no_traceback_reaches_a_user(tmp_path: Path, cache: Path, args: str, code: int, words: str) -> None:
    with socket.socket() as taken, Ledger.open(tmp_path / "locked"):
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        (tmp_path / "damaged").mkdir()
        (tmp_path / "damaged" / "ledger.sqlite").write_bytes(b"SQLite format 3\0" + b"junk" * 1000)
        (tmp_path / "statefile").touch()
        ok = (
            write_site(tmp_path)
            .read_text()
            .replace("store: {kind: none}\n", "")
            .replace("console: false\n", "")
        )
        none, off = "store: {kind: none}\n", "console: false\n"
        for name, text in {
            "ok": none + off,
            "bad": none + off + "clock: sun\n",
            "file": none + off + "state_dir: statefile\n",
            "damaged": none + off + "state_dir: damaged\n",
            "locked": none + off + "state_dir: locked\n",
            "duck": "store: {kind: duckdb, path: .}\n" + off,
            "port": none + f"console: {{listen: '127.0.0.1:{port}'}}\n",
        }.items():
            (tmp_path / f"{name}.yaml").write_text(ok + text)
        for folder in ("state", "damaged", "locked"):
            (tmp_path / folder / "cache").mkdir(parents=True, exist_ok=True)
            (tmp_path / folder / "cache" / "numba").symlink_to(cache / "hazwatch" / "numba")
        answer = process(tmp_path, cache, *args.replace("PORT", str(port)).split())
    assert "Traceback" not in answer.err
    assert words in answer.err
    assert answer.code == code


def test_the_cause_inside_task_groups() -> None:
    inner = ValueError("x")
    assert cause_of(BaseExceptionGroup("a", [ExceptionGroup("b", [inner])])) is inner
    assert cause_of(inner) is inner


def test_the_readme_and_the_package_name_the_same_command() -> None:
    if (ROOT / "pyproject.toml").exists():
        scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
        assert scripts == {"hazwatch": "service.main:main"}
