"""The parts that pages about cohorts are made of: sections, tables, figures, numbers in words."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

COLUMNS_UPRIGHT: Final = 10
"""A table with more columns is printed across."""


def section(title: str, words: str, made: str, *parts: str) -> tuple[str, ...]:
    """Return a part of a page: what it is, in words, its parts, and the command behind it."""
    return (
        f"<section><h2>{escape(title)}</h2>",
        f"<p>{escape(words)}</p>",
        *parts,
        f'<p class="muted"><code>{escape(made)}</code></p></section>',
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of HTML with every text escaped; a broad one is printed across."""
    heads = "".join(f'<th scope="col">{escape(one)}</th>' for one in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(one)}</td>" for one in row) + "</tr>" for row in rows
    )
    whole = f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
    names = "wide broad" if len(head) > COLUMNS_UPRIGHT else "wide"
    return f'<div class="{names}">{whole}</div>'


def plot(drawing: str) -> str:
    """Return a figure of HTML around an SVG."""
    return f'<figure class="plot">{drawing}</figure>'


def percent(value: float | None) -> str:
    """Return a share in percent; a dash where there is nothing to share."""
    return "-" if value is None else f"{100 * value:.1f} %"


def decimal(value: float | None) -> str:
    """Return a number with one place; a dash for none."""
    return "-" if value is None else f"{value:.1f}"


def rate_with(value: float | None, interval: tuple[float, float]) -> str:
    """Return a rate with its interval."""
    return f"{rate(value)} ({interval[0]:.3f} to {interval[1]:.3f})"


def rate(value: float | None) -> str:
    """Return a rate with three places; a dash for none."""
    return "-" if value is None else f"{value:.3f}"
