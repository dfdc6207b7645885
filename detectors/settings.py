"""The settings of the methods of one sensor; docs/detectors.md says what each does."""

import math
from dataclasses import dataclass

_NAN = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Methods:
    """Settings of the methods beside the limits; NaN in the first of each method's switches it off.

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


LONGEST_S = 1e9
"""Longer than any plant stands; a time and this still fit into 64 bits of ns."""
