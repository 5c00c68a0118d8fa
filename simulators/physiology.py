"""Resting people: what the body does before any device looks at it.

The truth about a person is a :class:`Course`: one value of every channel for every second of the
story. It is a resting level, a slow drift, a settling after sitting down and a noise that
remembers itself. Chance comes in as a ``numpy.random.Generator``, never from anywhere else.

Numbers, by source (those marked *ours* are engineering choices that no publication states):

* Heart rate, 72 /min and 3.5 /min between sessions: "J Physiol Anthropol 2007;26:173"
  (coefficient of variation 4.7 % supine). Memory of 0.8 from one minute to the next: *ours*.
* Temperature, personal means 36.24-36.89 Cel around 36.64: PMC10481327. Spread within one
  session 0.1-0.2 Cel, split here over body and thermometer: *ours*. Daily course:
  doi:10.1080/07420528.2019.1663863 (minimum 06-08 h, maximum 18-20 h); its swing, 0.5 Cel, is
  *ours*. A person's level is that of the hour at which the session is opened, in UTC.
* Blood pressure over a seated session, spread 6-10 mmHg systolic with a correlation of 0.3-0.5
  over 15 minutes: *ours*; the body's part is what the cuff's part
  (:mod:`simulators.devices`) leaves of it.
* What moves together: a temperature that departs from its level takes pulse and breathing with
  it, 7.2 and 1.4 /min a degree (doi:10.52964/amja.0766); being stirred (talk, thoughts, pain)
  moves pulse, both pressures and breathing together, in the proportions of pain and anxiety. How
  much of the resting noise that is, is *ours*.
* A pressure that settles over the first readings: "Within-visit blood pressure variability"
  (NHANES, 53 737 people: three readings fall in 17 %, rise in 7.4 %). Its size is *ours*.
* Respiratory rate spread 2 /min and SpO2 spread 0.7-1 %: *ours*.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.signal import lfilter

from detectors.channels import N_CHANNELS, Channel, Float

HR_MEMORY_S: Final = 269.0
"""Keeps 0.8 of a departure after one minute: -60 / ln 0.8."""

BP_MEMORY_S: Final = 1800.0
"""With the cuff's own noise this gives a correlation of 0.37 over 15 minutes."""

SLOW_MEMORY_S: Final = 1200.0
BREATH_MEMORY_S: Final = 120.0

SBP_SD_MMHG: Final = 6.2
DBP_SD_MMHG: Final = 3.6
SHARED_PRESSURE: Final = 0.7
"""How much of the diastolic noise is the systolic noise (ours)."""

HR_SD_PER_MIN: Final = 3.5
RR_SD_PER_MIN: Final = 1.2
SPO2_SD_PERCENT: Final = 0.5
TEMP_SD_CEL: Final = 0.1
STIRRED: Final = 0.45
"""How much of the noise of pulse, pressures and breathing is being stirred (ours)."""

HR_PER_CEL: Final = 7.2
RR_PER_CEL: Final = 1.4
DAY_SWING_CEL: Final = 0.5
WARMEST_H: Final = 19.0

SETTLING_S: Final = 180.0
SETTLING_SD_MMHG: Final = 5.0
SETTLING_SD_PER_MIN: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One pseudonymous person and the levels at which the body rests."""

    subject: str
    age_years: int
    weight_kg: float
    hr_per_min: float
    sbp_mmhg: float
    dbp_mmhg: float
    temp_cel: float
    spo2_percent: float
    rr_per_min: float
    age_months: int | None = None
    """Where years are too coarse; None from the second birthday on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What is true of one body.

    Attributes
    ----------
    values : float64 array, shape (channel, second)
        In canonical units; the first second is that in which the session was opened. MAP is a
        third of the way from DBP to SBP.
    """

    values: Float

    @property
    def seconds(self) -> int:
        """Return how many seconds the course covers."""
        return int(self.values.shape[1])

    def at(self, channel: Channel, at_s: float) -> float:
        """Return the true value of a channel; the ends are held."""
        second = min(max(int(at_s), 0), self.seconds - 1)
        return float(self.values[channel, second])


def person(rng: np.random.Generator) -> Person:
    """Draw one adult: levels inside the usual resting ranges (spreads ours)."""
    sbp = float(np.clip(rng.normal(122.0, 8.0), 108.0, 138.0))
    return Person(
        subject=f"PX-{int(rng.integers(0, 16**6)):06X}",
        age_years=int(rng.integers(22, 79)),
        weight_kg=round(float(np.clip(rng.normal(72.0, 11.0), 48.0, 110.0)), 1),
        hr_per_min=float(np.clip(rng.normal(72.0, 6.0), 60.0, 84.0)),
        sbp_mmhg=sbp,
        dbp_mmhg=float(np.clip(rng.normal(0.62 * sbp, 3.0), 64.0, 86.0)),
        temp_cel=float(np.clip(rng.normal(36.64, 0.14), 36.24, 36.89)),
        spo2_percent=float(np.clip(rng.normal(97.6, 0.5), 96.6, 98.6)),
        rr_per_min=float(np.clip(rng.normal(15.0, 1.0), 13.5, 17.0)),
    )


def correlated_noise(
    rng: np.random.Generator, seconds: int, *, sd: float, memory_s: float
) -> Float:
    """Draw a stationary first-order autoregressive noise at one value a second.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of chance.
    seconds : int
        Length of the result; at least 1.
    sd : float
        Standard deviation of every value.
    memory_s : float
        Time after which 1/e of a departure is left [s].

    Returns
    -------
    float64 array, shape (second,)
        In the unit of ``sd``; never NaN.
    """
    keep = np.exp(-1.0 / memory_s)
    shocks = rng.standard_normal(seconds) * sd
    # The first value already has the full spread, so that the start is like any other time.
    shocks[1:] *= np.sqrt(1.0 - keep**2)
    return np.asarray(lfilter([1.0], [1.0, -keep], shocks), dtype=np.float64)


def resting_course(
    who: Person, *, seconds: int, rng: np.random.Generator, opened_h: float = 9.0
) -> Course:
    """Let a person sit for some time without anything happening.

    Parameters
    ----------
    who : Person
        Whose levels.
    seconds : int
        How long [s].
    rng : numpy.random.Generator
        The only source of chance; the number of draws depends on ``seconds`` alone.
    opened_h : float
        The hour of the day at the first second, 0 to 24.

    Returns
    -------
    Course
        The truth without reaction.
    """
    at_s = np.arange(seconds, dtype=np.float64)
    settling = np.exp(-at_s / SETTLING_S)
    # Pressure falls more often than it rises after sitting down, hence the shifted mean.
    pressure_settling = rng.normal(0.6, 1.0) * SETTLING_SD_MMHG * settling
    pulse_settling = abs(rng.normal(0.0, 1.0)) * SETTLING_SD_PER_MIN * settling
    shared = correlated_noise(rng, seconds, sd=1.0, memory_s=BP_MEMORY_S)
    own = correlated_noise(rng, seconds, sd=1.0, memory_s=BP_MEMORY_S)
    pulse = correlated_noise(rng, seconds, sd=1.0, memory_s=HR_MEMORY_S)
    temperature = correlated_noise(rng, seconds, sd=TEMP_SD_CEL, memory_s=SLOW_MEMORY_S)
    saturation = correlated_noise(rng, seconds, sd=SPO2_SD_PERCENT, memory_s=BREATH_MEMORY_S)
    breath = correlated_noise(rng, seconds, sd=1.0, memory_s=BREATH_MEMORY_S)
    stirred = correlated_noise(rng, seconds, sd=1.0, memory_s=HR_MEMORY_S)
    systolic = _stirred(shared, stirred)
    diastolic = SHARED_PRESSURE * systolic + np.sqrt(1.0 - SHARED_PRESSURE**2) * own
    values = np.empty((N_CHANNELS, seconds))
    values[Channel.HR] = (
        who.hr_per_min
        + pulse_settling
        + HR_SD_PER_MIN * _stirred(pulse, stirred)
        + HR_PER_CEL * temperature
    )
    values[Channel.SBP] = who.sbp_mmhg + pressure_settling + SBP_SD_MMHG * systolic
    values[Channel.DBP] = who.dbp_mmhg + 0.5 * pressure_settling + DBP_SD_MMHG * diastolic
    values[Channel.TEMP] = who.temp_cel + _daily_cel(at_s, opened_h) + temperature
    values[Channel.SPO2] = who.spo2_percent + saturation
    values[Channel.RR] = (
        who.rr_per_min + RR_SD_PER_MIN * _stirred(breath, stirred) + RR_PER_CEL * temperature
    )
    return Course(values=bodily(values))


def _stirred(own: Float, stirred: Float) -> Float:
    """Return a noise of spread 1, a share of which is being stirred."""
    return np.asarray(STIRRED * stirred + np.sqrt(1.0 - STIRRED**2) * own)


def _daily_cel(at_s: Float, opened_h: float) -> Float:
    """Return how far the time of day has moved the temperature since the opening [Cel]."""
    day = 2.0 * np.pi / 24.0
    now = np.cos(day * (opened_h + at_s / 3600.0 - WARMEST_H))
    return np.asarray(DAY_SWING_CEL / 2.0 * (now - np.cos(day * (opened_h - WARMEST_H))))


def bodily(values: Float) -> Float:
    """Keep a course inside what a body can do and derive its mean pressure.

    Parameters
    ----------
    values : float64 array, shape (channel, second)
        In canonical units; the MAP row is not read.

    Returns
    -------
    float64 array, shape (channel, second)
        A new array: SpO2 at most 100 %, pulse pressure at least 20 mmHg (ours, well outside
        the artefact rule of PMC7015776), MAP = (SBP + 2 DBP) / 3.
    """
    kept = values.copy()
    kept[Channel.HR] = np.clip(kept[Channel.HR], 30.0, 220.0)
    kept[Channel.SBP] = np.clip(kept[Channel.SBP], 45.0, 240.0)
    kept[Channel.DBP] = np.clip(kept[Channel.DBP], 20.0, kept[Channel.SBP] - 20.0)
    kept[Channel.SPO2] = np.clip(kept[Channel.SPO2], 50.0, 100.0)
    kept[Channel.RR] = np.clip(kept[Channel.RR], 6.0, 60.0)
    kept[Channel.MAP] = (kept[Channel.SBP] + 2.0 * kept[Channel.DBP]) / 3.0
    return kept
