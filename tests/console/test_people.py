"""Accounts, sessions and tokens from the outside: who may change whom, and that each change acts at once."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from console.accounts import Role, add_user, database_path
from console.passwords import why_weak
from ledger.audit import Asked
from tests.console.live import PASSWORD
from tests.console.test_api import HEADERS, RED, Site, on_site

ASKED = Asked(words=("scada",))
NEW = "a much longer password"
WHY = {"reason": "new shift"}


async def refused(s: Site, path: str, body: Any, code: str) -> None:
    answer = await s.post(f"/api/v1/{path}", body)
    assert (answer.json()["code"], answer.status_code >= 400) == (code, True), answer.text


async def other(s: Site, name: str, password: str) -> httpx.Response:
    """Sign in with another browser."""
    s.client.cookies.clear()
    return await s.post("/api/v1/login", {"name": name, "password": password})


def test_a_new_account_has_a_password_for_one_login_and_must_change_it(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("zhou")
        body = {"name": "wu", "role": "operator", "enterprise": "bh-lpg", **WHY}
        made = await s.post("/api/v1/accounts", body)
        password = made.json()["password"]
        assert password.encode() not in database_path(tmp_path).read_bytes()
        await refused(s, "accounts", body, "account_exists")
        me = (await other(s, "wu", password)).json()
        assert me["must_change"] is True
        for path in ("alerts", "sessions", "stream"):
            assert (await s.get(f"/api/v1/{path}")).json()["code"] == "must_change"
        await refused(s, "me/password", {"old": "wrong", "new": NEW}, "wrong_login")
        await refused(s, "me/password", {"old": password, "new": "short"}, "weak_password")
        await refused(s, "me/password", {"old": password, "new": password}, "weak_password")
        before = dict(s.client.cookies)
        assert (await s.post("/api/v1/me/password", {"old": password, "new": NEW})).status_code == 204
        assert (await s.get("/api/v1/alerts")).status_code == 200, "the session goes on as a new one"
        s.client.cookies.update(before)
        assert (await s.get("/api/v1/me")).status_code == 401, "and the old one is over"
        assert (await other(s, "wu", password)).status_code == 401

    on_site(tmp_path, scenario)


def test_a_change_acts_at_once_and_nobody_changes_himself_or_the_last_administrator(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        li = dict(s.client.cookies)
        await other(s, "zhou", PASSWORD)
        zhou = dict(s.client.cookies)
        viewer = {"role": "viewer", **WHY}
        assert (await s.post("/api/v1/accounts/li", viewer)).status_code == 204
        s.client.cookies.update(li)
        seq = s.backend.rows[RED].event.seq
        await refused(s, f"alerts/{RED}/ack", {"seq": seq}, "role")
        s.client.cookies.update(zhou)
        await refused(s, "accounts/zhou", viewer, "own_account")
        await refused(s, "accounts/zhou/disable", {"disabled": True, **WHY}, "own_account")
        await refused(s, "accounts/nobody", viewer, "not_found")
        assert (await s.post("/api/v1/accounts/li/disable", {"disabled": True, **WHY})).status_code == 204
        s.client.cookies.update(li)
        assert (await s.get("/api/v1/me")).status_code == 401
        assert (await other(s, "li", PASSWORD)).status_code == 401
        s.client.cookies.update(zhou)
        rows = {row["name"]: row for row in (await s.get("/api/v1/accounts")).json()["accounts"]}
        assert (rows["li"]["disabled"], rows["li"]["role"], rows["zhou"]["me"]) == (True, "viewer", True)
        entries = (await s.get("/api/v1/audit", subject="li")).json()["entries"]
        assert [(e["action"], e["reason"], e["outcome"]) for e in entries[:3]] == [
            ("login", "", "refused"),
            ("disable_account", "new shift", "done"),
            ("set_account", "new shift", "done"),
        ]

    on_site(tmp_path, scenario)


def test_an_administrator_with_a_scope_grants_nothing_beyond_it(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        add_user(database_path(tmp_path), "fang", Role.ADMIN, PASSWORD, None, "bh-lpg")
        await s.sign_in("fang")
        names = {row["name"] for row in (await s.get("/api/v1/accounts")).json()["accounts"]}
        assert names == {"bo", "fang"}
        await refused(s, "accounts", {"name": "x", "role": "viewer", **WHY}, "not_yours")
        await refused(
            s, "accounts", {"name": "x", "role": "viewer", "enterprise": "xg-cold", **WHY}, "not_yours"
        )
        await refused(s, "accounts/bo", {"role": "operator", **WHY}, "not_yours")
        await refused(s, "accounts/li/password", WHY, "not_found")
        assert (
            await s.post("/api/v1/accounts/bo", {"role": "admin", "enterprise": "bh-lpg", **WHY})
        ).is_success
        await other(s, "bo", PASSWORD)
        await refused(s, "accounts/zhou/disable", {"disabled": True, **WHY}, "not_found")
        await other(s, "zhou", PASSWORD)
        boss = {"name": "qin", "role": "admin", **WHY}
        password = (await s.post("/api/v1/accounts", boss)).json()["password"]
        await other(s, "qin", password)
        await s.post("/api/v1/me/password", {"old": password, "new": NEW})
        assert (await s.post("/api/v1/accounts/zhou", {"role": "viewer", **WHY})).is_success
        await other(s, "zhou", PASSWORD)
        await refused(s, "accounts/qin", {"role": "viewer", **WHY}, "role")

    on_site(tmp_path, scenario)


def test_only_administrators_change_accounts_and_only_with_a_reason(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        tried: dict[str, dict[str, Any]] = {
            "accounts": {"name": "x", "role": "viewer", **WHY},
            "accounts/gu": {"role": "viewer", **WHY},
            "accounts/gu/disable": {"disabled": True, **WHY},
            "accounts/gu/password": WHY,
        }
        for name in ("gu", "li", "bo"):
            await other(s, name, PASSWORD)
            assert (await s.get("/api/v1/accounts")).json()["code"] == "role"
            for path, body in tried.items():
                await refused(s, path, body, "role")
        await other(s, "zhou", PASSWORD)
        for path, body in tried.items():
            without = {key: value for key, value in body.items() if key != "reason"}
            assert (await s.post(f"/api/v1/{path}", without)).status_code == 422
        for name in ("", " x", "a:b", "x" * 65, "a\nb"):
            answer = await s.post("/api/v1/accounts", {"name": name, "role": "viewer", **WHY})
            assert answer.status_code in {409, 422}, name

    on_site(tmp_path, scenario)


def test_sessions_are_listed_and_ended_at_once(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        first = dict(s.client.cookies)
        await other(s, "li", PASSWORD)
        second = dict(s.client.cookies)
        rows = (await s.get("/api/v1/sessions")).json()["sessions"]
        assert [row["name"] for row in rows] == ["li", "li"]
        assert sorted(row["this"] for row in rows) == [False, True]
        old = next(row["id"] for row in rows if not row["this"])
        assert (await s.post(f"/api/v1/sessions/{old}/end", {})).status_code == 204
        s.client.cookies.update(first)
        assert (await s.get("/api/v1/me")).status_code == 401
        await other(s, "gu", PASSWORD)
        mine = (await s.get("/api/v1/sessions")).json()["sessions"]
        assert [row["name"] for row in mine] == ["gu"]
        await other(s, "zhou", PASSWORD)
        everyones = (await s.get("/api/v1/sessions")).json()["sessions"]
        assert {row["name"] for row in everyones} == {"gu", "li", "zhou"}
        of_li = next(row["id"] for row in everyones if row["name"] == "li")
        s.client.cookies.update(second)
        assert (await s.get("/api/v1/me")).status_code == 200
        await other(s, "gu", PASSWORD)
        await refused(s, f"sessions/{of_li}/end", {}, "not_found")
        await other(s, "zhou", PASSWORD)
        assert (await s.post(f"/api/v1/sessions/{of_li}/end", WHY)).status_code == 204
        s.client.cookies.update(second)
        assert (await s.get("/api/v1/me")).status_code == 401

    on_site(tmp_path, scenario)


def test_a_token_does_what_it_may_and_no_more_and_ends_at_once(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        grant = {"label": "scada", "role": "operator", "enterprise": "bh-lpg", "days": 30, **WHY}
        await refused(s, "tokens", {**grant, "role": "admin"}, "not_yours")
        made = (await s.post("/api/v1/tokens", grant)).json()
        li = dict(s.client.cookies)
        s.client.cookies.clear()
        bearer = {"Authorization": f"Bearer {made['token']}"}
        assert made["token"].split("_")[-1].encode() not in database_path(tmp_path).read_bytes()
        seen = (await s.client.get("/api/v1/alerts", headers=bearer)).json()["alerts"]
        assert {row["enterprise"] for row in seen} == {"bh-lpg"}
        seq = s.backend.rows[RED].event.seq
        done = await s.client.post(f"/api/v1/alerts/{RED}/ack", headers=bearer, json={"seq": seq})
        assert done.json()["alert"]["acknowledged_by"] == "li:scada"
        for path, body in (("tokens", grant), ("me/password", {"old": PASSWORD, "new": NEW})):
            answer = await s.client.post(f"/api/v1/{path}", headers=bearer, json=body)
            assert answer.json()["code"] == "role", "a program makes nothing more of itself"
        assert (await s.client.get(f"/api/v1/me?token={made['token']}")).status_code == 401
        wrong = {"Authorization": f"Bearer {made['token'][:-1]}"}
        codes = [(await s.client.get("/api/v1/me", headers=wrong)).status_code for _ in range(6)]
        assert codes == [401] * 5 + [429]
        s.client.cookies.update(li)
        assert (await s.post(f"/api/v1/tokens/{made['id']}/revoke", WHY)).status_code == 204
        assert (await s.get("/api/v1/tokens")).json()["tokens"] == []
        actions = [entry.deed.action for entry in s.audit.search(ASKED, 9)]
        assert actions == [
            "revoke_token",
            "change_password",
            "make_token",
            "acknowledge",
            "make_token",
            "make_token",
        ]

    on_site(tmp_path, scenario)


@pytest.mark.parametrize("change", ["disable", "demote"])
def test_a_token_falls_with_its_owner(tmp_path: Path, change: str) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        grant = {"label": "scada", "role": "operator", "days": 1, **WHY}
        bearer = {"Authorization": f"Bearer {(await s.post('/api/v1/tokens', grant)).json()['token']}"}
        await other(s, "zhou", PASSWORD)
        if change == "disable":
            for disabled in (True, False):
                await s.post("/api/v1/accounts/li/disable", {"disabled": disabled, **WHY})
        else:
            await s.post("/api/v1/accounts/li", {"role": "viewer", **WHY})
        s.client.cookies.clear()
        assert (await s.client.get("/api/v1/me", headers=bearer)).status_code == 401

    on_site(tmp_path, scenario)


def test_an_unsafe_request_needs_the_header_or_a_token(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        answer = await s.client.post("/api/v1/tokens", json={})
        assert answer.json()["code"] == "no_header"
        basic = await s.client.post("/api/v1/tokens", json={}, headers={"Authorization": "Basic eA=="})
        assert basic.json()["code"] == "no_header"
        assert (await s.client.post("/api/v1/tokens", json={}, headers=HEADERS)).status_code == 422

    on_site(tmp_path, scenario)


@pytest.mark.parametrize(
    ("password", "weak"),
    [
        ("correct horse battery", False),
        ("十二个汉字也可以当作密码用", False),
        ("elevenchars", True),
        ("Password1234", True),
        ("aaaaaaaaaaaaaaaa", True),
        ("zhangwei1234", True),
        ("zhangwei and eleven more", False),
    ],
)
def test_a_password_is_long_and_not_what_is_tried_first(password: str, *, weak: bool) -> None:
    assert (why_weak(password, "zhangwei") is not None) == weak
