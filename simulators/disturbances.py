"""What moves the numbers and is no reaction: needles, talking, walking, sleep, a changed arm.

Each is a picture of limbs on the same mechanism as a reaction, so it adds to whatever else
happens. Sizes and times are ranges that we put together (engineering): needle, anxiety and effort
10 to 30 and 10 to 40 /min, another arm or posture 10 to 25 mmHg, another site 0.3 to 0.8 Cel. None
of them must call anybody, and the truth says when they were. A faint at the needle, before
anything runs in, is a faint and no reaction to an infusion.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from detectors.channels import Channel
from simulators.physiology import HR_PER_CEL, RR_PER_CEL
from simulators.reactions import Limb, Picture

AT_ONCE_S: Final = 1.0
MINUTE_S: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """One thing that happened to a person or a device, from one second to another."""

    kind: str
    from_s: int
    until_s: int
    picture: Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How many of each a session of four hours has on average."""

    needle: float = 0.3
    talking: float = 1.5
    walking: float = 0.6
    sleep: float = 0.35
    posture: float = 0.3
    other_arm: float = 0.1
    other_site: float = 0.1
    anxiety: float = 0.1
    faint: float = 0.01
    probe_off: float = 0.15


USUAL_S: Final = 4 * 3600
"""The length of the session that :class:`Habits` speaks of."""

FROM_MONTHS: Final = {"walking": 12, "talking": 24}
"""From which age on somebody walks about and talks (ours)."""


def disturbances(
    rng: np.random.Generator,
    habits: Habits,
    *,
    start_s: int,
    seconds: int,
    age_months: int | None = None,
) -> tuple[Disturbance, ...]:
    """Draw what happens besides the infusion in one session, in order of time.

    ``age_months`` is None from the second birthday on. What is drawn does not depend on it;
    what somebody is too young for is left out.
    """
    share = seconds / USUAL_S
    found: list[Disturbance] = []
    if rng.random() < habits.needle:
        found.append(_stress("needle", max(start_s - 60, 1), rng))
    for kind, count in (
        ("talking", habits.talking),
        ("walking", habits.walking),
        ("sleep", habits.sleep),
        ("posture", habits.posture),
        ("other-arm", habits.other_arm),
        ("other-site", habits.other_site),
        ("anxiety", habits.anxiety),
    ):
        for _ in range(int(rng.poisson(count * share))):
            at_s = int(rng.integers(start_s + 300, max(seconds - 300, start_s + 301)))
            found.append(_of_kind(kind, at_s, seconds, rng))
    if rng.random() < habits.faint:
        found.append(_faint(int(rng.integers(30, max(start_s - 240, 31))), rng))
    if age_months is not None:
        found = [one for one in found if age_months >= FROM_MONTHS.get(one.kind, 0)]
    return tuple(sorted(found, key=lambda one: one.from_s))


def probe_losses(
    rng: np.random.Generator, habits: Habits, *, start_s: int, seconds: int
) -> tuple[tuple[int, int], ...]:
    """Draw when the pulse-oximeter probe is off: at most once in a session."""
    if rng.random() >= habits.probe_off * seconds / USUAL_S or seconds < start_s + 1200:
        return ()
    from_s = int(rng.integers(start_s + 300, seconds - 600))
    return ((from_s, from_s + int(rng.integers(60, 600))),)


def _of_kind(kind: str, at_s: int, seconds: int, rng: np.random.Generator) -> Disturbance:
    if kind == "sleep":
        return _sleep(at_s, rng)
    if kind == "posture":
        limbs = _shift(rng, until_s=float(rng.integers(5, 40) * MINUTE_S))
        until_s = at_s + int(limbs[0].until_s)
        return Disturbance(kind=kind, from_s=at_s, until_s=until_s, picture=Picture(limbs=limbs))
    if kind == "other-arm":
        limbs = _shift(rng)
        return Disturbance(kind=kind, from_s=at_s, until_s=seconds, picture=Picture(limbs=limbs))
    if kind == "other-site":
        size = float(rng.uniform(0.3, 0.8) * rng.choice((-1.0, 1.0)))
        picture = Picture(limbs=_elsewhere(size))
        return Disturbance(kind=kind, from_s=at_s, until_s=seconds, picture=picture)
    return _stress(kind, at_s, rng)


def _shift(rng: np.random.Generator, *, until_s: float = np.inf) -> tuple[Limb, Limb]:
    """Return a step of both pressures, up or down: an arm or a body at another height."""
    size = float(rng.uniform(10.0, 25.0) * rng.choice((-1.0, 1.0)))
    return (
        _step(Channel.SBP, size, until_s=until_s),
        _step(Channel.DBP, 0.7 * size, until_s=until_s),
    )


def _elsewhere(size: float) -> tuple[Limb, ...]:
    """Return a step of the thermometer alone: another site is no fever of the body."""
    # A body that is warmer by so much has a faster pulse and breathing, and this one is not.
    fever_cel = max(size, 0.0)
    return (
        _step(Channel.TEMP, size),
        _step(Channel.HR, -HR_PER_CEL * fever_cel),
        _step(Channel.RR, -RR_PER_CEL * fever_cel),
    )


def _step(channel: Channel, size: float, *, until_s: float = np.inf) -> Limb:
    return Limb(channel=channel, extreme=size, rise_s=AT_ONCE_S, fall_s=AT_ONCE_S, until_s=until_s)


_SIZES: Final = {
    "needle": (10.0, 30.0),
    "talking": (4.0, 12.0),
    "walking": (10.0, 40.0),
    "anxiety": (10.0, 30.0),
}
_HELD_S: Final = {
    "needle": (60, 240),
    "talking": (60, 300),
    "walking": (60, 300),
    "anxiety": (120, 600),
}
WALK_SETTLES_S: Final = 180
_SETTLES_S: Final = {
    "needle": 500.0,
    "talking": 60.0,
    "walking": float(WALK_SETTLES_S),
    "anxiety": 600.0,
}


def _stress(kind: str, at_s: int, rng: np.random.Generator) -> Disturbance:
    size = float(rng.uniform(*_SIZES[kind]))
    held_s = int(rng.integers(*_HELD_S[kind]))
    limbs = tuple(
        Limb(
            channel=channel,
            extreme=share * size,
            rise_s=60.0,
            fall_s=_SETTLES_S[kind],
            until_s=float(held_s),
        )
        for channel, share in (
            (Channel.HR, 1.0),
            (Channel.SBP, 0.7),
            (Channel.DBP, 0.35),
            (Channel.RR, 0.2),
        )
    )
    until_s = at_s + held_s + int(_SETTLES_S[kind])
    return Disturbance(kind=kind, from_s=at_s, until_s=until_s, picture=Picture(limbs=limbs))


def _faint(at_s: int, rng: np.random.Generator) -> Disturbance:
    """Return a faint at the sight of the needle, before anything runs in; over lying down."""
    held_s = int(rng.integers(60, 180))
    depth = float(rng.uniform(0.5, 1.0))
    limbs = tuple(
        Limb(
            channel=channel,
            extreme=depth * size,
            rise_s=90.0,
            fall_s=180.0,
            until_s=float(held_s),
            is_fraction=is_fraction,
        )
        for channel, size, is_fraction in (
            (Channel.HR, -40.0, False),
            (Channel.SBP, -0.5, True),
            (Channel.DBP, -0.45, True),
        )
    )
    return Disturbance(
        kind="faint", from_s=at_s, until_s=at_s + held_s + 180, picture=Picture(limbs=limbs)
    )


def _sleep(at_s: int, rng: np.random.Generator) -> Disturbance:
    depth = float(rng.uniform(0.4, 1.0))
    held_s = int(rng.integers(20, 90)) * MINUTE_S
    limbs = tuple(
        Limb(
            channel=channel,
            extreme=depth * size,
            rise_s=900.0,
            fall_s=180.0,
            until_s=float(held_s),
        )
        for channel, size in (
            (Channel.HR, -12.0),
            (Channel.SBP, -12.0),
            (Channel.DBP, -8.0),
            (Channel.TEMP, -0.2),
            (Channel.SPO2, -1.5),
            (Channel.RR, -2.0),
        )
    )
    return Disturbance(
        kind="sleep", from_s=at_s, until_s=at_s + held_s + 180, picture=Picture(limbs=limbs)
    )
