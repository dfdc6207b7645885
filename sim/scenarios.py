"""The scenarios that can be simulated, by name."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from registry.faults import Fault, InputError
from registry.plant import Text
from sim.accidents.catalogue import ACCIDENTS, as_it_was
from sim.accidents.readings import readings
from sim.accidents.truth import truth_of_accident
from sim.recorded import Recorded
from sim.site import NS, SiteSim
from sim.truth import truth_of_site

DEMO_START_NS = 1_748_743_200 * NS
"""2025-06-01T02:00:00Z, ten in the morning at the site: where a simulation starts unless told."""

_CHUNK_S = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A named simulation: its readings in time order, and the truth, both from seed, start and length."""

    name: str
    text: Text
    sensors: int
    readings: Callable[[int, int, int], Iterator[Recorded]]
    truth: Callable[[int, int, int], dict[str, Any]]


def list_scenarios() -> tuple[Scenario, ...]:
    """Return every scenario there is, in the order in which a list shows them."""
    return (
        Scenario(
            name="demo-site",
            text=Text(
                zh="示例场站：液化气罐区与氨冷库，每十分钟一轮：卡死液位计的过量充装、风向转变中的氨泄漏、变送器失联、正常进料",
                en="demo site: LPG tank farm and ammonia cold store; every ten minutes an overfill behind a stuck gauge, "
                "an ammonia leak as the wind turns, a dead transmitter, and a planned filling that is no fault",
            ),
            sensors=64,
            readings=_site_readings,
            truth=truth_of_site,
        ),
        *(_accident(name) for name in ACCIDENTS),
    )


def simulate(scenario: str, seed: int, hours: float, start_ns: int = DEMO_START_NS) -> Iterator[Recorded]:
    """Return the scenario's readings in time order; raise `InputError` for an unknown name or no duration."""
    return _find(scenario).readings(seed, start_ns, _seconds(hours))


def truth_of(scenario: str, seed: int, hours: float, start_ns: int = DEMO_START_NS) -> dict[str, Any]:
    """Return the truth about what `simulate` with the same arguments yields, in the form of the truth file."""
    return _find(scenario).truth(seed, start_ns, _seconds(hours))


def _accident(name: str) -> Scenario:
    """Return a real accident, re-enacted, as a scenario: it ends with its own length, whatever is asked for."""
    accident = as_it_was(name)
    return Scenario(
        name=name,
        text=accident.text,
        sensors=len(accident.sensors),
        readings=lambda seed, start_ns, seconds: readings(accident, seed, start_ns, seconds),
        truth=lambda seed, start_ns, seconds: truth_of_accident(accident, seed, start_ns, seconds),
    )


def _site_readings(seed: int, start_ns: int, seconds: int) -> Iterator[Recorded]:
    site = SiteSim(seed, start_ns)
    for until_s in (*range(_CHUNK_S, seconds, _CHUNK_S), seconds):
        yield site.step(start_ns + until_s * NS)


def _find(name: str) -> Scenario:
    known = list_scenarios()
    for scenario in known:
        if scenario.name == name:
            return scenario
    allowed = ", ".join(scenario.name for scenario in known)
    raise InputError(
        [Fault(file="command line", where="SCENARIO", message=f"unknown scenario {name!r}", allowed=allowed)]
    )


def _seconds(hours: float) -> int:
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
