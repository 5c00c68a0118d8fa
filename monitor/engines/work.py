"""Work that can be done anywhere: items, a function of them, and what came of each."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

Job: TypeAlias = Callable[[str], bytes]
"""Returns the canonical bytes of what came of an item. Must be importable by its name, must
depend on nothing but the item, and must not raise for bad input: that is a result too."""

ITEMS_PER_CHUNK: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of one item."""

    item: str
    result: bytes


class EngineError(Exception):
    """Work could not be finished; says which items, and why."""


class Engine(Protocol):
    """Somewhere to do work."""

    name: str

    def run(self, job: Job, chunks: Sequence[tuple[str, ...]]) -> Iterator[Done]:
        """Yield what came of every item, in any order.

        Raises
        ------
        EngineError
            If an item cannot be done by anybody.
        """


def chunks_of(items: Sequence[str], size: int = ITEMS_PER_CHUNK) -> list[tuple[str, ...]]:
    """Return items in chunks of at most ``size``.

    Raises
    ------
    ValueError
        If a chunk would hold nothing, or an item stands twice.
    """
    if size < 1:
        raise ValueError(f"chunks of {size} items, must be at least 1")
    if len(set(items)) != len(items):
        raise ValueError("an item stands twice in the list of work")
    return [tuple(items[at : at + size]) for at in range(0, len(items), size)]


def done_chunk(job: Job, chunk: Sequence[str]) -> list[Done]:
    """Return what came of the items of a chunk; this is what a worker does."""
    return [Done(item=item, result=job(item)) for item in chunk]


def digest_of(results: Iterable[Done]) -> str:
    """Return one digest over all results: SHA-256 over item and result, in order of the items."""
    total = hashlib.sha256()
    for done in sorted(results, key=lambda one: one.item):
        for part in (done.item.encode(), done.result):
            total.update(len(part).to_bytes(8, "big"))
            total.update(part)
    return total.hexdigest()
