"""`hazwatch report daily`, `monthly` and `handover` as they are called: files, shifts of the settings, notes, bad options."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ledger.handover import FILE_NAME, HandoverNote, HandoverNotes
from ledger.ledger import Ledger
from registry.faults import InputError
from service.main import build
from tests.service.reports.cases import HOUR_S, NS, T0_S, line_bytes
from tests.service.reports.documents import rows
from tests.service.site import write_site

ROUTES = """\
receivers: {board: {kind: log}}
route: {receiver: board}
people:
  wang: {name: {zh: 王工, en: Wang}, receivers: [board]}
  li: {name: {zh: 李工, en: Li}, receivers: [board]}
schedules:
  operators:
    zone: UTC
    first_day: 2025-11-24
    shifts: {day: "06:00-18:00", night: "18:00-06:00"}
    cycle: [day, night]
    crews: {A: {people: [wang], first: 1}, B: {people: [li], first: 2}}
"""


def call(*args: object) -> Result:
    return CliRunner().invoke(build("report"), ["report", *map(str, args)], env={"COLUMNS": "200"})


@pytest.fixture
def alerts(tmp_path: Path) -> Path:
    path = tmp_path / "a.ndjson"
    path.write_bytes(line_bytes(rows()))
    return path


def made(tmp_path: Path, *args: object) -> dict[str, Any]:
    path = tmp_path / "r.json"
    result = call(*args, "--json", path)
    assert result.exit_code == 0, result.exception
    told: dict[str, Any] = json.loads(path.read_bytes())
    return told


def head(told: dict[str, Any], name: str) -> str:
    return next(str(text["en"]) for key, text in told["head"] if key["en"] == name)


def table(told: dict[str, Any], name: str) -> list[list[str]]:
    found = next(one for one in told["tables"] if one["name"] == name)
    return [[cell["en"] for cell in row] for row in found["rows"]]


def test_every_report_writes_every_file_and_speaks_at_the_terminal(alerts: Path, tmp_path: Path) -> None:
    files = [tmp_path / f"r.{kind}" for kind in ("csv", "json", "xlsx", "pdf")]
    options = [part for path in files for part in (f"--{path.suffix[1:]}", path)]
    for of, words in (
        (("daily", "--day", "2025-11-25"), "日报"),
        (("monthly", "--month", "2025-11"), "月报"),
        (("handover", "--at", "2025-11-25T04:00"), "交接班报告"),
        (("alarms", "--from", "2025-11-25", "--to", "2025-11-26"), "报警系统报告"),
    ):
        result = call(*of, "--alerts", alerts, "--lang", "zh", *options)
        assert result.exit_code == 0, result.exception
        assert words in result.stdout
        assert files[2].read_bytes()[:2] == b"PK"
        assert files[3].read_bytes()[:5] == b"%PDF-"
        for path in files:
            path.unlink()


def test_without_settings_days_and_shifts_are_those_of_china(alerts: Path, tmp_path: Path) -> None:
    told = made(tmp_path, "handover", "--at", "2025-11-25T07:59", "--alerts", alerts)
    assert head(told, "period") == "2025-11-25 00:00:00 – 2025-11-25 08:00:00"
    assert head(told, "time zone") == "Asia/Shanghai"
    assert (
        made(tmp_path, "daily", "--day", "2025-11-25", "--alerts", alerts)["from_ms"]
        == T0_S * 1000 - 8 * HOUR_S * 1000
    )
    assert (
        made(tmp_path, "daily", "--day", "2025-11-25", "--zone", "UTC", "--alerts", alerts)["from_ms"]
        == T0_S * 1000
    )


def test_the_settings_name_the_shifts_who_is_on_duty_and_where_notes_are(tmp_path: Path) -> None:
    site = tmp_path / "site"
    config = write_site(site, "routes: routes.yaml\nreports: {time_zone: UTC}\n")
    (site / "routes.yaml").write_text(ROUTES, encoding="utf-8")
    Ledger.open(site / "state").close()
    start_ns = (T0_S + 6 * HOUR_S) * NS
    with HandoverNotes(site / "state") as notes:
        notes.write(HandoverNote(0, start_ns, None, None, start_ns + NS, "wang", "mind V-101"))
    told = made(tmp_path, "handover", "--at", "2025-11-25T12:00", "--config", config)
    assert told["from_ms"] * 1_000_000 == start_ns
    assert head(told, "this shift").startswith("day (2025-11-25 06:00")
    assert table(told, "duty") == [["operators", "Li", "Wang"]]
    assert table(told, "handover_notes") == [["mind V-101", "wang 2025-11-25 06:00", "not yet"]]
    (site / "state" / FILE_NAME).unlink()
    assert (
        table(made(tmp_path, "handover", "--at", "2025-11-25T12:00", "--config", config), "handover_notes")
        == []
    )


def test_fixed_shifts_are_those_of_the_settings(tmp_path: Path) -> None:
    config = write_site(tmp_path / "site", 'reports: {time_zone: UTC, shift_starts: ["06:30", "18:30"]}\n')
    Ledger.open(tmp_path / "site" / "state").close()
    told = made(tmp_path, "handover", "--at", "2025-11-25T02:00", "--config", config)
    assert head(told, "period") == "2025-11-24 18:30:00 – 2025-11-25 06:30:00"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("daily", "--day", "2025-02-30"), "--day: '2025-02-30' is no date"),
        (("daily", "--day", "0001-01-01"), "--day: '0001-01-01' is out of all bounds"),
        (("monthly", "--month", "November"), "--month: 'November-01' is no date"),
        (("monthly", "--month", "9999-12"), "is out of all bounds"),
        (("handover", "--at", "yesterday"), "--at: 'yesterday' is no time"),
        (("daily", "--day", "2025-11-25", "--zone", "Mars/Olympus"), "--zone: there is no zone"),
        (("daily", "--day", "2025-11-25"), "it is not said where the alert lines are"),
        (("daily", "--day", "2025-11-25", "--alerts", "nowhere.ndjson"), "there is no such file"),
    ],
)
def test_options_at_fault_are_told(args: tuple[str, ...], words: str) -> None:
    error = call(*args).exception
    assert isinstance(error, InputError), error
    assert words in "\n".join(map(str, error.faults))


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ("reports: {time_zone: Mars/Olympus}", "'Mars/Olympus' is no time zone"),
        ('reports: {shift_starts: ["8:00"]}', "'8:00' is no time of day"),
        ('reports: {shift_starts: ["16:00", "08:00"]}', "the times do not rise"),
        ("reports: {shift_starts: []}", "at least 1 item"),
    ],
)
def test_settings_at_fault_are_told_with_their_line(tmp_path: Path, extra: str, words: str) -> None:
    config = write_site(tmp_path / "site", extra + "\n")
    error = call("daily", "--day", "2025-11-25", "--config", config).exception
    assert isinstance(error, InputError), error
    assert words in "\n".join(map(str, error.faults))


def test_a_file_of_notes_that_is_none_is_told(tmp_path: Path) -> None:
    config = write_site(tmp_path / "site")
    Ledger.open(tmp_path / "site" / "state").close()
    (tmp_path / "site" / "state" / FILE_NAME).write_bytes(b"nothing of that kind " * 100)
    result = call("handover", "--at", "2025-11-25T02:00", "--config", config)
    assert result.exit_code == 1
    assert FILE_NAME in result.stderr
