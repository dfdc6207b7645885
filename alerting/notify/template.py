"""What a notification says to people: a Jinja2 template with a title and a body, over alert lines.

What a template puts out is the body; it sets ``title``. It sees `view_of` a notification: one alert and a group have the
same names, so that one template serves both.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import chain
from types import TracebackType
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
import msgspec

from alerting.events import GRADE_OF
from alerting.notification import Notification
from alerting.notify.sandbox import Sandbox
from alerting.notify.settings import DEFAULT_ZONE, TemplateText
from alerting.notify.words import in_words
from alerting.texts import both, local_time, with_local_times

MAX_TEMPLATE_BYTES = 64 << 10
MAX_TITLE_CHARS = 200
_OVER = frozenset({"cleared", "closed"})
_BLANK_LINES = re.compile(r"\n{3,}")
_LANGUAGES = frozenset({"zh", "en"})


class TemplateFault(Exception):  # noqa: N818 - it names what was found
    """The template cannot be used, or not for this notification; `line` is where, None where it is nowhere in it."""

    def __init__(self, line: int | None, message: str) -> None:
        self.line = line
        self.message = message
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Words:
    """What people read: one line, and text of several lines."""

    title: str
    body: str


class Template:
    """A compiled template; raises `TemplateFault` for one that cannot be. Times are shown in `time_zone`."""

    def __init__(self, text: TemplateText, time_zone: str = DEFAULT_ZONE) -> None:
        self.file = text.file
        self._zone = ZoneInfo(time_zone)
        self._sandbox = Sandbox({"local": self._local, "in_words": lambda name: both(in_words(str(name)))})
        try:
            self._template = self._sandbox.from_string(text.text)
        except jinja2.TemplateSyntaxError as error:
            raise TemplateFault(error.lineno, error.message or "not a template") from None
        except (RecursionError, MemoryError, SyntaxError):
            raise TemplateFault(None, "nested too deep") from None

    def render(self, notification: Notification) -> Words:
        """Return the notification in words; raises `TemplateFault`."""
        view = self._localized(view_of(notification))
        self._sandbox.begin()
        context = self._template.new_context(view)
        try:
            body = "".join(self._template.root_render_func(context))
            title = str(context.get_exported().get("title", ""))
        except Exception as error:  # noqa: BLE001 - whatever a template of people does
            message = str(error) or type(error).__name__
            raise TemplateFault(self._line_of(error.__traceback__), message) from None
        if not title.strip():
            raise TemplateFault(None, "the template sets no title")
        if not body.strip():
            raise TemplateFault(None, "the template puts out nothing")
        return Words(" ".join(title.split())[:MAX_TITLE_CHARS], _BLANK_LINES.sub("\n\n", body).strip())

    def _line_of(self, at: TracebackType | None) -> int | None:
        """Return the template's line that the error came by."""
        line = None
        while at is not None:
            if at.tb_frame.f_globals.get("__jinja_template__") is self._template or (
                at.tb_frame.f_code.co_filename == self._template.filename
            ):
                line = self._template.get_corresponding_lineno(at.tb_lineno)
            at = at.tb_next
        return line

    def _localized(self, value: Any) -> Any:
        """Return a view whose texts in two languages tell their times in the zone; times that stand alone stay as they are."""
        match value:
            case dict() if value.keys() == _LANGUAGES:
                return {language: with_local_times(str(text), self._zone) for language, text in value.items()}
            case dict():
                return {key: self._localized(each) for key, each in value.items()}
            case list():
                return [self._localized(each) for each in value]
        return value

    def _local(self, time: str) -> str:
        return local_time(time, self._zone)


def view_of(notification: Notification) -> dict[str, Any]:
    """Return what a template sees.

    ``alerts`` are the alert lines, one or those of a group, and ``count`` how many there are with those that a large group
    leaves out; ``alert`` is the gravest of them, the first of such; ``group`` is None for a single event; ``status`` is
    ``firing``, ``resolved`` or what else a group says of itself; ``reason`` says why this receiver is told.
    """
    body = msgspec.json.decode(notification.body)
    is_group = "alerts" in body
    alerts = body["alerts"] if is_group else [body]
    is_over = all(line["event"] in _OVER for line in alerts)
    return {
        "id": notification.id,
        "receiver": notification.receiver,
        "person": notification.person,
        "time": notification.time,
        "reason": both(notification.reason),
        "status": body.get("status") or ("resolved" if is_over else "firing"),
        "group": body.get("group", {}) if is_group else None,
        "alerts": alerts,
        "count": len(alerts) + body.get("omitted", 0),
        "alert": max(alerts, key=lambda line: GRADE_OF[line["grade"]]),
    }


@cache
def packaged(name: str) -> TemplateText:
    """Return a template that comes with hazwatch: ``mail`` or ``chat``."""
    text = files("alerting").joinpath(f"data/{name}.j2").read_text("utf-8")
    return TemplateText(f"alerting/data/{name}.j2", text)


def plain_words(notification: Notification) -> Words:
    """Return the bare titles: what is said where no template can be used."""
    view = view_of(notification)
    lines = chain.from_iterable((a["title"]["zh"], a["title"]["en"]) for a in view["alerts"][:100])
    first = view["alert"]["title"]
    return Words(" ".join(f"{first['zh']} / {first['en']}".split())[:MAX_TITLE_CHARS], "\n".join(lines))
