"""`hazwatch score` as it is called: a simulated hour, replayed with a plain detector of our own making."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from registry.faults import InputError
from service.main import build
from sim.demo import write_demo
from sim.scenarios import simulate, truth_of
from sim.writing import time_texts, write_readings, write_truth
from tests.service.score.cases import alert_json, event_json, truth_json

HOURS = 0.5
SENSOR = "haigang/LT-101A"


@pytest.fixture(autouse=True)
def _cache_is_read_already(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.commands.score.use_compile_cache", lambda _: None)


def call(*args: object) -> Result:
    return CliRunner().invoke(build("score"), ["score", *map(str, args)], env={"COLUMNS": "200"})


def told(*args: object) -> dict[str, Any]:
    result = call(*args, "--json")
    assert result.exception is None, result.exception
    report: dict[str, Any] = json.loads(result.stdout)
    return report


def fault_of(*args: object) -> str:
    error = call(*args).exception
    assert isinstance(error, InputError)
    return "\n".join(map(str, error.faults))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half an hour of the demo site, and alerts that open a second after each onset and clear a minute later."""
    folder = tmp_path_factory.mktemp("site")
    write_demo(folder)
    for seed in (1, 2):
        write_readings(simulate("demo-site", seed, HOURS), folder / f"r{seed}.csv")
        write_truth(truth_of("demo-site", seed, HOURS), folder / f"t{seed}.json")
    events = truth_of("demo-site", 1, HOURS)["events"]
    lines = []
    for k, event in enumerate(event for event in events if event["fault"]):
        for after_s, what in ((1, "opened"), (61, "cleared")):
            at = str(event["onset"])[:-5]
            t = time_texts([_ns_of(at) + after_s * 10**9])[0]
            lines.append((t, _line(k, t, what, event["sensors"][0])))
    (folder / "a.ndjson").write_text("".join(line for _, line in sorted(lines)), encoding="utf-8")
    return folder


def _ns_of(text: str) -> int:
    from service.score.times import parse_ns  # noqa: PLC0415 - only here

    t_ns = parse_ns(f"{text}Z")
    assert t_ns is not None
    return t_ns


def _line(k: int, time: str, event: str, sensor: str) -> str:
    whole = json.loads(alert_json(0, event))
    return json.dumps({**whole, "id": str(k), "time": time, "sensor": sensor}) + "\n"


@pytest.fixture
def small(tmp_path: Path) -> tuple[Path, Path]:
    """Return alerts and truth of one event, warned of 200 s before its limit."""
    alerts, truth = tmp_path / "a.ndjson", tmp_path / "t.json"
    alerts.write_text(alert_json(700) + alert_json(1100, "cleared"), encoding="utf-8")
    truth.write_text(json.dumps(truth_json(event_json())), encoding="utf-8")
    return alerts, truth


def test_the_two_files_alone_are_enough(small: tuple[Path, Path]) -> None:
    report = told("--alerts", small[0], "--truth", small[1])
    assert report["overall"]["caught"]["share"] == 1.0
    assert report["overall"]["lead_s"]["median"] == 200.0
    assert [row["name"] for row in report["beside"][0]["rows"]] == ["hazwatch", "luck", "never", "always"]
    assert [row["caught"] for row in report["beside"][0]["rows"]][2:] == [0.0, 0.0]
    assert report["beside"][0]["rows"][3]["stood_share"] == 1.0


def test_the_json_of_the_same_files_is_the_same_to_the_byte(small: tuple[Path, Path]) -> None:
    one, two = (call("--alerts", small[0], "--truth", small[1], "--json").stdout for _ in range(2))
    assert one == two


def test_the_table_has_every_figure_of_the_panel(small: tuple[Path, Path]) -> None:
    shown = call("--alerts", small[0], "--truth", small[1]).stdout
    for words in (
        *(
            "events caught",
            "delay from onset",
            "lead before the first limit",
            "at least 60 s",
            "at least 5 min",
        ),
        *(
            "false alerts per sensor-day",
            "grade right",
            "level changes",
            "repeats within 60 s",
            "per operator",
            "flood",
        ),
        *("捕获", "延迟", "提前量", "误报", "级别", "重复", "泛滥"),
    ):
        assert words in shown, words


def test_with_a_config_all_sensors_count_and_the_sources_are_known(site: Path) -> None:
    report = told(
        "--alerts", site / "a.ndjson", "--truth", site / "t1.json", "--config", site / "hazwatch.yaml"
    )
    assert report["false"]["sensors"] == 64
    assert report["rules"]["by_source"]
    assert report["overall"]["caught"]["share"] == 1.0
    assert report["overall"]["delay_s"]["median"] == pytest.approx(1.0, abs=1.0)


def test_fixed_limits_and_charts_stand_beside_on_the_readings(site: Path) -> None:
    files = ("--alerts", site / "a.ndjson", "--truth", site / "t1.json", "--points", site / "points.csv")
    same = told(*files, "--readings", site / "r1.csv")
    rows = {row["name"]: row for row in same["beside"][1]["rows"]}
    assert {name for name in rows if not name.endswith("_hindsight")} == {
        "hazwatch",
        "limits_as_set",
        "limits",
    }
    assert rows["limits_as_set"]["lead_s"] < 5.0
    assert rows["limits_as_set"]["caught"] > 0.5
    assert same["beside"][1]["earned_s"]["all"]["median"] > 0
    other = told(
        *files, "--readings", site / "r1.csv", "--beside", "ewma,cusum", "--calibrate", site / "r2.csv",
        "--calibrate-truth", site / "t2.json",
    )  # fmt: skip
    names = [row["name"] for row in other["beside"][1]["rows"]]
    assert [name for name in names if not name.endswith("_hindsight")] == [
        "hazwatch",
        "limits_as_set",
        "limits",
        "ewma",
        "cusum",
    ]
    assert {curve["name"] for curve in other["curves"]} == {"hazwatch", "limits", "ewma", "cusum"}


def test_a_comparator_that_is_not_installed_is_named(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.score.compare.missing", lambda _: True)
    report = told(
        "--alerts", site / "a.ndjson", "--truth", site / "t1.json", "--config", site / "hazwatch.yaml",
        "--readings", site / "r1.csv", "--beside", "river,rcf3", "--sample-hours", 0.5,
    )  # fmt: skip
    notes = {row["name"]: row["note"] for row in report["beside"][2]["rows"]}
    assert "not installed" in notes["river"]["en"]
    assert "未安装" in notes["rcf3"]["zh"]


class _Model:
    """Stands for a slow model: its score is how far a reading is from 9."""

    name, needs = "river", "river"

    def __init__(self, registry: Any, normal: Any) -> None:
        import numpy as np  # noqa: PLC0415 - only here

        from registry.plant import Text  # noqa: PLC0415 - as above

        del normal
        self.text = Text.same("model")
        self.grid, self.release = np.linspace(0.5, 0.99, 8), np.full(len(registry), 0.9)

    def of(self, burst: Any) -> Any:
        return 1.0 / (1.0 + abs(burst.value - 9.3))


def test_slow_comparators_run_on_a_sample_that_is_told(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.score.compare.SLOW", (_Model,))
    monkeypatch.setattr("service.score.compare.missing", lambda _: False)
    report = told(
        "--alerts", site / "a.ndjson", "--truth", site / "t1.json", "--config", site / "hazwatch.yaml",
        "--readings", site / "r1.csv", "--beside", "river", "--sample-hours", 0.4, "--sample-sensors", 3,
    )  # fmt: skip
    table = report["beside"][2]
    assert "3 sensors, 0.0111 days" in table["title"]["en"]
    names = [row["name"] for row in table["rows"] if not row["name"].endswith("_hindsight")]
    assert names == ["hazwatch", "limits_as_set", "limits", "river"]


def test_scores_give_a_finer_curve(site: Path, tmp_path: Path) -> None:
    scores = tmp_path / "s.csv"
    onset = _ns_of(str(truth_of("demo-site", 1, HOURS)["events"][0]["onset"])[:-5])
    rows = [(onset + k * 10**9, 0.7 if 20 <= k < 40 else 0.1) for k in range(100)]
    times = time_texts([t_ns for t_ns, _ in rows])
    body = "".join(f"{t},{SENSOR},{score}\n" for t, (_, score) in zip(times, rows, strict=True))
    scores.write_text(f"time,sensor,score\n{body}", encoding="utf-8")
    files = ("--alerts", site / "a.ndjson", "--truth", site / "t1.json", "--config", site / "hazwatch.yaml")
    (curve,) = (c for c in told(*files, "--scores", scores)["curves"] if c["name"] == "hazwatch_score")
    caught = {point["label"]: point["caught"] for point in curve["points"]}
    assert caught["0.7"] > 0.0
    assert caught["0.75"] == 0.0
    scores.write_text(f"time,sensor,score\n{body}x,{SENSOR},1\n", encoding="utf-8")
    assert "line 102: 'x' is no time" in fault_of(*files, "--scores", scores)
    scores.write_text(f"time,sensor,score\n{times[0]},e/none,1\n", encoding="utf-8")
    assert "line 2: the sensor 'e/none' is not known" in fault_of(*files, "--scores", scores)
    scores.write_text("a,b\n", encoding="utf-8")
    assert "line 1: not a file of scores" in fault_of(*files, "--scores", scores)


class _Links(HTMLParser):
    """Collects what a page would fetch, and its tags that are open."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.open: list[str] = []
        self.svgs = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [v or "" for k, v in attrs if k in {"src", "href", "xlink:href"}]
        self.svgs += tag == "svg"
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del tag, attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_needs_nothing_from_anywhere_and_is_in_both_languages(
    small: tuple[Path, Path], tmp_path: Path
) -> None:
    page = tmp_path / "score.html"
    call("--alerts", small[0], "--truth", small[1], "--html", page)
    text = page.read_text("utf-8")
    links = _Links()
    links.feed(text)
    assert (links.fetched, links.open, links.svgs) == ([], [], 2)
    assert "<script" not in text
    assert "url(" not in text
    for title in re.findall(r"<h[12]>(.*?)</h[12]>", text):
        assert re.search(r"[\u4e00-\u9fff]", title), title
        assert re.search(r"[a-z]{4}", title), title


def test_names_from_files_are_escaped_on_the_page(small: tuple[Path, Path], tmp_path: Path) -> None:
    event = event_json(kind="<script>alert(1)</script>")
    small[1].write_text(json.dumps(truth_json(event)), encoding="utf-8")
    page = tmp_path / "score.html"
    call("--alerts", small[0], "--truth", small[1], "--html", page)
    assert "<script" not in page.read_text("utf-8")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--readings", "r.csv"), "--readings: cannot stand alone (allowed: with --config or --points)"),
        (("--beside", "ewma"), "--beside: cannot stand alone (allowed: with --readings)"),
        (("--scores", "s.csv"), "--scores: cannot stand alone"),
        (
            ("--points", "points.csv", "--readings", "r1.csv", "--calibrate", "r2.csv"),
            "--calibrate: cannot stand alone (allowed: with --readings, and --calibrate-truth)",
        ),
        (
            ("--points", "points.csv", "--readings", "r1.csv", "--beside", "magic"),
            "--beside: no such comparator: magic (allowed: ewma, cusum, river, rcf3)",
        ),
        (("--points", "points.csv", "--readings", "none.csv"), "none.csv: there is no such file"),
        (("--points", "none.csv"), "none.csv: the file does not exist"),
    ],
)
def test_what_cannot_be_is_told(
    site: Path, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...], words: str
) -> None:
    monkeypatch.chdir(site)
    assert words in fault_of("--alerts", "a.ndjson", "--truth", "t1.json", *args)


def test_a_sensor_that_the_points_table_does_not_have_is_told_with_file_and_line(
    site: Path, tmp_path: Path
) -> None:
    alerts = tmp_path / "a.ndjson"
    alerts.write_text(
        (site / "a.ndjson").read_text() + _line(99, "2025-06-01T02:29:00.000Z", "opened", "e/x")
    )
    told = fault_of("--alerts", alerts, "--truth", site / "t1.json", "--config", site / "hazwatch.yaml")
    assert re.search(r"a\.ndjson: line \d+: the sensor 'e/x' is not in the points table", told)


def test_a_month_of_alerts_is_read_line_by_line(tmp_path: Path) -> None:
    """Memory holds episodes, not lines: a long `why` costs nothing."""
    import tracemalloc  # noqa: PLC0415 - only here

    from service.score.scoring import read  # noqa: PLC0415 - as above

    truth, alerts = tmp_path / "t.json", tmp_path / "a.ndjson"
    truth.write_text(json.dumps(truth_json(event_json(), end_s=3_000_000)), encoding="utf-8")
    why = {"seen": {"en": "x" * 5000}}
    with alerts.open("w", encoding="utf-8") as out:
        for k in range(4000):
            out.write(alert_json(k * 700, "opened", id=str(k), why=why))
            out.write(alert_json(k * 700 + 60, "cleared", id=str(k), why=why))
    assert alerts.stat().st_size > 40_000_000
    tracemalloc.start()
    scored = read(alerts, truth, None)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(scored.episodes) == 4000
    assert peak < 8_000_000


def test_every_option_is_on_the_page_of_docs() -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "score.md").read_text("utf-8")
    shown = CliRunner().invoke(build("score"), ["score", "--help"], env={"COLUMNS": "200"}).output
    options = set(re.findall(r"--[a-z][\w-]+", shown)) - {"--help"}
    assert {option for option in options if f"`{option}" not in text} == set()
