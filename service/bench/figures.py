"""A measured figure beside its peer and its target: as a value, as a table, as JSON."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rich.table import Table

_DIGITS = 4
_SCALES = ((1e9, 1e9, " G"), (1e6, 1e6, " M"), (1e4, 1e3, " k"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """What stands beside a figure, in the figure's unit; `value` is None where it is missing, which `name` says."""

    name: str
    value: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What the design asks for: of the value itself, or of its ratio to the peer."""

    limit: float
    at_least: bool = True
    of: Literal["value", "ratio"] = "value"

    def told(self, unit: str) -> str:
        """Return the target as a person reads it."""
        sign = "≥" if self.at_least else "≤"
        return f"{sign} {shown(self.limit)} {unit}" if self.of == "value" else f"ratio {sign} {self.limit:g}"

    def met_by(self, value: float | None, ratio: float | None) -> bool | None:
        """Return whether it is met; None where nothing was measured."""
        measured = value if self.of == "value" else ratio
        if measured is None:
            return None
        return measured >= self.limit if self.at_least else measured <= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the report; `value` is None where it could not be measured, which `name` says."""

    name: str
    value: float | None
    unit: str
    beside: Peer | None = None
    target: Target | None = None

    @property
    def ratio(self) -> float | None:
        """The value divided by the peer's."""
        if self.value is None or self.beside is None or not self.beside.value:
            return None
        return self.value / self.beside.value

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one, or where nothing was measured."""
        return None if self.target is None else self.target.met_by(self.value, self.ratio)

    def as_json(self) -> dict[str, Any]:
        """Return the figure as `--json` writes it."""
        return {
            "name": self.name,
            "value": _rounded(self.value),
            "unit": self.unit,
            "beside": self.beside.name if self.beside else None,
            "beside_value": _rounded(self.beside.value) if self.beside else None,
            "ratio": _rounded(self.ratio),
            "target": self.target.told(self.unit) if self.target else None,
            "met": self.met,
        }


def table_of(figures: Iterable[Figure]) -> Table:
    """Return the figures as a table."""
    table = Table(title="hazwatch bench")
    for heading in ("what", "value", "unit", "beside it", "its value", "ratio", "target", "met"):
        right = heading in {"value", "its value", "ratio"}
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    for figure in figures:
        peer = figure.beside
        table.add_row(
            figure.name,
            shown(figure.value),
            figure.unit,
            peer.name if peer else "",
            shown(peer.value) if peer else "",
            "" if figure.ratio is None else f"{figure.ratio:.3g}",
            figure.target.told(figure.unit) if figure.target else "",
            {None: "", True: "yes", False: "NO"}[figure.met],
        )
    return table


def shown(value: float | None) -> str:
    """Return a number short enough to read."""
    if value is None:
        return "–"
    for least, scale, suffix in _SCALES:
        if abs(value) >= least:
            return f"{value / scale:.3g}{suffix}"
    return f"{value:.3g}"


def beside_each(name: str, value: float, unit: str, peers: Sequence[Peer]) -> list[Figure]:
    """Return one figure for each peer of one value."""
    return [Figure(name=name, value=value, unit=unit, beside=peer) for peer in peers]


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{_DIGITS}g}")
