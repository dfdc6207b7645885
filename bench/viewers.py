"""What viewers cost: the processor time of a service while so many of them hold a stream open."""

import asyncio
import os
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.servers.hazwatch import Hazwatch

Row = dict[str, Any]


async def _watch(url: str, cookie: str, viewers: int, stop: asyncio.Event) -> None:
    """Hold so many streams open and read what comes."""
    host, port = urlsplit(url).hostname, urlsplit(url).port
    ask = f"GET /api/v1/stream HTTP/1.1\r\nHost: {host}\r\nCookie: hazwatch_session={cookie}\r\n\r\n".encode()

    async def one() -> None:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(ask)
        while await reader.read(65536):
            pass

    tasks = [asyncio.create_task(one()) for _ in range(viewers)]
    await stop.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def viewers(service: Hazwatch, url: str, cookie: str, seconds: float) -> list[Row]:
    """Return what share of a core the service takes for viewers, beside what it takes without."""
    rows, alone = [], 0.0
    for count in (0, 60, 600):
        loop = asyncio.new_event_loop()
        stop = asyncio.Event()
        thread = threading.Thread(target=loop.run_until_complete, args=(_watch(url, cookie, count, stop),))
        thread.start()
        time.sleep(3.0)
        share = _share(service.pid, seconds)
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        alone = share if count == 0 else alone
        target = {0: None, 60: 5.0, 600: 15.0}[count]
        rows.append(
            {
                "name": f"{count} viewers, share of a core" + (" above none" if count else ""),
                "value": share - alone if count else share,
                "unit": "%",
                "target": target,
            }
        )
    return rows


def _share(pid: int, seconds: float) -> float:
    before, began = _ticks(pid), time.monotonic()
    time.sleep(seconds)
    return 100 * (_ticks(pid) - before) / os.sysconf("SC_CLK_TCK") / (time.monotonic() - began)


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
