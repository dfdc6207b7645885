"""How hazwatch itself is: one state a part, for probes and the console, and the troubles that become alerts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from alerting.commands import SystemCondition
from alerting.events import Grade
from console.backend import Component, Health
from registry.plant import Text

RECEIVER = "receiver_failing"
"""The trouble of a receiver; its name follows after a colon."""

PATIENCE_S: Mapping[str, float] = {
    "broker": 5.0,
    "store": 10.0,
    RECEIVER: 10.0,
    "pipeline": 10.0,
    "disk": 0.0,
    "ledger": 0.0,
    "settings": 0.0,
}
"""How long a part must be unwell before that is an alert: a reconnect of a second is no news."""

GRADES: Mapping[str, Grade] = {
    "broker": Grade.ORANGE,
    "store": Grade.YELLOW,
    RECEIVER: Grade.ORANGE,
    "pipeline": Grade.ORANGE,
    "disk": Grade.ORANGE,
    "ledger": Grade.RED,
    "settings": Grade.YELLOW,
}
"""How grave: without the broker or a receiver nobody is warned; without the store only history is late."""

NAMES: Mapping[str, Text] = {
    "broker": Text("MQTT 连接", "MQTT broker"),
    "pipeline": Text("处理流程", "pipeline"),
    "ledger": Text("本地日志", "ledger"),
    "store": Text("时序存储", "time-series store"),
    RECEIVER: Text("通知接收方", "receiver"),
    "disk": Text("磁盘", "disk"),
    "settings": Text("设置", "settings"),
}


class Watch:
    """Turns a part that stays unwell into a system condition, and its recovery into the condition's end.

    `active` are the conditions that an earlier run told of and that have not ended.
    """

    def __init__(self, active: Iterable[str] = ()) -> None:
        self._since_ns: dict[str, int] = {}
        self._active = set(active)
        self._owed: dict[str, SystemCondition] = {}

    def changes(self, parts: Mapping[str, Component], now_ns: int) -> list[SystemCondition]:
        """Return the conditions that begin or end at `now_ns`."""
        told = []
        for name in sorted(self._active - parts.keys()):
            self._active.discard(name)
            told.append(_condition(name, _GONE, active=False))
        for name, part in parts.items():
            if part.state is Health.OK:
                self._since_ns.pop(name, None)
                owed = self._owed.pop(name, None)
                if name in self._active or owed is not None:
                    self._active.discard(name)
                    told += [owed] if owed is not None and owed.active else []
                    told.append(_condition(name, part, active=False))
                continue
            since_ns = self._since_ns.setdefault(name, now_ns)
            if name not in self._active and now_ns - since_ns >= PATIENCE_S.get(_sort_of(name), 0.0) * 1e9:
                self._active.add(name)
                told.append(_condition(name, part, active=True))
        return told

    def untold(self, condition: SystemCondition) -> bool:
        """Take back a condition that could not be kept; it comes again, at the latest when the trouble is over.

        Return whether this is the first time.
        """
        first = condition.name not in self._owed
        self._owed[condition.name] = condition
        if condition.active:
            self._active.discard(condition.name)
        return first


def _condition(name: str, part: Component, *, active: bool) -> SystemCondition:
    label, which = NAMES.get(_sort_of(name), Text.same(name)), name.partition(":")[2]
    if which:
        label = Text(f"{label.zh} {which}", f"{label.en} {which}")
    detail = Text(f"{label.zh}：{part.detail.zh}", f"{label.en}: {part.detail.en}")
    return SystemCondition(
        name=name, active=active, detail=detail, grade=GRADES.get(_sort_of(name), Grade.YELLOW)
    )


def trouble_of_receiver(name: str) -> str:
    """Return the name of the trouble that a receiver fails."""
    return f"{RECEIVER}:{name}"


def _sort_of(name: str) -> str:
    return name.partition(":")[0]


def worst(parts: Iterable[Component]) -> Health:
    """Return the worst state of the parts."""
    order = [Health.OK, Health.DEGRADED, Health.DOWN]
    return max((part.state for part in parts), key=order.index, default=Health.OK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the shells see of themselves at one moment; times in ns of the wall clock.

    `receivers` has every receiver with the reason why it fails, None where it does not.

    `broker` is ``connected``, ``connecting`` or ``lost``; `store` a `StoreHealth.state`; None for a part that is not there.
    """

    broker: str | None
    broker_since_ns: int | None
    broker_reason: str
    store: str | None
    store_since_ns: int | None
    store_error: str
    store_dropped: int
    spooled_bytes: int
    ledger_error: str | None
    ledger_error_since_ns: int | None
    receivers: Mapping[str, Text | None]
    lag_s: float
    inbox_filling: float
    free_mb: float
    min_free_mb: float
    settings_refused: Text | None = None


LAG_LIMIT_S = 5.0
INBOX_LIMIT = 0.5
"""An inbox that stays so full is filled faster than it is emptied."""
_FINE = Text("正常", "ok")
_GONE = Component(state=Health.OK, detail=Text("已不再使用", "no longer there"))


def parts_of(seen: Seen) -> dict[str, Component]:
    """Return the state of each part with its reason."""
    return {
        "broker": _broker(seen),
        "pipeline": _pipeline(seen),
        "ledger": _ledger(seen),
        "store": _store(seen),
        "notifications": _notifications(seen),
        "disk": _disk(seen),
        "settings": _settings(seen),
    }


def troubles_of(seen: Seen) -> dict[str, Component]:
    """Return what becomes an alert where it stays unwell: each part, and in place of all receivers each by itself."""
    parts = parts_of(seen)
    del parts["notifications"]
    for name, why in seen.receivers.items():
        state = Health.OK if why is None else Health.DEGRADED
        detail = _FINE if why is None else Text(f"发送失败：{why.zh}", f"fails: {why.en}")
        parts[trouble_of_receiver(name)] = Component(state=state, detail=detail)
    return parts


def _broker(seen: Seen) -> Component:
    if seen.broker is None:
        return Component(state=Health.OK, detail=Text("不使用", "not used"))
    if seen.broker == "connected":
        return Component(state=Health.OK, detail=Text("已连接", "connected"), since_ns=seen.broker_since_ns)
    reason = f"：{seen.broker_reason}" if seen.broker_reason else ""
    reason_en = f": {seen.broker_reason}" if seen.broker_reason else ""
    return Component(
        state=Health.DOWN,
        detail=Text(f"未连接，读数可能缺失{reason}", f"{seen.broker}, readings may be missing{reason_en}"),
        since_ns=seen.broker_since_ns,
    )


def _pipeline(seen: Seen) -> Component:
    if seen.inbox_filling >= INBOX_LIMIT:
        percent = f"{100 * seen.inbox_filling:.0f} %"
        return Component(
            state=Health.DEGRADED,
            detail=Text(
                f"处理跟不上，接收队列已用 {percent}，其余消息滞留在消息服务器",
                f"cannot keep up, the inbox is {percent} full, more waits at the broker",
            ),
        )
    if seen.lag_s <= LAG_LIMIT_S:
        return Component(state=Health.OK, detail=_FINE)
    return Component(
        state=Health.DEGRADED, detail=Text(f"处理滞后 {seen.lag_s:.0f} 秒", f"lagging by {seen.lag_s:.0f} s")
    )


def _ledger(seen: Seen) -> Component:
    if seen.ledger_error is None:
        return Component(state=Health.OK, detail=_FINE)
    return Component(
        state=Health.DOWN,
        detail=Text(
            f"无法写入，读数暂留在消息服务器：{seen.ledger_error}",
            f"cannot be written, readings wait at the broker: {seen.ledger_error}",
        ),
        since_ns=seen.ledger_error_since_ns,
    )


def _store(seen: Seen) -> Component:
    match seen.store:
        case None:
            return Component(state=Health.OK, detail=Text("不使用", "not used"))
        case "ok" if not seen.store_dropped:
            return Component(state=Health.OK, detail=_FINE, since_ns=seen.store_since_ns)
        case "ok":
            dropped = seen.store_dropped
            detail = Text(f"丢弃了 {dropped} 行", f"{dropped} rows were dropped")
        case "catching_up":
            waiting_mb = seen.spooled_bytes / 1e6
            detail = Text(f"正在补写，尚余 {waiting_mb:.1f} MB", f"catching up, {waiting_mb:.1f} MB left")
        case state:
            detail = Text(
                f"不可用，数据暂存本地磁盘：{seen.store_error}",
                f"{state}, data is spooled: {seen.store_error}",
            )
    down = seen.store == "away"
    return Component(
        state=Health.DOWN if down else Health.DEGRADED, detail=detail, since_ns=seen.store_since_ns
    )


def _notifications(seen: Seen) -> Component:
    failing = sorted((name, why) for name, why in seen.receivers.items() if why is not None)
    if not failing:
        return Component(state=Health.OK, detail=_FINE)
    list_zh = "；".join(f"{name}：{why.zh}" for name, why in failing)
    list_en = "; ".join(f"{name}: {why.en}" for name, why in failing)
    return Component(
        state=Health.DEGRADED,
        detail=Text(f"发送失败，将重试：{list_zh}", f"failing, will be tried again: {list_en}"),
    )


def _disk(seen: Seen) -> Component:
    if seen.free_mb >= seen.min_free_mb:
        return Component(
            state=Health.OK, detail=Text(f"剩余 {seen.free_mb:.0f} MB", f"{seen.free_mb:.0f} MB free")
        )
    return Component(
        state=Health.DEGRADED,
        detail=Text(
            f"仅剩 {seen.free_mb:.0f} MB（下限 {seen.min_free_mb:.0f} MB）",
            f"only {seen.free_mb:.0f} MB free (limit {seen.min_free_mb:.0f} MB)",
        ),
    )


def _settings(seen: Seen) -> Component:
    if seen.settings_refused is None:
        return Component(state=Health.OK, detail=_FINE)
    return Component(state=Health.DEGRADED, detail=seen.settings_refused)
