"""The settings of the methods of one sensor; docs/detectors.md says what each does."""

import math
from dataclasses import dataclass

_NAN = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Methods:
    """Settings of the methods beside the limits; NaN in a key of `profile_file.SWITCHES` switches its method off.

    Attributes:
        dead_scans, dead_min_s: silent for max(dead_scans * scan_s, dead_min_s) is dead.
        rate_pct_per_min: change per minute, in percent of the range, that is a finding.
        rate_window_s: window of the rate.
        z_threshold: robust z that is a finding, in sigma.
        z_tau_s: time constant of the baseline.
        z_warm_samples: samples before the baseline is believed; also the least samples that it ever rests on.
        z_samples: consecutive good samples beyond the threshold before it is a finding.
        z_off_s: how long the value must be back before the finding recovers.
        sigma_min_pct: the least spread believed, in percent of the range.
        forecast_s, forecast_urgent_s: a limit that will be reached within this is a finding, and once more.
        forecast_from_pct: how far from the middle of the normal band to the limit a value is before that is forecast.
        forecast_sigmas: standard errors that a slope has before it is believed.
        forecast_samples: forecasts in a row before it is a finding.
        course_every_s: the shortest block of the course that slopes are seen in, and the mode.
        mode_pct_per_h: a level that changes faster, in percent of the range an hour, is filled or drained.
        mode_min_s: how long it must have done otherwise before its mode is another.
        mode_idle_s: at rest for longer it is idle.
        mode_settle_s: how long after a change of its equipment's mode a sensor's charts wait.
        group: 1: judged together with the other sensors of its hazard source (T2, Q); 0: not.
        group_every_s: least time between two judgements of a group.
        group_warm_s: what the rounds must span that a group's first plane is fitted on.
        group_relearn_s: a group that had no calm round for so long begins anew.
        group_false_rate: wanted share of normal rounds beyond a limit of T2 or Q.
        group_rounds: rounds in a row beyond it before it is a finding, and back before it recovers.
        vote_needed: how many of the sensors that share the points table's `group` must agree (VOTE); 0: the majority.
        cusum_false_per_day: wanted false alarms a day of the CUSUM chart; it also needs z_threshold and scan_s.
        cusum_shift: lasting shift that it looks for, in sigma.
        ewma_false_per_day: wanted false alarms a day of the EWMA chart; it also needs z_threshold and scan_s.
        ewma_samples: samples that it looks back on.
        season_z: deviation from the usual of this hour of the day that is a finding, in sigma.
        novelty_rank: remembered readings as far out from which on a reading is common, and no finding.
        novelty_days: how long novelty remembers; at least 10 000 samples.
        novelty_quiet_s: how long what was told is not told again; at least 200 samples.
        drift_pct: difference between redundant partners that is a finding by itself, in percent of the range.
        drift_least_pct: the least departure from their usual difference that counts, in percent of the range.
        drift_sigma: such a departure in the difference's own spread.
        drift_skew_s: what one transmitter may lag behind the other.
        drift_tau_s: how slowly the usual difference is forgotten.
        drift_samples, drift_off_s: consecutive comparisons that raise; how long they must agree before it recovers.
        drift_relearn_s: a departure that lasts so long is the new usual.
        balance_h, balance_k: threshold and slack of the CUSUM of what a model of the tank leaves, in its own spread.
        balance_step_s: readings are taken together over this time.
        balance_tau_s: how slowly the model forgets.
        balance_share_pct: what meters may be wrong by, in percent of what they say.
        balance_sigma_min_pct: the least spread of a step's residual that is believed, in percent of the range.
        balance_relearn_s: a model that does not hold for so long is learnt anew.
        spike_false_per_day, step_false_per_day, variance_false_per_day, oscillation_false_per_day, stuck_false_per_day,
            noise_false_per_day: false findings a day that the method's threshold is set for; NaN: it is off.
        spike_gap_s: no second spike is told within.
        step_samples, step_hold_s: samples that a step must stay; how long it is told unless the value goes back.
        variance_times, noise_times: the least change of the spread, and rise of the noise, as a factor.
        variance_blocks: blocks of 32 samples in a row whose spread must have changed.
        oscillation_min_pct: the least mean distance of a swing from its centre, in percent of the range.
        stuck_min_s, stuck_samples, stuck_times: a stuck value has rested so long, and for stuck_times the longest rest known.
        saturation_s, saturation_samples: resting at an end of the range for so long; NaN seconds: off.
        saturation_ends: 1 the upper end, 2 both, but for a lower one at 0, which empty and vented vessels read.
        clock_max_s, clock_samples: time stamps so far from the clock, or late, so often; NaN seconds: off.
        bad_s, bad_samples: so many readings in a row without a good value, the last so long after the first; NaN: off.
        uncertain_s: readings that are all uncertain for so long; NaN: off.
    """

    dead_scans: float = 3.0
    dead_min_s: float = 30.0
    rate_pct_per_min: float = _NAN
    rate_window_s: float = 60.0
    z_threshold: float = _NAN
    z_tau_s: float = 3600.0
    z_warm_samples: int = 100
    z_samples: int = 2
    z_off_s: float = 0.0
    sigma_min_pct: float = 0.0
    forecast_s: float = _NAN
    forecast_urgent_s: float = 300.0
    forecast_from_pct: float = 60.0
    forecast_sigmas: float = 5.0
    forecast_samples: int = 2
    course_every_s: float = 2.0
    mode_pct_per_h: float = _NAN
    mode_min_s: float = 30.0
    mode_idle_s: float = 14400.0
    mode_settle_s: float = 0.0
    group: int = 0
    group_every_s: float = 1.0
    group_warm_s: float = 0.0
    group_relearn_s: float = 259_200.0
    group_false_rate: float = 1e-3
    group_rounds: int = 5
    vote_needed: int = 0
    cusum_false_per_day: float = _NAN
    cusum_shift: float = 1.0
    ewma_false_per_day: float = _NAN
    ewma_samples: float = 20.0
    season_z: float = _NAN
    novelty_rank: float = _NAN
    novelty_days: float = 60.0
    novelty_quiet_s: float = 43_200.0
    drift_pct: float = _NAN
    drift_least_pct: float = 0.2
    drift_sigma: float = 6.0
    drift_skew_s: float = 5.0
    drift_tau_s: float = 86400.0
    drift_samples: int = 3
    drift_off_s: float = 60.0
    drift_relearn_s: float = 86400.0
    balance_h: float = _NAN
    balance_k: float = 0.5
    balance_step_s: float = 60.0
    balance_tau_s: float = 604800.0
    balance_share_pct: float = 5.0
    balance_sigma_min_pct: float = 0.005
    balance_relearn_s: float = 86400.0
    spike_false_per_day: float = _NAN
    spike_gap_s: float = 600.0
    step_false_per_day: float = _NAN
    step_samples: int = 5
    step_hold_s: float = 600.0
    variance_false_per_day: float = _NAN
    variance_times: float = 2.0
    variance_blocks: int = 2
    oscillation_false_per_day: float = _NAN
    oscillation_min_pct: float = 1.0
    stuck_false_per_day: float = _NAN
    stuck_min_s: float = 120.0
    stuck_samples: int = 10
    stuck_times: float = 3.0
    noise_false_per_day: float = _NAN
    noise_times: float = 2.0
    saturation_s: float = _NAN
    saturation_samples: int = 5
    saturation_ends: int = 1
    clock_max_s: float = _NAN
    clock_samples: int = 10
    bad_s: float = _NAN
    bad_samples: int = 2
    uncertain_s: float = _NAN


LONGEST_S = 1e9
"""Longer than any plant stands; a time and this still fit into 64 bits of ns."""


def ns(seconds: float) -> int:
    """Return a setting's seconds as whole ns, 0 for none."""
    return 0 if math.isnan(seconds) else round(min(seconds, LONGEST_S) * 1e9)
