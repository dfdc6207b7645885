"""The embedded broker: rumqttd from the iotcore wheel, a child process bound to 127.0.0.1."""

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1

[v5.1.connections]
connection_timeout_ms = 60000
max_payload_size = 1100000
max_inflight_count = 1000
dynamic_filters = true
"""
"""Bounded on purpose: rumqttd's own defaults listen on 0.0.0.0, refuse 20 kB payloads and let its log grow."""


@contextmanager
def embedded_broker(folder: Path) -> Iterator[str]:
    """Run a broker for this process; yield its URL. It ends with this process, however that ends.

    MQTT 5 only. SIGINT is ignored in the child, so that Ctrl-C reaches the service first and it can drain.
    """
    port = _free_port()
    config = folder / "broker.toml"
    config.write_text(_CONFIG.format(port=port), encoding="utf-8")
    broker = Broker(config_path=str(config))
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        broker.start()
    finally:
        signal.signal(signal.SIGINT, before)
    try:
        yield f"mqtt://127.0.0.1:{port}"
    finally:
        broker.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
