"""The words of a notification by a receiver's own template; whatever that does, something is said."""

import structlog

from alerting.notification import Notification
from alerting.notify.settings import TemplateText
from alerting.notify.template import Template, TemplateFault, Words, packaged, plain_words

_log = structlog.get_logger(__name__)


class Wording:
    """Puts notifications into words: by `own`, else by the packaged template `default`, else by the bare titles."""

    def __init__(self, own: TemplateText | None, default: str, time_zone: str) -> None:
        texts = [packaged(default)] if own is None else [own, packaged(default)]
        self._templates = [Template(text, time_zone) for text in texts]

    def words(self, notification: Notification) -> Words:
        """Return the words; a template that fails is logged, and never holds an alert back."""
        for template in self._templates:
            try:
                return template.render(notification)
            except TemplateFault as fault:
                _log.error(
                    "template_failed",
                    file=template.file,
                    line=fault.line,
                    reason=fault.message,
                    notification=notification.id,
                )
        return plain_words(notification)
