"""The payloads that go out: what stations, pagers and devices read from a monitor.

Field names are the names on the wire. Stamps are ISO 8601 in UTC with milliseconds, numbers are
plain decimals with their UCUM unit beside them. Alerts, advice and bed states say in every
message what this software is not.
"""

from typing import Final, Literal

import msgspec

from monitor.facts.effects import (
    AlertKind,
    AlertPhase,
    BookWord,
    Condition,
    Priority,
    Signal,
    StepState,
)
from monitor.wire.alert_parts import ExcursionShown
from monitor.wire.bed_parts import (
    AmountShown,
    Decimal,
    DeviceShown,
    DueShown,
    GivenShown,
    ProposalShown,
    RateShown,
    SnoozeShown,
    StepUpShown,
    SymptomShown,
    UntoldShown,
    Utc,
    VolumeShown,
    WhyNotShown,
    WindowShown,
)
from monitor.wire.payloads import stamp

NOTICE: Final = "decision support in simulation; not for clinical use"


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """What one published message carries."""


class BecauseShown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row that decided a grade: what it saw, its limit, and where the limit comes from."""

    rule: str
    sign: str
    grade: int
    words: str
    source: tuple[str, ...]
    ch: str = ""
    v: Decimal | None = None
    u: str = ""
    limit: Decimal | None = None
    base: Decimal | None = None
    noise: Decimal | None = None
    margin: Decimal | None = None
    clears_at: Decimal | None = None
    t: Utc | None = None
    symptom: str = ""


class BookShown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one rule book beside the active one says at this moment."""

    book: str
    says: BookWord
    signs: tuple[str, ...] = ()
    grade: int | None = None
    points: int | None = None
    at_least: bool = False


class ClueShown(msgspec.Struct, frozen=True, kw_only=True):
    """What one clue gives to a picture; negative points speak against it."""

    words: str
    kind: str
    points: int | float


class PictureShown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One picture that holds at a bed, with what speaks for and against it."""

    pattern: str
    points: int | float
    leads: bool = False
    clues: tuple[ClueShown, ...] = ()
    lacking: tuple[str, ...] = ()


class ContextShown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the infusion was doing."""

    min_since_start: int | None = None
    min_since_rate_change: int | None = None
    rate: RateShown | None = None
    product: str = ""
    first_dose: bool | None = None
    baseline: str = ""


class Acknowledged(msgspec.Struct, frozen=True, kw_only=True):
    """Who has seen it and owns it, and since when."""

    by: str
    t: Utc | None


class GradeReached(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the way an episode took through the grades."""

    t: Utc
    grade: int


class PersistenceShown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How long a sign has lasted, how long confirms it, and how long clear ends it."""

    sign: str
    grade: int
    confirmed: bool
    persist_s: int
    clear_s: int
    readings: int = 0
    since: Utc | None = None


class AlertPayload(Published, frozen=True, kw_only=True):
    """One episode, whole, as it stands; ``rev`` counts its changes."""

    id: str
    rev: int
    t: Utc
    session: str
    phase: AlertPhase
    state: Condition
    signal: Signal
    kind: AlertKind
    priority: Priority
    cause: str
    pattern: str
    grade: int | None
    onset: Utc
    raised: Utc
    label: str
    because: tuple[BecauseShown, ...]
    books: tuple[BookShown, ...]
    pictures: tuple[PictureShown, ...]
    context: ContextShown
    grade_path: tuple[GradeReached, ...]
    acked: Acknowledged | None
    realert_at: Utc | None
    config: str
    reason: str = ""
    active: Utc | None = None
    condition_delay_ms: int | None = None
    quiet_until: Utc | None = None
    flaps: int = 0
    not_a_reaction: str = ""
    persistence: tuple[PersistenceShown, ...] = ()
    excursions: tuple[ExcursionShown, ...] = ()
    notice: str = NOTICE


class CallPayload(Published, frozen=True, kw_only=True):
    """Somebody further along the escalation chain is told of an alert."""

    alert: str
    rev: int
    t: Utc
    session: str
    level: int
    to: str
    failsafe: bool
    priority: Priority
    grade: int | None
    label: str
    waited_s: int
    by: str
    reason: str
    notice: str = NOTICE


class StepShown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of a ladder, and what became of it."""

    key: str
    words: str
    who: str
    source: tuple[str, ...]
    state: StepState
    because: str = ""
    dose: str = ""
    rate: RateShown | None = None
    by: str = ""
    t: Utc | None = None
    reason: str = ""
    given: str = ""
    response: str = ""
    response_words: str = ""
    look_at: Utc | None = None


class AdvicePayload(Published, frozen=True, kw_only=True):
    """The steps that a protocol asks for now, most urgent first; empty when there are none."""

    id: str
    rev: int
    t: Utc
    session: str
    alert: str
    ladder: str
    pattern: str
    grade: int | None
    steps: tuple[StepShown, ...]
    reason: str
    plan: str = "running"
    end: str = ""
    recurrences: int = 0
    why: str = ""
    restart_at: Utc | None = None
    notice: str = NOTICE


class ChannelShown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The newest trusted value of a channel, its baseline, and the noise and drift of that.

    ``raw``, ``raw_t`` and ``doubt``: the newest reading as it was sent, if a gate objects to it.
    """

    ch: str
    v: Decimal
    u: str
    t: Utc
    stale: bool = False
    base: Decimal | None = None
    noise: Decimal | None = None
    drift: Decimal | None = None
    raw: Decimal | None = None
    raw_t: Utc | None = None
    doubt: str = ""


class AlertShown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An open episode in one line."""

    id: str
    kind: str
    cause: str
    pattern: str
    grade: int | None
    priority: Priority
    signal: Signal
    state: str
    label: str
    onset: Utc
    acked_by: str = ""
    reason: str = ""
    called: str = ""


class StatePayload(Published, frozen=True, kw_only=True, omit_defaults=True):
    """One bed as it stands; what comes after ``notice`` is left out where there is nothing."""

    t: Utc
    session: str
    subject: str
    product: str
    phase: str
    rate: RateShown | None
    grade: int | None
    pattern: str
    baseline: str
    remarks: tuple[str, ...]
    channels: tuple[ChannelShown, ...]
    alerts: tuple[AlertShown, ...]
    steps: tuple[str, ...]
    watch: tuple[WindowShown, ...]
    vitals_due: tuple[DueShown, ...]
    wanted: tuple[str, ...]
    step_up: StepUpShown | None
    proposals: tuple[ProposalShown, ...]
    notice: str
    started: Utc | None = None
    rate_changed: Utc | None = None
    age: str = ""
    weight: AmountShown | None = None
    first_dose: bool | None = None
    dose_number: int | None = None
    doses: int | None = None
    dose: AmountShown | None = None
    concentration: AmountShown | None = None
    volume: VolumeShown | None = None
    given: tuple[GivenShown, ...] = ()
    symptoms: tuple[SymptomShown, ...] = ()
    devices: tuple[DeviceShown, ...] = ()
    snoozes: tuple[SnoozeShown, ...] = ()
    untold: tuple[UntoldShown, ...] = ()
    why_not: WhyNotShown | None = None


class MeasurePayload(Published, frozen=True, kw_only=True):
    """A reading that would decide something, asked for now."""

    t: Utc
    session: str
    ch: str
    reason: str
    notice: str = NOTICE


class AckPayload(Published, frozen=True, kw_only=True):
    """The last message of a device that is stored; the device may forget up to here."""

    boot: str
    seq: int
    t: Utc


class RejectPayload(Published, frozen=True, kw_only=True):
    """A message that was not taken, with everything its sender needs to mend it."""

    t: Utc
    bed: str
    device: str
    topic: str
    reason: str
    field: str
    value: str
    limit: str
    sha256: str
    excerpt: str


class HeadPayload(Published, frozen=True, kw_only=True):
    """How far the ledger stood when a day (UTC) began or the monitor started, and its hash there.

    Who keeps these can show that no record before them was changed, taken out or put in.
    """

    day: str
    row: int
    hash: str
    t: Utc
    notice: str = NOTICE


class MonitorStatusPayload(Published, frozen=True, kw_only=True):
    """The monitor itself is there; with ``offline`` it is its last will.

    ``proof_age_ms`` is how long ago the alarm path was last proven (None: not being proven),
    ``proof_limit_ms`` from when on it counts as unproven, ``troubles`` what is technically wrong
    with the monitor itself, in words. ``term`` is that of the lease under which it speaks,
    ``standby`` whether another one waits, ``took_over_ms`` how long ago this one took over.
    """

    state: Literal["online", "offline"]
    t: Utc
    software: str = ""
    config: str = ""
    boot: str = ""
    reason: Literal["", "lost", "stopped", "failed"] = ""
    store: Literal["ok", "failing", "lost"] = "ok"
    steps: int = 0
    ledger: str = ""
    proof_age_ms: int | None = None
    proof_limit_ms: int = 0
    troubles: tuple[str, ...] = ()
    role: Literal["holder", "standby"] = "holder"
    term: int = 0
    holder: str = ""
    standby: Literal["none", "not-ready", "ready"] = "none"
    took_over_ms: int | None = None
    notice: str = NOTICE


def iso(at_ms: int) -> str:
    """Return milliseconds since the Unix epoch as ISO 8601 in UTC, always with milliseconds."""
    return stamp(at_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_ENCODER: Final = msgspec.json.Encoder()


def encode_published(payload: Published) -> bytes:
    """Return the bytes of a payload; the same payload always gives the same bytes."""
    return _ENCODER.encode(payload)
