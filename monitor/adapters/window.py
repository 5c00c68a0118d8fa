"""The window: how many publications may be on their way to the broker without its answer.

The library sends what it was handed in order, few at a time. So what is not urgent is handed over
in small portions, and an alert never stands behind a thousand states that were told before it.
"""

from collections import deque
from typing import Final

OUTSTANDING_MAX: Final = 500
"""Publications that may be without an acknowledgement of the broker."""

ROUTINE_MAX: Final = 60
"""Beyond this many only what is urgent is handed over."""


class Window:
    """Which publications the broker has not acknowledged yet, by their numbers.

    :meth:`confirm` belongs to the network thread, everything else to the loop's.
    """

    def __init__(self) -> None:
        self._open: set[int] = set()
        self._confirmed: deque[int] = deque()

    def __len__(self) -> int:
        """Return the number of publications without an acknowledgement."""
        # The network thread only appends and the loop only takes away, so a confirmation never
        # overtakes the entry that it ends.
        while self._confirmed:
            self._open.discard(self._confirmed.popleft())
        return len(self._open)

    def has_room(self, *, is_urgent: bool) -> bool:
        """Tell whether another publication may be handed over."""
        return len(self) < (OUTSTANDING_MAX if is_urgent else ROUTINE_MAX)

    def open(self, number: int) -> None:
        """Note a publication that was handed over."""
        self._open.add(number)

    def confirm(self, number: int) -> None:
        """Note that the broker has acknowledged one."""
        self._confirmed.append(number)

    def clear(self) -> None:
        """Forget those of a connection that is left."""
        self._open.clear()
