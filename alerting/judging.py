"""Judging an alert anew: how grave it is now, and the occasion on which that is told."""

import msgspec

from alerting.alert import Alert
from alerting.conditions import Change, Condition
from alerting.events import Kind
from alerting.grading import Judgement, judge
from alerting.lines import Occasion
from alerting.occurrences import Occurrences
from alerting.register import BLINDING
from alerting.wording import stands_unseen
from registry.plant import Text


def of_own(
    book: Occurrences, alert: Alert, change: Change, ended: Condition | None
) -> tuple[Judgement | None, Occasion]:
    """Judge an alert after a finding of its own; None where nothing stands. `ended` is what the finding ended."""
    confirmed_by = book.confirmed_by(alert, change.sensor)
    judged = judge(alert.conditions.values(), confirmed_by) if alert.conditions else None
    facts = change.condition
    # what still holds is told with the value of now; of what is over nothing lies ahead
    about = judged.gravest.as_of(change.now_ns) if judged else ended or facts
    forecast_s = about.forecast_s if judged else None
    occasion = Occasion(
        sensor=change.sensor,
        now_ns=change.now_ns,
        facts=facts,
        ended=ended,
        gravest=msgspec.structs.replace(about, value=facts.value, forecast_s=forecast_s),
        standing=judged.standing if judged else (),
        silent_since_ns=book.alerts.silent_since_ns(alert),
        confirmed_by=confirmed_by.get(about.kind) if about.is_limit else None,
        note=_note(book, change),
    )
    return judged, occasion


def of_peer(book: Occurrences, alert: Alert, side: Kind, change: Change) -> tuple[Judgement, Occasion]:
    """Judge the alert of a sensor that `change` of another one confirms on a side, or confirms no longer."""
    sensor = book.registry.index[alert.subject]
    confirmed_by = book.confirmed_by(alert, sensor)
    judged = judge(alert.conditions.values(), confirmed_by)
    name = book.writer.name(change.sensor)
    note = (
        Text(f"{name.zh} 印证", f"confirmed by {name.en}")
        if side in confirmed_by
        else Text(f"{name.zh} 不再印证", f"no longer confirmed by {name.en}")
    )
    occasion = Occasion(
        sensor=sensor,
        now_ns=change.now_ns,
        facts=judged.gravest,
        gravest=judged.gravest.as_of(change.now_ns),
        standing=judged.standing,
        silent_since_ns=book.alerts.silent_since_ns(alert),
        confirmed_by=confirmed_by.get(judged.gravest.kind),
        note=note,
    )
    return judged, occasion


def of_return(book: Occurrences, alert: Alert, now_ns: int) -> Occasion:
    """Return the occasion of a return that was held while the alert chattered."""
    ended, back = alert.ended, alert.back
    assert ended is not None, "a return that is held has an end"
    assert back is not None, "and a finding that told of it"
    return Occasion(
        sensor=book.registry.index[alert.subject],
        now_ns=now_ns,
        facts=back,
        ended=ended,
        gravest=msgspec.structs.replace(ended, value=back.value, forecast_s=None),
        silent_since_ns=book.alerts.silent_since_ns(alert),
    )


def _note(book: Occurrences, change: Change) -> Text | None:
    """Return what falling silent, or of bad quality, means for the process alert of the sensor that stands."""
    if change.condition.method not in BLINDING or not change.raised or change.condition.several:
        return None
    spec = book.registry.specs[change.sensor]
    process = book.alerts.process_of(spec.id)
    if process is None or not process.active or process.gravest is None:
        return None
    return stands_unseen(process.gravest, spec.unit)
