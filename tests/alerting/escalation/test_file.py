"""people, schedules and escalations of routes.yaml: what is wrong is told with its line and what is allowed."""

import pytest

from alerting.escalation import EscalationSettings
from alerting.escalation.defaults import packaged
from alerting.events import Grade
from registry.faults import errors_in
from tests.alerting.escalation.works import ROUTES, S, read, settings

CHAIN = ROUTES[ROUTES.index("escalations:") :]


def ladder(made: EscalationSettings, grade: Grade) -> list[tuple[int, tuple[str, ...]]]:
    return [(step.after_ns // S, step.call) for step in made.chains["works"].ladders[grade].steps]


def test_the_packaged_ladders_call_the_people_of_the_roles() -> None:
    made = settings()
    assert ladder(made, Grade.RED) == [
        (0, ("operators",)),
        (60, ("sun", "ops")),
        (180, ("tech",)),
        (300, ("chief", "district")),
    ]
    assert [after for after, _ in ladder(made, Grade.ORANGE)] == [0, 180, 600, 1800]
    assert [after for after, _ in ladder(made, Grade.YELLOW)] == [0, 600, 1800]
    assert Grade.BLUE not in made.chains["works"].ladders
    assert made.default == "works"
    assert made.chain("unknown") is made.chain(None) is made.chains["works"]


def test_the_packaged_times_rise_and_end_with_a_last_resort() -> None:
    for made in packaged().values():
        times = [*(step.after_ns for step in made.steps), made.last_after_ns]
        assert times[0] == 0
        assert times == sorted(set(times))


def test_own_steps_take_the_place_of_the_packaged_ones() -> None:
    own = """    grades:
      yellow: {steps: [{after_s: 0, call: [operator, ops]}, {after_s: 5, call: tech}], last_resort_after_s: 9}
      orange: none
      blue: digest
"""
    made = settings(ROUTES + own)
    assert ladder(made, Grade.YELLOW) == [(0, ("operators", "ops")), (5, ("tech",))]
    assert made.chains["works"].ladders[Grade.YELLOW].last_after_ns == 9 * S
    assert set(made.chains["works"].ladders) == {Grade.RED, Grade.YELLOW}


def test_without_escalations_a_warning_says_what_that_means() -> None:
    made, faults = read("receivers: {}")
    assert made.chains == {}
    assert [fault.level for fault in faults] == ["warning"]
    assert "nobody else is called" in faults[0].message


@pytest.mark.parametrize(
    ("old", "new", "at", "told"),
    [
        (
            "wang: {name: {zh: 王工, en: Wang}, receivers: [phone]}",
            "wang: {receivers: [fone]}",
            "wang:",
            "unknown receiver 'fone'; did you mean 'phone'?",
        ),
        (
            "wang: {name: {zh: 王工, en: Wang}, receivers: [phone]}",
            "wang: {name: Wang}",
            "wang:",
            "wang has no receiver",
        ),
        ("receivers: [phone]}\n  li", "receivers: phone, areas: ['99']}\n  li", "wang:", "unknown area '99'"),
        (
            "receivers: [phone]}\n  li",
            "receivers: phone, enterprises: lgp}\n  li",
            "wang:",
            "unknown enterprise 'lgp'; did you mean 'lpg'?",
        ),
        ("A: {people: [wang]", "A: {people: [wong]", "A:", "unknown person 'wong'; did you mean 'wang'?"),
        ("zone: Asia/Shanghai", "zone: Asia/Shanghei", "zone:", "unknown time zone 'Asia/Shanghei'"),
        ("first_day: 2025-11-24", "first_day: soon", "first_day:", "first_day is 'soon'"),
        ('day: "08:00-16:00"', 'day: "08:00-26:00"', "shifts:", "shift day is '08:00-26:00'"),
        ("cycle: [day, day", "cycle: [dya, day", "cycle:", "day 1 of the cycle has the unknown shift 'dya'"),
        ("first: 7", "first: 9", "D:", "first is 9"),
        (
            "      D: {people: [qian], first: 7}\n",
            "",
            "crews:",
            "schedule operators has gaps, nobody is on duty on day 3 08:00-16:00",
        ),
        (
            "qian], first: 7",
            "qian], first: 5",
            "crews:",
            "crews C and D are both on duty on day 1 00:00-08:00",
        ),
        (
            'evening: "16:00-24:00"',
            'evening: "17:00-24:00"',
            "crews:",
            "nobody is on duty on day 1 16:00-17:00, day 2 16:00-17:00",
        ),
        ("operator: operators", "operator: operaters", "operator:", "did you mean 'operators'?"),
        (
            "shift_leader: sun",
            "shift_leader: operator",
            "shift_leader:",
            "role shift_leader names role operator",
        ),
        ("      chief: chief\n", "", "roles:", "the packaged ladder of red calls chief, whom no role names"),
        ("    last_resort: director\n", "", "works:", "escalation works has no last resort"),
        (
            "last_resort: director",
            "last_resort: directer",
            "last_resort:",
            "unknown person or schedule 'directer'",
        ),
        (
            "    last_resort: director\n",
            "    last_resort: director\n    grades: {red: none}\n",
            "grades:",
            "calls nobody for red",
        ),
        (
            "    last_resort: director\n",
            "    last_resort: director\n    rungs: 4\n",
            "rungs:",
            "unknown key 'rungs'",
        ),
    ],
)
def test_every_fault_has_its_line(old: str, new: str, at: str, told: str) -> None:
    assert old in ROUTES
    text = ROUTES.replace(old, new, 1)
    lines = [i for i, row in enumerate(text.splitlines(), 1) if row.strip().startswith(at)]
    _, faults = read(text)
    found = [fault for fault in errors_in(faults) if told in fault.message]
    assert found, [str(fault) for fault in faults]
    assert [fault.where for fault in found[:1]] == [f"line {line}" for line in lines]
    assert found[0].allowed


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        (
            "[{after_s: 0, call: ops}, {after_s: 60, call: tech}, {after_s: 60, call: chief}]",
            "step 3 is due after 60 s",
        ),
        ("[{after_s: 5, call: ops}]", "the first step waits"),
        ("[{after_s: 0, call: []}]", "the step calls nobody"),
        ("[{after_s: 0, call: nobody}]", "unknown role, person or schedule 'nobody'"),
        ("[{call: ops}]", "a step needs after_s"),
        ("[{after_s: -1, call: ops}]", "after_s is -1"),
        ("[{after_s: 0, call: ops}, {after_s: 700, call: tech}]", "the last resort is due after 600 s"),
        ("[]", "has no steps"),
        ("7", "steps is not a list"),
    ],
)
def test_a_ladder_that_does_not_rise_or_calls_nobody_is_refused(steps: str, told: str) -> None:
    _, faults = read(ROUTES + f"    grades: {{red: {{steps: {steps}}}}}\n")
    found = [fault for fault in errors_in(faults) if told in fault.message]
    assert found, [str(fault) for fault in faults]
    assert found[0].where == f"line {len(ROUTES.splitlines()) + 1}"


def test_overrides_of_the_settings_must_not_meet_and_say_who_and_why() -> None:
    rows = """    overrides:
      - {people: [li], from: 2026-01-01T08:00, until: 2026-01-02T08:00, by: sun, reason: leave}
      - {people: [zhao], from: 2026-01-02T07:00, until: 2026-01-02T09:00, by: sun, reason: leave}
      - {people: [zhao], from: 2026-02-02T07:00, until: 2026-02-01T09:00, by: sun}
      - {people: [], from: soon, until: 2026-02-01T09:00, by: sun, reason: x}
"""
    _, faults = read(ROUTES.replace("escalations:", rows + "escalations:"))
    first = ROUTES[: ROUTES.index("escalations:")].count("\n") + 2
    assert [(fault.where, fault.message) for fault in faults] == [
        (f"line {first + 2}", "the override ends before it begins"),
        (f"line {first + 2}", "an override says reason"),
        (f"line {first + 3}", "from is 'soon'"),
        (f"line {first + 3}", "nobody is named"),
        (f"line {first}", f"the override begins before that on line {first + 3} ends"),
        (f"line {first + 1}", f"the override begins before that on line {first} ends"),
    ]


def test_two_chains_need_one_default() -> None:
    second = CHAIN.replace("escalations:", "").replace("works:", "other:")
    assert "none of the escalations is the default" in read(ROUTES + second)[1][0].message
    made, faults = read(ROUTES + second + "    default: true\n")
    assert (faults, made.default) == ([], "other")
    both = ROUTES + "    default: true\n" + second + "    default: true\n"
    assert "more than one escalation is the default" in read(both)[1][0].message


def test_a_name_is_a_person_or_a_schedule() -> None:
    _, faults = read(
        ROUTES.replace("  operators:\n", "  sun:\n").replace("operator: operators", "operator: sun")
    )
    assert "'sun' is a person already" in faults[0].message


@pytest.mark.parametrize(
    "text",
    [
        "people: 7",
        "schedules: [a]",
        "escalations: x",
        "people: {a: 1}",
        "schedules: {a: {crews: 1}}",
        "escalations: {a: {roles: 3, grades: []}}",
    ],
)
def test_nothing_that_a_file_holds_leads_to_a_traceback(text: str) -> None:
    assert errors_in(read(text)[1])
