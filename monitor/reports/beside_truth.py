"""A session beside its truth, where one is known: how soon each event was called, what was false.

The spans are those of the scores of a cohort (:mod:`monitor.study.cohort_found`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from monitor.facts.effects import AlertChanged
from monitor.facts.truth import TrueEvent, TrueSession
from monitor.reports.chronicles import Chronicle
from monitor.reports.findings import grade_text
from monitor.study.cohort_found import OURS, OURS_SHOWN, found_by, is_false, times_of
from monitor.study.cohort_heard import MINUTE_MS, HeardAlert, SessionHeard, updated
from monitor.study.cohort_ward import TRUTH

HEAD: Final = (
    "True reaction", "Grade", "Onset", "Grade 3", "Worst", "Over", "Shown", "Called",
    "Min to the call",
)  # fmt: skip


def truth_beside(path: Path) -> Path | None:
    """Return the file of truth that lies beside a recording or journal under its name, if any."""
    plain = path.name.removesuffix(".gz")
    found = path.with_name(Path(plain).stem + TRUTH)
    return found if found.is_file() else None


def heard_beside(chronicle: Chronicle, truths: Iterable[TrueSession]) -> SessionHeard | None:
    """Return what was heard of a session beside its truth; None where the truth knows none."""
    beds = {stay.bed for stay in chronicle.stays}
    truth = next(
        (one for one in truths if one.session == chronicle.session and one.bed in beds), None
    )
    if truth is None:
        return None
    alerts: dict[str, HeardAlert] = {}
    for effect in chronicle.effects:
        if isinstance(effect, AlertChanged) and effect.kind == "physiological":
            alerts[effect.id] = updated(alerts.get(effect.id), effect)
    return SessionHeard(truth=truth, alerts=tuple(alerts.values()), steps=(), peers={})


def truth_words(heard: SessionHeard) -> str:
    """Return in a few words how soon somebody was called, and how often for nothing."""
    false = f"{len(false_ms(heard))} false calls"
    if not heard.truth.events:
        return f"nothing happened, {false}"
    return "; ".join([*(_event_words(heard, one) for one in heard.truth.events), false])


def _event_words(heard: SessionHeard, event: TrueEvent) -> str:
    for key, words in ((OURS, "called"), (OURS_SHOWN, "shown, nobody called,")):
        at_ms = found_by(times_of(key, heard), event).at_ms
        if at_ms is not None:
            return f"{words} {_after(at_ms, event)}"
    return f"true {event.pattern} of grade {event.grade} missed"


def _after(at_ms: int, event: TrueEvent) -> str:
    minutes = (at_ms - event.onset_ms) / MINUTE_MS
    return f"{abs(minutes):.1f} min {'before' if minutes < 0 else 'after'} the true onset"


def false_ms(heard: SessionHeard) -> list[int]:
    """Return when somebody was called at a time that belongs to no event."""
    return [at_ms for at_ms in times_of(OURS, heard) if is_false(at_ms, heard.truth)]


def truth_rows(heard: SessionHeard, said: Callable[[int | None], str]) -> Iterator[Sequence[str]]:
    """Yield the true events as rows of a table; ``said`` writes a time, None as a dash."""
    for event in heard.truth.events:
        called = found_by(times_of(OURS, heard), event)
        shown = found_by(times_of(OURS_SHOWN, heard), event)
        minutes = (
            "-"
            if called.at_ms is None
            else (f"{(called.at_ms - event.onset_ms) / MINUTE_MS:.1f}, {called.when}")
        )
        yield (
            event.pattern + (", came back" if event.recurrence else ""),
            grade_text(event.grade),
            said(event.onset_ms),
            said(event.grade3_ms),
            said(event.peak_ms),
            said(event.end_ms),
            said(shown.at_ms),
            said(called.at_ms),
            minutes,
        )
