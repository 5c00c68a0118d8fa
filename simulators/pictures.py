"""Reactions as they are told: fixed pictures for the demo, the live ward and tests.

A picture is a table, not a program: limbs (one channel moving to an extreme in a given time),
signs that get charted, and the moves of a scripted nurse. The sizes and times are the simulator
defaults that we chose inside published ranges; :mod:`simulators.phenotypes` has the ranges.

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

The grade of each is that of what its nurse does: slowed is 1, paused is 2, stopped is 3 (ours,
after the wording of CTCAE). The truth of a told ward says it, and no monitor is told.
"""

from typing import Final

import numpy as np

from detectors.channels import Channel
from simulators.reactions import Limb, Picture, Relief, Response, Sign

EASES: Final = (Relief(remedy="pause", share=1.0),)
"""It starts to go away as soon as nothing runs in any more."""


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
    grade=3,
    pattern="anaphylaxis",
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
    grade=1,
    pattern="febrile",
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
    reliefs=EASES,
    grade=2,
    pattern="hypotensive",
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
    grade=1,
    pattern="rate-related",
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
    grade=1,
    pattern="hypertensive",
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
    grade=2,
    pattern="vasovagal",
)

MILD_ALLERGIC: Final = Picture(
    limbs=(_limb(Channel.HR, 12.0, 10.0, 20.0), _limb(Channel.RR, 2.0, 10.0, 20.0)),
    signs=(
        Sign(symptom="itch", after_s=240, gone_s=2400, severity="mild"),
        Sign(symptom="hives", after_s=420, gone_s=2400, severity="mild"),
    ),
    responses=(Response(after_s=720, verb="slow"),),
    reliefs=EASES,
    grade=1,
    pattern="mild-allergic",
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
