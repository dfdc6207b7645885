"""Which sensors the step looks at as members of a group or of a vote, and what that takes off them."""

import numpy as np

from detectors.findings import Method
from detectors.groups.state import NOBODY, Groups
from detectors.memory import Params

GROUPED, VOTES = 1 << int(Method.T2), 1 << int(Method.VOTE)
"""The bits of `watch` of a sensor that is in a group (T2 stands for Q too), and of one that votes."""


def watch_together(params: Params, groups: Groups) -> None:
    """Set the bits of `watch`, so that the step looks at the seat of those only that have one."""
    watch = params.base["watch"]
    watch &= ~(GROUPED | VOTES)
    watch |= np.where(groups.seat["group"] != NOBODY, GROUPED, 0).astype(watch.dtype)
    watch |= np.where(groups.seat["vote"] != NOBODY, VOTES, 0).astype(watch.dtype)


def judge_together(params: Params, groups: Groups) -> None:
    """Leave to a group that has had its plane what is new to its members: their own ranks no longer make a finding.

    Each of fifty sensors has its own rare moments; together they would tell fifty times as often as one, and what they
    have in common is what the plane sees.
    """
    seat = groups.seat["group"]
    judged = np.append(groups.group["planes"] > 0, False)[seat]  # NOBODY is the last one
    params.location["rank"][judged] = 0.0
