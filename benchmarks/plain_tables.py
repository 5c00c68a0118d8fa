"""The parameters of the plain peer: lists of plain numbers, sorted so that the search is short."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.plain_pictures import PlainPictures
from detectors.ages import NO_END
from detectors.channels import N_CHANNELS
from detectors.detection import DetectionParams
from detectors.rulebook import AGE_COLUMN, Rule, linear_form

Terms = tuple[tuple[int, int], ...]
"""Channels and their weights."""


@dataclass(frozen=True, slots=True)
class PlainClause:
    """A clause: it holds where the weighted values and baselines reach a threshold.

    ``held`` is the threshold while hysteresis holds the sign.
    """

    values: Terms
    bases: Terms
    per_year: int
    threshold: int
    held: int


@dataclass(frozen=True, slots=True)
class PlainRule:
    """A rule with its grade; off while ``unless`` has a baseline (-1: never off)."""

    grade: int
    clauses: tuple[PlainClause, ...]
    unless: int
    from_centi: int
    below_centi: int

    def speaks_of(self, age_centi: int | None) -> bool:
        """Return whether it speaks of an age; one that is not known is an adult's."""
        if age_centi is None:
            return self.below_centi == NO_END
        return self.from_centi <= age_centi < self.below_centi


@dataclass(frozen=True, slots=True)
class SignRules:
    """One sign: its rules from the worst down, and everything else that decides it."""

    rules: tuple[PlainRule, ...]
    bypass: tuple[PlainRule, ...]
    alone: tuple[PlainRule, ...]
    channels: tuple[int, ...]
    persist_ms: int
    clear_ms: int
    group: int


class Tables:
    """Everything that a plain bed is told."""

    def __init__(self, params: DetectionParams) -> None:
        self.slack = params.hysteresis_centi.tolist()
        self.n_signs = len(params.signs)
        limits = params.limits
        self.impossible = _pairs(limits.impossible_below.tolist(), limits.impossible_above.tolist())
        self.suspicious = _pairs(limits.suspicious_below.tolist(), limits.suspicious_above.tolist())
        self.change = _pairs(limits.change_centi.tolist(), limits.change_ms.tolist())
        self.narrow = [
            (row.sbp_from_centi, row.sbp_below_centi, row.least_centi)
            for row in params.pulse_pressure
        ]
        self.least_readings = params.baseline.least_readings
        self.rest_ms = params.baseline.rest_ms
        self.disturbing = [params.signs.index(sign) for sign in params.baseline.not_during]
        self.spacing_ms = params.baseline.spacing_ms.tolist()
        self.doubt_centi = params.baseline.doubt_centi.tolist()
        self.valid_ms = params.valid_ms.tolist()
        self.corroborating = params.corroborating_grade
        self.alone_within_ms = params.alone_within_ms
        self.signs = [self._sign(params, index) for index in range(self.n_signs)]
        self.signs_of = [
            [i for i, sign in enumerate(self.signs) if channel in sign.channels]
            for channel in range(N_CHANNELS)
        ]
        self.pictures = PlainPictures(params)
        self.history_spacing_ms = params.history_spacing_ms.tolist()

    def _sign(self, params: DetectionParams, index: int) -> SignRules:
        name = params.signs[index]
        rules = sorted((r for r in params.book.rules if r.sign == name), key=lambda r: -r.grade)
        return SignRules(
            rules=tuple(self._rule(rule) for rule in rules),
            bypass=tuple(self._rule(rule) for rule in params.bypass if rule.sign == name),
            alone=tuple(self._rule(rule) for rule in params.alone if rule.sign == name),
            channels=tuple(sorted({c for r in rules for one in r.clauses for c in one.channels})),
            persist_ms=int(params.confirmation.persist_ms[index]),
            clear_ms=int(params.confirmation.clear_ms[index]),
            group=int(params.group[index]),
        )

    def _rule(self, rule: Rule) -> PlainRule:
        clauses = []
        for clause in rule.clauses:
            form, threshold = linear_form(clause)
            values = _terms(form[:N_CHANNELS])
            slack = sum(abs(weight) * self.slack[channel] for channel, weight in values)
            clauses.append(
                PlainClause(
                    values=values,
                    bases=_terms(form[N_CHANNELS : 2 * N_CHANNELS]),
                    per_year=form[AGE_COLUMN],
                    threshold=threshold,
                    held=threshold - slack,
                )
            )
        unless = int(rule.clauses[0].channel) if rule.unless_baseline else -1
        return PlainRule(
            grade=rule.grade,
            clauses=tuple(clauses),
            unless=unless,
            from_centi=rule.ages.from_centi,
            below_centi=rule.ages.below_centi,
        )


def _terms(weights: Sequence[int]) -> Terms:
    return tuple((channel, weight) for channel, weight in enumerate(weights) if weight)


def _pairs(low: Sequence[int], high: Sequence[int]) -> list[tuple[int, int]]:
    return list(zip(low, high, strict=True))
