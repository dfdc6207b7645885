"""The webhook receiver: the alert line posted as JSON, signed, with a timeout over all.

The receiver of the post recomputes HMAC-SHA256 over ``{X-Hazwatch-Timestamp}.{body}`` with the shared secret, compares
it with X-Hazwatch-Signature, and refuses a timestamp that is too old; X-Hazwatch-Id tells a repetition.
"""

import asyncio
import hashlib
import hmac
import time
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx

from alerting.notification import Notification
from alerting.notify.receiver import Failed, Outcome, Retry, Sent
from alerting.notify.settings import WebhookSettings
from registry.plant import Text

MAX_RETRY_AFTER_S = 600.0
MAX_ANSWER_BYTES = 64 << 10
"""A server's wish to be left alone longer than this is not granted: an alert cannot wait for it."""

_RETRIED = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
_SUCCESS, _REDIRECT, _SERVER_ERROR = 200, 300, 500


class WebhookReceiver:
    """Posts to one address; `clock` gives seconds since 1970 for timestamp and dates."""

    def __init__(self, settings: WebhookSettings, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._clock = clock
        # no proxies and no credentials from the environment: what is signed goes where the settings say
        self._client = httpx.AsyncClient(timeout=settings.timeout_s, trust_env=False, follow_redirects=False)

    async def send(self, notification: Notification) -> Outcome:
        """Post the notification's body."""
        return await self.post(notification.id, notification.body, "application/json")

    async def post(self, name: str, body: bytes, content_type: str) -> Outcome:
        """Post once; the answer's status decides. Of its body only so much is read that the connection can be kept."""
        settings = self._settings
        headers = headers_for(name, body, content_type, settings.secret, int(self._clock()))
        try:
            # httpx bounds each phase; this bounds their sum, against a server that trickles
            async with (
                asyncio.timeout(settings.timeout_s),
                self._client.stream("POST", settings.url, content=body, headers=headers) as answer,
            ):
                await _read_some(answer)
                return self._judge(answer)
        except (TimeoutError, httpx.TimeoutException):
            within = f"{settings.timeout_s:g}"
            return Retry(reason=Text(f"{within} 秒内无应答", f"no answer within {within} s"))
        except httpx.InvalidURL as exc:
            return Failed(reason=Text(f"地址无效：{exc}", f"not an address: {exc}"))
        except httpx.HTTPError as exc:
            why = str(exc) or type(exc).__name__
            return Retry(reason=Text(f"无法送达：{why}", f"cannot be reached: {why}"))

    async def close(self) -> None:
        """Close what is connected."""
        await self._client.aclose()

    def _judge(self, answer: httpx.Response) -> Outcome:
        status = answer.status_code
        if _SUCCESS <= status < _REDIRECT:
            return Sent()
        reason = Text(f"对方应答 {status}", f"answered {status}")
        if status in _RETRIED or status >= _SERVER_ERROR:
            return Retry(
                reason=reason, after_s=retry_after_s(answer.headers.get("Retry-After"), self._clock())
            )
        return Failed(reason=reason)


async def _read_some(answer: httpx.Response) -> None:
    """Read the body to its end, or give up on a long one; httpx keeps a connection only after a whole answer."""
    size = 0
    async for part in answer.aiter_raw():
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            return


def headers_for(
    name: str, body: bytes, content_type: str, secret: bytes | None, timestamp_s: int
) -> dict[str, str]:
    """Return the headers of a post, `name` telling a repetition; it is signed where there is a secret."""
    headers = {
        "Content-Type": content_type,
        "User-Agent": "hazwatch",
        "X-Hazwatch-Id": name,
        "X-Hazwatch-Timestamp": str(timestamp_s),
    }
    if secret is not None:
        signed = f"{timestamp_s}.".encode() + body
        digest = hmac.new(secret, signed, hashlib.sha256).hexdigest()
        headers["X-Hazwatch-Signature"] = f"sha256={digest}"
    return headers


def retry_after_s(header: str | None, now_s: float) -> float | None:
    """Return the wait that Retry-After asks for, in seconds or as a date; bounded, None where it says nothing."""
    if header is None:
        return None
    text = header.strip()
    if text.isdecimal() and text.isascii():
        wanted_s = float(text[:9])
    else:
        try:
            until = parsedate_to_datetime(text)
        except ValueError:
            return None
        wanted_s = (until if until.tzinfo else until.replace(tzinfo=UTC)).timestamp() - now_s
    return min(max(wanted_s, 0.0), MAX_RETRY_AFTER_S)
