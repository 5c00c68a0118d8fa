"""Events: everything that is sent besides readings, with the field names of the wire.

A row says when, what (``session = "start"``, ``pump = "paused"``, ``symptom = "hives"``,
``act = "ack"``, ``status = "offline"``), and further fields as :mod:`monitor.wire.payloads` names
them. What a payload may hold is asked of the payload itself, so a new field on the wire is a new
field here. Amounts stand with their unit (``"60 mL/h"``), times since the start (``"0:05"``).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as made
from datetime import datetime
from typing import Final, get_args

import msgspec

from monitor.scenario.places import Place, shown
from monitor.scenario.stories import START_MS, Delivery
from monitor.scenario.times import AT_FORM, LENGTH_FORM, at_ms, clock, length_ms
from monitor.wire.payloads import (
    ActPayload,
    BirthPayload,
    Payload,
    PositiveQuantity,
    PumpPayload,
    Quantity,
    SessionPayload,
    StatusPayload,
    SymptomPayload,
    stamp,
)

RANK: Final = 1
_AMOUNT: Final = re.compile(r"(-?\d+(?:\.\d+)?) (\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventKind:
    """How one kind of event is written: its payload, the field it is named by, its defaults."""

    payload: type[Payload]
    kind: str
    field: str
    device: str
    defaults: Mapping[str, object] = made(default_factory=dict)


KINDS: Final = {
    "session": EventKind(
        payload=SessionPayload,
        kind="session",
        field="event",
        device="tablet-1",
        defaults={"by": "nurse-1"},
    ),
    "pump": EventKind(payload=PumpPayload, kind="pump", field="state", device="pump-1"),
    "symptom": EventKind(
        payload=SymptomPayload,
        kind="obs",
        field="symptom",
        device="tablet-1",
        defaults={"by": "nurse-1", "present": True},
    ),
    "act": EventKind(
        payload=ActPayload,
        kind="act",
        field="act",
        device="station-1",
        defaults={"by": "nurse-1", "role": "nurse", "via": "station-1"},
    ),
    "status": EventKind(
        payload=StatusPayload,
        kind="status",
        field="state",
        device="mon-1",
        defaults={"boot": "b1"},
    ),
    "birth": EventKind(
        payload=BirthPayload,
        kind="birth",
        field="model",
        device="mon-1",
        defaults={"serial": "1"},
    ),
}
"""What an event may be, by the key that names it."""


@dataclass(slots=True, kw_only=True)
class Sent:
    """What has been read so far: the session of each bed and how much each device has sent."""

    session: dict[str, str] = made(default_factory=dict)
    counts: dict[str, int] = made(default_factory=dict)
    events: int = 0


def events(place: Place, bed: str, ends_ms: int, sent: Sent) -> list[Delivery]:
    """Return the messages of a row: one, or with ``every`` one again and again until ``until``."""
    every = length_ms(place.values["every"]) if "every" in place.values else None
    if "every" in place.values and (every is None or every <= 0):
        place.refuse("every", f"must be {LENGTH_FORM}, got {shown(place.values['every'])}")
    until = _time(place, "until") if "until" in place.values else ends_ms
    rest = {key: raw for key, raw in place.values.items() if key not in {"every", "until"}}
    if every is None:
        return [event(Place(place.name, rest, place.faults), bed, sent)]
    rows = (
        Place(place.name, {**rest, "at": clock(at)}, place.faults)
        for at in range(_time(place, "at"), until + 1, every)
    )
    return [event(row, bed, sent) for row in rows]


def event(place: Place, bed: str, sent: Sent) -> Delivery:
    """Return the message of a row, or keep its faults and leave."""
    found = _kinds_named(place)
    if "raw" in place.values:
        return _raw(place, bed)
    if len(found) != 1:
        names = ", ".join(KINDS)
        place.refuse("", f"must have exactly one of {names}, raw; has {', '.join(found) or 'none'}")
    name, row = found[0], KINDS[found[0]]
    here = place.text("bed", bed)
    device = place.text("device", row.device)
    time = _time(place, "at")
    received = _time(place, "received") if "received" in place.values else time
    own = {one.encode_name: one for one in msgspec.structs.fields(row.payload)}
    content = {**row.defaults, **_numbered(own, name, here, device, sent), "t": time}
    content[row.field] = place.values[name]
    used = {"at", "received", "bed", "device", "retained", name}
    for key, raw in place.values.items():
        if key in used:
            continue
        if key not in own:
            known = ", ".join(sorted({*own, *used} - {"t", row.field}))
            place.keep(key, f"unknown key; known here: {known}")
            continue
        content[key] = raw
    converted = {key: _converted(place, key, own[key].type, raw) for key, raw in content.items()}
    if name == "session":
        sent.session[here] = str(converted["id"])
    return Delivery(
        received_ms=received,
        rank=RANK,
        bed=here,
        device=device,
        kind=row.kind,
        payload=_payload(place, row.payload, converted),
        retained=place.flag("retained"),
    )


def _kinds_named(place: Place) -> list[str]:
    """Return the kinds that a row names; the ``status`` of an act is a field of it and no kind."""
    named = [name for name in KINDS if name in place.values]
    fields = {
        name: {one.encode_name for one in msgspec.structs.fields(KINDS[name].payload)}
        for name in named
    }
    return [
        name for name in named if not any(name in fields[other] for other in named if other != name)
    ]


def _raw(place: Place, bed: str) -> Delivery:
    """Return a message whose bytes the file gives as they are."""
    read = Delivery(
        received_ms=_time(place, "at"),
        rank=RANK,
        bed=place.text("bed", bed),
        device=place.text("device", "mon-1"),
        kind=place.text("kind", "vitals"),
        payload=place.text("raw").encode(),
        retained=place.flag("retained"),
    )
    place.close()
    return read


def _numbered(
    own: Mapping[str, object], name: str, bed: str, device: str, sent: Sent
) -> dict[str, object]:
    """Return the id and the number that a message has when its row names none."""
    sent.events += 1
    given: dict[str, object] = {}
    if name == "session":
        given["id"] = sent.session.get(bed, f"S-{bed}")
    elif "id" in own:
        given["id"] = f"{name}-{sent.events}"
    if name == "pump":
        sent.counts[device] = sent.counts.get(device, 0) + 1
        given["seq"] = sent.counts[device]
    return given


def _time(place: Place, key: str) -> int:
    time = at_ms(place.text(key))
    if time is None:
        place.refuse(key, f"must be {AT_FORM}, got {shown(place.values.get(key))}")
    return time


def _converted(place: Place, key: str, kind: object, raw: object) -> object:
    """Return a value of the file as the payload takes it: times and amounts are written out."""
    kinds = _flat(kind)
    if datetime in kinds:
        time = raw if isinstance(raw, int) else at_ms(raw)
        if time is None:
            place.refuse(key, f"must be {AT_FORM}, got {shown(raw)}")
        return stamp(START_MS + time)
    if {Quantity, PositiveQuantity} & kinds:
        found = _AMOUNT.fullmatch(raw) if isinstance(raw, str) else None
        if found is None:
            place.refuse(key, f"must be a number and its unit such as '60 mL/h', got {shown(raw)}")
        return {"v": float(found[1]), "u": found[2]}
    return raw


def _flat(kind: object) -> set[object]:
    """Return every type that a type hint is made of."""
    return {kind}.union(*(_flat(part) for part in get_args(kind) if not isinstance(part, str)))


def _payload(place: Place, kind: type[Payload], content: Mapping[str, object]) -> Payload:
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as fault:
        what, _, where = str(fault).partition(" - at `$.")
        place.refuse(where.rstrip("`"), what)
