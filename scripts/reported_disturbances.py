"""What moves the numbers and is no reaction, as the simulator draws it, beside what is published.

Every disturbance stands on a body that does not move by itself. Published sizes of pain, effort
and sleep are ranges that we put together; how often each happens has no published number at all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from detectors.channels import Channel, Float
from scripts.report_rows import Published, Row, middle, row_of
from scripts.reported_reactions import (
    MINUTE_S,
    SEEN_CEL,
    THERE,
    furthest,
    minutes_from,
    minutes_to,
    still_body,
)
from simulators.chairs import generator
from simulators.devices import ProbeLoss, loose_spo2
from simulators.disturbances import Disturbance, Habits, disturbances
from simulators.physiology import person
from simulators.reactions import reacting_course

ONSET_S: Final = 60
SECONDS: Final = 4 * 3600
START_S: Final = 600
MANY: Final = 8.0
"""So many of one kind a session, that few sessions have enough of them."""

HELD_SHARE: Final = 0.5
"""A disturbance lasts while a channel is at half of its furthest point or beyond."""


def _p(low: float, high: float, source: str = "engineering") -> Published:
    return Published(limits=(low, high), source=source)


def _one(value: float) -> Published:
    return Published(limits=(value, value))


_STILL: Final = "channels that move and should not"
_PAIN: Final = {
    "hr": _p(10, 30),
    "sbp": _p(10, 30),
    "dbp": _p(5, 15),
    "rr": _p(2, 8),
    "minutes to the extreme": _one(1),
    "minutes to settle": _p(5, 15),
    _STILL: _one(0),
}
_EFFORT: Final = {
    "hr": _p(10, 40),
    "sbp": _p(5, 25),
    "rr": _one(4),
    "minutes it lasts": _p(1, 5),
    _STILL: _one(0),
}
_STEP: Final = {"size of sbp": _p(10, 25), _STILL: _one(0)}

PUBLISHED: Final[dict[str, dict[str, Published]]] = {
    "needle": _PAIN,
    "anxiety": _PAIN,
    "walking": _EFFORT,
    "talking": _EFFORT,
    "sleep": {
        "hr": _p(-15, -5),
        "sbp": _p(-15, -5),
        "temp": _one(-0.2),
        "spo2": _p(-2, -1),
        "rr": _one(-2),
        "minutes to the extreme": _one(15),
    },
    "posture": _STEP,
    "other-arm": _STEP,
    "other-site": {"size of temp": _p(0.3, 0.8), _STILL: _one(0)},
    "faint": {
        "hr": _p(-40, -20),
        "sbp": _p(-60, -30),
        "minutes to settle": _p(1, 5, "vasovagal-handbook"),
        _STILL: _one(0),
    },
}
"""By kind of disturbance: how far each channel goes, how soon, and for how long."""

STILL: Final[dict[str, tuple[Channel, ...]]] = {
    "needle": (Channel.TEMP, Channel.SPO2),
    "anxiety": (Channel.TEMP, Channel.SPO2),
    "walking": (Channel.TEMP,),
    "talking": (Channel.TEMP,),
    "posture": (Channel.HR, Channel.TEMP, Channel.SPO2, Channel.RR),
    "other-arm": (Channel.HR, Channel.TEMP, Channel.SPO2, Channel.RR),
    "other-site": (Channel.HR, Channel.SBP, Channel.DBP, Channel.SPO2, Channel.RR),
    "faint": (Channel.TEMP, Channel.SPO2),
}
"""Channels of which it is said that they do not move."""

_UNITS: Final = {
    "hr": "/min", "sbp": "mmHg", "dbp": "mmHg", "rr": "/min", "temp": "°C", "spo2": "%",
    "size of sbp": "mmHg", "size of temp": "°C",
}  # fmt: skip

NOTHING: Final = Habits(
    needle=0, talking=0, walking=0, sleep=0, posture=0, other_arm=0, other_site=0, anxiety=0,
    faint=0, probe_off=0,
)  # fmt: skip


def disturbance_rows(cases: int, seed: int) -> Iterator[Row]:
    """Yield, for every kind of disturbance, what the middle 90 % of its cases do."""
    for kind, published in PUBLISHED.items():
        found = [
            _measured(one, seed, number)
            for number, one in enumerate(drawn_disturbances(kind, cases, seed))
        ]
        for key, limits in published.items():
            values = [one[key] for one in found]
            if key == _STILL:
                yield middle(f"{kind}: {key}", limits.limits, max(values), "", limits.source)
                continue
            unit = _UNITS.get(key, "min" if key.startswith("minutes") else "")
            yield row_of(f"{kind}: {key}", limits, values, unit)
    yield _probe_row()


def drawn_disturbances(kind: str, cases: int, seed: int) -> Sequence[Disturbance]:
    """Return so many disturbances of one kind, as a cohort draws them."""
    habits = replace(NOTHING, **{kind.replace("-", "_"): MANY})
    found: list[Disturbance] = []
    number = 0
    while len(found) < cases:
        rng = generator(seed, f"{kind}-{number}", "disturbances")
        found += disturbances(rng, habits, start_s=START_S, seconds=SECONDS)
        number += 1
    return found[:cases]


def _measured(one: Disturbance, seed: int, number: int) -> dict[str, float]:
    who = person(generator(seed, f"{one.kind}-{number}", "disturbed"))
    still = still_body(who, SECONDS)
    course = reacting_course(
        still,
        one.picture,
        onset_s=ONSET_S,
        rate_ml_per_kg_h=np.zeros(SECONDS),
        rng=generator(seed, f"{one.kind}-{number}", "strength"),
    )
    moved = (course.values - still.values)[:, ONSET_S:]
    found = {channel.name.lower(): furthest(moved[channel]) for channel in Channel}
    leads = moved[max(_LEADS[one.kind], key=lambda each: abs(furthest(moved[each])))]
    return found | {
        "minutes to the extreme": minutes_to(leads, THERE),
        "minutes to settle": _settles(leads),
        "minutes it lasts": float((np.abs(leads) >= HELD_SHARE * abs(furthest(leads))).sum())
        / MINUTE_S,
        "size of sbp": abs(found["sbp"]),
        "size of temp": abs(found["temp"]),
        _STILL: float(
            sum(abs(furthest(moved[each])) > SEEN_CEL for each in STILL.get(one.kind, ()))
        ),
    }


_LEADS: Final[dict[str, tuple[Channel, ...]]] = {
    kind: (Channel.TEMP,)
    if kind == "other-site"
    else (Channel.SBP,)
    if kind in ("posture", "other-arm", "faint")
    else (Channel.HR,)
    for kind in PUBLISHED
}
"""The channel whose times are looked at."""


def _settles(moved: Float) -> float:
    """Return the minutes from the end of what is held until no more than a tenth is left."""
    held = np.flatnonzero(np.abs(moved) >= THERE * abs(furthest(moved)))
    return minutes_from(moved, int(held[-1]), of=furthest(moved))


def _probe_row() -> Row:
    """Return how long a loose probe shows nonsense before it shows nothing."""
    seconds = range(100)
    shown = loose_spo2(np.full(100, 98.0), seconds, ProbeLoss(from_s=20, until_s=90))
    lost_s = float(np.flatnonzero(np.isnan(shown))[0] - 20)
    return middle("probe off: falls until it shows nothing", (1, 20), lost_s, "s", "engineering")
