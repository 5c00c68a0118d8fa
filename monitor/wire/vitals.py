"""Messages that carry vitals: from a device, from its store, or from a person's hand.

This is the hot door: everything else together arrives a hundred times less often.
"""

from typing import Final

import msgspec

from detectors.channels import CHANNEL_NAMES, Flag
from monitor.facts.records import NO_SEQUENCE, Absence, RawMessage, Value, VitalsReported
from monitor.wire.arrivals import AGE_MS_MAX, BACKFILL_AGE_MS_MAX, Arrival, parsed
from monitor.wire.payloads import HandVitalsPayload, VitalsPayload, VitalValue, milliseconds
from monitor.wire.refusals import Refusal
from monitor.wire.units import ACCEPTED_UNITS, Conversion, centi

_VITALS: Final = msgspec.json.Decoder(VitalsPayload)
_HAND_VITALS: Final = msgspec.json.Decoder(HandVitalsPayload)

_FITS: Final[dict[tuple[str, str | None], tuple[int, Conversion]]] = {
    (name, unit): (column, conversion)
    for column, name in enumerate(CHANNEL_NAMES)
    for unit, conversion in ACCEPTED_UNITS[name].items()
}
"""Channel and unit as written, to the column and the conversion."""

_QUALITY_FLAGS: Final = {"valid": 0, "questionable": int(Flag.QUESTIONABLE), "invalid": None}
"""What a quality adds to the flags of a value; None where it takes the value away."""

_STAT: Final = int(Flag.STAT)

# A frozen record checks nothing when it is made, but its generated constructor takes three
# times as long as filling the slots, and six values make most of the cost of a message.
_new_value: Final = object.__new__
_set_channel, _set_centi, _set_measured, _set_flags = (
    getattr(Value, name).__set__ for name in ("channel", "value_centi", "measured_ms", "flags")
)


def device_vitals(raw: RawMessage, arrival: Arrival) -> VitalsReported:
    """Return the vitals that a device sends as it measures them."""
    return _from_device(raw, arrival, 0, AGE_MS_MAX)


def stored_vitals(raw: RawMessage, arrival: Arrival) -> VitalsReported:
    """Return the vitals that a device sends late from its store: kept, never judged."""
    return _from_device(raw, arrival, int(Flag.BACKFILL), BACKFILL_AGE_MS_MAX)


def _from_device(raw: RawMessage, arrival: Arrival, flags: int, age_ms_max: int) -> VitalsReported:
    payload: VitalsPayload = parsed(_VITALS, raw.payload)
    position, received_ms, unit, bed, device = arrival
    measured_ms, values, absences = _readings(payload, arrival, flags, age_ms_max)
    return VitalsReported(
        position=position,
        received_ms=received_ms,
        unit=unit,
        bed=bed,
        device=device,
        measured_ms=measured_ms,
        sequence=payload.seq,
        boot=payload.boot or "",
        values=values,
        absences=absences,
        subject=payload.subject or "",
        session=payload.session or "",
        by="",
        is_stored=bool(flags),
    )


def hand_vitals(raw: RawMessage, arrival: Arrival) -> VitalsReported:
    """Return the vitals that a person took and entered."""
    payload: HandVitalsPayload = parsed(_HAND_VITALS, raw.payload)
    measured_ms, values, absences = _readings(payload, arrival, int(Flag.HAND), AGE_MS_MAX)
    return VitalsReported(
        **arrival._asdict(),
        measured_ms=measured_ms,
        sequence=NO_SEQUENCE,
        boot="",
        values=values,
        absences=absences,
        subject=payload.subject or "",
        session=payload.session or "",
        by=payload.by,
        id=payload.id,
    )


def _readings(
    payload: VitalsPayload | HandVitalsPayload, arrival: Arrival, flags: int, age_ms_max: int
) -> tuple[int, tuple[Value, ...], tuple[Absence, ...]]:
    """Return when a message was measured, its values in canonical units, and what is absent."""
    message_ms = arrival.measured(milliseconds(payload.t), age_ms_max)
    values: list[Value] = []
    absences: list[Absence] = []
    seen: set[str] = set()
    for item in payload.values:
        name = item.ch
        if name in seen:
            raise _refusal(payload, len(seen), "duplicate-channel")
        measured_ms = message_ms
        if item.t is not None:
            own = f"values[{len(seen)}].t"
            measured_ms = arrival.measured(milliseconds(item.t), age_ms_max, own)
        seen.add(name)
        number = item.v
        if number is None:
            if item.why is None:
                raise _refusal(payload, len(seen) - 1, "missing-field")
            absences.append(_absence(item, measured_ms))
            continue
        fit = _FITS.get((name, item.u))
        if fit is None:
            raise _refusal(payload, len(seen) - 1, "wrong-unit")
        bits = _QUALITY_FLAGS[item.q]
        if bits is None or item.why is not None:
            absences.append(_absence(item, measured_ms))
            continue
        value = _new_value(Value)
        _set_channel(value, fit[0])
        _set_centi(value, centi(number, fit[1]))
        _set_measured(value, measured_ms)
        _set_flags(value, flags | bits | _STAT if item.stat else flags | bits)
        values.append(value)
    return message_ms, tuple(values), tuple(absences)


def _absence(item: VitalValue, measured_ms: int) -> Absence:
    return Absence(
        channel=CHANNEL_NAMES.index(item.ch),
        why=item.why or "invalid",
        measured_ms=measured_ms,
    )


def _refusal(payload: VitalsPayload | HandVitalsPayload, index: int, reason: str) -> Refusal:
    """Return why the value at an index is refused, with what would have been taken."""
    item = payload.values[index]
    place = f"values[{index}]"
    if reason == "duplicate-channel":
        return Refusal("duplicate-channel", f"{place}.ch", item.ch, "once a message")
    if item.v is None:
        return Refusal("missing-field", f"{place}.why", "", "required beside null")
    if item.u is None:
        return Refusal("missing-field", f"{place}.u", "", "required beside a number")
    return Refusal("wrong-unit", f"{place}.u", item.u, " or ".join(ACCEPTED_UNITS[item.ch]))
