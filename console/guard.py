"""What every request and response passes: size bound, header against forged requests, security headers."""

import asyncio
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.problems import UNSAFE_METHODS, problem

COMMAND_HEADER = "x-hazwatch"
"""A page of another site cannot set it without our leave (CORS), which is never given."""

MAX_BODY_BYTES = 64 * 1024
BODY_WITHIN_S = 20.0
"""On the slowest of links; who takes longer holds a connection and nothing else."""

SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def headers_for(pictures_of: str | None) -> Mapping[str, str]:
    """Return the security headers; pictures may also come from `pictures_of`, the origin of a tile server."""
    if pictures_of is None:
        return SECURITY_HEADERS
    policy = SECURITY_HEADERS["Content-Security-Policy"].replace(
        "img-src 'self'", f"img-src 'self' {pictures_of}"
    )
    return {**SECURITY_HEADERS, "Content-Security-Policy": policy}


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(
        self, app: ASGIApp, pictures_of: str | None = None, body_within_s: float = BODY_WITHIN_S
    ) -> None:
        self.app = app
        self._body_within_s = body_within_s
        self._headers = headers_for(pictures_of)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with a problem."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def guarded_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        code = _refusal(scope)
        if code is not None:
            await problem(code)(scope, receive, guarded_send)
            return
        await self.app(scope, _bounded(receive, self._body_within_s), guarded_send)


def _refusal(scope: Scope) -> str | None:
    headers = Headers(scope=scope)
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()) or int(length[:20]) > MAX_BODY_BYTES:
        return "too_large"
    # a page of another site cannot send a token either: the browser would ask for leave first
    proven = COMMAND_HEADER in headers or headers.get("authorization", "").lower().startswith("bearer ")
    if scope["method"] in UNSAFE_METHODS and not proven:
        return "no_header"
    return None


def _bounded(receive: Receive, within_s: float) -> Receive:
    """Count the body as it comes, since a chunked one does not say its length beforehand, and wait for it so long.

    FastAPI turns any other exception met while it reads a body into its own 400.
    """
    received = 0
    whole = False
    ends_s: float | None = None

    async def bounded() -> Message:
        nonlocal received, whole, ends_s
        if whole:
            return await receive()
        ends_s = ends_s or asyncio.get_running_loop().time() + within_s
        try:
            async with asyncio.timeout_at(ends_s):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408) from None
        if message["type"] == "http.request":
            received += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if received > MAX_BODY_BYTES:
                raise HTTPException(413)
        return message

    return bounded
