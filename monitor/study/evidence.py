"""Evidence: what the monitor does on recordings and cases that nobody in this project made.

Replays every real transfusion and every published case that a folder holds, each through a ward
of its own, and counts. Nobody judged the transfusions: the patients are sicker than those of an
infusion clinic, so the rates of alerts are upper bounds, good for comparing two versions of a
rule and for nothing else. The cases come with what was to be expected of them; how far the
monitor met that stands in a second table.

"Called" means an alert of medium or high priority; a low one is shown and waits to be seen.
A step in which the ward fails is counted and named as a crash, and the rest goes on.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TextIO

import msgspec

from monitor.adapters import cases
from monitor.adapters.recording import InputFileError, Recording, Remarks
from monitor.adapters.sources import open_source, recognised
from monitor.facts.effects import NOT_ASSESSABLE
from monitor.facts.records import RecordedStep
from monitor.replay import BAD_INPUT, FOUND_SOMETHING, HOUR_MS, Tally, WardOf, replay

GRADES: Final = (NOT_ASSESSABLE, 0, 1, 2, 3, 4)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table: what came out of one source."""

    source: str
    sessions: int
    hours: float
    physiological: int
    per_patient_day: float
    calls: int
    calls_per_patient_day: float
    alerts_by_grade: dict[str, int]
    technical: int
    advisory: int
    refused: int
    readings_not_judged: int
    peak_grades: dict[str, int]
    crashes: int


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """How one published case went, beside what was to be expected."""

    case: str
    peak: int
    at_least: int
    at_most: int
    attention: bool | None
    called: bool
    """An alert of medium or high priority was raised."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is printed."""

    rows: tuple[Row, ...]
    cases: tuple[Expectation, ...]
    crashes: tuple[str, ...]
    remarks: dict[str, int]


@dataclass(slots=True, kw_only=True)
class _Count:
    tally: Tally = field(default_factory=Tally)
    crashes: list[str] = field(default_factory=list)


def run(
    path: Path,
    *,
    ward_of: WardOf,
    out: TextIO,
    err: TextIO,
    as_json: bool = False,
    as_markdown: bool = False,
) -> int:
    """Replay all evidence under a path and print the table; return the exit code."""
    try:
        found = report(path, ward_of, err)
    except InputFileError as fault:
        err.write(f"{fault}\n")
        return BAD_INPUT
    if as_json:
        out.write(f"{msgspec.json.encode(found, order='deterministic').decode()}\n")
    else:
        lines = markdown(found) if as_markdown else plain(found)
        out.write("".join(f"{line}\n" for line in lines))
    err.writelines(f"crash: {crash}\n" for crash in found.crashes)
    return FOUND_SOMETHING if found.crashes else 0


def report(path: Path, ward_of: WardOf, err: TextIO) -> Report:
    """Replay all evidence under a path.

    Raises
    ------
    InputFileError
        If the path holds nothing that can be replayed, or a source cannot be read.
    """
    remarks = Remarks()
    counts: dict[str, _Count] = {}
    outcomes: list[Expectation] = []
    for source, recording, expected in _recordings(path, remarks):
        count = counts.setdefault(source, _Count())
        if count.tally.recordings == 0:
            err.write(f"{source} ...\n")
        before = count.tally.peak_grades.copy(), count.tally.called
        _replay(recording, ward_of, count)
        if expected:
            outcomes.append(_outcome(recording.name, expected, before, count.tally))
    return Report(
        rows=tuple(_row(source, count) for source, count in counts.items()),
        cases=tuple(outcomes),
        crashes=tuple(crash for count in counts.values() for crash in count.crashes),
        remarks=dict(sorted(remarks.counts.items())),
    )


def _recordings(
    path: Path, remarks: Remarks
) -> Iterator[tuple[str, Recording, Mapping[str, object]]]:
    """Yield every recording with the name of its row and what is expected of it."""
    for found in _files(path):
        if recognised(found) == "cases":
            expected = {case.id: case.expected for case in cases.cases(found, Remarks())}
            for one in cases.recordings(found, remarks):
                yield f"{found.stem}: {one.group}", one, expected.get(one.name, {})
        else:
            for one in open_source(found, remarks):
                yield found.name, one, {}


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise InputFileError(path, "there is no such file or folder")
    if not path.is_dir() or recognised(path):
        return [path]
    found = [child for child in sorted(path.iterdir()) if recognised(child)]
    if not found:
        raise InputFileError(path, "holds nothing that can be replayed")
    return found


def _replay(recording: Recording, ward_of: WardOf, count: _Count) -> None:
    def failed(step: RecordedStep, fault: Exception) -> None:
        what = f"{type(fault).__name__}: {fault}"
        count.crashes.append(f"{recording.name}: step at {step.now_ms} ms: {what}")

    replayed = replay(recording.steps, ward_of(recording.unit), failed=failed)
    for _ in count.tally.add(replayed):
        pass


def _outcome(
    name: str,
    expected: Mapping[str, object],
    before: tuple[Counter[int], int],
    after: Tally,
) -> Expectation:
    peaks = after.peak_grades - before[0]
    attention = expected.get("attention")
    return Expectation(
        case=name,
        peak=max(peaks, default=NOT_ASSESSABLE),
        at_least=_grade(expected.get("min_grade"), 0),
        at_most=_grade(expected.get("max_grade"), 4),
        attention=attention if isinstance(attention, bool) else None,
        called=after.called > before[1],
    )


def _grade(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) else otherwise


def _row(source: str, count: _Count) -> Row:
    tally = count.tally
    hours = tally.duration_ms / HOUR_MS
    physiological = tally.alerts("physiological")
    total = sum(physiological.values())
    return Row(
        source=source,
        sessions=tally.recordings,
        hours=round(hours, 1),
        physiological=total,
        per_patient_day=_a_day(total, hours),
        calls=tally.called,
        calls_per_patient_day=_a_day(tally.called, hours),
        alerts_by_grade={str(grade): physiological.get(grade, 0) for grade in GRADES[2:]},
        technical=sum(tally.alerts("technical").values()),
        advisory=sum(tally.alerts("advisory").values()),
        refused=sum(tally.refused.values()),
        readings_not_judged=sum(tally.kept.values()),
        peak_grades={_grade_name(grade): tally.peak_grades.get(grade, 0) for grade in GRADES},
        crashes=len(count.crashes),
    )


def _a_day(count: int, hours: float) -> float:
    return round(count * 24 / hours, 2) if hours else 0.0


def _grade_name(grade: int) -> str:
    return "n/a" if grade == NOT_ASSESSABLE else str(grade)


HEADINGS: Final = (
    "Source",
    "Sessions",
    "Patient-hours",
    "Highest grade n/a, 0, 1, 2, 3, 4",
    "Alerts of grade 1, 2, 3, 4",
    "Alerts a patient-day",
    "of these medium or high",
    "Technical",
    "Refused messages",
    "Readings not judged",
    "Crashes",
)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.source,
        str(row.sessions),
        f"{row.hours:.1f}",
        " · ".join(map(str, row.peak_grades.values())),
        " · ".join(map(str, row.alerts_by_grade.values())),
        f"{row.per_patient_day:.2f}",
        f"{row.calls_per_patient_day:.2f}",
        str(row.technical),
        str(row.refused),
        str(row.readings_not_judged),
        str(row.crashes),
    )


def markdown(found: Report) -> Iterator[str]:
    """Yield the report as Markdown."""
    yield f"| {' | '.join(HEADINGS)} |"
    yield f"|{'|'.join(['---', *['---:'] * (len(HEADINGS) - 1)])}|"
    for row in found.rows:
        yield f"| {' | '.join(_cells(row))} |"
    yield ""
    yield from verdicts(found)


def plain(found: Report) -> Iterator[str]:
    """Yield the report for a terminal: one block a source, as its table is too wide for one."""
    for row in found.rows:
        name, *cells = _cells(row)
        yield name
        for heading, cell in zip(HEADINGS[1:], cells, strict=True):
            yield f"  {heading:<34}{cell}"
    yield from verdicts(found)
    for kind, number in found.remarks.items():
        yield f"{kind}: {number}"


def verdicts(found: Report) -> Iterator[str]:
    """Yield how far published cases went as was to be expected; nothing without cases."""
    judged = [case for case in found.cases if case.attention is not None]
    if not judged:
        return
    called = [case for case in judged if case.attention]
    quiet = [case for case in judged if not case.attention]
    met = sum(case.at_least <= case.peak <= case.at_most for case in found.cases)
    came, left = sum(case.called for case in called), sum(not case.called for case in quiet)
    yield f"Somebody was called in {came} of {len(called)} cases that ask for it."
    yield f"Nobody was called in {left} of {len(quiet)} cases that ask for nobody."
    yield f"The highest grade was as expected in {met} of {len(found.cases)} cases."
    for case in judged:
        if case.called != case.attention:
            yield f"- {case.case}: {'somebody' if case.called else 'nobody'} was called"
    for case in found.cases:
        if not case.at_least <= case.peak <= case.at_most:
            expected = f"{case.at_least} to {case.at_most}"
            yield f"- {case.case}: grade {_grade_name(case.peak)}, expected {expected}"
