"""One arrival of one message: where it came from, when it may have been measured, its payload."""

from typing import Any, Final, NamedTuple

import msgspec

from monitor.wire.payloads import MAX_DEPTH
from monitor.wire.refusals import Refusal, check_depth, check_utf8, explain

FUTURE_MS_MAX: Final = 60_000
AGE_MS_MAX: Final = 24 * 3_600_000
BACKFILL_AGE_MS_MAX: Final = 7 * AGE_MS_MAX


class Arrival(NamedTuple):
    """What every record repeats about the message that it came from."""

    position: int
    received_ms: int
    unit: str
    bed: str
    device: str

    def measured(self, at_ms: int, age_ms_max: int | None, field: str = "t") -> int:
        """Return a time of measurement that lies in the window of the time of receipt."""
        late_ms = self.received_ms - at_ms
        if late_ms < -FUTURE_MS_MAX:
            ahead = f"{-late_ms / 1000:.0f} s ahead"
            raise Refusal("future-stamp", field, ahead, f"{FUTURE_MS_MAX // 1000} s")
        if age_ms_max is not None and late_ms > age_ms_max:
            age = f"{late_ms / 3_600_000:.1f} h old"
            raise Refusal("ancient-stamp", field, age, f"{age_ms_max // 3_600_000} h")
        return at_ms


def parsed(decoder: "msgspec.json.Decoder[Any]", payload: bytes) -> Any:  # noqa: ANN401  # what the decoder makes
    """Decode, and refuse what a struct cannot see: bytes that are no UTF-8, and deep nesting.

    Fields that are ignored are skipped without being looked at, so both are checked on the
    whole payload. Values stand beside each other, so at most one of them adds to the depth;
    only a payload with more brackets than that explains is walked through.
    """
    try:
        message = decoder.decode(payload)
    except (ValueError, RecursionError) as fault:
        raise explain(fault, payload, decoder.type) from fault
    if not payload.isascii():
        check_utf8(payload)
    opened = payload.count(b"{") + payload.count(b"[")
    if opened > MAX_DEPTH:
        values = getattr(message, "values", None)
        siblings = len(values) if isinstance(values, tuple) else 1
        if opened - siblings >= MAX_DEPTH:
            check_depth(payload)
    return message
