"""What devices send beside what is true of the body, and beside what such devices claim.

Errors are those of every value that devices sent in uneventful sessions without disturbances, and
did not doubt, against the course at the second of its stamp. A response is that to a step. What
is claimed of a device is a limit, so a device that is better is not off.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

import numpy as np

from detectors.channels import Channel, Float
from scripts.report_rows import Range, Row, middle
from scripts.reported_disturbances import NOTHING
from scripts.reported_reactions import still_body
from scripts.shown_sessions import uneventful_sessions
from simulators.chairs import generator
from simulators.devices import (
    continuous_readings,
    cuff_readings,
    temperature_readings,
)
from simulators.physiology import Course, person

AAMI: Final = "clinicalhypertension s40885-024-00268-7"
OXIMETER: Final = "spo2-response"
OURS: Final = "engineering"

STEP_AT_S: Final = 600
STEP_SECONDS: Final = 1500
NINE_TENTHS: Final = 0.9
ONE_OF_E: Final = 1.0 - float(np.exp(-1.0))
RISE_MMHG_PER_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """By channel: what was sent less what was true, one array a person."""

    by_person: dict[Channel, list[Float]]

    def every(self, channel: Channel) -> Float:
        """Return all errors of a channel."""
        return np.concatenate(self.by_person[channel])


def device_rows(people: int, seed: int) -> Iterator[Row]:
    """Yield how far what is sent lies from what is true, and how late it follows."""
    monitor = device_errors(people, seed)
    yield from _cuff_rows(monitor)
    yield _cuff_age(people, seed)
    temp = monitor.every(Channel.TEMP)
    yield _around("thermometer: error", temp, (-0.1, 0.1), "°C", OURS)
    yield _thermometer_lag(people, seed)
    spo2 = monitor.every(Channel.SPO2)
    yield middle("oximeter: root mean square error", (-inf, 3.0), _rms(spo2), "%", OXIMETER)
    yield _around("oximeter: error", spo2, (-2.0, 2.0), "%", OXIMETER)
    yield _oximeter_response(people, seed)
    yield _around("pulse of the ECG: error", monitor.every(Channel.HR), (-2, 2), "/min", OURS)
    yield _around("breathing by impedance: error", monitor.every(Channel.RR), (-3, 3), "/min", OURS)
    patch = device_errors(people, seed, equipment=("patch@all",))
    yield _around("patch: error of the pulse", patch.every(Channel.HR), (-3, 3), "/min", OURS)
    yield _around("patch: error of breathing", patch.every(Channel.RR), (-3, 3), "/min", OURS)
    spo2 = patch.every(Channel.SPO2)
    yield middle("patch: root mean square of SpO2", (-inf, 3.0), _rms(spo2), "%", OXIMETER)
    yield _around(
        "patch: armpit below the body", patch.every(Channel.TEMP), (-0.6, -0.3), "°C", OURS
    )


def device_errors(people: int, seed: int, *, equipment: tuple[str, ...] = ()) -> Errors:
    """Return what the devices of so many uneventful sessions sent, less what was true then."""
    found: dict[Channel, list[Float]] = {channel: [] for channel in Channel}
    for one in uneventful_sessions(people, seed, habits=NOTHING, equipment=equipment):
        for channel, (at_s, values) in one.valid.items():
            truth = one.here.course.values[channel]
            found[channel].append(values - truth[at_s.astype(np.int64)])
    return Errors(by_person=found)


def _cuff_rows(errors: Errors) -> Iterator[Row]:
    for channel, name in ((Channel.SBP, "systolic"), (Channel.DBP, "diastolic")):
        every = errors.every(channel)
        mean, sd = float(every.mean()), float(every.std())
        yield middle(f"cuff, {name}: mean error", (-5.0, 5.0), mean, "mmHg", AAMI)
        yield middle(f"cuff, {name}: spread of the error", (-inf, 8.0), sd, "mmHg", AAMI)
        own = float(np.std([one.mean() for one in errors.by_person[channel]]))
        yield middle(f"cuff, {name}: spread of people's means", (-inf, 6.95), own, "mmHg", AAMI)
        for limit_mmhg, least in ((5, 60.0), (10, 85.0), (15, 95.0)):
            share = 100.0 * float((np.abs(every) <= limit_mmhg).mean())
            yield middle(f"cuff, {name}: within {limit_mmhg} mmHg", (least, inf), share, "%", AAMI)


def _around(what: str, errors: Float, claimed: Range, unit: str, source: str) -> Row:
    low, high = np.percentile(errors, (5, 95)).tolist()
    return Row(what=what, published=claimed, found=(low, high), unit=unit, source=source)


def _rms(errors: Float) -> float:
    return float(np.sqrt((errors**2).mean()))


def _cuff_age(people: int, seed: int) -> Row:
    """Return how old a pressure is at its stamp, from one that rises all the time."""
    late_s = []
    for number in range(people):
        rng = generator(seed, str(number), "cuff-age")
        still = still_body(person(rng), STEP_SECONDS)
        rise = RISE_MMHG_PER_S * np.arange(STEP_SECONDS)
        course = Course(values=still.values + rise)
        shown = [
            (one.sbp_mmhg - course.at(Channel.SBP, one.at_s)) / -RISE_MMHG_PER_S
            for one in cuff_readings(course, start_s=600, phase_s=60, wanted_s=(), rng=rng)
        ]
        late_s.append(float(np.mean(shown)))
    return middle(
        "cuff: age of a pressure at its stamp, mean", (10.0, 22.5), float(np.mean(late_s)), "s",
        OURS,
    )  # fmt: skip


def _stepped(
    people: int, seed: int, channel: Channel, size: float
) -> Iterator[tuple[Course, np.random.Generator]]:
    for number in range(people):
        rng = generator(seed, str(number), "step")
        values = still_body(person(rng), STEP_SECONDS).values.copy()
        values[channel, STEP_AT_S:] += size
        yield Course(values=values), rng


def _response_s(shown: Sequence[Float], share: float) -> float:
    """Return when the mean of many answers to a step first shows this share of it [s]."""
    mean = np.mean(shown, axis=0)
    before = mean[: STEP_AT_S - 10].mean()
    after = mean[-300:].mean()
    answered = (mean - before) / (after - before)
    return float(np.argmax(answered[STEP_AT_S:] >= share))


def _thermometer_lag(people: int, seed: int) -> Row:
    """Return how late the thermometer follows; nothing is published to hold it against."""
    shown = [
        np.array([one.temp_cel for one in temperature_readings(course, range(STEP_SECONDS), rng)])
        for course, rng in _stepped(people, seed, Channel.TEMP, 1.0)
    ]
    lag_s = _response_s(shown, ONE_OF_E)
    return middle("thermometer: two thirds of a step are shown after", None, lag_s, "s", OURS)


def _oximeter_response(people: int, seed: int) -> Row:
    shown = [
        continuous_readings(course, every_s=1, first_s=0, rng=rng)[1][Channel.SPO2]
        for course, rng in _stepped(people, seed, Channel.SPO2, -10.0)
    ]
    late_s = _response_s(shown, NINE_TENTHS)
    return middle(
        "oximeter: nine tenths of a step are shown after", (27.0, 33.0), late_s, "s", OXIMETER
    )
