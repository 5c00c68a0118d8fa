"""Succession: of two monitors of one unit, the one that was started later goes on.

Both say who they are in the unit's retained status. With one name for both, the broker would
throw out the one when the other comes back, and so on for ever; with two names everybody would
be told everything twice. So the earlier one leaves, and says why.
"""

import re
from typing import Final

import msgspec

from monitor.wire.outbound import MonitorStatusPayload

_STATUS: Final = msgspec.json.Decoder(MonitorStatusPayload)
_BOOT: Final = re.compile(r"[0-9a-f]{12}-[0-9a-f]+")


def boot_name(started_ms: int, process: int) -> str:
    """Return the name of one run; later runs have greater names."""
    return f"{started_ms:012x}-{process:x}"


def is_from_successor(status: bytes, boot: str) -> bool:
    """Tell whether a status is of a monitor that was started later and has not stopped."""
    try:
        other = _STATUS.decode(status)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
    is_later = _BOOT.fullmatch(other.boot) is not None and other.boot > boot
    return is_later and other.reason != "stopped"
