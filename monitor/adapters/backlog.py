"""The backlog: steps between the ward and the disk, one when all is well, many when it is not.

A full or broken disk must not stop an alert. Steps that cannot be written wait here in order, are
tried again every second, and are written as if nothing had happened once the disk takes them.
When more would wait than memory may hold, the journal is left as it is, whole up to its last
step, and the monitor goes on without one until it is started again.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias

from monitor.adapters.journal_file import StoreError
from monitor.facts.effects import AnyEffect
from monitor.facts.records import Input, RawMessage

StoreState: TypeAlias = Literal["ok", "failing", "lost"]

RETRY_S: Final = 1.0
WAITING_BYTES_MAX: Final = 256 * 1024 * 1024
MESSAGE_OVERHEAD_BYTES: Final = 400
"""What a message takes in memory besides its payload, roughly."""


class Store(Protocol):
    """What a backlog needs of a journal."""

    def append_step(self, now_ms: int, messages: Sequence[RawMessage]) -> int:
        """Keep a step, or raise :class:`StoreError` and keep nothing."""
        ...

    def append_effects(self, step: int, effects: Sequence[AnyEffect]) -> int:
        """Keep the effects of a step, or raise :class:`StoreError` and keep nothing."""
        ...


@dataclass(slots=True, kw_only=True)
class _Waiting:
    now_ms: int
    messages: Sequence[RawMessage]
    size: int
    inputs: Sequence[Input] = ()
    effects: Sequence[AnyEffect] | None = None
    step: int | None = None


class Backlog:
    """Writes steps in order, and keeps those that the disk did not take."""

    def __init__(
        self,
        store: Store,
        *,
        seconds: Callable[[], float],
        waiting_bytes_max: int = WAITING_BYTES_MAX,
    ) -> None:
        self.state: StoreState = "ok"
        self.fault: StoreError | None = None
        self._store = store
        self._seconds = seconds
        self._waiting: deque[_Waiting] = deque()
        self._kept: list[Input] = []
        self._size = 0
        self._size_max = waiting_bytes_max
        self._retry_s = 0.0

    def __len__(self) -> int:
        """Return how many steps wait."""
        return len(self._waiting)

    def put_late(self, step: int, effects: Sequence[AnyEffect]) -> None:
        """Take effects of a step that is kept already, before anything newer."""
        self._waiting.append(_Waiting(now_ms=0, messages=(), size=0, effects=effects, step=step))

    def begin(self, now_ms: int, messages: Sequence[RawMessage]) -> bool:
        """Take what came in; return whether it is kept, so that it may be acknowledged."""
        if self.state == "lost":
            return False
        size = sum(len(raw.payload) + MESSAGE_OVERHEAD_BYTES for raw in messages)
        self._size += size
        self._waiting.append(_Waiting(now_ms=now_ms, messages=messages, size=size))
        self._write()
        if self._size > self._size_max:
            self.state = "lost"
            self._waiting.clear()
        return self.state == "ok"

    def finish(self, inputs: Sequence[Input], effects: Sequence[AnyEffect]) -> list[Input]:
        """Take what was decided; return the inputs of all steps that came to be wholly kept."""
        if self.state == "lost":
            return []
        self._waiting[-1].inputs = inputs
        self._waiting[-1].effects = effects
        self._write()
        kept, self._kept = self._kept, []
        return kept

    def last_try(self) -> None:
        """Try once more to write what waits, without waiting for its time."""
        self._retry_s = 0.0
        self._write()

    def _write(self) -> None:
        if self.state == "failing" and self._seconds() < self._retry_s:
            return
        try:
            while self._waiting:
                first = self._waiting[0]
                if first.step is None:
                    first.step = self._store.append_step(first.now_ms, first.messages)
                if first.effects is None:
                    break
                self._store.append_effects(first.step, first.effects)
                self._waiting.popleft()
                self._size -= first.size
                self._kept.extend(first.inputs)
        except StoreError as fault:
            self.state, self.fault = "failing", fault
            self._retry_s = self._seconds() + RETRY_S
        else:
            self.state, self.fault = "ok", None
