"""What can come in: one frozen record for each kind of message that a ward understands.

The decoder (:mod:`monitor.wire.messages`) makes these from bytes and nothing else does, so an
existing record is a legal one: units are canonical, numbers are integers in hundredths, times
are integers in milliseconds since the Unix epoch (UTC), and texts are bounded. A message that
could not be decoded becomes a :class:`MessageRefused`, which travels the same way: garbage is
recorded, counted and replayed like everything else.
"""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

PumpState: TypeAlias = Literal["idle", "infusing", "kvo", "paused", "stopped", "complete", "fault"]
PhaseVerb: TypeAlias = Literal[
    "open", "baseline", "start", "pause", "resume", "stop", "complete", "close"
]
PlaceVerb: TypeAlias = Literal["associate", "release", "transfer"]
SessionVerb: TypeAlias = Literal[PhaseVerb, PlaceVerb]
ActVerb: TypeAlias = Literal[
    "ack",
    "drug",
    "escalate",
    "hand-back",
    "not-a-reaction",
    "pause-audio",
    "rate",
    "reset",
    "snooze",
    "step",
    "unsnooze",
]
Disbelief: TypeAlias = Literal["artefact", "known-condition", "treated", "other"]
"""Why an alert was no reaction."""
StepStatus: TypeAlias = Literal["started", "done", "declined", "not-possible"]
Consciousness: TypeAlias = Literal["alert", "confused", "voice", "pain", "unresponsive"]
Severity: TypeAlias = Literal["mild", "moderate", "severe"]
AbsenceReason: TypeAlias = Literal[
    "probe-off", "off", "invalid", "not-available", "test", "demo", "motion", "battery"
]

NO_SEQUENCE: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Where and when a message came in.

    ``position`` is its place in the order of arrival inside one step.
    """

    position: int
    received_ms: int
    unit: str
    bed: str
    device: str
    measured_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One measured value, in hundredths of the channel's canonical unit."""

    channel: int
    value_centi: int
    measured_ms: int
    flags: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """A channel that the device reports as having no value, and why."""

    channel: int
    why: AbsenceReason
    measured_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VitalsReported(Record):
    """One instant of one device; hand-taken vitals carry ``Flag.HAND``, who took them, an id."""

    sequence: int
    boot: str
    values: tuple[Value, ...]
    absences: tuple[Absence, ...]
    subject: str
    session: str
    by: str
    id: str = ""
    is_stored: bool = False
    """It came late from the store of its device, also where it has nothing but absences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PumpReported(Record):
    """State of an infusion pump; amounts in hundredths of mL and mL/h, None where not sent.

    ``by`` is the person who wrote it down, where it was not the pump; ``ref`` what is answered.
    """

    sequence: int
    boot: str
    state: PumpState
    rate_centi_ml_per_h: int | None
    infused_centi_ml: int | None
    left_centi_ml: int | None
    drug: str
    alarm: str
    by: str = ""
    ref: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SymptomCharted(Record):
    """A sign that a person saw or heard about."""

    id: str
    by: str
    symptom: str
    present: bool
    severity: Severity
    onset_ms: int
    session: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorReaction:
    """An earlier reaction of a person; what is not known of it is None or empty."""

    grade: int
    pattern: str
    product: str
    rate_centi_ml_per_h: int | None
    at_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DrugGiven:
    """A drug that was given besides the product; ``at_ms`` is None where no time was told."""

    drug: str
    at_ms: int | None = None
    dose_centi: int | None = None
    dose_unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionCharted(Record):
    """How awake a person is and whether on oxygen; None where that was not said.

    ``oxygen_centi_l_per_min`` is known only where the flow was said.
    """

    id: str
    by: str
    consciousness: Consciousness | None
    on_oxygen: bool | None
    oxygen_centi_l_per_min: int | None
    session: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionReported(Record):
    """Somebody opened, started, stopped or closed an infusion session, or moved it.

    ``age_months`` is the whole age in months; where it is known, so is ``age_years``.
    ``age_band`` is what is said instead of an age (``18-64``, ``65+``), ``at_risk`` whether the
    person is known to be at risk of renal injury or thrombosis, ``to_bed`` where a session goes.
    ``dose_number`` is which dose of a course of ``doses_planned`` this is, counted from 1.
    """

    id: str
    by: str
    event: SessionVerb
    subject: str
    product: str
    dose_centi_g: int | None
    weight_centi_kg: int | None
    age_years: int | None
    age_months: int | None
    first_dose: bool | None
    premedication: tuple[DrugGiven, ...]
    beta_blocker: bool | None
    ace_inhibitor: bool | None
    devices: tuple[str, ...]
    channels: tuple[int, ...]
    age_band: str = ""
    concentration_centi_mg_per_ml: int | None = None
    at_risk: bool | None = None
    history: tuple[PriorReaction, ...] = ()
    to_bed: str = ""
    reason: str = ""
    dose_number: int | None = None
    doses_planned: int | None = None
    ref: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActTaken(Record):
    """What a person did about an alert or a step, or a drug or rate that a person recorded.

    ``sign`` and ``grade`` say what a snooze covers, ``for_ms`` how long it or an audio pause
    lasts, ``disbelief`` why an alert was no reaction; ``drug`` is what was given, with its dose,
    and ``rate_centi_ml_per_h`` what the infusion was set to.
    """

    id: str
    by: str
    role: str
    via: str
    act: ActVerb
    alert: str
    revision: int | None
    step: str
    status: StepStatus | None
    dose_centi: int | None
    dose_unit: str
    reason: str
    sign: str = ""
    grade: int | None = None
    for_ms: int | None = None
    disbelief: Disbelief | None = None
    session: str = ""
    drug: str = ""
    rate_centi_ml_per_h: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceReported(Record):
    """A device said that it is there, or its last will said that it is not."""

    online: bool
    boot: str
    sequence: int
    battery_percent: int | None
    clock_offset_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceBorn(Record):
    """The catalogue of a device: what it is and which channels it will send, how often."""

    model: str
    serial: str
    channels: tuple[int, ...]
    interval_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRefused(Record):
    """A message that could not be taken, with everything its sender needs to mend it."""

    topic: str
    reason: str
    field: str
    value: str
    limit: str
    sha256: str
    excerpt: str


Act: TypeAlias = (
    PumpReported
    | SymptomCharted
    | ConditionCharted
    | SessionReported
    | ActTaken
    | DeviceReported
    | DeviceBorn
    | MessageRefused
)
Input: TypeAlias = VitalsReported | Act


@dataclass(frozen=True, slots=True, kw_only=True)
class RawMessage:
    """Bytes as they came from the broker or from a recording, before anything is believed."""

    received_ms: int
    topic: str
    payload: bytes
    retained: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedStep:
    """What one step of the ward was given: its time and the messages in order of arrival."""

    now_ms: int
    messages: tuple[RawMessage, ...]
