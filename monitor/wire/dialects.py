"""The state of an alert in the words of others: IHE ACM, IEEE 11073 SDC and FHIR R6.

One table a fact, and every alert can be said in every dialect; what a dialect cannot tell apart
is said with the nearest word that keeps somebody called. Numbers of terms are MDC codes. The
phases ``start``, ``continue`` and ``end`` and the resource DeviceAlert (a ballot of R6) were read
in their specifications; the others are remembered, and an export that matters must check them.
"""

from collections.abc import Callable
from typing import Final, Literal, NamedTuple, TypeAlias

import msgspec

from monitor.facts.effects import (
    NOT_ASSESSABLE,
    AlertChanged,
    AlertKind,
    AlertPhase,
    Because,
    Condition,
    Context,
    Priority,
    Signal,
)
from monitor.wire.bed_parts import Decimal
from monitor.wire.outbound import AlertPayload, BecauseShown, iso
from monitor.wire.payloads import published_ms
from monitor.wire.units import number

ALERT_SOURCE: Final = 68480
EVENT_PHASE: Final = 68481
ALARM_STATE: Final = 68482
INACTIVATION_STATE: Final = 68483
ALARM_PRIORITY: Final = 68484
ALERT_TYPE: Final = 68485

AcmState = Literal["inactive", "active", "latched"]


class KindWords(NamedTuple):
    """What an alert is about, in each dialect."""

    acm: str
    sdc: str
    fhir: str


class PriorityWords(NamedTuple):
    """How urgently somebody is called."""

    acm: str
    sdc: str
    fhir: str


class SignalWords(NamedTuple):
    """Whether somebody is told: ACM in one word, SDC and FHIR as presence and activation."""

    acm: str
    sdc_presence: str
    sdc_activation: str
    fhir_presence: str
    fhir_activation: str


ACM_PHASES: Final[dict[AlertPhase, str]] = {
    "start": "start",
    "update": "update",
    "escalate": "escalate",
    "deescalate": "de-escalate",
    "acknowledge": "update",
    "end": "end",
}
"""ACM has no phase for an acknowledgement: the inactivation state tells it."""

KINDS: Final[dict[AlertKind, KindWords]] = {
    "physiological": KindWords("SP", "Phy", "physiological"),
    "technical": KindWords("ST", "Tec", "technical"),
    "advisory": KindWords("SA", "Oth", "advisory"),
}

PRIORITIES: Final[dict[Priority, PriorityWords]] = {
    "high": PriorityWords("PH", "Hi", "high"),
    "medium": PriorityWords("PM", "Me", "medium"),
    "low": PriorityWords("PL", "Lo", "low"),
    "info": PriorityWords("PI", "None", "info"),
}

SIGNALS: Final[dict[Signal, SignalWords]] = {
    "off": SignalWords("enabled", "Off", "On", "off", "on"),
    "on": SignalWords("enabled", "On", "On", "on", "on"),
    "audio-paused": SignalWords("audio-paused", "On", "Psd", "on", "paused"),
    "acknowledged": SignalWords("alert-acknowledged", "Ack", "On", "ack", "on"),
    "snoozed": SignalWords("alarm-paused", "Off", "Psd", "off", "paused"),
    "latched": SignalWords("enabled", "Latch", "On", "latched", "on"),
}

PRESENT: Final[dict[Condition, bool]] = {
    "pending": True,
    "active": True,
    "recovering": True,
    "ended": False,
}
"""Whether a condition is there: one that waits for its repeat is, and so is one that eases."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """A value and the limit that it is beyond: ``low`` or ``high`` is the edge of the normal."""

    channel: str
    value: Decimal
    unit: str
    low: Decimal | None
    high: Decimal | None
    at: str


class AcmAlert(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of an IHE ACM report (PCD-04): terms by MDC code, OBX-8 and the evidence."""

    terms: dict[int, str]
    flags: str
    label: str
    evidence: tuple[Evidence, ...]


class SdcAlert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert condition and its signal as IEEE 11073 SDC has them."""

    kind: str
    priority: str
    presence: bool
    signal_presence: str
    signal_activation: str
    monitored: tuple[Evidence, ...]


class FhirAlert(msgspec.Struct, frozen=True, kw_only=True):
    """The elements of a FHIR R6 DeviceAlert."""

    status: Literal["in-progress", "completed"]
    type: str
    priority: str
    presence: bool
    start: str
    end: str | None
    acknowledged: bool
    signal_presence: str
    signal_activation: str
    label: str
    derived_from: tuple[Evidence, ...]


def acm_state(condition: Condition, signal: Signal) -> AcmState:
    """Return the ALARM_STATE of an alert: a latched signal says so, whatever is true."""
    if signal == "latched":
        return "latched"
    return "active" if PRESENT[condition] else "inactive"


def acm(alert: AlertChanged) -> AcmAlert:
    """Return an alert as IHE ACM has it."""
    evidence = _evidence(alert)
    abnormal = "N"
    if evidence:
        abnormal = "L" if evidence[0].low is not None else "H"
    kind, priority = KINDS[alert.kind].acm, PRIORITIES[alert.priority].acm
    return AcmAlert(
        terms={
            ALERT_SOURCE: alert.bed,
            EVENT_PHASE: ACM_PHASES[alert.phase],
            ALARM_STATE: acm_state(alert.condition, alert.signal),
            INACTIVATION_STATE: SIGNALS[alert.signal].acm,
            ALARM_PRIORITY: priority,
            ALERT_TYPE: kind,
        },
        flags=f"{abnormal}~{priority}~{kind}",
        label=alert.label,
        evidence=evidence,
    )


def sdc(alert: AlertChanged) -> SdcAlert:
    """Return an alert as IEEE 11073 SDC has it."""
    words = SIGNALS[alert.signal]
    return SdcAlert(
        kind=KINDS[alert.kind].sdc,
        priority=PRIORITIES[alert.priority].sdc,
        presence=PRESENT[alert.condition],
        signal_presence=words.sdc_presence,
        signal_activation=words.sdc_activation,
        monitored=_evidence(alert),
    )


def fhir(alert: AlertChanged) -> FhirAlert:
    """Return an alert as the DeviceAlert of FHIR R6; a latched one is still in progress."""
    words, present = SIGNALS[alert.signal], PRESENT[alert.condition]
    return FhirAlert(
        status="in-progress" if present or alert.signal == "latched" else "completed",
        type=KINDS[alert.kind].fhir,
        priority=PRIORITIES[alert.priority].fhir,
        presence=present,
        start=iso(alert.onset_ms),
        end=None if present else iso(alert.at_ms),
        acknowledged=bool(alert.acknowledged_by),
        signal_presence=words.fhir_presence,
        signal_activation=words.fhir_activation,
        label=alert.label,
        derived_from=_evidence(alert),
    )


Said: TypeAlias = AcmAlert | SdcAlert | FhirAlert

DIALECTS: Final[dict[str, Callable[[AlertChanged], Said]]] = {
    "ihe-acm": acm,
    "sdc": sdc,
    "fhir-r6": fhir,
}
"""Every dialect by the name that people choose it by."""


def published_alert(bed: str, payload: AlertPayload) -> AlertChanged:
    """Return the alert behind a published message, as far as dialects speak of it.

    Side books, pictures, context and persistence have no words in any of them and are left out.
    """
    return AlertChanged(
        at_ms=published_ms(payload.t),
        bed=bed,
        session=payload.session,
        id=payload.id,
        revision=payload.rev,
        phase=payload.phase,
        condition=payload.state,
        signal=payload.signal,
        kind=payload.kind,
        priority=payload.priority,
        cause=payload.cause,
        pattern=payload.pattern,
        grade=NOT_ASSESSABLE if payload.grade is None else payload.grade,
        onset_ms=published_ms(payload.onset),
        raised_ms=published_ms(payload.raised),
        label=payload.label,
        because=tuple(map(_because, payload.because)),
        context=Context(),
        grade_path=tuple((published_ms(one.t), one.grade) for one in payload.grade_path),
        acknowledged_by=payload.acked.by if payload.acked else "",
        acknowledged_ms=published_ms(payload.acked.t)
        if payload.acked and payload.acked.t
        else None,
        realert_ms=published_ms(payload.realert_at) if payload.realert_at else None,
        rulebook=payload.config,
    )


def _because(row: BecauseShown) -> Because:
    return Because(
        rule=row.rule,
        sign=row.sign,
        grade=row.grade,
        words=row.words,
        source=row.source,
        channel=row.ch,
        value_centi=_centi(row.v),
        limit_centi=_centi(row.limit),
        clears_at_centi=_centi(row.clears_at),
        unit=row.u,
        measured_ms=published_ms(row.t) if row.t else None,
        symptom=row.symptom,
    )


def _centi(value: Decimal | None) -> int | None:
    return None if value is None else round(value * 100)


def _evidence(alert: AlertChanged) -> tuple[Evidence, ...]:
    """Return the values and limits of an alert; charted symptoms have none."""
    rows = (_row(row, alert.at_ms) for row in alert.because)
    return tuple(row for row in rows if row is not None)


def _row(row: Because, at_ms: int) -> Evidence | None:
    if row.value_centi is None or row.limit_centi is None or row.clears_at_centi is None:
        return None
    too_low = row.clears_at_centi > row.limit_centi
    limit = number(row.limit_centi)
    return Evidence(
        channel=row.channel,
        value=number(row.value_centi),
        unit=row.unit,
        low=limit if too_low else None,
        high=None if too_low else limit,
        at=iso(at_ms if row.measured_ms is None else row.measured_ms),
    )
