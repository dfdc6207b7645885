"""From MQTT messages to readings: finds the codec of each topic and lets it read. Pure: no clock, no socket."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from ingest.batch import BatchJson, strangers
from ingest.fields import Refusal
from ingest.intake import Codec, Intake
from ingest.mapped import MappedCodec, MappedJson, topic_matches
from ingest.messages import MAX_PAYLOAD_BYTES, Decoded, Message, RejectReason
from ingest.names import Names
from ingest.single import BareNumber, SingleJson, Unreadable
from registry.sensors import SensorRegistry

NO_ENTERPRISE: Final = "-"
"""The topic level in place of an enterprise under which names are full ids: ``hazwatch/v1/-/LT-101``."""
SPARKPLUG: Final = "spBv1.0"
MAX_TOPIC_CHARS: Final = 1024
MAX_CACHED_TOPICS: Final = 1 << 16


class WireDecoder:
    """Decodes every format of docs/wire.md for the sensors of one registry.

    `mapped` are mappings without faults (`mapping_faults`); of several that take a topic the first counts. Under
    the wall clock a reading more than 5 min ahead of the receive time is absurd. A decoder remembers topics and
    columns of names that it has seen; what it answers never depends on that.
    """

    def __init__(
        self,
        registry: SensorRegistry,
        mapped: Sequence[MappedJson] = (),
        prefix: str = "hazwatch/v1",
        *,
        wall_clock: bool = True,
    ) -> None:
        self._topics = registry.topics
        self._names = Names(registry.specs)
        self._mapped = tuple(mapped)
        self._prefix = prefix
        self._wall_clock = wall_clock
        self._codec = lru_cache(MAX_CACHED_TOPICS)(self._find_codec)

    def decode(self, messages: Sequence[Message], now_ns: int) -> Decoded:
        """Return the good readings of messages received at `now_ns`, in their order, and what was refused.

        Never raises, whatever the bytes.
        """
        intake = Intake(now_ns, wall_clock=self._wall_clock)
        for message in messages:
            if len(message.payload) > MAX_PAYLOAD_BYTES:
                detail = f"payload of {len(message.payload)} bytes (allowed: {MAX_PAYLOAD_BYTES})"
                intake.refuse(message, Refusal(RejectReason.OVERSIZE, detail))
            elif len(message.topic) > MAX_TOPIC_CHARS:
                detail = f"topic of {len(message.topic)} characters (allowed: {MAX_TOPIC_CHARS})"
                intake.refuse(message, Refusal(RejectReason.UNKNOWN_TOPIC, detail))
            else:
                self._codec(message.topic).read(message, intake)
        return intake.decoded()

    def _find_codec(self, topic: str) -> Codec:
        """Return the codec of a topic: the points table, then the prefix, then Sparkplug, then mappings."""
        if topic in self._topics:
            return BareNumber(self._topics[topic])
        if topic.startswith(self._prefix + "/"):
            return self._own_codec(topic[len(self._prefix) + 1 :])
        if topic.startswith(SPARKPLUG + "/"):
            return Unreadable(Refusal(RejectReason.UNKNOWN_TOPIC, "Sparkplug B is not decoded yet"))
        for mapped in self._mapped:
            if topic_matches(mapped.topic, topic):
                return MappedCodec(mapped, topic, self._names)
        return Unreadable(
            Refusal(RejectReason.UNKNOWN_TOPIC, "no format and no sensor belongs to this topic")
        )

    def _own_codec(self, rest: str) -> Codec:
        """Return the codec of ``{enterprise}`` or ``{enterprise}/{sensor}``; the sensor may hold slashes."""
        level, slash, sensor = rest.partition("/")
        enterprise = "" if level == NO_ENTERPRISE else level
        if not slash:
            return BatchJson(enterprise, self._names)
        index = self._names.sensor(enterprise, sensor)
        return SingleJson(index) if index >= 0 else Unreadable(strangers(enterprise, (sensor,)))
