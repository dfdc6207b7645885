"""How early and how rightly hazwatch warns at site-200, beside fixed limits and others at an equal false rate.

``python bench/site_score.py [--days 30] [--folder FOLDER] [--out STEM]``: simulates the site, replays it with the scenario's own
settings, scores it, and writes STEM.md and STEM.json (``bench/results/2026-11-site-200``). Files that are in the folder
already are used as they are, so that a broken run goes on where it stopped. Thresholds of the others are set on another
seed, or with ``--calibration-days 0`` on the first third. `docs/score.md` tells the rules; the report lists the misses with what the alert stream said.
"""

import argparse
import json
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from alerting.texts import rfc3339
from registry.sensors import SensorRegistry
from service.plan import load
from service.replaying import Columns
from service.score.alert_lines import read_alerts
from service.score.as_json import as_json
from service.score.compare import Recordings, Sample, compare
from service.score.matching import EventOutcome, FalseAlert
from service.score.page import plots_of
from service.score.report import Report
from service.score.scoring import read, report_of
from service.score.tables import Table, tables_of
from service.score.times import NS
from service.score.truth_file import load_truth
from service.score.words import both, span
from sim.recording import open_recording

ROOT = Path(__file__).resolve().parents[1]
SCENARIO = "site-200"
EXAMPLES = 3
"""Misses and false alerts that are told in full, of each family."""
SAMPLE = Sample(sensors=24, hours=72.0)
LINES = 6
"""Alert lines that are quoted of a miss."""


@dataclass(frozen=True, slots=True)
class Files:
    """What a run works on: the recording of so many days of a seed, its truth, its alert lines, the site's settings."""

    folder: Path
    days: float
    seed: int

    @property
    def stem(self) -> str:
        """What its files are called."""
        return f"{SCENARIO}-{self.seed}-{self.days:g}d"

    @property
    def readings(self) -> Path:
        """The recording."""
        return self.folder / f"{self.stem}.parquet"

    @property
    def truth(self) -> Path:
        """Its truth."""
        return self.folder / f"{self.stem}.json"

    @property
    def alerts(self) -> Path:
        """What hazwatch told."""
        return self.folder / f"{self.stem}.ndjson"

    @property
    def settings(self) -> Path:
        """The scenario's own settings."""
        return self.folder / "settings" / "hazwatch.yaml"


def hazwatch(*args: object) -> float:
    """Run a command and return how many seconds it took."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "service.main", *map(str, args)], cwd=ROOT, check=True)
    return round(time.monotonic() - began, 1)


def simulate(files: Files) -> float | None:
    if files.readings.exists() and files.truth.exists():
        return None
    return hazwatch(
        "sim", SCENARIO, "--seed", files.seed, "--hours", files.days * 24, "--out", files.readings,
        "--truth", files.truth, "--settings", files.settings.parent,
    )  # fmt: skip


def replay(files: Files) -> float | None:
    if files.alerts.exists():
        return None
    part = files.alerts.with_suffix(".part")
    seconds = hazwatch("replay", files.readings, "--config", files.settings, "--alerts", part)
    part.rename(files.alerts)
    return seconds


def score(
    files: Files, other: Files | None, registry: SensorRegistry, beside: Sequence[str], sample: Sample
) -> Report:
    """Score, with thresholds set on another recording or, without one, on the first third of the same."""
    scored = read(files.alerts, files.truth, registry)
    calibration = None
    if other is not None:
        calibration = (blocks(registry, other.readings), load_truth(other.truth, registry.index))
    recordings = Recordings(scored=blocks(registry, files.readings), calibration=calibration)
    tables, curves = compare(scored, registry, recordings, wanted=beside, sample=sample)
    return report_of(scored, tables, curves)


def blocks(registry: SensorRegistry, path: Path) -> Any:
    recording, columns = open_recording(path), Columns(registry)
    return lambda: (columns.block(chunk) for chunk in recording)


# ---- the misses


def fate(outcome: EventOutcome) -> str:
    """Say in a few words what became of an event."""
    lead = outcome.lead_s
    rose = ", one that stood rose in time" if outcome.rose_in_time else ""
    if not outcome.caught:
        return f"nothing new told{rose}" if outcome.stood else "nothing told"
    if lead is None:
        return "caught"
    if lead <= 0:
        return f"told after the limit{rose}"
    return "warned" if lead >= 60 else "warned less than 60 s ahead"


def wrong(outcome: EventOutcome) -> bool:
    return fate(outcome) not in {"caught", "warned"}


def misses(report: Report, titles: "Titles") -> Iterable[str]:
    by_family: dict[str, list[EventOutcome]] = defaultdict(list)
    for outcome in report.match.faults:
        by_family[outcome.event.kind].append(outcome)
    for family, outcomes in sorted(by_family.items()):
        fates = Counter((fate(outcome), outcome.event.severity) for outcome in outcomes)
        yield f"\n### {family}\n"
        yield "| what became of it | severity 1 | 2 | 3 |\n|---|---|---|---|"
        for name in dict.fromkeys(name for name, _ in sorted(fates)):
            yield f"| {name} | {' | '.join(str(fates.get((name, s), 0)) for s in '123')} |"
        yield from grades(outcomes)
        yield ""
        for name in dict.fromkeys(fate(outcome) for outcome in outcomes if wrong(outcome)):
            for outcome in [outcome for outcome in outcomes if fate(outcome) == name][:EXAMPLES]:
                yield from example(outcome, titles)


def grades(outcomes: Sequence[EventOutcome]) -> Iterable[str]:
    """Tell which events got another grade than expected."""
    other: dict[tuple[str, str], list[str]] = defaultdict(list)
    for outcome in outcomes:
        expected, told = outcome.event.grade, outcome.gravest
        if outcome.caught and expected is not None and told is not None and told is not expected:
            other[expected.label, told.label].append(outcome.event.id)
    for (expected_label, told_label), ids in sorted(other.items()):
        named = ", ".join(f"`{id_}`" for id_ in ids[:EXAMPLES])
        yield f"\nGraded {told_label} where {expected_label} was expected: {len(ids)}, such as {named}."


def example(outcome: EventOutcome, titles: "Titles") -> Iterable[str]:
    event = outcome.event
    limit = "none" if event.first_limit_ns is None else rfc3339(event.first_limit_ns)
    sensors = ", ".join(event.sensors[:4]) + (" …" if len(event.sensors) > 4 else "")
    lead = outcome.lead_s
    told = f", lead {span(lead)}" if lead is not None and outcome.caught else ""
    told += f" (by {outcome.episodes[0].sensor} of the source)" if outcome.by_source else ""
    yield (
        f"- `{event.id}` severity {event.severity}: {fate(outcome)}{told}. Onset {rfc3339(event.onset_ns)}, first limit {limit}, "
        f"end {rfc3339(event.end_ns)}; {sensors}"
    )
    lines = titles.around(event.sensors, event.onset_ns - 3600 * NS, event.end_ns + 600 * NS)
    for line in lines[:LINES]:
        yield f"  - {line}"
    if len(lines) > LINES:
        yield f"  - … and {len(lines) - LINES} more lines"
    if not lines:
        yield "  - the alert stream says nothing of these sensors from an hour before to ten minutes after"


class Titles:
    """What the alert stream said of some sensors."""

    def __init__(self, alerts: Path, sensors: set[str]) -> None:
        self._lines: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
        with alerts.open("rb") as file:
            for line, raw in zip(read_alerts(alerts), file, strict=True):
                if line.sensor in sensors:
                    title = json.loads(raw)["title"]["en"]
                    text = f"{rfc3339(line.t_ns)} {line.event} {line.grade.label} {line.kind} {line.sensor}: {title}"
                    self._lines[line.sensor].append((line.t_ns, line.number, text))

    def around(self, sensors: Iterable[str], from_ns: int, to_ns: int) -> list[str]:
        """Return the lines of some sensors in a span of time, in order."""
        found = [
            told for sensor in sensors for told in self._lines.get(sensor, ()) if from_ns <= told[0] <= to_ns
        ]
        return [text for _, _, text in sorted(found)]


def false_alerts(report: Report, titles: "Titles") -> Iterable[str]:
    groups: dict[tuple[str, str], list[FalseAlert]] = defaultdict(list)
    for alert in report.match.false:
        on = "no event" if alert.look_alike is None else alert.look_alike.kind
        groups[on, str(alert.episode.kind)].append(alert)
    yield "| on | kind | alerts | stood, median | sensors that have most |\n|---|---|---|---|---|"
    for (on, kind), alerts in sorted(groups.items(), key=lambda item: -len(item[1])):
        most = Counter(alert.episode.sensor for alert in alerts).most_common(3)
        named = ", ".join(f"{sensor} ({count})" for sensor, count in most)
        middle = sorted(alert.stood_s for alert in alerts)[len(alerts) // 2]
        yield f"| {on} | {kind} | {len(alerts)} | {span(middle)} | {named} |"
    yield ""
    for (on, kind), alerts in sorted(groups.items(), key=lambda item: -len(item[1]))[:10]:
        yield f"- {on}, {kind}:"
        for alert in alerts[:: max(1, len(alerts) // EXAMPLES)][:EXAMPLES]:
            episode = alert.episode
            lines = titles.around([episode.sensor or ""], episode.opened_ns, episode.opened_ns)
            yield f"  - {lines[0] if lines else rfc3339(episode.opened_ns)}"


# ---- the report


def markdown(report: Report, alerts: Path, made: str) -> str:
    titles = Titles(
        alerts, set(report.match.truth.sensors) | {a.episode.sensor or "" for a in report.match.false}
    )
    parts = [f"# {SCENARIO}: how early, how rightly\n", made]
    parts += [text for table in tables_of(report) for text in table_text(table)]
    parts += ["\n## What became of the faults, by family\n", *misses(report, titles)]
    parts += ["\n## The false alerts\n", *false_alerts(report, titles)]
    return "\n".join(parts) + "\n"


def table_text(table: Table) -> Iterable[str]:
    def cells(row: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("\n", " / ").replace("|", "\\|") for cell in row) + " |"

    head = table.head if any(table.head) else ("", *[""] * (len(table.rows[0]) - 1))
    yield f"\n## {both(table.title)}\n"
    yield cells(head)
    yield "|" + "---|" * len(head)
    yield from (cells(row) for row in table.rows)


def main() -> None:
    """Make what is not there yet, score it and write both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--calibration-days", type=float, default=5.0, help="0: the first third of the same")
    parser.add_argument("--calibration-seed", type=int, default=2)
    parser.add_argument("--beside", default="ewma,cusum,river,rcf3")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "results" / f"2026-11-{SCENARIO}")
    parser.add_argument("--commit", required=True, help="of the tree whose alerts these are, for the page")
    parser.add_argument("--pictures", type=Path, help="a folder for the curves (SVG)")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    files = Files(options.folder, options.days, options.seed)
    other = (
        Files(options.folder, options.calibration_days, options.calibration_seed)
        if options.calibration_days
        else None
    )
    took = {
        "simulated_s": simulate(files),
        "calibration_s": None if other is None else simulate(other),
        "replayed_s": replay(files),
    }
    began = time.monotonic()
    registry = load(files.settings).plan.registry
    report = score(files, other, registry, options.beside.split(","), SAMPLE)
    took["scored_s"] = round(time.monotonic() - began, 1)
    made = (
        f"`python bench/site_score.py --days {options.days:g} --seed {options.seed} --calibration-days "
        f"{options.calibration_days:g} --calibration-seed {options.calibration_seed}`. Packaged settings, "
        f"developed on this seed; how far they hold on another is in docs/score.md. Commit {options.commit}. "
        f"The rules: [docs/score.md](../../docs/score.md)."
    )
    data = as_json(report)
    # one line an event would make the file long; the events are in the truth, what became of them in the page
    data.pop("events")
    data.pop("false_alerts")
    options.out.with_suffix(".md").write_text(markdown(report, files.alerts, made), encoding="utf-8")
    whole = json.dumps({"took": took, **data}, ensure_ascii=False, indent=1) + "\n"
    options.out.with_suffix(".json").write_text(whole, encoding="utf-8")
    if options.pictures is not None:
        options.pictures.mkdir(parents=True, exist_ok=True)
        for name, picture in plots_of(report).items():
            (options.pictures / f"{SCENARIO}-{name}.svg").write_text(picture + "\n", encoding="utf-8")
    print(json.dumps(took))


if __name__ == "__main__":
    main()
