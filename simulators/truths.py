"""The truth about a chair, as the record that stands beside what its devices sent."""

from itertools import pairwise
from typing import Final

import numpy as np

from detectors.channels import Float
from monitor.facts.truth import TrueConfounder, TrueEvent, TrueSession
from simulators.chairs import Chair, charted_signs
from simulators.patches import patch_spans

UNDER_WAY: Final = 0.3
OVER: Final = 0.1
ROUNDING: Final = 0.3
"""A reaction cut short at 0.77 of grade 3 was 2.3, which still counts as grade 2."""

EPINEPHRINE_MAY_BE_RIGHT: Final = frozenset(
    {
        "anaphylaxis",
        "anaphylaxis-no-skin",
        "anaphylaxis-beta-blocked",
        "cytokine-release",
        "hypotensive",
        "lung-injury",
        "pseudo-allergic",
    }
)
"""Phenotypes in which somebody may have to think of it; in all others, and where nothing happens,
it would be a fault (ours, as published cases of the others were treated without it)."""


def true_session(here: Chair, faults: tuple[str, ...] = ()) -> TrueSession:
    """Return what happened at a chair of a cohort, and which faults struck what was sent of it.

    Raises
    ------
    ValueError
        The chair has no case: a told story has its truth in its scenario.
    """
    case = here.plan.case
    if case is None:
        raise ValueError(f"bed {here.plan.bed} is told, not drawn: its truth is its scenario")
    return TrueSession(
        bed=here.plan.bed,
        session=here.session,
        start_ms=here.at_ms(here.plan.start_s),
        end_ms=here.at_ms(here.reporting_s),
        events=_events(here),
        age_years=here.who.age_years,
        weight_kg=here.who.weight_kg,
        product=here.product,
        first_dose=case.first_dose,
        beta_blocker=case.beta_blocker,
        nurse=case.nurse,
        faults=faults,
        must_not=() if case.phenotype in EPINEPHRINE_MAY_BE_RIGHT else ("epinephrine",),
        phenotype=case.phenotype,
        confounders=(
            *(
                TrueConfounder(
                    kind=one.kind,
                    from_ms=here.at_ms(one.from_s),
                    until_ms=here.at_ms(min(one.until_s, here.reporting_s)),
                )
                for one in case.disturbances
                if one.from_s < here.reporting_s
            ),
            *(
                TrueConfounder(
                    kind="probe-off", from_ms=here.at_ms(begin), until_ms=here.at_ms(end)
                )
                for begin, end in case.probe_off
                if begin < here.reporting_s and not here.equipment.is_patched
            ),
            *device_troubles(here),
        ),
    )


def device_troubles(here: Chair) -> tuple[TrueConfounder, ...]:
    """Return what was wrong with the patch and the pump of a chair, in order of time."""
    spans: list[tuple[str, int, int]] = [
        (one.kind, one.from_s, one.until_s) for one in patch_spans(here)
    ]
    spans += [(one.kind, one.from_s, one.until_s) for one in here.interrupted]
    return tuple(
        TrueConfounder(kind=kind, from_ms=here.at_ms(from_s), until_ms=here.at_ms(until_s))
        for kind, from_s, until_s in sorted(spans, key=lambda one: one[1:])
        if from_s < here.reporting_s
    )


def _events(here: Chair) -> tuple[TrueEvent, ...]:
    level = here.activity[: here.reporting_s]
    charted_s = [second for second, _, is_present in charted_signs(here) if is_present]
    found: list[TrueEvent] = []
    for number, (begin, end) in enumerate(_spells(level)):
        onset_s = here.plan.reaction_s if not number else begin
        peak = level[begin:end].max()
        is_over = end < len(level)
        charted = [one for one in charted_s if onset_s <= one < end]
        found.append(
            TrueEvent(
                pattern=here.picture.pattern,
                grade=max(1, int(np.ceil(here.picture.grade * peak - ROUNDING))),
                onset_ms=here.at_ms(onset_s),
                peak_ms=here.at_ms(begin + int(level[begin:end].argmax())),
                end_ms=here.at_ms(end) if is_over else None,
                recurrence=number > 0,
                charted_ms=here.at_ms(charted[0]) if charted else None,
            )
        )
    return tuple(found)


def _spells(level: Float) -> list[tuple[int, int]]:
    """Return when a reaction is there: from its first moment until it is over, as half-open."""
    found: list[tuple[int, int]] = []
    edges = np.flatnonzero(np.diff((level > OVER).astype(np.int8))) + 1
    bounds = [0, *edges.tolist(), len(level)]
    for begin, end in pairwise(bounds):
        if begin < end and level[begin] > OVER and level[begin:end].max() > UNDER_WAY:
            found.append((begin, end))
    return found
