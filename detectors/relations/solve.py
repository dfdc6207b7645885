"""Weighted least squares of at most five unknowns: normal equations, solved by Cholesky's factors.

Sums of products that forget, with a small ridge, are always positive definite and bounded, whatever was or was not
excited: a covariance that is updated instead (recursive least squares with forgetting) grows without bound where
nothing moves, and loses its symmetry (Ljung 1999, System Identification, ch. 11; Björck 1996 on the factors).
Matrices are packed: the lower triangle row by row.
"""

import math

from detectors.edges import Records
from detectors.jit import inlined

RIDGE = 1e-4
"""What is added to the diagonal of the sums; features are shares of ranges, so one full-scale step weighs 1."""


@inlined
def factorise(gram: Records, size: int, factor: Records) -> None:
    """Write the Cholesky factor of the sums, ridge included."""
    for i in range(size):
        row = i * (i + 1) // 2
        for j in range(i + 1):
            column = j * (j + 1) // 2
            rest = gram[row + j]
            for k in range(j):
                rest -= factor[row + k] * factor[column + k]
            if i == j:
                factor[row + i] = math.sqrt(max(rest + RIDGE, RIDGE))
            else:
                factor[row + j] = rest / factor[column + j]


@inlined
def solve(factor: Records, size: int, right: Records, found: Records) -> None:
    """Write the solution for one right-hand side, by forward and backward substitution."""
    for i in range(size):
        row = i * (i + 1) // 2
        rest = right[i]
        for k in range(i):
            rest -= factor[row + k] * found[k]
        found[i] = rest / factor[row + i]
    for i in range(size - 1, -1, -1):
        rest = found[i]
        for k in range(i + 1, size):
            rest -= factor[k * (k + 1) // 2 + i] * found[k]
        found[i] = rest / factor[i * (i + 1) // 2 + i]


@inlined
def learn(gram: Records, right: Records, size: int, feature: Records, target: float, keep: float) -> None:
    """Let the sums forget by `keep` and add one row of features with its target."""
    for i in range(size):
        row = i * (i + 1) // 2
        for j in range(i + 1):
            gram[row + j] = keep * gram[row + j] + feature[i] * feature[j]
        right[i] = keep * right[i] + feature[i] * target
