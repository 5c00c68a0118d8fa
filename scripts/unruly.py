"""Devices whose messages arrive in any order, late, and twice.

``python -m scripts.unruly`` takes what ``python -m simulators.keeping`` takes. It often waits
until several messages have come together, then sends them in an order by chance, some of them
twice. Chance here does not repeat: the order of arrival at a broker does not either.
"""

import random
import sys
from typing import Final

from simulators.keeping import Kept, KeptMessages, publish_beds

WAITS: Final = 0.8
"""In so many of all cases it waits for more."""

TWICE: Final = 0.2


class ShuffledMessages(KeptMessages):
    """Kept messages, given out of order."""

    def waiting(self, device: str, after: int, limit: int) -> list[Kept]:
        """Return messages that wait for a receipt, behind a place, the newest one last."""
        found = super().waiting(device, after, limit)
        if limit == 1 or len(found) < 2:  # noqa: PLR2004 - one has no order
            return found
        if len(found) < limit and random.random() < WAITS:  # noqa: S311 - no secret
            return []
        *others, last = found
        others += [one for one in others if random.random() < TWICE]  # noqa: S311 - no secret
        random.shuffle(others)
        return [*others, last]


if __name__ == "__main__":
    publish_beds(sys.argv[1:], ShuffledMessages)
