"""One mapping of a YAML file, read key by key: each reading returns a usable value and notes what is wrong."""

import math
from collections.abc import Iterator
from typing import Any, Literal

from registry.faults import Fault
from registry.ids import ALLOWED_ID, id_problem
from registry.marks import KeyPath, Marked
from registry.plant import Text
from registry.suggest import shown
from registry.texts import ALLOWED_TEXT, one_line, text_problem

MAX_NAME_CHARS = 200
MAX_TEXT_CHARS = 2000
"""The longest measure; it may have several lines, a name has one."""


class Entry:
    """The mapping that stands at `path`; `faults` is the whole file's list."""

    def __init__(self, marked: Marked, path: KeyPath, data: dict[str, Any], faults: list[Fault]) -> None:
        self.marked = marked
        self.path = path
        self.data = data
        self.faults = faults

    def fault(
        self, key: str | None, message: str, allowed: str = "", level: Literal["error", "warning"] = "error"
    ) -> None:
        """Note a fault at a key, or at the whole entry."""
        path = self.path if key is None else (*self.path, key)
        self.faults.append(self.marked.fault(path, message, allowed, level))

    def check_keys(self, known: tuple[str, ...]) -> None:
        """Refuse keys that mean nothing here."""
        self.faults += self.marked.unknown_keys(self.path, self.data, known)

    def raw(self, key: str) -> str | None:
        """Return a scalar as it was written, so that the id 007 stays 007; None for none or for another shape."""
        value = self.data.get(key)
        if value is None:
            return None
        text = self.marked.raw((*self.path, key))
        if text is None:
            self.fault(key, f"{key} is not a text", "a text")
            return None
        return text

    def id(self, key: str) -> str | None:
        """Return an id that is needed; None, with a fault, where it is missing or unfit."""
        text = self.raw(key)
        if text is None:
            if self.data.get(key) is None:
                self.fault(key, f"{key} is missing", ALLOWED_ID)
            return None
        if problem := id_problem(text):
            self.fault(key, f"the {key} {shown(text)} {problem}", ALLOWED_ID)
            return None
        return text

    def word(self, key: str) -> str | None:
        """Return a scalar as it was written, on one line and fit to be shown; None where there is none or it is unfit."""
        text = self.raw(key)
        return None if text is None else self._fit(key, text, lines=False)

    def text(self, key: str, otherwise: str = "", *, lines: bool = False) -> Text:
        """Return ``{zh:, en:}`` or a plain text that reads alike in both languages; a name, or with `lines` a paragraph."""
        value = self.data.get(key)
        if value is None:
            return Text.same(otherwise)
        if isinstance(value, dict):
            sub = Entry(self.marked, (*self.path, key), value, self.faults)
            sub.check_keys(("zh", "en"))
            zh, en = (sub.raw(language) for language in ("zh", "en"))
            if not zh or not en:
                self.fault(key, f"{key} lacks {'zh' if not zh else 'en'}", "{zh: …, en: …} or one plain text")
                return Text.same(zh or en or otherwise)
            found = [self._fit(key, text, lines=lines) or otherwise for text in (zh, en)]
            return Text(zh=found[0], en=found[1])
        plain = self.raw(key)
        if plain is None:
            return Text.same(otherwise)
        return Text.same(self._fit(key, plain, lines=lines) or otherwise)

    def _fit(self, key: str, given: str, *, lines: bool) -> str | None:
        text, most = (given, MAX_TEXT_CHARS) if lines else (one_line(given), MAX_NAME_CHARS)
        if len(text) > most:
            self.fault(
                key, f"{key} is too long to show: {len(text)} characters", f"at most {most} characters"
            )
        elif problem := text_problem(text, lines=lines):
            self.fault(key, f"{key} {problem}", ALLOWED_TEXT)
        else:
            return text
        return None

    def number(self, key: str, lo: float, hi: float, allowed: str) -> float | None:
        """Return a number in lo..hi; None where there is none, NaN, with a fault, where it is not one."""
        value = self.data.get(key)
        if value is None:
            return None
        good = isinstance(value, int | float) and not isinstance(value, bool) and lo <= value <= hi
        if not good:
            self.fault(
                key, f"{key} {shown(self.marked.raw((*self.path, key)) or value)} does not fit", allowed
            )
            return math.nan
        return float(value)

    def mapping(self, key: str, allowed: str) -> "Entry":
        """Return the mapping at `key`, empty where there is none or, with a fault, where it is something else."""
        value = self.data.get(key)
        if value is not None and not isinstance(value, dict):
            self.fault(key, f"{key} is not a mapping", allowed)
        return Entry(self.marked, (*self.path, key), value if isinstance(value, dict) else {}, self.faults)

    def entries(self, key: str, allowed: str) -> Iterator["Entry"]:
        """Yield each mapping of the list at `key`; anything else there is a fault."""
        value = self.data.get(key)
        if value is None:
            return
        if not isinstance(value, list):
            self.fault(key, f"{key} is not a list", allowed)
            return
        for i, item in enumerate(value):
            path = (*self.path, key, i)
            if isinstance(item, dict):
                yield Entry(self.marked, path, item, self.faults)
            else:
                self.faults.append(self.marked.fault(path, f"an entry of {key} is not a mapping", allowed))
