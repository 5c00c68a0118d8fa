"""Pictures of beds for screens, made from the state of the ward."""

from collections.abc import Mapping
from typing import Final, NamedTuple, TypedDict

import numpy as np

from detectors.ages import UNDER_ONE
from detectors.channels import CHANNEL_NAMES, MISSING, Bool, Channel
from detectors.detection import Detection
from detectors.quality import Reason
from detectors.traps import probable_unit
from monitor.care.alerts import RANK, Episode
from monitor.care.doubts import REASON_CODES, doubt_words, moving_words, still_words
from monitor.care.session import OPEN
from monitor.care.watches import still_open
from monitor.facts.effects import NOT_ASSESSABLE
from monitor.facts.views import (
    AlertView,
    BedView,
    ChannelView,
    DeviceView,
    PersonView,
    UntoldView,
    WardView,
    WhyNotView,
)
from monitor.ward.baselines import BaselineNumbers, baseline_numbers, baseline_remarks
from monitor.ward.bedside import Bedside
from monitor.ward.drugs import expectation_remarks
from monitor.ward.pictures import REACTION, missing_measurements
from monitor.ward.running import step_up_view
from monitor.ward.stay_views import (
    device_views,
    person_view,
    snooze_views,
    symptom_views,
    volume_view,
)
from monitor.ward.timetable import owed_sets
from monitor.ward.untold import untold
from monitor.ward.ward_state import NO_BED, WardState
from monitor.ward.why_nots import WhyNots

BASELINE_REMARK: Final = {
    "absent": "no baseline: relative rules are off",
    "provisional": "baseline provisional",
}

AGE_REMARK: Final = {
    MISSING: "age not known: judged as an adult",
    UNDER_ONE: "under one year, months not known: judged as the oldest infants",
}


class RawReading(TypedDict, total=False):
    """The fields of a :class:`ChannelView` about a reading that a gate objects to."""

    raw_centi: int
    raw_ms: int
    doubt: str


class Pictured(NamedTuple):
    """What was worked out for all beds at once, and is asked for by the row of a bed."""

    numbers: BaselineNumbers
    unsteady: tuple[Bool, Bool]
    devices: Mapping[int, tuple[DeviceView, ...]]
    untold: Mapping[int, tuple[UntoldView, ...]]
    why_nots: Mapping[int, WhyNotView]


def ward_view(
    state: WardState, why_nots: WhyNots, now_ms: int, only: frozenset[str] | None = None
) -> WardView:
    """Return a picture of all beds, or of some, in order of their names."""
    beds = [bed for bed in sorted(state.beds, key=lambda bed: bed.name) if bed.name != NO_BED]
    if only is not None:
        beds = [bed for bed in beds if bed.name in only]
    numbers = baseline_numbers(state, np.array([bed.row for bed in beds], np.int32))
    quiet = [bed for bed in beds if bed.phase in OPEN and not _has_reaction(bed)]
    among = None if only is None else [bed.row for bed in beds]
    pictured = Pictured(
        numbers=numbers,
        unsteady=state.detection.unsteady(),
        devices=device_views(state),
        untold=untold(state, beds),
        why_nots=why_nots.views(state, quiet, now_ms, among=among),
    )
    return WardView(
        unit=state.unit,
        now_ms=now_ms,
        beds=tuple(_bed_view(state, bed, now_ms, pictured, row) for row, bed in enumerate(beds)),
        outcomes={**state.outcomes, "refused messages": state.refused},
    )


def _has_reaction(bed: Bedside) -> bool:
    reaction = bed.episodes.get(REACTION)
    return reaction is not None and reaction.condition != "ended"


def _bed_view(state: WardState, bed: Bedside, now_ms: int, pictured: Pictured, row: int) -> BedView:
    """Return a picture of one bed, whose baselines are a row of the numbers."""
    numbers = pictured.numbers
    opened = bed.opened if bed.phase in OPEN else None
    remarks = [BASELINE_REMARK[bed.baseline]] if opened and bed.baseline in BASELINE_REMARK else []
    if opened:
        remarks += age_remarks(int(state.detection.age_centi[bed.row]))
        remarks += baseline_remarks(state, numbers, row)
        remarks += expectation_remarks(state, bed.row, now_ms)
        remarks += missing_measurements(state, bed)
        remarks += sensor_remarks(state, bed.row, pictured.unsteady)
    steps = bed.advice.steps if bed.advice is not None else ()
    return BedView(
        bed=bed.name,
        session=bed.session,
        subject=opened.subject if opened else "",
        product=opened.product if opened else "",
        phase=bed.phase,
        rate_centi_ml_per_h=bed.rate_centi,
        grade=NOT_ASSESSABLE if bed.grade is None else bed.grade,
        pattern=bed.pattern,
        baseline=bed.baseline,
        remarks=tuple(remarks),
        channels=tuple(
            _channel_view(state, bed.row, channel, now_ms, numbers, row)
            for channel in Channel
            if state.detection.value_centi[bed.row, channel] != MISSING
        ),
        alerts=tuple(_alert_view(one) for one in sorted(bed.episodes.values(), key=_urgency)),
        steps=tuple(
            f"{step.words} [{step.dose}]" if step.dose else step.words
            for step in steps
            if step.state in ("offered", "started")
        ),
        windows=still_open(bed.stay.windows, now_ms),
        vitals_due=owed_sets(state, bed, now_ms) if opened else (),
        wanted=tuple(sorted(bed.wanted)) if opened else (),
        step_up=step_up_view(state, bed, now_ms),
        proposals=bed.stay.proposals if opened else (),
        started_ms=bed.started_ms if opened else None,
        rate_changed_ms=bed.rate_changed_ms if opened else None,
        person=person_view(bed) if opened else PersonView(),
        volume=volume_view(bed) if opened else None,
        given=bed.stay.given if opened else (),
        symptoms=symptom_views(bed),
        devices=pictured.devices.get(bed.row, ()),
        snoozes=snooze_views(bed.snoozes),
        untold=pictured.untold.get(bed.row, ()),
        why_not=pictured.why_nots.get(bed.row),
    )


def age_remarks(age_centi: int) -> list[str]:
    """Return what people must know about the age by which a bed is judged."""
    return [AGE_REMARK[age_centi]] if age_centi in AGE_REMARK else []


def _urgency(episode: Episode) -> tuple[bool, int, int]:
    return (episode.signal != "on", -RANK[episode.picture.priority], -episode.raised_ms)


def _channel_view(
    state: WardState,
    row: int,
    channel: Channel,
    now_ms: int,
    numbers: BaselineNumbers,
    index: int,
) -> ChannelView:
    detection, params = state.detection, state.settings.silence
    base = int(detection.baseline_centi[row, channel])
    charted = bool(state.charted[row, channel])
    limit_ms = params.charted_stale_ms[channel] if charted else params.stale_ms[channel]
    return ChannelView(
        channel=CHANNEL_NAMES[channel],
        value_centi=int(detection.value_centi[row, channel]),
        measured_ms=int(detection.measured_ms[row, channel]),
        stale=bool(now_ms - int(state.received_ms[row, channel]) > limit_ms),
        baseline_centi=_stated(base),
        noise_centi=_stated(int(numbers.noise_centi[index, channel])),
        drift_centi=_stated(int(numbers.drift_centi[index, channel])),
        **_raw(detection, row, channel),
    )


def _raw(detection: Detection, row: int, channel: Channel) -> RawReading:
    """Return the newest reading as it was sent, if a gate objects to it."""
    reason = int(detection.reason[row, channel])
    if reason <= Reason.SOUND:
        return {}
    return {
        "raw_centi": int(detection.raw_centi[row, channel]),
        "raw_ms": int(detection.raw_ms[row, channel]),
        "doubt": REASON_CODES[reason],
    }


def sensor_remarks(state: WardState, row: int, unsteady: tuple[Bool, Bool]) -> list[str]:
    """Return what should be looked at: sensors that stand still or swing, refused values.

    ``unsteady`` is what :meth:`detectors.detection.Detection.unsteady` found of all beds. A
    refused value is named here while its channel has no trusted one to stand beside, and any
    that looks like one in another unit.
    """
    detection, (still, moving) = state.detection, unsteady
    words = []
    for channel in Channel:
        if still[row, channel]:
            since_ms = int(detection.steadiness.run_since_ms[row, channel])
            words.append(still_words(channel, int(detection.measured_ms[row, channel]) - since_ms))
        if moving[row, channel]:
            words.append(moving_words(channel))
        raw_centi = int(detection.raw_centi[row, channel])
        is_alone = detection.value_centi[row, channel] == MISSING
        limits = state.settings.detection.limits
        if raw_centi != MISSING and (is_alone or probable_unit(limits, channel, raw_centi)):
            sent = [raw_centi if one == channel else MISSING for one in Channel]
            reason = int(detection.reason[row, channel])
            words.append(doubt_words(limits, reason, channel, sent))
    return words


def _stated(number: int) -> int | None:
    return None if number == MISSING else number


def _alert_view(episode: Episode) -> AlertView:
    picture = episode.picture
    return AlertView(
        id=episode.id,
        kind=picture.kind,
        cause=picture.cause,
        pattern=picture.pattern,
        grade=picture.grade,
        priority=picture.priority,
        signal=episode.signal,
        condition=episode.condition,
        label=picture.label,
        onset_ms=episode.onset_ms,
        acknowledged_by=episode.acknowledged_by,
        reason=episode.reason,
        called=episode.called,
    )
