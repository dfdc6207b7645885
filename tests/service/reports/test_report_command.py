"""`hazwatch report alarms` as it is called: from a file and from a ledger, its files, and what is told of bad input."""

import csv
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from alerting.commands import Acknowledge, SystemCondition, encode_command
from ledger.ledger import Ledger
from ledger.records import JournalEntry
from registry.faults import InputError
from registry.plant import Text
from service.effects import commit_of
from service.main import build
from service.pipeline import Pipeline
from service.plan import load
from tests.service.reports.cases import acknowledged, burst, line_bytes, raw
from tests.service.site import T0, write_site

SPAN = ("--from", "2025-11-25", "--to", "2025-11-26")


def call(*args: object, columns: int = 200) -> Result:
    return CliRunner().invoke(
        build("report"), ["report", "alarms", *map(str, args)], env={"COLUMNS": str(columns)}
    )


def fault_of(*args: object) -> str:
    error = call(*args).exception
    assert isinstance(error, InputError), error
    return "\n".join(map(str, error.faults))


@pytest.fixture
def alerts(tmp_path: Path) -> Path:
    rows = [*burst(range(12), grade="red"), acknowledged(100, "li", id_="b0", grade="red")]
    rows += [raw(7200, "opened", id_="odd", sensor="e/[bold]<x>&")]
    rows += [raw(9000, "opened", id_="odder", sensor="e/[bold]<x>&")]
    path = tmp_path / "a.ndjson"
    path.write_bytes(line_bytes(rows))
    return path


@pytest.mark.parametrize(
    ("language", "words", "others"),
    [
        ("zh", "任意 10 分钟报警数", "alarms in any"),
        ("en", "alarms in any 10 min", "任意"),
        ("both", "任意", None),
    ],
)
def test_the_terminal_speaks_the_language_that_is_asked_for(
    alerts: Path, language: str, words: str, others: str | None
) -> None:
    result = call(*SPAN, "--alerts", alerts, "--lang", language, "--by", "source", "--by", "operator")
    assert result.exit_code == 0, result.exception
    assert words in result.stdout
    assert others is None or others not in result.stdout
    assert "e/[bold]<x>&" in result.stdout


def test_files_hold_the_same_figures(alerts: Path, tmp_path: Path) -> None:
    names = {kind: tmp_path / f"r.{kind}" for kind in ("csv", "json", "html")}
    options = [part for kind, path in names.items() for part in (f"--{kind}", path)]
    assert call(*SPAN, "--alerts", alerts, "--by", "source", *options).exit_code == 0
    told = json.loads(names["json"].read_bytes())
    rows = list(csv.DictReader(names["csv"].read_text("utf-8-sig").splitlines()))
    measures = told["all"]["measures"]
    assert measures["annunciated"]["value"] == 14
    assert measures["per_10min_peak"] == {"value": 12, "unit": "", "verdict": "manageable"}
    assert told["all"]["floods"] == [
        {
            "start": "2025-11-25T00:00:00.000Z",
            "end": "2025-11-25T00:10:00.000Z",
            "count": 12,
            "peak_10min": 12,
        }
    ]
    assert {row["measure"]: row["verdict"] for row in rows if not row["by"]} == {
        name: one["verdict"] or "" for name, one in measures.items()
    }
    assert [row["value"] for row in rows if (row["by"], row["measure"]) == ("source", "annunciated")] == [
        "14"
    ]
    assert all(row["source"] and row["verified"] in {"true", "false"} for row in rows if row["acceptable"])


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.spoken: dict[str, int] = {"zh": 0, "en": 0}
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("class") in self.spoken and tag in {"span", "text"}:
            self.spoken[str(given["class"])] += 1
        if tag in {"script", "link", "img", "iframe"} or given.get("src") or given.get("href"):
            self.outside.append(tag)


def test_the_page_says_everything_in_both_languages_and_needs_nothing_else(
    alerts: Path, tmp_path: Path
) -> None:
    pages = []
    for language in ("zh", "en"):
        path = tmp_path / f"{language}.html"
        assert call(*SPAN, "--alerts", alerts, "--html", path, "--lang", language).exit_code == 0
        pages.append(path.read_text("utf-8"))
    seen = _Seen()
    seen.feed(pages[0])
    assert seen.spoken["zh"] == seen.spoken["en"] > 100
    assert seen.outside == []
    assert "e/[bold]&lt;x&gt;&amp;" in pages[0]
    assert 'id="zh" checked' in pages[0]
    assert 'id="en" checked' in pages[1]
    assert pages[0].count("<svg") == 5


def test_no_chinese_where_english_is_shown(alerts: Path, tmp_path: Path) -> None:
    path = tmp_path / "r.html"
    assert call(*SPAN, "--alerts", alerts, "--html", path, "--by", "area").exit_code == 0
    page = re.sub(r'<(span|text) class="zh".*?</\1>', "", path.read_text("utf-8"))
    page = re.sub(
        r"aria-label=\"[^\"]*\"|<title>.*?</title>|<label.*?</label>|<style>.*?</style>",
        "",
        page,
        flags=re.DOTALL,
    )
    assert re.findall(r"[\u4e00-\u9fff]+", page) == []


def test_a_ledger_is_read_while_it_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    config = write_site(folder)
    loaded = load(config)
    pipeline, replayed = Pipeline(loaded.plan), Pipeline(loaded.plan)
    with Ledger.open(loaded.settings.state_dir) as ledger:
        trouble = SystemCondition(name="store_down", active=True, detail=Text("存", "store"))
        told_of = pipeline.command(trouble, T0).events
        for command in (trouble, Acknowledge(alert=told_of[0].id, by="li")):
            entry = JournalEntry(now_ns=T0, kind="command", body=encode_command(command))
            ledger.commit(commit_of(entry, replayed.entry(entry), None))
        json_path = tmp_path / "r.json"
        span = ("--from", "2020-01-01", "--to", "2029-01-01")
        for where in (("--config", config), ("--state", loaded.settings.state_dir)):
            result = call(*span, *where, "--json", json_path)
            assert result.exit_code == 0, result.exception
            told: dict[str, Any] = json.loads(json_path.read_bytes())
            assert told["lines"] == {"acknowledged": 1, "opened": 1}
            assert told["all"]["people"] == {"li": {"acknowledged": 1, "hasty": 1, "stamped": 1}}


# ---- what is at fault


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (b'{"id": 1}\n', "line 2: not an alert line"),
        (b"{nonsense\n", "line 2: not valid JSON"),
        (line_bytes([raw(5, "openned")]), "line 2: 'event' cannot be 'openned'; did you mean 'opened'"),
        (line_bytes([raw(5, "opened", "unacc")]), "line 2: 'state' cannot be 'unacc'"),
        (line_bytes([raw(5, "opened", grade="pink")]), "line 2: 'grade' cannot be 'pink'"),
        (line_bytes([raw(-5, "opened")]), "line 2: 'time' is before that of the line above"),
        (line_bytes([raw(5, "opened") | {"time": "today"}]), "line 2: 'time' cannot be 'today'"),
        (line_bytes([raw(9e6, "opened")]) + b"{nonsense\n", "line 3: not valid JSON"),
    ],
)
def test_a_broken_line_is_told_with_its_place_and_nothing_is_reported(
    tmp_path: Path, broken: bytes, words: str
) -> None:
    path = tmp_path / "a.ndjson"
    path.write_bytes(line_bytes([raw(0, "opened", id_="first")]) + broken)
    told = fault_of(*SPAN, "--alerts", path, "--json", tmp_path / "r.json")
    assert f"{path}: {words}" in told
    assert not (tmp_path / "r.json").exists()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--from", "2025-11-26", "--to", "2025-11-25"), "--to: the period ends before it begins"),
        (("--from", "2025-11-26", "--to", "2025-11-26"), "--to: the period ends before it begins"),
        (("--from", "yesterday", "--to", "soon"), "--from: 'yesterday' is no time"),
        (("--from", "1971-01-01", "--to", "9999-01-01"), "--to: the period is too long"),
        (("--from", "0001-01-01", "--to", "0001-01-02"), "--from: '0001-01-01' is no time"),
        ((*SPAN, "--zone", "Mars/Olympus"), "--zone: there is no zone 'Mars/Olympus'"),
        (SPAN, "it is not said where the alert lines are"),
        ((*SPAN, "--alerts", "nowhere.ndjson"), "nowhere.ndjson: there is no such file"),
        ((*SPAN, "--config", "nowhere.yaml"), "nowhere.yaml"),
    ],
)
def test_options_at_fault_are_told(args: tuple[str, ...], words: str) -> None:
    assert words in fault_of(*args)


def test_a_folder_without_a_ledger_is_told(tmp_path: Path) -> None:
    result = call(*SPAN, "--state", tmp_path)
    assert result.exit_code == 1
    assert "there is no ledger here" in result.stderr


def test_wrong_usage_ends_with_2(alerts: Path) -> None:
    assert call("--alerts", alerts).exit_code == 2
    assert call(*SPAN, "--alerts", alerts, "--by", "moon").exit_code == 2
