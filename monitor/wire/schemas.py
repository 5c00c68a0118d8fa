"""JSON Schema 2020-12 of every message, made from the structs that read and write them.

The schemas are printed (``infusion-monitor schema``) and never committed, so they cannot drift.
A schema says less than the decoder: what needs the topic, the time of receipt or a second field
(a unit that fits its channel, a stamp in the window, ``why`` beside ``null``) is decided by
:mod:`monitor.wire.messages` alone.
"""

from typing import Any, Final

import msgspec

from monitor.wire.answers import AnswerPayload
from monitor.wire.leases import LeasePayload, StandbyPayload
from monitor.wire.outbound import (
    AckPayload,
    AdvicePayload,
    AlertPayload,
    CallPayload,
    HeadPayload,
    MeasurePayload,
    MonitorStatusPayload,
    RejectPayload,
    StatePayload,
)
from monitor.wire.payloads import (
    ActPayload,
    BirthPayload,
    ConditionPayload,
    HandVitalsPayload,
    PumpPayload,
    SessionPayload,
    StatusPayload,
    SymptomPayload,
    VitalsPayload,
)

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

PAYLOADS: Final[dict[str, tuple[type[msgspec.Struct], ...]]] = {
    "vitals": (VitalsPayload,),
    "backfill": (VitalsPayload,),
    "pump": (PumpPayload,),
    "obs": (SymptomPayload, HandVitalsPayload, ConditionPayload),
    "session": (SessionPayload,),
    "act": (ActPayload,),
    "status": (StatusPayload,),
    "birth": (BirthPayload,),
}
"""The structs that each kind of incoming message may carry."""

PUBLISHED: Final[dict[str, tuple[type[msgspec.Struct], ...]]] = {
    "alert": (AlertPayload,),
    "advice": (AdvicePayload,),
    "call": (CallPayload,),
    "state": (StatePayload,),
    "measure": (MeasurePayload,),
    "answer": (AnswerPayload,),
    "ack": (AckPayload,),
    "reject": (RejectPayload,),
    "head": (HeadPayload,),
    "monitor-status": (MonitorStatusPayload,),
    "lease": (LeasePayload,),
    "standby": (StandbyPayload,),
}
"""The structs that a monitor publishes."""


def schema(kind: str) -> dict[str, Any]:
    """Return the JSON Schema of the payload of one kind of message, in or out."""
    structs = PAYLOADS[kind] if kind in PAYLOADS else PUBLISHED[kind]
    roots, components = msgspec.json.schema_components(structs, ref_template="#/$defs/{name}")
    root = roots[0] if len(roots) == 1 else {"anyOf": list(roots)}
    return {"$schema": DIALECT, "title": kind, **root, "$defs": components}


def schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of every kind of message, incoming ones first."""
    return {kind: schema(kind) for kind in (*PAYLOADS, *PUBLISHED)}
