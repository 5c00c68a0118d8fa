"""Uneventful sessions as a cohort draws them, and what their devices send."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from detectors.channels import CHANNEL_NAMES, Channel, Float
from monitor.wire.payloads import VitalsPayload
from simulators.bedside import chair_messages
from simulators.chairs import Chair, chair
from simulators.cohorts import Cohort, Mix, started_ms, ward_scenario_of
from simulators.disturbances import Habits

FILE_BEDS: Final = 50
UNEVENTFUL: Final[dict[str, float]] = {}
_VITALS: Final = msgspec.json.Decoder(VitalsPayload)

Series = tuple[Float, Float]
"""When [s of the session] and what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSession:
    """One session: what is true of it, and what was sent, by channel."""

    here: Chair
    shown: dict[Channel, Series]
    """Every value that was sent, whatever its quality."""
    valid: dict[Channel, Series]
    """The values of them that the device does not doubt."""


def uneventful_sessions(
    count: int, seed: int, *, habits: Habits | None = None, equipment: tuple[str, ...] = ()
) -> Iterator[ShownSession]:
    """Yield sessions of four hours in which nothing happens but what people do."""
    mix = Mix(reactions=UNEVENTFUL) if habits is None else Mix(reactions={}, habits=habits)
    cohort = Cohort(
        sessions=count, beds_per_file=FILE_BEDS, seed=seed, mix=mix, equipment=equipment
    )
    for number in range(1, cohort.wards + 1):
        ward, begins_ms = ward_scenario_of(cohort, number), started_ms(cohort, number)
        for plan in ward.beds:
            here = chair(plan, ward, unit=ward.name, started_ms=begins_ms)
            yield ShownSession(here=here, shown=_sent(here, ""), valid=_sent(here, "valid"))


def _sent(here: Chair, quality: str) -> dict[Channel, Series]:
    found: dict[Channel, list[tuple[float, float]]] = {}
    for sent in chair_messages(here):
        if not sent.topic.endswith("/vitals"):
            continue
        second = (sent.at_ms - here.opened_ms) // 1000
        for value in _VITALS.decode(sent.payload).values:
            if value.v is not None and quality in ("", value.q):
                channel = Channel(CHANNEL_NAMES.index(value.ch))
                found.setdefault(channel, []).append((float(second), float(value.v)))
    return {
        channel: (np.array(pairs)[:, 0], np.array(pairs)[:, 1]) for channel, pairs in found.items()
    }
