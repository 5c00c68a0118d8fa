"""How a reaction moves a body: limbs on their way, what drives them and what relieves them.

A picture says where each limb wants to be; a limb gets there at a bounded speed. What drives it
is a moment (``onset``), the rate above the tolerated one (``rate``) or the volume that has run in
(``volume``). What relieves it is what people do: a pump that is slowed or paused, a person who
lies down, a drug. A relief takes a share of the goal away while it is in force and nothing of
the body is forgotten, so a reaction returns when its relief ends before it does.

Fever couples into pulse and breathing by +7.2 /min and +1.4 /min a degree
(doi:10.52964/amja.0766, 4493 people). Everything else stands in the tables of pictures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

import numpy as np

from detectors.channels import N_CHANNELS, Channel, Float
from monitor.facts.records import Severity
from simulators.infusion import SECONDS_PER_HOUR, Verb
from simulators.physiology import HR_PER_CEL, RR_PER_CEL, Course, bodily

VOLUME_EVERY_S: Final = 60
"""How often the goal of a reaction to the volume is looked at."""

SLOWED_TO: Final = 0.75
"""A pump counts as slowed when it runs at no more than this share of the rate at the onset."""

BURDEN: Final[Mapping[Channel, float]] = MappingProxyType(
    {
        Channel.HR: 30.0,
        Channel.SBP: 30.0,
        Channel.DBP: 20.0,
        Channel.TEMP: 1.0,
        Channel.SPO2: 5.0,
        Channel.RR: 8.0,
    }
)
"""Moves that weigh the same in how bad a reaction is, each in its channel's unit (ours)."""

USUAL_MMHG: Final[Mapping[Channel, float]] = MappingProxyType(
    {Channel.SBP: 120.0, Channel.DBP: 75.0}
)
"""Of which resting pressure a share is taken where a picture is weighed without a person (ours)."""

Drive: TypeAlias = Literal["onset", "rate", "volume"]
Drug: TypeAlias = Literal[
    "lie-flat",
    "sit-up",
    "oxygen",
    "fluids",
    "antihistamine",
    "antipyretic",
    "corticosteroid",
    "bronchodilator",
    "diuretic",
    "epinephrine",
]
"""What people give or do besides the pump."""

Remedy: TypeAlias = Literal["slow", "pause"] | Drug


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
    """Something a nurse sees or is told, charted this long after the onset, and as gone later.

    ``gone_s`` is None where it goes with the reaction itself.
    """

    symptom: str
    after_s: int
    gone_s: int | None
    severity: Severity = "moderate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What the scripted nurse does to the pump, this long after the onset."""

    after_s: int
    verb: Verb


@dataclass(frozen=True, slots=True, kw_only=True)
class Relief:
    """What helps: takes ``share`` of the goal away, ``after_s`` after it was given, for a time.

    ``channels`` are those that it helps; all of them where there are none.
    """

    remedy: Remedy
    share: float
    after_s: float = 0.0
    lasts_s: float = np.inf
    channels: frozenset[Channel] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One remedy besides the pump, and when it was given [s of the session].

    ``is_charted`` where somebody writes it down as a step, so that nobody charts it twice.
    """

    at_s: int
    remedy: Drug
    is_charted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A reaction: what moves, what is seen, what is done, what helps.

    ``grade`` and ``pattern`` are the truth about it, where it was drawn from a phenotype.
    ``full_ml_per_kg`` is the volume in which a drive by the volume comes to its full size;
    ``gain_max`` how large one by the rate becomes if the rate goes on rising: it grows with what
    runs above the tolerated rate, and is 1 at the step that is too much.
    """

    limbs: tuple[Limb, ...] = ()
    signs: tuple[Sign, ...] = ()
    responses: tuple[Response, ...] = ()
    drive: Drive = "onset"
    reliefs: tuple[Relief, ...] = ()
    grade: int = 0
    pattern: str = ""
    full_ml_per_kg: float = 1.0
    gain_max: float = 1.0


def reacting_course(
    resting: Course,
    picture: Picture,
    *,
    onset_s: int,
    rate_ml_per_kg_h: Float,
    rng: np.random.Generator,
    given: Sequence[Given] = (),
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
    given : sequence of Given
        Remedies in order of time.

    Returns
    -------
    Course
        The truth with the reaction; before the onset it equals the resting one.
    """
    strength = float(rng.uniform(0.9, 1.1))
    moved = np.zeros((N_CHANNELS, resting.seconds))
    _add(moved, resting, picture, strength, levels(picture, onset_s, rate_ml_per_kg_h, given))
    for one in given:
        effect = EFFECTS.get(one.remedy)
        if effect is not None:
            _add(moved, resting, effect, 1.0, levels(effect, one.at_s, rate_ml_per_kg_h))
    if not moved.any():
        return resting
    _couple_fever(moved)
    return Course(values=bodily(resting.values + moved))


def _add(moved: Float, resting: Course, picture: Picture, strength: float, level: Float) -> None:
    for limb, row in zip(picture.limbs, level, strict=True):
        scale = resting.values[limb.channel] if limb.is_fraction else 1.0
        moved[limb.channel] += strength * limb.extreme * scale * row


def activity(picture: Picture, level: Float) -> Float:
    """Return how much of a reaction there is at every second, against its worst untreated.

    Parameters
    ----------
    picture : Picture
        Which reaction.
    level : float64 array, shape (limb, second)
        As from :func:`levels`.

    Returns
    -------
    float64 array, shape (second,)
        How far the body is moved, every channel in its own :data:`BURDEN`, the pulse and the
        breathing of its fever with it. 1 where the picture would be worst if nobody did anything,
        above it where the rate goes on rising; 0 for a picture that moves nothing.
    """
    whole = _worst_burden(picture)
    if not whole:
        return np.zeros(level.shape[1])
    return _burden(picture, level) / whole


@lru_cache(maxsize=512)
def _worst_burden(picture: Picture) -> float:
    """Return how far a picture moves a body at most where its drive is there from the onset."""
    ends = [min(limb.until_s, limb.delay_s + limb.rise_s) for limb in picture.limbs]
    if not ends:
        return 0.0
    alone = replace(picture, drive="onset", reliefs=())
    level = levels(alone, 0, np.zeros(int(max(ends)) + 2))
    return float(_burden(alone, level).max())


def _burden(picture: Picture, level: Float) -> Float:
    """Return how far a body is moved, summed over channels, shape (second,)."""
    moved = np.zeros((N_CHANNELS, level.shape[1]))
    for limb, row in zip(picture.limbs, level, strict=True):
        scale = USUAL_MMHG[limb.channel] if limb.is_fraction else 1.0
        moved[limb.channel] += limb.extreme * scale * row
    _couple_fever(moved)
    found = np.zeros(level.shape[1])
    for channel, one in BURDEN.items():
        found += np.abs(moved[channel]) / one
    return found


def _couple_fever(moved: Float) -> None:
    """Let the pulse and the breathing follow a fever."""
    fever_cel = np.maximum(moved[Channel.TEMP], 0.0)
    moved[Channel.HR] += HR_PER_CEL * fever_cel
    moved[Channel.RR] += RR_PER_CEL * fever_cel


def levels(
    picture: Picture, onset_s: int, rate_ml_per_kg_h: Float, given: Sequence[Given] = ()
) -> Float:
    """Return how far each limb is on its way to its extreme.

    Parameters
    ----------
    picture, onset_s, rate_ml_per_kg_h, given
        As for :func:`reacting_course`.

    Returns
    -------
    float64 array, shape (limb, second)
        0 before the onset; above 1 where the rate has gone on rising and the picture grows with
        it. Goals are constant from one turn to the next, so a limb that moves at
        a bounded speed has a closed form between them.
    """
    seconds = len(rate_ml_per_kg_h)
    found = np.zeros((len(picture.limbs), seconds))
    if not picture.limbs:
        return found
    up = np.array([[1.0 / limb.rise_s] for limb in picture.limbs])
    down = np.array([[1.0 / limb.fall_s] for limb in picture.limbs])
    infused = np.cumsum(rate_ml_per_kg_h) / SECONDS_PER_HOUR
    level = np.zeros((len(picture.limbs), 1))
    for begin, end in pairwise(_turns(picture, onset_s, rate_ml_per_kg_h, given)):
        drive = _drive(picture, onset_s, rate_ml_per_kg_h, infused, begin)
        goal = drive * _shares(picture, begin - onset_s)
        goal = (goal * _relieved(picture, onset_s, rate_ml_per_kg_h, given, begin))[:, None]
        passed = np.arange(1.0, end - begin + 1.0)
        rising = np.minimum(level + up * passed, goal)
        found[:, begin:end] = np.where(
            goal > level, rising, np.maximum(level - down * passed, goal)
        )
        level = found[:, end - 1 : end]
    return found


def _turns(
    picture: Picture, onset_s: int, rate_ml_per_kg_h: Float, given: Sequence[Given]
) -> list[int]:
    """Return the seconds at which a goal may change, the onset first and the end last."""
    seconds = len(rate_ml_per_kg_h)
    turns = {onset_s, seconds, *(np.flatnonzero(np.diff(rate_ml_per_kg_h)) + 1).tolist()}
    for limb in picture.limbs:
        turns |= {onset_s + int(limb.delay_s)}
        turns |= {onset_s + int(limb.until_s)} if np.isfinite(limb.until_s) else set()
    for relief in picture.reliefs:
        for one in given:
            if one.remedy == relief.remedy:
                begin = one.at_s + int(relief.after_s)
                turns |= {begin}
                turns |= {begin + int(relief.lasts_s)} if np.isfinite(relief.lasts_s) else set()
    if picture.drive == "volume":
        turns |= set(range(onset_s, seconds, VOLUME_EVERY_S))
    return sorted(turn for turn in turns if onset_s <= turn <= seconds)


def _shares(picture: Picture, since_s: int) -> Float:
    # Looked at in the whole second of a turn, so the end is that second and no fraction later.
    return np.array(
        [
            float(np.floor(limb.delay_s) <= since_s < np.floor(limb.until_s))
            for limb in picture.limbs
        ]
    )


def _drive(
    picture: Picture, onset_s: int, rate_ml_per_kg_h: Float, infused: Float, at_s: int
) -> float:
    if picture.drive == "volume":
        since = float(infused[at_s] - infused[onset_s])
        return min(max(since / picture.full_ml_per_kg, 0.0), 1.0)
    if picture.drive == "rate":
        seconds = len(rate_ml_per_kg_h)
        tolerated = float(rate_ml_per_kg_h[max(min(onset_s, seconds) - 1, 0)])
        too_much = float(rate_ml_per_kg_h[min(onset_s, seconds - 1)]) - tolerated
        if too_much <= 0:
            return 0.0
        gain = (float(rate_ml_per_kg_h[at_s]) - tolerated) / too_much
        return min(max(gain, 0.0), picture.gain_max)
    return 1.0


def _relieved(
    picture: Picture,
    onset_s: int,
    rate_ml_per_kg_h: Float,
    given: Sequence[Given],
    at_s: int,
) -> Float:
    """Return what share of each limb's goal the reliefs in force leave."""
    left = np.ones(len(picture.limbs))
    rate = float(rate_ml_per_kg_h[at_s])
    for relief in picture.reliefs:
        if relief.remedy == "pause":
            count = int(rate == 0.0)
        elif relief.remedy == "slow":
            at_onset = float(rate_ml_per_kg_h[min(onset_s, len(rate_ml_per_kg_h) - 1)])
            count = int(0.0 < rate <= SLOWED_TO * at_onset)
        else:
            count = sum(
                one.remedy == relief.remedy
                and 0 <= at_s - one.at_s - int(relief.after_s) < np.floor(relief.lasts_s)
                for one in given
            )
        if count:
            helped = [
                not relief.channels or limb.channel in relief.channels for limb in picture.limbs
            ]
            left *= np.where(helped, (1.0 - relief.share) ** count, 1.0)
    return left


EFFECTS: Final[dict[str, Picture]] = {
    "epinephrine": Picture(
        limbs=(
            Limb(channel=Channel.HR, extreme=15.0, rise_s=120, fall_s=600, until_s=600),
            Limb(channel=Channel.SBP, extreme=15.0, rise_s=120, fall_s=600, until_s=600),
        )
    ),
    "antihistamine": Picture(
        limbs=(
            Limb(channel=Channel.HR, extreme=5.0, rise_s=600, fall_s=3600, until_s=3600),
            Limb(channel=Channel.SBP, extreme=-4.0, rise_s=600, fall_s=3600, until_s=3600),
        )
    ),
}
"""What a drug does to anybody: epinephrine raises pulse and pressure for 10 to 20 minutes, an
antihistamine of the first generation raises the pulse and lowers the pressure. Sizes ours."""
