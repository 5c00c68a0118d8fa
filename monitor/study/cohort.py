"""A cohort with known truth: a folder of wards, replayed by any engine, scored as one.

The digest is over what was heard of every file; it is the same for any engine, any number of
workers and any cut into chunks, and is printed so that two runs can be compared.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, TextIO

import msgspec

from monitor.adapters.recording import InputFileError
from monitor.engines.work import Done, digest_of
from monitor.replay import BAD_INPUT, FOUND_SOMETHING
from monitor.study.cohort_detail import CohortDetail, detail_of
from monitor.study.cohort_score import CohortScore, PatternScore, RuleScore, score_of
from monitor.study.cohort_ward import RECORDING, FileHeard, Item, SessionHeard, heard_bytes
from monitor.study.runs import Run, worked_off

NAMES: Final = 3
"""How many names of each pattern are printed."""

_FILE: Final = msgspec.json.Decoder(FileHeard)
_ITEM: Final = msgspec.json.Encoder(order="deterministic")


class ScoredCohort(CohortScore, frozen=True, kw_only=True):
    """The score of a cohort and what stands behind it."""

    detail: CohortDetail


def items_of(folder: Path, config: Path) -> list[str]:
    """Return the work of a folder, a file an item, in order of the names.

    Raises
    ------
    InputFileError
        If the folder holds no recording.
    """
    if not folder.is_dir():
        raise InputFileError(folder, "is no folder; a cohort is a folder of recordings with truth")
    files = sorted(path for path in folder.iterdir() if path.name.endswith(RECORDING))
    if not files:
        raise InputFileError(folder, f"holds no *{RECORDING}; make some: simulate --to {folder}")
    return [
        _ITEM.encode(Item(recording=str(path.resolve()), config=str(config.resolve()))).decode()
        for path in files
    ]


def scored_cohort(
    folder: Path, run: Run, *, config: Path, digest: str, err: TextIO
) -> ScoredCohort:
    """Replay a folder and return its score with the figures behind it.

    Raises
    ------
    InputFileError
        If the folder holds no recording, or the file of progress cannot be used.
    EngineError
        If the work cannot be done.
    """
    items = items_of(folder, config)
    work = hashlib.sha256("\n".join([digest, *items]).encode()).hexdigest()
    done = worked_off(heard_bytes, items, run, work=work, err=err)
    sessions, faults = sessions_of(done)
    score = score_of(sessions)
    kept = {name: getattr(score, name) for name in CohortScore.__struct_fields__}
    told = {**kept, "digest": results_digest(done), "faults": faults}
    return ScoredCohort(**told, detail=detail_of(sessions))


def run_cohort(
    folder: Path,
    run: Run,
    *,
    config: Path,
    digest: str,
    out: TextIO,
    err: TextIO,
    as_json: bool = False,
) -> int:
    """Score a folder and print it; return the exit code of the command."""
    try:
        found = scored_cohort(folder, run, config=config, digest=digest, err=err)
    except InputFileError as fault:
        err.write(f"{fault}\n")
        return BAD_INPUT
    if as_json:
        out.write(f"{msgspec.json.encode(found).decode()}\n")
    else:
        out.writelines(f"{line}\n" for line in lines(found))
    err.writelines(f"{fault}\n" for fault in found.faults)
    return FOUND_SOMETHING if found.faults else 0


def sessions_of(done: Sequence[Done]) -> tuple[list[SessionHeard], tuple[str, ...]]:
    """Return the sessions of all files, in order of the files, and what could not be read."""
    files = [_FILE.decode(one.result) for one in sorted(done, key=lambda one: one.item)]
    sessions = [heard for file in files for heard in file.sessions]
    return sessions, tuple(file.fault for file in files if file.fault)


def results_digest(done: Sequence[Done]) -> str:
    """Return the digest of what was heard, whatever folder the files stood in."""
    named = [Done(item=_FILE.decode(one.result).name, result=one.result) for one in done]
    return digest_of(named)


def lines(found: CohortScore) -> Iterator[str]:
    """Yield the score as Markdown."""
    yield (
        f"{found.sessions} sessions ({found.quiet_sessions} in which nothing happened), "
        f"{found.events} events, {found.patient_hours:.0f} patient-hours; digest {found.digest}"
    )
    yield ""
    yield (
        "| Rule | Events found | in time | before | late | of grade 3-4 | Median min to alert | "
        "min before the worst | False per patient-hour (95 %) | Sessions with a false one | PPV |"
    )
    yield "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    yield from (_rule_line(rule) for rule in found.rules)
    yield ""
    yield (
        "| Pattern | Events | Found | In time | Min to alert, median (quartiles) | "
        "Min before usual care | Named at its worst | Named for longest | Called for longest |"
    )
    yield "|---|---:|---:|---:|---:|---:|---:|---:|---|"
    yield from (_pattern_line(pattern) for pattern in found.patterns)
    yield ""
    yield "| True grade | alerted 0 | 1 | 2 | 3 | 4 |"
    yield "|---|---:|---:|---:|---:|---:|"
    for grade, row in enumerate(found.confusion):
        yield f"| {grade} | {' | '.join(map(str, row))} |"
    kappa = "not defined" if found.weighted_kappa is None else f"{found.weighted_kappa:.3f}"
    yield f"\nWeighted kappa of the grades: {kappa}. Floods of one session: {found.floods}."
    yield from _forbidden_lines(found)


def _forbidden_lines(found: CohortScore) -> Iterator[str]:
    """Yield how often a step was offered that would be a fault, and in which kind of session."""
    if not found.must_not_sessions:
        return
    kinds = Counter((one.step, one.phenotype) for one in found.must_not_violations)
    said = ", ".join(f"{step} in {kind} {count}" for (step, kind), count in kinds.most_common())
    count = len(found.must_not_violations)
    yield (
        f"Steps that would be a fault: {count} offered in {found.must_not_sessions} sessions of "
        f"which the truth names one{f' ({said})' if said else ''}."
    )


def _rule_line(rule: RuleScore) -> str:
    low, high = rule.false_interval
    cells = (
        rule.rule,
        _share(rule.found),
        _share(rule.in_time),
        _share(rule.before),
        _share(rule.late),
        _share(rule.found_grade3),
        _number(rule.minutes_to_alert),
        _number(rule.minutes_before_worst),
        f"{rule.false_per_patient_hour:.3f} ({low:.3f} to {high:.3f})",
        _share(rule.share_sessions_false),
        _share(rule.ppv),
    )
    return f"| {' | '.join(cells)} |"


def _pattern_line(row: PatternScore) -> str:
    quartiles = f"({_number(row.minutes_quarter)} to {_number(row.minutes_three_quarters)})"
    cells = (
        row.pattern,
        str(row.events),
        _share(row.found),
        _share(row.in_time),
        f"{_number(row.minutes_to_alert)} {quartiles}",
        _number(row.minutes_before_usual_care),
        _share(row.named),
        _share(row.named_longest),
        ", ".join(f"{name} {_share(share)}" for name, share in list(row.called.items())[:NAMES]),
    )
    return f"| {' | '.join(cells)} |"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
