"""The score of a cohort as tables of Markdown, as the command prints them and documents show."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from monitor.study.cohort_found import AFTER_MS, NARROW_AFTER_MS, rule_keys
from monitor.study.cohort_heard import MINUTE_MS
from monitor.study.cohort_patterns import PatternScore
from monitor.study.cohort_score import CohortScore, RuleScore

NAMES: Final = 3
"""How many names of each pattern are printed."""


def lines(found: CohortScore) -> Iterator[str]:
    """Yield the score as Markdown."""
    yield from outcome_lines(found)
    yield ""
    yield from judgement_lines(found)


def outcome_lines(found: CohortScore) -> Iterator[str]:
    """Yield what every rule found and cost, by rule, by pattern, and by both."""
    yield (
        f"{found.sessions} sessions ({found.quiet_sessions} in which nothing happened), "
        f"{found.events} events, {found.patient_hours:.0f} patient-hours; digest {found.digest}"
    )
    yield ""
    yield (
        "| Rule | Events found | in time | before | late | of grade 3-4 | Median min to alert | "
        "min before the worst | Alerts per patient-hour | False per patient-hour (95 %) | "
        "Sessions with a false one | PPV |"
    )
    yield "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    yield from (_rule_line(rule) for rule in found.rules)
    yield ""
    yield from _narrow_lines(found)
    yield ""
    yield (
        "By pattern. *Called*: medium or high priority, as a rule that calls somebody; *shown*: on "
        "the screen at any grade, which nobody has to see."
    )
    yield ""
    yield (
        "| Pattern | Events | Called | in time | min to the call, median (quartiles) | "
        "min before usual care | Shown at any grade | in time | "
        "min until shown, median (quartiles) | min before usual care | Named at its worst | "
        "Named for longest | Names borne for longest |"
    )
    yield "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|"
    yield from (_pattern_line(pattern) for pattern in found.patterns)
    yield ""
    yield from _time_lines(found)


def _narrow_lines(found: CohortScore) -> Iterator[str]:
    """Yield what depends on how long after its end an alert still belongs to an event."""
    minutes = NARROW_AFTER_MS // MINUTE_MS
    yield (
        f"Above, an alert until {AFTER_MS // MINUTE_MS} min after the end of an event belongs to "
        f"it: it finds the event and is not false. The same until {minutes} min after the end:"
    )
    yield ""
    yield (
        f"| Rule, to {minutes} min after the end | Events found | late | of grade 3-4 | "
        "Median min to alert | False per patient-hour (95 %) | Sessions with a false one | PPV |"
    )
    yield "|---|---:|---:|---:|---:|---:|---:|---:|"
    for rule in found.narrow_rules:
        cells = (
            rule.rule,
            _share(rule.found),
            _share(rule.late),
            _share(rule.found_grade3),
            _number(rule.minutes_to_alert),
            _false(rule),
            _share(rule.share_sessions_false),
            _share(rule.ppv),
        )
        yield f"| {' | '.join(cells)} |"


def _time_lines(found: CohortScore) -> Iterator[str]:
    """Yield how soon every rule found the events of every pattern, a rule a line."""
    patterns = list(dict.fromkeys(one.pattern for one in found.times))
    by_place = {(one.rule, one.pattern): one for one in found.times}
    yield (
        "Median minutes from the onset to the alert, of the events found, and in brackets the "
        "share found in percent, by every rule:"
    )
    yield ""
    yield f"| {' | '.join(('By rule', 'Alerts per patient-hour', *patterns))} |"
    yield f"|---|{'---:|' * (len(patterns) + 1)}"
    for (key, words), rule in zip(rule_keys().items(), found.rules, strict=True):
        cells = [f"{rule.alerts_per_patient_hour:.3f}"]
        for pattern in patterns:
            one = by_place[key, pattern]
            cells.append(f"{_number(one.minutes_to_alert)} ({100 * one.found:.0f})")
        yield f"| {words} | {' | '.join(cells)} |"


def judgement_lines(found: CohortScore) -> Iterator[str]:
    """Yield the grades, the load of a ward, and the steps that would have been a fault."""
    yield "| True grade | alerted 0 | 1 | 2 | 3 | 4 |"
    yield "|---|---:|---:|---:|---:|---:|"
    for grade, row in enumerate(found.confusion):
        yield f"| {grade} | {' | '.join(map(str, row))} |"
    kappa = "not defined" if found.weighted_kappa is None else f"{found.weighted_kappa:.3f}"
    yield f"\nWeighted kappa of the grades: {kappa}."
    yield ""
    yield from _load_lines(found)
    if found.unobserved_events:
        yield (
            f"{found.unobserved_events} events began after the person had left; they count neither "
            "as found nor as missed."
        )
    yield from _forbidden_lines(found)


def _load_lines(found: CohortScore) -> Iterator[str]:
    """Yield what one person is told who has all beds of a ward before them."""
    load = found.ward_load
    yield (
        f"Load of {load.wards} wards of up to {load.beds} beds, {load.ward_hours:.0f} ward-hours. "
        "A flood is more than 10 alerts within 10 minutes before one person who has a whole ward; "
        f"of one session alone there were {found.floods}."
    )
    yield ""
    yield (
        "| What begins | Number | a patient-hour | a ward-hour | Floods | Wards with one | "
        "Of all ten minutes | Most in 10 minutes |"
    )
    yield "|---|---:|---:|---:|---:|---:|---:|---:|"
    for one in load.streams:
        cells = (
            one.stream,
            str(one.alerts),
            "-" if one.per_patient_hour is None else f"{one.per_patient_hour:.3f}",
            _number(one.per_ward_hour),
            str(one.floods),
            str(one.wards_flooded),
            _share(one.share_in_flood),
            str(one.most_in_10_min),
        )
        yield f"| {' | '.join(cells)} |"
    yield ""


def _forbidden_lines(found: CohortScore) -> Iterator[str]:
    """Yield how often a step was offered that would be a fault, and in which kind of session."""
    if not found.must_not_sessions:
        return
    kinds = Counter((one.step, one.phenotype) for one in found.must_not_violations)
    said = ", ".join(f"{step} in {kind} {count}" for (step, kind), count in kinds.most_common())
    count = len(found.must_not_violations)
    yield (
        f"Steps that would be a fault: {count} offered in {found.must_not_sessions} sessions of "
        f"which the truth names one{f' ({said})' if said else ''}."
    )


def _rule_line(rule: RuleScore) -> str:
    cells = (
        rule.rule,
        _share(rule.found),
        _share(rule.in_time),
        _share(rule.before),
        _share(rule.late),
        _share(rule.found_grade3),
        _number(rule.minutes_to_alert),
        _number(rule.minutes_before_worst),
        f"{rule.alerts_per_patient_hour:.3f}",
        _false(rule),
        _share(rule.share_sessions_false),
        _share(rule.ppv),
    )
    return f"| {' | '.join(cells)} |"


def _false(rule: RuleScore) -> str:
    low, high = rule.false_interval
    return f"{rule.false_per_patient_hour:.3f} ({low:.3f} to {high:.3f})"


def _pattern_line(row: PatternScore) -> str:
    cells = (
        row.pattern,
        str(row.events),
        _share(row.called_found),
        _share(row.called_in_time),
        _quartiles(
            row.called_minutes, row.called_minutes_quarter, row.called_minutes_three_quarters
        ),
        _number(row.called_minutes_before_usual_care),
        _share(row.found),
        _share(row.in_time),
        _quartiles(row.minutes_to_alert, row.minutes_quarter, row.minutes_three_quarters),
        _number(row.minutes_before_usual_care),
        _share(row.named),
        _share(row.named_longest),
        ", ".join(f"{name} {_share(share)}" for name, share in list(row.called.items())[:NAMES]),
    )
    return f"| {' | '.join(cells)} |"


def _quartiles(median: float | None, quarter: float | None, three: float | None) -> str:
    return f"{_number(median)} ({_number(quarter)} to {_number(three)})"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
