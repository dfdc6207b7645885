"""The alarms page's routes: many alerts at once, assignment, floods, saved filters; over the fake backend."""

from pathlib import Path
from typing import Any

import msgspec

from alerting.commands import Assign, Comment, Shelve, Unshelve
from alerting.incidents.flood import Flood
from console.alarms_backend import Assignee
from console.backend import Refused
from console.bulk import MAX_BULK
from console.saved import MAX_SAVED, Saved, SavedTexts
from ledger.audit import Asked
from registry.plant import Text
from tests.console.live import PASSWORD
from tests.console.site import COLD, LPG
from tests.console.test_api import COLD_ALERT, RED, Site, on_site
from tests.console.test_desk import furnish

YELLOW, BLUE, ACKED = "a000000000000003", "a000000000000004", "a000000000000006"
BULK = "/api/v1/alerts/bulk"


def asked(command: dict[str, Any], *alerts: str | dict[str, Any]) -> dict[str, Any]:
    return {
        "command": command,
        "alerts": [one if isinstance(one, dict) else {"id": one} for one in alerts],
    }


async def outcomes(s: Site, body: dict[str, Any]) -> dict[str, str | None]:
    answer = await s.post(BULK, body)
    assert answer.status_code == 200, answer.text
    found = answer.json()["outcomes"]
    assert all(one["done"] == (one["code"] is None) for one in found)
    assert all(one["zh"] and one["en"] for one in found if not one["done"])
    return {one["id"]: one["code"] for one in found}


def test_all_alerts_come_in_lines_to_who_asks_for_them_so(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("bo")
        whole = (await s.get("/api/v1/alerts")).json()
        answer = await s.client.get("/api/v1/alerts", headers={"Accept": "application/x-ndjson"})
        assert answer.headers["content-type"].startswith("application/x-ndjson")
        head, *rows = (msgspec.json.decode(line) for line in answer.text.splitlines())
        assert (head["last_seq"], head["count"]) == (whole["last_seq"], 4)
        assert rows == whole["alerts"]
        assert {row["enterprise"] for row in rows} == {LPG}

    on_site(tmp_path, scenario)


def test_one_refused_keeps_no_other_from_counting(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        seq = s.backend.rows[BLUE].event.seq
        done = await outcomes(
            s,
            asked(
                {"order": "ack", "comment": "seen"},
                ACKED,
                "gone",
                {"id": YELLOW, "seq": 999},
                {"id": BLUE, "seq": seq},
            ),
        )
        assert done == {ACKED: "already_acknowledged", "gone": "unknown_alert", YELLOW: "changed", BLUE: None}
        assert s.backend.rows[BLUE].acknowledged_by == "li"
        noted = [(e.deed.subject, e.deed.outcome) for e in s.audit.search(Asked(action="acknowledge"), 9)]
        assert noted == [(BLUE, "done"), (YELLOW, "changed"), (ACKED, "already_acknowledged")]

    on_site(tmp_path, scenario)


def test_a_red_alert_among_others_must_have_been_in_view_as_it_stands(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        seq = s.backend.rows[RED].event.seq
        for alert in ({"id": RED, "seq": seq}, {"id": RED, "in_view": True}):
            assert await outcomes(s, asked({"order": "ack"}, alert)) == {RED: "not_in_view"}
        assert await outcomes(s, asked({"order": "ack"}, {"id": RED, "seq": seq, "in_view": True})) == {
            RED: None
        }

    on_site(tmp_path, scenario)


def test_every_other_command_goes_to_each_alert_in_the_accounts_name(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        furnish(s)
        await s.sign_in("li")
        second = {"name": "bo", "password": PASSWORD}
        shelving = {"order": "shelve", "reason": "works", "for_s": 60, "second": second}
        assert await outcomes(s, asked(shelving, YELLOW, COLD_ALERT)) == {
            YELLOW: None,
            COLD_ALERT: "second_role",
        }
        assert await outcomes(s, asked({"order": "assign", "to": "bo"}, YELLOW, COLD_ALERT)) == {
            YELLOW: None,
            COLD_ALERT: "not_assignable",
        }
        await outcomes(s, asked({"order": "unshelve"}, YELLOW, YELLOW))
        assert s.backend.commands == [
            Shelve(by="li", alert=YELLOW, reason="works", for_s=60, second="bo"),
            Assign(alert=YELLOW, by="li", to="bo"),
            Unshelve(by="li", alert=YELLOW),
        ]
        s.backend.answer = Refused(code="unknown_cause", text=Text("无", "none"))
        confirm = {"order": "confirm", "cause": "ghosts", "action": "x"}
        assert await outcomes(s, asked(confirm, YELLOW, BLUE)) == {
            YELLOW: "unknown_cause",
            BLUE: "unknown_cause",
        }

    on_site(tmp_path, scenario)


def test_many_at_once_are_bounded_and_for_those_who_may(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        body = asked({"order": "comment", "comment": "x"}, YELLOW, COLD_ALERT)
        assert (await s.post(BULK, body)).status_code == 401
        await s.sign_in("gu")
        assert (await s.post(BULK, body)).json()["code"] == "role"
        await s.sign_in("bo")
        assert await outcomes(s, body) == {YELLOW: None, COLD_ALERT: "unknown_alert"}
        assert s.backend.commands == [Comment(alert=YELLOW, by="bo", comment="x")]
        for wrong in (
            asked({"order": "comment", "comment": "x"}),
            asked({"order": "comment", "comment": "x"}, *(f"a{n}" for n in range(MAX_BULK + 1))),
            asked({"order": "comment"}, YELLOW),
            asked({"order": "forget"}, YELLOW),
            asked({"order": "ack", "by": "li"}, YELLOW),
        ):
            assert (await s.post(BULK, wrong)).status_code == 422
        wrong_second = {"order": "shelve", "reason": "x", "second": {"name": "li", "password": "guess"}}
        assert (await s.post(BULK, asked(wrong_second, YELLOW))).json()["code"] == "second_wrong"
        assert len(s.backend.commands) == 1

    on_site(tmp_path, scenario)


def test_an_alert_goes_to_operators_who_see_it_and_to_people_who_answer_for_it(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        s.backend.alarms.staff = [Assignee("zhang", Text("张", "Zhang"))]
        await s.sign_in("gu")
        assert (await s.get(f"/api/v1/alerts/{RED}/assignees")).status_code == 403
        await s.sign_in("bo")
        assert (await s.get(f"/api/v1/alerts/{COLD_ALERT}/assignees")).status_code == 404
        await s.sign_in("li")
        of_red = (await s.get(f"/api/v1/alerts/{RED}/assignees")).json()["assignees"]
        assert of_red[0] == {"id": "zhang", "name": {"zh": "张", "en": "Zhang"}}
        assert {"bo", "li"} <= {one["id"] for one in of_red}
        of_cold = (await s.get(f"/api/v1/alerts/{COLD_ALERT}/assignees")).json()["assignees"]
        assert {one["id"] for one in of_cold} >= {"zhang", "li"}
        assert not {"bo", "gu"} & {one["id"] for one in of_cold}
        for name in ("gu", "bo", "nobody"):
            refused = await s.post(f"/api/v1/alerts/{COLD_ALERT}/assign", {"to": name})
            assert (refused.status_code, refused.json()["code"]) == (409, "not_assignable")
        assert (await s.post(f"/api/v1/alerts/{COLD_ALERT}/assign", {"to": "zhang"})).status_code == 200
        assert s.backend.commands == [Assign(alert=COLD_ALERT, by="li", to="zhang")]

    on_site(tmp_path, scenario)


def test_floods_are_told_to_those_whose_scope_they_lie_in(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        furnish(s)
        s.backend.alarms.lasting = [
            Flood(scope=scope, since_ns=5_000_000, newest_ns=6_000_000, activations=12)
            for scope in (f"enterprise:{LPG}", f"enterprise:{COLD}", "area:370211", "plant")
        ]
        assert (await s.get("/api/v1/floods")).status_code == 401
        await s.sign_in("bo")
        assert (await s.get("/api/v1/floods")).json()["floods"] == [
            {"scope": f"enterprise:{LPG}", "since_ms": 5.0, "activations": 12}
        ]
        await s.sign_in("li")
        assert len((await s.get("/api/v1/floods")).json()["floods"]) == 4

    on_site(tmp_path, scenario)


def test_saved_filters_follow_the_person_and_nobody_else(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        assert (await s.post("/api/v1/filters", {"name": "x", "filter": ""})).status_code == 401
        await s.sign_in("gu")
        for text in ("grade=red", "grade=red&text=泵"):
            answer = await s.post("/api/v1/filters", {"name": "夜班", "filter": text})
        mine = {"filters": [{"name": "夜班", "filter": "grade=red&text=泵"}]}
        assert answer.json() == mine
        await s.sign_in("li")
        assert (await s.get("/api/v1/filters")).json() == {"filters": []}
        await s.post("/api/v1/filters/remove", {"name": "夜班"})
        for wrong in (
            {"name": "", "filter": ""},
            {"name": "x", "filter": "x" * 2001},
            {"name": "x" * 61, "filter": ""},
        ):
            assert (await s.post("/api/v1/filters", wrong)).status_code == 422
        await s.sign_in("gu")
        assert (await s.get("/api/v1/filters")).json() == mine
        assert (await s.post("/api/v1/filters/remove", {"name": "夜班"})).json() == {"filters": []}

    on_site(tmp_path, scenario)


def test_an_account_keeps_no_more_filters_than_fit_a_menu(tmp_path: Path) -> None:
    kept = SavedTexts(tmp_path / "filters.db")
    assert all(kept.save("li", Saved(f"f{n}", "")) for n in range(MAX_SAVED))
    assert not kept.save("li", Saved("one more", ""))
    assert kept.save("li", Saved("f0", "grade=red")), "a known name is written anew"
    assert kept.save("bo", Saved("mine", ""))
    assert len(kept.of("li")) == MAX_SAVED
    assert (tmp_path / "filters.db").stat().st_mode & 0o077 == 0
