"""Side by side with a real Alertmanager: the same alerts, tree, inhibitions and silences, and what a webhook gets of both.

Compared are the groups, their members, how each stands and the order of what a receiver is told of each group. Where
hazwatch means to differ, the case says what Alertmanager does instead; docs/routing.md gives the reasons. Alertmanager lives
in real time, so the cases leave more than half a second between what must be told apart; hazwatch lives in the case's time.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from alerting.commands import Silence
from alerting.desk import AlertDesk, Told
from alerting.grades_file import default_grades
from alerting.notification import Notification
from alerting.notify.settings import WebhookSettings
from alerting.notify.webhook import WebhookReceiver
from alerting.routes_file import load_routes
from alerting.routing import Labels, labels_of
from detectors.findings import Edge
from tests.alerting.doubles import Answer, Hook, hook
from tests.alerting.plant import GT1, LT1, LT2, PLANT, REGISTRY, T0, TT1, S, block, finding
from tests.servers.alertmanager import Alertmanager, alertmanager

pytestmark = pytest.mark.server

LATE_S = 0.15
"""Steps are at least 0.2 s away from what Alertmanager does by itself: one that was later was not in the case."""
PLAYS = 4
"""How often a case is played anew because the machine was too busy for its times."""
ALL_EVENTS = ("opened", "escalated", "cleared")


@dataclass(frozen=True, slots=True)
class Open:
    """A sensor crosses a limit."""

    at_s: float
    sensor: int
    limit: str = "h"


@dataclass(frozen=True, slots=True)
class Clear:
    """It comes back."""

    at_s: float
    sensor: int
    limit: str = "h"


@dataclass(frozen=True, slots=True)
class Hush:
    """A silence from `at_s` to `until_s`."""

    at_s: float
    until_s: float
    label: str
    value: str


Step = Open | Clear | Hush
Heard = tuple[str, tuple[tuple[str, str], ...], str, tuple[tuple[str, str], ...]]
"""Receiver, group, status, and the members in order, each with firing or resolved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What happens, the three times, and how often hazwatch tells; `only_ours` are those that Alertmanager does not tell."""

    steps: tuple[Step, ...]
    end_s: float
    wait_s: float = 1.0
    interval_s: float = 2.0
    repeat_s: float = 3600.0
    only_ours: tuple[int, ...] = ()
    expected: int


CASES = {
    "groups": Case(
        # two of one group within group_wait, another group, and another receiver beside it
        steps=(Open(0.0, LT1), Open(0.3, LT2), Open(0.8, TT1), Open(1.6, GT1)),
        end_s=4.0,
        expected=4,
    ),
    "a late member waits for the interval": Case(
        steps=(Open(0.0, LT1), Open(1.7, LT2)), end_s=4.0, expected=2
    ),
    # told at once by hazwatch, with the next group_interval by Alertmanager; the same is told
    "recovery": Case(
        steps=(Open(0.0, LT1), Open(0.2, LT2), Clear(2.0, LT1), Clear(4.0, LT2)), end_s=6.0, expected=3
    ),
    "over before it was told": Case(steps=(Open(0.0, LT1), Clear(0.5, LT1)), end_s=2.0, expected=0),
    # told when the silence ends by hazwatch, with the next group_interval by Alertmanager
    "silence": Case(
        steps=(Hush(0.0, 2.0, "type", "temperature"), Open(0.2, TT1), Open(0.5, LT1)), end_s=4.5, expected=2
    ),
    # told when its source is over by hazwatch, with the next group_interval by Alertmanager
    "inhibition": Case(
        steps=(Open(0.0, LT2, "hh"), Open(0.3, TT1), Clear(2.0, LT2, "hh")),
        end_s=4.5,
        expected=3,
    ),
    # told at once by hazwatch, after group_wait by Alertmanager
    "red": Case(steps=(Open(0.4, TT1, "design"),), end_s=2.0, expected=1),
    "repeat": Case(steps=(Open(0.0, LT1),), end_s=4.6, wait_s=1.0, interval_s=1.0, repeat_s=2.5, expected=2),
    # a recovery goes to whoever was told, through a silence too; Alertmanager does not tell it
    "recovery in a silence": Case(
        steps=(Open(0.0, TT1), Hush(1.6, 9.0, "type", "temperature"), Clear(2.2, TT1)),
        end_s=4.5,
        expected=2,
        only_ours=(1,),
    ),
}


def ours_yaml(case: Case, url: str) -> dict[str, Any]:
    """Return the routes of hazwatch."""
    return {
        "receivers": {
            name: {"kind": "webhook", "url": f"{url}/{name}", "events": list(ALL_EVENTS)}
            for name in ("duty", "gas")
        },
        "inhibit": [{"source": ["grade=orange"], "target": ["grade=yellow"], "equal": ["equipment"]}],
        "route": {
            "receiver": "duty",
            "group_by": ["type"],
            "group_wait_s": case.wait_s,
            "group_interval_s": case.interval_s,
            "repeat_interval_s": case.repeat_s,
            "routes": [
                {"match": ["type=~gas_.*"], "receiver": "gas", "continue": True},
                {"match": ["grade!=blue", "type!=level"]},
            ],
        },
    }


def theirs_yaml(case: Case, url: str) -> dict[str, Any]:
    """Return the equivalent configuration of Alertmanager."""
    return {
        "receivers": [
            {"name": name, "webhook_configs": [{"url": f"{url}/{name}", "send_resolved": True}]}
            for name in ("duty", "gas")
        ],
        "inhibit_rules": [
            {
                "source_matchers": ['grade="orange"'],
                "target_matchers": ['grade="yellow"'],
                "equal": ["equipment"],
            }
        ],
        "route": {
            "receiver": "duty",
            "group_by": ["type"],
            "group_wait": f"{round(case.wait_s * 1000)}ms",
            "group_interval": f"{round(case.interval_s * 1000)}ms",
            "repeat_interval": f"{round(case.repeat_s * 1000)}ms",
            "routes": [
                {"matchers": ['type=~"gas_.*"'], "receiver": "gas", "continue": True},
                {"matchers": ['grade!="blue"', 'type!="level"']},
            ],
        },
    }


def play_ours(case: Case, folder: Path) -> tuple[list[Heard], list[Labels]]:
    """Play a case on the desk and send what it tells to a webhook; return what that got, and each opening's labels."""
    with hook(Answer()) as made:
        path = folder / "routes.yaml"
        path.write_text(yaml.safe_dump(ours_yaml(case, made.url)))
        routes, faults = load_routes(path, PLANT)
        assert routes is not None, [str(fault) for fault in faults]
        desk = AlertDesk(REGISTRY, default_grades(), routes)
        told = Told()
        for step in case.steps:
            _add(told, _do(desk, step, T0 + round(step.at_s * S)))
        _add(told, desk.tick(T0 + round(case.end_s * S)))
        asyncio.run(_send(told.notifications, routes.receivers))
        opened = [labels_of(event, REGISTRY) for event in told.events if event.event == "opened"]
        return [_heard_of_ours(post.path, msgspec.json.decode(post.body)) for post in made.posts], opened


def _do(desk: AlertDesk, step: Step, now_ns: int) -> Told:
    match step:
        case Open() | Clear():
            edge = Edge.RAISED if isinstance(step, Open) else Edge.RECOVERED
            return desk.apply(block([finding(step.sensor, step.at_s, limit=step.limit, edge=edge)]), now_ns)
        case Hush():
            until_ns = T0 + round(step.until_s * S)
            asked = (f"{step.label}={step.value}", "grade!=red")
            return desk.command(Silence(matchers=asked, by="li", comment="work", until_ns=until_ns), now_ns)


def _add(told: Told, more: Told) -> None:
    told.events += more.events
    told.notifications += [one for one in more.notifications if not one.alert.startswith("silence-")]


async def _send(notifications: list[Notification], receivers: Mapping[str, Any]) -> None:
    made = {name: WebhookReceiver(row) for name, row in receivers.items() if isinstance(row, WebhookSettings)}
    for one in notifications:
        await made[one.receiver].send(one)
    for receiver in made.values():
        await receiver.close()


def _heard_of_ours(path: str, body: Mapping[str, Any]) -> Heard:
    members = [
        (line["sensor"], "firing" if line["state"] in {"unack", "acked"} else "resolved")
        for line in body["alerts"]
    ]
    return path.rpartition("/")[2], tuple(body["group"].items()), body["status"], tuple(members)


def play_theirs(case: Case, server: Alertmanager, opened: list[Labels]) -> float:
    """Play a case on Alertmanager, in real time; returns when it is over by how many seconds the worst step was late.

    Alertmanager puts members in the order of their labels: `instance` first, which is made to be the order of opening.
    """
    began = time.time()
    late_s = 0.0
    labels: dict[int, dict[str, str]] = {}
    given: Iterator[Labels] = iter(opened)
    for step in case.steps:
        time.sleep(max(0.0, began + step.at_s - time.time()))
        now = time.time()
        match step:
            case Open():
                plain = {name: values[0] for name, values in next(given).items() if name != "event"}
                labels[step.sensor] = {name: value for name, value in plain.items() if value} | {
                    "instance": str(len(labels))
                }
                server.post(labels[step.sensor], now, now + 600)
            case Clear():
                server.post(labels[step.sensor], began, now)
            case Hush():
                matcher = {"name": step.label, "value": step.value, "isRegex": False, "isEqual": True}
                server.silence([matcher], now, began + step.until_s)
        late_s = max(late_s, time.time() - began - step.at_s)
    time.sleep(max(0.0, began + case.end_s - time.time()))
    return max(late_s, time.time() - began - case.end_s)


def _heard_of_theirs(made: Hook) -> list[Heard]:
    heard = []
    for post in made.posts:
        body = msgspec.json.decode(post.body)
        members = tuple((alert["labels"]["sensor"], alert["status"]) for alert in body["alerts"])
        heard.append((body["receiver"], tuple(body["groupLabels"].items()), body["status"], members))
    return heard


def _by_group(heard: list[Heard]) -> dict[tuple[str, tuple[tuple[str, str], ...]], list[Heard]]:
    """Return what was told of each group, in its order."""
    found: dict[tuple[str, tuple[tuple[str, str], ...]], list[Heard]] = {}
    for one in heard:
        found.setdefault(one[:2], []).append(one)
    return found


@pytest.mark.parametrize("name", list(CASES))
def test_the_same_is_told(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    ours, opened = play_ours(case, tmp_path)
    for play in range(PLAYS):
        with ExitStack() as stack:
            made = stack.enter_context(hook(Answer()))
            server = stack.enter_context(alertmanager(tmp_path / f"am{play}", theirs_yaml(case, made.url)))
            late_s = play_theirs(case, server, opened)
            theirs = _heard_of_theirs(made)
        if late_s < LATE_S:
            break
    assert len(ours) == case.expected, ours
    same = [one for i, one in enumerate(ours) if i not in case.only_ours]
    # between groups that are due at one time Alertmanager has no order
    assert _by_group(same) == _by_group(theirs)
