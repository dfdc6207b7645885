"""Refuses connections that leave this machine; what is refused is remembered.

An audit hook sees every socket of Python, also those of asyncio and of other threads. Libraries that make their own system
calls are not seen. Programs that tests start by `tests.servers.hazwatch` have a guard of their own, which writes what it
refused to the file that `REPORT` names.
"""

import ipaddress
import os
import socket
import sys
from pathlib import Path
from typing import Any

REPORT = "REACHED_OUT_REPORT"

_LOCAL_NAMES = frozenset({"", "localhost", "localhost.localdomain", socket.gethostname()})
_OUT = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_NAMED = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})


class ReachedOut(OSError):  # noqa: N818 - it names the fact
    """What the code under test gets in place of a connection."""


class Guard:
    """An audit hook; there is no way to take one off again, so there is one for the whole run."""

    def __init__(self) -> None:
        self.reached: list[str] = []
        sys.addaudithook(self._look)

    def _look(self, event: str, args: tuple[Any, ...]) -> None:
        if event in _OUT:
            sock, address = args[0], args[1]
            if sock.family not in {socket.AF_INET, socket.AF_INET6} or not isinstance(address, tuple):
                return
            host = address[0]
        elif event in _NAMED:
            host = args[0]
        else:
            return
        if not is_local(host):
            self._remember(f"{event} {host!r}")
            raise ReachedOut(f"a test reached out of this machine: {event} {host}")

    def _remember(self, what: str) -> None:
        self.reached.append(what)
        if report := os.environ.get(REPORT):
            with Path(report).open("a", encoding="utf-8") as file:
                file.write(f"{what}\n")


def is_local(host: str | bytes | None) -> bool:
    """Return whether a host is this machine; a name that would have to be looked up elsewhere is not."""
    if host is None:
        return True
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return name in _LOCAL_NAMES
    return address.is_loopback or address.is_unspecified


guard = Guard()
