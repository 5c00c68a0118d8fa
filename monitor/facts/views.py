"""What a ward looks like at one moment: frozen pictures for screens and for the state topic."""

from typing import Literal, TypeAlias

import msgspec

from monitor.facts.effects import Priority, Signal
from monitor.facts.records import Severity
from monitor.facts.stays import Proposal, WatchWindow

DueState: TypeAlias = Literal["next", "due", "late", "overdue"]
DevicePresence: TypeAlias = Literal["online", "offline", "silent", "never-heard"]
VolumeSource: TypeAlias = Literal["pump", "rate"]


class DueSet(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One set of vital signs that a schedule asks for, and which of its channels are missing."""

    key: str
    words: str
    due_ms: int
    state: DueState
    missing: tuple[str, ...] = ()


class ChannelView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The newest trusted value of one channel; ``stale`` when it is older than its limit.

    ``noise_centi`` is how far the readings behind the baseline scatter (an estimate of their
    standard deviation), ``drift_centi`` how far the later half lies above the earlier one.
    Where a gate objects to the newest reading, ``raw_centi`` and ``raw_ms`` are that reading as
    it was sent, and ``doubt`` is the code of the reason; otherwise it is the trusted value.
    """

    channel: str
    value_centi: int
    measured_ms: int
    stale: bool = False
    baseline_centi: int | None = None
    noise_centi: int | None = None
    drift_centi: int | None = None
    raw_centi: int | None = None
    raw_ms: int | None = None
    doubt: str = ""


class AlertView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One open episode as a row of the feed; ``called`` is whom of the chain was told last."""

    id: str
    kind: str
    cause: str
    pattern: str
    grade: int
    priority: Priority
    signal: Signal
    condition: str
    label: str
    onset_ms: int
    acknowledged_by: str = ""
    reason: str = ""
    called: str = ""


class StepUpView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The next faster rate, when it is due, and what speaks against it; ``ready`` if nothing."""

    rate_centi_ml_per_h: int | None
    due_ms: int | None
    ready: bool
    reasons: tuple[str, ...] = ()


class WhyNotView(msgspec.Struct, frozen=True, kw_only=True):
    """Why nothing fires, in words, as of a time: the nearest rules, then what rules lack."""

    at_ms: int
    lines: tuple[str, ...]


class SnoozeView(msgspec.Struct, frozen=True, kw_only=True):
    """What nobody wants to be called for: which sign, up to which grade, until when, and why."""

    sign: str
    grade: int
    until_ms: int
    by: str
    reason: str


class UntoldView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What nobody is being told at this moment, and why; ``alert`` where it is an episode."""

    what: str
    reason: str
    alert: str = ""


class PersonView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an opening said of the person and the dose; None or empty where it did not."""

    age: str = ""
    weight_centi_kg: int | None = None
    first_dose: bool | None = None
    dose_number: int | None = None
    doses_planned: int | None = None
    dose_centi_g: int | None = None
    concentration_centi_mg_per_ml: int | None = None


class VolumeView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What has been infused up to a time, and is left: as the pump says, or by its rates."""

    at_ms: int
    by: VolumeSource
    infused_centi_ml: int | None = None
    left_centi_ml: int | None = None


class GivenView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A drug that was given in this session; ``step`` where it was a step of the advice."""

    drug: str
    at_ms: int
    by: str
    dose_centi: int | None = None
    dose_unit: str = ""
    step: str = ""


class SymptomView(msgspec.Struct, frozen=True, kw_only=True):
    """A symptom that is charted as present."""

    symptom: str
    severity: Severity
    since_ms: int


class DeviceView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A device of a bed: whether it is there, and when data of it last arrived.

    ``is_associated`` is false for one that is believed here only because its topic says so.
    """

    device: str
    presence: DevicePresence
    heard_ms: int | None = None
    is_associated: bool = True


class BedView(msgspec.Struct, frozen=True, kw_only=True):
    """One bed: who lies there (pseudonym), what runs, the numbers, the grade and the alerts."""

    bed: str
    session: str
    subject: str
    product: str
    phase: str
    rate_centi_ml_per_h: int | None
    grade: int
    pattern: str
    baseline: str
    remarks: tuple[str, ...]
    channels: tuple[ChannelView, ...]
    alerts: tuple[AlertView, ...]
    steps: tuple[str, ...]
    """Words of the steps that are offered and not yet done, most urgent first."""
    windows: tuple[WatchWindow, ...] = ()
    """What is still watched for after the flow has ended, the first to end first."""
    vitals_due: tuple[DueSet, ...] = ()
    """Sets of vital signs that are owed, and the next one."""
    wanted: tuple[str, ...] = ()
    """Channels whose reading was asked for and has not come."""
    step_up: StepUpView | None = None
    """The next faster rate of the table; None while nothing flows."""
    proposals: tuple[Proposal, ...] = ()
    """What earlier reactions of the person propose for this session."""
    started_ms: int | None = None
    """When the drug began to flow."""
    rate_changed_ms: int | None = None
    """When its rate last changed."""
    person: PersonView = PersonView()
    volume: VolumeView | None = None
    given: tuple[GivenView, ...] = ()
    """Drugs that were given besides the product, the oldest first."""
    symptoms: tuple[SymptomView, ...] = ()
    """What is charted as present, the oldest first."""
    devices: tuple[DeviceView, ...] = ()
    """By name: those that belong to the bed, and others of which a value is believed here."""
    snoozes: tuple[SnoozeView, ...] = ()
    untold: tuple[UntoldView, ...] = ()
    why_not: WhyNotView | None = None
    """Why nothing fires; None while a reaction is open, or nobody is watched."""


class WardView(msgspec.Struct, frozen=True, kw_only=True):
    """All beds of a unit, in order of their names, with the counts of every reading's outcome."""

    unit: str
    now_ms: int
    beds: tuple[BedView, ...]
    outcomes: dict[str, int]


class HandOver(msgspec.Struct, frozen=True, kw_only=True):
    """One bed as a shift hands it over, in lines for people.

    ``untold`` is what nobody is being told, each with its reason; ``why`` what every open alert
    rests on, and why nothing fires where no reaction is open.
    """

    bed: str
    session: str
    phase: str
    grade: int
    alerts: tuple[str, ...]
    snoozes: tuple[str, ...]
    steps: tuple[str, ...]
    untold: tuple[str, ...]
    why: tuple[str, ...]
