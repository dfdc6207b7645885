"""The apprise receiver: any service that an Apprise URL names (DingTalk, WeCom, Feishu, SMS gateways, ...).

Theory of operation. The library blocks, so each call has a thread of its own, one at a time, with a timeout over all; a
thread that hangs is left behind, and after `MAX_LEFT` of them nothing is begun until one ends. It says no more than that
it failed, and calls some refusals a success: DingTalk and WeCom answer 200 with an error in the body. So the answers
that its HTTP client got are listened to, and decide. Its URL holds secrets: nothing that the library says is passed on,
neither its log nor its errors.
"""

import asyncio
import contextlib
import contextvars
import logging
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
import requests
from apprise import Apprise, AppriseAsset, NotifyBase, NotifyFormat, NotifyType, OverflowMode

from alerting.notification import Notification
from alerting.notify.receiver import Failed, Outcome, Retry, Sent
from alerting.notify.settings import AppriseSettings
from alerting.notify.template import Words, view_of
from alerting.notify.webhook import retry_after_s
from alerting.notify.wording import Wording
from registry.plant import Text

MAX_LEFT = 3
MAX_ANSWER_BYTES = 64 << 10
_REDIRECT, _SERVER_ERROR = 300, 500
_RETRIED = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})

ERROR_KEYS: Mapping[str, str] = {
    "oapi.dingtalk.com": "errcode",
    "qyapi.weixin.qq.com": "errcode",
    "open.feishu.cn": "code",
    "open.larksuite.com": "code",
}
"""Where services that answer 200 to everything say whether they took it; 0 is yes."""
BUSY = frozenset({-1, 130101, 45009, 9499, 11232})
"""Their errors that mean not now: busy, or too many messages a minute (from the vendors' documents)."""

COUNT_BYTES = frozenset({"dingtalk", "wecombot", "feishu", "lark"})
"""Services whose limit is one of bytes, while the library counts characters."""
UTF8_BYTES = 3
"""A Chinese character's."""

MAX_PARTS = 8
"""Messages that one notification is cut into: an SMS costs money, and nobody reads the tenth."""

_MARKUP = re.compile(r"<(?=[A-Za-z/!@#&])|@(?=(?:all|everyone|here|channel)\b)|(?<=\])\(")
"""How tags, calls to everybody and links begin in the services' notations: `<at user_id="all">`, `@everyone`, `[x](http://…)`."""
_AS_TEXT: Mapping[str, str] = {"<": "＜", "@": "＠", "(": "（"}

_KINDS: Mapping[str, NotifyType] = {
    "red": NotifyType.FAILURE,
    "orange": NotifyType.WARNING,
    "yellow": NotifyType.WARNING,
    "blue": NotifyType.INFO,
}

logging.getLogger("apprise").disabled = True


@dataclass(slots=True)
class _Heard:
    """What one call's HTTP client got: (host, response), or the kind of error that stood in its place."""

    answers: list[tuple[str, requests.Response]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


_LISTENING: contextvars.ContextVar[_Heard | None] = contextvars.ContextVar("listening", default=None)


def _listen() -> None:
    """Have every call of the HTTP client note its answer where somebody listens on its thread."""
    send = requests.Session.send

    def noted(self: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        heard = _LISTENING.get()
        if heard is None:
            return send(self, request, **options)
        try:
            answer = send(self, request, **options)
        except requests.RequestException as error:
            heard.errors.append(type(error).__name__)
            raise
        host = urlsplit(request.url or "").hostname or ""
        heard.answers.append((host, answer))
        return answer

    requests.Session.send = noted  # type: ignore[method-assign]


_listen()


def service_of(url: str) -> NotifyBase | None:
    """Return the service that a URL names, None where it names none; its own repetitions and waits are off."""
    asset = AppriseAsset(
        app_id="hazwatch",
        app_desc="hazwatch",
        app_url="",
        async_mode=False,
        secure_logging=True,
        storage_mode="memory",
    )
    try:
        service = Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    except Exception:  # noqa: BLE001 - the error's text may hold the URL
        return None
    if service is None:
        return None
    service.retry, service.request_rate_per_sec, service.redirects = 0, 0.0, False
    if service.overflow_mode == OverflowMode.UPSTREAM:
        service.overflow_mode = OverflowMode.SPLIT
    if str(service.secure_protocol) in COUNT_BYTES:
        service.body_maxlen //= UTF8_BYTES
    if str(service.secure_protocol) == "dingtalk":
        _sign_once_encoded(service)
    return service


def _sign_once_encoded(service: Any) -> None:
    """Undo the percent-encoding of DingTalk's signature: the HTTP client encodes it too, and twice is refused (310000)."""
    signed = service.get_signature

    def bare() -> tuple[str, str]:
        stamp, signature = signed()
        return stamp, unquote(signature)

    service.get_signature = bare


class AppriseReceiver:
    """Sends through one service."""

    def __init__(self, settings: AppriseSettings) -> None:
        service = service_of(settings.url)
        assert service is not None, "the routes file was checked"
        service.socket_connect_timeout = service.socket_read_timeout = settings.timeout_s
        self._service = service
        self._timeout_s = settings.timeout_s
        self._wording = Wording(settings.template, "chat", settings.time_zone)
        self._turn = asyncio.Lock()
        self._left: list[threading.Thread] = []

    async def send(self, notification: Notification) -> Outcome:
        """Send once; another notification waits until this one is answered or given up."""
        words = self._wording.words(inert(notification))
        kind = _kind_of(view_of(notification))
        async with self._turn:
            self._left = [thread for thread in self._left if thread.is_alive()]
            if len(self._left) >= MAX_LEFT:
                return Retry(reason=Text("此前的发送仍未返回", "earlier attempts have not come back yet"))
            thread, done = _aside(lambda: self._call(words, kind))
            try:
                async with asyncio.timeout(self._timeout_s):
                    return await done
            except TimeoutError:
                self._left.append(thread)
                within = f"{self._timeout_s:g}"
                return Retry(reason=Text(f"{within} 秒内无应答", f"no answer within {within} s"))

    async def close(self) -> None:
        """Nothing is held open; a thread that hangs does not hold up the program's end."""

    def _call(self, words: Words, kind: NotifyType) -> Outcome:
        """Send on this thread, and judge by what was heard; never raises."""
        heard = _Heard()
        _LISTENING.set(heard)
        most = self._service.body_maxlen * MAX_PARTS
        body = words.body if len(words.body) <= most else words.body[: most - 1] + "…"
        try:
            taken = self._service.notify(
                body=body, title=words.title, notify_type=kind, body_format=NotifyFormat.TEXT
            )
        except Exception as error:  # noqa: BLE001 - the library's own fault; its text may hold the URL
            heard.errors.append(type(error).__name__)
            taken = False
        return judge(
            taken=bool(taken), answers=[_answer_of(*each) for each in heard.answers], errors=heard.errors
        )


def inert(notification: Notification) -> Notification:
    """Return a notification in whose texts no service finds markup; a template's own is left alone."""
    return msgspec.structs.replace(
        notification,
        body=_as_text(notification.body.decode()).encode(),
        person=None if notification.person is None else _as_text(notification.person),
        reason=Text(_as_text(notification.reason.zh), _as_text(notification.reason.en)),
    )


def _as_text(text: str) -> str:
    """Return it, be it JSON or not: what is replaced is no part of JSON's own notation."""
    return _MARKUP.sub(lambda found: _AS_TEXT[found[0]], text)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one HTTP request was answered: its status, the service's own error code, and the wait it asked for."""

    status: int
    error: int = 0
    after_s: float | None = None

    @property
    def taken(self) -> bool:
        """Whether the service has it."""
        return self.status < _REDIRECT and not self.error

    @property
    def for_good(self) -> bool:
        """Whether the same will be refused again."""
        if self.error:
            return self.error not in BUSY
        return _REDIRECT <= self.status < _SERVER_ERROR and self.status not in _RETRIED

    @property
    def said(self) -> Text:
        """What it answered, in words; never the service's own text, which may repeat what was sent to it."""
        if self.error:
            return Text(f"对方拒收，错误码 {self.error}", f"refused with error {self.error}")
        return Text(f"对方应答 {self.status}", f"answered {self.status}")


def judge(*, taken: bool, answers: Sequence[Answer], errors: Sequence[str]) -> Outcome:
    """Return what came of a call: `taken` as the library says, the answers that it got, and the errors in place of one.

    One part that may succeed later makes the whole worth another try.
    """
    refused = [answer for answer in answers if not answer.taken]
    if errors:
        return Retry(reason=Text(f"无法送达：{errors[-1]}", f"cannot be reached: {errors[-1]}"))
    if refused:
        again = next((answer for answer in refused if not answer.for_good), None)
        if again is None:
            return Failed(reason=refused[-1].said)
        return Retry(reason=again.said, after_s=again.after_s)
    if taken:
        return Sent()
    return Retry(reason=Text("未能送达，原因不明", "not delivered, for a reason not told"))


def _answer_of(host: str, answer: requests.Response) -> Answer:
    return Answer(
        status=answer.status_code,
        error=_error_in(host, answer.content),
        after_s=retry_after_s(answer.headers.get("Retry-After"), time.time()),
    )


def _error_in(host: str, content: bytes) -> int:
    key = ERROR_KEYS.get(host)
    if key is None or len(content) > MAX_ANSWER_BYTES:
        return 0
    try:
        said = msgspec.json.decode(content, type=dict[str, Any]).get(key, 0)
    except msgspec.DecodeError:
        return 0
    return said if isinstance(said, int) else 0


def _kind_of(view: Mapping[str, Any]) -> NotifyType:
    if view["status"] == "resolved":
        return NotifyType.SUCCESS
    return _KINDS[view["alert"]["grade"]]


def _aside(call: Callable[[], Outcome]) -> tuple[threading.Thread, asyncio.Future[Outcome]]:
    """Begin a call on a thread that does not hold up the program's end; return it with what will come of the call."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Outcome] = loop.create_future()

    def settle(outcome: Outcome) -> None:
        if not done.done():
            done.set_result(outcome)

    def run() -> None:
        outcome = call()
        with contextlib.suppress(RuntimeError):  # the loop is closed: the program ends
            loop.call_soon_threadsafe(settle, outcome)

    thread = threading.Thread(target=run, name="apprise", daemon=True)
    thread.start()
    return thread, done
