"""The words of alert lines as people read them, in both languages."""

from collections.abc import Mapping
from types import MappingProxyType

from registry.plant import Text

WORDS: Mapping[str, Text] = MappingProxyType(
    {
        "red": Text("红色", "red"),
        "orange": Text("橙色", "orange"),
        "yellow": Text("黄色", "yellow"),
        "blue": Text("蓝色", "blue"),
        "opened": Text("报警", "opened"),
        "escalated": Text("升级", "escalated"),
        "deescalated": Text("降级", "de-escalated"),
        "acknowledged": Text("已确认", "acknowledged"),
        "cleared": Text("恢复正常", "back to normal"),
        "reopened": Text("再次报警", "opened again"),
        "confirmed": Text("处置反馈", "action reported"),
        "reset": Text("已复位", "reset"),
        "commented": Text("备注", "comment"),
        "shelved": Text("已搁置", "shelved"),
        "unshelved": Text("结束搁置", "no longer shelved"),
        "suppressed": Text("按设计抑制", "suppressed by design"),
        "unsuppressed": Text("结束抑制", "no longer suppressed"),
        "out_of_service": Text("停用", "out of service"),
        "in_service": Text("恢复使用", "back in service"),
        "closed": Text("关闭", "closed"),
        "firing": Text("报警中", "firing"),
        "resolved": Text("已恢复", "back to normal"),
    }
)
"""Grades, events and the status of a group."""


def in_words(name: str) -> Text:
    """Return the words for a name of an alert line; the name itself where there are none."""
    return WORDS.get(name) or Text.same(name)
