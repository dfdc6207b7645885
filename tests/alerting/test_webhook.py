"""The webhook against real local servers: signature, answers, silence, a closed port."""

import asyncio
import hashlib
import hmac
import json
import socket

import pytest

from alerting.notify.receiver import Failed, Outcome, Retry, Sent
from alerting.notify.settings import WebhookSettings
from alerting.notify.webhook import MAX_RETRY_AFTER_S, WebhookReceiver, retry_after_s
from tests.alerting.doubles import Answer, hook, notification

NOW_S = 1_764_000_000


def send(
    url: str, times: int = 1, *, secret: bytes | None = b"s3cret", timeout_s: float = 10.0
) -> list[Outcome]:
    async def run() -> list[Outcome]:
        settings = WebhookSettings(url=url, secret=secret, timeout_s=timeout_s)
        receiver = WebhookReceiver(settings, clock=lambda: NOW_S + 0.5)
        try:
            return [await receiver.send(notification()) for _ in range(times)]
        finally:
            await receiver.close()

    return asyncio.run(run())


def test_the_post_is_the_alert_line_and_its_signature_can_be_checked_by_others() -> None:
    with hook(Answer(204)) as server:
        assert send(server.url) == [Sent()]
    [post] = server.posts
    assert post.path == "/hook"
    assert post.body == notification().body
    assert json.loads(post.body)["title"] == {"zh": "高"}
    assert post.headers["Content-Type"] == "application/json"
    assert (post.headers["X-Hazwatch-Id"], post.headers["X-Hazwatch-Timestamp"]) == ("n1", str(NOW_S))
    # HMAC by its definition (RFC 2104), not by the library that signed
    key = b"s3cret".ljust(64, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in key) + b"%d." % NOW_S + post.body).digest()
    outer = hashlib.sha256(bytes(b ^ 0x5C for b in key) + inner).hexdigest()
    assert hmac.compare_digest(post.headers["X-Hazwatch-Signature"], f"sha256={outer}")


def test_without_a_secret_there_is_no_signature() -> None:
    with hook(Answer()) as server:
        assert send(server.url, secret=None) == [Sent()]
    assert "X-Hazwatch-Signature" not in server.posts[0].headers


def test_a_server_that_recovers() -> None:
    with hook(Answer(500), Answer(200)) as server:
        first, second = send(server.url, 2)
    assert isinstance(first, Retry)
    assert (first.after_s, first.reason.en, first.reason.zh) == (None, "answered 500", "对方应答 500")
    assert second == Sent()
    assert {post.headers["X-Hazwatch-Id"] for post in server.posts} == {"n1"}


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_answers_that_mean_not_now(status: int) -> None:
    with hook(Answer(status, {"Retry-After": "7"})) as server:
        [outcome] = send(server.url)
    assert isinstance(outcome, Retry)
    assert outcome.after_s == 7.0


@pytest.mark.parametrize("status", [302, 400, 401, 404, 410, 413])
def test_answers_that_mean_never(status: int) -> None:
    with hook(Answer(status, {"Location": "/elsewhere"})) as server:
        [outcome] = send(server.url)
    assert outcome == Failed(reason=outcome.reason) if isinstance(outcome, Failed) else False
    assert len(server.posts) == 1, "a redirect is not followed"


def test_a_server_that_hangs_is_given_up_on() -> None:
    with hook(Answer(hang=True)) as server:
        [outcome] = send(server.url, timeout_s=0.2)
    assert isinstance(outcome, Retry)
    assert outcome.reason.en == "no answer within 0.2 s"
    assert outcome.reason.zh == "0.2 秒内无应答"


def test_a_closed_port() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: refused for as long as it is held
        [outcome] = send(f"http://127.0.0.1:{taken.getsockname()[1]}/")
    assert isinstance(outcome, Retry)
    assert outcome.reason.en.startswith("cannot be reached: ")


def test_an_address_that_is_none() -> None:
    [outcome] = send("http://127.0.0.1:port/")
    assert isinstance(outcome, Failed | Retry)


@pytest.mark.parametrize(
    ("header", "after_s"),
    [
        (None, None),
        ("0", 0.0),
        (" 12 ", 12.0),
        ("99999999999999999999", MAX_RETRY_AFTER_S),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("Mon, 24 Nov 2025 16:00:30 GMT", 30.0),
        ("Mon, 24 Nov 2025 16:00:30 -0000", 30.0),
        ("Mon, 24 Nov 2025 15:00:00 GMT", 0.0),
        ("Tue, 25 Nov 2025 16:00:00 GMT", MAX_RETRY_AFTER_S),
    ],
)
def test_retry_after(header: str | None, after_s: float | None) -> None:
    assert retry_after_s(header, NOW_S) == after_s
