"""Truth: thresholds tuned on one day of a known tail, held against sixty other days; and what is refused."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from detectors.findings import Edge, Method
from detectors.profile import Methods, Profile
from registry.readings import Quality, ReadingBlock
from registry.sensors import SensorRegistry, SensorSpec, SensorType, registry_of_columns
from service.tuning.calibrate import Calibration, calibrate, tuned_profile
from service.tuning.evidence import Evidence
from service.tuning.readings import Readings
from service.tuning.refusals import Reason
from service.tuning.tunables import TUNABLES
from tests.service.tuning.synthetic import DAY_S, T0, TAILS, S, block, normal

NAMES = ("a", "b", "c", "d")
REGISTRY = registry_of_columns(NAMES)
Z = Methods(z_threshold=8.0, z_tau_s=3600.0, z_warm_samples=100, z_samples=2, dead_scans=float("nan"))
PROFILE = Profile(MappingProxyType({SensorType.OTHER: Z}))


def columns(tail: str, seed: int, n: int = DAY_S) -> list[NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    return [50.0 + TAILS[tail](rng, n) for _ in NAMES]


def tune(
    made: ReadingBlock,
    per_day: float = 0.01,
    registry: SensorRegistry = REGISTRY,
    profile: Profile = PROFILE,
) -> Calibration:
    return calibrate(Readings.of([made]), registry, profile, per_day)


def only(made: ReadingBlock, per_day: float = 0.01) -> Evidence:
    (judgement,) = tune(made, per_day, registry_of_columns(("a",))).judgements
    return judgement.evidence


def refused(made: ReadingBlock, per_day: float = 0.01) -> Reason:
    refusal = only(made, per_day).refusal
    assert refusal is not None
    assert refusal.why.zh
    assert refusal.needed.en
    return refusal.reason


UNBOUNDED = [replace(t, least=0.5, most=1000.0) for t in TUNABLES if t.method is Method.ROBUST_Z]
"""The threshold may be anything, so that the tail alone decides."""


@pytest.mark.parametrize("per_day", [0.01, 0.5])
@pytest.mark.parametrize("tail", sorted(TAILS))
def test_a_day_gives_the_threshold_of_sixty_others(tail: str, per_day: float) -> None:
    """The episodes of 60 other days are a Poisson count of a mean within the stated interval of the rate."""
    day = Readings.of([block(columns(tail, 1))])
    found = calibrate(day, REGISTRY, PROFILE, per_day, tunables=UNBOUNDED)
    evidence = [j.evidence for j in found.judgements]
    assert [e.refusal for e in evidence] == [None] * len(NAMES)
    profile = tuned_profile(PROFILE, evidence)
    seen = np.zeros(len(NAMES), np.int64)
    for seed in range(100, 106):  # ten days at a time
        rows = Readings.of([block(columns(tail, seed, 10 * DAY_S))]).run(REGISTRY, profile).findings.rows
        raised = rows[(rows["method"] == Method.ROBUST_Z) & (rows["edge"] == Edge.RAISED)]
        seen += np.bincount(raised["sensor"], minlength=len(NAMES))
    for e, count in zip(evidence, seen.tolist(), strict=True):
        assert e.rate_interval is not None
        assert count <= stats.poisson.ppf(0.995, e.rate_interval.hi * 60)
        assert count >= stats.poisson.ppf(0.005, e.rate_interval.lo * 60)


def test_a_fleet_of_sensors_keeps_the_wanted_rate_on_the_whole() -> None:
    """Sixty-four sensors tuned on a day: their mean rate on twenty others is not beyond the wanted one."""
    rng = np.random.default_rng(3)
    registry = registry_of_columns(str(k) for k in range(64))
    step_s, per_day = 10.0, 0.5
    n = round(DAY_S / step_s)
    day = block([normal(rng, n) for _ in registry.specs], step_s)
    made = calibrate(Readings.of([day]), registry, PROFILE, per_day, tunables=UNBOUNDED)
    evidence = [j.evidence for j in made.judgements]
    tuned = [registry.index[e.sensor] for e in evidence if e.chosen is not None]
    assert len(tuned) >= 58
    others = block([normal(rng, 20 * n) for _ in registry.specs], step_s)
    rows = Readings.of([others]).run(registry, tuned_profile(PROFILE, evidence)).findings.rows
    raised = rows[np.isin(rows["sensor"], tuned) & (rows["edge"] == Edge.RAISED)]
    assert len(raised) <= stats.poisson.ppf(0.999, per_day * 20 * len(tuned))
    assert len(raised) > 0.1 * per_day * 20 * len(tuned), "nor is it needlessly blunt"


def test_the_same_recording_gives_the_same_thresholds_however_it_is_cut() -> None:
    made = block(columns("normal", 2, DAY_S // 2))
    parts = Readings.of([made[k : k + 9_999] for k in range(0, len(made), 9_999)])
    cut = calibrate(parts, REGISTRY, PROFILE, 0.1).judgements
    for one, other in zip(tune(made, 0.1).judgements, cut, strict=True):
        assert one.evidence.chosen == other.evidence.chosen
        assert one.evidence.interval == other.evidence.interval


def test_too_short_is_refused_and_a_higher_rate_is_not() -> None:
    made = block([normal(np.random.default_rng(1), 4 * 3600)])
    assert refused(made, 0.01) is Reason.SHORT
    assert only(made, 1.0).chosen is not None


def test_what_the_baseline_warmed_up_on_does_not_count() -> None:
    e = only(block([normal(np.random.default_rng(1), DAY_S)]))
    assert e.days == pytest.approx(1.0 - 3600 / DAY_S, abs=0.003)


def test_a_stuck_sensor_is_refused() -> None:
    value = normal(np.random.default_rng(1), DAY_S)
    value[30_000:60_000] = 1.0
    assert refused(block([value])) is Reason.STUCK
    assert refused(block([np.full(DAY_S, 7.0)])) is Reason.STUCK


@pytest.mark.parametrize("quality", [Quality.UNCERTAIN, Quality.BAD])
def test_bad_quality_is_refused(quality: Quality) -> None:
    value = normal(np.random.default_rng(1), DAY_S)
    made = block([value])
    made.quality[np.random.default_rng(2).random(DAY_S) < 0.3] = quality
    assert refused(made) is Reason.BAD_QUALITY
    value[::3] = np.nan
    assert refused(block([value])) is Reason.BAD_QUALITY


def test_a_sensor_without_readings_is_refused() -> None:
    registry = registry_of_columns(("a", "b"))
    made = tune(block([normal(np.random.default_rng(1), DAY_S)]), 0.01, registry)
    refusals = [j.evidence.refusal for j in made.judgements]
    assert [refusal and refusal.reason for refusal in refusals] == [None, Reason.NO_READINGS]


def test_halves_that_differ_are_refused() -> None:
    rng = np.random.default_rng(1)
    value = normal(rng, DAY_S)
    for start in rng.integers(DAY_S // 2, DAY_S, 300):
        value[start : start + 3] *= 3.0
    assert refused(block([value])) is Reason.UNSTEADY


def test_one_event_that_stands_alone_is_refused_and_its_time_told() -> None:
    value = normal(np.random.default_rng(1), DAY_S)
    value[50_000:50_010] += 60.0
    e = only(block([value]))
    assert e.refusal is not None
    assert e.refusal.reason is Reason.OUTLIER
    assert str(np.datetime64(T0 + 50_001 * S, "ns").astype("datetime64[s]")) in e.refusal.why.en


def test_coarse_steps_are_refused() -> None:
    """A transmitter that knows a few values only, under a spread that is the floor: nothing to fit a curve to."""
    value = np.round(normal(np.random.default_rng(1), DAY_S))
    spec = SensorSpec(id="a", sensor="a", enterprise="", type=SensorType.OTHER, range_lo=0.0, range_hi=200.0)
    profile = Profile(MappingProxyType({SensorType.OTHER: replace(Z, sigma_min_pct=1.0, z_tau_s=1e8)}))
    made = tune(block([value]), 0.01, SensorRegistry((spec,)), profile)
    refusal = made.judgements[0].evidence.refusal
    assert refusal is not None
    assert refusal.reason in {Reason.RESOLUTION, Reason.SHORT}


def test_what_would_be_blind_is_refused() -> None:
    """A burst an hour, each as high as the next: the tail is well known, and lies beyond any use."""
    rng = np.random.default_rng(1)
    value = normal(rng, DAY_S)
    for start in range(4_000, DAY_S, 400):
        value[start : start + 2] += rng.uniform(20.0, 40.0)
    assert refused(block([value])) is Reason.BLIND


def test_never_below_the_least() -> None:
    e = only(block([np.random.default_rng(1).uniform(-1.0, 1.0, DAY_S)]))
    assert (e.chosen, e.at_least) == (e.tunable.least, True)


def test_on_a_sensor_of_type_other_the_recording_may_switch_robust_z_on() -> None:
    """Nothing is known of it, so its own past decides: where its tail supports the rate, and not where its life is change."""
    off = Profile(MappingProxyType({SensorType.OTHER: replace(Z, z_threshold=float("nan"))}))
    noise = columns("normal", 1)[0]
    restless = 50.0 + 10.0 * (np.arange(DAY_S) // 3_000 % 2) + np.linspace(0, 30, DAY_S) ** 1.5 * noise / 50.0
    registry = registry_of_columns(("quiet", "restless"))
    made = tune(block([noise, restless]), 0.01, registry, off)
    quiet, other = (j.evidence for j in made.judgements)
    assert (quiet.was_off, quiet.refusal) == (True, None)
    assert quiet.chosen is not None
    assert 4.0 <= quiet.chosen < 8.0
    assert other.refusal is not None
    tuned = tuned_profile(off, [quiet, other])
    assert tuned.methods(registry.specs[0]).z_threshold == quiet.chosen
    assert np.isnan(tuned.methods(registry.specs[1]).z_threshold), "what is refused stays off"


NOVEL = Profile(MappingProxyType({SensorType.OTHER: Methods(novelty_rank=7, dead_scans=float("nan"))}))
COUNTED = [t for t in TUNABLES if t.counted]


def novel(seed: int, days: int) -> Readings:
    rng = np.random.default_rng(seed)
    return Readings.of([block([rng.standard_normal(days * 288) for _ in NAMES], 300.0)])


def test_a_rank_is_lowered_until_what_was_told_proves_the_wanted_rate() -> None:
    made = calibrate(novel(1, 90), REGISTRY, NOVEL, 0.12, tunables=COUNTED)
    evidence = [j.evidence for j in made.judgements]
    assert [e.refusal for e in evidence] == [None] * 4
    for e in evidence:
        assert e.chosen is not None
        assert 0.5 < e.chosen <= 7.0
        assert e.told is not None
        assert e.rate_interval is not None
        assert e.told / e.days <= e.rate_interval.hi <= 0.12
    assert min(e.chosen or 0.0 for e in evidence) < 7.0
    rows = novel(2, 300).run(REGISTRY, tuned_profile(NOVEL, evidence)).findings.rows
    settled = rows["t_ns"] > T0 + 7 * DAY_S * S
    count = int(np.count_nonzero(settled & (rows["edge"] == Edge.RAISED)))
    assert count <= stats.poisson.ppf(
        0.995, sum(e.rate_interval.hi for e in evidence if e.rate_interval) * 293
    )


def test_a_rank_promises_nothing_beyond_what_was_counted() -> None:
    for days, least in (
        (5, "nothing counts yet"),
        (60, "52.6 days count, which prove no less than 0.07 a day"),
    ):
        made = calibrate(novel(1, days), REGISTRY, NOVEL, 0.01, tunables=COUNTED)
        for judgement in made.judgements:
            refusal = judgement.evidence.refusal
            assert refusal is not None
            assert refusal.reason is Reason.SHORT
            assert least in refusal.why.en
            assert "369 days" in refusal.needed.en
            assert "369 天" in refusal.needed.zh


def test_a_method_that_is_off_stays_off() -> None:
    off = replace(Z, z_threshold=float("nan"))
    profile = Profile(MappingProxyType({SensorType.PRESSURE: off}))
    registry = SensorRegistry(tuple(replace(spec, type=SensorType.PRESSURE) for spec in REGISTRY.specs))
    made = tune(block(columns("normal", 1, 5_000)), 0.01, registry, profile)
    assert [j for j in made.judgements if j.evidence.tunable.method is Method.ROBUST_Z] == []


def test_nothing_recorded_gives_nothing() -> None:
    made = calibrate(Readings.of([]), REGISTRY, PROFILE, 0.01)
    assert (made.readings, made.judgements, made.first_ns) == (0, (), None)


OTHER = SensorType.OTHER
LIMITED = SensorRegistry(
    (
        SensorSpec(id="x/P", sensor="P", enterprise="x", equipment="V-1", type=OTHER, h=30.0),
        SensorSpec(id="x/T", sensor="T", enterprise="x", equipment="V-1", type=OTHER),
        SensorSpec(id="x/U", sensor="U", enterprise="x", equipment="V-2", type=OTHER),
    )
)


def test_a_crossed_limit_is_cut_out_of_its_equipment_and_reported() -> None:
    rng = np.random.default_rng(5)
    pressure, temperature, other = (normal(rng, DAY_S) for _ in range(3))
    pressure[40_000:40_100] += 60.0
    temperature[40_000:40_100] += 60.0
    made = tune(block([pressure, temperature, other]), 0.01, LIMITED)
    (time,) = made.abnormal
    assert (time.sensor, time.method, time.limit) == (0, Method.LIMIT, "h")
    assert time.start_ns == T0 + 40_000 * S
    cut = [j.evidence.cut_days for j in made.judgements]
    assert cut[0] == cut[1] == pytest.approx((300 + 100 + 3600) / DAY_S, rel=0.01)
    assert cut[2] == 0.0
    assert all(j.evidence.refusal is None for j in made.judgements)


def test_a_recording_that_is_mostly_alarm_is_refused() -> None:
    value = normal(np.random.default_rng(5), DAY_S)
    value[10_000:70_000] += 60.0
    made = tune(block([value, value, value]), 0.01, LIMITED)
    reasons = [j.evidence.refusal and j.evidence.refusal.reason for j in made.judgements]
    assert reasons[:2] == [Reason.CUT, Reason.CUT]
    tuned = tuned_profile(PROFILE, [j.evidence for j in made.judgements[:2]])
    assert dict(tuned.sensors) == {}
