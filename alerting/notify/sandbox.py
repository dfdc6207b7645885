"""The Jinja2 environment that templates of people run in: nothing but text comes out of it, and never too much.

Theory of operation. A template sees plain data and may loop, test and format it. It cannot reach methods of values,
files, other templates or the program, and it cannot run long: whatever can repeat or grow costs units of a budget that
each rendering begins with anew. A turn of a loop and a call of a macro cost what constant text they may put out, an
expression that is put out costs its length, a filter costs the length of what it is given. No clock is read, so what is
refused is refused everywhere. The costs are put into the template's tree before it is compiled.
"""

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from jinja2 import StrictUndefined, Undefined, nodes
from jinja2.exceptions import SecurityError, TemplateSyntaxError
from jinja2.runtime import LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

BUDGET = 1_000_000
"""About a second on a slow machine, and the most characters that can come out."""

_LARGEST_FACTOR = 10**9
_TAKEN_FILTERS = (
    "abs", "capitalize", "d", "default", "dictsort", "first", "float", "groupby", "int", "items", "last", "length", "list",
    "lower", "map", "max", "min", "reject", "rejectattr", "reverse", "round", "select", "selectattr", "sort", "string",
    "tojson", "trim", "truncate", "unique", "upper",
)  # fmt: skip
_NOT_USED = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)


class TooMuch(SecurityError):  # noqa: N818 - it names the fact
    """The template would run too long or put out too much."""

    def __init__(self) -> None:
        super().__init__(f"the template does too much: more than {BUDGET} units of text and turns")


class Sandbox(ImmutableSandboxedEnvironment):
    """One environment a template: its budget belongs to the rendering under way."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, filters: dict[str, Callable[..., Any]]) -> None:
        super().__init__(
            undefined=StrictUndefined,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
            optimized=False,
            cache_size=0,
        )
        self._left = BUDGET
        self._source_size = 1
        self.globals = {}
        taken = {name: self.filters[name] for name in _TAKEN_FILTERS}
        # apart from what the default environment shares between all of its kind
        self.filters = {name: self._costing(function) for name, function in {**taken, **filters}.items()}
        self.filters |= {"join": self._join, "_turns": self._turns, "_put": self._put, "_glue": self._glue}

    def begin(self) -> None:
        """Give a rendering its whole budget."""
        self._left = BUDGET

    def cost(self, units: int) -> None:
        """Take units from the budget; raises `TooMuch` where it is used up."""
        self._left -= units
        if self._left < 0:
            raise TooMuch

    def call(self, context: Any, obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Call what may be called."""
        self.cost(self._source_size)
        if isinstance(obj, Undefined):
            obj()  # raises, and says what is not defined
        if not self.is_safe_callable(obj):
            raise SecurityError(
                "methods and functions cannot be called here; filters can, and macros of the template"
            )
        return super().call(context, obj, *args, **kwargs)

    def is_safe_callable(self, obj: Any) -> bool:
        """Return whether a template may call it: its own macros and loops, no method of any value."""
        return isinstance(obj, Macro | LoopContext) or isinstance(getattr(obj, "__self__", None), LoopContext)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Calculate, where the result cannot grow beyond what it is made of."""
        if operator == "+":
            self.cost(_size(left) + _size(right))
        elif operator == "**" or not (_small(left) and _small(right)):
            raise SecurityError(f"{operator} is for numbers of usual size, ** for none")
        return super().call_binop(context, operator, left, right)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """Parse, refuse what is not used here, and put in what each thing costs."""
        tree = super()._parse(source, name, filename)
        self._source_size = len(source)
        for bad in tree.find_all(_NOT_USED):
            raise TemplateSyntaxError(
                f"{type(bad).__name__.lower()} is not used here", bad.lineno, name, filename
            )
        _Priced().visit(tree)
        tree.set_environment(self)  # of the nodes that were put in too
        return tree

    def _costing(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)  # with the mark of those that are given the context
        def costing(*args: Any, **kwargs: Any) -> Any:
            self.cost(1 + sum(_size(value) for value in args))
            return function(*args, **kwargs)

        return costing

    def _turns(self, values: Iterable[Any], each: int) -> Iterator[Any]:
        for value in values:
            self.cost(each)
            yield value

    def _put(self, value: Any) -> str:
        text = str(value)
        self.cost(len(text))
        return text

    def _glue(self, parts: Iterable[Any]) -> str:
        texts = [str(part) for part in parts]
        self.cost(sum(map(len, texts)))
        return "".join(texts)

    def _join(self, values: Iterable[Any], between: str = "", attribute: str | None = None) -> str:
        taken = [value[attribute] if attribute is not None else value for value in values]
        texts = [str(value) for value in taken]
        self.cost(sum(map(len, texts)) + len(between) * len(texts))
        return between.join(texts)


class _Priced(NodeTransformer):
    """Puts the costs into a template's tree."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - named after the node
        constant = sum(len(part.data) for part in node.find_all(nodes.TemplateData))
        self.generic_visit(node)
        node.iter = _filter(node.iter, "_turns", nodes.Const(constant + 1))
        return node

    def visit_Output(self, node: nodes.Output) -> nodes.Node:  # noqa: N802 - as above
        self.generic_visit(node)
        node.nodes = [
            _filter(part, "_put")
            if isinstance(part, nodes.Expr) and not isinstance(part, nodes.TemplateData)
            else part
            for part in node.nodes
        ]
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - as above
        self.generic_visit(node)
        return _filter(nodes.List(node.nodes, lineno=node.lineno), "_glue")


def _filter(given: nodes.Node, name: str, *args: nodes.Expr) -> nodes.Filter:
    made = nodes.Filter(given, name, list(args), [], None, None)
    made.set_lineno(given.lineno or 0)
    return made


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str | list | tuple | dict) else 1


def _small(value: Any) -> bool:
    return isinstance(value, int | float) and abs(value) <= _LARGEST_FACTOR
