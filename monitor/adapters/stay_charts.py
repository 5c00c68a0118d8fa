"""Whole stays as sessions: what was charted of somebody to whom nobody says an infusion was given.

A stay opens with its first set of vitals. Its infusion is said to start two hours later, so that
there is a baseline as in :mod:`monitor.facts.windows`, and it closes with its last set.
All pressures of a stay come from one source, so that no baseline is compared with another kind of
measurement: the cuff, or the arterial line where the cuff was never used.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from monitor.adapters.chart import MINUTE_MS, Chart
from monitor.adapters.recording import Recording, Remarks
from monitor.facts.windows import BASELINE_MS
from monitor.wire.payloads import ChannelName

ORIGIN_MS: Final = 4_102_444_800_000
"""2100-01-01T00:00:00Z, from which the minutes of a stay count: nobody takes it for a real day."""

UNIT: Final = "icu"
PRODUCT: Final = "other"
OTHER_SOURCE: Final = "pressures of the other source left out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Set:
    """What was charted at one minute; pressures of an arterial line stand apart."""

    at_min: int
    values: dict[ChannelName, float]
    line: dict[ChannelName, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """Somebody: the letter of the collection, a number, and what is known of the person."""

    letter: str
    number: str
    age_years: int | None = None
    weight_kg: float | None = None


def stay_recording(name: str, stay: Stay, sets: Iterable[Set], remarks: Remarks) -> Recording:
    """Return the recording of a stay; it must have a set."""
    rows = sorted(sets, key=lambda one: one.at_min)
    from_line = not any("sbp" in one.values for one in rows)
    chart = Chart(unit=UNIT, bed=f"stay-{stay.number}", session=f"{stay.letter}{stay.number}")
    first_ms = ORIGIN_MS + rows[0].at_min * MINUTE_MS
    start_ms = first_ms + BASELINE_MS
    chart.open(
        first_ms,
        subject=f"PX-{stay.letter}{stay.number}",
        product=PRODUCT,
        weight_kg=stay.weight_kg,
        age_years=stay.age_years,
    )
    chart.turn(start_ms, "start")
    for one in rows:
        values = dict(one.values)
        if from_line:
            values.update(one.line)
        elif one.line:
            remarks.count(OTHER_SOURCE, len(one.line))
        chart.vitals(ORIGIN_MS + one.at_min * MINUTE_MS, values)
    chart.turn(max(start_ms, ORIGIN_MS + rows[-1].at_min * MINUTE_MS), "close")
    return Recording(name=name, unit=UNIT, steps=tuple(chart.steps()))
