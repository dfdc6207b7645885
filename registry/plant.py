"""The plant as people speak of it: areas, enterprises, hazard sources, equipment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Self

import msgspec

from registry.drawing import Drawing
from registry.picture import Picture


class SourceGrade(IntEnum):
    """A hazard source's own grade by GB 18218-2018; Ⅰ is the gravest, so a larger number is graver here."""

    IV = 1
    III = 2
    II = 3
    I = 4  # noqa: E741 - the standard's own name

    @property
    def roman(self) -> str:
        """The grade as it is printed: Ⅰ, Ⅱ, Ⅲ or Ⅳ."""
        return _ROMAN[self]


_ROMAN = {SourceGrade.IV: "Ⅳ", SourceGrade.III: "Ⅲ", SourceGrade.II: "Ⅱ", SourceGrade.I: "Ⅰ"}


class Text(msgspec.Struct, frozen=True, gc=False):
    """One text in both languages; they are equal in everything that a person sees."""

    zh: str
    en: str

    @classmethod
    def same(cls, text: str) -> Self:
        """Return a text that reads alike in both languages, such as an id."""
        return cls(zh=text, en=text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """An administrative area; `code` is its GB/T 2260 code, `parent` the code it lies in."""

    code: str
    name: Text
    parent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePlan:
    """How a site looks from above, in the metres of ``x`` and ``y`` of the points table.

    `north_deg` is where true north lies, clockwise from the plan's own up (the direction of growing ``y``).
    """

    ground: Drawing | Picture
    north_deg: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Enterprise:
    """Who operates hazard sources; `area` is an area code, `industry` whatever word the centre sorts by."""

    id: str
    name: Text
    area: str | None = None
    industry: str | None = None
    plan: SitePlan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chemical:
    """A substance kept in a hazard source: its design maximum in tonnes with the Q and beta that apply."""

    substance: str
    quantity_t: float
    critical_t: float
    beta: float


class Duty(StrEnum):
    """The three who answer for the safety of a major hazard source (安全包保责任): 应急厅〔2021〕12号.

    主要负责人 (of the enterprise), 技术负责人, 操作负责人.
    """

    PRINCIPAL = "principal"
    TECHNICAL = "technical"
    OPERATING = "operating"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who has a duty: the name, the post in the enterprise and a number to call, where they are given."""

    name: Text
    post: Text | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardSource:
    """A major hazard source (重大危险源) with its grade by GB 18218-2018.

    `r` is R = alpha * sum(beta_i * q_i / Q_i), `s` is sum(q_i / Q_i); a unit with s < 1 is not a major hazard
    source by the standard and `grade` is then None. `measures` says what to do, by kind of alert or ``any``.
    """

    id: str
    enterprise: str
    name: Text
    alpha: float
    chemicals: tuple[Chemical, ...]
    r: float
    s: float
    grade: SourceGrade | None
    measures: Mapping[str, Text] = field(default_factory=lambda: MappingProxyType({}))
    lon: float | None = None
    lat: float | None = None
    persons: Mapping[Duty, Person] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """A tank, pump, room or pipe inside a hazard source.

    `design` maps a sensor type to the design limit in that type's unit as the sensors on it have it.
    """

    id: str
    source: str
    name: Text
    kind: str
    design: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """Everything that plant.yaml names, by id; `map` is drawn under the area's positions, in degrees."""

    areas: Mapping[str, Area] = field(default_factory=lambda: MappingProxyType({}))
    enterprises: Mapping[str, Enterprise] = field(default_factory=lambda: MappingProxyType({}))
    sources: Mapping[str, HazardSource] = field(default_factory=lambda: MappingProxyType({}))
    equipment: Mapping[str, Equipment] = field(default_factory=lambda: MappingProxyType({}))
    map: Drawing | None = None
