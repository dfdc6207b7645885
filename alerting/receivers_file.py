"""The receivers of a routes file: each checked by its kind, secrets read from their files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from alerting.events import Event
from alerting.notify.settings import LogSettings, MqttSettings, ReceiverSettings, WebhookSettings
from registry.faults import Fault
from registry.marks import KeyPath, Marked
from registry.suggest import did_you_mean, shown

MAX_TIMEOUT_S = 60.0
NOBODY = "nobody"
"""What a route names instead of a receiver to tell nobody."""
_KEYS: Mapping[str, tuple[str, ...]] = {
    "log": ("kind", "events", "path"),
    "webhook": ("kind", "events", "url", "secret_file", "timeout_s"),
    # no events here: a topic that is not told of everything would show what was, not what is
    "mqtt": ("kind", "topic_prefix"),
}
_SECRET_WORDS = ("secret", "password", "token", "key")


def read_receivers(marked: Marked, folder: Path, faults: list[Fault]) -> dict[str, ReceiverSettings | None]:
    """Return the receivers by name, None for one that is named but at fault; paths are relative to `folder`."""
    given = marked.data.get("receivers")
    if not isinstance(given, dict) or not given:
        message = "no receivers: nobody could be told"
        faults.append(marked.fault(("receivers",), message, allowed="a mapping of names to receivers"))
        return {}
    if NOBODY in given:
        message = f"a receiver cannot be called {NOBODY}: a route that names it tells nobody"
        faults.append(marked.fault(("receivers", NOBODY), message, allowed="any other name"))
    return {
        name: _Reader(marked, folder, faults, ("receivers", name), name).read(row)
        for name, row in given.items()
    }


class _Reader:
    """Reads one receiver; what is wrong goes to `faults`."""

    def __init__(self, marked: Marked, folder: Path, faults: list[Fault], at: KeyPath, name: str) -> None:
        self.marked = marked
        self.folder = folder
        self.faults = faults
        self.at = at
        self.name = name
        self.row: Mapping[str, Any] = {}

    def read(self, row: Any) -> ReceiverSettings | None:
        before = len(self.faults)
        self.row = row if isinstance(row, dict) else {}
        kind = self.row.get("kind")
        known = _KEYS.get(kind) if isinstance(kind, str) else None
        if known is None:
            problem = "has no kind" if kind is None else f"has the unknown kind {shown(kind)}"
            self.fault("kind", f"receiver {self.name} {problem}", ", ".join(_KEYS))
            return None
        plain = {key: value for key, value in self.row.items() if not self.is_secret(key, known)}
        self.faults += self.marked.unknown_keys(self.at, plain, known)
        made: ReceiverSettings
        match kind:
            case "log":
                made = self.log()
            case "webhook":
                made = self.webhook()
            case _:
                made = self.mqtt()
        return made if len(self.faults) == before else None

    def log(self) -> LogSettings:
        path = self.text("path", required=False)
        return LogSettings(
            path=self.folder / path if path else None, events=self.events(LogSettings().events)
        )

    def webhook(self) -> WebhookSettings:
        url = self.text("url", required=True) or ""
        self.check_url(url)
        made = WebhookSettings(url=url)
        return WebhookSettings(
            url=url,
            secret=self.secret(),
            timeout_s=self.timeout_s(made.timeout_s),
            events=self.events(made.events),
        )

    def mqtt(self) -> MqttSettings:
        prefix = self.text("topic_prefix", required=False) or MqttSettings().topic_prefix
        if set(prefix) & set("+#\0") or prefix.endswith("/"):
            self.fault(
                "topic_prefix",
                f"receiver {self.name}: {shown(prefix)} is not a topic",
                "a topic without +, # and a slash at the end",
            )
        return MqttSettings(topic_prefix=prefix)

    def is_secret(self, key: str, known: tuple[str, ...]) -> bool:
        """Refuse a secret that stands in the file itself."""
        if key in known or not any(word in key for word in _SECRET_WORDS):
            return False
        self.fault(
            key, f"receiver {self.name}: {key} does not belong into this file", "secret_file with its path"
        )
        return True

    def text(self, key: str, *, required: bool) -> str | None:
        value = self.row.get(key)
        if isinstance(value, str) and value:
            return value
        if value is not None:
            self.fault(key, f"receiver {self.name}: {key} is {shown(value)}", "a text that is not empty")
        elif required:
            self.fault(key, f"receiver {self.name} has no {key}", f"{key} is needed")
        return None

    def check_url(self, url: str) -> None:
        if not url:
            return
        try:
            parts = urlsplit(url)
            ok = parts.scheme in {"http", "https"} and bool(parts.hostname)
            _ = parts.port  # raises for a port that is none
            bare = parts.username is None and parts.password is None
        except ValueError:
            ok, bare = False, True
        if not ok:
            self.fault(
                "url", f"receiver {self.name}: {shown(url)} is not an address", "http://… or https://…"
            )
        elif not bare:
            self.fault("url", f"receiver {self.name}: a password does not belong into the url", "secret_file")

    def secret(self) -> bytes | None:
        given = self.text("secret_file", required=False)
        if given is None:
            return None
        try:
            secret = (self.folder / given).read_bytes().strip()
        except (OSError, ValueError) as exc:
            why = getattr(exc, "strerror", None) or str(exc)
            self.fault("secret_file", f"receiver {self.name}: {shown(given)} cannot be read: {why}", "a file")
            return None
        if not secret:
            self.fault(
                "secret_file",
                f"receiver {self.name}: {shown(given)} is empty",
                "a file with the secret in it",
            )
        return secret

    def timeout_s(self, default: float) -> float:
        value = self.row.get("timeout_s", default)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= MAX_TIMEOUT_S:
            return float(value)
        allowed = f"seconds, more than 0 and at most {MAX_TIMEOUT_S:g}"
        self.fault("timeout_s", f"receiver {self.name}: timeout_s is {shown(value)}", allowed)
        return default

    def events(self, default: frozenset[Event]) -> frozenset[Event]:
        if "events" not in self.row:
            return default
        value, known = self.row["events"], [str(event) for event in Event]
        if not isinstance(value, list) or not value:
            self.fault(
                "events", f"receiver {self.name}: events is {shown(value)}", f"a list of {', '.join(known)}"
            )
            return default
        for i, name in enumerate(value):
            if name not in known:
                hint = did_you_mean(str(name), known)
                message = f"receiver {self.name}: unknown event {shown(name)}{hint}"
                self.faults.append(
                    self.marked.fault((*self.at, "events", i), message, allowed=", ".join(known))
                )
        return frozenset(Event(name) for name in value if name in known)

    def fault(self, key: str, message: str, allowed: str) -> None:
        self.faults.append(self.marked.fault((*self.at, key), message, allowed=allowed))
