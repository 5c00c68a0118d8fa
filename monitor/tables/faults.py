"""What is wrong with a configuration: faults with their place, all of them in one error."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Fault:
    """One thing that is wrong with the configuration, and its place."""

    file: str
    table: str
    key: str
    message: str

    def __str__(self) -> str:
        """Return the place and the message as one line."""
        place = [part for part in (self.file, self.table, self.key) if part]
        return f"{': '.join(place)}: {self.message}"


class ConfigError(Exception):
    """The configuration is illegal; carries all faults, not just the first."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        lines = "\n".join(f"  {fault}" for fault in self.faults)
        noun = "fault" if len(self.faults) == 1 else "faults"
        super().__init__(f"{len(self.faults)} {noun} in the configuration:\n{lines}")


class FaultKept(Exception):  # noqa: N818 - not an error: it only leaves the reading of one value
    """A value could not be read and its fault has been kept."""
