"""The engine of many machines: Dask, on a cluster that is there or on one made for the moment.

A worker that dies is no event here: its chunks go to others, and what comes of them is the same.
Needs the extra ``cluster``.
"""

import asyncio
import logging
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

from distributed import Client, LocalCluster, WorkerPlugin, as_completed

from monitor.engines.work import Done, EngineError, Job, done_chunk

DEATHS_MAX: Final = 10
"""A chunk that so many workers have died of is not tried again."""

ANSWER_S: Final = 2.0
"""So long a worker that leaves waits for the answer to its last heartbeat."""


class DaskEngine:
    """Workers of a Dask cluster: that of ``address``, or ``jobs`` processes of this machine."""

    name = "dask"

    def __init__(self, *, address: str = "", jobs: int = 2) -> None:
        self._address, self._jobs = address, jobs

    def run(self, job: Job, chunks: Sequence[tuple[str, ...]]) -> Iterator[Done]:
        """Yield what came of every item, as it is done."""
        if self._address:
            with _client(self._address) as client:
                yield from _gathered(client, job, chunks)
            return
        with (
            LocalCluster(
                n_workers=self._jobs,
                threads_per_worker=1,
                processes=True,
                dashboard_address=None,
                # Its pages have a port of their own: another cluster may be at work beside it.
                scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
                host="127.0.0.1",
            ) as cluster,
            Client(cluster) as client,
            _words_of_loss_unsaid(),
        ):
            client.register_plugin(Leave())
            yield from _gathered(client, job, chunks)


class Leave(WorkerPlugin):  # type: ignore[misc]  # the library has no types
    """How a worker of a cluster of our own takes its leave: when it is told to, without a word."""

    name = "leave"

    def setup(self, worker: Any) -> None:  # noqa: ANN401 - as above
        """Know when a heartbeat waits for its answer, and leave Ctrl-C to the program above.

        The terminal sends it to all; who started the workers ends them.
        """
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # It tells that work was dropped, at a time at which nobody waits for it any more.
        logging.getLogger("distributed.worker.state_machine").setLevel(logging.ERROR)
        beats = worker.periodic_callbacks["heartbeat"]
        beat, self._answered = beats.callback, asyncio.Event()
        self._answered.set()

        async def counted() -> None:
            self._answered.clear()
            try:
                await beat()
            finally:
                self._answered.set()

        beats.callback = counted

    async def teardown(self, worker: Any) -> None:  # noqa: ANN401 - as above
        """Send no more heartbeats, and hear the answer to the last one.

        A worker that closes its connections under a heartbeat takes that for a fault.
        """
        worker.periodic_callbacks["heartbeat"].stop()
        try:
            await asyncio.wait_for(self._answered.wait(), ANSWER_S)
        except TimeoutError:
            logging.getLogger("distributed.worker").setLevel(logging.CRITICAL)


@contextmanager
def _words_of_loss_unsaid() -> Iterator[None]:
    """Let nobody tell of workers lost and chunks not done once they are left behind on purpose."""
    told, loop = logging.getLogger("distributed"), logging.getLogger("tornado.application")
    before = told.level
    loop.addFilter(_is_no_cancelling)
    try:
        yield
    except BaseException:
        told.setLevel(logging.CRITICAL)
        raise
    else:
        told.setLevel(before)
        loop.removeFilter(_is_no_cancelling)


def _is_no_cancelling(record: logging.LogRecord) -> bool:
    """Tell whether a record is of anything but a call that Ctrl-C cut short.

    The library then cancels what it may not have begun, and stumbles over that.
    """
    return "sync.<locals>.cancel" not in record.getMessage()


def _client(address: str) -> Any:  # noqa: ANN401 - the library has no types
    try:
        return Client(address, timeout=10)
    except OSError as fault:
        raise EngineError(f"dask scheduler {address}: {fault}; is it running there?") from fault


def _gathered(client: Any, job: Job, chunks: Sequence[tuple[str, ...]]) -> Iterator[Done]:  # noqa: ANN401 - as above
    def submitted(chunk: tuple[str, ...]) -> Any:  # noqa: ANN401 - as above
        # Not pure: the library would otherwise keep results under names of its own making.
        return client.submit(partial(done_chunk, job, chunk), pure=False, retries=DEATHS_MAX)

    asked = {future: chunk for chunk in chunks for future in (submitted(chunk),)}
    losses = 0
    coming = as_completed(asked)
    for future in coming:
        chunk = asked.pop(future)
        if future.status == "lost" and losses < DEATHS_MAX:
            # It was done, and whoever did it died before anybody had fetched it.
            losses += 1
            again = submitted(chunk)
            asked[again] = chunk
            coming.add(again)
            continue
        if future.status != "finished":
            raise EngineError(f"dask: a chunk came to '{future.status}': {future.exception()}")
        yield from future.result()
        future.release()
