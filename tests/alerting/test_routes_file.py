"""Reading a routes file: what it becomes, and what is said of bad ones."""

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerting.events import Event
from alerting.grades_file import load_grades
from alerting.limits import Limit
from alerting.notify.settings import ALL_EVENTS, LogSettings, MqttSettings, WebhookSettings
from alerting.routes import Routes
from alerting.routes_file import load_routes, routes_to_log
from alerting.routing import Grouping
from alerting.throttle import DEFAULT_EVENTS
from registry.faults import errors_in
from tests.alerting.plant import PLANT

GOOD = """receivers:
  board: {kind: log, path: alerts.ndjson}
  duty: {kind: webhook, url: "https://127.0.0.1:1/x", secret_file: hook.secret, timeout_s: 2, events: [opened, closed]}
  siren: {kind: mqtt}
route:
  receiver: board
  routes:
    - match: [grade=red, 'area="370200"']
      receiver: siren
      continue: true
    - match: ["type=~gas_.*"]
      routes:
        - {match: enterprise=lpg, receiver: duty}
    - {match: [grade=blue], receiver: nobody}
"""


def load(tmp_path: Path, text: str) -> tuple[Routes | None, list[str]]:
    (tmp_path / "hook.secret").write_text("s3cret\n")
    path = tmp_path / "routes.yaml"
    path.write_text(text, "utf-8")
    routes, faults = load_routes(path, PLANT)
    # that nobody is called is told of in tests/alerting/escalation
    told = [fault for fault in faults if not fault.message.startswith("no escalations:")]
    return routes, [f"{f.level} {f.where}: {f.message} ({f.allowed})" for f in told]


def test_a_good_file(tmp_path: Path) -> None:
    routes, faults = load(tmp_path, GOOD.replace("grade=blue", "grade=blue, kind=rate"))
    assert faults == []
    assert routes is not None
    assert routes.receivers == {
        "board": LogSettings(path=tmp_path / "alerts.ndjson", events=DEFAULT_EVENTS),
        "duty": WebhookSettings(
            url="https://127.0.0.1:1/x",
            secret=b"s3cret",
            timeout_s=2.0,
            events=frozenset({Event.OPENED, Event.CLOSED}),
        ),
        "siren": MqttSettings(topic_prefix="hazwatch/alerts", events=ALL_EVENTS),
    }
    first, second, third = routes.root.children
    assert [str(m) for m in first.matchers] == ["grade=red", "area=370200"]
    assert (first.receiver, first.carry_on, first.path) == ("siren", True, "route.routes[0]")
    assert second.receiver == "board"
    assert (second.children[0].receiver, second.children[0].path) == ("duty", "route.routes[1].routes[0]")
    assert third.receiver is None
    assert "s3cret" not in repr(routes)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("receiver: siren", "receiver: sirn", "error line 9: unknown receiver 'sirn'; did you mean 'siren'? (board, duty,"),
        ("receiver: siren", "receiver: [siren]", "error line 9: unknown receiver"),
        ("receivers:", "recievers:", "error line 1: unknown key 'recievers'; did you mean 'receivers'?"),
        ("continue: true", "contine: true", "error line 10: unknown key 'contine'; did you mean 'continue' or"),
        ("continue: true", "continue: 3", "error line 10: continue is 3 (true, false)"),
        ('"type=~gas_.*"', '"type=~gas_("', "error line 11: 'type=~gas_(': not a regular expression"),
        ('"type=~gas_.*"', '"type=~gaz_.*"', "error line 11: 'type=~gaz_.*': no alert has this"),
        ('"type=~gas_.*"', '"typ=~gas_.*"', "error line 11: unknown label 'typ'; did you mean 'type'?"),
        ('"type=~gas_.*"', "3", "error line 11: 3 is no matcher (label=value,"),
        ("grade=red,", "grade=redd,", "error line 8: 'grade=redd': no alert has this grade; did you mean 'red'?"),
        ("enterprise=lpg", "enterprise=png", "error line 13: 'enterprise=png': no alert has this enterprise; did"),
        ("continue: true", "continue: false", None),
        ("kind: log", "kind: smoke", "error line 2: receiver board has the unknown kind 'smoke' (log, webhook, mqtt, siren, mail, apprise, cap)"),
        ("kind: log, ", "", "error line 2: receiver board has no kind (log, webhook, mqtt, siren, mail, apprise, cap)"),
        ("secret_file: hook.secret", "secret: abc", "error line 3: receiver duty: secret does not belong into this file"),
        ("hook.secret", "none.secret", "error line 3: receiver duty: 'none.secret' cannot be read: No such file"),
        ("https://127", "https://me:pw@127", "error line 3: receiver duty: a password does not belong into the url"),
        ("https://127.0.0.1:1/x", "ftp://a", "error line 3: receiver duty: 'ftp://a' is not an address"),
        ("https://127.0.0.1:1/x", "http://a:99999/", "error line 3: receiver duty: 'http://a:99999/' is not an address"),
        ("timeout_s: 2", "timeout_s: 0", "error line 3: receiver duty: timeout_s is 0 (seconds, more than 0"),
        ("[opened, closed]", "[opend]", "error line 3: receiver duty: unknown event 'opend'; did you mean 'opened'"),
        ("kind: mqtt", "kind: mqtt, events: [opened]", "error line 4: unknown key 'events' (kind, topic_prefix, "),
        ("kind: mqtt", 'kind: mqtt, topic_prefix: "a/#"', "error line 4: receiver siren: 'a/#' is not a topic"),
        ("receiver: duty", "receiver: board", "warning line 3: no route names receiver duty"),
        ("  receiver: board", "  match: [grade=red]", "error line 6: the root takes every alert, so it has no match"),
        ("  siren: {kind: mqtt}", "  nobody: {kind: mqtt}", "error line 4: a receiver cannot be called nobody"),
        ("  receiver: board", "  receiver: nobody", "warning line 5: the root has no receiver"),
    ],
)  # fmt: skip
def test_faults_name_the_line_and_what_is_allowed(
    tmp_path: Path, old: str, new: str, said: str | None
) -> None:
    assert old in GOOD
    _, faults = load(tmp_path, GOOD.replace(old, new, 1))
    if said is None:
        assert faults == []
    else:
        assert any(fault.startswith(said) for fault in faults), faults


@pytest.mark.parametrize(
    ("routes", "said"),
    [
        ("- {receiver: a}\n    - {match: [grade=red]}", "line 6: the route is never reached: route.routes[0] takes all"),
        ("- {match: [grade=red]}\n    - {match: [kind=high, grade=red]}", "line 6: the route is never reached: route."),
        ("- {match: [grade=red], continue: true}\n    - {match: [grade=red]}", None),
        ("- {match: [grade=red, grade=blue]}", "line 5: the route is never reached: grade=red and grade=blue cannot"),
        ("- {match: [grade=red], routes: [{match: [grade!=red]}]}", "line 5: the route is never reached: grade=red and"),
        ("- {match: [source=x, source=y]}", "line 5: the route is never reached: source=x and source=y cannot"),
        ("- {match: [area=370200, area=370211]}", None),
        ("- {match: [grade=~red|orange, grade!=red]}", None),
    ],
)  # fmt: skip
def test_routes_that_nothing_can_reach(tmp_path: Path, routes: str, said: str | None) -> None:
    path = tmp_path / "routes.yaml"
    path.write_text(f"receivers: {{a: {{kind: log}}}}\nroute:\n  receiver: a\n  routes:\n    {routes}\n")
    _, faults = load_routes(path)
    told = [f"{f.where}: {f.message}" for f in faults if not f.message.startswith("no escalations:")]
    assert (told == []) if said is None else any(t.startswith(said) for t in told), told


def test_a_grade_whose_receivers_are_not_told_of_openings(tmp_path: Path) -> None:
    text = "receivers: {a: {kind: log, events: [closed]}}\nroute: {receiver: a}\n"
    _, faults = load(tmp_path, text)
    assert faults == [
        f"error line 2: nobody is ever told of a {grade} alert (a receiver for every grade)"
        for grade in ("blue", "yellow", "orange")
    ]


def test_a_root_without_receiver_is_warned_of(tmp_path: Path) -> None:
    text = "receivers: {a: {kind: log}}\nroute: {routes: [{match: [kind=high], receiver: a}]}\n"
    routes, faults = load(tmp_path, text)
    assert routes is not None
    assert [fault.split(":")[0] for fault in faults] == ["warning line 2"]


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{", "receivers: 3", "receivers: {a: 3}\nroute: {receiver: a}", "route: 7", "receivers: {}",
        "receivers: {a: {kind: [log]}}\nroute: {receiver: a}", "receivers: {a: {kind: log}}\nroute: {routes: 3}",
        "receivers: {a: {kind: log}}\nroute: {receiver: a, routes: [3]}",
        "receivers: {a: {kind: log, events: [[1]]}}\nroute: {receiver: a}",
        "receivers: {a: {kind: log, path: 3}}\nroute: {receiver: a, routes: [{match: {a: 1}}]}",
        "receivers: {a: {kind: webhook}}\nroute: {receiver: a}",
    ],
)  # fmt: skip
def test_any_nonsense_is_a_fault(tmp_path: Path, text: str) -> None:
    routes, faults = load(tmp_path, text)
    assert routes is None
    assert faults


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    routes, faults = load_routes(tmp_path / "no.yaml")
    assert routes is None
    assert [fault.message for fault in faults] == ["the file does not exist"]


def test_without_a_file_everything_goes_to_the_log() -> None:
    routes = routes_to_log()
    assert routes.root.receiver in routes.receivers


_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 9),
    st.sampled_from(
        ["a", "log", "webhook", "mqtt", "nobody", "grade=red", "grade=~(", "x=1", "http://[", "red"]
    ),
)
_keys = st.sampled_from(
    [
        *(
            "receivers",
            "route",
            "receiver",
            "routes",
            "match",
            "continue",
            "kind",
            "url",
            "events",
            "path",
            "a",
            "group_by",
            "group_wait_s",
            "mute",
        ),
        *(
            "timeout_s",
            "secret_file",
            "secret",
            "topic_prefix",
            "grades",
            "unknown_source",
            "1",
            "2",
            "IV",
            "I",
        ),
    ]
)
_trees = st.recursive(
    _scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_keys, inner, max_size=4)),
    max_leaves=25,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(receivers=_trees, route=_trees)
def test_no_file_makes_the_loaders_raise(tmp_path: Path, receivers: object, route: object) -> None:
    path = tmp_path / "f.yaml"
    other = ("grades", "inhibit", "limits", "times", "calendar", "time_zone")
    path.write_text(
        yaml.safe_dump({"receivers": receivers, "route": route, **dict.fromkeys(other, route)}), "utf-8"
    )
    for loaded, faults in (load_routes(path, PLANT), load_grades(path)):
        assert (loaded is None) == bool(errors_in(faults))


WIDE = """receivers:
  duty: {kind: log}
  siren: {kind: mqtt}
time_zone: Asia/Shanghai
calendar: calendar.yaml
times:
  night: [{from: "22:00", to: "06:00"}]
  shift: [{days: [mon-fri], from: "08:00", to: "16:00"}, {days: workday, from: "16:00", to: "17:00"}]
inhibit:
  - {source: [grade=orange], target: [grade=yellow], equal: [equipment]}
limits: {duty: {count: 5, per_s: 60}}
route:
  receiver: duty
  group_by: [source, kind]
  group_wait_s: 5
  routes:
    - {match: [grade=red], receiver: siren, group_by: none, continue: true}
    - {match: [type=level], mute: [night], group_interval_s: 60, repeat_interval_s: never}
    - {match: [type=flow], active: [shift]}
"""
CALENDAR = "holidays: ['2026-10-01..2026-10-07']\nworkdays: ['2026-10-10']\n"


def test_groups_times_and_chains_are_inherited_or_not(tmp_path: Path) -> None:
    (tmp_path / "calendar.yaml").write_text(CALENDAR)
    routes, faults = load(tmp_path, WIDE)
    assert faults == []
    assert routes is not None
    siren, level, flow = routes.root.children
    assert routes.root.grouping == Grouping(by=("source", "kind"), wait_s=5.0)
    assert siren.grouping is None
    assert level.grouping == Grouping(
        by=("source", "kind"), wait_s=5.0, interval_s=60.0, repeat_interval_s=None
    )
    assert [interval.name for interval in level.mute] == ["night"]
    assert [interval.name for interval in flow.active] == ["shift"]
    assert flow.mute == ()
    assert routes.limits == {"duty": Limit(5, 60.0)}
    [rule] = routes.inhibit
    assert (rule.path, rule.equal, [str(m) for m in rule.target]) == (
        "inhibit[0]",
        ("equipment",),
        ["grade=yellow"],
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("group_by: none, ", "", "line 17: receiver siren shows single alerts, not groups (group_by: none)"),
        ("[source, kind]", "[sorce]", "line 14: nothing is grouped by 'sorce'; did you mean 'source'?"),
        ("[source, kind]", "[event]", "line 14: nothing is grouped by 'event' (grade, kind,"),
        ("[source, kind]", "3", "line 14: group_by is 3 (a list of"),
        ("group_by: none,", "group_by: none, group_wait_s: 3,", "line 17: group_wait_s is for groups, and the route"),
        ("group_wait_s: 5", "group_wait_s: -1", "line 15: group_wait_s is -1 (seconds, 0 or more, at most a week)"),
        ("repeat_interval_s: never", "repeat_interval_s: 0", "line 18: repeat_interval_s is 0 (seconds, more than 0"),
        ("mute: [night]", "mute: [nigth]", "line 18: unknown time 'nigth'; did you mean 'night'? (night, shift)"),
        ("active: [shift]", "active: [shift], mute: [shift]", "line 19: the route is always mute: it is active only in"),
        ("active: [shift]", "kind: 3", "line 19: unknown key 'kind'"),
        (", active: [shift]", "", "line 8: no route names the time shift"),
        ("Asia/Shanghai", "Asia/Atlantis", "line 4: unknown time zone 'Asia/Atlantis' (as Asia/Shanghai)"),
        ("calendar: calendar.yaml", "calendar: no.yaml", "line 5: 'no.yaml' cannot be used: the file does not exist"),
        ("calendar: calendar.yaml\n", "", "line 7: workday asks for a calendar, and none is named"),
        ('"22:00"', '"25:00"', "line 7: from is '25:00' (\"00:00\" to \"24:00\")"),
        ('to: "06:00"', 'to: "22:00"', "line 7: the time is empty: it ends when it begins"),
        ('[{from: "22:00", to: "06:00"}]', "[]", "line 7: the time night is empty (a list of"),
        ("[mon-fri]", "[mon-fry]", "line 8: unknown day 'mon-fry'"),
        ('days: workday, from: "16:00"', 'days: workday, from: "15:00"', "line 8: the time shift overlaps itself: rows"),
        ("target: [grade=yellow]", "target: [grade=red]", "line 10: a red alert is never inhibited: grade=red and"),
        ("source: [grade=orange]", "source: []", "line 10: the rule has no source (a list of matchers)"),
        ("source: [grade=orange]", "source: [event=opened]", "line 10: a rule cannot ask for event"),
        ("equal: [equipment]", "equal: [equipement]", "line 10: unknown label 'equipement'; did you mean 'equipment'?"),
        ("limits: {duty", "limits: {dty", "line 11: unknown receiver 'dty'; did you mean 'duty'? (duty, siren)"),
        ("limits: {duty", "limits: {siren", "line 11: receiver siren shows how each alert stands: it takes no digest"),
        ("count: 5", "count: 0", "line 11: the limit of duty is"),
        (
            "equal: [equipment]}",
            "equal: [equipment]}\n  - {source: [grade=yellow], target: [grade=orange]}",
            "line 11: inhibit[0] and inhibit[1] can hold back each other's alerts, and nobody would be told of either",
        ),
    ],
)  # fmt: skip
def test_faults_of_groups_times_inhibition_and_limits(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in WIDE
    (tmp_path / "calendar.yaml").write_text(CALENDAR)
    _, faults = load(tmp_path, WIDE.replace(old, new, 1))
    assert any(fault.partition(" ")[2].startswith(said) for fault in faults), faults


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("holidays: [soon]", "'soon' is no date"),
        ("holidays: ['2026-10-01..2025-10-01']", "'2026-10-01..2025-10-01' is no date"),
        ("holidays: ['2026-10-01']\nworkdays: ['2026-10-01']", "2026-10-01 is a holiday and a workday"),
        ("free: []", "unknown key 'free'"),
        ("", "no calendar"),
    ],
)
def test_faults_of_a_calendar(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "calendar.yaml").write_text(text)
    routes, faults = load(tmp_path, WIDE)
    assert routes is None
    assert any(said in fault for fault in faults), faults
