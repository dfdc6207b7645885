"""Reading a routes file: what it becomes, and what is said of bad ones."""

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerting.events import Event
from alerting.grades_file import load_grades
from alerting.notify.settings import ALL_EVENTS, LogSettings, MqttSettings, WebhookSettings
from alerting.routes import Routes
from alerting.routes_file import load_routes, routes_to_log
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
    return routes, [f"{f.level} {f.where}: {f.message} ({f.allowed})" for f in faults]


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
    told = [f"{fault.where}: {fault.message}" for fault in faults]
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
    path.write_text(yaml.safe_dump({"receivers": receivers, "route": route, "grades": route}), "utf-8")
    for loaded, faults in (load_routes(path, PLANT), load_grades(path)):
        assert (loaded is None) == bool(errors_in(faults))
