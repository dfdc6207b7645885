"""The examples of docs/api.md, run; and the description of the API, held to the routes and to hostile requests."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from service.reports.document import Kind
from service.reports.rendering import document_json
from tests.console.test_api import HEADERS, Site, on_site
from tests.console.test_rules import furnish
from tests.service.reports.documents import document

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
MORE = "…"


@dataclass(frozen=True)
class Example:
    method: str
    path: str
    headers: dict[str, str]
    body: Any
    status: int
    answer: Any


def examples() -> list[Example]:
    text = PAGE.read_text("utf-8")
    found = []
    for asked, status, answer in re.findall(r"```http\n(.*?)```\s*```json (\d+)\n(.*?)```", text, re.DOTALL):
        first, *rest = asked.strip().splitlines()
        method, path = first.split()
        headers = {} if method == "GET" else dict(HEADERS)
        while rest and re.fullmatch(r"[A-Za-z-]+:.*", rest[0]):
            name, _, value = rest.pop(0).partition(":")
            headers.pop(name, None)
            if value.strip():
                headers[name] = value.strip()
        body = json.loads("\n".join(rest)) if rest else None
        found.append(Example(method, path, headers, body, int(status), json.loads(answer)))
    assert len(found) == text.count("```http"), "every request has its answer"
    return found


def differences(told: Any, got: Any, where: str = "") -> list[str]:
    """Return where an answer is of another shape than what is told; a null stands for a value that may lack."""
    if told is None or got is None:
        return []
    if isinstance(told, dict) and isinstance(got, dict):
        odd = told.keys() - got.keys() - {MORE}
        if MORE not in told and told:
            odd |= got.keys() - told.keys()
        found = [f"{where}.{key}" for key in sorted(odd)]
        for key in told.keys() & got.keys():
            found += differences(told[key], got[key], f"{where}.{key}")
        return found
    if isinstance(told, list) and isinstance(got, list):
        return differences(told[0], got[0], f"{where}[0]") if told and got else []
    same = isinstance(got, int | float) if isinstance(told, int | float) else type(told) is type(got)
    return [] if same else [f"{where}: {told!r} and {got!r}"]


def test_what_differs_is_found() -> None:
    assert differences({"a": 1, "b": [{"c": "x"}]}, {"a": 2.0, "b": [{"c": "y"}]}) == []
    assert differences({"a": 1}, {"a": 1, "d": 2}) == [".d"]
    assert differences({"a": 1, MORE: 0}, {"a": 1, "d": 2}) == []
    assert differences({"a": 1, "d": 2}, {"a": 1}) == [".d"]
    assert differences({"b": [{"c": "x"}]}, {"b": [{"c": 1}]}) == [".b[0].c: 'x' and 1"]


def test_the_examples_are_as_they_are_told(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        furnish(s.backend)
        s.backend.reports.answer = lambda asked: document_json(document(Kind(asked.kind)))
        await s.sign_in("zhou")
        for one in examples():
            got = await s.client.request(one.method, one.path, headers=one.headers, json=one.body)
            assert got.status_code == one.status, f"{one.method} {one.path}: {got.text}"
            assert differences(one.answer, got.json()) == [], f"{one.method} {one.path}: {got.text}"
            if one.status >= 400:
                assert got.headers["content-type"] == "application/problem+json"
                assert got.json()["code"] == one.answer["code"]

    on_site(tmp_path, scenario)


def test_what_has_not_changed_is_not_sent_again(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        first = await s.get("/api/v1/causes")
        tag = first.headers["etag"]

        async def again(known: str) -> httpx.Response:
            return await s.client.get("/api/v1/causes", headers={"If-None-Match": known})

        same = await again(f'"other", W/{tag}')
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
        assert "content-length" not in same.headers
        assert (await again('"other"')).content == first.content
        s.backend.owned.numbers = {"sensors": 1}
        one = await s.get("/api/v1/system")
        s.backend.owned.numbers = {"sensors": 2}
        assert (await s.get("/api/v1/system")).headers["etag"] != one.headers["etag"]
        refused = await s.get("/api/v1/alerts/nothing/deliveries")
        assert "etag" not in refused.headers

    on_site(tmp_path, scenario)


def test_the_description_says_what_holds_for_every_request(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        told = (await s.get("/api/v1/openapi.json")).json()
        assert "HTTPValidationError" not in json.dumps(told)
        for path, operations in told["paths"].items():
            for method, operation in operations.items():
                assert operation["description"], f"{method} {path} says what it does"
                assert "application/problem+json" in operation["responses"]["default"]["content"]
                named = {one["name"] for one in operation.get("parameters", [])}
                assert ("X-Hazwatch" in named) == (method != "get")

    on_site(tmp_path, scenario)
