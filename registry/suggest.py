"""What a person probably meant: near names for the messages of faults."""

import difflib
from collections.abc import Iterable

SHOWN_CHARS = 60
"""A file's own text is quoted in a message up to this length."""


def near(word: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Return the known names that look most like `word`, best first; letter case does not matter."""
    by_folded: dict[str, str] = {}
    for name in known:
        by_folded.setdefault(name.casefold(), name)
    found = difflib.get_close_matches(word.casefold()[:200], by_folded, n=most, cutoff=0.6)
    return [by_folded[name] for name in found]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` to put behind a message, or nothing where no name is near."""
    names = near(word, known)
    return f"; did you mean {' or '.join(repr(name) for name in names)}?" if names else ""


def shown(text: object) -> str:
    """Return a value of a file as a message quotes it: one line, never long."""
    quoted = repr(text if isinstance(text, str | int | float | bool | None) else str(text))
    return quoted if len(quoted) <= SHOWN_CHARS else f"{quoted[:SHOWN_CHARS]}…"
