"""The CAP receiver against a local server and a folder; its settings with every fault."""

import asyncio
from pathlib import Path

import pytest

from alerting.cap.message import Mode, Scope
from alerting.cap.settings import CapSettings
from alerting.events import AlertEvent
from alerting.notify.build import CapParts, build_receivers
from alerting.notify.receiver import Outcome, Retry, Sent
from alerting.notify.settings import CapReceiverSettings
from alerting.routes import Routes
from alerting.routes_file import load_routes, routes_to_log
from tests.alerting.cap.checking import faults_of, parsed, text_of
from tests.alerting.cap.events import LIFE, maker
from tests.alerting.doubles import Answer, hook, notification

ROUTES = """
cap: {CAP}
receivers:
  centre: {kind: cap, folder: out}
route: {receiver: centre}
"""


def history(alert: str, until_seq: int) -> list[AlertEvent]:
    return [event for event in LIFE if event.id == alert and event.seq <= until_seq]


def send(settings: CapReceiverSettings, *bodies: bytes) -> list[Outcome]:
    async def run() -> list[Outcome]:
        receiver = build_receivers({"centre": settings}, None, CapParts(maker(), history))["centre"]
        try:
            return [await receiver.send(notification(body)) for body in bodies]
        finally:
            await receiver.close()

    return asyncio.run(run())


def test_a_life_is_posted_as_its_messages() -> None:
    with hook(Answer()) as server:
        assert (
            send(CapReceiverSettings(url=server.url, secret=b"s"), *(e.line() for e in LIFE)) == [Sent()] * 7
        )
    posts = server.posts
    assert [post.headers["Content-Type"] for post in posts] == ["application/cap+xml"] * 4
    assert all("X-Hazwatch-Signature" in post.headers for post in posts)
    assert [faults_of(post.body) for post in posts] == [[]] * 4
    assert [text_of(parsed(post.body), "msgType") for post in posts] == [
        "Alert",
        "Update",
        "Update",
        "Cancel",
    ]
    assert [post.headers["X-Hazwatch-Id"] for post in posts] == [
        text_of(parsed(post.body), "identifier") for post in posts
    ]


def test_a_group_is_posted_as_the_newest_message_of_each_of_its_alerts() -> None:
    lines = LIFE[4].line()
    with hook(Answer()) as server:
        assert send(CapReceiverSettings(url=server.url), b'{"group":{},"alerts":[' + lines + b"]}") == [
            Sent()
        ]
    assert [text_of(parsed(post.body), "identifier") for post in server.posts] == [f"{LIFE[0].id}.3"]


def test_a_server_that_is_down_is_tried_again() -> None:
    with hook(Answer(503), Answer()) as server:
        first, second = send(CapReceiverSettings(url=server.url), LIFE[0].line(), LIFE[0].line())
    assert isinstance(first, Retry)
    assert second == Sent()
    assert server.posts[0].body == server.posts[1].body


def test_messages_are_whole_files_named_by_their_identifier(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert send(CapReceiverSettings(folder=out), *(e.line() for e in (*LIFE, *LIFE))) == [Sent()] * 14
    assert sorted(path.name for path in out.iterdir()) == [f"{LIFE[0].id}.{seq}.xml" for seq in (1, 3, 6, 7)]
    assert [faults_of(path.read_bytes()) for path in out.iterdir()] == [[]] * 4


def test_a_folder_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    [outcome] = send(CapReceiverSettings(folder=tmp_path / "out"), LIFE[0].line())
    assert isinstance(outcome, Retry)
    assert outcome.reason.en.startswith("cannot write ")


def loaded(tmp_path: Path, text: str) -> tuple[Routes | None, list[str]]:
    path = tmp_path / "routes.yaml"
    path.write_text(text)
    routes, faults = load_routes(path)
    return routes, [f"{fault.where}: {fault.message}" for fault in faults]


def test_settings_as_they_are_read(tmp_path: Path) -> None:
    routes, faults = loaded(
        tmp_path,
        ROUTES.replace(
            "{CAP}",
            "{sender: a@b.cn, mode: actual, scope: Private, addresses: [x, y], radius_km: 2, contact: 119}".replace(
                "119", "'119'"
            ),
        ),
    )
    assert [fault for fault in faults if "no escalations" not in fault] == []
    assert routes is not None
    assert routes.cap == CapSettings(
        sender="a@b.cn",
        mode=Mode.ACTUAL,
        scope=Scope.PRIVATE,
        addresses=("x", "y"),
        radius_km=2.0,
        contact="119",
    )
    assert routes.receivers["centre"] == CapReceiverSettings(folder=tmp_path / "out")
    again = routes.rehearsed().cap
    assert again is not None
    assert again.mode is Mode.TEST
    assert routes_to_log().rehearsed().cap is None


def test_nothing_is_actual_unless_the_file_says_so(tmp_path: Path) -> None:
    routes, _ = loaded(tmp_path, ROUTES.replace("{CAP}", "{sender: a@b.cn}"))
    assert routes is not None
    assert routes.cap is not None
    assert routes.cap.mode is Mode.TEST


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("{}", "cap has no sender"),
        ("{sender: 'a b'}", "sender is 'a b'"),
        ("{sender: 'a,b'}", "sender is 'a,b'"),
        ("{sender: a, mode: real}", "mode is 'real'"),
        ("{sender: a, scope: public}", "scope is 'public'; did you mean 'Public'?"),
        ("{sender: a, scope: Private}", "addresses and scope Private go together"),
        ("{sender: a, addresses: [x]}", "addresses and scope Private go together"),
        ("{sender: a, radius_km: .nan}", "radius_km is nan"),
        ("{sender: a, radius_km: 0}", "radius_km is 0"),
        ("{sender: a, contact: ''}", "contact is ''"),
        ("{sender: a, sendr: b}", "unknown key"),
        ("[1]", "cap is '[1]'"),
    ],
)
def test_faults_of_the_settings(tmp_path: Path, given: str, told: str) -> None:
    routes, faults = loaded(tmp_path, ROUTES.replace("{CAP}", given))
    assert routes is None
    assert any(told in fault for fault in faults), faults


def test_faults_of_the_receiver(tmp_path: Path) -> None:
    text = "receivers: {a: {kind: cap}, b: {kind: cap, url: 'ftp://x', events: [opened]}}\nroute: {receiver: a}\n"
    routes, faults = loaded(tmp_path, text)
    assert routes is None
    for told in ("neither url nor folder", "the file has no cap", "is not an address", "unknown key"):
        assert any(told in fault for fault in faults), (told, faults)
