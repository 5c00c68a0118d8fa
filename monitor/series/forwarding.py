"""The forwarder: from the journal into a store, for as long as it takes.

It runs beside the monitor, not in it. One turn reads what lies behind the store's place, sends it
in one request and moves the place. What a database will never take is found by halving, written
down with the reason, and passed over; everything else is sent until it is kept.

A journal that was set aside (``--fresh``, or because it was damaged) is sent to its end before the
one that took its name. What cannot be read of it is counted and written down, too.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, TypeAlias

from monitor.adapters.journal_file import JournalError
from monitor.series.answers import Answer, Verdict
from monitor.series.cursor_file import CursorFile
from monitor.series.points import Point, line_of
from monitor.series.stores import SeriesStore
from monitor.series.tape import Place, Tape, set_aside_files

POLL_S: Final = 1.0
"""One request a second carries a ward; more of them would only be smaller."""

ROWS_PER_TURN: Final = 2_000
BACKOFF_FIRST_S: Final = 1.0
BACKOFF_LAST_S: Final = 60.0

UNREADABLE: Final = Place(step=-1, message=-1, row=-1)
"""The place in a journal that was set aside and cannot be read any further."""

State: TypeAlias = Literal["idle", "behind", "waiting", "forbidden"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one turn came to; ``wait_s`` is how long to rest before the next."""

    state: State
    sent: int = 0
    refused: int = 0
    words: str = ""
    wait_s: float = 0.0


class Forwarder:
    """Moves one store along the journals of one name; a turn does one piece of it, never waits."""

    def __init__(self, journal: Path, store: SeriesStore, cursor: CursorFile) -> None:
        """Begin where the store has got to.

        Raises
        ------
        JournalError
            If the journal cannot be read.
        """
        self._journal, self._store, self._cursor = journal, store, cursor
        self._failures = 0
        self.sent = 0
        self.refused = 0
        self._aside = deque(set_aside_files(journal))
        self._tape = Tape(journal)
        self._place = self._found(self._tape)
        if self._aside:
            self.refused += self._follow().refused

    def turn(self) -> Turn:
        """Send what is behind the place, and move it once it is kept.

        Raises
        ------
        JournalError
            If the journal cannot be read.
        SeriesError
            If the place cannot be remembered.
        """
        is_last = self._tape.path == self._journal and not self._tape.is_replaced
        if self._place == UNREADABLE:
            return self._follow()
        try:
            stretch = self._tape.behind(self._place, limit=ROWS_PER_TURN)
        except JournalError as fault:
            if is_last:
                raise
            return self._given_up(self._tape.name, fault)
        gaps = [("", gap) for gap in stretch.gaps]
        if stretch.place == self._place:
            if is_last:
                return Turn(state="idle", wait_s=POLL_S)
            return self._follow()
        refused: list[tuple[str, str]] = []
        stopped = delivered(self._store.write, stretch.points, refused)
        if stopped is not None:
            return self._held(stopped)
        self._failures = 0
        self._place = stretch.place
        self._cursor.move(self._store.name, self._tape.name, stretch.place, [*gaps, *refused])
        sent = len(stretch.points) - len(refused)
        self.sent += sent
        self.refused += len(refused)
        words = "; ".join(reason for _, reason in [*gaps, *refused][:1])
        is_behind = stretch.is_full or not is_last
        return Turn(
            state="behind" if is_behind else "idle",
            sent=sent,
            refused=len(refused),
            words=words,
            wait_s=0.0 if is_behind else POLL_S,
        )

    def waiting(self) -> int:
        """Return how many messages of the journal that is read now are not sent yet.

        Raises
        ------
        JournalError
            If the journal cannot be read.
        """
        return self._tape.waiting(self._place)

    def close(self) -> None:
        """Close the journal."""
        self._tape.close()

    def _found(self, tape: Tape) -> Place:
        """Return how far the store has got in a journal; one without a name if it fits."""
        place = self._cursor.place(self._store.name, tape.name)
        unnamed = self._cursor.place(self._store.name, "")
        if place is None and unnamed is not None and tape.holds(unnamed):
            return unnamed
        return place or Place()

    def _follow(self) -> Turn:
        """Go on with the next journal of the name."""
        if not self._aside and self._tape.path == self._journal and self._tape.is_replaced:
            self._aside.extend(set_aside_files(self._journal))
        path = self._aside.popleft() if self._aside else self._journal
        try:
            tape = Tape(path)
        except JournalError as fault:
            if path == self._journal:
                # It is being made; the one before it has been sent to its end.
                return Turn(state="idle", wait_s=POLL_S)
            return self._given_up(f"file:{path.name}", fault)
        self._tape.close()
        self._tape, self._place = tape, self._found(tape)
        return Turn(state="behind")

    def _given_up(self, name: str, fault: JournalError) -> Turn:
        """Write down, once, that a journal that was set aside cannot be read any further."""
        if self._cursor.place(self._store.name, name) == UNREADABLE:
            return self._follow()
        words = f"{fault.path.name}: {fault.reason}; what is behind {self._place} was not sent"
        self._cursor.move(self._store.name, name, UNREADABLE, [("", words)])
        follows = self._follow()
        return replace(follows, words=words, refused=1)

    def _held(self, answer: Answer) -> Turn:
        wait_s = min(BACKOFF_FIRST_S * 2**self._failures, BACKOFF_LAST_S)
        self._failures = min(self._failures + 1, 10)
        if answer.retry_after_s is not None:
            wait_s = max(wait_s, answer.retry_after_s)
        state: dict[Verdict, State] = {"later": "waiting", "forbidden": "forbidden"}
        return Turn(state=state[answer.verdict], words=answer.words, wait_s=wait_s)


def delivered(
    write: Callable[[Sequence[Point]], Answer],
    points: Sequence[Point],
    refused: list[tuple[str, str]],
) -> Answer | None:
    """Send points, halving a batch of which part is not taken; None once all are dealt with.

    Single points that are not taken are added to ``refused`` with the words of the store. An
    answer that is returned stopped the work: the same points are to be sent again later.
    """
    if not points:
        return None
    answer = write(points)
    match answer.verdict:
        case "kept":
            return None
        case "later" | "forbidden":
            return answer
    if len(points) == 1:
        refused.append((line_of(points[0]), answer.words))
        return None
    middle = len(points) // 2
    for half in (points[:middle], points[middle:]):
        stopped = delivered(write, half, refused)
        if stopped is not None:
            return stopped
    return None
