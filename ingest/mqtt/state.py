"""A connection as seen from outside: its state, its counters, and when to try again. Pure."""

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final

BACKOFF_BASE_S: Final = 0.25
BACKOFF_MAX_S: Final = 30.0
_MAX_DOUBLINGS: Final = 16


class Phase(StrEnum):
    """Where a connection stands."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    LOST = "lost"
    STOPPED = "stopped"


class Protocol(StrEnum):
    """The versions of MQTT that are spoken."""

    V5 = "5"
    V311 = "3.1.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkState:
    """The state of a connection, for health.

    `since_ns` is when the phase began; a connection that is lost stays lost since then, however often it is tried
    again. `reason` says what was wrong last, empty where nothing is; a connected link has one where the broker
    refused a subscription, and is then not `healthy`.
    """

    phase: Phase
    since_ns: int
    reason: str = ""
    protocol: Protocol | None = None

    @property
    def healthy(self) -> bool:
        """Whether everything that was asked for is there."""
        return self.phase is Phase.CONNECTED and not self.reason


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCounters:
    """What a connection has done since its start.

    `stale_acks` are acknowledgements that came after their connection was lost: the broker sends those messages
    again. `full_waits` counts how often reading paused because the inbox was full.
    """

    received: int = 0
    received_bytes: int = 0
    acked: int = 0
    stale_acks: int = 0
    unacked: int = 0
    published: int = 0
    reconnects: int = 0
    full_waits: int = 0


def delay_s(attempt: int, jitter01: float) -> float:
    """Return how long to wait before attempt `attempt` (0 is the first retry); `jitter01` is in 0..1.

    Doubles from a quarter of a second to half a minute; the jitter takes off up to half, so that gateways that
    lost one broker together do not come back together.
    """
    return min(BACKOFF_MAX_S, BACKOFF_BASE_S * 2.0 ** min(attempt, _MAX_DOUBLINGS)) * (1 - jitter01 / 2)


class Outcome(Enum):
    """How far an attempt to connect came."""

    UNREACHED = "no connection to the broker's port"
    NOT_UNDERSTOOD = "the broker hung up without an answer, or said that it does not speak this version"
    REFUSED = "the broker understood and refused"
    OPENED = "the connection was open"


def next_protocol(tried: Protocol, outcome: Outcome) -> Protocol:
    """Return the version for the next attempt: MQTT 5, unless that was just not understood.

    3.1.1 knows no Receive Maximum and so makes late acknowledgement slow; a broker that is merely down or refuses
    a password must not lead to it.
    """
    not_understood = tried is Protocol.V5 and outcome is Outcome.NOT_UNDERSTOOD
    return Protocol.V311 if not_understood else Protocol.V5
