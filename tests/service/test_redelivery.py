"""What the broker sends again is recognised, as often as it was journalled and never more."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from ingest.messages import Message
from service.redelivery import Redelivery, digest

BARE = "plc/7"
messages = st.builds(
    Message,
    st.sampled_from(["a", "b", "ab", BARE, ""]),
    st.sampled_from([b"", b"1", b"a1", b"{}", b"\x00"]),
)
journals = st.lists(messages, max_size=30)


@given(journals, st.integers(0, 30), journals)
def test_any_tail_that_comes_again_is_recognised_exactly(
    journal: list[Message], cut: int, new: list[Message]
) -> None:
    redelivery = Redelivery([BARE])
    redelivery.expect(journal)
    again = journal[cut:]
    assert [redelivery.is_known(m) for m in again] == [m.topic != BARE for m in again]
    left = Counter(m for m in journal[:cut] if m.topic != BARE)
    for message in new:
        expected = left[message] > 0
        left[message] -= expected
        assert redelivery.is_known(message) is expected


@given(journals, st.data())
def test_the_order_in_which_they_come_again_does_not_matter(
    journal: list[Message], data: st.DataObject
) -> None:
    again = data.draw(st.permutations(journal))
    redelivery = Redelivery([BARE])
    redelivery.expect(journal)
    assert sum(map(redelivery.is_known, again)) == sum(m.topic != BARE for m in journal)
    assert not any(map(redelivery.is_known, again)), "each is recognised once"
    assert redelivery.recognised == sum(m.topic != BARE for m in journal)


@given(journals)
def test_bare_numbers_are_never_recognised(journal: list[Message]) -> None:
    redelivery = Redelivery({BARE})
    redelivery.expect(journal)
    assert not redelivery.is_known(Message(BARE, b"1"))


@given(journals)
def test_nothing_is_recognised_without_being_expected(journal: list[Message]) -> None:
    redelivery = Redelivery()
    assert not any(map(redelivery.is_known, journal))
    redelivery.expect(journal)
    redelivery.forget()
    assert not any(map(redelivery.is_known, journal))


@given(messages, messages)
def test_digests_tell_topic_from_payload(a: Message, b: Message) -> None:
    assert (digest(a) == digest(b)) is (a == b)
