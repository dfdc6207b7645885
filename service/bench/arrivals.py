"""When each sensor's first alert arrived somewhere."""


class Arrivals:
    """Notes the monotonic time of the first arrival of each sensor."""

    def __init__(self) -> None:
        self.at_s: dict[str, float] = {}

    def note(self, sensor: str | None, at_s: float) -> None:
        """Take one arrival; only a sensor's first counts."""
        if sensor is not None:
            self.at_s.setdefault(sensor, at_s)
