"""How shape and sensor health do: false findings where nothing is wrong, and faults caught that were put in.

``python bench/faults.py [--seeds N] [--hours H] [--places N] [--data FOLDER] [--md FILE]``: recordings of bench/truth/normal.py
with the packaged profile; then every method on every type of sensor, to see what its default rests on; then seeded faults of
bench/truth/injected.py, each alone in its recording, with the packaged profile.
"""

import argparse
import math
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.truth.injected import FAULTS, Injected, inject  # noqa: E402 - bench and the rooms are found from the checkout
from bench.truth.normal import Normal, normal_recordings  # noqa: E402 - as above
from detectors.bank import DetectorBank  # noqa: E402 - as above
from detectors.clock import Clock  # noqa: E402 - as above
from detectors.findings import Edge, FindingBlock, Method  # noqa: E402 - as above
from detectors.profile import Methods, Profile  # noqa: E402 - as above
from detectors.profile_file import load_profile  # noqa: E402 - as above
from registry.readings import ReadingBlock  # noqa: E402 - as above
from registry.sensors import SensorType  # noqa: E402 - as above

METHODS = (
    Method.SPIKE, Method.STEP, Method.VARIANCE, Method.OSCILLATION,
    Method.STUCK, Method.NOISE, Method.SATURATION, Method.CLOCK, Method.QUALITY,
)  # fmt: skip
SWITCH = {m: f"{m.label}_false_per_day" for m in METHODS[:6]} | {
    Method.SATURATION: "saturation_s", Method.CLOCK: "clock_max_s", Method.QUALITY: "bad_s",
}  # fmt: skip
EVERYTHING: dict[str, Any] = {name: 0.01 for name in SWITCH.values() if name.endswith("_per_day")} | {
    "saturation_s": 30.0, "saturation_ends": 2, "clock_max_s": 120.0, "bad_s": 5.0,
}  # fmt: skip
NS = 1_000_000_000
AFTER_SAMPLES = 64
"""A finding so many samples after a fault's end is still of it."""
Key = tuple[str, SensorType, Method]
Days = dict[tuple[str, SensorType], float]


def told(recording: Normal, block: ReadingBlock, profile: Profile) -> FindingBlock:
    """Return what the bank tells of a block, all in one, under the event clock."""
    return DetectorBank(recording.registry, profile, Clock.EVENT).step(block, 0).findings


def everything(profile: Profile) -> Profile:
    """Return the profile with every method of shape and health on."""
    types = {kind: replace(own, **EVERYTHING) for kind, own in profile.types.items()}
    return Profile(types, profile.sensors)


def false_findings(recordings: Sequence[Normal], profile: Profile) -> tuple[Counter[Key], Days]:
    """Return findings by set of recordings, type and method, where nothing was wrong; and the sensor-days of each."""
    found: Counter[Key] = Counter()
    days: Days = defaultdict(float)
    for recording in recordings:
        where = recording.name.split()[0]
        for spec, share in zip(recording.registry.specs, recording.days(), strict=True):
            days[where, spec.type] += share
        for row in told(recording, recording.block, profile):
            method, sensor = Method(row["method"]), int(row["sensor"])
            if (
                method not in METHODS
                or row["edge"] != Edge.RAISED
                or recording.is_excused(sensor, int(row["t_ns"]))
            ):
                continue
            found[where, recording.registry.specs[sensor].type, method] += 1
    return found, days


@dataclass(slots=True)
class Catch:
    """How often a fault was put in, and after how many seconds and samples it was told by its own method."""

    tried: int
    delays_s: list[float]
    delays_samples: list[float]


def catches(recordings: Sequence[Normal], profile: Profile, places: int) -> dict[tuple[str, str], Catch]:
    """Put every fault into sensors of every recording whose default looks for it, at `places` places each."""
    result: dict[tuple[str, str], Catch] = {}
    for recording in recordings:
        where = recording.name.split()[0]
        for fault, (_, method) in FAULTS.items():
            watched = [
                i for i, spec in enumerate(recording.registry.specs)
                if not math.isnan(getattr(profile.methods(spec), SWITCH[method]))
                and not any(sensor == i for sensor, _, _ in recording.excused)
            ]  # fmt: skip
            kept = result.setdefault((where, fault), Catch(0, [], []))
            for sensor, seed in _places(watched, places):
                made = inject(recording, sensor, fault, seed)
                if made is not None:
                    _count(kept, recording, made, told(recording, made.block, profile), method)
    return result


def _places(watched: Sequence[int], places: int) -> Iterator[tuple[int, int]]:
    """Yield sensors spread over those that are watched, each with a seed of its own."""
    for seed in range(min(places, 4 * len(watched))):
        yield watched[seed * max(1, len(watched) // places) % len(watched)], seed


def _count(kept: Catch, recording: Normal, made: Injected, findings: FindingBlock, method: Method) -> None:
    own = recording.block.t_ns[recording.block.sensor == made.sensor]
    pace_ns = float(np.median(np.diff(own)))
    after = 0 if method in {Method.SPIKE, Method.STEP} else AFTER_SAMPLES  # the way back is a jump as well
    kept.tried += 1
    for row in findings:
        if row["method"] != method or row["sensor"] != made.sensor or row["edge"] != Edge.RAISED:
            continue
        at_ns = int(row["now_ns"])
        if made.from_ns <= at_ns <= made.to_ns + after * pace_ns:
            kept.delays_s.append((at_ns - made.from_ns) / NS)
            kept.delays_samples.append((at_ns - made.from_ns) / pace_ns)
            return


def false_table(found: Counter[Key], days: Days, profile: Profile | None) -> str:
    """Return false findings per sensor-day; where a profile is given, only of the methods that it has on for the type."""
    lines = [["set", "type", "sensor-days", *(m.label for m in METHODS)]]
    for (where, kind), n_days in days.items():
        cells = []
        for method in METHODS:
            off = profile is not None and math.isnan(getattr(profile.types[kind], SWITCH[method]))
            n = found[where, kind, method]
            cells.append("off" if off else "0" if n == 0 else f"{n} ({n / n_days:.3f})")
        lines.append([where, kind.value, f"{n_days:.1f}", *cells])
    total = sum(days.values())
    sums = [sum(n for (_, _, m), n in found.items() if m is method) for method in METHODS]
    lines.append(["all", "", f"{total:.1f}", *(f"{n} ({n / total:.4f})" if n else "0" for n in sums)])
    return _grid(lines)


def catch_table(result: dict[tuple[str, str], Catch]) -> str:
    """Return the share caught and the delays, by fault and set of recordings."""
    lines = [
        [
            "fault",
            "told by",
            "set",
            "put in",
            "caught",
            "share",
            "delay, samples: median",
            "p90",
            "delay, s: median",
        ]
    ]
    for (where, fault), c in sorted(result.items(), key=lambda item: list(FAULTS).index(item[0][1])):
        if not c.tried:
            continue
        n = len(c.delays_s)
        late = [
            f"{q(c.delays_samples):.0f}" if n else "-" for q in (np.median, lambda x: np.quantile(x, 0.9))
        ]
        lines.append(
            [fault, FAULTS[fault][1].label, where, str(c.tried), str(n), f"{n / c.tried:.0%}", *late, f"{np.median(c.delays_s):.0f}" if n else "-"]
        )  # fmt: skip
    return _grid(lines)


def _grid(lines: list[list[str]]) -> str:
    return "".join(f"| {' | '.join(line)} |\n" for line in [lines[0], ["---"] * len(lines[0]), *lines[1:]])


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        description="false findings and caught faults of shape and sensor health"
    )
    parser.add_argument("--seeds", type=int, default=8, help="of the demo site")
    parser.add_argument("--hours", type=float, default=3.0, help="of each seed")
    parser.add_argument(
        "--places", type=int, default=24, help="where each fault is put in, in each recording"
    )
    parser.add_argument("--data", type=Path, help="shared/data by default, beside the checkout")
    parser.add_argument("--md", type=Path, metavar="FILE", help="writes the tables")
    args = parser.parse_args()
    data = args.data or next(p / "shared/data" for p in ROOT.parents if (p / "shared/data").is_dir())
    profile, _, _ = load_profile(None)
    assert isinstance(profile.types[SensorType.LEVEL], Methods)
    recordings = list(normal_recordings(data, seeds=args.seeds, hours=args.hours))
    parts = []
    for title, used, shown in (
        ("False findings with the packaged profile", profile, profile),
        ("False findings with every method on every type", everything(profile), None),
    ):
        parts.append(f"## {title}\n\n{false_table(*false_findings(recordings, used), shown)}")
    first_of_set = [r for r in recordings if not r.name.startswith("demo") or r.name == "demo 1"]
    first_of_set = [r for r in first_of_set if r.name != "tep d00"]
    parts.append(
        f"## Faults put in, with the packaged profile\n\n{catch_table(catches(first_of_set, profile, args.places))}"
    )
    text = "\n".join(parts)
    sys.stdout.write(text)
    if args.md:
        args.md.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
