"""YAML files as plain data that still knows on which line each key stands.

Theory of operation: PyYAML's C loader composes a tree of nodes with marks; one bounded walk turns it into dicts, lists
and scalars and notes the line of every key path. A key path is a tuple of keys and list positions, the same that
pydantic calls ``loc``: ``("types", "level", "h")`` or ``("sources", 0, "chemicals", 1)``.

Scalars are read as YAML 1.2's core schema has them, where the traps of 1.1 are gone: ``no`` and ``12:30`` are texts,
``1e3`` is a number, ``010100`` is 10100 and `Marked.raw` still has it as it was written. Dates stay texts. Keys are
always texts.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from registry.faults import Fault
from registry.files import read_bounded
from registry.suggest import did_you_mean, shown

KeyPath = tuple[str | int, ...]
"""Where a value stands in the data."""

MAX_FILE_BYTES = 16 * 1024 * 1024
MAX_NODES = 1_000_000
"""Nodes counted with every repetition by an alias, so that a few lines of aliases cannot fill the memory."""
MAX_DEPTH = 64

_TAG = "tag:yaml.org,2002:"
_WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NUMBERS: tuple[tuple[re.Pattern[str], Callable[[str], int | float]], ...] = (
    (re.compile(r"[-+]?[0-9]{1,300}"), int),
    (re.compile(r"0x[0-9a-fA-F]{1,300}"), lambda text: int(text, 16)),
    (_FLOAT, float),
    (re.compile(r"[-+]?\.(inf|Inf|INF)"), lambda text: float(text.replace(".", ""))),
    (re.compile(r"\.(nan|NaN|NAN)"), lambda _: float("nan")),
)


@dataclass(frozen=True, slots=True)
class Marked:
    """The content of one YAML file: plain data, the line of each key path, and what is wrong with it.

    `data` is None for an empty file and for one that could not be read; `faults` then says why.
    """

    file: str
    data: Any = None
    faults: tuple[Fault, ...] = ()
    lines: Mapping[KeyPath, int] = field(default_factory=dict)
    raws: Mapping[KeyPath, str] = field(default_factory=dict)

    def line(self, path: KeyPath = ()) -> int | None:
        """Return the line of the key at `path`, else that of the nearest thing around it; None without any."""
        for end in range(len(path), -1, -1):
            if (found := self.lines.get(path[:end])) is not None:
                return found
        return None

    def where(self, path: KeyPath = ()) -> str:
        """Return the place of `path` as a `Fault` names it: ``line 12``, or nothing where no line is known."""
        line = self.line(path)
        return "" if line is None else f"line {line}"

    def raw(self, path: KeyPath) -> str | None:
        """Return the scalar at `path` as it was written, so that the code ``010100`` keeps its zero."""
        return self.raws.get(path)

    def fault(
        self, path: KeyPath, message: str, allowed: str = "", level: Literal["error", "warning"] = "error"
    ) -> Fault:
        """Return a fault that stands where `path` stands."""
        return Fault(file=self.file, where=self.where(path), message=message, allowed=allowed, level=level)

    def unknown_keys(self, path: KeyPath, value: Mapping[str, Any], known: tuple[str, ...]) -> list[Fault]:
        """Return a fault for each key of `value`, which stands at `path`, that is not among `known`."""
        return [
            self.fault(
                (*path, key), f"unknown key {shown(key)}{did_you_mean(key, known)}", allowed=", ".join(known)
            )
            for key in value
            if key not in known
        ]


def load_marked(path: Path) -> Marked:
    """Read a YAML file; never raises for what is in it or for its absence."""
    file = str(path)
    content = read_bounded(path, MAX_FILE_BYTES)
    if isinstance(content, Fault):
        return Marked(file, faults=(content,))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        fault = Fault(
            file=file, where=f"line {line}", message="the text is not UTF-8", allowed="save it as UTF-8"
        )
        return Marked(file, faults=(fault,))
    return parse_marked(text, file)


def parse_marked(text: str, file: str) -> Marked:
    """Read YAML text; `file` is how faults name it."""
    try:
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = " ".join(part for part in (exc.problem, exc.context) if part)
        return Marked(file, faults=(Fault(file=file, where=where, message=f"not valid YAML: {problem}"),))
    except (yaml.YAMLError, ValueError) as exc:
        return _unreadable(file, f"not valid YAML: {' '.join(str(exc).split())}")
    if root is None:
        return Marked(file, lines={(): 1})
    walk = _Walk(file)
    try:
        data = walk.value(root, (), ())
    except _TooMuchError as exc:
        return _unreadable(file, str(exc), exc.allowed)
    return Marked(file, data, tuple(walk.faults), walk.lines, walk.raws)


def _unreadable(file: str, message: str, allowed: str = "") -> Marked:
    return Marked(file, faults=(Fault(file=file, where="", message=message, allowed=allowed),))


class _TooMuchError(Exception):
    def __init__(self, message: str, allowed: str) -> None:
        self.allowed = allowed
        super().__init__(message)


class _Walk:
    """One walk over the nodes of a file; collects lines, raw scalars and faults."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[KeyPath, int] = {}
        self.raws: dict[KeyPath, str] = {}
        self.faults: list[Fault] = []
        self.nodes = 0

    def value(self, node: yaml.Node, path: KeyPath, around: tuple[int, ...]) -> Any:
        """Return the data of `node`, which stands at `path` inside the nodes whose ids are `around`."""
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise _TooMuchError(
                "the file has too many values", f"at most {MAX_NODES}, repeated aliases counted"
            )
        if len(around) > MAX_DEPTH:
            raise _TooMuchError("the values are nested too deep", f"at most {MAX_DEPTH} levels")
        self.lines.setdefault(path, node.start_mark.line + 1)
        if id(node) in around:
            return self._refuse(node, "an alias that contains itself")
        inside = (*around, id(node))
        match node:
            case yaml.MappingNode() if node.tag == f"{_TAG}map":
                return self._mapping(node, path, inside)
            case yaml.SequenceNode() if node.tag == f"{_TAG}seq":
                return [self.value(item, (*path, i), inside) for i, item in enumerate(node.value)]
            case yaml.ScalarNode() if node.tag.removeprefix(_TAG) in _SCALAR_TAGS:
                self.raws[path] = node.value
                return _scalar(node)
        return self._refuse(node, f"the tag {shown(node.tag.removeprefix(_TAG))} is not used here")

    def _mapping(self, node: yaml.MappingNode, path: KeyPath, inside: tuple[int, ...]) -> dict[str, Any]:
        own: dict[str, Any] = {}
        own_lines: dict[str, int] = {}
        merged: list[yaml.Node] = []
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._refuse(key_node, "a key that is a list or a mapping", "a key is a text")
                continue
            if key_node.tag == f"{_TAG}merge":
                merged += value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
                continue
            key = key_node.value
            if key in own:
                message = f"the key {shown(key)} stands twice; the first is on line {own_lines[key]}"
                self._refuse(key_node, message, "each key once")
                continue
            own_lines[key] = self.lines[*path, key] = key_node.start_mark.line + 1
            own[key] = self.value(value_node, (*path, key), inside)
        for other in merged:
            self._merge(other, own, path, inside)
        return own

    def _merge(self, other: yaml.Node, own: dict[str, Any], path: KeyPath, inside: tuple[int, ...]) -> None:
        """Add the keys of `other` (``<<: *base``) that the mapping does not have itself."""
        if not isinstance(other, yaml.MappingNode):
            self._refuse(other, "'<<' takes a mapping or a list of mappings")
            return
        for key_node, value_node in other.value:
            if isinstance(key_node, yaml.ScalarNode) and key_node.tag != f"{_TAG}merge":
                if key_node.value not in own:
                    self.lines[*path, key_node.value] = key_node.start_mark.line + 1
                    own[key_node.value] = self.value(value_node, (*path, key_node.value), inside)
            else:
                self._refuse(key_node, "'<<' takes a mapping of plain keys")

    def _refuse(self, node: yaml.Node, message: str, allowed: str = "") -> None:
        where = f"line {node.start_mark.line + 1}"
        self.faults.append(Fault(file=self.file, where=where, message=message, allowed=allowed))


_SCALAR_TAGS = frozenset({"str", "null", "bool", "int", "float", "timestamp", "value", "merge"})
_PLAIN_STYLES = (None, "")


def _scalar(node: yaml.ScalarNode) -> str | int | float | bool | None:
    text: str = node.value
    if node.style not in _PLAIN_STYLES:
        return text
    if node.tag == f"{_TAG}str":
        # 1.1 does not see numbers such as 1e3; what else it calls a text (also by !!str) is one
        return float(text) if "e" in text.casefold() and _FLOAT.fullmatch(text) else text
    if text in _WORDS:
        return _WORDS[text]
    for pattern, convert in _NUMBERS:
        if pattern.fullmatch(text):
            return convert(text)
    return text
