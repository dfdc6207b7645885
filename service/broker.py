"""The embedded broker: rumqttd from the iotcore wheel, a child process bound to 127.0.0.1."""

import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from iotcore import Broker

_CONFIG = """\
id = 0

[router]
id = 0
max_connections = 64
max_outgoing_packet_count = 1000
max_segment_size = 2097152
max_segment_count = 10

[v5.1]
name = "v5"
listen = "127.0.0.1:{v5}"
next_connection_delay_ms = 1

[v5.1.connections]
connection_timeout_ms = 60000
max_payload_size = 1100000
max_inflight_count = 1000
dynamic_filters = true

[v4.1]
name = "v4"
listen = "127.0.0.1:{v4}"
next_connection_delay_ms = 1

[v4.1.connections]
connection_timeout_ms = 60000
max_payload_size = 1100000
max_inflight_count = 1000
dynamic_filters = true
"""
"""Bounded on purpose: rumqttd's own defaults listen on 0.0.0.0, refuse 20 kB payloads and let its log grow."""


class Urls(NamedTuple):
    """Where one broker listens: MQTT 5, and 3.1.1 as older gateways speak it. It has a listener for each."""

    mqtt5: str
    mqtt311: str


@contextmanager
def embedded_broker(folder: Path) -> Iterator[Urls]:
    """Run a broker for this process; yield its addresses. It ends with this process, however that ends.

    SIGINT is ignored in the child, so that Ctrl-C reaches the service first and it can drain.
    """
    v5, v4 = _free_ports(2)
    config = folder / "broker.toml"
    config.write_text(_CONFIG.format(v5=v5, v4=v4), encoding="utf-8")
    broker = Broker(config_path=str(config))
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        broker.start()
    finally:
        signal.signal(signal.SIGINT, before)
    try:
        yield Urls(f"mqtt://127.0.0.1:{v5}", f"mqtt://127.0.0.1:{v4}")
    finally:
        broker.stop()


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
