"""The page about site-200: what became of each event is told with what the alert stream said."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from service.score.scoring import read, report_of
from sim.truth import rfc3339
from tests.service.score.cases import alert_json, event_json, ns, truth_json

BENCH = Path(__file__).resolve().parents[2] / "bench" / "site_score.py"


@pytest.fixture(scope="module")
def site_score() -> ModuleType:
    spec = importlib.util.spec_from_file_location("site_score", BENCH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["site_score"] = module
    spec.loader.exec_module(module)
    return module


def _event(number: int, onset_s: float) -> dict[str, object]:
    return event_json(
        id=f"leak-{number}",
        onset=rfc3339(ns(onset_s)),
        end=rfc3339(ns(onset_s + 600)),
        limits=[{"sensor": "e/LT-1", "limit_name": "h", "time": rfc3339(ns(onset_s + 300))}],
    )


def test_each_fate_is_told_once_and_misses_with_their_lines(site_score: ModuleType, tmp_path: Path) -> None:
    truth, alerts = tmp_path / "t.json", tmp_path / "a.ndjson"
    events = [_event(k, 5000 * k) for k in range(1, 6)]
    truth.write_text(json.dumps(truth_json(*events, end_s=40_000)), encoding="utf-8")
    spells = [(5100, 5200), (10_280, 10_300), (15_400, 15_500), (19_000, 20_700)]
    said = {"title": {"zh": "液位高", "en": "level high"}}
    lines = [
        alert_json(t_s, event, id=str(k), **said)
        for k, spell in enumerate(spells)
        for t_s, event in zip(spell, ("opened", "cleared"), strict=True)
    ]
    alerts.write_text("".join(lines), encoding="utf-8")
    report = report_of(read(alerts, truth, None))
    assert [site_score.fate(outcome) for outcome in report.match.faults] == [
        "warned",
        "warned less than 60 s ahead",
        "told after the limit",
        "nothing new told",
        "nothing told",
    ]
    page = site_score.markdown(report, alerts, "made by hand")
    assert "| nothing told | 0 | 1 | 0 |" in page
    assert "`leak-3` severity 2: told after the limit, lead -100 s" in page
    assert f"{rfc3339(ns(15_400))} opened yellow high e/LT-1: level high" in page
    assert "the alert stream says nothing of these sensors" in page
    assert "| no event | high | 1 |" in page
