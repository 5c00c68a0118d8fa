"""The sections of a cohort's page about what is told: false alerts, load, rows, and baselines."""

from typing import Final

from monitor.reports.cohort_parts import decimal, percent, rate, rate_with, section, table
from monitor.study.cohort import ScoredCohort
from monitor.study.cohort_baseline import Spread
from monitor.study.cohort_detail import CohortDetail
from monitor.study.cohort_load import AlarmLoad, WardLoad

RULES_SHOWN: Final = 30


def load_sections(found: ScoredCohort, made: str) -> tuple[str, ...]:
    """Return the sections: false alerts, load of a bed and of a ward, rows, baselines."""
    return (
        *_false(found.detail, made),
        *_load(found, made),
        *_baseline(found.detail, made),
        *_contribution(found.detail, made),
    )


def _false(detail: CohortDetail, made: str) -> tuple[str, ...]:
    grades = [
        (
            str(row.grade),
            str(row.calls),
            rate_with(row.per_patient_hour, row.interval),
            rate_with(row.per_session, row.per_session_interval),
        )
        for row in detail.false
    ]
    priorities = [
        (
            row.priority,
            f"{row.false} of {row.alerts}",
            rate_with(row.per_patient_hour, row.interval),
            rate_with(row.per_session, row.per_session_interval),
        )
        for row in detail.false_priorities
    ]
    called, quiet = detail.quiet_sessions_called, detail.quiet_sessions
    span = detail.quiet_interval
    interval = "" if span is None else f", 95 % {percent(span[0])} to {percent(span[1])}"
    words = (
        "At times that belong to no event, over the hours that belong to none; a session is one "
        "patient, and the intervals are of 1,000 resamples of sessions. By priority: alerts by the "
        "highest that they had, false if they reached it at such a time; low is shown and calls "
        "nobody. By grade: what called, by the highest grade. Of the sessions in which nothing "
        f"happened somebody was called in {called} of {quiet} "
        f"({percent(called / quiet if quiet else None)}{interval})."
    )
    return section(
        "False alerts",
        words,
        made,
        table(
            ("Highest priority", "False alerts", "A patient-hour (95 %)", "A session (95 %)"),
            priorities,
        ),
        table(
            ("Highest grade", "False calls", "A patient-hour (95 %)", "A session (95 %)"), grades
        ),
    )


def _load(found: ScoredCohort, made: str) -> tuple[str, ...]:
    load, ward = found.detail.load, found.ward_load
    rows = (
        ("reaction alerts", str(load.alerts)),
        ("a patient-hour", rate(load.alerts_per_patient_hour)),
        ("a session", rate(load.alerts_per_session)),
        ("calls (medium or high priority)", str(load.calls)),
        ("calls a patient-hour", rate(load.calls_per_patient_hour)),
        ("technical alerts", str(load.technical)),
        ("technical alerts a patient-hour", rate(load.technical_per_patient_hour)),
        ("of these medium or high priority", str(load.technical_calls)),
        ("advisory alerts", str(load.advisory)),
        ("advisory alerts a patient-hour", rate(load.advisory_per_patient_hour)),
        ("stood for less than a minute", str(load.fleeting)),
        (
            "sessions in which a cause began three times within an hour",
            str(load.chattering_sessions),
        ),
        ("floods of one session alone", str(found.floods)),
        ("most in one session", str(load.most_in_one_session)),
        ("minutes standing, median", decimal(load.minutes_standing)),
        ("minutes standing, longest", decimal(load.longest_minutes)),
        *_unanswered(load),
    )
    words = (
        "All alerts, right and wrong, over all hours from the start of the flow. A flood is more "
        "than 10 alerts within 10 minutes for one operator (EEMUA 191), so floods are counted for "
        f"whoever has a whole ward before them: {ward.wards} wards of up to {ward.beds} beds, "
        f"{ward.ward_hours:.0f} ward-hours."
    )
    return section("Alarm load", words, made, _ward(ward), table(("Of the beds", ""), rows))


def _unanswered(load: AlarmLoad) -> tuple[tuple[str, str], ...]:
    if load.longest_unacknowledged_minutes is None:
        return (("minutes unacknowledged", "not known: nobody acknowledges in this cohort"),)
    return (
        ("calls acknowledged", str(load.acknowledged)),
        ("minutes unacknowledged, median", decimal(load.minutes_unacknowledged)),
        ("minutes unacknowledged, longest", decimal(load.longest_unacknowledged_minutes)),
    )


def _ward(load: WardLoad) -> str:
    head = (
        "What begins", "Number", "A patient-hour", "A ward-hour", "Floods", "Wards with one",
        "Of all ten minutes", "Most in 10 min",
    )  # fmt: skip
    rows = [
        (
            one.stream,
            str(one.alerts),
            rate(one.per_patient_hour),
            decimal(one.per_ward_hour),
            str(one.floods),
            str(one.wards_flooded),
            percent(one.share_in_flood),
            str(one.most_in_10_min),
        )
        for one in load.streams
    ]
    return table(head, rows)


def _baseline(detail: CohortDetail, made: str) -> tuple[str, ...]:
    head = (
        "Channel", "Sessions with one", "Readings", "Spread before the flow (5-95 %)",
        "Drift before the flow (5-95 %)", "Last hour of quiet sessions against it (5-95 %)",
    )  # fmt: skip
    rows = [
        (
            f"{row.channel} [{row.unit}]",
            f"{row.sessions} ({percent(row.share)})",
            decimal(row.readings),
            _spread(row.spread),
            _spread(row.drift),
            _spread(row.later),
        )
        for row in detail.baseline
    ]
    words = (
        "Baselines as they stood when the drug began to flow. Spread is the noise of the readings "
        "before it (a robust standard deviation), drift how far their later half lay above the "
        "earlier; both are stated only where readings are enough. The last column is how far the "
        "mean of the last hour lay from the baseline where nothing happened: what a limit against "
        "the baseline has to bear. Medians over sessions."
    )
    return section("Calibration of the baseline", words, made, table(head, rows))


def _spread(one: Spread) -> str:
    if one.median is None or one.p5 is None or one.p95 is None:
        return "-"
    return f"{one.median:.1f} ({one.p5:.1f} to {one.p95:.1f}), of {one.sessions}"


def _contribution(detail: CohortDetail, made: str) -> tuple[str, ...]:
    head = ("Row of the book", "Calls it was a reason of", "Of them false", "Alone", "Alone, false")
    rows = [
        (row.rule, *map(str, (row.calls, row.false, row.alone, row.alone_false)))
        for row in detail.rules[:RULES_SHOWN]
    ]
    words = (
        "Rows that held when an alert first called. Without a row, calls of which it was the only "
        "reason would have come later or not at all; what is really lost and gained without it "
        "says score ablation, which removes it and replays."
    )
    if len(detail.rules) > RULES_SHOWN:
        words += f" The first {RULES_SHOWN} of {len(detail.rules)}; all are in the JSON."
    return section("What each row of the book contributes", words, made, table(head, rows))
