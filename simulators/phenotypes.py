"""Reactions as they occur: the ranges from which a simulated person's reaction is drawn.

One row a phenotype: when it begins, how far each channel moves and how fast, what is charted,
what helps. A drawn case takes one severity for all of its limbs, so a worse reaction moves
everything further. These are parameters of the simulator, not of the monitor, and no medical
model. ``source`` names the documents, as in the site's list of sources, that the picture rests
on; ``engineering`` says that sizes and times are ranges which we put together ourselves.

Reliefs are ours throughout, except that a rate-related reaction is gone within 30 minutes of
slowing (ivig-acute-reaction), a flush under iron within 10 minutes of stopping (iron-fishbane),
a faint within minutes of lying down (vasovagal-handbook), that most hypotensive reactions are
over within an hour of stopping (hypotensive-reactions-seoul), and that signs of anaphylaxis may
return when epinephrine wears off (brown-challenge-2004).
"""

from dataclasses import dataclass, field
from typing import Final

from detectors.channels import Channel
from monitor.facts.records import Severity
from simulators.reactions import Drive, Relief

Range = tuple[float, float]

MINUTE_S: Final = 60.0
FOREVER_MIN: Final = (1e6, 1e6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Swing:
    """One channel: how far it moves in a mild and in the worst case, and how fast.

    ``size`` goes from the mildest to the worst; a fraction of the resting value where
    ``is_fraction``. Times are ranges in minutes after the onset. ``chance`` is how often it
    happens at all, ``either`` means up or down with equal chance, ``turned`` how often it goes the
    other way by half of its size. Where ``per_min`` is set, the time to the extreme follows from
    this speed in units a minute.
    """

    channel: Channel
    size: Range
    rise_min: Range = (5.0, 10.0)
    fall_min: Range = (15.0, 25.0)
    delay_min: Range = (0.0, 0.0)
    lasts_min: Range | None = None
    is_fraction: bool = False
    chance: float = 1.0
    either: bool = False
    turned: float = 0.0
    per_min: Range | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A sign, how often it comes at all, when it is charted [min after the onset], how bad."""

    symptoms: tuple[str, ...]
    chance: float
    after_min: Range
    severities: tuple[Severity, ...] = ("mild", "moderate", "severe", "severe")
    """By grade, 1 to 4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phenotype:
    """A reaction as it occurs, and the pattern under which the monitor should know it.

    ``onset_min`` is median, least and most; the spread is log-normal with ``onset_spread``. A
    drive by the rate waits for the next rate step; one by the volume begins when the share
    ``volume`` of the dose has run in. ``grades`` gives the weight of grades 1 to 4.
    """

    pattern: str
    onset_min: tuple[float, float, float]
    grades: tuple[float, float, float, float]
    swings: tuple[Swing, ...]
    signs: tuple[Seen, ...]
    reliefs: tuple[Relief, ...]
    lasts_min: Range
    source: tuple[str, ...]
    onset_spread: float = 0.8
    drive: Drive = "onset"
    volume: Range | None = None
    product: str = ""
    first_dose: float = 0.2
    beta_blocker: bool = False
    ace_inhibitor: float = 0.1
    returns: float = 0.0
    """How often a second wave comes by itself, an hour or more after the first."""
    late: float = 0.0
    """How often it begins only after the end of the infusion (ours)."""
    late_min: Range = (0.0, 0.0)
    """How long after the planned end it begins then [min]."""
    breathes_more: Range | None = None
    """By how much people who get it breathe faster already before the start [/min]."""
    shivers: float = 0.0
    """How often shivering and a cold hand spoil the saturation while its signs begin (ours)."""
    wears_off: float = 0.25
    """How often a relief that lasts for a time ends before the reaction does."""
    remedies: tuple[str, ...] = field(default=())
    """What a nurse gives besides the pump, in order."""
    stops_at: int = 3
    """From this grade on the infusion is stopped for good."""


def _pump(
    slow: float, pause: float, channels: frozenset[Channel] = frozenset()
) -> tuple[Relief, ...]:
    return (
        Relief(remedy="slow", share=slow, channels=channels),
        Relief(remedy="pause", share=pause, channels=channels),
    )


_NOT_FEVER: Final = frozenset(Channel) - {Channel.TEMP}
"""A fever on its way runs its course, whatever the pump does; only an antipyretic bends it."""


_SKIN: Final = Seen(symptoms=("hives", "flushing", "itch"), chance=0.85, after_min=(1.0, 5.0))
_AIRWAY: Final = Seen(
    symptoms=("wheeze", "dyspnoea", "stridor", "throat-tightness"),
    chance=0.7,
    after_min=(2.0, 7.0),
    severities=("mild", "mild", "moderate", "severe"),
)
_GUT: Final = Seen(symptoms=("nausea", "vomiting"), chance=0.3, after_min=(3.0, 10.0))

_SHOCK: Final = (
    Swing(channel=Channel.SBP, size=(-0.25, -0.60), rise_min=(3.0, 5.0), is_fraction=True),
    Swing(channel=Channel.DBP, size=(-0.28, -0.60), rise_min=(2.5, 4.0), is_fraction=True),
    Swing(channel=Channel.SPO2, size=(-3.0, -15.0), rise_min=(4.0, 6.0), delay_min=(0.5, 1.5)),
    Swing(channel=Channel.RR, size=(6.0, 16.0), rise_min=(3.0, 5.0)),
)
_RACE: Final = Swing(
    channel=Channel.HR, size=(20.0, 50.0), rise_min=(2.0, 4.0), lasts_min=(7.0, 12.0)
)
_SLOW_PULSE: Final = Swing(
    channel=Channel.HR,
    size=(-8.0, -22.0),
    rise_min=(2.0, 4.0),
    delay_min=(8.0, 12.0),
    lasts_min=(18.0, 30.0),
    chance=0.6,
)
_SHOCK_RELIEFS: Final = (
    *_pump(0.05, 0.2),
    Relief(remedy="epinephrine", share=0.8, after_s=150, lasts_s=1200),
    Relief(remedy="lie-flat", share=0.1),
    Relief(remedy="fluids", share=0.2, after_s=600),
    Relief(remedy="oxygen", share=0.4, after_s=60, channels=frozenset({Channel.SPO2})),
    Relief(remedy="bronchodilator", share=0.3, after_s=300, channels=frozenset({Channel.SPO2})),
)
_SHOCK_REMEDIES: Final = ("lie-flat", "oxygen", "epinephrine", "fluids", "antihistamine")


def _anaphylaxis(*, skin: float, beta_blocker: bool = False) -> Phenotype:
    """Return anaphylaxis with or without skin signs, with or without a beta-blocker."""
    gain = 0.2 if beta_blocker else 1.0
    race = Swing(
        channel=_RACE.channel,
        size=(_RACE.size[0] * gain, _RACE.size[1] * gain),
        rise_min=_RACE.rise_min,
        lasts_min=_RACE.lasts_min,
    )
    resistant = tuple(
        Relief(remedy=one.remedy, share=one.share / 2, after_s=one.after_s, lasts_s=one.lasts_s)
        if beta_blocker and one.remedy == "epinephrine"
        else one
        for one in _SHOCK_RELIEFS
    )
    seen = Seen(symptoms=_SKIN.symptoms, chance=skin, after_min=_SKIN.after_min)
    return Phenotype(
        pattern="anaphylaxis",
        onset_min=(5.0, 1.0, 45.0),
        grades=(0.0, 0.0, 0.7, 0.3),
        swings=(race, *_SHOCK) if beta_blocker else (race, _SLOW_PULSE, *_SHOCK),
        signs=(seen, _AIRWAY, _GUT),
        reliefs=resistant,
        lasts_min=(30.0, 75.0),
        source=(
            "newfoundland-onset",
            "sting-challenge-shock",
            "brown-challenge-2004",
            "engineering",
        ),
        beta_blocker=beta_blocker,
        returns=0.15,
        remedies=_SHOCK_REMEDIES,
    )


SUDDEN: Final[dict[str, Phenotype]] = {
    "anaphylaxis": _anaphylaxis(skin=1.0),
    "anaphylaxis-no-skin": _anaphylaxis(skin=0.0),
    "anaphylaxis-beta-blocked": _anaphylaxis(skin=0.85, beta_blocker=True),
    "mild-allergic": Phenotype(
        pattern="mild-allergic",
        onset_min=(20.0, 5.0, 60.0),
        grades=(0.6, 0.4, 0.0, 0.0),
        swings=(
            Swing(channel=Channel.HR, size=(5.0, 20.0), rise_min=(8.0, 12.0)),
            Swing(channel=Channel.RR, size=(0.0, 4.0), rise_min=(8.0, 12.0)),
            Swing(channel=Channel.SPO2, size=(0.0, -2.0), rise_min=(8.0, 12.0)),
            Swing(channel=Channel.SBP, size=(0.0, 10.0), rise_min=(8.0, 12.0), either=True),
            Swing(channel=Channel.DBP, size=(0.0, 6.0), rise_min=(8.0, 12.0), either=True),
        ),
        signs=(
            Seen(symptoms=("itch",), chance=0.8, after_min=(3.0, 8.0)),
            Seen(symptoms=("hives", "flushing"), chance=1.0, after_min=(5.0, 12.0)),
        ),
        reliefs=(*_pump(0.4, 0.7), Relief(remedy="antihistamine", share=0.8, after_s=900)),
        lasts_min=(40.0, 120.0),
        source=("engineering",),
        remedies=("antihistamine",),
    ),
    "febrile": Phenotype(
        pattern="febrile",
        onset_min=(60.0, 30.0, 200.0),
        onset_spread=0.5,
        grades=(0.45, 0.45, 0.1, 0.0),
        swings=(
            Swing(channel=Channel.HR, size=(10.0, 30.0), lasts_min=(15.0, 30.0)),
            Swing(channel=Channel.SBP, size=(5.0, 20.0), lasts_min=(15.0, 30.0)),
            Swing(channel=Channel.DBP, size=(3.0, 10.0), lasts_min=(15.0, 30.0)),
            Swing(channel=Channel.RR, size=(2.0, 6.0), lasts_min=(15.0, 30.0)),
            Swing(
                channel=Channel.SBP,
                size=(-5.0, -15.0),
                rise_min=(20.0, 30.0),
                delay_min=(30.0, 40.0),
            ),
            Swing(
                channel=Channel.TEMP,
                size=(1.0, 2.5),
                fall_min=(90.0, 150.0),
                delay_min=(10.0, 25.0),
                per_min=(0.03, 0.05),
            ),
        ),
        signs=(
            Seen(symptoms=("chills", "rigors"), chance=0.9, after_min=(2.0, 6.0)),
            Seen(symptoms=("headache", "myalgia"), chance=0.4, after_min=(15.0, 40.0)),
        ),
        reliefs=(
            *_pump(0.1, 0.3, _NOT_FEVER),
            Relief(
                remedy="antipyretic", share=0.6, after_s=1800, channels=frozenset({Channel.TEMP})
            ),
        ),
        lasts_min=(120.0, 240.0),
        late=0.15,
        late_min=(0.0, 240.0),
        shivers=0.4,
        source=("nhsn-hemovigilance", "engineering"),
        remedies=("antipyretic",),
    ),
    "cytokine-release": Phenotype(
        pattern="cytokine-release",
        onset_min=(60.0, 30.0, 120.0),
        onset_spread=0.4,
        grades=(0.0, 0.5, 0.4, 0.1),
        swings=(
            Swing(
                channel=Channel.TEMP, size=(1.0, 3.0), per_min=(0.03, 0.05), delay_min=(0.0, 10.0)
            ),
            Swing(channel=Channel.HR, size=(12.0, 28.0), rise_min=(20.0, 45.0)),
            Swing(
                channel=Channel.SBP,
                size=(-20.0, -45.0),
                rise_min=(30.0, 60.0),
                delay_min=(10.0, 25.0),
            ),
            Swing(
                channel=Channel.DBP,
                size=(-10.0, -25.0),
                rise_min=(30.0, 60.0),
                delay_min=(10.0, 25.0),
            ),
            Swing(channel=Channel.SPO2, size=(-2.0, -6.0), rise_min=(30.0, 60.0)),
            Swing(channel=Channel.RR, size=(4.0, 12.0), rise_min=(30.0, 60.0)),
        ),
        signs=(
            Seen(symptoms=("chills", "rigors"), chance=0.8, after_min=(5.0, 20.0)),
            Seen(symptoms=("nausea", "headache", "myalgia"), chance=0.6, after_min=(10.0, 40.0)),
        ),
        reliefs=(
            # What has been released is there: a pause ends the supply and takes tens of minutes.
            *_pump(0.1, 0.3, _NOT_FEVER),
            Relief(remedy="corticosteroid", share=0.5, after_s=3600),
            Relief(
                remedy="antipyretic", share=0.4, after_s=1800, channels=frozenset({Channel.TEMP})
            ),
            Relief(remedy="fluids", share=0.4, after_s=900, channels=frozenset({Channel.SBP})),
        ),
        lasts_min=(120.0, 300.0),
        source=("mab-timing", "engineering"),
        product="rituximab",
        first_dose=0.9,
        remedies=("antipyretic", "antihistamine", "corticosteroid", "fluids"),
    ),
    "hypotensive": Phenotype(
        pattern="hypotensive",
        onset_min=(12.0, 1.0, 90.0),
        grades=(0.0, 0.5, 0.4, 0.1),
        swings=(
            Swing(
                channel=Channel.SBP,
                size=(-0.26, -0.48),
                rise_min=(2.0, 5.0),
                fall_min=(10.0, 20.0),
                is_fraction=True,
            ),
            Swing(
                channel=Channel.DBP,
                size=(-0.24, -0.44),
                rise_min=(2.0, 5.0),
                fall_min=(10.0, 20.0),
                is_fraction=True,
            ),
            Swing(channel=Channel.HR, size=(0.0, 20.0), rise_min=(3.0, 6.0)),
        ),
        signs=(Seen(symptoms=("dizziness", "nausea"), chance=0.6, after_min=(3.0, 9.0)),),
        reliefs=(
            *_pump(0.3, 1.0),
            Relief(remedy="lie-flat", share=0.3),
            Relief(remedy="fluids", share=0.3, after_s=600),
        ),
        lasts_min=(30.0, 90.0),
        source=("hypotensive-reactions-seoul", "nhsn-hemovigilance"),
        ace_inhibitor=0.7,
        remedies=("lie-flat", "fluids"),
        stops_at=3,
    ),
    "hypertensive": Phenotype(
        pattern="hypertensive",
        onset_min=(60.0, 15.0, 90.0),
        onset_spread=0.4,
        drive="rate",
        grades=(0.4, 0.45, 0.15, 0.0),
        swings=(
            Swing(channel=Channel.SBP, size=(20.0, 60.0), rise_min=(20.0, 40.0)),
            Swing(channel=Channel.DBP, size=(10.0, 30.0), rise_min=(20.0, 40.0)),
            Swing(channel=Channel.HR, size=(-5.0, 10.0), rise_min=(20.0, 40.0)),
        ),
        signs=(Seen(symptoms=("headache",), chance=0.7, after_min=(10.0, 30.0)),),
        reliefs=(),
        lasts_min=FOREVER_MIN,
        source=("ivig-hypertension-case", "engineering"),
    ),
    "vasovagal": Phenotype(
        pattern="vasovagal",
        onset_min=(10.0, 0.2, 150.0),
        onset_spread=1.5,
        grades=(0.0, 0.6, 0.4, 0.0),
        swings=(
            Swing(
                channel=Channel.HR,
                size=(5.0, 15.0),
                rise_min=(0.2, 0.4),
                fall_min=(0.3, 0.5),
                lasts_min=(0.5, 0.8),
                chance=0.5,
            ),
            Swing(
                channel=Channel.HR,
                size=(-20.0, -40.0),
                rise_min=(1.0, 2.0),
                fall_min=(3.0, 5.0),
                delay_min=(0.5, 0.8),
            ),
            Swing(
                channel=Channel.SBP,
                size=(-0.25, -0.50),
                rise_min=(1.0, 2.0),
                fall_min=(3.0, 5.0),
                delay_min=(0.3, 0.6),
                is_fraction=True,
            ),
            Swing(
                channel=Channel.DBP,
                size=(-0.20, -0.45),
                rise_min=(1.0, 2.0),
                fall_min=(3.0, 5.0),
                delay_min=(0.3, 0.6),
                is_fraction=True,
            ),
        ),
        signs=(
            Seen(symptoms=("sweating", "dizziness", "nausea"), chance=0.95, after_min=(0.8, 2.5)),
            Seen(symptoms=("syncope",), chance=0.2, after_min=(1.5, 3.0)),
        ),
        reliefs=(Relief(remedy="lie-flat", share=0.9, after_s=30), *_pump(0.0, 0.1)),
        lasts_min=(4.0, 15.0),
        source=("vasovagal-handbook", "engineering"),
        remedies=("lie-flat",),
        stops_at=5,
    ),
}
"""By name; lungs, volume and rate are the subject of :mod:`simulators.overloads`."""
