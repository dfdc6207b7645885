"""A CAP 1.2 message as a value, before it is written as XML."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from registry.plant import Text


class Mode(StrEnum):
    """Whether a pipeline's alerts are of a real plant, of an exercise, or of a test."""

    ACTUAL = "actual"
    EXERCISE = "exercise"
    TEST = "test"


class MessageType(StrEnum):
    """What a message does to those before it."""

    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"


class Scope(StrEnum):
    """Whom a message is for."""

    PUBLIC = "Public"
    RESTRICTED = "Restricted"
    PRIVATE = "Private"


DRILL_NOTES: Mapping[Mode, Text] = MappingProxyType(
    {
        Mode.EXERCISE: Text("演练消息，并非真实报警", "An exercise, not a real alert"),
        Mode.TEST: Text("测试消息，并非真实报警", "A test, not a real alert"),
    }
)
DRILL_MARKS: Mapping[Mode, Text] = MappingProxyType(
    {Mode.EXERCISE: Text("【演练】", "[EXERCISE] "), Mode.TEST: Text("【测试】", "[TEST] ")}
)
"""What stands before a headline, for displays that show nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapArea:
    """Where it is: `circle` is latitude, longitude (degrees, WGS 84) and radius (km), `geocodes` pairs of list and code."""

    description: str
    circle: tuple[float, float, float] | None = None
    geocodes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CapInfo:
    """What is told in one language; codes are words of the standard's tables."""

    language: str
    categories: tuple[str, ...]
    event: str
    responses: tuple[str, ...]
    urgency: str
    severity: str
    certainty: str
    onset: str | None
    sender_name: str
    headline: str
    description: str
    instruction: str
    contact: str | None
    parameters: tuple[tuple[str, str], ...]
    area: CapArea | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CapMessage:
    """One message.

    Attributes:
        mode: that of the pipeline. The status is made of it and of nothing else, so that no text, event or setting of a
            message can make an exercise or a test Actual.
        about_hazwatch: whether it is about a trouble of hazwatch's own, which is nobody's warning.
        identifier: unique for the sender; the same whenever the message is made again.
        sent: the standard's form of a time.
        references: earlier messages of the alert, oldest first, each as ``sender,identifier,sent``.
        incidents: the incident that the alert belongs to, where it does.
    """

    mode: Mode
    about_hazwatch: bool
    identifier: str
    sender: str
    sent: str
    message_type: MessageType
    scope: Scope
    restriction: str | None
    addresses: tuple[str, ...]
    note: str | None
    references: tuple[str, ...]
    incidents: tuple[str, ...]
    infos: tuple[CapInfo, ...]

    @property
    def status(self) -> str:
        """The status: Actual (System for hazwatch's own troubles) of a real plant only."""
        match self.mode:
            case Mode.ACTUAL:
                return "System" if self.about_hazwatch else "Actual"
            case Mode.EXERCISE:
                return "Exercise"
            case Mode.TEST:
                return "Test"
