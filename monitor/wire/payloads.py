"""The payloads that come in, as devices write them: the truth behind codec and JSON Schema.

Field names are the names on the wire. A struct says what can be said about a field alone:
its type, its set of words, its size; :mod:`monitor.wire.messages` adds what needs two fields, the
topic or the time of receipt. Senders (simulators, readers of recordings, tests) make the same
structs and :func:`encode` them. Unknown extra fields are ignored, so that a device may say more.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

from detectors.channels import CANONICAL_UNITS, CHANNEL_NAMES, Channel
from monitor.facts.records import (
    AbsenceReason,
    ActVerb,
    Consciousness,
    Disbelief,
    PumpState,
    SessionVerb,
    Severity,
    StepStatus,
)
from monitor.wire.units import UnitName, number

MAX_PAYLOAD_BYTES: Final = 8192
MAX_DEPTH: Final = 6
MAX_VALUES: Final = 32
MAX_TEXT: Final = 64
MAX_NOTE: Final = 500
MAX_NUMBER: Final = 1e6
MAX_AGE_YEARS: Final = 150
MAX_DOSES: Final = 999
MAX_SEQUENCE: Final = 2**53 - 1
"""Larger integers are not the same number in every JSON reader."""

ChannelName: TypeAlias = Literal["hr", "sbp", "dbp", "map", "temp", "spo2", "rr"]
Quality: TypeAlias = Literal["valid", "questionable", "invalid"]

# "$" alone would let a newline at the end through; the look-ahead keeps it out in every dialect.
Stamp: TypeAlias = Annotated[
    datetime, Meta(tz=True, description="When it was measured; needs Z or an offset.")
]
Text: TypeAlias = Annotated[
    str, Meta(max_length=MAX_TEXT, pattern=r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]+$(?!\n)")
]
Label: TypeAlias = Annotated[str, Meta(max_length=MAX_TEXT)]
Note: TypeAlias = Annotated[str, Meta(max_length=MAX_NOTE)]
SessionId: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{1,32}$(?!\n)")]
SubjectId: TypeAlias = Annotated[str, Meta(pattern=r"^PX-[A-Z0-9]{1,12}$(?!\n)")]
DeviceId: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,32}$(?!\n)")]
Sequence: TypeAlias = Annotated[int, Meta(ge=0, le=MAX_SEQUENCE)]
Number: TypeAlias = Annotated[float, Meta(gt=-MAX_NUMBER, lt=MAX_NUMBER)]
Amount: TypeAlias = Annotated[float, Meta(ge=0, lt=MAX_NUMBER)]
PositiveAmount: TypeAlias = Annotated[float, Meta(gt=0, lt=MAX_NUMBER)]


class Payload(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one message carries."""


class Quantity(Payload, frozen=True, kw_only=True):
    """A number that cannot be negative, and its unit."""

    v: Amount
    u: UnitName


class PositiveQuantity(Payload, frozen=True, kw_only=True):
    """A number above zero, and its unit: weights and doses."""

    v: PositiveAmount
    u: UnitName


class VitalValue(Payload, frozen=True, kw_only=True, gc=False):
    """One channel: a number with its unit, or null and why there is none."""

    ch: ChannelName
    v: Number | None
    u: UnitName | None = None
    q: Quality = "valid"
    why: AbsenceReason | None = None
    t: Stamp | None = None
    stat: bool = False
    src: Label | None = None
    site: Label | None = None


Values: TypeAlias = Annotated[tuple[VitalValue, ...], Meta(min_length=1, max_length=MAX_VALUES)]


class VitalsPayload(Payload, frozen=True, kw_only=True):
    """One instant of one device, at once (``vitals``) or late from its store (``backfill``).

    Both are numbered in one row by ``seq``, with the pump states of the same device and boot.
    """

    seq: Sequence
    t: Stamp
    values: Values
    boot: Text | None = None
    subject: SubjectId | None = None
    session: SessionId | None = None


class HandVitalsPayload(Payload, frozen=True, kw_only=True):
    """Vitals that a person took and entered (``obs`` with ``values``)."""

    id: Text
    t: Stamp
    by: Text
    values: Values
    seq: Sequence | None = None
    subject: SubjectId | None = None
    session: SessionId | None = None


class SymptomPayload(Payload, frozen=True, kw_only=True):
    """A sign that a person saw or heard about (``obs`` with ``symptom``)."""

    id: Text
    t: Stamp
    by: Text
    symptom: Text
    present: bool
    severity: Severity = "moderate"
    onset: Stamp | None = None
    session: SessionId | None = None
    note: Note | None = None


class Condition(Payload, frozen=True, kw_only=True):
    """What a person sees that no channel carries; whatever is left out stays as it was."""

    consciousness: Consciousness | None = None
    oxygen: Quantity | None = None
    on_oxygen: bool | None = None


class ConditionPayload(Payload, frozen=True, kw_only=True):
    """How awake a person is, and whether on oxygen (``obs`` with ``condition``)."""

    id: Text
    t: Stamp
    by: Text
    condition: Condition
    session: SessionId | None = None


class PumpPayload(Payload, frozen=True, kw_only=True):
    """What an infusion pump is doing, on change and every 30 s.

    A person who writes down what a pump does that does not report itself is named in ``by``; the
    answer is given to ``ref``.
    """

    seq: Sequence
    t: Stamp
    state: PumpState
    boot: Text | None = None
    rate: Quantity | None = None
    infused: Quantity | None = None
    left: Quantity | None = None
    drug: Text | None = None
    channel: Label | None = None
    reason: Label | None = None
    alarm: Text | None = None
    by: Text | None = None
    ref: Text | None = None


class PremedPayload(Payload, frozen=True, kw_only=True):
    """A drug that was given besides the product: what, when, how much."""

    drug: Text
    t: Stamp | None = None
    dose: PositiveQuantity | None = None


class PriorReactionPayload(Payload, frozen=True, kw_only=True):
    """An earlier reaction of the person, as far as it is known."""

    grade: Annotated[int, Meta(ge=1, le=4)]
    pattern: Text | None = None
    product: Text | None = None
    rate_ml_per_h: Amount | None = None
    t: Annotated[datetime, Meta(tz=True, description="When it was, at whatever age.")] | None = None


class SessionPayload(Payload, frozen=True, kw_only=True):
    """A step in the life of an infusion session, told by a tablet or a record system.

    ``ref`` is the sender's own name of this message, to which the answer is given.
    """

    id: SessionId
    t: Stamp
    by: Text
    event: SessionVerb
    subject: SubjectId | None = None
    product: Text | None = None
    dose: PositiveQuantity | None = None
    weight: PositiveQuantity | None = None
    age_years: Annotated[int, Meta(ge=0, le=MAX_AGE_YEARS)] | None = None
    age_months: Annotated[int, Meta(ge=0, le=12 * MAX_AGE_YEARS + 11)] | None = None
    first_dose: bool | None = None
    dose_number: Annotated[int, Meta(ge=1, le=MAX_DOSES)] | None = None
    doses: Annotated[int, Meta(ge=1, le=MAX_DOSES)] | None = None
    premed: Annotated[tuple[Text | PremedPayload, ...], Meta(max_length=MAX_VALUES)] = ()
    beta_blocker: bool | None = None
    ace_inhibitor: bool | None = None
    age_band: Annotated[str, Meta(pattern=r"^[0-9]{1,3}(-[0-9]{1,3}|\+)$(?!\n)")] | None = None
    concentration: PositiveQuantity | None = None
    at_risk: bool | None = None
    history: Annotated[tuple[PriorReactionPayload, ...], Meta(max_length=MAX_VALUES)] = ()
    to_bed: DeviceId | None = None
    reason: Text | None = None
    devices: Annotated[tuple[DeviceId, ...], Meta(max_length=MAX_VALUES)] = ()
    channels: Annotated[tuple[ChannelName, ...], Meta(max_length=MAX_VALUES)] = ()
    ref: Text | None = None


class ActPayload(Payload, frozen=True, kw_only=True):
    """What a person did about an alert or a step, or a drug given and a rate set by hand."""

    id: Text
    t: Stamp
    by: Text
    role: Text
    via: Text
    act: ActVerb
    alert: Text | None = None
    rev: Sequence | None = None
    step: Text | None = None
    status: StepStatus | None = None
    dose: PositiveQuantity | None = None
    reason: Text | None = None
    sign: Text | None = None
    grade: Annotated[int, Meta(ge=1, le=4)] | None = None
    for_s: Annotated[int, Meta(ge=1, le=86_400)] | None = None
    why: Disbelief | None = None
    session: SessionId | None = None
    drug: Text | None = None
    rate: Quantity | None = None


class StatusPayload(Payload, frozen=True, kw_only=True):
    """A device is there; the same shape with ``offline`` is its last will."""

    state: Literal["online", "offline"]
    t: Stamp
    boot: Text
    seq: Sequence | None = None
    battery: Annotated[int, Meta(ge=0, le=100)] | None = None
    clock_offset_ms: Annotated[int, Meta(ge=-(2**53), le=2**53)] | None = None
    fw: Label | None = None


class BirthPayload(Payload, frozen=True, kw_only=True):
    """The catalogue of a device: what it is, what it will send and how often."""

    t: Stamp
    model: Text
    serial: Text
    channels: Annotated[tuple[ChannelName, ...], Meta(max_length=MAX_VALUES)]
    interval_s: Annotated[float, Meta(gt=0, lt=MAX_NUMBER)] | None = None


EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_ENCODER: Final = msgspec.json.Encoder()


def encode(payload: Payload) -> bytes:
    """Return the bytes of a payload, without the fields that keep their defaults."""
    return _ENCODER.encode(payload)


def stamp(at_ms: int) -> datetime:
    """Return milliseconds since the Unix epoch as the UTC time that the structs take."""
    return EPOCH + timedelta(milliseconds=at_ms)


def milliseconds(time: datetime) -> int:
    """Return an aware time as whole milliseconds since the Unix epoch, rounded down."""
    since = time - EPOCH
    return since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000


def published_ms(text: str) -> int:
    """Return a published stamp as milliseconds since the Unix epoch.

    Raises
    ------
    ValidationError
        If it is none, or names no zone.
    """
    return milliseconds(msgspec.convert(text, type=Stamp))


def vital(
    channel: int, value_centi: int, *, q: Quality = "valid", stat: bool = False
) -> VitalValue:
    """Return one value in its canonical unit, from a channel's column and hundredths."""
    return VitalValue(
        ch=CHANNEL_NAMES[channel],  # type: ignore[arg-type]  # the tuple holds exactly these
        v=number(value_centi),
        u=CANONICAL_UNITS[channel],
        q=q,
        stat=stat,
    )


def absent(channel: int, why: AbsenceReason) -> VitalValue:
    """Return a channel without a value, and why."""
    return VitalValue(ch=CHANNEL_NAMES[channel], v=None, why=why)  # type: ignore[arg-type]  # as above


def encode_vitals(
    *,
    sequence: int,
    measured_ms: int,
    values_centi: Mapping[Channel, int],
    absences: Mapping[Channel, AbsenceReason] | None = None,
    boot: str | None = None,
    subject: str | None = None,
    session: str | None = None,
) -> bytes:
    """Return a vitals message from columns and hundredths, in canonical units."""
    values = [vital(channel, value_centi) for channel, value_centi in values_centi.items()]
    values += [absent(channel, why) for channel, why in (absences or {}).items()]
    return encode(
        VitalsPayload(
            seq=sequence,
            t=stamp(measured_ms),
            values=tuple(values),
            boot=boot,
            subject=subject,
            session=session,
        )
    )
