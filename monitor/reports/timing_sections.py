"""The sections of a cohort's page about time: by pattern and rule, curves, and leads."""

from collections.abc import Sequence
from typing import Final

from monitor.reports.cohort_parts import decimal, percent, plot, rate, section, table
from monitor.reports.figures import Axis, Line, figure
from monitor.study.cohort import ScoredCohort
from monitor.study.cohort_detail import CohortDetail, Curve
from monitor.study.cohort_found import OURS, OURS_SHOWN, rule_keys
from monitor.study.cohort_heard import USUAL_CARE

DRAWN: Final = (OURS, OURS_SHOWN, USUAL_CARE, "any_of_four", "news_5", "mews_5", "shock_index_0_9")
"""Curves of so many rules can be told apart in one figure; all are in the JSON and the CSV."""


def timing_sections(found: ScoredCohort, made: str) -> tuple[str, ...]:
    """Return the sections: by pattern, by pattern and rule, how soon, and before what."""
    return (
        *_patterns(found, made),
        *_by_rule(found, made),
        *_curves(found.detail, made),
        *_leads(found.detail, made),
    )


def _patterns(found: ScoredCohort, made: str) -> tuple[str, ...]:
    head = (
        "Pattern", "Events", "Called", "In time", "Min to the call (quartiles)",
        "Min before usual care", "Shown at any grade", "In time", "Min until shown (quartiles)",
        "Min before usual care",
    )  # fmt: skip
    rows = [
        (
            row.pattern,
            str(row.events),
            percent(row.called_found),
            percent(row.called_in_time),
            _quartiles(
                row.called_minutes, row.called_minutes_quarter, row.called_minutes_three_quarters
            ),
            decimal(row.called_minutes_before_usual_care),
            percent(row.found),
            percent(row.in_time),
            _quartiles(row.minutes_to_alert, row.minutes_quarter, row.minutes_three_quarters),
            decimal(row.minutes_before_usual_care),
        )
        for row in found.patterns
    ]
    words = (
        "Called is at medium or high priority, as usual care and simple rules call; shown is on "
        "the screen at any grade, which nobody has to see. Minutes are medians from the onset, of "
        "the events found; gains over usual care are of the events that both found."
    )
    return section("By pattern", words, made, table(head, rows))


def _quartiles(median: float | None, quarter: float | None, three: float | None) -> str:
    return f"{decimal(median)} ({decimal(quarter)} to {decimal(three)})"


def _by_rule(found: ScoredCohort, made: str) -> tuple[str, ...]:
    patterns = [row.pattern for row in found.patterns]
    by_place = {(one.rule, one.pattern): one for one in found.times}
    rows = [
        (
            words,
            rate(rule.alerts_per_patient_hour),
            *(
                f"{decimal(by_place[key, pattern].minutes_to_alert)} "
                f"({100 * by_place[key, pattern].found:.0f})"
                for pattern in patterns
            ),
        )
        for (key, words), rule in zip(rule_keys().items(), found.rules, strict=True)
    ]
    words = (
        "Median minutes from the onset to what found it, of the events found, and in brackets the "
        "share found in percent. Alerts a patient-hour are all that began to hold, right or wrong."
    )
    head = ("Rule", "Alerts a patient-hour", *patterns)
    return section("Time to alert by pattern and rule", words, made, table(head, rows))


def _curves(detail: CohortDetail, made: str) -> tuple[str, ...]:
    words = (
        "Share of all events found by so many minutes, so that a curve ends at what was found; in "
        "brackets the median of those. Usual care looks 15 min after the start, at every change of "
        "rate and every hour: that is the floor which the schedule itself imposes. "
        f"Somebody called by this monitor alone: {detail.called_only_here} events; found by usual "
        f"care alone: {detail.called_only_by_usual_care}. Shown at any grade by this monitor "
        f"alone: {detail.found_only_here}; by usual care alone: {detail.found_only_by_usual_care}."
    )
    drawn = [curve for curve in detail.curves if curve.key in DRAWN]
    drawing = _drawn("Time to alert", "minutes from the onset", drawn)
    return section("How soon", words, made, drawing)


def _leads(detail: CohortDetail, made: str) -> tuple[str, ...]:
    grave, deed = detail.lead_true_grade3, detail.lead_action
    words = (
        "Minutes gained, above 0 where the call was first. Grade 3 is when the truth first was of "
        "that grade, by the course of the simulated reaction "
        f"({grave.events} events). The first deed is when a person slowed, paused or stopped the "
        f"pump or gave a drug ({deed.events} events); the simulated nurse acts on what can be seen "
        "and reads no monitor, so this says who would have been first. Over usual care: of the "
        "events that both found, once by what called somebody and once by what was shown."
    )
    return section(
        "Minutes gained",
        words,
        made,
        _drawn("From the call to grade 3", "minutes before the truth reached grade 3", [grave]),
        _drawn(
            "From the call to the worst moment, events of grade 3 and 4",
            "minutes before the worst moment",
            [detail.lead_grade3],
        ),
        _drawn("From the call to the first deed", "minutes before the first deed", [deed]),
        _drawn(
            "Lead over usual care, events found by both",
            "minutes before usual care",
            [detail.lead_usual_care_called, detail.lead_usual_care],
        ),
    )


def _drawn(title: str, words: str, curves: Sequence[Curve]) -> str:
    ends = [at for curve in curves for at, _ in curve.points] or [0.0, 1.0]
    lines = [
        Line(name=_short(curve), points=curve.points, colour=index, steps=True)
        for index, curve in enumerate(curves)
        if curve.points
    ]
    low = min(0.0, *ends)
    x = Axis(words=words, low=low, high=max(low + 1, max(ends) * 1.02))
    y = Axis(words="share of events", low=0.0, high=1.0)
    return plot(figure(title, x, y, lines=lines))


def _short(curve: Curve) -> str:
    middle = "-" if curve.median is None else f"{curve.median:g}"
    return f"{curve.rule.split(':')[0][:32]} ({middle})"
