"""What is promised to a story under a fault, by what kind of story it is.

The table of faults says what is promised where a device measures, was heard before and goes on
(:data:`scripts.fault_matrix.BREAKS`). Where that cannot be meant, the rules below say what is
promised instead. Which rule holds is read from the file, from what comes of it unbroken and from
what the fault changes, never from what comes of it broken.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import msgspec

from monitor.scenario.stories import Delivery, Expectation, Scenario
from monitor.wire.payloads import HandVitalsPayload, encode
from scripts.fault_matrix import BREAKS, TOLD_MS
from simulators.fault_options import FROZEN

MINUTE_MS: Final = 60_000

Kind = Literal[
    "usual",
    "untouched",
    "by hand",
    "refused",
    "unheard",
    "seldom",
    "falls silent",
    "plausible",
]

SAME: Final = frozenset({"none", "duplicate"})
"""Under these every row of the file holds as it stands."""

SHOWS_ANOTHER: Final = frozenset({"freeze", "artefact", "mean-as-systolic", "unit-swap"})
"""Their values show another person: steps may be offered to that one which the file forbids.

What may not be offered even then is to let the infusion run again.
"""

RESTART: Final = "resume"
"""How the steps begin that let an infusion run again."""

RUN_GAP_MS: Final = 30_000
"""Readings further apart belong to no run that could stand still (``gap_s`` of the detection)."""

UNHEARD_MS: Final = 6 * MINUTE_MS
"""A device that was never heard is told by then: five minutes of the site's timings and one."""

OVERDUE_MS: Final = 80 * MINUTE_MS
"""What is measured by hand is overdue by then: it is due every hour, and overdue 20 min later."""


PLAUSIBLE_SBP: Final = 90
PLAUSIBLE_DROP: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is promised to a kind of story, and why it is promised just that."""

    letter: str
    story: str
    promise: str
    reason: str


RULES: Final[Mapping[Kind, Rule]] = {
    "untouched": Rule(
        letter="w",
        story="the fault finds nothing of any device at the bed that it could change",
        promise="word for word: every row of the file holds",
        reason="what comes in is the same, so what is told must be",
    ),
    "by hand": Rule(
        letter="h",
        story="people measure, so the fault strikes what the tablet sends of their values",
        promise=(
            "somebody is called, or the tablet is answered that its entry was refused, or the "
            f"bed stands told as overdue {OVERDUE_MS // MINUTE_MS} min after the first change"
        ),
        reason="nobody waits for a hand by the minute: what is missing shows when it is due",
    ),
    "refused": Rule(
        letter="r",
        story="the messages of the device are refused in the story already",
        promise="a technical alert of the bed stands when the table's minutes are over",
        reason="a second fault must not make the first one look mended",
    ),
    "unheard": Rule(
        letter="n",
        story="the fault strikes before anything of the device was taken",
        promise=(
            "called, or told by the table's minutes, at least "
            f"{UNHEARD_MS // MINUTE_MS}, after the opening and the first message that is changed"
        ),
        reason="a device that was never heard is waited for: it may not have been switched on yet",
    ),
    "seldom": Rule(
        letter="t",
        story="the device sends less often than every 30 s, and values stand still",
        promise=(
            "a reaction that shows in more than pulse and saturation is told all the same, if need "
            "be with a lower grade; nobody is called whom the unbroken story does not call"
        ),
        reason="a value that stands still at this pace is a steady one, for all anybody can know",
    ),
    "falls silent": Rule(
        letter="s",
        story="the device falls silent in the story before the table's minutes are over",
        promise="called, or told within the table's minutes or 2 min after its last message",
        reason="what sends no more cannot be found out any more, except as silent",
    ),
    "plausible": Rule(
        letter="p",
        story=(
            f"a quiet story whose mean pressure, sent as the systolic one, is {PLAUSIBLE_SBP} mmHg "
            f"or more and less than {PLAUSIBLE_DROP} below the systolic one of the same reading"
        ),
        promise="nobody is called for nothing; told or not, when the values stand still or before",
        reason="many a person has that systolic pressure: the monitor does not find this fault out",
    ),
}
"""Everything else is ``usual``: the promise of the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a story is without a fault: where and when it is struck, and what must still come.

    ``called_ms`` is when somebody was first called to the bed, None in a quiet story; times are
    milliseconds since its start. ``technical`` are the causes that the story has of its own.
    """

    bed: str
    device: str
    from_ms: int
    called_ms: int | None
    last_ms: int
    every_ms: int
    """Usual time between two messages of the device."""
    technical: frozenset[str]
    opened_ms: int = 0
    channels: frozenset[str] = frozenset()
    """What the first call rests on: channels, "" for a charted sign."""
    is_hand: bool = False
    """People measure: the device is their tablet."""


def is_of_people(one: Delivery, seen: Outlook) -> bool:
    """Tell whether a message is entered by people and therefore not struck."""
    if one.kind == "obs":
        # What was struck is bytes.
        return not (seen.is_hand and isinstance(one.payload, HandVitalsPayload | bytes))
    return one.kind in ("act", "session")


def changed_ms(scenario: Scenario, after: Scenario, seen: Outlook) -> int | None:
    """Return when a fault first changes what is sent; None where it changes nothing."""
    before, now = _sent(scenario, seen), _sent(after, seen)
    return min((at_ms for at_ms, *_ in before ^ now), default=None)


def _sent(scenario: Scenario, seen: Outlook) -> frozenset[tuple[int, str, str, str, bytes, int]]:
    """Return everything that devices send; the same message twice counts twice."""
    counts: dict[tuple[int, str, str, str, bytes], int] = {}
    for one in scenario.deliveries:
        if not is_of_people(one, seen):
            raw = one.payload if isinstance(one.payload, bytes) else encode(one.payload)
            key = (one.received_ms, one.bed, one.device, one.kind, _canonical(raw))
            counts[key] = counts.get(key, 0) + 1
    return frozenset((*key, count) for key, count in counts.items())


def _canonical(payload: bytes) -> bytes:
    try:
        return msgspec.json.encode(msgspec.json.decode(payload), order="deterministic")
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return payload


def kind_of(scenario: Scenario, after: Scenario, seen: Outlook, fault: str) -> Kind:
    """Return what kind of story this is under a fault."""
    broken = BREAKS[fault]
    begins_ms = changed_ms(scenario, after, seen)
    # Values that stand still by themselves are told like those that are made to.
    stands = fault == "freeze" and seen.every_ms <= RUN_GAP_MS and not seen.is_hand
    if begins_ms is None and not stands:
        return "untouched"
    if broken.promise == "passed on":
        return "usual"
    heard = any(
        (one.device, one.kind) == (seen.device, "vitals") and one.received_ms < seen.from_ms
        for one in scenario.deliveries
    )
    ends_ms = seen.from_ms + broken.told_ms
    holds: dict[Kind, bool] = {
        "plausible": seen.called_ms is None and _is_plausible(scenario, after, seen, fault),
        "by hand": seen.is_hand,
        "refused": f"refused:{seen.device}" in seen.technical,
        "unheard": not heard,
        "seldom": fault == "freeze" and seen.every_ms > RUN_GAP_MS,
        "falls silent": seen.last_ms < min(ends_ms, scenario.ends_ms) - 2 * seen.every_ms,
    }
    return next((kind for kind, is_so in holds.items() if is_so), "usual")


def _is_plausible(scenario: Scenario, after: Scenario, seen: Outlook, fault: str) -> bool:
    """Tell whether a mean pressure that is sent as the systolic one is like one."""
    if fault != "mean-as-systolic":
        return False
    before, now = _pressures(scenario, seen), _pressures(after, seen)
    drops = [was - means for was, means in zip(before, now, strict=True)]
    return min(now, default=0.0) >= PLAUSIBLE_SBP and max(drops, default=0.0) < PLAUSIBLE_DROP


def _pressures(scenario: Scenario, seen: Outlook) -> list[float]:
    """Return the systolic pressures of the device from the strike on."""
    payloads = [
        one.payload if isinstance(one.payload, bytes) else encode(one.payload)
        for one in scenario.deliveries
        if (one.device, one.kind) == (seen.device, "vitals") and one.received_ms >= seen.from_ms
        # An old copy that a broker kept is no pressure of now.
        if not one.retained
    ]
    return [
        value["v"]
        for payload in payloads
        for value in msgspec.json.decode(payload).get("values", ())
        if value["ch"] == "sbp" and value["v"] is not None
    ]


def since_ms(scenario: Scenario, after: Scenario, seen: Outlook, kind: Kind) -> int:
    """Return from when the minutes of a promise count: the first message that is changed."""
    begins_ms = max(seen.from_ms, changed_ms(scenario, after, seen) or 0)
    return max(begins_ms, seen.opened_ms) if kind == "unheard" else begins_ms


def due_ms(seen: Outlook, fault: str, kind: Kind, begins_ms: int) -> int:
    """Return by when a technical alert must say so [ms since the start]."""
    told_ms = BREAKS[fault].told_ms
    if kind == "unheard":
        return begins_ms + max(told_ms, UNHEARD_MS)
    if kind == "by hand":
        return begins_ms + max(told_ms, OVERDUE_MS)
    if kind == "falls silent":
        return max(begins_ms + told_ms, seen.last_ms + TOLD_MS)
    return begins_ms + told_ms


def must_call(seen: Outlook, fault: str, kind: Kind) -> bool:
    """Tell whether somebody must be called as in the unbroken story."""
    if seen.called_ms is None:
        return False
    if kind == "seldom":
        return not seen.channels <= FROZEN
    return BREAKS[fault].promise == "passed on"


def forbidden(rows: Sequence[Expectation], fault: str, ends_ms: int) -> tuple[Expectation, ...]:
    """Return the rows of a file that say what is not to be done, as far as a run goes."""
    beginning = RESTART if fault in SHOWS_ANOTHER else ""
    return tuple(
        replace(row, to_ms=min(row.to_ms, ends_ms))
        for row in (_as_forbidden(one, beginning) for one in rows)
        if row is not None and row.from_ms <= ends_ms
    )


def _as_forbidden(row: Expectation, beginning: str) -> Expectation | None:
    """Return what a row forbids to offer, of steps with a beginning; None where nothing."""
    if row.subject == "step" and not row.wanted:
        return row if row.name.startswith(beginning) else None
    unwanted = row.fields.get("not_offered", ())
    if row.subject == "bed" and row.wanted and isinstance(unwanted, tuple):
        left = tuple(one for one in unwanted if one.startswith(beginning))
        return replace(row, fields={"not_offered": left}) if left else None
    return None
