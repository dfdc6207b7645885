"""The alarm list in a real Chromium: filters, order, marks, commands for many, incidents, sound, many rows."""

import re
import time
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Page, expect

from alerting.commands import Shelve, Unshelve
from alerting.incidents.flood import Flood
from console.app import STATIC_DIR
from tests.console.live import PASSWORD, Live
from tests.console.site import event
from tests.console.test_browser import RED, Desk, chromium, desk, ids, live

__all__ = ["chromium", "desk", "live"]  # fixtures are found by name

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (STATIC_DIR / "index.html").is_file(), reason="the page is not built"),
]

# Playwright asks a page in the name of its user, whom Chromium then takes to have touched it: audio made after the first
# question may sound. So it is made when the document is, however late the page asks for it.
UNTOUCHED_AUDIO = "const made = new AudioContext(); window.AudioContext = function () { return made; };"

ORANGE, YELLOW = "a000000000000002", "a000000000000003"


def put(live: Live, name: str, **changes: Any) -> None:
    why = changes.pop("why", {})
    made = event(name, time.time_ns(), **changes)
    live.call(lambda: live.backend.put(msgspec.structs.replace(made, why={**made.why, **why})))


def rows(page: Page) -> list[str]:
    return [found or "" for found in ids(page)]


def test_the_filter_and_the_order_stand_in_the_address_and_filters_follow_the_person(desk: Desk) -> None:
    page = desk.sign_in()
    expect(page.locator("tbody tr")).to_have_count(6)
    page.keyboard.press("/")
    page.keyboard.type("gt-")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.locator("th.c-time button").click()
    expect(page.locator("th.c-time")).to_have_attribute("aria-sort", "ascending")
    assert [found[-1] for found in rows(page)] == ["3", "2"]
    page.get_by_role("button", name="Filter", exact=True).click()
    page.locator(".panel").get_by_label("Orange").check()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_label("Save this filter as").fill("toxic & orange")
    page.get_by_role("button", name="Save", exact=True).click()
    address = page.evaluate("location.href")

    elsewhere = desk.sign_in()
    expect(elsewhere.locator("tbody tr")).to_have_count(6)
    elsewhere.get_by_label("Saved filters").select_option("toxic & orange")
    expect(elsewhere.locator("tbody tr")).to_have_attribute("data-id", ORANGE)
    assert elsewhere.evaluate("location.href") == address
    elsewhere.reload()
    expect(elsewhere.locator("tbody tr")).to_have_attribute("data-id", ORANGE)
    expect(elsewhere.locator(".count")).to_have_text("1 of 6")
    elsewhere.get_by_role("button", name="Unacknowledged").click()
    expect(elsewhere.locator("tbody tr")).to_have_count(5)


def test_one_refused_of_many_is_told_and_stays_marked(desk: Desk, live: Live) -> None:
    page = desk.sign_in()
    page.locator(f'tr[data-id="{RED}"]').wait_for()
    page.keyboard.press("j")
    page.keyboard.press(" ")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    bulk = page.get_by_role("region", name="Commands for the marked alerts")
    expect(bulk).to_contain_text("3 marked")
    stale = live.backend.rows[ORANGE]
    live.backend.rows[ORANGE] = replace(stale, event=msgspec.structs.replace(stale.event, seq=999))
    page.keyboard.press("a")
    expect(bulk.locator("p[role=alert]")).to_have_count(0)  # the red one stood in view
    bulk.locator("form").get_by_role("button", name="Acknowledge").click()
    expect(bulk).to_contain_text("2 done, 1 refused")
    expect(bulk).to_contain_text("Ammonia at GT-31 above high limit: The alert has changed since; look again")
    expect(bulk).to_contain_text("1 marked")
    expect(page.locator(f'tr[data-id="{ORANGE}"] input')).to_be_checked()
    assert [live.backend.rows[name].acknowledged_by for name in (RED, ORANGE, YELLOW)] == ["li", None, "li"]
    page.keyboard.press("Escape")
    expect(page.locator("input:checked")).to_have_count(0)


def test_shelving_many_asks_for_a_second_person_where_one_of_them_needs_it(desk: Desk, live: Live) -> None:
    page = desk.sign_in()
    page.locator(f'tr[data-id="{ORANGE}"] input').check()
    page.locator(f'tr[data-id="{YELLOW}"] input').click(modifiers=["Shift"])
    page.keyboard.press("s")
    form = page.get_by_role("region", name="Commands for the marked alerts").locator("form")
    form.locator("textarea").fill("works")
    expect(form.get_by_label("Name of the second person")).to_have_count(0)
    page.locator(f'tr[data-id="{RED}"] input').check()
    form.get_by_label("Name of the second person").fill("bo")
    form.get_by_label("Password of the second person").fill(PASSWORD)
    form.get_by_role("button", name="Shelve").click()
    expect(page.locator(".told")).to_contain_text("2 done, 1 refused")  # bo sees no cold store
    assert live.backend.commands == [
        Shelve(alert=name, by="li", reason="works", for_s=3600.0, second="bo") for name in (YELLOW, RED)
    ]


def test_what_is_held_is_one_click_away_with_until_by_whom_why_and_its_end(desk: Desk, live: Live) -> None:
    held = {
        "kind": "shelved",
        "place": {"kind": "slot", "id": "bh-lpg/LT-101"},
        "name": None,
        "by": "wang",
        "second": "bo",
        "reason": "transmitter works",
        "until": "2031-01-01T00:00:00.000Z",
        "one_shot": False,
    }
    put(live, "h1", state="shelved", event="shelved", why={"arrangements": [held]})
    page = desk.sign_in()
    page.get_by_role("button", name="Shelved").click()
    row = page.locator("tbody tr")
    expect(row).to_have_attribute("data-id", "h1")
    expect(row).to_contain_text(re.compile(r"until 01-01 .* by wang \+ bo · transmitter works"))
    with page.expect_response("**/alerts/h1/unshelve"):
        row.get_by_role("button", name="Unshelve").click()
    expect(row.locator(".refused")).to_have_count(0)
    assert live.backend.commands == [Unshelve(by="li", alert="h1")]


def test_no_row_moves_under_the_pointer_or_while_alerts_are_marked(desk: Desk, live: Live) -> None:
    page = desk.sign_in()
    page.locator("th.c-time button").click()
    page.locator("th.c-time button").click()
    page.get_by_role("button", name="Unacknowledged").click()
    expect(page.locator("tbody tr")).to_have_count(5)
    before = rows(page)
    page.locator("tbody tr").nth(2).hover()
    put(live, "n1")
    live.call(lambda: live.backend.put(event(before[1], time.time_ns(), state="acked", event="acknowledged")))
    waiting = page.locator("button.waiting")
    expect(waiting).to_contain_text("1 new")
    assert rows(page) == before
    page.locator(f'tr[data-id="{before[2]}"] input').check()
    page.mouse.move(5, 5)
    put(live, "n2")
    expect(waiting).to_contain_text("2 new")
    assert rows(page) == before
    page.keyboard.press("Escape")
    expect(page.locator("tbody tr")).to_have_count(6)
    assert rows(page) == ["n2", "n1", *(name for name in before if name != before[1])]


def test_in_a_flood_alerts_are_gathered_by_incident_with_the_first_out_named(desk: Desk, live: Live) -> None:
    what = {"zh": "阀门 XV-1 关闭", "en": "Valve XV-1 closed"}
    first = {"alert": "g1", "sensor": "bh-lpg/XV-1", "time": "2026-01-01T00:00:00.000Z", "title": what}
    incident = {"id": "i1", "size": 3, "grade": "red", "sensors": 2, "first_out": first}
    put(live, "g1", grade="yellow", what=what, why={"incident": incident})
    put(live, "g2", grade="orange", why={"incident": incident})
    page = desk.sign_in()
    expect(page.locator('tr[data-id="g1"]')).to_contain_text("First out")
    expect(page.locator('tr[data-id="g2"]')).not_to_contain_text("First out")
    flood = Flood(scope="plant", since_ns=time.time_ns(), newest_ns=time.time_ns(), activations=31)
    live.call(lambda: live.backend.alarms.lasting.append(flood))
    put(live, "g2", grade="red", event="escalated", why={"incident": incident, "flood": {"scope": "plant"}})
    line = page.locator('tr[data-id="incident:i1"]')
    expect(line).to_contain_text("Incident: 2 here of 3 alerts")
    expect(line).to_contain_text("First out: Valve XV-1 closed · bh-lpg/XV-1")
    expect(line).to_contain_text("2 unacknowledged")
    expect(page.locator(".flood")).to_contain_text("Alarm flood: 31 since")
    assert not {"g1", "g2"} & set(rows(page))
    line.locator("button").click()
    expect(page.locator("tr.within")).to_have_count(2)
    page.keyboard.press("Enter")
    expect(page.locator("tr.within")).to_have_count(0)
    page.keyboard.press("t")
    expect(line).to_have_count(0)


def test_red_alerts_out_of_view_are_not_acknowledged_among_others(desk: Desk, live: Live) -> None:
    for n in range(80):
        put(live, f"m{n:03}")
    page = desk.sign_in()
    expect(page.locator("table")).to_have_attribute("aria-rowcount", "87")
    assert page.locator("tbody tr").count() < 50
    page.keyboard.press("Control+a")
    page.keyboard.press("a")
    bulk = page.get_by_role("region", name="Commands for the marked alerts")
    expect(bulk.locator("p[role=alert]")).to_contain_text(re.compile(r"^[5-7]\d red not looked at yet"))
    expect(bulk).to_contain_text("More than five acknowledgements in 10 s")
    bulk.locator("form").get_by_role("button", name="Acknowledge").click()
    expect(bulk).to_contain_text("A red alert is acknowledged among others only after it was in view")
    done = {name for name, row in live.backend.rows.items() if name.startswith("m") and row.acknowledged_by}
    assert 0 < len(done) < 40
    page.keyboard.press("Escape")
    page.keyboard.press("End")
    expect(page.locator("tbody tr.selected")).to_be_in_viewport()


def test_sound_repeats_until_acknowledged_or_silenced_and_a_blocked_one_is_told(
    desk: Desk, live: Live
) -> None:
    page = desk.sign_in()
    sound = page.get_by_role("group", name="Sound of alarms")
    expect(sound).to_have_attribute("data-state", "on")
    expect(sound).to_have_attribute("data-sounding", "red")
    page.keyboard.press("m")
    expect(sound).to_have_attribute("data-sounding", "")
    expect(sound).to_contain_text("5 silenced")
    put(live, "s1", grade="yellow")
    expect(sound).to_have_attribute("data-sounding", "yellow")
    page.locator('tr[data-id="s1"]').get_by_role("button", name="Acknowledge").click()
    expect(sound).to_have_attribute("data-sounding", "")

    untouched = page.context.new_page()
    untouched.add_init_script(UNTOUCHED_AUDIO)
    untouched.goto(live.server.url)
    other = untouched.get_by_role("group", name="Sound of alarms")
    expect(other).to_have_attribute("data-sounding", "red")
    expect(other).to_have_attribute("data-state", "blocked")
    other.get_by_role("button", name="Sound is off: click").click()
    expect(other).to_have_attribute("data-state", "on")
    untouched.keyboard.press("m")
    other.get_by_role("button", name="Sound on").click()
    expect(other).to_contain_text("Sound off")
