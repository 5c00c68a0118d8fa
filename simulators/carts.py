"""Spot-check carts: one device that goes from bed to bed and takes a whole set at each.

A cart belongs to no bed and no session names it. Its topic says at which bed it stands, and each
set names the person and the session whose wristband was read, so a set that was taken under the
wrong bed is told apart by the monitor. The nurse who pushes the cart signs the set, which makes
it vitals by hand: they are looked for when they are due, not every minute.

A set is taken twice before the start, a quarter of an hour after it, at every change of rate,
every hour and at the end, which are the times of usual care; after a charted sign; and again
after a pressure that is far from the ones before. One cart can be at one bed at a time: who is
second waits. In some rooms there is no radio, and the set is sent from the next bed.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from detectors.channels import CENTI, Channel, Float
from monitor.wire.payloads import HandVitalsPayload, VitalValue, stamp, vital
from simulators.chairs import Chair, Sent, charted_signs, generator
from simulators.charting import nurse_name
from simulators.devices import (
    CUFF_BIAS_MMHG,
    REPEAT_BEYOND_MMHG,
    SPO2_BIAS_PERCENT,
    whole_set,
)
from simulators.equipment import CHANNELS

SET_S: Final = 60
"""How long a set takes with the way to the next bed; a cuff alone needs 20 to 45 s."""

SAVED_AFTER_S: Final = 5
BEFORE_S: Final = (540, 120)
"""When the sets before the start are wanted [s before it]."""

AFTER_START_S: Final = 900
HOURLY_S: Final = 3600
AFTER_SIGN_S: Final = 60
APART_S: Final = 300
"""A set that is wanted sooner than this after the last one at the bed is not taken again."""

REPEATS: Final = 2
UNHEARD_SHARE: Final = 0.05
"""How often a set is taken where there is no radio (ours)."""


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Visit:
    """One set that is wanted: when, at which chair (by its place), and whether at once."""

    at_ms: int
    place: int
    is_urgent: bool
    repeats: int = 0


def carts_messages(chairs: Sequence[Chair]) -> Iterator[Sent]:
    """Yield everything that the carts of a ward send, in order of time."""
    yield from heapq.merge(*cart_streams(chairs).values(), key=lambda sent: sent.at_ms)


def cart_streams(chairs: Sequence[Chair]) -> dict[str, Iterator[Sent]]:
    """Return what each cart of a ward sends, by its name."""
    names = sorted({here.equipment.cart for here in chairs} - {""})
    return {
        name: cart_messages(name, [here for here in chairs if here.equipment.cart == name])
        for name in names
    }


def cart_messages(name: str, chairs: Sequence[Chair]) -> Iterator[Sent]:
    """Yield everything that one cart sends on its way between its chairs, in order of time."""
    home = min(chairs, key=lambda here: (here.opened_ms, here.plan.bed))
    yield from home.greetings(name, model="sim-cart", channels=CHANNELS, interval_s=float(HOURLY_S))
    radio = generator(home.seed, name, "radio")
    boot = home.boot(name)
    waiting = [visit for place in range(len(chairs)) for visit in wanted_visits(chairs, place)]
    heapq.heapify(waiting)
    last_ms = dict.fromkeys(range(len(chairs)), -(2**62))
    before: dict[int, list[float]] = {place: [] for place in range(len(chairs))}
    free_ms = sequence = 0
    unsent: list[Sent] = []
    while waiting:
        visit = heapq.heappop(waiting)
        if visit.at_ms < free_ms:
            heapq.heappush(waiting, replace(visit, at_ms=free_ms))
            continue
        here = chairs[visit.place]
        second = (visit.at_ms - here.opened_ms) // 1000
        is_soon = visit.at_ms - last_ms[visit.place] < APART_S * 1000 and not visit.is_urgent
        if is_soon or second >= here.reporting_s - SAVED_AFTER_S:
            continue
        shown = cart_set(here, second, sequence)
        taken_ms = here.at_ms(second)
        free_ms, last_ms[visit.place] = taken_ms + SET_S * 1000, taken_ms
        payload = HandVitalsPayload(
            id=f"{name}-{boot}-{sequence}",
            t=stamp(taken_ms),
            by=nurse_name(here),
            values=_values(shown, is_stat=visit.repeats > 0),
            seq=sequence,
            subject=here.who.subject,
            session=here.session,
        )
        sequence += 1
        saved_ms = taken_ms + SAVED_AFTER_S * 1000
        unsent.append(here.sent(saved_ms, name, "obs", payload))
        if radio.random() >= UNHEARD_SHARE:
            yield from (replace(sent, at_ms=saved_ms) for sent in unsent)
            unsent = []
        sbp = float(shown[Channel.SBP])
        if second < here.plan.start_s:
            before[visit.place].append(sbp)
        elif _is_far(sbp, before[visit.place]) and visit.repeats < REPEATS:
            again = replace(visit, at_ms=free_ms, is_urgent=True, repeats=visit.repeats + 1)
            heapq.heappush(waiting, again)
    yield from (replace(sent, at_ms=free_ms) for sent in unsent)


def wanted_visits(chairs: Sequence[Chair], place: int) -> list[Visit]:
    """Return when sets are wanted at one of the chairs, in no order."""
    here = chairs[place]
    start_s = here.plan.start_s
    changes = [rung.at_s for rung in here.staircase if rung.reason == "rate-change"]
    planned = [start_s - early_s for early_s in BEFORE_S]
    planned += [start_s + AFTER_START_S, *changes]
    planned += range(start_s + HOURLY_S, here.reporting_s, HOURLY_S)
    if here.ended_s is not None:
        planned.append(here.ended_s + SET_S)
    signs = [second + AFTER_SIGN_S for second, _, is_present in charted_signs(here) if is_present]
    return [
        Visit(at_ms=here.at_ms(second), place=place, is_urgent=is_urgent)
        for seconds, is_urgent in ((planned, False), (signs, True))
        for second in seconds
        if 1 < second < here.reporting_s
    ]


def cart_set(here: Chair, second: int, number: int) -> Float:
    """Return one whole set, shape (channel,), in canonical units, as a cart shows it.

    The cuff of a cart errs for a person always to the same side, as any cuff does.
    """
    own = here.generator("cart-bias")
    biases = (own.normal(0.0, CUFF_BIAS_MMHG), own.normal(0.0, SPO2_BIAS_PERCENT))
    return whole_set(here.course, second, here.generator(f"cart-{number}"), biases=biases)


def _values(shown: Float, *, is_stat: bool) -> tuple[VitalValue, ...]:
    pressures = (Channel.SBP, Channel.DBP, Channel.MAP)
    return tuple(
        vital(channel, round(float(shown[channel]) * CENTI), stat=is_stat and channel in pressures)
        for channel in Channel
    )


def _is_far(sbp_mmhg: float, before: Sequence[float]) -> bool:
    return bool(before) and abs(sbp_mmhg - float(np.mean(before))) >= REPEAT_BEYOND_MMHG
