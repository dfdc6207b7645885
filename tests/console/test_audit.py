"""What the console notes of people, and who may read it."""

import json
from pathlib import Path

from msgspec.structs import replace

from console.backend import Refused
from ledger.audit import Asked
from registry.plant import Text
from tests.console.live import PASSWORD
from tests.console.test_api import COLD_ALERT, RED, Site, on_site
from tests.console.test_rules import furnish


async def noted(s: Site, **asked: str) -> list[dict[str, object]]:
    answer = await s.get("/api/v1/audit", **asked)
    assert answer.status_code == 200, answer.text
    entries: list[dict[str, object]] = answer.json()["entries"]
    return entries


def test_every_deed_is_noted_with_what_came_of_it(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        seq = s.backend.rows[RED].event.seq
        await s.post(f"/api/v1/alerts/{RED}/ack", {"seq": seq, "comment": "on my way"})
        await s.post(f"/api/v1/alerts/{RED}/ack", {"seq": seq})
        await s.post(
            "/api/v1/silences",
            {"matchers": ["type=level"], "comment": "works", "until_ms": 4_000_000_000_000},
        )
        await s.post("/api/v1/logout")
        await s.sign_in("zhou")
        rows = await noted(s, who="li")
        assert [(row["action"], row["subject"], row["reason"], row["outcome"]) for row in rows] == [
            ("logout", "li", "", "done"),
            ("silence", "type=level", "works", "done"),
            ("acknowledge", RED, "", "already_acknowledged"),
            ("acknowledge", RED, "on my way", "done"),
            ("login", "li", "", "done"),
        ]
        assert rows[3]["enterprise"] == "bh-lpg"
        assert all(row["client"] for row in rows)
        assert s.audit.verify() is None

    on_site(tmp_path, scenario)


def test_refused_logins_are_noted_and_do_not_fill_the_log(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        for _ in range(4):
            await s.post("/api/v1/login", {"name": "li", "password": "wrong"})
        assert [(e.deed.who, e.deed.outcome) for e in s.audit.search(Asked(action="login"), 9)] == [
            ("li", "refused")
        ]
        assert "wrong" not in str(s.audit.search(Asked(), 99))

    on_site(tmp_path, scenario)


def test_what_is_refused_before_it_is_tried_is_noted_once(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("gu")
        for _ in range(3):
            await s.post(f"/api/v1/alerts/{RED}/ack", {})
        await s.get("/api/v1/accounts")
        await s.sign_in("bo")
        await s.post(f"/api/v1/alerts/{COLD_ALERT}/shelve", {"reason": "x"})
        bulk = {"command": {"order": "unshelve"}, "alerts": [{"id": COLD_ALERT}]}
        await s.post("/api/v1/alerts/bulk", bulk)
        await s.client.get("/api/v1/me", headers={"Authorization": "Bearer hzw_a_b"})
        rows = [one.deed for one in s.audit.search(Asked(), 9) if one.deed.outcome != "done"]
        assert [(row.who, row.action, row.subject, row.outcome) for row in rows] == [
            ("", "token", "", "refused"),
            ("bo", "unshelve", COLD_ALERT, "unknown_alert"),
            ("bo", "shelve", COLD_ALERT, "unknown_alert"),
            ("gu", "acknowledge", RED, "role"),
        ]

    on_site(tmp_path, scenario)


def test_a_report_that_leaves_the_page_is_noted(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("bo")
        for how in ("json", "csv"):
            answer = await s.get("/api/v1/reports/alarms", from_ms=0, to_ms=60_000, format=how)
            assert answer.status_code == 200
        (entry,) = s.audit.search(Asked(action="export_report"), 9)
        assert (entry.deed.who, entry.deed.subject, entry.deed.enterprise) == ("bo", "alarms", "bh-lpg")
        assert '"format":"csv"' in entry.deed.detail

    on_site(tmp_path, scenario)


def test_a_second_persons_password_is_never_noted(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        body = {
            "matchers": ["type=level"],
            "comment": "works",
            "until_ms": 4_000_000_000_000,
            "second": {"name": "zhou", "password": PASSWORD},
        }
        assert (await s.post("/api/v1/silences", body)).status_code == 200
        (entry,) = s.audit.search(Asked(action="silence"), 9)
        assert '"second":"zhou"' in entry.deed.detail
        assert PASSWORD not in str(entry)

    on_site(tmp_path, scenario)


def test_works_that_take_the_place_of_others_are_noted_with_them(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        furnish(s.backend)
        [plan, *_] = s.backend.rules.planned()
        stands = replace(plan, name="P-7", by="wu", reason="焊" * 2000, of_settings=False)
        s.backend.arranged = [stands]
        await s.sign_in("li")
        [shown] = (await s.get("/api/v1/arrangements")).json()["arrangements"]
        [announced] = (await s.get("/api/v1/rules/planned")).json()["planned"][:1]
        body = {
            "place": {"kind": "source", "id": "tank-farm"},
            "until_ms": 4_000_000_000_000,
            "reason": "rain",
        }
        for more in (
            {"permit": "P-7"},
            {"permit": "P-7", "from_ms": 3_000_000_000_000},
            {"permit": "P-7", "replaces": shown["version"]},
            {"permit": "P-1"},
            {"permit": "P-1", "replaces": announced["version"]},
            {"permit": "P-1", "replaces": "stale"},
        ):
            assert (await s.post("/api/v1/out-of-service", {**body, **more})).status_code == 200
        s.backend.answer = Refused(code="works_changed", text=Text.same("changed"))
        await s.post("/api/v1/out-of-service", {**body, "permit": "P-7"})
        deeds = [
            json.loads(one.deed.detail) for one in s.audit.search(Asked(action="take_out_of_service"), 9)
        ]
        told = [one.get("replaced", {}).get("by") for one in reversed(deeds)]
        assert told == ["wu", None, "wu", None, "plan", None, None]
        assert deeds[-1]["replaced"]["from_ns"] == stands.since_ns
        assert len(deeds[-1]["replaced"]["reason"]) < 2000, "or the details would be cut"

    on_site(tmp_path, scenario)


def test_only_administrators_read_it_and_it_can_be_searched_exported_and_verified(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        assert (await s.get("/api/v1/audit")).status_code == 401
        for name in ("gu", "li", "bo"):
            await s.sign_in(name)
            for path in ("", "/export.csv", "/verification"):
                refused = await s.get(f"/api/v1/audit{path}")
                assert (refused.status_code, refused.json()["code"]) == (403, "role")
        await s.sign_in("zhou")
        s.backend.owned.tries = {}
        await s.post(f"/api/v1/alerts/{RED}/comment", {"comment": "=cmd|' /C calc'!A0"})
        first = (await s.get("/api/v1/audit", limit=2)).json()
        assert [row["action"] for row in first["entries"]] == ["comment", "login"]
        rest = (await s.get("/api/v1/audit", limit=2, before=first["next_before"])).json()
        assert [row["who"] for row in rest["entries"]] == ["bo", "li"]
        assert [row["who"] for row in await noted(s, words="LOGIN gu")] == ["gu"]
        assert await noted(s, from_ms="4000000000000") == []
        text = (await s.get("/api/v1/audit/export.csv", action="comment")).text
        assert "'=cmd" in text
        assert len(text.splitlines()) == 2
        whole = (await s.get("/api/v1/audit/verification")).json()
        assert (whole["whole"], whole["fault"], whole["head"]["n"]) == (True, None, s.audit.head.n)
        other = (await s.get("/api/v1/audit/verification", n=1, hash="0" * 64)).json()
        assert other["fault"] == {"n": 1, "how": "rewritten"}
        for wrong in ({"limit": 501}, {"before": -1}, {"who": "x" * 201}, {"from_ms": -1}):
            assert (await s.get("/api/v1/audit", **wrong)).status_code == 422

    on_site(tmp_path, scenario)
