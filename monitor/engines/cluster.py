"""The engine of many machines: Dask, on a cluster that is there or on one made for the moment.

A worker that dies is no event here: its chunks go to others, and what comes of them is the same.
Needs the extra ``cluster``.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final

from distributed import Client, LocalCluster, as_completed

from monitor.engines.work import Done, EngineError, Job, done_chunk

DEATHS_MAX: Final = 10
"""A chunk that so many workers have died of is not tried again."""


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
                host="127.0.0.1",
            ) as cluster,
            Client(cluster) as client,
        ):
            yield from _gathered(client, job, chunks)


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
