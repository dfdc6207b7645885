"""What the step knows of groups and votes: where each sensor sits, and a record a seat, a group and a vote.

Arrays of members and planes lie group after group, each group's own part found by its offsets. All of it is plain
memory, as in detectors.state: a snapshot is these bytes.
"""

import math
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from detectors.groups.members import MOST_MEMBERS, Membership
from detectors.state import CONDITION, NEVER, at_cache_lines

SEGMENT = 32
"""Rounds in a row that are kept together: long enough to see how fast a group moves, and to settle its averages."""
SEGMENTS = 12
CAPACITY = SEGMENT * SEGMENTS
"""Rounds that a plane is fitted on: six for each member of the largest group."""
NOBODY = -1
E_T2, E_Q = 0, 1

SEAT = np.dtype(
    [
        ("group", np.int32),  # NOBODY: in none
        ("member", np.int32),  # row of its MEMBER record
        ("vote", np.int32),  # NOBODY: in none
        ("voter", np.int32),  # row of its VOTER record
    ],
    align=True,
)
"""Where a sensor sits."""

MEMBER = np.dtype(
    [
        ("value", np.float64),  # its latest good reading
        ("step", np.float64),  # by how far the latest round was off the average; 0 without a reading in it
        ("mean", np.float64),  # of the rounds that the plane was fitted on
        (
            "per_spread",
            np.float64,
        ),  # 1 / its spread in them; 0: constant or hardly ever there, not part of the plane
        (
            "centre",
            np.float64,
        ),  # where it has been lately, in spreads from the mean: learnt slowly, from calm rounds
        ("smooth", np.float64),  # its latest rounds smoothed, in spreads from the mean
        ("sensor", np.int32),
        ("count", np.int32),  # good readings since the group was last judged
        ("awaited", np.int32),  # 1: the round is not complete without it
        ("seen", np.int32),  # 1: it has been in a kept round, so its `zero` is set
    ],
    align=True,
)
"""A sensor's place in its group: 64 bytes, one cache line."""

GROUP = np.dtype(
    [
        ("first", np.int32),  # its members are MEMBER rows first .. first + n
        ("n", np.int32),
        ("missing", np.int32),  # members that the round still waits for
        (
            "hold",
            np.int32,
        ),  # rounds until the fit, once the kept rounds are full: not all groups at the same round
        ("every_ns", np.int64),
        ("judged_t_ns", np.int64),  # event time of the last judgement, NEVER before the first
        ("axes_at", np.int64),  # its plane: n * n numbers from here, a row a member
        ("kept_at", np.int64),  # its kept rounds: CAPACITY * n numbers from here, a row a round
        # the model
        ("ready", np.int32),  # 1: there is a plane; 0: the group warms up and says nothing
        ("principal", np.int32),  # the first so many axes are the plane (T2), the others what is left (Q)
        ("t2_limit", np.float64),
        ("q_limit", np.float64),
        ("age_s", np.float64),  # mean age of what the centre was learnt from
        ("learnt_t_ns", np.int64),  # event time of the last round that taught it
        # the kept rounds
        ("kept", np.int32),
        ("stride", np.int32),  # one of so many segments is kept: those whose lot it divides
        ("accepted", np.int64),  # rounds that were fit to be kept, since the beginning
        ("fitted_at", np.int64),  # how many they were at the last fit
        # settings
        ("warm_ns", np.int64),
        ("relearn_ns", np.int64),
        ("false_rate", np.float64),
        ("rounds", np.int32),
        ("far", np.int32),  # 1: a member was so far out in the latest round that the next must bear it out
        ("told", np.int32, 2),  # which sensor the standing T2 and Q findings are on
        ("planes", np.int32),  # how many planes it has had
        ("_spare", np.int32),
    ],
    align=True,
)
"""One group: whole cache lines."""

VOTE = np.dtype(
    [
        ("first", np.int32),  # its sensors are VOTER rows first .. first + n
        ("n", np.int32),
        ("needed", np.int32),
        ("standing", np.int32),  # on which sensor the vote stands; NOBODY: none
        ("side", np.int32),  # LOW or HIGH, while it stands
        ("_spare", np.int32, 3),
        ("onset_ns", np.int64),
    ],
    align=True,
)
"""One vote: M of N sensors that watch the same thing."""

LOW, HIGH = 0, 1
VOTER = np.dtype(
    [
        ("sensor", np.int32),
        ("sides", np.int32),  # bit LOW, bit HIGH: on which side of normal it is
        ("lean", np.int32),  # the side to which its standing anomaly began; NOBODY: no anomaly stands
        ("_spare", np.int32),
        ("since_ns", np.int64),  # since when it has been on any side
    ],
    align=True,
)
"""One sensor of a vote."""


class Groups(NamedTuple):
    """All groups and votes, in arrays that the step takes as one argument."""

    seat: NDArray[np.void]  # SEAT, a row a sensor
    member: NDArray[np.void]  # MEMBER
    group: NDArray[np.void]  # GROUP
    edge: NDArray[np.void]  # CONDITION, (groups, 2): T2 and Q
    axes: NDArray[np.float32]  # half the memory that a judgement must fetch
    drift: NDArray[
        np.float64
    ]  # a number an axis, laid out as `member`: variance that it gains in a second, in its own
    zero: NDArray[
        np.float64
    ]  # a number a member: kept rounds are differences from it, so that 32 bits are enough
    kept: NDArray[np.float32]
    kept_t_ns: NDArray[np.int64]  # (groups, CAPACITY)
    kept_segment: NDArray[np.int64]  # (groups, SEGMENTS): the number of each kept segment
    vote: NDArray[np.void]  # VOTE
    voter: NDArray[np.void]  # VOTER
    scratch: NDArray[np.float64]  # room for one judgement: deviations, axes; not part of the state

    @classmethod
    def fresh(cls, found: Membership, sensors: int) -> Self:
        """Return the state before anything has happened."""
        sizes = [len(group.sensors) for group in found.groups]
        members = sum(sizes)
        seat = at_cache_lines(sensors, SEAT)
        for name in ("group", "member", "vote", "voter"):
            seat[name] = NOBODY
        new = cls(
            seat=seat,
            member=at_cache_lines(members, MEMBER),
            group=at_cache_lines(len(sizes), GROUP),
            edge=at_cache_lines(2 * len(sizes), CONDITION).reshape(-1, 2),
            axes=np.zeros(sum(n * n for n in sizes), np.float32),
            drift=np.zeros(members),
            zero=np.zeros(members),
            kept=np.zeros(CAPACITY * members, np.float32),
            kept_t_ns=np.zeros((len(sizes), CAPACITY), np.int64),
            kept_segment=np.zeros((len(sizes), SEGMENTS), np.int64),
            vote=at_cache_lines(len(found.votes), VOTE),
            voter=at_cache_lines(sum(len(vote.sensors) for vote in found.votes), VOTER),
            scratch=np.zeros(2 * MOST_MEMBERS),
        )
        _seat_groups(new, found)
        _seat_votes(new, found)
        return new

    def rows_of(self, g: int) -> slice:
        """Return where the members of group `g` lie."""
        first, n = int(self.group["first"][g]), int(self.group["n"][g])
        return slice(first, first + n)

    def axes_of(self, g: int) -> NDArray[np.float32]:
        """Return the axes of group `g`, a row a member and a column an axis; a view."""
        at, n = int(self.group["axes_at"][g]), int(self.group["n"][g])
        return self.axes[at : at + n * n].reshape(n, n)

    def kept_of(self, g: int) -> NDArray[np.float32]:
        """Return the room for the kept rounds of group `g`, a row a round; a view."""
        at, n = int(self.group["kept_at"][g]), int(self.group["n"][g])
        return self.kept[at : at + CAPACITY * n].reshape(CAPACITY, n)


def _seat_groups(new: Groups, found: Membership) -> None:
    first = axes_at = 0
    new.edge["since_ns"] = NEVER
    for g, spec in enumerate(found.groups):
        n = len(spec.sensors)
        rows = np.arange(first, first + n)
        new.member["sensor"][rows] = spec.sensors
        new.member["awaited"][rows] = 1
        new.seat["group"][list(spec.sensors)] = g
        new.seat["member"][list(spec.sensors)] = rows
        row = new.group[g]
        row["first"], row["n"], row["missing"] = first, n, n
        row["axes_at"], row["kept_at"] = axes_at, CAPACITY * first
        row["every_ns"], row["warm_ns"] = round(spec.every_s * 1e9), round(spec.warm_s * 1e9)
        row["relearn_ns"], row["false_rate"] = round(spec.relearn_s * 1e9), spec.false_rate
        row["rounds"] = spec.rounds
        row["judged_t_ns"] = row["learnt_t_ns"] = NEVER
        row["stride"] = 1
        row["told"] = NOBODY
        row["t2_limit"] = row["q_limit"] = math.inf
        first += n
        axes_at += n * n


def _seat_votes(new: Groups, found: Membership) -> None:
    first = 0
    new.vote["standing"] = new.voter["lean"] = NOBODY
    for v, spec in enumerate(found.votes):
        rows = np.arange(first, first + len(spec.sensors))
        new.voter["sensor"][rows] = spec.sensors
        new.seat["vote"][list(spec.sensors)] = v
        new.seat["voter"][list(spec.sensors)] = rows
        row = new.vote[v]
        row["first"], row["n"], row["needed"] = first, len(spec.sensors), spec.needed
        first += len(spec.sensors)
