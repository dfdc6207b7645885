"""robust_z: how far a value is from its own recent past, in its own spread."""

import math

from detectors.edges import CLIP_SIGMA, Records
from detectors.jit import fused


@fused
def robust_z(p: Records, s: Records, dt_ns: int, value: float) -> float:
    """Return the robust z of a value against the baseline so far, then let the value teach the baseline.

    Exponentially weighted mean and variance whose residuals are clipped at three sigma, so that one wild value moves
    neither, and a lasting shift is learnt within a few time constants (Huber 1964; Roberts 1959 for the weights).
    The weight dt / (tau + dt) makes it a filter in time, not in samples; while it warms up, which gives NaN, it is the
    plain mean of what came.
    """
    if s.z_count == 0:
        s.mean = value
        s.var = 0.0
        s.z_count = 1
        return math.nan
    warm = s.z_count >= p.z_warm_samples
    # Bounded by the samples too: one reading after a gap must not become the baseline.
    weight = min(dt_ns / (p.z_tau_ns + dt_ns), 1.0 / p.z_warm_samples) if warm else 1.0 / (s.z_count + 1.0)
    sigma = max(math.sqrt(s.var), p.sigma_min, 1e-9 * abs(s.mean), 1e-12)
    residual = value - s.mean
    z: float = residual / sigma
    if warm:
        residual = min(max(residual, -CLIP_SIGMA * sigma), CLIP_SIGMA * sigma)
    s.mean += weight * residual
    s.var = (1.0 - weight) * (s.var + weight * residual * residual)
    if not warm:
        s.z_count += 1
        return math.nan
    return z
