"""Every page of a real service with the demo site's simulator behind it: each language, each role, and what means ill."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Error,
    Page,
    Route,
    ViewportSize,
    expect,
    sync_playwright,
)

from console.accounts import Role
from console.app import STATIC_DIR
from tests.integration.demo_plant import (
    HOSTILE,
    HOSTILE_SOURCE,
    LONG,
    MARKUP,
    PASSWORD,
    RIGHT_TO_LEFT,
    DemoPlant,
    demo_plant,
)
from tests.servers.chromium import launched

pytestmark = [
    pytest.mark.server,
    pytest.mark.browser,
    pytest.mark.skipif(not (STATIC_DIR / "index.html").is_file(), reason="the page is not built"),
]
ACCOUNTS: Mapping[str, tuple[Role, str | None]] = {
    "gu": (Role.VIEWER, None),
    "li": (Role.OPERATOR, None),
    "zhou": (Role.ADMIN, None),
    "bo": (Role.OPERATOR, "beicang"),
}
TITLES = {
    "overview": ("Overview", "总览"),
    "alarms": ("Alarms", "报警"),
    "trends": ("Trends", "趋势"),
    "replay": ("Replay", "回放"),
    "reports": ("Reports", "报表"),
    "rules": ("Rules", "规则"),
    "people": ("People", "人员"),
    "system": ("System", "系统"),
    "alert": ("Alert", "报警"),
    "source": ("Hazard source", "危险源"),
}
DESK, PHONE = ViewportSize(width=1920, height=1080), ViewportSize(width=390, height=844)
EXPECTED = re.compile(r"net::ERR|status of (401|403|404)")
"""What the browser itself says of a refusal; the pages say it in words, which is looked at."""
MESS = re.compile(r"\bundefined\b|\bNaN\b|\[object|\b[a-z]+_[a-z_]+\b|\b[a-z]{2,}[A-Z][a-z]+\b")
"""What no person should read: values that are none, keys of the dictionary and codes of the programs."""
SETTING_NAMES = {"out_of_service"}
"""What a person writes so himself, in a settings file."""
OTHERS = re.compile(r"haigang|海港|\bHG-|zhenhai|镇海|LT-900|Level of the yard|Sphere|球罐", re.IGNORECASE)
"""What the account with the scope of beicang must not read."""
COMMANDS = re.compile(r"^(Acknowledge|Shelve|Report handling|Comment|Reset|Assign)$")
WIDER = """async () => {
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const held = (one) => {
    for (let up = one.parentElement; up; up = up.parentElement)
      if (up.tagName !== "MAIN" && getComputedStyle(up).overflowX !== "visible") return true;
    return false;
  };
  return [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > innerWidth + 1 && !held(one))
    .map((one) => `${one.tagName}.${one.className}: ${one.textContent.slice(0, 60)}`)
    .slice(0, 3);
}"""
"""Names what reaches over the window's right edge without lying in a place that scrolls or cuts by itself."""
SECTIONS = ("routes", "silences", "maintenance", "duty", "detectors", "incidents")

q = partial(quote, safe="")


@dataclass(frozen=True)
class Place:
    """An address, and words of this site that its page shows in each language."""

    address: str
    en: str
    zh: str
    codes: bool = False
    """It lists settings by their names in the file."""


def _pages(plant: DemoPlant) -> tuple[Place, ...]:
    return (
        Place("overview", "Zhenhai District", "镇海区"),
        Place("alarms", "Level of the yard", "haigang/LT-900"),
        Place(f"trends/{q('haigang/LT-900')}", "1 year", "Level of the yard"),
        Place("replay", "journal", "日志"),
        Place("reports", "Level of the yard", "LT-900"),
        Place("rules/routes", "enterprise=haigang", "enterprise=haigang"),
        Place("rules/silences", "Running silences", "静默"),
        Place("rules/maintenance", "Held back now", "检修"),
        Place("rules/duty", "Wang Jianguo", "王建国"),
        Place("rules/detectors", "combustible gas", "可燃", codes=True),
        Place("rules/incidents", "HG-SPH", "HG-SPH"),
        Place("people/me", "no limit", "不限"),
        Place("people/tokens", "Programs use the web API", "令牌"),
        Place("system", "MQTT broker", "MQTT"),
        Place(f"alert/{plant.alerts['LT-900']}", "Stop filling", "停止进料"),
        Place("source/haigang/HG-SPH", "LPG sphere yard", "液化石油气球罐区"),
    )


def _administration() -> tuple[Place, ...]:
    return (
        Place("people/accounts", "enterprise beicang", "beicang"),
        Place("people/sessions", "this one", "zhou"),
        Place("people/audit", "Sign in", "登录"),
    )


@dataclass
class Visitor:
    """One account in a browser context of its own; `complaints` are what its pages should not have done."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def to(self, address: str) -> None:
        self.page.evaluate("address => { location.hash = '#/' + address }", address)

    def switch(self) -> None:
        self.page.evaluate("document.querySelector('.person button').click()")

    def body(self, place: Place, english: bool) -> str:
        """Wait until title and words are there; return the whole text."""
        words = place.en if english else place.zh
        title = TITLES[place.address.partition("/")[0]][0 if english else 1]
        titled = self.page.locator(f'[aria-label="{title}"]')
        try:
            self.page.locator(".body").filter(has=titled).filter(has_text=words).wait_for(timeout=30_000)
        except Error:
            self.complaints.append(f"{place.address} is not titled {title!r} or does not show {words!r}")
        return self.page.locator("body").inner_text()

    def complained(self) -> list[str]:
        """Return what it complained of since this was last asked."""
        told = list(self.complaints)
        self.complaints.clear()
        return told

    def fits(self, where: str) -> None:
        for size in (DESK, PHONE):
            self.page.set_viewport_size(size)
            wider = self.page.evaluate(WIDER)
            if wider:
                self.complaints.append(f"{where}, {size['width']} wide: {wider}")
        self.page.set_viewport_size(DESK)


class Visits:
    """One browser, a context for each account, signed in when first asked for."""

    def __init__(self, browser: Browser, plant: DemoPlant) -> None:
        self.plant = plant
        self._browser = browser
        self._visitors: dict[str, Visitor] = {}

    def of(self, name: str) -> Visitor:
        if name not in self._visitors:
            self._visitors[name] = self._sign_in(name)
        return self._visitors[name]

    def _sign_in(self, name: str) -> Visitor:
        page = self._browser.new_context(viewport=DESK, locale="en-GB").new_page()
        visitor = Visitor(page)

        def note(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"} and not EXPECTED.search(message.text):
                visitor.complaints.append(message.text)

        def elsewhere(route: Route) -> None:
            visitor.complaints.append(f"asked elsewhere: {route.request.url}")
            route.abort()

        page.on("console", note)
        page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        page.on("dialog", lambda dialog: visitor.complaints.append(dialog.message))
        page.route(lambda asked: not asked.startswith(self.plant.url), elsewhere)
        page.goto(self.plant.url)
        page.locator("input[name=username]").fill(name)
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("form button.go").click()
        expect(page.locator(".link")).to_have_text("Live")
        return visitor


@pytest.fixture(scope="module")
def visits(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Visits]:
    with (
        demo_plant(tmp_path_factory.mktemp("plant"), cache, ACCOUNTS) as plant,
        sync_playwright() as playwright,
    ):
        browser = launched(playwright)
        yield Visits(browser, plant)
        browser.close()


def _look(visitor: Visitor, place: Place, never: re.Pattern[str] | None = None) -> None:
    """Open a page; look at it in both languages and at both widths, and leave it in English."""
    visitor.to(place.address)
    for english in (True, False):
        text = visitor.body(place, english)
        where = f"{place.address} in {'English' if english else 'Chinese'}"
        mess = set() if place.codes else set(MESS.findall(text)) - SETTING_NAMES
        if mess:
            visitor.complaints.append(f"{where}: {mess}")
        if never and (found := set(never.findall(text))):
            visitor.complaints.append(f"{where}: shows {found}")
        visitor.fits(where)
        visitor.switch()


@pytest.mark.parametrize("name", ["gu", "li", "zhou"])
def test_every_page_opens_in_both_languages_for_each_role(visits: Visits, name: str) -> None:
    visitor = visits.of(name)
    pages = _pages(visits.plant) + (_administration() if name == "zhou" else ())
    for place in pages:
        _look(visitor, place)
    assert visitor.complained() == []


@pytest.mark.parametrize("name", ["gu", "li", "zhou"])
def test_what_a_role_may_not_do_is_not_offered_and_is_refused_in_words(visits: Visits, name: str) -> None:
    visitor, alert = visits.of(name), visits.plant.alerts["LT-900"]
    page, acts, administers = visitor.page, name != "gu", name == "zhou"
    headers = {"X-Hazwatch": "1"}

    visitor.to("alarms")
    expect(page.locator(f'tr[data-id="{alert}"]')).to_be_visible()
    offered = page.locator("tbody").get_by_role("button", name=COMMANDS)
    assert bool(offered.count()) is acts
    visitor.to(f"alert/{alert}")
    expect(page.locator("main")).to_contain_text("Stop filling")
    assert bool(page.locator("main").get_by_role("button", name=COMMANDS).count()) is acts
    visitor.to("rules/silences")
    expect(page.locator("main")).to_contain_text(
        "New silence" if acts else "Your role may look but not change."
    )
    assert bool(page.get_by_role("button", name="Begin the silence").count()) is acts
    visitor.to("people/accounts")
    expect(page.locator("main")).to_contain_text(
        "enterprise beicang" if administers else "Your role may not do this"
    )
    assert bool(page.get_by_role("button", name="Add an account").count()) is administers
    visitor.to("people/audit")
    expect(page.locator("main")).to_contain_text(
        "Verify the log" if administers else "Your role may not do this"
    )
    assert bool(page.locator("main form").count()) is administers

    if not acts:
        body = {"comment": "x"}
        answer = page.request.post(
            f"{visits.plant.url}/api/v1/alerts/{alert}/ack", data=body, headers=headers
        )
        assert (answer.status, answer.json()["code"]) == (403, "role")
    if not administers:
        new = {"name": "x", "role": "viewer", "reason": "x"}
        answer = page.request.post(f"{visits.plant.url}/api/v1/accounts", data=new, headers=headers)
        assert (answer.status, answer.json()["code"]) == (403, "role")
    assert visitor.complained() == []


def test_an_account_with_a_scope_sees_nothing_of_another_enterprise(visits: Visits) -> None:
    visitor, alerts = visits.of("bo"), visits.plant.alerts
    only, nobody = "Only accounts without a scope see this", "仅不受范围限制的账户可见"
    for place in (
        Place("overview", "Refrigerated ammonia tank", "低温液氨储罐"),
        Place("alarms", "Level of the store", "beicang/LT-901"),
        Place(f"trends/{q('beicang/LT-901')}", "Level of the store", "Level of the store"),
        Place("replay", "journal", "日志"),
        Place("reports", "Level of the store", "LT-901"),
        Place("rules/routes", "enterprise=beicang", "enterprise=beicang"),
        Place("rules/silences", "New silence", "静默"),
        Place("rules/maintenance", "Held back now", "检修"),
        Place("rules/duty", only, nobody),
        Place("rules/detectors", only, nobody, codes=True),
        Place("rules/incidents", "BC-TANK", "BC-TANK"),
        Place("people/me", "enterprise beicang", "beicang"),
        Place("people/sessions", "this one", "bo"),
        Place("system", "Only accounts without a scope see this page.", "范围"),
        Place(f"alert/{alerts['LT-901']}", "Level of the store", "LT-901"),
        Place("source/beicang/BC-TANK", "Refrigerated ammonia tank", "低温液氨储罐"),
        Place(f"alert/{alerts['LT-900']}", "not in your scope", "权限"),
    ):
        _look(visitor, place, OTHERS)
    visitor.to("source/haigang/HG-SPH")
    expect(visitor.page.locator("main")).to_have_text("There is no such hazard source in your scope.")
    assert visitor.complained() == []


def test_an_alarm_acknowledged_in_one_browser_is_seen_in_another(
    visits: Visits, note: Callable[[str], None]
) -> None:
    here, there, alert = visits.of("li"), visits.of("gu"), visits.plant.alerts["LT-900"]
    for visitor in (here, there):
        visitor.to("alarms")
        expect(visitor.page.locator(f'tr[data-id="{alert}"]')).to_contain_text("unacknowledged")
    began = time.monotonic()
    here.page.locator(f'tr[data-id="{alert}"]').get_by_role("button", name="Acknowledge").click()
    there.page.wait_for_function(
        "id => document.querySelector(`tr[data-id='${id}']`)?.innerText.includes('by li')", arg=alert
    )
    note(
        f"pages: acknowledged in one browser, seen in another after {1000 * (time.monotonic() - began):.0f} ms"
    )
    for visitor in (here, there):
        expect(visitor.page.locator(f'tr[data-id="{alert}"]')).to_contain_text("Active, acknowledged")
        assert visitor.complained() == []


def test_what_means_ill_is_shown_as_text_and_has_addresses_that_work(visits: Visits) -> None:
    visitor, alerts = visits.of("zhou"), visits.plant.alerts
    source = Place(f"source/haigang/{q(HOSTILE_SOURCE)}", MARKUP, MARKUP)
    _look(visitor, source)
    for sensor, description in HOSTILE.items():
        expect(visitor.page.locator("body")).to_be_visible()
        _look(visitor, Place(f"alert/{alerts[sensor]}", sensor, sensor))
        _look(visitor, Place(f"trends/{q(f'haigang/{sensor}')}", f"haigang/{sensor}", description[:200]))
        visitor.to(source.address)
        expect(visitor.page.locator("main")).to_contain_text(sensor)
    for address in ("alarms", "rules/routes", "rules/incidents"):
        _look(visitor, Place(address, "<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"))
    _look(visitor, Place("reports", LONG, HOSTILE_SOURCE))
    image, base, now_ms = next(iter(HOSTILE)), f"{visits.plant.url}/api/v1", int(time.time() * 1000)
    holding: Mapping[str, Mapping[str, object]] = {
        "silences": {
            "matchers": [f"sensor=haigang/{image}", "grade!=red"],
            "comment": f"{MARKUP}{RIGHT_TO_LEFT}",
        },
        "out-of-service": {
            "place": {"kind": "source", "id": HOSTILE_SOURCE},
            "permit": image,
            "from_ms": now_ms + 3_600_000,
            "reason": "endless" * 280,
        },
    }
    for path, body in holding.items():
        data = {**body, "until_ms": now_ms + 7_200_000}
        answer = visitor.page.request.post(f"{base}/{path}", data=data, headers={"X-Hazwatch": "1"})
        assert answer.status == 200, answer.text()
    _look(visitor, Place("rules/silences", MARKUP, RIGHT_TO_LEFT))
    _look(visitor, Place("rules/maintenance", image, image))
    for words, status in (("x" * 10_000, 422), (MARKUP + RIGHT_TO_LEFT, 200)):
        path = f"{visits.plant.url}/api/v1/alerts/{alerts['L' * 128]}/comment"
        answer = visitor.page.request.post(path, data={"comment": words}, headers={"X-Hazwatch": "1"})
        assert answer.status == status
    _look(visitor, Place(f"alert/{alerts['L' * 128]}", MARKUP + RIGHT_TO_LEFT, MARKUP + RIGHT_TO_LEFT))
    assert visitor.page.locator("img[src=x], .body script").count() == 0
    assert visitor.complained() == []
