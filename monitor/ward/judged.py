"""Some beds right after a round: what explains them, gathered for all of them at once.

Explaining one bed costs nearly the same passes over arrays as explaining many. So everything that
comes from arrays is found for all beds of a round together, when the first of them needs it, and
not at all if none does. Nothing is kept beyond the round: the next reading changes it.
"""

from functools import cached_property

import numpy as np

from detectors.book_table import FACTS
from detectors.book_verdicts import BookVerdicts
from detectors.books import Consciousness
from detectors.channels import CENTI, MISSING, Int8, Int32
from detectors.departures import Departures, departures
from detectors.evidence import Standing
from detectors.explanation import Grounds, grounds
from monitor.ward.bedside import Bedside
from monitor.ward.ward_state import WardState


class Judged:
    """Beds that stand as they were last judged; good until something about one of them changes.

    Attributes
    ----------
    bed : int32 array, shape (row,)
        Rows of the beds in the ward.
    """

    def __init__(self, state: WardState, bed: Int32) -> None:
        self._state = state
        self.bed = bed
        self._place = {row: place for place, row in enumerate(bed.tolist())}

    @classmethod
    def alone(cls, state: WardState, bed: Bedside) -> "Judged":
        """Return one bed by itself."""
        return cls(state, np.array([bed.row], np.int32))

    def place(self, bed: Bedside) -> int:
        """Return which row of everything here is that of a bed."""
        return self._place[bed.row]

    @cached_property
    def signs(self) -> Int8:
        """Confirmed grade of every sign, shape (row, sign)."""
        return self._state.detection.signs_of(self.bed)

    @cached_property
    def grade(self) -> list[int]:
        """Confirmed grade, one a row."""
        grade: list[int] = self._state.detection.grade_of(self.bed).tolist()
        return grade

    @cached_property
    def recent(self) -> Int8:
        """Highest grade of every sign that is not forgotten, shape (row, sign)."""
        return self._state.detection.evidence.recent(self._state.detection, self.bed)

    @cached_property
    def grounds(self) -> Grounds:
        """What decides about the beds."""
        return grounds(self._state.detection, self.bed)

    @cached_property
    def standing(self) -> Standing:
        """What speaks for their pictures."""
        return self._state.detection.evidence.standing(self._state.detection, self.bed, self.signs)

    @cached_property
    def departures(self) -> Departures:
        """How far they have moved."""
        return departures(self._state.detection, self.bed)

    @cached_property
    def verdicts(self) -> BookVerdicts:
        """What every side book says about them."""
        said = [facts(self._state.beds[row]) for row in self.bed.tolist()]
        return self._state.shelf.verdicts(self._state.detection, self.bed, np.array(said, np.int32))


def facts(bed: Bedside) -> list[int]:
    """Return what people have charted for the books, one number a fact, in hundredths.

    MISSING where nobody has said it. It stands until it is charted otherwise.
    """
    said = {
        "oxygen": MISSING if bed.on_oxygen is None else CENTI * bed.on_oxygen,
        "consciousness": MISSING
        if bed.consciousness is None
        else int(Consciousness[bed.consciousness.upper()]),
    }
    return [said[fact] for fact in FACTS]
