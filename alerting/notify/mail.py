"""The mail receiver: one mail a notification, in both languages, by way of one SMTP server.

The Message-ID is made from the notification's id, so that a repetition is recognised; all mails of an alert refer to the
same thread. An address that has taken a mail is not sent it again while another address of it is being retried.
"""

import asyncio
import contextlib
import socket
import ssl
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

import aiosmtplib

from alerting.notification import Notification
from alerting.notify.receiver import Failed, Outcome, Retry, Sent
from alerting.notify.settings import MailSettings, Security
from alerting.notify.template import Words, view_of
from alerting.notify.wording import Wording
from registry.plant import Text
from registry.texts import one_line

AT_ONCE = 2
"""Mail servers refuse clients that come with many connections."""
REMEMBERED = 10_000
GOODBYE_S = 1.0
_PERMANENT = 500


class MailReceiver:
    """Mails through one server, with a connection for each mail; `clock` gives seconds since 1970 for the date."""

    def __init__(self, settings: MailSettings, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._clock = clock
        self._wording = Wording(settings.template, "mail", settings.time_zone)
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._taken: OrderedDict[str, set[str]] = OrderedDict()

    async def send(self, notification: Notification) -> Outcome:
        """Mail to every address that has not taken it yet."""
        settings = self._settings
        left = [to for to in settings.to if to not in self._taken.get(notification.id, ())]
        mail = mail_of(notification, self._wording.words(notification), settings, self._clock())
        async with self._turn:
            client = self._client()
            try:
                async with asyncio.timeout(settings.timeout_s):
                    await client.connect()
                    refused = await _submit(client, mail, left)
            except (TimeoutError, aiosmtplib.SMTPTimeoutError):
                within = f"{settings.timeout_s:g}"
                return Retry(reason=Text(f"{within} 秒内无应答", f"no answer within {within} s"))
            except aiosmtplib.SMTPDataError as error:
                return _judged(error.code, _said(error))
            except (aiosmtplib.SMTPException, OSError) as error:
                # a login or a sender that is refused is a matter of settings: the mail waits until they are mended
                return Retry(reason=Text(f"无法投递：{_said(error)}", f"cannot be mailed: {_said(error)}"))
            except Exception as error:  # noqa: BLE001 - what else a library may raise, whose words may hold the password
                kind = type(error).__name__
                return Retry(reason=Text(f"无法投递：{kind}", f"cannot be mailed: {kind}"))
            finally:
                await _leave(client)
        return self._note(notification.id, left, refused)

    async def close(self) -> None:
        """Nothing is held open."""

    def _client(self) -> aiosmtplib.SMTP:
        settings = self._settings
        encrypted = settings.security is not Security.NONE
        return aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            username=settings.username,
            password=settings.password,
            timeout=settings.timeout_s,
            local_hostname=socket.gethostname(),  # not its full name, for which the library would ask the network
            use_tls=settings.security is Security.TLS,
            start_tls=settings.security is Security.STARTTLS,
            tls_context=ssl.create_default_context(cafile=settings.ca) if encrypted else None,
        )

    def _note(self, name: str, to: Iterable[str], refused: dict[str, aiosmtplib.SMTPResponse]) -> Outcome:
        """Judge by the addresses: one that may take it later is tried again, one that never will is a failure."""
        if not refused:
            self._taken.pop(name, None)
            return Sent()
        said = "; ".join(f"{who}: {answer.code} {answer.message}" for who, answer in sorted(refused.items()))
        code = min(answer.code for answer in refused.values())
        if code >= _PERMANENT:
            self._taken.pop(name, None)
        else:
            self._taken.setdefault(name, set()).update(who for who in to if who not in refused)
            while len(self._taken) > REMEMBERED:
                self._taken.popitem(last=False)
        return _judged(code, said)


async def _submit(
    client: aiosmtplib.SMTP, mail: EmailMessage, to: list[str]
) -> dict[str, aiosmtplib.SMTPResponse]:
    """Hand the mail in; return the addresses that were refused, with the answers."""
    sender = parseaddr(str(mail["From"]))[1]
    try:
        refused, _ = await client.send_message(mail, sender=sender, recipients=to)
    except aiosmtplib.SMTPRecipientsRefused as error:
        return {each.recipient: aiosmtplib.SMTPResponse(each.code, each.message) for each in error.recipients}
    return refused


async def _leave(client: aiosmtplib.SMTP) -> None:
    """Say goodbye; what comes of that changes nothing any more."""
    if client.is_connected:
        with contextlib.suppress(TimeoutError, aiosmtplib.SMTPException, OSError):
            async with asyncio.timeout(GOODBYE_S):
                await client.quit()
    client.close()


def _judged(code: int, said: str) -> Outcome:
    reason = Text(f"邮件服务器拒收：{said}", f"refused by the mail server: {said}")
    return Failed(reason=reason) if code >= _PERMANENT else Retry(reason=reason)


def _said(error: Exception) -> str:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"{error.code} {error.message}"
    return str(error) or type(error).__name__


def _literal(text: str) -> str:
    """Return a header's text without encoded words (RFC 2047): the library decodes what looks like one, line breaks too."""
    return text.replace("=?", "= ?")


def mail_of(notification: Notification, words: Words, settings: MailSettings, now_s: float) -> EmailMessage:
    """Return the mail that tells a notification; the same but for its date whenever it is made."""
    mail = EmailMessage()
    domain = parseaddr(settings.sender)[1].rpartition("@")[2] or "hazwatch"
    mail["From"] = settings.sender
    mail["To"] = ", ".join(settings.to)
    mail["Subject"] = _literal(one_line(words.title))
    mail["Date"] = format_datetime(datetime.fromtimestamp(now_s, UTC))
    mail["Message-ID"] = f"<{notification.id}@{domain}>"
    mail["References"] = f"<alert-{notification.alert}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Hazwatch-Id"] = notification.id
    if view_of(notification)["alert"]["grade"] == "red":
        mail["Importance"] = "high"
    mail.set_content(words.body)
    return mail
