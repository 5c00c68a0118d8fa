"""What is known of the clock of a device from how its messages arrive.

A wrong clock and a slow way look alike in one message: both make it late. They differ in time. A
wrong clock is late by the same in every message, while a backlog arrives in a burst, each message
less late than the one before. So a clock is believed to be wrong only after messages of a while
agree, and a backlog is never taken for news.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

ClockState: TypeAlias = Literal["right", "doubted", "wrong", "late"]
ClockEvent: TypeAlias = Literal["on-time", "same", "same-proven", "other", "other-proven"]

CLOCK_STATES: Final[tuple[ClockState, ...]] = ("right", "doubted", "wrong", "late")
CLOCK_EVENTS: Final[tuple[ClockEvent, ...]] = (
    "on-time", "same", "same-proven", "other", "other-proven",
)  # fmt: skip

CLOCK_TABLE: Final[dict[ClockState, dict[ClockEvent, ClockState]]] = {
    "right": {"same": "doubted", "same-proven": "wrong", "other": "doubted"},
    "doubted": {"on-time": "right", "same-proven": "wrong", "other-proven": "late"},
    "wrong": {"on-time": "right", "other": "doubted", "other-proven": "late"},
    "late": {"on-time": "right", "same-proven": "wrong"},
}
"""What is believed of a clock; an event without a place changes nothing."""

MESSAGES_AGREE: Final = 2
"""Two messages far enough apart in time that agree about the offset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HearingParams:
    """How devices are listened to.

    Attributes
    ----------
    clock_limit_ms
        A message that arrives later after it was measured, or that much before, is not on time.
    clock_agree_ms
        Delays that differ by no more show the same offset.
    clock_proof_ms
        So long the delays must agree before the clock is believed to be wrong.
    trouble_forgotten_ms
        A trouble of single messages ends when none came for so long.
    refusals_told
        So many messages must be refused, and none taken between them, before it is an alert.
    message_rate, message_burst
        So many messages a second a device may send, and so many at once.
    devices_max
        So many devices, and so many beds, are known in a unit at most.
    """

    clock_limit_ms: int
    clock_agree_ms: int
    clock_proof_ms: int
    trouble_forgotten_ms: int
    refusals_told: int
    message_rate: int
    message_burst: int
    devices_max: int

    def __post_init__(self) -> None:
        """Refuse limits that would take a late message for a wrong clock."""
        if self.refusals_told < 1:
            raise ValueError("refusals_told must be at least 1")
        for name in ("message_rate", "message_burst", "devices_max"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        if self.clock_agree_ms >= self.clock_limit_ms:
            raise ValueError("clock_agree must be shorter than clock_limit")
        if self.clock_proof_ms <= self.clock_agree_ms:
            raise ValueError("clock_proof must be longer than clock_agree")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceClock:
    """What is believed of the clock of a device.

    Delays are times of receipt minus times of measurement: positive for a clock that is behind.
    ``since_ms`` is when the first message came that was not on time, ``agree_ms`` when the first
    one came of those that agree; ``low_ms`` and ``high_ms`` are the delays of the latter.
    """

    state: ClockState = "right"
    since_ms: int = 0
    agree_ms: int = 0
    low_ms: int = 0
    high_ms: int = 0
    messages: int = 0

    @property
    def offset_ms(self) -> int:
        """By how much its times are to be moved: 0 unless the clock is believed to be wrong."""
        return self.low_ms if self.state == "wrong" else 0


RIGHT: Final = DeviceClock()


def clock_after(
    clock: DeviceClock, delay_ms: int, received_ms: int, params: HearingParams
) -> DeviceClock:
    """Return what is believed of a clock after a message that took so long to arrive."""
    if abs(delay_ms) <= params.clock_limit_ms:
        return RIGHT
    low_ms, high_ms = min(clock.low_ms, delay_ms), max(clock.high_ms, delay_ms)
    agrees = bool(clock.messages) and high_ms - low_ms <= params.clock_agree_ms
    since_ms = clock.since_ms if clock.messages else received_ms
    if agrees:
        after = replace(clock, low_ms=low_ms, high_ms=high_ms, messages=clock.messages + 1)
    else:
        after = DeviceClock(
            state=clock.state,
            since_ms=since_ms,
            agree_ms=received_ms,
            low_ms=delay_ms,
            high_ms=delay_ms,
            messages=1,
        )
    begun_ms = after.agree_ms if agrees else since_ms
    proven = received_ms - begun_ms >= params.clock_proof_ms
    same: ClockEvent = "same-proven" if proven else "same"
    other: ClockEvent = "other-proven" if proven else "other"
    event = same if agrees else other
    return replace(after, state=CLOCK_TABLE[clock.state].get(event, clock.state))
