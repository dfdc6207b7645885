"""Where the broker is and how to speak with it; what is wrong with that is told as faults, all together."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

from ingest.mapped import filter_fault
from registry.faults import Fault

PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
UINT16_MAX: Final = 0xFFFF
UINT32_MAX: Final = 0xFFFF_FFFF
MIN_KEEPALIVE_S: Final = 2


class ClosingSocket(ssl.SSLSocket):
    """Closes itself where the handshake fails: paho lets it lie then."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - the base class's signature
        """Perform the handshake, or close."""
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttSettings:
    """One connection to a broker.

    `url` is ``mqtt://host[:port]`` or, with TLS, ``mqtts://host[:port]``; `ca`, `cert` and `key` are PEM files,
    without `ca` the system's authorities count. `receive_maximum` bounds the messages that are delivered and not
    yet acknowledged: with acknowledgement after a commit a narrow one is what limits the rate. Unless `clean`,
    the broker keeps the subscriptions and what comes meanwhile for `session_expiry_s` under `client_id`.
    """

    url: str
    topics: tuple[str, ...] = ("hazwatch/v1/#",)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    client_id: str = "hazwatch"
    receive_maximum: int = 60_000
    keepalive_s: int = 30
    session_expiry_s: int = 7 * 86_400
    clean: bool = False

    @property
    def tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.url.startswith("mqtts://")

    @property
    def host(self) -> str:
        """The broker's host name or address."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """The broker's port, by the scheme where the url has none."""
        parts = urlsplit(self.url)
        return parts.port or PORTS[parts.scheme]

    def tls_context(self) -> ssl.SSLContext | None:
        """Return the TLS context, None without TLS; raises OSError where a file is missing or wrong."""
        if not self.tls:
            return None
        context = ssl.create_default_context(cafile=str(self.ca) if self.ca else None)
        context.sslsocket_class = ClosingSocket
        if self.cert:
            context.load_cert_chain(self.cert, self.key)
        return context


def settings_faults(settings: MqttSettings) -> list[Fault]:
    """Return everything wrong with the settings; `where` names the key, the caller knows the file.

    Reads the certificate files, so that a wrong one is told before anything starts.
    """
    return [
        *_url_faults(settings),
        *_topic_faults(settings),
        *_number_faults(settings),
        *_secret_faults(settings),
    ]


def _fault(key: str, message: str, allowed: str = "") -> Fault:
    return Fault(file="", where=f"mqtt.{key}", message=message, allowed=allowed)


def _url_faults(settings: MqttSettings) -> Iterator[Fault]:
    allowed = "mqtt://host, mqtt://host:port, mqtts://host or mqtts://host:port"
    try:
        parts = urlsplit(settings.url)
        _ = parts.port
    except ValueError as error:
        yield _fault("url", str(error), allowed)
        return
    if parts.scheme not in PORTS or not parts.hostname or parts.port == 0 or not _is_bare(parts):
        yield _fault("url", f"{_without_password(parts)!r} is no address of a broker", allowed)
    if parts.username is not None:
        yield _fault("url", "a user does not belong in the url", "username and password_file")


def _is_bare(parts: SplitResult) -> bool:
    return parts.path in {"", "/"} and not parts.query and not parts.fragment


def _without_password(parts: SplitResult) -> str:
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _topic_faults(settings: MqttSettings) -> Iterator[Fault]:
    if not settings.topics:
        yield _fault("topics", "no topic to subscribe to", "at least one topic filter, such as hazwatch/v1/#")
    for topic in settings.topics:
        fault = filter_fault(topic)
        if fault:
            yield _fault("topics", f"{topic!r}: {fault}", "an MQTT topic filter, such as hazwatch/v1/#")


def _number_faults(settings: MqttSettings) -> Iterator[Fault]:
    ranges = {
        "receive_maximum": (1, UINT16_MAX),
        "keepalive_s": (MIN_KEEPALIVE_S, UINT16_MAX),
        "session_expiry_s": (0, UINT32_MAX),
    }
    for key, (lo, hi) in ranges.items():
        value = getattr(settings, key)
        if not lo <= value <= hi:
            yield _fault(key, f"{value} is out of range", f"{lo} to {hi}")


def _secret_faults(settings: MqttSettings) -> Iterator[Fault]:
    if not settings.client_id and not settings.clean:
        yield _fault("client_id", "a kept session needs a client id", "any text that no other client has")
    if settings.password is not None and settings.username is None:
        yield _fault("username", "a password needs a user name")
    if settings.key and not settings.cert:
        yield _fault("key", "a key needs its certificate", "cert and key together")
    if not settings.tls:
        for key in ("ca", "cert", "key"):
            if getattr(settings, key):
                yield _fault(key, "has no meaning without TLS", "a url with mqtts://")
        return
    missing = [
        key for key in ("ca", "cert", "key") if (p := getattr(settings, key)) and not Path(p).is_file()
    ]
    for key in missing:
        yield _fault(key, f"no file {getattr(settings, key)}", "a PEM file")
    if not missing:
        try:
            settings.tls_context()
        except OSError as error:
            yield _fault(
                "cert" if settings.cert else "ca", f"cannot be read: {error}", "PEM files that fit together"
            )
