"""What a scenario file says, as frozen records: what is sent, when, and what must come of it."""

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from monitor.wire.payloads import ActPayload, Payload

START_MS: Final = 1_767_600_000_000
"""When every scenario starts: 8:00 UTC on 5 January 2026. Any other time gives the same result."""

Mode: TypeAlias = Literal["at", "within", "during"]
Subject: TypeAlias = Literal["bed", "alert", "step", "told"]
Wanted: TypeAlias = str | int | float | bool | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message: when it arrives [ms since the start], where it comes from, what it carries.

    ``number`` of an act tells the cause of the alert that it is about, because the id of an
    alert is only known when it is there.
    """

    received_ms: int
    rank: int
    bed: str
    device: str
    kind: str
    payload: Payload | bytes
    retained: bool = False

    @property
    def about(self) -> str:
        """Return the cause of the alert that an act is about, or ""."""
        return (self.payload.alert or "") if isinstance(self.payload, ActPayload) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One row of what must come, or must not.

    Attributes
    ----------
    row : str
        Its place in the file, for reports.
    wanted : bool
        True for what must come, False for what must not.
    mode : {"at", "within", "during"}
        At the first time; at some moment between the two; at every moment between them.
    from_ms, to_ms : int
        Since the start; the same for "at".
    subject : {"bed", "alert", "step", "told"}
        What it looks at: the bed itself, one alert by its cause, one step by its key, or
        anything that was told in the span, by its kind.
    name : str
        The cause, the key or the kind; "" for the bed.
    fields : dict
        What each named field must be.
    why : str
        In words, why it must be so.
    """

    row: str
    wanted: bool
    mode: Mode
    from_ms: int
    to_ms: int
    bed: str
    subject: Subject
    name: str
    fields: dict[str, Wanted] = field(default_factory=dict)
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One file: its title, what it shows, everything that is sent and everything expected."""

    title: str
    shows: str
    ends_ms: int
    tick_ms: int
    deliveries: tuple[Delivery, ...]
    down: tuple[tuple[int, int], ...]
    """Spans in which the monitor does not run; what arrives is kept by the broker."""
    expectations: tuple[Expectation, ...]
    settings: dict[str, object] = field(default_factory=dict)
    """Settings of the site that hold otherwise in this scenario, by name."""
