"""Why nothing fires at a bed: how near each rule is, and which rules cannot be judged.

The counterpart of :mod:`detectors.explanation`, from the same integer forms. How near a rule is,
is the part of the way from the baseline to its limit that the value has gone, as two whole
numbers of hundredths: nothing is divided, and fractions are compared exactly.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, NamedTuple

import numpy as np

from detectors.active_book import valid_values
from detectors.ages import age_in_force
from detectors.baseline import baseline_doubt
from detectors.channels import MISSING, N_CHANNELS
from detectors.detection import Detection
from detectors.explanation import ClauseReason, clause_reason
from detectors.rulebook import AGE_COLUMN, Rule, linear_form

Lack = Literal["value", "too-old", "baseline", "age"]

NOT_KNOWN: Final = Fraction(-1)
"""Stands, in an order, for a way that cannot be told because there is no baseline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A rule that can be judged and does not hold.

    Attributes
    ----------
    rule : Rule
    clause : ClauseReason
        The clause that is furthest from its limit; its margin is negative.
    gone_centi, way_centi : int, [hundredths of the channel's unit]
        How far the value has gone from the baseline towards the limit, and how far the limit is
        from the baseline. Both MISSING where there is no baseline, or it lies beyond the limit;
        ``gone_centi`` is negative for a value on the other side of the baseline.
    """

    rule: Rule
    clause: ClauseReason
    gone_centi: int
    way_centi: int

    @property
    def share(self) -> Fraction:
        """The part of the way that is gone, below 1; :data:`NOT_KNOWN` without a baseline."""
        if self.way_centi == MISSING:
            return NOT_KNOWN
        return max(Fraction(self.gone_centi, self.way_centi), Fraction(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Off:
    """A rule that cannot be judged, and what it lacks: channel and kind of every lack."""

    rule: Rule
    lacks: tuple[tuple[int, Lack], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearness:
    """The nearest rule of each sign, nearest first, and the rules that are off."""

    nearest: tuple[Near, ...]
    off: tuple[Off, ...]


class _Seen(NamedTuple):
    """What is known of a bed: columns of a form, doubt of baselines, rises explained, no noise."""

    known: list[int]
    doubt: list[int]
    explained: list[int]
    noise: list[int]


def nearness(detection: Detection, bed: int) -> Nearness:
    """Return how near the rules of the active book are at one bed.

    Parameters
    ----------
    detection : Detection
        The state.
    bed : int
        Row of the bed.

    Returns
    -------
    Nearness
        Rules of other ages, rules that hold, and rules that a baseline has made needless are
        left out.
    """
    row = np.array([bed], np.int32)
    known = np.concatenate(
        [
            valid_values(detection.params, detection, row)[0],
            detection.baseline_centi[bed],
            age_in_force(detection.age_centi[row]),
        ]
    ).tolist()
    explained = detection.active.explained(detection, row)[0].tolist()
    doubt = baseline_doubt(detection.params.baseline, detection.window.count[row])[0].tolist()
    speaks = detection.active.forms.ages.speak_of(detection.age_centi[row])[0].tolist()
    nearest: dict[str, Near] = {}
    off: list[Off] = []
    for rule, is_of_age in zip(detection.params.book.rules, speaks, strict=True):
        first = N_CHANNELS + rule.clauses[0].channel
        if not is_of_age or (rule.unless_baseline and known[first] != MISSING):
            continue
        lacks = _lacks(detection, bed, rule, known)
        if lacks:
            off.append(Off(rule=rule, lacks=lacks))
            continue
        near = _near(detection, bed, rule, _Seen(known, doubt, explained, [MISSING] * N_CHANNELS))
        if near is None:
            continue
        before = nearest.get(rule.sign)
        if before is None or _order(near) > _order(before):
            nearest[rule.sign] = near
    found = sorted(nearest.values(), key=_order, reverse=True)
    return Nearness(nearest=tuple(found), off=tuple(off))


def _order(near: Near) -> tuple[Fraction, int]:
    """Nearer rules come first; without a baseline the ones that miss by fewer hundredths."""
    return near.share, near.clause.margin_centi


def _lacks(
    detection: Detection, bed: int, rule: Rule, known: list[int]
) -> tuple[tuple[int, Lack], ...]:
    """Return what the clauses of a rule need and do not have, each once."""
    found: dict[tuple[int, Lack], None] = {}
    for clause in rule.clauses:
        form, _ = linear_form(clause)
        for column, weight in enumerate(form):
            if weight and known[column] == MISSING:
                found[column % N_CHANNELS, _lack(detection, bed, column)] = None
    return tuple(found)


def _lack(detection: Detection, bed: int, column: int) -> Lack:
    if column == AGE_COLUMN:
        return "age"
    if column >= N_CHANNELS:
        return "baseline"
    return "value" if detection.value_centi[bed, column] == MISSING else "too-old"


def _near(detection: Detection, bed: int, rule: Rule, seen: _Seen) -> Near | None:
    """Return how near a rule is by its furthest clause; None if all of them hold."""
    ways = [
        _way(rule, reason, seen.known)
        for clause in rule.clauses
        if (reason := clause_reason(detection, bed, clause, *seen)).margin_centi < 0
    ]
    return min(ways, key=_order) if ways else None


def _way(rule: Rule, reason: ClauseReason, known: list[int]) -> Near:
    """Return the way of one clause from the baseline of its channel to its limit."""
    base = known[N_CHANNELS + reason.clause.channel]
    towards = 1 if reason.limit_centi > reason.value_centi else -1
    way = towards * (reason.limit_centi - base)
    has_way = base != MISSING and way > 0
    return Near(
        rule=rule,
        clause=reason,
        gone_centi=towards * (reason.value_centi - base) if has_way else MISSING,
        way_centi=way if has_way else MISSING,
    )
