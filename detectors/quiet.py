"""The quick look: which messages can change nothing about a bed, found without judging it.

Almost always almost every bed is well. For each bed and channel there is a range of values in
which nothing is implausible and no rule of the book can hold, given the bed's baseline. A bed
that shows nothing, and whose values lie in their ranges, would come out of the full judgement
as it went in; so it is enough to keep its readings. The look is one-sided: it may send a bed to
the full judgement that did not need it, never the other way round.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from detectors.ages import AgeBands, age_in_force
from detectors.channels import MISSING, N_CHANNELS, Bool, Flag, Int32, Int64, UInt16
from detectors.quality import (
    PRESSURES,
    ChannelLimits,
    PulsePressureRow,
    contradicted_pressures,
    mean_as_systolic,
    narrow_pulse_pressure,
)
from detectors.rulebook import (
    AGE_COLUMN,
    DANGEROUS_GRADE,
    N_COLUMNS,
    Rule,
    RuleBook,
    linear_form,
)
from detectors.spans import picked

OUT_OF_REACH: Final = int(np.iinfo(np.int32).max)
"""A limit that no value reaches; its negative on the other side."""

FAR_OUT_OF_REACH: Final = 2**62
"""The same for sums of values with large weights."""

N_FIXED: Final = N_COLUMNS - N_CHANNELS
"""Columns of a linear form that a reading does not change: baselines and what follows them."""

AGE_FIXED: Final = AGE_COLUMN - N_CHANNELS
"""Which of those is the age."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The messages of a round beside what is known, all of shape (row, channel) but the beds.

    ``at`` is :func:`detectors.spans.span` of ``bed``; ``after_centi`` is what is known if every
    newer reading is believed.
    """

    bed: Int32
    at: slice | Int32
    value_centi: Int32
    flags: UInt16
    before_centi: Int32
    after_centi: Int32


class QuietRanges:
    """What every bed's values must stay clear of, kept up with baselines and ages.

    A rule needs all of its clauses, so some of them are enough to say where it cannot hold.
    Clauses on one side of one channel become a bound of that channel; a rule that has none,
    because it compares channels with each other, is kept as its first clause.
    """

    def __init__(self, book: RuleBook, limits: ChannelLimits, n_beds: int) -> None:
        chosen = [_bounding(rule) for rule in book.rules]
        self._bounds = [some for some in chosen if len(some[0].channels) == 1]
        self._joint = [some[0] for some in chosen if len(some[0].channels) != 1]
        below = np.maximum(limits.impossible_below, limits.suspicious_below).astype(np.int64) - 1
        above = np.minimum(limits.impossible_above, limits.suspicious_above).astype(np.int64) + 1
        self._plausible = below, above
        self._fixed: Int32 = np.full((n_beds, N_FIXED), MISSING, np.int32)
        self._low: Int32 = np.empty((n_beds, N_CHANNELS), np.int32)
        self._high: Int32 = np.empty((n_beds, N_CHANNELS), np.int32)
        self._rest: Int64 = np.empty((n_beds, len(self._joint)), np.int64)
        self._find(np.arange(n_beds, dtype=np.int32))

    def _find(self, bed: Int32) -> None:
        """Find the ranges of some beds from what is fixed about them."""
        fixed = self._fixed[bed].astype(np.int64)
        fixed[:, AGE_FIXED] = age_in_force(self._fixed[bed, AGE_FIXED])
        low, high = (np.tile(limit, (len(bed), 1)) for limit in self._plausible)
        for some in self._bounds:
            channel, weight = some[0].channels[0], some[0].weights[0]
            bounds = [-((-one.rest(fixed)) // abs(one.weights[0])) for one in some]
            bound = np.max(bounds, axis=0)
            if some[0].stands_in:
                bound = np.where(fixed[:, channel] == MISSING, bound, FAR_OUT_OF_REACH)
            bound = np.where(some[0].speaks(fixed), bound, FAR_OUT_OF_REACH)
            if weight > 0:
                np.minimum(high[:, channel], bound, out=high[:, channel])
            else:
                np.maximum(low[:, channel], -bound, out=low[:, channel])
        self._low[bed] = np.clip(low, -OUT_OF_REACH, OUT_OF_REACH)
        self._high[bed] = np.clip(high, -OUT_OF_REACH, OUT_OF_REACH)
        for index, one in enumerate(self._joint):
            rest = np.where(one.speaks(fixed), one.rest(fixed), FAR_OUT_OF_REACH)
            self._rest[bed, index] = rest

    def follow(self, bed: Int32, at: slice | Int32, fixed: Int32) -> None:
        """Keep up with the baselines and ages of some beds, shape (row, fixed column)."""
        changed = fixed != picked(self._fixed, at)
        if changed.any():
            rows = rows_with(changed)
            self._fixed[bed[rows]] = fixed[rows]
            self._find(bed[rows])

    def outside(self, at: slice | Int32, *values_centi: Int32) -> Bool:
        """Where a value lies outside its range, shape (row, channel); MISSING lies nowhere."""
        low, high = picked(self._low, at), picked(self._high, at)
        marks = np.zeros(low.shape, np.bool_)
        for value_centi in values_centi:
            found = (value_centi <= low) | (value_centi >= high)
            marks |= found & (value_centi != MISSING)
        return marks

    def jointly_outside(self, at: slice | Int32, value_centi: Int32) -> Bool:
        """Where a rule that compares channels may hold, shape (row,)."""
        found = np.zeros(len(value_centi), np.bool_)
        if not self._joint:
            return found
        rest = picked(self._rest, at)
        columns = value_centi.T.astype(np.int64, order="C")
        known = columns != MISSING
        for index, one in enumerate(self._joint):
            form = np.zeros(len(value_centi), np.int64)
            holds = np.ones(len(value_centi), np.bool_)
            for channel, weight in zip(one.channels, one.weights, strict=True):
                form += weight * columns[channel]
                holds &= known[channel]
            found |= holds & (form >= rest[:, index])
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bounding:
    """A clause: it holds where ``sum(weights * values)`` is at least :meth:`rest`."""

    channels: tuple[int, ...]
    weights: tuple[int, ...]
    fixed: Int64
    threshold: int
    stands_in: bool
    ages: AgeBands

    @property
    def side(self) -> tuple[int, bool]:
        """Channel of a clause that reads only one, and whether it holds above its bound."""
        return self.channels[0], self.weights[0] > 0

    def speaks(self, fixed: Int64) -> Bool:
        """Whether its rule speaks of the ages of some beds, shape (bed,)."""
        return self.ages.speak_of(fixed[:, AGE_FIXED].astype(np.int32))[:, 0]

    def rest(self, fixed: Int64) -> Int64:
        """What the values must reach, shape (bed,); out of reach where something is missing."""
        needed = np.flatnonzero(self.fixed)
        columns = fixed[:, needed]
        rest = self.threshold - columns @ self.fixed[needed]
        missing = (columns == MISSING).any(axis=1)
        return np.where(missing, np.int64(FAR_OUT_OF_REACH), rest)


def _bounding(rule: Rule) -> list[_Bounding]:
    """Return what bounds a rule: its clauses on one side of one channel, or else any one."""
    found = []
    for clause in rule.clauses:
        form, threshold = linear_form(clause)
        channels = tuple(c for c in range(N_CHANNELS) if form[c])
        found.append(
            _Bounding(
                channels=channels,
                weights=tuple(form[c] for c in channels),
                fixed=np.array(form[N_CHANNELS:], np.int64),
                threshold=threshold,
                # A dangerous level is not excused by every baseline, so it bounds every bed.
                stands_in=rule.unless_baseline and rule.grade < DANGEROUS_GRADE,
                ages=AgeBands.of([rule.ages]),
            )
        )
    single = [one for one in found if len(one.channels) == 1]
    return [one for one in single if one.side == single[0].side] or found[:1]


def loud_rows(
    ranges: QuietRanges, change_centi: Int32, given: Look, rows: tuple[PulsePressureRow, ...]
) -> Bool:
    """Which messages need the full judgement because of their values.

    Parameters
    ----------
    ranges : QuietRanges
        Of the beds as they are now.
    change_centi : int32 array, shape (channel,)
        The largest change that no gate looks at.
    given : Look
        The messages of a round.
    rows : tuple of PulsePressureRow
        Artefact table of pulse pressures.

    Returns
    -------
    bool array, shape (row,)
        False only where every reading is plausible and not doubted, moved little, and no rule
        can hold for what is known after it.
    """
    present = given.value_centi != MISSING
    # Where there was no value before, the difference is meaningless and the bed is looked at.
    marks = np.abs(given.value_centi - given.before_centi) > change_centi
    if given.flags.any():
        marks |= (given.flags & Flag.QUESTIONABLE) != 0
    marks &= present
    marks |= ranges.outside(given.at, given.value_centi, given.after_centi)
    found = rows_with(marks) | ranges.jointly_outside(given.at, given.after_centi)
    cuffs = np.flatnonzero(rows_with(present[:, list(PRESSURES)]))
    if cuffs.size:
        readings = given.value_centi[cuffs]
        found[cuffs] |= contradicted_pressures(readings) | mean_as_systolic(readings)
        found[cuffs] |= narrow_pulse_pressure(rows, readings)
    return found


def rows_with(marks: Bool) -> Bool:
    """Return which rows have a mark; quicker than ``any(axis=1)`` where marks are rare."""
    found = np.zeros(len(marks), np.bool_)
    found[np.flatnonzero(marks) // max(marks.shape[1], 1)] = True
    return found
