"""The page of one alert and the trends in a real Chromium: countdown, checklist, closed alerts, zoom and export."""

import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Page, expect

from alerting.commands import Check, Command
from alerting.escalation.upcoming import Next, Upcoming
from alerting.incidents.incident import Entry
from alerting.texts import both
from console.alert_backend import Neighbour, Reading, Surroundings
from console.app import STATIC_DIR
from console.backend import Done
from console.fake import FakeBackend
from detectors.outlook import Ahead, Outlook, Usual
from registry.plant import Text
from tests.console.live import Live
from tests.console.site import HOSTILE, LPG, event, rfc3339
from tests.console.test_browser import DESK, PHONE, RED, Desk, chromium, desk, live
from tests.console.test_browser_pages import nothing_is_cut, to
from tests.console.test_desk import incident
from tests.console.test_places import furnish

__all__ = ["chromium", "desk", "live"]  # fixtures are found by name

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (STATIC_DIR / "index.html").is_file(), reason="the page is not built"),
]

LT, GT = f"{LPG}/LT-101", f"{LPG}/GT-07"
YELLOW = "a000000000000003"


def surround(backend: FakeBackend) -> None:
    """Give the red alert all that the page shows."""
    now_ns = time.time_ns()
    alerts = backend.alerts
    neighbour = Neighbour(reading=Reading(facts=backend.sensors[GT], t_ns=now_ns, value=23.0), by="equipment")
    hostile = Neighbour(reading=Reading(facts=backend.sensors[HOSTILE]), by="source")
    wind = Reading(facts=backend.sensors[GT], t_ns=now_ns, value=225.0)
    alerts.around[LT] = Surroundings(neighbours=[neighbour, hostile], wind_direction=wind)
    ahead = Ahead(
        t_ns=now_ns, value=10.6, slope=0.01, low=0.008, high=0.012, span_s=96.0, left_s=90.0, limit=4, limit_value=11.5
    )  # fmt: skip
    alerts.outlooks[LT] = Outlook(
        usual=Usual(mean=10.0, sigma=0.1, z_threshold=6.0, tau_s=600.0), ahead=ahead
    )
    person = Next(
        person="zhao", name=Text("赵工", "Zhao"), receivers=("sms",), reason=Text("当值", "on duty")
    )
    alerts.next[RED] = Upcoming(
        chain="site", level=2, of=3, due_ns=now_ns + 95 * 10**9, held=False, people=(person,)
    )
    past = event("before", now_ns - 10**15, grade="orange")
    cause = {"by": "wang", "time": past.time, "cause": "x", "cause_name": {"zh": "误报", "en": "dirty lens"}}
    confirmed = {**cause, "false_alarm": True, "action": "wiped"}
    closed = msgspec.structs.replace(
        past,
        event="closed",
        state="closed",
        time=rfc3339(now_ns - 10**15 + 65 * 10**9),
        why={"confirmed": confirmed},
    )
    alerts.similar = [[past, closed]]
    row = backend.rows[RED]
    made = msgspec.structs.replace(row.event, why={**row.event.why, "incident": {"id": "inc-1"}})
    backend.rows[RED] = replace(row, event=made)
    split = Entry(now_ns, "split", by="wu", text=f"not of {HOSTILE}", others=("inc-2",))
    backend.gathered["inc-1"] = replace(incident("inc-1", LPG), timeline=(split,))


def obey(live: Live) -> None:
    """Let the fake carry out ticks as the pipeline does."""
    backend = live.backend

    async def command(given: Command) -> Done:
        assert isinstance(given, Check)
        row = backend.rows.get(given.alert)
        made = row.event if row else backend.alert_history(given.alert, 10**9)[-1]
        check = {"step": both(given.step), "done": given.done}
        person = {
            "by": given.by,
            "second": None,
            "time": rfc3339(time.time_ns()),
            "words": "",
            "check": check,
        }
        told = msgspec.structs.replace(made, event="commented", why={**made.why, "person": person})
        return Done(events=(backend.put(told).event,))

    backend.command = command  # type: ignore[method-assign, assignment]


def show(page: Page, alert: str) -> Any:
    to(page, f"#/alert/{alert}")
    article = page.locator("main article")
    expect(article.get_by_role("heading", level=2)).to_be_visible()
    return article


def test_the_time_left_counts_down_until_the_forecast_is_withdrawn(desk: Desk, live: Live) -> None:
    page = desk.sign_in()
    page.locator(f'tr[data-id="{YELLOW}"] .title').click()
    countdown = page.locator("aside .countdown")
    expect(countdown).to_have_text(re.compile(r"^[23]:\d\d$"))
    first = countdown.inner_text()
    expect(countdown).not_to_have_text(first)
    assert countdown.inner_text() < first
    told = live.backend.rows[YELLOW].event
    live.call(lambda: live.backend.put(msgspec.structs.replace(told, forecast_s=None)))
    expect(countdown).to_have_count(0)


@pytest.mark.parametrize(("lang", "size"), [("en-GB", DESK), ("zh-CN", PHONE)], ids=["desk", "phone"])
def test_the_page_of_an_alert_says_all_that_is_known(
    desk: Desk, live: Live, lang: str, size: dict[str, int], tmp_path: Path
) -> None:
    live.call(lambda: surround(live.backend))
    page = desk.sign_in(lang=lang, size=size)
    article = show(page, RED)
    english = lang == "en-GB"
    words = (
        [
            "Neighbours (2)",
            "same equipment",
            "from 225° (SW)",
            "step 2 of 3",
            "Zhao",
            "dirty lens: wiped",
            "lasted 1:05",
        ]
        if english
        else ["相邻测点（2）", "同一设备", "来自 225°（西南）", "第 2/3 级", "赵工", "误报", "持续 1:05"]
    )
    timeline = article.get_by_role("region", name="Timeline" if english else "时间线")
    regrouped = "incident split" if english else "事件已拆分"
    expect(timeline.locator("li").last).to_contain_text(regrouped)
    expect(timeline.locator("li").last).to_contain_text(f"inc-1 | inc-2 · wu: not of {HOSTILE}")
    for text in [*words, HOSTILE]:
        expect(article).to_contain_text(text)
    expect(article.locator(".next b").first).to_contain_text(re.compile(r"1:[0-3]\d"))
    expect(article.locator("td.cell")).to_contain_text("Red" if english else "红色")
    expect(article.locator(".chart canvas")).to_have_count(3)
    assert nothing_is_cut(page)
    page.screenshot(path=tmp_path / "alert.png", full_page=True)
    article.get_by_role("link", name="Silence alerts like this" if english else "静默此类报警").click()
    matchers = page.locator("main textarea")
    row = live.backend.rows[RED].event
    expect(matchers).to_have_value(re.compile(f"sensor={re.escape(row.sensor or '')}\nkind={row.kind}$"))


def test_a_measure_ticked_in_one_browser_is_seen_in_another_with_its_name(desk: Desk, live: Live) -> None:
    obey(live)
    here, there, looker = desk.sign_in("li"), desk.sign_in("bo"), desk.sign_in("gu")
    for page in (here, there, looker):
        page.locator(f'tr[data-id="{RED}"] .title').click()
        expect(page.locator("aside .checklist li")).to_have_count(3)
    expect(looker.locator("aside").get_by_role("checkbox").first).to_be_disabled()
    name = re.compile("clear the bund")
    here.locator("aside").get_by_role("checkbox", name=name).click()
    for page in (here, there, looker):
        expect(page.locator("aside").get_by_role("checkbox", name=name)).to_be_checked()
        expect(page.locator("aside .checklist li", has_text="clear the bund")).to_contain_text("li ·")
    there.reload()
    show(there, RED).get_by_role("checkbox", name=name).click()
    expect(here.locator("aside .checklist")).to_contain_text("taken back by bo")
    expect(here.locator("aside").get_by_role("checkbox", name=name)).not_to_be_checked()


def test_a_closed_alert_has_an_address_and_its_measures_can_still_be_ticked(desk: Desk, live: Live) -> None:
    obey(live)
    told = live.backend.rows[RED].event
    live.call(lambda: live.backend.put(msgspec.structs.replace(told, event="closed", state="closed")))
    page = desk.sign_in()
    article = show(page, RED)
    expect(article.locator(".head")).to_contain_text("Closed")
    expect(article.get_by_role("region", name="Timeline").locator("li")).to_have_count(2)
    expect(article.locator(".chart canvas")).to_be_visible()
    article.get_by_role("checkbox").first.click()
    expect(article.locator(".checklist li").first).to_contain_text("li ·")
    to(page, "#/alert/nothing")
    expect(page.get_by_text("This alert is not there, or not in your scope.")).to_be_visible()


def test_trends_are_zoomed_by_dragging_and_keys_and_leave_as_files(desk: Desk, live: Live) -> None:
    live.call(lambda: furnish(live.backend))
    page = desk.sign_in()
    to(page, "#/trends/" + "%0A".join(name.replace("/", "%2F") for name in (LT, GT)))
    charts = page.locator("section .chart")
    expect(charts.locator("canvas")).to_have_count(2)
    first = charts.first.locator(".u-over")
    first.hover(position={"x": 200, "y": 60})
    values = page.locator("tbody tr")
    expect(values.first.locator("td").first).to_contain_text("\u00a0m")
    expect(values.nth(1).locator("td").first).to_contain_text("%LEL")
    with page.expect_download() as csv:
        page.get_by_role("button", name="CSV").click()
    lines = Path(csv.value.path()).read_text().splitlines()
    assert lines[0] == "time,sensor,unit,mean,low,high"
    assert {line.split(",")[1] for line in lines[1:]} == {LT, GT}
    with page.expect_download() as png:
        page.get_by_role("button", name="PNG").click()
    assert Path(png.value.path()).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"

    box = first.bounding_box()
    assert box
    page.mouse.move(box["x"] + 100, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 50, steps=4)
    page.mouse.up()
    expect(page.locator(".fixed")).to_be_visible()
    dragged = page.url
    charts.first.focus()
    page.keyboard.press("-")
    expect(page).not_to_have_url(dragged)
    page.reload()
    expect(page.locator(".fixed")).to_be_visible()
    page.get_by_role("button", name="Now", exact=True).click()
    expect(page.locator(".fixed")).to_have_count(0)


def test_sensors_of_one_unit_share_an_axis_and_a_view_of_them_is_saved(desk: Desk, live: Live) -> None:
    live.call(lambda: furnish(live.backend))
    live.backend.sensors[f"{LPG}/LT-102"] = live.backend.sensors[LT]
    live.backend.series[f"{LPG}/LT-102"] = live.backend.series[LT]
    page = desk.sign_in()
    to(page, "#/trends/" + "%0A".join(name.replace("/", "%2F") for name in (LT, f"{LPG}/LT-102", GT)))
    expect(page.locator("section .chart canvas")).to_have_count(3)
    page.get_by_role("button", name="shared by unit").click()
    expect(page.locator("section .chart canvas")).to_have_count(2)
    page.get_by_label("Name", exact=True).fill("levels <b>")
    page.get_by_role("button", name="Save").click()
    to(page, "#/trends")
    expect(page.locator("section .chart")).to_have_count(0)
    page.reload()
    page.get_by_label("Saved views").and_(page.locator("select")).select_option(label="levels <b>")
    expect(page.locator("section .chart canvas")).to_have_count(2)
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("option")).to_have_count(1)
    assert nothing_is_cut(page)
