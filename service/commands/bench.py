"""`hazwatch bench`: the design's targets on this machine, with what stands beside them in the same run."""

import sys
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from service.commands.answers import NO_SERVER, end, say
from service.terminal import terminal
from service.warm import use_compile_cache, user_cache

if TYPE_CHECKING:
    from collections.abc import Callable

    from service.bench.figures import Figure

_WIDTH = 150
"""Of the table where standard output is no terminal."""


class Part(StrEnum):
    """What is measured."""

    CORE = "core"
    WIRE = "wire"
    E2E = "e2e"
    STORE = "store"
    START = "start"
    ALERTS = "alerts"


def command(
    part: Annotated[Part | None, typer.Argument(help="one part; without it all")] = None,
    *,
    json: Annotated[bool, typer.Option("--json", help="writes a list of figures in JSON")] = False,
    seconds: Annotated[float, typer.Option(min=0.1, help="about how long a part measures")] = 10.0,
) -> None:
    """Measure this machine; the figures hold only where nothing else is running on it."""
    use_compile_cache(user_cache())
    from service.bench.runs import MeasureError  # noqa: PLC0415 - imports numba, whose cache has its place only now
    from service.bench.servers import ServerMissing  # noqa: PLC0415 - as above

    figures: list[Figure] = []
    trouble: tuple[str, int] | None = None
    for each in [part] if part else Part:
        measure: Callable[[float, Callable[[str], None]], list[Figure]]
        measure = import_module(f"service.bench.{each}").measure
        try:
            figures += measure(seconds, say)
        except ServerMissing as error:
            trouble = (f"error: {error}", NO_SERVER)
        except MeasureError as error:
            trouble = (f"error: {error}", 1)
    _print(figures, as_json=json)
    if trouble:
        end(*trouble)


def _print(figures: "list[Figure]", *, as_json: bool) -> None:
    if as_json:
        body = msgspec.json.format(msgspec.json.encode([figure.as_json() for figure in figures]))
        sys.stdout.write(body.decode() + "\n")
        return
    from service.bench.figures import table_of  # noqa: PLC0415 - beside its only use

    console = terminal()
    if not console.is_terminal:
        console = terminal(width=_WIDTH)
    if figures:
        console.print(table_of(figures))
