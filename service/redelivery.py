"""Tells a message that the broker sends again from one that is new.

After a crash or a lost connection the broker sends again whatever it has no acknowledgement for. What is in the
journal already must not be taken twice. Pure: digests in, a verdict out.
"""

from collections.abc import Iterable
from hashlib import blake2b

from ingest.messages import Message


def digest(message: Message) -> bytes:
    """Return a digest that tells messages apart by topic and payload."""
    return blake2b(
        message.payload, digest_size=16, key=blake2b(message.topic.encode(), digest_size=16).digest()
    ).digest()


class Redelivery:
    """Remembers journalled messages that the broker may not know to be acknowledged.

    Each is recognised once. Topics of bare numbers are never recognised: two equal numbers are two readings.
    """

    def __init__(self, bare_topics: Iterable[str] = ()) -> None:
        self._bare = frozenset(bare_topics)
        self._expected: dict[bytes, int] = {}
        self.recognised = 0

    def expect(self, messages: Iterable[Message]) -> None:
        """These are in the journal, and may come again."""
        for message in messages:
            if message.topic not in self._bare:
                key = digest(message)
                self._expected[key] = self._expected.get(key, 0) + 1

    def is_known(self, message: Message) -> bool:
        """Say whether this is one of the expected ones, which is then expected once less."""
        if not self._expected or message.topic in self._bare:
            return False
        key = digest(message)
        left = self._expected.get(key, 0)
        if not left:
            return False
        if left == 1:
            del self._expected[key]
        else:
            self._expected[key] = left - 1
        self.recognised += 1
        return True

    def forget(self) -> None:
        """Nothing more is expected: the broker has long sent what it had."""
        self._expected.clear()
