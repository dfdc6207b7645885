"""Receives messages and acknowledges them late: only when what came of them is safe."""

import random
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.subscribeoptions import SubscribeOptions

from ingest.messages import Message
from ingest.mqtt.connection import Link
from ingest.mqtt.inbox import Inbox, InboxLimits, Received
from ingest.mqtt.settings import MqttSettings

_PUBACK: Final = 0x4002_0000
"""Type, remaining length 2; the low half is the message id. Valid in MQTT 3.1.1 and 5 alike."""
_MID_BITS: Final = 16


_MID_MASK: Final = 0xFFFF


def connection_of(token: int) -> int:
    """Return the number of the connection, from 1, on which a message came; 0 for one that needs no acknowledgement."""
    return token >> _MID_BITS


class MqttSource(Link):
    """Messages of all subscribed topics, to be acknowledged one by one when they are safe.

    `on_ready` is called from the network thread; an asyncio loop hands in what calls `call_soon_threadsafe`. A
    message that is not acknowledged before its connection is lost comes again on the next one, under a new token;
    the old token is then worth nothing, and acknowledging it does nothing. While the inbox is full nothing is read
    and the broker keeps the messages; a pipeline that stands still for two keepalive intervals loses the
    connection, which is counted and costs nothing but the messages coming again.
    """

    def __init__(
        self,
        settings: MqttSettings,
        clock_ns: Callable[[], int],
        *,
        on_ready: Callable[[], None],
        limits: InboxLimits | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(settings, clock_ns, name="mqtt-source", jitter=jitter)
        self._inbox = Inbox(limits or InboxLimits(), on_ready, self.wake)
        self._arrived: list[Received] = []
        self._acks: deque[Sequence[int]] = deque()
        self._unacked: set[int] = set()
        self._generation = 0
        self._was_full = False

    def drain(self, max_count: int) -> list[Received]:
        """Return up to `max_count` messages, the oldest first; drain again until there are none."""
        return self._inbox.drain(max_count)

    def filling(self) -> float:
        """Return how full the inbox is, 0..1; at 1 nothing more is read and the rest waits at the broker."""
        return self._inbox.filling()

    def ack(self, tokens: Sequence[int]) -> None:
        """Acknowledge messages to the broker; returns at once.

        They leave together as one write of the network thread. paho's own `ack` queues a packet object, wakes the
        thread and makes a system call for each message, which costs 40 µs a message and was the largest single
        cost of the whole way.
        """
        self._acks.append(tokens)
        self.wake()

    def _on_opened(self, client: Client) -> None:
        self._generation += 1
        if client.protocol == MQTTProtocolVersion.MQTTv5:
            # A kept session has the subscription already: its retained messages need not come again.
            options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
            client.subscribe([(topic, options) for topic in self._settings.topics])
        else:
            client.subscribe([(topic, 1) for topic in self._settings.topics])

    def _on_message(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        token = (self._generation << _MID_BITS) | message.mid if message.qos else 0
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""  # not MQTT, but a broker may let it pass: the decoder refuses it by its topic
        self._arrived.append(Received(Message(topic, bytes(message.payload)), token))

    def _progress(self) -> int:
        return len(self._arrived)

    def _hand_over(self) -> None:
        arrived, self._arrived = self._arrived, []
        if not arrived:
            return
        fresh = {item.token for item in arrived if item.token}
        self._unacked |= fresh
        size_bytes = sum(len(item.message.payload) for item in arrived)
        self._count(received=len(arrived), received_bytes=size_bytes, unacked=len(fresh))
        self._inbox.put(arrived)

    def _room(self) -> int:
        room = self._inbox.room()
        if room == 0 and not self._was_full:
            self._count(full_waits=1)
        self._was_full = room == 0
        return room

    def _work(self, _client: Client) -> None:
        while self._acks:
            tokens = dict.fromkeys(token for token in self._acks.popleft() if token)
            known = [token for token in tokens if token in self._unacked]
            self._unacked.difference_update(known)
            packets = (np.array(known, np.int64) & _MID_MASK) | _PUBACK
            self._raw += packets.astype(">u4").tobytes()
            self._count(acked=len(known), stale_acks=len(tokens) - len(known), unacked=-len(known))

    def _on_closed(self, _reason: str) -> None:
        self._count(unacked=-len(self._unacked))
        self._unacked.clear()
