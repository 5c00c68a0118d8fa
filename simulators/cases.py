"""Cases: one person, one reaction drawn from its phenotype, and everything that goes with it."""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np

from detectors.channels import Channel
from monitor.facts.truth import NurseKind
from simulators.disturbances import Disturbance
from simulators.infusion import ML_PER_G, SECONDS_PER_HOUR, Move, Rung, planned_rungs, rungs
from simulators.nurses import Ill, nursed
from simulators.phenotypes import MINUTE_S, Phenotype, Range, Seen, Swing
from simulators.physiology import Person
from simulators.reactions import Given, Limb, Picture, Sign
from simulators.stays import WATCH_S, Habit, watch_s

GRADES: Final = (1, 2, 3, 4)
WAVE_AFTER_MIN: Final = (60.0, 150.0)
WAVE_SIZE: Final = (0.35, 0.8)
WAVE_LASTS_MIN: Final = (15.0, 40.0)
TURNED_SIZE: Final = -0.5
SHIVERS_MIN: Final = (10.0, 30.0)
HOUR_S: Final = 3600
MASKS_FOR_S: Final = 5 * HOUR_S
MASKED_SHARE: Final = 0.3
"""Paracetamol masks a fever for four to six hours; how much of it is ours."""

RATE_GAIN_MAX: Final = 1.5
"""A reaction to the rate that nobody answers grows with the next steps up to here (ours)."""

FULL_ML_PER_KG: Final = (2.0, 5.0)
"""A drive by the volume is full after so much more: 25 to 60 minutes at the highest rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is decided about one session of a cohort before its first second.

    ``onset_s`` counts from the opening of the session. ``probe_off`` holds when the
    pulse-oximeter probe is off, from one second to another. ``watch_s`` is how long the person
    stays after the end of the infusion, ``seconds`` how long the course is that is made of this
    case: at least until the reaction is over, seen or not; 0 stands for the length of the story.
    ``shivers`` is when shivering spoils the saturation, from one second to another.
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
    habit: Habit = "stays"
    watch_s: int = WATCH_S
    seconds: int = 0
    shivers: tuple[int, int] = (0, 0)


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
        gain_max=RATE_GAIN_MAX,
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
    if swing.turned and rng.random() < swing.turned:
        extreme *= TURNED_SIZE
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
    if kind.late and rng.random() < kind.late:
        end_s = _run_in_s(dose_g_per_kg * ML_PER_G, start_s)
        return end_s + int(_within(kind.late_min, rng) * MINUTE_S)
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
    begins_s: int | None = None,
) -> Case:
    """Give a person a reaction of a kind, what the nurse does about it, and how long they stay.

    A reaction that begins after the person left is part of the case all the same: nobody sees
    it and nobody does anything about it. ``planned`` is what the pump does by itself, where it
    does; ``begins_s`` is when it begins [s of the session], drawn where it is None.
    """
    if begins_s is None:
        begins_s = onset_s(kind, rng, start_s=start_s, dose_g_per_kg=dose_g_per_kg)
    picture = drawn_picture(kind, rng)
    if kind.shivers and rng.random() < kind.shivers:
        lasts_s = int(_within(SHIVERS_MIN, rng) * MINUTE_S)
        case = replace(case, shivers=(begins_s, begins_s + lasts_s))
    picture = driven(picture, begins_s, _run_in_s(dose_g_per_kg * ML_PER_G, start_s))
    if case.premedicated:
        picture = _masked(picture, begins_s - start_s)
    ill = Ill(
        picture=picture,
        onset_s=begins_s,
        start_s=start_s,
        seconds=max(seconds, begins_s + _span_s(picture)),
        volume_ml_per_kg=dose_g_per_kg * ML_PER_G,
        remedies=kind.remedies,
        stops_at=kind.stops_at,
        planned=planned,
    )
    leaves_s = ill.staircase(())[-1].at_s + watch_s(case.habit, ended_s=0)
    if begins_s >= leaves_s:
        alone = replace(case, picture=picture, onset_s=begins_s)
        return _staying(alone, ill.staircase(()), seconds=ill.seconds)
    moves, given = nursed(ill, case.nurse, rng)
    treated = replace(case, picture=picture, onset_s=begins_s, moves=moves, given=given)
    found = _staying(treated, ill.staircase(moves), seconds=ill.seconds)
    leaves_s = ill.staircase(moves)[-1].at_s + found.watch_s
    return replace(
        found,
        moves=tuple(move for move in moves if move.at_s < leaves_s),
        given=tuple(one for one in given if one.at_s < leaves_s),
    )


def staying_case(
    case: Case,
    *,
    start_s: int,
    dose_g_per_kg: float,
    planned: tuple[Rung, ...] = (),
) -> Case:
    """Decide how long somebody stays to whom nothing happens."""
    staircase = rungs(start_s, (), volume_ml_per_kg=dose_g_per_kg * ML_PER_G, planned=planned)
    return _staying(case, staircase, seconds=0)


def _staying(case: Case, staircase: tuple[Rung, ...], *, seconds: int) -> Case:
    """Return a case with its stay, and a course as long as it, or as long as said."""
    ended_s = staircase[-1].at_s
    stays_s = watch_s(case.habit, ended_s=ended_s, pattern=case.picture.pattern, given=case.given)
    return replace(case, watch_s=stays_s, seconds=max(seconds, ended_s + stays_s + 1))


def driven(picture: Picture, begins_s: int, end_s: int) -> Picture:
    """Return a picture with what drives it: after the end of an infusion what has run in."""
    return replace(picture, drive="onset") if begins_s >= end_s else picture


def _span_s(picture: Picture) -> int:
    """Return how long a reaction takes at most, a slow one until it is at its worst [s]."""
    ends = [min(one.until_s, one.delay_s + one.rise_s) + HOUR_S for one in picture.limbs]
    return int(max(ends, default=0.0))


def _masked(picture: Picture, after_s: int) -> Picture:
    """Return a picture as paracetamol before the infusion leaves it: with less of a fever."""
    if after_s > MASKS_FOR_S:
        return picture
    limbs = tuple(
        replace(one, extreme=one.extreme * (1.0 - MASKED_SHARE))
        if one.channel == Channel.TEMP
        else one
        for one in picture.limbs
    )
    return replace(picture, limbs=limbs)
