"""The one place where compile options are decided.

`cache=True`: the compiled step is kept where NUMBA_CACHE_DIR points (the state folder; set before numba is
imported), so that a second start takes no compile. `fastmath` stays off: NaN means "no value" here, and results must
be the same bits in a replay. `nogil`: the store's writer and the MQTT thread run on while a block is judged.
"""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import numba
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a flat numeric function that writes into its caller's arrays."""
    return cast("Callable[P, R]", numba.njit(cache=True, nogil=True, error_model="numpy")(function))


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a small helper that kernels call for every reading; it must not make arrays.

    Without numba's reference counts: the kernel that calls it holds its arrays. With them a helper that grows beyond
    what the compiler's pruning sees through counts every array up and down for every reading, 40 ns of atomic
    operations (bench/results/2026-11-relations.md).
    """
    return cast(
        "Callable[P, R]",
        numba.njit(cache=True, nogil=True, error_model="numpy", inline="never", _nrt=False)(function),
    )


def allocating(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a helper that makes arrays; kernels call it where something rare is due."""
    return cast("Callable[P, R]", numba.njit(cache=True, nogil=True, error_model="numpy")(function))


@intrinsic  # type: ignore[untyped-decorator]  # numba ships no types
def fetch_ahead(_typing: Any, records: Any, row: Any) -> Any:
    """Ask the processor to bring the start of a record into its cache while it goes on with others.

    Changes nothing but the time: with many sensors in no order, memory is what a reading waits for
    (bench/results/ has the difference).
    """

    def write_code(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        at = context.cast(builder, arguments[1], signature.args[1], numba.types.intp)
        stride = cgutils.unpack_tuple(builder, array.strides)[0]
        address = builder.add(builder.ptrtoint(array.data, stride.type), builder.mul(at, stride))
        pointer = builder.inttoptr(address, ir.PointerType(ir.IntType(8)))
        word = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [pointer.type, word, word, word])
        prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        for_writing, keep_close, is_data = word(1), word(3), word(1)
        builder.call(prefetch, [pointer, for_writing, keep_close, is_data])
        return context.get_dummy_value()

    return numba.types.void(records, row), write_code
