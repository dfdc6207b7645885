"""Random streams and the block in which they are drawn: both are part of what a seed means."""

import numpy as np

BLOCK_S = 300
"""Seconds simulated in one go; random numbers are drawn by block."""


def stream(seed: int, *number: int) -> np.random.Generator:
    """Return a random stream of its own; PCG64 by name, because numpy's default may change."""
    return np.random.Generator(np.random.PCG64([seed, *number]))
