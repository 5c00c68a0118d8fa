"""What the bedside monitor of a chair sends: continuous vitals, cuff, thermometer, a lost probe."""

import heapq
from collections.abc import Iterator
from operator import itemgetter
from typing import Final

import numpy as np

from detectors.channels import CENTI, Channel
from monitor.wire.payloads import VitalsPayload, VitalValue, absent, stamp, vital
from simulators.chairs import Chair, Sent, charted_signs
from simulators.devices import (
    PROBE_FALLS_S,
    ProbeLoss,
    continuous_readings,
    cuff_readings,
    loose_spo2,
    temperature_readings,
    temperature_schedule,
)
from simulators.disturbances import WALK_SETTLES_S

FIRST_S: Final = 10
"""Electrodes and probe are on this long after the session was opened."""

PROBE_OFF_S: Final = 600
POOR_LOST_SHARE: Final = 0.7
POOR_LOSES_PERCENT: Final = (0.0, 8.0)
LEAST_SPO2_PERCENT: Final = 45.0
"""In motion and with a cold hand most values are lost, as a patch loses them all; what is shown is
up to so much too low, and the monitor says that it is in doubt (ours)."""

CUFF_AFTER_SIGN_S: Final = 30
"""Whoever charts a sign takes the pressure at once."""

Instant = tuple[int, tuple[VitalValue, ...]]


def monitor_messages(here: Chair) -> Iterator[Sent]:
    """Yield everything that the monitor of a chair sends, in order of time."""
    device = here.device("mon")
    phase_ms = int(here.generator("monitor-phase").integers(200, 1000))
    yield from here.greetings(
        device,
        model="sim-monitor",
        channels=here.equipment.channels,
        interval_s=float(here.cadence_s),
    )
    instants = heapq.merge(_continuous(here), _cuff(here), _temperature(here), key=itemgetter(0))
    boot, unplugged_s = here.boot(device), here.unplugged_s
    for sequence, (second, values) in enumerate(instants):
        if second >= unplugged_s:
            break
        at_ms = here.at_ms(second, phase_ms)
        payload = VitalsPayload(
            seq=sequence,
            t=stamp(at_ms),
            values=values,
            boot=boot,
            subject=here.who.subject,
            session=here.session,
        )
        yield here.sent(at_ms, device, "vitals", payload)
    yield from here.farewell(device, unplugged_s)


def probe_loss(here: Chair) -> ProbeLoss | None:
    """Return when the pulse-oximeter probe of a chair is off, None if it never is."""
    case = here.plan.case
    if case is not None:
        return next((ProbeLoss(from_s=one, until_s=two) for one, two in case.probe_off), None)
    if here.plan.reaction != "probe-off":
        return None
    from_s = here.plan.reaction_s
    return ProbeLoss(from_s=from_s, until_s=from_s + PROBE_OFF_S)


def poor_spans(here: Chair) -> tuple[tuple[int, int], ...]:
    """Return when motion or shivering spoils the saturation of a drawn person."""
    case = here.plan.case
    if case is None:
        return ()
    walks = [
        (one.from_s, one.until_s - WALK_SETTLES_S)
        for one in case.disturbances
        if one.kind == "walking"
    ]
    return (*walks, case.shivers)


def _continuous(here: Chair) -> Iterator[Instant]:
    seconds, shown = continuous_readings(
        here.course,
        every_s=here.cadence_s,
        first_s=FIRST_S,
        rng=here.generator("continuous"),
    )
    loss = probe_loss(here)
    spo2 = shown[Channel.SPO2] if loss is None else loose_spo2(shown[Channel.SPO2], seconds, loss)
    poor = np.zeros(len(seconds), np.bool_)
    for from_s, until_s in poor_spans(here):
        poor |= (np.array(seconds) >= from_s) & (np.array(seconds) < until_s)
    rng = here.generator("poor-signal")
    lost = poor & (rng.random(len(seconds)) < POOR_LOST_SHARE)
    low = np.rint(spo2 - rng.uniform(*POOR_LOSES_PERCENT, len(seconds)))
    spo2 = np.where(poor, np.maximum(low, LEAST_SPO2_PERCENT), spo2)
    for index, second in enumerate(seconds):
        hr, rr = shown[Channel.HR, index], shown[Channel.RR, index]
        yield (
            second,
            (
                vital(Channel.HR, int(hr) * CENTI),
                absent(Channel.SPO2, "motion")
                if lost[index] and not np.isnan(spo2[index])
                else _oximetry(second, float(spo2[index]), loss, is_poor=bool(poor[index])),
                vital(Channel.RR, int(rr) * CENTI),
            ),
        )


def _oximetry(
    second: int, spo2: float, loss: ProbeLoss | None, *, is_poor: bool = False
) -> VitalValue:
    if np.isnan(spo2):
        return absent(Channel.SPO2, "probe-off")
    is_slipping = loss is not None and loss.from_s <= second < loss.from_s + PROBE_FALLS_S
    return vital(
        Channel.SPO2, int(spo2) * CENTI, q="questionable" if is_slipping or is_poor else "valid"
    )


def _cuff(here: Chair) -> Iterator[Instant]:
    readings = cuff_readings(
        here.course,
        start_s=here.plan.start_s,
        phase_s=int(here.generator("cuff-phase").integers(60, 300)),
        wanted_s=[
            second + CUFF_AFTER_SIGN_S
            for second, _, is_present in charted_signs(here)
            if is_present
        ],
        rng=here.generator("cuff"),
    )
    for reading in readings:
        yield (
            reading.at_s,
            (
                vital(Channel.SBP, reading.sbp_mmhg * CENTI, stat=reading.is_stat),
                vital(Channel.DBP, reading.dbp_mmhg * CENTI, stat=reading.is_stat),
                vital(Channel.MAP, reading.map_mmhg * CENTI, stat=reading.is_stat),
            ),
        )


def _temperature(here: Chair) -> Iterator[Instant]:
    at_s = temperature_schedule(here.plan.start_s, here.seconds)
    for reading in temperature_readings(here.course, at_s, here.generator("thermometer")):
        yield reading.at_s, (vital(Channel.TEMP, round(reading.temp_cel * CENTI)),)
