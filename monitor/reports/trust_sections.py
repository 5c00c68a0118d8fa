"""The sections of a cohort's page about trust: grades and names as told, and calls for nothing."""

from collections.abc import Sequence
from typing import Final

from monitor.reports.cohort_parts import percent, plot, rate, section, table
from monitor.reports.figures import Axis, Line, figure
from monitor.study.cohort_trust import CohortTrust, FalseReason, GradeTrust

REASONS_SHOWN: Final = 30


def trust_sections(trust: CohortTrust, made: str) -> tuple[str, ...]:
    """Return the sections: calibration of the grade, of the name, reasons of calls for nothing."""
    return (
        *_grades(trust.grades, made),
        *_names(trust, made),
        *_reasons(trust, made),
    )


def _grades(rows: Sequence[GradeTrust], made: str) -> tuple[str, ...]:
    known = [row for row in rows if row.alerts]
    shares = (
        ("belongs to an event", [1 - row.none / row.alerts for row in known]),
        ("of a grade at most one off", [row.near or 0.0 for row in known]),
        ("at least as grave as told", [row.as_grave or 0.0 for row in known]),
    )
    lines = [
        Line(
            name=name,
            points=[(row.told, found) for row, found in zip(known, found_shares, strict=True)],
            colour=index,
        )
        for index, (name, found_shares) in enumerate(shares)
        if known
    ]
    drawing = figure(
        "How far a grade can be trusted",
        Axis(words="highest grade that an alert told", low=0.5, high=4.5),
        Axis(words="share of these alerts", low=0.0, high=1.0),
        lines=lines,
    )
    head = (
        "Told", "Alerts", "No event", "True 1", "True 2", "True 3", "True 4",
        "As grave as told (95 %)", "One off at most",
    )  # fmt: skip
    cells = [
        (
            *map(str, (row.told, row.alerts, row.none, *row.true)),
            _with_interval(row.as_grave, row.interval),
            percent(row.near),
        )
        for row in rows
    ]
    words = (
        "Alerts by their highest grade against the true grade of the event they belong to: what "
        "somebody may think who reads a grade. Most sessions of a ward have no event at all; where "
        "fewer react than here, more alerts of every grade belong to none."
    )
    return section("The grade told and the truth", words, made, plot(drawing), table(head, cells))


def _names(trust: CohortTrust, made: str) -> tuple[str, ...]:
    head = ("Points of evidence", "Alerts of events", "True name", "Share (95 %)")
    ends = [f"to below {row.points}" for row in trust.names[1:]]
    cells = [
        (
            f"{row.points} {end}",
            str(row.alerts),
            str(row.right),
            _with_interval(row.share, row.interval),
        )
        for row, end in zip(trust.names, [*ends, "and more"], strict=True)
    ]
    words = (
        "Alerts that belong to an event, by the evidence for their name when they were worst, and "
        "how often that was the name of the truth. Points order pictures; they are no probability, "
        "and this table says what they are worth."
    )
    return section("The evidence for a name and the truth", words, made, table(head, cells))


def _reasons(trust: CohortTrust, made: str) -> tuple[str, ...]:
    head = (
        "Row of the book", "For nothing", "Of all for nothing", "Alone", "A patient-hour",
        "Of its calls right (95 %)",
    )  # fmt: skip
    cells = [_reason(row) for row in trust.false_reasons[:REASONS_SHOWN]]
    words = (
        "Rows that held when a call began at a time that belongs to no event; a call may have "
        "several. Without a row, calls of which it was alone the reason would have come later or "
        "not at all, and so would those of its calls that are right."
    )
    if len(trust.false_reasons) > REASONS_SHOWN:
        words += f" The first {REASONS_SHOWN} of {len(trust.false_reasons)}; all are in the CSV."
    names = table(
        ("Called", "For nothing", "Of all for nothing", "In sessions without any event"),
        [
            (row.name, str(row.false), percent(row.share), str(row.quiet))
            for row in trust.false_names
        ],
    )
    return section("Why people were called for nothing", words, made, table(head, cells), names)


def _reason(row: FalseReason) -> tuple[str, ...]:
    return (
        row.rule,
        f"{row.false} of {row.calls}",
        percent(row.share),
        str(row.alone),
        rate(row.per_patient_hour),
        _with_interval(row.right, row.interval),
    )


def _with_interval(value: float | None, interval: tuple[float, float] | None) -> str:
    if interval is None:
        return percent(value)
    return f"{percent(value)} ({percent(interval[0])} to {percent(interval[1])})"
