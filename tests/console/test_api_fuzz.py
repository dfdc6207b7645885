"""Requests made from the API's own description, right and wrong ones: none breaks the server, every refusal says why."""

from pathlib import Path
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok

from console.rules_backend import Explanation
from tests.console.live import PASSWORD, live_console
from tests.console.site import event, open_several
from tests.console.test_api import HEADERS
from tests.console.test_places import furnish

EXAMPLES = 10
"""For each operation, always the same ones; twenty times as many passed once."""
NEVER_ENDS = r"/stream$"
ENDS_THE_SESSION = r"/log(in|out)$"


def _ask(operation: Any, cookies: dict[str, str]) -> None:
    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def each(case: Any) -> None:
        case.headers = {**(case.headers or {}), **HEADERS}
        response = case.call(cookies=cookies)
        case.validate_response(response, checks=(not_a_server_error,))
        if response.status_code >= 400:
            assert response.headers["content-type"] == ["application/problem+json"], response.text
            assert {"code", "zh", "en"} <= response.json().keys()

    each()


def test_no_request_breaks_the_server(tmp_path: Path) -> None:
    with live_console(tmp_path, static_dir=tmp_path / "nothing") as live:
        live.call(lambda: open_several(live.backend))
        live.call(lambda: furnish(live.backend))
        live.backend.ruled.answer = Explanation(
            event=event("a1", 0), at_ns=0, live=False, routes=(), calls=(), silences=(), overrides=()
        )
        login = {"name": "zhou", "password": PASSWORD}
        answer = httpx.post(f"{live.server.url}api/v1/login", json=login, headers=HEADERS)
        schema = schemathesis.openapi.from_url(f"{live.server.url}api/v1/openapi.json")
        asked = schema.exclude(path_regex=NEVER_ENDS).exclude(path_regex=ENDS_THE_SESSION)
        found = list(asked.get_all_operations())
        operations = [one.ok() for one in found if isinstance(one, Ok)]
        assert len(operations) == len(found), "the description has a fault"
        assert len(operations) > 30
        for operation in operations:
            _ask(operation, dict(answer.cookies))
