"""One receiver of a routes file: its keys read and checked one by one; what is wrong is gathered with its line."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from alerting.events import Event, Grade
from alerting.notify.settings import DEFAULT_ZONE, Fallback, TemplateText
from registry.faults import Fault
from registry.files import read_bounded
from registry.marks import KeyPath, Marked
from registry.suggest import did_you_mean, shown

MAX_TIMEOUT_S = 60.0
MAX_FALLBACK_AFTER_S = 86_400.0
MAX_PORT = 65_535
MAX_TEMPLATE_BYTES = 64 << 10
_SECRET_WORDS = ("secret", "password", "token", "key")


class ReceiverRow:
    """The mapping at `at`, of the receiver `name`; paths are relative to `folder`."""

    def __init__(
        self, marked: Marked, folder: Path, faults: list[Fault], at: KeyPath, row: Mapping[str, Any]
    ) -> None:
        self.marked = marked
        self.folder = folder
        self.faults = faults
        self.at = at
        self.name = str(at[-1])
        self.row = row

    def check_keys(self, known: tuple[str, ...]) -> None:
        """Refuse unknown keys, and with words of their own secrets that stand in the file itself."""
        plain = {}
        for key, value in self.row.items():
            if key not in known and any(word in key for word in _SECRET_WORDS):
                allowed = (
                    ", ".join(k for k in known if k.endswith(("_file", "_env"))) or "no secret is needed"
                )
                self.fault(key, f"receiver {self.name}: {key} does not belong into this file", allowed)
            else:
                plain[key] = value
        self.faults += self.marked.unknown_keys(self.at, plain, known)

    def text(self, key: str, *, required: bool = False) -> str | None:
        """Return a text that is not empty, None where the key is not there."""
        value = self.row.get(key)
        if isinstance(value, str) and value:
            return value
        if value is not None:
            self.fault(key, f"receiver {self.name}: {key} is {shown(value)}", "a text that is not empty")
        elif required:
            self.fault(key, f"receiver {self.name} has no {key}", f"{key} is needed")
        return None

    def texts(self, key: str) -> tuple[str, ...]:
        """Return one or more texts; the key is needed."""
        value = self.row.get(key)
        given = [value] if isinstance(value, str) else value
        if isinstance(given, list) and given and all(isinstance(one, str) and one for one in given):
            return tuple(dict.fromkeys(given))
        problem = "has no" if value is None else "has a bad"
        self.fault(key, f"receiver {self.name} {problem} {key}", "a text or a list of texts")
        return ()

    def choice(self, key: str, allowed: tuple[str, ...], default: str) -> str:
        """Return one of the words `allowed`."""
        value = self.row.get(key, default)
        if value in allowed:
            return str(value)
        hint = did_you_mean(str(value), allowed)
        self.fault(key, f"receiver {self.name}: {key} is {shown(value)}{hint}", ", ".join(allowed))
        return default

    def seconds(self, key: str, default: float, at_most: float) -> float:
        """Return a time in seconds."""
        value = self.row.get(key, default)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= at_most:
            return float(value)
        allowed = f"seconds, more than 0 and at most {at_most:g}"
        self.fault(key, f"receiver {self.name}: {key} is {shown(value)}", allowed)
        return default

    def timeout_s(self, default: float) -> float:
        """Return how long one attempt may take."""
        return self.seconds("timeout_s", default, MAX_TIMEOUT_S)

    def port(self, default: int) -> int:
        """Return a port."""
        value = self.row.get("port", default)
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MAX_PORT:
            return value
        self.fault("port", f"receiver {self.name}: port is {shown(value)}", f"1 to {MAX_PORT}")
        return default

    def events(self, default: frozenset[Event]) -> frozenset[Event]:
        """Return the events that the receiver is told of."""
        return frozenset(Event(name) for name in self._names("events", [str(e) for e in Event], default))

    def grades(self, default: frozenset[Grade]) -> frozenset[Grade]:
        """Return grades."""
        known = {grade.label: grade for grade in Grade}
        labels = frozenset(grade.label for grade in default)
        return frozenset(known[name] for name in self._names("grades", list(known), labels))

    def fallback(self) -> Fallback | None:
        """Return who is told instead; whether there is such a receiver is seen when all are read."""
        name = self.text("fallback")
        if name is None:
            if "fallback_after_s" in self.row:
                self.fault(
                    "fallback_after_s",
                    f"receiver {self.name} has fallback_after_s without a fallback",
                    "fallback",
                )
            return None
        return Fallback(name, self.seconds("fallback_after_s", Fallback("").after_s, MAX_FALLBACK_AFTER_S))

    def time_zone(self) -> str:
        """Return the zone that times are shown in."""
        name = self.text("time_zone") or DEFAULT_ZONE
        try:
            ZoneInfo(name)
            known = True
        except (KeyError, ValueError, OSError):
            known = False
        if not known:
            self.fault(
                "time_zone", f"receiver {self.name}: no time zone {shown(name)}", "such as Asia/Shanghai"
            )
            return DEFAULT_ZONE
        return name

    def template(self) -> TemplateText | None:
        """Return the template, tried on samples of what there will be; every fault names the template's own line."""
        given = self.text("template")
        if given is None:
            return None
        path = self.folder / given
        content = read_bounded(path, MAX_TEMPLATE_BYTES)
        if isinstance(content, Fault):
            self.fault("template", f"receiver {self.name}: {content}", "a template file")
            return None
        try:
            made = TemplateText(str(path), content.decode("utf-8-sig"))
        except UnicodeDecodeError:
            self.faults.append(Fault(file=str(path), where="", message="the text is not UTF-8"))
            return None
        from alerting.notify.samples import faults_of  # noqa: PLC0415 - Jinja2 is slow to import, and seldom needed

        for found in faults_of(made):
            where = "" if found.line is None else f"line {found.line}"
            self.faults.append(Fault(file=made.file, where=where, message=f"template: {found.message}"))
        return made

    def secret(self, key: str, *, required: bool = False) -> bytes | None:
        """Return the secret in the file that the key `{key}_file` names, or in the variable that `{key}_env` names."""
        file_key, env_key = f"{key}_file", f"{key}_env"
        file, variable = self.text(file_key), self.text(env_key)
        if file is not None and variable is not None:
            self.fault(env_key, f"receiver {self.name} has {file_key} and {env_key}", "one of the two")
        if file is not None:
            return self._secret_file(file_key, file)
        if variable is not None:
            value = os.environ.get(variable, "").strip()
            if value:
                return value.encode()
            self.fault(
                env_key, f"receiver {self.name}: the variable {shown(variable)} is not set", "its value"
            )
        elif required and file_key not in self.row and env_key not in self.row:
            self.fault(
                file_key, f"receiver {self.name} has no {file_key}", f"{file_key} or {env_key} is needed"
            )
        return None

    def check_url(self, url: str) -> None:
        """Refuse what is no address of a web server, and one with a password in it."""
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

    def topic_prefix(self, default: str) -> str:
        """Return the beginning of topics."""
        prefix = self.text("topic_prefix") or default
        if set(prefix) & set("+#\0") or prefix.endswith("/"):
            self.fault(
                "topic_prefix",
                f"receiver {self.name}: {shown(prefix)} is not a topic",
                "a topic without +, # and a slash at the end",
            )
        return prefix

    def fault(self, key: str, message: str, allowed: str) -> None:
        """Gather what is wrong with one key."""
        self.faults.append(self.marked.fault((*self.at, key), message, allowed=allowed))

    def _secret_file(self, key: str, given: str) -> bytes | None:
        try:
            secret = (self.folder / given).read_bytes().strip()
        except (OSError, ValueError) as exc:
            why = getattr(exc, "strerror", None) or str(exc)
            self.fault(key, f"receiver {self.name}: {shown(given)} cannot be read: {why}", "a file")
            return None
        if not secret:
            self.fault(key, f"receiver {self.name}: {shown(given)} is empty", "a file with the secret in it")
        return secret

    def _names(self, key: str, known: list[str], default: frozenset[str]) -> frozenset[str]:
        if key not in self.row:
            return default
        value = self.row[key]
        if not isinstance(value, list) or not value:
            self.fault(key, f"receiver {self.name}: {key} is {shown(value)}", f"a list of {', '.join(known)}")
            return default
        for i, name in enumerate(value):
            if name not in known:
                hint = did_you_mean(str(name), known)
                message = f"receiver {self.name}: unknown {key.removesuffix('s')} {shown(name)}{hint}"
                self.faults.append(self.marked.fault((*self.at, key, i), message, allowed=", ".join(known)))
        return frozenset(name for name in value if name in known)
