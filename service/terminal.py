"""Where commands print tables and lines for people."""

from rich.console import Console


def terminal(*, stderr: bool = False, width: int | None = None) -> Console:
    """Return a console that prints texts as they are: ids and names may hold what looks like markup or an emoji's name."""
    return Console(stderr=stderr, width=width, markup=False, emoji=False)
