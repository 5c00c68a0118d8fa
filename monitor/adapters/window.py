"""The window: how many publications may be on their way to the broker without its answer.

The library sends what it was handed in order, few at a time. So what is not urgent is handed over
in small portions, and an alert never stands behind a thousand states that were told before it.
"""

import logging
from collections import deque
from typing import Final

from monitor.adapters.logbook import ROOT, log

LOG: Final = logging.getLogger(f"{ROOT}.mqtt")

OUTSTANDING_MAX: Final = 500
"""Publications that may be without an acknowledgement of the broker."""

ROUTINE_MAX: Final = 60
"""Beyond this many only what is urgent is handed over."""

PAYLOAD_BYTES_MAX: Final = 65_000
"""The largest payload that is handed over. A broker answers a larger one in a way that ends the
connection, and it would come again with every new one: a bed that has too much to say would keep
the whole unit from being told anything."""


class Window:
    """Which publications the broker has not acknowledged yet, by their numbers.

    ``refused`` counts those that it did not take, or would not. :meth:`confirm` belongs to the
    network thread, everything else to the loop's.
    """

    def __init__(self) -> None:
        self.refused = 0
        self._open: dict[int, str] = {}
        self._confirmed: deque[tuple[int, str]] = deque()

    def __len__(self) -> int:
        """Return the number of publications without an acknowledgement."""
        # The network thread only appends and the loop only takes away, so a confirmation never
        # overtakes the entry that it ends.
        while self._confirmed:
            number, refusal = self._confirmed.popleft()
            name = self._open.pop(number, "")
            if refusal:
                self._refuse(name, refusal)
        return len(self._open)

    def has_room(self, *, is_urgent: bool) -> bool:
        """Tell whether another publication may be handed over."""
        return len(self) < (OUTSTANDING_MAX if is_urgent else ROUTINE_MAX)

    def can_hold(self, topic: str, payload: bytes) -> bool:
        """Tell whether a publication may be handed over at all; of one that may not it is told."""
        if len(payload) <= PAYLOAD_BYTES_MAX:
            return True
        self._refuse(topic, f"{len(payload)} bytes, at most {PAYLOAD_BYTES_MAX}")
        return False

    def _refuse(self, topic: str, reason: str) -> None:
        self.refused += 1
        log(LOG, logging.ERROR, "publish-refused", topic=topic, reason=reason)

    def open(self, number: int, topic: str) -> None:
        """Note a publication that was handed over."""
        self._open[number] = topic

    def confirm(self, number: int, refusal: str = "") -> None:
        """Note that the broker has acknowledged one, or why it did not take it."""
        self._confirmed.append((number, refusal))

    def clear(self) -> None:
        """Forget those of a connection that is left."""
        self._open.clear()
