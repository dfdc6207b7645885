"""Two receivers to stand beside hazwatch, each a process of its own: a bare socket, and what a user would build.

A receiver prints ``ready`` when it has subscribed and, when it has seen `count` messages, the monotonic time.
"""

import json
import math
import socket
import sys
import time
from collections import defaultdict, deque
from typing import Any

from service.bench.load import opened
from service.bench.packets import SUBACK_BYTES, V5, PublishReader, puback, subscribe

TOPIC = "hazwatch/v1/#"
_WINDOW = 600
_WARM = 30
_Z = 8.0


def drain(port: int, count: int) -> None:
    """Read and acknowledge at QoS 1, and do nothing with it: the broker's own limit."""
    reader = PublishReader()
    with opened(port, "bench-drain", V5) as sock:
        sock.sendall(subscribe(TOPIC, 1))
        sock.recv(SUBACK_BYTES, socket.MSG_WAITALL)
        _say("ready")
        while reader.count < count:
            data = sock.recv(1 << 18)
            if not data:
                raise ConnectionError("the broker closed the connection")
            ids = reader.feed(data)
            if ids:
                sock.sendall(puback(ids))
    _say(str(time.monotonic()))


class _Loop:
    """One statistic for each sensor, nothing kept, nothing graded, nobody told."""

    def __init__(self) -> None:
        self.values: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=_WINDOW))
        self.sums: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        self.abnormal = 0

    def take(self, name: str, value: float) -> None:
        window, sums = self.values[name], self.sums[name]
        n = len(window)
        if n > _WARM:
            mean = sums[0] / n
            spread = math.sqrt(max(sums[1] / n - mean * mean, 1e-12))
            if abs(value - mean) > _Z * spread:
                self.abnormal += 1
        if n == _WINDOW:
            old = window[0]
            sums[0] -= old
            sums[1] -= old * old
        window.append(value)
        sums[0] += value
        sums[1] += value * value


def plain_loop(port: int, count: int) -> None:
    """Run paho, json and a deque for each sensor."""
    from paho.mqtt.client import Client  # noqa: PLC0415 - the peer that uses it
    from paho.mqtt.enums import CallbackAPIVersion  # noqa: PLC0415 - as above

    loop, seen = _Loop(), 0

    def on_message(client: Client, _userdata: Any, message: Any) -> None:
        nonlocal seen
        seen += 1
        body = json.loads(message.payload)
        if "s" in body:
            for name, value in zip(body["s"], body["v"], strict=True):
                loop.take(name, value)
        else:
            loop.take(message.topic, body["v"])
        if seen == count:
            _say(str(time.monotonic()))
            client.disconnect()

    client = Client(CallbackAPIVersion.VERSION2, client_id="bench-plain")
    client.on_message = on_message
    client.on_subscribe = lambda *_: _say("ready")
    client.connect("127.0.0.1", port)
    client.subscribe(TOPIC, 1)
    client.loop_forever()


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the protocol with the parent


def main() -> None:
    """Run as a process: which receiver, the port, how many messages."""
    run = {"drain": drain, "plain": plain_loop}[sys.argv[1]]
    run(int(sys.argv[2]), int(sys.argv[3]))


if __name__ == "__main__":
    main()
