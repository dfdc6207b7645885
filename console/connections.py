"""Bounds on connections: whoever opens many of them, or says nothing on one, takes no open files from the pipeline."""

import asyncio
import resource
from typing import ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_CONNECTIONS = 8_000
"""600 viewers whose browsers hold six each, twice over."""
ASKS_WITHIN_S = 10.0
"""From a connection's beginning to the end of its first request's head."""
_FILES_KEPT = 512
"""Open files that are left to the pipeline, its stores, senders and brokers."""
_FEWEST = 32
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 5\r\nConnection: close\r\n\r\n"
)


def connections_allowed() -> int:
    """Raise this process's limit of open files as far as it needs and may, and return how many connections it bears.

    A service that systemd starts has a limit of 1 024 at first, which 600 viewers with their streams are beyond.
    """
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + _FILES_KEPT
    now, most = (wanted if limit == resource.RLIM_INFINITY else min(wanted, limit) for limit in limits)
    if now < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, limits[1]))
    return max(_FEWEST, most - _FILES_KEPT)


class BoundedProtocol(H11Protocol):
    """HTTP/1.1 with at most `most` connections at once, on each of which a request comes soon."""

    most: ClassVar[int] = MOST_CONNECTIONS
    asks_within_s: ClassVar[float] = ASKS_WITHIN_S

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        """Take the connection, or answer that there are too many and close it."""
        super().connection_made(transport)
        if len(self.connections) > self.most:
            transport.write(_BUSY)
            transport.close()
            return
        self.loop.call_later(self.asks_within_s, self._close_where_nothing_was_asked)

    def _close_where_nothing_was_asked(self) -> None:
        asked: object = self.cycle  # None until the first request, which uvicorn's type leaves out
        if asked is None:
            self.transport.close()


def protocol_for(most: int) -> type[BoundedProtocol]:
    """Return the protocol with its bound: uvicorn makes one of the class for each connection."""
    return type("Protocol", (BoundedProtocol,), {"most": most})
