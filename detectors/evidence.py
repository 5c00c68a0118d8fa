"""Evidence: which of the pictures that hold leads, and what would decide between more.

Rows of signs say that a pattern holds and how grave it is at least; clues say how well each is
supported. The grade comes from the signs and from every row that holds, the name from the best
supported of the gravest, so evidence can give a reaction another name and never a lower grade.
Strengths, points and sums are whole numbers.
"""

from dataclasses import dataclass

import numpy as np

from detectors.active_book import valid_values
from detectors.beds import Beds
from detectors.channels import Bool, Int8, Int32
from detectors.clue_table import ClueTable, Strengths
from detectors.clues import Clue
from detectors.memory import noted, recent_grade
from detectors.parameters import DetectionParams
from detectors.patterns import (
    NO_PATTERN,
    Matches,
    PatternRow,
    foremost_rows,
    is_contested,
    leading_row,
    lifted_grade,
    matched_rows,
    pattern_table,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """What some beds look like.

    Attributes
    ----------
    leading : int32 array, shape (bed,)
        Row of the pattern that leads; NO_PATTERN where none holds.
    floor : int8 array, shape (bed,)
        Grade to which the rows that hold lift the bed.
    """

    leading: Int32
    floor: Int8


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What one clue gives to a pattern, in hundredths of a point; negative speaks against it."""

    clue: Clue
    weight_centi: int
    percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """One pattern that holds at a bed, and what speaks for it.

    Attributes
    ----------
    pattern : str
    leads : bool
        It gives the bed its name.
    weight_centi : int
        Sum of the contributions.
    contributions : tuple of Contribution
        The strongest first.
    unknown : tuple of Clue
        Clues that bear on it and cannot be judged.
    """

    pattern: str
    leads: bool
    weight_centi: int
    contributions: tuple[Contribution, ...]
    unknown: tuple[Clue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What speaks for the pictures of some beds as they stand.

    Attributes
    ----------
    named : bool array, shape (bed, row of the pattern table)
        The row may give its name.
    strengths : Strengths
        How strong each clue is.
    """

    named: Bool
    strengths: Strengths


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A sign that nobody has looked at, and the graver picture that it would make."""

    sign: str
    pattern: str
    floor: int


class Evidence:
    """The patterns and clues of a site, ready to look at beds."""

    def __init__(self, params: DetectionParams, reads: Bool) -> None:
        self.params = params
        self.reads = reads
        self.table = pattern_table(params.patterns, params.signs)
        measured = reads.sum(axis=1) > 0
        self.clues = ClueTable(params.clues, params.signs, self.table.names, measured)
        self._bearing = [
            [(i, points) for i, points in enumerate(column) if points]
            for column in self.clues.points.T.astype(int).tolist()
        ]

    @property
    def has_rest(self) -> bool:
        """A bed without signs has no picture: every row asks for a sign."""
        asked = self.table.every + self.table.some
        return bool((asked.sum(axis=0) > 0).all())

    def pictures(self, beds: Beds, bed: Int32, grade: Int8) -> Pictures:
        """Remember the signs of some beds and return what they look like.

        Parameters
        ----------
        beds : Beds
            The state; its memory of signs takes the judgement.
        bed : int32 array, shape (row,)
            Rows of the beds, each at most once.
        grade : int8 array, shape (row, sign)
            Confirmed grade of each sign.

        Returns
        -------
        Pictures
        """
        since_ms, at_ms = beds.track.since_ms[bed, :, 0], beds.at_ms[bed]
        memory = noted(beds.memory.rows(bed), grade, since_ms, at_ms, self.params.memory_ms)
        beds.memory.put(bed, memory)
        matches = self._matches(beds, bed, grade)
        foremost = foremost_rows(self.table, matches)
        weight = np.zeros((len(bed), len(self.table.names)), np.int32)
        contested = np.flatnonzero(is_contested(self.table, foremost))
        if contested.size and self.params.clues:
            weight[contested] = self.weights(beds, bed[contested])
        return Pictures(
            leading=leading_row(
                self.table, foremost, weight, beds.pattern[bed], self.params.inertia_centi
            ),
            floor=lifted_grade(self.table, matches),
        )

    def _matches(self, beds: Beds, bed: Int32, grade: Int8) -> Matches:
        since_ms, at_ms = beds.track.since_ms[bed, :, 0], beds.at_ms[bed]
        return matched_rows(
            self.table,
            grade,
            self.recent(beds, bed),
            since_ms,
            beds.rate_step_ms[bed],
            beds.context[bed],
            at_ms,
        )

    def standing(self, beds: Beds, bed: Int32, grade: Int8) -> Standing:
        """Return what speaks for the pictures of some beds, gathered for all of them at once.

        Parameters
        ----------
        beds : Beds
            The state, after its judgement.
        bed : int32 array, shape (row,)
            Rows of the beds.
        grade : int8 array, shape (row, sign)
            Confirmed grade of each sign.
        """
        valid = valid_values(self.params, beds, bed)
        return Standing(
            named=self._matches(beds, bed, grade).named,
            strengths=self.clues.strengths(beds, bed, valid, self.params.memory_ms),
        )

    def recent(self, beds: Beds, bed: Int32) -> Int8:
        """Highest grade of each sign at some beds that is not forgotten, shape (row, sign)."""
        return recent_grade(beds.memory.rows(bed), beds.at_ms[bed], self.params.memory_ms)

    def questions(
        self, beds: Beds, row: int, grade: Int8, unseen: frozenset[str], recent: Int8 | None = None
    ) -> tuple[Question, ...]:
        """Return what would lift the grade of one bed if it were there, and is not known.

        Parameters
        ----------
        beds : Beds
            The state, after its judgement.
        row : int
            Row of the bed.
        grade : int8 array, shape (1, sign)
            Confirmed grade of each sign.
        unseen : frozenset of str
            Signs that were not measured of late, or that nobody has looked for.
        recent : int8 array, shape (1, sign), optional
            From :meth:`recent`, where it was found already.

        Returns
        -------
        tuple of Question
            One for each sign, with the gravest picture that it would make; the gravest first.
        """
        if recent is None:
            recent = self.recent(beds, np.array([row], np.int32))
        late = dict(zip(self.params.signs, recent[0].tolist(), strict=True))
        now = max(int(grade.max(initial=0)), int(beds.floor[row]))
        found: dict[str, Question] = {}
        for one in self.params.patterns:
            if one.floor <= now or not _fits(one, beds.context[row]):
                continue
            for sign in _open_signs(one, late, unseen):
                if sign not in found or found[sign].floor < one.floor:
                    found[sign] = Question(sign=sign, pattern=one.name, floor=one.floor)
        return tuple(sorted(found.values(), key=lambda one: (-one.floor, one.sign)))

    def weights(self, beds: Beds, bed: Int32) -> Int32:
        """Evidence for each pattern at some beds, shape (row, pattern), hundredths of a point."""
        valid = valid_values(self.params, beds, bed)
        return self.clues.weights(
            self.clues.strengths(beds, bed, valid, self.params.memory_ms).percent
        )

    def supports(
        self, beds: Beds, row: int, grade: Int8, of: Standing | None = None, place: int = 0
    ) -> tuple[Support, ...]:
        """Return the patterns that hold at one bed with what speaks for each, the leading first.

        A fallback is left out where nothing speaks for it and something else holds.

        Parameters
        ----------
        beds : Beds
            The state, after its judgement.
        row : int
            Row of the bed.
        grade : int8 array, shape (1, sign)
            Confirmed grade of each sign.
        of : Standing, optional
            What speaks for the pictures of some beds, where it was gathered already.
        place : int
            Which of them this bed is.
        """
        if of is None:
            of = self.standing(beds, np.array([row], np.int32), grade)
        lead = int(beds.pattern[row])
        percent = of.strengths.percent[place].tolist()
        unknown = of.strengths.unknown[place].tolist()
        rows = np.flatnonzero(of.named[place])
        serious = set(self.table.pattern[rows[~self.table.fallback[rows]]].tolist())
        supports = []
        for index in sorted(set(self.table.pattern[rows].tolist())):
            bearing = self._bearing[index]
            given = [
                Contribution(
                    clue=self.params.clues[i], weight_centi=points * percent[i], percent=percent[i]
                )
                for i, points in bearing
                if percent[i]
            ]
            leads = lead != NO_PATTERN and int(self.table.pattern[lead]) == index
            total = sum(one.weight_centi for one in given)
            if not (leads or index in serious or total > 0):
                continue
            supports.append(
                Support(
                    pattern=self.table.names[index],
                    leads=leads,
                    weight_centi=total,
                    contributions=tuple(sorted(given, key=lambda one: -abs(one.weight_centi))),
                    unknown=tuple(self.params.clues[i] for i, _ in bearing if unknown[i]),
                )
            )
        return tuple(sorted(supports, key=lambda one: (not one.leads, -one.weight_centi)))


def _fits(row: PatternRow, context: Bool) -> bool:
    """Return whether nothing but signs keeps a row from holding."""
    timed = row.lasting_ms or row.after_rate_step_ms
    return not timed and all(context[flag] for flag in row.flags)


def _open_signs(row: PatternRow, late: dict[str, int], unseen: frozenset[str]) -> tuple[str, ...]:
    """Return the signs that a row still needs, if some are there and the others are not known."""
    met = [sign for sign, least in (*row.every, *row.some) if late[sign] >= least]
    needed = [sign for sign, least in row.every if late[sign] < least]
    if not met or any(sign not in unseen for sign in needed):
        return ()
    if not row.some or any(late[sign] >= least for sign, least in row.some):
        return tuple(needed)
    any_of = [sign for sign, _ in row.some if sign in unseen]
    return (*needed, *any_of) if any_of else ()
