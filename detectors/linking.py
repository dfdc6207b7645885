"""Compile a part of a kernel so far only that the kernel can take it in.

Left alone, numba makes of every function that a kernel calls a whole program: all that it calls itself linked into it,
optimised and turned into machine code, which nobody runs, and then all of it again one level higher. The first start
takes four times as long for it. A part is typed and lowered like any function; optimised and turned into machine code is
only the kernel that it ends up in.
"""

from typing import Any

from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import NativeLowering


class _PartContext:
    """The target as a part sees it: no program is made of it."""

    def __init__(self, context: Any) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def get_executable(self, _library: Any, _descriptor: Any, _environment: Any) -> Any:
        """Return what stands for the program where numba wants one, of each part another: called, it refuses."""
        return {}.popitem


@register_pass(mutates_CFG=True, analysis_only=False)
class _PartLowering(NativeLowering):  # type: ignore[misc]  # numba ships no types
    """Lowering whose result is linked into others, and neither optimised nor made ready by itself."""

    _name = "part_lowering"

    def run_pass(self, state: Any) -> bool:
        """Lower one function."""
        context = state.targetctx
        library = state.library = context.codegen().create_library(state.func_id.func_qualname)
        library._optimize_final_module = lambda: None  # noqa: SLF001 - numba has no public place for it
        library._finalize_final_module = lambda: _finish(library)  # noqa: SLF001 - as above
        state.targetctx = _PartContext(context)
        try:
            return bool(super().run_pass(state))
        finally:
            state.targetctx = context


def _finish(library: Any) -> None:
    library._finalize_dynamic_globals()  # noqa: SLF001 - as above
    library._finalized = True  # noqa: SLF001 - as above


class PartCompiler(CompilerBase):  # type: ignore[misc]  # numba ships no types
    """The usual pipeline with another lowering."""

    def define_pipelines(self) -> list[Any]:
        """Return the one pipeline."""
        passes = DefaultPassBuilder.define_nopython_pipeline(self.state)
        passes.passes = [
            (_PartLowering if each is NativeLowering else each, why) for each, why in passes.passes
        ]
        passes._finalized = False  # noqa: SLF001 - as above
        passes.finalize()
        return [passes]
