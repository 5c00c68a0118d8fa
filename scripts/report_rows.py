"""Rows of the simulator's report: what is published, what the simulator gives, and the verdict."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

SLACK: Final = 0.1
"""A number is off where it leaves its published range by more than this share of the range."""

HELD: Final = "as published"
ALONE: Final = "nothing published"

Range = tuple[float, float]
"""From, to; infinite where only one end is published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A published range or, where both ends are the same, a single figure; and whose it is."""

    limits: Range
    source: str = "engineering"

    @property
    def is_single(self) -> bool:
        """Return whether it is one figure and no range."""
        return self.limits[0] == self.limits[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One number: what is published, and what the simulator gives.

    ``published`` is None where the number is ours and nothing stands against it.
    """

    what: str
    published: Range | None
    found: Range
    unit: str
    source: str

    @property
    def verdict(self) -> str:
        """Return ``as published``, on which side it is off, or that nothing is published."""
        if self.published is None:
            return ALONE
        low, high = self.published
        slack = SLACK * _width(low, high) + 1e-9
        below, above = self.found[0] < low - slack, self.found[1] > high + slack
        if below and above:
            return "**off: wider**"
        if below or above:
            return f"**off: {'lower' if below else 'higher'}**"
        return HELD


def _width(low: float, high: float) -> float:
    """Return how wide a range is; of one with an open end, how far the other is from zero."""
    if math.isinf(high - low):
        return abs(low) if math.isinf(high) else abs(high)
    return high - low


def row_of(what: str, published: Published, values: Sequence[float], unit: str) -> Row:
    """Return the row of one number over cases.

    The middle 90 % of the cases are held against a range, their median against a single figure,
    around which a tenth either way counts as its range.
    """
    if not published.is_single:
        low, high = np.percentile(values, (5, 95)).tolist()
        return Row(
            what=what, published=published.limits, found=(low, high), unit=unit,
            source=published.source,
        )  # fmt: skip
    return single(what, published.limits[0], float(np.median(values)), unit, published.source)


def single(what: str, published: float, found: float, unit: str, source: str) -> Row:
    """Return a row whose published number is one figure; a fifth of it is its range (ours)."""
    around = sorted((0.9 * published, 1.1 * published))
    return Row(
        what=what, published=(around[0], around[1]), found=(found, found), unit=unit, source=source
    )


def middle(what: str, published: Range | None, found: float, unit: str, source: str) -> Row:
    """Return a row of which one number was found: a median, a share or a spread."""
    return Row(what=what, published=published, found=(found, found), unit=unit, source=source)


def lines(rows: Sequence[Row]) -> Iterator[str]:
    """Yield rows as a table of Markdown."""
    yield "| what | published | simulated | | rests on |"
    yield "|---|---:|---:|---|---|"
    for row in rows:
        low, high = row.found
        found = f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"
        said = _said(row.published)
        yield f"| {row.what} | {said} {row.unit} | {found} | {row.verdict} | {row.source} |"


def _said(published: Range | None) -> str:
    if published is None:
        return "-"
    low, high = published
    if math.isinf(low):
        return f"at most {high:.3g}"
    if math.isinf(high):
        return f"at least {low:.3g}"
    return f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"
