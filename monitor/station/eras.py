"""Eras: which configuration was in force when, and each limit for as long as it held.

A monitor that watches may go on under other limits. Whoever looks back sees the limits under which
each reading was judged, not those of today.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from detectors.rulebook import RuleBook
from monitor.adapters.configurations import configurations
from monitor.adapters.journal import JournalReader
from monitor.adapters.journal_file import JournalError
from monitor.settings.settings import ConfigError, settings_of
from monitor.station.in_force import limit_lines

LimitSpan: TypeAlias = tuple[str, int | float, str, int | None, int | None]
"""Words, value, where it holds (below or above), from when and to when; None: not in what is shown.
"""

ERAS_MAX: Final = 50
"""So many newest ones are known to a station; who changes limits more often looks at the ledger."""


class Era(NamedTuple):
    """A configuration, and since when it was in force; None: since before anything is shown."""

    since_ms: int | None
    digest: str
    book: RuleBook


class Kept(NamedTuple):
    """A configuration as a journal has kept it, and since when it was in force."""

    since_ms: int | None
    digest: str
    files: Mapping[str, bytes]


def eras_of(kept: Iterable[Kept], directory: Path, known: Era) -> tuple[Era, ...]:
    """Return the eras of configurations that were kept, in order.

    Parameters
    ----------
    kept : iterable of Kept
        In order; the first one may begin at any time.
    directory : Path
        Where paths in the files start.
    known : Era
        One that need not be read again. It stands alone where nothing was kept, or where an older
        program has kept what this one cannot read.
    """
    found: list[Era] = []
    for one in list(kept)[-ERAS_MAX:]:
        book = known.book
        if one.digest != known.digest:
            try:
                book = settings_of(one.files, directory).ward.detection.book
            except ConfigError:
                return (known,)
        found.append(Era(one.since_ms if found else None, one.digest, book))
    return tuple(found) or (known,)


def eras_of_journal(journal: Path, directory: Path, known: Era) -> tuple[Era, ...]:
    """Return the eras of a journal; the known one if it cannot be read."""
    try:
        with JournalReader.open(journal) as reader:
            taken = [one for one in configurations(reader) if not one.refused]
    except JournalError:
        return (known,)
    return eras_of((Kept(one.now_ms, one.digest, one.files) for one in taken), directory, known)


def eras_within(eras: Sequence[Era], from_ms: int, to_ms: int) -> tuple[Era, ...]:
    """Return the eras that reach into a time; the first of them began before all of it."""
    ends = [*(later.since_ms for _, later in pairwise(eras)), None]
    found = [
        era
        for era, end_ms in zip(eras, ends, strict=True)
        if (end_ms is None or end_ms > from_ms) and (era.since_ms is None or era.since_ms <= to_ms)
    ]
    return tuple(era if place else era._replace(since_ms=None) for place, era in enumerate(found))


def limit_spans(
    eras: Sequence[Era], base_centi: Mapping[str, int], age: int
) -> dict[str, list[LimitSpan]]:
    """Return the limits of each channel, each for as long as it was in force.

    What two eras after one another have in common is one row.
    """
    found: dict[str, list[LimitSpan]] = {}
    ends = [*(later.since_ms for _, later in pairwise(eras)), None]
    for era, end_ms in zip(eras, ends, strict=True):
        for channel, lines in limit_lines(era.book.rules, base_centi, age).items():
            spans = found.setdefault(channel, [])
            for line in lines:
                place = next((at for at, one in enumerate(spans) if _goes_on(one, line, era)), None)
                if place is None:
                    spans.append((*line, era.since_ms, end_ms))
                else:
                    spans[place] = (*line, spans[place][3], end_ms)
    return found


def _goes_on(span: LimitSpan, line: tuple[str, int | float, str], era: Era) -> bool:
    return era.since_ms is not None and span[:3] == line and span[4] == era.since_ms
