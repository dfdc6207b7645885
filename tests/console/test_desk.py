"""What people tell the alarm desk over the web API: roles, scopes, the second person; over the fake backend."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alerting.arrangements import Arrangement
from alerting.commands import (
    Assign,
    Comment,
    Confirm,
    EndSilence,
    MergeIncidents,
    OverrideOnCall,
    PutInService,
    Reset,
    Shelve,
    Silence,
    SplitIncident,
    Suppress,
    TakeOutOfService,
    Unshelve,
    Unsuppress,
)
from alerting.commands import Place as CommandPlace
from alerting.escalation.schedule import OnDuty
from alerting.events import Grade, State
from alerting.incidents.incident import Entry, IncidentView
from alerting.silences import SilenceRow, SilenceView
from console.backend import Done, Refused
from console.orders import stays_within
from console.scope import Scope
from ledger.records import OutboxRow, OutboxState
from registry.plant import Enterprise, Equipment, HazardSource, Plant, Text
from tests.console.live import PASSWORD
from tests.console.site import COLD, LPG, event
from tests.console.test_api import COLD_ALERT, RED, Site, on_site

SECOND = {"name": "bo", "password": PASSWORD}
UNTIL_MS = 1_900_000_000_000


def _source(name: str, enterprise: str) -> HazardSource:
    return HazardSource(
        id=name, enterprise=enterprise, name=Text.same(name), alpha=1.0, chemicals=(), r=1, s=0.5, grade=None
    )


PLANT = Plant(
    enterprises={name: Enterprise(id=name, name=Text.same(name), area="370211") for name in (LPG, COLD)},
    sources={"tank-farm": _source("tank-farm", LPG), "ammonia": _source("ammonia", COLD)},
    equipment={
        "V-101": Equipment(id="V-101", source="tank-farm", name=Text.same("V-101"), kind="tank"),
        "C-2": Equipment(id="C-2", source="ammonia", name=Text.same("C-2"), kind="compressor"),
    },
)


def incident(name: str, enterprise: str, grade: Grade = Grade.RED) -> IncidentView:
    return IncidentView(
        id=name,
        source="tank-farm",
        enterprise=enterprise,
        opened_ns=1_764_000_000_000_000_000,
        ended_ns=None,
        grade=grade,
        confirmed=True,
        size=1,
        first_out={"alert": RED},
        sensors=("a", "b"),
        open_alerts=(RED,),
        closed_alerts=(),
        timeline=(Entry(now_ns=1_764_000_000_000_000_000, what="opened", alert=RED, grade=Grade.RED),),
        left_out=0,
        former=(),
    )


def silence(name: str, *matchers: str) -> SilenceView:
    row = SilenceRow(
        id=name, matchers=matchers, by="li", second=None, comment="c", begins_ns=1, until_ns=2_000_000
    )
    return SilenceView(row, 3)


def delivery(alert: str) -> OutboxRow:
    return OutboxRow(
        id="n1",
        receiver="duty",
        key=alert,
        body=b"secret body",
        reason=Text("因", "why"),
        state=OutboxState.SENT,
        attempts=1,
        next_try_ns=0,
        updated_ns=5_000_000,
        error=Text("", ""),
        alert=alert,
        event_seq=1,
        time="2026-01-01T00:00:00.000Z",
        person="zhang",
        group=None,
        route="route.routes[0]",
        created_ns=0,
        first_failed_ns=0,
        instead_of=None,
        handed_to=None,
        gravity=4,
    )


def furnish(s: Site) -> None:
    s.backend.plant_now = PLANT
    s.backend.gathered = {"i1": incident("i1", LPG), "i2": incident("i2", COLD, Grade.BLUE)}
    s.backend.silenced = [silence("s1", f"enterprise={LPG}"), silence("s2", "kind=high")]
    s.backend.delivered = [delivery(RED), delivery(COLD_ALERT)]


V101 = {"kind": "equipment", "id": "V-101"}
C2 = {"kind": "equipment", "id": "C-2"}
PLACE = CommandPlace(kind="equipment", id="V-101")
ORDERS: list[tuple[str, Any, Callable[[str], Any]]] = [
    (
        f"alerts/{RED}/assign",
        {"to": "bo", "comment": "go there"},
        lambda by: Assign(alert=RED, by=by, to="bo", comment="go there"),
    ),
    (
        f"alerts/{RED}/confirm",
        {"cause": "release", "action": "closed XV-101"},
        lambda by: Confirm(alert=RED, by=by, cause="release", action="closed XV-101"),
    ),
    (f"alerts/{RED}/comment", {"comment": "seen"}, lambda by: Comment(alert=RED, by=by, comment="seen")),
    (f"alerts/{RED}/reset", {"comment": "dry"}, lambda by: Reset(alert=RED, by=by, comment="dry")),
    (
        f"alerts/{RED}/shelve",
        {"reason": "works", "for_s": 600},
        lambda by: Shelve(by=by, reason="works", alert=RED, for_s=600.0),
    ),
    (f"alerts/{RED}/unshelve", None, lambda by: Unshelve(by=by, alert=RED)),
    (
        "suppressions",
        {"condition": "empty", "place": V101, "reason": "drained", "until_ms": UNTIL_MS},
        lambda by: Suppress(
            condition="empty", place=PLACE, by=by, reason="drained", until_ns=UNTIL_MS * 10**6
        ),
    ),
    (
        "suppressions/end",
        {"condition": "empty", "place": V101, "reason": "filled"},
        lambda by: Unsuppress(condition="empty", place=PLACE, by=by, reason="filled"),
    ),
    (
        "out-of-service",
        {"place": V101, "permit": "P-7", "until_ms": UNTIL_MS, "reason": "weld"},
        lambda by: TakeOutOfService(
            place=PLACE, permit="P-7", until_ns=UNTIL_MS * 10**6, by=by, reason="weld"
        ),
    ),
    (
        "out-of-service",
        {
            "place": V101,
            "permit": "P-8",
            "from_ms": UNTIL_MS - 1,
            "until_ms": UNTIL_MS,
            "reason": "weld",
            "replaces": "seen",
        },
        lambda by: TakeOutOfService(
            place=PLACE,
            permit="P-8",
            from_ns=(UNTIL_MS - 1) * 10**6,
            until_ns=UNTIL_MS * 10**6,
            by=by,
            reason="weld",
            replaces="seen",
        ),
    ),
    (
        "out-of-service/end",
        {"place": V101, "permit": "P-7", "reason": "done"},
        lambda by: PutInService(place=PLACE, permit="P-7", by=by, reason="done"),
    ),
    (
        "silences",
        {"matchers": [f"enterprise={LPG}", "grade!=red"], "comment": "test", "until_ms": UNTIL_MS},
        lambda by: Silence(
            matchers=(f"enterprise={LPG}", "grade!=red"), by=by, comment="test", until_ns=UNTIL_MS * 10**6
        ),
    ),
    (
        "silences/s1/end",
        {"reason": "over"},
        lambda by: EndSilence(silence="s1", by=by, reason="over"),
    ),
    (
        "incidents/i1/merge",
        {"incidents": ["i1"], "reason": "one leak"},
        lambda by: MergeIncidents(into="i1", incidents=["i1"], by=by, reason="one leak"),
    ),
    (
        "incidents/i1/split",
        {"alerts": [RED], "reason": "another"},
        lambda by: SplitIncident(incident="i1", alerts=[RED], by=by, reason="another"),
    ),
]
FOREIGN: list[tuple[str, Any]] = [
    (f"alerts/{COLD_ALERT}/assign", {"to": "li"}),
    (f"alerts/{COLD_ALERT}/confirm", {"cause": "release", "action": "x"}),
    (f"alerts/{COLD_ALERT}/comment", {"comment": "x"}),
    (f"alerts/{COLD_ALERT}/reset", {}),
    (f"alerts/{COLD_ALERT}/shelve", {"reason": "x"}),
    (f"alerts/{COLD_ALERT}/unshelve", None),
    ("suppressions", {"condition": "x", "place": C2, "reason": "x"}),
    ("suppressions/end", {"condition": "x", "place": C2, "reason": "x"}),
    ("out-of-service", {"place": C2, "permit": "x", "until_ms": UNTIL_MS, "reason": "x"}),
    ("out-of-service/end", {"place": {"kind": "source", "id": "ammonia"}, "permit": "x", "reason": "x"}),
    (
        "suppressions/end",
        {"condition": "x", "place": {"kind": "sensor", "id": f"{COLD}/GT-31"}, "reason": "x"},
    ),
    ("silences/s2/end", {"reason": "x"}),
    ("incidents/i2/split", {"alerts": [COLD_ALERT], "reason": "x"}),
    ("incidents/i1/merge", {"incidents": ["i2"], "reason": "x"}),
]


def test_an_operators_command_carries_his_own_name(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        furnish(s)
        for name in ("li", "bo"):
            await s.sign_in(name)
            for path, body, made in ORDERS:
                answer = await s.post(f"/api/v1/{path}", body)
                assert answer.status_code == 200, (path, answer.text)
                assert s.backend.commands.pop() == made(name)
                if body is not None:
                    forged = await s.post(f"/api/v1/{path}", {**body, "by": "somebody"})
                    assert forged.status_code == 422, path
                assert s.backend.commands == []

    on_site(tmp_path, scenario)


def test_strangers_and_viewers_command_nothing(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        furnish(s)
        for path, body, _ in ORDERS:
            assert (await s.post(f"/api/v1/{path}", body)).status_code == 401, path
        await s.sign_in("gu")
        for path, body, _ in ORDERS:
            refused = await s.post(f"/api/v1/{path}", body)
            assert (refused.status_code, refused.json()["code"]) == (403, "role"), path
        await s.sign_in("li")
        for path, body, _ in ORDERS:
            without = await s.client.post(f"/api/v1/{path}", json=body)
            assert (without.status_code, without.json()["code"]) == (403, "no_header"), path
        assert s.backend.commands == []

    on_site(tmp_path, scenario)


def test_what_belongs_to_another_enterprise_is_not_there(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        furnish(s)
        await s.sign_in("bo")
        for path, body in FOREIGN:
            answer = await s.post(f"/api/v1/{path}", body)
            assert answer.status_code == 404, path
            assert answer.headers["content-type"] == "application/problem+json"
            assert {"zh", "en"} <= set(answer.json())
        assert s.backend.commands == []
        await s.sign_in("li")
        for path, body in FOREIGN:
            assert (await s.post(f"/api/v1/{path}", body)).status_code == 200, path

    on_site(tmp_path, scenario)


def test_a_refused_command_says_why_in_both_languages(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        s.backend.answer = Refused(code="still_active", text=Text("仍未恢复", "it still stands"))
        await s.sign_in("li")
        answer = await s.post(f"/api/v1/alerts/{RED}/reset", {})
        assert answer.status_code == 409
        body = answer.json()
        assert (body["code"], body["zh"], body["en"]) == ("still_active", "仍未恢复", "it still stands")

    on_site(tmp_path, scenario)


def test_the_answer_has_the_alert_as_it_stands_and_only_events_of_the_scope(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        now_ns = s.backend.now_ns()
        own = event(RED, now_ns, seq=91, event="closed", state="closed")
        other = event(COLD_ALERT, now_ns, seq=92, enterprise=COLD)
        s.backend.answer = Done(events=(own, other))
        await s.sign_in("bo")
        body = (await s.post(f"/api/v1/alerts/{RED}/comment", {"comment": "x"})).json()
        assert [one["seq"] for one in body["events"]] == [91]
        assert body["alert"]["id"] == RED
        del s.backend.rows[RED]
        body = (await s.post(f"/api/v1/alerts/{RED}/comment", {"comment": "x"})).json()
        assert (body["alert"]["seq"], body["alert"]["state"]) == (91, "closed")

    on_site(tmp_path, scenario)


def test_a_closed_alert_can_be_confirmed_and_commented_but_not_shelved(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        s.backend.put(event(RED, s.backend.now_ns(), event="closed", state="closed"))
        await s.sign_in("bo")
        for name, body, status in (
            ("confirm", {"cause": "release", "action": "x"}, 200),
            ("comment", {"comment": "x"}, 200),
            ("shelve", {"reason": "x"}, 404),
            ("reset", {}, 404),
        ):
            assert (await s.post(f"/api/v1/alerts/{RED}/{name}", body)).status_code == status, name
        assert (await s.post("/api/v1/alerts/none/comment", {"comment": "x"})).status_code == 404

    on_site(tmp_path, scenario)


SHELVE = f"/api/v1/alerts/{RED}/shelve"


def test_the_second_person_proves_who_he_is_in_the_same_request(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        furnish(s)
        await s.sign_in("li")
        assert (await s.post(SHELVE, {"reason": "x", "second": SECOND})).status_code == 200
        assert s.backend.commands.pop() == Shelve(by="li", reason="x", alert=RED, second="bo")
        asked = {"matchers": [f"enterprise={LPG}"], "comment": "x", "until_ms": UNTIL_MS, "second": SECOND}
        assert (await s.post("/api/v1/silences", asked)).status_code == 200
        made = s.backend.commands.pop()
        assert isinstance(made, Silence)
        assert made.second == "bo"
        assert (await s.get("/api/v1/me")).json()["name"] == "li", "no session was begun for the second"

    on_site(tmp_path, scenario)


@pytest.mark.parametrize(
    ("second", "status", "code"),
    [
        ({"name": "bo", "password": "wrong"}, 403, "second_wrong"),
        ({"name": "nobody", "password": PASSWORD}, 403, "second_wrong"),
        ({"name": "li", "password": PASSWORD}, 409, "same_person"),
        ({"name": "gu", "password": PASSWORD}, 403, "second_role"),
        ("bo", 422, "bad_request"),
        ({"name": "bo"}, 422, "bad_request"),
    ],
)
def test_who_cannot_be_the_second_person(tmp_path: Path, second: Any, status: int, code: str) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        answer = await s.post(SHELVE, {"reason": "x", "second": second})
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert s.backend.commands == []
        assert PASSWORD not in answer.text

    on_site(tmp_path, scenario)


def test_a_second_person_of_another_enterprise_does_not_count(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        furnish(s)
        await s.sign_in("li")
        answer = await s.post(f"/api/v1/alerts/{COLD_ALERT}/shelve", {"reason": "x", "second": SECOND})
        assert (answer.status_code, answer.json()["code"]) == (403, "second_role")
        asked = {"matchers": ["kind=high"], "comment": "x", "until_ms": UNTIL_MS, "second": SECOND}
        assert (await s.post("/api/v1/silences", asked)).json()["code"] == "second_role"
        assert s.backend.commands == []

    on_site(tmp_path, scenario)


def test_guessing_a_second_persons_password_is_held_up_like_a_login(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        for _ in range(5):
            body = {"reason": "x", "second": {"name": "bo", "password": "guess"}}
            assert (await s.post(SHELVE, body)).status_code == 403
        answer = await s.post(SHELVE, {"reason": "x", "second": SECOND})
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0
        assert (await s.sign_in("bo")).status_code == 429

    on_site(tmp_path, scenario)


BAD_BODIES: list[tuple[str, Any]] = [
    (f"alerts/{RED}/confirm", {"cause": "release", "action": ""}),
    (f"alerts/{RED}/confirm", {"cause": "release"}),
    (f"alerts/{RED}/comment", {"comment": "x" * 2001}),
    (f"alerts/{RED}/shelve", {"reason": "x", "for_s": 0}),
    (f"alerts/{RED}/shelve", {"reason": "x", "for_s": "NaN"}),
    ("suppressions", {"condition": "x", "place": {"kind": "planet", "id": "x"}, "reason": "x"}),
    ("out-of-service", {"place": V101, "permit": "x", "until_ms": -1, "reason": "x"}),
    ("out-of-service", {"place": V101, "permit": "x", "from_ms": "now", "until_ms": 1, "reason": "x"}),
    ("silences", {"matchers": [], "comment": "x", "until_ms": UNTIL_MS}),
    ("incidents/i1/merge", {"incidents": [], "reason": "x"}),
]


def test_bad_bodies_are_refused_with_their_field(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        furnish(s)
        await s.sign_in("li")
        for path, body in BAD_BODIES:
            answer = await s.post(f"/api/v1/{path}", body)
            assert answer.status_code == 422, (path, body)
            assert answer.json()["fields"]
        assert s.backend.commands == []

    on_site(tmp_path, scenario)


@pytest.mark.parametrize("words", ["a\x00b", "a\x1b[2Jb", "\u202eb", "\u2066b"])
def test_words_that_cannot_be_shown_are_refused_in_both_languages(tmp_path: Path, words: str) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        for path, body in (
            (f"alerts/{RED}/comment", {"comment": words}),
            (f"alerts/{RED}/ack", {"comment": words}),
            (f"alerts/{RED}/reset", {"comment": words}),
            ("login", {"name": words, "password": "x"}),
            ("silences", {"matchers": [words], "comment": "x", "until_ms": UNTIL_MS}),
        ):
            answer = await s.post(f"/api/v1/{path}", body)
            assert (answer.status_code, answer.json()["code"]) == (422, "unfit_text")
            assert "cannot be shown" in answer.json()["en"]
            assert "控制字符" in answer.json()["zh"]
            assert answer.json()["fields"]
        assert s.backend.commands == []

    on_site(tmp_path, scenario)


def test_words_may_have_lines_and_any_script(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        words = "First line\n\tsecond <b>line</b>, خزان ١ 👩\u200d🔧"
        assert (await s.post(f"/api/v1/alerts/{RED}/comment", {"comment": words})).status_code == 200
        assert [one.comment for one in s.backend.commands if isinstance(one, Comment)] == [words]

    on_site(tmp_path, scenario)


def test_a_silence_of_a_scoped_account_stays_within_the_scope(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("bo")
        for matchers in (
            ["kind=high"],
            [f"enterprise={COLD}"],
            [f"enterprise=~{LPG}"],
            [f"enterprise!={LPG}"],
        ):
            asked = {"matchers": matchers, "comment": "x", "until_ms": UNTIL_MS}
            answer = await s.post("/api/v1/silences", asked)
            assert (answer.status_code, answer.json()["code"]) == (403, "scope_matcher")
        assert s.backend.commands == []

    on_site(tmp_path, scenario)


@pytest.mark.parametrize(
    ("matchers", "scope", "within"),
    [
        (["kind=high"], Scope(), True),
        (["area=370211"], Scope(area="370200"), True),
        (["area=370200"], Scope(area="370211"), False),
        (["area=370211"], Scope(area="370200", enterprise="a"), False),
        (["area=370211", "enterprise=a"], Scope(area="370200", enterprise="a"), True),
        (["nonsense"], Scope(enterprise="a"), False),
    ],
)
def test_which_matchers_stay_within_a_scope(matchers: list[str], scope: Scope, within: bool) -> None:
    assert stays_within(matchers, scope) is within


def test_lists_show_what_the_scope_allows(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        furnish(s)
        shelved = Arrangement(
            kind=State.SHELVED,
            place_kind="slot",
            place=f"{LPG}/LT-101",
            slot="process",
            by="li",
            reason="x",
            since_ns=1,
        )
        foreign = msgspec.structs.replace(shelved, place_kind="equipment", place="C-2")
        s.backend.arranged = [shelved, foreign]
        await s.sign_in("gu")
        assert len((await s.get("/api/v1/arrangements")).json()["arrangements"]) == 2
        assert [one["id"] for one in (await s.get("/api/v1/incidents")).json()["incidents"]] == ["i1", "i2"]
        assert [one["id"] for one in (await s.get("/api/v1/silences")).json()["silences"]] == ["s1", "s2"]
        assert set((await s.get("/api/v1/causes")).json()["causes"]) == {"release", "false_alarm"}
        await s.sign_in("bo")
        [row] = (await s.get("/api/v1/arrangements")).json()["arrangements"]
        assert (row["kind"], row["place"]["id"]) == ("shelved", f"{LPG}/LT-101")
        assert [one["id"] for one in (await s.get("/api/v1/incidents")).json()["incidents"]] == ["i1"]
        [held] = (await s.get("/api/v1/silences")).json()["silences"]
        assert (held["id"], held["holding"], held["until_ms"]) == ("s1", 3, 2.0)
        assert (await s.get("/api/v1/incidents/i2")).status_code == 404
        whole = (await s.get("/api/v1/incidents/i1")).json()["incident"]
        assert (whole["grade"], whole["open_alerts"], whole["timeline"][0]["grade"]) == ("red", [RED], "red")

    on_site(tmp_path, scenario)


def test_who_is_on_duty_and_who_shall_be_instead(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        s.backend.duties = {"gas": OnDuty(("zhang",), Text("白班", "day shift"))}
        body = {"schedule": "gas", "people": ["wu"], "from_ms": 1, "until_ms": UNTIL_MS, "reason": "ill"}
        assert (await s.get("/api/v1/on-call")).status_code == 401
        await s.sign_in("bo")
        assert (await s.get("/api/v1/on-call")).json()["code"] == "scope"
        assert (await s.post("/api/v1/on-call/overrides", body)).json()["code"] == "scope"
        await s.sign_in("gu")
        row = (await s.get("/api/v1/on-call")).json()["schedules"]["gas"]
        assert (row["people"][0]["id"], row["reason"]["zh"]) == ("zhang", "白班")
        assert (await s.post("/api/v1/on-call/overrides", body)).json()["code"] == "role"
        assert s.backend.commands == []
        await s.sign_in("li")
        assert (await s.post("/api/v1/on-call/overrides", body)).status_code == 200
        assert s.backend.commands == [
            OverrideOnCall(
                schedule="gas",
                people=("wu",),
                by="li",
                reason="ill",
                from_ns=10**6,
                until_ns=UNTIL_MS * 10**6,
            )
        ]

    on_site(tmp_path, scenario)


def test_deliveries_of_an_alert_without_their_bodies(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        furnish(s)
        await s.sign_in("li")
        answer = await s.get(f"/api/v1/alerts/{RED}/deliveries")
        [row] = answer.json()["deliveries"]
        assert (row["receiver"], row["person"], row["state"], row["reason"]["zh"]) == (
            "duty",
            "zhang",
            "sent",
            "因",
        )
        assert "secret" not in answer.text
        await s.sign_in("bo")
        assert (await s.get(f"/api/v1/alerts/{COLD_ALERT}/deliveries")).status_code == 404

    on_site(tmp_path, scenario)


@pytest.mark.parametrize(
    "path", ["arrangements", "silences", "incidents", "incidents/i1", "causes", f"alerts/{RED}/deliveries"]
)
def test_nothing_of_the_desk_is_told_to_strangers(tmp_path: Path, path: str) -> None:
    async def scenario(s: Site) -> None:
        assert (await s.get(f"/api/v1/{path}")).status_code == 401

    on_site(tmp_path, scenario)
