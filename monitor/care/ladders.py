"""Mitigation ladders: which steps a pattern and a grade ask for, and the words of a dose.

A ladder belongs to one or more patterns and to a range of grades; together the ladders cover
every pattern at every grade exactly once. A step is an offer to a person, never a command:
drugs are worded "consider", a dose is text with its limits, and a human confirms it.

Three rules hold whatever a file says (:func:`ladder_faults`): epinephrine never appears on a
ladder where it could do harm without a reason, no other drug stands before it where it does
appear, and no dose stands on fewer than two sources (:class:`Dose`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, TypeAlias, get_args

from monitor.care.products import ProductKind

Pattern: TypeAlias = Literal[
    "anaphylaxis",
    "febrile",
    "hypotensive",
    "hypertensive",
    "vasovagal",
    "fluid-overload",
    "lung-injury",
    "cytokine-release",
    "rate-related",
    "mild-allergic",
    "respiratory",
    "infusion-flush",
    "pseudo-allergic",
    "stress",
    "artefact",
    "sleep",
    "isolated-sign",
    "unclear",
]
StepKind: TypeAlias = Literal[
    "rate", "pause", "stop", "drug", "call", "position", "oxygen", "fluids", "observe", "measure"
]
Who: TypeAlias = Literal["nurse", "prescriber", "rapid-response"]
Offered: TypeAlias = Literal["at-once", "if-not-improved", "if-recurrent", "when-resolved"]
RateAction: TypeAlias = Literal["", "slower", "half", "last-tolerated", "step-up"]
DoseRefusal: TypeAlias = Literal["no-weight", "weight-out-of-range", "no-age", "too-young"]

PATTERNS: Final[tuple[str, ...]] = get_args(Pattern)
GRADES: Final = (1, 2, 3, 4)

AT_ONCE: Final[frozenset[Offered]] = frozenset({"at-once"})
RECURRENT: Final[frozenset[Offered]] = frozenset({"if-recurrent"})
NOT_IMPROVED: Final[frozenset[Offered]] = frozenset({"if-not-improved"})
AFTERWARDS: Final[frozenset[Offered]] = frozenset({"when-resolved"})

NO_EPINEPHRINE: Final = frozenset(
    {
        "vasovagal",
        "febrile",
        "hypertensive",
        "rate-related",
        "fluid-overload",
        "isolated-sign",
        "infusion-flush",
        "stress",
        "artefact",
        "sleep",
    }
)
"""Patterns whose ladders must never offer epinephrine."""

EPINEPHRINE: Final = "epinephrine"

SOON_AFTER_START: Final = "soon-after-start"
PRESSURE_UNKNOWN: Final = "pressure-unknown"
CIRCUMSTANCES: Final = frozenset({SOON_AFTER_START, PRESSURE_UNKNOWN})
"""What a rung may ask for besides signs, symptoms and facts of the session: that the reaction began
soon after the start, that no pressure is known of its beginning or since."""

DOSE_SOURCES_MIN: Final = 2
"""A published guideline has printed mg/kg for mg: one source is not enough for a dose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dose:
    """An amount for one patient: by weight (``per_kg``) or a fixed range for adults.

    Amounts are thousandths of ``unit``. ``round_to_milli`` is the smallest amount that can be
    drawn up; amounts are rounded down to it.
    """

    key: str
    unit: Literal["mg", "mL"]
    route: str
    round_to_milli: int
    maximum_milli: int
    source: tuple[str, ...]
    per_kg_milli: int | None = None
    minimum_milli: int | None = None
    child_maximum_milli: int | None = None
    child_up_to_years: int | None = None
    min_age_years: int | None = None
    weight_min_centi_kg: int | None = None
    weight_max_centi_kg: int | None = None
    concentration_mg_per_ml: int | None = None

    def __post_init__(self) -> None:
        """Refuse a dose on one source, or one that is neither by weight nor a range."""
        if len(set(self.source)) < DOSE_SOURCES_MIN:
            raise ValueError(
                f"a dose needs {DOSE_SOURCES_MIN} sources, got {len(set(self.source))}"
            )
        if (self.per_kg_milli is None) == (self.minimum_milli is None):
            raise ValueError("a dose is either by weight (per_kg) or a range (minimum), not both")
        if self.per_kg_milli is not None:
            self._check_by_weight(self.per_kg_milli)
        if self.minimum_milli is not None and not 0 < self.minimum_milli <= self.maximum_milli:
            raise ValueError(f"minimum {self.minimum_milli} must be 1 to {self.maximum_milli}")
        if self.minimum_milli is not None and self.min_age_years is None:
            raise ValueError("a fixed dose needs the age from which it holds (min_age_years)")
        if self.round_to_milli <= 0:
            raise ValueError(f"round_to must be above 0, got {self.round_to_milli}")
        if (self.child_maximum_milli is None) != (self.child_up_to_years is None):
            raise ValueError("child_maximum and child_up_to_years belong together")
        if self.child_maximum_milli is not None and self.child_maximum_milli > self.maximum_milli:
            raise ValueError("child_maximum must not be above maximum")
        if self.unit == "mL" and self.concentration_mg_per_ml is not None:
            raise ValueError("a dose in mL has no concentration to convert with")

    def _check_by_weight(self, per_kg_milli: int) -> None:
        low, high = self.weight_min_centi_kg, self.weight_max_centi_kg
        if low is None or high is None or not 0 < low < high:
            raise ValueError("a dose by weight needs weight_min_kg below weight_max_kg")
        # Where the cap lies above what the heaviest patient gets, it is in a wrong unit.
        if not 0 < per_kg_milli <= self.maximum_milli <= per_kg_milli * high // 100:
            raise ValueError(
                f"per_kg {per_kg_milli / 1000:g} {self.unit}/kg and maximum "
                f"{self.maximum_milli / 1000:g} {self.unit} do not fit together"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderStep:
    """One rung: what to offer, to whom, when, and on whose word.

    ``recheck_ms`` after it was taken it is first looked at; ``repeat_ms`` after it was done it
    may be offered again, and should be by ``repeat_by_ms``, ``repeats`` times at most. A
    ``refractory`` rung waits until every repeat of epinephrine is used up; one with
    ``tried_against`` until a step has not helped that was taken while one of these signs held.
    """

    key: str
    order: int
    words: str
    who: Who
    kind: StepKind
    offered: Offered
    source: tuple[str, ...]
    drug: str = ""
    rate: RateAction = ""
    signs: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    only_for: tuple[ProductKind, ...] = ()
    not_for: tuple[ProductKind, ...] = ()
    adjunct: bool = False
    recheck_ms: int | None = None
    repeat_ms: int | None = None
    repeat_by_ms: int | None = None
    repeats: int | None = None
    refractory: bool = False
    tried_against: tuple[str, ...] = ()
    dose: Dose | None = None

    def __post_init__(self) -> None:
        """Refuse a rung whose parts do not belong together."""
        if (self.kind == "drug") != bool(self.drug):
            raise ValueError("a step of kind 'drug' names its drug, and no other step does")
        if (self.kind == "rate") != bool(self.rate):
            raise ValueError("a step of kind 'rate' names its rate action, and no other step does")
        if self.kind == "drug" and not self.words.lower().startswith("consider"):
            raise ValueError("the words of a drug step begin with 'Consider'")
        if self.dose is not None and self.kind not in ("drug", "fluids"):
            raise ValueError(f"a step of kind {self.kind!r} has no dose")
        if (self.repeat_ms is None) != (self.repeats is None):
            raise ValueError("repeat and repeats belong together")
        if self.repeat_by_ms is not None and self.repeat_by_ms < (self.repeat_ms or 0):
            raise ValueError("repeat_by must not be before repeat")
        if (self.refractory or self.tried_against) and self.offered != "if-not-improved":
            waits = "refractory" if self.refractory else "tried_against"
            raise ValueError(f"a {waits} step is offered if-not-improved")
        if self.only_for and self.not_for:
            raise ValueError("give only_for or not_for, not both")
        if self.adjunct and self.kind != "drug":
            raise ValueError("only a drug can be an adjunct")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """All rungs for some patterns at some grades, and whether the infusion may go on after.

    ``clear_ms`` is how long the patient must be well before a restart, ``stop_at_recurrence``
    the recurrence in one session that ends it. A terminal ladder has neither.
    """

    key: str
    title: str
    patterns: tuple[Pattern, ...]
    grades: tuple[int, ...]
    terminal: bool
    source: tuple[str, ...]
    steps: tuple[LadderStep, ...]
    clear_ms: int | None = None
    stop_at_recurrence: int | None = None

    def __post_init__(self) -> None:
        """Refuse a ladder without rungs, with doubled ones, or that forgets how to go on."""
        if not self.steps or not self.patterns or not self.grades:
            raise ValueError("a ladder needs patterns, grades and steps")
        if not set(self.grades) <= set(GRADES):
            raise ValueError(f"grades must be among {GRADES}, got {self.grades}")
        orders = [step.order for step in self.steps]
        if any(after <= before for before, after in pairwise(orders)):
            raise ValueError(f"the order of the steps must rise, got {orders}")
        keys = [step.key for step in self.steps]
        if len(set(keys)) != len(keys):
            raise ValueError(f"the keys of the steps must differ, got {keys}")
        resumable = self.clear_ms is not None and self.stop_at_recurrence is not None
        if self.terminal == resumable or (self.terminal and self.clear_ms is not None):
            raise ValueError("a ladder is terminal, or has clear and stop_at_recurrence")


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseDecision:
    """A dose for one patient in thousandths of its unit, or why none is shown; and the words."""

    amount_milli: int | None
    unit: str
    refusal: DoseRefusal | None
    words: str


def ladder_for(ladders: Iterable[Ladder], pattern: str, grade: int) -> Ladder:
    """Return the one ladder of a pattern at a grade of 1 to 4."""
    for ladder in ladders:
        if pattern in ladder.patterns and grade in ladder.grades:
            return ladder
    raise KeyError(f"no ladder for pattern {pattern!r} at grade {grade}")


def steps_for(
    ladder: Ladder,
    *,
    signs: frozenset[str],
    product_kind: str,
    stages: frozenset[Offered] = AT_ONCE,
) -> tuple[LadderStep, ...]:
    """Return the rungs that apply: any of their signs is there, and any of those beside them.

    ``signs`` are the keys of charted symptoms, of vital signs (``fever``, ``hypotension``) and
    of facts (``beta-blocker``) that hold now. A rung without signs always applies, unless it is
    ruled out by the product. ``stages``
    come from :func:`monitor.care.courses.stages`.
    """
    return tuple(
        step
        for step in ladder.steps
        if step.offered in stages
        and product_kind not in step.not_for
        and (not step.only_for or product_kind in step.only_for)
        and (not step.signs or not signs.isdisjoint(step.signs))
        and (not step.beside or not signs.isdisjoint(step.beside))
    )


def dose_text(dose: Dose, *, weight_centi_kg: int | None, age_years: int | None) -> DoseDecision:
    """Return what to draw up for this patient, or why the monitor will not say it."""
    if dose.per_kg_milli is None:
        return _fixed_dose(dose, age_years)
    if weight_centi_kg is None:
        words = "weight not recorded: dose cannot be computed, use your local order"
        return _no_dose(dose, "no-weight", words)
    low, high = dose.weight_min_centi_kg or 0, dose.weight_max_centi_kg or 0
    if not low <= weight_centi_kg <= high:
        words = (
            f"weight {weight_centi_kg / 100:g} kg is outside {low / 100:g} to {high / 100:g} kg: "
            "dose not computed, use your local order"
        )
        return _no_dose(dose, "weight-out-of-range", words)
    cap = dose.maximum_milli
    limits = f"maximum {_amount(cap)} {dose.unit}"
    if dose.child_maximum_milli is not None and dose.child_up_to_years is not None:
        if age_years is None:
            limits += ", age not recorded"
        elif age_years <= dose.child_up_to_years:
            cap = dose.child_maximum_milli
            limits = f"maximum {_amount(cap)} {dose.unit} up to {dose.child_up_to_years} years"
    amount = min(dose.per_kg_milli * weight_centi_kg // 100, cap)
    amount -= amount % dose.round_to_milli
    volume = ""
    if dose.concentration_mg_per_ml is not None:
        strength = dose.concentration_mg_per_ml
        volume = f" = {_amount(amount // strength)} mL of {strength} mg/mL"
    words = (
        f"{_amount(amount)} {dose.unit}{volume} {dose.route} "
        f"({_amount(dose.per_kg_milli)} {dose.unit}/kg x {weight_centi_kg / 100:g} kg, {limits}); "
        "check against your local order"
    )
    return DoseDecision(amount_milli=amount, unit=dose.unit, refusal=None, words=words)


def ladder_faults(ladder: Ladder) -> tuple[str, ...]:
    """Return every breach of the safety rules that hold for all ladders, one sentence each."""
    drugs = [step for step in ladder.steps if step.kind == "drug"]
    given = [step for step in drugs if step.drug == EPINEPHRINE]
    found = [
        f"epinephrine must not be offered for pattern {pattern!r}"
        for pattern in ladder.patterns
        if given and pattern in NO_EPINEPHRINE
    ]
    found += [
        f"step {step.key!r} gives {step.drug} before epinephrine or not as an adjunct"
        for step in drugs
        if given
        and step.drug != EPINEPHRINE
        and (not step.adjunct or step.order < min(one.order for one in given))
    ]
    if not ladder.terminal and not any(step.kind == "stop" for step in ladder.steps):
        found.append("a ladder that is not terminal needs a step that stops the infusion")
    return tuple(found)


def coverage_faults(ladders: Sequence[Ladder]) -> tuple[str, ...]:
    """Return every pattern and grade that has no ladder, or more than one."""
    found: list[str] = []
    for pattern in PATTERNS:
        for grade in GRADES:
            keys = [one.key for one in ladders if pattern in one.patterns and grade in one.grades]
            if not keys:
                found.append(f"no ladder for pattern {pattern!r} at grade {grade}")
            elif len(keys) > 1:
                found.append(f"pattern {pattern!r} at grade {grade} has ladders {keys}")
    return tuple(found)


def _fixed_dose(dose: Dose, age_years: int | None) -> DoseDecision:
    oldest = dose.min_age_years or 0
    if age_years is None:
        words = "age not recorded: adult dose not shown, use your local order"
        return _no_dose(dose, "no-age", words)
    if age_years < oldest:
        words = f"under {oldest} years: adult dose not shown, use your local order"
        return _no_dose(dose, "too-young", words)
    low = dose.minimum_milli or dose.maximum_milli
    words = (
        f"{_amount(low)} to {_amount(dose.maximum_milli)} {dose.unit} {dose.route}; "
        "check against your local order"
    )
    return DoseDecision(amount_milli=low, unit=dose.unit, refusal=None, words=words)


def _no_dose(dose: Dose, refusal: DoseRefusal, words: str) -> DoseDecision:
    return DoseDecision(amount_milli=None, unit=dose.unit, refusal=refusal, words=words)


def _amount(milli: int) -> str:
    """Return thousandths as a decimal without trailing zeros, never in exponent form."""
    whole, rest = divmod(milli, 1000)
    return f"{whole}.{rest:03d}".rstrip("0").rstrip(".") if rest else str(whole)
