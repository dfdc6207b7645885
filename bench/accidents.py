"""What hazwatch says of real accidents, re-enacted: how many minutes before the point of no return, and on which evidence.

``python bench/accidents.py [NAME ...] [--json FILE] [--md FILE] [--img FOLDER] [--quick]``. Each accident's readings go through
`hazwatch replay` with the settings that its plant would have had and every method by its default; then again with its assumptions
moved, one at a time. Without names all of them are done. ``--quick`` leaves the variations out. Two runs write the same bytes.
Pictures need matplotlib, which comes with ``pip install 'hazwatch[bench]'``.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.accident_pages import page  # noqa: E402 - bench and the rooms are found from the checkout
from sim.accidents.catalogue import ACCIDENTS, accident  # noqa: E402 - as above
from sim.accidents.model import Accident, Course, Sensor  # noqa: E402 - as above
from sim.accidents.readings import readings, shown_values  # noqa: E402 - as above
from sim.accidents.settings import settings_of  # noqa: E402 - as above
from sim.accidents.signals import grid_s  # noqa: E402 - as above
from sim.accidents.variation import Variation, varied  # noqa: E402 - as above
from sim.scenarios import DEMO_START_NS  # noqa: E402 - as above
from sim.writing import write_readings  # noqa: E402 - as above

SEED = 1
GRADES = ("blue", "yellow", "orange", "red")
_TELLS = frozenset({"opened", "reopened", "escalated"})
_EPOCH_S = DEMO_START_NS / 1e9
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One run: a name, what was moved, and the seed."""

    name: str
    variation: Variation
    seed: int = SEED


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One alert line, its time in seconds since the accident's start."""

    t_s: float
    line: Mapping[str, Any]

    @property
    def sensor(self) -> str:
        """The sensor's name within its enterprise."""
        return str(self.line["sensor"]).rpartition("/")[2]

    @property
    def methods(self) -> list[str]:
        """The methods that stand, gravest first."""
        return [reason["method"] for reason in self.line["why"]["reasons"]]


def cases(of: Accident) -> Iterator[Case]:
    """Yield the base case, then each assumption moved."""
    yield Case(name="as it was", variation=Variation())
    for seed in (2, 3):
        yield Case(name=f"seed {seed}", variation=Variation(), seed=seed)
    for factor in (0.7, 1.3):
        yield Case(name=f"noise x {factor}", variation=Variation(noise=factor))
    for factor in (0.7, 1.3):
        yield Case(name=f"pace x {factor}", variation=Variation(pace=factor))
    if any(isinstance(signal, Course) and signal.daily for signal in of.signals.values()):
        yield Case(name="no daily cycle", variation=Variation(daily=0.0))
    for alternative in of.alternatives:
        yield Case(name=alternative.name, variation=Variation(alternative=alternative))


def replay(of: Accident, seed: int) -> list[Told]:
    """Run an accident through `hazwatch replay` with its plant's settings; return every alert line."""
    with tempfile.TemporaryDirectory(prefix="hazwatch-accident-") as folder:
        place = Path(folder)
        for name, text in settings_of(of).items():
            (place / name).write_text(text, encoding="utf-8")
        write_readings(readings(of, seed, DEMO_START_NS, of.length_s), place / "readings.csv")
        command = [sys.executable, "-m", "service.main", "replay", str(place / "readings.csv")]
        command += ["--config", str(place / "hazwatch.yaml"), "--alerts", str(place / "alerts.ndjson")]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{of.name}: {' '.join(command)}\n{done.stderr}")
        lines = (place / "alerts.ndjson").read_text(encoding="utf-8").splitlines()
    return [
        Told(t_s=datetime.fromisoformat(line["time"]).timestamp() - _EPOCH_S, line=line)
        for line in map(json.loads, lines)
    ]


def answer(of: Accident, told: list[Told], seed: int) -> dict[str, Any]:
    """Return the minutes before the point of no return of the first warning of each grade, and what went with it.

    Only the sensors of the accident's own equipment count, and only until people acted by themselves, where they did.
    `standing` is what was open when it began.
    """
    event = of.main
    no_return_s = event.no_return_s
    assert no_return_s is not None
    own = own_sensors(of)
    mine = [t for t in told if t.sensor in {s.id for s in own}]
    since = [t for t in mine if event.onset_s <= t.t_s < of.told_by_s and t.line["event"] in _TELLS]
    first = {}
    for i, grade in enumerate(GRADES):
        found = next((t for t in since if t.line["grade"] in GRADES[i:]), None)
        first[grade] = None if found is None else _warning(found, no_return_s)
    return {
        "first": first,
        "standing": _standing(mine, event.onset_s),
        "set_limits": _set_limits(of, own, seed),
        "before": _before(of, told),
    }


def own_sensors(of: Accident) -> list[Sensor]:
    """Return the sensors of the equipment that the accident happened to."""
    equipment = {s.equipment for s in of.sensors if s.id in of.main.sensors}
    return [s for s in of.sensors if s.equipment in equipment]


def _warning(told: Told, no_return_s: float) -> dict[str, Any]:
    reasons = told.line["why"]["reasons"]
    return {
        "minutes": round((no_return_s - told.t_s) / 60, 1),
        "grade": told.line["grade"],
        "kind": told.line["kind"],
        "sensor": told.sensor,
        "methods": told.methods,
        "because": reasons[0]["text"]["en"] if reasons else "",
    }


def _standing(told: list[Told], at_s: float) -> list[str]:
    """Return the alerts that stood at a time: sensor, kind, grade."""
    open_now: dict[str, str] = {}
    for t in told:
        if t.t_s >= at_s:
            break
        if t.line["event"] in {"cleared", "closed"}:
            open_now.pop(t.line["id"], None)
        else:
            open_now[t.line["id"]] = f"{t.sensor} {t.line['kind']} ({t.line['grade']})"
    return sorted(open_now.values())


def _set_limits(of: Accident, own: list[Sensor], seed: int) -> dict[str, Any] | None:
    """Return the first crossing of a set limit by what the sensors showed: what the plant's own alarms could have told."""
    no_return_s = of.main.no_return_s
    assert no_return_s is not None
    shown = shown_values(of, seed)
    t_s = grid_s(of)
    during = (t_s >= of.main.onset_s) & (t_s < of.told_by_s)
    found: list[tuple[float, str]] = []
    for sensor in own:
        for name, limit in sensor.limits.items():
            beyond = shown[sensor.id] <= limit if name in {"ll", "l"} else shown[sensor.id] >= limit
            if (beyond & during).any():
                found.append((float(t_s[np.argmax(beyond & during)]), f"{sensor.id} {name}"))
    if not found:
        return None
    at_s, what = min(found)
    return {"minutes": round((no_return_s - at_s) / 60, 1), "limit": what}


def _before(of: Accident, told: list[Told]) -> dict[str, Any]:
    """Return how often an alert opened or came back while nothing was wrong, and over how many sensor-days."""
    onset_s = of.main.onset_s
    wrong = [(e.onset_s, e.end_s + 3600.0, set(e.sensors)) for e in of.events]
    false = [
        t
        for t in told
        if t.t_s < onset_s
        and t.line["event"] in {"opened", "reopened"}
        and not any(a <= t.t_s <= b and t.sensor in names for a, b, names in wrong)
    ]
    return {
        "alerts": len(false),
        "sensor_days": round(len(of.sensors) * onset_s / _DAY_S, 1),
        "what": sorted({f"{t.sensor} {'+'.join(t.methods)}" for t in false}),
    }


def local(of: Accident, t_s: float) -> str:
    """Return the plant's clock."""
    return f"{datetime.fromisoformat(of.start) + timedelta(seconds=t_s):%m-%d %H:%M:%S}"


def main() -> None:
    """Run what was asked for, print the answers, write the files."""
    parser = argparse.ArgumentParser(description="what hazwatch says of real accidents, re-enacted")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(ACCIDENTS)}")
    parser.add_argument("--quick", action="store_true", help="without the variations")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--md", type=Path, metavar="FILE")
    parser.add_argument("--img", type=Path, metavar="FOLDER")
    asked = parser.parse_args()
    if wrong := [name for name in asked.names if name not in ACCIDENTS]:
        parser.error(f"unknown accident {wrong[0]!r}; one of {', '.join(ACCIDENTS)}")
    results: dict[str, Any] = {}
    lines: dict[str, list[Told]] = {}
    for name in asked.names or ACCIDENTS:
        whole = accident(name)
        results[name] = {}
        for case in cases(whole):
            of = varied(whole, case.variation)
            told = replay(of, case.seed)
            results[name][case.name] = answer(of, told, case.seed)
            if case.name == "as it was":
                lines[name] = told
                if asked.img:
                    from bench.accident_pictures import picture  # noqa: PLC0415 - matplotlib is only needed here

                    picture(of, told, case.seed, asked.img)
            first = results[name][case.name]["first"]
            shown = ", ".join(f"{g} {w['minutes'] if w else '-'}" for g, w in first.items())
            print(f"{name:18} {case.name:24} {shown}", flush=True)
            if asked.quick:
                break
    if asked.json:
        asked.json.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if asked.md:
        asked.md.write_text(page(results, lines, local), encoding="utf-8")


if __name__ == "__main__":
    main()
