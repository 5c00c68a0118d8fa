"""Sweeps: one limit of the active rule book over a range, and what each value finds and costs.

Every value is a configuration of its own, a copy of the site's folder in which one number differs,
so that a point of a sweep is nothing but a score under that configuration. Our book as it stands,
the simple limits, the early warning scores and the shock index stand on the same axes.
"""

import re
import shutil
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final, TextIO, TypeAlias

import msgspec
import numpy as np

from detectors.book_table import BookTable
from detectors.channels import MISSING, N_CHANNELS, Int32
from monitor.adapters import cases
from monitor.adapters.recording import InputFileError, Remarks
from monitor.settings.settings import Settings, load_settings
from monitor.study.cohort import items_of, sessions_of
from monitor.study.cohort_found import OURS, OURS_SHOWN, rule_keys
from monitor.study.cohort_score import score_of
from monitor.study.cohort_ward import heard_bytes
from monitor.study.peers import KEYS, PEERS, scores, single_signs
from monitor.study.runs import Run, worked_off
from monitor.study.scoring import columns_of, score_cases, yardstick
from monitor.ward.ward import Ward

VALUES_MAX: Final = 50

OF_COHORT: Final = (
    "share of events called before or in time (until their worst moment)",
    "calls at times that belong to no event, a patient-hour of such time",
)
OF_CASES: Final = (
    "share of the detectable cases that ask for attention in which somebody was called",
    "share of the cases that ask for none in which somebody was called",
)
CASES_END: Final = ".jsonl"

Numbers: TypeAlias = tuple[float | None, float | None, tuple[float, float] | None, float | None]
"""Sensitivity, load, the interval of the load where there is one, and all alerts an hour."""

CALLING_GRADE: Final = 2
"""A row below this grade calls nobody: what it changes is what is shown."""

SWEPT: Final = {OURS: "value", OURS_SHOWN: "value_shown"}
"""Keys of the points of a value, by the rule whose numbers they are."""


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """One number of the active book: which clause of which rule, and what it is now."""

    rule: str
    clause: int
    """From 1, in the order of the file."""
    channel: str
    basis: str
    comparison: str
    unit: str
    in_force: str
    grade: int | None = None
    """Of the rule; None where it has none."""


class SweepPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One rule or one value of the limit, on both axes; None where it cannot be said."""

    key: str
    words: str
    value: str | None
    sensitivity: float | None
    load: float | None
    load_interval: tuple[float, float] | None
    in_force: bool
    alerts_per_patient_hour: float | None = None
    """All that began to hold, right or wrong; None over cases, which are no time."""
    on_front: bool = False
    """No other point finds as much for less, or more for as much."""


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a sweep; the axes in words, and the command that makes it again."""

    source: str
    command: str
    config: str
    limit: Limit
    sensitivity_is: str
    load_is: str
    points: tuple[SweepPoint, ...]
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is swept, over what, where copies of the configuration are kept, and who works."""

    source: Path
    config: Path
    rule: str
    clause: int
    values: tuple[str, ...]
    folder: Path
    run: Run
    command: str


def values_of(text: str) -> tuple[str, ...]:
    """Return the values of ``20,25,30`` or of ``20:60:5`` (from, to, step; both ends count).

    Raises
    ------
    ValueError
        If it is neither, or asks for more than 50 values.
    """
    try:
        parts = [Decimal(part.strip()) for part in re.split(r"[,:]", text)]
    except InvalidOperation as fault:
        raise ValueError(f"{text}: must be numbers, as 20,25,30 or 20:60:5") from fault
    if not all(part.is_finite() for part in parts):
        raise ValueError(f"{text}: must be finite numbers")
    if ":" in text:
        if "," in text or len(parts) != 3 or parts[2] <= 0 or parts[1] < parts[0]:  # noqa: PLR2004 - from, to, step
            raise ValueError(f"{text}: must be FROM:TO:STEP with a step above 0")
        count = int((parts[1] - parts[0]) / parts[2]) + 1
        _bounded(count)
        parts = [parts[0] + parts[2] * index for index in range(count)]
    _bounded(len(parts))
    return tuple(dict.fromkeys(format(part, "f") for part in parts))


def _bounded(count: int) -> None:
    if count > VALUES_MAX:
        raise ValueError(f"{count} values, may be at most {VALUES_MAX}")


def limit_of(config: Path, book: str, rule: str, clause: int) -> tuple[Path, Limit]:
    """Return the file of the active book and the limit that a rule's clause has in it.

    Raises
    ------
    ValueError
        If the book has no such rule, or the rule no such clause.
    """
    for path in sorted((config / "rulebooks").glob("*.toml")):
        document = tomllib.loads(path.read_text("utf-8"), parse_float=Decimal)
        if document.get("name") != book:
            continue
        rules = {row["id"]: row for row in document["rule"]}
        if rule not in rules:
            near = [name for name in rules if name.split(".")[0] == rule.split(".", maxsplit=1)[0]]
            raise ValueError(f"{rule}: no rule of {path}; near: {', '.join(near or rules)}")
        clauses = rules[rule]["clauses"]
        if not 1 <= clause <= len(clauses):
            raise ValueError(f"{rule} has {len(clauses)} clauses, and no number {clause}")
        row = clauses[clause - 1]
        channel, basis, comparison = (
            str(row.get(name, "")) for name in ("channel", "basis", "comparison")
        )
        unit, now = str(row.get("unit", "")), str(row["value"])
        return path, Limit(
            rule=rule,
            clause=clause,
            channel=channel,
            basis=basis,
            comparison=comparison,
            unit=unit,
            in_force=now,
            grade=rules[rule].get("grade"),
        )
    raise ValueError(f"{config}: no rule book is called {book}")


_VALUE: Final = re.compile(r"(?<![A-Za-z_])value = [^,}\s]+")


def varied(config: Path, book: Path, limit: Limit, value: str, to: Path) -> Path:
    """Copy a configuration into a folder with one number changed, and return the folder."""
    if to.exists():
        shutil.rmtree(to)
    shutil.copytree(config, to)
    place = to / book.relative_to(config)
    text = place.read_text("utf-8")
    begin = text.index(f'id = "{limit.rule}"')
    end = text.find("[[rule]]", begin)
    block = text[begin : end if end >= 0 else len(text)]
    found = list(_VALUE.finditer(block))[limit.clause - 1]
    changed = f"{block[: found.start()]}value = {value}{block[found.end() :]}"
    place.write_text(text[:begin] + changed + text[begin + len(block) :], encoding="utf-8")
    return to


def sweep(plan: Plan, *, err: TextIO) -> Sweep:
    """Score every value of a limit, and everything else on the same axes.

    Raises
    ------
    InputFileError
        If the cohort or the cases cannot be read.
    ValueError
        If there is no such limit.
    ConfigError
        If a value makes a configuration that cannot be; the fault names file, row and value.
    EngineError
        If the work cannot be done.
    """
    settings = load_settings(plan.config)
    book, limit = limit_of(plan.config, settings.site.rule_book, plan.rule, plan.clause)
    is_cohort = plan.source.is_dir()
    told = told_by(limit)
    faults: dict[str, None] = {}
    points: list[SweepPoint] = []
    for value in plan.values:
        err.write(f"{limit.rule} clause {limit.clause}: {value}\n")
        folder = varied(plan.config, book, limit, value, plan.folder / value)
        varied_settings = load_settings(folder)  # told before the work begins
        if is_cohort:
            numbers = _of_cohort(plan, folder, faults, err)
        else:
            numbers = _of_cases(plan.source, varied_settings)
        points += [
            _point(SWEPT[key], f"{words}, {_words(limit, value)}", numbers[key], value)
            for key, words in told.items()
        ]
    err.write("as it is in force\n")
    if is_cohort:
        numbers = _of_cohort(plan, plan.config, faults, err)
    else:
        numbers = _of_cases(plan.source, settings)
    points += [
        _point(key, words, numbers[key], None, in_force=key in told)
        for key, words in rule_keys().items()
        if key in numbers
    ]
    return Sweep(
        source=str(plan.source),
        command=plan.command,
        config=settings.digest,
        limit=limit,
        sensitivity_is=(OF_COHORT if is_cohort else OF_CASES)[0],
        load_is=(OF_COHORT if is_cohort else OF_CASES)[1],
        points=tuple(with_front(points)),
        faults=tuple(faults),
    )


def told_by(limit: Limit) -> Mapping[str, str]:
    """Return which of our two numbers a limit moves, in words: what calls, what is shown."""
    if limit.grade is None or limit.grade >= CALLING_GRADE:
        return {OURS: "this monitor"}
    return {OURS: "this monitor, somebody is called", OURS_SHOWN: "this monitor, shown"}


def _words(limit: Limit, value: str) -> str:
    what = f"{limit.channel} {limit.basis} {limit.comparison} {value} {limit.unit}"
    return f"{limit.rule}: {what.strip()}"


def _point(
    key: str, words: str, numbers: Numbers, value: str | None, *, in_force: bool = False
) -> SweepPoint:
    return SweepPoint(
        key=key,
        words=words,
        value=value,
        sensitivity=numbers[0],
        load=numbers[1],
        load_interval=numbers[2],
        in_force=in_force,
        alerts_per_patient_hour=numbers[3],
    )


def with_front(points: Sequence[SweepPoint]) -> Iterator[SweepPoint]:
    """Yield points with the mark of those that no other one beats."""
    sound = [
        (one.sensitivity, one.load)
        for one in points
        if one.sensitivity is not None and one.load is not None
    ]
    for one in points:
        if one.sensitivity is None or one.load is None:
            yield one
            continue
        here = (one.sensitivity, one.load)
        beaten = any(a >= here[0] and b <= here[1] and (a, b) != here for a, b in sound)
        yield msgspec.structs.replace(one, on_front=not beaten)


def _of_cohort(
    plan: Plan, config: Path, faults: dict[str, None], err: TextIO
) -> Mapping[str, Numbers]:
    items = items_of(plan.source, config)
    done = worked_off(heard_bytes, items, plan.run, work="", err=err)
    sessions, told = sessions_of(done)
    faults.update(dict.fromkeys(told))
    found = score_of(sessions)
    return {
        key: (
            rule.found_by_worst if found.events else None,
            rule.false_per_patient_hour,
            rule.false_interval,
            rule.alerts_per_patient_hour,
        )
        for key, rule in zip(rule_keys(), found.rules, strict=True)
    }


def _of_cases(path: Path, settings: Settings) -> Mapping[str, Numbers]:
    """Return both shares for the monitor and for every rule about one set of vitals."""
    beside = yardstick(settings.ward)
    found = score_cases(path, lambda unit: Ward(settings.ward, unit=unit), beside)
    stated = {case.id: case for case in cases.cases(path, Remarks())}
    wanted: list[bool] = []
    called: dict[str, list[bool]] = {key: [] for key in (OURS, OURS_SHOWN, *KEYS)}
    for one in found.cases:
        is_wanted = one.attention_expected
        if is_wanted is None or (is_wanted and not one.detectable_from_vitals):
            continue
        wanted.append(is_wanted)
        called[OURS].append(one.called)
        called[OURS_SHOWN].append(one.attention)
        broken = _broken(beside.tables, stated[one.id])
        for key, breaks in zip(KEYS, broken, strict=True):
            called[key].append(breaks)
    if not wanted:
        raise InputFileError(path, "holds no case that says whether attention is due")
    due = np.array(wanted)
    return {key: (_share(np.array(marks)[due]), _share(np.array(marks)[~due]), None, None)
            for key, marks in called.items()}  # fmt: skip


def _broken(tables: Mapping[str, BookTable], case: cases.Case) -> list[bool]:
    """Return which simple rules any set after the start breaks, in the order of their keys."""
    value, base = case_rows(case)
    if not len(value):
        return [False] * len(PEERS)
    holds = np.concatenate([single_signs(value, base), scores(tables, value)], axis=1)
    found: list[bool] = np.any(holds, axis=0).tolist()
    return found


def case_rows(case: cases.Case) -> tuple[Int32, Int32]:
    """Return the sets after the start of a case, and before it for each; shape (row, channel).

    A set that repeats the baseline is the baseline and is left out.
    """
    baseline = columns_of(case.baseline)
    sets: list[Int32] = []
    before: list[Int32] = []
    for point in case.points:
        values = columns_of(point.values)
        if point.at_min < 0:
            baseline = np.where(values == MISSING, baseline, values).astype(np.int32)
        elif point.at_min > 0 or not point.values.items() <= case.baseline.items():
            sets.append(values)
            before.append(baseline)
    empty = np.empty((0, N_CHANNELS), np.int32)
    return np.concatenate([empty, *sets]), np.concatenate([empty, *before])


def _share(marks: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float | None:
    return round(float(marks.mean()), 4) if len(marks) else None
