"""Grading of a major hazard source by GB 18218-2018, with its tables as data (`data/gb18218.yaml`).

S = sum(q / Q) says whether a unit is a major hazard source at all (S >= 1), R = alpha * sum(beta * q / Q) gives its
grade. q is the design maximum in tonnes, Q the critical quantity in tonnes. Both sums are done in exact fractions of
the decimal figures, so that an R of exactly 100, 50 or 10 is on the graver side, as table 6 has it.

Q comes from table 1 by name, else from table 2 by class: the smallest of several. beta comes from table 3 by name,
else from table 4 by class: the largest of several, which is the safe side. Nothing has a default.
"""

import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import Any

from registry.marks import parse_marked
from registry.plant import Chemical, SourceGrade
from registry.suggest import near, shown


class HazardError(ValueError):
    """What was given cannot be graded; `about` says which input it is, `allowed` what it may be."""

    def __init__(self, about: str, message: str, allowed: str = "") -> None:
        self.about = about
        self.allowed = allowed
        super().__init__(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassRow:
    """One class symbol of tables 2 and 4: its critical quantity in tonnes and its beta."""

    symbol: str
    q_t: float
    beta: float
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubstanceRow:
    """One substance of table 1; `beta` only where table 3 names it, `classes` only where the data knows them.

    `verified` is false where the figure was not yet read in the standard's text, `class_verified` where the class
    was not yet looked up in the classification list.
    """

    zh: str
    en: str
    aliases: tuple[str, ...]
    cas: str | None
    q_t: float
    beta: float | None
    classes: tuple[str, ...]
    source: str
    verified: bool
    class_verified: bool
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The tables of the standard; `by_name` finds a substance by any name or CAS number in `folded` form."""

    classes: Mapping[str, ClassRow]
    substances: tuple[SubstanceRow, ...]
    by_name: Mapping[str, SubstanceRow]
    alpha_steps: tuple[tuple[int, float], ...]
    grade_steps: tuple[tuple[float, SourceGrade], ...]

    @property
    def alphas(self) -> tuple[float, ...]:
        """Every alpha that the standard knows, smallest first."""
        return tuple(sorted(alpha for _, alpha in self.alpha_steps))


@dataclass(frozen=True, slots=True, kw_only=True)
class Grading:
    """S, R and the grade; `grade` is None where S < 1: not a major hazard source."""

    s: float
    r: float
    grade: SourceGrade | None


def folded(name: str) -> str:
    """Return a substance's name as names are compared: width, case and spaces do not matter."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


@cache
def tables() -> Tables:
    """Return the tables as the package carries them."""
    text = resources.files("registry").joinpath("data/gb18218.yaml").read_text("utf-8")
    marked = parse_marked(text, "gb18218.yaml")
    assert not marked.faults, marked.faults
    return _tables_of(marked.data)


def alpha_of_population(people: int) -> float:
    """Return alpha by the people who live inside the boundary plus 500 m outside (table 5)."""
    if people < 0:
        raise HazardError("population", f"a population of {people}", allowed="0 or more")
    return next(alpha for people_from, alpha in tables().alpha_steps if people >= people_from)


def chemical(substance: str, quantity_t: float, classes: Sequence[str] = ()) -> Chemical:
    """Return a chemical with the Q and beta that apply to it; raises `HazardError` where they are not known.

    `classes` are symbols of tables 2 and 4; given, they take the place of those that the data has.
    """
    known = tables()
    for symbol in classes:
        if symbol not in known.classes:
            raise HazardError(
                "class", f"unknown class symbol {shown(symbol)}", allowed=", ".join(known.classes)
            )
    if not (math.isfinite(quantity_t) and quantity_t >= 0):
        raise HazardError(
            "quantity_t", f"a quantity of {quantity_t} t", allowed="a number of tonnes, 0 or more"
        )
    row = known.by_name.get(folded(substance))
    if row is None and not classes:
        names = near_substances(substance)
        raise HazardError(
            "substance",
            f"unknown substance {shown(substance)}" + (f"; near names: {', '.join(names)}" if names else ""),
            allowed="a substance of table 1 of GB 18218-2018, or any with its class, as class: W5.3",
        )
    symbols = tuple(classes) or (row.classes if row else ())
    rows = [known.classes[symbol] for symbol in symbols]
    if row is not None and row.beta is not None:
        beta = row.beta
    elif rows:
        beta = max(r.beta for r in rows)
    else:
        assert row is not None
        note = f" ({row.note})" if row.note else ""
        raise HazardError(
            "class",
            f"{shown(substance)} has no beta of its own in GB 18218-2018 and needs its class symbol{note}",
            allowed=f"class: one of {', '.join(known.classes)}",
        )
    critical_t = row.q_t if row is not None else min(r.q_t for r in rows)
    return Chemical(substance=substance, quantity_t=quantity_t, critical_t=critical_t, beta=beta)


def grade(chemicals: Iterable[Chemical], alpha: float) -> Grading:
    """Return S, R and the grade of a unit with these chemicals."""
    known = tables()
    if alpha not in known.alphas:
        raise HazardError("alpha", f"an alpha of {alpha}", allowed=", ".join(f"{a:g}" for a in known.alphas))
    s = r = Fraction(0)
    for item in chemicals:
        share = _exact(item.quantity_t) / _exact(item.critical_t)
        s += share
        r += _exact(item.beta) * share
    r *= _exact(alpha)
    found = next(grade for r_from, grade in known.grade_steps if r >= _exact(r_from)) if s >= 1 else None
    return Grading(s=float(s), r=float(r), grade=found)


def near_substances(name: str) -> list[str]:
    """Return names of table 1 that look like `name`, in the spelling of the data, each substance once."""
    known = tables()
    found: list[str] = []
    for spelling in near(folded(name), known.by_name, most=6):
        row = known.by_name[spelling]
        text = f"{row.en} ({row.zh})"
        if text not in found:
            found.append(text)
    return found[:3]


def _exact(figure: float) -> Fraction:
    return Fraction(repr(float(figure)))


def _tables_of(data: Mapping[str, Any]) -> Tables:
    substances = tuple(
        SubstanceRow(
            zh=row["zh"],
            en=row["en"],
            aliases=tuple(row.get("aliases", ())),
            cas=row.get("cas"),
            q_t=float(row["q_t"]),
            beta=row.get("beta"),
            classes=tuple(row.get("class", ())),
            source=row["source"],
            verified=row["verified"],
            class_verified=row.get("class_verified", False),
            note=row.get("note", ""),
        )
        for row in data["substances"]
    )
    by_name: dict[str, SubstanceRow] = {}
    shared_cas: set[str] = set()
    for row in substances:
        for name in (row.zh, row.en, *row.aliases):
            other = by_name.setdefault(folded(name), row)
            assert other is row, f"{name} names two substances"
        if row.cas is not None and by_name.setdefault(row.cas, row) is not row:
            shared_cas.add(row.cas)
    for cas in shared_cas:  # several rows by content: the number alone does not say which
        del by_name[cas]
    return Tables(
        classes={
            symbol: ClassRow(
                symbol=symbol, q_t=float(row["q_t"]), beta=row["beta"], zh=row["zh"], en=row["en"]
            )
            for symbol, row in data["classes"]["symbols"].items()
        },
        substances=substances,
        by_name=by_name,
        alpha_steps=tuple((step["people_from"], float(step["alpha"])) for step in data["alpha"]["steps"]),
        grade_steps=tuple(
            (float(step["r_from"]), SourceGrade[step["grade"]]) for step in data["grades"]["steps"]
        ),
    )
