"""Phenotypes of the lungs, of volume and of rate, and the table of all of them.

What stands in :mod:`simulators.phenotypes` about sizes, times and sources holds here too.
"""

from typing import Final

from detectors.channels import Channel
from simulators.phenotypes import FOREVER_MIN, SUDDEN, Phenotype, Seen, Swing
from simulators.reactions import Relief

_LUNGS: Final = frozenset({Channel.SPO2, Channel.RR})

SLOW: Final[dict[str, Phenotype]] = {
    "fluid-overload": Phenotype(
        pattern="fluid-overload",
        onset_min=(90.0, 60.0, 230.0),
        drive="volume",
        volume=(0.35, 0.8),
        grades=(0.0, 0.5, 0.4, 0.1),
        swings=(
            # Breathing first, the others a while later; the volume sets the pace.
            Swing(channel=Channel.RR, size=(6.0, 14.0), rise_min=(10.0, 20.0)),
            Swing(
                channel=Channel.SPO2,
                size=(-3.0, -12.0),
                rise_min=(20.0, 40.0),
                delay_min=(8.0, 15.0),
            ),
            Swing(
                channel=Channel.SBP, size=(20.0, 50.0), rise_min=(20.0, 40.0), delay_min=(8.0, 15.0)
            ),
            Swing(
                channel=Channel.DBP, size=(2.0, 12.0), rise_min=(20.0, 40.0), delay_min=(8.0, 15.0)
            ),
            Swing(
                channel=Channel.HR, size=(10.0, 30.0), rise_min=(20.0, 40.0), delay_min=(8.0, 15.0)
            ),
            Swing(
                channel=Channel.TEMP,
                size=(0.2, 1.0),
                rise_min=(40.0, 80.0),
                delay_min=(10.0, 30.0),
                chance=0.3,
            ),
        ),
        signs=(
            Seen(
                symptoms=("dyspnoea",),
                chance=0.9,
                after_min=(10.0, 35.0),
                severities=("mild", "mild", "moderate", "severe"),
            ),
        ),
        reliefs=(
            Relief(remedy="diuretic", share=0.7, after_s=1200),
            Relief(remedy="sit-up", share=0.2, after_s=120, channels=_LUNGS),
            Relief(remedy="oxygen", share=0.5, after_s=60, channels=frozenset({Channel.SPO2})),
        ),
        lasts_min=FOREVER_MIN,
        late=0.25,
        # Within 12 hours of the end (isbt-taco).
        late_min=(5.0, 600.0),
        breathes_more=(0.0, 5.0),
        source=("isbt-taco", "engineering"),
        remedies=("sit-up", "oxygen", "diuretic"),
        stops_at=2,
    ),
    "lung-injury": Phenotype(
        pattern="lung-injury",
        # Often 1 to 2 hours, at most 6 (isbt-trali).
        onset_min=(90.0, 20.0, 360.0),
        onset_spread=0.6,
        grades=(0.0, 0.0, 0.7, 0.3),
        swings=(
            Swing(channel=Channel.SPO2, size=(-8.0, -18.0), rise_min=(20.0, 60.0)),
            Swing(channel=Channel.RR, size=(8.0, 20.0), rise_min=(20.0, 50.0)),
            Swing(channel=Channel.HR, size=(8.0, 22.0), rise_min=(20.0, 60.0)),
            Swing(channel=Channel.SBP, size=(-10.0, -30.0), rise_min=(20.0, 60.0)),
            Swing(channel=Channel.DBP, size=(-6.0, -18.0), rise_min=(20.0, 60.0)),
            Swing(channel=Channel.TEMP, size=(0.5, 1.5), per_min=(0.02, 0.04)),
        ),
        signs=(
            Seen(
                symptoms=("dyspnoea",),
                chance=0.95,
                after_min=(8.0, 25.0),
                severities=("mild", "moderate", "moderate", "severe"),
            ),
            Seen(symptoms=("cyanosis",), chance=0.2, after_min=(25.0, 50.0)),
        ),
        reliefs=(
            Relief(remedy="oxygen", share=0.4, after_s=60, channels=frozenset({Channel.SPO2})),
            Relief(remedy="sit-up", share=0.1, after_s=120, channels=_LUNGS),
        ),
        lasts_min=FOREVER_MIN,
        source=("isbt-trali", "engineering"),
        remedies=("sit-up", "oxygen"),
        stops_at=1,
    ),
    "rate-related": Phenotype(
        pattern="rate-related",
        onset_min=(35.0, 15.0, 75.0),
        onset_spread=0.5,
        drive="rate",
        grades=(0.65, 0.35, 0.0, 0.0),
        swings=(
            Swing(channel=Channel.HR, size=(5.0, 22.0), rise_min=(6.0, 12.0)),
            Swing(channel=Channel.SBP, size=(8.0, 20.0), rise_min=(6.0, 12.0), either=True),
            Swing(channel=Channel.DBP, size=(4.0, 12.0), rise_min=(6.0, 12.0), either=True),
            Swing(channel=Channel.TEMP, size=(0.0, 0.5), rise_min=(15.0, 30.0)),
            Swing(channel=Channel.RR, size=(0.0, 2.0), rise_min=(6.0, 12.0)),
        ),
        signs=(
            Seen(symptoms=("headache", "flushing"), chance=0.8, after_min=(6.0, 15.0)),
            Seen(symptoms=("nausea", "myalgia", "back-pain"), chance=0.5, after_min=(8.0, 20.0)),
        ),
        reliefs=(
            Relief(remedy="antipyretic", share=0.2, after_s=1800),
            Relief(remedy="antihistamine", share=0.2, after_s=1200),
        ),
        lasts_min=FOREVER_MIN,
        source=("ivig-acute-reaction", "engineering"),
        remedies=("antipyretic",),
    ),
    "infusion-flush": Phenotype(
        pattern="infusion-flush",
        onset_min=(2.0, 0.5, 5.0),
        onset_spread=0.5,
        grades=(0.7, 0.3, 0.0, 0.0),
        swings=(
            Swing(channel=Channel.HR, size=(5.0, 15.0), rise_min=(1.0, 2.0), fall_min=(5.0, 10.0)),
            Swing(
                channel=Channel.SBP,
                size=(4.0, 10.0),
                rise_min=(1.0, 2.0),
                fall_min=(5.0, 10.0),
                either=True,
            ),
            Swing(
                channel=Channel.DBP,
                size=(2.0, 6.0),
                rise_min=(1.0, 2.0),
                fall_min=(5.0, 10.0),
                either=True,
            ),
            Swing(channel=Channel.RR, size=(2.0, 4.0), rise_min=(1.0, 2.0), fall_min=(5.0, 10.0)),
        ),
        signs=(
            Seen(symptoms=("flushing",), chance=0.9, after_min=(1.0, 3.0)),
            Seen(symptoms=("chest-pain", "back-pain", "myalgia"), chance=0.7, after_min=(1.5, 4.0)),
        ),
        reliefs=(Relief(remedy="pause", share=1.0), Relief(remedy="slow", share=0.5)),
        lasts_min=(10.0, 25.0),
        source=("iron-fishbane",),
        product="iron-iv",
        first_dose=0.5,
        # Antihistamines imitate and worsen this picture, so none is given.
        remedies=(),
        stops_at=4,
    ),
    "pseudo-allergic": Phenotype(
        pattern="pseudo-allergic",
        onset_min=(4.0, 1.0, 12.0),
        onset_spread=0.6,
        grades=(0.4, 0.4, 0.2, 0.0),
        swings=(
            # A slow pulse instead is possible; how often is ours.
            Swing(channel=Channel.HR, size=(10.0, 40.0), rise_min=(2.0, 5.0), turned=0.15),
            Swing(
                channel=Channel.SBP,
                size=(0.08, 0.28),
                rise_min=(2.0, 5.0),
                is_fraction=True,
                either=True,
            ),
            Swing(
                channel=Channel.DBP,
                size=(0.06, 0.24),
                rise_min=(2.0, 5.0),
                is_fraction=True,
                either=True,
            ),
            Swing(channel=Channel.TEMP, size=(0.0, 1.0), rise_min=(20.0, 40.0)),
            Swing(channel=Channel.SPO2, size=(-2.0, -8.0), rise_min=(3.0, 6.0)),
            Swing(channel=Channel.RR, size=(4.0, 10.0), rise_min=(2.0, 5.0)),
        ),
        signs=(
            Seen(symptoms=("dyspnoea", "flushing", "back-pain"), chance=0.85, after_min=(1.5, 5.0)),
        ),
        reliefs=(
            Relief(remedy="pause", share=0.9),
            Relief(remedy="slow", share=0.4),
            Relief(remedy="antihistamine", share=0.3, after_s=900),
        ),
        lasts_min=(20.0, 50.0),
        source=("engineering",),
        product="rituximab",
        first_dose=1.0,
        remedies=("antihistamine",),
    ),
}

PHENOTYPES: Final[dict[str, Phenotype]] = SUDDEN | SLOW
"""Every reaction that a cohort can hold, by name."""
