"""The accidents that there are, by name."""

from functools import cache

from sim.accidents.loader import accident_of, accident_text
from sim.accidents.model import Accident
from sim.accidents.variation import AS_IT_WAS, varied

ACCIDENTS = (
    "buncefield-2005",
    "texas-city-2005",
    "bhopal-1984",
    "t2-2007",
    "capeco-2009",
    "zhangjiakou-2018",
    "xiangshui-2019",
    "qingdao-2013",
)


@cache
def accident(name: str) -> Accident:
    """Return an accident of `ACCIDENTS`."""
    return accident_of(accident_text(name), f"{name}.yaml")


@cache
def as_it_was(name: str) -> Accident:
    """Return an accident with those sensors alone that its plant had."""
    return varied(accident(name), AS_IT_WAS)
