"""The outbox: what the broker should hold, and what still has to be told to it.

The retained announcements that stand now are kept as a picture. Whatever happens to the broker
or the link, publishing the picture again makes the broker right: nothing that stands is missing,
and a second telling of the same revision is recognised by its id and revision. So the queue may
be bounded without losing an alert: when it overflows, the picture takes its place.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator
from itertools import chain
from typing import Final, Protocol

from monitor.adapters.logbook import ROOT
from monitor.adapters.reconciliation import COUNTED_KINDS, kind_of, lifted, meaning, revision
from monitor.wire.announcements import Announcement

LOG: Final = logging.getLogger(f"{ROOT}.live")

QUEUE_MAX: Final = 10_000

RETAINED_KINDS: Final = frozenset({"alert", "advice", "state"})

URGENT_KINDS: Final = frozenset({"alert", "advice", "proof"})
"""What leaves before everything else; the proof is to take as long as an alert takes."""

ENDING_REVISIONS: Final = 3
"""An end takes two revisions, latched and off: so much higher is above an end nobody heard of."""

LAST_WORDS_MAX: Final = 4096
"""Of so many topics it is kept in mind what another monitor said of them last."""

UNTOLD_S: Final = 10.0
"""What is told once is kept by a silent outbox for so long: longer than a takeover takes."""


class Publisher(Protocol):
    """What an outbox needs of a link."""

    def can_publish(self, *, is_urgent: bool) -> bool:
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
    """Announcements on their way to the broker, and those that stand.

    Alerts and advice leave first: a thousand states that are told at once must not hold one up.
    On one topic everything leaves in the order in which it was put.

    While it is silent it hands nothing over and keeps in mind what another monitor of the unit
    tells instead: when it speaks again, it tells what differs and what is missing. What the other
    one has ended and still stands here is told with a revision above that end, also by a run
    that was not there to hear it: a reader may leave a lower one out.
    """

    def __init__(self, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self.standing: dict[str, Announcement] = {}
        self.found: dict[str, bytes] = {}
        """What the broker was heard to hold of our own kinds, by topic."""
        self.overflows = 0
        self.is_silent = False
        """Another one tells: nothing waits here."""
        self.is_held = False
        """Nothing is handed over now, but it waits."""
        self._urgent: deque[Announcement] = deque()
        self._routine: deque[Announcement] = deque()
        self._lifts: dict[str, int] = {}
        self._last_words: dict[str, bytes] = {}
        """What another one said last of a topic, also after it was cleared; the newest are last."""
        self._inherited: set[str] = set()
        """What stood when this run began, and of which it has neither told nor heard anything."""
        self._seconds = seconds
        self._untold: deque[tuple[float, Announcement]] = deque()
        self._heard: deque[tuple[float, str, object]] = deque()

    def __len__(self) -> int:
        """Return how many announcements wait."""
        return len(self._urgent) + len(self._routine)

    def remember(self, announcements: Iterable[Announcement]) -> None:
        """Take announcements into the picture that were published before."""
        stand(self.standing, announcements)

    def inherit(self) -> None:
        """Take note that what stands and does not wait was told by an earlier run."""
        self._inherited = self.standing.keys() - {one.topic for one in self._waiting()}

    def put(self, announcements: Iterable[Announcement]) -> None:
        """Take announcements that are to be published."""
        news = [self._lifted(one) for one in announcements]
        self.remember(news)
        if self.is_silent:
            self._hold(news)
            return
        for one in news:
            if one.retain:
                self.found.pop(one.topic, None)
        self._line_up(news)
        if len(self) > QUEUE_MAX:
            # What ended in the meantime is gone from the picture and has to be cleared.
            ended = {one.topic: one for one in self._waiting() if one.retain and not one.payload}
            self.overflows += 1
            self._forget_waiting()
            self._line_up(one for name, one in ended.items() if name not in self.standing)
            self.put_standing()

    def put_standing(self) -> None:
        """Tell everything that stands once more, for a broker that may have forgotten it."""
        self._line_up(self.standing.values())

    def flush(self, link: Publisher) -> None:
        """Hand over as much as the link takes; what it could not take is first the next time.

        One that it will never take costs only itself.
        """
        for queue, is_urgent in ((self._urgent, True), (self._routine, False)):
            while queue and not self.is_held and link.can_publish(is_urgent=is_urgent):
                try:
                    link.publish(queue[0])
                except OSError:
                    LOG.exception("publish-failed")
                    return
                except ValueError:
                    LOG.exception("publish-failed")
                queue.popleft()

    def _line_up(self, announcements: Iterable[Announcement]) -> None:
        for one in announcements:
            is_urgent = kind_of(one.topic) in URGENT_KINDS
            (self._urgent if is_urgent else self._routine).append(one)

    def _waiting(self) -> Iterator[Announcement]:
        return chain(self._urgent, self._routine)

    def _forget_waiting(self) -> None:
        self._urgent.clear()
        self._routine.clear()

    # --------------------------------------------------- beside another monitor of the unit

    def fall_silent(self) -> None:
        """Tell nothing from now on; what waited is somebody else's to tell."""
        self.is_silent = True
        self._forget_waiting()
        for name in self._lifts.keys() & self.standing.keys():
            self._keep_last_words(name, self.standing[name].payload)
        self._lifts.clear()

    def forget_found(self) -> None:
        """Forget what the broker held: on a new connection it says it again."""
        self.found.clear()

    def hear(self, name: str, payload: bytes) -> None:
        """Take what another monitor has told, or what the broker kept of it."""
        kind = kind_of(name)
        if kind not in RETAINED_KINDS:
            if self.is_silent:
                self._heard.append((self._seconds(), name, meaning(name, payload)))
                self._untold = deque(one for one in self._untold if not self._was_heard(one[1]))
            return
        if payload:
            self.found[name] = payload
            self._keep_last_words(name, payload)
        else:
            self.found.pop(name, None)
        if not self.is_silent and name in self.standing:
            self._set_right(self.standing[name], payload)

    def speak(self) -> None:
        """Tell from now on: first what the broker does not hold, then what it holds otherwise."""
        self.is_silent = False
        told = self.found.keys() | {one.topic for one in self._waiting() if one.retain}
        missing = [name for name in self.standing if name not in told]
        self._line_up(self._above_its_end(name) for name in missing)
        self._inherited.clear()
        for name, payload in self.found.items():
            if name in self.standing:
                self._set_right(self.standing[name], payload)
        self._forget_old()
        self._line_up(one for _, one in self._untold)
        self._untold.clear()
        self._heard.clear()

    def put_clearing(self, spared: Container[str] = ()) -> list[str]:
        """Clear what the broker holds and does not stand, but for some beds; return the topics."""
        untrue = [
            name
            for name in self.found
            if name not in self.standing and name.split("/")[3:4][0] not in spared
        ]
        for name in untrue:
            del self.found[name]
            self._line_up([Announcement(topic=name, payload=b"", qos=1, retain=True)])
        return untrue

    def _set_right(self, ours: Announcement, payload: bytes) -> None:
        """Tell a thing again if the broker holds it otherwise, with a revision that counts."""
        name = ours.topic
        if payload == ours.payload:
            return
        is_same = bool(payload) and meaning(name, payload) == meaning(name, ours.payload)
        is_older = revision(name, payload) < revision(name, ours.payload)
        ours = self._lift(ours, self._short_of(ours, payload))
        if not is_same or is_older:
            self._line_up([ours])

    def _above_its_end(self, name: str) -> Announcement:
        """Return what stands and the broker does not hold, above what was said of it at last."""
        ours = self.standing[name]
        heard = self._last_words.get(name)
        if heard is None:
            return self._lift(ours, ENDING_REVISIONS) if name in self._inherited else ours
        return self._lift(ours, self._short_of(ours, heard))

    @staticmethod
    def _short_of(ours: Announcement, heard: bytes) -> int:
        """Return by how many revisions ours is too low to count beside what was heard."""
        name = ours.topic
        by = revision(name, heard) - revision(name, ours.payload)
        is_same = bool(heard) and meaning(name, heard) == meaning(name, ours.payload)
        return by if is_same else by + 1

    def _lift(self, ours: Announcement, by: int) -> Announcement:
        """Return what stands with a revision higher by so many, which what follows keeps."""
        name = ours.topic
        if by > 0 and revision(name, ours.payload):
            self._lifts[name] = self._lifts.get(name, 0) + by
            ours = self.standing[name] = lifted(ours, by)
        return ours

    def _keep_last_words(self, name: str, payload: bytes) -> None:
        if kind_of(name) not in COUNTED_KINDS:
            return
        self._last_words.pop(name, None)
        self._last_words[name] = payload
        if len(self._last_words) > LAST_WORDS_MAX:
            del self._last_words[next(iter(self._last_words))]

    def _lifted(self, one: Announcement) -> Announcement:
        name = one.topic
        if not one.retain:
            return one
        if not one.payload:
            self._lifts.pop(name, None)
            self._last_words.pop(name, None)
            return one
        if not self.is_silent and name not in self._lifts and name in self._last_words:
            self._lifts[name] = max(self._short_of(one, self._last_words[name]), 0)
        return lifted(one, self._lifts[name]) if self._lifts.get(name) else one

    def _hold(self, news: Iterable[Announcement]) -> None:
        """Keep what is told once, in case that nobody else tells it."""
        now_s = self._seconds()
        for one in news:
            if not one.retain and one.qos and not self._was_heard(one):
                self._untold.append((now_s, one))
        self._forget_old()

    def _was_heard(self, one: Announcement) -> bool:
        if not self._heard:
            return False
        said = meaning(one.topic, one.payload)
        return any((name, words) == (one.topic, said) for _, name, words in self._heard)

    def _forget_old(self) -> None:
        since_s = self._seconds() - UNTOLD_S
        while self._untold and self._untold[0][0] < since_s:
            self._untold.popleft()
        while self._heard and self._heard[0][0] < since_s:
            self._heard.popleft()
