"""The page of one session: one file of HTML that needs nothing else, and says the same each time.

Every text goes through an escape, and the page names the only script and style that may run in it
by their digests, so that whatever a device or a person wrote stays text.
"""

import base64
import hashlib
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

import msgspec

from detectors.rulebook import RuleBook
from monitor.care.cards import why_card
from monitor.care.notes import clock_text, reaction_note
from monitor.facts.effects import Step
from monitor.replay import digest
from monitor.reports.beside_truth import HEAD as TRUTH_HEAD
from monitor.reports.beside_truth import false_ms, truth_rows, truth_words
from monitor.reports.chronicles import FROM_LEDGER, Chronicle, Doubt
from monitor.reports.findings import (
    Episode,
    duration,
    episodes,
    finding,
    grade_text,
    steps_told,
)
from monitor.reports.limits_drawn import limits_notice, moved_spans
from monitor.station.eras import Era
from monitor.station.in_force import ADULT_CENTI
from monitor.station.review import FLAGS, Band, EventRow, bands, event_rows
from monitor.station.tracks import thinned
from monitor.study.cohort_heard import SessionHeard
from monitor.wire.units import number

POINTS_MOST: Final = 1_500
SLACK_MS: Final = 60_000
RUN_MS: Final = 600_000
"""Readings that were not believed for one reason are one row while they lie no further apart."""

DISCLAIMER: Final = (
    "Research, education and simulation; not a medical device. Whoever was there knows more than "
    "this page."
)
ROWS: Final = {
    "hr": ("HR", "/min"),
    "bp": ("BP", "mmHg", "MAP"),
    "spo2": ("SpO\u2082", "%"),
    "rr": ("RR", "/min"),
    "temp": ("Temp", "\u00b0C"),
    "rate": ("Rate", "mL/h"),
}
TIMELINE: Final = Path(__file__).parents[1] / "station" / "page" / "timeline.js"
PAGE: Final = Path(__file__).parent / "page"


@dataclass(frozen=True, slots=True, kw_only=True)
class Printing:
    """What a page says of its own making: the command, the configuration and the software.

    ``eras`` are the configurations that were in force in the session, where its journal has them;
    without any its limits are drawn by the book of the configuration that was given.
    """

    command: tuple[str, ...]
    config: str
    software: str
    book: RuleBook
    truth: str = ""
    """The file of truth that was beside; empty without one."""
    eras: tuple[Era, ...] = ()

    @property
    def drawn(self) -> tuple[Era, ...]:
        """Return the configurations whose limits are drawn, each with its time."""
        return self.eras or (Era(None, self.config, self.book),)


def session_page(
    chronicle: Chronicle, printing: Printing, beside: SessionHeard | None = None
) -> str:
    """Return the report of a session as one document, beside its truth where that is known."""
    found = episodes(chronicle.effects)
    length_ms = chronicle.to_ms - chronicle.from_ms
    words = finding(chronicle.effects, found, chronicle.started_ms, length_ms)
    if beside is not None:
        words = f"{words} \u00b7 {truth_words(beside)}"
    flags = sorted(_flags(chronicle), key=lambda row: row.t_ms)
    style = (PAGE / "report.css").read_text(encoding="utf-8")
    script = f"{TIMELINE.read_text('utf-8')}\n{(PAGE / 'report.js').read_text('utf-8')}"
    allowed = (
        f"default-src 'none'; script-src {_digest_of(script)}; style-src {_digest_of(style)}; "
        "base-uri 'none'; form-action 'none'"
    )
    body = (
        f"<h1>{escape(words)}</h1>",
        _facts(chronicle),
        _chart(chronicle, flags, printing.drawn),
        *(() if beside is None else _truth(chronicle, beside)),
        "<h2>Episodes</h2>",
        _episode_table(chronicle, found),
        "<h2>Steps, and what came of them</h2>",
        _step_table(chronicle, steps_told(chronicle.effects)),
        "<h2>Why: what each reaction alert rested on at its worst</h2>",
        _why(found),
        "<h2>Reaction note</h2>",
        _pre(reaction_note(chronicle.effects, chronicle.session)),
        "<h2>Readings that were not believed</h2>",
        _doubts(chronicle),
        _footer(chronicle, printing, beside),
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{allowed}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{escape(chronicle.session)}: {escape(words)}</title>\n"
        f"<style>{style}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + f'\n<script type="application/json" id="session">{_data(chronicle, flags, printing)}'
        f'</script>\n<script type="module">{script}</script>\n</body>\n</html>\n'
    )


def _digest_of(text: str) -> str:
    found = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{found}'"


def _flags(chronicle: Chronicle) -> list[EventRow]:
    return [row for row in event_rows(chronicle.effects) if row.kind in FLAGS]


def zero_ms(chronicle: Chronicle) -> int:
    """Return the time from which minutes are counted: the start of the infusion, else the opening.

    The drawing has its lines at whole minutes of this, so all times are moved by it.
    """
    return chronicle.from_ms if chronicle.started_ms is None else chronicle.started_ms


def _data(chronicle: Chronicle, flags: Sequence[EventRow], printing: Printing) -> str:
    """Return what is drawn, as JSON that cannot end its element."""
    zero = zero_ms(chronicle)
    end_ms = chronicle.to_ms
    base = chronicle.baseline.centre_centi if chronicle.baseline is not None else {}
    months = chronicle.age_months
    age_centi = ADULT_CENTI if months is None else months * 100 // 12
    history = {
        "series": {name: _moved(points, zero) for name, points in chronicle.series.items()},
        # The page takes the readings that decided for all that was sent where nothing is said.
        "raw": {
            name: _moved(points, zero)
            for name, points in chronicle.sent.items()
            if points != chronicle.series.get(name)
        },
        "rejected": {name: _moved(points, zero) for name, points in chronicle.rejected.items()},
        "rate": _moved(chronicle.rate, zero),
        "base": {name: number(value) for name, value in base.items()},
        "limits": moved_spans(printing.drawn, base, age_centi, zero),
        "bands": [
            {
                "from_ms": one.from_ms - zero,
                "to_ms": (one.to_ms or end_ms) - zero,
                "grade": one.grade,
            }
            for one in _bands(chronicle)
        ],
        "flags": [{"t_ms": row.t_ms - zero, "kind": row.kind} for row in flags],
        "now_ms": end_ms - zero,
    }
    shown = {
        "history": history,
        "words": {"rows": ROWS, "no_values": "no values"},
        "from_ms": chronicle.from_ms - zero - SLACK_MS,
        "to_ms": end_ms - zero,
    }
    return msgspec.json.encode(shown).decode().replace("<", "\\u003c").replace(">", "\\u003e")


def _moved(points: Sequence[tuple[int, float]], zero: int) -> list[tuple[int, float]]:
    return [(at - zero, value) for at, value in thinned(points, POINTS_MOST)]


def _bands(chronicle: Chronicle) -> list[Band]:
    """Return the grades over time; an alert that went along to another bed is drawn once."""
    newest: dict[str, list[Band]] = {}
    for stay in chronicle.stays:
        found = bands(chronicle.effects, stay.bed, chronicle.session)
        for alert in {one.alert for one in found}:
            newest[alert] = [one for one in found if one.alert == alert]
    return sorted((one for each in newest.values() for one in each), key=lambda one: one.from_ms)


def _facts(chronicle: Chronicle) -> str:
    beds = ", ".join(dict.fromkeys(stay.bed for stay in chronicle.stays))
    baseline = chronicle.baseline.status if chronicle.baseline is not None else "none"
    rows = (
        f"Session {chronicle.session}",
        f"Subject {chronicle.subject or 'not recorded'}",
        f"Product {chronicle.product or 'not recorded'}",
        f"Bed {beds}",
        f"{clock_text(chronicle.from_ms)} to {clock_text(chronicle.to_ms)}",
        f"Watched {duration(chronicle.to_ms - chronicle.from_ms)}",
        f"Baseline {baseline}",
    )
    return f'<ul class="facts">{_items(rows)}</ul>'


def _items(rows: Iterable[str]) -> str:
    return "".join(f"<li>{escape(row)}</li>" for row in rows)


def _chart(chronicle: Chronicle, flags: Sequence[EventRow], drawn: Sequence[Era]) -> str:
    since = "the opening" if chronicle.started_ms is None else "the start of the infusion"
    caption = (
        f"Minutes since {since} ({clock_text(zero_ms(chronicle))}). Dotted: baseline; dashed: "
        "limits of grade 2 and above for this person; across the bar of a cuff, or in short "
        "strokes: mean pressure, where it was measured; shaded: grade of the alert; light points: "
        "readings as they were sent; grey crosses: readings that were not believed, with their "
        "reasons in the list below; filled: infusion rate."
    )
    notice = limits_notice(chronicle.config, drawn, lambda at_ms: _minutes(chronicle, at_ms))
    rows = "".join(
        f"<li><time>{escape(_minutes(chronicle, row.t_ms))}</time> {escape(row.words)}"
        f"{escape(f' by {row.by}') if row.by else ''}</li>"
        for row in flags
    )
    return (
        f'{notice}<div class="chart"><figure><canvas id="timeline" role="img" '
        'aria-label="Vital signs over the infusion rate; the tables below say the same">'
        f"</canvas><figcaption>{escape(caption)}</figcaption>"
        "<noscript>The timeline needs scripts; the tables do not.</noscript></figure>"
        f'<ol class="flags" aria-label="Events, by the numbers of the timeline">'
        f"{rows or '<li>No events</li>'}</ol></div>"
    )


def _minutes(chronicle: Chronicle, at_ms: int) -> str:
    minutes = (at_ms - zero_ms(chronicle)) // 60_000
    return f"{clock_text(at_ms)[11:16]}Z ({minutes:+d} min)"


def _or_dash(chronicle: Chronicle, at_ms: int | None, more: str = "") -> str:
    return "-" if at_ms is None else f"{_minutes(chronicle, at_ms)} {more}".strip()


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], empty: str) -> str:
    cells = ["<tr>" + "".join(f"<td>{escape(one)}</td>" for one in row) + "</tr>" for row in rows]
    if not cells:
        return f"<p>{escape(empty)}</p>"
    heads = "".join(f'<th scope="col">{escape(one)}</th>' for one in head)
    body = "".join(cells)
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="wide">{table}</div>'


def _episode_table(chronicle: Chronicle, found: Sequence[Episode]) -> str:
    head = (
        "Picture or cause",
        "Priority",
        "Grades",
        "First sign",
        "Alert",
        "Taken on",
        "First step",
        "Over",
        "Because, at its worst",
    )
    rows = [
        (
            one.name,
            f"{one.priority}, {one.peak.kind}",
            " \u2192 ".join(grade_text(grade) for grade in one.path),
            _or_dash(chronicle, one.onset_ms),
            _or_dash(chronicle, one.raised_ms),
            _or_dash(chronicle, one.taken_on_ms, f"by {one.taken_on_by}"),
            _or_dash(chronicle, one.first_step_ms, one.first_step),
            _or_dash(chronicle, one.ended_ms, "not over, session closed" if one.is_cut else ""),
            "; ".join(dict.fromkeys(row.words for row in one.peak.because)) or one.peak.label,
        )
        for one in found
    ]
    return _table(head, rows, "No alert was raised in this session.")


def _truth(chronicle: Chronicle, beside: SessionHeard) -> tuple[str, ...]:
    """Return what really happened beside what was told, and what was called for nothing."""
    rows = truth_rows(beside, lambda at_ms: _or_dash(chronicle, at_ms))
    false = [_minutes(chronicle, at_ms) for at_ms in false_ms(beside)]
    said = f"False calls: {len(false)}{f' ({chr(44).join(false)})' if false else ''}."
    spans = "An alert belongs to a reaction from 5 min before its onset to 60 min after its end."
    return (
        "<h2>Beside the truth</h2>",
        _table(TRUTH_HEAD, rows, "Nothing happened in this session."),
        f"<p>{escape(said)} {spans}</p>",
    )


def _doubts(chronicle: Chronicle) -> str:
    """Return the grey crosses in words: what was not believed, from when to when, and why."""
    runs: list[list[Doubt]] = []
    newest: dict[tuple[str, str, str], list[Doubt]] = {}
    for one in chronicle.doubts:
        key = (one.device, one.channel, one.reason)
        run = newest.get(key)
        if run is None or one.at_ms - run[-1].at_ms > RUN_MS:
            run = newest[key] = []
            runs.append(run)
        run.append(one)
    rows = [
        (
            f"{one[0].channel.upper()} of {one[0].device}",
            str(len(one)),
            _minutes(chronicle, one[0].at_ms),
            _minutes(chronicle, one[-1].at_ms),
            " to ".join(dict.fromkeys(f"{value:g}" for value in _ends(one))),
            one[0].reason,
        )
        for one in runs
    ]
    head = ("Reading", "Crosses", "From", "To", "Values", "Why")
    return _table(head, rows, "Every reading was believed.")


def _ends(run: Sequence[Doubt]) -> tuple[float, float]:
    values = [one.value for one in run]
    return min(values), max(values)


def _step_table(chronicle: Chronicle, steps: Sequence[Step]) -> str:
    head = ("Step", "For", "What came of it", "When", "Who", "Given", "Response", "Source")
    rows = [
        (
            step.words,
            step.who,
            step.state,
            _or_dash(chronicle, step.at_ms),
            step.by or "-",
            " ".join(part for part in (step.given, step.reason) if part) or "-",
            ": ".join(part for part in (step.response, step.response_words) if part) or "-",
            ", ".join(step.source),
        )
        for step in steps
        if step.state != "offered"
    ]
    offered = dict.fromkeys(step.words for step in steps if step.state == "offered")
    table = _table(head, rows, "No step was recorded as taken." if steps else "None was advised.")
    if not offered:
        return table
    return f"{table}<p>Offered, and nothing recorded:</p><ul>{_items(offered)}</ul>"


def _why(found: Sequence[Episode]) -> str:
    cards = [_pre(why_card(one.peak)) for one in found if one.peak.kind == "physiological"]
    return "".join(cards) or "<p>There was no reaction alert.</p>"


def _pre(lines: Iterable[str]) -> str:
    return f"<pre>{escape(chr(10).join(lines))}</pre>"


def _footer(chronicle: Chronicle, printing: Printing, beside: SessionHeard | None) -> str:
    made = chronicle.software or "not stated"
    seed = None if beside is None else beside.truth.seed
    rows = (
        ("Source", f"{chronicle.source}, recorded by {made}; unit {chronicle.unit}"),
        ("Effects", f"{chronicle.origin}; sha256:{digest(chronicle.effects)}"),
        ("Configuration of the session", chronicle.config or "not stated"),
        ("Configuration of the limits drawn", ", ".join(one.digest for one in printing.drawn)),
        ("Truth", printing.truth or "none beside"),
        ("Seed of the simulated ward", "not known" if seed is None else str(seed)),
        ("Software of this page", f"infusion-reaction-monitor {printing.software}"),
        ("Made by", shlex.join(printing.command)),
    )
    lines = "".join(f"<li>{name}: <code>{escape(text)}</code></li>" for name, text in rows)
    told = "" if chronicle.origin == FROM_LEDGER else " It tells what this configuration decides."
    return f"<footer><ul>{lines}</ul><p>{DISCLAIMER}{told}</p></footer>"
