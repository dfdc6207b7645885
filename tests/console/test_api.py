"""The web API over the fake backend, through ASGI."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from console.accounts import Accounts
from console.app import Probes, create_app
from console.backend import Component, Health
from console.fake import FakeBackend
from console.feed import Feed
from console.guard import MAX_BODY_BYTES
from ledger.audit import AuditLog
from registry.plant import Text
from store.series import Series, StoreError, TooMuchError
from tests.console.live import PASSWORD, add_users
from tests.console.site import COLD, HOSTILE, LPG, build, event, open_several

HEADERS = {"X-Hazwatch": "1"}
RED = "a000000000000001"
COLD_ALERT = "a000000000000002"


class Site:
    def __init__(
        self,
        client: httpx.AsyncClient,
        backend: FakeBackend,
        feed: Feed,
        accounts: Accounts,
        audit: AuditLog,
    ) -> None:
        self.audit = audit
        self.client = client
        self.backend = backend
        self.feed = feed
        self.accounts = accounts

    async def sign_in(self, name: str) -> httpx.Response:
        return await self.post("/api/v1/login", {"name": name, "password": PASSWORD})

    async def post(self, path: str, body: Any = None) -> httpx.Response:
        return await self.client.post(path, json=body, headers=HEADERS)

    async def get(self, path: str, **params: Any) -> httpx.Response:
        return await self.client.get(path, params=params)


@asynccontextmanager
async def site(state_dir: Path, scheme: str = "http") -> AsyncIterator[Site]:
    feed = Feed()
    backend = build(feed)
    open_several(backend)
    add_users(state_dir)
    probes = Probes(
        healthz=lambda: (True, {"state": "ok"}),
        readyz=lambda: (False, {"mqtt": "connecting"}),
        metrics=lambda: (b"x 1\n", "text/plain; version=0.0.4"),
    )
    with Accounts(state_dir) as accounts, AuditLog(state_dir) as audit:
        app = create_app(backend, accounts, feed, audit, probes=probes, static_dir=state_dir / "nothing")
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=f"{scheme}://console") as client:
            yield Site(client, backend, feed, accounts, audit)


def on_site(state_dir: Path, scenario: Callable[[Site], Awaitable[None]], scheme: str = "http") -> None:
    async def run() -> None:
        async with site(state_dir, scheme) as there:
            await scenario(there)

    asyncio.run(run())


def test_login_me_logout(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        assert (await s.get("/api/v1/me")).status_code == 401
        answer = await s.sign_in("li")
        assert answer.status_code == 200
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert "secure" not in cookie
        me = (await s.get("/api/v1/me")).json()
        assert (me["name"], me["role"], me["may_acknowledge"]) == ("li", "operator", True)
        assert set(me["site"]) == {"zh", "en"}
        assert (await s.post("/api/v1/logout")).status_code == 204
        assert (await s.get("/api/v1/me")).status_code == 401

    on_site(tmp_path, scenario)


def test_the_cookie_is_secure_over_https(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        assert "secure" in (await s.sign_in("li")).headers["set-cookie"].lower()

    on_site(tmp_path, scenario, "https")


def test_a_wrong_password_and_an_unknown_name_are_told_apart_by_nothing(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        wrong = await s.post("/api/v1/login", {"name": "li", "password": "x"})
        unknown = await s.post("/api/v1/login", {"name": "nobody", "password": "x"})
        assert wrong.status_code == unknown.status_code == 401
        assert wrong.content == unknown.content
        assert wrong.headers["content-type"] == "application/problem+json"
        assert {"zh", "en", "code", "status", "type", "title"} <= set(wrong.json())
        for _ in range(4):
            await s.post("/api/v1/login", {"name": "li", "password": "x"})
        held = await s.sign_in("li")
        assert held.status_code == 429
        assert 0 < int(held.headers["retry-after"]) <= 301

    on_site(tmp_path, scenario)


@pytest.mark.parametrize(
    "path",
    ["me", "alerts", "events", "alerts.ndjson", "sensors/bh-lpg/LT-101/trend", "health", "stream"],
)
def test_nothing_is_told_to_strangers(tmp_path: Path, path: str) -> None:
    async def scenario(s: Site) -> None:
        answer = await s.get(f"/api/v1/{path}")
        assert answer.status_code == 401
        assert answer.json()["code"] == "not_signed_in"

    on_site(tmp_path, scenario)


def test_an_unsafe_request_without_the_header_is_refused(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        for path in ("/api/v1/login", "/api/v1/logout", f"/api/v1/alerts/{RED}/ack"):
            answer = await s.client.post(path, json={})
            assert (answer.status_code, answer.json()["code"]) == (403, "no_header")
        assert s.backend.rows[RED].event.state == "unack"

    on_site(tmp_path, scenario)


def test_acknowledge_is_accepted_once_and_then_refused_with_why(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        seq = s.backend.rows[RED].event.seq
        first = await s.post(f"/api/v1/alerts/{RED}/ack", {"seq": seq, "comment": "on my way"})
        assert first.status_code == 200
        alert = first.json()["alert"]
        assert (alert["state"], alert["acknowledged_by"], alert["event"]) == ("acked", "li", "acknowledged")
        second = await s.post(f"/api/v1/alerts/{RED}/ack", {"seq": seq})
        assert second.status_code == 409
        assert second.json()["code"] == "already_acknowledged"
        assert "li" in second.json()["en"]
        assert "li" in second.json()["zh"]

    on_site(tmp_path, scenario)


def test_a_stale_page_cannot_act_on_a_newer_state(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        seen = s.backend.rows[RED].event
        s.backend.put(event(RED, 1_764_000_000_000_000_000, event="escalated"))
        answer = await s.post(f"/api/v1/alerts/{RED}/ack", {"seq": seen.seq})
        assert (answer.status_code, answer.json()["code"]) == (409, "changed")

    on_site(tmp_path, scenario)


def test_a_viewer_may_look_but_not_acknowledge(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("gu")
        assert len((await s.get("/api/v1/alerts")).json()["alerts"]) == 6
        answer = await s.post(f"/api/v1/alerts/{RED}/ack", {})
        assert (answer.status_code, answer.json()["code"]) == (403, "role")

    on_site(tmp_path, scenario)


def test_an_enterprises_account_knows_of_nothing_else(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        s.backend.put(event("system", 1_764_000_000_000_000_000, enterprise=None, area=None, kind="system"))
        await s.sign_in("bo")
        listed = (await s.get("/api/v1/alerts")).json()["alerts"]
        assert len(listed) == 4
        assert {row["enterprise"] for row in listed} == {LPG}
        history = (await s.get("/api/v1/events", limit=3)).json()
        assert {e["enterprise"] for e in history["events"]} == {LPG}
        lines = (await s.get("/api/v1/alerts.ndjson")).text
        assert COLD not in lines
        assert lines.count("\n") == 4
        for alert in (COLD_ALERT, "system", "no such alert"):
            answer = await s.post(f"/api/v1/alerts/{alert}/ack", {})
            assert (answer.status_code, answer.json()["code"]) == (404, "unknown_alert")
        foreign, unknown = [
            await s.get(f"/api/v1/sensors/{sensor}/trend") for sensor in (f"{COLD}/GT-31", f"{LPG}/none")
        ]
        assert (foreign.status_code, foreign.json()["code"]) == (404, "no_sensor")
        assert foreign.content == unknown.content, "nobody learns which sensors others have"
        assert (await s.get(f"/api/v1/sensors/{LPG}/GT-07/trend")).status_code == 200

    on_site(tmp_path, scenario)


def test_alert_lines_are_the_events_byte_for_byte(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        answer = await s.get("/api/v1/alerts.ndjson", after=2)
        assert answer.content == b"".join(e.line() + b"\n" for e in s.backend.events[2:])
        assert (await s.get("/api/v1/alerts.ndjson", limit=1)).content == s.backend.events[0].line() + b"\n"

    on_site(tmp_path, scenario)


def test_history_goes_back_page_by_page(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("bo")
        seen: list[int] = []
        before: int | None = None
        for _ in range(10):
            params = {"limit": 2} if before is None else {"limit": 2, "before": before}
            page = (await s.get("/api/v1/events", **params)).json()
            seen += [e["seq"] for e in page["events"]]
            before = page["next_before"]
            if before is None:
                break
        assert seen == [e.seq for e in reversed(s.backend.events) if e.enterprise == LPG]

    on_site(tmp_path, scenario)


def test_trend_has_limits_and_is_bounded(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        path = f"/api/v1/sensors/{LPG}/LT-101/trend"
        body = (await s.get(path, max_points=50)).json()
        assert 0 < len(body["t_ms"]) == len(body["mean"]) == len(body["low"]) == len(body["high"]) <= 50
        assert body["limits"] == {"ll": 0.6, "l": 1.2, "h": 9.6, "hh": 10.5}
        assert (body["unit"], body["range"]) == ("m", [0, 12])
        refused: list[dict[str, Any]] = [
            {"max_points": 1_000_000},
            {"max_points": 0},
            {"start_ms": -1},
            {"start_ms": 10**18},
            {"start_ms": "x"},
            {"start_ms": 20, "end_ms": 10},
        ]
        for params in refused:
            answer = await s.get(path, **params)
            assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")
            assert answer.json()["fields"]
        assert (await s.get("/api/v1/sensors/bh-lpg/none/trend")).status_code == 404

    on_site(tmp_path, scenario)


def test_hostile_sensor_ids_are_ids(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        body = (await s.get(f"/api/v1/sensors/{HOSTILE}/trend")).json()
        assert body["sensor"] == HOSTILE
        assert body["mean"] == []

    on_site(tmp_path, scenario)


def test_a_store_that_is_away_is_a_problem_and_not_a_crash(tmp_path: Path) -> None:
    def away(_: int, __: int) -> Series:
        raise StoreError("connection refused", retry=True)

    def too_much(_: int, __: int) -> Series:
        raise TooMuchError("more than 30000000 samples")

    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        for told, code in ((away, "store"), (too_much, "store_too_much")):
            s.backend.series[f"{LPG}/GT-07"] = told
            answer = await s.get(f"/api/v1/sensors/{LPG}/GT-07/trend")
            assert (answer.status_code, answer.json()["code"]) == (503, code)

    on_site(tmp_path, scenario)


def test_too_large_and_malformed_bodies(tmp_path: Path) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * (MAX_BODY_BYTES // 10)

    async def scenario(s: Site) -> None:
        big = b'{"name": "' + b"x" * MAX_BODY_BYTES + b'"}'
        sent: list[Any] = [big, chunks()]
        for content in sent:
            answer = await s.client.post("/api/v1/login", content=content, headers=HEADERS)
            assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        for content in (
            b"",
            b"{",
            b"[]",
            b"\xff",
            b'{"name": "li"}',
            b'{"name": "li", "password": "x", "y": 1}',
        ):
            headers = {**HEADERS, "Content-Type": "application/json"}
            answer = await s.client.post("/api/v1/login", content=content, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (422, "bad_request"), content

    on_site(tmp_path, scenario)


def test_unknown_paths_and_methods_are_problems_too(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        assert (await s.get("/api/v1/none")).json()["code"] == "not_found"
        assert (await s.get("/assets/../console.key")).status_code == 404
        assert (await s.client.put("/api/v1/me", headers=HEADERS)).json()["code"] == "method"
        assert (await s.get("/")).json()["code"] == "no_page"
        assert (await s.get("/assets/page.js")).json()["code"] == "not_found"

    on_site(tmp_path, scenario)


def test_no_request_is_led_to_the_host_that_it_names(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        for path in ("/api/v1/alerts/", "/api/v1/me/", "/assets", "/healthz/"):
            answer = await s.client.get(path, headers={"Host": "elsewhere.example"})
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
            assert "location" not in answer.headers

    on_site(tmp_path, scenario)


def test_what_is_wrong_with_a_request_is_told_in_bounds(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        for wrong in ({f"k{i}": i for i in range(5000)}, {"k" * 60_000: 1}):
            answer = await s.post("/api/v1/login", {"name": "li", "password": "x", **wrong})
            assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")
            assert len(answer.content) < 10_000

    on_site(tmp_path, scenario)


def test_an_error_inside_is_a_problem_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise ValueError("secret path")

    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        monkeypatch.setattr(s.backend, "health", broken)
        answer = await s.get("/api/v1/health")
        assert (answer.status_code, answer.json()["code"]) == (500, "internal")
        assert "secret" not in answer.text

    on_site(tmp_path, scenario)


def test_probes_health_and_security_headers(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        assert (await s.get("/healthz")).json() == {"state": "ok"}
        assert (await s.get("/readyz")).status_code == 503
        metrics = await s.get("/metrics")
        assert metrics.content == b"x 1\n"
        assert metrics.headers["content-type"].startswith("text/plain")
        await s.sign_in("li")
        health = await s.get("/api/v1/health")
        assert health.json()["broker"]["state"] == "ok"
        failing = Component(state=Health.DEGRADED, detail=Text("cold-mail：x", "cold-mail: x"))
        s.backend.components = dict.fromkeys(("notifications", "settings", "ledger"), failing)
        told = {}
        for name in ("bo", "li"):
            await s.sign_in(name)
            parts = (await s.get("/api/v1/health")).json()
            told[name] = {part for part, row in parts.items() if "cold-mail" in row["detail"]["en"]}
            assert {row["state"] for row in parts.values()} == {"degraded"}
        assert told == {"bo": {"ledger"}, "li": {"notifications", "settings", "ledger"}}
        csp = health.headers["content-security-policy"]
        assert "default-src 'none'" in csp
        assert "unsafe" not in csp
        assert health.headers["x-content-type-options"] == "nosniff"
        assert health.headers["cache-control"] == "no-store"
        assert (await s.get("/docs")).status_code == 404
        assert "/api/v1/alerts" in (await s.get("/api/v1/openapi.json")).json()["paths"]

    on_site(tmp_path, scenario)


async def frames(stream: AsyncIterator[bytes], count: int) -> list[tuple[str, str, Any]]:
    """Return (kind, id, data) of the next frames, the opening `retry` left out."""
    got: list[tuple[str, str, Any]] = []
    while len(got) < count:
        chunk = await asyncio.wait_for(anext(stream), 5)
        for text in chunk.decode().split("\n\n"):
            fields = dict(line.split(": ", 1) for line in text.splitlines())
            if "event" in fields:
                got.append((fields["event"], fields.get("id", ""), msgspec.json.decode(fields["data"])))
    return got


def test_the_stream_is_scoped_resumes_and_ends_with_the_session(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("bo")
        cookie = s.client.cookies["hazwatch_session"]
        account = s.accounts.account_of(cookie)
        assert account is not None

        def allowed() -> bool:
            return s.accounts.account_of(cookie) == account

        stream = s.feed.stream(account.scope, None, allowed)
        [(kind, position, _)] = await frames(stream, 1)
        assert kind == "resync"
        now_ns = 1_764_000_000_000_000_000
        s.backend.put(event("cold", now_ns, enterprise=COLD))
        s.feed.publish("system", {"x": 1})
        s.backend.put(event("lpg", now_ns))
        s.feed.beat({"now_ms": 1.5})
        alert, beat = await frames(stream, 2)
        assert (alert[0], alert[2]["id"]) == ("alert", "lpg")
        assert beat == ("beat", "", {"now_ms": 1.5})
        again = s.feed.stream(account.scope, position, allowed)
        assert await frames(again, 1) == [alert]
        s.accounts.logout(cookie)
        s.feed.beat({})
        assert [kind for kind, _, _ in await frames(again, 1)] == ["signedout"]
        with pytest.raises(StopAsyncIteration):
            await anext(again)

    on_site(tmp_path, scenario)


def test_a_slow_viewer_is_dropped_to_a_resync_and_others_are_not(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        account = s.accounts.account_of((await s.sign_in("li")).cookies["hazwatch_session"])
        assert account is not None
        feed = Feed(buffer_frames=8)
        slow = feed.stream(account.scope, None, lambda: True)
        quick = feed.stream(account.scope, None, lambda: True)
        await frames(slow, 1)
        await frames(quick, 1)
        assert feed.viewers == 2
        for i in range(20):
            feed.publish("alert", {"i": i})
            assert [data["i"] for _, _, data in await frames(quick, 1)] == [i]
        assert [kind for kind, _, _ in await frames(slow, 1)] == ["resync"]
        assert feed.resyncs == 1
        assert feed.dropped_frames == 20
        feed.publish("alert", {"i": 20})
        assert [data for _, _, data in await frames(slow, 1)] == [{"i": 20}]
        feed.close()

    on_site(tmp_path, scenario)
