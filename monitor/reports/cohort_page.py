"""The page of a cohort with known truth: one file of HTML that needs nothing else.

What is counted, and against which spans, stands under every figure, and so does the command that
makes its numbers again. The same files and configuration make the same bytes.
"""

import base64
import hashlib
import shlex
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

from monitor.reports.cohort_parts import decimal, percent, plot, rate, rate_with, section, table
from monitor.reports.figures import Axis, Dot, figure, highest
from monitor.reports.load_sections import load_sections
from monitor.reports.sweep_figure import numbered, sweep_figure
from monitor.reports.timing_sections import timing_sections
from monitor.reports.trust_sections import trust_sections
from monitor.study.ablation import HEAD, Ablation, cells_of, words_of
from monitor.study.cohort import ScoredCohort
from monitor.study.cohort_detail import CohortDetail
from monitor.study.cohort_found import OURS, rule_keys
from monitor.study.cohort_score import CohortScore
from monitor.study.sweep import Sweep
from monitor.study.sweep_tables import axes_in_words, rate_text

STYLE: Final = Path(__file__).parent / "page" / "report.css"
PLOT_STYLE: Final = "figure.plot svg { display: block; width: 100%; max-width: 45rem; }\n"
ROW_PX, FIGURE_PX, HEAD_PX = 38, 470, 900
DISCLAIMER: Final = (
    "Research, education and simulation; not a medical device. Truth is the simulator's: this says "
    "how well the monitor finds what could be thought of, not how it does on people."
)
LACKING: Final = (
    "Not on this page, because a simulated cohort has no such thing: why people judged an alert "
    "to be no reaction (score ppv, over journals)."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortPrinting:
    """What a page says of its own making: its source, the command, configuration and software."""

    source: str
    command: tuple[str, ...]
    score_command: tuple[str, ...]
    config: str
    software: str


def cohort_page(
    found: ScoredCohort,
    printing: CohortPrinting,
    sweep: Sweep | None = None,
    ablation: Ablation | None = None,
) -> str:
    """Return the report of a cohort as one document; a sweep and an ablation add their parts."""
    style = STYLE.read_text(encoding="utf-8") + PLOT_STYLE
    allowed = f"default-src 'none'; style-src {_digest_of(style)}; base-uri 'none'"
    made = f"Numbers: {shlex.join(printing.score_command)}"
    body = [
        f"<h1>{escape(_finding(found))}</h1>",
        _facts(found),
        *_rules(found, made),
        *(() if sweep is None else _swept(sweep)),
        *_detection(found.detail, made),
        *_confusion(found, made),
        *trust_sections(found.detail.trust, made),
        *timing_sections(found, made),
        *load_sections(found, made),
        *(() if ablation is None else _ablated(ablation)),
        _footer(found, printing),
    ]
    tall = HEAD_PX + sum(
        ROW_PX * part.count("<tr>") + FIGURE_PX * part.count("<svg") for part in body
    )
    return (
        f'<!doctype html>\n<html lang="en" data-tall="{tall}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{allowed}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>Cohort: {escape(_finding(found))}</title>\n"
        f"<style>{style}</style>\n</head>\n<body>\n" + "\n".join(body) + "\n</body>\n</html>\n"
    )


def _digest_of(text: str) -> str:
    found = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{found}'"


def _finding(found: CohortScore) -> str:
    ours = found.rules[list(rule_keys()).index(OURS)]
    if not found.events:
        return (
            f"No event in {found.sessions} sessions: "
            f"{ours.false_per_patient_hour:.3f} calls a patient-hour"
        )
    return (
        f"{percent(ours.found)} of {found.events} events called, "
        f"{percent(ours.found_by_worst)} "
        f"in time, {ours.false_per_patient_hour:.3f} false calls a patient-hour"
    )


def _facts(found: CohortScore) -> str:
    facts = (
        f"{found.sessions} sessions",
        f"{found.quiet_sessions} in which nothing happened",
        f"{found.events} events",
        f"{found.patient_hours:.0f} patient-hours",
        f"{found.uneventful_hours:.0f} of them belong to no event",
    )
    return f'<ul class="facts">{"".join(f"<li>{escape(one)}</li>" for one in facts)}</ul>'


def _rules(found: CohortScore, made: str) -> tuple[str, ...]:
    dots = [
        Dot(
            x=rule.false_per_patient_hour,
            y=rule.found_by_worst,
            number=str(number),
            colour=1 if key == OURS else 5,
            strong=key == OURS,
        )
        for number, (key, rule) in enumerate(zip(rule_keys(), found.rules, strict=True), 1)
    ]
    drawing = figure(
        "What is found in time against what it costs",
        Axis(
            words="false calls a patient-hour",
            low=0.0,
            high=highest([dot.x for dot in dots]),
        ),
        Axis(words="share of events found in time", low=0.0, high=1.0),
        dots=dots if found.events else (),
    )
    head = (
        "", "Rule", "Found", "In time", "Of grade 3-4", "Min to alert", "Alerts an hour",
        "False an hour (95 %)",
        "Sessions with a false one", "PPV",
    )  # fmt: skip
    rows = [
        (
            str(number),
            rule.rule,
            percent(rule.found),
            percent(rule.found_by_worst),
            percent(rule.found_grade3),
            decimal(rule.minutes_to_alert),
            rate(rule.alerts_per_patient_hour),
            rate_with(rule.false_per_patient_hour, rule.false_interval),
            percent(rule.share_sessions_false),
            percent(rule.ppv),
        )
        for number, rule in enumerate(found.rules, 1)
    ]
    words = (
        "An event is found by the first alert between 5 min before its onset and 60 min after "
        "its end; "
        "in time is until its worst moment. False is what begins at a time that belongs to no "
        "event; "
        "the interval is of 1,000 resamples of sessions. PPV: of all that began, what belongs to "
        "an "
        "event. Left and high is better."
    )
    return section("Every rule on the same axes", words, made, plot(drawing), table(head, rows))


def _swept(sweep: Sweep) -> tuple[str, ...]:
    limit = sweep.limit
    head = ("", "Rule", "Sensitivity", "Load", "Alerts an hour", "Not beaten")
    rows = [
        (
            str(number),
            one.words,
            percent(one.sensitivity),
            rate_text(one.load),
            rate_text(one.alerts_per_patient_hour),
            "yes" if one.on_front else "",
        )
        for number, one in numbered(sweep)
    ]
    words = axes_in_words(sweep)
    made = f"Numbers: {sweep.command}"
    title = f"{limit.rule} over a range"
    return section(title, words, made, plot(sweep_figure(sweep)), table(head, rows))


def _ablated(found: Ablation) -> tuple[str, ...]:
    rows = [cells_of(row) for row in found.rows]
    made = f"Numbers: {found.command}"
    return section("What is lost without a row", words_of(found), made, table(HEAD, rows))


def _detection(detail: CohortDetail, made: str) -> tuple[str, ...]:
    head = ("Pattern", "True grade", "Events", "Before", "In time", "Late", "Missed")
    rows = [
        (
            row.pattern,
            *map(str, (row.grade, row.events, row.before, row.in_time, row.late, row.missed)),
        )
        for row in detail.detection
    ]
    words = (
        "Events by when somebody was called: before the onset, until the worst moment, after it."
    )
    return section("Detection by pattern and grade", words, made, table(head, rows))


def _confusion(found: CohortScore, made: str) -> tuple[str, ...]:
    head = ("True grade", *(f"alerted {grade}" for grade in range(len(found.confusion))))
    rows = [(str(grade), *map(str, row)) for grade, row in enumerate(found.confusion)]
    total = sum(map(sum, found.confusion))
    near = sum(
        number
        for grade, row in enumerate(found.confusion)
        for told, number in enumerate(row)
        if abs(grade - told) <= 1
    )
    kappa = "not defined" if found.weighted_kappa is None else f"{found.weighted_kappa:.3f}"
    words = (
        "Events and quiet sessions by the true grade and the highest grade alerted. Kappa with "
        f"quadratic weights: {kappa}. Off by one at most: "
        f"{percent(near / total if total else None)}."
    )
    return section("Grades", words, made, table(head, rows))


def _footer(found: ScoredCohort, printing: CohortPrinting) -> str:
    rows = (
        ("Source", printing.source),
        ("Digest of what was heard", found.digest),
        ("Configuration", printing.config),
        ("Software", f"infusion-reaction-monitor {printing.software}"),
        ("This page", shlex.join(printing.command)),
        ("Every number as JSON", shlex.join(printing.score_command)),
    )
    lines = "".join(f"<li>{name}: <code>{escape(text)}</code></li>" for name, text in rows)
    faults = "".join(f"<li>not read: {escape(fault)}</li>" for fault in found.faults)
    return f"<footer><ul>{lines}{faults}</ul><p>{LACKING}</p><p>{DISCLAIMER}</p></footer>"
