"""Scores of a cohort with known truth: what was found, how early, and what was called for nothing.

Everything is counted by event and by session, never by sample. An event is *found* by the first
alert whose time lies between :data:`BEFORE_MS` before its onset and :data:`AFTER_MS` after its
end: before the onset it is a warning, until its worst moment it is in time, after that it is late.
False is what called somebody at a time that belongs to no event.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, Literal, TypeAlias

import msgspec
import numpy as np

from monitor.facts.truth import TrueEvent, TrueSession
from monitor.study.cohort_ward import (
    MINUTE_MS,
    USUAL_CARE,
    ForbiddenStep,
    HeardAlert,
    SessionHeard,
    forbidden_steps,
)
from monitor.study.peers import KEYS, PEERS

BEFORE_MS: Final = 5 * MINUTE_MS
AFTER_MS: Final = 60 * MINUTE_MS
"""How long before its onset and after its end an alert still belongs to an event (ours)."""

FOREVER_MS: Final = 2**53
"""Stands for the end of an event that outlasts its session."""

HOUR_MS: Final = 3_600_000
CALLING_GRADE: Final = 2
GRADES: Final = 5
RESAMPLES: Final = 1_000
INTERVAL: Final = (2.5, 97.5)

When: TypeAlias = Literal["before", "in time", "late", "missed"]

OURS: Final = "ours"
OURS_SHOWN: Final = "ours_shown"
"""Called at medium or high priority; shown at any."""

WORDS: Final[Mapping[str, str]] = {
    OURS: "this monitor, somebody is called",
    OURS_SHOWN: "this monitor, shown at any grade",
    USUAL_CARE: "usual care: any of four, at the times vital signs are taken",
    **{peer.key: peer.words for peer in PEERS},
}


class RuleScore(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule did over all sessions; shares of events, rates of uneventful time."""

    rule: str
    found: float
    before: float
    in_time: float
    late: float
    missed: float
    found_grade3: float | None
    """Of the events of grade 3 and 4 alone; None without any."""
    minutes_to_alert: float | None
    """Median from onset, of those found; negative where it was before."""
    minutes_before_worst: float | None
    false_per_patient_hour: float
    false_interval: tuple[float, float]
    """95 % of resamples of sessions."""
    share_sessions_false: float
    ppv: float | None
    """Share of all that began to hold which belongs to an event."""


class PatternScore(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the events of one pattern."""

    pattern: str
    events: int
    found: float
    in_time: float
    named: float
    """Share of those found whose worst alert bore the name of the truth when it became worst."""
    named_longest: float
    """Share of those found that bore the name of the truth for longer than any other."""
    called: dict[str, float]
    """The names that those found bore for longest, most frequent first; shares of those found."""
    minutes_to_alert: float | None
    minutes_quarter: float | None
    minutes_three_quarters: float | None
    minutes_before_usual_care: float | None
    """Median gain over usual care, of events that both found."""


class CohortScore(msgspec.Struct, frozen=True, kw_only=True):
    """The score of a cohort."""

    sessions: int
    events: int
    quiet_sessions: int
    patient_hours: float
    uneventful_hours: float
    rules: tuple[RuleScore, ...]
    patterns: tuple[PatternScore, ...]
    confusion: tuple[tuple[int, ...], ...]
    """Events and quiet sessions by true grade (row) and highest grade alerted (column)."""
    weighted_kappa: float | None
    alerts_per_patient_hour: float
    floods: int
    """How often one session began more than 10 reaction alerts in 10 minutes."""
    must_not_sessions: int = 0
    """Sessions of which the truth names a step that would be a fault."""
    must_not_violations: tuple[ForbiddenStep, ...] = ()
    digest: str = ""
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    when: When
    at_ms: int | None


def score_of(sessions: Sequence[SessionHeard], *, seed: int = 1) -> CohortScore:
    """Return the score of sessions; the resampling of intervals follows the seed."""
    events = [(heard, event) for heard in sessions for event in heard.truth.events]
    hours = np.array([uneventful_ms(heard.truth) / HOUR_MS for heard in sessions])
    confusion = _confusion(sessions)
    shown = sum(len(heard.alerts) for heard in sessions)
    total_h = sum(heard.truth.end_ms - heard.truth.start_ms for heard in sessions) / HOUR_MS
    return CohortScore(
        sessions=len(sessions),
        events=len(events),
        quiet_sessions=sum(not heard.truth.events for heard in sessions),
        patient_hours=round(total_h, 2),
        uneventful_hours=round(float(hours.sum()), 2),
        rules=tuple(_rule_score(key, sessions, events, hours, seed) for key in rule_keys()),
        patterns=tuple(_pattern_scores(events)),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        weighted_kappa=weighted_kappa(confusion),
        alerts_per_patient_hour=_ratio(shown, total_h) or 0.0,
        floods=_floods(sessions),
        must_not_sessions=sum(bool(heard.truth.must_not) for heard in sessions),
        must_not_violations=tuple(forbidden_steps(sessions)),
    )


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


def span_of(event: TrueEvent) -> tuple[int, int]:
    """Return the times between which an alert belongs to an event, one without an end for good."""
    end_ms = FOREVER_MS if event.end_ms is None else event.end_ms
    return event.onset_ms - BEFORE_MS, max(end_ms, event.peak_ms) + AFTER_MS


def found_by(times_ms: Sequence[int], event: TrueEvent) -> _Found:
    """Return how an event was found by what began at these times."""
    first_ms, last_ms = span_of(event)
    at_ms = next((at for at in times_ms if first_ms <= at <= last_ms), None)
    if at_ms is None:
        return _Found(when="missed", at_ms=None)
    if at_ms < event.onset_ms:
        return _Found(when="before", at_ms=at_ms)
    return _Found(when="in time" if at_ms <= event.peak_ms else "late", at_ms=at_ms)


def _rule_score(
    key: str,
    sessions: Sequence[SessionHeard],
    events: Sequence[tuple[SessionHeard, TrueEvent]],
    hours: np.ndarray[tuple[int], np.dtype[np.float64]],
    seed: int,
) -> RuleScore:
    found = [found_by(times_of(key, heard), event) for heard, event in events]
    severe = [one for one, (_, event) in zip(found, events, strict=True) if event.grade >= 3]  # noqa: PLR2004 - a grade
    minutes, lead = [], []
    for one, (_, event) in zip(found, events, strict=True):
        if one.at_ms is not None:
            minutes.append((one.at_ms - event.onset_ms) / MINUTE_MS)
            lead.append((event.peak_ms - one.at_ms) / MINUTE_MS)
    false = np.array([_false(times_of(key, heard), heard.truth) for heard in sessions])
    begun = sum(len(times_of(key, heard)) for heard in sessions)
    share = {
        when: _ratio(sum(one.when == when for one in found), len(found)) or 0.0
        for when in ("before", "in time", "late", "missed")
    }
    return RuleScore(
        rule=WORDS[key],
        found=round(1 - share["missed"], 4) if found else 0.0,
        before=share["before"],
        in_time=share["in time"],
        late=share["late"],
        missed=share["missed"],
        found_grade3=_ratio(sum(one.when != "missed" for one in severe), len(severe)),
        minutes_to_alert=_median(minutes),
        minutes_before_worst=_median(lead),
        false_per_patient_hour=_ratio(int(false.sum()), float(hours.sum())) or 0.0,
        false_interval=interval(false, hours, seed),
        share_sessions_false=_ratio(int((false > 0).sum()), len(sessions)) or 0.0,
        ppv=_ratio(begun - int(false.sum()), begun),
    )


def _false(times_ms: Sequence[int], truth: TrueSession) -> int:
    """Return how often something began at a time that belongs to no event of the session."""
    return sum(is_false(at, truth) for at in times_ms)


def is_false(at_ms: int, truth: TrueSession) -> bool:
    """Tell whether a time lies within a session and belongs to none of its events."""
    spans = [span_of(event) for event in truth.events]
    inside = truth.start_ms <= at_ms <= truth.end_ms
    return inside and not any(a <= at_ms <= b for a, b in spans)


def uneventful_ms(truth: TrueSession) -> int:
    """Return how much of a session belongs to no event; spans that overlap count once."""
    total = truth.end_ms - truth.start_ms
    last = truth.start_ms
    for first_ms, last_ms in sorted(span_of(event) for event in truth.events):
        begin, end = max(first_ms, last), min(last_ms, truth.end_ms)
        if end > begin:
            total -= end - begin
            last = end
    return total


def interval(
    false: np.ndarray[tuple[int], np.dtype[np.int64]],
    hours: np.ndarray[tuple[int], np.dtype[np.float64]],
    seed: int,
) -> tuple[float, float]:
    """Return the interval of a rate when sessions are drawn again, with replacement."""
    if not len(false):
        return 0.0, 0.0
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(false), np.full(len(false), 1 / len(false)), size=RESAMPLES)
    rates = (drawn @ false) / np.maximum(drawn @ hours, 1e-9)
    low, high = np.percentile(rates, INTERVAL)
    return round(float(low), 4), round(float(high), 4)


def _pattern_scores(
    events: Sequence[tuple[SessionHeard, TrueEvent]],
) -> Iterator[PatternScore]:
    for pattern in sorted({event.pattern for _, event in events}):
        mine = [(heard, event) for heard, event in events if event.pattern == pattern]
        found = [found_by(times_of(OURS_SHOWN, heard), event) for heard, event in mine]
        minutes, gains, named = [], [], 0
        called: Counter[str] = Counter()
        for one, (heard, event) in zip(found, mine, strict=True):
            if one.at_ms is None:
                continue
            minutes.append((one.at_ms - event.onset_ms) / MINUTE_MS)
            worst = max(_within(heard.alerts, event), key=lambda alert: alert.grade, default=None)
            named += worst is not None and worst.pattern == pattern
            if worst is not None:
                called[longest_name(_within(heard.alerts, event), event, heard.truth.end_ms)] += 1
            usual = found_by(times_of(USUAL_CARE, heard), event)
            if usual.at_ms is not None:
                gains.append((usual.at_ms - one.at_ms) / MINUTE_MS)
        quarter, three = np.percentile(minutes, (25, 75)).tolist() if minutes else (None, None)
        yield PatternScore(
            pattern=pattern,
            events=len(mine),
            found=_ratio(len(minutes), len(mine)) or 0.0,
            in_time=_ratio(sum(one.when in ("before", "in time") for one in found), len(mine))
            or 0.0,
            named=_ratio(named, len(minutes)) or 0.0,
            named_longest=_ratio(called[pattern], len(minutes)) or 0.0,
            called={
                name: round(count / len(minutes), 4)
                for name, count in sorted(called.items(), key=lambda one: (-one[1], one[0]))
            },
            minutes_to_alert=_median(minutes),
            minutes_quarter=None if quarter is None else round(quarter, 2),
            minutes_three_quarters=None if three is None else round(three, 2),
            minutes_before_usual_care=_median(gains),
        )


def _within(alerts: Sequence[HeardAlert], event: TrueEvent) -> list[HeardAlert]:
    """Return the alerts that stood at a time that belongs to an event."""
    first_ms, last_ms = span_of(event)
    return [
        one
        for one in alerts
        if one.reached_ms[0] is not None
        and one.reached_ms[0] <= last_ms
        and (one.ended_ms is None or one.ended_ms >= first_ms)
    ]


def longest_name(alerts: Sequence[HeardAlert], event: TrueEvent, end_ms: int) -> str:
    """Return the name that alerts bore for longest while an event lasted.

    Parameters
    ----------
    alerts : sequence of HeardAlert
        At least one, with its names in order of time.
    event : TrueEvent
        Time before its onset and after its end does not count.
    end_ms : int
        The end of the session, where event or alert have none.

    Returns
    -------
    str
        The name of the worst alert where none stood while the event lasted; ``none`` for a time
        in which an alert bore no name.
    """
    over_ms = end_ms if event.end_ms is None else event.end_ms
    borne: Counter[str] = Counter()
    for alert in alerts:
        last_ms = end_ms if alert.ended_ms is None else alert.ended_ms
        turns = [at_ms for at_ms, _ in alert.names[1:]]
        for (at_ms, name), until_ms in zip(alert.names, [*turns, last_ms], strict=False):
            borne[name or "none"] += max(min(until_ms, over_ms) - max(at_ms, event.onset_ms), 0)
    if not borne.total():
        return max(alerts, key=lambda alert: alert.grade).pattern or "none"
    return max(borne, key=lambda name: (borne[name], name))


def _confusion(sessions: Sequence[SessionHeard]) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    table = np.zeros((GRADES, GRADES), np.int64)
    for heard in sessions:
        if not heard.truth.events:
            table[0, max((one.grade for one in heard.alerts), default=0)] += 1
        for event in heard.truth.events:
            worst = max((one.grade for one in _within(heard.alerts, event)), default=0)
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


FLOOD_MS: Final = 10 * MINUTE_MS
FLOOD_ALERTS: Final = 10
"""More than ten alerts in ten minutes for one operator is the flood of EEMUA 191."""


def _floods(sessions: Sequence[SessionHeard]) -> int:
    """Return how often a session alone made a flood, counted without overlap."""
    floods = 0
    for heard in sessions:
        times = sorted(one.reached_ms[0] or 0 for one in heard.alerts)
        at = 0
        while at + FLOOD_ALERTS < len(times):
            if times[at + FLOOD_ALERTS] - times[at] <= FLOOD_MS:
                floods += 1
                at += FLOOD_ALERTS
            at += 1
    return floods


def _ratio(count: float, of: float) -> float | None:
    return round(count / of, 4) if of else None


def _median(values: Sequence[float]) -> float | None:
    return round(median(values), 2) if values else None
