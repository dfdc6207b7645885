"""How hazwatch itself is: each part's state with its reason, and when a trouble becomes an alert."""

from dataclasses import replace
from typing import Any

import pytest

from alerting.events import Grade
from console.backend import Component, Health
from registry.plant import Text
from service.health import GRADES, LAG_LIMIT_S, NAMES, PATIENCE_S, Seen, Watch, parts_of, troubles_of, worst

S = 1_000_000_000
WELL = Seen(
    broker="connected", broker_since_ns=5, broker_reason="", store="ok", store_since_ns=6, store_error="",
    store_dropped=0, spooled_bytes=0, ledger_error=None, ledger_error_since_ns=None, receivers={}, lag_s=0.0,
    inbox_filling=0.0,
    free_mb=1000, min_free_mb=500,
)  # fmt: skip
OK = Component(state=Health.OK, detail=Text("正常", "ok"))
ILL = Component(state=Health.DOWN, detail=Text("坏", "bad"))


def test_all_is_well() -> None:
    parts = parts_of(WELL)
    troubles = {name.partition(":")[0] for name in troubles_of(replace(WELL, receivers={"duty": None}))}
    assert troubles == set(PATIENCE_S) == set(GRADES) == set(NAMES)
    assert worst(parts.values()) is Health.OK
    assert all(part.detail.zh and part.detail.en for part in parts.values())


@pytest.mark.parametrize(
    ("part", "change", "state", "words"),
    [
        ("broker", {"broker": "lost", "broker_reason": "refused"}, Health.DOWN, "lost, readings may be missing: refused"),
        ("broker", {"broker": "connecting"}, Health.DOWN, "connecting, readings may be missing"),
        ("broker", {"broker": None}, Health.OK, "not used"),
        ("pipeline", {"lag_s": LAG_LIMIT_S}, Health.OK, "ok"),
        ("pipeline", {"lag_s": LAG_LIMIT_S + 2}, Health.DEGRADED, "lagging by 7 s"),
        ("pipeline", {"inbox_filling": 0.49}, Health.OK, "ok"),
        ("pipeline", {"inbox_filling": 0.8}, Health.DEGRADED, "cannot keep up, the inbox is 80 % full"),
        ("ledger", {"ledger_error": "disk full"}, Health.DOWN, "readings wait at the broker: disk full"),
        ("store", {"store": None}, Health.OK, "not used"),
        ("store", {"store": "away", "store_error": "refused"}, Health.DOWN, "away, data is spooled: refused"),
        ("store", {"store": "catching_up", "spooled_bytes": 2_500_000}, Health.DEGRADED, "catching up, 2.5 MB left"),
        ("store", {"store_dropped": 3}, Health.DEGRADED, "3 rows were dropped"),
        ("store", {"store": "stopped", "store_error": "x"}, Health.DEGRADED, "stopped"),
        ("notifications", {"receivers": {"b": Text("乙", "B"), "a": Text("甲", "A")}}, Health.DEGRADED, "a: A; b: B"),
        ("settings", {"settings_refused": Text("错", "running on the old ones")}, Health.DEGRADED, "old ones"),
        ("disk", {"free_mb": 499.6}, Health.DEGRADED, "only 500 MB free (limit 500 MB)"),
    ],
)  # fmt: skip
def test_each_trouble_shows_in_its_part_alone(
    part: str, change: dict[str, Any], state: Health, words: str
) -> None:
    parts = parts_of(replace(WELL, **change))
    assert parts[part].state is state
    assert words in parts[part].detail.en
    assert parts[part].detail.zh
    assert worst(parts.values()) is state
    assert all(other.state is Health.OK for name, other in parts.items() if name != part)


def test_since_when_is_told() -> None:
    parts = parts_of(replace(WELL, ledger_error="x", ledger_error_since_ns=7, broker="lost"))
    assert (parts["broker"].since_ns, parts["store"].since_ns, parts["ledger"].since_ns) == (5, 6, 7)


def test_the_worst_of_nothing_is_well() -> None:
    assert worst([]) is Health.OK
    assert worst([OK, replace(OK, state=Health.DEGRADED), ILL]) is Health.DOWN


@pytest.mark.parametrize("name", PATIENCE_S)
def test_a_trouble_is_told_after_its_patience_once_and_its_end_once(name: str) -> None:
    watch, patience_ns = Watch(), round(PATIENCE_S[name] * S)
    told = []
    for at_ns in (0, patience_ns - 1, patience_ns, patience_ns + 1, patience_ns + 100 * S):
        if at_ns >= 0:
            told += [(at_ns, c.active) for c in watch.changes({name: ILL}, at_ns)]
    assert told == [(patience_ns, True)]
    (end,) = watch.changes({name: OK}, 10**12)
    assert (end.name, end.active, end.grade) == (name, False, GRADES[name])
    assert end.detail.en == f"{NAMES[name].en}: ok"
    assert watch.changes({name: OK}, 10**12 + 1) == []


def test_a_reconnect_within_its_patience_is_no_news() -> None:
    watch = Watch()
    told = []
    for second in range(60):
        told += watch.changes({"broker": ILL if second % 5 else OK}, second * S)
    assert told == []


def test_parts_are_told_each_by_itself() -> None:
    watch = Watch()
    (begun,) = watch.changes({"ledger": ILL, "broker": ILL, "disk": OK}, 0)
    assert (begun.name, begun.grade, begun.detail.zh) == ("ledger", Grade.RED, "本地日志：坏")
    (later,) = watch.changes({"ledger": ILL, "broker": ILL, "disk": OK}, 6 * S)
    assert (later.name, later.active) == ("broker", True)


def test_each_receiver_that_fails_is_a_trouble_of_its_own_by_its_name() -> None:
    watch = Watch()

    def at(second: int, **receivers: Text | None) -> list[tuple[str, bool, str, str]]:
        told = watch.changes(troubles_of(replace(WELL, receivers=receivers)), second * S)
        return [(c.name, c.active, c.detail.en, c.detail.zh) for c in told]

    down = Text("断", "down")
    assert at(0, duty=down, mail=None) == []
    assert at(10, duty=down, mail=down) == [
        ("receiver_failing:duty", True, "receiver duty: fails: down", "通知接收方 duty：发送失败：断")
    ]
    assert [row[:2] for row in at(20, duty=down, mail=down)] == [("receiver_failing:mail", True)]
    assert at(900, duty=down, mail=down) == [], "told once, however long it fails"
    assert [row[:2] for row in at(901, duty=None, mail=down)] == [("receiver_failing:duty", False)]
    assert [row[:3] for row in at(902, duty=None)] == [
        ("receiver_failing:mail", False, "receiver mail: no longer there")
    ], "a receiver that the settings no longer have fails no more"


def test_what_an_earlier_run_told_of_ends_with_this_one() -> None:
    watch = Watch(["broker", "store"])
    told = watch.changes({"broker": OK, "store": ILL}, 0)
    assert [(c.name, c.active) for c in told] == [("broker", False)]
    assert watch.changes({"broker": OK, "store": ILL}, 60 * S) == [], "it was told of already"


def test_a_part_that_nobody_named_is_told_too() -> None:
    (told,) = Watch().changes({"new": ILL}, 0)
    assert (told.name, told.grade, told.detail.en) == ("new", Grade.YELLOW, "new: bad")


def test_what_could_not_be_kept_is_told_later() -> None:
    watch = Watch()
    (begun,) = watch.changes({"disk": ILL}, 0)
    watch.untold(begun)
    assert watch.changes({"disk": ILL}, S) == [begun]
    watch.untold(begun)
    later = watch.changes({"disk": OK}, 2 * S)
    assert [c.active for c in later] == [True, False], "that there was a trouble is told even when it is over"
    assert watch.changes({"disk": OK}, 3 * S) == []


def test_an_end_that_could_not_be_kept_is_told_later() -> None:
    watch = Watch(["broker"])
    (end,) = watch.changes({"broker": OK}, 0)
    watch.untold(end)
    assert watch.changes({"broker": OK}, S) == [end]
    assert watch.changes({"broker": OK}, 2 * S) == []
