"""The console's web server inside an event loop that is already running."""

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from console.connections import MOST_CONNECTIONS, protocol_for
from console.feed import Feed

STOP_S = 0.8
"""How long open requests may take to end; streams end at once."""


class ListenError(Exception):
    """The address cannot be listened on; the message says why and what can be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Certificate chain and key, PEM files."""

    certificate: Path
    key: Path


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the service: it has more to end than a web server."""
        yield


class ConsoleServer:
    """Serves an application until it is stopped.

    The socket is bound by the constructor, so that a busy port is told before anything else is started and so that
    port 0 has become a real one. Usage: ``task = create_task(server.run())``, later ``await server.stop()``.
    """

    def __init__(
        self,
        app: ASGIApp,
        feed: Feed,
        host: str,
        port: int,
        tls: Tls | None = None,
        *,
        most_connections: int = MOST_CONNECTIONS,
    ) -> None:
        self._feed = feed
        self._socket = _bind(host, port)
        self.host = host
        self.port: int = self._socket.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{self.port}/"
        config = uvicorn.Config(
            app,
            loop="none",
            http=protocol_for(most_connections),
            log_config=None,
            log_level=logging.WARNING,
            access_log=False,
            server_header=False,
            lifespan="on",
            ws="none",
            timeout_graceful_shutdown=1,
            ssl_certfile=str(tls.certificate) if tls else None,
            ssl_keyfile=str(tls.key) if tls else None,
        )
        self._server = _Server(config)
        self._ended = asyncio.Event()

    @property
    def started(self) -> bool:
        """Whether requests are answered."""
        return self._server.started

    async def run(self) -> None:
        """Serve until `stop`; cancelling it ends it the hard way."""
        try:
            await self._server.serve(sockets=[self._socket])
        finally:
            self._socket.close()
            self._ended.set()

    async def stop(self) -> None:
        """End streams and requests and return when all is closed, in less than a second."""
        self._feed.close()
        self._server.should_exit = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_S):
                await self._ended.wait()
        self._server.force_exit = True
        await self._ended.wait()


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # the protocol is named, or asyncio does not switch Nagle's algorithm off and every second answer waits 40 ms
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        busy = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        why = "another program listens there; choose another port" if busy else str(error)
        raise ListenError(f"cannot listen on {host}:{port}: {why}") from error
    listener.setblocking(False)
    return listener
