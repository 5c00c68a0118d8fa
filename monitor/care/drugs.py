"""Drugs by the words that people write, and what is remarked while one of them acts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_WORD: Final = re.compile(r"[a-z]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class DrugRow:
    """One drug, or group of drugs, and the words by which it is called.

    ``counts_as`` is the drug of a ladder that it is, where that has another name.
    """

    name: str
    called: tuple[str, ...]
    source: tuple[str, ...]
    counts_as: str = ""

    @property
    def step_drug(self) -> str:
        """What a ladder calls it."""
        return self.counts_as or self.name

    def __post_init__(self) -> None:
        """Refuse a word that no text could contain."""
        for word in self.called:
            if not _WORD.fullmatch(word):
                raise ValueError(f"called: {word!r} must be one word of small letters")


@dataclass(frozen=True, slots=True, kw_only=True)
class DrugRemark:
    """What stands beside a bed while a drug acts, or while a flag of the session is set."""

    about: str
    words: str
    source: tuple[str, ...]
    until_ms: int = 0


def drugs_named(drugs: tuple[DrugRow, ...], text: str) -> Iterator[int]:
    """Yield the places of the drugs that a text names: ``paracetamol-1g`` is an antipyretic."""
    words = set(_WORD.findall(text.lower()))
    for place, row in enumerate(drugs):
        if not words.isdisjoint(row.called):
            yield place


def drug_remarks(
    remarks: tuple[DrugRemark, ...],
    *,
    given_ms: dict[str, int],
    flags: frozenset[str],
    now_ms: int,
) -> tuple[tuple[str, int | None], ...]:
    """Return the remarks that hold now, each with the time until which it does.

    Parameters
    ----------
    remarks : tuple of DrugRemark
        The rows.
    given_ms : dict
        When each drug that was given was last given [ms since the Unix epoch, UTC].
    flags : frozenset of str
        Flags of the session that are set.
    now_ms : int

    Returns
    -------
    tuple of (words, time)
        The time is None for a flag, which does not end [ms since the Unix epoch, UTC].
    """
    found: list[tuple[str, int | None]] = []
    for row in remarks:
        if row.about in flags:
            found.append((row.words, None))
        elif row.about in given_ms and given_ms[row.about] <= now_ms:
            until_ms = given_ms[row.about] + row.until_ms
            if now_ms < until_ms:
                found.append((f"{row.words} ({row.about})", until_ms))
    return tuple(found)
