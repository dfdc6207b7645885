"""The CAP feed and its messages over the web API, through ASGI."""

from pathlib import Path

from defusedxml import ElementTree

from alerting.cap.making import CapMaker
from alerting.cap.message import Mode
from alerting.cap.settings import CapSettings
from console.cap import MAX_ENTRIES
from registry.sensors import SensorRegistry
from tests.alerting.cap.checking import faults_of, parsed, text_of
from tests.console.site import COLD, LPG, event
from tests.console.test_api import COLD_ALERT, RED, Site, on_site

ATOM = {"a": "http://www.w3.org/2005/Atom"}


def with_cap(s: Site, mode: Mode = Mode.ACTUAL) -> None:
    s.backend.cap_maker = CapMaker(CapSettings(sender="alarms@bh.example.cn", mode=mode), SensorRegistry(()))


async def entries(s: Site) -> list[str]:
    answer = await s.get("/api/v1/cap")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/atom+xml"
    root = ElementTree.fromstring(answer.content)
    return [link.attrib["href"] for link in root.findall("a:entry/a:link", ATOM)]


def test_without_settings_there_is_no_cap(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        for path in ("/api/v1/cap", f"/api/v1/cap/{RED}.1"):
            answer = await s.get(path)
            assert (answer.status_code, answer.json()["code"]) == (404, "no_cap")

    on_site(tmp_path, scenario)


def test_strangers_get_nothing(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        with_cap(s)
        for path in ("/api/v1/cap", f"/api/v1/cap/{RED}.1"):
            assert (await s.get(path)).status_code == 401

    on_site(tmp_path, scenario)


def test_the_feed_leads_to_valid_messages_gravest_first(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        with_cap(s)
        await s.sign_in("gu")
        links = await entries(s)
        assert links[0] == f"/api/v1/cap/{RED}.1"
        for link in links:
            answer = await s.get(link)
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "application/cap+xml"
            assert faults_of(answer.content) == []

    on_site(tmp_path, scenario)


def test_an_update_refers_to_the_first_message_which_is_still_there(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        with_cap(s)
        await s.sign_in("li")
        await s.post(f"/api/v1/alerts/{RED}/ack", {})
        assert (await entries(s))[0] == f"/api/v1/cap/{RED}.1", "an acknowledgement makes no message"
        s.backend.put(event(RED, s.backend.now_ns(), event="cleared", state="rtnun"))
        link = (await entries(s))[0]
        assert link != f"/api/v1/cap/{RED}.1"
        update = parsed((await s.get(link)).content)
        assert (text_of(update, "msgType"), text_of(update, "info/responseType")) == ("Update", "AllClear")
        assert f",{RED}.1," in (text_of(update, "references") or "")
        assert text_of(parsed((await s.get(f"/api/v1/cap/{RED}.1")).content), "msgType") == "Alert"

    on_site(tmp_path, scenario)


def test_an_alert_that_ended_lately_is_told_after_those_that_are_open(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        with_cap(s)
        await s.sign_in("li")
        s.backend.put(event(RED, s.backend.now_ns(), event="closed", state="closed"))
        link = (await entries(s))[-1]
        assert link.startswith(f"/api/v1/cap/{RED}.")
        assert text_of(parsed((await s.get(link)).content), "msgType") == "Cancel"

    on_site(tmp_path, scenario)


def test_another_enterprises_messages_are_not_to_be_had(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        with_cap(s)
        await s.sign_in("li")
        everything = await entries(s)
        foreign = next(link for link in everything if COLD_ALERT in link)
        await s.sign_in("bo")
        own = await entries(s)
        assert foreign not in own
        assert own
        assert (await s.get(foreign)).status_code == 404
        assert {row.event.enterprise for row in s.backend.rows.values()} == {LPG, COLD}

    on_site(tmp_path, scenario)


def test_a_test_pipeline_has_no_actual_message_under_any_identifier(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        with_cap(s, Mode.TEST)
        await s.sign_in("li")
        links = await entries(s)
        for link in links:
            assert text_of(parsed((await s.get(link)).content), "status") == "Test"
        assert (await s.get(f"/api/v1/cap/{RED}.1")).status_code == 404
        assert (await s.get(f"/api/v1/cap/{RED}.1.exercise")).status_code == 404

    on_site(tmp_path, scenario)


def test_what_is_no_identifier_is_not_found(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        with_cap(s)
        await s.sign_in("li")
        for name in ("x", f"{RED}.2", "..%2f..%2fetc.1", f"{RED}.99999999999999999999", "%00.1"):
            assert (await s.get(f"/api/v1/cap/{name}")).status_code == 404, name

    on_site(tmp_path, scenario)


def test_the_feed_is_bounded_and_leaves_out_the_mildest(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        with_cap(s)
        await s.sign_in("li")
        for i in range(MAX_ENTRIES):
            s.backend.put(event(f"b{i:015d}", s.backend.now_ns(), grade="orange"))
        links = await entries(s)
        assert len(links) == MAX_ENTRIES
        assert links[0] == f"/api/v1/cap/{RED}.1"
        assert not any("a000000000000004" in link for link in links), "the blue one"

    on_site(tmp_path, scenario)
