"""Who may ask what, from the outside: every route of the API against every role, nobody, and an account of another enterprise.

A route that is not in `ROUTES` fails the first test: put it there with the least role that may use it and with what an account
of another enterprise gets.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from console.accounts import Role, add_user, database_path
from store.series import Series
from tests.console.live import PASSWORD
from tests.console.site import COLD, LPG
from tests.console.test_api import COLD_ALERT, HEADERS, Site, on_site
from tests.console.test_places import furnish

BLANK = ""
"""An answer in which nothing of the other enterprise stands."""


@dataclass(frozen=True)
class Route:
    """What a route expects: `least` is None where it is open to all; `foreign` is the code of the refusal, or `BLANK`."""

    least: Role | None
    foreign: str | None = BLANK
    body: dict[str, Any] = field(default_factory=dict)


ANY, OPERATOR, ADMIN = Role.VIEWER, Role.OPERATOR, Role.ADMIN
WHY = {"reason": "drill"}
VIEW = {"role": "viewer", "enterprise": COLD, **WHY}
THERE = {"place": {"kind": "sensor", "id": f"{COLD}/GT-31"}}
LATER = {"until_ms": 4_000_000_000_000}

ROUTES = {
    "POST /login": Route(None),
    "POST /logout": Route(None),
    "GET /me": Route(ANY),
    "POST /me/password": Route(ANY, "wrong_login", {"old": "no", "new": "no"}),
    "GET /alerts": Route(ANY),
    "GET /alerts.ndjson": Route(ANY),
    "POST /alerts/bulk": Route(
        OPERATOR, BLANK, {"command": {"order": "unshelve"}, "alerts": [{"id": COLD_ALERT}]}
    ),
    "GET /alerts/{alert_id}": Route(ANY, "unknown_alert"),
    "POST /alerts/{alert_id}/check": Route(OPERATOR, "unknown_alert", {"zh": "x", "en": "x", "done": True}),
    "POST /alerts/{alert_id}/ack": Route(OPERATOR, "unknown_alert"),
    "POST /alerts/{alert_id}/assign": Route(OPERATOR, "unknown_alert", {"to": "li"}),
    "GET /alerts/{alert_id}/assignees": Route(OPERATOR, "unknown_alert"),
    "POST /alerts/{alert_id}/comment": Route(OPERATOR, "unknown_alert", {"comment": "x"}),
    "POST /alerts/{alert_id}/confirm": Route(OPERATOR, "unknown_alert", {"cause": "x", "action": "x"}),
    "GET /alerts/{alert_id}/deliveries": Route(ANY, "unknown_alert"),
    "POST /alerts/{alert_id}/reset": Route(OPERATOR, "unknown_alert"),
    "POST /alerts/{alert_id}/shelve": Route(OPERATOR, "unknown_alert", WHY),
    "POST /alerts/{alert_id}/unshelve": Route(OPERATOR, "unknown_alert"),
    "GET /arrangements": Route(ANY),
    "GET /cap": Route(ANY, "no_cap"),
    "GET /cap/{identifier}": Route(ANY, "no_cap"),
    "GET /causes": Route(ANY),
    "GET /enterprises/{enterprise}/plan": Route(ANY, "not_found"),
    "GET /enterprises/{enterprise}/plan/picture": Route(ANY, "not_found"),
    "GET /events": Route(ANY),
    "GET /filters": Route(ANY),
    "POST /filters": Route(ANY, BLANK, {"name": "x", "filter": "x"}),
    "POST /filters/remove": Route(ANY, BLANK, {"name": "x"}),
    "GET /floods": Route(ANY),
    "GET /health": Route(ANY),
    "GET /incidents": Route(ANY),
    "GET /incidents/{incident_id}": Route(ANY, "not_found"),
    "POST /incidents/{incident_id}/merge": Route(OPERATOR, "not_found", {"incidents": ["x"], **WHY}),
    "POST /incidents/{incident_id}/split": Route(OPERATOR, "not_found", {"alerts": ["x"], **WHY}),
    "GET /map": Route(ANY, "not_found"),
    "GET /on-call": Route(ANY, "scope"),
    "POST /on-call/overrides": Route(
        OPERATOR, "scope", {"schedule": "x", "people": ["x"], "from_ms": 1, **LATER, **WHY}
    ),
    "POST /out-of-service": Route(OPERATOR, "not_found", {**THERE, "permit": "x", **LATER, **WHY}),
    "POST /out-of-service/end": Route(OPERATOR, "not_found", {**THERE, "permit": "x", **WHY}),
    "GET /overview": Route(ANY),
    "GET /replays": Route(ANY),
    "POST /replays": Route(ANY, BLANK, {"from_ms": 1, "to_ms": 2}),
    "POST /replays/{replay}/end": Route(ANY, "no_replay"),
    "GET /reports": Route(ANY),
    "GET /reports/handover/notes": Route(ANY),
    "POST /reports/handover/notes": Route(OPERATOR, BLANK, {"shift_ms": 0, "text": "x"}),
    "POST /reports/handover/notes/{note_id}/take-over": Route(OPERATOR, "not_found"),
    "GET /reports/{kind}": Route(ANY),
    "GET /rules/backtests": Route(ANY, "scope"),
    "GET /rules/detectors": Route(ANY),
    "GET /rules/detectors/{sensor}": Route(ANY, "not_found"),
    "GET /rules/duty": Route(ANY, "scope"),
    "POST /rules/explain": Route(ANY, "unknown_alert", {"alert": COLD_ALERT}),
    "GET /rules/planned": Route(ANY),
    "GET /rules/routes": Route(ANY),
    "POST /rules/silence-preview": Route(ANY, "scope_matcher", {"matchers": [f"enterprise={COLD}"]}),
    "GET /sensors": Route(ANY),
    "GET /sensors/{sensor}/trend": Route(ANY, "no_sensor"),
    "GET /silences": Route(ANY),
    "POST /silences": Route(
        OPERATOR, "scope_matcher", {"matchers": [f"enterprise={COLD}"], "comment": "x", **LATER}
    ),
    "POST /silences/{silence_id}/end": Route(OPERATOR, BLANK, WHY),
    "GET /sources/{enterprise}/{source}": Route(ANY, "not_found"),
    "GET /sources/{enterprise}/{source}/limits": Route(ANY, "not_found"),
    "GET /sources/{enterprise}/{source}/now": Route(ANY, "not_found"),
    "GET /sources/{enterprise}/{source}/sparklines": Route(ANY, "not_found"),
    "GET /stream": Route(ANY, None),
    "POST /suppressions": Route(OPERATOR, "not_found", {"condition": "x", **THERE, **WHY}),
    "POST /suppressions/end": Route(OPERATOR, "not_found", {"condition": "x", **THERE, **WHY}),
    "GET /system": Route(ANY, "scope"),
    "GET /dead-letters": Route(ANY, "scope"),
    "GET /dead-letters/{number}/payload": Route(ANY, "scope"),
    "POST /receivers/{name}/test": Route(ADMIN, "scope", WHY),
    "GET /audit": Route(ADMIN),
    "GET /audit/export.csv": Route(ADMIN),
    "GET /audit/verification": Route(ADMIN, "scope"),
    "GET /accounts": Route(ADMIN),
    "POST /accounts": Route(ADMIN, "not_yours", {"name": "new", **VIEW}),
    "POST /accounts/{name}": Route(ADMIN, "not_found", VIEW),
    "POST /accounts/{name}/disable": Route(ADMIN, "not_found", {"disabled": False, **WHY}),
    "POST /accounts/{name}/password": Route(ADMIN, "not_found", WHY),
    "GET /sessions": Route(ANY),
    "POST /sessions/end-others": Route(ANY),
    "POST /sessions/{session}/end": Route(ANY, "not_found"),
    "GET /tokens": Route(ANY),
    "POST /tokens": Route(ANY, "not_yours", {"label": "x", "days": 1, **VIEW}),
    "POST /tokens/{token}/revoke": Route(ANY, "not_found", WHY),
    "GET /views": Route(ANY),
    "POST /views": Route(ANY, BLANK, {"name": "x", "view": "x"}),
    "POST /views/remove": Route(ANY, BLANK, {"name": "x"}),
}
"""Each route under /api/v1: ``METHOD path`` and what it expects."""

NAMED = {
    "alert_id": COLD_ALERT,
    "enterprise": COLD,
    "kind": "alarms",
    "name": "cold",
    "note_id": "1",
    "number": "1",
    "sensor": f"{COLD}/GT-31",
    "source": "ammonia",
}
"""What stands in a path for its parameters: things of the other enterprise; ``x`` for all others."""
QUERIES = {
    "GET /reports/handover/notes": "?from_ms=0&to_ms=60000",
    "GET /reports/{kind}": "?from_ms=0&to_ms=60000",
}
ENDLESS = {"GET /stream"}
ENDS = {"end_ms", "to_ms", "until_ms"}
NOT_ALLOWED = {"not_signed_in", "role", "must_change", "no_header"}
AS = {Role.VIEWER: "gu", Role.OPERATOR: "li", Role.ADMIN: "zhou"}


class Callers:
    """The accounts of a site, each with a session of its own."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.cookies: dict[str, str] = {}

    async def sign_in(self, name: str, password: str = PASSWORD) -> None:
        answer = await self.site.post("/api/v1/login", {"name": name, "password": password})
        assert answer.status_code == 200, answer.text
        self.cookies[name] = f"hazwatch_session={answer.cookies['hazwatch_session']}"
        self.site.client.cookies.clear()

    async def ask(
        self, route: str, name: str | None, *, headers: dict[str, str] = HEADERS, more: str = ""
    ) -> httpx.Response:
        method, path = route.split()
        path = (
            re.sub(r"{(\w+)}", lambda found: NAMED.get(found[1], "x"), path) + QUERIES.get(route, "") + more
        )
        sent = dict(headers) if method == "POST" else {}
        if name is not None:
            sent["Cookie"] = self.cookies[name]
        body = ROUTES[route].body if method == "POST" else None
        answer = await self.site.client.request(method, f"/api/v1{path}", headers=sent, json=body)
        self.site.client.cookies.clear()
        return answer


def code_of(answer: httpx.Response) -> str:
    if answer.is_success:
        return ""
    return str(answer.json()["code"])


def guarded(*but: str) -> list[str]:
    return [route for route, expected in ROUTES.items() if expected.least is not None and route not in but]


def test_the_table_has_every_route(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        told = (await s.get("/api/v1/openapi.json")).json()["paths"]
        found = {
            f"{method.upper()} {path.removeprefix('/api/v1')}"
            for path, operations in told.items()
            for method in operations
        }
        assert (found - ROUTES.keys(), ROUTES.keys() - found) == (set(), set())

    on_site(tmp_path, scenario)


def test_each_role_may_what_is_its_own_and_nobody_else_anything(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        furnish(s.backend)
        callers = Callers(s)
        for name in AS.values():
            await callers.sign_in(name)
        for route in guarded():
            token = "?token=hzw_x_y&hazwatch_session=x"
            for more in ("", "" if route in QUERIES else token):
                assert code_of(await callers.ask(route, None, more=more)) == "not_signed_in", route
            if route.startswith("POST"):
                assert code_of(await callers.ask(route, "zhou", headers={})) == "no_header", route
            least = ROUTES[route].least
            assert least is not None
            for role, name in AS.items():
                if not role.covers(least):
                    assert code_of(await callers.ask(route, name)) == "role", (route, role)
                elif route not in ENDLESS:
                    answer = await callers.ask(route, name)
                    assert code_of(answer) not in NOT_ALLOWED, (route, role)
                    assert answer.status_code not in {422, 500}, (route, answer.text)

    on_site(tmp_path, scenario)


def test_another_enterprises_account_gets_nothing_of_this_one(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        furnish(s.backend)
        add_user(database_path(tmp_path), "fang", Role.ADMIN, PASSWORD, None, LPG)
        add_user(database_path(tmp_path), "cold", Role.ADMIN, PASSWORD, None, COLD)
        callers = Callers(s)
        for name in ("fang", "cold"):
            await callers.sign_in(name)
        for route in ("POST /tokens", "POST /reports/handover/notes"):
            assert (await callers.ask(route, "cold")).status_code == 200
        assert COLD in (await callers.ask("GET /alerts", "cold")).text, "there is something to be hidden"
        for route in guarded():
            expected = ROUTES[route].foreign
            if expected is None:
                continue
            answer = await callers.ask(route, "fang")
            assert code_of(answer) == expected, (route, answer.text)
            assert COLD not in answer.text, route

    on_site(tmp_path, scenario)


def test_who_must_change_his_password_may_nothing_before(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        callers = Callers(s)
        await callers.sign_in("zhou")
        answer = await s.client.post(
            "/api/v1/accounts",
            headers={**HEADERS, "Cookie": callers.cookies["zhou"]},
            json={"name": "wu", "role": "admin", **WHY},
        )
        await callers.sign_in("wu", answer.json()["password"])
        for route in guarded("GET /me", "POST /me/password"):
            assert code_of(await callers.ask(route, "wu")) == "must_change", route
        assert (await callers.ask("GET /me", "wu")).status_code == 200

    on_site(tmp_path, scenario)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_login_begins_a_new_session_whatever_cookie_came_with_it(tmp_path: Path, scheme: str) -> None:
    async def scenario(s: Site) -> None:
        planted = "hazwatch_session=planted"
        login = {"name": "li", "password": PASSWORD}
        first, second = [
            await s.client.post("/api/v1/login", headers={**HEADERS, "Cookie": planted}, json=login)
            for _ in range(2)
        ]
        cookies = [answer.headers["set-cookie"] for answer in (first, second)]
        assert len({cookie.split(";")[0] for cookie in (planted, *cookies)}) == 3
        for cookie in cookies:
            parts = {part.strip().lower() for part in cookie.split(";")[1:]}
            assert {"httponly", "samesite=strict", "path=/"} <= parts
            assert ("secure" in parts) == (scheme == "https")

    on_site(tmp_path, scenario, scheme)


def bounds_of(parameter: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the schemas that a value of the parameter may have, but null."""
    schema = parameter["schema"]
    return [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]


def bounded(schema: dict[str, Any]) -> bool:
    wanted = {
        "integer": {"minimum", "maximum"},
        "string": {"maxLength"},
        "array": {"maxItems"},
        "boolean": set(),
    }
    return "enum" in schema or "$ref" in schema or wanted[schema["type"]] <= schema.keys()


def longest(body: Any) -> int:
    """Return the length of the longest list in it."""
    inner = body.values() if isinstance(body, dict) else body if isinstance(body, list) else ()
    return max([len(body) if isinstance(body, list) else 0, *map(longest, inner)])


def test_a_million_rows_or_a_hundred_years_are_refused_or_bounded(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        furnish(s.backend)
        s.backend.series[NAMED["sensor"]] = lambda start_ns, end_ns: Series.raw(
            np.linspace(start_ns, end_ns, 20_000).astype(np.int64), np.zeros(20_000)
        )
        callers = Callers(s)
        await callers.sign_in("zhou")
        paths = (await s.get("/api/v1/openapi.json")).json()["paths"]
        operations = {
            f"GET {path.removeprefix('/api/v1')}": of["get"] for path, of in paths.items() if "get" in of
        }
        asked = 0
        for route, operation in operations.items():
            queries = [one for one in operation.get("parameters", ()) if one["in"] == "query"]
            for parameter in queries:
                assert all(map(bounded, bounds_of(parameter))), (route, parameter)
            names = [one["name"] for one in queries if bounds_of(one)[0].get("type") == "integer"]
            times = {
                name: 100 * 365 * 86_400_000 if name in ENDS else 0 for name in names if name.endswith("_ms")
            }
            sizes = [{name: 1_000_000} for name in names if name in {"limit", "max_points", "days"}]
            for query in [*sizes, times] if times else sizes:
                more = "".join(f"&{name}={value}" for name, value in query.items())
                answer = await callers.ask(route, "zhou", more=("&" if route in QUERIES else "?") + more[1:])
                asked += 1
                if query is not times or not answer.is_success:
                    assert answer.status_code in {404, 422}, (route, query, answer.text[:200])
                    assert answer.headers["content-type"] == "application/problem+json"
                elif answer.headers["content-type"] == "application/json":
                    assert longest(answer.json()) <= 5000, (route, query)
        assert asked >= 8, "pages and periods were found"

    on_site(tmp_path, scenario)
