"""How commands answer when they cannot do what they were asked."""

import sys
from typing import NoReturn

INPUT_FAULT, USAGE, NO_SERVER = 1, 2, 3
"""Exit codes beside 0: the input or settings are at fault; wrong usage; a needed server could not be reached."""

COMMAND_LINE = "command line"
"""What a fault names as its file where an option is at fault."""


def say(text: str) -> None:
    """Tell the person at the terminal; standard output is for data."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - the command's own answer


def cause_of(error: BaseException) -> BaseException:
    """Return what went wrong inside a task group: the first of the errors that it gathered."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def end(message: str, code: int = INPUT_FAULT) -> NoReturn:
    """End the command with a message and an exit code."""
    say(message)
    sys.exit(code)
