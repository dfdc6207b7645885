"""What stands round every page in a real Chromium: navigation, keys, sound and clock, paper, the wall."""

import io
import re
import time

import pytest
from playwright.sync_api import Page, Route, expect
from pypdf import PdfReader

from console.app import STATIC_DIR
from tests.console.live import PASSWORD, Live
from tests.console.pages import addresses
from tests.console.site import event
from tests.console.sources import furnish_source
from tests.console.test_browser import DESK, PHONE, RED, Desk, chromium, desk, live
from tests.console.test_browser_alert import surround
from tests.console.test_browser_pages import nothing_is_cut, owned, to
from tests.console.test_browser_reports import made
from tests.servers.hazwatch import wait_until

__all__ = ["chromium", "desk", "live"]  # fixtures are found by name

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (STATIC_DIR / "index.html").is_file(), reason="the page is not built"),
]
WALL_SCREEN = {"width": 3840, "height": 2160}
ZOOMED = {"width": 960, "height": 540}
"""1920×1080 at 200 %."""
NAMES = {"overview": "Overview", "alarms": "Alarms", "system": "System"}


@pytest.mark.parametrize("size", [DESK, WALL_SCREEN, ZOOMED, PHONE], ids=["desk", "4k", "zoomed", "hand"])
def test_every_page_fits_names_itself_and_keeps_the_counts_in_view(
    desk: Desk, live: Live, size: dict[str, int]
) -> None:
    live.call(lambda: furnish_source(live.backend))
    live.call(lambda: owned(live))
    live.backend.reports.answer = made
    page = desk.sign_in("zhou", size)
    current = page.locator("header nav a[aria-current=page]")
    for name, address in addresses().items():
        to(page, address)
        page.locator("main, .body > section").first.wait_for()
        if name == "wall":
            expect(page.locator("main button, main a, main input")).to_have_count(0)
        assert nothing_is_cut(page), name
        for count in page.locator(".counts li").all():
            expect(count).to_be_in_viewport(ratio=1)
        if name in NAMES:
            expect(current).to_have_text(NAMES[name])
            assert current.count() == 1


def test_a_narrow_screen_has_a_menu_for_the_keyboard(desk: Desk) -> None:
    page = desk.sign_in(size=PHONE)
    menu = page.locator("header nav button")
    links = page.locator("header nav a")
    expect(links.first).not_to_be_visible()
    menu.focus()
    page.keyboard.press("Enter")
    expect(menu).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Tab")
    expect(links.first).to_be_focused()
    page.keyboard.press("Escape")
    expect(links.first).not_to_be_visible()
    expect(menu).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(links.first).not_to_be_visible()
    expect(menu).to_contain_text("Overview")


def test_an_account_is_offered_only_what_it_may_use_and_the_server_refuses_the_rest(desk: Desk) -> None:
    everywhere, scoped = desk.sign_in("li"), desk.sign_in("bo")
    expect(everywhere.locator("header nav a", has_text="System")).to_have_count(1)
    expect(scoped.locator("header nav a", has_text="Overview")).to_have_count(1)
    expect(scoped.locator("header nav a", has_text="System")).to_have_count(0)
    assert scoped.evaluate("fetch('/api/v1/system').then((answer) => answer.status)") == 403


def test_the_keys_are_listed_and_give_no_command_meanwhile(desk: Desk) -> None:
    page = desk.sign_in()
    page.locator(f'tr[data-id="{RED}"] .title').click()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_contain_text("acknowledge")
    page.keyboard.press("a")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.locator("aside h2")).to_be_visible()
    assert desk.live.backend.rows[RED].event.state == "unack"
    page.locator("input[type=search], input[placeholder]").first.focus()
    page.keyboard.type("?")
    expect(dialog).to_have_count(0)


LISTENING = """window.tones = [];
const make = AudioContext.prototype.createOscillator;
AudioContext.prototype.createOscillator = function () {
  const made = make.call(this);
  const start = made.start;
  made.start = function (at) { window.tones.push(made.frequency.value); start.call(made, at); };
  return made;
};"""


def test_lost_data_sounds_until_it_is_silenced_or_comes_back(desk: Desk) -> None:
    page = desk.open()
    page.add_init_script(LISTENING)
    page.reload()
    sign_in(page)
    page.locator(f'tr[data-id="{RED}"]').wait_for()
    sound = page.locator("header .sound")
    expect(sound).to_have_attribute("data-sounding", "red")
    with desk.live.stalled():
        expect(page.locator(".overlay")).to_be_visible()
        expect(sound).to_have_attribute("data-sounding", "lost")
        page.wait_for_function("tones.includes(220)")
        sound.get_by_role("button", name="Silence").click()
        expect(sound).not_to_have_attribute("data-sounding", "lost")
    expect(page.locator(".overlay")).to_have_count(0)


def test_data_that_stay_away_for_over_five_seconds_grey_the_page(desk: Desk) -> None:
    page = desk.open()
    page.clock.install()
    page.reload()
    sign_in(page)
    page.locator(f'tr[data-id="{RED}"]').wait_for()
    # Less than is grey, more than the page's time goes on by until it stands still.
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 3)
    desk.live.call(lambda: desk.live.backend.put(event("b1", time.time_ns())))

    def heard() -> bool:
        page.clock.run_for(20)
        return page.locator('tr[data-id="b1"]').is_visible()

    wait_until(heard, 30, "what came when the page's time stood is not shown", 0.1)
    overlay = page.locator(".overlay")
    with desk.live.stalled():
        page.clock.run_for(4000)
        expect(overlay).to_have_count(0)
        page.clock.run_for(1500)
        expect(overlay).to_be_visible()


WRONG_CLOCK = """{
  const real = Date;
  const day = 86_400_000;
  window.Date = class extends real {
    constructor(...given) { super(...(given.length ? given : [real.now() + day])); }
    static now() { return real.now() + day; }
  };
}"""


def test_a_browser_whose_clock_is_a_day_ahead_shows_the_servers_time(desk: Desk) -> None:
    page = desk.open()
    page.add_init_script(WRONG_CLOCK)
    page.reload()
    sign_in(page)
    page.locator(f'tr[data-id="{RED}"]').wait_for()
    shown = page.locator("header .clock").inner_text()
    today, tomorrow = page.evaluate(
        "[0, 86400000].map((ms) => new Date(Date.now() - 86400000 + ms).getDate())"
    )
    assert re.search(rf"-{today:02d} ", shown), shown
    assert not re.search(rf"-{tomorrow:02d} ", shown)
    expect(page.locator(".age")).to_contain_text("ago")
    expect(page.locator(".overlay")).to_have_count(0)
    expect(page.locator("tbody tr").nth(2)).to_contain_text(re.compile(r"[23]:\d\d"))


def test_of_two_who_acknowledge_at_once_one_wins_and_the_other_sees_who(desk: Desk) -> None:
    here, there = desk.sign_in("li"), desk.sign_in("bo")
    answers: list[int] = []
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    there.route("**/ack", hold)
    there.on("response", lambda got: answers.append(got.status) if got.url.endswith("/ack") else None)
    button = f'tr[data-id="{RED}"] button'
    there.locator(button).click()
    here.locator(button).click()
    expect(here.locator(f'tr[data-id="{RED}"]')).to_contain_text("by li")
    # The other's command is on its way while the first one counts.
    held[0].continue_()
    expect(there.locator(f'tr[data-id="{RED}"]')).to_contain_text("by li")
    there.wait_for_timeout(100)
    assert answers == [409]
    assert desk.live.backend.rows[RED].acknowledged_by == "li"
    assert [e.event for e in desk.live.backend.events if e.id == RED].count("acknowledged") == 1


def test_paper_gets_the_whole_list_under_repeated_heads_and_no_navigation(desk: Desk, live: Live) -> None:
    now_ns = time.time_ns()
    live.call(lambda: [live.backend.put(event(f"p{n:03}", now_ns)) for n in range(150)])
    page = desk.sign_in()
    expect(page.locator("tbody tr").nth(20)).to_be_attached()
    assert page.locator("tbody tr").count() < 150
    printed = [sheet.extract_text() for sheet in PdfReader(io.BytesIO(page.pdf())).pages]
    assert len(printed) > 3
    for sheet in printed[:-1]:
        assert "Enterprise / source" in sheet
    assert "".join(printed).count("unacknowledged") >= 150
    assert "Wall display" not in printed[0]
    assert "Sign out" not in printed[0]


def test_every_page_is_black_on_white_on_paper(desk: Desk, live: Live) -> None:
    live.call(lambda: furnish_source(live.backend))
    live.call(lambda: surround(live.backend))
    live.call(lambda: owned(live))
    live.backend.reports.answer = made
    page = desk.sign_in("zhou")
    for name, address in addresses().items():
        if name == "wall":
            continue
        to(page, address)
        page.locator("main, .body > section").first.wait_for()
        page.emulate_media(media="print")
        for inside in ("body", "main, .body > section"):
            look = page.locator(inside).first.evaluate(
                "e => [getComputedStyle(e).backgroundColor, getComputedStyle(e).color]"
            )
            assert look == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"], (name, inside)
        expect(page.locator(".page > header")).not_to_be_visible()
        expect(page.locator("main nav, section nav").locator("visible=true")).to_have_count(0)
        page.emulate_media(media="screen")


def sign_in(page: Page) -> None:
    page.locator("input[name=username]").fill("li")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("form button.go").click()
