"""Facts as messages show them: the parts of payloads, each made from one record of the core."""

from typing import Final

from detectors.channels import CANONICAL_UNITS, CHANNEL_NAMES
from monitor.facts.effects import (
    NOT_ASSESSABLE,
    AlertChanged,
    Because,
    BookSays,
    Context,
    Persistence,
    PictureSays,
    Step,
)
from monitor.facts.excursions import Excursion
from monitor.facts.stays import Proposal, WatchWindow
from monitor.facts.views import (
    AlertView,
    ChannelView,
    DeviceView,
    DueSet,
    GivenView,
    SnoozeView,
    StepUpView,
    SymptomView,
    UntoldView,
    VolumeView,
    WhyNotView,
)
from monitor.wire.alert_parts import ExcursionShown
from monitor.wire.bed_parts import (
    AmountShown,
    DeviceShown,
    DueShown,
    GivenShown,
    ProposalShown,
    RateShown,
    SnoozeShown,
    StepUpShown,
    SymptomShown,
    UntoldShown,
    VolumeShown,
    WhyNotShown,
    WindowShown,
)
from monitor.wire.outbound import (
    Acknowledged,
    AlertShown,
    BecauseShown,
    BookShown,
    ChannelShown,
    ClueShown,
    ContextShown,
    PersistenceShown,
    PictureShown,
    StepShown,
    iso,
)
from monitor.wire.units import number

_UNITS: Final = dict(zip(CHANNEL_NAMES, CANONICAL_UNITS, strict=True))


def persistence_shown(one: Persistence) -> PersistenceShown:
    """Return what a message shows of one persistence."""
    return PersistenceShown(
        sign=one.sign,
        grade=one.grade,
        confirmed=one.confirmed,
        persist_s=one.persist_ms // 1000,
        clear_s=one.clear_ms // 1000,
        readings=one.readings,
        since=iso_or_none(one.since_ms),
    )


def excursion_shown(one: Excursion) -> ExcursionShown:
    """Return what a message shows of one excursion."""
    return ExcursionShown(
        what=one.what,
        words=one.words,
        v=number_or_none(one.value_centi),
        u=one.unit,
        t=iso_or_none(one.measured_ms),
        change=number_or_none(one.change_centi),
        percent=one.percent,
        noise_units=number_or_none(one.noise_units_centi),
        noise_readings=one.noise_readings,
        once_in=one.once_in,
        going=one.going,
        per_10_min=number_or_none(one.per_10_min_centi),
        rule=one.rule,
        beyond_since=iso_or_none(one.beyond_since_ms),
        beyond_s=seconds_or_none(one.beyond_ms),
        looked_s=seconds_or_none(one.looked_ms),
    )


def seconds_or_none(span_ms: int | None) -> int | None:
    """Return a length of time in whole seconds, None where there is none."""
    return None if span_ms is None else span_ms // 1000


def iso_or_none(at_ms: int | None) -> str | None:
    """Return a time as a stamp, None where there is none."""
    return None if at_ms is None else iso(at_ms)


def number_or_none(value_centi: int | None) -> int | float | None:
    """Return hundredths as a decimal, None where there are none."""
    return None if value_centi is None else number(value_centi)


def rate_shown(rate_centi_ml_per_h: int | None) -> RateShown | None:
    """Return a rate with its unit, None where it is not known."""
    return None if rate_centi_ml_per_h is None else RateShown(v=number(rate_centi_ml_per_h))


def grade_or_none(grade: int) -> int | None:
    """Return a grade, None where nothing can be said."""
    return None if grade == NOT_ASSESSABLE else grade


def acknowledged_shown(alert: AlertChanged) -> Acknowledged | None:
    """Return what a message shows of one acknowledged."""
    if not alert.acknowledged_by:
        return None
    return Acknowledged(by=alert.acknowledged_by, t=iso_or_none(alert.acknowledged_ms))


def because_shown(row: Because) -> BecauseShown:
    """Return what a message shows of one because."""
    return BecauseShown(
        rule=row.rule,
        sign=row.sign,
        grade=row.grade,
        words=row.words,
        source=row.source,
        ch=row.channel,
        v=number_or_none(row.value_centi),
        u=row.unit,
        limit=number_or_none(row.limit_centi),
        base=number_or_none(row.baseline_centi),
        noise=number_or_none(row.noise_centi),
        margin=number_or_none(row.margin_centi),
        clears_at=number_or_none(row.clears_at_centi),
        t=iso_or_none(row.measured_ms),
        symptom=row.symptom,
    )


def picture_shown(picture: PictureSays) -> PictureShown:
    """Return what a message shows of one picture."""
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


def book_shown(book: BookSays) -> BookShown:
    """Return what a message shows of one book."""
    return BookShown(
        book=book.book,
        says=book.says,
        signs=book.signs,
        grade=book.grade,
        points=book.points,
        at_least=book.at_least,
    )


def context_shown(context: Context) -> ContextShown:
    """Return what a message shows of one context."""
    return ContextShown(
        min_since_start=context.minutes_since_start,
        min_since_rate_change=context.minutes_since_rate_change,
        rate=rate_shown(context.rate_centi_ml_per_h),
        product=context.product,
        first_dose=context.first_dose,
        baseline=context.baseline,
    )


def step_shown(step: Step) -> StepShown:
    """Return what a message shows of one step."""
    return StepShown(
        key=step.key,
        words=step.words,
        who=step.who,
        source=step.source,
        state=step.state,
        because=step.because,
        dose=step.dose,
        rate=rate_shown(step.rate_centi_ml_per_h),
        by=step.by,
        t=iso_or_none(step.at_ms),
        reason=step.reason,
        given=step.given,
        response=step.response,
        response_words=step.response_words,
        look_at=iso_or_none(step.look_ms),
    )


def channel_shown(view: ChannelView) -> ChannelShown:
    """Return what a message shows of one channel."""
    return ChannelShown(
        ch=view.channel,
        v=number(view.value_centi),
        u=_UNITS[view.channel],
        t=iso(view.measured_ms),
        stale=view.stale,
        base=number_or_none(view.baseline_centi),
        noise=number_or_none(view.noise_centi),
        drift=number_or_none(view.drift_centi),
        raw=number_or_none(view.raw_centi),
        raw_t=None if view.raw_ms is None else iso(view.raw_ms),
        doubt=view.doubt,
    )


def window_shown(window: WatchWindow) -> WindowShown:
    """Return what a message shows of one window."""
    return WindowShown(
        key=window.key,
        words=window.words,
        until=iso(window.until_ms),
        holds=window.holds,
        source=window.source,
        because=window.because,
    )


def due_shown(due: DueSet) -> DueShown:
    """Return what a message shows of one due."""
    return DueShown(
        key=due.key, words=due.words, due=iso(due.due_ms), state=due.state, missing=due.missing
    )


def alert_shown(view: AlertView) -> AlertShown:
    """Return what a message shows of one alert."""
    return AlertShown(
        id=view.id,
        kind=view.kind,
        cause=view.cause,
        pattern=view.pattern,
        grade=grade_or_none(view.grade),
        priority=view.priority,
        signal=view.signal,
        state=view.condition,
        label=view.label,
        onset=iso(view.onset_ms),
        acked_by=view.acknowledged_by,
        reason=view.reason,
        called=view.called,
    )


def step_up_shown(view: StepUpView) -> StepUpShown:
    """Return what a message shows of the next step up."""
    return StepUpShown(
        rate=rate_shown(view.rate_centi_ml_per_h),
        due=iso_or_none(view.due_ms),
        ready=view.ready,
        reasons=view.reasons,
    )


def proposal_shown(one: Proposal) -> ProposalShown:
    """Return what a message shows of one proposal."""
    return ProposalShown(
        kind=one.kind,
        words=one.words,
        because=one.because,
        rate=rate_shown(one.rate_centi_ml_per_h),
    )


def amount_shown(centi: int | None, unit: str) -> AmountShown | None:
    """Return hundredths with their unit, None where there are none."""
    return None if centi is None else AmountShown(v=number(centi), u=unit)


def why_not_shown(view: WhyNotView) -> WhyNotShown:
    """Return what a message shows of why nothing fires."""
    return WhyNotShown(t=iso(view.at_ms), lines=view.lines)


def snooze_shown(view: SnoozeView) -> SnoozeShown:
    """Return what a message shows of one snooze."""
    return SnoozeShown(
        sign=view.sign, grade=view.grade, until=iso(view.until_ms), by=view.by, reason=view.reason
    )


def untold_shown(view: UntoldView) -> UntoldShown:
    """Return what a message shows of what nobody is told."""
    return UntoldShown(what=view.what, reason=view.reason, alert=view.alert)


def volume_shown(view: VolumeView) -> VolumeShown:
    """Return what a message shows of the volume."""
    return VolumeShown(
        t=iso(view.at_ms),
        by=view.by,
        infused=amount_shown(view.infused_centi_ml, "mL"),
        left=amount_shown(view.left_centi_ml, "mL"),
    )


def given_shown(view: GivenView) -> GivenShown:
    """Return what a message shows of one drug that was given."""
    return GivenShown(
        drug=view.drug,
        t=iso(view.at_ms),
        by=view.by,
        dose=amount_shown(view.dose_centi, view.dose_unit),
        step=view.step,
    )


def symptom_shown(view: SymptomView) -> SymptomShown:
    """Return what a message shows of one symptom."""
    return SymptomShown(symptom=view.symptom, severity=view.severity, since=iso(view.since_ms))


def device_shown(view: DeviceView) -> DeviceShown:
    """Return what a message shows of one device."""
    return DeviceShown(
        device=view.device,
        state=view.presence,
        heard=iso_or_none(view.heard_ms),
        associated=view.is_associated,
    )
