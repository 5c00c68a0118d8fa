"""People at rest as the devices show them, beside what is published of readings at rest."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from detectors.channels import Channel, Float
from scripts.report_rows import Range, Row, middle, single
from simulators.chairs import generator
from simulators.devices import THERMOMETER_SD_CEL, continuous_readings, cuff_readings
from simulators.physiology import Course, person, resting_course

SESSION_S: Final = 4 * 3600
START_S: Final = 600
DAY_S: Final = 24 * 3600
DAYS: Final = 40
"""So many people are followed for a whole day."""

TRIPLET_S: Final = (1000, 1045, 1090)
"""Three readings 45 s apart in somebody who has rested, where the cycle of the cuff has none."""

NHANES: Final = "nhanes-bp"
OURS: Final = "engineering"
HOURS: Final = "doi:10.1080/07420528.2019.1663863"
SPAN_MMHG: Final = 10.0
SETTLED_S: Final = 300
QUARTER_S: Final = 900
READINGS: Final = 16
"""Readings of four hours, one every quarter of an hour, as the published arithmetic counts them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rested:
    """One person at rest for a session, as the devices show it."""

    triplet: Float
    """Three readings of SBP, DBP and pulse pressure, shape (reading, 3)."""
    sd: tuple[float, ...]
    memory: tuple[float, float]
    drift: float
    temp_cel: float
    """Mean of the session."""
    settles: float
    """Pulse of the second five minutes less that of the third."""
    crossed: tuple[bool, ...]
    """Each rule of :data:`RULES`."""


RULES: Final[tuple[tuple[str, Range], ...]] = (
    ("SBP falls by 20 from one reading", (8.6, 41.6)),
    ("SBP falls by 20 from the mean of three", (2.9, 37.5)),
    ("SBP falls by 20 from the mean of three, twice in a row", (0.05, 4.9)),
    ("SBP falls by 30 from one reading", (0.3, 14.0)),
    ("SBP falls by 30 from the mean of three", (0.01, 6.3)),
    ("SBP falls by 30 from the mean of three, twice in a row", (0.0, 0.18)),
    ("HR rises by 20 from one reading", (0.0, 2.7)),
    ("HR rises by 20 from the mean of three", (0.0, 0.4)),
    ("temperature rises by 1 from one reading", (0.0, 0.3)),
)
"""Per cent of sessions of sixteen readings in which chance alone crosses a limit: arithmetic of
independent readings with a spread of 6 to 10 mmHg, up to 5 /min and up to 0.2 °C."""


def rest_rows(people: int, seed: int) -> Iterator[Row]:
    """Yield the numbers of people at rest: variability, its memory, time of day, chance."""
    shown = [rested(seed, number) for number in range(people)]
    # A cuff fails now and then, and two readings are no triplet.
    triplets = np.array([one.triplet for one in shown if len(one.triplet) == len(TRIPLET_S)])
    yield from _triplet_rows(triplets)
    for what, published, values, unit in (
        ("systolic, spread within a session", (6.0, 10.0), [one.sd[0] for one in shown], "mmHg"),
        ("diastolic, spread within a session", (4.0, 7.0), [one.sd[1] for one in shown], "mmHg"),
        ("systolic, correlation over 15 min", (0.3, 0.5), [one.memory[0] for one in shown], ""),
        ("heart rate, spread within a session", (3.0, 6.0), [one.sd[2] for one in shown], "/min"),
        ("heart rate, correlation over 1 min", (0.7, 0.9), [one.memory[1] for one in shown], ""),
        ("breathing, spread", (1.5, 2.5), [one.sd[3] for one in shown], "/min"),
        ("saturation, spread", (0.7, 1.0), [one.sd[4] for one in shown], "%"),
        ("temperature, spread without drift", (0.1, 0.2), [one.sd[5] for one in shown], "°C"),
        ("temperature, drift over 10 h of a day", (0.3, 0.5), [one.drift for one in shown], "°C"),
    ):
        yield middle(what, published, float(np.median(values)), unit, OURS)
    settles = abs(float(np.mean([one.settles for one in shown])))
    yield middle(
        "heart rate, mean change after 5 min of rest", (0.0, 0.6), settles, "/min", "rest-5min"
    )
    levels = np.array([one.temp_cel for one in shown])
    low, high = np.percentile(levels, (2.5, 97.5)).tolist()
    yield Row(
        what="temperature, mean of a person's session", published=(36.24, 36.89), found=(low, high),
        unit="°C", source="PMC10481327",
    )  # fmt: skip
    yield from _day_rows(seed)
    for place, (rule, published) in enumerate(RULES):
        share = 100.0 * float(np.mean([one.crossed[place] for one in shown]))
        yield middle(f"chance: {rule}", published, share, "% of sessions", OURS)


def _triplet_rows(triplets: Float) -> Iterator[Row]:
    spread = np.ptp(triplets, axis=1) > SPAN_MMHG
    sds = np.sqrt(triplets.var(axis=1, ddof=1).mean(axis=0))
    for place, (name, share, sd) in enumerate(
        (("systolic", 12.9, 3.7), ("diastolic", 13.0, 3.7), ("pulse pressure", 29.4, 4.7))
    ):
        what = f"three {name} readings within 90 s that span more than 10 mmHg"
        yield single(what, share, 100.0 * float(spread[:, place].mean()), "% of people", NHANES)
        what = f"three {name} readings within 90 s, spread that this implies"
        yield single(what, sd, float(sds[place]), "mmHg", NHANES)
    steps = np.diff(triplets[:, :, 0], axis=1)
    falling, rising = (steps < 0).all(axis=1).mean(), (steps > 0).all(axis=1).mean()
    yield single("three systolic readings that fall", 17.0, 100.0 * falling, "% of people", NHANES)
    yield single("three systolic readings that rise", 7.4, 100.0 * rising, "% of people", NHANES)


def _day_rows(seed: int) -> Iterator[Row]:
    """Yield when a temperature is lowest and highest, of people who rest for a day."""
    days = np.array(
        [_day(seed, number).values[Channel.TEMP, ::QUARTER_S] for number in range(DAYS)]
    ).mean(axis=0)
    hours = np.arange(len(days)) / 4.0
    yield middle(
        "temperature, hour of the lowest", (6.0, 8.0), float(hours[days.argmin()]), "h", HOURS
    )
    yield middle(
        "temperature, hour of the highest", (18.0, 20.0), float(hours[days.argmax()]), "h", HOURS
    )
    yield middle("temperature, swing of a day", (0.5, 1.0), float(np.ptp(days)), "°C", OURS)


def _day(seed: int, number: int) -> Course:
    rng = generator(seed, str(number), "day")
    return resting_course(person(rng), seconds=DAY_S, rng=rng, opened_h=0.0)


def rested(seed: int, number: int) -> Rested:
    """Return one person at rest."""
    rng = generator(seed, str(number), "report")
    course = resting_course(person(rng), seconds=SESSION_S, rng=rng)
    cuffs = [
        one
        for one in cuff_readings(course, start_s=START_S, phase_s=60, wanted_s=TRIPLET_S, rng=rng)
        if not one.is_stat or one.at_s in TRIPLET_S
    ]
    three = [(one.sbp_mmhg, one.dbp_mmhg) for one in cuffs if one.at_s in TRIPLET_S]
    pairs = np.array([(sbp, dbp, sbp - dbp) for sbp, dbp in three], np.float64)
    before = np.array([one.sbp_mmhg for one in cuffs if one.at_s < START_S][1:], np.float64)
    session = np.array(
        [(one.sbp_mmhg, one.dbp_mmhg) for one in cuffs if one.at_s > START_S and not one.is_stat],
        np.float64,
    )
    at_s, minutes = continuous_readings(course, every_s=60, first_s=0, rng=rng)
    resting = np.array(at_s) >= START_S
    pulse = minutes[Channel.HR]
    every_15_min = course.values[Channel.TEMP, START_S::QUARTER_S]
    temp = every_15_min + rng.normal(0.0, THERMOMETER_SD_CEL, len(every_15_min))
    hours = np.arange(len(temp)) / 4.0
    slope = float(np.polyfit(hours, temp, 1)[0])
    return Rested(
        triplet=pairs,
        sd=(
            float(session[:, 0].std()),
            float(session[:, 1].std()),
            *(
                float(minutes[channel][resting].std())
                for channel in (Channel.HR, Channel.RR, Channel.SPO2)
            ),
            float((temp - slope * hours).std()),
        ),
        memory=(correlation(session[:, 0], 3), correlation(pulse[resting], 1)),
        drift=10.0 * slope,
        temp_cel=float(temp.mean()),
        settles=float(
            pulse[_minutes(at_s, SETTLED_S)].mean() - pulse[_minutes(at_s, 2 * SETTLED_S)].mean()
        ),
        crossed=_crossed(before, session[2::3, 0][:READINGS], pulse, temp),
    )


def _minutes(at_s: tuple[int, ...], from_s: int) -> list[int]:
    return [place for place, one in enumerate(at_s) if from_s <= one < from_s + SETTLED_S]


def _crossed(before: Float, sbp: Float, pulse: Float, temp: Float) -> tuple[bool, ...]:
    """Return which of :data:`RULES` the readings of one session cross, in their order."""
    last, mean = before[-1], before[-3:].mean()
    found = []
    for fall in (20.0, 30.0):
        below = sbp <= mean - fall
        found += [
            bool((sbp <= last - fall).any()),
            bool(below.any()),
            bool((below[1:] & below[:-1]).any()),
        ]
    quarters = pulse[10::15][:READINGS]
    return (
        *found,
        bool((quarters >= pulse[9] + 20.0).any()),
        bool((quarters >= pulse[7:10].mean() + 20.0).any()),
        bool((temp[1:] >= temp[0] + 1.0).any()),
    )


def correlation(values: Float, lag: int) -> float:
    """Return the correlation of a series, shape (sample,), with itself ``lag`` samples later."""
    return float(np.corrcoef(values[:-lag], values[lag:])[0, 1])
