"""docs/receivers.md holds: its examples load, its template renders, its figures are those of the code."""

import json
import re
from pathlib import Path

from alerting.annunciator import Annunciator
from alerting.notify.samples import faults_of
from alerting.notify.settings import (
    CHAT_TIMEOUT_S,
    Fallback,
    MqttSettings,
    SirenSettings,
    TemplateText,
    WebhookSettings,
)
from alerting.receivers_file import KINDS
from alerting.routes_file import load_routes
from tests.alerting.plant import PLANT, REGISTRY, T0
from tests.alerting.test_annunciator import event

PAGE = (Path(__file__).parents[2] / "docs" / "receivers.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_example_loads_without_a_warning(tmp_path: Path) -> None:
    [routes], [template] = blocks("yaml"), blocks("jinja")
    (tmp_path / "routes.yaml").write_text(routes)
    (tmp_path / "short.j2").write_text(template)
    for name, secret in (
        ("duty.secret", "x"),
        ("mail.password", "y"),
        ("dingtalk.url", "dingtalk://SECabc@def"),
    ):
        (tmp_path / name).write_text(secret)
    made, faults = load_routes(tmp_path / "routes.yaml", PLANT)
    assert [fault.message.partition(":")[0] for fault in faults] == ["no escalations"]
    assert made is not None
    kinds = set(re.findall(r"kind: (\w+)", routes))
    assert kinds | {"cap"} == KINDS.keys(), "each kind has its example; that of cap is in docs/cap.md"


def test_the_template_says_every_event_and_groups() -> None:
    [template] = blocks("jinja")
    assert faults_of(TemplateText("page", template)) == []


def test_each_kind_has_its_section_and_every_key_is_told() -> None:
    assert re.findall(r"^### (.+)$", PAGE, re.MULTILINE) == [
        "log",
        "webhook",
        "mail",
        "apprise",
        "mqtt",
        "siren",
        "cap",
    ]
    assert {"log", "webhook", "mail", "apprise", "mqtt", "siren", "cap"} == KINDS.keys()
    for kind in KINDS.values():
        assert not [key for key in kind.keys if f"`{key}`" not in PAGE]


def test_the_message_of_a_siren_has_the_keys_of_the_example() -> None:
    [shown] = Annunciator({"horn": SirenSettings()}, REGISTRY).offer([event("a", "unack", 1)], T0)
    example = json.loads(blocks("json")[0])
    assert list(json.loads(shown.body)) == list(example)
    assert json.loads(shown.body)["place"] == example["place"]


def test_defaults_are_those_of_the_page() -> None:
    assert f"`webhook` {WebhookSettings(url='').timeout_s:g}, `mail` and `apprise` {CHAT_TIMEOUT_S:g}" in PAGE
    assert f"told instead ({Fallback('').after_s:g})" in PAGE
    assert f"`topic_prefix` (`{MqttSettings().topic_prefix}`)" in PAGE
    assert f"`{SirenSettings().topic_prefix}`" in PAGE
