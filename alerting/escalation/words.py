"""Why somebody is called, and why a command about duty does not hold, in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from alerting.commands import CommandRefused
from alerting.events import Grade
from alerting.texts import rfc3339
from registry.plant import Text

GRADE_WORDS: Mapping[Grade, Text] = MappingProxyType(
    {
        Grade.RED: Text("红色", "red"),
        Grade.ORANGE: Text("橙色", "orange"),
        Grade.YELLOW: Text("黄色", "yellow"),
        Grade.BLUE: Text("蓝色", "blue"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a chain has come: step `step` of `of`, the alert not acknowledged since `since_ns`, `asked` called before."""

    chain: str
    grade: Grade
    step: int
    of: int
    since_ns: int
    asked: tuple[Text, ...]


def called(at: Standing, why: Text) -> Text:
    """Return why a person is called at a step of a chain; `why` says how the person comes to be meant."""
    since, grade, before = rfc3339(at.since_ns), GRADE_WORDS[at.grade], _names(at.asked)
    return Text(
        f"升级链 {at.chain}（{grade.zh}）第 {at.step}/{at.of} 级：自 {since} 起无人确认，此前已通知：{before.zh}；{why.zh}",
        f"chain {at.chain} ({grade.en}), step {at.step} of {at.of}: not acknowledged since {since}, "
        f"asked before: {before.en}; {why.en}",
    )


def last_called(at: Standing, why: Text) -> Text:
    """Return why the last resort is called."""
    since, grade, before = rfc3339(at.since_ns), GRADE_WORDS[at.grade], _names(at.asked)
    return Text(
        f"升级链 {at.chain}（{grade.zh}）至此终止：自 {since} 起无人确认，此前已通知：{before.zh}；"
        f"您是最后一级，之后不再通知其他人；{why.zh}",
        f"chain {at.chain} ({grade.en}) ends here: not acknowledged since {since}, asked before: {before.en}; "
        f"you are the last resort, nobody is called after you; {why.en}",
    )


def recovered(name: Text) -> Text:
    """Return why a person is told that an alert has returned to normal."""
    return Text(
        f"此前因该报警通知过{name.zh}，现已恢复正常",
        f"{name.en} was called for this alert, which is back to normal",
    )


def named_directly() -> Text:
    """Return why a person is called whom the chain itself names."""
    return Text("由升级链指定", "named by the chain")


def _names(people: tuple[Text, ...]) -> Text:
    if not people:
        return Text("无", "nobody")
    return Text("、".join(name.zh for name in people), ", ".join(name.en for name in people))


def unknown_schedule(name: str, known: Iterable[str]) -> CommandRefused:
    """Refuse an exception from a schedule that is not there."""
    names = ", ".join(known)
    return CommandRefused(
        "unknown_schedule",
        Text(
            f"没有值班表 {name}；现有：{names or '无'}",
            f"there is no schedule {name}; there are: {names or 'none'}",
        ),
    )


def unknown_person(name: str) -> CommandRefused:
    """Refuse to put somebody on duty who is not in the settings."""
    return CommandRefused("unknown_person", Text(f"没有人员 {name}", f"there is no person {name}"))


def bad_interval(from_ns: int, until_ns: int) -> CommandRefused:
    """Refuse an exception that is over, ends before it begins, or would last so long that it is forgotten."""
    span = f"{rfc3339(from_ns)} … {rfc3339(until_ns)}"
    return CommandRefused(
        "bad_interval",
        Text(
            f"代班时段 {span} 无效：结束须晚于开始且在将来，最长 31 天",
            f"{span} cannot be set: it must end after it begins, in the future, and within 31 days",
        ),
    )
