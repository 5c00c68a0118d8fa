"""Who may speak for a unit: the lease of the monitor that publishes, and the word of a standby.

Both are retained topics of the monitor. A lease counts up: whoever takes it takes the next term,
and of two claims the higher term counts, of equal terms the later run. So who was away for a
while sees at the first message that somebody else has taken over.
"""

from typing import Final, Literal

import msgspec

from monitor.wire.bed_parts import Utc
from monitor.wire.outbound import NOTICE, Published


class LeasePayload(Published, frozen=True, kw_only=True):
    """One monitor speaks for the unit; told again and again while it does.

    ``holder`` is the run (``boot``) that holds the lease, ``paired`` whether it was started as a
    standby, ``beat`` counts how often this run has told it.
    """

    state: Literal["held", "released"]
    t: Utc
    term: int
    holder: str
    paired: bool = False
    beat: int = 0
    notice: str = NOTICE


class StandbyPayload(Published, frozen=True, kw_only=True):
    """A monitor that decides everything and tells nothing, or (``offline``) no longer is there.

    ``term`` and ``holder`` are those of the lease that it hears. ``ready`` is whether it knows
    every session that the holder shows; ``unready`` says in words why it is not.
    """

    state: Literal["online", "offline"]
    t: Utc
    role: Literal["starting", "standby"] = "standby"
    boot: str = ""
    beat: int = 0
    term: int = 0
    holder: str = ""
    ready: bool = False
    unready: str = ""
    software: str = ""
    config: str = ""
    store: Literal["ok", "failing", "lost"] = "ok"
    steps: int = 0
    troubles: tuple[str, ...] = ()
    notice: str = NOTICE


_LEASE: Final = msgspec.json.Decoder(LeasePayload)
_STANDBY: Final = msgspec.json.Decoder(StandbyPayload)


def lease_of(payload: bytes) -> LeasePayload | None:
    """Return a lease as it was heard; None if it cannot be read."""
    try:
        return _LEASE.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def standby_of(payload: bytes) -> StandbyPayload | None:
    """Return the word of a standby; None if it was taken back or cannot be read."""
    try:
        return _STANDBY.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
