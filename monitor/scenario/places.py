"""Where something stands in a scenario file, and everything that is wrong with the file.

All faults of a file are told at once, each with file, row, key, value and limit, because a
person who mends a file one fault at a time does it many times.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NoReturn


class FaultKept(Exception):  # noqa: N818 - not an error: it only leaves the reading of one row
    """A row could not be read and its fault has been kept."""


class ScenarioError(Exception):
    """A scenario file is illegal; carries all faults, not just the first."""

    def __init__(self, file: str, faults: Iterable[str]) -> None:
        self.file = file
        self.faults = tuple(faults)
        super().__init__("\n".join(f"{file}: {fault}" for fault in self.faults))


@dataclass(slots=True)
class Place:
    """One row of a scenario file being read: its name, its values, and the faults of the file.

    ``used`` are the keys that were asked for; :meth:`close` finds fault with every other one.
    """

    name: str
    values: Mapping[str, object]
    faults: list[str]
    used: set[str] = field(default_factory=set)

    def keep(self, key: str, message: str) -> None:
        """Keep a fault at a key and go on."""
        where = f"{self.name}: {key}" if key else self.name
        self.faults.append(f"{where}: {message}")

    def refuse(self, key: str, message: str) -> NoReturn:
        """Keep a fault at a key and leave the reading of this row."""
        self.keep(key, message)
        raise FaultKept

    def text(self, key: str, default: str | None = None) -> str:
        """Return the text of a key."""
        self.used.add(key)
        if key not in self.values and default is not None:
            return default
        value = self.values.get(key)
        if not isinstance(value, str) or not value.strip():
            self.refuse(key, f"must be text, got {shown(value)}")
        return value

    def flag(self, key: str) -> bool:
        """Return whether a key says true; a key that is not there says false."""
        self.used.add(key)
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            self.refuse(key, f"must be true or false, got {shown(value)}")
        return value

    def rows(self, key: str) -> tuple["Place", ...]:
        """Return the rows of an array of tables; none where the key is not there."""
        self.used.add(key)
        raw = self.values.get(key, [])
        if not isinstance(raw, list) or not all(isinstance(row, dict) for row in raw):
            self.refuse(key, f"must be rows ([[{key}]]), got {shown(raw)}")
        return tuple(Place(f"{key} {n}", row, self.faults) for n, row in enumerate(raw, start=1))

    def close(self, known: Iterable[str] = ()) -> None:
        """Keep a fault for every key that nobody asked for."""
        names = sorted({*self.used, *known})
        for key in self.values:
            if key not in names:
                self.keep(key, f"unknown key; known here: {', '.join(names)}")


def shown(value: object) -> str:
    """Return a raw value as it may stand in a message."""
    return "nothing" if value is None else repr(value)[:60]
