"""Spools: what one thread hands to another, so much at most, and who gives way beyond that."""

from collections import deque
from typing import Final, Generic, TypeVar

T = TypeVar("T")

FOUND_MAX: Final = 20_000
"""So much that the broker holds of us may wait to be compared; beyond it the link is made anew."""

TALK_MAX: Final = 2_000
PROOFS_MAX: Final = 100
"""Of words about who speaks, and of proofs, the newest count: the oldest give way."""


class Spool(Generic[T]):
    """A queue of which one thread is the writer and one the reader.

    Beyond its room the oldest gives way to the newest, or with ``keeps_oldest`` the newest is not
    taken; either way it is counted in ``dropped``.
    """

    def __init__(self, room: int, *, keeps_oldest: bool = False) -> None:
        self.room = room
        self.dropped = 0
        self._keeps_oldest = keeps_oldest
        self._held: deque[T] = deque(maxlen=room)

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._held)

    def put(self, one: T) -> None:
        """Take one; whether another one gives way for it is the policy of this spool."""
        if len(self._held) >= self.room:
            self.dropped += 1
            if self._keeps_oldest:
                return
        self._held.append(one)

    def take(self) -> list[T]:
        """Return everything that waits, oldest first."""
        # The writer only ever replaces the oldest, so there is one as long as some were.
        return [self._held.popleft() for _ in range(len(self._held))]
