"""What comes out: the typed facts that a step of the ward produces.

Effects are plain frozen records. The shells write them to the ledger, publish them over MQTT
and show them to people; the core never sees them again. Encoding is deterministic (declared
field order, no clock, no randomness), so the ledger of a replay can be compared byte by byte
with the ledger of the live run. Times are milliseconds since the Unix epoch (UTC); vital
values are hundredths of the canonical unit, as everywhere in the core.
"""

from typing import Final, Literal, TypeAlias

import msgspec

from monitor.facts.excursions import Excursion
from monitor.facts.stays import Proposal, WatchWindow

AlertKind: TypeAlias = Literal["physiological", "technical", "advisory"]
Priority: TypeAlias = Literal["high", "medium", "low", "info"]
AlertPhase: TypeAlias = Literal["start", "update", "escalate", "deescalate", "acknowledge", "end"]
Condition: TypeAlias = Literal["pending", "active", "recovering", "ended"]
Signal: TypeAlias = Literal["on", "audio-paused", "acknowledged", "snoozed", "latched", "off"]
SnoozeEnd: TypeAlias = Literal["", "time", "worse", "lifted", "replaced", "session"]
SessionPhase: TypeAlias = Literal[
    "opened", "baseline", "infusing", "slowed", "paused", "stopped", "watch", "closed"
]
StepState: TypeAlias = Literal["offered", "started", "done", "declined", "not-possible"]
PlanName: TypeAlias = Literal["running", "slowed", "paused", "resumed", "stopped"]
Outcome: TypeAlias = Literal["accepted", "duplicate", "late-stored", "quarantined", "rejected"]

BookWord: TypeAlias = Literal["no", "not-applicable", "not-assessable", "undefined", "yes"]


DeviceState: TypeAlias = Literal["online", "offline", "associated", "released"]

NOT_ASSESSABLE: Final = -1
"""The grade of a bed about which nothing can be said."""


class Effect(msgspec.Struct, frozen=True, kw_only=True, tag_field="effect"):
    """Something the ward found or decided, at one bed, at one time."""

    at_ms: int
    bed: str
    session: str


class Because(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row that decided a grade: the rule, what it saw, and how far past the limit it is.

    ``value_centi`` and ``limit_centi`` are in ``unit``; ``margin_centi`` is how far the value
    lies beyond the limit; ``clears_at_centi`` is the value of the channel at which the row
    stops holding. ``baseline_centi`` is present for rows that compare with the baseline, and
    ``noise_centi`` where it is known how far the readings behind that scatter.
    """

    rule: str
    sign: str
    grade: int
    words: str
    source: tuple[str, ...]
    channel: str = ""
    value_centi: int | None = None
    limit_centi: int | None = None
    baseline_centi: int | None = None
    margin_centi: int | None = None
    clears_at_centi: int | None = None
    unit: str = ""
    measured_ms: int | None = None
    symptom: str = ""
    noise_centi: int | None = None


class BookSays(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one side book says about a bed at the moment of an alert.

    ``grade`` and ``points`` are the publication's own and stand beside ours, never for it.
    ``signs`` are what it says yes to; with ``at_least`` the points are a lower bound.
    """

    book: str
    says: BookWord
    signs: tuple[str, ...] = ()
    grade: int | None = None
    points: int | None = None
    at_least: bool = False


class Context(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the infusion was doing when a grade was decided."""

    minutes_since_start: int | None = None
    minutes_since_rate_change: int | None = None
    rate_centi_ml_per_h: int | None = None
    product: str = ""
    first_dose: bool | None = None
    baseline: str = ""


class Persistence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How long a sign has lasted, and how long it must last and be clear.

    ``since_ms`` is when it was first read at or above ``grade`` without a break, ``readings`` how
    many readings that are (counted up to two); ``persist_ms`` confirms it, ``clear_ms`` ends it.
    """

    sign: str
    grade: int
    confirmed: bool
    persist_ms: int
    clear_ms: int
    readings: int = 0
    since_ms: int | None = None


class ClueSays(msgspec.Struct, frozen=True, kw_only=True):
    """What one clue gives to a picture, in hundredths of a point; negative speaks against it."""

    clue: str
    words: str
    kind: str
    points_centi: int


class PictureSays(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One picture that holds, the leading one first: what speaks for it, and what is not known."""

    pattern: str
    points_centi: int
    leads: bool = False
    clues: tuple[ClueSays, ...] = ()
    lacking: tuple[str, ...] = ()


class AlertChanged(Effect, frozen=True, kw_only=True, tag="alert"):
    """One episode, whole, as it stands after a change; ``revision`` counts its changes.

    ``reason`` says why the signal is as it is: whoever is not told can read why. ``active_ms`` is
    when the condition became active, ``condition_delay_ms`` how long after its onset that was.
    ``quiet_until_ms`` ends an audio pause, ``flaps`` is how often the cause came in the time in
    which that counts as flapping (0 while it does not), ``disbelief`` why somebody found that it
    is no reaction.
    """

    id: str
    revision: int
    phase: AlertPhase
    condition: Condition
    signal: Signal
    kind: AlertKind
    priority: Priority
    cause: str
    pattern: str
    grade: int
    onset_ms: int
    raised_ms: int
    label: str
    because: tuple[Because, ...]
    context: Context
    grade_path: tuple[tuple[int, int], ...]
    acknowledged_by: str
    acknowledged_ms: int | None
    realert_ms: int | None
    rulebook: str
    books: tuple[BookSays, ...] = ()
    pictures: tuple[PictureSays, ...] = ()
    reason: str = ""
    active_ms: int | None = None
    condition_delay_ms: int | None = None
    quiet_until_ms: int | None = None
    flaps: int = 0
    disbelief: str = ""
    persistence: tuple[Persistence, ...] = ()
    excursions: tuple[Excursion, ...] = ()


class AlertEscalated(Effect, frozen=True, kw_only=True, tag="call"):
    """Somebody further along the escalation chain is told of an alert.

    ``level`` counts the chain from 1, ``failsafe`` marks its end, ``waited_ms`` is how long the
    alert had called without an answer, ``by`` the person who escalated it ("" where time did).
    """

    alert: str
    revision: int
    level: int
    to: str
    failsafe: bool
    priority: Priority
    grade: int
    label: str
    waited_ms: int
    by: str
    reason: str


class SnoozeChanged(Effect, frozen=True, kw_only=True, tag="snooze"):
    """A snooze of one sign up to one grade began, or ended for a reason (``end``)."""

    sign: str
    grade: int
    until_ms: int
    by: str
    reason: str
    end: SnoozeEnd


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rung of a ladder as offered at a bed, and what came of it.

    ``given`` is the dose that a person says was given. ``response`` is what became of the signs
    since it was taken (recovered, improved, unchanged, worse, not-measured; empty before it was
    looked at), ``look_ms`` when it is looked at next.
    """

    key: str
    words: str
    who: str
    source: tuple[str, ...]
    state: StepState
    because: str = ""
    dose: str = ""
    rate_centi_ml_per_h: int | None = None
    by: str = ""
    at_ms: int | None = None
    reason: str = ""
    given: str = ""
    response: str = ""
    response_words: str = ""
    look_ms: int | None = None


class AdviceChanged(Effect, frozen=True, kw_only=True, tag="advice"):
    """The mitigation steps that apply at a bed now, most urgent first; empty when none do.

    ``plan`` is what the reaction has made of the infusion (running, slowed, paused, resumed,
    stopped), ``end`` why it may not go on in this session, ``recurrences`` how often signs came
    back, ``why`` what opened the next steps or what a restart waits for, ``restart_ms`` from when
    one may be considered if no sign returns.
    """

    id: str
    revision: int
    alert: str
    ladder: str
    pattern: str
    grade: int
    steps: tuple[Step, ...]
    reason: str
    plan: PlanName = "running"
    end: str = ""
    recurrences: int = 0
    why: str = ""
    restart_ms: int | None = None


class MeasurementWanted(Effect, frozen=True, kw_only=True, tag="measure"):
    """A reading that would decide something, asked for now."""

    channel: str
    reason: str


class SessionChanged(Effect, frozen=True, kw_only=True, tag="session"):
    """A session moved to another phase, or an event was refused in its phase (``refused``).

    ``config`` is the digest of the configuration in force, ``gates`` the version of the rules by
    which readings are believed: results of other gates are not comparable.
    """

    event: str
    phase: SessionPhase
    before: str
    subject: str
    product: str
    reason: str
    refused: bool
    config: str
    gates: str = ""


class HistoryConsidered(Effect, frozen=True, kw_only=True, tag="history"):
    """Earlier reactions of a person were known when a session was opened; what they propose."""

    subject: str
    proposals: tuple[Proposal, ...]


class SessionMoved(Effect, frozen=True, kw_only=True, tag="moved"):
    """A session left a bed for another; ``alerts`` are the episodes that went along."""

    to_bed: str
    alerts: tuple[str, ...]
    by: str
    reason: str


class WatchChanged(Effect, frozen=True, kw_only=True, tag="watch"):
    """What a bed is still watched for, whole; empty when the drug flows again or all is over."""

    windows: tuple[WatchWindow, ...]
    reason: str


class BaselineChanged(Effect, frozen=True, kw_only=True, tag="baseline"):
    """The baseline of a session as it stands: established, provisional or absent, and why.

    ``noise_centi`` and ``drift_centi`` hold the channels whose readings are enough to state how
    they scatter, and how far the later half of them lies above the earlier one.
    """

    status: Literal["absent", "provisional", "established", "frozen"]
    centre_centi: dict[str, int]
    readings: dict[str, int]
    remarks: tuple[str, ...]
    noise_centi: dict[str, int] = {}
    drift_centi: dict[str, int] = {}


class GradeChanged(Effect, frozen=True, kw_only=True, tag="grade"):
    """The grade of a bed: 0 to 4, or :data:`NOT_ASSESSABLE` with the reasons."""

    grade: int
    before: int
    pattern: str
    reasons: tuple[str, ...]


class ReadingsKept(Effect, frozen=True, kw_only=True, tag="readings"):
    """Readings of one message that did not reach the decision, and their outcome."""

    device: str
    channel: str
    value_centi: int
    measured_ms: int
    outcome: Outcome
    reason: str


class DeviceChanged(Effect, frozen=True, kw_only=True, tag="device"):
    """A device came, went, fell silent, or was associated with a bed."""

    device: str
    state: DeviceState
    reason: str


class MessageRejected(Effect, frozen=True, kw_only=True, tag="reject"):
    """A message that was refused: topic, reason, field, value and limit."""

    device: str
    topic: str
    reason: str
    field: str
    value: str
    limit: str
    sha256: str
    excerpt: str


class ActRecorded(Effect, frozen=True, kw_only=True, tag="act"):
    """What a person did, as taken (or refused, with the reason)."""

    id: str
    act: str
    by: str
    role: str
    via: str
    alert: str
    step: str
    status: str
    reason: str
    refused: str
    dose: str = ""


AnyEffect: TypeAlias = (
    AlertChanged
    | AlertEscalated
    | SnoozeChanged
    | AdviceChanged
    | MeasurementWanted
    | SessionChanged
    | HistoryConsidered
    | SessionMoved
    | WatchChanged
    | BaselineChanged
    | GradeChanged
    | ReadingsKept
    | DeviceChanged
    | MessageRejected
    | ActRecorded
)
