"""Ablation: what is lost and gained when one row of the book is removed and a cohort replayed.

A count of reasons says in how many calls a row had a part; only a replay without the row says
what happens without it, because other rows call later, or another name is given.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

import msgspec

from monitor.settings.settings import load_settings
from monitor.study.cohort import items_of, sessions_of
from monitor.study.cohort_detail import detail_of
from monitor.study.cohort_found import OURS, found_by, is_false, middle, times_of
from monitor.study.cohort_heard import MINUTE_MS, SessionHeard
from monitor.study.cohort_ward import heard_bytes
from monitor.study.runs import Run, worked_off
from monitor.study.sweep import limit_of
from monitor.tables.faults import ConfigError


class RowRemoved(msgspec.Struct, frozen=True, kw_only=True):
    """What changed when one row was removed; ``fault`` says why it cannot be.

    An event is lost if somebody was called with the row and nobody without it, later if somebody
    was called in both and later without it. Calls are counted session by session, so that one
    that is lost in a session and one that is gained in another are both told.
    """

    rule: str
    reasons: int
    """Calls of which it was a reason when all rows are in force."""
    calls_lost: int = 0
    calls_gained: int = 0
    false_lost: int = 0
    false_gained: int = 0
    events_lost: int = 0
    events_gained: int = 0
    events_later: int = 0
    minutes_later: float | None = None
    """Median of those that are later."""
    fault: str = ""


class Ablation(msgspec.Struct, frozen=True, kw_only=True):
    """What came of removing rows one at a time."""

    source: str
    command: str
    config: str
    files: int
    of_files: int
    sessions: int
    events: int
    calls: int
    false_calls: int
    rows: tuple[RowRemoved, ...]
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AblationPlan:
    """What is removed, over how many files of which cohort, and who works.

    ``rules`` names rows; where it is empty, the ``count`` rows are taken that were a reason most
    often. ``files`` is None for all of them.
    """

    source: Path
    config: Path
    rules: tuple[str, ...]
    count: int
    files: int | None
    folder: Path
    run: Run
    command: str


def ablation(plan: AblationPlan, *, err: TextIO) -> Ablation:
    """Replay a cohort once as it is and once without each row.

    Raises
    ------
    InputFileError
        If the cohort cannot be read.
    ValueError
        If the book has no such row.
    EngineError
        If the work cannot be done.
    """
    settings = load_settings(plan.config)
    book = settings.site.rule_book
    for rule in plan.rules:
        limit_of(plan.config, book, rule, 1)
    whole, faults = _heard(plan, plan.config, err)
    reasons = {row.rule: row.calls for row in detail_of(whole).rules}
    rows = []
    for rule in plan.rules or _foremost(plan, book, reasons):
        err.write(f"without {rule}\n")
        path, _ = limit_of(plan.config, book, rule, 1)
        without = removed(plan.config, path, rule, plan.folder / rule)
        try:
            load_settings(without)
        except ConfigError as fault:
            rows.append(RowRemoved(rule=rule, reasons=reasons.get(rule, 0), fault=str(fault)))
            continue
        heard, _ = _heard(plan, without, err)
        rows.append(changed(rule, reasons.get(rule, 0), whole, heard))
    return Ablation(
        source=str(plan.source),
        command=plan.command,
        config=settings.digest,
        files=len(_items(plan, plan.config)),
        of_files=len(items_of(plan.source, plan.config)),
        sessions=len(whole),
        events=sum(len(one.truth.events) for one in whole),
        calls=sum(len(times_of(OURS, one)) for one in whole),
        false_calls=sum(_false(one) for one in whole),
        rows=tuple(rows),
        faults=faults,
    )


def _foremost(plan: AblationPlan, book: str, reasons: dict[str, int]) -> list[str]:
    """Return the rows of the book that were a reason most often; what is no row is left out."""
    found: list[str] = []
    for rule in reasons:
        try:
            limit_of(plan.config, book, rule, 1)
        except ValueError:
            continue
        found.append(rule)
    return found[: plan.count]


def _items(plan: AblationPlan, config: Path) -> list[str]:
    return items_of(plan.source, config)[: plan.files]


def _heard(
    plan: AblationPlan, config: Path, err: TextIO
) -> tuple[list[SessionHeard], tuple[str, ...]]:
    done = worked_off(heard_bytes, _items(plan, config), plan.run, work="", err=err)
    return sessions_of(done)


def removed(config: Path, book: Path, rule: str, to: Path) -> Path:
    """Copy a configuration into a folder with one row of its book left out; return the folder."""
    if to.exists():
        shutil.rmtree(to)
    shutil.copytree(config, to)
    place = to / book.relative_to(config)
    text = place.read_text("utf-8")
    head, *blocks = text.split("[[rule]]")
    kept = [block for block in blocks if f'id = "{rule}"' not in block]
    place.write_text("[[rule]]".join([head, *kept]), encoding="utf-8")
    return to


def changed(
    rule: str, reasons: int, whole: Sequence[SessionHeard], without: Sequence[SessionHeard]
) -> RowRemoved:
    """Return what changed between the same sessions with and without a row."""
    lost = gained = 0
    later: list[float] = []
    calls: list[int] = []
    false: list[int] = []
    for before, after in zip(whole, without, strict=True):
        calls.append(len(times_of(OURS, after)) - len(times_of(OURS, before)))
        false.append(_false(after) - _false(before))
        for event in before.truth.events:
            here = found_by(times_of(OURS, before), event).at_ms
            there = found_by(times_of(OURS, after), event).at_ms
            lost += here is not None and there is None
            gained += here is None and there is not None
            if here is not None and there is not None and there > here:
                later.append((there - here) / MINUTE_MS)
    return RowRemoved(
        rule=rule,
        reasons=reasons,
        calls_lost=-sum(min(one, 0) for one in calls),
        calls_gained=sum(max(one, 0) for one in calls),
        false_lost=-sum(min(one, 0) for one in false),
        false_gained=sum(max(one, 0) for one in false),
        events_lost=lost,
        events_gained=gained,
        events_later=len(later),
        minutes_later=middle(later),
    )


def _false(heard: SessionHeard) -> int:
    return sum(is_false(at_ms, heard.truth) for at_ms in times_of(OURS, heard))


HEAD: Final = (
    "Row removed", "Reason of calls", "Events no longer called", "newly called", "called later",
    "min later, median", "Calls lost", "gained", "False calls lost", "gained",
)  # fmt: skip


def cells_of(row: RowRemoved) -> tuple[str, ...]:
    """Return a row as the cells of a table; one that cannot be removed says why."""
    if row.fault:
        return (row.rule, str(row.reasons), f"cannot be removed: {row.fault}", *[""] * 7)
    return (
        row.rule,
        str(row.reasons),
        str(row.events_lost),
        str(row.events_gained),
        str(row.events_later),
        "-" if row.minutes_later is None else f"{row.minutes_later:.1f}",
        str(row.calls_lost),
        str(row.calls_gained),
        str(row.false_lost),
        str(row.false_gained),
    )


def words_of(found: Ablation) -> str:
    """Return over what rows were removed, in words."""
    return (
        f"{found.files} of {found.of_files} files: {found.sessions} sessions, {found.events} "
        f"events, {found.calls} calls, {found.false_calls} of them false. Each row was removed "
        "alone and everything replayed; another row may do its work, so what is lost by one is "
        "not lost twice by two."
    )


def ablation_lines(found: Ablation) -> Iterator[str]:
    """Yield an ablation as Markdown."""
    yield words_of(found)
    yield ""
    yield f"| {' | '.join(HEAD)} |"
    yield f"|---|{'---:|' * (len(HEAD) - 1)}"
    yield from (f"| {' | '.join(cells_of(row))} |" for row in found.rows)
    yield ""
    yield f"Over `{found.source}`, configuration `{found.config}`. Made by `{found.command}`."
