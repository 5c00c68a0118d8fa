"""What stands behind the score of a cohort: how soon, how often for nothing, and by which rules.

The figures of a report are drawn from these. Everything is counted by event and by session, with
the spans of :mod:`monitor.study.cohort_found`.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Final

import msgspec
import numpy as np

from monitor.facts.truth import TrueEvent
from monitor.study.cohort_baseline import BaselineRow, baseline_rows
from monitor.study.cohort_found import (
    HOUR_MS,
    OURS,
    OURS_SHOWN,
    HeardEvent,
    found_by,
    interval,
    is_false,
    ratio,
    rule_keys,
    span_of,
    times_of,
    uneventful_ms,
)
from monitor.study.cohort_heard import MINUTE_MS, PRIORITIES, USUAL_CARE, HeardAlert, SessionHeard
from monitor.study.cohort_load import AlarmLoad, load_of
from monitor.study.cohort_score import GRADE3
from monitor.study.cohort_trust import CohortTrust, trust_of, wilson

CURVE_POINTS: Final = 200


class DetectionRow(msgspec.Struct, frozen=True, kw_only=True):
    """The events of one pattern and true grade, by when somebody was called."""

    pattern: str
    grade: int
    events: int
    before: int
    in_time: int
    late: int
    missed: int


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """For how many of all events a rule had begun by so many minutes; it ends at those found."""

    key: str
    rule: str
    events: int
    median: float | None
    points: tuple[tuple[float, float], ...]


class FalseRow(msgspec.Struct, frozen=True, kw_only=True):
    """Calls at times that belong to no event, by the highest grade of the alert."""

    grade: int
    calls: int
    per_patient_hour: float | None
    interval: tuple[float, float]
    """95 % of resamples of sessions."""
    per_session: float | None
    per_session_interval: tuple[float, float]


class FalsePriority(msgspec.Struct, frozen=True, kw_only=True):
    """Alerts whose highest priority was this and was reached at a time that belongs to no event."""

    priority: str
    alerts: int
    """Of this priority, right and wrong."""
    false: int
    per_patient_hour: float | None
    interval: tuple[float, float]
    per_session: float | None
    per_session_interval: tuple[float, float]


class RuleShare(msgspec.Struct, frozen=True, kw_only=True):
    """Calls of which a row was a reason; ``alone`` where it was the only one.

    Without the row, calls of ``alone`` would have come later or not at all.
    """

    rule: str
    calls: int
    false: int
    alone: int
    alone_false: int


class CohortDetail(msgspec.Struct, frozen=True, kw_only=True):
    """The figures behind a score."""

    detection: tuple[DetectionRow, ...]
    curves: tuple[Curve, ...]
    """One of every rule."""
    lead_grade3: Curve
    """Minutes from the call to the worst moment of events of grade 3 and 4."""
    lead_true_grade3: Curve
    """Minutes from the call until the truth reached grade 3; above 0 was before."""
    lead_action: Curve
    """Minutes from the call to the first thing that people did, of events in which they did."""
    acted: int
    """Events in which people slowed, paused or stopped the pump or gave a drug."""
    lead_usual_care: Curve
    """Minutes by which we showed an event before usual care found it, of those both found."""
    lead_usual_care_called: Curve
    """Minutes by which we called before usual care found an event, of those both found."""
    found_only_here: int
    found_only_by_usual_care: int
    """By what was shown at any grade."""
    called_only_here: int
    called_only_by_usual_care: int
    """By what called somebody."""
    false: tuple[FalseRow, ...]
    false_priorities: tuple[FalsePriority, ...]
    quiet_sessions: int
    quiet_sessions_called: int
    quiet_interval: tuple[float, float] | None
    """95 % interval of the share of quiet sessions in which somebody was called (Wilson)."""
    load: AlarmLoad
    rules: tuple[RuleShare, ...]
    baseline: tuple[BaselineRow, ...]
    trust: CohortTrust


def detail_of(sessions: Sequence[SessionHeard], *, seed: int = 1) -> CohortDetail:
    """Return what stands behind the score of sessions; resampling follows the seed."""
    events = [(heard, event) for heard in sessions for event in heard.truth.events]
    grave = [(heard, event) for heard, event in events if event.grade >= GRADE3]
    quiet = [heard for heard in sessions if not heard.truth.events]
    called = sum(bool(times_of(OURS, heard)) for heard in quiet)
    gains, ours, theirs = _against_usual_care(OURS_SHOWN, events)
    called_gains, our_calls, not_called = _against_usual_care(OURS, events)
    reached = [event for _, event in grave if event.grade3_ms is not None]
    acted = [one for one in events if _first_deed(*one) is not None]
    return CohortDetail(
        detection=tuple(_detection(events)),
        curves=tuple(_curve(key, _minutes(key, events), len(events)) for key in rule_keys()),
        lead_grade3=_curve(OURS, _leads(grave), len(grave)),
        lead_true_grade3=_curve(OURS, _true_leads(grave), len(reached)),
        lead_action=_curve(OURS, _deed_leads(acted), len(acted)),
        acted=len(acted),
        lead_usual_care=_curve(OURS_SHOWN, gains, len(gains)),
        lead_usual_care_called=_curve(OURS, called_gains, len(called_gains)),
        found_only_here=ours,
        found_only_by_usual_care=theirs,
        called_only_here=our_calls,
        called_only_by_usual_care=not_called,
        false=tuple(_false(sessions, seed)),
        false_priorities=tuple(_false_priorities(sessions, seed)),
        quiet_sessions=len(quiet),
        quiet_sessions_called=called,
        quiet_interval=wilson(called, len(quiet)),
        load=load_of(sessions),
        rules=tuple(_rules(sessions)),
        baseline=baseline_rows(sessions),
        trust=trust_of(sessions),
    )


def _detection(events: Sequence[HeardEvent]) -> Iterator[DetectionRow]:
    for pattern, grade in sorted({(event.pattern, event.grade) for _, event in events}):
        found = Counter(
            found_by(times_of(OURS, heard), event).when
            for heard, event in events
            if (event.pattern, event.grade) == (pattern, grade)
        )
        yield DetectionRow(
            pattern=pattern,
            grade=grade,
            events=sum(found.values()),
            before=found["before"],
            in_time=found["in time"],
            late=found["late"],
            missed=found["missed"],
        )


def _minutes(key: str, events: Sequence[HeardEvent]) -> list[float]:
    """Return the minutes from onset to what found each event."""
    found = [(found_by(times_of(key, heard), event).at_ms, event) for heard, event in events]
    return [(at - event.onset_ms) / MINUTE_MS for at, event in found if at is not None]


def _leads(grave: Sequence[HeardEvent]) -> list[float]:
    """Return the minutes from the call to the worst moment of events; below 0 if late."""
    found = [(found_by(times_of(OURS, heard), event).at_ms, event) for heard, event in grave]
    return [(event.peak_ms - at) / MINUTE_MS for at, event in found if at is not None]


def _true_leads(grave: Sequence[HeardEvent]) -> list[float]:
    """Return the minutes from the call until the truth reached grade 3; below 0 if after it."""
    found = [(found_by(times_of(OURS, heard), event).at_ms, event) for heard, event in grave]
    return [
        (event.grade3_ms - at) / MINUTE_MS
        for at, event in found
        if at is not None and event.grade3_ms is not None
    ]


def _first_deed(heard: SessionHeard, event: TrueEvent) -> int | None:
    """Return when people first did something about an event; None if they did nothing."""
    last_ms = span_of(event)[1]
    return min((at for at in heard.deeds_ms if event.onset_ms <= at <= last_ms), default=None)


def _deed_leads(acted: Sequence[HeardEvent]) -> list[float]:
    """Return the minutes from the call to the first deed; below 0 if people were first."""
    found = [
        (found_by(times_of(OURS, heard), event).at_ms, _first_deed(heard, event))
        for heard, event in acted
    ]
    return [(deed - at) / MINUTE_MS for at, deed in found if at is not None and deed is not None]


def _against_usual_care(key: str, events: Sequence[HeardEvent]) -> tuple[list[float], int, int]:
    """Return a rule's gains over usual care, and how many events only one of them found."""
    gains, ours, theirs = [], 0, 0
    for heard, event in events:
        here = found_by(times_of(key, heard), event).at_ms
        there = found_by(times_of(USUAL_CARE, heard), event).at_ms
        if here is not None and there is not None:
            gains.append((there - here) / MINUTE_MS)
        ours += here is not None and there is None
        theirs += here is None and there is not None
    return gains, ours, theirs


def _curve(key: str, minutes: Sequence[float], events: int) -> Curve:
    """Return the distribution of minutes as a share of all events, thinned to be drawn."""
    found = sorted(minutes)
    whole = [(round(at, 2), round(number / events, 4)) for number, at in enumerate(found, 1)]
    every = max(1, -(-len(whole) // CURVE_POINTS))
    kept = [*whole[::every], *whole[-1:]] if whole else []
    return Curve(
        key=key,
        rule=rule_keys()[key],
        events=events,
        median=round(median(found), 2) if found else None,
        points=tuple(dict.fromkeys(kept)),
    )


def _false(sessions: Sequence[SessionHeard], seed: int) -> Iterator[FalseRow]:
    hours = _uneventful_hours(sessions)
    for grade in (1, 2, 3, 4):
        counts = np.array(
            [
                sum(
                    one.grade == grade
                    and one.called_ms is not None
                    and is_false(one.called_ms, heard.truth)
                    for one in heard.alerts
                )
                for heard in sessions
            ],
            np.int64,
        )
        total = int(counts.sum())
        yield FalseRow(
            grade=grade,
            calls=total,
            per_patient_hour=ratio(total, float(hours.sum())),
            interval=interval(counts, hours, seed),
            per_session=ratio(total, len(sessions)),
            per_session_interval=interval(counts, np.ones(len(sessions)), seed),
        )


def _false_priorities(sessions: Sequence[SessionHeard], seed: int) -> Iterator[FalsePriority]:
    hours = _uneventful_hours(sessions)
    for level, priority in enumerate(PRIORITIES):
        mine = [
            [at_ms for one in heard.alerts if (at_ms := _highest_at(one, level)) is not None]
            for heard in sessions
        ]
        counts = np.array(
            [
                sum(is_false(at_ms, heard.truth) for at_ms in times)
                for times, heard in zip(mine, sessions, strict=True)
            ],
            np.int64,
        )
        total = int(counts.sum())
        yield FalsePriority(
            priority=priority,
            alerts=sum(map(len, mine)),
            false=total,
            per_patient_hour=ratio(total, float(hours.sum())),
            interval=interval(counts, hours, seed),
            per_session=ratio(total, len(sessions)),
            per_session_interval=interval(counts, np.ones(len(sessions)), seed),
        )


def _highest_at(one: HeardAlert, level: int) -> int | None:
    """Return when an alert reached a priority, if it was the highest that it had."""
    is_highest = all(at is None for at in one.priority_ms[level + 1 :])
    return one.priority_ms[level] if is_highest else None


def _uneventful_hours(
    sessions: Sequence[SessionHeard],
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([uneventful_ms(heard.truth) / HOUR_MS for heard in sessions])


def _rules(sessions: Sequence[SessionHeard]) -> Iterator[RuleShare]:
    calls: Counter[str] = Counter()
    false: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    alone_false: Counter[str] = Counter()
    for heard in sessions:
        for one in heard.alerts:
            if one.called_ms is None:
                continue
            wrong = is_false(one.called_ms, heard.truth)
            for rule in one.rules:
                calls[rule] += 1
                false[rule] += wrong
                alone[rule] += len(one.rules) == 1
                alone_false[rule] += len(one.rules) == 1 and wrong
    for rule, number in sorted(calls.items(), key=lambda item: (-item[1], item[0])):
        yield RuleShare(
            rule=rule,
            calls=number,
            false=false[rule],
            alone=alone[rule],
            alone_false=alone_false[rule],
        )
