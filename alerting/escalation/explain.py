"""What would come of an alert if nobody ever acknowledged it: who is called when, and who is not, and why."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from alerting.escalation.roster import Overrides
from alerting.escalation.schedule import on_call
from alerting.escalation.settings import Chain, EscalationSettings, Ladder
from alerting.escalation.stage import Escalation
from alerting.escalation.words import GRADE_WORDS
from alerting.events import GRADE_OF, AlertEvent
from registry.plant import Area, Text

HORIZON_NS = 25 * 3_600 * 10**9
"""A silence ends within a day; what holds an alert back for longer is no matter of waiting for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A person who is called, when (None: nobody calls them) and through what, and why or why not."""

    person: str
    name: Text
    receiver: str | None
    when_ns: int | None
    reason: Text


def explain_calls(
    settings: EscalationSettings,
    areas: Mapping[str, Area],
    chain_of: Callable[[AlertEvent], str | None],
    event: AlertEvent,
    at_ns: int,
    *,
    why_held: Callable[[int], Text | None] = lambda _now_ns: None,
    overrides: Overrides | None = None,
) -> tuple[Called, ...]:
    """Return the calls in the order of their times, then the people who are never called, in the order of the settings.

    `event` is offered at `at_ns` to a stage that knows of no other alert. `why_held` says at a time why nobody is called
    for it, None where people are; `overrides` is who stands in for whom by command. What is not called within
    `HORIZON_NS` is not called here.
    """
    overrides = overrides or {}
    stage = Escalation(settings, areas, chain_of, lambda _alert, now_ns: why_held(now_ns))
    stage.take_overrides(overrides)
    told = [(at_ns, one) for one in stage.offer([event], at_ns)]
    while (due_ns := stage.next_deadline_ns()) is not None and due_ns <= at_ns + HORIZON_NS:
        told += [(due_ns, one) for one in stage.tick(due_ns)]
    called = [
        Called(
            person=one.person or "",
            name=settings.people[one.person or ""].name,
            receiver=one.receiver,
            when_ns=when_ns,
            reason=one.reason,
        )
        for when_ns, one in told
    ]
    reached = {one.person for one in called}
    chain = settings.chain(chain_of(event))
    ladder = None if chain is None else chain.ladders.get(GRADE_OF[event.grade])
    spared = [
        Called(
            person=person.id,
            name=person.name,
            receiver=None,
            when_ns=None,
            reason=_why_not(
                settings,
                areas=areas,
                event=event,
                person=person.id,
                chain=chain,
                ladder=ladder,
                at_ns=at_ns,
                not_begun=None if called else why_held(at_ns) or _state(event),
                overrides=overrides,
            ),
        )
        for person in settings.people.values()
        if person.id not in reached
    ]
    return (*called, *spared)


def _why_not(
    settings: EscalationSettings,
    *,
    areas: Mapping[str, Area],
    event: AlertEvent,
    person: str,
    chain: Chain | None,
    ladder: Ladder | None,
    at_ns: int,
    not_begun: Text | None,
    overrides: Overrides,
) -> Text:
    if chain is None:
        return Text("未设置升级链", "there is no escalation chain")
    if ladder is None:
        word = GRADE_WORDS[GRADE_OF[event.grade]]
        return Text(
            f"升级链 {chain.name} 对{word.zh}报警不呼叫任何人",
            f"chain {chain.name} calls nobody for {word.en}",
        )
    if not_begun is not None:
        return not_begun
    if not settings.people[person].answers_for(event, areas):
        return Text(
            "不负责该报警所在的企业或区域", "does not answer for the enterprise or area of this alert"
        )
    names = [name for step in ladder.steps for name in step.call] + [chain.last_resort]
    for name in names:
        schedule = settings.schedules.get(name)
        if schedule is not None and any(person in crew.people for crew in schedule.crews):
            duty = on_call(schedule, at_ns, overrides.get(name, ())).reason
            return Text(f"届时不当值（{duty.zh}）", f"is not on duty then ({duty.en})")
    return Text(f"升级链 {chain.name} 的各级均不包含此人", f"no step of chain {chain.name} calls them")


def _state(event: AlertEvent) -> Text:
    return Text(f"状态为 {event.state}，不呼叫任何人", f"nobody is called in state {event.state}")
