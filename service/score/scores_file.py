"""The scores that `hazwatch replay --scores` writes, as readings of a statistic."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from registry.faults import Fault, InputError
from registry.readings import ReadingBlock
from registry.suggest import shown
from service.score.times import parse_ns

HEADER = "time,sensor,score"
_AT_ONCE = 200_000


def read_scores(path: Path, index: Mapping[str, int]) -> Iterator[ReadingBlock]:
    """Yield the scores of a file in blocks; `index` has the place of each sensor.

    Raises:
        InputError: at the first line that is none, or names a sensor that is not known.
    """
    if not path.is_file():
        raise InputError(
            [Fault(file=str(path), where="", message="there is no such file", allowed="scores (CSV)")]
        )
    sensors: list[int] = []
    times: list[int] = []
    values: list[float] = []
    last_text, last_ns = "", 0
    with path.open(encoding="utf-8") as file:
        if file.readline().strip() != HEADER:
            raise InputError(
                [Fault(file=str(path), where="line 1", message="not a file of scores", allowed=HEADER)]
            )
        for number, line in enumerate(file, 2):
            head, _, score = line.rstrip("\n").rpartition(",")
            text, _, name = head.partition(",")
            if text != last_text:
                last_ns = _time_ns(path, number, text)
                last_text = text
            sensors.append(_sensor(path, number, name, index))
            times.append(last_ns)
            values.append(_score(path, number, score))
            if len(values) == _AT_ONCE:
                yield _block(sensors, times, values)
                sensors, times, values = [], [], []
    if values:
        yield _block(sensors, times, values)


def _block(sensors: list[int], times: list[int], values: list[float]) -> ReadingBlock:
    return ReadingBlock(
        sensor=np.array(sensors, np.int32),
        t_ns=np.array(times, np.int64),
        value=np.array(values, np.float64),
        quality=np.zeros(len(values), np.uint8),
    )


def _fault(path: Path, number: int, message: str, allowed: str) -> InputError:
    return InputError([Fault(file=str(path), where=f"line {number}", message=message, allowed=allowed)])


def _time_ns(path: Path, number: int, text: str) -> int:
    t_ns = parse_ns(text)
    if t_ns is None:
        raise _fault(path, number, f"{shown(text)} is no time", "RFC 3339 with a zone")
    return t_ns


def _sensor(path: Path, number: int, name: str, index: Mapping[str, int]) -> int:
    found = index.get(name.strip('"'))
    if found is None:
        raise _fault(path, number, f"the sensor {shown(name)} is not known", "a sensor of the points table")
    return found


def _score(path: Path, number: int, text: str) -> float:
    if not text:
        return float("nan")
    try:
        return float(text)
    except ValueError:
        raise _fault(path, number, f"{shown(text)} is no score", "a number from 0 to 1, or nothing") from None
