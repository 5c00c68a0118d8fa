"""Cases: one person, one reaction drawn from its phenotype, and everything that goes with it."""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np

from monitor.facts.truth import NurseKind
from simulators.disturbances import Disturbance
from simulators.infusion import ML_PER_G, SECONDS_PER_HOUR, Move, Rung, planned_rungs
from simulators.nurses import Ill, nursed
from simulators.phenotypes import MINUTE_S, Phenotype, Range, Seen, Swing
from simulators.physiology import Person
from simulators.reactions import Given, Limb, Picture, Sign

GRADES: Final = (1, 2, 3, 4)
WAVE_AFTER_MIN: Final = (60.0, 150.0)
WAVE_SIZE: Final = (0.35, 0.8)
WAVE_LASTS_MIN: Final = (15.0, 40.0)
FULL_ML_PER_KG: Final = (2.0, 5.0)
"""A drive by the volume is full after so much more: 25 to 60 minutes at the highest rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is decided about one session of a cohort before its first second.

    ``onset_s`` counts from the opening of the session. ``probe_off`` holds when the
    pulse-oximeter probe is off, from one second to another.
    """

    who: Person
    picture: Picture
    onset_s: int
    phenotype: str = ""
    moves: tuple[Move, ...] = ()
    given: tuple[Given, ...] = ()
    disturbances: tuple[Disturbance, ...] = ()
    probe_off: tuple[tuple[int, int], ...] = ()
    product: str = ""
    first_dose: bool = False
    premedicated: bool = False
    beta_blocker: bool = False
    ace_inhibitor: bool = False
    nurse: NurseKind = "none"


def drawn_picture(kind: Phenotype, rng: np.random.Generator) -> Picture:
    """Draw one reaction of a kind.

    Parameters
    ----------
    kind : Phenotype
        The ranges.
    rng : numpy.random.Generator
        The only source of chance.

    Returns
    -------
    Picture
        With a grade: one severity, drawn inside that grade, sizes every limb.
    """
    weights = np.array(kind.grades)
    grade = int(rng.choice(GRADES, p=weights / weights.sum()))
    least = 1 + int(np.flatnonzero(weights)[0])
    most = 1 + int(np.flatnonzero(weights)[-1])
    severity = (grade - least + float(rng.random())) / (most - least + 1)
    lasts_s = _within(kind.lasts_min, rng) * MINUTE_S
    sign = float(rng.choice((1.0, -1.0)))
    limbs = tuple(
        limb
        for swing in kind.swings
        if (limb := _limb(swing, severity, sign, lasts_s, rng)) is not None
    )
    wears_off = rng.random() < kind.wears_off
    reliefs = tuple(one if wears_off else replace(one, lasts_s=np.inf) for one in kind.reliefs)
    signs = tuple(one for seen in kind.signs if (one := _sign(seen, grade, rng)) is not None)
    if rng.random() < kind.returns:
        more_limbs, more_signs = _second_wave(limbs, signs, lasts_s, rng)
        limbs, signs = (*limbs, *more_limbs), (*signs, *more_signs)
    return Picture(
        limbs=limbs,
        signs=tuple(sorted(signs, key=lambda one: one.after_s)),
        drive=kind.drive,
        reliefs=reliefs,
        grade=grade,
        pattern=kind.pattern,
        full_ml_per_kg=_within(FULL_ML_PER_KG, rng),
    )


def _within(between: Range, rng: np.random.Generator) -> float:
    return float(rng.uniform(*between))


def _limb(
    swing: Swing, severity: float, sign: float, lasts_s: float, rng: np.random.Generator
) -> Limb | None:
    least, most = swing.size
    extreme = (least + (most - least) * severity) * (sign if swing.either else 1.0)
    rise_s = _within(swing.rise_min, rng) * MINUTE_S
    if swing.per_min is not None:
        rise_s = max(abs(extreme) / _within(swing.per_min, rng) * MINUTE_S, MINUTE_S)
    else:
        _within((0.0, 1.0), rng)
    fall_s = _within(swing.fall_min, rng) * MINUTE_S
    delay_s = _within(swing.delay_min, rng) * MINUTE_S
    until_s = _within(swing.lasts_min, rng) * MINUTE_S if swing.lasts_min else lasts_s
    if rng.random() >= swing.chance or not extreme:
        return None
    return Limb(
        channel=swing.channel,
        extreme=extreme,
        rise_s=rise_s,
        fall_s=fall_s,
        delay_s=delay_s,
        until_s=max(until_s, delay_s + MINUTE_S),
        is_fraction=swing.is_fraction,
    )


def _sign(seen: Seen, grade: int, rng: np.random.Generator) -> Sign | None:
    symptom = str(rng.choice(seen.symptoms))
    after_s = int(_within(seen.after_min, rng) * MINUTE_S)
    if rng.random() >= seen.chance:
        return None
    return Sign(symptom=symptom, after_s=after_s, gone_s=None, severity=seen.severities[grade - 1])


def _second_wave(
    limbs: tuple[Limb, ...], signs: tuple[Sign, ...], lasts_s: float, rng: np.random.Generator
) -> tuple[tuple[Limb, ...], tuple[Sign, ...]]:
    size = _within(WAVE_SIZE, rng)
    after_s = int(lasts_s + _within(WAVE_AFTER_MIN, rng) * MINUTE_S)
    until_s = _within(WAVE_LASTS_MIN, rng) * MINUTE_S
    more = tuple(
        replace(
            limb,
            extreme=limb.extreme * size,
            delay_s=limb.delay_s + after_s,
            until_s=after_s + max(until_s, limb.delay_s + MINUTE_S),
            size=size,
        )
        for limb in limbs
    )
    return more, tuple(replace(sign, after_s=sign.after_s + after_s) for sign in signs)


def onset_s(
    kind: Phenotype, rng: np.random.Generator, *, start_s: int, dose_g_per_kg: float
) -> int:
    """Draw when a reaction begins [s of the session], under the infusion as planned."""
    median, least, most = kind.onset_min
    drawn = median * float(np.exp(kind.onset_spread * rng.standard_normal()))
    wanted_s = start_s + int(min(max(drawn, least), most) * MINUTE_S)
    share = _within(kind.volume, rng) if kind.volume is not None else 0.0
    if kind.drive == "rate":
        steps = [rung.at_s for rung in planned_rungs(start_s)[1:]]
        return next((at_s for at_s in steps if at_s >= wanted_s), steps[-1])
    if kind.drive == "volume":
        return _run_in_s(share * dose_g_per_kg * ML_PER_G, start_s)
    return wanted_s


def _run_in_s(volume_ml_per_kg: float, start_s: int) -> int:
    """Return when so much has run in as planned [s of the session]."""
    left = volume_ml_per_kg
    ladder = planned_rungs(start_s)
    for rung, following in pairwise(ladder):
        here = rung.rate_ml_per_kg_h * (following.at_s - rung.at_s) / SECONDS_PER_HOUR
        if here >= left:
            return rung.at_s + int(left / rung.rate_ml_per_kg_h * SECONDS_PER_HOUR)
        left -= here
    return ladder[-1].at_s + int(left / ladder[-1].rate_ml_per_kg_h * SECONDS_PER_HOUR)


def reacting_case(
    case: Case,
    kind: Phenotype,
    *,
    rng: np.random.Generator,
    start_s: int,
    seconds: int,
    dose_g_per_kg: float,
    planned: tuple[Rung, ...] = (),
) -> Case:
    """Give a person a reaction of a kind, and what the nurse of the case does about it.

    A reaction that would begin after the end of the session leaves the case as it was.
    ``planned`` is what the pump does by itself, where it does.
    """
    begins_s = onset_s(kind, rng, start_s=start_s, dose_g_per_kg=dose_g_per_kg)
    picture = drawn_picture(kind, rng)
    if begins_s >= seconds:
        return case
    ill = Ill(
        picture=picture,
        onset_s=begins_s,
        start_s=start_s,
        seconds=seconds,
        volume_ml_per_kg=dose_g_per_kg * ML_PER_G,
        remedies=kind.remedies,
        stops_at=kind.stops_at,
        planned=planned,
    )
    moves, given = nursed(ill, case.nurse, rng)
    return replace(case, picture=picture, onset_s=begins_s, moves=moves, given=given)
