"""RFC 3339 times of alert and truth files, to nanoseconds."""

from datetime import UTC, datetime

NS = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_ns(text: str) -> int | None:
    """Return an RFC 3339 time in ns since 1970; None where it is none, or has no zone."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    if time.tzinfo is None:
        return None
    since = time - _EPOCH
    return (since.days * 86_400 + since.seconds) * NS + since.microseconds * 1000


def seconds(span_ns: int) -> float:
    """Return a span of time in seconds."""
    return span_ns / NS
