"""Groups and votes in a snapshot, and their way into a plant whose sensors may have changed since."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.groups.state import CAPACITY, NOBODY, SEGMENTS, Groups

_STATE_OF_GROUP = (
    "hold", "judged_t_ns", "ready", "principal", "t2_limit", "q_limit", "age_s", "learnt_t_ns", "kept", "stride",
    "accepted", "fitted_at", "far", "planes",
)  # fmt: skip
_STATE_OF_MEMBER = ("value", "step", "mean", "per_spread", "centre", "smooth", "count", "awaited", "seen")
_STATE_OF_VOTE = ("side", "onset_ns")
_STATE_OF_VOTER = ("sides", "lean", "since_ns")


def packed(groups: Groups) -> dict[str, bytes]:
    """Return every array as bytes, by its name."""
    return {name: np.asarray(part).tobytes() for name, part in groups._asdict().items()}


def layout(groups: Groups) -> str:
    """Return what must be the same for the bytes to be read again."""
    return ";".join(f"{name}:{np.asarray(part).dtype.descr}" for name, part in groups._asdict().items())


def carry_over(new: Groups, parts: dict[str, bytes], ids: Sequence[str], old_ids: Sequence[str]) -> None:
    """Take over the groups and votes of a snapshot.

    A group goes on where it was when it has the same sensors in the same order, bit for bit. One that has gained
    sensors goes on with its plane, which the new ones join when it is fitted next; one that has lost some keeps its
    rounds and waits for its next plane, for its old one would miss them. A vote goes on when its sensors are the same.
    """
    old = _unpacked(new, parts)
    if list(ids) == list(old_ids) and np.array_equal(new.seat, old.seat):
        settings = [
            name for name in new.group.dtype.names or () if name not in (*_STATE_OF_GROUP, "missing", "told")
        ]
        kept = {name: new.group[name].copy() for name in settings}
        needed = new.vote["needed"].copy()
        for part, before in zip(_arrays(new), _arrays(old), strict=True):
            part[...] = before
        for name, column in kept.items():
            new.group[name] = column
        new.vote["needed"] = needed
        return
    before_of = {
        old_ids[sensor]: (g, place)
        for g in range(len(old.group))
        for place, sensor in enumerate(old.member["sensor"][old.rows_of(g)])
    }
    for g in range(len(new.group)):
        sensors = [ids[i] for i in new.member["sensor"][new.rows_of(g)]]
        found = [before_of.get(sensor) for sensor in sensors]
        came_from = {where[0] for where in found if where}
        if len(came_from) == 1:
            _carry_group(new, g, old, came_from.pop(), [where[1] if where else NOBODY for where in found])
    _carry_votes(new, old, ids, old_ids)


def _arrays(groups: Groups) -> list[NDArray[Any]]:
    return list(groups._asdict().values())


def _unpacked(new: Groups, parts: dict[str, bytes]) -> Groups:
    flat = {name: np.frombuffer(parts[name], part.dtype) for name, part in new._asdict().items()}
    flat["edge"] = flat["edge"].reshape(-1, 2)
    flat["kept_t_ns"] = flat["kept_t_ns"].reshape(-1, CAPACITY)
    flat["kept_segment"] = flat["kept_segment"].reshape(-1, SEGMENTS)
    return Groups(**flat)


def _carry_group(new: Groups, g: int, old: Groups, h: int, places: list[int]) -> None:
    """Carry group `h` of the snapshot into group `g`, whose member k was at `places[k]`, NOBODY if it is new."""
    here = np.array([k for k, place in enumerate(places) if place != NOBODY], np.intp)
    there = np.array([place for place in places if place != NOBODY], np.intp)
    rows, before = new.rows_of(g), old.rows_of(h)
    for name in _STATE_OF_MEMBER:
        new.member[name][rows.start + here] = old.member[name][before.start + there]
    new.zero[rows.start + here] = old.zero[before.start + there]
    for name in _STATE_OF_GROUP:
        new.group[name][g] = old.group[name][h]
    new.group["missing"][g] = new.member["awaited"][rows].sum()
    new.kept_t_ns[g], new.kept_segment[g] = old.kept_t_ns[h], old.kept_segment[h]
    kept = new.kept_of(g)
    kept[:] = np.nan
    kept[:, here] = old.kept_of(h)[:, there]
    if len(there) < int(old.group["n"][h]):
        new.group["ready"][g] = 0
    else:
        axes = new.axes_of(g)
        axes[:] = 0.0
        axes[np.ix_(here, np.arange(len(there)))] = old.axes_of(h)[there]
        new.drift[rows] = 0.0
        new.drift[rows.start : rows.start + len(there)] = old.drift[before]
    place_now = {place: k for k, place in enumerate(places)}
    for e in range(2):
        told = int(old.group["told"][h, e])
        if told in place_now or not old.edge["active"][h, e]:
            new.edge[g, e] = old.edge[h, e]
            new.group["told"][g, e] = place_now.get(told, NOBODY)


def _carry_votes(new: Groups, old: Groups, ids: Sequence[str], old_ids: Sequence[str]) -> None:
    def sensors(groups: Groups, names: Sequence[str], v: int) -> tuple[str, ...]:
        return tuple(names[i] for i in groups.voter["sensor"][_voters(groups, v)])

    before = {sensors(old, old_ids, v): v for v in range(len(old.vote))}
    index = {name: i for i, name in enumerate(ids)}
    for v in range(len(new.vote)):
        w = before.get(sensors(new, ids, v))
        if w is None:
            continue
        for name in _STATE_OF_VOTER:
            new.voter[name][_voters(new, v)] = old.voter[name][_voters(old, w)]
        for name in _STATE_OF_VOTE:
            new.vote[name][v] = old.vote[name][w]
        standing = int(old.vote["standing"][w])
        new.vote["standing"][v] = NOBODY if standing == NOBODY else index[old_ids[standing]]


def _voters(groups: Groups, v: int) -> slice:
    first, n = int(groups.vote["first"][v]), int(groups.vote["n"][v])
    return slice(first, first + n)
