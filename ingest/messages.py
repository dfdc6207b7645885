"""What arrives, and what is refused: values, with a reason, never exceptions."""

from dataclasses import dataclass
from enum import StrEnum

from registry.readings import ReadingBlock


@dataclass(frozen=True, slots=True)
class Message:
    """One MQTT publication as it came."""

    topic: str
    payload: bytes


class RejectReason(StrEnum):
    """Why a message, or one reading of a batch, does not count."""

    UNKNOWN_TOPIC = "unknown_topic"
    UNKNOWN_SENSOR = "unknown_sensor"
    BAD_JSON = "bad_json"
    WRONG_TYPE = "wrong_type"
    WRONG_SHAPE = "wrong_shape"
    ABSURD_TIME = "absurd_time"
    OVERSIZE = "oversize"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """A message, or readings of it, that were refused.

    `count` is the number of readings lost to this reason in this message (1 where they cannot be told apart);
    `detail` says what was wrong and where; `payload` is cut to `MAX_KEPT_BYTES`.
    """

    reason: RejectReason
    detail: str
    topic: str
    payload: bytes
    count: int = 1


MAX_KEPT_BYTES = 4096
MAX_PAYLOAD_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Decoded:
    """What came out of some messages: the good readings in arrival order, and what was refused."""

    block: ReadingBlock
    rejects: tuple[Reject, ...]
