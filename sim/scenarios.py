"""The scenarios that can be simulated, by name."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.faults import Fault, InputError
from registry.plant import Text
from sim.accidents.catalogue import ACCIDENTS, as_it_was
from sim.accidents.readings import readings
from sim.accidents.settings import settings_of
from sim.accidents.truth import truth_of_accident
from sim.city import CITY_SENSORS, CITY_TEXT, city_readings, city_settings, city_truth
from sim.demo import DEMO_FILES, demo_text
from sim.practice.practising import Practising, packaged
from sim.recorded import Recorded
from sim.scenario_file import load_scenario
from sim.site import NS, START_NS, SiteSim
from sim.truth import truth_of_site

DEMO_START_NS = START_NS
_CHUNK_S = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A named simulation, from seed, start and length.

    Attributes:
        readings: what arrives, in the order of arrival.
        truth: what really happened meanwhile.
        quality: whether the readings tell of their quality; a file of them then has a column for it.
        settings: the files to watch it with, by name (hazwatch.yaml, plant.yaml, points.csv, routes.yaml).
        spread: the same readings, byte for byte, made by so many processes; None where one does it.
    """

    name: str
    text: Text
    sensors: int
    readings: Callable[[int, int, int], Iterator[Recorded]]
    truth: Callable[[int, int, int], dict[str, Any]]
    settings: Callable[[], Mapping[str, str]]
    spread: Callable[[int, int, int, int], Iterator[Recorded]] | None = None
    quality: bool = False


def list_scenarios() -> tuple[Scenario, ...]:
    """Return every scenario there is, in the order in which a list shows them."""
    return (_demo_site(), _of_plant(packaged("site-200")), _city(), *map(_accident, ACCIDENTS))


def read_scenario(path: Path) -> Scenario:
    """Return the scenario that a file tells; raise `InputError` with all that is wrong with it."""
    return _of_plant(Practising(load_scenario(path)))


def _demo_site() -> Scenario:
    return Scenario(
        name="demo-site",
        text=Text(
            zh="示例场站：液化气罐区与氨冷库，每十分钟一轮：卡死液位计的过量充装、风向转变中的氨泄漏、变送器失联、正常进料",
            en="demo site: LPG tank farm and ammonia cold store; every ten minutes an overfill behind a stuck gauge, "
            "an ammonia leak as the wind turns, a dead transmitter, and a planned filling that is no fault",
        ),
        sensors=64,
        readings=_site_readings,
        truth=truth_of_site,
        settings=lambda: {name: demo_text(name) for name in DEMO_FILES},
    )


def _city() -> Scenario:
    return Scenario(
        name="city",
        text=CITY_TEXT,
        sensors=CITY_SENSORS,
        readings=city_readings,
        truth=city_truth,
        settings=city_settings,
    )


def _of_plant(practising: Practising) -> Scenario:
    practice = practising.practice
    return Scenario(
        name=practice.name,
        text=practice.text,
        sensors=len(practice.site.points),
        readings=practising.readings,
        truth=practising.truth,
        settings=practising.settings,
        spread=practising.readings,
        quality=True,
    )


def simulate(scenario: str, seed: int, hours: float, start_ns: int = DEMO_START_NS) -> Iterator[Recorded]:
    """Return the scenario's readings in order of arrival; raise `InputError` for an unknown name or no duration."""
    return find_scenario(scenario).readings(seed, start_ns, seconds_of(hours))


def truth_of(scenario: str, seed: int, hours: float, start_ns: int = DEMO_START_NS) -> dict[str, Any]:
    """Return the truth about what `simulate` with the same arguments yields, in the form of the truth file."""
    return find_scenario(scenario).truth(seed, start_ns, seconds_of(hours))


def _accident(name: str) -> Scenario:
    """Return a real accident, re-enacted, as a scenario: it ends with its own length, whatever is asked for."""
    accident = as_it_was(name)
    return Scenario(
        name=name,
        text=accident.text,
        sensors=len(accident.sensors),
        readings=lambda seed, start_ns, seconds: readings(accident, seed, start_ns, seconds),
        truth=lambda seed, start_ns, seconds: truth_of_accident(accident, seed, start_ns, seconds),
        settings=lambda: settings_of(accident),
    )


def _site_readings(seed: int, start_ns: int, seconds: int) -> Iterator[Recorded]:
    site = SiteSim(seed, start_ns)
    for until_s in (*range(_CHUNK_S, seconds, _CHUNK_S), seconds):
        yield site.step(start_ns + until_s * NS)


def find_scenario(name: str) -> Scenario:
    """Return the scenario of that name, or of the file at that path; raise `InputError` where there is neither."""
    known = list_scenarios()
    for scenario in known:
        if scenario.name == name:
            return scenario
    if Path(name).suffix in {".yaml", ".yml"}:
        return read_scenario(Path(name))
    allowed = ", ".join(scenario.name for scenario in known) + ", or a scenario file (.yaml)"
    raise InputError(
        [Fault(file="command line", where="SCENARIO", message=f"unknown scenario {name!r}", allowed=allowed)]
    )


def seconds_of(hours: float) -> int:
    """Return a duration in whole seconds; raise `InputError` where it is none."""
    seconds = round(hours * 3600) if 0 < hours < float("inf") else 0
    if seconds < 1:
        raise InputError(
            [
                Fault(
                    file="command line",
                    where="--hours",
                    message=f"{hours} is no duration",
                    allowed="a number above 0",
                )
            ]
        )
    return seconds
