"""The tree: which receivers an alert goes to, by which route, and why."""

import re

import pytest

from alerting.routing import ABSENT, Labels, Match, Matcher, Op, Route, area_chain, labels_of, match
from registry.plant import Area, Text
from tests.alerting.plant import LONE, LT1, PLANT, REGISTRY, apply, block, book, finding

LABELS: Labels = {"grade": ("red",), "area": ("370211", "370200", "370000"), "source_grade": ("Ⅲ", "III")}


def asks(text: str) -> Matcher:
    found = re.fullmatch(r"(\w+)(=~|!~|!=|=)(.*)", text)
    assert found
    return Matcher(found[1], Op(found[2]), found[3])


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("grade=red", True),
        ("grade=re", False),
        ("grade!=red", False),
        ("grade!=blue", True),
        ("grade=~red|orange", True),
        ("grade=~re", False),
        ("grade!~re", True),
        ("grade!~r.*", False),
        ("area=370200", True),
        ("area=370211", True),
        ("area=370100", False),
        ("area!=370000", False),
        ("area=~3702.*", True),
        ("source_grade=III", True),
        ("source_grade=Ⅲ", True),
        ("source_grade!=III", False),
        ("type=", True),
        ("type!=level", True),
        ("type=~.+", False),
    ],
)
def test_matchers(text: str, holds: bool) -> None:
    assert asks(text).holds(LABELS) is holds
    assert str(asks(text)) == text


def route(
    path: str,
    *matchers: str,
    receiver: str | None = None,
    carry_on: bool = False,
    children: tuple[Route, ...] = (),
) -> Route:
    return Route(
        path=path,
        receiver=receiver or path,
        matchers=tuple(asks(m) for m in matchers),
        carry_on=carry_on,
        children=children,
    )


TREE = route(
    "root",
    children=(
        route("siren", "grade=red", carry_on=True),
        route("city", "area=370200", children=(route("town", "area=370211", "grade=~red|orange"),)),
        route("never", "grade=red"),
    ),
)


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        pytest.param({"grade": ("blue",)}, ["root"], id="no child: the node itself"),
        pytest.param(
            {"grade": ("red",), "area": ("370211", "370200")}, ["siren", "town"], id="continue, then first"
        ),
        pytest.param(
            {"grade": ("blue",), "area": ("370211", "370200")}, ["city"], id="no grandchild: the child"
        ),
        pytest.param({"grade": ("red",)}, ["siren", "never"], id="the first that matches takes it"),
    ],
)
def test_the_first_match_wins_unless_it_continues(labels: Labels, receivers: list[str]) -> None:
    assert [found.receiver for found in match(TREE, labels)] == receivers


def test_a_match_says_by_which_route_and_why() -> None:
    labels = {"grade": ("red",), "area": ("370211",)}
    asked = route("a", "grade=red", "area=370211")
    assert match(asked, labels) == [
        Match(asked, Text("符合 grade=red、area=370211", "matches grade=red, area=370211"))
    ]
    [found] = match(TREE, {"grade": ("blue",)})
    assert found.reason == Text("该处无更具体的路由", "no route is more specific here")


def test_labels_of_an_event() -> None:
    known, alone = apply(book(), block([finding(LT1, 0, limit="hh"), finding(LONE, 1, limit="h")]))
    assert labels_of(known, REGISTRY) == {
        "grade": ("orange",),
        "kind": ("high",),
        "type": ("level",),
        "enterprise": ("lpg",),
        "industry": ("",),
        "source": ("farm",),
        "equipment": ("T-101",),
        "sensor": ("lpg/LT-101",),
        "incident_size": ("1",),
        "source_grade": ("Ⅲ", "III"),
        "area": ("370211", "370200", "370000"),
        "event": ("opened",),
    }
    labels = labels_of(alone, REGISTRY)
    assert [labels[name] for name in ("enterprise", "source", "source_grade", "area")] == [ABSENT] * 4


def test_areas_that_lie_in_each_other_end() -> None:
    ring = {
        code: Area(code=code, name=Text.same(code), parent=other) for code, other in [("a", "b"), ("b", "a")]
    }
    assert area_chain("a", ring) == ("a", "b")
    assert area_chain("unknown", PLANT.areas) == ("unknown",)
    assert area_chain(None, PLANT.areas) == ABSENT
