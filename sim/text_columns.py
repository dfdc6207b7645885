"""The columns of a plain block that hold texts, sensors and qualities, as numbers: each different text is looked at once."""

import numpy as np
from numpy.typing import NDArray

from sim.columns import Names, NumberedNames
from sim.fields import Fields
from sim.layout import Layout
from sim.qualities import quality_codes, settled
from sim.report import Report
from sim.vocabulary import LONGEST, Vocabulary

_MOST_QUALITIES = 1000
"""A column with more different texts holds no qualities; it is read cell by cell."""


class TextColumns:
    """Reads sensors and qualities of blocks of one layout; gives new sensors their places in `names`."""

    def __init__(self, layout: Layout, names: Names) -> None:
        self._layout = layout
        self._sensors = Vocabulary()
        self._places = NumberedNames(names, lambda i: self._text(self._sensors.texts[i]))
        self._qualities = Vocabulary()

    def fit(self, fields: Fields) -> bool:
        """Say whether the texts of a block can be numbered: none is too long, and there are not too many qualities."""
        columns = [column for column in (self._layout.sensor, self._layout.quality) if column is not None]
        longest = max(((fields.end[:, i] - fields.start[:, i]).max() for i in columns), default=0)
        return bool(longest <= LONGEST) and len(self._qualities.texts) <= _MOST_QUALITIES

    def places(self, fields: Fields) -> NDArray[np.int32]:
        """Return the places of the sensors, new ones taken in in their order; -1 for an empty name."""
        column = self._layout.sensor
        assert column is not None
        return self._places.places(
            self._sensors.numbers(fields.text, fields.start[:, column], fields.end[:, column])
        )

    def qualities(
        self, fields: Fields, numbers: NDArray[np.int64], report: Report
    ) -> NDArray[np.uint8] | None:
        """Return the qualities, None where the layout has none; what is none is reported with its line."""
        column = self._layout.quality
        if column is None:
            return None
        number = self._qualities.numbers(fields.text, fields.start[:, column], fields.end[:, column])
        codes = quality_codes([self._text(text) for text in self._qualities.texts])
        return settled(codes[number], numbers, report)

    def _text(self, text: bytes) -> str:
        return text.decode(self._layout.encoding, errors="replace")
