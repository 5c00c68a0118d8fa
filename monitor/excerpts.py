"""Excerpts: which stretch of a recording, and which of its beds, a replay is about."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from monitor.adapters.recording import Remarks
from monitor.facts.records import RecordedStep

NO_MESSAGE: Final = "beds without a message"
_BED_LEVEL: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A time of day in ms since the Unix epoch, or in ms since the first step of a recording."""

    ms: int
    since_start: bool

    def at_ms(self, first_ms: int) -> int:
        """Return the time of day in a recording that begins then."""
        return self.ms + first_ms if self.since_start else self.ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How files are read: as what, under which boundaries of steps, and past bad lines or not.

    Effects are told from ``begin`` on, though the ward is given everything before, because it
    decides by what it knows; steps after ``end`` are not read. With ``beds`` the ward is given
    the messages of these beds, and every step.
    """

    form: str = "auto"
    rebatch_ms: int | None = None
    skips_bad: bool = False
    begin: Moment | None = None
    end: Moment | None = None
    beds: frozenset[str] = frozenset()


AS_IT_IS: Final = Reading()


def until(steps: Iterable[RecordedStep], end: Moment | None) -> Iterator[RecordedStep]:
    """Yield the steps up to a time, all of them where there is none."""
    first_ms: int | None = None
    for step in steps:
        first_ms = step.now_ms if first_ms is None else first_ms
        if end is not None and step.now_ms > end.at_ms(first_ms):
            return
        yield step


def of_beds(
    steps: Iterable[RecordedStep], beds: Collection[str], remarks: Remarks, name: str
) -> Iterator[RecordedStep]:
    """Yield all steps with the messages of some beds, all of them where none is named.

    A bed of which nothing came is remarked on.
    """
    if not beds:
        yield from steps
        return
    heard: set[str] = set()
    for step in steps:
        mine = tuple(raw for raw in step.messages if _bed(raw.topic) in beds)
        heard.update(_bed(raw.topic) for raw in mine)
        yield RecordedStep(now_ms=step.now_ms, messages=mine)
    for bed in sorted(set(beds) - heard):
        remarks.add(NO_MESSAGE, f"{name}: no message of bed {bed}")


def _bed(topic: str) -> str:
    """Return the bed that stands in a topic, empty where none does."""
    levels = topic.split("/")
    return levels[_BED_LEVEL] if len(levels) > _BED_LEVEL else ""
