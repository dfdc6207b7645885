"""The one place where compile options are decided.

`cache=True`: the compiled step is kept where NUMBA_CACHE_DIR points (the state folder; set before numba is
imported), so that a second start takes no compile. `fastmath` stays off: NaN means "no value" here, and results must
be the same bits in a replay. `nogil`: the store's writer and the MQTT thread run on while a block is judged.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a flat numeric function that writes into its caller's arrays."""
    return cast("Callable[P, R]", numba.njit(cache=True, nogil=True, error_model="numpy")(function))


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a small helper that kernels call for every reading."""
    return cast(
        "Callable[P, R]", numba.njit(cache=True, nogil=True, error_model="numpy", inline="never")(function)
    )
