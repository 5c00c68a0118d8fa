"""Screens and their sound: which of them can call, as each says of itself.

A browser may not sound before somebody has touched its page, so a screen that stands silent in
the night must say so to the others.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

import msgspec

from monitor.station.news import News

Tones: TypeAlias = Literal["on", "blocked", "off", "paused"]

FORGOTTEN_S: Final = 90.0
"""A screen that has not spoken for so long is gone; a page speaks every 30 s."""

SCREENS_MAX: Final = 500


@dataclass(slots=True)
class Screens:
    """What each screen last said."""

    seconds: Callable[[], float]
    _said: "OrderedDict[str, tuple[float, Tones]]" = field(default_factory=OrderedDict)
    _told: int = 0

    def take(self, screen: str, tones: Tones) -> None:
        """Take what a screen says of its sound."""
        self._said[screen] = (self.seconds(), tones)
        self._said.move_to_end(screen)
        if len(self._said) > SCREENS_MAX:
            self._said.popitem(last=False)

    def blocked(self) -> int:
        """Return how many screens cannot sound although they should."""
        now_s = self.seconds()
        while self._said and now_s - next(iter(self._said.values()))[0] > FORGOTTEN_S:
            self._said.popitem(last=False)
        return sum(tones == "blocked" for _, tones in self._said.values())

    def news(self) -> News | None:
        """Return what to tell if the number has changed."""
        blocked = self.blocked()
        if blocked == self._told:
            return None
        self._told = blocked
        return News("screens", msgspec.json.encode({"blocked": blocked}), key="screens")
