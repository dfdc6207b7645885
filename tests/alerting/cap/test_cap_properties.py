"""Whatever an alert says and whatever happens to it: valid messages, and never a drill that is Actual."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.cap.making import CapMaker
from alerting.cap.message import CapMessage, Mode, Scope
from alerting.cap.settings import CapSettings
from alerting.cap.writing import to_xml
from alerting.events import AlertEvent, Event, Grade, Kind, State
from tests.alerting.cap.checking import faults_of, parsed, text_of
from tests.alerting.cap.events import SENDER, SITE, event

# what lines can hold: any text that JSON can carry, so no lone surrogates
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
HOSTILE = st.one_of(
    ANY_TEXT,
    st.sampled_from(
        [
            "]]>",
            "<status>Actual</status>",
            "</info></alert><alert/>",
            "&lt;&#0;&xxe;",
            "\x00\x01\x0b\x1f\x7f\x85\ufffe\uffff",
            "\u202egnp.exe\u202c\u2066\u2069\u200f",
            "<!DOCTYPE a [<!ENTITY b 'c'>]>",
            "液" * 10_000,
            "a\r\nb\tc\u2028d",
            "\U0001f525\U0010ffff",
            "Actual",
        ]
    ),
)
BOTH = st.fixed_dictionaries({"zh": HOSTILE, "en": HOSTILE})
NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
TIMES = st.datetimes().map(lambda t: t.isoformat(timespec="milliseconds") + "Z")


@st.composite
def any_event(draw: st.DrawFn) -> AlertEvent:
    changes: dict[str, Any] = {
        "id": draw(HOSTILE.filter(bool)),
        "time": draw(TIMES),
        "grade": draw(st.sampled_from(Grade)).label,
        "kind": draw(st.sampled_from(Kind)).value,
        "sensor": draw(st.sampled_from([None, *SITE.index]) | HOSTILE),
        "enterprise": draw(st.sampled_from([None, "lpg"]) | HOSTILE),
        "source": draw(st.sampled_from([None, "farm", "shed"]) | HOSTILE),
        "area": draw(st.sampled_from([None, "370211"]) | HOSTILE),
        "value": draw(NUMBERS),
        "unit": draw(st.none() | HOSTILE),
        "limit": draw(NUMBERS),
        "forecast_s": draw(NUMBERS),
        "onset": draw(st.none() | TIMES),
        "title": draw(BOTH),
        "why": {
            "seen": draw(BOTH),
            "advice": draw(BOTH),
            "incident": draw(st.none() | st.just({"id": "i1"})),
        },
    }
    name, state = draw(st.sampled_from(Event)), draw(st.sampled_from(State))
    return event(draw(st.integers(1, 10**9)), name.value, state.value, **changes)


LIVES = st.lists(any_event(), max_size=4)
MODES = st.sampled_from(Mode)


def made(mode: Mode, events: list[AlertEvent], scope: Scope = Scope.RESTRICTED) -> list[CapMessage]:
    own = CapSettings(sender=SENDER, mode=mode, scope=scope, addresses=("a@b.cn",))
    return CapMaker(own, SITE).all(events)


@settings(deadline=None)
@given(MODES, st.sampled_from(Scope), LIVES)
def test_every_message_is_valid(mode: Mode, scope: Scope, events: list[AlertEvent]) -> None:
    for message in made(mode, events, scope):
        xml = to_xml(message)
        assert faults_of(xml) == []
        assert len(xml) < 200_000


@settings(deadline=None)
@given(st.sampled_from([Mode.EXERCISE, Mode.TEST]), LIVES)
def test_no_drill_is_ever_actual(mode: Mode, events: list[AlertEvent]) -> None:
    for message in made(mode, events):
        root = parsed(to_xml(message))
        assert [e.text for e in root.findall(".//{*}status")] == [mode.value.capitalize()]
        assert text_of(root, "note")


@given(MODES)
def test_what_runs_on_readings_that_are_not_of_now_is_never_actual(mode: Mode) -> None:
    rehearsed = CapSettings(sender=SENDER, mode=mode).rehearsed()
    assert rehearsed.mode in {Mode.EXERCISE, Mode.TEST}
    assert rehearsed.rehearsed() == rehearsed
    assert (rehearsed.mode is Mode.EXERCISE) == (mode is Mode.EXERCISE)


@settings(deadline=None)
@given(MODES, LIVES)
def test_the_same_events_make_the_same_bytes(mode: Mode, events: list[AlertEvent]) -> None:
    assert [to_xml(m) for m in made(mode, events)] == [to_xml(m) for m in made(mode, events)]
