"""Columns of a recording as readings: which place a name has, and a table's cells row by row."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.recorded import Recorded

_NOT_MET = -2


def flattened(
    names: tuple[str, ...], t_ns: NDArray[np.int64], table: NDArray[np.float64], sent: NDArray[np.bool_]
) -> Recorded:
    """Return the readings of a table with one row a time and one column a sensor, where `sent` says there is one."""
    if sent.all():
        places = np.arange(table.shape[1], dtype=np.int32)
        return Recorded(
            names=names,
            column=np.tile(places, len(table)),
            t_ns=np.repeat(t_ns, table.shape[1]),
            value=table.reshape(-1),
        )
    row, place = np.nonzero(sent)
    return Recorded(names=names, column=place.astype(np.int32), t_ns=t_ns[row], value=table[row, place])


class Names:
    """Sensor names in the order in which they were first met; a name keeps its place."""

    def __init__(self, names: Sequence[str] = ()) -> None:
        self._place = {name: i for i, name in enumerate(names)}
        self.known = tuple(names)

    def places(self, texts: Sequence[str]) -> NDArray[np.int32]:
        """Return each name's place, giving new ones to new names; -1 for an empty name."""
        place = self._place
        new: list[str] = []
        for text in dict.fromkeys(texts):
            name = text.strip()
            if name and name not in place:
                place[name] = len(self.known) + len(new)
                new.append(name)
            if text != name:
                place.setdefault(text, place[name] if name else -1)
        if new:
            self.known = (*self.known, *new)
        place.setdefault("", -1)
        return np.fromiter(map(place.__getitem__, texts), np.int32, len(texts))


class NumberedNames:
    """Places of names that come as numbers: `text_of` says which text a number stands for, once for each that is met."""

    def __init__(self, names: Names, text_of: Callable[[int], str]) -> None:
        self._names = names
        self._text_of = text_of
        self._place_of = np.empty(0, np.int32)

    def places(self, number: NDArray[np.integer[Any]]) -> NDArray[np.int32]:
        """Return each name's place, giving new ones to new names in their order; -1 for an empty name."""
        more = (int(number.max()) + 1 if len(number) else 0) - len(self._place_of)
        if more > 0:
            self._place_of = np.concatenate([self._place_of, np.full(more, _NOT_MET, np.int32)])
        place: NDArray[np.int32] = self._place_of[number]
        fresh = number[place == _NOT_MET]
        if len(fresh):
            met = list(dict.fromkeys(fresh.tolist()))
            self._place_of[met] = self._names.places([self._text_of(i) for i in met])
            place = self._place_of[number]
        return place
