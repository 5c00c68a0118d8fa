"""Slow, obvious twins of every kernel of the detection core.

Plain loops over plain numbers, written from what the kernels promise and not from how they
keep it: nothing here is multiplied out, packed into a matrix or masked. ``None`` stands for
"not known". A kernel is right when it returns what its twin returns.
"""

import operator
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from typing import Final

from detectors.ages import NO_END, AgeBand
from detectors.baseline import BASELINE_DEPTH, BaselineParams, BaselineState
from detectors.channels import MISSING, N_CHANNELS, NEVER
from detectors.expectations import Expectations
from detectors.quantities import Quantity
from detectors.rulebook import Clause, Rule, RuleBook

Values = Sequence[int]
"""One bed: a number for each channel."""

Truth = bool | None
"""Kleene's three values; None is "unknown"."""

COMPARED: Final = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}


def known(number: int) -> int | None:
    """Return the number, or None where it stands for "not known" or "never"."""
    return None if number in (MISSING, NEVER) else int(number)


# ----------------------------------------------------------------------------- baseline


def median(numbers: Sequence[int]) -> int:
    """Return the middle, or the average of the two middle ones rounded down."""
    ordered = sorted(numbers)
    half = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[half]
    return (ordered[half - 1] + ordered[half]) // 2


@dataclass
class NaiveBaseline:
    """The readings of one channel of one bed, all of them, and whether each was unsettled."""

    params: BaselineParams
    channel: int
    values: list[int] = field(default_factory=list)
    restless: list[bool] = field(default_factory=list)
    last_ms: int | None = None
    drug_ms: int | None = None
    refused: int = 0

    def take(self, value: int, at_ms: int, opened_ms: int | None = None) -> bool:
        if known(value) is None:
            return False
        if self.last_ms is not None and at_ms - self.last_ms < self.params.spacing_ms[self.channel]:
            return False
        if self.drug_ms is not None:
            if at_ms < self.drug_ms:
                return False
            self.values, self.restless, self.drug_ms = [], [], None
        self.values.append(value)
        self.restless.append(opened_ms is not None and at_ms - opened_ms < self.params.rest_ms)
        self.last_ms = at_ms
        return True

    def give(self, at_ms: int) -> None:
        """Take note of a drug; only what was read before it is set aside."""
        if self.values and self.last_ms is not None and self.last_ms < at_ms:
            self.drug_ms = max(at_ms, self.drug_ms or at_ms)

    def kept(self) -> list[int]:
        """Return the newest readings without those that should not count."""
        settled = [v for v, no in zip(self.values, self.restless, strict=True) if not no]
        n_restless = len(self.values) - len(settled)
        first = 1 if len(self.values) > 1 else 0
        if len(settled) >= self.params.least_readings:
            first = max(first, n_restless)
        numbered = list(enumerate(self.values))[-BASELINE_DEPTH:]
        return [value for number, value in numbered if number >= first]

    def centre(self) -> int:
        """Return the median of the kept readings."""
        return median(self.kept()) if self.values else MISSING

    def noise(self) -> int:
        """Return the scaled median distance from the centre."""
        if len(self.kept()) < self.params.noise_readings:
            return MISSING
        away = median([abs(value - self.centre()) for value in self.kept()])
        return int(Fraction(away * 14_826, 10_000) + Fraction(1, 2))

    def drift(self) -> int:
        """Return how far the later half lies above the earlier one."""
        kept = self.kept()
        if len(kept) < self.params.drift_readings:
            return MISSING
        half = len(kept) // 2
        return median(kept[-half:]) - median(kept[:half])


def baseline_state(params: BaselineParams, count: Sequence[Values]) -> list[list[int]]:
    def state(n: int) -> BaselineState:
        if n == 0:
            return BaselineState.ABSENT
        enough = n - 1 >= params.least_readings
        return BaselineState.ESTABLISHED if enough else BaselineState.PROVISIONAL

    return [[int(state(n)) for n in bed] for bed in count]


def remarkable(
    params: BaselineParams, centre_centi: Sequence[Values], age_centi: Sequence[int]
) -> list[list[bool]]:
    def outside(channel: int, centre: int, age: int) -> bool:
        for row in params.remarks:
            low, high = known(row.below_centi), known(row.above_centi)
            if row.channel != channel or known(centre) is None or not speaks(row.ages, age):
                continue
            if (low is not None and centre < low) or (high is not None and centre > high):
                return True
        return False

    return [
        [outside(channel, centre, age) for channel, centre in enumerate(bed)]
        for bed, age in zip(centre_centi, age_centi, strict=True)
    ]


# ----------------------------------------------------------------------------- rulebook


def book_of(rules: tuple[Rule, ...]) -> RuleBook:
    """Return rules as a book."""
    return RuleBook(name="naive", version=1, title="", rules=rules)


def amount(quantity: Quantity, values: Values) -> Fraction | None:
    """Return a quantity in its unit; None where one of its channels is not known."""
    total = Fraction(0)
    for weight, value in zip(quantity.weights, values, strict=True):
        if weight and known(value) is None:
            return None
        total += Fraction(weight * value, 100 * quantity.scale)
    return total


def compared(clause: Clause, value: Values, base: Values) -> Fraction | None:
    """Return what the clause compares, in units, percent or 1; None where it is not known."""
    now = amount(clause.compared, value)
    if clause.basis == "level":
        return now
    if clause.basis == "ratio":
        assert clause.over is not None
        below = amount(clause.over, value)
        return None if now is None or below is None else now / below
    before = amount(clause.compared, base)
    if now is None or before is None:
        return None
    change = before - now if clause.basis.startswith("fall") else now - before
    return 100 * change / before if clause.basis.endswith("percent") else change


def clause_truth(clause: Clause, value: Values, base: Values, age_centi: int = MISSING) -> Truth:
    """Return whether a comparison holds."""
    found = compared(clause, value, base)
    limit = Fraction(clause.limit_centi, 100)
    if clause.per_year_centi:
        if known(age_centi) is None:
            return None
        limit += Fraction(clause.per_year_centi, 100) * Fraction(age_centi or 99, 100)
    if found is None:
        return None
    return bool(COMPARED[clause.comparison](found, limit))


def clause_stays(
    clause: Clause, value: Values, base: Values, give: Values, age_centi: int = MISSING
) -> Truth:
    """Return whether a comparison holds for some reading that is at most ``give`` away."""
    truths = []
    for steps in product((-1, 0, 1), repeat=len(clause.channels)):
        moved = list(value)
        for channel, step in zip(clause.channels, steps, strict=True):
            if known(moved[channel]) is not None:
                moved[channel] += step * int(give[channel])
        truths.append(clause_truth(clause, moved, base, age_centi))
    return None if None in truths else any(truths)


def doubted_base(clause: Clause, base: Values, doubt: Values) -> list[int]:
    """Return the baseline that is off by the doubt in the way that spares the alarm."""
    if not clause.basis.startswith(("rise", "fall")):
        return list(base)
    side = -1 if clause.basis.startswith("fall") else 1
    side = side if clause.comparison.startswith(">") else -side
    return [
        centre
        if centre == MISSING or not weight
        else centre + side * off * (1 if weight > 0 else -1)
        for centre, off, weight in zip(base, doubt, clause.compared.weights, strict=True)
    ]


def explained_base(clause: Clause, base: Values, doubt: Values, explained: Values) -> list[int]:
    """Return the doubted baseline, raised by what drugs explain where a rise is asked for."""
    moved = doubted_base(clause, base, doubt)
    if not clause.basis.startswith("rise") or not clause.comparison.startswith(">"):
        return moved
    return [
        centre + rise if centre != MISSING and weight > 0 else centre
        for centre, rise, weight in zip(moved, explained, clause.compared.weights, strict=True)
    ]


def expected_rises(
    rows: Expectations, given_ms: Values, at_ms: int, baseline_ms: Values
) -> list[int]:
    """Return how much of a rise of each channel drugs explain, for one bed."""
    found = [0] * N_CHANNELS
    for drug, channel, most, since, until in zip(
        rows.drug, rows.channel, rows.most_centi, rows.from_ms, rows.until_ms, strict=True
    ):
        drug_ms = known(given_ms[drug])
        if drug_ms is None or known(at_ms) is None:
            continue
        base_ms = known(baseline_ms[channel])
        before = base_ms is None or base_ms < drug_ms
        if before and since <= at_ms - drug_ms < until:
            found[channel] = max(found[channel], int(most))
    return found


def every(truths: Sequence[Truth]) -> Truth:
    """Kleene's conjunction: one false is false, else one unknown is unknown."""
    if any(truth is False for truth in truths):
        return False
    if any(truth is None for truth in truths):
        return None
    return True


def speaks(ages: AgeBand, age_centi: int) -> bool:
    """Return whether a rule speaks of an age; an unknown age is an adult's."""
    if known(age_centi) is None:
        return ages.below_centi == NO_END
    if age_centi == 0:
        age_centi = 99  # under one year, months not known: as the oldest of them
    return ages.from_centi <= age_centi < ages.below_centi


def rule_truths(
    book: RuleBook,
    value: Values,
    base: Values,
    give: Values | None = None,
    age_centi: int = MISSING,
    doubt: Values = (0,) * N_CHANNELS,
    explained: Values = (0,) * N_CHANNELS,
) -> list[Truth]:
    """Return the truth of each rule of a book for one bed, within ``give`` if that is given."""
    found: list[Truth] = []
    for rule in book.rules:
        if not speaks(rule.ages, age_centi):
            found.append(False)
            continue
        bases = [explained_base(one, base, doubt, explained) for one in rule.clauses]
        pairs = list(zip(rule.clauses, bases, strict=True))
        if give is None:
            truths = [clause_truth(one, value, off, age_centi) for one, off in pairs]
        else:
            truths = [clause_stays(one, value, off, give, age_centi) for one, off in pairs]
        found.append(every(truths))
    return found


def needed_rules(book: RuleBook, truths: Sequence[Truth], base: Values) -> list[Truth]:
    """Return the truths without the rules that only stand in for a missing baseline."""
    return [
        False if rule.unless_baseline and base[rule.clauses[0].channel] != MISSING else truth
        for rule, truth in zip(book.rules, truths, strict=True)
    ]


# ------------------------------------------------------------------------- confirmation


@dataclass
class NaiveSign:
    """One sign of one bed: the readings of each unbroken run, level by level."""

    persist_ms: int
    clear_ms: int
    grade: int = 0
    above: dict[int, list[int]] = field(default_factory=lambda: {g: [] for g in range(1, 5)})
    clear: dict[int, list[int]] = field(default_factory=lambda: {g: [] for g in range(1, 5)})

    def read(self, at_ms: int, *, shown: int, stays: int, at_once: bool) -> None:
        """Take one reading of the sign."""
        for level in range(1, 5):
            if shown >= level:
                self.above[level].append(at_ms)
            else:
                self.above[level] = []
            if stays < level:
                self.clear[level].append(at_ms)
            else:
                self.clear[level] = []
        for level in range(1, 5):
            sure = lasted(self.above[level], self.persist_ms) or (at_once and shown >= level)
            if sure and level > self.grade:
                self.grade = level
        while self.grade and lasted(self.clear[self.grade], self.clear_ms):
            self.grade -= 1


def lasted(times: Sequence[int], for_ms: int) -> bool:
    """Return whether a run has two readings and goes over a time."""
    return len(times) >= 2 and times[-1] - times[0] >= for_ms
