"""Bytes to records: the only door through which anything reaches the ward.

Sans I/O: no socket, no clock, no log. :func:`decode` returns a record for every message and
never raises; a message that cannot be taken becomes a
:class:`~monitor.facts.records.MessageRefused` that names reason, field, value and limit. Rules
that need more than one field stand here, the others in :mod:`monitor.wire.payloads`:

* a stamp may lie 60 s ahead of the time of receipt and 24 h behind it (7 days for backfill);
  the age of a status or birth is free, because a last will is as old as the connection, and so
  is the age of a retained session;
* measurements and acts that the broker retained are refused: they are stale by definition;
* a value that carries ``why`` is an absence, also if a number stands beside it, because test
  and demo values must never alarm;
* one message reports a channel at most once; of a JSON key that is written twice, the last
  one counts.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import msgspec

from detectors.ages import MONTHS
from detectors.channels import CHANNEL_NAMES
from monitor.facts.records import (
    NO_SEQUENCE,
    ActTaken,
    DeviceBorn,
    DeviceReported,
    DrugGiven,
    Input,
    MessageRefused,
    PriorReaction,
    PumpReported,
    RawMessage,
    SessionReported,
)
from monitor.wire.amounts import amount_centi, given_centi
from monitor.wire.arrivals import AGE_MS_MAX, Arrival, parsed
from monitor.wire.observations import observation
from monitor.wire.payloads import (
    MAX_PAYLOAD_BYTES,
    ActPayload,
    BirthPayload,
    ChannelName,
    HandVitalsPayload,
    Payload,
    PositiveQuantity,
    PremedPayload,
    PriorReactionPayload,
    PumpPayload,
    Quantity,
    SessionPayload,
    StatusPayload,
    SymptomPayload,
    VitalsPayload,
    VitalValue,
    absent,
    encode,
    encode_vitals,
    milliseconds,
    stamp,
    vital,
)
from monitor.wire.refusals import Refusal, printable, shown
from monitor.wire.topics import (
    KINDS,
    Place,
    monitor_status_topic,
    place_of,
    subscriptions,
    topic,
)
from monitor.wire.units import ACCEPTED_UNITS, centi
from monitor.wire.vitals import device_vitals, stored_vitals

__all__ = [
    "KINDS",
    "SUBSCRIPTIONS",
    "ActPayload",
    "BirthPayload",
    "HandVitalsPayload",
    "Payload",
    "PositiveQuantity",
    "PremedPayload",
    "PumpPayload",
    "Quantity",
    "SessionPayload",
    "StatusPayload",
    "SymptomPayload",
    "VitalValue",
    "VitalsPayload",
    "absent",
    "decode",
    "encode",
    "encode_vitals",
    "milliseconds",
    "monitor_status_topic",
    "stamp",
    "subscriptions",
    "topic",
    "vital",
]

SUBSCRIPTIONS: Final = subscriptions

ADULT_YEARS: Final = 18

EXCERPT_BYTES: Final = 200
MAX_TOPIC_SHOWN: Final = 200

NEVER_RETAINED: Final = frozenset({"vitals", "backfill", "pump", "obs", "act"})


FAULT: Final = "decoder-failed"
"""The reason of a message that the decoder itself failed on; a replay refuses it as well."""


def decode(raw: RawMessage, *, position: int) -> Input:
    """Return the record that a message stands for, or why it is refused."""
    place: Place | None = None
    try:
        place = place_of(raw.topic)
        _check_envelope(raw, place)
        arrival = Arrival(position, raw.received_ms, place.unit, place.bed, place.device)
        return _READERS[place.kind](raw, arrival)
    except Refusal as refusal:
        return _refused(raw, position, place, refusal)
    except Exception as fault:  # noqa: BLE001 - a fault of ours costs its message, not the watch
        kind = type(fault).__name__
        ours = Refusal("bad-text", "", kind, "a fault of this program, not of the sender")
        return replace(_refused(raw, position, place, ours), reason=FAULT)


def _check_envelope(raw: RawMessage, place: Place) -> None:
    """Refuse what needs no look inside: too many bytes, or a stale copy kept by the broker."""
    if len(raw.payload) > MAX_PAYLOAD_BYTES:
        size = f"{len(raw.payload)} bytes"
        raise Refusal("oversized", "", size, f"{MAX_PAYLOAD_BYTES} bytes")
    if raw.retained and place.kind in NEVER_RETAINED:
        raise Refusal("retained", "", place.kind, "not retained: it would be stale")


def _refused(
    raw: RawMessage, position: int, place: Place | None, refusal: Refusal
) -> MessageRefused:
    name = printable(raw.topic[:MAX_TOPIC_SHOWN])
    excerpt = raw.payload[:EXCERPT_BYTES].decode("utf-8", "backslashreplace")
    return MessageRefused(
        position=position,
        received_ms=raw.received_ms,
        unit=place.unit if place else "",
        bed=place.bed if place else "",
        device=place.device if place else "",
        measured_ms=raw.received_ms,
        topic=name,
        reason=refusal.reason,
        field=printable(refusal.field[:MAX_TOPIC_SHOWN]),
        value=shown(refusal.value),
        limit=printable(refusal.limit[:MAX_TOPIC_SHOWN]),
        sha256=hashlib.sha256(raw.payload).hexdigest(),
        excerpt=printable(excerpt),
    )


_PUMP: Final = msgspec.json.Decoder(PumpPayload)
_SESSION: Final = msgspec.json.Decoder(SessionPayload)
_ACT: Final = msgspec.json.Decoder(ActPayload)
_STATUS: Final = msgspec.json.Decoder(StatusPayload)
_BIRTH: Final = msgspec.json.Decoder(BirthPayload)


def _pump(raw: RawMessage, arrival: Arrival) -> PumpReported:
    payload: PumpPayload = parsed(_PUMP, raw.payload)
    return PumpReported(
        **arrival._asdict(),
        measured_ms=arrival.measured(milliseconds(payload.t), AGE_MS_MAX),
        sequence=payload.seq,
        boot=payload.boot or "",
        state=payload.state,
        rate_centi_ml_per_h=amount_centi(payload.rate, "rate", "rate"),
        infused_centi_ml=amount_centi(payload.infused, "volume", "infused"),
        left_centi_ml=amount_centi(payload.left, "volume", "left"),
        drug=payload.drug or "",
        alarm=payload.alarm or "",
        by=payload.by or "",
        ref=payload.ref or "",
    )


def _columns(names: tuple[ChannelName, ...]) -> tuple[int, ...]:
    for index, name in enumerate(names):
        if name in names[:index]:
            raise Refusal("duplicate-channel", f"channels[{index}]", name, "once a message")
    return tuple(CHANNEL_NAMES.index(name) for name in names)


def _require(event: str, fields: dict[str, str | None]) -> None:
    for field, text in fields.items():
        if text is None:
            raise Refusal("missing-field", field, "", f"required by {event}")


def _age_years(years: int | None, months: int | None, band: str | None) -> int | None:
    """Return the whole years of an age; refuse months that are of another year.

    Of a band that begins at an adult age its first year is taken; limits and doses for children
    differ from year to year, so a younger band is no age.
    """
    if years is None and months is None and band is not None:
        first_year = int(band.rstrip("+").partition("-")[0])
        return first_year if first_year >= ADULT_YEARS else None
    if months is None:
        return years
    whole = months // MONTHS
    if years is not None and years != whole:
        first = MONTHS * years
        limit = f"{first} to {first + MONTHS - 1}: age_years is {years}"
        raise Refusal("out-of-range", "age_months", months, limit)
    return whole


def _premedication(
    given: str | PremedPayload, index: int, arrival: Arrival, age_ms_max: int | None
) -> DrugGiven:
    """Return a drug that was given; a plain name says neither when nor how much."""
    if isinstance(given, str):
        return DrugGiven(drug=given)
    place, at_ms = f"premed[{index}]", None
    if given.t is not None:
        at_ms = arrival.measured(milliseconds(given.t), age_ms_max, f"{place}.t")
    dose = amount_centi(given.dose, "drug-dose", f"{place}.dose")
    return DrugGiven(drug=given.drug, at_ms=at_ms, dose_centi=dose, dose_unit="mg" if dose else "")


def _session(raw: RawMessage, arrival: Arrival) -> SessionReported:
    payload: SessionPayload = parsed(_SESSION, raw.payload)
    if payload.event == "open":
        _require("open", {"subject": payload.subject, "product": payload.product})
    if payload.event == "transfer":
        _require("transfer", {"to_bed": payload.to_bed})
    if payload.event in ("associate", "release"):
        _require(payload.event, {"devices": payload.devices[0] if payload.devices else None})
    age_ms_max = None if raw.retained else AGE_MS_MAX
    return SessionReported(
        **arrival._asdict(),
        measured_ms=arrival.measured(milliseconds(payload.t), age_ms_max),
        id=payload.id,
        by=payload.by,
        event=payload.event,
        subject=payload.subject or "",
        product=payload.product or "",
        dose_centi_g=amount_centi(payload.dose, "product-dose", "dose"),
        weight_centi_kg=amount_centi(payload.weight, "weight", "weight"),
        age_years=_age_years(payload.age_years, payload.age_months, payload.age_band),
        age_months=payload.age_months,
        first_dose=payload.first_dose,
        premedication=tuple(
            _premedication(one, index, arrival, age_ms_max)
            for index, one in enumerate(payload.premed)
        ),
        beta_blocker=payload.beta_blocker,
        ace_inhibitor=payload.ace_inhibitor,
        devices=payload.devices,
        channels=_columns(payload.channels),
        age_band=payload.age_band or "",
        concentration_centi_mg_per_ml=amount_centi(
            payload.concentration, "concentration", "concentration"
        ),
        at_risk=payload.at_risk,
        history=tuple(map(_prior, payload.history)),
        to_bed=payload.to_bed or "",
        reason=payload.reason or "",
        dose_number=payload.dose_number,
        doses_planned=_doses_planned(payload.dose_number, payload.doses),
        ref=payload.ref or "",
    )


def _doses_planned(number: int | None, planned: int | None) -> int | None:
    """Return how many doses a course has, which no dose may exceed."""
    if number is not None and planned is not None and number > planned:
        raise Refusal("out-of-range", "dose_number", number, f"1 to {planned}: doses is {planned}")
    return planned


def _prior(row: PriorReactionPayload) -> PriorReaction:
    return PriorReaction(
        grade=row.grade,
        pattern=row.pattern or "",
        product=row.product or "",
        rate_centi_ml_per_h=None
        if row.rate_ml_per_h is None
        else centi(row.rate_ml_per_h, ACCEPTED_UNITS["rate"]["mL/h"]),
        at_ms=None if row.t is None else milliseconds(row.t),
    )


def _act(raw: RawMessage, arrival: Arrival) -> ActTaken:
    payload: ActPayload = parsed(_ACT, raw.payload)
    if payload.act == "step":
        _require("step", {"step": payload.step, "status": payload.status})
        if payload.status in ("declined", "not-possible"):
            _require(payload.status, {"reason": payload.reason})
    elif payload.act == "drug":
        _require("drug", {"drug": payload.drug})
    elif payload.act == "rate":
        _require("rate", {"rate": payload.rate.u if payload.rate else None})
    else:
        _require(payload.act, {"alert": payload.alert})
    if payload.act == "snooze":
        _require("snooze", {"reason": payload.reason})
    if payload.act == "not-a-reaction":
        _require("not-a-reaction", {"why": payload.why})
    dose_centi, dose_unit = given_centi(payload.dose, "dose")
    return ActTaken(
        **arrival._asdict(),
        measured_ms=arrival.measured(milliseconds(payload.t), AGE_MS_MAX),
        id=payload.id,
        by=payload.by,
        role=payload.role,
        via=payload.via,
        act=payload.act,
        alert=payload.alert or "",
        revision=payload.rev,
        step=payload.step or "",
        status=payload.status,
        dose_centi=dose_centi,
        dose_unit=dose_unit,
        reason=payload.reason or "",
        sign=payload.sign or "",
        grade=payload.grade,
        for_ms=None if payload.for_s is None else 1000 * payload.for_s,
        disbelief=payload.why,
        session=payload.session or "",
        drug=payload.drug or "",
        rate_centi_ml_per_h=amount_centi(payload.rate, "rate", "rate"),
    )


def _status(raw: RawMessage, arrival: Arrival) -> DeviceReported:
    payload: StatusPayload = parsed(_STATUS, raw.payload)
    return DeviceReported(
        **arrival._asdict(),
        measured_ms=arrival.measured(milliseconds(payload.t), None),
        online=payload.state == "online",
        boot=payload.boot,
        sequence=NO_SEQUENCE if payload.seq is None else payload.seq,
        battery_percent=payload.battery,
        clock_offset_ms=payload.clock_offset_ms,
    )


def _birth(raw: RawMessage, arrival: Arrival) -> DeviceBorn:
    payload: BirthPayload = parsed(_BIRTH, raw.payload)
    interval_s = payload.interval_s
    return DeviceBorn(
        **arrival._asdict(),
        measured_ms=arrival.measured(milliseconds(payload.t), None),
        model=payload.model,
        serial=payload.serial,
        channels=_columns(payload.channels),
        interval_ms=None if interval_s is None else round(interval_s * 1000),
    )


_READERS: Final[dict[str, Callable[[RawMessage, Arrival], Input]]] = {
    "vitals": device_vitals,
    "backfill": stored_vitals,
    "pump": _pump,
    "obs": observation,
    "session": _session,
    "act": _act,
    "status": _status,
    "birth": _birth,
}
