"""The few MQTT packets that a bare socket needs, as bytes. Pure. MQTT 3.1.1 to publish, MQTT 5 to subscribe."""

import struct
from typing import Final

PUBACK_BYTES: Final = 4
SUBACK_BYTES: Final = 6
CONNACK, PUBLISH, PUBACK, SUBACK, PING, DISCONNECT = 0x20, 0x30, 0x40, 0x90, b"\xc0\x00", b"\xe0\x00"
MAX_ID: Final = 0xFFFF
V311, V5 = 4, 5
_QOS_BITS: Final = 0x06
_CLEAN: Final = 0x02
_KEEPALIVE_S: Final = 600


def connect(client_id: str, version: int) -> bytes:
    """Return CONNECT for a clean session; under MQTT 5 with the widest Receive Maximum."""
    properties = b"" if version == V311 else b"\x03\x21" + struct.pack(">H", MAX_ID)
    head = _text("MQTT") + bytes((version, _CLEAN)) + struct.pack(">H", _KEEPALIVE_S)
    return _packet(0x10, head + properties + _text(client_id))


def subscribe(topic: str, qos: int) -> bytes:
    """Return SUBSCRIBE under MQTT 5, packet id 1."""
    return _packet(0x82, b"\x00\x01\x00" + _text(topic) + bytes((qos,)))


def publish(topic: str, payload: bytes, packet_id: int) -> bytes:
    """Return PUBLISH at QoS 1 under MQTT 3.1.1."""
    return _packet(PUBLISH | 0x02, _text(topic) + struct.pack(">H", packet_id) + payload)


def puback(packet_ids: list[int]) -> bytes:
    """Return one PUBACK for each id."""
    return b"".join(b"\x40\x02" + struct.pack(">H", packet_id) for packet_id in packet_ids)


class PublishReader:
    """Finds PUBLISH packets in a stream under MQTT 5, whatever else comes between them."""

    def __init__(self) -> None:
        self.count = 0
        self._rest = b""

    def feed(self, data: bytes) -> list[int]:
        """Count the publications completed by `data`; return the packet ids of those that want an answer."""
        data = self._rest + data
        ids: list[int] = []
        at, end = 0, len(data)
        while True:
            body, length = _length(data, at + 1)
            if body < 0 or body + length > end:
                break
            first = data[at]
            if first & 0xF0 == PUBLISH:
                self.count += 1
                if first & _QOS_BITS:
                    after = body + 2 + (data[body] << 8 | data[body + 1])
                    ids.append(data[after] << 8 | data[after + 1])
            at = body + length
        self._rest = data[at:]
        return ids


def _length(data: bytes, at: int) -> tuple[int, int]:
    """Return where a packet's body begins and its length; -1 where the length is not complete yet."""
    length = shift = 0
    while at < len(data):
        byte = data[at]
        length |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that the length goes on
            return at, length
        shift += 7
    return -1, 0


def _packet(first: int, body: bytes) -> bytes:
    length, digits = len(body), bytearray()
    while True:
        length, digit = divmod(length, 128)
        digits.append(digit | 0x80 if length else digit)
        if not length:
            return bytes((first,)) + bytes(digits) + body


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack(">H", len(raw)) + raw
