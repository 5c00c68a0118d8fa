"""What an earlier reaction proposes for the next session: premedication, a rate cap, a question.

The opening may say what is known of earlier reactions, and the ward remembers those of its own
sessions. A proposal is words with their reason for a person who decides; only the proposed cap is
compared with the running rate, and then as an advisory.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from monitor.care.products import Product, rate_text, slower_rate
from monitor.facts.records import PriorReaction
from monitor.facts.stays import Proposal

REMEMBERED: Final = 8
"""Engineering: earlier reactions of one person that are kept, the newest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryParams:
    """From which grade an earlier reaction proposes what, and for how long it is remembered."""

    premedication_from_grade: int
    rate_cap_from_grade: int
    prescriber_from_grade: int
    remember_for_ms: int

    def __post_init__(self) -> None:
        """Refuse grades that are none."""
        for name in ("premedication", "rate_cap", "prescriber"):
            grade = getattr(self, f"{name}_from_grade")
            if not 1 <= grade <= 4:  # noqa: PLR2004 - grades are 1 to 4
                raise ValueError(f"{name}_from_grade must be 1 to 4, got {grade}")


def recent(
    params: HistoryParams, reactions: Sequence[PriorReaction], at_ms: int
) -> tuple[PriorReaction, ...]:
    """Return the reactions that still count at a time; one without a time always does."""
    return tuple(
        one for one in reactions if one.at_ms is None or at_ms - one.at_ms <= params.remember_for_ms
    )


def proposals(
    params: HistoryParams,
    reactions: Sequence[PriorReaction],
    product: Product | None,
    weight_centi_kg: int | None,
) -> tuple[Proposal, ...]:
    """Return what earlier reactions propose, the most severe one giving the reason."""
    if not reactions:
        return ()
    worst = max(reactions, key=lambda one: (one.grade, one.at_ms or 0))
    found = []
    if worst.grade >= params.prescriber_from_grade:
        words = "Ask the prescriber whether to infuse at all before the start"
        found.append(Proposal(kind="prescriber", words=words, because=reaction_words(worst)))
    if worst.grade >= params.premedication_from_grade:
        words = "Consider premedication as ordered locally, and record when it was given"
        found.append(Proposal(kind="premedication", words=words, because=reaction_words(worst)))
    caps = [
        (decision.rate_centi_ml_per_h, one)
        for one in reactions
        if one.grade >= params.rate_cap_from_grade and _same_product(one, product)
        for decision in [slower_rate(product, weight_centi_kg, one.rate_centi_ml_per_h)]
        if decision.rate_centi_ml_per_h is not None
    ]
    if caps:
        rate, reaction = min(caps, key=lambda pair: pair[0])
        found.append(
            Proposal(
                kind="rate-cap",
                words=f"Consider not to infuse faster than {rate_text(rate)}",
                because=reaction_words(reaction),
                rate_centi_ml_per_h=rate,
            )
        )
    return tuple(found)


def reaction_words(reaction: PriorReaction) -> str:
    """Return an earlier reaction in words."""
    words = f"earlier reaction of grade {reaction.grade}"
    words += f", {reaction.pattern}" if reaction.pattern else ""
    words += f", to {reaction.product}" if reaction.product else ""
    if reaction.rate_centi_ml_per_h:
        words += f" at {rate_text(reaction.rate_centi_ml_per_h)}"
    return words


def _same_product(reaction: PriorReaction, product: Product | None) -> bool:
    """Whether a rate that was not tolerated says something about this product."""
    return product is not None and reaction.product in ("", product.key)
