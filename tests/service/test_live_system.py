"""What the console sees of hazwatch itself: refused messages by pages, and receivers that are tried."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from alerting.notify.receiver import Failed, Sent
from alerting.notify.settings import LogSettings, MqttSettings, ReceiverSettings, SirenSettings
from alerting.notify.template import Template, packaged
from alerting.notify.trial import trial
from console.system_backend import Tried
from ledger.records import Commit, DeadLetter
from registry.plant import Text
from service.live_system import LiveOwn
from tests.service.outbox import DOWN, FakeReceiver, put, sending
from tests.service.site import FakeClock, FlakyLedger

RECEIVERS: Mapping[str, ReceiverSettings] = {
    "duty": LogSettings(),
    "horn": SirenSettings(),
    "board": MqttSettings(),
}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[FlakyLedger]:
    with FlakyLedger.open(tmp_path / "state") as opened:
        yield opened


def tried(ledger: FlakyLedger, receiver: FakeReceiver, *names: str) -> list[Tried | None]:
    async def main() -> list[Tried | None]:
        async with sending(ledger, {"duty": receiver}, FakeClock()) as sender:
            own = LiveOwn(ledger, sender, RECEIVERS, dict)
            return [await own.try_receiver(name, "li") for name in names]

    return asyncio.run(main())


def test_a_receiver_is_tried_past_what_waits_and_not_twice_in_a_moment(ledger: FlakyLedger) -> None:
    put(ledger, *[(f"n{i}", "duty", "a") for i in range(3)])
    receiver = FakeReceiver([Sent()])
    first, again, unknown = tried(ledger, receiver, "duty", "duty", "nobody")
    assert first == Tried(sent=True)
    assert again is not None
    assert again.refused == "just_tried"
    assert unknown is None
    line = json.loads(receiver.bodies[0].body)
    assert (line["event"], line["state"], line["grade"], line["kind"]) == (
        "commented",
        "closed",
        "blue",
        "system",
    )
    assert "no alarm" in line["title"]["en"]
    assert "不是报警" in line["title"]["zh"]
    assert "li" in line["why"]["seen"]["en"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (DOWN, Tried(sent=False, again=True, why=Text("断", "down"))),
        (Failed(reason=Text.same("404")), Tried(sent=False, why=Text.same("404"))),
        (ValueError("odd"), Tried(sent=False, again=True, why=Text.same("ValueError: odd"))),
    ],
)
def test_why_it_did_not_arrive_is_said(ledger: FlakyLedger, answer: object, expected: Tried) -> None:
    assert tried(ledger, FakeReceiver([answer]), "duty") == [expected]  # type: ignore[list-item]


def test_what_a_broker_keeps_is_not_tried(ledger: FlakyLedger) -> None:
    horn, board = tried(ledger, FakeReceiver(), "horn", "board")
    assert horn is not None
    assert board is not None
    assert (horn.refused, board.refused) == ("not_tried", "not_tried")


@pytest.mark.parametrize("name", ["mail", "chat"])
def test_every_packaged_template_says_that_it_is_a_test(name: str) -> None:
    words = Template(packaged(name)).render(trial("duty", "li", 1_764_000_000_000_000_000))
    assert "TEST" in words.title + words.body
    assert "测试" in words.title + words.body


def test_refused_messages_come_page_by_page_newest_first(ledger: FlakyLedger) -> None:
    letters = [
        DeadLetter(i, "bad_json" if i % 2 else "oversize", "at 0", f"t/{i}", b"{", 1) for i in range(7)
    ]
    ledger.commit(Commit(dead_letters=letters))

    async def main() -> LiveOwn:
        async with sending(ledger, {}, FakeClock()) as sender:
            return LiveOwn(ledger, sender, {}, dict)

    own = asyncio.run(main())
    first = own.letters(3, None, None)
    assert [one.topic for one in first] == ["t/6", "t/5", "t/4"]
    assert [one.topic for one in own.letters(9, first[-1].number, None)] == ["t/3", "t/2", "t/1", "t/0"]
    assert [one.topic for one in own.letters(2, None, "bad_json")] == ["t/5", "t/3"]
    found = own.letter(first[1].number)
    assert found is not None
    assert found.topic == "t/5"
    assert own.letter(99) is None
