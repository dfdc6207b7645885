"""A simulated run makes no Actual CAP message, whatever its settings say."""

from dataclasses import replace
from pathlib import Path

from alerting.cap.message import Mode
from alerting.cap.settings import CapSettings
from detectors.clock import Clock
from ledger.ledger import Ledger
from service.app import cap_parts
from service.demo import demo_settings
from service.plan import Loaded, Secrets
from service.settings import Settings
from tests.service.site import plan


def loaded(clock: Clock, mode: Mode, tmp_path: Path) -> Loaded:
    made = plan(clock)
    routes = replace(made.routes, cap=CapSettings(sender="alarms@lpg.example.cn", mode=mode))
    settings = Settings(points=tmp_path / "points.csv", state_dir=tmp_path, clock=clock)
    return Loaded(settings=settings, plan=replace(made, routes=routes), secrets=Secrets(), warnings=())


def mode_of(one: Loaded, tmp_path: Path) -> Mode:
    with Ledger.open(tmp_path / "state") as ledger:
        parts = cap_parts(one, ledger)
    assert parts is not None
    return parts.maker.settings.mode


def test_a_live_pipeline_has_the_mode_of_its_settings(tmp_path: Path) -> None:
    for mode in Mode:
        assert mode_of(loaded(Clock.WALL, mode, tmp_path), tmp_path) is mode


def test_a_pipeline_on_the_event_clock_is_at_most_an_exercise(tmp_path: Path) -> None:
    assert mode_of(loaded(Clock.EVENT, Mode.ACTUAL, tmp_path), tmp_path) is Mode.TEST
    assert mode_of(loaded(Clock.EVENT, Mode.EXERCISE, tmp_path), tmp_path) is Mode.EXERCISE


def test_a_demonstration_is_a_test_live_and_headless(tmp_path: Path) -> None:
    for headless in (True, False):
        one = demo_settings(
            loaded(Clock.WALL, Mode.ACTUAL, tmp_path), "mqtt://127.0.0.1:1", 0, headless=headless
        )
        assert mode_of(one, tmp_path) is Mode.TEST


def test_without_settings_there_are_no_messages(tmp_path: Path) -> None:
    one = loaded(Clock.WALL, Mode.ACTUAL, tmp_path)
    bare = replace(one, plan=replace(one.plan, routes=replace(one.plan.routes, cap=None)))
    with Ledger.open(tmp_path / "state") as ledger:
        assert cap_parts(bare, ledger) is None
