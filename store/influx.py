"""InfluxDB and what speaks its write API, through influxdb-client: own bytes, own compression, synchronous.

Writing a line again changes nothing: it is the same point. What the server refuses for good is found by halving,
so that the good lines beside it are stored.
"""

import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal
from urllib.parse import urlencode

import urllib3
from influxdb_client import InfluxDBClient, WriteService
from influxdb_client.rest import ApiException

from registry.sensors import SensorRegistry
from store.lineprotocol import LineEncoder
from store.reading import READERS, Flavour, Target, probe
from store.scan import Stretch, scan_server
from store.series import (
    Encoded,
    Rejection,
    Series,
    StoreBatch,
    StoreError,
    TooMuchError,
    encoded,
    raise_rejections,
)

_REFUSED_FOR_GOOD = frozenset({400, 413, 422})
"""Answers that speak of the lines; any other error speaks of the server or its settings and may pass."""
_MAX_SPLITS = 400
_GZIP_WBITS = 31
_EXCERPT_BYTES = 200
_READ_REQUESTS = 3
"""A reading of many requests may take as long as so many may."""
_LEAST_S = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class InfluxSettings:
    """Where and how to write; `flavour` says how to read back, ``auto`` asks the server at the first reading."""

    url: str
    org: str = "hazwatch"
    bucket: str = "hazwatch"
    token: str = ""
    timeout_s: float = 10.0
    gzip: bool = False
    flavour: Flavour | Literal["auto"] = "auto"
    ca_file: str | None = None
    post_bytes: int = 4 << 20


class InfluxStore:
    """A time-series server; holds a connection pool and nothing else."""

    encoding = "lines"

    def __init__(self, settings: InfluxSettings, registry: SensorRegistry) -> None:
        self._settings = settings
        self._encoder = LineEncoder(registry)
        self._client = InfluxDBClient(
            url=settings.url,
            token=settings.token or "none",
            org=settings.org,
            timeout=int(settings.timeout_s * 1000),
            ssl_ca_cert=settings.ca_file,
        )
        self._writes = WriteService(self._client.api_client)
        self._flavour: Flavour | None = None if settings.flavour == "auto" else settings.flavour

    def encode(self, batch: StoreBatch) -> bytes:
        """Return the batch as line protocol."""
        return self._encoder.encode(batch)

    def write(self, batches: Sequence[StoreBatch]) -> None:
        """Post all batches."""
        raise_rejections(self.send(encoded(self, batches)))

    def send(self, records: Sequence[Encoded]) -> list[Rejection]:
        """Post all records in bodies of about `post_bytes`."""
        splits = iter(range(_MAX_SPLITS))
        return [
            rejection
            for body in _bodies((r.payload for r in records), self._settings.post_bytes)
            for rejection in salvage(body, self._post, splits)
        ]

    def read(self, sensor: str, start_ns: int, end_ns: int, max_points: int) -> Series:
        """Return readings in [start, end), merged by the server where there are more than `max_points`."""
        target = self._target(time.monotonic() + _READ_REQUESTS * self._settings.timeout_s)
        return READERS[self._known_flavour()](target, sensor, start_ns, end_ns, max_points)

    def scan(self, start_ns: int, end_ns: int) -> Stretch:
        """Return every reading in [start, end)."""
        return scan_server(self._known_flavour(), self._target(), start_ns, end_ns)

    def watermark(self) -> int | None:
        """Return None: the server cannot tell."""
        return None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _known_flavour(self) -> Flavour:
        if self._flavour is None:
            self._flavour = probe(self._target().get)
        return self._flavour

    def _target(self, until_s: float | None = None) -> Target:
        return Target(partial(self._get, until_s), self._settings.org, self._settings.bucket)

    def _post(self, lines: bytes) -> None:
        settings = self._settings
        how: dict[str, Any] = {}
        if settings.gzip:
            packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP_WBITS)
            lines = packer.compress(lines) + packer.flush()
            how["content_encoding"] = "gzip"
        try:
            self._writes.post_write(
                settings.org,
                settings.bucket,
                lines,
                precision="ns",
                content_type="text/plain; charset=utf-8",
                **how,
            )
        except ApiException as exc:
            raise _told(settings.url, exc) from exc
        except (urllib3.exceptions.HTTPError, OSError) as exc:
            raise StoreError(f"{settings.url} cannot be reached: {exc}", retry=True) from exc

    def _get(
        self,
        until_s: float | None,
        method: str,
        path: str,
        fields: dict[str, str] | None = None,
        body: bytes | None = None,
        **headers: str,
    ) -> tuple[int, dict[str, str], bytes]:
        """Ask over the client's own pool, until a time of the monotonic clock; return status, headers and body."""
        patience_s = self._settings.timeout_s
        if until_s is not None:
            patience_s = max(_LEAST_S, min(patience_s, until_s - time.monotonic()))
        pool = self._client.api_client.rest_client.pool_manager
        if self._settings.token:
            headers["Authorization"] = f"Token {self._settings.token}"
        url = self._settings.url.rstrip("/") + path
        if body is not None and fields:
            url += "?" + urlencode(fields)
        try:
            answer = pool.request(
                method,
                url,
                fields=None if body is not None else fields,
                body=body,
                headers=headers,
                timeout=urllib3.Timeout(total=patience_s),
                retries=False,
            )
        except urllib3.exceptions.ReadTimeoutError as exc:
            raise TooMuchError(f"{url} did not answer in time") from exc
        except (urllib3.exceptions.HTTPError, OSError) as exc:
            raise StoreError(f"{self._settings.url} cannot be reached: {exc}", retry=True) from exc
        return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.data


def salvage(body: bytes, post: Callable[[bytes], None], splits: Iterator[int]) -> list[Rejection]:
    """Post a body; where it is refused for good, halve it until only what is bad is left out.

    Each halving takes one from `splits`; when they are used up what is refused stays refused whole.
    """
    try:
        post(body)
    except StoreError as exc:
        if exc.retry:
            raise
        lines = body.splitlines(keepends=True) if body.count(b"\n") > 1 else []
        if not lines or next(splits, None) is None:
            return [Rejection(max(1, body.count(b"\n")), str(exc), body[:_EXCERPT_BYTES])]
        middle = len(lines) // 2
        halves = (b"".join(lines[:middle]), b"".join(lines[middle:]))
        return [rejection for half in halves for rejection in salvage(half, post, splits)]
    return []


def _bodies(payloads: Iterator[bytes], post_bytes: int) -> Iterator[bytes]:
    """Return the payloads joined to bodies of about `post_bytes`, cut between lines only."""
    data = b"".join(payloads)
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + post_bytes - 1) + 1
        yield data[start : end or len(data)]
        start = end or len(data)


def _told(url: str, exc: ApiException) -> StoreError:
    """Say whether waiting helps, and what the server said."""
    body = exc.body.decode(errors="replace") if isinstance(exc.body, bytes) else str(exc.body or "")
    reason = f"{url} answered {exc.status} {exc.reason or ''}: {body.strip()[:500]}"
    wait = (exc.headers or {}).get("Retry-After", "") if exc.status else ""
    return StoreError(
        reason,
        retry=exc.status not in _REFUSED_FOR_GOOD,
        retry_after_s=float(wait) if wait.isdigit() else None,
    )
