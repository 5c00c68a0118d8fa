"""The forwarder: from the journal into a store, for as long as it takes.

It runs beside the monitor, not in it. One turn reads what lies behind the store's place, sends it
in one request and moves the place. What a database will never take is found by halving, written
down with the reason, and passed over; everything else is sent until it is kept.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from monitor.series.answers import Answer, Verdict
from monitor.series.cursor_file import CursorFile
from monitor.series.points import Point, line_of
from monitor.series.stores import SeriesStore
from monitor.series.tape import Tape

POLL_S: Final = 1.0
"""One request a second carries a ward; more of them would only be smaller."""

ROWS_PER_TURN: Final = 2_000
BACKOFF_FIRST_S: Final = 1.0
BACKOFF_LAST_S: Final = 60.0

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
    """Moves one store along one tape; :meth:`turn` does one piece of it and never waits."""

    def __init__(self, tape: Tape, store: SeriesStore, cursor: CursorFile) -> None:
        self._tape, self._store, self._cursor = tape, store, cursor
        self._place = cursor.place(store.name)
        self._failures = 0
        self.sent = 0
        self.refused = 0

    def turn(self) -> Turn:
        """Send what is behind the place, and move it once it is kept.

        Raises
        ------
        JournalError
            If the journal cannot be read.
        SeriesError
            If the place cannot be remembered.
        """
        stretch = self._tape.behind(self._place, limit=ROWS_PER_TURN)
        gaps = [("", gap) for gap in stretch.gaps]
        if stretch.place == self._place:
            return Turn(state="idle", wait_s=POLL_S)
        refused: list[tuple[str, str]] = []
        stopped = delivered(self._store.write, stretch.points, refused)
        if stopped is not None:
            return self._held(stopped)
        self._failures = 0
        self._place = stretch.place
        self._cursor.move(self._store.name, stretch.place, [*gaps, *refused])
        sent = len(stretch.points) - len(refused)
        self.sent += sent
        self.refused += len(refused)
        words = "; ".join(reason for _, reason in [*gaps, *refused][:1])
        return Turn(
            state="behind" if stretch.is_full else "idle",
            sent=sent,
            refused=len(refused),
            words=words,
            wait_s=0.0 if stretch.is_full else POLL_S,
        )

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
