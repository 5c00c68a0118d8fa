"""Engines of one machine: one after the other, or several processes side by side."""

import multiprocessing
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import Final

from monitor.engines.work import Done, EngineError, Job, done_chunk

POOLS_MAX: Final = 5
"""How many pools may break one after the other without an item done before we give up: an item
that kills whoever takes it must not be tried for ever."""


class SerialEngine:
    """One item after the other, in this process."""

    name = "serial"

    def run(self, job: Job, chunks: Sequence[tuple[str, ...]]) -> Iterator[Done]:
        """Yield what came of every item, in order."""
        for chunk in chunks:
            yield from done_chunk(job, chunk)


class ProcessEngine:
    """Several processes of this machine.

    A pool of which a worker dies is broken as a whole; what it had not finished goes to a new
    one. Processes are spawned, not forked: they share nothing that could make them differ.
    """

    name = "processes"

    def __init__(self, jobs: int) -> None:
        if jobs < 1:
            raise ValueError(f"{jobs} processes, must be at least 1")
        self._jobs = jobs

    def run(self, job: Job, chunks: Sequence[tuple[str, ...]]) -> Iterator[Done]:
        """Yield what came of every item, as it is done."""
        left = set(chunks)
        broken = 0
        while left:
            before = len(left)
            for chunk, done in self._one_pool(job, sorted(left)):
                left.discard(chunk)
                yield from done
            broken = 0 if len(left) < before else broken + 1
            if left and broken >= POOLS_MAX:
                names = ", ".join(item for chunk in sorted(left)[:3] for item in chunk)
                raise EngineError(f"{broken} pools of workers died at {len(left)} chunks: {names}")

    def _one_pool(
        self, job: Job, chunks: Sequence[tuple[str, ...]]
    ) -> Iterator[tuple[tuple[str, ...], list[Done]]]:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(
            self._jobs, mp_context=context, initializer=_die_of_ctrl_c
        ) as pool:
            waiting: dict[Future[list[Done]], tuple[str, ...]] = {}
            try:
                for chunk in chunks:
                    waiting[pool.submit(partial(done_chunk, job, chunk))] = chunk
            except BrokenProcessPool:
                pass  # what was not handed over is still left
            try:
                for future in as_completed(waiting):
                    try:
                        found = future.result()
                    except BrokenProcessPool:
                        continue
                    yield waiting[future], found
            finally:
                # Who is left early, by Ctrl-C or a fault, begins none of the chunks that wait.
                pool.shutdown(cancel_futures=True)


def _die_of_ctrl_c() -> None:
    """Let a worker end at Ctrl-C, which the terminal sends to all, at once and without a word."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
