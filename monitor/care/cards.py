"""Why-cards and why-not: what an alert rests on, and why nothing fires, in lines for people."""

from collections.abc import Iterable
from typing import Final

from detectors.channels import MISSING
from detectors.nearness import Lack, Near, Nearness, Off
from monitor.care.reasons import FULL_NAMES, SHORT_NAMES, channel_value, decimal
from monitor.facts.effects import AlertChanged, Persistence

NEAREST_SHOWN: Final = 3

LACK_WORDS: Final[dict[Lack, str]] = {
    "value": "no value of {} yet",
    "too-old": "the last {} is too old",
    "baseline": "no baseline of {}: its relative rules are off",
    "age": "the age is not known",
}


def why_card(alert: AlertChanged) -> tuple[str, ...]:
    """Return what an alert rests on: rows, values, baseline, persistence, margin, what ends it."""
    what = f"{alert.cause} grade {alert.grade} {alert.pattern or '(no picture)'}"
    lines = [
        f"{alert.id} rev {alert.revision}: {what}, {alert.priority}, {alert.condition}",
        f"signal {alert.signal}: {alert.reason}",
    ]
    if alert.condition_delay_ms is not None:
        lines.append(f"active {alert.condition_delay_ms // 1000} s after its onset")
    for row in alert.because:
        parts = [f"{row.sign} grade {row.grade}: {row.words}"]
        if row.margin_centi is not None and row.clears_at_centi is not None:
            parts.append(f"margin {decimal(row.margin_centi)} {row.unit}")
            parts.append(f"clears at {decimal(row.clears_at_centi)} {row.unit}")
        lines.append(f"{'; '.join(parts)} [{row.rule}; {', '.join(row.source)}]")
    lines += [one.words for one in alert.excursions]
    lines += [_lasted(one, alert.at_ms) for one in alert.persistence]
    if alert.context.baseline:
        lines.append(f"baseline {alert.context.baseline}")
    return (*lines, f"configuration {alert.rulebook}")


def _lasted(one: Persistence, at_ms: int) -> str:
    state = "confirmed" if one.confirmed else "not confirmed"
    lasts = "below that grade now"
    if one.since_ms is not None:
        lasts = f"{one.readings} or more readings over {(at_ms - one.since_ms) // 1000} s"
    return (
        f"{one.sign} grade {one.grade} is {state}: {lasts}; "
        f"confirmed by 2 over {one.persist_ms // 1000} s, ended by {one.clear_ms // 1000} s clear"
    )


def why_not(found: Nearness) -> tuple[str, ...]:
    """Return why nothing fires: the nearest rules, and the rules that cannot be judged."""
    nearest = [near_words(one) for one in found.nearest[:NEAREST_SHOWN]]
    first = "nothing fires: nearest is " + nearest[0] if nearest else "nothing fires: no rule is on"
    return (first, *(f"then {words}" for words in nearest[1:]), *_off_words(found.off))


def near_words(near: Near) -> str:
    """Return how near a rule is: ``SBP fall 18 of 30 (hypotension, grade 2)``."""
    clause = near.clause.clause
    name = SHORT_NAMES[clause.channel]
    of = f"({near.rule.sign}, grade {near.rule.grade})"
    if near.way_centi == MISSING:
        value = channel_value(clause.channel, near.clause.value_centi)
        misses = decimal(-near.clause.margin_centi)
        return f"{name} {value}, {misses} short of the limit {of}"
    verb = "fall" if near.clause.limit_centi < near.clause.value_centi else "rise"
    return f"{name} {verb} {decimal(near.gone_centi)} of {decimal(near.way_centi)} {of}"


def _off_words(off: Iterable[Off]) -> list[str]:
    """Return what rules lack, most rules first, each lack once with the number of its rules."""
    counts: dict[tuple[int, Lack], int] = {}
    for one in off:
        for lack in one.lacks:
            counts[lack] = counts.get(lack, 0) + 1
    ordered = sorted(counts, key=lambda lack: (-counts[lack], lack))
    return [
        f"{LACK_WORDS[kind].format(FULL_NAMES[channel])} "
        f"({counts[channel, kind]} rule{'s' if counts[channel, kind] > 1 else ''})"
        for channel, kind in ordered
    ]
