"""Whether an infusion runs as its label has it, and what the next step up asks for.

A rate that is faster than the table or a cap, a step that came too early or skipped one, a pump
or a bag that names another product or concentration: each is a finding in words, for a person to
put right. Nothing here moves a pump. What cannot be compared, because a weight or a table is
missing, is no finding.
"""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from detectors.channels import CENTI
from monitor.care.products import (
    REFUSAL_WORDS,
    SAME_RATE_PERCENT,
    Product,
    RateTable,
    next_step_up,
    rate_findings,
    rate_for,
    rate_text,
)
from monitor.facts.effects import Priority
from monitor.facts.views import StepUpView

RunFault: TypeAlias = Literal[
    "above-maximum",
    "above-absolute-maximum",
    "above-risk-cap",
    "above-history-cap",
    "step-too-early",
    "step-skipped",
    "wrong-product",
    "wrong-concentration",
]

PRIORITY: Final[dict[RunFault, Priority]] = {
    "above-maximum": "medium",
    "above-absolute-maximum": "medium",
    "above-risk-cap": "medium",
    "above-history-cap": "medium",
    "step-too-early": "low",
    "step-skipped": "low",
    "wrong-product": "medium",
    "wrong-concentration": "medium",
}
"""Engineering: what gives more drug than meant is medium, what only came too soon is low."""

MINUTE_MS: Final = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinding:
    """What is not as the label has it, and until when; None: until it is mended."""

    fault: RunFault
    words: str
    until_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """How an infusion runs; None and "" where it is not known.

    ``concentration_centi_mg_per_ml`` is what the opening said, ``drug`` what the pump says.
    """

    product: Product | None
    weight_centi_kg: int | None
    rate_centi_ml_per_h: int | None
    at_risk: bool = False
    concentration_centi_mg_per_ml: int | None = None
    drug: Product | None = None
    history_cap_centi_ml_per_h: int | None = None


def run_findings(running: Running) -> tuple[RunFinding, ...]:
    """Return everything about a running infusion that is not as its label has it."""
    found = list(_naming_findings(running))
    rate, product = running.rate_centi_ml_per_h, running.product
    if not rate:
        return tuple(found)
    if product is not None and product.rates is not None:
        limits = rate_findings(
            product.rates, running.weight_centi_kg, rate, at_risk=running.at_risk
        )
        found += [
            RunFinding(fault=one.fault, words=f"{rate_text(rate)} is {one.words}") for one in limits
        ]
    cap = running.history_cap_centi_ml_per_h
    if cap is not None and rate > cap:
        words = f"{rate_text(rate)} is above {rate_text(cap)}, proposed after an earlier reaction"
        found.append(RunFinding(fault="above-history-cap", words=words))
    return tuple(found)


def step_findings(
    table: RateTable | None,
    weight_centi_kg: int | None,
    *,
    before_centi_ml_per_h: int | None,
    rate_centi_ml_per_h: int | None,
    before_since_ms: int | None,
    at_ms: int,
) -> tuple[RunFinding, ...]:
    """Return what is wrong with a change of rate: too early, or past a step of the table.

    ``before_since_ms`` is since when the rate before ran. A first rate and a lower one are no
    steps up.
    """
    before, rate = before_centi_ml_per_h, rate_centi_ml_per_h
    if table is None or before_since_ms is None or not before or not rate or rate <= before:
        return ()
    found = []
    wait_ms = _wait_ms(table, weight_centi_kg, before)
    lasted_ms = at_ms - before_since_ms
    if wait_ms is not None and lasted_ms < wait_ms:
        words = (
            f"raised to {rate_text(rate)} after {lasted_ms // MINUTE_MS} min at "
            f"{rate_text(before)}: the label waits {wait_ms // MINUTE_MS} min"
        )
        until_ms = before_since_ms + wait_ms
        found.append(RunFinding(fault="step-too-early", words=words, until_ms=until_ms))
    target = next_step_up(table, weight_centi_kg, before, lasted_ms).rate_centi_ml_per_h
    if target is not None and rate * 100 > target * (100 + SAME_RATE_PERCENT):
        words = f"raised to {rate_text(rate)}: the next step of the table is {rate_text(target)}"
        found.append(RunFinding(fault="step-skipped", words=words))
    return tuple(found)


def step_up(
    running: Running, *, at_rate_ms: int, now_ms: int, against: tuple[str, ...]
) -> StepUpView:
    """Return the next faster rate, when it is due, and what speaks against it now.

    ``against`` are the reasons that do not come from the table: signs, vital signs that are due.
    """
    table = running.product.rates if running.product is not None else None
    rate = running.rate_centi_ml_per_h
    found = next_step_up(table, running.weight_centi_kg, rate, at_rate_ms)
    if found.rate_centi_ml_per_h is None or found.due_in_ms is None:
        words = REFUSAL_WORDS[found.refusal or "no-table"]
        return StepUpView(rate_centi_ml_per_h=None, due_ms=None, ready=False, reasons=(words,))
    then = run_findings(
        Running(
            product=running.product,
            weight_centi_kg=running.weight_centi_kg,
            rate_centi_ml_per_h=found.rate_centi_ml_per_h,
            at_risk=running.at_risk,
            history_cap_centi_ml_per_h=running.history_cap_centi_ml_per_h,
        )
    )
    reasons = (*against, *(one.words for one in then))
    if found.due_in_ms:
        minutes = -(-found.due_in_ms // MINUTE_MS)
        reasons = (f"{minutes} min more at this rate", *reasons)
    return StepUpView(
        rate_centi_ml_per_h=found.rate_centi_ml_per_h,
        due_ms=now_ms + found.due_in_ms,
        ready=not reasons,
        reasons=reasons,
    )


def _wait_ms(table: RateTable, weight_centi_kg: int | None, before_centi: int) -> int | None:
    """Return how long the label asks for the rate before: the first rate has a time of its own."""
    if weight_centi_kg is None or table.initial_for_ms is None:
        return table.step_every_ms
    first = rate_for(table, weight_centi_kg, table.initial_centi_ml_per_kg_h)
    is_first = before_centi * 100 <= first * (100 + SAME_RATE_PERCENT)
    return table.initial_for_ms if is_first else table.step_every_ms


def _naming_findings(running: Running) -> tuple[RunFinding, ...]:
    """Return where the bag or the pump names another product or concentration."""
    product, said = running.product, running.concentration_centi_mg_per_ml
    found = []
    if product is None:
        return ()
    known = product.concentration_mg_per_ml
    if said is not None and known is not None and said != known * CENTI:
        words = f"{said / CENTI:g} mg/mL was recorded, {product.name} has {known} mg/mL"
        found.append(RunFinding(fault="wrong-concentration", words=words))
    drug = running.drug
    if drug is not None and drug.key != product.key:
        words = f"the pump says {drug.key}, the session {product.key}"
        if drug.concentration_mg_per_ml != known:
            words += f": {drug.concentration_mg_per_ml} mg/mL instead of {known} mg/mL"
        found.append(RunFinding(fault="wrong-product", words=words))
    return tuple(found)
