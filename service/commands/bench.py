"""`hazwatch bench`."""


def command() -> None:
    """Measure."""
