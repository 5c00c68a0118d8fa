"""Clues as arrays: how strong each is at some beds, and what they weigh for each pattern."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from detectors.beds import Beds
from detectors.channels import N_CHANNELS, NEVER, Bool, Float, Int8, Int32, Int64
from detectors.clues import Clue, Slope
from detectors.context import N_FLAGS, ContextFlag
from detectors.excursions import since_rate_step_ms
from detectors.history import Recent
from detectors.memory import FULL, SignMemory, strength
from detectors.rulebook import Rule, RuleBook, forms, judged
from detectors.trends import slope_at_least, with_newest
from detectors.truth import Truth

Rows: TypeAlias = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Strengths:
    """How strong each clue is at some beds.

    Attributes
    ----------
    percent : int32 array, shape (bed, clue)
        0 where it does not hold, :data:`detectors.memory.FULL` where it holds now.
    unknown : bool array, shape (bed, clue)
        A comparison that it needs cannot be judged, and nothing else keeps it from holding.
    """

    percent: Int32
    unknown: Bool


class ClueTable:
    """The clues of a site as arrays over signs, rules and patterns.

    Attributes
    ----------
    clues : tuple of Clue
    points : float64 array, shape (clue, pattern), [1]
        Whole numbers; 0 where a clue does not bear on a pattern.
    """

    def __init__(
        self,
        clues: tuple[Clue, ...],
        signs: tuple[str, ...],
        patterns: tuple[str, ...],
        measured: Bool,
    ) -> None:
        self.clues = clues
        self._measured = measured
        self.points: Float = np.zeros((len(clues), len(patterns)), np.float64)
        for index, clue in enumerate(clues):
            for name, points in clue.points:
                self.points[index, _place(name, patterns, clue)] = points
        self._there = _SignPairs.of([clue.signs for clue in clues], signs, clues)
        self._absent = _SignPairs.of([clue.absent for clue in clues], signs, clues)
        self._ordered = [
            (index, _place(clue.first, signs, clue), _place(clue.then, signs, clue))
            for index, clue in enumerate(clues)
            if clue.first
        ]
        self._compared = np.array([i for i, clue in enumerate(clues) if clue.clauses], np.intp)
        self._forms = forms(_as_book(clues), np.zeros(N_CHANNELS, np.int32))
        self._sloping = [(i, clue.slope) for i, clue in enumerate(clues) if clue.slope is not None]
        self._after_step_ms = np.array([clue.after_step_ms for clue in clues], np.int64)
        self._eased_ms = np.array([clue.eased_ms for clue in clues], np.int64)
        shape = (len(clues), N_FLAGS)
        self._flags = np.array([_flag_row(clue.flags) for clue in clues], np.bool_).reshape(shape)
        self._unless = np.array([_flag_row(clue.unless) for clue in clues], np.bool_).reshape(shape)

    def strengths(self, beds: Beds, bed: Int32, valid_centi: Int32, memory_ms: int) -> Strengths:
        """How strong each clue is at some beds as they stand.

        Parameters
        ----------
        beds : Beds
            The state, after the judgement.
        bed : int32 array, shape (row,)
            Rows of the beds.
        valid_centi : int32 array, shape (row, channel)
            Values that are young enough to be combined.
        memory_ms : int
            How long an ended sign still counts.

        Returns
        -------
        Strengths
        """
        at_ms, memory = beds.at_ms[bed], beds.memory.rows(bed)
        left = strength(memory, at_ms, memory_ms)
        percent = np.full((len(bed), len(self.clues)), FULL, np.int32)
        self._there.weaken(percent, left)
        self._absent.forbid(percent, left)
        for index, first, then in self._ordered:
            first_ms, then_ms = memory.begun_ms[:, first], memory.begun_ms[:, then]
            both = (left[:, first, 0] > 0) & (left[:, then, 0] > 0)
            # NEVER is smaller than every time, and what has no beginning came before nothing.
            percent[:, index] *= both & (first_ms != NEVER) & (first_ms < then_ms)
        percent *= self._in_course(beds, bed, memory, left)
        context = beds.context[bed][:, None, :]
        percent *= (context | ~self._flags).all(axis=-1) & ~(context & self._unless).any(axis=-1)
        unknown = np.zeros(percent.shape, np.bool_)
        found = judged(self._forms, valid_centi, beds.baseline_centi[bed], beds.age_centi[bed])
        unknown[:, self._compared] = found.unknown & (percent[:, self._compared] > 0)
        percent[:, self._compared] *= found.holds | found.unknown
        self._weigh_slopes(beds, bed, percent, unknown)
        percent[unknown] = 0
        return Strengths(percent=percent, unknown=unknown)

    def _weigh_slopes(self, beds: Beds, bed: Int32, percent: Int32, unknown: Bool) -> None:
        """Take away the clues whose slope is not there; say where nobody can tell."""
        asking = [(index, slope) for index, slope in self._sloping if percent[:, index].any()]
        if not asking:
            return
        # What was not there before is not there for its slope, so only the others are looked at.
        rows = np.flatnonzero(percent[:, [index for index, _ in asking]].any(axis=1))
        some = bed[rows]
        recent = with_newest(
            beds.history.rows(some), beds.value_centi[some], beds.measured_ms[some]
        )
        for index, slope in asking:
            there = np.flatnonzero(percent[rows, index])
            slopes = _slopes(slope, recent, there)
            unknown[rows[there], index] |= slopes == Truth.UNKNOWN
            percent[rows[there], index] *= slopes != Truth.FALSE

    def _in_course(self, beds: Beds, bed: Int32, memory: SignMemory, left: Int32) -> Bool:
        """Where the conditions about the course of the infusion hold, shape (row, clue)."""
        at_ms, step_ms, cut_ms = beds.at_ms[bed], beds.rate_step_ms[bed], beds.rate_cut_ms[bed]
        since_ms = since_rate_step_ms(at_ms, step_ms)[:, None]
        wanted = self._after_step_ms
        soon = (since_ms <= wanted) & (since_ms != NEVER)
        cut = cut_ms != NEVER
        since_cut_ms = at_ms - np.where(cut, cut_ms, at_ms)
        # It was still there after the rate was lowered, and is not there any more.
        outlived = memory.last_ms[..., 0] >= np.where(cut, cut_ms, at_ms)[:, None]
        went = outlived & ~memory.present & (left[..., 0] > 0)
        went &= (memory.begun_ms < cut_ms[:, None]) & self._measured
        some = (went.sum(axis=1) > 0) & cut
        eased = some[:, None] & (since_cut_ms[:, None] <= self._eased_ms)
        fits: Bool = ((wanted == 0) | soon) & ((self._eased_ms == 0) | eased)
        return fits

    def weights(self, percent: Int32) -> Int32:
        """Evidence for each pattern, shape (bed, pattern), in hundredths of a point."""
        weight: Int32 = (percent.astype(np.float64) @ self.points).astype(np.int32)
        return weight


@dataclass(frozen=True, slots=True, kw_only=True)
class _SignPairs:
    """Signs with least grades that some clues ask for, the pairs of a clue together."""

    clue: Int64
    first: Int64
    sign: Int64
    level: Int64

    @classmethod
    def of(
        cls, pairs: list[tuple[tuple[str, int], ...]], signs: tuple[str, ...],
        clues: tuple[Clue, ...],
    ) -> "_SignPairs":  # fmt: skip
        """Return the pairs of all clues, in the order of the clues."""
        asked = [index for index, some in enumerate(pairs) if some]
        flat = [(index, sign, grade) for index in asked for sign, grade in pairs[index]]
        counts = [len(pairs[index]) for index in asked]
        return cls(
            clue=np.array(asked, np.int64),
            first=np.cumsum([0, *counts[:-1]], dtype=np.int64)[: len(asked)],
            sign=np.array([_place(sign, signs, clues[i]) for i, sign, _ in flat], np.int64),
            level=np.array([grade - 1 for _, _, grade in flat], np.int64),
        )

    def weaken(self, percent: Int32, left: Int32) -> None:
        """Lower each clue to what is left of the weakest sign that it asks for."""
        if self.clue.size:
            some = np.minimum.reduceat(left[:, self.sign, self.level], self.first, axis=1)
            percent[:, self.clue] = np.minimum(percent[:, self.clue], some)

    def forbid(self, percent: Int32, left: Int32) -> None:
        """Take away each clue of which a sign is there or remembered."""
        if self.clue.size:
            some = np.maximum.reduceat(left[:, self.sign, self.level], self.first, axis=1)
            percent[:, self.clue] *= some == 0


def _place(name: str, names: tuple[str, ...], clue: Clue) -> int:
    if name not in names:
        raise ValueError(f"clue {clue.id!r} names {name!r}; known: {', '.join(names)}")
    return names.index(name)


def _flag_row(flags: tuple[ContextFlag, ...]) -> list[bool]:
    return [flag in flags for flag in ContextFlag]


def _as_book(clues: tuple[Clue, ...]) -> RuleBook:
    """Return the comparisons of all clues as rules of one book."""
    rules = tuple(
        Rule(id=clue.id, sign=clue.kind, grade=1, clauses=clue.clauses, source=clue.source)
        for clue in clues
        if clue.clauses
    )
    return RuleBook(name="clues", version=1, title="", rules=rules)


def _slopes(slope: Slope, recent: Recent, rows: Rows) -> Int8:
    """Whether a channel of some rows changes at least so fast, shape (row,), a :class:`Truth`."""
    return slope_at_least(
        recent.value_centi[rows, slope.channel],
        recent.measured_ms[rows, slope.channel],
        slope.centi_per_min,
        window_ms=slope.within_ms,
        least_readings=slope.least_readings,
    )
