"""Scores by rows: F1 with its two rates (SKAB), and detection at a bounded false-alarm rate with its delay (TEP)."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IN_A_ROW = 3


@dataclass(frozen=True, slots=True)
class Confusion:
    """Rows by truth and alarm."""

    hit: int
    false: int
    missed: int
    quiet: int

    @classmethod
    def of(cls, alarm: NDArray[np.bool_], truth: NDArray[np.bool_]) -> "Confusion":
        """Count the rows."""
        return cls(
            hit=int((alarm & truth).sum()),
            false=int((alarm & ~truth).sum()),
            missed=int((~alarm & truth).sum()),
            quiet=int((~alarm & ~truth).sum()),
        )

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 without a hit."""
        return 2 * self.hit / max(1, 2 * self.hit + self.false + self.missed)

    @property
    def false_alarm_rate(self) -> float:
        """Share of normal rows with an alarm."""
        return self.false / max(1, self.false + self.quiet)

    @property
    def missed_rate(self) -> float:
        """Share of abnormal rows without one."""
        return self.missed / max(1, self.missed + self.hit)


def best_f1_threshold(score: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """Return the threshold (alarm from it on) with the greatest F1: a bound, for it has seen the truth."""
    order = np.argsort(-score, kind="stable")
    ranked, hits = score[order], np.cumsum(truth[order])
    f1 = 2 * hits / (np.arange(1, len(score) + 1) + truth.sum())
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    return float(ranked[ends[np.argmax(f1[ends])]])


def threshold_for(normal: NDArray[np.float64], false_alarm_rate: float) -> float:
    """Return the least threshold that at most this share of a normal run's scores exceeds (an alarm is above it)."""
    allowed = math.floor(false_alarm_rate * len(normal))
    return float(np.sort(normal)[::-1][allowed])


def first_alarm(alarm: NDArray[np.bool_], in_a_row: int = 1) -> float:
    """Return the row at which the first `in_a_row` alarms in a row are complete; infinity when there are none."""
    count = 0
    for row, on in enumerate(alarm):
        count = count + 1 if on else 0
        if count == in_a_row:
            return float(row)
    return math.inf
