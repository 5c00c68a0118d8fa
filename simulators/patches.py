"""A wearable patch: pulse, breathing, saturation and the temperature of the armpit, by radio.

What goes wrong with it is drawn before the first second and belongs to the truth of the session:

* the person moves: the pulse is uncertain, an impedance reading of breathing doubles or halves
  (both marked questionable), the saturation is lost;
* an electrode comes loose: every channel says that there is no value, and why;
* the radio is lost: the broker says the last will, and what was measured meanwhile comes in a
  burst as ``backfill`` when it is back;
* the battery runs low, and then out.

Accuracy: pulse 2 /min (spread 1.2), impedance 2-3 /min (spread 1.2), saturation within the 3 %
root mean square that is asked of oximeters (bias 1, spread 1.5), armpit 0.3-0.6 Cel below mouth.
The spreads are ours inside those claims; how often and how long anything fails is ours.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final, Literal, TypeAlias

import numpy as np

from detectors.channels import CENTI, Bool, Channel, Float
from monitor.wire.payloads import StatusPayload, VitalsPayload, VitalValue, absent, stamp, vital
from simulators.chairs import Chair, Sent
from simulators.equipment import PATCH_CHANNELS

FIRST_S: Final = 20
PATCH_EVERY_S: Final = 20
"""A patch sends no oftener than this, however often a monitor would."""

TEMPERATURE_EVERY_S: Final = 300
HR_SD: Final = 1.2
RR_SD: Final = 1.2
SPO2_BIAS: Final = 1.0
SPO2_SD: Final = 1.5
TEMP_SD: Final = 0.05
ARMPIT_BELOW_CEL: Final = (0.3, 0.6)
MOVING_HR_SD: Final = 12.0

USUAL_S: Final = 4 * 3600
MOTION_COUNT: Final = 2.0
LOOSE_COUNT: Final = 0.4
GAP_COUNT: Final = 0.8
"""How many of each a session of four hours has on average."""

MOTION_S: Final = (60, 300)
LOOSE_S: Final = (120, 900)
GAP_S: Final = (30, 600)
LOW_SHARE: Final = 0.06
LOW_LASTS_S: Final = (1200, 3600)
BATTERY_EVERY_S: Final = 900
LOW_PERCENT: Final = 15
WILL_AFTER_S: Final = 45
"""1.5 times a keepalive of 30 s: so long after the last word the broker says the last will."""

BURST_EVERY_MS: Final = 50

PatchTrouble: TypeAlias = Literal["motion", "loose", "radio-gap", "battery-low", "battery-out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchSpan:
    """One thing that was wrong with a patch, from a second of the session to another."""

    kind: PatchTrouble
    from_s: int
    until_s: int


def patch_spans(here: Chair) -> tuple[PatchSpan, ...]:
    """Return everything that goes wrong with the patch of a chair, in order of time."""
    if not here.equipment.is_patched:
        return ()
    rng = here.generator("patch-life")
    seconds = here.reporting_s
    case = here.plan.case
    found = _drawn(rng, "loose", LOOSE_COUNT, LOOSE_S, seconds)
    found += _drawn(rng, "radio-gap", GAP_COUNT, GAP_S, seconds)
    moving = _drawn(rng, "motion", MOTION_COUNT, MOTION_S, seconds)
    if case is not None:
        # Whoever walks in the truth moves the patch as well, and nobody moves it otherwise.
        walks = [one for one in case.disturbances if one.kind == "walking"]
        moving = [PatchSpan(kind="motion", from_s=one.from_s, until_s=one.until_s) for one in walks]
        found += [PatchSpan(kind="loose", from_s=one, until_s=two) for one, two in case.probe_off]
    is_low, low_s = rng.random() < LOW_SHARE, int(rng.integers(0, max(seconds, 1)))
    out_s = low_s + int(rng.integers(*LOW_LASTS_S))
    if is_low:
        found.append(PatchSpan(kind="battery-low", from_s=low_s, until_s=min(out_s, seconds)))
    if is_low and out_s < seconds:
        found.append(PatchSpan(kind="battery-out", from_s=out_s, until_s=seconds))
    return tuple(sorted([*found, *moving], key=lambda one: (one.from_s, one.kind)))


def _drawn(
    rng: np.random.Generator,
    kind: PatchTrouble,
    count: float,
    between_s: tuple[int, int],
    seconds: int,
) -> list[PatchSpan]:
    """Draw spans of one kind that do not meet: each in a part of the session of its own."""
    number = int(rng.poisson(count * seconds / USUAL_S))
    part_s = seconds // max(number, 1)
    found = []
    for place in range(number):
        lasts_s = int(rng.integers(*between_s))
        room_s = part_s - lasts_s - WILL_AFTER_S
        offset_s = int(rng.integers(0, max(room_s, 1)))
        if room_s > 0:
            from_s = place * part_s + offset_s
            found.append(PatchSpan(kind=kind, from_s=from_s, until_s=from_s + lasts_s))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchReadings:
    """What a patch measures.

    Attributes
    ----------
    seconds : int64 array, shape (sample,)
        When [s of the session].
    shown : float64 array, shape (channel, sample)
        In canonical units; NaN where there is no value.
    moving, loose : bool array, shape (sample,)
        The person moves; an electrode is off.
    """

    seconds: np.ndarray[tuple[int], np.dtype[np.int64]]
    shown: Float
    moving: Bool
    loose: Bool


def patch_readings(here: Chair, spans: Sequence[PatchSpan]) -> PatchReadings:
    """Return everything that the patch of a chair measures while it has power, at once."""
    rng = here.generator("patch")
    every_s = max(here.cadence_s, PATCH_EVERY_S)
    seconds = np.arange(FIRST_S, here.reporting_s, every_s, dtype=np.int64)
    truth = here.course.values[:, seconds]
    noise = rng.standard_normal((5, len(seconds)))
    below_cel, bias = rng.uniform(*ARMPIT_BELOW_CEL), rng.normal(0.0, SPO2_BIAS)
    is_double = rng.random(len(seconds)) < 0.5  # noqa: PLR2004 - as often as not
    moving, loose = _within(seconds, spans, "motion"), _within(seconds, spans, "loose")
    shown = np.full(truth.shape, np.nan)
    shown[Channel.HR] = truth[Channel.HR] + HR_SD * noise[0]
    shown[Channel.HR] += np.where(moving, MOVING_HR_SD * noise[1], 0.0)
    breathing = truth[Channel.RR] + RR_SD * noise[2]
    shown[Channel.RR] = np.where(moving, breathing * np.where(is_double, 2.0, 0.5), breathing)
    oximetry = np.clip(truth[Channel.SPO2] + bias + SPO2_SD * noise[3], 41.0, 100.0)
    shown[Channel.SPO2] = np.where(moving, np.nan, oximetry)
    is_warm = (seconds - FIRST_S) % TEMPERATURE_EVERY_S < every_s
    armpit = np.round(truth[Channel.TEMP] - below_cel + TEMP_SD * noise[4], 1)
    shown[Channel.TEMP] = np.where(is_warm, armpit, np.nan)
    for channel, least, most in ((Channel.HR, 20.0, 250.0), (Channel.RR, 3.0, 75.0)):
        shown[channel] = np.clip(np.rint(shown[channel]), least, most)
    shown[Channel.SPO2] = np.rint(shown[Channel.SPO2])
    is_powered = ~_within(seconds, spans, "battery-out")
    return PatchReadings(
        seconds=seconds[is_powered],
        shown=shown[:, is_powered],
        moving=moving[is_powered],
        loose=loose[is_powered],
    )


def _within(
    seconds: np.ndarray[tuple[int], np.dtype[np.int64]],
    spans: Sequence[PatchSpan],
    kind: PatchTrouble,
) -> Bool:
    found: Bool = np.zeros(len(seconds), np.bool_)
    for one in spans:
        if one.kind == kind:
            found |= (seconds >= one.from_s) & (seconds < one.until_s)
    return found


def patch_messages(here: Chair) -> Iterator[Sent]:
    """Yield everything that the patch of a chair sends, in order of time; nothing without one."""
    if not here.equipment.is_patched:
        return
    device = here.device("patch")
    spans = patch_spans(here)
    yield from here.greetings(
        device,
        model="sim-patch",
        channels=PATCH_CHANNELS,
        interval_s=float(max(here.cadence_s, PATCH_EVERY_S)),
    )
    yield from heapq.merge(
        _vitals(here, device, spans), _statuses(here, device, spans), key=attrgetter("at_ms")
    )
    if not any(one.kind == "battery-out" for one in spans):
        yield from here.farewell(device)


def _vitals(here: Chair, device: str, spans: Sequence[PatchSpan]) -> Iterator[Sent]:
    """Yield what is measured: at once, or in a burst as soon as the radio is back."""
    read = patch_readings(here, spans)
    phase_ms = int(here.generator("patch-phase").integers(200, 1000))
    gaps = [one for one in spans if one.kind == "radio-gap"]
    burst_ms = 0
    for index, second in enumerate(read.seconds.tolist()):
        gap = next((one for one in gaps if one.from_s <= second < one.until_s), None)
        kind = "vitals" if gap is None else "backfill"
        measured_ms = here.at_ms(second, phase_ms)
        at_ms = measured_ms
        if gap is not None:
            burst_ms = max(burst_ms + BURST_EVERY_MS, here.at_ms(gap.until_s))
            at_ms = burst_ms
            if gap.until_s >= here.reporting_s:
                continue
        payload = VitalsPayload(
            # One row of numbers for all that a device sends, at once or late.
            seq=index,
            t=stamp(measured_ms),
            values=_values(read, index),
            boot=here.boot(device),
            subject=here.who.subject,
            session=here.session,
        )
        # The first live value may meet the end of a long burst: it waits its turn.
        yield here.sent(max(at_ms, burst_ms), device, kind, payload)


def _values(read: PatchReadings, index: int) -> tuple[VitalValue, ...]:
    if read.loose[index]:
        return tuple(absent(one, "probe-off") for one in (Channel.HR, Channel.RR, Channel.SPO2))
    is_moving = bool(read.moving[index])
    found: list[VitalValue] = []
    for channel in (Channel.HR, Channel.RR):
        value_centi = int(read.shown[channel, index]) * CENTI
        found.append(vital(channel, value_centi, q="questionable" if is_moving else "valid"))
    saturation, temperature = read.shown[[Channel.SPO2, Channel.TEMP], index].tolist()
    found.append(
        absent(Channel.SPO2, "motion")
        if is_moving
        else vital(Channel.SPO2, int(saturation) * CENTI)
    )
    if not np.isnan(temperature):
        found.append(vital(Channel.TEMP, round(temperature * CENTI)))
    return tuple(found)


def _statuses(here: Chair, device: str, spans: Sequence[PatchSpan]) -> Iterator[Sent]:
    """Yield last wills, returns, and how full the battery is, in order of time."""
    said: list[tuple[int, str, int | None]] = []
    low = next((one for one in spans if one.kind == "battery-low"), None)
    out = next((one for one in spans if one.kind == "battery-out"), None)
    over_s = here.reporting_s if out is None else out.from_s
    for second in range(BATTERY_EVERY_S, over_s, BATTERY_EVERY_S):
        is_low = low is not None and second >= low.from_s
        left = LOW_PERCENT if is_low else max(90 - second // BATTERY_EVERY_S, LOW_PERCENT + 1)
        said.append((second, "online", left))
    if low is not None:
        said.append((low.from_s, "online", LOW_PERCENT))
    gaps = [one for one in spans if one.kind == "radio-gap" and one.from_s < over_s]
    said = [one for one in said if not any(gap.from_s <= one[0] < gap.until_s for gap in gaps)]
    for gap in gaps:
        is_told = gap.until_s - gap.from_s > WILL_AFTER_S
        if is_told:
            said.append((gap.from_s + WILL_AFTER_S, "offline", None))
        if is_told and gap.until_s < over_s:
            said.append((gap.until_s, "online", None))
    if out is not None and out.from_s + WILL_AFTER_S < here.seconds:
        said.append((out.from_s + WILL_AFTER_S, "offline", None))
    for second, state, battery in sorted(said, key=lambda one: one[0]):
        at_ms = here.at_ms(second)
        status = StatusPayload(
            state="online" if state == "online" else "offline",
            t=stamp(at_ms),
            boot=here.boot(device),
            battery=battery,
        )
        yield here.sent(at_ms, device, "status", status)
