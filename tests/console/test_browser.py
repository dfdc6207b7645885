"""The page in a real Chromium, over the real server and the fake backend."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect, sync_playwright

from alerting.commands import Confirm, Shelve
from console.app import STATIC_DIR
from console.backend import Component, Done, Health, Refused
from registry.plant import Text
from tests.console.live import PASSWORD, Live, live_console
from tests.console.site import COLD, HOSTILE, event, open_several
from tests.servers.chromium import launched

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (STATIC_DIR / "index.html").is_file(), reason="the page is not built"),
]

DESK = {"width": 1920, "height": 1080}
PHONE = {"width": 390, "height": 844}
RED = "a000000000000001"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launched(playwright)
        yield browser
        browser.close()


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with live_console(tmp_path) as running:
        running.call(lambda: open_several(running.backend))
        yield running


class Desk:
    """Opens pages that notice every error and every request to elsewhere."""

    def __init__(self, browser: Browser, live: Live) -> None:
        self.browser = browser
        self.live = live
        self.complaints: list[str] = []
        self.expected = re.compile(r"net::ERR|status of (401|403|404|409)")

    def open(self, size: dict[str, int] = DESK, lang: str = "en-GB", **context: object) -> Page:
        opened = self.browser.new_context(viewport=size, locale=lang, **context)  # type: ignore[arg-type]
        page = opened.new_page()
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

        def elsewhere(route: Route) -> None:
            self.complaints.append(f"asked elsewhere: {route.request.url}")
            route.abort()

        page.route(lambda url: not url.startswith(self.live.server.url), elsewhere)
        page.goto(self.live.server.url)
        return page

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not self.expected.search(message.text):
            self.complaints.append(message.text)

    def sign_in(
        self, name: str = "li", size: dict[str, int] = DESK, lang: str = "en-GB", **context: object
    ) -> Page:
        page = self.open(size, lang, **context)
        page.locator("input[name=username]").fill(name)
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("form button.go").click()
        expect(page.locator("table")).to_be_visible()
        return page


@pytest.fixture
def desk(chromium: Browser, live: Live) -> Iterator[Desk]:
    here = Desk(chromium, live)
    yield here
    for context in chromium.contexts:
        context.close()
    assert here.complaints == []


def ids(page: Page) -> list[str | None]:
    return [tr.get_attribute("data-id") for tr in page.locator("tbody tr").all()]


def test_login_refuses_and_accepts(desk: Desk) -> None:
    page = desk.open()
    page.locator("input[name=username]").fill("li")
    page.locator("input[name=password]").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("The name or the password is wrong")
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("tbody tr")).to_have_count(6)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_the_list_is_in_order_and_says_everything_in_words(desk: Desk) -> None:
    page = desk.sign_in()
    expect(page.locator("tbody tr")).to_have_count(6)
    assert [i and i[-1] for i in ids(page)] == ["1", "2", "3", "5", "4", "6"]
    first = page.locator("tbody tr").first
    for text in ("Red", "Active, unacknowledged", "Tank V-101", "10.62\u00a0m", "HH 10.5\u00a0m", "bh-lpg"):
        expect(first).to_contain_text(text)
    expect(page.locator("tbody tr").nth(2)).to_contain_text(re.compile(r"[23]:\d\d"))
    expect(page.locator("tbody .blinking")).to_have_count(5)
    assert page.title().startswith("(5) hazwatch")


def test_acknowledge_from_the_list_is_seen_by_another_operator(desk: Desk) -> None:
    here, there = desk.sign_in("li"), desk.sign_in("bo")
    expect(there.locator("tbody tr")).to_have_count(4)
    expect(there.locator("tbody")).not_to_contain_text(COLD)
    here.locator(f'tr[data-id="{RED}"] button').click()
    for page in (here, there):
        done = page.locator(f'tr[data-id="{RED}"]')
        expect(done).to_contain_text("Active, acknowledged")
        expect(done).to_contain_text("by li")
        expect(done.locator(".blinking")).to_have_count(0)
    assert desk.live.backend.rows[RED].acknowledged_by == "li"


def test_a_refused_command_says_why(desk: Desk) -> None:
    page = desk.sign_in()
    page.locator(f'tr[data-id="{RED}"]').wait_for()
    stale = desk.live.backend.rows[RED]
    newer = type(stale)(event=event(RED, time.time_ns(), seq=999), opened=stale.opened)
    desk.live.backend.rows[RED] = newer
    page.locator(f'tr[data-id="{RED}"] button').click()
    expect(page.locator(f'tr[data-id="{RED}"] .refused')).to_have_text(
        "Refused · The alert has changed since; look again"
    )


def test_a_viewer_is_offered_no_command(desk: Desk) -> None:
    page = desk.sign_in("gu")
    expect(page.locator("tbody tr")).to_have_count(6)
    expect(page.locator("tbody button")).to_have_count(0)
    page.keyboard.press("j")
    page.keyboard.press("a")
    page.wait_for_timeout(300)
    assert desk.live.backend.rows[RED].event.state == "unack"


def test_keyboard_alone_acknowledges(desk: Desk) -> None:
    page = desk.sign_in()
    page.locator(f'tr[data-id="{RED}"]').wait_for()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator("tr.selected")).to_have_attribute("data-id", RED)
    expect(page.locator("aside h2")).to_contain_text("Tank V-101")
    page.keyboard.press("a")
    expect(page.locator("aside")).to_contain_text("by li")
    page.keyboard.press("Escape")
    expect(page.locator("aside h2")).to_have_count(0)


def test_the_detail_explains_and_draws(desk: Desk) -> None:
    page = desk.sign_in()
    page.locator(f'tr[data-id="{RED}"] .title').click()
    detail = page.locator("aside")
    for text in (
        "Stop filling",
        "LT-102 of the same group",
        "Urgency 4 of 4 (second limit confirmed by a second sensor) × hazard source grade Ⅲ (R = 37.5) → Red",
        "control-room red alerts are told at once",
        "siren-north",
    ):
        expect(detail).to_contain_text(text)
    expect(detail.locator(".chart canvas")).to_be_visible()
    expect(detail.locator(".now")).to_contain_text("\u00a0m")
    with page.expect_response(re.compile(r"trend\?start_ms=\d+&end_ms=\d+")) as newer:
        pass
    assert len(newer.value.json()["t_ms"]) < 60, "only what is new is asked for"
    detail.get_by_role("textbox").fill("filling stopped")
    detail.get_by_role("button", name="Acknowledge").click()
    expect(detail).to_contain_text("by li")
    assert desk.live.backend.events[-1].why["comment"] == "filling stopped"


def test_what_was_done_is_reported_with_cause_and_action(desk: Desk) -> None:
    page = desk.sign_in()
    page.locator(f'tr[data-id="{RED}"] .title').click()
    detail = page.locator("aside")
    detail.get_by_role("button", name="Report handling").click()
    form = detail.locator("form")
    expect(form.locator("button.go")).to_be_disabled()
    form.locator("select").select_option(label="real release")
    form.locator("textarea").press_sequentially("a valve closed, no jet")
    desk.live.backend.answer = Refused(code="x", text=Text("已反馈", "said before"))
    form.locator("button.go").click()
    expect(form.get_by_role("alert")).to_have_text("Refused · said before")
    expect(form.locator("textarea")).to_have_value("a valve closed, no jet")
    desk.live.backend.answer = Done()
    form.locator("button.go").click()
    expect(form).to_have_count(0)
    asked = Confirm(alert=RED, by="li", cause="release", action="a valve closed, no jet")
    assert desk.live.backend.commands == [asked, asked]
    assert desk.live.backend.rows[RED].event.state == "unack", "letters typed are no shortcuts"


def test_shelving_asks_reason_time_and_the_second_person(desk: Desk) -> None:
    page = desk.sign_in()
    page.locator(f'tr[data-id="{RED}"] .title').click()
    detail = page.locator("aside")
    detail.get_by_role("button", name="Shelve").click()
    form = detail.locator("form")
    form.locator("select").select_option(label="2 h")
    form.locator("textarea").fill("transmitter works")
    form.get_by_label("Name of the second person").fill("bo")
    form.get_by_label("Password of the second person").fill("guess")
    form.locator("button.go").click()
    expect(form.get_by_role("alert")).to_contain_text("The second person's name or password is wrong")
    assert desk.live.backend.commands == []
    form.get_by_label("Password of the second person").fill(PASSWORD)
    form.locator("button.go").click()
    expect(form).to_have_count(0)
    [asked] = desk.live.backend.commands
    assert asked == Shelve(
        by="li", reason="transmitter works", alert=RED, for_s=7200.0, one_shot=False, second="bo"
    )


@pytest.mark.parametrize(
    ("lang", "size"), [("en-GB", DESK), ("zh-CN", DESK), ("en-GB", PHONE), ("zh-CN", PHONE)]
)
def test_every_state_is_listed_with_its_name_and_its_commands(
    desk: Desk, lang: str, size: dict[str, int], tmp_path: Path
) -> None:
    held = {
        "kind": "shelved",
        "by": "li",
        "second": "bo",
        "reason": "transmitter works",
        "until": "2026-01-01T00:00:00.000Z",
        "one_shot": False,
    }
    made = event("c1", time.time_ns())
    person = {"by": "li", "second": "bo", "time": held["until"], "words": "transmitter works"}

    def put() -> None:
        for name, state, what in (
            ("c1", "shelved", "shelved"),
            ("c2", "lunak", "cleared"),
            ("c3", "lackd", "acknowledged"),
            ("c4", "suppressed", "suppressed"),
            ("c5", "out_of_service", "out_of_service"),
        ):
            why = {**made.why, "arrangements": [held], "person": person} if name == "c1" else made.why
            desk.live.backend.put(event(name, time.time_ns(), state=state, event=what, why=why))

    desk.live.call(put)
    page = desk.sign_in(size=size, lang=lang)
    expect(page.locator("tbody tr")).to_have_count(11)
    english = lang == "en-GB"
    names = (
        ["Shelved", "Returned, latched, unacknowledged", "Suppressed by design", "Out of service"]
        if english
        else ["已搁置", "已恢复，锁定，未确认", "按设计抑制", "停用"]
    )
    for name in names:
        expect(page.locator("tbody")).to_contain_text(name)
    order = [i for i in ids(page) if i is not None and i.startswith("c")]
    assert (order[:2], set(order[2:])) == (["c2", "c3"], {"c1", "c4", "c5"}), "what is held comes last"
    page.locator('tr[data-id="c1"] .title').click()
    detail = page.locator("aside")
    expect(detail).to_contain_text("li, bo: transmitter works")
    expect(detail.get_by_role("button", name="Unshelve" if english else "解除搁置")).to_be_visible()
    expect(detail.get_by_role("button", name="Acknowledge" if english else "确认", exact=True)).to_have_count(
        0
    )
    detail.get_by_role("button", name="Comment" if english else "备注").click()
    expect(detail.locator("textarea")).to_be_visible()
    _fits(page)
    page.screenshot(path=tmp_path / "states.png")
    if size == PHONE:
        page.locator(".back").click()
    page.locator('tr[data-id="c2"] .title').click()
    expect(detail.get_by_role("button", name="Reset" if english else "复位")).to_be_visible()
    expect(
        detail.get_by_role("button", name="Acknowledge" if english else "确认", exact=True)
    ).to_be_visible()


def test_all_reasons_are_shown_and_a_silent_sensor_is_never_shown_as_safe(desk: Desk) -> None:
    page = desk.sign_in()
    row = page.locator(f'tr[data-id="{RED}"]')
    expect(row).to_contain_text("bh-lpg/LT-101 · 2 reasons")
    row.locator(".title").click()
    why = page.locator("aside dl.why")
    expect(why.locator("li")).to_have_count(2)
    expect(why).to_contain_text("level is above the high-high limit 10.5 m")
    expect(why).to_contain_text("level is shifted from the sensor's own baseline")
    expect(page.locator("aside .facts")).to_contain_text("KindHigh")
    expect(page.locator("aside")).not_to_contain_text("No signal since")

    told = desk.live.backend.rows[RED].event
    text = {"zh": "该测点无信号，报警保持", "en": "the sensor is silent and the alert stands"}
    blind = {"since": "2026-01-01T00:00:00.000Z", "text": text}
    silent = msgspec.structs.replace(told, why={**told.why, "blind": blind})
    desk.live.call(lambda: desk.live.backend.put(silent))
    expect(row).to_contain_text("No signal since")
    expect(page.locator("aside")).to_contain_text("the sensor is silent and the alert stands")
    page.get_by_role("button", name="中文").click()
    expect(row).to_contain_text("起无信号")
    expect(row).to_contain_text("2 条依据")


def test_language_switches_everything_and_is_kept(desk: Desk) -> None:
    page = desk.sign_in()
    page.locator(f'tr[data-id="{RED}"] .title').click()
    page.get_by_role("button", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    for text in ("报警中，未确认", "高高限", "储罐 V-101 液位超过高高限", "处置建议", "滨海化工园区"):
        expect(page.locator("body")).to_contain_text(text)
    page.reload()
    expect(page.locator("tbody tr").first).to_contain_text("红色")
    words = re.compile(r"[A-Za-z]{4,}")
    shown = page.locator("header, thead, tbody").all_inner_texts()
    left_over = set(words.findall(" ".join(shown))) - {
        "English",
        "hazwatch",
        "tank",
        "farm",
        "loading",
        "ammonia",
        "cold",
        "wang",
    }
    assert left_over == set()


def test_the_browsers_language_is_the_first_choice(desk: Desk) -> None:
    expect(desk.open(lang="zh-CN").get_by_role("button", name="登录")).to_be_visible()


def test_a_row_under_the_cursor_does_not_jump(desk: Desk) -> None:
    page = desk.sign_in()
    target = page.locator('tr[data-id="a000000000000003"]')
    target.hover()
    before = target.bounding_box()
    desk.live.call(
        lambda: desk.live.backend.put(event("b1", time.time_ns(), what={"zh": "新", "en": "Newer"}))
    )
    banner = page.locator(".waiting")
    expect(banner).to_contain_text("1 new")
    expect(banner).to_contain_text("Red · Newer")
    assert target.bounding_box() == before
    expect(page.locator("tbody tr")).to_have_count(6)
    page.keyboard.press("n")
    expect(page.locator("tbody tr").first).to_have_attribute("data-id", "b1")
    expect(banner).to_have_count(0)
    page.locator("header").hover()
    desk.live.call(lambda: desk.live.backend.put(event("b2", time.time_ns())))
    expect(page.locator("tbody tr").first).to_have_attribute("data-id", "b2")


def test_a_stalled_server_greys_the_page_and_commands_are_refused(desk: Desk) -> None:
    page = desk.sign_in()
    page.locator(f'tr[data-id="{RED}"]').wait_for()
    page.keyboard.press("j")
    with desk.live.stalled():
        overlay = page.locator(".overlay")
        expect(overlay).to_be_visible()
        expect(overlay).to_contain_text(re.compile(r"No data since \d\d:\d\d:\d\d"))
        page.keyboard.press("a")
        expect(page.locator("tr.selected .refused")).to_contain_text("the command was not sent")
        page.get_by_role("button", name="中文").click()
        expect(overlay).to_contain_text("数据中断")
    expect(overlay).to_have_count(0)
    assert desk.live.backend.rows[RED].event.state == "unack"
    desk.live.call(lambda: desk.live.backend.put(event("b1", time.time_ns())))
    expect(page.locator('tr[data-id="b1"]')).to_be_visible()


def test_a_restarted_server_is_found_again_with_what_was_missed(desk: Desk, tmp_path: Path) -> None:
    page = desk.sign_in()
    page.locator(f'tr[data-id="{RED}"]').wait_for()
    port = desk.live.server.port
    desk.live.stop()
    expect(page.locator(".link")).to_have_text("Connection lost")
    with Live(tmp_path, port=port) as again:
        again.call(lambda: again.backend.put(event("b1", time.time_ns())))
        expect(page.locator('tr[data-id="b1"]')).to_be_visible(timeout=30_000)
        expect(page.locator("tbody tr")).to_have_count(1)
        expect(page.locator(".link")).to_have_text("Live")
        page.close()


def test_late_readings_and_ill_parts_are_named(desk: Desk) -> None:
    desk.live.backend.newest_age_s = 42.0
    detail = Text("无法连接", "cannot be reached")
    desk.live.backend.components["store"] = Component(state=Health.DOWN, detail=detail)
    page = desk.sign_in()
    expect(page.locator(".age")).to_have_text("Readings late: newest 42 s old")
    expect(page.locator(".ill")).to_have_text("Time-series store: down · cannot be reached")


def test_hostile_text_is_text(desk: Desk) -> None:
    script = "<script>document.title='owned'</script><img src=x onerror=alert(1)>"
    long = "\u202eright to left " + "x" * 10_000

    def put() -> None:
        desk.live.backend.put(
            event("b1", time.time_ns(), sensor=HOSTILE, equipment=script, what={"zh": script, "en": script})
        )
        desk.live.backend.put(event("b2", time.time_ns(), enterprise=long, what={"zh": long, "en": long}))

    desk.live.call(put)
    page = desk.sign_in()
    expect(page.locator('tr[data-id="b1"] .title')).to_have_text(script)
    page.locator('tr[data-id="b1"] .title').click()
    expect(page.locator("aside h3").nth(1)).to_contain_text(HOSTILE)
    expect(page.locator("aside")).to_contain_text("No readings in this period.")
    box = page.locator('tr[data-id="b2"]').bounding_box()
    assert box
    assert box["height"] < 150
    assert "owned" not in page.title()
    _fits(page)


@pytest.mark.parametrize("width", [1024, 1200, 1366, 1600, 3840])
def test_every_width_shows_every_title(desk: Desk, width: int) -> None:
    page = desk.sign_in(size={"width": width, "height": 800})
    title = page.locator(f'tr[data-id="{RED}"] .title')
    expect(title).to_be_visible()
    box = title.bounding_box()
    assert box
    assert box["width"] > 200
    _fits(page)


def test_a_phone_shows_list_detail_and_acknowledges(desk: Desk) -> None:
    page = desk.sign_in(size=PHONE, has_touch=True, is_mobile=True)
    page.locator(f'tr[data-id="{RED}"]').wait_for()
    _fits(page)
    page.locator(f'tr[data-id="{RED}"] .title').tap()
    expect(page.locator("aside h2")).to_be_visible()
    expect(page.locator(f'tr[data-id="{RED}"]')).not_to_be_visible()
    _fits(page)
    page.locator("aside .act button").tap()
    expect(page.locator("aside")).to_contain_text("by li")
    page.get_by_role("button", name="Back to the list").tap()
    expect(page.locator(f'tr[data-id="{RED}"]')).to_be_visible()


_PHASES = """e => Promise.all([true, false].map(dim => new Promise(resolve => {
  const root = document.documentElement;
  const look = () => {
    if (root.classList.contains("dim-phase") !== dim) return;
    watcher.disconnect();
    const [mark, path, text, row] = [e, e.querySelector("path"), e.querySelector("text"), e.closest("tr")].map(of => getComputedStyle(of));
    resolve({ mark: mark.opacity, fill: path.fillOpacity, edge: path.stroke, edgeOpacity: path.strokeOpacity, ink: text.fill, words: row.color });
  };
  const watcher = new MutationObserver(look);
  watcher.observe(root, { attributes: true });
})))"""
"""A mark as it stands in the dim phase and in the bright one."""


def test_nothing_blinks_for_who_asks_for_less_motion(desk: Desk) -> None:
    page = desk.sign_in(reduced_motion="reduce")
    mark = page.locator("tbody .blinking").first
    mark.wait_for()
    dim, bright = mark.evaluate(_PHASES)
    assert dim == bright
    assert mark.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"


def test_a_blinking_mark_keeps_its_shape_in_the_dim_phase(desk: Desk) -> None:
    page = desk.sign_in()
    mark = page.locator("tbody .blinking").first
    mark.wait_for()
    dim, bright = mark.evaluate(_PHASES)
    assert (dim["fill"], bright["fill"]) == ("0.25", "1")
    assert dim["mark"] == dim["edgeOpacity"] == "1"
    assert dim["edge"] == dim["ink"] == dim["words"], "outline and numeral are as dark as text"


def _fits(page: Page) -> None:
    """Nothing is wider than the screen."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
