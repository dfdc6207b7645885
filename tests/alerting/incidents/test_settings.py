"""The section ``incidents`` of the alarms file: every fault with its line, defaults for the rest."""

from alerting.incidents.settings import IncidentSettings, read_incidents
from registry.marks import parse_marked

KEYS = "join_s, quiet_s, longest_s, flood_window_s, flood_above, flood_below"


def read(text: str) -> tuple[IncidentSettings, list[str]]:
    marked = parse_marked(text, "alarms.yaml")
    faults = list(marked.faults)
    made = read_incidents(marked, faults)
    return made, [f"{fault.where}: {fault.message} | {fault.allowed}" for fault in faults]


def test_without_the_section_defaults_hold() -> None:
    assert read("") == (IncidentSettings(), [])
    assert read("shelving: {}\n") == (IncidentSettings(), [])


def test_what_is_given_holds() -> None:
    made, faults = read("incidents:\n  join_s: 300.5\n  flood_above: 30\n")
    assert (made, faults) == (IncidentSettings(join_s=300.5, flood_above=30), [])


def test_every_fault_is_told_with_its_line() -> None:
    text = (
        "incidents:\n  join: 3\n  join_s: -1\n  flood_above: 10.5\n  quiet_s: yes please\n  longest_s: .nan\n"
    )
    made, faults = read(text)
    assert made == IncidentSettings()
    assert faults == [
        f"line 2: unknown key 'join'; did you mean 'join_s'? | {KEYS}",
        "line 3: join_s is -1 | a number from 1 to 86400",
        "line 5: quiet_s is 'yes please' | a number from 0 to 86400",
        "line 6: longest_s is nan | a number from 60 to 604800",
        "line 4: flood_above is 10.5 | a whole number from 1 to 10000",
    ]


def test_a_flood_must_not_end_as_it_begins() -> None:
    made, faults = read("incidents:\n  flood_above: 3\n")
    assert made == IncidentSettings()
    assert faults == ["line 2: a flood would end as it begins: above 3, below 5 | flood_below up to 4"]


def test_a_section_that_is_none_is_told() -> None:
    assert read("incidents: 5\n")[1][0].startswith("line 1: incidents is 5")
