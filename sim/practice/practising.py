"""Scenarios of simulated plants as `sim.scenarios` lists them: readings, truth and settings from one scenario file."""

from collections.abc import Generator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from registry.marks import parse_marked
from registry.plant import SourceGrade
from sim.faults.crossings import Crossing
from sim.faults.plan import gateways
from sim.faults.truth import Span, events_of_truth
from sim.plant.streams import BLOCK_S
from sim.practice.scenario import Practice
from sim.practice.settings import grades_of, settings_of
from sim.practice.workers import run
from sim.recorded import Recorded
from sim.scenario_file import scenario_of
from sim.sending.gateways import Gateways
from sim.sending.links import Gateway, Outage
from sim.truth import rfc3339

NS = 1_000_000_000
_MS = 1_000_000
_BLOCKS_A_CHUNK = 4
_REMEMBERED = 2


class Practising:
    """One scenario of a simulated plant.

    Attributes:
        practice: the scenario.
    """

    def __init__(self, practice: Practice) -> None:
        self.practice = practice
        self._crossings: dict[tuple[int, int, int], tuple[Crossing, ...]] = {}

    def readings(
        self, seed: int, start_ns: int, seconds: int, workers: int = 1
    ) -> Generator[Recorded, None, None]:
        """Yield the readings of so many seconds in the order of arrival; closing it ends its processes."""
        names = self.practice.names
        sending = self._gateways(seed, start_ns, seconds)
        crossings: list[Crossing] = []
        chunk: list[Recorded] = []
        for number, block in enumerate(run(self.practice, seed, start_ns, seconds, workers)):
            crossings += block.crossings
            until_s = min((number + 1) * BLOCK_S, seconds)
            rows = block.t_ms < until_s * 1000
            made = Recorded(
                names=names,
                column=block.point[rows],
                t_ns=start_ns + block.t_ms[rows] * _MS,
                value=block.value[rows],
                quality=block.quality[rows],
            )
            chunk.append(sending.deliver(made))
            if len(chunk) == _BLOCKS_A_CHUNK:
                yield Recorded.concat(chunk)
                chunk = []
        self._remember((seed, start_ns, seconds), crossings)
        yield Recorded.concat([*chunk, sending.rest()])

    def truth(self, seed: int, start_ns: int, seconds: int, workers: int = 1) -> dict[str, Any]:
        """Return the truth about the same seconds; quick after `readings` of them came to their end."""
        key = (seed, start_ns, seconds)
        if key not in self._crossings:
            found = [c for block in run(self.practice, *key, workers) for c in block.crossings]
            self._remember(key, found)
        practice = self.practice
        span = Span(
            site=practice.site,
            grades=[grade or SourceGrade.III for grade in grades_of(practice.site)],
            start_ns=start_ns,
            seconds=seconds,
        )
        return {
            "scenario": practice.name,
            "seed": seed,
            "start": rfc3339(start_ns),
            "end": rfc3339(start_ns + seconds * NS),
            "events": events_of_truth(span, practice.events(*key), self._crossings[key]),
        }

    def settings(self) -> Mapping[str, str]:
        """Return the settings to watch the site with, file by file."""
        return settings_of(self.practice.site)

    def _remember(self, key: tuple[int, int, int], crossings: list[Crossing]) -> None:
        """Keep what limits were passed in a run: a pure function of the key, and costly."""
        while len(self._crossings) >= _REMEMBERED:
            del self._crossings[next(iter(self._crossings))]
        self._crossings[key] = tuple(crossings)

    def _gateways(self, seed: int, start_ns: int, seconds: int) -> Gateways:
        """Return the site's gateways, with the breaks of their links that are among the events."""
        site = self.practice.site
        behind = gateways(site)
        gateway_of = np.full(len(site.points), len(behind))
        for number, points in enumerate(behind):
            gateway_of[list(points)] = number
        outages = [
            Outage(
                gateway=int(gateway_of[event.points[0]]),
                from_ns=start_ns + int(np.rint(event.onset_s * NS)),
                until_ns=start_ns + int(np.rint(event.end_s * NS)),
            )
            for event in self.practice.events(seed, start_ns, seconds)
            if event.family.kind == "gateway_outage"
        ]
        boxes = [_gateway(number) for number in range(len(behind) + 1)]
        return Gateways(boxes, gateway_of.tolist(), seed, start_ns, outages)


def _gateway(number: int) -> Gateway:
    """Return a gateway as plants have them: few doubles, few stragglers, a clock that is set right every hour.

    The last one is the weather station's.
    """
    return Gateway(
        id=f"gateway-{number + 1}",
        clock_drift_ppm=20.0 * (number % 5 - 2),
        clock_sync_s=3600.0,
        unconfirmed_s=2.0,
        duplicate_share=0.0002,
        late_share=0.0002,
        late_s=4.0,
    )


@cache
def packaged(name: str) -> Practising:
    """Return a scenario that comes with the package."""
    text = files("sim").joinpath("data", name, "scenario.yaml").read_text(encoding="utf-8")
    return Practising(scenario_of(parse_marked(text, f"{name}/scenario.yaml")))
