"""What a text from outside may hold: it must stay in its place, wherever it is shown, said, printed or logged."""

import re
import unicodedata

ALLOWED_TEXT = "printable characters, no marks that turn the direction of text"
_BREAKS = re.compile("[\t\n\v\f\r\x85\u2028\u2029]+ *")
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Embeddings, overrides and isolates of UAX #9: they reorder what stands beside the text ("Trojan source").

Right-to-left scripts need none of them; the marks that they do use (U+200C to U+200F, U+061C) are let through.
"""
_UNFIT = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Controls (NUL, escape), halves of surrogate pairs, and the separators of lines and paragraphs."""
_KEPT = frozenset("\n\t")


def one_line(text: str) -> str:
    """Return the text with each line break, as Alt+Enter leaves it in a sheet, turned into a space."""
    return _BREAKS.sub(" ", text).strip()


def in_two_languages(text: str) -> tuple[str, str] | None:
    """Return the Chinese and the English of ``液位 / level``, or None: a column of a table holds one text for both.

    It is taken apart at " / " where one side alone is ASCII, and so the English.
    """
    first, between, second = (part.strip() for part in text.partition(" / "))
    if not (between and first and second) or first.isascii() == second.isascii():
        return None
    return (second, first) if first.isascii() else (first, second)


def text_problem(text: str, *, lines: bool = False) -> str | None:
    """Say which character makes `text` unfit to be shown, or None; `lines` lets line breaks and tabs stand."""
    if text.isascii() and text.isprintable():
        return None
    for character in text:
        if lines and character in _KEPT:
            continue
        if character in _TURNING:
            return f"has U+{ord(character):04X}, which turns the direction of text"
        if unicodedata.category(character) in _UNFIT:
            return f"has U+{ord(character):04X}, which cannot be shown"
    return None
