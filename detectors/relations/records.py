"""What relations know of each sensor: parameters, and state between readings. All zero is the state of a new one."""

import numpy as np

from detectors.relations.pairs import MOST

_N = MOST + 1
"""Coefficients of a model: one for each input, and the constant."""
PACKED = _N * (_N + 1) // 2
"""Numbers of a symmetric matrix of that size, its lower triangle row by row."""

BINS = 16
"""Parts of a level's range in which a tank's cross-section is learnt apart."""

RELATION = np.dtype(
    [
        # 0 without partners or inputs; else changes when they change, so that state of others is not taken for theirs
        ("partners_key", np.int64),
        ("inputs_key", np.int64),
        ("partner", np.int32, MOST),
        ("input", np.int32, MOST),
        ("partners", np.int32),
        ("inputs", np.int32),
        ("form", np.int32),  # pairs.Form
        ("shape", np.int32),  # pairs.Shape
        # what is heard of the sensor itself
        ("hear_lo", np.float64),  # a value outside is not the process: no comparison, no integral
        ("hear_hi", np.float64),
        (
            "gap_ns",
            np.int64,
        ),  # between two of its readings: longer, and nothing is known of what lies between
        ("hold_ns", np.int64),  # how old the reading of any of its relation may be
        # drift
        ("drift_share", np.float64),  # difference that is a finding by itself, in the unit
        ("drift_least", np.float64),  # the least departure from the usual difference that counts, in the unit
        ("drift_sigma", np.float64),
        ("drift_skew_s", np.float64),
        ("drift_tau_ns", np.int64),
        ("drift_off_ns", np.int64),
        ("drift_relearn_ns", np.int64),
        ("drift_samples", np.int32),
        ("_spare", np.int32),
        # balance: everything in shares of ranges
        ("y_lo", np.float64),
        ("y_span", np.float64),
        ("u_lo", np.float64, MOST),
        ("u_span", np.float64, MOST),
        ("balance_h", np.float64),
        ("balance_k", np.float64),
        ("balance_share", np.float64),
        ("balance_sigma_min", np.float64),
        ("balance_step_ns", np.int64),
        ("balance_tau_ns", np.int64),
        ("balance_relearn_ns", np.int64),
        ("_to_lines", np.int64, 3),
    ],
    align=True,
)
"""Parameters of the relation of one sensor; never written by the step."""

HELD = np.dtype(
    [
        ("t_ns", np.int64),
        ("value", np.float64),
        ("before_ns", np.int64),  # the reading before that
        ("before", np.float64),
        ("sum", np.float64),  # integral over time of the value, in its unit times seconds
        ("breaks", np.int64),  # gaps over which there is no integral
        ("seen", np.int64),  # readings heard, counted to two
        ("partners_key", np.int64),  # of RELATION: whom the sensor's PARTNER records are about
    ],
    align=True,
)
"""The latest that others know of a sensor: one cache line."""

PARTNER = np.dtype(
    [
        ("at_ns", np.int64),  # event time of the latest comparison; 0: none yet
        ("difference", np.float64),  # its difference
        ("offset", np.float64),  # usual difference
        ("var", np.float64),  # about the usual, over `drift_tau`: slow wander
        ("since_ns", np.int64),  # since when it departs from the usual; 0: it does not
        ("statistic", np.float64),  # of the latest comparison
        ("threshold", np.float64),
        ("noise2", np.float32),  # variance from one comparison to the next, over a hundred of them
        ("count", np.int32),  # comparisons that taught the usual difference
    ],
    align=True,
)
"""One sensor against one partner: one cache line, `MOST` of them a sensor."""

BALANCE = np.dtype(
    [
        ("key", np.int64),  # of RELATION
        # the step under way: sums over its readings, against the step before
        ("n", np.int64),
        ("begun_ns", np.int64),
        ("chained", np.int64),  # the step before is known
        ("breaks", np.int64),
        ("base_ns", np.int64),  # mean time of the step before
        ("base_y", np.float64),
        ("base_u", np.float64, MOST),
        ("sum_t", np.float64),
        ("sum_y", np.float64),
        ("sum_u", np.float64, MOST),
        # the model
        ("steps", np.int64),
        ("moves", np.int64),
        ("gram", np.float64, PACKED),  # weighted sum of products of features
        ("right", np.float64, _N),  # of features and target
        ("sigma2", np.float64),  # of what is not explained, at rest
        ("share2", np.float64),  # of what is not explained, as a share of what the inputs say, squared
        ("mean_y", np.float64),
        ("var_y", np.float64),
        ("var_e", np.float64),
        # the chart
        ("high", np.float64),
        ("low", np.float64),
        ("high_ns", np.int64),  # since when it stands above zero
        ("low_ns", np.int64),
        ("doubt_ns", np.int64),  # since when it stands so high that nothing is learnt; 0: it does not
        # what a step works with, kept here so that it allocates nothing
        ("factor", np.float64, PACKED),
        ("feature", np.float64, _N),
        ("coef", np.float64, _N),
        ("solved", np.float64, _N),
        ("_to_line", np.int64),
        # the tank's table: what the flows do at each level, against what they do on the whole
        ("gain", np.float32, BINS),
        ("gained", np.float32, BINS),  # steps that taught it
    ],
    align=True,
)
"""One sensor's model of itself by its inputs, and the chart of what the model leaves."""
