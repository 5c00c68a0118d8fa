"""What the side books say about a bed, for the people who read an alert: they decide nothing."""

from typing import Final

from detectors.book_verdicts import NO_POINTS
from detectors.books import Says
from monitor.facts.effects import BookSays, BookWord
from monitor.ward.bedside import Bedside
from monitor.ward.judged import Judged
from monitor.ward.ward_state import WardState

WORDS: Final[dict[int, BookWord]] = {
    int(Says.NO): "no",
    int(Says.NOT_APPLICABLE): "not-applicable",
    int(Says.NOT_ASSESSABLE): "not-assessable",
    int(Says.UNDEFINED): "undefined",
    int(Says.YES): "yes",
}

YES: Final = int(Says.YES)


def opinions(state: WardState, bed: Bedside, judged: Judged | None = None) -> tuple[BookSays, ...]:
    """Return what every side book says about a bed as it stands, but those nobody asked for.

    Of a bed that is not watched there is nothing to say. ``judged`` are the beds among which it
    was just judged, where there are any.
    """
    table = state.shelf.table
    if not table.books or not state.detection.judging[bed.row]:
        return ()
    if judged is None:
        judged = Judged.alone(state, bed)
    found, place = judged.verdicts, judged.place(bed)
    signs: dict[int, list[str]] = {}
    for (owner, sign), says in zip(table.findings, found.finding[place].tolist(), strict=True):
        if says == YES:
            signs.setdefault(owner, []).append(sign)
    columns = zip(
        table.books,
        found.verdict[place].tolist(),
        found.grade[place].tolist(),
        found.points[place].tolist(),
        found.at_least[place].tolist(),
        strict=True,
    )
    return tuple(
        BookSays(
            book=book.name,
            says=WORDS[verdict],
            signs=tuple(signs.get(number, ())),
            grade=grade or None,
            points=None if points == NO_POINTS else points,
            at_least=at_least,
        )
        for number, (book, verdict, grade, points, at_least) in enumerate(columns)
        if not book.on_request
    )
