"""How far a person has moved: what an alert tells beside the rows that decided it."""

from typing import Literal, TypeAlias

import msgspec

Going: TypeAlias = Literal["", "rising", "falling"]


class Excursion(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One vital sign, or what follows from several, as it stands when an alert is told.

    ``what`` is a channel or the name of a quantity, ``words`` all of it in one line. What is not
    known is left out. ``change_centi`` is from the baseline, ``percent`` the same as a part of
    it, ``noise_units_centi`` in units of the person's own noise, which was found from
    ``noise_readings`` readings; chance alone reaches that about once in ``once_in`` sessions (1:
    in more than half of them, 1000: in fewer than one in 1000). ``per_10_min_centi`` is the
    slope, and ``going`` where to, if it is more than a little. ``beyond_ms`` of the last
    ``looked_ms`` it was beyond the limit of ``rule``, since ``beyond_since_ms`` without a break.
    """

    what: str
    words: str
    value_centi: int | None = None
    unit: str = ""
    measured_ms: int | None = None
    change_centi: int | None = None
    percent: int | None = None
    noise_units_centi: int | None = None
    noise_readings: int | None = None
    once_in: int | None = None
    going: Going = ""
    per_10_min_centi: int | None = None
    rule: str = ""
    beyond_since_ms: int | None = None
    beyond_ms: int | None = None
    looked_ms: int | None = None
