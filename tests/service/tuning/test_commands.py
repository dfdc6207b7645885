"""`hazwatch tune` and `hazwatch backtest` as they are called."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from ledger.ledger import Ledger
from registry.faults import InputError
from service.main import build
from service.tuning.kept import FOLDER, Report, kept
from sim.writing import time_texts
from tests.service.tuning.synthetic import DAY_S, T0, S, normal


@pytest.fixture(autouse=True)
def _cache_is_read_already(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("tune", "backtest"):
        monkeypatch.setattr(f"service.commands.{name}.use_compile_cache", lambda _: None)


A, B = "a[red]", "b[dim]:fire:"
"""Ids that read as markup and as an emoji's name where a terminal takes them for that."""
POINTS = "points.csv"
"""Beside the day: the two are temperatures, whose robust z is on by default."""


def call(*args: object) -> Result:
    return CliRunner().invoke(build(str(args[0])), [str(a) for a in args], env={"COLUMNS": "200"})


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day of two sensors every five seconds; one has an hour's disturbance that is no limit's."""
    rng = np.random.default_rng(11)
    n = DAY_S // 5
    a, b = normal(rng, n), 40.0 + normal(rng, n)
    times = time_texts((T0 + np.arange(n) * 5 * S).tolist())
    path = tmp_path_factory.mktemp("day") / "day.csv.gz"
    rows = "".join(f"{t},{x:.6f},{y:.6f}\n" for t, x, y in zip(times, a.tolist(), b.tolist(), strict=True))
    path.write_bytes(gzip.compress(f"time,{A},{B}\n{rows}".encode()))
    (path.parent / POINTS).write_text(f"sensor,type\n{A},temperature\n{B},temperature\n", encoding="utf-8")
    return path


def test_tune_writes_overlay_and_plot_and_says_the_same_twice(day: Path, tmp_path: Path) -> None:
    written: list[tuple[str, list[bytes]]] = []
    for name in ("one", "two"):
        out = tmp_path / name / "t.yaml"
        out.parent.mkdir()
        result = call(
            "tune",
            day,
            "--points",
            day.parent / POINTS,
            "--out",
            out,
            "--plots",
            out.parent / "plots",
            "--json",
        )
        assert result.exit_code == 0, result.output
        files = sorted(p for p in out.parent.rglob("*") if p.is_file())
        written.append((result.stdout, [p.read_bytes() for p in files]))
        assert (out.parent / "plots" / "temperature-robust_z.svg").is_file()
    assert written[0] == written[1]
    told = json.loads(written[0][0])
    assert {t["sensor"] for t in told["thresholds"] if t["chosen"] is not None} == {A, B}


def test_tune_shows_tables(day: Path, tmp_path: Path) -> None:
    result = call("tune", day, "--points", day.parent / POINTS, "--out", tmp_path / "t.yaml")
    assert result.exit_code == 0
    assert "tuned" in result.stdout
    assert {A, B} <= set(result.stdout.split())
    assert "z_threshold" in result.stdout


def test_tune_says_no_when_nothing_can_be_tuned(day: Path, tmp_path: Path) -> None:
    until = time_texts([T0 + 7200 * S])[0]
    result = call("tune", day, "--points", day.parent / POINTS, "--out", tmp_path / "t.yaml", "--to", until)
    assert result.exit_code == 1
    assert "short" in (tmp_path / "t.yaml").read_text("utf-8")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--rate", "0"), "0 is no rate"),
        (("--from", "yesterday"), "'yesterday' is no time"),
        (("--from", "2026-01-02", "--to", "2026-01-01"), "ends before it begins"),
    ],
)
def test_what_tune_refuses(day: Path, args: tuple[str, ...], message: str) -> None:
    error = call("tune", day, *args).exception
    assert isinstance(error, InputError)
    assert message in str(error)


def test_a_journal_or_a_store_needs_its_settings(tmp_path: Path) -> None:
    Ledger.open(tmp_path).close()
    for source in ((tmp_path,), ()):
        error = call("tune", *source).exception
        assert isinstance(error, InputError)
        assert "--config" in str(error)


def test_backtest_of_a_stricter_profile_gains_alerts(day: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.yaml"
    new.write_text(f'sensors: {{"{A}": {{z_threshold: 2.5, z_samples: 2}}}}\n', encoding="utf-8")
    result = call("backtest", day, "--points", day.parent / POINTS, "--against", new, "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["total"]["old"] == 0
    assert told["total"]["gained"] > 0
    assert {a["sensor"] for a in told["alerts"]} == {A}
    assert (
        call("backtest", day, "--points", day.parent / POINTS, "--against", new, "--json").stdout
        == result.stdout
    )
    back = json.loads(
        call(
            "backtest",
            day,
            "--points",
            day.parent / POINTS,
            "--detectors",
            new,
            "--against",
            _packaged(tmp_path),
            "--json",
        ).stdout
    )
    assert back["total"]["lost"] == told["total"]["gained"]
    shown = call("backtest", day, "--points", day.parent / POINTS, "--against", new)
    assert "gained" in shown.stdout


def test_backtest_keeps_its_counts_where_the_console_looks(day: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.yaml"
    new.write_text(f'sensors: {{"{A}": {{z_threshold: 2.5, z_samples: 2}}}}\n', encoding="utf-8")
    config = tmp_path / "hazwatch.yaml"
    (tmp_path / POINTS).write_bytes((day.parent / POINTS).read_bytes())
    config.write_text(
        "points: points.csv\nmqtt: {url: mqtt://127.0.0.1}\nstate_dir: state\n", encoding="utf-8"
    )
    result = call("backtest", day, "--config", config, "--against", new, "--save")
    assert result.exit_code == 0, result.output
    ((_, report),) = kept(tmp_path / "state" / FOLDER)
    assert isinstance(report, Report)
    assert (report.source, report.old, report.new) == (day.name, config.name, new.name)
    assert report.total.gained > 0
    assert report.total.gained == sum(line.gained for line in report.kinds.values())
    assert (report.begins or "") < (report.ends or "") < report.made
    assert report.old_print != report.new_print
    nowhere = call("backtest", day, "--points", day.parent / POINTS, "--against", new, "--save").exception
    assert "--config" in str(nowhere)


def test_backtest_names_sensors_that_are_not_there(day: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.yaml"
    new.write_text("sensors: {c: {z_threshold: 4}}\n", encoding="utf-8")
    error = call("backtest", day, "--points", day.parent / POINTS, "--against", new).exception
    assert isinstance(error, InputError)
    assert "'c'" in str(error)


def _packaged(folder: Path) -> Path:
    path = folder / "nothing.yaml"
    path.write_text("sensors: {}\n", encoding="utf-8")
    return path
