"""Answers that a page asks for again and again: sent whole only where they differ from what it has."""

import hashlib
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

_JSON = "application/json"


def tagged(request: Request, body: Any) -> Response:
    """Return a body as JSON with its ETag, or 304 where the request says that it has just that."""
    return tagged_bytes(request, msgspec.json.encode(body), _JSON)


def tagged_bytes(request: Request, content: bytes, media_type: str) -> Response:
    """Return content with its ETag, or 304 where the request says that it has just that; every use asks anew."""
    tag = f'"{hashlib.blake2b(content, digest_size=16).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)
