"""What is published of each reaction: onset, sizes, times and order, each with whose it is.

The keys are those that :mod:`scripts.reported_reactions` measures. Sizes and times that no
document states in this form are marked ``engineering``: they are ranges that we put together.
"""

from math import inf
from typing import Final

from scripts.report_rows import Published, Range

NEWFOUNDLAND: Final = "newfoundland-onset"
STING: Final = "sting-challenge-shock"
BROWN: Final = "brown-challenge-2004"
SEOUL: Final = "hypotensive-reactions-seoul"
NHSN: Final = "nhsn-hemovigilance"
FAINT: Final = "vasovagal-handbook"
IVIG: Final = "ivig-acute-reaction"
IRON: Final = "iron-fishbane"
FEVER: Final = "doi:10.52964/amja.0766"

MOST: Final = (50.0, 100.0)
"""In per cent of cases, where it is said that most do, or that they do as a rule."""


def _p(low: float, high: float, source: str = "engineering") -> Published:
    return Published(limits=(low, high), source=source)


def _one(value: float, source: str = "engineering") -> Published:
    return Published(limits=(value, value), source=source)


_NONE: Final = _one(0.0)
"""Channels that stand still move by nothing."""

_SHOCK: Final = {
    "onset": _p(1, 45, NEWFOUNDLAND),
    "onset within 5 min": Published(limits=MOST, source=NEWFOUNDLAND),
    "hr at first": _p(20, 50),
    "hr slower than at rest later": _p(30, 100, BROWN),
    "sbp%": _p(-60, -30),
    "dbp%": _p(-60, -30),
    "map% after 5 min": _one(-33, STING),
    "dbp falls before sbp": Published(limits=MOST),
    "pulse pressure wider at first": Published(limits=MOST),
    "pulse pressure narrower later": Published(limits=MOST),
    "left of the fall after lying flat": _one(100),
    "spo2": _p(-15, -3),
    "rr": _p(6, 16),
    "minutes to the extreme: sbp": _p(3, 5),
    "minutes to the extreme: dbp": _p(3, 5),
    "minutes to the extreme: spo2": _p(3, 5),
    "minutes to the extreme: rr": _p(3, 5),
    "channels that move and should not": _NONE,
}

PUBLISHED: Final[dict[str, dict[str, Published]]] = {
    "anaphylaxis": _SHOCK,
    "anaphylaxis-no-skin": _SHOCK,
    "anaphylaxis-beta-blocked": {
        key: value for key, value in _SHOCK.items() if key != "hr slower than at rest later"
    }
    | {"hr at first": _p(0, 10)},
    "mild-allergic": {
        "onset": _p(5, 60),
        "hr": _p(5, 20),
        "sbp": _p(-10, 10),
        "dbp": _p(-10, 10),
        "spo2": _p(-2, 0),
        "rr": _p(0, 4),
        "minutes to the extreme: hr": _one(10),
        "channels that move and should not": _NONE,
    },
    "febrile": {
        "onset": _p(30, 420, NHSN),
        "temp": _p(1, 2.5),
        "hr": _p(10, 48),
        "sbp in the rigor": _p(5, 20),
        "sbp after the rigor": _p(-15, -5),
        "minutes of rigor": _p(10, 30),
        "minutes from rigor to fever": _p(10, 30),
        "°C a minute of the rise": _p(0.03, 0.05),
        "minutes from the end of the rigor to the highest temperature": _p(30, 60),
        "hr rises before temp": Published(limits=MOST),
        "hr for each °C of fever alone": _one(7.2, FEVER),
        "rr for each °C of fever alone": _one(1.4, FEVER),
    },
    "cytokine-release": {
        "onset": _p(30, 120, "mab-timing"),
        "temp": _p(1, 3),
        "hr": _p(20, 50),
        "sbp": _p(-40, -20),
        "spo2": _p(-6, -2),
        "rr": _p(4, 12),
        "minutes to the extreme: temp": _p(30, 60),
        "minutes to the extreme: hr": _p(30, 60),
        "minutes to the extreme: sbp": _p(30, 60),
        "minutes to the extreme: spo2": _p(30, 60),
        "minutes to the extreme: rr": _p(30, 60),
    },
    "hypotensive": {
        "onset within 15 min": _one(50, SEOUL),
        "hr": _p(0, 20),
        "sbp": _p(-inf, -30, NHSN),
        "lowest sbp": _p(-inf, 80, NHSN),
        "minutes to the extreme: sbp": _p(2, 5),
        "minutes from stopping to recovery": _p(10, 20),
        "recovered within 1 h of stopping": _one(73, SEOUL),
        "channels that move and should not": _NONE,
    },
    "hypertensive": {
        "onset": _p(30, 90, "ivig-hypertension-case"),
        "hr": _p(-5, 10),
        "sbp": _p(20, 60),
        "dbp": _p(10, 30),
        "minutes to the extreme: sbp": _p(20, 40),
        "minutes to the extreme: dbp": _p(20, 40),
        "channels that move and should not": _NONE,
    },
    "vasovagal": {
        "hr": _p(-40, -20),
        "sbp": _p(-60, -30),
        "dbp": _p(-inf, 0),
        "minutes to the extreme: hr": _p(1, 2),
        "minutes to the extreme: sbp": _one(1),
        "minutes from lying flat to recovery": _p(1, 5, FAINT),
        "channels that move and should not": _NONE,
    },
    "fluid-overload": {
        "onset": _p(60, 720),
        "hr": _p(10, 30),
        "sbp": _p(20, 50),
        "pulse pressure": _p(0, inf),
        "temp": _p(0, 1),
        "spo2": _p(-12, -3),
        "rr": _p(6, 14),
        "rr rises first": Published(limits=MOST),
        "minutes to the extreme: rr": _p(30, 120),
        "minutes to the extreme: sbp": _p(30, 120),
        "minutes to the extreme: spo2": _p(30, 120),
        "minutes to the extreme: hr": _p(30, 120),
    },
    "lung-injury": {
        "onset": _p(0, 360, "isbt-trali"),
        "hr": _p(10, 30),
        "sbp": _p(-30, -10),
        "temp": _p(0.5, 1.5),
        "lowest spo2": _p(-inf, 90, "isbt-trali"),
        "rr": _p(8, 20),
        "minutes to the extreme: spo2": _p(20, 60),
        "minutes to the extreme: rr": _p(20, 60),
        "minutes to the extreme: hr": _p(20, 60),
        "minutes to the extreme: sbp": _p(20, 60),
        "minutes to the extreme: temp": _p(20, 60),
    },
    "rate-related": {
        "onset within 60 min": Published(limits=MOST, source=IVIG),
        "minutes to the extreme: hr": _p(5, 30),
        "hr": _p(5, 20),
        "sbp": _p(-20, 20),
        "dbp": _p(-20, 20),
        "temp": _p(0, 0.5),
        "rr": _p(0, 2),
        "minutes from slowing to recovery": _p(0, 30, IVIG),
        "channels that move and should not": _NONE,
    },
    "infusion-flush": {
        "onset": _p(0, 5, IRON),
        "hr": _p(5, 15),
        "sbp": _p(-10, 10),
        "dbp": _p(-10, 10),
        "rr": _p(2, 4),
        "minutes to the extreme: hr": _p(1, 2),
        "minutes from stopping to recovery": _p(5, 10, IRON),
        "channels that move and should not": _NONE,
    },
    "pseudo-allergic": {
        "onset": _p(0, 15),
        "hr": _p(-40, 40),
        "temp": _p(0, 1),
        "spo2": _p(-8, -2),
        "rr": _p(4, 10),
    },
}
"""By phenotype and by what is measured."""

STILL: Final[dict[str, tuple[str, ...]]] = {
    "anaphylaxis": ("temp",),
    "anaphylaxis-no-skin": ("temp",),
    "anaphylaxis-beta-blocked": ("temp",),
    "mild-allergic": ("temp",),
    "hypotensive": ("temp", "spo2", "rr"),
    "hypertensive": ("temp", "spo2", "rr"),
    "vasovagal": ("temp", "spo2"),
    "rate-related": ("spo2",),
    "infusion-flush": ("temp", "spo2"),
}
"""Channels of which it is said that they do not move."""

SKIN_SIGNS: Final[Range] = (80.0, 90.0)
"""Of anaphylaxis, per cent with skin signs (engineering; 10 to 20 % have none)."""
