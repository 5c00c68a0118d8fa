"""Why, in words: the rows that decided a grade, for people and for the wire."""

from typing import Final

from detectors.channels import CENTI, CHANNEL_NAMES, DISPLAY_UNITS, MISSING, Channel
from detectors.explanation import ClauseReason, RuleReason
from detectors.symptoms import SymptomRow
from monitor.facts.effects import Because

SHORT_NAMES: Final = ("HR", "SBP", "DBP", "MAP", "T", "SpO2", "RR")
"""What people call the channels, in column order."""

FULL_NAMES: Final = (
    "heart rate",
    "systolic pressure",
    "diastolic pressure",
    "mean pressure",
    "temperature",
    "oxygen saturation",
    "respiratory rate",
)


def decimal(value_centi: int) -> str:
    """Return hundredths as a decimal without trailing zeros."""
    sign = "-" if value_centi < 0 else ""
    whole, rest = divmod(abs(value_centi), CENTI)
    return f"{sign}{whole}" + (f".{rest:02d}".rstrip("0") if rest else "")


def channel_value(channel: int, value_centi: int) -> str:
    """Return a value as people read it: one decimal for temperatures."""
    if channel == Channel.TEMP:
        tenths = (value_centi + 5) // 10
        return f"{tenths // 10}.{tenths % 10}"
    return decimal(value_centi)


def percent_change(value_centi: int, baseline_centi: int) -> int:
    """Return the change from the baseline in whole percent, rounded towards zero."""
    change = abs(value_centi - baseline_centi) * 100 // baseline_centi
    return -change if value_centi < baseline_centi else change


def clause_words(reason: ClauseReason) -> str:
    """Return what one clause saw against its limit: ``SBP 84 < 90`` or ``SBP -32 % from 124``.

    A limit that rises with age is said as it is at this age.
    """
    clause = reason.clause
    name = SHORT_NAMES[clause.channel]
    value = channel_value(clause.channel, reason.value_centi)
    limit = decimal(reason.stated_centi)
    if clause.basis == "level":
        beyond = reason.margin_centi >= 0
        return f"{name} {value} {clause.comparison if beyond else 'near'} {limit}"
    base = channel_value(clause.channel, reason.baseline_centi)
    if clause.basis in ("rise_percent", "fall_percent"):
        change = percent_change(reason.value_centi, reason.baseline_centi)
        return f"{name} {value}, {change:+d} % from {base} (limit {limit} %)"
    difference = decimal(reason.value_centi - reason.baseline_centi)
    plus = "" if difference.startswith("-") else "+"
    return f"{name} {value}, {plus}{difference} from {base} (limit {limit})"


def because_rule(reason: RuleReason) -> tuple[Because, ...]:
    """Return one row a clause of a rule, with limit, margin and what would clear it."""
    held = "not yet clear of " if reason.held else ""
    for_age = " (limit for this age)" if reason.rule.ages.has_end else ""
    return tuple(
        Because(
            rule=reason.rule.id,
            sign=reason.rule.sign,
            grade=reason.rule.grade,
            words=held + clause_words(one) + for_age,
            source=reason.rule.source,
            channel=CHANNEL_NAMES[one.clause.channel],
            value_centi=one.value_centi,
            limit_centi=one.limit_centi,
            baseline_centi=None if one.baseline_centi == MISSING else one.baseline_centi,
            margin_centi=one.margin_centi,
            clears_at_centi=one.clears_centi,
            unit=DISPLAY_UNITS[one.clause.channel],
            measured_ms=one.measured_ms,
            noise_centi=None if one.noise_centi == MISSING else one.noise_centi,
        )
        for one in reason.clauses
    )


def because_symptom(row: SymptomRow, severity: str, onset_ms: int) -> Because:
    """Return the row of a charted symptom."""
    return Because(
        rule=f"symptom.{row.name}",
        sign=row.sign,
        grade=row.grade(severity),
        words=f"{row.name} ({severity})",
        source=row.source,
        symptom=row.name,
        measured_ms=onset_ms,
    )


def because_clearing(sign: str, grade: int) -> Because:
    """Return the row of a sign whose limits are all clear while its clear time still runs."""
    return Because(
        rule=f"clearing.{sign}",
        sign=sign,
        grade=grade,
        words=f"{sign} eases: grade {grade} ends when it stays clear",
        source=("engineering",),
    )


def label(confirmed: tuple[Because, ...], pending: tuple[Because, ...]) -> str:
    """Return one line: the first row of each sign, worst first, then what is not confirmed."""

    def firsts(rows: tuple[Because, ...]) -> list[str]:
        seen: dict[str, str] = {}
        for row in rows:
            key = row.symptom or f"{row.sign}.{row.channel}"
            seen.setdefault(key, row.words)
        return list(seen.values())

    words = "; ".join(firsts(confirmed)[:5])
    unsure = "; ".join(firsts(pending)[:2])
    if not unsure:
        return words
    return f"{words}; unconfirmed: {unsure}" if words else f"unconfirmed: {unsure}"
