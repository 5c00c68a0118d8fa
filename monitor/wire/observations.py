"""What people see and enter: a symptom, vitals taken by hand, or the condition of a person.

One message has one of these shapes; the field of that name tells them apart.
"""

from typing import Final

import msgspec

from monitor.facts.records import ConditionCharted, RawMessage, SymptomCharted, VitalsReported
from monitor.wire.amounts import amount_centi
from monitor.wire.arrivals import AGE_MS_MAX, Arrival, parsed
from monitor.wire.payloads import ConditionPayload, SymptomPayload, milliseconds
from monitor.wire.refusals import Refusal
from monitor.wire.vitals import hand_vitals

_SYMPTOM: Final = msgspec.json.Decoder(SymptomPayload)
_CONDITION: Final = msgspec.json.Decoder(ConditionPayload)


class _WhichObservation(msgspec.Struct):
    """Tells the three shapes of an observation apart without believing any."""

    symptom: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    values: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    condition: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_WHICH_OBSERVATION: Final = msgspec.json.Decoder(_WhichObservation)


def observation(
    raw: RawMessage, arrival: Arrival
) -> VitalsReported | SymptomCharted | ConditionCharted:
    """Return the record of an observation of any shape."""
    which: _WhichObservation = parsed(_WHICH_OBSERVATION, raw.payload)
    shapes = (which.symptom, which.values, which.condition)
    if sum(shape is not msgspec.UNSET for shape in shapes) > 1:
        first = "symptom" if which.symptom is not msgspec.UNSET else "condition"
        raise Refusal("unknown-value", first, "", "symptom, values or condition: one of them")
    if which.values is not msgspec.UNSET:
        return hand_vitals(raw, arrival)
    if which.condition is not msgspec.UNSET:
        return _condition(raw, arrival)
    return _symptom(raw, arrival)


def _condition(raw: RawMessage, arrival: Arrival) -> ConditionCharted:
    payload: ConditionPayload = parsed(_CONDITION, raw.payload)
    said = payload.condition
    flow = amount_centi(said.oxygen, "oxygen", "condition.oxygen")
    if flow is None and said.on_oxygen is None and said.consciousness is None:
        limit = "at least one of consciousness, oxygen, on_oxygen"
        raise Refusal("missing-field", "condition", "", limit)
    if flow is not None and said.on_oxygen not in (None, flow > 0):
        limit = "true with a flow above 0 L/min, false with 0"
        raise Refusal("unknown-value", "condition.on_oxygen", said.on_oxygen, limit)
    return ConditionCharted(
        **arrival._asdict(),
        measured_ms=arrival.measured(milliseconds(payload.t), AGE_MS_MAX),
        id=payload.id,
        by=payload.by,
        consciousness=said.consciousness,
        on_oxygen=said.on_oxygen if flow is None else flow > 0,
        oxygen_centi_l_per_min=flow,
        session=payload.session or "",
    )


def _symptom(raw: RawMessage, arrival: Arrival) -> SymptomCharted:
    payload: SymptomPayload = parsed(_SYMPTOM, raw.payload)
    measured_ms = arrival.measured(milliseconds(payload.t), AGE_MS_MAX)
    onset_ms = measured_ms
    if payload.onset is not None:
        onset_ms = arrival.measured(milliseconds(payload.onset), AGE_MS_MAX, "onset")
    # The note stays behind: free text is where names leak.
    return SymptomCharted(
        **arrival._asdict(),
        measured_ms=measured_ms,
        id=payload.id,
        by=payload.by,
        symptom=payload.symptom,
        present=payload.present,
        severity=payload.severity,
        onset_ms=onset_ms,
        session=payload.session or "",
    )
