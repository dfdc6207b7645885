"""The page of one alert over the web API: one answer, the checklist, roles and scopes; over the fake backend."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from alerting.advice import default_advice, measures_of
from alerting.commands import Check
from alerting.escalation.upcoming import Next, Upcoming
from alerting.events import AlertEvent, Kind
from alerting.incidents.incident import Entry
from alerting.texts import rfc3339
from console.alert_backend import Neighbour, Reading, Surroundings
from console.alert_story import checklist, usual_before
from console.backend import Done
from console.fake import FakeBackend
from console.feed import Feed
from console.saved import MAX_SAVED
from console.usuals import KEPT_NS, USUALS_KEPT, Usuals
from detectors.outlook import Ahead, Outlook, Usual
from registry.plant import Text
from store.series import Series, StoreError
from tests.console.site import COLD, LPG, event
from tests.console.test_api import COLD_ALERT, RED, Site, on_site
from tests.console.test_desk import delivery, incident

STEP = {"zh": "停止进料，关闭入口切断阀 XV-101", "en": "Stop filling, close inlet valve XV-101"}
LT, GT, COLD_GT = f"{LPG}/LT-101", f"{LPG}/GT-07", f"{COLD}/GT-31"


def ticked(alert: str, by: str, step: dict[str, str], *, done: bool) -> AlertEvent:
    made = event(alert, time.time_ns(), event="commented")
    person = {
        "by": by,
        "second": None,
        "time": made.time,
        "words": "x",
        "check": {"step": step, "done": done},
    }
    return msgspec.structs.replace(made, why={**made.why, "person": person})


def furnish(s: Site) -> None:
    """Give the red alert surroundings, a forecast, a call to come, and an earlier one like it."""
    there = s.backend.alerts
    there.around[LT] = Surroundings(
        neighbours=[
            Neighbour(reading=Reading(facts=s.backend.sensors[GT], t_ns=1, value=23.0), by="source"),
            Neighbour(reading=Reading(facts=s.backend.sensors[COLD_GT]), by="group"),
        ],
        wind_speed=Reading(facts=s.backend.sensors[GT], t_ns=1, value=3.5),
    )
    usual = Usual(mean=10.0, sigma=0.1, z_threshold=6.0, tau_s=600.0)
    ahead = Ahead(
        t_ns=2_000_000, value=10.6, slope=0.01, low=0.008, high=0.012, span_s=96.0, left_s=90.0, limit=4, limit_value=11.5
    )  # fmt: skip
    there.outlooks[LT] = Outlook(usual=usual, ahead=ahead)
    person = Next(person="zhao", name=Text("赵", "Zhao"), receivers=("sms",), reason=Text("当值", "on duty"))
    there.next[RED] = Upcoming(chain="site", level=2, of=3, due_ns=3_000_000, held=False, people=(person,))
    past = event("a0", 10**18, grade="orange")
    confirmed = {"by": "wang", "time": past.time, "cause": "false_alarm", "action": "wiped the lens"}
    end = msgspec.structs.replace(past, event="closed", state="closed", why={"confirmed": confirmed})
    there.similar = [[past, end], [event("b0", 10**18, enterprise=COLD)]]
    s.backend.delivered = [delivery(RED)]


def test_one_answer_has_all_that_the_page_of_an_alert_needs(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        furnish(s)
        await s.sign_in("li")
        body = (await s.get(f"/api/v1/alerts/{RED}")).json()
        assert (body["alert"]["id"], body["open"], body["left_out"]) == (RED, True, 0)
        assert [(e["event"], e["state"]) for e in body["events"]] == [("opened", "unack")]
        assert [one["receiver"] for one in body["deliveries"]] == ["duty"]
        assert next(step["text"] for step in body["checklist"]) == STEP
        assert [step["done"] for step in body["checklist"]] == [False, False, False]
        assert [(n["sensor"], n["by"]) for n in body["neighbours"]] == [(GT, "source"), (COLD_GT, "group")]
        assert body["wind"]["speed"]["value"] == 3.5
        assert body["wind"]["direction"] is None
        assert body["outlook"]["ahead"]["limit_name"] == "design"
        assert body["next"]["people"][0]["name"] == {"zh": "赵", "en": "Zhao"}
        assert body["next"]["due_ms"] == 3.0
        assert body["usual"]["low"] < body["usual"]["median"] < body["usual"]["high"]
        assert body["grades"]["columns"] == ["Ⅳ", "Ⅲ", "Ⅱ", "Ⅰ"]
        assert [row["grades"][-1] for row in body["grades"]["rows"]][-1] == "red"
        first = body["similar"][0]
        assert (first["grade"], first["same_sensor"], first["confirmed"]["action"]) == (
            "orange",
            True,
            "wiped the lens",
        )
        assert first["closed"] is not None

    on_site(tmp_path, scenario)


def test_what_lies_outside_of_the_scope_is_not_shown(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        furnish(s)
        assert (await s.get(f"/api/v1/alerts/{RED}")).status_code == 401
        await s.sign_in("bo")
        body = (await s.get(f"/api/v1/alerts/{RED}")).json()
        assert [n["sensor"] for n in body["neighbours"]] == [GT]
        assert [one["id"] for one in body["similar"]] == ["a0"]
        for name in (COLD_ALERT, "nothing", "%2e%2e%2fx", "x" * 500):
            answer = await s.get(f"/api/v1/alerts/{name}")
            assert answer.status_code in {404, 422}
            assert {"zh", "en"} <= answer.json().keys()
        answer = await s.post(f"/api/v1/alerts/{COLD_ALERT}/check", {**STEP, "done": True})
        assert answer.status_code == 404
        assert s.backend.commands == []

    on_site(tmp_path, scenario)


def test_a_closed_alert_stands_as_its_events_say(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        before = (await s.get(f"/api/v1/alerts/{RED}")).json()
        made = s.backend.rows[RED].event
        seen = {"acknowledged": {"by": "li", "time": made.time}}
        s.backend.put(
            msgspec.structs.replace(made, event="acknowledged", state="acked", why={**made.why, **seen})
        )
        s.backend.put(msgspec.structs.replace(made, event="closed", state="closed"))
        body = (await s.get(f"/api/v1/alerts/{RED}")).json()
        assert (body["open"], body["alert"]["state"], body["next"]) == (False, "closed", None)
        assert body["alert"]["acknowledged_by"] == "li"
        assert body["alert"]["opened"] == before["alert"]["opened"]
        assert [e["event"] for e in body["events"]] == ["opened", "acknowledged", "closed"]

    on_site(tmp_path, scenario)


def test_what_people_made_of_its_incident_stands_with_the_alert(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        opened_ns = time.time_ns()
        made = s.backend.rows[RED].event
        made = msgspec.structs.replace(
            made, time=rfc3339(opened_ns), why={**made.why, "incident": {"id": "whole"}}
        )
        s.backend.rows[RED] = replace(s.backend.rows[RED], event=made, opened=made.time)
        before = Entry(opened_ns - 10**9, "merged", by="wu", text="too early", others=("x",))
        split = Entry(opened_ns + 10**9, "split", by="li", text="another <leak>", others=("part",))
        of_part = msgspec.structs.replace(split, others=("whole",))
        merged = Entry(opened_ns + 2 * 10**9, "merged", by="gu", text="one after all", others=("part",))
        there = {
            "whole": replace(incident("whole", LPG), open_alerts=("other",), timeline=(before, split)),
            "part": replace(incident("part", LPG), timeline=(before, of_part)),
        }
        s.backend.gathered = there
        await s.sign_in("li")
        path = f"/api/v1/alerts/{RED}"
        said = {"by": "li", "reason": "another <leak>", "time": rfc3339(split.now_ns), "what": "split"}
        assert (await s.get(path)).json()["regrouped"] == [{**said, "incident": "part", "others": ["whole"]}]
        again = replace(there["whole"], open_alerts=(RED,), timeline=(before, split, of_part, merged))
        s.backend.gathered = {"whole": again}
        found = (await s.get(path)).json()["regrouped"]
        assert [(one["what"], one["by"], one["others"]) for one in found] == [
            ("split", "li", ["part"]),
            ("merged", "gu", ["part"]),
        ]
        s.backend.gathered = {"whole": replace(again, enterprise=COLD)}
        await s.sign_in("bo")
        assert (await s.get(path)).json()["regrouped"] == []
        s.backend.gathered = {}
        assert (await s.get(path)).json()["regrouped"] == [], "the incident is known no more"

    on_site(tmp_path, scenario)


def test_a_measure_is_ticked_once_in_the_name_of_the_account(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        path = f"/api/v1/alerts/{RED}/check"
        await s.sign_in("gu")
        assert (await s.post(path, {**STEP, "done": True})).status_code == 403
        await s.sign_in("li")
        assert (await s.post(path, {**STEP, "done": "perhaps"})).status_code == 422
        assert (await s.post(path, {**STEP, "en": "x" * 3000, "done": True})).status_code == 422
        stale = await s.post(path, {"zh": "别的", "en": "something else", "done": True})
        assert (stale.status_code, stale.json()["code"]) == (409, "no_such_step")
        assert (await s.post(path, {**STEP, "done": False})).json()["code"] == "already_checked"
        assert (await s.post(path, {**STEP, "done": True})).status_code == 200
        asked = Check(alert=RED, by="li", step=Text(STEP["zh"], STEP["en"]), done=True)
        assert s.backend.commands == [asked]
        s.backend.put(ticked(RED, "li", STEP, done=True))
        again = await s.post(path, {**STEP, "done": True})
        assert (again.status_code, again.json()["en"]) == (409, "li has ticked it before")
        body = (await s.get(f"/api/v1/alerts/{RED}")).json()
        assert next((step["done"], step["by"]) for step in body["checklist"]) == (True, "li")
        assert isinstance(s.backend.answer, Done)

    on_site(tmp_path, scenario)


def test_saved_views_are_each_accounts_own_and_bounded(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        path = "/api/v1/views"
        assert (await s.get(path)).status_code == 401
        await s.sign_in("gu")
        assert (await s.get(path)).json() == {"views": []}
        hostile = {"name": "<b>'; drop table views", "view": "a/b\n?p=h8"}
        assert (await s.post(path, hostile)).json() == {"views": [hostile]}
        assert (await s.post(path, {**hostile, "view": "c"})).json() == {"views": [{**hostile, "view": "c"}]}
        for bad in (
            {"name": " ", "view": "x"},
            {"name": "n" * 101, "view": "x"},
            {"name": "n", "view": "x" * 4001},
        ):
            assert (await s.post(path, bad)).status_code == 422
        for i in range(MAX_SAVED - 1):
            await s.post(path, {"name": str(i), "view": "x"})
        full = await s.post(path, {"name": "one more", "view": "x"})
        assert (full.status_code, full.json()["code"]) == (409, "too_many_views")
        assert (await s.post(path, {**hostile, "view": "d"})).status_code == 200
        await s.sign_in("li")
        assert (await s.post(f"{path}/remove", {"name": "1"})).json() == {"views": []}
        await s.sign_in("gu")
        assert len((await s.post(f"{path}/remove", {"name": "1"})).json()["views"]) == MAX_SAVED - 1

    on_site(tmp_path, scenario)


def test_the_checklist_keeps_what_was_done_when_the_advice_changes() -> None:
    old = ticked("a", "li", STEP, done=True)
    back = ticked("a", "bo", {"zh": "确认倒罐流程", "en": "prepare transfer to V-102"}, done=True)
    other = event("a", time.time_ns())
    newest = msgspec.structs.replace(other, why={"advice": {"zh": "撤离", "en": "leave"}})
    steps = checklist([old, back, newest])
    assert [(step.text.en, step.done, step.by) for step in steps] == [
        ("leave", False, None),
        (STEP["en"], True, "li"),
        ("prepare transfer to V-102", True, "bo"),
    ]


def test_an_advice_is_cut_into_measures_where_both_languages_agree() -> None:
    cut = [step.en for step in measures_of(Text("甲，乙；丙。", "a, b; c, 10.5 m. "))]
    assert cut == ["a, b", "c, 10.5 m"]
    assert [step.zh for step in measures_of(Text("甲\n乙；丙", "a; b\nc"))] == ["甲", "乙；丙"]
    assert len(measures_of(Text("停止进料，核对液位计", "Stop filling, check the gauge"))) == 2
    assert measures_of(Text("甲，乙", "a and b")) == (Text("甲，乙", "a and b"),)
    for row in default_advice().values():
        for advice in row.values():
            assert all(step.zh and step.en for step in measures_of(advice))
    assert len(measures_of(default_advice()[Kind.HIGH]["level"])) == 4


def test_what_was_usual_stands_up_to_a_tenth_of_wild_values() -> None:
    rng = np.random.default_rng(3)
    value = rng.normal(5.0, 0.2, 500)
    value[::10] = 80.0
    t_ns = np.arange(500) * 2 * 10**9
    usual = usual_before(Series.raw(t_ns, value), 0, 10**12)
    assert usual is not None
    assert abs(usual.median - 5.0) < 0.1
    assert 5.4 < usual.high < 6.0
    assert usual_before(Series.raw(t_ns[:5] * 200, value[:5]), 0, 10**12) is None, "too few"
    assert usual_before(Series.raw(t_ns[:100], value[:100]), 0, 10**12) is None, "three minutes are not usual"


def test_what_was_usual_is_read_once_a_minute_of_the_data_for_everybody_and_of_so_many_alerts() -> None:
    now, read = [10**18], list[int]()

    def readings(start_ns: int, end_ns: int) -> Series:
        if len(read) == 1:
            read.append(end_ns)
            raise StoreError("away", retry=True)
        read.append(end_ns)
        t_ns = np.linspace(start_ns, end_ns - 1, 100).astype(np.int64)
        return Series.raw(t_ns, np.full(100, 5.0 + len(read)))

    async def scenario() -> None:
        backend = FakeBackend(Feed(), now_ns=lambda: now[0], site=Text("", ""))
        backend.series[LT] = readings
        usuals, onset_ns = Usuals(), 10**18 - 10**9
        first = await usuals.before(backend, LT, onset_ns)
        now[0] += KEPT_NS - 1
        assert await usuals.before(backend, LT, onset_ns) == first
        assert len(read) == 1
        now[0] += 1
        with pytest.raises(StoreError):
            await usuals.before(backend, LT, onset_ns)
        anew = await usuals.before(backend, LT, onset_ns)
        assert first is not None
        assert anew is not None
        assert (first.median, anew.median, len(read)) == (6.0, 8.0, 3), "a failure is not kept"
        now[0] -= KEPT_NS
        await usuals.before(backend, LT, onset_ns)
        assert len(read) == 4, "a clock that went back is that of another time"
        for i in range(USUALS_KEPT):
            await usuals.before(backend, LT, i)
        assert len(usuals) == USUALS_KEPT
        await usuals.before(backend, LT, USUALS_KEPT - 1)
        assert len(read) == 4 + USUALS_KEPT
        await usuals.before(backend, LT, onset_ns)
        assert len(read) == 5 + USUALS_KEPT, "the one not asked for longest was forgotten"

    asyncio.run(scenario())
