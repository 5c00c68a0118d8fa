"""Times as they stand in scenario files: ``0:05`` since the start, spans, and lengths of time."""

import re
from typing import Final

HOURS_MAX: Final = 72
"""A scenario is a stay at a bed; nothing that is watched here lasts longer."""

_AT: Final = re.compile(r"(\d{1,2}):([0-5]\d)(?::([0-5]\d))?")
_LENGTH: Final = re.compile(r"([+-]?)(\d{1,5}) ?(s|min|h)")
_UNITS_MS: Final = {"s": 1000, "min": 60_000, "h": 3_600_000}

AT_FORM: Final = f"'h:mm' or 'h:mm:ss' since the start, below {HOURS_MAX}:00"
SPAN_FORM: Final = "'h:mm to h:mm', the second one later"
LENGTH_FORM: Final = "a number and s, min or h, such as '30 s'"


def at_ms(text: object) -> int | None:
    """Return a time as milliseconds since the start of the scenario, or None if it is none.

    >>> at_ms("1:02:03")
    3723000
    """
    found = _AT.fullmatch(text) if isinstance(text, str) else None
    if found is None or int(found[1]) >= HOURS_MAX:
        return None
    return 1000 * (3600 * int(found[1]) + 60 * int(found[2]) + int(found[3] or 0))


def span_ms(text: object) -> tuple[int, int] | None:
    """Return the two ends of a span of time, or None if it is none.

    >>> span_ms("0:05 to 0:07:30")
    (300000, 450000)
    """
    parts = text.split(" to ") if isinstance(text, str) else []
    ends = [at_ms(part.strip()) for part in parts]
    if len(ends) != 2 or ends[0] is None or ends[1] is None or ends[0] > ends[1]:  # noqa: PLR2004 - two ends
        return None
    return ends[0], ends[1]


def length_ms(text: object) -> int | None:
    """Return a length of time in milliseconds, with its sign, or None if it is none.

    >>> length_ms("-24 min")
    -1440000
    """
    found = _LENGTH.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    amount = int(found[2]) * _UNITS_MS[found[3]]
    return -amount if found[1] == "-" else amount


def clock(offset_ms: int) -> str:
    """Return a time since the start as it stands in scenario files.

    >>> clock(3_723_000), clock(300_000)
    ('1:02:03', '0:05')
    """
    seconds = offset_ms // 1000
    text = f"{seconds // 3600}:{seconds // 60 % 60:02}"
    return f"{text}:{seconds % 60:02}" if seconds % 60 else text
