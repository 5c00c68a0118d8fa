"""What is true about one bed now, with its reasons: the picture that an episode shows."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from detectors.channels import N_CHANNELS, NEVER
from detectors.explanation import RuleReason, rule_reasons
from monitor.care import alerts
from monitor.care.reasons import (
    FULL_NAMES,
    because_clearing,
    because_rule,
    because_symptom,
    label,
)
from monitor.facts.effects import Because, Context, Persistence, Priority
from monitor.ward.bedside import Bedside
from monitor.ward.judged import Judged
from monitor.ward.ward_state import WardState

REACTION: Final = "reaction"
"""Cause of the one physiological episode of a bed."""

PENDING_LEAST_GRADE: Final = 2
"""An unconfirmed sign of at least this grade is shown, and its repeat asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is true about one bed now, or None where there is nothing to show."""

    picture: alerts.Picture | None
    pending: bool
    recovering: bool
    onset_ms: int
    unconfirmed: tuple[tuple[str, int], ...]


def one(row: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """Return the index of a single bed."""
    return np.array([row], np.int32)


def seen(state: WardState, bed: Bedside, judged: Judged | None = None) -> Seen:
    """Return what is true about a bed, with its reasons.

    ``judged`` are the beds among which it was just judged, where there are any.
    """
    detection, row = state.detection, bed.row
    if judged is None:
        judged = Judged.alone(state, bed)
    place = judged.place(bed)
    signs, shown = detection.params.signs, detection.shown[row].tolist()
    grades, grade = judged.signs[place].tolist(), judged.grade[place]
    held = tuple((sign, sure) for sign, sure in zip(signs, grades, strict=True) if sure)
    unsure = tuple(
        (sign, now)
        for sign, now, sure in zip(signs, shown, grades, strict=True)
        if now > sure and now >= PENDING_LEAST_GRADE
    )
    if not held and not unsure:
        return Seen(picture=None, pending=False, recovering=False, onset_ms=0, unconfirmed=())
    deciding = rule_reasons(detection, row, confirmed=True, of=judged.grounds, place=place)
    confirmed = because_symptoms(state, bed) + tuple(
        row_ for reason in deciding for row_ in because_rule(reason)
    )
    pending = tuple(
        row_
        for reason in rule_reasons(detection, row, confirmed=False, of=judged.grounds, place=place)
        if reason.rule.grade >= PENDING_LEAST_GRADE
        for row_ in because_rule(reason)
    )
    explained = {row_.sign for row_ in confirmed}
    confirmed += tuple(
        because_clearing(sign, held_) for sign, held_ in held if sign not in explained
    )
    confirmed = tuple(sorted(confirmed, key=lambda row_: -row_.grade))
    worst = max((grade_ for _, grade_ in unsure), default=0)
    begun_ms = detection.track.since_ms[row, :, 0].tolist()
    since = [
        first_ms for first_ms, now in zip(begun_ms, shown, strict=True) if now and first_ms != NEVER
    ]
    since += [symptom.onset_ms for symptom in bed.symptoms.values()]
    picture = alerts.Picture(
        cause=REACTION,
        kind="physiological",
        priority=_priority(grade, worst),
        pattern=bed.pattern,
        grade=max(grade, 1),
        signs=held + tuple((f"{sign}?", grade_) for sign, grade_ in unsure),
        label=label(confirmed, pending),
        because=confirmed + pending,
        context=context(bed, int(detection.at_ms[row])),
    )
    return Seen(
        picture=picture,
        pending=not held,
        recovering=bool(held) and not any(shown) and not _held_by_more(state, bed, deciding),
        onset_ms=min(since, default=int(detection.at_ms[row])),
        unconfirmed=unsure,
    )


def _held_by_more(state: WardState, bed: Bedside, deciding: tuple[RuleReason, ...]) -> bool:
    """Whether a confirmed sign rests on what people chart, or on a value that is only too old."""
    too_old = any(all(one.margin_centi >= 0 for one in reason.clauses) for reason in deciding)
    return too_old or bool(state.detection.charted[bed.row].any())


def persistence(state: WardState, bed: Bedside) -> tuple[Persistence, ...]:
    """Return how long each sign of a bed has lasted, and what it needs to be confirmed and to end.

    A confirmed sign is told at its confirmed grade, another at the grade that it shows.
    """
    detection, row = state.detection, bed.row
    track, times = detection.track, detection.params.confirmation
    found = []
    for i, sign in enumerate(detection.params.signs):
        sure = int(track.grade[row, i])
        grade = sure or int(detection.shown[row, i])
        if grade:
            since_ms = int(track.since_ms[row, i, grade - 1])
            found.append(
                Persistence(
                    sign=sign,
                    grade=grade,
                    confirmed=sure > 0,
                    persist_ms=int(times.persist_ms[i]),
                    clear_ms=int(times.clear_ms[i]),
                    readings=int(track.readings[row, i, grade - 1]),
                    since_ms=None if since_ms == NEVER else since_ms,
                )
            )
    return tuple(found)


def _priority(grade: int, unconfirmed: int) -> Priority:
    """Priority of a confirmed grade; a severe sign that waits for its repeat is medium."""
    confirmed = alerts.PRIORITY_OF_GRADE[grade]
    waiting: Priority = "info"
    if unconfirmed:
        waiting = "medium" if unconfirmed > PENDING_LEAST_GRADE else "low"
    return max(confirmed, waiting, key=lambda priority: alerts.RANK[priority])


def because_symptoms(state: WardState, bed: Bedside) -> tuple[Because, ...]:
    """Return the rows of the symptoms that are charted as present."""
    rows = {row.name: row for row in state.settings.symptoms}
    return tuple(
        because_symptom(rows[symptom.name], symptom.severity, symptom.onset_ms)
        for symptom in bed.symptoms.values()
    )


def context(bed: Bedside, at_ms: int) -> Context:
    """Return what the infusion was doing at a time."""

    def minutes(since_ms: int | None) -> int | None:
        return None if since_ms is None else max(0, at_ms - since_ms) // 60_000

    return Context(
        minutes_since_start=minutes(bed.started_ms),
        minutes_since_rate_change=minutes(bed.rate_changed_ms),
        rate_centi_ml_per_h=bed.rate_centi,
        product=bed.opened.product if bed.opened else "",
        first_dose=bed.opened.first_dose if bed.opened else None,
        baseline=bed.baseline,
    )


def missing_measurements(state: WardState, bed: Bedside) -> tuple[str, ...]:
    """Return why a bed cannot be assessed, one reason for each measurement it needs."""
    row = bed.row
    silent, _, absent, *_ = state.troubled[row].reshape(-1, N_CHANNELS)
    reasons = []
    for channel in state.settings.silence.required:
        if state.detection.measured_ms[row, channel] == NEVER:
            reasons.append(f"no {FULL_NAMES[channel]} yet")
        elif silent[channel]:
            reasons.append(f"{FULL_NAMES[channel]} is silent")
        elif absent[channel]:
            reasons.append(f"{FULL_NAMES[channel]}: the device reports no value")
    return tuple(reasons)
