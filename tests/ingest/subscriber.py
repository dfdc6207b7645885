"""A subscriber to be killed: receives 100 messages, acknowledges the first 50, says so, and hangs."""

import sys
import time
from threading import Event

from ingest.mqtt import MqttSettings, MqttSource, Received


def tell(what: str) -> None:
    sys.stdout.write(what + "\n")
    sys.stdout.flush()


def main(url: str) -> None:
    ready = Event()
    # The window is 50 wide: that the second 50 come shows that the broker has the first acknowledgements.
    settings = MqttSettings(url=url, topics=("t/#",), client_id="victim", receive_maximum=50)
    source = MqttSource(settings, time.time_ns, on_ready=ready.set)
    source.start()
    received: list[Received] = []
    acked = False
    while len(received) < 100:
        if source.state().healthy and not received:
            tell("subscribed")
        ready.wait(0.05)
        ready.clear()
        while items := source.drain(1000):
            received += items
        if len(received) >= 50 and not acked:
            source.ack([item.token for item in received[:50]])
            acked = True
    tell("half acknowledged")
    time.sleep(600)


if __name__ == "__main__":
    main(sys.argv[1])
