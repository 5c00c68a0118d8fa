"""The truth about a chair, as the record that stands beside what its devices sent."""

from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np

from detectors.channels import Float, Int32
from monitor.facts.truth import TrueConfounder, TrueEvent, TrueSession
from simulators.chairs import Chair, charted_signs
from simulators.charting import nurse_name, opening
from simulators.monitoring import probe_loss
from simulators.patches import patch_spans

Span: TypeAlias = tuple[str, int, int]
"""What it was, and from which second of the session to which."""

UNDER_WAY: Final = 0.3
OVER: Final = 0.1
ROUNDING: Final = 0.3
"""A reaction cut short at 0.77 of grade 3 was 2.3, which still counts as grade 2."""

GRAVE: Final = 3
WORST: Final = 4

NEARLY_WORST: Final = 0.9
"""The worst moment is when the worst grade is reached, and first so much of the worst: the top of
a slow reaction is flat, and it would flatter whoever calls late to count from there (ours)."""

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


def true_session(
    here: Chair, faults: tuple[str, ...] = (), *, told_s: int | None = None
) -> TrueSession:
    """Return what happened at a chair, and which faults struck what was sent of it.

    Parameters
    ----------
    here : Chair
        Drawn for a cohort, or told: a told reaction has the grade of what its nurse does.
    faults : tuple of str
        Names of faults.
    told_s : int, optional
        For how much of the session its story was told [s]: what began later did not happen, and
        what had not ended has no end. None is all of it.

    Returns
    -------
    TrueSession
        Of one that was cut short before the drug began to flow, the start is the end.
    """
    case = here.plan.case
    over_s = here.reporting_s if told_s is None else min(told_s, here.reporting_s)
    said = opening(here, nurse_name(here))
    phenotype = here.plan.reaction if case is None else case.phenotype
    return TrueSession(
        bed=here.plan.bed,
        session=here.session,
        start_ms=here.at_ms(min(here.plan.start_s, over_s)),
        end_ms=here.at_ms(over_s),
        events=_events(here, over_s),
        unobserved=_unobserved(here) if over_s == here.reporting_s else (),
        age_years=here.who.age_years,
        weight_kg=here.who.weight_kg,
        product=here.product,
        first_dose=bool(said.first_dose),
        beta_blocker=bool(said.beta_blocker),
        nurse="none" if case is None else case.nurse,
        faults=faults,
        must_not=() if phenotype in EPINEPHRINE_MAY_BE_RIGHT else ("epinephrine",),
        phenotype=phenotype,
        seed=here.seed,
        confounders=tuple(
            TrueConfounder(
                kind=kind, from_ms=here.at_ms(from_s), until_ms=here.at_ms(min(until_s, over_s))
            )
            for kind, from_s, until_s in (*_disturbed(here), *_troubled(here))
            if from_s < over_s
        ),
    )


def device_troubles(here: Chair) -> tuple[TrueConfounder, ...]:
    """Return what was wrong with the patch and the pump of a chair, in order of time."""
    return tuple(
        TrueConfounder(kind=kind, from_ms=here.at_ms(from_s), until_ms=here.at_ms(until_s))
        for kind, from_s, until_s in _troubled(here)
        if from_s < here.reporting_s
    )


def _disturbed(here: Chair) -> list[Span]:
    """Return what moved the numbers and was no reaction, and when nothing was on the finger."""
    case = here.plan.case
    losses: tuple[tuple[int, int], ...]
    found: list[Span]
    if case is not None:
        found = [(one.kind, one.from_s, one.until_s) for one in case.disturbances]
        losses = case.probe_off
    else:
        is_none = bool(here.picture.limbs) and not here.picture.grade
        spells = _spells(here.activity) if is_none else []
        found = [(here.plan.reaction, begin, end) for begin, end in spells]
        loss = probe_loss(here)
        losses = () if loss is None else ((loss.from_s, loss.until_s),)
    if not here.equipment.is_patched:
        found += [("probe-off", begin, end) for begin, end in losses]
    return found


def _troubled(here: Chair) -> list[Span]:
    spans: list[Span] = [(one.kind, one.from_s, one.until_s) for one in patch_spans(here)]
    spans += [(one.kind, one.from_s, one.until_s) for one in here.interrupted]
    return sorted(spans, key=lambda one: one[1:])


def _events(here: Chair, over_s: int) -> tuple[TrueEvent, ...]:
    if not here.picture.grade:
        return ()
    level = here.activity[:over_s]
    return tuple(
        _event(here, level, span, is_first=not number) for number, span in enumerate(_spells(level))
    )


def _unobserved(here: Chair) -> tuple[TrueEvent, ...]:
    """Return what came after the person had left, or was nothing yet when they did."""
    if not here.picture.grade:
        return ()
    seen = _spells(here.activity[: here.reporting_s])
    return tuple(
        _event(here, here.activity, span, is_first=not number)
        for number, span in enumerate(_spells(here.activity))
        if span[0] not in {begin for begin, _ in seen}
    )


def true_grades(here: Chair) -> Int32:
    """Return the true grade of a chair at every second, shape (second,); 0 where nothing is.

    It is that of the same spells as the events of :func:`true_session`, whether anybody looks or
    not, and knows no end of a recording.
    """
    found = np.zeros(here.seconds, np.int32)
    if here.picture.grade:
        for begin, end in _spells(here.activity):
            grades = _grades(here, here.activity[begin:end])
            found[begin:end] = np.maximum(grades, 1)
    return found


def _grades(here: Chair, level: Float) -> Float:
    return np.minimum(np.ceil(here.picture.grade * level - ROUNDING), WORST)


def _event(here: Chair, level: Float, span: tuple[int, int], *, is_first: bool) -> TrueEvent:
    """Return one spell of a reaction, as far as ``level`` knows it."""
    begin, end = span
    onset_s = here.plan.reaction_s if is_first else begin
    grades = _grades(here, level[begin:end])
    grave_s = np.flatnonzero(grades >= GRAVE)
    charted = [
        second
        for second, _, is_present in charted_signs(here)
        if is_present and onset_s <= second < min(end, here.reporting_s)
    ]
    return TrueEvent(
        pattern=here.picture.pattern,
        grade=max(1, int(grades.max())),
        onset_ms=here.at_ms(onset_s),
        peak_ms=here.at_ms(begin + _worst_s(level[begin:end], grades)),
        end_ms=here.at_ms(end) if end < len(level) else None,
        recurrence=not is_first,
        charted_ms=here.at_ms(charted[0]) if charted else None,
        grade3_ms=here.at_ms(begin + int(grave_s[0])) if len(grave_s) else None,
    )


def _worst_s(level: Float, grades: Float) -> int:
    is_worst = (level >= NEARLY_WORST * level.max()) & (grades == grades.max())
    return int(np.argmax(is_worst))


def _spells(level: Float) -> list[tuple[int, int]]:
    """Return when a reaction is there: from its first moment until it is over, as half-open."""
    found: list[tuple[int, int]] = []
    edges = np.flatnonzero(np.diff((level > OVER).astype(np.int8))) + 1
    bounds = [0, *edges.tolist(), len(level)]
    for begin, end in pairwise(bounds):
        if begin < end and level[begin] > OVER and level[begin:end].max() > UNDER_WAY:
            found.append((begin, end))
    return found
