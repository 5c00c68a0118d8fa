"""Publications as effects again: what a station heard, in the words of the ledger.

A review, a note and a hand-over are written from effects. With a journal these come from its
ledger; without one they are made here from what was published. What a publication does not carry
is empty: the texts written from it say less, and nothing else.
"""

from collections.abc import Iterator
from typing import Final

from monitor.adapters.viewing import time_ms
from monitor.facts.effects import (
    NOT_ASSESSABLE,
    ActRecorded,
    AdviceChanged,
    AlertChanged,
    AlertEscalated,
    Because,
    Context,
    Persistence,
    PlanName,
    SessionChanged,
    SessionPhase,
    Step,
)
from monitor.facts.excursions import Excursion
from monitor.wire.alert_parts import ExcursionShown
from monitor.wire.answers import AnswerPayload
from monitor.wire.bed_parts import RateShown
from monitor.wire.outbound import (
    AdvicePayload,
    AlertPayload,
    BecauseShown,
    CallPayload,
    ContextShown,
    PersistenceShown,
    StatePayload,
    StepShown,
)

BEGINNINGS: Final = ("opened", "baseline")
FLOWING: Final = ("infusing", "slowed")


def centi(value: float | None) -> int | None:
    """Return a decimal as hundredths, None where there is none."""
    return None if value is None else round(value * 100)


def at_or_none(stamp: str | None) -> int | None:
    """Return a stamp as milliseconds since the Unix epoch, None where there is none."""
    return None if stamp is None else time_ms(stamp)


def alert_retold(bed: str, alert: AlertPayload) -> AlertChanged:
    """Return the effect that a published alert was made from, without books and pictures."""
    return AlertChanged(
        at_ms=time_ms(alert.t),
        bed=bed,
        session=alert.session,
        id=alert.id,
        revision=alert.rev,
        phase=alert.phase,
        condition=alert.state,
        signal=alert.signal,
        kind=alert.kind,
        priority=alert.priority,
        cause=alert.cause,
        pattern=alert.pattern,
        grade=_grade(alert.grade),
        onset_ms=time_ms(alert.onset),
        raised_ms=time_ms(alert.raised),
        label=alert.label,
        because=tuple(_because(row) for row in alert.because),
        context=_context(alert.context),
        grade_path=tuple((time_ms(one.t), one.grade) for one in alert.grade_path),
        acknowledged_by=alert.acked.by if alert.acked else "",
        acknowledged_ms=at_or_none(alert.acked.t) if alert.acked else None,
        realert_ms=at_or_none(alert.realert_at),
        rulebook=alert.config,
        reason=alert.reason,
        active_ms=at_or_none(alert.active),
        condition_delay_ms=alert.condition_delay_ms,
        quiet_until_ms=at_or_none(alert.quiet_until),
        flaps=alert.flaps,
        disbelief=alert.not_a_reaction,
        persistence=tuple(_persistence(one) for one in alert.persistence),
        excursions=tuple(_excursion(one) for one in alert.excursions),
    )


def advice_retold(bed: str, advice: AdvicePayload) -> AdviceChanged:
    """Return the effect that published advice was made from."""
    return AdviceChanged(
        at_ms=time_ms(advice.t),
        bed=bed,
        session=advice.session,
        id=advice.id,
        revision=advice.rev,
        alert=advice.alert,
        ladder=advice.ladder,
        pattern=advice.pattern,
        grade=_grade(advice.grade),
        steps=tuple(_step(one) for one in advice.steps),
        reason=advice.reason,
        plan=_PLANS[advice.plan],
        end=advice.end,
        recurrences=advice.recurrences,
        why=advice.why,
        restart_ms=at_or_none(advice.restart_at),
    )


def call_retold(bed: str, call: CallPayload) -> AlertEscalated:
    """Return the effect that a published call was made from."""
    return AlertEscalated(
        at_ms=time_ms(call.t),
        bed=bed,
        session=call.session,
        alert=call.alert,
        revision=call.rev,
        level=call.level,
        to=call.to,
        failsafe=call.failsafe,
        priority=call.priority,
        grade=_grade(call.grade),
        label=call.label,
        waited_ms=call.waited_s * 1000,
        by=call.by,
        reason=call.reason,
    )


def answer_retold(bed: str, answer: AnswerPayload) -> ActRecorded:
    """Return the effect that a published answer was made from."""
    return ActRecorded(
        at_ms=time_ms(answer.t),
        bed=bed,
        session=answer.session,
        id=answer.id,
        act=answer.act,
        by=answer.by,
        role="",
        via="",
        alert=answer.alert,
        step=answer.step,
        status="",
        reason="",
        refused=answer.refused,
    )


def session_retold(
    bed: str, before: StatePayload | None, state: StatePayload
) -> Iterator[SessionChanged]:
    """Yield what two states of a bed show of its session: a new phase, another rate."""
    old_phase = before.phase if before is not None and before.session == state.session else "none"
    event = ""
    if state.phase != old_phase:
        event = _event(old_phase, state.phase)
    elif before is not None and _rate(state.rate) != _rate(before.rate):
        event = "raised" if (_rate(state.rate) or 0) > (_rate(before.rate) or 0) else "lowered"
    if not event or state.phase not in _PHASES:
        return
    rate = "" if state.rate is None else f"{state.rate.v:g} {state.rate.u}"
    yield SessionChanged(
        at_ms=time_ms(state.t),
        bed=bed,
        session=state.session,
        event=event,
        phase=_PHASES[state.phase],
        before=old_phase,
        subject=state.subject,
        product=state.product,
        reason=rate,
        refused=False,
        config="",
    )


_PLANS: Final[dict[str, PlanName]] = {
    "running": "running",
    "slowed": "slowed",
    "paused": "paused",
    "resumed": "resumed",
    "stopped": "stopped",
}
_PHASES: Final[dict[str, SessionPhase]] = {
    "opened": "opened",
    "baseline": "baseline",
    "infusing": "infusing",
    "slowed": "slowed",
    "paused": "paused",
    "stopped": "stopped",
    "watch": "watch",
    "closed": "closed",
}
_EVENTS: Final = {
    "opened": "open",
    "baseline": "baseline",
    "paused": "pause",
    "stopped": "stop",
    "watch": "complete",
    "closed": "close",
}


def _event(before: str, after: str) -> str:
    """Return the event that led from one phase to another, as far as two phases show it."""
    if after in _EVENTS:
        return _EVENTS[after]
    if before in ("none", *BEGINNINGS):
        return "start"
    if before in FLOWING:
        return "raised" if after == "infusing" else "lowered"
    return "resume"


def _rate(rate: RateShown | None) -> int | None:
    return None if rate is None else centi(rate.v)


def _grade(grade: int | None) -> int:
    return NOT_ASSESSABLE if grade is None else grade


def _because(row: BecauseShown) -> Because:
    return Because(
        rule=row.rule,
        sign=row.sign,
        grade=row.grade,
        words=row.words,
        source=row.source,
        channel=row.ch,
        value_centi=centi(row.v),
        limit_centi=centi(row.limit),
        baseline_centi=centi(row.base),
        margin_centi=centi(row.margin),
        clears_at_centi=centi(row.clears_at),
        unit=row.u,
        measured_ms=at_or_none(row.t),
        symptom=row.symptom,
        noise_centi=centi(row.noise),
    )


def _context(context: ContextShown) -> Context:
    return Context(
        minutes_since_start=context.min_since_start,
        minutes_since_rate_change=context.min_since_rate_change,
        rate_centi_ml_per_h=_rate(context.rate),
        product=context.product,
        first_dose=context.first_dose,
        baseline=context.baseline,
    )


def _persistence(one: PersistenceShown) -> Persistence:
    return Persistence(
        sign=one.sign,
        grade=one.grade,
        confirmed=one.confirmed,
        persist_ms=one.persist_s * 1000,
        clear_ms=one.clear_s * 1000,
        readings=one.readings,
        since_ms=at_or_none(one.since),
    )


def _excursion(one: ExcursionShown) -> Excursion:
    return Excursion(
        what=one.what,
        words=one.words,
        value_centi=centi(one.v),
        unit=one.u,
        measured_ms=at_or_none(one.t),
        change_centi=centi(one.change),
        percent=one.percent,
        noise_units_centi=centi(one.noise_units),
        noise_readings=one.noise_readings,
        once_in=one.once_in,
        going=one.going,
        per_10_min_centi=centi(one.per_10_min),
        rule=one.rule,
        beyond_since_ms=at_or_none(one.beyond_since),
        beyond_ms=None if one.beyond_s is None else one.beyond_s * 1000,
        looked_ms=None if one.looked_s is None else one.looked_s * 1000,
    )


def _step(step: StepShown) -> Step:
    return Step(
        key=step.key,
        words=step.words,
        who=step.who,
        source=step.source,
        state=step.state,
        because=step.because,
        dose=step.dose,
        rate_centi_ml_per_h=_rate(step.rate),
        by=step.by,
        at_ms=at_or_none(step.t),
        reason=step.reason,
        given=step.given,
        response=step.response,
        response_words=step.response_words,
        look_ms=at_or_none(step.look_at),
    )
