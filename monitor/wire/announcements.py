"""Effects to MQTT messages: what a monitor says aloud.

An alert is retained while its episode is open. Its last message says that it ended; then the
topic is cleared with an empty retained payload, so that a station that starts later finds open
episodes only. Both are sent in this order and both retained: were the monitor lost between
them, the topic would show an ended episode, never one that still calls.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from monitor.facts.effects import (
    ActRecorded,
    AdviceChanged,
    AlertChanged,
    AlertEscalated,
    AnyEffect,
    MeasurementWanted,
    MessageRejected,
    SessionChanged,
    SessionMoved,
)
from monitor.facts.views import BedView
from monitor.wire.answers import AnswerPayload
from monitor.wire.outbound import (
    NOTICE,
    AckPayload,
    AdvicePayload,
    AlertPayload,
    CallPayload,
    GradeReached,
    HeadPayload,
    MeasurePayload,
    RejectPayload,
    StatePayload,
    encode_published,
    iso,
)
from monitor.wire.shown import (
    acknowledged_shown,
    alert_shown,
    amount_shown,
    because_shown,
    book_shown,
    channel_shown,
    context_shown,
    device_shown,
    due_shown,
    excursion_shown,
    given_shown,
    grade_or_none,
    iso_or_none,
    persistence_shown,
    picture_shown,
    proposal_shown,
    rate_shown,
    snooze_shown,
    step_shown,
    step_up_shown,
    symptom_shown,
    untold_shown,
    volume_shown,
    why_not_shown,
    window_shown,
)
from monitor.wire.topics import MONITOR, NOBODY, head_topic, topic

SHOWN_MAX: Final = 50
"""So many alerts, drugs and devices stand in the state of a bed: it must fit into a message."""

CLEARED: Final = b""
"""The retained payload that makes a broker forget a topic."""

AT_MOST_ONCE: Final = 0
AT_LEAST_ONCE: Final = 1

UNKNOWN_SESSION: Final = "unknown-session"
"""Code of a refusal of the ward: the session that a message names is not open at its bed."""

TOLD_TWICE: Final = frozenset({"baseline", "start", "pause", "resume", "stop", "complete"})
"""Phases that a pump and a person both tell: the second word is kept and needs no answer."""

_NO_TOPIC_LEVEL: Final = re.compile(r"[^A-Za-z0-9._:@-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """One message to publish."""

    topic: str
    payload: bytes
    qos: int
    retain: bool


def announcements(effects: Iterable[AnyEffect], *, unit: str) -> tuple[Announcement, ...]:
    """Return what to publish for the effects of a step, in their order."""
    said: list[Announcement] = []
    for effect in effects:
        if isinstance(effect, AlertChanged):
            said += alert_announcements(effect, unit=unit)
        elif isinstance(effect, AdviceChanged):
            said.append(_advice(effect, unit))
        elif isinstance(effect, AlertEscalated):
            said.append(_call(effect, unit))
        elif isinstance(effect, SessionMoved):
            said += _moved(effect, unit)
        elif isinstance(effect, MeasurementWanted):
            said.append(_measure(effect, unit))
        elif isinstance(effect, SessionChanged | ActRecorded):
            if isinstance(effect, ActRecorded) and effect.id:
                said.append(_answer(effect, unit))
            said += _refused(effect, unit)
        elif isinstance(effect, MessageRejected):
            said.append(_reject(effect, unit))
    return tuple(said)


def alert_topic(unit: str, bed: str, alert: str) -> str:
    """Return the topic of one episode; marks that mean something in a topic are replaced."""
    return f"{topic(unit, bed, NOBODY, 'alert')}/{_NO_TOPIC_LEVEL.sub('-', alert)}"


def is_over(condition: str, signal: str) -> bool:
    """Tell whether nothing of an episode is left to show."""
    return condition == "ended" and signal == "off"


def alert_announcements(alert: AlertChanged, *, unit: str) -> tuple[Announcement, ...]:
    """Return the message of an episode, and the one that clears its topic once it is over."""
    name = alert_topic(unit, alert.bed, alert.id)
    payload = AlertPayload(
        id=alert.id,
        rev=alert.revision,
        t=iso(alert.at_ms),
        session=alert.session,
        phase=alert.phase,
        state=alert.condition,
        signal=alert.signal,
        kind=alert.kind,
        priority=alert.priority,
        cause=alert.cause,
        pattern=alert.pattern,
        grade=grade_or_none(alert.grade),
        onset=iso(alert.onset_ms),
        raised=iso(alert.raised_ms),
        label=alert.label,
        because=tuple(because_shown(row) for row in alert.because),
        books=tuple(book_shown(book) for book in alert.books),
        pictures=tuple(picture_shown(picture) for picture in alert.pictures),
        context=context_shown(alert.context),
        grade_path=tuple(GradeReached(t=iso(at), grade=grade) for at, grade in alert.grade_path),
        acked=acknowledged_shown(alert),
        realert_at=iso_or_none(alert.realert_ms),
        config=alert.rulebook,
        reason=alert.reason,
        active=iso_or_none(alert.active_ms),
        condition_delay_ms=alert.condition_delay_ms,
        quiet_until=iso_or_none(alert.quiet_until_ms),
        flaps=alert.flaps,
        not_a_reaction=alert.disbelief,
        persistence=tuple(persistence_shown(one) for one in alert.persistence),
        excursions=tuple(excursion_shown(one) for one in alert.excursions),
    )
    said = _retained(name, encode_published(payload))
    return (said, _retained(name, CLEARED)) if is_over(alert.condition, alert.signal) else (said,)


def state_announcement(view: BedView, *, unit: str, now_ms: int) -> Announcement:
    """Return the retained picture of one bed."""
    person = view.person
    payload = StatePayload(
        t=iso(now_ms),
        session=view.session,
        subject=view.subject,
        product=view.product,
        phase=view.phase,
        rate=rate_shown(view.rate_centi_ml_per_h),
        grade=grade_or_none(view.grade),
        pattern=view.pattern,
        baseline=view.baseline,
        remarks=(*view.remarks, *_unshown(view)),
        channels=tuple(channel_shown(channel) for channel in view.channels),
        alerts=tuple(alert_shown(alert) for alert in view.alerts[:SHOWN_MAX]),
        steps=view.steps,
        watch=tuple(window_shown(window) for window in view.windows),
        vitals_due=tuple(due_shown(due) for due in view.vitals_due),
        wanted=view.wanted,
        step_up=None if view.step_up is None else step_up_shown(view.step_up),
        proposals=tuple(proposal_shown(one) for one in view.proposals),
        notice=NOTICE,
        started=iso_or_none(view.started_ms),
        rate_changed=iso_or_none(view.rate_changed_ms),
        age=person.age,
        weight=amount_shown(person.weight_centi_kg, "kg"),
        first_dose=person.first_dose,
        dose_number=person.dose_number,
        doses=person.doses_planned,
        dose=amount_shown(person.dose_centi_g, "g"),
        concentration=amount_shown(person.concentration_centi_mg_per_ml, "mg/mL"),
        volume=None if view.volume is None else volume_shown(view.volume),
        given=tuple(given_shown(one) for one in view.given[-SHOWN_MAX:]),
        symptoms=tuple(symptom_shown(one) for one in view.symptoms),
        devices=tuple(device_shown(one) for one in view.devices[:SHOWN_MAX]),
        snoozes=tuple(snooze_shown(one) for one in view.snoozes),
        untold=tuple(untold_shown(one) for one in view.untold),
        why_not=None if view.why_not is None else why_not_shown(view.why_not),
    )
    return _retained(topic(unit, view.bed, NOBODY, "state"), encode_published(payload))


def _unshown(view: BedView) -> tuple[str, ...]:
    """Return how much of what stands at a bed its state has no room for."""
    shown = (("alerts", view.alerts), ("drugs", view.given), ("devices", view.devices))
    return tuple(
        f"{len(rows) - SHOWN_MAX} more {what} are not shown"
        for what, rows in shown
        if len(rows) > SHOWN_MAX
    )


def ack_announcement(
    *, unit: str, bed: str, device: str, boot: str, sequence: int, now_ms: int
) -> Announcement:
    """Return the retained number of the last message of a device that is stored."""
    payload = AckPayload(boot=boot, seq=sequence, t=iso(now_ms))
    return _retained(topic(unit, bed, device, "ack"), encode_published(payload))


def head_announcement(*, unit: str, row: int, digest: str, now_ms: int) -> Announcement:
    """Return the retained head of the ledger of a day."""
    at = iso(now_ms)
    payload = HeadPayload(day=at[:10], row=row, hash=digest, t=at)
    return _retained(head_topic(unit), encode_published(payload))


def _retained(name: str, payload: bytes) -> Announcement:
    return Announcement(topic=name, payload=payload, qos=AT_LEAST_ONCE, retain=True)


def _advice(advice: AdviceChanged, unit: str) -> Announcement:
    payload = AdvicePayload(
        id=advice.id,
        rev=advice.revision,
        t=iso(advice.at_ms),
        session=advice.session,
        alert=advice.alert,
        ladder=advice.ladder,
        pattern=advice.pattern,
        grade=grade_or_none(advice.grade),
        steps=tuple(step_shown(step) for step in advice.steps),
        reason=advice.reason,
        plan=advice.plan,
        end=advice.end,
        recurrences=advice.recurrences,
        why=advice.why,
        restart_at=iso_or_none(advice.restart_ms),
    )
    return _retained(topic(unit, advice.bed, NOBODY, "advice"), encode_published(payload))


def _call(effect: AlertEscalated, unit: str) -> Announcement:
    payload = CallPayload(
        alert=effect.alert,
        rev=effect.revision,
        t=iso(effect.at_ms),
        session=effect.session,
        level=effect.level,
        to=effect.to,
        failsafe=effect.failsafe,
        priority=effect.priority,
        grade=grade_or_none(effect.grade),
        label=effect.label,
        waited_s=effect.waited_ms // 1000,
        by=effect.by,
        reason=effect.reason,
    )
    name, data = topic(unit, effect.bed, NOBODY, "call"), encode_published(payload)
    # A call is for now: whoever starts later reads from the retained alert whom it went to.
    return Announcement(topic=name, payload=data, qos=AT_LEAST_ONCE, retain=False)


def _answer(effect: ActRecorded, unit: str) -> Announcement:
    """Return what became of an act; for now, so not retained."""
    payload = AnswerPayload(
        id=effect.id,
        t=iso(effect.at_ms),
        session=effect.session,
        act=effect.act,
        by=effect.by,
        refused=effect.refused,
        alert=effect.alert,
        step=effect.step,
    )
    name, data = topic(unit, effect.bed, NOBODY, "answer"), encode_published(payload)
    return Announcement(topic=name, payload=data, qos=AT_LEAST_ONCE, retain=False)


def _measure(effect: MeasurementWanted, unit: str) -> Announcement:
    payload = MeasurePayload(
        t=iso(effect.at_ms), session=effect.session, ch=effect.channel, reason=effect.reason
    )
    name = topic(unit, effect.bed, NOBODY, "measure")
    data = encode_published(payload)
    return Announcement(topic=name, payload=data, qos=AT_LEAST_ONCE, retain=False)


def _refused(effect: SessionChanged | ActRecorded, unit: str) -> tuple[Announcement, ...]:
    """Return the rejection of a session event or an act that was refused, for its sender."""
    if isinstance(effect, SessionChanged):
        kind, field, value, device = "session", "event", effect.event, ""
        limit = effect.reason if effect.refused else ""
    else:
        kind, field, value, device = "act", "act", effect.act, effect.via
        limit = effect.refused
    if not limit:
        return ()
    code, is_unknown, rest = limit.partition(f"{UNKNOWN_SESSION}: ")
    if kind == "session" and not is_unknown and value in TOLD_TWICE:
        return ()
    refused = MessageRejected(
        at_ms=effect.at_ms,
        bed=effect.bed,
        session=effect.session,
        device=device,
        topic="",
        reason=UNKNOWN_SESSION if is_unknown else f"{kind}-refused",
        field=field,
        value=value,
        limit=code + rest,
        sha256="",
        excerpt="",
    )
    return (_reject(refused, unit),)


def _moved(effect: SessionMoved, unit: str) -> tuple[Announcement, ...]:
    """Return what clears the topics of a bed whose session has gone to another."""
    names = [alert_topic(unit, effect.bed, alert) for alert in effect.alerts]
    names.append(topic(unit, effect.bed, NOBODY, "advice"))
    return tuple(_retained(name, CLEARED) for name in names)


def _reject(effect: MessageRejected, unit: str) -> Announcement:
    payload = RejectPayload(
        t=iso(effect.at_ms),
        bed=effect.bed,
        device=effect.device,
        topic=effect.topic,
        reason=effect.reason,
        field=effect.field,
        value=effect.value,
        limit=effect.limit,
        sha256=effect.sha256,
        excerpt=effect.excerpt,
    )
    name = topic(unit, NOBODY, MONITOR, "reject")
    data = encode_published(payload)
    return Announcement(topic=name, payload=data, qos=AT_MOST_ONCE, retain=False)
