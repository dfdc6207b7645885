"""Replays over the web API: whose they are, what is passed on to them, and what is refused whatever it is."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn

from console.fake import FakeBackend
from console.fake_replays import FakeReplays
from console.feed import Feed
from console.replay_app import ReplayConsole
from console.replay_backend import Jump, Period
from ledger.audit import AuditLog
from tests.console.site import COLD, LPG, SITE, event
from tests.console.test_api import Site, site

T0 = 1_767_225_600 * 10**9
ORDER = {"from_ms": 1000, "to_ms": 2000}


class FakeControl:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.orders: list[Any] = []
        self.seen: list[bool] = []

    def status(self) -> Mapping[str, Any]:
        return {"state": "playing", "orders": len(self.orders)}

    def set_speed(self, speed: float) -> None:
        self.orders.append(speed)

    def pause(self, *, paused: bool) -> None:
        self.orders.append(paused)

    def seek(self, to_ns: int) -> None:
        self.orders.append(to_ns)

    def jump(self, to: Jump, sees: Callable[[Any], bool]) -> bool:
        self.orders.append(to)
        self.seen = [sees(backend_place) for backend_place in PLACES]
        return to == "next"


PLACES = [
    FakeBackend(Feed(), now_ns=lambda: T0, site=SITE).put(event("a1", T0, enterprise=one)).place
    for one in (LPG, COLD)
]


@asynccontextmanager
async def replaying(folder: Path, here: Site) -> AsyncIterator[FakeControl]:
    """Serve a replay as its process does: with the accounts of the state folder, on a socket."""
    feed, control = Feed(), FakeControl()
    backend = FakeBackend(feed, now_ns=lambda: T0, site=SITE)
    backend.put(event("past1", T0))
    backend.put(event("past2", T0, enterprise=COLD))
    (folder / "replay").mkdir()
    with AuditLog(folder / "replay") as audit:
        console = ReplayConsole(here.accounts, feed, audit)
        console.show(backend)
        console.control(control)
        socket = folder / "socket"
        server = uvicorn.Server(
            uvicorn.Config(console.app, uds=str(socket), loop="none", log_config=None, access_log=False)
        )
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - a server of others, which rings no bell
            await asyncio.sleep(0.01)
        replays = here.backend.replays
        assert isinstance(replays, FakeReplays)
        replays.socket = socket
        try:
            yield control
        finally:
            feed.close()
            server.should_exit = True
            await serving


async def begun(here: Site, name: str) -> str:
    """Sign in and begin a replay; return the path under which it is."""
    assert (await here.sign_in(name)).status_code == 200
    answer = await here.post("/api/v1/replays", ORDER)
    assert answer.status_code == 200, answer.text
    return f"/api/v1/replays/{answer.json()['id']}"


def test_the_pages_of_a_replay_are_those_of_the_plant_within_the_scope(tmp_path: Path) -> None:
    async def main() -> None:
        async with site(tmp_path) as here, replaying(tmp_path, here):
            under = await begun(here, "li")
            alerts = (await here.get(f"{under}/alerts")).json()["alerts"]
            assert {row["id"] for row in alerts} == {"past1", "past2"}
            for path in ("me", "overview", "sensors", "floods", "silences", "incidents", "events", "health"):
                assert (await here.get(f"{under}/{path}")).status_code == 200, path
            for path in ("system", "audit", "reports/handover", "replays", "nothing"):
                assert (await here.get(f"{under}/{path}")).status_code == 404, path
            under = await begun(here, "bo")
            alerts = (await here.get(f"{under}/alerts")).json()["alerts"]
            assert {row["id"] for row in alerts} == {"past1"}, "the scope holds in the past too"

    asyncio.run(main())


def test_another_account_finds_no_replay_and_nobody_commands_the_past(tmp_path: Path) -> None:
    async def main() -> None:
        async with site(tmp_path) as here, replaying(tmp_path, here):
            assert (await here.get("/api/v1/replays")).status_code == 401
            assert (await here.post("/api/v1/replays", ORDER)).status_code == 401
            under = await begun(here, "li")
            for path in (
                "alerts/past1/ack",
                "alerts/bulk",
                "filters",
                "login",
                "logout",
                "silences",
                "replay/x",
            ):
                refused = await here.post(f"{under}/{path}", {})
                assert (refused.status_code, refused.json()["code"]) == (409, "replay"), path
                assert refused.json()["zh"]
            deleted = await here.client.delete(f"{under}/replay", headers={"X-Hazwatch": "1"})
            assert deleted.json()["code"] == "replay"
            forged = await here.client.post(f"{under}/replay", json={"paused": True})
            assert forged.json()["code"] == "no_header"
            for other in ("zhou", "bo", "gu"):
                await here.sign_in(other)
                for ask in (
                    here.get(f"{under}/alerts"),
                    here.post(f"{under}/replay", {}),
                    here.post(f"{under}/end"),
                ):
                    answer = await ask
                    assert (answer.status_code, answer.json()["code"]) == (404, "no_replay")
                assert (await here.get("/api/v1/replays")).json()["replays"] == []
            await here.sign_in("li")
            assert len((await here.get("/api/v1/replays")).json()["replays"]) == 1
            assert (await here.post(f"{under}/end")).status_code == 204
            assert (await here.get(f"{under}/alerts")).json()["code"] == "no_replay"

    asyncio.run(main())


def test_a_request_that_is_no_text_or_grows_on_its_way_is_answered_all_the_same(tmp_path: Path) -> None:
    async def main() -> None:
        async with site(tmp_path) as here, replaying(tmp_path, here):
            under = await begun(here, "li")
            for name in (b"Accept", b"Content-Type", b"Last-Event-ID"):
                answer = await here.client.get(f"{under}/alerts", headers=[(name, b"\xe9")])
                assert answer.status_code == 200, name
            [cookie] = here.client.cookies.jar
            answer = await here.client.get(
                f"{under}/alerts",
                headers=[(b"Cookie", f"a=\xe9; {cookie.name}={cookie.value}".encode("latin-1"))],
            )
            assert answer.status_code == 200
            for long in ("/" + "%ff" * 10_000, "/alerts?" + "a=%ff&" * 9_000):
                answer = await here.get(under + long)
                assert answer.status_code in {200, 404, 413}, long[:10]
            assert (await here.get(f"{under}/alerts/")).status_code == 404
            for out in ("/%2e%2e/%2e%2e/healthz", "/..%2f..%2f..%2f..%2fme", "//elsewhere.example/me"):
                assert (await here.get(under + out)).status_code == 404, out

    asyncio.run(main())


def test_its_course_is_changed_by_its_owner_within_bounds(tmp_path: Path) -> None:
    async def main() -> None:
        async with site(tmp_path) as here, replaying(tmp_path, here) as control:
            under = await begun(here, "bo")
            answer = await here.post(f"{under}/replay", {"speed": 600, "paused": False, "seek_ms": 5})
            assert answer.json() == {"state": "playing", "orders": 3}
            assert control.orders == [600, False, 5_000_000]
            for wrong in ({"speed": 601}, {"speed": 0}, {"seek_ms": -1}, {"jump": "there"}, {"x": 1}):
                assert (await here.post(f"{under}/replay", wrong)).status_code == 422, wrong
            assert (await here.post(f"{under}/replay", {"jump": "next"})).status_code == 200
            assert control.seen == [True, False], "only an alert of the account's own scope is stopped at"
            none = await here.post(f"{under}/replay", {"jump": "previous"})
            assert (none.status_code, none.json()["code"]) == (404, "no_earlier_alert")
            assert (await here.get(f"{under}/replay")).json()["state"] == "playing"

    asyncio.run(main())


def test_a_replay_is_allowed_as_long_as_the_session(tmp_path: Path) -> None:
    async def main() -> None:
        async with site(tmp_path) as here:
            await begun(here, "li")
            replays = here.backend.replays
            assert isinstance(replays, FakeReplays)
            (allowed,) = replays.allowed.values()
            assert allowed()
            await here.post("/api/v1/logout")
            assert not allowed()

    asyncio.run(main())


def test_what_cannot_be_replayed_is_refused_with_why(tmp_path: Path) -> None:
    async def main() -> None:
        async with site(tmp_path) as here:
            await here.sign_in("gu")
            for wrong in (
                {"from_ms": 2, "to_ms": 2},
                {"from_ms": 1},
                {**ORDER, "source": "x"},
                {**ORDER, "x": 1},
            ):
                assert (await here.post("/api/v1/replays", wrong)).status_code == 422, wrong
            replays = here.backend.replays
            assert isinstance(replays, FakeReplays)
            for code, status in (("too_many_replays", 429), ("no_such_period", 422), ("replay_failed", 503)):
                replays.refused = code
                refused = await here.post("/api/v1/replays", ORDER)
                assert (refused.status_code, refused.json()["code"]) == (status, code)
            replays.refused = None
            replays.span = Period(journal_ns=(T0, T0 + 10**9), exact_from_ns=None, store=True)
            told = (await here.get("/api/v1/replays")).json()
            assert told == {
                "journal": [T0 / 1e6, T0 / 1e6 + 1000],
                "exact_from_ms": None,
                "store": True,
                "replays": [],
            }
            under = await begun(here, "gu")
            gone = await here.get(f"{under}/alerts")
            assert (gone.status_code, gone.json()["code"]) == (503, "replay_gone"), (
                "its process does not answer"
            )

    asyncio.run(main())
