"""What the side books say about a bed, for the people who read an alert: they decide nothing."""

from typing import Final

import numpy as np

from detectors.book_table import FACTS, BookTable
from detectors.book_verdicts import NO_POINTS, BookVerdicts
from detectors.books import Consciousness, Says
from detectors.channels import CENTI, MISSING, Int32
from monitor.facts.effects import BookSays, BookWord
from monitor.ward.bedside import Bedside
from monitor.ward.ward_state import WardState

WORDS: Final[dict[Says, BookWord]] = {
    Says.NO: "no",
    Says.NOT_APPLICABLE: "not-applicable",
    Says.NOT_ASSESSABLE: "not-assessable",
    Says.UNDEFINED: "undefined",
    Says.YES: "yes",
}


def opinions(state: WardState, bed: Bedside) -> tuple[BookSays, ...]:
    """Return what every side book says about a bed as it stands, but those nobody asked for.

    Of a bed that is not watched there is nothing to say.
    """
    table = state.shelf.table
    if not table.books or not state.detection.judging[bed.row]:
        return ()
    row = np.array([bed.row], np.int32)
    found = state.shelf.verdicts(state.detection, row, facts(bed))
    return tuple(
        _says(table, found, number)
        for number, book in enumerate(table.books)
        if not book.on_request
    )


def facts(bed: Bedside) -> Int32:
    """Return what people have charted for the books, shape (1, fact), in hundredths.

    MISSING where nobody has said it. It stands until it is charted otherwise.
    """
    said = {
        "oxygen": MISSING if bed.on_oxygen is None else CENTI * bed.on_oxygen,
        "consciousness": MISSING
        if bed.consciousness is None
        else int(Consciousness[bed.consciousness.upper()]),
    }
    return np.array([[said[fact] for fact in FACTS]], np.int32)


def _says(table: BookTable, found: BookVerdicts, number: int) -> BookSays:
    points, grade = int(found.points[0, number]), int(found.grade[0, number])
    scored = points != NO_POINTS
    signs = tuple(
        sign
        for index, (owner, sign) in enumerate(table.findings)
        if owner == number and found.finding[0, index] == Says.YES
    )
    return BookSays(
        book=table.books[number].name,
        says=WORDS[Says(int(found.verdict[0, number]))],
        signs=signs,
        grade=grade or None,
        points=points if scored else None,
        at_least=bool(found.at_least[0, number]),
    )
