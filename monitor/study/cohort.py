"""A cohort with known truth: a folder of wards, replayed by any engine, scored as one.

The digest is over what was heard of every file; it is the same for any engine, any number of
workers and any cut into chunks, and is printed so that two runs can be compared.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TextIO

import msgspec

from monitor.adapters.recording import InputFileError
from monitor.engines.work import Done, digest_of
from monitor.replay import BAD_INPUT, FOUND_SOMETHING
from monitor.study.cohort_detail import CohortDetail, detail_of
from monitor.study.cohort_heard import FileHeard, SessionHeard
from monitor.study.cohort_score import CohortScore, score_of
from monitor.study.cohort_tables import lines
from monitor.study.cohort_ward import RECORDING, Item, heard_bytes, truth_path
from monitor.study.runs import Run, worked_off

_FILE: Final = msgspec.json.Decoder(FileHeard)
_ITEM: Final = msgspec.json.Encoder(order="deterministic")
_READ: Final = msgspec.json.Decoder(Item)


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
    work = _work_of(items, digest)
    done = worked_off(heard_bytes, items, run, work=work, err=err)
    sessions, faults = sessions_of(done)
    score = score_of(sessions)
    kept = {name: getattr(score, name) for name in CohortScore.__struct_fields__}
    told = {**kept, "digest": results_digest(done), "faults": faults}
    return ScoredCohort(**told, detail=detail_of(sessions))


def _work_of(items: Sequence[str], digest: str) -> str:
    """Return what identifies work: configuration, files and what is kept of them.

    Progress of recordings that were made anew since, or of a program that kept less of them, is
    other work and refused.
    """
    found = hashlib.sha256("\n".join([digest, *items, *SessionHeard.__struct_fields__]).encode())
    for item in items:
        recording = Path(_READ.decode(item).recording)
        for path in (recording, truth_path(recording)):
            if path.is_file():
                with path.open("rb") as file:
                    found.update(hashlib.file_digest(file, "sha256").digest())
    return found.hexdigest()


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
