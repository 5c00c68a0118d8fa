"""The baseline of a bed in words: how far it has come, and what people should know of it."""

from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

import numpy as np

from detectors.baseline import BaselineState, remarkable
from detectors.baseline_life import window_readings
from detectors.baseline_renewal import renewed
from detectors.baseline_statistics import drift, robust_noise, still_settling
from detectors.channels import CHANNEL_NAMES, DISPLAY_UNITS, MISSING, NEVER, Bool, Channel, Int32
from monitor.care.reasons import FULL_NAMES, decimal
from monitor.facts.effects import BaselineChanged
from monitor.ward.bedside import Bedside
from monitor.ward.pictures import one
from monitor.ward.ward_state import WardState

BaselineStatus: TypeAlias = Literal["absent", "provisional", "established", "frozen"]


def tell_baseline(
    state: WardState, bed: Bedside, position: int, at_ms: int, *, freeze: bool
) -> None:
    """Tell how far the baseline of a bed has come, when that changed or it is frozen."""
    states = state.detection.baseline_states(one(bed.row))[0]
    needed = states[list(state.settings.silence.required)]
    status = BaselineState(int(needed.min())).name.lower()
    if status == bed.baseline and not freeze:
        return
    bed.baseline = status
    thin: list[str] = []
    if freeze:
        thin = [
            f"{FULL_NAMES[c]}: {BaselineState(int(states[c])).name.lower()} baseline"
            for c in state.settings.silence.required
            if states[c] != BaselineState.ESTABLISHED
        ]
    shown = "frozen" if freeze else cast(BaselineStatus, status)
    _tell(state, bed, position, at_ms, status=shown, more=thin)


def tell_renewal(state: WardState, bed: Bedside, position: int, at_ms: int, paused_ms: int) -> None:
    """Make baselines again after a long pause, and tell what was made or only noted."""
    params, detection = state.settings.detection.baseline, state.detection
    found = renewed(params, detection, bed.row, paused_ms=paused_ms, at_ms=at_ms)
    shift = found.shift_centi
    words = [f"{_names(found.taken)}: made again in the pause"] if found.taken.any() else []
    words += [
        f"{FULL_NAMES[c]} has shifted since the start by {_signed(int(shift[c]))} "
        f"{DISPLAY_UNITS[c]}: noted, not absorbed"
        for c in np.flatnonzero(shift != MISSING)
    ]
    if words:
        states = detection.baseline_states(one(bed.row))[0]
        needed = states[list(state.settings.silence.required)]
        bed.baseline = BaselineState(int(needed.min())).name.lower()
        _tell(state, bed, position, at_ms, status="frozen", more=words)


def _tell(
    state: WardState,
    bed: Bedside,
    position: int,
    at_ms: int,
    *,
    status: BaselineStatus,
    more: list[str],
) -> None:
    numbers = baseline_numbers(state, one(bed.row))
    counts = state.detection.window.count[bed.row].tolist()
    remarks = baseline_remarks(state, numbers, 0) + more
    centre = _known(state.detection.baseline_centi[bed.row].tolist())
    state.tell(
        position,
        BaselineChanged(
            at_ms=at_ms,
            bed=bed.name,
            session=bed.session,
            status=status,
            centre_centi=centre,
            readings={name: counts[CHANNEL_NAMES.index(name)] for name in centre},
            remarks=tuple(remarks),
            noise_centi=_known(numbers.noise_centi[0].tolist()),
            drift_centi=_known(numbers.drift_centi[0].tolist()),
        ),
    )


def _known(by_channel: list[int]) -> dict[str, int]:
    """Return the numbers that are known, by the name of their channel."""
    named = zip(CHANNEL_NAMES, by_channel, strict=True)
    return {name: number for name, number in named if number != MISSING}


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineNumbers:
    """What is known of the baselines of some beds, each of shape (row, channel).

    Attributes
    ----------
    noise_centi, drift_centi : int32 array, [hundredths]
        MISSING where there are too few readings to state them.
    odd, settling, early, aside, refused : bool array
        Abnormal before the start; still moving; too few readings after the rest; a drug was
        given after the last reading; readings were left out.
    """

    noise_centi: Int32
    drift_centi: Int32
    odd: Bool
    settling: Bool
    early: Bool
    aside: Bool
    refused: Bool


def baseline_numbers(state: WardState, bed: Int32) -> BaselineNumbers:
    """Return what is known of the baselines of some beds, all in one pass."""
    params, detection = state.settings.detection.baseline, state.detection
    window = detection.window
    kept = window_readings(params, detection, bed)
    drift_centi = drift(params, kept)
    restless = window.unsettled[bed]
    return BaselineNumbers(
        noise_centi=robust_noise(params, kept),
        drift_centi=drift_centi,
        odd=remarkable(params, detection.baseline_centi[bed], detection.age_centi[bed]),
        settling=still_settling(params, drift_centi),
        early=(restless > 0) & (window.count[bed] - restless < params.least_readings),
        aside=window.aside_ms[bed] != NEVER,
        refused=window.refused[bed] > 0,
    )


def baseline_remarks(state: WardState, numbers: BaselineNumbers, row: int) -> list[str]:
    """Return what people should know before they trust a baseline, a row of the numbers."""
    params = state.settings.detection.baseline
    remarks = [
        f"{FULL_NAMES[c]} was already abnormal before the start"
        for c in np.flatnonzero(numbers.odd[row])
    ]
    remarks += [
        f"{FULL_NAMES[c]} is still settling: {_signed(int(numbers.drift_centi[row, c]))} "
        f"{DISPLAY_UNITS[c]} from the earlier to the later readings"
        for c in np.flatnonzero(numbers.settling[row])
    ]
    together = (
        (numbers.early[row], f"taken within {params.rest_ms // 60_000} min of opening"),
        (numbers.aside[row], "taken before premedication"),
        (numbers.refused[row], "readings left out that were doubted or taken while shivering"),
    )
    return remarks + [f"{_names(which)}: {words}" for which, words in together if which.any()]


def _signed(value_centi: int) -> str:
    return f"{'+' if value_centi > 0 else ''}{decimal(value_centi)}"


def _names(channels: Bool) -> str:
    return ", ".join(FULL_NAMES[channel] for channel in Channel if channels[channel])
