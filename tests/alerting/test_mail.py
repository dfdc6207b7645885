"""The mail receiver against a real SMTP server: what arrives, TLS and login, and every way to be refused."""

import asyncio
import re
import socket
from collections.abc import Sequence
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import msgspec
import pytest

from alerting.notification import Notification
from alerting.notify.mail import MailReceiver, mail_of
from alerting.notify.receiver import Failed, Outcome, Retry, Sent
from alerting.notify.samples import sample_notifications
from alerting.notify.settings import MailSettings, Security, TemplateText
from alerting.notify.template import Words
from registry.plant import Text
from tests.servers.mail import MailServer, mail_server
from tests.servers.mosquitto import Certificates, free_port, make_certificates

NOW_S = 1_764_000_000.0
NOTES = list(sample_notifications())
NOTE, GROUP = NOTES[0], NOTES[-3]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def settings(server: MailServer | int, to: Sequence[str] = ("li@site.example",)) -> MailSettings:
    return MailSettings(
        host="127.0.0.1",
        port=server if isinstance(server, int) else server.port,
        sender="报警 <alarm@site.example>",
        to=tuple(to),
        security=Security.NONE,
        timeout_s=10.0,
        time_zone="Asia/Shanghai",
    )


def send(given: MailSettings, *notes: Notification) -> list[Outcome]:
    async def run() -> list[Outcome]:
        receiver = MailReceiver(given, clock=lambda: NOW_S)
        try:
            return [await receiver.send(note) for note in notes or (NOTE,)]
        finally:
            await receiver.close()
            await asyncio.sleep(
                0.01
            )  # asyncio lets go of a connection that failed in a turn of the loop after

    return asyncio.run(run())


def text_of(message: EmailMessage) -> str:
    content = message.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def test_a_mail_says_it_all_in_both_languages() -> None:
    with mail_server() as server:
        assert send(settings(server, ["li@site.example", "wang@site.example"])) == [Sent()]
    [mail] = server.mails
    assert (mail.to, mail.sender) == (["li@site.example", "wang@site.example"], "alarm@site.example")
    message = mail.message
    assert message["Subject"] == (
        "【橙色 ORANGE】 报警：T-101 球罐液位高高报 92.1 % / opened: T-101 level high-high 92.1 %"
    )
    assert message["From"] == "报警 <alarm@site.example>"
    assert message["Message-ID"] == "<00112233445566778899aabb@site.example>"
    assert message["References"] == "<alert-0123456789abcdef@site.example>"
    assert message["Date"] == "Mon, 24 Nov 2025 16:00:00 +0000"
    assert (message["Auto-Submitted"], message["Importance"]) == ("auto-generated", None)
    chinese, english = re.split(r"^-{20,}$", text_of(message), flags=re.MULTILINE)
    for words in (
        "级别：橙色 · 报警",
        "时间：2026-03-01 12:05:06 +0800",
        "测点：lpg/LT-101 · farm",
        "处置：停止进料",
        "通知对象：zhang",
        "通知原因：样例",
    ):
        assert words in chinese
    for words in (
        "grade: orange · opened",
        "sensor: lpg/LT-101",
        "do: stop filling",
        "for: zhang",
        "why you are told: a sample",
    ):
        assert words in english


def test_a_group_is_one_mail_that_lists_its_alerts_and_counts_the_rest() -> None:
    with mail_server() as server:
        assert send(settings(server), GROUP) == [Sent()]
    [mail] = server.mails
    count = len(GROUP.body.split(b'"seq":')) - 1 + 1234
    assert f"{count} 条报警" in mail.message["Subject"]
    assert f"{count} alerts" in mail.message["Subject"]
    assert f"未列出的报警数：{count - 50}" in text_of(mail.message)
    assert f"alerts not listed: {count - 50}" in text_of(mail.message)


@pytest.mark.parametrize(
    "title",
    [
        "=?utf-8?q?=0aBcc:_all=40elsewhere.example?=",
        "LT-101 =?utf-8?q?=0d=0aBcc:_all=40elsewhere.example=0d=0a=0d=0abody?= 报警",
        "=?utf-8?b?CkJjYzogYWxsQGVsc2V3aGVyZS5leGFtcGxl?=",
        "LT-101\r\nBcc: all@elsewhere.example",
        "LT-101\x0b\u2028\x85Bcc: all@elsewhere.example",
        "=?" * 100,
    ],
)
def test_a_title_makes_no_header_of_its_own(title: str) -> None:
    given = settings(25)
    plain = mail_of(NOTE, Words("T-101", "body"), given, NOW_S)
    made = message_from_bytes(mail_of(NOTE, Words(title, "body"), given, NOW_S).as_bytes(), policy=default)
    assert made.keys() == plain.keys()
    assert made.get_payload() == plain.get_payload()
    assert made["Subject"] == " ".join(title.replace("=?", "= ?").split())


def test_red_is_marked_important() -> None:
    red = msgspec.structs.replace(NOTE, body=NOTE.body.replace(b'"grade":"orange"', b'"grade":"red"'))
    assert mail_of(red, Words("t", "b"), settings(1), NOW_S)["Importance"] == "high"


def test_a_title_of_several_lines_adds_no_header() -> None:
    mail = mail_of(NOTE, Words("a\r\nBcc: x@y.cn", "b"), settings(1), NOW_S)
    assert mail["Subject"] == "a Bcc: x@y.cn"
    assert mail["Bcc"] is None


def test_a_repetition_has_the_same_message_id() -> None:
    with mail_server() as server:
        server.data = ("451 later", "250 taken")
        first, second = send(settings(server), NOTE, NOTE)
    assert isinstance(first, Retry)
    assert "451 later" in first.reason.en
    assert second == Sent()
    assert len({mail.message["Message-ID"] for mail in server.mails}) == 1


def test_a_template_of_ones_own() -> None:
    text = TemplateText(
        "own.j2",
        "{% set title %}{{ alert.sensor }}\n\nof {{ receiver }}{% endset %}{{ alerts|length }} alert",
    )
    with mail_server() as server:
        assert send(replace(settings(server), template=text)) == [Sent()]
    [mail] = server.mails
    assert (mail.message["Subject"], text_of(mail.message)) == ("lpg/LT-101 of duty", "1 alert\n")


def test_a_template_that_fails_on_what_nobody_foresaw_holds_nothing_back() -> None:
    text = TemplateText("own.j2", "{% set title = 'x' %}{{ alert.nothing.like.this }}")
    with mail_server() as server:
        assert send(replace(settings(server), template=text)) == [Sent()]
    assert "T-101 球罐液位高高报" in server.mails[0].message["Subject"]


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # TLS from the beginning is none to this server
@pytest.mark.parametrize("implicit", [False, True])
def test_tls_and_login(certificates: Certificates, implicit: bool) -> None:
    with mail_server(certificates=certificates, implicit_tls=implicit, login=("gw", "pässword")) as server:
        given = replace(
            settings(server),
            security=Security.TLS if implicit else Security.STARTTLS,
            ca=certificates.ca,
            username="gw",
            password="pässword",
        )
        assert send(given) == [Sent()]
        [outcome] = send(replace(given, password="wrong"))
        assert isinstance(outcome, Retry), "mended in the settings, the mail still goes"
        assert "535" in outcome.reason.en
        assert "wrong" not in outcome.reason.en
        [outcome] = send(replace(given, ca=None))
        assert isinstance(outcome, Retry)
        assert "certificate" in outcome.reason.en.lower(), "a server that cannot prove who it is gets nothing"
    [mail] = server.mails
    assert (mail.encrypted, mail.login) == (True, "gw")
    assert "pässword" not in repr(given)


def test_a_password_that_cannot_be_sent_is_not_shown(certificates: Certificates) -> None:
    with mail_server(certificates=certificates, login=("gw", "x")) as server:
        given = replace(
            settings(server),
            security=Security.STARTTLS,
            ca=certificates.ca,
            username="gw",
            password="s3cret\udc00",
        )
        [outcome] = send(given)
    assert isinstance(outcome, Retry)
    assert outcome.reason == Text("无法投递：UnicodeEncodeError", "cannot be mailed: UnicodeEncodeError")


def test_a_server_without_starttls_gets_nothing() -> None:
    with mail_server() as server:
        [outcome] = send(replace(settings(server), security=Security.STARTTLS))
        assert isinstance(outcome, Retry)
    assert server.mails == []


def test_who_has_taken_a_mail_is_not_sent_it_again_for_anothers_sake() -> None:
    with mail_server() as server:
        server.recipients = {"wang@site.example": "450 greylisted"}
        given = settings(server, ["li@site.example", "wang@site.example"])

        async def run() -> list[Outcome]:
            receiver = MailReceiver(given, clock=lambda: NOW_S)
            first = [await receiver.send(NOTE), await receiver.send(NOTE)]
            server.recipients = {}
            return [*first, await receiver.send(NOTE)]

        first, second, third = asyncio.run(run())
    assert isinstance(first, Retry)
    assert first.reason.en == "refused by the mail server: wang@site.example: 450 greylisted"
    assert isinstance(second, Retry)
    assert third == Sent()
    assert [mail.to for mail in server.mails] == [["li@site.example"], ["wang@site.example"]]


def test_an_address_that_there_is_not_is_a_failure_that_names_it() -> None:
    with mail_server() as server:
        server.recipients = {"gone@site.example": "550 no such user"}
        [outcome] = send(settings(server, ["li@site.example", "gone@site.example"]))
    assert isinstance(outcome, Failed)
    assert outcome.reason.zh == "邮件服务器拒收：gone@site.example: 550 no such user"
    assert [mail.to for mail in server.mails] == [["li@site.example"]]


def test_a_mail_that_is_refused_for_what_it_is() -> None:
    with mail_server() as server:
        server.data = ("554 looks like spam",)
        [outcome] = send(settings(server))
    assert isinstance(outcome, Failed)
    assert "554 looks like spam" in outcome.reason.en


def test_a_sender_that_is_refused_waits_for_better_settings() -> None:
    with mail_server() as server:
        server.sender = "550 not you"
        [outcome] = send(settings(server))
    assert isinstance(outcome, Retry)
    assert "550 not you" in outcome.reason.en


def test_a_server_that_hangs_is_given_up_on() -> None:
    with mail_server() as server:
        server.hang = True
        [outcome] = send(replace(settings(server), timeout_s=0.3))
    assert isinstance(outcome, Retry)
    assert outcome.reason.en == "no answer within 0.3 s"


def test_a_closed_port() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        [outcome] = send(settings(taken.getsockname()[1]))
    assert isinstance(outcome, Retry)
    assert outcome.reason.en.startswith("cannot be mailed: ")


def test_the_address_of_a_sender_gives_the_domain_of_ids() -> None:
    mail = mail_of(NOTE, Words("t", "b"), replace(settings(free_port()), sender="a@b.cn"), NOW_S)
    assert mail["Message-ID"] == "<00112233445566778899aabb@b.cn>"
