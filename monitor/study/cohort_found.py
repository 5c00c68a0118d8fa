"""What counts as found and what as false: the spans of events, and when a rule began to hold.

An event is *found* by the first alert whose time lies between :data:`BEFORE_MS` before its onset
and :data:`AFTER_MS` after its end: before the onset it is a warning, until its worst moment it is
in time, after that it is late. False is what called somebody at a time that belongs to no event.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, Literal, TypeAlias

import numpy as np

from monitor.facts.truth import TrueEvent, TrueSession
from monitor.study.cohort_heard import MINUTE_MS, USUAL_CARE, HeardAlert, SessionHeard
from monitor.study.peers import KEYS, PEERS

BEFORE_MS: Final = 5 * MINUTE_MS
AFTER_MS: Final = 60 * MINUTE_MS
"""How long before its onset and after its end an alert still belongs to an event (ours)."""

NARROW_AFTER_MS: Final = 15 * MINUTE_MS
"""The same after its end for the scores that say how much depends on it (ours)."""

FOREVER_MS: Final = 2**53
"""Stands for the end of an event that outlasts its session."""

HOUR_MS: Final = 3_600_000
RESAMPLES: Final = 1_000
INTERVAL: Final = (2.5, 97.5)

When: TypeAlias = Literal["before", "in time", "late", "missed"]
HeardEvent: TypeAlias = tuple[SessionHeard, TrueEvent]
"""An event, and what was heard of its session."""

OURS: Final = "ours"
OURS_SHOWN: Final = "ours_shown"
"""Called at medium or high priority; shown at any."""

WORDS: Final[Mapping[str, str]] = {
    OURS: "this monitor, somebody is called",
    OURS_SHOWN: "this monitor, shown at any grade",
    USUAL_CARE: "usual care: any of four, at the times vital signs are taken",
    **{peer.key: peer.words for peer in PEERS},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """How an event was found, and by what time; None where it was missed."""

    when: When
    at_ms: int | None


def rule_keys() -> Mapping[str, str]:
    """Return the rules of a score in their order, by key, in words."""
    return {key: WORDS[key] for key in (OURS, OURS_SHOWN, USUAL_CARE, *KEYS)}


def times_of(key: str, heard: SessionHeard) -> list[int]:
    """Return when a rule began to hold at a session, in order."""
    if key == OURS:
        return sorted(one.called_ms for one in heard.alerts if one.called_ms is not None)
    if key == OURS_SHOWN:
        return sorted(at for one in heard.alerts if (at := one.reached_ms[0]) is not None)
    return list(heard.peers[key])


def span_of(event: TrueEvent, after_ms: int = AFTER_MS) -> tuple[int, int]:
    """Return the times between which an alert belongs to an event, one without an end for good."""
    end_ms = FOREVER_MS if event.end_ms is None else event.end_ms
    return event.onset_ms - BEFORE_MS, max(end_ms, event.peak_ms) + after_ms


def found_by(times_ms: Sequence[int], event: TrueEvent, after_ms: int = AFTER_MS) -> Found:
    """Return how an event was found by what began at these times."""
    first_ms, last_ms = span_of(event, after_ms)
    at_ms = next((at for at in times_ms if first_ms <= at <= last_ms), None)
    if at_ms is None:
        return Found(when="missed", at_ms=None)
    if at_ms < event.onset_ms:
        return Found(when="before", at_ms=at_ms)
    return Found(when="in time" if at_ms <= event.peak_ms else "late", at_ms=at_ms)


def within(alerts: Sequence[HeardAlert], event: TrueEvent) -> list[HeardAlert]:
    """Return the alerts that stood at a time that belongs to an event."""
    first_ms, last_ms = span_of(event)
    return [
        one
        for one in alerts
        if one.reached_ms[0] is not None
        and one.reached_ms[0] <= last_ms
        and (one.ended_ms is None or one.ended_ms >= first_ms)
    ]


def is_false(at_ms: int, truth: TrueSession, after_ms: int = AFTER_MS) -> bool:
    """Tell whether a time lies within a session and belongs to none of its events."""
    spans = [span_of(event, after_ms) for event in truth.events]
    inside = truth.start_ms <= at_ms <= truth.end_ms
    return inside and not any(a <= at_ms <= b for a, b in spans)


def uneventful_ms(truth: TrueSession, after_ms: int = AFTER_MS) -> int:
    """Return how much of a session belongs to no event; spans that overlap count once."""
    total = truth.end_ms - truth.start_ms
    last = truth.start_ms
    for first_ms, last_ms in sorted(span_of(event, after_ms) for event in truth.events):
        begin, end = max(first_ms, last), min(last_ms, truth.end_ms)
        if end > begin:
            total -= end - begin
            last = end
    return total


def patient_hours(sessions: Sequence[SessionHeard]) -> float:
    """Return how many hours all sessions last from the start of the flow."""
    return sum(heard.truth.end_ms - heard.truth.start_ms for heard in sessions) / HOUR_MS


def interval(
    counts: np.ndarray[tuple[int], np.dtype[np.int64]],
    of: np.ndarray[tuple[int], np.dtype[np.float64]],
    seed: int,
) -> tuple[float, float]:
    """Return the interval of a rate when sessions are drawn again, with replacement.

    Parameters
    ----------
    counts : int64 array, shape (session,)
        What is counted.
    of : float64 array, shape (session,)
        What it is shared by: the hours of each session, or 1 for each.
    seed : int
        Draws the sessions.
    """
    if not len(counts):
        return 0.0, 0.0
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), size=RESAMPLES)
    rates = (drawn @ counts) / np.maximum(drawn @ of, 1e-9)
    low, high = np.percentile(rates, INTERVAL)
    return round(float(low), 4), round(float(high), 4)


def ratio(count: float, of: float) -> float | None:
    """Return a share with four places; None of nothing."""
    return round(count / of, 4) if of else None


def middle(values: Sequence[float]) -> float | None:
    """Return the median with two places; None of nothing."""
    return round(median(values), 2) if values else None
