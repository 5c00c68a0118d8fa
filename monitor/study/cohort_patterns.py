"""What came of the events of each pattern: called, shown, named, and how soon by every rule."""

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from monitor.facts.truth import TrueEvent
from monitor.study.cohort_found import (
    OURS,
    OURS_SHOWN,
    Found,
    HeardEvent,
    found_by,
    middle,
    ratio,
    rule_keys,
    times_of,
    within,
)
from monitor.study.cohort_heard import MINUTE_MS, USUAL_CARE, HeardAlert


class PatternScore(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the events of one pattern.

    ``found`` to ``minutes_before_usual_care`` are of alerts shown at any grade, the ``called_``
    ones of those that called somebody, as usual care does.
    """

    pattern: str
    events: int
    found: float
    in_time: float
    named: float
    """Share of those found whose worst alert bore the name of the truth at its worst."""
    named_longest: float
    """Share of those found that bore the name of the truth for longer than any other."""
    called: dict[str, float]
    """The names that those found bore for longest, most frequent first; shares of those found."""
    minutes_to_alert: float | None
    minutes_quarter: float | None
    minutes_three_quarters: float | None
    minutes_before_usual_care: float | None
    """Median gain over usual care, of events that both found."""
    called_found: float
    called_in_time: float
    called_minutes: float | None
    called_minutes_quarter: float | None
    called_minutes_three_quarters: float | None
    called_minutes_before_usual_care: float | None


class PatternTime(msgspec.Struct, frozen=True, kw_only=True):
    """How soon one rule found the events of one pattern; minutes are None where it found none."""

    pattern: str
    rule: str
    """The key of the rule."""
    events: int
    found: float
    minutes_to_alert: float | None
    minutes_quarter: float | None
    minutes_three_quarters: float | None


def pattern_scores(events: Sequence[HeardEvent]) -> Iterator[PatternScore]:
    """Yield what came of the events of each pattern, in order of their names."""
    for pattern, mine in by_pattern(events):
        shown, called = _Seen(OURS_SHOWN, mine), _Seen(OURS, mine)
        named, borne = 0, Counter[str]()
        for one, (heard, event) in zip(shown.found, mine, strict=True):
            alerts = within(heard.alerts, event) if one.at_ms is not None else []
            if not alerts:
                continue
            named += max(alerts, key=lambda alert: alert.grade).pattern == pattern
            borne[longest_name(alerts, event, heard.truth.end_ms)] += 1
        number = len(shown.minutes)
        yield PatternScore(
            pattern=pattern,
            events=len(mine),
            found=ratio(number, len(mine)) or 0.0,
            in_time=shown.in_time,
            named=ratio(named, number) or 0.0,
            named_longest=ratio(borne[pattern], number) or 0.0,
            called={
                name: round(count / number, 4)
                for name, count in sorted(borne.items(), key=lambda one: (-one[1], one[0]))
            },
            minutes_to_alert=middle(shown.minutes),
            minutes_quarter=shown.at(25),
            minutes_three_quarters=shown.at(75),
            minutes_before_usual_care=shown.gain,
            called_found=ratio(len(called.minutes), len(mine)) or 0.0,
            called_in_time=called.in_time,
            called_minutes=middle(called.minutes),
            called_minutes_quarter=called.at(25),
            called_minutes_three_quarters=called.at(75),
            called_minutes_before_usual_care=called.gain,
        )


def pattern_times(events: Sequence[HeardEvent]) -> Iterator[PatternTime]:
    """Yield how soon every rule found the events of each pattern, pattern by pattern."""
    for pattern, mine in by_pattern(events):
        for key in rule_keys():
            seen = _Seen(key, mine)
            yield PatternTime(
                pattern=pattern,
                rule=key,
                events=len(mine),
                found=ratio(len(seen.minutes), len(mine)) or 0.0,
                minutes_to_alert=middle(seen.minutes),
                minutes_quarter=seen.at(25),
                minutes_three_quarters=seen.at(75),
            )


def by_pattern(events: Sequence[HeardEvent]) -> Iterator[tuple[str, list[HeardEvent]]]:
    """Yield each pattern with its events, in order of the names."""
    for pattern in sorted({event.pattern for _, event in events}):
        yield pattern, [(heard, event) for heard, event in events if event.pattern == pattern]


class _Seen:
    """How one rule found events: each of them, and the minutes from onset of those found."""

    def __init__(self, key: str, events: Sequence[HeardEvent]) -> None:
        self._events = events
        self.found: list[Found] = [found_by(times_of(key, heard), event) for heard, event in events]
        self.minutes = [
            (one.at_ms - event.onset_ms) / MINUTE_MS
            for one, (_, event) in zip(self.found, events, strict=True)
            if one.at_ms is not None
        ]

    @property
    def in_time(self) -> float:
        """Return the share found before the onset or until the worst moment."""
        count = sum(one.when in ("before", "in time") for one in self.found)
        return ratio(count, len(self._events)) or 0.0

    @property
    def gain(self) -> float | None:
        """Return the median minutes before usual care, of events that both found."""
        gains = []
        for one, (heard, event) in zip(self.found, self._events, strict=True):
            usual = found_by(times_of(USUAL_CARE, heard), event)
            if one.at_ms is not None and usual.at_ms is not None:
                gains.append((usual.at_ms - one.at_ms) / MINUTE_MS)
        return middle(gains)

    def at(self, percent: int) -> float | None:
        """Return a percentile of the minutes; None where nothing was found."""
        if not self.minutes:
            return None
        return round(float(np.percentile(self.minutes, percent)), 2)


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
