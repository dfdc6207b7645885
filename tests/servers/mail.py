"""A real SMTP server on 127.0.0.1, in this process: keeps every mail, refuses and hangs as it is told."""

import asyncio
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

from tests.servers.mosquitto import Certificates, free_port


@dataclass
class Mail:
    """One mail as it was handed in."""

    to: list[str]
    sender: str
    message: EmailMessage
    encrypted: bool
    login: str | None


@dataclass
class MailServer:
    """What the server got and how it answers: `recipients` by address, `data` in turn, the last for ever."""

    port: int
    mails: list[Mail] = field(default_factory=list)
    recipients: dict[str, str] = field(default_factory=dict)
    data: Sequence[str] = ("250 taken",)
    sender: str = "250 ok"
    hang: bool = False
    connections: int = 0

    async def handle_EHLO(  # noqa: N802 - the names and places of aiosmtpd
        self, _server: Any, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        if self.hang:
            await asyncio.sleep(30)
        session.host_name = hostname
        return responses

    async def handle_MAIL(  # noqa: N802 - as above
        self, _server: Any, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self.sender

    async def handle_RCPT(  # noqa: N802 - as above
        self, _server: Any, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = self.recipients.get(address, "250 ok")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        answer = self.data[min(len(self.mails), len(self.data) - 1)]
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, EmailMessage, policy=default)
        assert isinstance(message, EmailMessage)
        data = session.auth_data
        login = data.login.decode() if isinstance(data, LoginPassword) else None
        self.mails.append(
            Mail(
                list(envelope.rcpt_tos),
                envelope.mail_from or "",
                message,
                server.transport.get_extra_info("sslcontext") is not None,
                login,
            )
        )
        return answer


@contextmanager
def mail_server(
    *,
    certificates: Certificates | None = None,
    implicit_tls: bool = False,
    login: tuple[str, str] | None = None,
) -> Iterator[MailServer]:
    """Serve; with `certificates` by STARTTLS, or by TLS from the beginning; with `login` for those who have it."""
    made = MailServer(free_port())
    context = None
    if certificates is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificates.server_cert, certificates.server_key)

    def check(
        _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: LoginPassword
    ) -> AuthResult:
        good = login is not None and (data.login.decode(), data.password.decode()) == login
        return AuthResult(success=good, handled=False, auth_data=data)

    options: dict[str, Any] = {}
    if login is not None:
        options = {"authenticator": check, "auth_required": True, "auth_require_tls": not implicit_tls}
    if context is not None and not implicit_tls:
        options["tls_context"] = context
        options["require_starttls"] = True
    controller = Controller(
        made, hostname="127.0.0.1", port=made.port, ssl_context=context if implicit_tls else None, **options
    )
    controller.start()
    try:
        yield made
    finally:
        controller.stop()
