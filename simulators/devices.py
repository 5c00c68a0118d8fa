"""What the devices at a chair make of the truth: errors, rounding, cycles and loose probes.

* Cuff: AAMI/ISO 81060-2 allows a mean error of 5 mmHg and a spread of 8 mmHg
  (clinicalhypertension s40885-024-00268-7). Here the mean error is a person's own and stays
  (spread 2.5 mmHg, ours), and from reading to reading the spread is 3.7 mmHg, which is what
  "Within-visit blood pressure variability" (NHANES, 53 737 people: the largest and smallest of
  three differ by more than 10 mmHg in 12.9 %) implies for independent normal errors.
* A cycle of the cuff takes 20 to 45 s; its values are those of the middle of it, its stamp is
  its end. One in fifty fails (engineering) and is taken again after a minute.
* Thermometer: electronic contact, 0.1 Cel at 37-39 Cel; spread 0.05 Cel (ours). It follows the
  body with a time constant of two minutes (engineering).
* SpO2: a monitor claims 2 % (easymanua.ls, mindray umec15, p. 234), taken as twice the spread
  of a bias of 0.5 % and a noise of 0.5 % (ours). The same monitor claims a response of 30 s: nine
  tenths of a change are shown after that time.
* Heart rate from the ECG: 2 /min or 1 %; noise of 1 /min. Breathing by impedance: 2-3 /min;
  noise of 0.7 /min, as monitors average over breaths. Both ours within those claims.
* Cuff cycle every 5 minutes while the infusion runs (as in anaesthesia, PMC6138874), before it
  five readings 90 s apart. A pressure 20 mmHg or more away from the baseline is repeated after
  60 s, at most four times in a row: what a nurse would do (ours).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.signal import lfilter

from detectors.channels import Channel, Float
from simulators.physiology import Course

CUFF_BIAS_MMHG: Final = 2.5
CUFF_SD_MMHG: Final = 3.7
CUFF_CYCLE_S: Final = (20, 45)
CUFF_FAILS: Final = 0.02
THERMOMETER_SD_CEL: Final = 0.05
THERMOMETER_LAG_S: Final = 120.0
SPO2_LAG_S: Final = 30.0 / np.log(10.0)
SPO2_BIAS_PERCENT: Final = 0.5
CONTINUOUS_SD: Final = {Channel.HR: 1.0, Channel.SPO2: 0.5, Channel.RR: 0.7}

BASELINE_CUFFS_S: Final = (-450, -360, -270, -180, -90)
BASELINE_TEMPERATURES_S: Final = (-440, -330, -220, -110)
CUFF_EVERY_S: Final = 300
TEMPERATURE_EVERY_S: Final = 900

REPEAT_AFTER_S: Final = 60
REPEAT_BEYOND_MMHG: Final = 20.0
REPEATS: Final = 4
SETTLED_FROM: Final = 1
"""The first cuff reading of a session is not part of anybody's baseline."""

PROBE_FALLS_S: Final = 12
"""A loose probe shows falling nonsense for 1-20 s before the monitor notices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CuffReading:
    """One cuff cycle, stamped at its end, in mmHg."""

    at_s: int
    sbp_mmhg: int
    dbp_mmhg: int
    map_mmhg: int
    is_stat: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TemperatureReading:
    """One reading of the thermometer."""

    at_s: int
    temp_cel: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeLoss:
    """The pulse-oximeter probe is off from one second to another (not included)."""

    from_s: int
    until_s: int


def lagged(truth: Float, lag_s: float) -> Float:
    """Return what a device of the first order shows of a truth at one value a second.

    Parameters
    ----------
    truth : float64 array, shape (second,)
        It is taken to have stood still before its first second.
    lag_s : float
        Time after which 1/e of a step is still missing [s].

    Returns
    -------
    float64 array, shape (second,)
        A new array in the unit of ``truth``.
    """
    keep = float(np.exp(-1.0 / lag_s))
    shown, _ = lfilter([1.0 - keep], [1.0, -keep], truth, zi=[keep * truth[0]])
    return np.asarray(shown, dtype=np.float64)


def continuous_readings(
    course: Course, *, every_s: int, first_s: int, rng: np.random.Generator
) -> tuple[tuple[int, ...], Float]:
    """Sample what a bedside monitor shows all the time.

    Parameters
    ----------
    course : Course
        The truth.
    every_s, first_s : int
        Cadence and first second [s].
    rng : numpy.random.Generator
        The only source of chance.

    Returns
    -------
    tuple of int
        When, in seconds of the session.
    float64 array, shape (channel, sample)
        Whole numbers in the rows of HR, SpO2 and RR; NaN in the other rows.
    """
    seconds = np.arange(first_s, course.seconds, every_s)
    shown = np.full((course.values.shape[0], len(seconds)), np.nan)
    spo2_bias = rng.normal(0.0, SPO2_BIAS_PERCENT)
    for channel, sd in CONTINUOUS_SD.items():
        noise = rng.normal(0.0, sd, len(seconds))
        truth = course.values[channel]
        if channel == Channel.SPO2:
            truth = lagged(truth, SPO2_LAG_S)
        shown[channel] = np.rint(truth[seconds] + noise)
    shown[Channel.SPO2] = np.clip(np.rint(shown[Channel.SPO2] + spo2_bias), 0.0, 100.0)
    return tuple(int(second) for second in seconds), shown


def loose_spo2(shown: Float, seconds: Sequence[int], loss: ProbeLoss) -> Float:
    """Return the SpO2 row as a loose probe shows it.

    Parameters
    ----------
    shown : float64 array, shape (sample,)
        SpO2 with the probe on [%].
    seconds : sequence of int
        When each sample was taken [s of the session].
    loss : ProbeLoss
        When the probe is off.

    Returns
    -------
    float64 array, shape (sample,)
        A new array: falling by 3 % a second while the probe slips, then NaN (no value).
    """
    at_s = np.asarray(seconds, dtype=np.float64)
    slipping = (at_s >= loss.from_s) & (at_s < loss.from_s + PROBE_FALLS_S)
    gone = (at_s >= loss.from_s + PROBE_FALLS_S) & (at_s < loss.until_s)
    falling = np.maximum(np.rint(shown - 3.0 * (at_s - loss.from_s + 1.0)), 45.0)
    return np.where(gone, np.nan, np.where(slipping, falling, shown))


def cuff_readings(
    course: Course,
    *,
    start_s: int,
    phase_s: int,
    wanted_s: Sequence[int],
    rng: np.random.Generator,
) -> Iterator[CuffReading]:
    """Run the cuff: baseline, cycle, stat repeats, and readings that a nurse asked for.

    A cycle that fails gives nothing and is run again a minute later.

    Parameters
    ----------
    course : Course
        The truth.
    start_s : int
        When the infusion starts [s of the session].
    phase_s : int
        How long after the start the cycle begins [s].
    wanted_s : sequence of int
        Extra stat readings [s of the session].
    rng : numpy.random.Generator
        The only source of chance.

    Yields
    ------
    CuffReading
        In order of time, never two within 30 s.
    """
    bias = rng.normal(0.0, CUFF_BIAS_MMHG)
    cycle = range(start_s + phase_s, course.seconds, CUFF_EVERY_S)
    baseline_s = [start_s + at_s for at_s in BASELINE_CUFFS_S]
    pending = sorted(
        [(at_s, False) for at_s in (*baseline_s, *cycle)] + [(at_s, True) for at_s in wanted_s]
    )
    before: list[int] = []
    last_s, repeats = -REPEAT_AFTER_S, 0
    while pending:
        at_s, is_stat = pending.pop(0)
        if at_s >= course.seconds or at_s - last_s < REPEAT_AFTER_S // 2:
            continue
        reading = _cuff(course, at_s, is_stat=is_stat, bias=bias, rng=rng)
        last_s = at_s
        if rng.random() < CUFF_FAILS:
            pending = sorted([*pending, (at_s + REPEAT_AFTER_S, is_stat)])
            continue
        yield reading
        if at_s < start_s:
            before.append(reading.sbp_mmhg)
            continue
        settled = before[SETTLED_FROM:] or before or [reading.sbp_mmhg]
        away = abs(reading.sbp_mmhg - float(np.mean(settled)))
        repeats = repeats + 1 if away >= REPEAT_BEYOND_MMHG else 0
        if 0 < repeats <= REPEATS:
            pending = sorted([*pending, (at_s + REPEAT_AFTER_S, True)])


def _cuff(
    course: Course, at_s: int, *, is_stat: bool, bias: float, rng: np.random.Generator
) -> CuffReading:
    middle_s = at_s - int(rng.integers(*CUFF_CYCLE_S)) // 2
    sbp = round(course.at(Channel.SBP, middle_s) + bias + rng.normal(0.0, CUFF_SD_MMHG))
    dbp = round(course.at(Channel.DBP, middle_s) + bias + rng.normal(0.0, CUFF_SD_MMHG))
    # A real cuff gives no pair that its own artefact rule would throw away.
    dbp = max(min(dbp, sbp - 18), 15)
    return CuffReading(
        at_s=at_s,
        sbp_mmhg=sbp,
        dbp_mmhg=dbp,
        map_mmhg=round((sbp + 2 * dbp) / 3),
        is_stat=is_stat,
    )


def temperature_schedule(start_s: int, seconds: int) -> tuple[int, ...]:
    """Return when the thermometer is read: four times before the start, then every 15 min."""
    during = range(start_s + TEMPERATURE_EVERY_S, seconds, TEMPERATURE_EVERY_S)
    return (*(start_s + at_s for at_s in BASELINE_TEMPERATURES_S), *during)


def temperature_readings(
    course: Course, at_s: Sequence[int], rng: np.random.Generator
) -> Iterator[TemperatureReading]:
    """Read the thermometer at the given seconds of the session, as far as the course goes."""
    followed = lagged(course.values[Channel.TEMP], THERMOMETER_LAG_S)
    for second in at_s:
        if second < course.seconds:
            noise = rng.normal(0.0, THERMOMETER_SD_CEL)
            shown = round(float(followed[max(second, 0)]) + noise, 1)
            yield TemperatureReading(at_s=second, temp_cel=shown)


def whole_set(
    course: Course, second: int, rng: np.random.Generator, *, biases: tuple[float, float]
) -> Float:
    """Return one whole set that is taken at once, shape (channel,), in canonical units.

    ``biases`` are those of the cuff [mmHg] and of the oximeter [%], which a person always meets
    on the same side.
    """
    noise = rng.standard_normal(6)
    truth = course.values[:, second]
    shown = np.empty(truth.shape)
    for place, (channel, sd) in enumerate(CONTINUOUS_SD.items()):
        shown[channel] = np.rint(truth[channel] + sd * noise[place])
    shown[Channel.SPO2] = np.clip(np.rint(shown[Channel.SPO2] + biases[1]), 0.0, 100.0)
    shown[Channel.SBP] = np.rint(truth[Channel.SBP] + biases[0] + CUFF_SD_MMHG * noise[3])
    dbp = np.rint(truth[Channel.DBP] + biases[0] + CUFF_SD_MMHG * noise[4])
    # A real cuff gives no pair that its own artefact rule would throw away.
    shown[Channel.DBP] = max(min(dbp, shown[Channel.SBP] - 18.0), 15.0)
    shown[Channel.MAP] = np.rint((shown[Channel.SBP] + 2.0 * shown[Channel.DBP]) / 3.0)
    shown[Channel.TEMP] = np.round(truth[Channel.TEMP] + THERMOMETER_SD_CEL * noise[5], 1)
    return shown
