"""ETags: who asks again for what has not changed is told so, and gets nothing twice (RFC 9110, 8.8.3 and 13.1.2)."""

import hashlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_API = "/api/v1/"
_TAG_BYTES = 12


class Etags:
    """ASGI middleware: every JSON answer to a GET of the API carries the digest of its body.

    The answer is made all the same; what is saved is its way. Streams pass untouched.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; hold an answer back until its body is known, where it is one to be tagged."""
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(_API):
            await self.app(scope, receive, send)
            return
        asked = Headers(scope=scope).get("if-none-match", "")
        started: Message | None = None
        parts: list[bytes] = []

        async def tagged_send(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                if message["status"] != 200 or not _is_json(message):  # noqa: PLR2004 - of all answers this one alone
                    await send(message)
                    return
                started = message
                return
            if started is None:
                await send(message)
                return
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                for each in _answer(started, b"".join(parts), asked):
                    await send(each)

        await self.app(scope, receive, tagged_send)


def _is_json(start: Message) -> bool:
    return Headers(raw=start["headers"]).get("content-type", "").startswith("application/json")


def _answer(start: Message, body: bytes, asked: str) -> tuple[Message, Message]:
    """Return the answer with its tag, or that nothing has changed."""
    tag = f'"{hashlib.blake2b(body, digest_size=_TAG_BYTES).hexdigest()}"'
    headers = MutableHeaders(raw=list(start["headers"]))
    headers["ETag"] = tag
    known = {part.strip().removeprefix("W/") for part in asked.split(",")}
    if tag in known or asked.strip() == "*":
        del headers["content-length"], headers["content-type"]
        return {**start, "status": 304, "headers": headers.raw}, {"type": "http.response.body", "body": b""}
    return {**start, "headers": headers.raw}, {"type": "http.response.body", "body": body}
