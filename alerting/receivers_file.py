"""The receivers of a routes file: each checked by its kind, secrets and templates read from their files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from alerting.notify.settings import (
    CHAT_TIMEOUT_S,
    AppriseSettings,
    CapReceiverSettings,
    LogSettings,
    MailSettings,
    MqttSettings,
    PlaceKind,
    ReceiverSettings,
    Security,
    SirenSettings,
    WebhookSettings,
)
from alerting.receiver_row import ReceiverRow
from alerting.throttle import DEFAULT_EVENTS
from registry.faults import Fault
from registry.marks import Marked
from registry.suggest import did_you_mean, shown

NOBODY = "nobody"
"""What a route names instead of a receiver to tell nobody."""
_PORTS: Mapping[Security, int] = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}
_INSTEAD = ("fallback", "fallback_after_s")


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
    made = {name: _receiver(marked, folder, faults, name, row) for name, row in given.items()}
    faults += _fallbacks(marked, made)
    return made


def _receiver(
    marked: Marked, folder: Path, faults: list[Fault], name: str, given: Any
) -> ReceiverSettings | None:
    before = len(faults)
    row = ReceiverRow(marked, folder, faults, ("receivers", name), given if isinstance(given, dict) else {})
    word = row.row.get("kind")
    kind = KINDS.get(word) if isinstance(word, str) else None
    if kind is None:
        problem = "has no kind" if word is None else f"has the unknown kind {shown(word)}"
        row.fault("kind", f"receiver {name} {problem}", ", ".join(KINDS))
        return None
    row.check_keys(("kind", *kind.keys))
    made = kind.read(row)
    return made if len(faults) == before else None


def _log(row: ReceiverRow) -> LogSettings:
    path = row.text("path")
    return LogSettings(
        path=row.folder / path if path else None, events=row.events(DEFAULT_EVENTS), fallback=row.fallback()
    )


def _webhook(row: ReceiverRow) -> WebhookSettings:
    url = row.text("url", required=True) or ""
    row.check_url(url)
    return WebhookSettings(
        url=url,
        secret=row.secret("secret"),
        timeout_s=row.timeout_s(WebhookSettings(url=url).timeout_s),
        events=row.events(DEFAULT_EVENTS),
        fallback=row.fallback(),
    )


def _mqtt(row: ReceiverRow) -> MqttSettings:
    return MqttSettings(topic_prefix=row.topic_prefix(MqttSettings().topic_prefix), fallback=row.fallback())


def _siren(row: ReceiverRow) -> SirenSettings:
    usual = SirenSettings()
    return SirenSettings(
        topic_prefix=row.topic_prefix(usual.topic_prefix),
        place=PlaceKind(row.choice("place", tuple(PlaceKind), usual.place)),
        grades=row.grades(usual.grades),
    )


def _mail(row: ReceiverRow) -> MailSettings:
    security = Security(row.choice("security", tuple(Security), Security.STARTTLS))
    sender, to = row.text("from", required=True) or "", row.texts("to")
    for key, address in (("from", sender), *(("to", one) for one in to)):
        if address and not _is_address(address):
            row.fault(
                key, f"receiver {row.name}: {shown(address)} is not a mail address", "a@b.cn or Name <a@b.cn>"
            )
    username, password = row.text("username"), row.secret("password")
    if (username is None) == bool({"password_file", "password_env"} & row.row.keys()):
        row.fault(
            "username", f"receiver {row.name}: a login has both", "username and password_file, or neither"
        )
    if username is not None and security is Security.NONE:
        row.fault("security", f"receiver {row.name}: a password would be sent in the clear", "starttls, tls")
    ca = row.text("ca")
    if ca is not None and not (row.folder / ca).is_file():
        row.fault("ca", f"receiver {row.name}: there is no file {shown(ca)}", "a PEM file")
    return MailSettings(
        host=row.text("host", required=True) or "",
        port=row.port(_PORTS[security]),
        sender=sender,
        to=to,
        security=security,
        username=username,
        password=None if password is None else password.decode("utf-8", "replace"),
        ca=None if ca is None else row.folder / ca,
        timeout_s=row.timeout_s(CHAT_TIMEOUT_S),
        time_zone=row.time_zone(),
        template=row.template(),
        events=row.events(DEFAULT_EVENTS),
        fallback=row.fallback(),
    )


def _apprise(row: ReceiverRow) -> AppriseSettings:
    secret = row.secret("url", required=True)
    url = "" if secret is None else secret.decode("utf-8", "replace")
    if url:
        from alerting.notify.apprise import service_of  # noqa: PLC0415 - the library is slow to import

        if service_of(url) is None:
            key = "url_file" if "url_file" in row.row else "url_env"
            row.fault(key, f"receiver {row.name}: what {key} holds is no Apprise URL", "such as dingtalk://…")
    return AppriseSettings(
        url=url,
        timeout_s=row.timeout_s(CHAT_TIMEOUT_S),
        time_zone=row.time_zone(),
        template=row.template(),
        events=row.events(DEFAULT_EVENTS),
        fallback=row.fallback(),
    )


def _cap(row: ReceiverRow) -> CapReceiverSettings:
    url, folder = row.text("url"), row.text("folder")
    row.check_url(url or "")
    if url is None and folder is None:
        row.fault("url", f"receiver {row.name} has neither url nor folder", "url, folder, or both")
    if "cap" not in row.marked.data:
        row.fault(
            "kind", f"receiver {row.name}: the file has no cap, which says who sends", "cap: {sender: …}"
        )
    return CapReceiverSettings(
        url=url,
        folder=None if folder is None else row.folder / folder,
        secret=row.secret("secret"),
        timeout_s=row.timeout_s(CapReceiverSettings().timeout_s),
        fallback=row.fallback(),
    )


@dataclass(frozen=True, slots=True)
class _Kind:
    """The keys of a kind of receiver, and what makes settings of them."""

    keys: tuple[str, ...]
    read: Callable[[ReceiverRow], ReceiverSettings]


KINDS: Mapping[str, _Kind] = {
    "log": _Kind(("events", "path", *_INSTEAD), _log),
    "webhook": _Kind(("events", "url", "secret_file", "secret_env", "timeout_s", *_INSTEAD), _webhook),
    # no events here: a topic that is not told of everything would show what was, not what is
    "mqtt": _Kind(("topic_prefix", *_INSTEAD), _mqtt),
    # no fallback: it says how a place stands, which is no news for anybody else
    "siren": _Kind(("topic_prefix", "place", "grades"), _siren),
    "mail": _Kind(
        (
            *("host", "port", "security", "from", "to", "username", "password_file", "password_env", "ca"),
            *("timeout_s", "time_zone", "template", "events", *_INSTEAD),
        ),
        _mail,
    ),
    "apprise": _Kind(
        ("url_file", "url_env", "timeout_s", "time_zone", "template", "events", *_INSTEAD), _apprise
    ),
    # no events here: a message that refers to one that was never sent would tell nothing
    "cap": _Kind(("url", "folder", "secret_file", "secret_env", "timeout_s", *_INSTEAD), _cap),
}


def _is_address(text: str) -> bool:
    name, at, domain = parseaddr(text)[1].rpartition("@")
    return (
        bool(name and at and domain)
        and not any(char.isspace() for char in name + domain)
        and text.isprintable()
    )


def _fallbacks(marked: Marked, made: Mapping[str, ReceiverSettings | None]) -> list[Fault]:
    """Return a fault for each fallback that is nobody, cannot be told, or leads back to where it began."""
    faults = []
    next_of = {name: one.fallback.receiver for name, one in made.items() if one is not None and one.fallback}
    for name, other in next_of.items():
        at = ("receivers", name, "fallback")
        if other not in made:
            hint = did_you_mean(other, made)
            message = f"receiver {name}: unknown receiver {shown(other)}{hint}"
            faults.append(marked.fault(at, message, allowed=", ".join(one for one in made if one != name)))
        elif isinstance(made[other], SirenSettings):
            faults.append(
                marked.fault(at, f"receiver {name}: a siren cannot be told instead", allowed="another kind")
            )
        elif (circle := _circle(name, next_of)) and min(circle[:-1]) == name:
            message = f"the fallbacks go round in a circle: {' -> '.join(circle)}"
            faults.append(marked.fault(at, message, allowed="a chain that ends"))
    return faults


def _circle(begin: str, next_of: Mapping[str, str]) -> list[str]:
    """Return the way from `begin` back to it, nothing where it does not lead back."""
    way = [begin]
    while (name := next_of.get(way[-1])) is not None:
        way.append(name)
        if name == begin:
            return way
        if name in way[:-1]:
            return []
    return []
