"""The outbox: what the broker should hold, and what still has to be told to it.

The retained announcements that stand now are kept as a picture. Whatever happens to the broker
or the link, publishing the picture again makes the broker right: nothing that stands is missing,
and a second telling of the same revision is recognised by its id and revision. So the queue may
be bounded without losing an alert: when it overflows, the picture takes its place.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final, Protocol

from monitor.wire.announcements import Announcement

QUEUE_MAX: Final = 10_000


class Publisher(Protocol):
    """What an outbox needs of a link."""

    def can_publish(self) -> bool:
        """Tell whether another publication may be handed over now."""
        ...

    def publish(self, announcement: Announcement) -> None:
        """Hand one announcement over."""
        ...


def stand(standing: dict[str, Announcement], announcements: Iterable[Announcement]) -> None:
    """Take announcements into a picture of what stands, by topic."""
    for announcement in announcements:
        if not announcement.retain:
            continue
        if announcement.payload:
            standing[announcement.topic] = announcement
        else:
            standing.pop(announcement.topic, None)


class Outbox:
    """Announcements on their way to the broker, and those that stand."""

    def __init__(self) -> None:
        self.standing: dict[str, Announcement] = {}
        self.overflows = 0
        self._queue: deque[Announcement] = deque()

    def __len__(self) -> int:
        """Return how many announcements wait."""
        return len(self._queue)

    def remember(self, announcements: Iterable[Announcement]) -> None:
        """Take announcements into the picture that were published before."""
        stand(self.standing, announcements)

    def put(self, announcements: Iterable[Announcement]) -> None:
        """Take announcements that are to be published."""
        news = list(announcements)
        self.remember(news)
        self._queue.extend(news)
        if len(self._queue) > QUEUE_MAX:
            # What ended in the meantime is gone from the picture and has to be cleared.
            ended = {
                waiting.topic: waiting
                for waiting in self._queue
                if waiting.retain and not waiting.payload
            }
            self.overflows += 1
            self._queue.clear()
            self._queue.extend(
                clearing for name, clearing in ended.items() if name not in self.standing
            )
            self.put_standing()

    def put_standing(self) -> None:
        """Tell everything that stands once more, for a broker that may have forgotten it."""
        self._queue.extend(self.standing.values())

    def put_clearing(self, found: Iterable[str]) -> list[str]:
        """Clear retained topics that the broker holds and that do not stand; return them."""
        untrue = [name for name in found if name not in self.standing]
        self._queue.extend(
            Announcement(topic=name, payload=b"", qos=1, retain=True) for name in untrue
        )
        return untrue

    def flush(self, link: Publisher) -> None:
        """Hand over as much as the link takes."""
        while self._queue and link.can_publish():
            link.publish(self._queue.popleft())
