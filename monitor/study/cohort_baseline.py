"""Calibration of the baseline: how readings before the flow scatter and drift, and if it holds."""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from detectors.channels import CENTI, CHANNEL_NAMES, DISPLAY_UNITS
from monitor.study.cohort_heard import HeardBaseline, SessionHeard

PERCENTS: Final = (5, 50, 95)


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """How a number is distributed over sessions; None where no session has it."""

    sessions: int
    p5: float | None
    median: float | None
    p95: float | None


class BaselineRow(msgspec.Struct, frozen=True, kw_only=True):
    """The baselines of one channel when the flow began, over the sessions that have one."""

    channel: str
    unit: str
    sessions: int
    share: float
    """Of all sessions."""
    readings: float
    """Mean number behind a baseline."""
    spread: Spread
    """Noise of the readings before the flow (a robust standard deviation), where it is stated."""
    drift: Spread
    """How far the later half of them lay above the earlier."""
    later: Spread
    """How far the mean of the last hour lay above the baseline, where nothing happened."""


def baseline_rows(sessions: Sequence[SessionHeard]) -> tuple[BaselineRow, ...]:
    """Return the calibration of every channel that any session has a baseline of."""
    by_channel: dict[str, list[HeardBaseline]] = {}
    for heard in sessions:
        for one in heard.baseline:
            by_channel.setdefault(one.channel, []).append(one)
    return tuple(
        BaselineRow(
            channel=channel,
            unit=DISPLAY_UNITS[number],
            sessions=len(mine),
            share=round(len(mine) / len(sessions), 4),
            readings=round(sum(one.readings for one in mine) / len(mine), 2),
            spread=_spread([one.spread_centi for one in mine]),
            drift=_spread([one.drift_centi for one in mine]),
            later=_spread([one.later_centi for one in mine]),
        )
        for number, channel in enumerate(CHANNEL_NAMES)
        if (mine := by_channel.get(channel))
    )


def _spread(values_centi: Sequence[int | None]) -> Spread:
    known = [one / CENTI for one in values_centi if one is not None]
    if not known:
        return Spread(sessions=0, p5=None, median=None, p95=None)
    low, middle, high = (round(float(one), 2) for one in np.percentile(known, PERCENTS))
    return Spread(sessions=len(known), p5=low, median=middle, p95=high)
