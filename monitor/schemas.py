"""JSON Schema 2020-12 of every message that may be sent, made from the structs that read it.

The schemas are printed (``infusion-monitor schema``) and never committed, so they cannot drift.
A schema says less than the decoder: what needs the topic, the time of receipt or a second field
(a unit that fits its channel, a stamp in the window, ``why`` beside ``null``) is decided by
:mod:`monitor.messages` alone.
"""

from typing import Any, Final

import msgspec

from monitor.payloads import (
    ActPayload,
    BirthPayload,
    HandVitalsPayload,
    Payload,
    PumpPayload,
    SessionPayload,
    StatusPayload,
    SymptomPayload,
    VitalsPayload,
)

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

PAYLOADS: Final[dict[str, tuple[type[Payload], ...]]] = {
    "vitals": (VitalsPayload,),
    "backfill": (VitalsPayload,),
    "pump": (PumpPayload,),
    "obs": (SymptomPayload, HandVitalsPayload),
    "session": (SessionPayload,),
    "act": (ActPayload,),
    "status": (StatusPayload,),
    "birth": (BirthPayload,),
}
"""The structs that each kind of message may carry."""


def schema(kind: str) -> dict[str, Any]:
    """Return the JSON Schema of the payload of one kind of message."""
    structs = PAYLOADS[kind]
    roots, components = msgspec.json.schema_components(structs, ref_template="#/$defs/{name}")
    root = roots[0] if len(roots) == 1 else {"anyOf": list(roots)}
    return {
        "$schema": DIALECT,
        "title": f"irm/v1/{{unit}}/{{bed}}/{{device}}/{kind}",
        **root,
        "$defs": components,
    }


def schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of every kind of incoming message."""
    return {kind: schema(kind) for kind in PAYLOADS}
