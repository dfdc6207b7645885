"""The calibration: what was not normal is cut out, each method runs alone, each threshold gets its evidence.

The bank itself is what gives the statistics: with one method on, a reading's score s says the ratio of the statistic to
its threshold, s / (1 - s), so one pass a method gives the whole series and the kernels know nothing of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from detectors.findings import Edge, FindingBlock, Method
from detectors.profile import Profile
from registry.readings import Quality
from registry.sensors import SensorRegistry
from service.tuning.counted import judge_counted
from service.tuning.evidence import Evidence, judge, known_of
from service.tuning.normal import Abnormal, abnormal_times, by_sensor, kept
from service.tuning.peaks import Track, watched_days
from service.tuning.readings import Progress, Readings, Run, no_progress
from service.tuning.tunables import TUNABLES, Tunable, alone, without_limits
from service.tuning.watched import Watched


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The evidence for one threshold, and how often its method spoke in what counted: `before` and `after` tuning."""

    evidence: Evidence
    before: int
    after: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What a recording gave.

    Attributes:
        per_day: the wanted rate of false episodes, a sensor and day.
        readings: how many were read; first_ns, last_ns: from when to when, event times; None without any.
        abnormal: the times that were cut out, in order.
        judgements: one for each threshold that is on, by method and then in the order of the sensors.
    """

    per_day: float
    readings: int
    first_ns: int | None
    last_ns: int | None
    abnormal: tuple[Abnormal, ...]
    judgements: tuple[Judgement, ...]


def passes() -> int:
    """Return how many times the readings are run through: for progress."""
    return len(TUNABLES) + 2


def calibrate(
    readings: Readings,
    registry: SensorRegistry,
    profile: Profile,
    per_day: float,
    progress: Progress = no_progress,
    *,
    tunables: Sequence[Tunable] = TUNABLES,
) -> Calibration:
    """Return the calibration of every tunable threshold that the profile has on."""
    t_ns = readings.block.t_ns
    if not len(readings):
        return Calibration(
            per_day=per_day, readings=0, first_ns=None, last_ns=None, abnormal=(), judgements=()
        )
    as_is = readings.run(registry, profile, progress, "what was not normal / 查找异常时段")
    abnormal = abnormal_times(as_is.findings, int(t_ns.max()))
    cut = by_sensor(abnormal, registry)
    rows = readings.rows_of(len(registry))
    evidence: list[Evidence] = []
    for tunable in tunables:
        run = readings.run(
            without_limits(registry), alone(tunable, profile, registry), progress, f"{tunable.method.label}"
        )
        for i, spec in enumerate(registry.specs):
            methods = profile.methods(spec)
            if np.isnan(tunable.tried(spec, methods)):
                continue
            watched = _watched(readings, run, rows[i], cut[i], tunable.settles_s(methods))
            known = known_of(spec, tunable, methods, watched)
            if known.refusal is None and tunable.counted:
                known = judge_counted(known, _told(run, i, tunable.method, watched), per_day)
            elif known.refusal is None:
                known = judge(known, tunable.rules(methods), watched, per_day=per_day)
            evidence.append(known)
    tuned = readings.run(registry, tuned_profile(profile, evidence), progress, "check / 复核")
    judgements = tuple(
        _checked(e, before=as_is.findings, after=tuned.findings, cut=cut, registry=registry, profile=profile)
        for e in evidence
    )
    return Calibration(
        per_day=per_day, readings=len(readings), first_ns=int(t_ns.min()), last_ns=int(t_ns.max()),
        abnormal=tuple(abnormal), judgements=judgements,
    )  # fmt: skip


def tuned_profile(profile: Profile, evidence: list[Evidence]) -> Profile:
    """Return the profile with the chosen thresholds."""
    sensors = {sensor: dict(own) for sensor, own in profile.sensors.items()}
    for e in evidence:
        if e.chosen is not None:
            sensors.setdefault(e.sensor, {})[e.tunable.key] = e.chosen
    return Profile(profile.types, MappingProxyType(sensors))


def _watched(
    readings: Readings, run: Run, rows: NDArray[np.intp], cut: list[Abnormal], settles_s: float
) -> Watched:
    """Return one sensor's statistic where it counts: judged, settled, and with nothing abnormal near."""
    fresh = rows[run.fresh[rows]]
    # what its own transmitter doubts is no evidence of what is normal
    judged = fresh[~np.isnan(run.score[fresh]) & (readings.block.quality[fresh] == Quality.GOOD)]
    score = run.score[judged]
    t_ns = readings.block.t_ns[judged]
    speaks = np.flatnonzero(score > 0.0)
    warm = speaks[0] if len(speaks) else 0  # while it warms up it says nothing, not even a little
    settled = t_ns >= t_ns[warm : warm + 1] + round(settles_s * 1e9)
    whole = _track(t_ns[settled], score[settled], np.flatnonzero(settled))
    keep = settled & kept(t_ns, cut, settles_s)
    return Watched(
        track=_track(t_ns[keep], score[keep], np.flatnonzero(keep)),
        value=readings.block.value[judged[keep]],
        readings=len(fresh),
        bad=len(fresh) - len(judged),
        settled_days=watched_days(whole),
    )


def _told(run: Run, i: int, method: Method, watched: Watched) -> NDArray[np.float64]:
    """Return of each finding of a sensor in what counts by how much its statistic was beyond the threshold, as a ratio."""
    rows = run.findings.rows
    own = (rows["sensor"] == i) & (rows["method"] == method) & (rows["edge"] == Edge.RAISED)
    rows = rows[own & np.isin(rows["t_ns"], watched.track.t_ns)]
    return np.asarray(rows["statistic"] / rows["threshold"], np.float64)


def _track(t_ns: NDArray[np.int64], score: NDArray[np.float64], place: NDArray[np.intp]) -> Track:
    """Return the statistic over its threshold; where places are missing a new stretch begins."""
    begins = np.diff(place, prepend=-2) > 1
    return Track(t_ns=t_ns, value=score / (1.0 - score), begins=begins)


def _checked(
    evidence: Evidence,
    *,
    before: FindingBlock,
    after: FindingBlock,
    cut: list[list[Abnormal]],
    registry: SensorRegistry,
    profile: Profile,
) -> Judgement:
    """Count what the method raised in the time that counts, by the running settings and by the tuned ones."""
    i = registry.index[evidence.sensor]
    settles_s = evidence.tunable.settles_s(profile.methods(registry.specs[i]))

    def raised(findings: FindingBlock) -> int:
        rows = findings.rows
        own = (
            (rows["sensor"] == i)
            & (rows["method"] == evidence.tunable.method)
            & (rows["edge"] == Edge.RAISED)
        )
        return int(np.count_nonzero(kept(rows["t_ns"][own], cut[i], settles_s)))

    tuned = evidence.chosen is not None
    return Judgement(evidence=evidence, before=raised(before), after=raised(after) if tuned else None)
