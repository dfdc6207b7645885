"""The score of the Numenta Anomaly Benchmark, from its definition.

Source: Lavin and Ahmad, "Evaluating real-time anomaly detection algorithms", ICMLA 2015, and the rules of NAB 1.x:
each labelled window pays once, by how early in it the first detection lies; each detection outside costs, more the
farther behind the last window it lies; the first 15 % of a series (at most 750 rows) do not count; one threshold
serves the whole corpus; 0 is a detector that never fires, 100 one that fires at the first row of each window.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PROBATION = 0.15
_PROBATION_OF_AT_MOST = 5000
_FAR = 3.0
_NO_WINDOW = -1


@dataclass(frozen=True, slots=True)
class Weights:
    """What a hit pays, and what a false row and a missed window cost."""

    hit: float
    false: float
    missed: float


APPLICATIONS = {
    "standard": Weights(1.0, 0.11, 1.0),
    "reward_low_fp": Weights(1.0, 0.22, 1.0),
    "reward_low_fn": Weights(1.0, 0.11, 2.0),
}
"""The three application profiles of NAB."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One series: how many rows, its windows as (first, last) row in order and apart, and the days it lasts."""

    rows: int
    windows: tuple[tuple[int, int], ...]
    days: float


@dataclass(frozen=True, slots=True)
class Tally:
    """What one threshold gives on a corpus.

    Attributes:
        score: normalised, in percent.
        threshold: a row is a detection from this score on; infinity fires never.
        windows, hits: labelled windows, and those with a detection in them.
        position: median place of the first detection in its window, 0 at the first row, 1 at the last; NaN without hits.
        delay_rows: the same in rows.
        false_rows: detections outside the windows and after the probation.
        false_episodes: unbroken runs of such detections.
        days: days of all series after their probation.
    """

    score: float
    threshold: float
    windows: int
    hits: int
    position: float
    delay_rows: float
    false_rows: int
    false_episodes: int
    days: float


def scaled_sigmoid(position: float) -> float:
    """Return what a detection is worth: position -1 is a window's first row, 0 its end, above 0 behind it."""
    return -1.0 if position > _FAR else 2.0 / (1.0 + math.exp(5.0 * position)) - 1.0


def probation_rows(rows: int) -> int:
    """Return how many rows at the beginning of a series do not count."""
    return math.floor(min(PROBATION * rows, PROBATION * _PROBATION_OF_AT_MOST))


def worth(series: Labelled) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return of each row what a detection there is worth, unweighted, and its window, -1 for none."""
    value = np.full(series.rows, -1.0)
    window = np.full(series.rows, _NO_WINDOW, np.int64)
    best = scaled_sigmoid(-1.0)
    for k, (first, last) in enumerate(series.windows):
        width = last - first + 1
        for row in range(first, last + 1):
            value[row] = scaled_sigmoid(-(last - row + 1) / width) / best
        window[first : last + 1] = k
        until = series.windows[k + 1][0] if k + 1 < len(series.windows) else series.rows
        for row in range(last + 1, until):
            value[row] = scaled_sigmoid((row - last) / max(1, width - 1))
    return value, window


def normalised(raw: float, windows: int, weights: Weights) -> float:
    """Return a raw score in percent of the way from the null detector to the perfect one."""
    null, perfect = -weights.missed * windows, weights.hit * windows
    return 100.0 * (raw - null) / (perfect - null)


def best_threshold(
    corpus: Sequence[Labelled], scores: Sequence[NDArray[np.float64]], weights: Weights
) -> float:
    """Return the one threshold that scores most on the whole corpus; infinity when it is best never to fire."""
    flat, value, window = _flat(corpus, scores)
    order = np.argsort(-flat, kind="stable")
    flat, value, window = flat[order], value[order], window[order]
    gain = np.where(window == _NO_WINDOW, weights.false * value, 0.0)
    best: dict[int, float] = {}
    for row in np.flatnonzero(window != _NO_WINDOW):
        k, pays = int(window[row]), weights.hit * float(value[row])
        before = best.get(k, -weights.missed)
        if pays > before:
            gain[row] = pays - before
            best[k] = pays
    total = np.cumsum(gain)
    ends = np.flatnonzero(np.append(flat[1:] != flat[:-1], True)) if len(flat) else np.empty(0, np.intp)
    if not len(ends) or total[ends].max() <= 0.0:
        return math.inf
    return float(flat[ends[np.argmax(total[ends])]])


def tally(
    corpus: Sequence[Labelled], scores: Sequence[NDArray[np.float64]], weights: Weights, threshold: float
) -> Tally:
    """Return what one threshold gives on the whole corpus."""
    raw, windows, false_rows, episodes, days = 0.0, 0, 0, 0, 0.0
    positions: list[float] = []
    delays: list[int] = []
    for series, score in zip(corpus, scores, strict=True):
        value, window = worth(series)
        fires = score >= threshold
        skip = probation_rows(series.rows)
        fires[:skip] = False
        false = fires & (window == _NO_WINDOW)
        raw += weights.false * float(value[false].sum())
        false_rows += int(false.sum())
        episodes += runs(false)
        days += series.days * (1.0 - skip / series.rows)
        for first, last in _counted(series):
            windows += 1
            found = np.flatnonzero(fires[first : last + 1])
            if not len(found):
                raw -= weights.missed
                continue
            # the earliest row of a window pays most, so the first detection is the one that counts
            raw += weights.hit * float(value[first + found[0]])
            positions.append(found[0] / max(1, last - first))
            delays.append(int(found[0]))
    return Tally(
        score=normalised(raw, windows, weights),
        threshold=threshold,
        windows=windows,
        hits=len(delays),
        position=float(np.median(positions)) if positions else math.nan,
        delay_rows=float(np.median(delays)) if delays else math.nan,
        false_rows=false_rows,
        false_episodes=episodes,
        days=days,
    )


def runs(flags: NDArray[np.bool_]) -> int:
    """Return how many unbroken runs of true there are."""
    return int(np.count_nonzero(flags[1:] & ~flags[:-1])) + int(bool(len(flags)) and bool(flags[0]))


def _counted(series: Labelled) -> list[tuple[int, int]]:
    """Return the windows that reach beyond the probation."""
    skip = probation_rows(series.rows)
    return [window for window in series.windows if window[1] >= skip]


def _flat(
    corpus: Sequence[Labelled], scores: Sequence[NDArray[np.float64]]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return score, worth and corpus-wide window of every row that counts."""
    parts: list[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]] = []
    base = 0
    for series, score in zip(corpus, scores, strict=True):
        value, window = worth(series)
        skip = probation_rows(series.rows)
        parts.append((score[skip:], value[skip:], np.where(window < 0, window, window + base)[skip:]))
        base += len(series.windows)
    scored, worths, windows = zip(*parts, strict=True)
    return np.concatenate(scored), np.concatenate(worths), np.concatenate(windows)
