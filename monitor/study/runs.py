"""Runs: work over many files by any engine, with progress that outlives a stop."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from monitor.engines.progress import Progress
from monitor.engines.work import Done, Engine, Job, chunks_of

PROGRESS_EVERY_S: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How work is done."""

    engine: Engine
    files_per_chunk: int = 1
    resume: Path | None = None


def worked_off(job: Job, items: Sequence[str], run: Run, *, work: str, err: TextIO) -> list[Done]:
    """Return what came of every item, doing what is not done yet.

    Parameters
    ----------
    work : str
        What the work is: progress of other work is refused.

    Raises
    ------
    InputFileError
        If the file of progress is of other work or cannot be used.
    EngineError
        If an item cannot be done by anybody.
    """
    if run.resume is None:
        chunks = chunks_of(items, run.files_per_chunk)
        return list(_told(run.engine.run(job, chunks), len(items), 0, err))
    with Progress(run.resume, work=work) as progress:
        left = [item for item in items if item not in progress.done]
        before = len(items) - len(left)
        done = run.engine.run(job, chunks_of(left, run.files_per_chunk))
        for one in _told(done, len(items), before, err):
            progress.add(one)
        return [progress.done[item] for item in items]


def _told(done: Iterator[Done], total: int, before: int, err: TextIO) -> Iterator[Done]:
    """Say now and then how far it is and how long it will take."""
    began_s = said_s = time.monotonic()
    for number, one in enumerate(done, start=1):
        yield one
        now_s = time.monotonic()
        if now_s - said_s >= PROGRESS_EVERY_S or before + number == total:
            said_s = now_s
            rate = number / max(now_s - began_s, 1e-9)
            left_s = (total - before - number) / rate
            err.write(f"{before + number}/{total} files, {rate:.2f}/s, {left_s:.0f} s left\n")
