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

from detectors.channels import CANONICAL_UNITS, CHANNEL_NAMES
from monitor.facts.effects import (
    NOT_ASSESSABLE,
    AdviceChanged,
    AlertChanged,
    AlertEscalated,
    AnyEffect,
    Because,
    BookSays,
    Context,
    MessageRejected,
    Persistence,
    PictureSays,
    Step,
)
from monitor.facts.views import AlertView, BedView, ChannelView
from monitor.wire.outbound import (
    Acknowledged,
    AckPayload,
    AdvicePayload,
    AlertPayload,
    AlertShown,
    BecauseShown,
    BookShown,
    CallPayload,
    ChannelShown,
    ClueShown,
    ContextShown,
    GradeReached,
    PersistenceShown,
    PictureShown,
    RateShown,
    RejectPayload,
    StatePayload,
    StepShown,
    encode_published,
    iso,
)
from monitor.wire.topics import MONITOR, NOBODY, topic
from monitor.wire.units import number

CLEARED: Final = b""
"""The retained payload that makes a broker forget a topic."""

AT_MOST_ONCE: Final = 0
AT_LEAST_ONCE: Final = 1

_UNITS: Final = dict(zip(CHANNEL_NAMES, CANONICAL_UNITS, strict=True))
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
        grade=_grade(alert.grade),
        onset=iso(alert.onset_ms),
        raised=iso(alert.raised_ms),
        label=alert.label,
        because=tuple(_because(row) for row in alert.because),
        books=tuple(_book(book) for book in alert.books),
        pictures=tuple(_picture(picture) for picture in alert.pictures),
        context=_context(alert.context),
        grade_path=tuple(GradeReached(t=iso(at), grade=grade) for at, grade in alert.grade_path),
        acked=_acknowledged(alert),
        realert_at=_iso(alert.realert_ms),
        config=alert.rulebook,
        reason=alert.reason,
        active=_iso(alert.active_ms),
        condition_delay_ms=alert.condition_delay_ms,
        quiet_until=_iso(alert.quiet_until_ms),
        flaps=alert.flaps,
        not_a_reaction=alert.disbelief,
        persistence=tuple(_persistence(one) for one in alert.persistence),
    )
    said = _retained(name, encode_published(payload))
    return (said, _retained(name, CLEARED)) if is_over(alert.condition, alert.signal) else (said,)


def state_announcement(view: BedView, *, unit: str, now_ms: int) -> Announcement:
    """Return the retained picture of one bed."""
    payload = StatePayload(
        t=iso(now_ms),
        session=view.session,
        subject=view.subject,
        product=view.product,
        phase=view.phase,
        rate=_rate(view.rate_centi_ml_per_h),
        grade=_grade(view.grade),
        pattern=view.pattern,
        baseline=view.baseline,
        remarks=view.remarks,
        channels=tuple(_channel(channel) for channel in view.channels),
        alerts=tuple(_alert_shown(alert) for alert in view.alerts),
        steps=view.steps,
    )
    return _retained(topic(unit, view.bed, NOBODY, "state"), encode_published(payload))


def ack_announcement(
    *, unit: str, bed: str, device: str, boot: str, sequence: int, now_ms: int
) -> Announcement:
    """Return the retained number of the last message of a device that is stored."""
    payload = AckPayload(boot=boot, seq=sequence, t=iso(now_ms))
    return _retained(topic(unit, bed, device, "ack"), encode_published(payload))


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
        grade=_grade(advice.grade),
        steps=tuple(_step(step) for step in advice.steps),
        reason=advice.reason,
        plan=advice.plan,
        end=advice.end,
        recurrences=advice.recurrences,
        why=advice.why,
        restart_at=_iso(advice.restart_ms),
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
        grade=_grade(effect.grade),
        label=effect.label,
        waited_s=effect.waited_ms // 1000,
        by=effect.by,
        reason=effect.reason,
    )
    name, data = topic(unit, effect.bed, NOBODY, "call"), encode_published(payload)
    # A call is for now: whoever starts later reads from the retained alert whom it went to.
    return Announcement(topic=name, payload=data, qos=AT_LEAST_ONCE, retain=False)


def _persistence(one: Persistence) -> PersistenceShown:
    return PersistenceShown(
        sign=one.sign,
        grade=one.grade,
        confirmed=one.confirmed,
        persist_s=one.persist_ms // 1000,
        clear_s=one.clear_ms // 1000,
        readings=one.readings,
        since=_iso(one.since_ms),
    )


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


def _iso(at_ms: int | None) -> str | None:
    return None if at_ms is None else iso(at_ms)


def _number(value_centi: int | None) -> int | float | None:
    return None if value_centi is None else number(value_centi)


def _rate(rate_centi_ml_per_h: int | None) -> RateShown | None:
    return None if rate_centi_ml_per_h is None else RateShown(v=number(rate_centi_ml_per_h))


def _grade(grade: int) -> int | None:
    return None if grade == NOT_ASSESSABLE else grade


def _acknowledged(alert: AlertChanged) -> Acknowledged | None:
    if not alert.acknowledged_by:
        return None
    return Acknowledged(by=alert.acknowledged_by, t=_iso(alert.acknowledged_ms))


def _because(row: Because) -> BecauseShown:
    return BecauseShown(
        rule=row.rule,
        sign=row.sign,
        grade=row.grade,
        words=row.words,
        source=row.source,
        ch=row.channel,
        v=_number(row.value_centi),
        u=row.unit,
        limit=_number(row.limit_centi),
        base=_number(row.baseline_centi),
        margin=_number(row.margin_centi),
        clears_at=_number(row.clears_at_centi),
        t=_iso(row.measured_ms),
        symptom=row.symptom,
    )


def _picture(picture: PictureSays) -> PictureShown:
    return PictureShown(
        pattern=picture.pattern,
        points=number(picture.points_centi),
        leads=picture.leads,
        clues=tuple(
            ClueShown(words=clue.words, kind=clue.kind, points=number(clue.points_centi))
            for clue in picture.clues
        ),
        lacking=picture.lacking,
    )


def _book(book: BookSays) -> BookShown:
    return BookShown(
        book=book.book,
        says=book.says,
        signs=book.signs,
        grade=book.grade,
        points=book.points,
        at_least=book.at_least,
    )


def _context(context: Context) -> ContextShown:
    return ContextShown(
        min_since_start=context.minutes_since_start,
        min_since_rate_change=context.minutes_since_rate_change,
        rate=_rate(context.rate_centi_ml_per_h),
        product=context.product,
        first_dose=context.first_dose,
        baseline=context.baseline,
    )


def _step(step: Step) -> StepShown:
    return StepShown(
        key=step.key,
        words=step.words,
        who=step.who,
        source=step.source,
        state=step.state,
        because=step.because,
        dose=step.dose,
        rate=_rate(step.rate_centi_ml_per_h),
        by=step.by,
        t=_iso(step.at_ms),
        reason=step.reason,
        given=step.given,
        response=step.response,
        response_words=step.response_words,
        look_at=_iso(step.look_ms),
    )


def _channel(view: ChannelView) -> ChannelShown:
    return ChannelShown(
        ch=view.channel,
        v=number(view.value_centi),
        u=_UNITS[view.channel],
        t=iso(view.measured_ms),
        stale=view.stale,
        base=_number(view.baseline_centi),
        noise=_number(view.noise_centi),
        drift=_number(view.drift_centi),
    )


def _alert_shown(view: AlertView) -> AlertShown:
    return AlertShown(
        id=view.id,
        kind=view.kind,
        cause=view.cause,
        pattern=view.pattern,
        grade=_grade(view.grade),
        priority=view.priority,
        signal=view.signal,
        state=view.condition,
        label=view.label,
        onset=iso(view.onset_ms),
        acked_by=view.acknowledged_by,
        reason=view.reason,
        called=view.called,
    )
