"""Why a command does not hold, in words for the person who gave it."""

from alerting.alert import Acknowledged, Alert, Assigned, Confirmed
from alerting.commands import CommandRefused
from alerting.texts import rfc3339
from registry.plant import Text


def not_open(alert: str) -> CommandRefused:
    """Refuse a command on an alert that is not in the book."""
    return CommandRefused("not_open", Text(f"没有未关闭的报警 {alert}", f"there is no open alert {alert}"))


def already_closed(alert: Alert) -> CommandRefused:
    """Refuse a command on an alert that was closed not long ago, naming who had acknowledged it, if anybody had."""
    seen = alert.acknowledged
    if seen is None:
        return CommandRefused("already_closed", Text("报警已关闭", "the alert is closed"))
    at = rfc3339(seen.now_ns)
    return CommandRefused(
        "already_closed",
        Text(
            f"报警已关闭，由 {seen.by} 于 {at} 确认",
            f"the alert is closed; {seen.by} acknowledged it at {at}",
        ),
    )


def already_acknowledged(seen: Acknowledged) -> CommandRefused:
    """Refuse a second acknowledgement, naming who gave the first."""
    at = rfc3339(seen.now_ns)
    return CommandRefused(
        "already_acknowledged",
        Text(f"{seen.by} 已于 {at} 确认", f"{seen.by} acknowledged it at {at}"),
    )


def already_assigned(given: Assigned) -> CommandRefused:
    """Refuse to give an alert to whom it is given already."""
    at = rfc3339(given.now_ns)
    return CommandRefused(
        "already_assigned",
        Text(
            f"{given.by} 已于 {at} 将其指派给 {given.to}",
            f"{given.by} assigned it to {given.to} at {at}",
        ),
    )


def moved_on(seen_seq: int, seq: int) -> CommandRefused:
    """Refuse a command given on a state that is not the newest."""
    return CommandRefused(
        "moved_on",
        Text(
            f"报警在您查看之后已有变化（所见 {seen_seq}，现为 {seq}），请查看后再确认",
            f"the alert has changed since you looked (seen {seen_seq}, now {seq}): look again, then acknowledge",
        ),
    )


def held(state: str) -> CommandRefused:
    """Refuse an acknowledgement of an alert that nobody is told of."""
    return CommandRefused(
        "held",
        Text(
            f"报警当前为 {state}（搁置、抑制或停用），请先解除",
            f"the alert is held (state {state}): end that first",
        ),
    )


def already_confirmed(said: Confirmed) -> CommandRefused:
    """Refuse a second confirmation of one activation, naming who gave the first."""
    at = rfc3339(said.now_ns)
    return CommandRefused(
        "already_confirmed",
        Text(
            f"{said.by} 已于 {at} 反馈处置；补充请用备注",
            f"{said.by} said at {at} what was done; add to it by a comment",
        ),
    )


def unknown_cause(cause: str, known: str) -> CommandRefused:
    """Refuse a confirmation whose cause is not in the list."""
    return CommandRefused(
        "unknown_cause",
        Text(f"没有原因 {cause}（可选：{known}）", f"there is no cause {cause} (allowed: {known})"),
    )


def still_active(alert: str) -> CommandRefused:
    """Refuse to reset an alert whose process has not returned to normal."""
    return CommandRefused(
        "still_active",
        Text(
            f"报警 {alert} 仍未恢复，不能复位",
            f"alert {alert} still stands: it cannot be reset before it returns",
        ),
    )


def not_latched(alert: str) -> CommandRefused:
    """Refuse to reset an alert that has no latch."""
    return CommandRefused(
        "not_latched",
        Text(f"报警 {alert} 没有锁定，无需复位", f"alert {alert} is not latched: nothing to reset"),
    )


def no_such_place(place: str) -> CommandRefused:
    """Refuse a command about a place that no sensor belongs to."""
    return CommandRefused("no_such_place", Text(f"没有测点属于 {place}", f"no sensor belongs to {place}"))


def too_long(longest: Text) -> CommandRefused:
    """Refuse a shelving that is not over within the longest time."""
    return CommandRefused(
        "too_long",
        Text(
            f"搁置时长须大于 0 且不超过 {longest.zh}",
            f"a shelving lasts more than 0 s and at most {longest.en}",
        ),
    )


def in_the_past() -> CommandRefused:
    """Refuse an end that is over already."""
    return CommandRefused("in_the_past", Text("结束时间已过", "the time of the end is over already"))


def begins_in_the_past(late_min: int) -> CommandRefused:
    """Refuse works that would have begun a while ago: what was told since cannot be held back any more."""
    return CommandRefused(
        "begins_in_the_past",
        Text(
            f"开始时间已过去超过 {late_min} 分钟；立即停用请不填开始时间",
            f"the start is past by more than {late_min} min: leave it out to begin at once",
        ),
    )


def ends_before_it_begins() -> CommandRefused:
    """Refuse works that would be over before they begin."""
    return CommandRefused(
        "ends_before_it_begins",
        Text("结束时间须晚于开始时间", "the end must be after the start"),
    )


def works_changed(permit: str) -> CommandRefused:
    """Refuse to change works that are not any more what the person saw."""
    return CommandRefused(
        "works_changed",
        Text(
            f"{permit} 在您查看之后已被更改、开始或结束，请重新查看后再更改",
            f"{permit} was changed, began or ended after you looked: look again, then change it",
        ),
    )


def works_begun(permit: str) -> CommandRefused:
    """Refuse to let works begin later that have begun already."""
    return CommandRefused(
        "works_begun",
        Text(
            f"{permit} 已经开始，不能再改开始时间",
            f"{permit} has begun: its start cannot be changed any more",
        ),
    )


def too_far_ahead(most_days: int) -> CommandRefused:
    """Refuse works that would end in a time that nobody can have meant."""
    return CommandRefused(
        "too_far_ahead",
        Text(
            f"停用须在 {most_days} 天内结束",
            f"works end within {most_days} days from now",
        ),
    )


def needs_second_person() -> CommandRefused:
    """Refuse to hold what is of the safety class on one person's word."""
    return CommandRefused(
        "needs_second_person",
        Text(
            "安全级报警须由第二人同意",
            "an alert of the safety class is held only with a second person's word",
        ),
    )


def same_person(by: str) -> CommandRefused:
    """Refuse a second person who is the first."""
    return CommandRefused(
        "same_person", Text(f"第二人不能也是 {by}", f"the second person cannot be {by} again")
    )


def not_held(what: str) -> CommandRefused:
    """Refuse to end what does not stand."""
    return CommandRefused(
        "not_held", Text(f"{what} 未被搁置、抑制或停用", f"nothing of that kind holds {what}")
    )
