"""How right the detectors are, on labelled recordings, beside trivial and off-the-shelf ones.

``python bench/quality.py [nab|skab|tep|calm] [--json FILE] [--data FOLDER] [--set NAME=VALUE] [--only TEXT] [--trials]``; without a
set, all four. docs/quality.md tells what each figure means.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table as Grid

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.truth import calm, nab, recordings, rows  # noqa: E402 - bench and the rooms are found from the checkout
from bench.truth.bank import bank_detectors, packaged  # noqa: E402 - as above
from bench.truth.rivals import PCA, RIVALS, Detector  # noqa: E402 - as above
from bench.truth.trials import TRIALS  # noqa: E402 - as above
from detectors.findings import Method  # noqa: E402 - as above

FALSE_ALARMS = 0.01
_MINUTES_PER_ROW = 3.0
_HARD = (3, 9)
Row = dict[str, Any]


def score_nab(folder: Path, detectors: list[Detector]) -> Iterator[Row]:
    """Score the NAB half; two rows of known value come first."""
    found = recordings.nab(folder)
    corpus = [series for _, series in found]
    for name, share in (
        ("[fires at each window's first row]", 0.0),
        ("[fires in each window's middle]", 0.5),
    ):
        yield _nab_row(name, corpus, [_at(series, share) for series in corpus], 0.5)
    for detector in detectors:
        began = time.perf_counter()
        scores = [detector.score(table, nab.probation_rows(len(table.t_ns))) for table, _ in found]
        yield {
            **_nab_row(detector.name, corpus, scores, detector.raises),
            "seconds": time.perf_counter() - began,
        }


def _nab_row(
    name: str, corpus: list[nab.Labelled], scores: list[NDArray[np.float64]], raises: float | None
) -> Row:
    row: Row = {"detector": name}
    for application, weights in nab.APPLICATIONS.items():
        threshold = nab.best_threshold(corpus, scores, weights)
        row[application] = nab.tally(corpus, scores, weights, threshold).score
    standard = nab.APPLICATIONS["standard"]
    told = nab.tally(corpus, scores, standard, nab.best_threshold(corpus, scores, standard))
    row |= _tally_facts(told) | {"threshold": told.threshold}
    if raises is not None:
        own = nab.tally(corpus, scores, standard, raises)
        row |= {f"own_{key}": value for key, value in _tally_facts(own).items()} | {"own_standard": own.score}
    return row


def _tally_facts(told: nab.Tally) -> Row:
    return {
        "hits": told.hits,
        "windows": told.windows,
        "position": told.position,
        "delay_rows": told.delay_rows,
        "false_rows": told.false_rows,
        "false_episodes": told.false_episodes,
        "false_episodes_per_day": told.false_episodes / told.days,
    }


def _at(series: nab.Labelled, share: float) -> NDArray[np.float64]:
    score = np.zeros(series.rows)
    for first, last in series.windows:
        score[first + round(share * (last - first))] = 1.0
    return score


def score_skab(folder: Path, detectors: list[Detector]) -> Iterator[Row]:
    """Score SKAB valve1 over the rows after the first 400 of each file, all files together."""
    found = recordings.skab(folder)
    truth = np.concatenate([marked[recordings.SKAB_LEARN :] for _, marked in found])
    for detector in detectors:
        began = time.perf_counter()
        parts = [detector.score(table, recordings.SKAB_LEARN)[recordings.SKAB_LEARN :] for table, _ in found]
        score = np.concatenate(parts)
        row: Row = {"detector": detector.name, "rows": len(truth), "anomalous": int(truth.sum())}
        if detector.raises is not None:
            row |= _confusion_facts("own_", rows.Confusion.of(score >= detector.raises, truth))
        best = rows.best_f1_threshold(score, truth)
        row |= _confusion_facts("best_", rows.Confusion.of(score >= best, truth)) | {"best_threshold": best}
        yield row | {"seconds": time.perf_counter() - began}


def _confusion_facts(prefix: str, counted: rows.Confusion) -> Row:
    return {
        f"{prefix}f1": counted.f1,
        f"{prefix}false_alarm_rate": counted.false_alarm_rate,
        f"{prefix}missed_rate": counted.missed_rate,
    }


def score_tep(folder: Path, detectors: list[Detector]) -> Iterator[Row]:
    """Score TEP faults 1-10; the normal training run goes before each test run."""
    history, normal, faulty = recordings.tep(folder)
    skip, onset = len(history.t_ns), recordings.TEP_ONSET
    for detector in detectors:
        began = time.perf_counter()
        calm = detector.score(history.then(normal), skip)[skip:]
        runs = {k: detector.score(history.then(run), skip)[skip:] for k, run in faulty.items()}
        limit = rows.threshold_for(calm, FALSE_ALARMS)
        row: Row = {"detector": detector.name, "threshold": limit}
        row |= _tep_facts("", calm > limit, {k: score > limit for k, score in runs.items()}, onset)
        if detector.raises is not None:
            own = {k: score >= detector.raises for k, score in runs.items()}
            row |= _tep_facts("own_", calm >= detector.raises, own, onset)
        yield row | {"seconds": time.perf_counter() - began}


def _tep_facts(prefix: str, calm: NDArray[np.bool_], alarms: dict[int, NDArray[np.bool_]], onset: int) -> Row:
    rate = {k: float(alarm[onset:].mean()) for k, alarm in alarms.items()}
    first = [rows.first_alarm(alarm[onset:]) * _MINUTES_PER_ROW for alarm in alarms.values()]
    confirmed = [
        rows.first_alarm(alarm[onset:], rows.IN_A_ROW) * _MINUTES_PER_ROW for alarm in alarms.values()
    ]
    facts = {
        "false_alarm_rate": float(calm.mean()),
        "false_alarm_rate_before_onset": float(np.mean([alarm[:onset].mean() for alarm in alarms.values()])),
        "detected": float(np.mean(list(rate.values()))),
        "detected_without_3_9": float(np.mean([value for k, value in rate.items() if k not in _HARD])),
        "by_fault": rate,
        "delay_min": float(np.median(first)),
        "delay_confirmed_min": float(np.median(confirmed)),
    }
    return {f"{prefix}{key}": value for key, value in facts.items()}


Column = tuple[str, str, str]
COLUMNS: dict[str, tuple[Column, ...]] = {
    "nab": (
        ("standard", "standard", ".1f"),
        ("low FP", "reward_low_fp", ".1f"),
        ("low FN", "reward_low_fn", ".1f"),
        ("hits", "hits", "d"),
        ("of", "windows", "d"),
        ("place in window", "position", ".2f"),
        ("delay, rows", "delay_rows", ".0f"),
        ("false rows", "false_rows", "d"),
        ("false ep./day", "false_episodes_per_day", ".3f"),
        ("own: standard", "own_standard", ".1f"),
        ("own: hits", "own_hits", "d"),
        ("own: false ep./day", "own_false_episodes_per_day", ".3f"),
        ("s", "seconds", ".1f"),
    ),
    "skab": (
        ("own: F1", "own_f1", ".3f"),
        ("own: false", "own_false_alarm_rate", ".1%"),
        ("own: missed", "own_missed_rate", ".1%"),
        ("best threshold: F1", "best_f1", ".3f"),
        ("false", "best_false_alarm_rate", ".1%"),
        ("missed", "best_missed_rate", ".1%"),
        ("s", "seconds", ".1f"),
    ),
    "tep": (
        ("detected", "detected", ".1%"),
        ("without 3, 9", "detected_without_3_9", ".1%"),
        ("delay, min", "delay_min", ".0f"),
        ("3 in a row, min", "delay_confirmed_min", ".0f"),
        ("false, d00_te", "false_alarm_rate", ".2%"),
        ("false, before onset", "false_alarm_rate_before_onset", ".2%"),
        ("own: detected", "own_detected", ".1%"),
        ("own: without 3, 9", "own_detected_without_3_9", ".1%"),
        ("own: false, d00_te", "own_false_alarm_rate", ".2%"),
        ("s", "seconds", ".1f"),
    ),
}
SETS = {"nab": score_nab, "skab": score_skab, "tep": score_tep}
CALM = "calm"
"""Not a score of detectors but what the bank alone says where nothing is wrong."""


def show(name: str, lines: list[Row], console: Console) -> None:
    """Print one set's table."""
    grid = Grid("detector", *(title for title, _, _ in COLUMNS[name]), title=name)
    for line in lines:
        grid.add_row(
            line["detector"].replace("[", r"\["),
            *(_cell(line.get(key), form) for _, key, form in COLUMNS[name]),
        )
    console.print(grid)


def show_calm(lines: list[Row], console: Console) -> None:
    """Print the false findings by recording and method; a method that never spoke has no column."""
    told = {name for line in lines for name in line["by_method"]}
    methods = [method.label for method in Method if method.label in told]
    grid = Grid("recording", "sensor-days", "raised", "per sensor-day", "95 %", *methods, title="calm")
    for line in lines:
        low, high = line["per_sensor_day_95"]
        rates = [line["by_method"].get(name, 0) / line["sensor_days"] for name in methods]
        grid.add_row(
            line["detector"],
            f"{line['sensor_days']:.2f}",
            str(line["raised"]),
            f"{line['per_sensor_day']:.4f}",
            f"{low:.4f} to {high:.4f}",
            *(f"{rate:.4f}" for rate in rates),
        )
    console.print(grid)


def _cell(value: float | None, form: str) -> str:
    return "-" if value is None or not math.isfinite(value) else format(value, form)


def _plain(value: Any) -> Any:
    """Round for JSON, which has neither NaN nor infinity; without the seconds, so that two runs give the same file."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items() if key != "seconds"}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value


def main() -> None:
    """Score, print, write."""
    parser = argparse.ArgumentParser(description="how right the detectors are")
    parser.add_argument("sets", nargs="*", metavar="SET", help="nab, skab, tep, calm; all when none is given")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--data", type=Path, help="shared/data by default, beside the checkout")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="of type `other`, for a trial"
    )
    parser.add_argument("--only", default="", metavar="TEXT", help="detectors with this in their name")
    parser.add_argument("--trials", action="store_true", help="with changes to the score that are not built")
    args = parser.parse_args()
    known = (*SETS, CALM)
    if unknown := set(args.sets) - set(known):
        parser.error(f"no such set: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    data = args.data or next(
        (p / "shared" / "data" for p in ROOT.parents if (p / "shared" / "data").is_dir()), None
    )
    if data is None:
        parser.error("there is no shared/data beside the checkout; say where with --data")
    changed = {key: float(value) for key, _, value in (item.partition("=") for item in args.set)}
    profile = packaged(changed)
    bank = bank_detectors(profile)
    console = Console(width=None if sys.stdout.isatty() else 200)
    result: dict[str, Any] = {"changed": changed}
    for name in args.sets or known:
        if name == CALM:
            result[name] = list(calm.panel(data, profile))
            show_calm(result[name], console)
            continue
        detectors = [*RIVALS, *([] if name == "nab" else [PCA]), *bank, *(TRIALS if args.trials else ())]
        wanted = [d for d in detectors if args.only in d.name]
        for detector in (d for d in wanted if d.missing):
            print(f"{detector.name}: missing, pip install 'hazwatch[bench]'", file=sys.stderr)
        wanted = [d for d in wanted if not d.missing]
        result[name] = list(SETS[name](data / name, wanted))
        show(name, result[name], console)
    if args.json:
        args.json.write_text(json.dumps(_plain(result), indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
