"""The routes about the rules, from the outside, for every role and for an account of one enterprise."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from alerting.arrangements import Arrangement
from alerting.escalation.explain import Called
from alerting.escalation.schedule import Crew, Override, Schedule, Shift
from alerting.escalation.settings import Chain, EscalationSettings, Ladder, Person, Step
from alerting.escalation.upcoming import Next, Upcoming
from alerting.events import Grade, State
from alerting.explain import Explained
from alerting.inhibition import InhibitRule
from alerting.matcher_text import parse_matcher
from alerting.routes import Routes
from alerting.routing import Grouping, Route
from alerting.silences import EndedSilence, SilenceRow, SilenceView
from console.accounts import Role, add_user, database_path
from console.fake import FakeBackend
from console.rules_backend import Explanation, Kept, RouteTraffic, Setting
from console.scope import UNLIMITED, Place
from registry.plant import Equipment, Text
from tests.console.live import PASSWORD
from tests.console.site import COLD, LPG, event
from tests.console.test_api import Site, frames, on_site
from tests.console.test_desk import delivery
from tests.console.test_places import furnish as furnish_places

S = 10**9
H = 3600 * S
DAY_TURN = Schedule(
    name="gas",
    zone="Asia/Shanghai",
    first_day=date(2026, 1, 1),
    shifts={"day": Shift(name="day", start_min=480, end_min=1200)},
    cycle=(("day",),),
    crews=(Crew(name="A", people=("zhang",), first=0),),
)
ROOT = Route(
    path="route",
    receiver="log",
    children=(
        Route(
            path="route.routes[0]",
            receiver="duty",
            matchers=(parse_matcher("grade=red"),),
            escalation="works",
        ),
        Route(path="route.routes[1]", receiver="mail", grouping=Grouping(by=("source",))),
    ),
)
PEOPLE = {
    name: Person(id=name, name=Text(name, name.title()), receivers=("duty",)) for name in ("zhang", "li")
}
CHAIN = Chain(
    name="works",
    ladders={Grade.RED: Ladder(steps=(Step(after_ns=0, call=("gas",)),), last_after_ns=600 * S)},
    last_resort="li",
)


def furnish(backend: FakeBackend) -> None:
    """Put rules into a backend that has the alerts and places of the tests."""
    furnish_places(backend)
    now_ns = backend.now_ns()
    rules = backend.ruled
    rules.tree = Routes(
        ROOT,
        {},
        escalation=EscalationSettings(
            people=PEOPLE, schedules={"gas": DAY_TURN}, chains={"works": CHAIN}, default="works"
        ),
    )
    for enterprise, told in ((LPG, 2), (COLD, 1)):
        where = Place(enterprise=enterprise, area="370211")
        rules.went["route.routes[0]", where] = RouteTraffic(told=told, held=0, last_ns=now_ns)
    silence = SilenceRow(
        id="silence-1",
        matchers=(f"enterprise={LPG}", "grade!=red"),
        by="li",
        second=None,
        comment="calibration",
        begins_ns=now_ns,
        until_ns=now_ns + H,
    )
    reason = Text("符合 grade=red", "matches grade=red")
    answer = Explanation(
        event=event("explained", now_ns),
        at_ns=now_ns,
        live=True,
        routes=(
            Explained(path="route.routes[0]", receiver="duty", matched=True, when_ns=now_ns, reason=reason),
            Explained(path="route.routes[1]", receiver="mail", matched=False, when_ns=None, reason=reason),
        ),
        calls=(
            Called(
                person="zhang",
                name=Text.same("Zhang"),
                receiver="duty",
                when_ns=now_ns + 60 * S,
                reason=reason,
            ),
            Called(person="li", name=Text.same("Li"), receiver=None, when_ns=None, reason=reason),
        ),
        silences=(silence,),
        overrides=(
            ("gas", Override(people=("li",), from_ns=now_ns, until_ns=now_ns + H, by="zhou", reason="ill")),
        ),
    )
    rules.answer = answer
    rules.explanations = dict.fromkeys(backend.rows, answer)
    rules.open = [row.event for row in backend.rows.values()]
    rules.by_type = {"level": [Setting(name="z_threshold", value=6.0, packaged=8.0, origin="type")]}
    rules.by_sensor = {
        f"{LPG}/LT-101": [Setting(name="z_threshold", value=float("nan"), packaged=8.0, origin="sensor")]
    }
    rules.works = [
        Arrangement(
            kind=State.OUT_OF_SERVICE,
            place_kind=kind,
            place=place,
            name="P-1",
            by="plan",
            reason="inspection",
            since_ns=now_ns + H,
            until_ns=now_ns + 2 * H,
            of_settings=True,
        )
        for kind, place in (("source", "tank-farm"), ("sensor", f"{COLD}/GT-31"))
    ]
    counts = dict.fromkeys(("old", "new", "gained", "lost", "earlier", "later", "same"), 1)
    line = {**counts, "old_per_sensor_day": 0.5, "new_per_sensor_day": 0.2, "median_shift_s": -3.0}
    report: dict[str, Any] = {
        "source": "day.csv",
        "old": "packaged",
        "new": "detectors.yaml",
        "sensors": 3,
        "days": 1.0,
        "total": line,
        "kinds": {"anomaly": line},
        "made": "2026-11-25T00:00:00.000Z",
        "begins": "2026-11-23T00:00:00.000Z",
        "ends": "2026-11-24T00:00:00.000Z",
        "old_print": "f00d",
        "new_print": "beef",
    }
    rules.tests = [
        Kept(name="20261125T000000Z", report=report),
        Kept(name="broken", report=None, fault="not a kept back-test"),
    ]


@pytest.mark.parametrize("path", ["routes", "duty", "planned", "detectors", "detectors/x", "backtests"])
def test_nothing_is_told_without_a_login(tmp_path: Path, path: str) -> None:
    async def scenario(s: Site) -> None:
        assert (await s.get(f"/api/v1/rules/{path}")).status_code == 401

    on_site(tmp_path, scenario)


def test_the_tree_has_its_traffic_by_scope_and_its_chains_for_those_without_one(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        furnish(s.backend)
        await s.sign_in("gu")
        body = (await s.get("/api/v1/rules/routes")).json()
        red, mail = body["tree"]["routes"]
        assert (red["matchers"], red["receiver"], red["escalation"]) == (["grade=red"], "duty", "works")
        assert (mail["grouping"]["by"], mail["told"], mail["last_ms"]) == (["source"], 0, None)
        assert body["files"] == {"routes": "routes.yaml"}
        (chain,) = body["chains"]
        steps = chain["grades"]["red"]
        assert [(step["after_s"], step["call"][0]["id"], step["last"]) for step in steps] == [
            (0, "gas", False),
            (600, "li", True),
        ]
        await s.sign_in("bo")
        scoped = (await s.get("/api/v1/rules/routes")).json()
        assert scoped["tree"]["routes"][0]["told"] == 2, "of the own enterprise alone"
        assert scoped["chains"] is None

    on_site(tmp_path, scenario)


def test_an_account_of_one_enterprise_is_told_of_no_route_of_another(tmp_path: Path) -> None:
    def route(number: int, *matchers: str) -> Route:
        asked = tuple(parse_matcher(text) for text in matchers)
        return Route(path=f"route.routes[{number}]", receiver=f"to-{number}", matchers=asked)

    async def scenario(s: Site) -> None:
        furnish(s.backend)
        children = (
            route(0, f"enterprise={COLD}"),
            route(1, f"enterprise={LPG}"),
            route(2, f"enterprise=~{COLD}|{LPG}", "grade=red"),
            route(3, f"enterprise!={COLD}"),
        )
        s.backend.ruled.tree = replace(s.backend.ruled.tree, root=replace(ROOT, children=children))
        await s.sign_in("bo")
        answer = await s.get("/api/v1/rules/routes")
        assert [one["matchers"] for one in answer.json()["tree"]["routes"]] == [
            [f"enterprise={LPG}"],
            ["grade=red"],
            [],
        ]
        assert COLD not in answer.text
        own = next(name for name, row in s.backend.rows.items() if row.event.enterprise == LPG)
        told = (await s.post("/api/v1/rules/explain", {"alert": own})).json()
        assert [one["route"] for one in told["routes"]] == ["route.routes[1]"], "[0] is of another"
        await s.sign_in("gu")
        assert len((await s.get("/api/v1/rules/routes")).json()["tree"]["routes"]) == 4

    on_site(tmp_path, scenario)


def test_an_account_with_a_scope_learns_no_name_of_another_place(tmp_path: Path) -> None:
    others = ("cold-room", "C-1", f"{COLD}/GT-31", "370300", COLD)

    def route(number: int, *matchers: str) -> Route:
        asked = tuple(parse_matcher(text) for text in matchers)
        return Route(path=f"route.routes[{number}]", receiver=f"to-{number}", matchers=asked)

    children = tuple(
        route(number, *matchers)
        for number, matchers in enumerate(
            (
                ("source=cold-room",),
                ("equipment=C-1",),
                (f"sensor={COLD}/GT-31",),
                ("area=370300",),
                ("source!=cold-room", f"sensor!={COLD}/GT-31", "kind=high"),
                ("source=~cold-room|tank-farm",),
                (f"sensor=~{COLD}/.*",),
                (f"sensor={LPG}/LT-101", "source=tank-farm", "area=370200"),
            )
        )
    )

    async def scenario(s: Site) -> None:
        furnish(s.backend)
        plant, rules = s.backend.plant_now, s.backend.ruled
        cold = replace(plant.sources["tank-farm"], id="cold-room", enterprise=COLD)
        room = Equipment(id="C-1", source="cold-room", name=Text.same("C-1"), kind="room")
        enterprises = {**plant.enterprises, COLD: replace(plant.enterprises[COLD], area="370300")}
        s.backend.plant_now = replace(
            plant,
            enterprises=enterprises,
            sources={**plant.sources, "cold-room": cold},
            equipment={"C-1": room},
        )
        s.backend.sensors[f"{COLD}/GT-31"] = replace(
            s.backend.sensors[f"{COLD}/GT-31"], place=Place(enterprise=COLD, area="370300")
        )
        rules.tree = replace(
            rules.tree,
            root=replace(ROOT, children=children),
            inhibit=(
                InhibitRule(
                    path="inhibit_rules[0]",
                    source=(parse_matcher("source=cold-room"),),
                    target=(parse_matcher("grade=blue"),),
                ),
            ),
        )
        assert rules.answer is not None
        named = rules.answer.silences[0]
        foreign = structs.replace(
            named,
            id="silence-2",
            matchers=(f"enterprise={LPG}", "source!=cold-room"),
            comment="cold-room is emptied",
        )
        quoting = Text.same("source=~cold-room|tank-farm does not hold: it is loading")
        held = Text.same(f"silence {foreign.id} of {foreign.by} ({foreign.comment})")
        rules.answer = replace(
            rules.answer,
            routes=tuple(
                Explained(path=one.path, receiver=None, matched=False, when_ns=None, reason=why)
                for one, why in zip(children, [quoting] * 7 + [held], strict=True)
            ),
            silences=(named, foreign),
        )
        s.backend.silenced = [SilenceView(foreign, 0)]
        s.backend.unsilenced = [
            EndedSilence(row=named, ended_ns=5_000_000, by="wu", reason="done early"),
            EndedSilence(row=foreign, ended_ns=6_000_000, by="wu", reason="cold-room is full"),
            EndedSilence(row=foreign, ended_ns=7_000_000, by=None, reason=""),
            EndedSilence(
                row=structs.replace(named, matchers=("kind=high",)), ended_ns=8_000_000, by="wu", reason="y"
            ),
        ]
        sample = {"grade": "red", "sensor": f"{LPG}/LT-101"}
        seen = {}
        add_user(database_path(tmp_path), "shi", Role.OPERATOR, PASSWORD, "370211", None)
        for name in ("bo", "shi", "gu"):
            await s.sign_in(name)
            tree = await s.get("/api/v1/rules/routes")
            told = await s.post("/api/v1/rules/explain", sample)
            silences = await s.get("/api/v1/silences")
            seen[name] = [one["matchers"] for one in tree.json()["tree"]["routes"]]
            leaked = [one for one in others for text in (tree, told, silences) if one in text.text]
            if name == "gu":
                assert set(leaked) == set(others)
                continue
            assert not leaked, name
            assert tree.json()["inhibit"] == [], "it concerns others alone"
            assert [one["route"] for one in told.json()["routes"]] == [one.path for one in children[4:]]
            assert {one["reason"]["en"] for one in told.json()["routes"]} == {
                "concerns places out of your scope"
            }
            assert [(one["id"], one["comment"]) for one in told.json()["silences"]] == [
                ("silence-1", "calibration"),
                ("silence-2", "…"),
            ]
        assert (
            seen["bo"]
            == seen["shi"]
            == [
                ["kind=high"],
                ["source=~…"],
                ["sensor=~…"],
                [f"sensor={LPG}/LT-101", "source=tank-farm", "area=370200"],
            ]
        )
        assert len(seen["gu"]) == len(children)
        await s.sign_in("bo")
        answer = (await s.get("/api/v1/silences")).json()
        [row] = answer["silences"]
        assert row["matchers"] == [f"enterprise={LPG}"]
        assert [
            (one["id"], one["ended_ms"], one["ended_by"], one["reason"], one["comment"])
            for one in answer["ended"]
        ] == [
            ("silence-2", 7.0, None, "", "…"),
            ("silence-2", 6.0, "wu", "…", "…"),
            ("silence-1", 5.0, "wu", "done early", "calibration"),
        ]
        await s.sign_in("gu")
        assert len((await s.get("/api/v1/silences")).json()["ended"]) == 4

    on_site(tmp_path, scenario)


def _quoting(now_ns: int, silences: tuple[SilenceRow, SilenceRow]) -> dict[str, Any]:
    """Return the ``why`` of an alert that was told and held back by rules of its own area, of others and of both."""
    reasons = {
        "own": ("duty", "matches enterprise=bh-lpg, grade=red; a red alert is never held"),
        "both": ("cold-mail", "matches grade=red, source=~cold-room|tank-farm; told with its group at 12:00"),
        "cut": ("duty", "matches kind=~a, source=cold-room"),
        "held": ("duty", "it was held back before, and it still stands"),
    }
    silenced = [
        ("duty", f"silence {one.id} of {one.by} ({one.comment}) until 2026-01-01T00:00:00.000Z")
        for one in (*silences, structs.replace(silences[1], id="forgotten"))
    ]

    def row(receiver: str, en: str) -> dict[str, Any]:
        return {"receiver": receiver, "route": "route.routes[0]", "reason": {"zh": en, "en": en}}

    return {
        **event("x", now_ns).why,
        "told": [row(*one) for one in reasons.values()],
        "held": [row(*one) for one in silenced],
    }


def test_no_text_of_an_alert_tells_an_account_with_a_scope_of_another_place(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        furnish(s.backend)
        assert s.backend.ruled.answer is not None
        own = s.backend.ruled.answer.silences[0]
        foreign = structs.replace(
            own,
            id="silence-2",
            matchers=("source!=cold-room", f"enterprise={LPG}"),
            comment="cold-room: Wang",
        )
        s.backend.silenced = [SilenceView(own, 0), SilenceView(foreign, 0)]
        now_ns = 1_764_000_000_000_000_000
        await s.sign_in("bo")
        bo = s.accounts.account_of(s.client.cookies["hazwatch_session"])
        assert bo is not None
        viewers = [s.feed.stream(one, None, lambda: True) for one in (bo.scope, bo.scope, UNLIMITED)]
        [_, (_, position, _), _] = [(await frames(one, 1))[0] for one in viewers]
        s.backend.put(structs.replace(event("quotes", now_ns), why=_quoting(now_ns, (own, foreign))))
        row = delivery("quotes")
        quoted = Text("符合 source=~cold-room", "matches source=~cold-room")
        s.backend.delivered = [
            row._replace(receiver="cold-mail", reason=quoted, error=Text("cold-room", "cold-room is away"))
        ]
        person = Next(
            person="li", name=Text.same("li"), receivers=("duty", "cold-mail"), reason=Text.same("x")
        )
        s.backend.alerts.next["quotes"] = Upcoming(
            chain="works", level=1, of=2, due_ns=1, held=False, people=(person,)
        )
        lines = [(await frames(one, 1))[0] for one in viewers]
        assert lines[0] == lines[1] != lines[2]
        again = s.feed.stream(bo.scope, position, lambda: True)
        assert await frames(again, 1) == [lines[0]], "a viewer that comes back is told no more"
        ways = ("alerts", "alerts/quotes", "alerts/quotes/deliveries", "events", "alerts.ndjson")
        texts = [(await s.get(f"/api/v1/{way}")).text for way in ways]
        texts += [(await s.post("/api/v1/alerts/quotes/comment", {"comment": "seen"})).text, str(lines[0])]
        for text in texts:
            assert not [word for word in ("cold-", "Wang", "kind=~a") if word in text], text
        assert "cold-room" in str(lines[2])
        why = lines[0][2]["why"]
        assert [(one["receiver"], one["reason"]["en"]) for one in why["told"]] == [
            ("duty", "matches enterprise=bh-lpg, grade=red; a red alert is never held"),
            (None, "by a rule of another area"),
            ("duty", "by a rule of another area"),
            ("duty", "it was held back before, and it still stands"),
        ]
        assert why["told"][1]["outside"]["en"] == "a receiver outside your area"
        assert [one["reason"]["en"] for one in why["held"]] == [
            f"silence {own.id} of {own.by} ({own.comment}) until 2026-01-01T00:00:00.000Z",
            "by a silence of another area until 2026-01-01T00:00:00.000Z",
            "by a silence of another area until 2026-01-01T00:00:00.000Z",
        ]
        assert why["held"][1]["reason"]["zh"] == "按其他区域的静默至 2026-01-01T00:00:00.000Z"
        body = (await s.get("/api/v1/alerts/quotes")).json()
        assert [one["receivers"] for one in body["next"]["people"]] == [["duty"]]
        assert body["deliveries"][0]["reason"]["zh"] == "按其他区域的规则"
        await s.sign_in("gu")
        for way in ("alerts", "alerts/quotes", "events", "alerts.ndjson"):
            assert "cold-room" in (await s.get(f"/api/v1/{way}")).text, "who sees all is told all"

    on_site(tmp_path, scenario)


def test_who_would_be_told_is_asked_of_alerts_and_of_places_in_scope(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        furnish(s.backend)
        own, foreign = (
            next(name for name, row in s.backend.rows.items() if row.event.enterprise == one)
            for one in (LPG, COLD)
        )
        path = "/api/v1/rules/explain"
        await s.sign_in("gu")
        told = (await s.post(path, {"alert": foreign})).json()
        assert [(row["route"], row["after_s"]) for row in told["routes"]] == [
            ("route.routes[0]", 0),
            ("route.routes[1]", None),
        ]
        assert [(row["person"], row["after_s"]) for row in told["calls"]] == [("zhang", 60), ("li", None)]
        assert told["silences"][0]["comment"] == "calibration"
        assert told["overrides"][0]["schedule"] == "gas"
        assert (await s.post(path, {"grade": "red"})).status_code == 200
        for wrong in (
            {},
            {"alert": own, "grade": "red"},
            {"grade": "puce"},
            {"grade": "red", "kind": "x"},
            {"grade": "red", "sensor": "a", "source": "b"},
            {"grade": "red", "at_ms": -1},
        ):
            assert (await s.post(path, wrong)).status_code == 422, wrong
        assert (await s.post(path, {"grade": "red", "sensor": "no/such"})).status_code == 404
        await s.sign_in("bo")
        mine = (await s.post(path, {"grade": "red", "sensor": f"{LPG}/LT-101", "at_ms": 5})).json()
        assert [row["person"] for row in mine["calls"]] == ["zhang"], "who is not called is not named"
        sample, at_ns = s.backend.ruled.composed[-1]
        assert (sample.grade, sample.kind, sample.sensor, at_ns) == (
            "red",
            "high",
            f"{LPG}/LT-101",
            5_000_000,
        )
        assert (await s.post(path, {"alert": foreign})).status_code == 404
        assert (await s.post(path, {"grade": "red"})).json()["code"] == "scope"
        assert (await s.post(path, {"grade": "red", "sensor": f"{COLD}/GT-31"})).status_code == 404

    on_site(tmp_path, scenario)


def test_a_silence_is_looked_at_before_it_is_made(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        furnish(s.backend)
        path = "/api/v1/rules/silence-preview"
        await s.sign_in("li")
        seen = (await s.post(path, {"matchers": ["kind=high"]})).json()
        assert seen["count"] == len(s.backend.rows) == sum(seen["by_grade"].values())
        assert (seen["needs_second"], seen["whole"]) == (True, True)
        assert not (await s.post(path, {"matchers": ["grade!=red"]})).json()["needs_second"]
        bad = await s.post(path, {"matchers": ["nonsense"]})
        assert (bad.status_code, bad.json()["code"]) == (409, "bad_matcher")
        assert (await s.post(path, {"matchers": []})).status_code == 422
        await s.sign_in("bo")
        assert (await s.post(path, {"matchers": ["kind=high"]})).json()["code"] == "scope_matcher"
        assert (await s.post(path, {"matchers": [f"enterprise={LPG}"]})).status_code == 200

    on_site(tmp_path, scenario)


def test_duty_is_told_by_turns_with_its_gaps_to_those_without_a_scope(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        furnish(s.backend)
        await s.sign_in("gu")
        body = (await s.get("/api/v1/rules/duty", from_ms=1_767_225_600_000, days=2)).json()
        (gas,) = body["schedules"]
        assert [(turn["crew"], turn["people"]) for turn in gas["turns"]][:3] == [
            ("A", ["zhang"]),
            (None, []),
            ("A", ["zhang"]),
        ]
        assert [one["id"] for one in body["people"]] == ["zhang", "li"]
        for wrong in ({"days": 36}, {"days": 0}, {"from_ms": -1}, {"from_ms": 9_223_372_036_000}):
            assert (await s.get("/api/v1/rules/duty", **wrong)).status_code == 422
        await s.sign_in("bo")
        for path in ("duty", "backtests"):
            refused = await s.get(f"/api/v1/rules/{path}")
            assert (refused.status_code, refused.json()["code"]) == (403, "scope")

    on_site(tmp_path, scenario)


def test_detector_settings_say_where_they_come_from_and_stay_in_scope(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        furnish(s.backend)
        await s.sign_in("bo")
        body = (await s.get(f"/api/v1/rules/detectors/{LPG}/LT-101")).json()
        assert body["settings"] == [
            {"name": "z_threshold", "value": None, "packaged": 8.0, "origin": "sensor"}
        ], "off"
        assert (await s.get(f"/api/v1/rules/detectors/{COLD}/GT-31")).status_code == 404
        assert (await s.get("/api/v1/rules/detectors")).json()["types"]["level"][0]["origin"] == "type"
        works = (await s.get("/api/v1/rules/planned")).json()["planned"]
        assert [(one["place"]["id"], one["by"], one["of_settings"]) for one in works] == [
            ("tank-farm", "plan", True)
        ], "its own alone"
        await s.sign_in("gu")
        assert len((await s.get("/api/v1/rules/planned")).json()["planned"]) == 2
        kept = (await s.get("/api/v1/rules/backtests")).json()
        assert [(one["name"], one["fault"]) for one in kept["backtests"]] == [
            ("20261125T000000Z", ""),
            ("broken", "not a kept back-test"),
        ]

    on_site(tmp_path, scenario)
