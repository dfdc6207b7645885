"""The command line `hazwatch`."""

import sys
from importlib import import_module

import typer

from registry.faults import InputError
from service.commands.answers import INPUT_FAULT, say

_COMMANDS = (
    "demo",
    "run",
    "check-config",
    "replay",
    "tune",
    "backtest",
    "score",
    "sim",
    "bench",
    "alerts",
    "report",
    "routes",
    "user",
    "audit",
)


def build(called: str = "") -> typer.Typer:
    """Return the command line with every command, or with the one that is called: its modules alone are imported."""
    app = typer.Typer(
        name="hazwatch",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_overview)
    for name in (called,) if called in _COMMANDS else _COMMANDS:
        module = import_module(f"service.commands.{name.replace('-', '_')}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name)
        else:
            app.command(name)(module.command)
    return app


def _overview() -> None:
    """Real-time monitoring and early warning for major hazard sources."""


def main() -> None:
    """Run the command line; no traceback reaches a user."""
    try:
        build(next(iter(sys.argv[1:]), ""))(prog_name="hazwatch")
    except InputError as error:
        for fault in error.faults:
            say(f"{fault.level}: {fault}")
        sys.exit(INPUT_FAULT)
    except OSError as error:
        say(f"error: {error.filename}: {error.strerror}" if error.filename else f"error: {error}")
        sys.exit(INPUT_FAULT)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
