"""What the console is told of the rules of a running pipeline."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

import service.runtime as runtime_module
from alerting.commands import OverrideOnCall, PutInService, Silence, TakeOutOfService
from alerting.commands import Place as CommandPlace
from alerting.escalation.schedule import Crew, Schedule, Shift
from alerting.escalation.settings import Chain, EscalationSettings, Ladder, Person, Step
from alerting.events import Grade
from alerting.matcher_text import MatcherError
from alerting.routes import Routes
from console.rules_backend import Explanation, Sample
from console.scope import Place
from detectors.profile import Profile
from registry.plant import Text
from registry.sensors import SensorType
from service.live_rules import LiveRules
from service.pipeline import Pipeline, Plan
from service.settings import Settings
from service.settings_parts import MqttPart
from service.tuning.kept import FOLDER, MOST, kept
from tests.service.rig import Rig, running
from tests.service.site import LT, PROFILE, ROUTES, FlakyLedger, S, plan

H = 3600 * S
DUTY = Schedule(
    name="gas",
    zone="UTC",
    first_day=date(2026, 1, 1),
    shifts={"all": Shift(name="all", start_min=0, end_min=1440)},
    cycle=(("all",),),
    crews=(Crew(name="A", people=("li",), first=0),),
)
PEOPLE = {name: Person(id=name, name=Text.same(name), receivers=("siren",)) for name in ("li", "wang")}
LADDER = Ladder(steps=(Step(after_ns=0, call=("gas",)),), last_after_ns=600 * S)
CALLING = EscalationSettings(
    people=PEOPLE,
    schedules={"gas": DUTY},
    chains={"works": Chain(name="works", ladders={Grade.ORANGE: LADDER}, last_resort="wang")},
    default="works",
)
ORANGE = Sample(grade="orange", kind="high", sensor=LT.id)


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlakyLedger]:
    monkeypatch.setattr(runtime_module, "LEDGER_RETRY_S", 0.001)
    with FlakyLedger.open(tmp_path / "state") as opened:
        yield opened


def on_rules(ledger: FlakyLedger, tmp_path: Path, scenario: Callable[[Rig, LiveRules], None]) -> None:
    own = plan()
    routes = Routes(ROUTES.root, ROUTES.receivers, escalation=CALLING)
    profile = Profile(PROFILE.types, {LT.id: {"rate_window_s": 30.0}})
    made = Plan(registry=own.registry, profile=profile, grades=own.grades, routes=routes, clock=own.clock)
    settings = Settings(
        points=tmp_path / "points.csv",
        routes=tmp_path / "mine.yaml",
        state_dir=tmp_path / "state",
        mqtt=MqttPart(url="mqtt://127.0.0.1"),
    )

    async def main() -> None:
        rig = Rig(ledger, pipe=Pipeline(made))
        async with running(rig):
            rules = LiveRules(rig.runtime, settings)
            rig.high()
            await rig.pass_by()
            scenario(rig, rules)

    asyncio.run(main())


def told(found: Explanation) -> list[str]:
    return [row.receiver or "" for row in found.routes if row.when_ns is not None]


def called(found: Explanation) -> list[tuple[str, int]]:
    return [(row.person, (row.when_ns - found.at_ns) // S) for row in found.calls if row.when_ns is not None]


def test_a_running_silence_and_a_stand_in_count_and_are_named(ledger: FlakyLedger, tmp_path: Path) -> None:
    def scenario(rig: Rig, rules: LiveRules) -> None:
        plain = rules.explain_sample(ORANGE, None)
        assert told(plain) == ["siren", "board"]
        assert called(plain) == [("li", 0), ("wang", 600)]
        now_ns = rig.runtime.now_ns()
        ill = OverrideOnCall(
            schedule="gas", people=("wang",), by="zhou", reason="ill", from_ns=now_ns, until_ns=now_ns + H
        )
        rig.runtime.command(ill)
        other = rules.explain_sample(ORANGE, None)
        assert {person for person, _ in called(other)} == {"wang"}
        assert [(name, one.reason) for name, one in other.overrides] == [("gas", "ill")]
        rig.runtime.command(
            Silence(matchers=(f"sensor={LT.id}", "grade!=red"), by="li", comment="works", until_ns=now_ns + H)
        )
        held = rules.explain_sample(ORANGE, None)
        assert told(held) == []
        assert [one.comment for one in held.silences] == ["works"]
        assert "works" in held.routes[0].reason.en
        assert all(at_s >= 3590 for _, at_s in called(held)), "nobody is called before the silence ends"
        assert told(rules.explain_sample(Sample(grade="red", kind="high", sensor=LT.id), None)), (
            "red is not held"
        )
        later = rules.explain_sample(ORANGE, now_ns + 2 * H)
        assert told(later) == ["siren", "board"]
        assert (list(later.silences), later.live) == ([], False)
        assert told(rules.explain_sample(ORANGE, now_ns + H // 2)) == [], "it still runs then"

    on_rules(ledger, tmp_path, scenario)


def test_works_announced_by_a_person_lie_ahead_until_they_are_withdrawn(
    ledger: FlakyLedger, tmp_path: Path
) -> None:
    def scenario(rig: Rig, rules: LiveRules) -> None:
        now_ns, place = rig.runtime.now_ns(), CommandPlace(kind="sensor", id=LT.id)
        works = TakeOutOfService(
            place=place, permit="P-7", by="li", reason="weld", from_ns=now_ns + H, until_ns=now_ns + 2 * H
        )
        assert rig.runtime.command(works).events == ()
        assert [(one.name, one.by, one.of_settings) for one in rules.planned()] == [("P-7", "li", False)]
        again = Pipeline(rig.runtime.pipeline.plan)
        again.restore(rig.runtime.pipeline.snapshot())
        assert again.desk.book.works_ahead() == rules.planned()
        rig.runtime.command(PutInService(place=place, permit="P-7", by="li", reason="rain"))
        assert rules.planned() == []

    on_rules(ledger, tmp_path, scenario)


def test_what_went_by_each_route_is_counted_by_place(ledger: FlakyLedger, tmp_path: Path) -> None:
    def scenario(rig: Rig, rules: LiveRules) -> None:
        (view,) = rig.runtime.pipeline.desk.book.open_alerts()
        everywhere = rules.traffic(lambda _: True)
        assert everywhere.whole
        assert everywhere.routes["route.routes[1]"].told == 1
        assert rules.traffic(lambda place: place == Place(enterprise="other")).routes == {}
        assert [row.matched for row in rules.explain_alert(view.id).routes].count(True) >= 1  # type: ignore[union-attr]
        assert rules.explain_alert("none") is None
        found, whole = rules.open_alerts_of([f"sensor={LT.id}"], 10)
        assert ([one.id for one in found], whole) == ([view.id], True)
        assert rules.open_alerts_of(["kind=dead"], 10)[0] == []
        with pytest.raises(MatcherError):
            rules.open_alerts_of(["nonsense"], 10)

    on_rules(ledger, tmp_path, scenario)


def test_settings_say_whose_they_are_and_files_only_their_names(ledger: FlakyLedger, tmp_path: Path) -> None:
    def scenario(_: Rig, rules: LiveRules) -> None:
        own = {one.name: one for one in rules.settings_of(LT.id)}
        assert (own["rate_window_s"].value, own["rate_window_s"].origin) == (30.0, "sensor")
        assert own["dead_min_s"].origin == "type", "the type's is not the packaged one"
        assert own["course_every_s"].origin == "default"
        assert rules.settings_of("no/such") == ()
        assert {one.origin for one in rules.types()[SensorType.LEVEL]} <= {"default", "type"}
        names = rules.files().names
        assert (names["routes"], names["alarms"]) == ("mine.yaml", None)

    on_rules(ledger, tmp_path, scenario)


def test_kept_back_tests_are_bounded_and_checked(ledger: FlakyLedger, tmp_path: Path) -> None:
    folder = tmp_path / "state" / FOLDER
    folder.mkdir(parents=True)
    (folder / "a.json").write_text('{"source": 3}')
    (folder / "b.json").write_bytes(b"\xff")

    def scenario(_: Rig, rules: LiveRules) -> None:
        assert [(one.name, one.report, one.fault != "") for one in rules.backtests()] == [
            ("b", None, True),
            ("a", None, True),
        ]

    on_rules(ledger, tmp_path, scenario)
    for i in range(MOST + 5):
        (folder / f"c{i:03}.json").write_text("{}")
    assert len(kept(folder)) == MOST
