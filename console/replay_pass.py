"""Passes a request on to the process of a replay, over its socket, and the answer back as it comes."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx
from fastapi import Request
from starlette.responses import Response, StreamingResponse

from console.problems import ProblemError
from console.replay_backend import OpenReplay

LONGEST_S = 30.0
"""A replay that runs to a time as fast as it goes still answers in between."""
_PASSED_ON = frozenset(
    {b"cookie", b"authorization", b"accept", b"content-type", b"last-event-id", b"x-hazwatch"}
)
_PASSED_BACK = ("content-type", "cache-control", "content-disposition", "x-accel-buffering")


async def passed_on(request: Request, replay: OpenReplay, path: str) -> Response:
    """Return what the replay answers; its stream lasts as long as either end."""
    client = httpx.AsyncClient(
        transport=httpx.AsyncHTTPTransport(uds=str(replay.socket), verify=False),  # no TLS on a local socket
        base_url="http://replay",
        timeout=LONGEST_S,
        trust_env=False,
    )
    body = await request.body()
    try:
        asked = client.build_request(
            request.method,
            f"/api/v1/{quote(path)}",
            params=request.url.query,
            headers=[
                each for each in request.headers.raw if each[0] in _PASSED_ON
            ],  # bytes: they may be no text
            content=body,
        )
        answer = await client.send(asked, stream=True)
    except httpx.InvalidURL:  # it is longer in the client's spelling than as it came
        await client.aclose()
        raise ProblemError("too_large") from None
    except httpx.TransportError:
        await client.aclose()
        raise ProblemError("replay_gone") from None
    return StreamingResponse(
        _body(client, answer),
        status_code=answer.status_code,
        headers={name: value for name in _PASSED_BACK if (value := answer.headers.get(name)) is not None},
    )


async def _body(client: httpx.AsyncClient, answer: httpx.Response) -> AsyncIterator[bytes]:
    """Yield the body as it comes; ends with the replay, or when whoever asked has gone."""
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    except httpx.TransportError:
        return
    finally:
        closing = asyncio.ensure_future(_close(client, answer))
        await asyncio.shield(closing)


async def _close(client: httpx.AsyncClient, answer: httpx.Response) -> None:
    await answer.aclose()
    await client.aclose()
