"""A notification that tries a receiver and says in every language that it is no alarm."""

import msgspec

from alerting.events import PLACELESS, Grade
from alerting.notification import Notification, notification_id
from alerting.notify.settings import CapReceiverSettings, MqttSettings, ReceiverSettings, SirenSettings
from alerting.texts import both, rfc3339
from registry.plant import Text

_TITLE = Text("【测试】通知渠道测试，不是报警", "TEST: a test of this notification channel, no alarm")
_REASON = Text("人工测试通知渠道", "a person tries the notification channel")
_ADVICE = Text("无需处置", "nothing is to be done")


def why_not(settings: ReceiverSettings) -> Text | None:
    """Return why a receiver is not tried this way, None where it is."""
    if isinstance(settings, MqttSettings | SirenSettings):
        return Text(
            "不能由此测试：其消息会保留在代理上并被当作真实状态",
            "not tried from here: what it is sent is kept by the broker and taken for how it stands",
        )
    if isinstance(settings, CapReceiverSettings):
        return Text(
            "不能由此测试：请以演练模式运行",
            "not tried from here: run an exercise instead",
        )
    return None


def trial(receiver: str, by: str, now_ns: int) -> Notification:
    """Return what is sent to try a receiver.

    The line is of an alert that is closed and on which somebody commented, so that no program takes it for an opening.
    """
    name = f"test-{now_ns}"
    seen = Text(
        f"{by} 于 {rfc3339(now_ns)} 测试接收方 {receiver}；收到即表示渠道可用",
        f"{by} tries the receiver {receiver} at {rfc3339(now_ns)}; who reads this can be reached",
    )
    event = msgspec.structs.replace(
        PLACELESS,
        id=name,
        time=rfc3339(now_ns),
        title=both(_TITLE),
        why={
            "seen": both(seen),
            "onset": None,
            "reasons": [],
            "blind": None,
            "grade": {
                "urgency": None,
                "urgency_reason": both(_REASON),
                "source_grade": None,
                "source_r": None,
                "column": None,
                "column_reason": None,
                "cell": Grade.BLUE.label,
            },
            "told": [{"receiver": receiver, "route": "", "reason": both(_REASON)}],
            "held": [],
            "advice": both(_ADVICE),
            "acknowledged": None,
            "system": "test",
        },
    )
    return Notification(
        id=notification_id(name, 0, receiver, "test"),
        receiver=receiver,
        alert=name,
        seq=0,
        time=event.time,
        body=event.line(),
        reason=_REASON,
        grade=Grade.BLUE,
    )
