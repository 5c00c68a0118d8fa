"""What stands behind the score of a cohort: how soon, how often for nothing, and by which rules.

The figures of a report are drawn from these. Everything is counted by event and by session, with
the spans of :mod:`monitor.study.cohort_score`.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Final

import msgspec
import numpy as np

from monitor.facts.truth import TrueEvent
from monitor.study.cohort_score import (
    HOUR_MS,
    OURS,
    OURS_SHOWN,
    found_by,
    interval,
    is_false,
    rule_keys,
    times_of,
    uneventful_ms,
)
from monitor.study.cohort_trust import CohortTrust, trust_of, wilson
from monitor.study.cohort_ward import MINUTE_MS, USUAL_CARE, HeardAlert, SessionHeard

FLEETING_MS: Final = MINUTE_MS
"""An alert that stood for less is fleeting (ours)."""

CHATTER: Final = 3
"""So many alerts of one cause begun within an hour chatter (ours)."""

GRADE3: Final = 3
CURVE_POINTS: Final = 200
TIMED: Final = (OURS, OURS_SHOWN, USUAL_CARE)


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


class AlarmLoad(msgspec.Struct, frozen=True, kw_only=True):
    """How much is told, whatever is right; a share is None where there is nothing to share."""

    alerts: int
    alerts_per_patient_hour: float | None
    alerts_per_session: float | None
    calls: int
    calls_per_patient_hour: float | None
    fleeting: int
    chattering_sessions: int
    minutes_standing: float | None
    longest_minutes: float | None
    most_in_one_session: int


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
    lead_grade3: Curve
    """Minutes from the call to the worst moment of events of grade 3 and 4."""
    lead_usual_care: Curve
    """Minutes by which we showed an event before usual care found it, of those both found."""
    found_only_here: int
    found_only_by_usual_care: int
    false: tuple[FalseRow, ...]
    quiet_sessions: int
    quiet_sessions_called: int
    quiet_interval: tuple[float, float] | None
    """95 % interval of the share of quiet sessions in which somebody was called (Wilson)."""
    load: AlarmLoad
    rules: tuple[RuleShare, ...]
    trust: CohortTrust


def detail_of(sessions: Sequence[SessionHeard], *, seed: int = 1) -> CohortDetail:
    """Return what stands behind the score of sessions; resampling follows the seed."""
    events = [(heard, event) for heard in sessions for event in heard.truth.events]
    quiet = [heard for heard in sessions if not heard.truth.events]
    called = sum(bool(times_of(OURS, heard)) for heard in quiet)
    gains, ours, theirs = _against_usual_care(events)
    return CohortDetail(
        detection=tuple(_detection(events)),
        curves=tuple(_curve(key, _minutes(key, events), len(events)) for key in TIMED),
        lead_grade3=_curve(OURS, _leads(events), sum(e.grade >= GRADE3 for _, e in events)),
        lead_usual_care=_curve(OURS_SHOWN, gains, len(gains)),
        found_only_here=ours,
        found_only_by_usual_care=theirs,
        false=tuple(_false(sessions, seed)),
        quiet_sessions=len(quiet),
        quiet_sessions_called=called,
        quiet_interval=wilson(called, len(quiet)),
        load=_load(sessions),
        rules=tuple(_rules(sessions)),
        trust=trust_of(sessions),
    )


def _detection(events: Sequence[tuple[SessionHeard, TrueEvent]]) -> Iterator[DetectionRow]:
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


def _minutes(key: str, events: Sequence[tuple[SessionHeard, TrueEvent]]) -> list[float]:
    """Return the minutes from onset to what found each event."""
    found = [(found_by(times_of(key, heard), event).at_ms, event) for heard, event in events]
    return [(at - event.onset_ms) / MINUTE_MS for at, event in found if at is not None]


def _leads(events: Sequence[tuple[SessionHeard, TrueEvent]]) -> list[float]:
    """Return the minutes from the call to the worst moment of grave events; below 0 if late."""
    found = [
        (found_by(times_of(OURS, heard), event).at_ms, event)
        for heard, event in events
        if event.grade >= GRADE3
    ]
    return [(event.peak_ms - at) / MINUTE_MS for at, event in found if at is not None]


def _against_usual_care(
    events: Sequence[tuple[SessionHeard, TrueEvent]],
) -> tuple[list[float], int, int]:
    gains, ours, theirs = [], 0, 0
    for heard, event in events:
        here = found_by(times_of(OURS_SHOWN, heard), event).at_ms
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
    hours = np.array([uneventful_ms(heard.truth) / HOUR_MS for heard in sessions])
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
            per_patient_hour=_ratio(total, float(hours.sum())),
            interval=interval(counts, hours, seed),
            per_session=_ratio(total, len(sessions)),
        )


def _load(sessions: Sequence[SessionHeard]) -> AlarmLoad:
    hours = sum(heard.truth.end_ms - heard.truth.start_ms for heard in sessions) / HOUR_MS
    alerts = [(heard, one) for heard in sessions for one in heard.alerts]
    calls = sum(one.called_ms is not None for _, one in alerts)
    lasted = [
        ((heard.truth.end_ms if one.ended_ms is None else one.ended_ms) - one.reached_ms[0])
        for heard, one in alerts
        if one.reached_ms[0] is not None
    ]
    return AlarmLoad(
        alerts=len(alerts),
        alerts_per_patient_hour=_ratio(len(alerts), hours),
        alerts_per_session=_ratio(len(alerts), len(sessions)),
        calls=calls,
        calls_per_patient_hour=_ratio(calls, hours),
        fleeting=sum(0 <= one < FLEETING_MS for one in lasted),
        chattering_sessions=sum(_chatters(heard.alerts) for heard in sessions),
        minutes_standing=round(median(lasted) / MINUTE_MS, 2) if lasted else None,
        longest_minutes=round(max(lasted) / MINUTE_MS, 2) if lasted else None,
        most_in_one_session=max((len(heard.alerts) for heard in sessions), default=0),
    )


def _chatters(alerts: Sequence[HeardAlert]) -> bool:
    by_cause: dict[str, list[int]] = {}
    for one in alerts:
        if one.reached_ms[0] is not None:
            by_cause.setdefault(one.cause, []).append(one.reached_ms[0])
    return any(
        times[index + CHATTER - 1] - times[index] <= HOUR_MS
        for found in by_cause.values()
        for times in (sorted(found),)
        for index in range(len(times) - CHATTER + 1)
    )


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


def _ratio(count: float, of: float) -> float | None:
    return round(count / of, 4) if of else None
