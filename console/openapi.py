"""The description of the web API: what every request needs and every refusal looks like, said once for all routes."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from console.problems import PROBLEMS, UNSAFE_METHODS

_ABOUT = """\
JSON in and out. Sign in with `POST /api/v1/login`; the session is a cookie. A request that changes something needs the
header `X-Hazwatch` (any value). What is refused is answered with `application/problem+json`, its reason in Chinese and
English; `code` is for programs. Lists come in pages: a `next_…` of null is the end. JSON answers to GET carry an ETag.
docs/api.md has examples.
"""
_COOKIE = "session"
_OPEN = frozenset({"/api/v1/login", "/api/v1/logout"})
_TEXT = {"type": "string"}
_PROBLEM: Mapping[str, Any] = {
    "type": "object",
    "description": "RFC 9457, with the reason in both languages",
    "required": ["type", "title", "status", "code", "zh", "en"],
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "code": {"type": "string", "description": f"one of {', '.join(PROBLEMS)}, or the command's own"},
        "zh": _TEXT,
        "en": _TEXT,
        "fields": {
            "type": "array",
            "items": {"type": "object", "properties": {"field": _TEXT, "message": _TEXT}},
        },
    },
}
_REFUSED = {
    "description": "refused, with why",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_HEADER = {
    "name": "X-Hazwatch",
    "in": "header",
    "required": True,
    "description": "any value; a page of another site cannot send it",
    "schema": {"type": "string", "minLength": 1, "default": "1"},
}


def describe(app: FastAPI) -> None:
    """Let the application tell its API as `description` does, made when it is first asked for."""
    made: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not made:
            made.update(description(app))
        return made

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way of extending it


def description(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of the routes."""
    found = get_openapi(title="hazwatch", version=version("hazwatch"), description=_ABOUT, routes=app.routes)
    parts = found.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = dict(_PROBLEM)
    parts.setdefault("securitySchemes", {})[_COOKIE] = {
        "type": "apiKey",
        "in": "cookie",
        "name": "hazwatch_session",
    }
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            _complete(path, method, operation)
    return found


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    """Say of one operation what holds for all."""
    responses = operation["responses"]
    responses.pop("422", None)
    responses["default"] = _REFUSED
    if path not in _OPEN:
        operation.setdefault("security", [{_COOKIE: []}])
    if method.upper() in UNSAFE_METHODS:
        operation.setdefault("parameters", []).append(dict(_HEADER))
