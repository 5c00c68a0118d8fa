"""Infusion products: how fast a label lets them run, and which rate is the next slower one.

A product has at most one rate table. Rates are hundredths of mL/kg/h and, for one patient,
hundredths of mL/h; mg/kg/min is always computed from the concentration, never stored, because
public sources print wrong conversions. Every rate that is offered to a person is rounded DOWN
to 0.1 mL/h, so rounding can never make an offered rate faster than the table allows.

A question that cannot be answered is answered with its reason (:data:`Refusal`), never with a
guess: no weight, no table, no steps on the label, or already at the lowest rate.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, TypeAlias

ProductKind: TypeAlias = Literal["immunoglobulin", "monoclonal", "iron", "other"]
Refusal: TypeAlias = Literal[
    "no-weight", "weight-out-of-range", "no-rate", "no-table", "no-steps", "lowest", "highest"
]
Resume: TypeAlias = Literal["half", "last-tolerated"]
RateFault: TypeAlias = Literal["above-maximum", "above-absolute-maximum", "above-risk-cap"]

RATE_STEP_CENTI: Final = 10
"""Offered rates are whole multiples of this: 0.1 mL/h."""

SAME_RATE_PERCENT: Final = 5
"""A step less than this below the running rate is the same rate as a pump rounds it, not a
slower one. Engineering: neighbouring steps of every known label lie more than 10 % apart."""

LABEL_ROUNDING_PERCENT: Final = 5
"""Labels print rounded mg/kg/min (0.8 for 0.833, 8 for 8.33). More than this apart, label and
table disagree about the unit or the concentration."""

PLAUSIBLE_WEIGHT_CENTI_KG: Final = (200, 30_000)
"""No rate is computed for a weight outside 2 to 300 kg: it is a slip of the unit or the pen."""

REFUSAL_WORDS: Final[dict[Refusal, str]] = {
    "no-weight": "weight not recorded: the rate cannot be computed, use your local order",
    "weight-out-of-range": "recorded weight is not plausible: the rate cannot be computed",
    "no-rate": "running rate not known: the next rate cannot be named",
    "no-table": "no sourced rate table for this product: use the prescribed rates",
    "no-steps": "the label names no steps between first and highest rate",
    "lowest": "already at or below the lowest rate of the table",
    "highest": "already at the highest rate of the table",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RateTable:
    """What a label says about speed; ``steps`` is empty where it only says "gradually".

    ``label_*_mg_per_kg_min`` (thousandths) repeat the label's own conversion, as a check.
    """

    initial_centi_ml_per_kg_h: int
    maximum_centi_ml_per_kg_h: int
    steps_centi_ml_per_kg_h: tuple[int, ...] = ()
    initial_for_ms: int | None = None
    step_every_ms: int | None = None
    absolute_maximum_centi_ml_per_h: int | None = None
    risk_cap_centi_ml_per_kg_h: int | None = None
    risk_cap_words: str = ""
    label_initial_milli_mg_per_kg_min: int | None = None
    label_maximum_milli_mg_per_kg_min: int | None = None

    def __post_init__(self) -> None:
        """Refuse a table that contradicts itself."""
        first, last = self.initial_centi_ml_per_kg_h, self.maximum_centi_ml_per_kg_h
        steps = self.steps_centi_ml_per_kg_h
        if not 0 < first <= last:
            raise ValueError(f"initial rate {first} must be above 0 and at most {last}")
        if any(high <= low for low, high in pairwise(steps)):
            raise ValueError(f"steps must rise, got {steps}")
        if steps and (steps[0] != first or steps[-1] != last):
            raise ValueError(f"steps must run from the initial {first} to the maximum {last}")
        if steps and self.step_every_ms is None:
            raise ValueError("steps need the time between them (step_every)")
        cap = self.risk_cap_centi_ml_per_kg_h
        if cap is not None and not first <= cap <= last:
            raise ValueError(f"risk cap {cap} must lie between initial {first} and maximum {last}")
        if (cap is None) != (not self.risk_cap_words):
            raise ValueError("a risk cap and the words for whom it holds belong together")


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One infused product for one use, under the key that sessions name it by."""

    key: str
    name: str
    kind: ProductKind
    resume: Resume
    source: tuple[str, ...]
    concentration_mg_per_ml: int | None = None
    rates: RateTable | None = None
    rates_absent: str = ""
    watch_after_ms: int | None = None
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse a product that neither has rates nor says why, or whose label disagrees."""
        if (self.rates is None) != bool(self.rates_absent):
            raise ValueError("give either [product.rates] or the reason in rates_absent")
        concentration = self.concentration_mg_per_ml
        if self.rates is None:
            return
        if concentration is None or concentration <= 0:
            raise ValueError("a product with rates needs concentration_mg_per_ml above 0")
        pairs = (
            (self.rates.initial_centi_ml_per_kg_h, self.rates.label_initial_milli_mg_per_kg_min),
            (self.rates.maximum_centi_ml_per_kg_h, self.rates.label_maximum_milli_mg_per_kg_min),
        )
        for rate, label in pairs:
            if label is None:
                continue
            computed = rate * concentration * 10  # thousandths of mg/kg/min, times 60
            if abs(computed - label * 60) * 100 > label * 60 * LABEL_ROUNDING_PERCENT:
                raise ValueError(
                    f"{rate / 100} mL/kg/h at {concentration} mg/mL is {computed / 60_000:.2f} "
                    f"mg/kg/min, but the label value given is {label / 1000}"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class RateDecision:
    """A rate in hundredths of mL/h, or the reason why none can be named; and the words."""

    rate_centi_ml_per_h: int | None
    refusal: Refusal | None
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUp:
    """The next faster rate of the table and how long to wait for it (0 when it is due)."""

    rate_centi_ml_per_h: int | None
    due_in_ms: int | None
    refusal: Refusal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RateFinding:
    """A running rate that is faster than a limit of the table, both in hundredths of mL/h."""

    fault: RateFault
    rate_centi_ml_per_h: int
    limit_centi_ml_per_h: int
    words: str


def rate_text(rate_centi_ml_per_h: int) -> str:
    """Return the rate in mL/h, rounded down to 0.1 mL/h."""
    tenths = rate_centi_ml_per_h // RATE_STEP_CENTI
    return f"{tenths // 10}.{tenths % 10} mL/h"


def rate_for(table: RateTable, weight_centi_kg: int, rate_centi_ml_per_kg_h: int) -> int:
    """Return hundredths of mL/h for a weight, under the absolute maximum, down to 0.1 mL/h."""
    rate = rate_centi_ml_per_kg_h * weight_centi_kg // 100
    if table.absolute_maximum_centi_ml_per_h is not None:
        rate = min(rate, table.absolute_maximum_centi_ml_per_h)
    return rate - rate % RATE_STEP_CENTI


def centi_mg_per_kg_min(
    rate_centi_ml_per_h: int, concentration_mg_per_ml: int, weight_centi_kg: int
) -> int:
    """Return hundredths of mg/kg/min, rounded half up; mL/h and mL/kg/h differ by the weight."""
    if weight_centi_kg <= 0:
        raise ValueError(f"weight must be above 0 kg, got {weight_centi_kg / 100}")
    numerator = 100 * rate_centi_ml_per_h * concentration_mg_per_ml
    denominator = 60 * weight_centi_kg
    return (2 * numerator + denominator) // (2 * denominator)


def half_rate(rate_centi_ml_per_h: int | None) -> RateDecision:
    """Return half of the running rate; it needs neither a table nor a weight."""
    if rate_centi_ml_per_h is None or rate_centi_ml_per_h <= 0:
        return _refused("no-rate")
    half = rate_centi_ml_per_h // 2
    half -= half % RATE_STEP_CENTI
    return _offered(half) if half > 0 else _refused("lowest")


def next_lower_rate(
    table: RateTable | None, weight_centi_kg: int | None, rate_centi_ml_per_h: int | None
) -> RateDecision:
    """Return the highest step of the table that is truly below the running rate."""
    refusal = _unanswerable(table, weight_centi_kg, rate_centi_ml_per_h)
    if refusal or table is None or weight_centi_kg is None or rate_centi_ml_per_h is None:
        return _refused(refusal or "no-table")
    ceiling = rate_centi_ml_per_h * (100 - SAME_RATE_PERCENT)
    lower = [
        rate
        for step in table.steps_centi_ml_per_kg_h
        if (rate := rate_for(table, weight_centi_kg, step)) > 0 and rate * 100 <= ceiling
    ]
    return _offered(max(lower)) if lower else _refused("lowest")


def slower_rate(
    product: Product | None, weight_centi_kg: int | None, rate_centi_ml_per_h: int | None
) -> RateDecision:
    """Return the next lower step, or half the running rate where the label names no steps.

    The label's own step is preferred. Halving is what several protocols write where there is
    none; at the lowest step nothing slower is offered, because the next rung is to pause.
    """
    table = product.rates if product is not None else None
    step = next_lower_rate(table, weight_centi_kg, rate_centi_ml_per_h)
    if step.refusal in ("no-table", "no-steps", "no-weight", "weight-out-of-range"):
        half = half_rate(rate_centi_ml_per_h)
        if half.rate_centi_ml_per_h is None:
            return half
        words = f"{half.words} (half of the running rate; {REFUSAL_WORDS[step.refusal]})"
        return RateDecision(rate_centi_ml_per_h=half.rate_centi_ml_per_h, refusal=None, words=words)
    return step


def next_step_up(
    table: RateTable | None,
    weight_centi_kg: int | None,
    rate_centi_ml_per_h: int | None,
    at_rate_ms: int,
) -> StepUp:
    """Return the next faster step and when it is due, after ``at_rate_ms`` at this rate.

    A rate that is less than 5 % below a step counts as that step. At the initial rate the
    label's own time for it holds, at every other rate the time between steps.
    """
    refusal = _unanswerable(table, weight_centi_kg, rate_centi_ml_per_h)
    if refusal or table is None or weight_centi_kg is None or rate_centi_ml_per_h is None:
        return StepUp(rate_centi_ml_per_h=None, due_in_ms=None, refusal=refusal or "no-table")
    rates = [rate_for(table, weight_centi_kg, step) for step in table.steps_centi_ml_per_kg_h]
    higher = [r for r in rates if rate_centi_ml_per_h * 100 < r * (100 - SAME_RATE_PERCENT)]
    if not higher:
        return StepUp(rate_centi_ml_per_h=None, due_in_ms=None, refusal="highest")
    target = min(higher)
    wait = table.step_every_ms or 0
    if len(rates) > 1 and target == rates[1] and table.initial_for_ms is not None:
        wait = table.initial_for_ms
    return StepUp(rate_centi_ml_per_h=target, due_in_ms=max(0, wait - at_rate_ms), refusal=None)


def rate_findings(
    table: RateTable,
    weight_centi_kg: int | None,
    rate_centi_ml_per_h: int,
    *,
    at_risk: bool,
) -> tuple[RateFinding, ...]:
    """Return every limit of the table that the running rate exceeds, worst first.

    The absolute maximum needs no weight. The comparison is exact: a rate that equals its limit
    is inside it. The risk cap is only looked at for a patient known to be at risk.
    """
    found: list[RateFinding] = []
    absolute = table.absolute_maximum_centi_ml_per_h
    if absolute is not None and rate_centi_ml_per_h > absolute:
        words = f"above the absolute maximum of {rate_text(absolute)}"
        found.append(_finding("above-absolute-maximum", rate_centi_ml_per_h, absolute, words))
    if weight_centi_kg is None or not _plausible(weight_centi_kg):
        return tuple(found)
    limits: list[tuple[RateFault, int, str]] = [
        ("above-maximum", table.maximum_centi_ml_per_kg_h, "the highest rate of the table")
    ]
    if at_risk and table.risk_cap_centi_ml_per_kg_h is not None:
        words = f"the cap {table.risk_cap_words}"
        limits.append(("above-risk-cap", table.risk_cap_centi_ml_per_kg_h, words))
    for fault, per_kg, what in limits:
        if rate_centi_ml_per_h * 100 > per_kg * weight_centi_kg:
            limit = per_kg * weight_centi_kg // 100
            words = f"above {what}: {per_kg / 100:g} mL/kg/h is {rate_text(limit)}"
            found.append(_finding(fault, rate_centi_ml_per_h, limit, words))
    return tuple(found)


def _plausible(weight_centi_kg: int) -> bool:
    low, high = PLAUSIBLE_WEIGHT_CENTI_KG
    return low <= weight_centi_kg <= high


def _unanswerable(
    table: RateTable | None, weight_centi_kg: int | None, rate_centi_ml_per_h: int | None
) -> Refusal | None:
    if rate_centi_ml_per_h is None or rate_centi_ml_per_h <= 0:
        return "no-rate"
    if table is None:
        return "no-table"
    if not table.steps_centi_ml_per_kg_h:
        return "no-steps"
    if weight_centi_kg is None:
        return "no-weight"
    return None if _plausible(weight_centi_kg) else "weight-out-of-range"


def _offered(rate_centi_ml_per_h: int) -> RateDecision:
    return RateDecision(
        rate_centi_ml_per_h=rate_centi_ml_per_h, refusal=None, words=rate_text(rate_centi_ml_per_h)
    )


def _refused(refusal: Refusal) -> RateDecision:
    return RateDecision(rate_centi_ml_per_h=None, refusal=refusal, words=REFUSAL_WORDS[refusal])


def _finding(fault: RateFault, rate: int, limit: int, words: str) -> RateFinding:
    return RateFinding(
        fault=fault, rate_centi_ml_per_h=rate, limit_centi_ml_per_h=limit, words=words
    )
