"""The receivers of a routes file: what each kind reads, and every fault with its line, in the template's own file too."""

from pathlib import Path

import pytest

from alerting.events import Event, Grade
from alerting.notify.settings import (
    AppriseSettings,
    Fallback,
    LogSettings,
    MailSettings,
    PlaceKind,
    Security,
    SirenSettings,
    WebhookSettings,
)
from alerting.receivers_file import read_receivers
from alerting.routes_file import load_routes
from registry.faults import Fault
from registry.marks import parse_marked
from tests.alerting.plant import PLANT

MAIL = "kind: mail, host: mail.site.cn, from: a@site.cn, to: b@site.cn"


def write(folder: Path, rows: str, route: str = "a") -> tuple[dict[str, object], list[Fault]]:
    (folder / "password").write_text(" s3cret\n")
    (folder / "url").write_text("dingtalk://SECxyz@abcdef123\n")
    (folder / "bad-url").write_text("hello://SECxyz\n")
    (folder / "empty").write_text("\n")
    (folder / "good.j2").write_text("{% set title = alert.title.zh %}{{ alert.title.en }}")
    (folder / "bad.j2").write_text("{% set title = 'x' %}\n\n{{ alert.nope }}\n{{ group.nope }}")
    marked = parse_marked(f"receivers:\n{rows}\nroute: {{receiver: {route}}}\n", "routes.yaml")
    faults: list[Fault] = []
    made = read_receivers(marked, folder, faults)
    return dict(made), faults


def test_every_kind_with_all_its_keys(tmp_path: Path) -> None:
    made, faults = write(
        tmp_path,
        "  a: {kind: log, path: x.ndjson, events: [opened], fallback: b, fallback_after_s: 5}\n"
        "  b: {kind: webhook, url: 'http://x/', secret_file: password, timeout_s: 2, fallback: c}\n"
        "  c:\n"
        "    kind: mail\n"
        "    host: mail.site.cn\n"
        "    port: 2525\n"
        "    security: tls\n"
        "    from: 报警 <a@site.cn>\n"
        "    to: [b@site.cn, 李 <c@site.cn>]\n"
        "    username: gw\n"
        "    password_file: password\n"
        "    time_zone: Asia/Shanghai\n"
        "    template: good.j2\n"
        "    timeout_s: 9\n"
        "    events: [opened, cleared]\n"
        "    fallback: d\n"
        "  d: {kind: apprise, url_file: url, time_zone: Asia/Shanghai, timeout_s: 8}\n"
        "  e: {kind: siren, topic_prefix: plant/horns, place: area, grades: [red]}\n",
    )
    assert faults == []
    assert made["a"] == LogSettings(
        path=tmp_path / "x.ndjson", events=frozenset({Event.OPENED}), fallback=Fallback("b", 5.0)
    )
    assert made["b"] == WebhookSettings(
        url="http://x/", secret=b"s3cret", timeout_s=2.0, fallback=Fallback("c", 60.0)
    )
    mail = made["c"]
    assert isinstance(mail, MailSettings)
    assert (mail.host, mail.port, mail.security, mail.sender) == (
        "mail.site.cn",
        2525,
        Security.TLS,
        "报警 <a@site.cn>",
    )
    assert (mail.to, mail.username, mail.password) == (("b@site.cn", "李 <c@site.cn>"), "gw", "s3cret")
    assert (mail.time_zone, mail.timeout_s, mail.fallback) == ("Asia/Shanghai", 9.0, Fallback("d", 60.0))
    assert mail.template is not None
    assert mail.template.file == str(tmp_path / "good.j2")
    assert made["d"] == AppriseSettings(
        url="dingtalk://SECxyz@abcdef123", time_zone="Asia/Shanghai", timeout_s=8.0
    )
    assert made["e"] == SirenSettings(
        topic_prefix="plant/horns", place=PlaceKind.AREA, grades=frozenset({Grade.RED})
    )
    assert "s3cret" not in repr(made)
    assert "SECxyz" not in repr(made)


def test_what_is_usual(tmp_path: Path) -> None:
    made, faults = write(tmp_path, f"  a: {{{MAIL}}}\n  b: {{kind: siren}}\n")
    assert faults == []
    mail = made["a"]
    assert isinstance(mail, MailSettings)
    assert (mail.port, mail.security, mail.to) == (587, Security.STARTTLS, ("b@site.cn",))
    assert made["b"] == SirenSettings()


@pytest.mark.parametrize("security", ["tls", "starttls", "none"])
def test_each_security_has_its_port(tmp_path: Path, security: str) -> None:
    made, faults = write(tmp_path, f"  a: {{{MAIL}, security: {security}}}\n")
    assert faults == []
    mail = made["a"]
    assert isinstance(mail, MailSettings)
    assert mail.port == {"tls": 465, "starttls": 587, "none": 25}[security]


def test_a_secret_may_come_from_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT", "wecombot://abcdef")
    made, faults = write(tmp_path, "  a: {kind: apprise, url_env: BOT}\n")
    assert faults == []
    assert made["a"] == AppriseSettings(url="wecombot://abcdef")
    monkeypatch.delenv("BOT")
    made, [fault] = write(tmp_path, "  a: {kind: apprise, url_env: BOT}\n")
    assert made["a"] is None
    assert str(fault) == "routes.yaml: line 2: receiver a: the variable 'BOT' is not set (allowed: its value)"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("kind: apprise", "receiver a has no url_file (allowed: url_file or url_env is needed)"),
        ("kind: apprise, url: 'dingtalk://x'", "unknown key 'url'"),
        ("kind: apprise, url_file: nowhere", "receiver a: 'nowhere' cannot be read: No such file"),
        ("kind: apprise, url_file: empty", "receiver a: 'empty' is empty"),
        ("kind: apprise, url_file: bad-url", "receiver a: what url_file holds is no Apprise URL"),
        ("kind: apprise, url_file: url, url_env: X", "receiver a has url_file and url_env (allowed: one of the two)"),
        ("kind: mail, host: h, from: a@b.cn", "receiver a has no to (allowed: a text or a list of texts)"),
        ("kind: mail, host: h, from: a@b.cn, to: []", "receiver a has a bad to"),
        ("kind: mail, host: h, from: me, to: b@b.cn", "receiver a: 'me' is not a mail address"),
        ("kind: mail, host: h, from: a@b.cn, to: [b@b.cn, 'x y@z']", "receiver a: 'x y@z' is not a mail address"),
        ("kind: mail, from: a@b.cn, to: b@b.cn", "receiver a has no host"),
        (f"{MAIL}, password: hello", "receiver a: password does not belong into this file (allowed: password_file, password_env)"),
        (f"{MAIL}, username: gw", "receiver a: a login has both (allowed: username and password_file, or neither)"),
        (f"{MAIL}, password_file: password", "receiver a: a login has both"),
        (f"{MAIL}, username: gw, password_file: password, security: none", "receiver a: a password would be sent in the clear"),
        (f"{MAIL}, security: ssl", "receiver a: security is 'ssl'"),
        (f"{MAIL}, port: 99999", "receiver a: port is 99999 (allowed: 1 to 65535)"),
        (f"{MAIL}, time_zone: Asia/Peking", "receiver a: no time zone 'Asia/Peking' (allowed: such as Asia/Shanghai)"),
        (f"{MAIL}, time_zone: ../etc/passwd", "receiver a: no time zone '../etc/passwd'"),
        (f"{MAIL}, ca: nowhere.pem", "receiver a: there is no file 'nowhere.pem'"),
        (f"{MAIL}, template: nowhere.j2", "receiver a: "),
        (f"{MAIL}, timeout_s: 90", "receiver a: timeout_s is 90 (allowed: seconds, more than 0 and at most 60)"),
        (f"{MAIL}, fallback: b", "receiver a: unknown receiver 'b'"),
        (f"{MAIL}, fallback_after_s: 5", "receiver a has fallback_after_s without a fallback"),
        (f"{MAIL}, fallback: a", "the fallbacks go round in a circle: a -> a"),
        (f"{MAIL}, fallback: s", "receiver a: a siren cannot be told instead"),
        ("kind: siren, place: city", "receiver a: place is 'city'"),
        ("kind: siren, grades: [crimson]", "receiver a: unknown grade 'crimson'"),
        ("kind: siren, fallback: s", "unknown key 'fallback' (allowed: kind, topic_prefix, place, grades)"),
        ("kind: siren, topic_prefix: 'a/+'", "receiver a: 'a/+' is not a topic"),
    ],
)  # fmt: skip
def test_faults_name_the_line_and_what_is_allowed(tmp_path: Path, row: str, said: str) -> None:
    made, faults = write(tmp_path, f"  a: {{{row}}}\n  s: {{kind: siren}}\n")
    assert made["a"] is None or "fallback" in row
    assert [str(fault) for fault in faults if str(fault).startswith(f"routes.yaml: line 2: {said}")], faults
    assert not [fault for fault in faults if "SECxyz" in str(fault) or "hello" in str(fault)], (
        "no secret is shown"
    )


def test_faults_of_a_template_stand_in_its_own_file_with_its_own_lines(tmp_path: Path) -> None:
    _, faults = write(tmp_path, f"  a: {{{MAIL}, template: bad.j2}}\n")
    name = tmp_path / "bad.j2"
    assert [str(fault) for fault in faults][:1] == [
        f"{name}: line 3: template: 'dict object' has no attribute 'nope'"
    ]


def test_a_circle_of_fallbacks_is_told_once(tmp_path: Path) -> None:
    rows = "".join(f"  {a}: {{kind: log, fallback: {b}}}\n" for a, b in ("ab", "bc", "cb", "dd"))
    _, faults = write(tmp_path, rows)
    assert [fault.message for fault in faults] == [
        "the fallbacks go round in a circle: b -> c -> b",
        "the fallbacks go round in a circle: d -> d",
    ]


def routes(folder: Path, text: str) -> list[str]:
    """Return what is wrong with a routes file, but for that nobody is called when an alert is not acknowledged."""
    path = folder / "routes.yaml"
    path.write_text(text)
    _, faults = load_routes(path, PLANT)
    told = [f"{fault.level} {fault.where}: {fault.message}" for fault in faults]
    return [line for line in told if "no escalations" not in line]


def test_a_siren_follows_all_alerts_and_no_route_names_it(tmp_path: Path) -> None:
    head = "receivers:\n  board: {kind: log}\n  horn: {kind: siren}\n"
    assert routes(tmp_path, f"{head}route: {{receiver: board}}\n") == []
    assert routes(tmp_path, f"{head}route: {{receiver: horn}}\n")[0] == (
        "error line 4: horn is a siren: it follows all alerts of its places, no route tells it"
    )


def test_who_is_told_only_instead_of_another_is_used(tmp_path: Path) -> None:
    head = "receivers:\n  board: {kind: log, fallback: other}\n  other: {kind: log}\n"
    assert routes(tmp_path, f"{head}route: {{receiver: board}}\n") == []
