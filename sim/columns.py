"""Columns of a recording as readings: which place a name has, and a table's cells row by row."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim.recorded import Recorded


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
        for text in dict.fromkeys(texts):
            name = text.strip()
            if name and name not in place:
                place[name] = len(self.known)
                self.known = (*self.known, name)
            if text != name:
                place.setdefault(text, place[name] if name else -1)
        place.setdefault("", -1)
        return np.fromiter(map(place.__getitem__, texts), np.int32, len(texts))
