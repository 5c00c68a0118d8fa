"""Parts of an alert: what a message says beside the rows that decided it."""

import msgspec

from monitor.facts.excursions import Going
from monitor.wire.bed_parts import Decimal, Utc


class ExcursionShown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far a vital sign, or what follows from several, has moved; what is not known is out."""

    what: str
    words: str
    v: Decimal | None = None
    u: str = ""
    t: Utc | None = None
    change: Decimal | None = None
    percent: int | None = None
    noise_units: Decimal | None = None
    noise_readings: int | None = None
    once_in: int | None = None
    going: Going = ""
    per_10_min: Decimal | None = None
    rule: str = ""
    beyond_since: Utc | None = None
    beyond_s: int | None = None
    looked_s: int | None = None
