"""`hazwatch routes explain`: who would be told and called, when and why, and who not."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from registry.faults import InputError
from service.main import build

DEMO = Path(__file__).resolve().parents[2] / "sim" / "data" / "demo" / "hazwatch.yaml"
AT = "2026-11-25T23:00:00+08:00"


@pytest.fixture(autouse=True)
def _no_other_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numba is imported in this process already."""
    monkeypatch.setattr("service.commands.routes.use_compile_cache", lambda _: None)


def explain(tmp_path: Path, alert: Any, *options: str, config: Path = DEMO) -> Result:
    path = tmp_path / "alert.json"
    path.write_text(alert if isinstance(alert, str) else json.dumps(alert))
    args = ["routes", "explain", str(path), "--config", str(config), *options]
    return CliRunner().invoke(build("routes"), args, env={"COLUMNS": "200"})


def answer(tmp_path: Path, alert: Any, *options: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(explain(tmp_path, alert, "--json", *options).stdout)
    return made


RED = {"grade": "red", "kind": "high", "sensor": "haigang/LT-101A"}


def test_who_is_called_when_while_nobody_acknowledges(tmp_path: Path) -> None:
    made = answer(tmp_path, RED, "--at", AT)
    called = [(row["when"][14:19], row["person"], row["receiver"]) for row in made["calls"] if row["when"]]
    assert called == [
        ("00:00", "li", "emergency-log"),
        ("01:00", "sun", "emergency-log"),
        ("01:00", "zhou", "emergency-log"),
        ("03:00", "wu", "emergency-log"),
        ("05:00", "zheng-haigang", "emergency-log"),
        ("05:00", "zhenhai", "emergency-log"),
        ("10:00", "city", "emergency-log"),
    ]
    assert made["alert"]["area"] == "330211", "the place is the sensor's"
    not_called = {row["person"]: row["reason"]["en"] for row in made["calls"] if not row["when"]}
    assert not_called["wang"] == "is not on duty then (on duty by schedule operators: crew B, shift evening)"
    assert not_called["beilun"] == "does not answer for the enterprise or area of this alert"
    assert set(not_called) == {"wang", "zhao", "qian", "feng-beicang", "beilun"}


def test_by_which_route_receivers_are_told_and_by_which_not(tmp_path: Path) -> None:
    made = answer(tmp_path, RED, "--at", AT)
    told = {row["receiver"]: (row["route"], row["when"]) for row in made["routes"] if row["when"]}
    assert told == {
        "emergency-log": ("route.routes[0]", "2026-11-25T15:00:00.000Z"),
        "duty-log": ("route.routes[1]", "2026-11-25T15:00:00.000Z"),
    }
    refused = [row for row in made["routes"] if not row["when"]]
    assert all(row["reason"]["zh"] and row["reason"]["en"] for row in refused)
    assert len(refused) == 2


def test_the_time_decides_who_is_on_duty(tmp_path: Path) -> None:
    first = {
        answer(tmp_path, RED, "--at", f"2026-11-25T{h}:00:00+08:00")["calls"][0]["person"]
        for h in ("07", "12", "20")
    }
    assert len(first) == 3


def test_nobody_is_called_for_blue_or_for_what_is_answered(tmp_path: Path) -> None:
    blue = answer(tmp_path, RED | {"grade": "blue"}, "--at", AT)["calls"]
    assert {row["when"] for row in blue} == {None}
    assert blue[0]["reason"]["en"] == "chain works calls nobody for blue"
    acked = answer(tmp_path, RED | {"event": "acknowledged", "state": "acked"}, "--at", AT)["calls"]
    assert {row["reason"]["zh"] for row in acked} >= {"状态为 acked，不呼叫任何人"}


def test_the_tables_speak_both_languages_and_cut_nothing_short(tmp_path: Path) -> None:
    out = explain(tmp_path, RED, "--at", AT).stdout
    for words in (
        "told / 通知",
        "not told / 不通知",
        "无人确认时依次呼叫",
        "not called / 不呼叫",
        "+10:00",
        "市值班室",
    ):
        assert words in out
    assert "…" not in out
    assert "2026-11-25 23:00:00 +0800" in out
    assert "2026-11-25T15:" not in out, "times are those of the site"


def test_names_that_look_like_markup_stand_as_they_are(tmp_path: Path) -> None:
    site = tmp_path / "site"
    shutil.copytree(DEMO.parent, site)
    routes = site / "routes.yaml"
    routes.write_text(routes.read_text("utf-8").replace("duty-log", '"duty[red]log:fire:"'), encoding="utf-8")
    out = explain(tmp_path, RED, "--at", AT, config=site / DEMO.name).stdout
    assert "duty[red]log:fire:" in out


def test_a_whole_alert_line_is_taken_at_its_own_time(tmp_path: Path) -> None:
    line = answer(tmp_path, RED, "--at", AT)["alert"]
    assert answer(tmp_path, line)["at"] == "2026-11-25T15:00:00.000Z"


@pytest.mark.parametrize(
    ("alert", "told"),
    [
        ({"kind": "high"}, "the alert has no grade (allowed: blue, yellow, orange, red)"),
        ({"grade": "rde"}, "grade is 'rde'; did you mean 'red'?"),
        ({"grade": ["red"]}, "grade is"),
        ({"grade": "red", "sensor": "haigang/LT-101"}, "unknown sensor 'haigang/LT-101'; did you mean"),
        ({"grade": "red", "sensor": {}}, "unknown sensor"),
        ({"grade": "red", "sensr": "x"}, "unknown key 'sensr'; did you mean 'sensor'?"),
        ({"grade": "red", "value": "much"}, "Expected `float | null`, got `str` - at `$.value`"),
        ({"grade": "red", "time": "soon"}, "'soon' is no time"),
        ([], "the file is not one alert"),
        ("{", "not valid JSON"),
    ],
)
def test_an_alert_that_is_none_is_told_in_words(tmp_path: Path, alert: Any, told: str) -> None:
    result = explain(tmp_path, alert)
    assert isinstance(result.exception, InputError)
    assert told in str(result.exception)
