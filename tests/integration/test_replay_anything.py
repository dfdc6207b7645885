"""`hazwatch replay` takes recordings that it was told nothing about, and says what it took as what."""

import csv
import gzip
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service.main import build
from tests.integration.inputs import SHARED
from tests.servers.hazwatch import done, hazwatch

pytestmark = pytest.mark.shared
RECORDINGS = sorted(SHARED.rglob("*.csv")) if SHARED else []
DECIMAL_COMMA = ["--decimal", ","]


def data_lines(path: Path) -> int:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return sum(1 for line in file if line.strip(" ;,\r\n")) - 1


@pytest.fixture
def without_cache_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command sets where numba keeps what it compiles; this process has numba already."""
    monkeypatch.setattr("service.commands.replay.use_compile_cache", lambda _: None)


@pytest.mark.skipif(not RECORDINGS, reason="no shared/data beside the checkout")
@pytest.mark.usefixtures("without_cache_folder")
@pytest.mark.parametrize("path", RECORDINGS, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_every_recording_without_any_settings(path: Path, tmp_path: Path) -> None:
    options = DECIMAL_COMMA if "airquality" in str(path) else []
    out = tmp_path / "alerts.ndjson"
    ran = CliRunner().invoke(build(), ["replay", str(path), "--alerts", str(out), *options])
    assert ran.exit_code == 0, ran.output
    rows = data_lines(path)
    assert rows > 0
    said = ran.stderr
    for words in ("format: CSV", "delimiter", "time: ", "sensors ("):
        assert words in said, said
    assert f"{rows} rows" in said.replace(",", ""), said
    assert out.is_file()


@pytest.mark.skipif(not RECORDINGS, reason="no shared/data beside the checkout")
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("skab/valve1/1.csv", []),
        ("tep/d01_te.csv", []),
        ("airquality/AirQuality.csv", DECIMAL_COMMA),
        ("airquality/AirQuality.csv", []),
    ],
)
def test_as_its_own_process(name: str, options: list[str], tmp_path: Path, cache: Path) -> None:
    assert SHARED is not None
    ran = done(hazwatch(tmp_path, cache, "replay", SHARED / name, *options))
    assert b"sensors (" in ran.stderr
    assert ran.stdout == b""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("without_cache_folder")
@pytest.mark.parametrize("form", ["wide,comma", "wide;semicolon", "long", "gzip"])
def test_every_form_gives_the_same_alerts(form: str, tmp_path: Path) -> None:
    """A calm signal with one jump, written in every form that plants export."""
    rows = [
        (f"2024-05-01T00:{i // 60:02}:{i % 60:02}Z", 5 + (i % 7) / 10, 9.0 if i < 300 else 12.5)
        for i in range(400)
    ]
    path = tmp_path / ("recording.csv.gz" if form == "gzip" else "recording.csv")
    lines: list[list[object]] = []
    if form == "long":
        lines = [["time", "sensor", "value"]]
        lines += [
            [t, name, v] for t, *values in rows for name, v in zip(("calm", "jumps"), values, strict=True)
        ]
    else:
        lines = [["time", "calm", "jumps"], *map(list, rows)]
    opened = gzip.open(path, "wt", newline="") if form == "gzip" else path.open("w", newline="")
    with opened as file:
        csv.writer(file, delimiter=";" if "semicolon" in form else ",").writerows(lines)
    out = tmp_path / "alerts.ndjson"
    ran = CliRunner().invoke(build(), ["replay", str(path), "--alerts", str(out)])
    assert ran.exit_code == 0, ran.output
    (line,) = out.read_text().splitlines()
    assert '"event":"opened"' in line
    assert '"sensor":"jumps"' in line
    assert ("sensor: sensor; value: value" if form == "long" else "sensors (2): calm, jumps") in ran.stderr
