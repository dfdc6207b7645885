"""Times as a person gives them to a report."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment_ns(text: str, zone: ZoneInfo) -> int | None:
    """Return a day or an RFC 3339 time in ns since 1970, in `zone` where it names none; None where it is no time or before that."""
    try:
        time = datetime.fromisoformat(text)
        since = (time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(UTC) - _EPOCH
    except (ValueError, OverflowError):
        return None
    if since.days < 0:
        return None
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000
