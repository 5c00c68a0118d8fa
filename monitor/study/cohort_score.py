"""Scores of a cohort with known truth: what was found, how early, and what was called for nothing.

Everything is counted by event and by session, never by sample, with the spans of
:mod:`monitor.study.cohort_found`.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from monitor.study.cohort_found import (
    AFTER_MS,
    HOUR_MS,
    NARROW_AFTER_MS,
    WORDS,
    HeardEvent,
    found_by,
    interval,
    is_false,
    middle,
    patient_hours,
    ratio,
    rule_keys,
    times_of,
    uneventful_ms,
    within,
)
from monitor.study.cohort_heard import MINUTE_MS, ForbiddenStep, SessionHeard, forbidden_steps
from monitor.study.cohort_load import WardLoad, session_floods, ward_load
from monitor.study.cohort_patterns import PatternScore, PatternTime, pattern_scores, pattern_times

GRADE3: Final = 3
GRADES: Final = 5


class RuleScore(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule did over all sessions; shares of events, rates of uneventful time."""

    rule: str
    found: float
    before: float
    in_time: float
    late: float
    missed: float
    found_by_worst: float
    """Before the onset or in time, so by the worst moment."""
    found_grade3: float | None
    """Of the events of grade 3 and 4 alone; None without any."""
    minutes_to_alert: float | None
    """Median from onset, of those found; negative where it was before."""
    minutes_before_worst: float | None
    alerts_per_patient_hour: float
    """How often it began to hold, right or wrong, over all hours."""
    false_per_patient_hour: float
    false_interval: tuple[float, float]
    """95 % of resamples of sessions."""
    share_sessions_false: float
    ppv: float | None
    """Share of all that began to hold which belongs to an event."""


class CohortScore(msgspec.Struct, frozen=True, kw_only=True):
    """The score of a cohort."""

    sessions: int
    events: int
    quiet_sessions: int
    patient_hours: float
    uneventful_hours: float
    rules: tuple[RuleScore, ...]
    narrow_rules: tuple[RuleScore, ...]
    """The same where an alert belongs to an event until 15 min after its end, and not 60."""
    patterns: tuple[PatternScore, ...]
    times: tuple[PatternTime, ...]
    """How soon every rule found the events of every pattern."""
    confusion: tuple[tuple[int, ...], ...]
    """Events and quiet sessions by true grade (row) and highest grade alerted (column)."""
    weighted_kappa: float | None
    alerts_per_patient_hour: float
    floods: int
    """How often one session alone began more than 10 reaction alerts in 10 minutes."""
    ward_load: WardLoad
    """What whoever has all beds of a file before them is told, and how often that is a flood."""
    must_not_sessions: int = 0
    """Sessions of which the truth names a step that would be a fault."""
    must_not_violations: tuple[ForbiddenStep, ...] = ()
    unobserved_events: int = 0
    """Events that began after their recording had ended: neither found nor missed."""
    digest: str = ""
    faults: tuple[str, ...] = ()


def score_of(sessions: Sequence[SessionHeard], *, seed: int = 1) -> CohortScore:
    """Return the score of sessions; the resampling of intervals follows the seed."""
    events = [(heard, event) for heard in sessions for event in heard.truth.events]
    hours, narrow_hours = (
        np.array([uneventful_ms(heard.truth, after_ms) / HOUR_MS for heard in sessions])
        for after_ms in (AFTER_MS, NARROW_AFTER_MS)
    )
    confusion = _confusion(sessions)
    shown = sum(len(heard.alerts) for heard in sessions)
    total_h = patient_hours(sessions)
    return CohortScore(
        sessions=len(sessions),
        events=len(events),
        quiet_sessions=sum(not heard.truth.events for heard in sessions),
        patient_hours=round(total_h, 2),
        uneventful_hours=round(float(hours.sum()), 2),
        rules=tuple(_rule_score(key, sessions, events, hours, seed) for key in rule_keys()),
        narrow_rules=tuple(
            _rule_score(key, sessions, events, narrow_hours, seed, NARROW_AFTER_MS)
            for key in rule_keys()
        ),
        patterns=tuple(pattern_scores(events)),
        times=tuple(pattern_times(events)),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        weighted_kappa=weighted_kappa(confusion),
        alerts_per_patient_hour=ratio(shown, total_h) or 0.0,
        floods=session_floods(sessions),
        ward_load=ward_load(sessions),
        must_not_sessions=sum(bool(heard.truth.must_not) for heard in sessions),
        must_not_violations=tuple(forbidden_steps(sessions)),
        unobserved_events=sum(len(heard.truth.unobserved) for heard in sessions),
    )


def _rule_score(
    key: str,
    sessions: Sequence[SessionHeard],
    events: Sequence[HeardEvent],
    hours: np.ndarray[tuple[int], np.dtype[np.float64]],
    seed: int,
    after_ms: int = AFTER_MS,
) -> RuleScore:
    found = [found_by(times_of(key, heard), event, after_ms) for heard, event in events]
    severe = [one for one, (_, event) in zip(found, events, strict=True) if event.grade >= GRADE3]
    minutes, lead = [], []
    for one, (_, event) in zip(found, events, strict=True):
        if one.at_ms is not None:
            minutes.append((one.at_ms - event.onset_ms) / MINUTE_MS)
            lead.append((event.peak_ms - one.at_ms) / MINUTE_MS)
    begun = [times_of(key, heard) for heard in sessions]
    false = np.array(
        [
            sum(is_false(at, heard.truth, after_ms) for at in times)
            for times, heard in zip(begun, sessions, strict=True)
        ],
        np.int64,
    )
    total = sum(map(len, begun))
    when = Counter(one.when for one in found)

    def share(number: int) -> float:
        return ratio(number, len(found)) or 0.0

    return RuleScore(
        rule=WORDS[key],
        found=share(len(found) - when["missed"]),
        before=share(when["before"]),
        in_time=share(when["in time"]),
        late=share(when["late"]),
        missed=share(when["missed"]),
        found_by_worst=share(when["before"] + when["in time"]),
        found_grade3=ratio(sum(one.when != "missed" for one in severe), len(severe)),
        minutes_to_alert=middle(minutes),
        minutes_before_worst=middle(lead),
        alerts_per_patient_hour=ratio(total, patient_hours(sessions)) or 0.0,
        false_per_patient_hour=ratio(int(false.sum()), float(hours.sum())) or 0.0,
        false_interval=interval(false, hours, seed),
        share_sessions_false=ratio(int((false > 0).sum()), len(sessions)) or 0.0,
        ppv=ratio(total - int(false.sum()), total),
    )


def _confusion(sessions: Sequence[SessionHeard]) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    table = np.zeros((GRADES, GRADES), np.int64)
    for heard in sessions:
        if not heard.truth.events:
            table[0, max((one.grade for one in heard.alerts), default=0)] += 1
        for event in heard.truth.events:
            worst = max((one.grade for one in within(heard.alerts, event)), default=0)
            table[event.grade, max(worst, 0)] += 1
    return table


def weighted_kappa(table: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> float | None:
    """Return Cohen's kappa with quadratic weights; None where there is nothing to agree on.

    Source: Cohen J. Weighted kappa. Psychol Bull 1968;70:213, doi 10.1037/h0026256.
    """
    n = table.sum()
    grades = np.arange(len(table))
    weight = (grades[:, None] - grades[None, :]) ** 2
    chance = np.outer(table.sum(axis=1), table.sum(axis=0)) / max(n, 1)
    expected = float((weight * chance).sum())
    if not n or not expected:
        return None
    return round(1 - float((weight * table).sum()) / expected, 4)
