"""The apprise receiver: what vendors get, field by field, and what is made of their answers; no secret is ever shown."""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import threading
import time
from typing import Any

import msgspec
import pytest
import requests
from structlog.testing import capture_logs

from alerting.notification import Notification
from alerting.notify.apprise import MAX_LEFT, MAX_PARTS, Answer, AppriseReceiver, judge, service_of
from alerting.notify.receiver import Failed, Outcome, Retry, Sent
from alerting.notify.samples import sample_notifications
from alerting.notify.settings import AppriseSettings, TemplateText
from registry.plant import Text
from tests.servers.hazwatch import wait_until
from tests.servers.vendors import Reply, vendors

NOTES = list(sample_notifications())
NOTE, GROUP, RESOLVED = NOTES[0], NOTES[-3], NOTES[-1]
SECRET, TOKEN = "SECc0ffee5ec3e7", "70ken0123456789abcdef"
DINGTALK, WECOM, FEISHU = f"dingtalk://{SECRET}@{TOKEN}", f"wecombot://{TOKEN}", f"feishu://{TOKEN}"
DISCORD = f"discord://{'1' * 18}/{'a' * 40}"
SHORT = TemplateText("short.j2", "{% set title = '报警 alarm' %}{{ alert.title.zh }}\n{{ alert.title.en }}")
TEXT = "T-101 球罐液位高高报 92.1 %\nT-101 level high-high 92.1 %"


def send(
    url: str, *notes: Notification, timeout_s: float = 10.0, template: TemplateText | None = SHORT
) -> list[Outcome]:
    async def run() -> list[Outcome]:
        receiver = AppriseReceiver(AppriseSettings(url=url, timeout_s=timeout_s, template=template))
        try:
            return [await receiver.send(note) for note in notes or (NOTE,)]
        finally:
            await receiver.close()

    return asyncio.run(run())


def test_dingtalk_gets_a_text_with_a_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    before_ms = int(time.time() * 1000)
    with vendors(monkeypatch, Reply(body=b'{"errcode":0,"errmsg":"ok"}')) as service:
        assert send(DINGTALK) == [Sent()]
    [got] = service.requests
    assert (got.host, got.path) == ("https://oapi.dingtalk.com", "/robot/send")
    assert got.headers["Content-Type"] == "application/json"
    assert json.loads(got.body) == {
        "msgtype": "text",
        "at": {"atMobiles": [], "isAtAll": False},
        "text": {"content": f"报警 alarm\r\n{TEXT}"},
    }
    [stamp] = got.query["timestamp"]
    assert before_ms - 1000 <= int(stamp) <= before_ms + 60_000
    # as DingTalk's own page has it: base64 of HMAC-SHA256 over timestamp, a line's end and the secret, by the secret
    digest = hmac.new(SECRET.encode(), f"{stamp}\n{SECRET}".encode(), hashlib.sha256).digest()
    assert set(got.query) == {"access_token", "timestamp", "sign"}
    assert got.query["access_token"] == [TOKEN]
    assert got.query["sign"] == [base64.b64encode(digest).decode()], "encoded once, not twice"


def test_wecom_gets_a_text_within_its_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    with vendors(monkeypatch, Reply(body=b'{"errcode":0,"errmsg":"ok"}')) as service:
        assert send(WECOM) == [Sent()]
        assert send(WECOM, GROUP, template=None) == [Sent()]
    first, *rest = service.requests
    assert (first.host, first.path) == ("https://qyapi.weixin.qq.com", "/cgi-bin/webhook/send")
    assert first.query == {"key": [TOKEN]}
    assert json.loads(first.body) == {"msgtype": "text", "text": {"content": f"报警 alarm\r\n{TEXT}"}}
    contents = [json.loads(one.body)["text"]["content"] for one in rest]
    assert all(len(text.encode()) <= 2048 for text in contents)
    assert "more" in "".join(contents)


def test_feishu_gets_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    with vendors(monkeypatch, Reply(body=b'{"code":0,"msg":"success"}')) as service:
        assert send(FEISHU) == [Sent()]
    [got] = service.requests
    assert (got.host, got.path, got.query) == (
        "https://open.feishu.cn",
        f"/open-apis/bot/v2/hook/{TOKEN}/",
        {},
    )
    assert json.loads(got.body) == {"msg_type": "text", "content": {"text": f"报警 alarm\r\n{TEXT}"}}


def hostile(words: str) -> Notification:
    """Return a notification whose names are these words."""
    body = json.loads(NOTE.body)
    told = {"zh": words, "en": words}
    body |= {"title": told, "sensor": f"lpg/{words}", "why": {**body["why"], "advice": told}}
    return msgspec.structs.replace(
        NOTE, body=msgspec.json.encode(body), person=words, reason=Text.same(words)
    )


@pytest.mark.parametrize(
    "url", [DINGTALK, f"{DINGTALK}?format=markdown", WECOM, f"{WECOM}?format=markdown", FEISHU, f"{FEISHU}?format=markdown", DISCORD]
)  # fmt: skip
def test_no_name_calls_everybody_or_is_a_link(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    name = (
        '<at user_id="all">x</at> <@all> <!channel> @all @everyone [safe](https://elsewhere.example) 1 <2 a@b'
    )
    titled = TemplateText("own.j2", "{% set title = alert.title.zh %}{{ alert.title.en }}")
    with vendors(monkeypatch) as service:
        assert send(url, hostile(name), template=None) == [Sent()]
        assert send(url, hostile(name), template=titled) == [Sent()]
    for got in service.requests:
        said = got.body.decode() + json.dumps(json.loads(got.body), ensure_ascii=False)
        for markup in ("<at", "</at", "<@", "<!", "@all", "@everyone", "]("):
            assert markup not in said, markup
        assert "＠all" in said
        assert "a@b" in said


def test_a_templates_own_markup_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    call = '<at user_id="all"></at>'
    own = TemplateText("own.j2", "{% set title = 'x' %}" + call + "{{ alert.title.en }}")
    with vendors(monkeypatch) as service:
        assert send(FEISHU, template=own) == [Sent()]
    assert json.loads(service.requests[0].body)["content"]["text"].endswith(
        f"{call}T-101 level high-high 92.1 %"
    )


def test_a_long_name_makes_few_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    sms = "clicksend://user:pass@13334445555"
    with vendors(monkeypatch) as service:
        assert send(sms, hostile("endless" * 1000), template=None) == [Sent()]
    bodies = [json.loads(got.body)["messages"][0]["body"] for got in service.requests]
    assert MAX_PARTS <= len(bodies) <= MAX_PARTS + 2, "the title takes room of its own"
    assert all(len(body) <= 160 for body in bodies)
    assert bodies[-1].endswith("…")


@pytest.mark.parametrize(
    ("url", "body", "said"),
    [
        (DINGTALK, {"errcode": 310000, "errmsg": "sign not match"}, "refused with error 310000"),
        (WECOM, {"errcode": 93000, "errmsg": "invalid webhook url"}, "refused with error 93000"),
        (FEISHU, {"code": 19001, "msg": "param invalid"}, "refused with error 19001"),
    ],
)
def test_a_refusal_in_an_answer_of_200_is_no_success(
    monkeypatch: pytest.MonkeyPatch, url: str, body: dict[str, Any], said: str
) -> None:
    with vendors(monkeypatch, Reply(body=json.dumps(body).encode())):
        [outcome] = send(url)
    assert isinstance(outcome, Failed)
    assert outcome.reason.en == said
    assert outcome.reason.zh.startswith("对方拒收，错误码 ")


@pytest.mark.parametrize(
    ("url", "body"),
    [(DINGTALK, {"errcode": 130101}), (WECOM, {"errcode": 45009}), (WECOM, {"errcode": -1}), (FEISHU, {"code": 9499})],
)  # fmt: skip
def test_too_many_messages_is_not_now(
    monkeypatch: pytest.MonkeyPatch, url: str, body: dict[str, Any]
) -> None:
    with vendors(monkeypatch, Reply(body=json.dumps(body).encode())):
        [outcome] = send(url)
    assert isinstance(outcome, Retry)


@pytest.mark.parametrize(("status", "kind"), [(500, Retry), (503, Retry), (429, Retry), (408, Retry), (404, Failed), (400, Failed), (302, Failed)])  # fmt: skip
def test_statuses(monkeypatch: pytest.MonkeyPatch, status: int, kind: type[Outcome]) -> None:
    with vendors(
        monkeypatch, Reply(status, headers={"Retry-After": "7", "Location": "https://elsewhere.example/"})
    ) as service:
        [outcome] = send(WECOM)
    assert isinstance(outcome, kind)
    assert not isinstance(outcome, Sent)
    assert outcome.reason.en == f"answered {status}"
    assert len(service.requests) == 1, "no repetition of the library's own, no redirect followed"
    if isinstance(outcome, Retry):
        assert outcome.after_s == 7.0


def test_its_own_repetitions_stay_off_whatever_the_url_says(monkeypatch: pytest.MonkeyPatch) -> None:
    with vendors(monkeypatch, Reply(500)) as service:
        [outcome] = send(f"{WECOM}?retry=5&wait=0.01")
    assert isinstance(outcome, Retry)
    assert len(service.requests) == 1


def test_another_try_succeeds(monkeypatch: pytest.MonkeyPatch) -> None:
    with vendors(monkeypatch, Reply(500), Reply()):
        first, second = send(DINGTALK, NOTE, NOTE)
    assert isinstance(first, Retry)
    assert second == Sent()


def test_a_service_that_hangs_is_given_up_on_and_holds_up_neither_loop_nor_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def run() -> tuple[list[Outcome], int]:
        receiver = AppriseReceiver(AppriseSettings(url=WECOM, timeout_s=0.2))
        receiver._service.socket_read_timeout = 30  # as a server that sends a byte now and then
        turns = 0

        async def beat() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        beating = asyncio.create_task(beat())
        outcomes = [await receiver.send(NOTE) for _ in range(MAX_LEFT + 1)]
        beating.cancel()
        return outcomes, turns

    with vendors(monkeypatch, Reply(hang=True)) as service:
        outcomes, turns = asyncio.run(run())
        wait_until(lambda: len(service.requests) >= MAX_LEFT, 60, lambda: service.requests)
        assert len(service.requests) == MAX_LEFT, "no more threads than that are left behind"
    texts = [one.reason.en for one in outcomes if isinstance(one, Retry)]
    assert texts == ["no answer within 0.2 s"] * MAX_LEFT + ["earlier attempts have not come back yet"]
    assert turns > 100
    for thread in threading.enumerate():
        if thread.name == "apprise":
            assert thread.daemon
            thread.join(10)


@pytest.mark.parametrize(
    ("note", "grade", "colour"),
    [(NOTE, "red", "failure"), (NOTE, "blue", "info"), (RESOLVED, "red", "success")],
)
def test_the_kind_of_message_follows_grade_and_status(
    monkeypatch: pytest.MonkeyPatch, note: Notification, grade: str, colour: str
) -> None:
    coloured = msgspec.structs.replace(
        note, body=note.body.replace(b'"grade":"orange"', f'"grade":"{grade}"'.encode())
    )
    with vendors(monkeypatch) as service:
        assert send("jsons://user:pass@service.example/hook", coloured) == [Sent()]
    [got] = service.requests
    assert got.host == "https://service.example"
    said = json.loads(got.body)
    assert (said["type"], said["title"]) == (colour, "报警 alarm")


def test_no_secret_is_shown_anywhere(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = AppriseSettings(url=DINGTALK)
    said = [repr(settings), str(settings)]
    with capture_logs() as logs:
        for reply in (Reply(500), Reply(400), Reply(body=f'{{"errcode":1,"errmsg":"{TOKEN}"}}'.encode())):
            with vendors(monkeypatch, reply):
                said += [repr(outcome) for outcome in send(DINGTALK)]
        for _ in range(2):  # nobody is there: the library's own words hold the whole address
            with monkeypatch.context() as patched:
                patched.setattr("requests.adapters.HTTPAdapter.send", _unreachable)
                said += [repr(outcome) for outcome in send(DINGTALK)]
        assert service_of(f"dingtalk://{SECRET}!@{TOKEN}%%%") is None
    captured = capfd.readouterr()
    said += [repr(logs), captured.out, captured.err]
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("urllib3")]
    assert not [text for text in [*said, *ours] if SECRET in text or TOKEN in text]
    assert "cannot be reached: ConnectionError" in said[-4]


def _unreachable(*_: Any, **__: Any) -> Any:
    raise requests.ConnectionError(f"https://oapi.dingtalk.com/robot/send?access_token={TOKEN}")


@pytest.mark.parametrize("url", ["", "nothing://x", "dingtalk://", "http//x", "mailto://"])
def test_what_is_no_url_of_a_service(url: str) -> None:
    assert service_of(url) is None


def test_what_is_made_of_several_parts() -> None:
    good, busy, bad = Answer(200), Answer(503), Answer(400)
    assert judge(taken=True, answers=[good, good], errors=[]) == Sent()
    assert isinstance(judge(taken=False, answers=[good, busy, bad], errors=[]), Retry)
    assert isinstance(judge(taken=False, answers=[good, bad], errors=[]), Failed)
    assert isinstance(judge(taken=True, answers=[Answer(200, error=5)], errors=[]), Failed)
    assert isinstance(judge(taken=False, answers=[bad], errors=["Timeout"]), Retry)
    assert judge(taken=True, answers=[], errors=[]) == Sent(), "not every service speaks HTTP"
    assert isinstance(judge(taken=False, answers=[], errors=[]), Retry)
