"""The one place where compile options are decided.

`cache=True`: the compiled step is kept where NUMBA_CACHE_DIR points (the state folder; set before numba is imported), so
that a second start takes no compile. `fastmath` stays off: NaN means "no value" here, and results must be the same bits
in a replay. `nogil`: the store's writer and the MQTT thread run on while a block is judged. `_nrt=False`: no array is
counted up and down, atomically, as it is handed on, which cost a quarter of the step; so a kernel can neither allocate nor
return an array, and a method that tries is refused by the compiler.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic

from detectors.linking import PartCompiler

P = ParamSpec("P")
R = TypeVar("R")


def _sources() -> str:
    """Return what tells apart any two states of this package's code.

    numba compiles again when the file of a function has changed, but not when a file has that the function calls into:
    the step would go on as it was compiled while a method beside it was changed.
    """
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(here.rglob("*.py")):
        digest.update(path.relative_to(here).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


SOURCES = _sources()
"""The state of the code that a compiled function in the cache must have been made from."""


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a flat numeric function that writes into its caller's arrays."""
    return cast("Callable[P, R]", _compiled(function))


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a small helper that kernels call for every reading."""
    return _compiled_once(function, forceinline=False)


def fused(function: Callable[P, R]) -> Callable[P, R]:
    """Compile into its one caller what takes many arrays: each of them would be seven words on the stack for every reading."""
    return _compiled_once(function, forceinline=True)


_OPTIONS: Any = {"nogil": True, "error_model": "numpy", "_nrt": False}


def _compiled(function: Callable[P, R]) -> Any:
    dispatcher = numba.njit(cache=True, **_OPTIONS)(function)
    if not numba.config.DISABLE_JIT:
        dispatcher._cache._cache_file._source_stamp = SOURCES  # noqa: SLF001 - numba has no public place for it
    return dispatcher


def _compiled_once(function: Callable[P, R], *, forceinline: bool) -> Callable[P, R]:
    """Compile once for any whole number in an argument's place.

    numba has a type for each constant, so that `emit(..., RATE, ...)` and `emit(..., DEAD, ...)` would be compiled one by
    one: more than a quarter of the first start, and more with every method.
    """
    # forceinline is said of every part, for else it takes it over from the first one that calls it
    dispatcher = numba.njit(
        forceinline=forceinline,
        no_cpython_wrapper=True,
        no_cfunc_wrapper=True,
        pipeline_class=PartCompiler,
        **_OPTIONS,
    )(function)
    if not numba.config.DISABLE_JIT:
        template_of = dispatcher.get_call_template
        dispatcher.get_call_template = lambda args, kws: template_of(tuple(map(_plain, args)), kws)
    return cast("Callable[P, R]", dispatcher)


def _plain(kind: Any) -> Any:
    """Return the one type that stands for all whole numbers, and other types as they are."""
    kind = numba.types.unliteral(kind)
    return numba.types.int64 if isinstance(kind, numba.types.Integer) else kind


@intrinsic  # type: ignore[untyped-decorator]  # numba ships no types
def keep_apart(_typing: Any) -> Any:
    """Say of the function that it stands in: it is called seldom, and stays a call.

    Left to itself the compiler copies into the step whatever is called from one place, and then takes minutes over it.
    """

    def write_code(context: Any, builder: ir.IRBuilder, _signature: Any, _arguments: Any) -> Any:
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return numba.types.void(), write_code


def _fetcher(offset: int) -> Any:
    """Return code that asks for the cache line `offset` bytes into a record."""

    def write_code(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        at = context.cast(builder, arguments[1], signature.args[1], numba.types.intp)
        stride = cgutils.unpack_tuple(builder, array.strides)[0]
        address = builder.add(builder.ptrtoint(array.data, stride.type), builder.mul(at, stride))
        address = builder.add(address, stride.type(offset))
        pointer = builder.inttoptr(address, ir.PointerType(ir.IntType(8)))
        word = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [pointer.type, word, word, word])
        prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        for_writing, keep_close, is_data = word(1), word(3), word(1)
        builder.call(prefetch, [pointer, for_writing, keep_close, is_data])
        return context.get_dummy_value()

    return write_code


@intrinsic  # type: ignore[untyped-decorator]  # numba ships no types
def fetch_ahead(_typing: Any, records: Any, row: Any) -> Any:
    """Ask the processor to bring the start of a record into its cache while it goes on with others.

    Changes nothing but the time: with many sensors in no order, memory is what a reading waits for
    (bench/results/ has the difference).
    """
    return numba.types.void(records, row), _fetcher(0)


@intrinsic  # type: ignore[untyped-decorator]  # as above
def fetch_second_line(_typing: Any, records: Any, row: Any) -> Any:
    """As `fetch_ahead`, but the second cache line of a record that needs two."""
    return numba.types.void(records, row), _fetcher(64)
