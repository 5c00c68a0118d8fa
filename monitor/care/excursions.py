"""How far a person has moved, in words: one line for a vital sign that decided an alert."""

from typing import Final

import msgspec

from detectors.channels import CENTI, CHANNEL_NAMES, DISPLAY_UNITS, Channel
from detectors.directions import Concordance, Direction
from monitor.care.reasons import SHORT_NAMES, channel_value, decimal
from monitor.facts.excursions import Excursion, Going

GOING: Final[dict[Direction, Going]] = {
    Direction.UP: "rising",
    Direction.DOWN: "falling",
    Direction.STILL: "",
    Direction.UNKNOWN: "",
}

TOGETHER: Final[dict[Concordance, str]] = {
    Concordance.BOTH_UP: "HR and SBP are both up from the baseline",
    Concordance.BOTH_DOWN: "HR and SBP are both down from the baseline: a faint, or late in an "
    "anaphylaxis",
    Concordance.UP_DOWN: "HR is up and SBP down from the baseline",
    Concordance.DOWN_UP: "HR is down and SBP up from the baseline",
}
"""How pulse and pressure went together; where one has not moved nothing is said."""

RAREST: Final = 1000
"""Chances rarer than one in so many sessions are not told apart: the noise is too rough."""

IN_PERCENT: Final = frozenset({Channel.HR, Channel.SBP, Channel.DBP, Channel.MAP, Channel.RR})
"""Channels whose change people also say in percent."""

HALF: Final = 0.5
MINUTE_MS: Final = 60_000
SHORT_MS: Final = 2 * MINUTE_MS


def once_in(share: float) -> int:
    """Return in how many sessions something happens once: 1 if in more than half of them."""
    if share > HALF:
        return 1
    return RAREST if share * RAREST < 1 else min(RAREST, round(1 / share))


def excursion(channel: int, facts: Excursion) -> Excursion:
    """Return what is known of one channel with its line for people."""
    name, unit = SHORT_NAMES[channel], DISPLAY_UNITS[channel]
    value = "" if facts.value_centi is None else f" {channel_value(channel, facts.value_centi)}"
    parts = [_change(channel, facts), _noise(facts), _slope(facts, unit), _beyond(facts)]
    words = (
        f"{name}{value}: {'; '.join(part for part in parts if part) or 'no baseline to compare'}"
    )
    return msgspec.structs.replace(
        facts, what=CHANNEL_NAMES[channel], words=words, unit=DISPLAY_UNITS[channel]
    )


def quantity(
    what: str, words: str, value_centi: int, unit: str, before_centi: int | None
) -> Excursion:
    """Return a quantity that follows from several channels, beside what it was before."""
    shown = f"{words} {decimal(value_centi)}{' ' if unit else ''}{unit}"
    if before_centi is not None:
        shown += f", {decimal(before_centi)} at the baseline"
    return Excursion(
        what=what,
        words=shown,
        value_centi=value_centi,
        unit=unit,
        change_centi=None if before_centi is None else value_centi - before_centi,
    )


def heart_beyond_fever(excess_centi: int) -> Excursion:
    """Return by how much the heart is faster than the rise of temperature explains."""
    return Excursion(
        what="hr_excess",
        words=f"HR {signed(excess_centi)} /min from the baseline beyond what the temperature "
        "explains (7.2 /min for each degree)",
        value_centi=excess_centi,
        unit="/min",
    )


def together(concordance: int) -> Excursion | None:
    """Return how heart rate and pressure have moved together; None where one has not moved."""
    words = TOGETHER.get(Concordance(concordance))
    return None if words is None else Excursion(what="hr_and_sbp", words=words)


def signed(value_centi: int) -> str:
    """Return hundredths as a decimal that says its direction."""
    return f"{'+' if value_centi > 0 else ''}{decimal(value_centi)}"


def _change(channel: int, facts: Excursion) -> str:
    if facts.change_centi is None:
        return ""
    words = f"{signed(facts.change_centi)} {DISPLAY_UNITS[channel]}"
    if facts.percent is not None and channel in IN_PERCENT:
        words += f" ({facts.percent:+d} %)"
    return f"{words} from the baseline"


def _noise(facts: Excursion) -> str:
    if facts.noise_units_centi is None or facts.once_in is None:
        return ""
    units = f"{abs(facts.noise_units_centi) / CENTI:.1f} times the person's own noise"
    chance = f"about once in {facts.once_in} sessions"
    if facts.once_in == 1:
        chance = "in most sessions"
    elif facts.once_in >= RAREST:
        chance = f"less than once in {RAREST} sessions"
    return f"{units} (from {facts.noise_readings} readings), by chance {chance}"


def _slope(facts: Excursion, unit: str) -> str:
    if facts.per_10_min_centi is None or not facts.going:
        return ""
    return f"{facts.going} by {abs(facts.per_10_min_centi) / CENTI:.1f} {unit} in 10 min"


def _beyond(facts: Excursion) -> str:
    if facts.beyond_ms is None or facts.looked_ms is None:
        return ""
    total = f"{span(facts.beyond_ms)} of the last {span(facts.looked_ms)}"
    if facts.beyond_since_ms is None or facts.measured_ms is None:
        return f"not beyond its limit now, {total}"
    stay_ms = facts.measured_ms - facts.beyond_since_ms
    if not stay_ms:
        return "beyond its limit in the newest reading"
    if stay_ms == facts.looked_ms:
        return f"beyond its limit for at least {span(stay_ms)}"
    more = f", {total}" if facts.beyond_ms != stay_ms else ""
    return f"beyond its limit for {span(stay_ms)}{more}"


def span(span_ms: int) -> str:
    """Return a length of time: seconds where it is short, else minutes."""
    return f"{span_ms // 1000} s" if span_ms < SHORT_MS else f"{span_ms // MINUTE_MS} min"
