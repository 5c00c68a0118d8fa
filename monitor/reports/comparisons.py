"""Comparisons: what another configuration would have told over the same recordings.

Alerts of both are matched by session and time: two are the same episode if the times from first
sign to end overlap. Nobody said which of them was right; a comparison shows what changes.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Final, Literal, TypeAlias

import msgspec

from monitor.adapters.recording import Remarks
from monitor.facts.effects import AlertChanged, AnyEffect
from monitor.replay import WardOf
from monitor.reports.chronicles import Chronicle, chronicles
from monitor.reports.findings import CALLING, MINUTE_MS, duration, episodes, grade_text

Change: TypeAlias = Literal[
    "gained", "lost", "earlier", "later", "now calls", "no longer calls", "higher", "lower", "same"
]
HOUR_MS: Final = 3_600_000
FOREVER_MS: Final = 2**62


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One reaction alert under one configuration; times are ms since the Unix epoch."""

    pattern: str
    grade: int
    onset_ms: int
    raised_ms: int
    called_ms: int | None
    ended_ms: int | None
    because: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one configuration told of one session."""

    source: str
    session: str
    bed: str
    watched_ms: int
    alerts: tuple[Told, ...]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One alert that is not the same under both; what one of them lacks is None."""

    source: str
    session: str
    bed: str
    changes: tuple[Change, ...]
    a: Told | None
    b: Told | None
    page_a: str = ""
    page_b: str = ""


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """How much one configuration tells."""

    digest: str
    alerts: int
    calls: int
    sessions_called: int
    alerts_per_patient_hour: float | None
    calls_per_patient_hour: float | None


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two configurations over one archive."""

    sessions: int
    patient_hours: float
    a: Load
    b: Load
    counts: dict[str, int]
    median_minutes_earlier: float | None
    """Of alerts in both, A's time less B's; above 0: B is earlier."""
    rows: tuple[Row, ...]
    remarks: dict[str, int]


def outcomes(paths: Iterable[Path], ward_of: WardOf, remarks: Remarks) -> Iterator[Outcome]:
    """Yield what a configuration tells of every session, replayed, journals too."""
    for path in paths:
        for chronicle in chronicles(path, ward_of, remarks, from_ledger=False):
            yield outcome(chronicle)


def outcome(chronicle: Chronicle) -> Outcome:
    """Return what was told of one session."""
    return Outcome(
        source=chronicle.source,
        session=chronicle.session,
        bed=chronicle.stays[0].bed,
        watched_ms=chronicle.to_ms - chronicle.from_ms,
        alerts=tuple(_told(chronicle.effects)),
    )


def _told(effects: Sequence[AnyEffect]) -> Iterator[Told]:
    called: dict[str, int] = {}
    for effect in effects:
        if isinstance(effect, AlertChanged) and effect.priority in CALLING:
            called.setdefault(effect.id, effect.at_ms)
    for one in episodes(effects):
        if one.peak.kind == "physiological":
            yield Told(
                pattern=one.peak.pattern,
                grade=one.peak.grade,
                onset_ms=one.onset_ms,
                raised_ms=one.raised_ms,
                called_ms=called.get(one.last.id),
                ended_ms=one.ended_ms,
                because="; ".join(dict.fromkeys(row.words for row in one.peak.because)),
            )


def comparison(
    of_a: Sequence[Outcome], of_b: Sequence[Outcome], digests: tuple[str, str], remarks: Remarks
) -> Comparison:
    """Return what changes from A to B; a session that one does not have counts as empty there."""
    known_b = {(one.source, one.session): one for one in of_b}
    known_a = {(one.source, one.session): one for one in of_a}
    rows: list[Row] = []
    earlier: list[float] = []
    for key in dict.fromkeys([*known_a, *known_b]):
        a, b = known_a.get(key), known_b.get(key)
        place = a or b
        for one, other in _matched(a.alerts if a else (), b.alerts if b else ()):
            if one is not None and other is not None:
                earlier.append((one.raised_ms - other.raised_ms) / MINUTE_MS)
            if place is not None:
                rows.append(
                    Row(
                        source=place.source,
                        session=place.session,
                        bed=place.bed,
                        changes=changes_of(one, other),
                        a=one,
                        b=other,
                    )
                )
    counts: dict[str, int] = {}
    for row in rows:
        for change in row.changes:
            counts[change] = counts.get(change, 0) + 1
    watched = {key: one.watched_ms for key, one in (*known_b.items(), *known_a.items())}
    hours = sum(watched.values()) / HOUR_MS
    return Comparison(
        sessions=len(watched),
        patient_hours=round(hours, 2),
        a=_load(of_a, digests[0], hours),
        b=_load(of_b, digests[1], hours),
        counts=counts,
        median_minutes_earlier=round(median(earlier), 2) if earlier else None,
        rows=tuple(row for row in rows if row.changes != ("same",)),
        remarks=dict(remarks.counts),
    )


def _matched(
    of_a: Sequence[Told], of_b: Sequence[Told]
) -> Iterator[tuple[Told | None, Told | None]]:
    """Yield alerts of both that overlap, each once, in order of time; then what is left alone."""
    left = sorted(of_b, key=lambda one: one.onset_ms)
    for one in sorted(of_a, key=lambda each: each.onset_ms):
        other = next((each for each in left if _overlap(one, each)), None)
        if other is not None:
            left.remove(other)
        yield one, other
    for each in left:
        yield None, each


def _overlap(one: Told, other: Told) -> bool:
    return one.onset_ms <= (FOREVER_MS if other.ended_ms is None else other.ended_ms) and (
        other.onset_ms <= (FOREVER_MS if one.ended_ms is None else one.ended_ms)
    )


def changes_of(a: Told | None, b: Told | None) -> tuple[Change, ...]:
    """Return in which ways an alert of B is another than that of A."""
    if a is None or b is None:
        return ("gained",) if a is None else ("lost",)
    found: list[Change] = []
    if b.raised_ms != a.raised_ms:
        found.append("earlier" if b.raised_ms < a.raised_ms else "later")
    if (a.called_ms is None) != (b.called_ms is None):
        found.append("now calls" if a.called_ms is None else "no longer calls")
    if a.grade != b.grade:
        found.append("higher" if b.grade > a.grade else "lower")
    return tuple(found) or ("same",)


def _load(found: Sequence[Outcome], digest: str, hours: float) -> Load:
    alerts = [alert for one in found for alert in one.alerts]
    calls = sum(alert.called_ms is not None for alert in alerts)
    return Load(
        digest=digest,
        alerts=len(alerts),
        calls=calls,
        sessions_called=sum(
            any(alert.called_ms is not None for alert in one.alerts) for one in found
        ),
        alerts_per_patient_hour=round(len(alerts) / hours, 4) if hours else None,
        calls_per_patient_hour=round(calls / hours, 4) if hours else None,
    )


def comparison_lines(found: Comparison, command: str) -> Iterator[str]:
    """Yield a comparison as Markdown that a nurse can read."""
    counts = found.counts
    yield "# What would change"
    yield ""
    yield (
        f"Over {found.sessions} sessions ({found.patient_hours:.1f} patient-hours) B raises "
        f"{counts.get('gained', 0)} alerts that A does not, and leaves out "
        f"{counts.get('lost', 0)}. {counts.get('earlier', 0)} come earlier, "
        f"{counts.get('later', 0)} later, {counts.get('same', 0)} are the same. "
        f"{counts.get('now calls', 0)} now call somebody, "
        f"{counts.get('no longer calls', 0)} no longer do."
    )
    yield ""
    yield "| | A | B |"
    yield "|---|---:|---:|"
    a, b = found.a, found.b
    yield f"| alerts | {a.alerts} | {b.alerts} |"
    yield f"| alerts a patient-hour | {a.alerts_per_patient_hour} | {b.alerts_per_patient_hour} |"
    yield f"| of them calling somebody | {a.calls} | {b.calls} |"
    yield f"| calls a patient-hour | {a.calls_per_patient_hour} | {b.calls_per_patient_hour} |"
    yield f"| sessions in which somebody is called | {a.sessions_called} | {b.sessions_called} |"
    yield ""
    yield "| Session | Change | A | B | Because |"
    yield "|---|---|---|---|---|"
    yield from (_row_line(row) for row in found.rows)
    yield ""
    yield "Nobody said which alerts were right: this says what changes, not what is better."
    yield ""
    yield f"A is configuration `{a.digest}`, B is `{b.digest}`. Made by `{command}`."


def _row_line(row: Row) -> str:
    name = _cell(f"{row.source} {row.session} bed {row.bed}")
    pages = " ".join(
        f"[{which}]({page})" for which, page in (("A", row.page_a), ("B", row.page_b)) if page
    )
    shift = ""
    if row.a is not None and row.b is not None and row.a.raised_ms != row.b.raised_ms:
        shift = f" by {duration(abs(row.a.raised_ms - row.b.raised_ms))}"
    last = row.b or row.a
    cells = (
        f"{name} {pages}".strip(),
        ", ".join(row.changes) + shift,
        _told_words(row.a),
        _told_words(row.b),
        _cell(last.because if last else ""),
    )
    return f"| {' | '.join(cells)} |"


def _told_words(told: Told | None) -> str:
    if told is None:
        return "-"
    calls = "calls" if told.called_ms is not None else "shown"
    return _cell(f"{told.pattern or 'no picture'}, grade {grade_text(told.grade)}, {calls}")


def _cell(text: str) -> str:
    """Return text that stays one cell of a table and starts no markup."""
    kept = " ".join(text.split())
    for mark in ("\\", "|", "<", "[", "`"):
        kept = kept.replace(mark, f"\\{mark}")
    return kept
