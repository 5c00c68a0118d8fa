"""How far what is told can be trusted: grades, names, and the reasons of calls for nothing.

Counted by alert, as people hear them; :mod:`monitor.study.cohort_score` counts by event. An alert
belongs to an event if it was first shown at a time that belongs to it, and to the gravest of
several. So these tables answer the question of whoever reads an alert: it says grade 3, how often
is that so?
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from monitor.facts.truth import TrueEvent
from monitor.study.cohort_found import HOUR_MS, is_false, span_of, uneventful_ms
from monitor.study.cohort_heard import HeardAlert, SessionHeard

GRADES: Final = (1, 2, 3, 4)
POINTS: Final = (0, 20, 40, 60, 80)
"""Evidence is told apart in steps of twenty points, the last one open (ours)."""

Z95: Final = 1.96


class GradeTrust(msgspec.Struct, frozen=True, kw_only=True):
    """The alerts whose highest grade was this, by the true grade of what they belonged to."""

    told: int
    alerts: int
    none: int
    """So many belonged to no event."""
    true: tuple[int, int, int, int]
    """So many belonged to an event of grade 1, 2, 3 and 4."""
    as_grave: float | None
    """Share that belonged to an event at least as grave as was told; None without any alert."""
    interval: tuple[float, float] | None
    """95 % interval of that share (Wilson)."""
    near: float | None
    """Share that belonged to an event at most one grade off."""


class NameTrust(msgspec.Struct, frozen=True, kw_only=True):
    """Alerts of events by the evidence for their name, and how often it was the true name."""

    points: int
    """From so many points on, until the next row begins."""
    alerts: int
    right: int
    share: float | None
    interval: tuple[float, float] | None


class FalseReason(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the book as a reason of calls for nothing; a call may have several reasons."""

    rule: str
    calls: int
    false: int
    share: float
    """Of all calls for nothing."""
    alone: int
    """Calls for nothing of which it was the only reason."""
    per_patient_hour: float | None
    """Calls for nothing an uneventful hour."""
    right: float
    """Share of all its calls that belong to an event."""
    interval: tuple[float, float] | None


class FalseName(msgspec.Struct, frozen=True, kw_only=True):
    """What calls for nothing were called at their worst."""

    name: str
    false: int
    share: float
    quiet: int
    """So many in sessions in which nothing happened; the others before or after an event."""


class CohortTrust(msgspec.Struct, frozen=True, kw_only=True):
    """How far what is told can be trusted."""

    grades: tuple[GradeTrust, ...]
    names: tuple[NameTrust, ...]
    false_reasons: tuple[FalseReason, ...]
    """The most frequent first."""
    false_names: tuple[FalseName, ...]


def trust_of(sessions: Sequence[SessionHeard]) -> CohortTrust:
    """Return how far the alerts of sessions could be trusted."""
    shown = [
        (alert, belongs(alert.reached_ms[0], heard.truth.events))
        for heard in sessions
        for alert in heard.alerts
        if alert.reached_ms[0] is not None
    ]
    return CohortTrust(
        grades=tuple(_grade(told, shown) for told in GRADES),
        names=tuple(_names(shown)),
        false_reasons=tuple(_reasons(sessions)),
        false_names=tuple(_false_names(sessions)),
    )


def belongs(at_ms: int, events: Sequence[TrueEvent]) -> TrueEvent | None:
    """Return the gravest event to which a time belongs; None if it belongs to none."""
    found = [event for event in events if span_of(event)[0] <= at_ms <= span_of(event)[1]]
    return max(found, key=lambda event: event.grade, default=None)


def wilson(count: int, of: int) -> tuple[float, float] | None:
    """Return the 95 % interval of a share; None of nothing.

    Source: Wilson EB. J Am Stat Assoc 1927;22:209, doi 10.1080/01621459.1927.10502953.
    """
    if not of:
        return None
    share, z2 = count / of, Z95**2
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = Z95 / (1 + z2 / of) * (share * (1 - share) / of + z2 / (4 * of**2)) ** 0.5
    return round(max(0.0, middle - half), 4), round(min(1.0, middle + half), 4)


def _grade(told: int, shown: Sequence[tuple[HeardAlert, TrueEvent | None]]) -> GradeTrust:
    mine = [event for alert, event in shown if alert.grade == told]
    grades = [event.grade for event in mine if event is not None]
    as_grave = sum(grade >= told for grade in grades)
    return GradeTrust(
        told=told,
        alerts=len(mine),
        none=len(mine) - len(grades),
        true=(grades.count(1), grades.count(2), grades.count(3), grades.count(4)),
        as_grave=_share(as_grave, len(mine)),
        interval=wilson(as_grave, len(mine)),
        near=_share(sum(abs(grade - told) <= 1 for grade in grades), len(mine)),
    )


def _names(shown: Sequence[tuple[HeardAlert, TrueEvent | None]]) -> Iterator[NameTrust]:
    for low, high in zip(POINTS, [*POINTS[1:], None], strict=True):
        mine = [
            alert.pattern == event.pattern
            for alert, event in shown
            if event is not None
            and alert.points_centi is not None
            and (low * 100 <= alert.points_centi or low == POINTS[0])
            and (high is None or alert.points_centi < high * 100)
        ]
        yield NameTrust(
            points=low,
            alerts=len(mine),
            right=sum(mine),
            share=_share(sum(mine), len(mine)),
            interval=wilson(sum(mine), len(mine)),
        )


def _reasons(sessions: Sequence[SessionHeard]) -> Iterator[FalseReason]:
    hours = sum(uneventful_ms(heard.truth) for heard in sessions) / HOUR_MS
    calls: Counter[str] = Counter()
    false: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    total = 0
    for heard in sessions:
        for one in heard.alerts:
            if one.called_ms is None:
                continue
            calls.update(one.rules)
            if is_false(one.called_ms, heard.truth):
                total += 1
                false.update(one.rules)
                alone.update(one.rules if len(one.rules) == 1 else ())
    for rule, number in sorted(false.items(), key=lambda item: (-item[1], item[0])):
        right = calls[rule] - number
        yield FalseReason(
            rule=rule,
            calls=calls[rule],
            false=number,
            share=round(number / total, 4),
            alone=alone[rule],
            per_patient_hour=_share(number, hours),
            right=round(right / calls[rule], 4),
            interval=wilson(right, calls[rule]),
        )


def _false_names(sessions: Sequence[SessionHeard]) -> Iterator[FalseName]:
    false = [
        (one.pattern or "none", not heard.truth.events)
        for heard in sessions
        for one in heard.alerts
        if one.called_ms is not None and is_false(one.called_ms, heard.truth)
    ]
    names = Counter(name for name, _ in false)
    quiet = Counter(name for name, is_quiet in false if is_quiet)
    for name, number in sorted(names.items(), key=lambda item: (-item[1], item[0])):
        share = round(number / len(false), 4)
        yield FalseName(name=name, false=number, share=share, quiet=quiet[name])


def _share(count: float, of: float) -> float | None:
    return round(count / of, 4) if of else None
