"""Reaction pictures: how vitals leave their resting course, and what a nurse sees and does.

A picture is a table, not a program: limbs (one channel moving to an extreme in a given time),
signs that get charted, and the moves of a scripted nurse. The sizes and times are the simulator
defaults that we chose inside published ranges:

* Anaphylaxis: mean arterial pressure 97 to 65 mmHg within 5 minutes (van der Linden 1993, Ann
  Intern Med 118:161) and a pulse that first rises and then is slow for the pressure (Brown
  2004, PMC1726302: in all 8 hypotensive reactions of 21). Sizes of the rest: ours.
* Fever: +7.2 /min of heart rate and +1.4 /min of breathing for each degree
  (doi:10.52964/amja.0766). Pulse and pressure rise with the shivering, temperature follows at
  0.03-0.05 Cel/min: ours. Real ones begin 30-120 min after the start; the demo's is earlier.
* Hypotensive: half begin within 15 minutes; most are over within an hour of stopping (PubMed
  36089899). A fall of at least 30 mmHg to at most 80 mmHg is the definition of
  transfusion bodies. Isolated: ours.
* Hypertensive: headache, pressure up from an hour after the start (cm.healio.com, 2014).
* Vasovagal: slow pulse and low pressure together, better lying down within minutes
  (immunisationhandbook.health.gov.au, vasovagal table). Sizes ours.
* Rate-related: follows the rate, gone within 30 minutes of slowing (medicalalgorithms.com,
  acute infusion reaction to IVIG). Gain ours.

Nothing here answers to what the monitor advises: moves come at scripted times. The seam for a
nurse who listens is the rate course, the only thing a reaction knows about the infusion.
"""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from detectors.channels import N_CHANNELS, Channel, Float
from monitor.facts.records import Severity
from simulators.infusion import Verb
from simulators.physiology import Course, bodily

HR_PER_CEL: Final = 7.2
RR_PER_CEL: Final = 1.4

Drive: TypeAlias = Literal["onset", "rate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limb:
    """One channel on its way to an extreme and back.

    ``extreme`` is in the canonical unit, or a fraction of the resting value where
    ``is_fraction``. It is reached ``rise_s`` after ``delay_s`` after the onset, held until
    ``until_s`` after the onset (or for good) and left within ``fall_s``.
    """

    channel: Channel
    extreme: float
    rise_s: float
    fall_s: float
    delay_s: float = 0.0
    until_s: float = np.inf
    is_fraction: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """Something a nurse sees or is told, charted this long after the onset, and as gone later."""

    symptom: str
    after_s: int
    gone_s: int
    severity: Severity = "moderate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What the scripted nurse does to the pump, this long after the onset."""

    after_s: int
    verb: Verb


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A named reaction: what moves, what is seen, what is done.

    ``drive`` "onset" begins at a moment; "rate" is proportional to how far the rate is above
    the one that the person tolerates. A reaction that ``eases`` starts to go away as soon as
    nothing runs in any more.
    """

    limbs: tuple[Limb, ...] = ()
    signs: tuple[Sign, ...] = ()
    responses: tuple[Response, ...] = ()
    drive: Drive = "onset"
    eases: bool = False


def _limb(channel: Channel, extreme: float, rise_min: float, fall_min: float) -> Limb:
    return Limb(channel=channel, extreme=extreme, rise_s=rise_min * 60, fall_s=fall_min * 60)


def _share(
    channel: Channel, extreme: float, rise_min: float, fall_min: float, until_min: float = np.inf
) -> Limb:
    return Limb(
        channel=channel,
        extreme=extreme,
        rise_s=rise_min * 60,
        fall_s=fall_min * 60,
        until_s=until_min * 60,
        is_fraction=True,
    )


ANAPHYLAXIS: Final = Picture(
    limbs=(
        Limb(channel=Channel.HR, extreme=42.0, rise_s=150, fall_s=240, until_s=420),
        # The slow pulse of a deep shock: it comes when the pressure is already low.
        Limb(channel=Channel.HR, extreme=-12.0, rise_s=180, fall_s=600, delay_s=540, until_s=1200),
        _share(Channel.SBP, -0.44, 4.0, 15.0, 16.0),
        _share(Channel.DBP, -0.46, 3.0, 15.0, 16.0),
        Limb(channel=Channel.SPO2, extreme=-9.0, rise_s=270, fall_s=600, delay_s=45, until_s=960),
        Limb(channel=Channel.RR, extreme=12.0, rise_s=210, fall_s=900, until_s=960),
    ),
    signs=(
        Sign(symptom="hives", after_s=90, gone_s=1800),
        Sign(symptom="wheeze", after_s=210, gone_s=1080),
    ),
    responses=(Response(after_s=360, verb="stop"),),
)

FEBRILE: Final = Picture(
    limbs=(
        Limb(channel=Channel.HR, extreme=20.0, rise_s=240, fall_s=900, until_s=1500),
        Limb(channel=Channel.SBP, extreme=16.0, rise_s=300, fall_s=900, until_s=1500),
        Limb(channel=Channel.DBP, extreme=8.0, rise_s=300, fall_s=900, until_s=1500),
        Limb(channel=Channel.RR, extreme=3.0, rise_s=240, fall_s=900, until_s=1500),
        Limb(channel=Channel.TEMP, extreme=2.0, rise_s=2400, fall_s=7200, delay_s=600),
    ),
    signs=(Sign(symptom="rigors", after_s=180, gone_s=1620),),
    responses=(Response(after_s=1500, verb="slow"),),
)

HYPOTENSIVE: Final = Picture(
    limbs=(
        # Over by itself in the end, so that half the rate after the pause is tolerated.
        _share(Channel.SBP, -0.42, 3.0, 15.0, 34.0),
        _share(Channel.DBP, -0.40, 3.0, 15.0, 34.0),
        Limb(channel=Channel.HR, extreme=8.0, rise_s=240, fall_s=600, until_s=2040),
    ),
    signs=(Sign(symptom="dizziness", after_s=420, gone_s=1320),),
    responses=(Response(after_s=660, verb="pause"), Response(after_s=2100, verb="resume")),
    eases=True,
)

RATE_RELATED: Final = Picture(
    limbs=(
        _limb(Channel.HR, 20.0, 8.0, 15.0),
        _limb(Channel.SBP, 14.0, 8.0, 15.0),
        _limb(Channel.DBP, 8.0, 8.0, 15.0),
        _limb(Channel.TEMP, 0.3, 20.0, 40.0),
        _limb(Channel.RR, 2.0, 8.0, 15.0),
    ),
    signs=(
        Sign(symptom="headache", after_s=480, gone_s=2100),
        Sign(symptom="nausea", after_s=600, gone_s=1800, severity="mild"),
    ),
    responses=(Response(after_s=900, verb="slow"),),
    drive="rate",
)

HYPERTENSIVE: Final = Picture(
    limbs=(
        _limb(Channel.SBP, 50.0, 15.0, 20.0),
        _limb(Channel.DBP, 24.0, 15.0, 20.0),
        _limb(Channel.HR, 4.0, 15.0, 20.0),
    ),
    signs=(Sign(symptom="headache", after_s=720, gone_s=2700),),
    responses=(Response(after_s=1320, verb="slow"),),
    drive="rate",
)

VASOVAGAL: Final = Picture(
    limbs=(
        Limb(channel=Channel.HR, extreme=-30.0, rise_s=70, fall_s=180, until_s=210),
        _share(Channel.SBP, -0.42, 1.2, 3.5, 3.5),
        _share(Channel.DBP, -0.40, 1.2, 3.5, 3.5),
    ),
    signs=(
        Sign(symptom="sweating", after_s=75, gone_s=420),
        Sign(symptom="dizziness", after_s=90, gone_s=420),
    ),
    responses=(Response(after_s=150, verb="pause"), Response(after_s=900, verb="resume")),
)

MILD_ALLERGIC: Final = Picture(
    limbs=(_limb(Channel.HR, 12.0, 10.0, 20.0), _limb(Channel.RR, 2.0, 10.0, 20.0)),
    signs=(
        Sign(symptom="itch", after_s=240, gone_s=2400, severity="mild"),
        Sign(symptom="hives", after_s=420, gone_s=2400, severity="mild"),
    ),
    responses=(Response(after_s=720, verb="slow"),),
    eases=True,
)

ANXIETY: Final = Picture(
    limbs=(
        Limb(channel=Channel.HR, extreme=18.0, rise_s=60, fall_s=600, until_s=240),
        Limb(channel=Channel.SBP, extreme=14.0, rise_s=60, fall_s=600, until_s=240),
        Limb(channel=Channel.DBP, extreme=7.0, rise_s=60, fall_s=600, until_s=240),
        Limb(channel=Channel.RR, extreme=3.0, rise_s=60, fall_s=600, until_s=240),
    ),
)
"""No reaction to the infusion: a fright or a needle. It settles, and nobody need be called."""

PICTURES: Final[dict[str, Picture]] = {
    "uneventful": Picture(),
    "rate-related": RATE_RELATED,
    "febrile": FEBRILE,
    "hypotensive": HYPOTENSIVE,
    "anaphylaxis": ANAPHYLAXIS,
    "vasovagal": VASOVAGAL,
    "hypertensive": HYPERTENSIVE,
    "mild-allergic": MILD_ALLERGIC,
    "probe-off": Picture(),
    "anxiety": ANXIETY,
}
"""Every reaction that can be planted; a probe that comes off moves nothing in the body."""


def reacting_course(
    resting: Course,
    picture: Picture,
    *,
    onset_s: int,
    rate_ml_per_kg_h: Float,
    rng: np.random.Generator,
) -> Course:
    """Let a resting person react.

    Parameters
    ----------
    resting : Course
        The truth without the reaction.
    picture : Picture
        Which reaction.
    onset_s : int
        When it begins [s of the session]; for a drive by the rate, the second of the rate
        step that is too much.
    rate_ml_per_kg_h : float64 array, shape (second,)
        What runs in, as from :func:`simulators.infusion.rate_course`.
    rng : numpy.random.Generator
        Draws how strongly this person reacts: between 0.9 and 1.1 of the picture (ours).

    Returns
    -------
    Course
        The truth with the reaction; before the onset it equals the resting one.
    """
    strength = float(rng.uniform(0.9, 1.1))
    if not picture.limbs:
        return resting
    levels = _levels(picture, onset_s, rate_ml_per_kg_h)
    moved = np.zeros((N_CHANNELS, resting.seconds))
    for limb, level in zip(picture.limbs, levels, strict=True):
        scale = resting.values[limb.channel] if limb.is_fraction else 1.0
        moved[limb.channel] += strength * limb.extreme * scale * level
    fever_cel = np.maximum(moved[Channel.TEMP], 0.0)
    moved[Channel.HR] += HR_PER_CEL * fever_cel
    moved[Channel.RR] += RR_PER_CEL * fever_cel
    return Course(values=bodily(resting.values + moved))


def _levels(picture: Picture, onset_s: int, rate_ml_per_kg_h: Float) -> Float:
    """Return how far each limb is on its way, 0 to 1, shape (limb, second)."""
    goals = np.stack([_goal(picture, limb, onset_s, rate_ml_per_kg_h) for limb in picture.limbs])
    up = np.array([1.0 / limb.rise_s for limb in picture.limbs])
    down = np.array([1.0 / limb.fall_s for limb in picture.limbs])
    levels = np.zeros_like(goals)
    level = np.zeros(len(picture.limbs))
    # A limb moves at a bounded speed, so a second depends on the one before it.
    for second in range(onset_s, goals.shape[1]):
        level = level + np.clip(goals[:, second] - level, -down, up)
        levels[:, second] = level
    return levels


def _goal(picture: Picture, limb: Limb, onset_s: int, rate_ml_per_kg_h: Float) -> Float:
    """Return where one limb wants to be at every second, 0 to 1."""
    seconds = len(rate_ml_per_kg_h)
    since_s = np.arange(seconds) - onset_s
    within = (since_s >= limb.delay_s) & (since_s < limb.until_s)
    if picture.drive == "rate":
        tolerated = rate_ml_per_kg_h[max(min(onset_s, seconds) - 1, 0)]
        too_much = rate_ml_per_kg_h[min(onset_s, seconds - 1)] - tolerated
        if too_much <= 0:
            return np.zeros(seconds)
        share = np.clip((rate_ml_per_kg_h - tolerated) / too_much, 0.0, 1.0)
        return np.where(within, share, 0.0)
    if picture.eases:
        within &= rate_ml_per_kg_h > 0
    return within.astype(np.float64)
