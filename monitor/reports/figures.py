"""Figures of a report as SVG: points, lines and bars on two axes, with nothing to fetch.

Colour never stands alone: every point has a number that a list beside the figure names, lines
differ in their dashes too.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

WIDTH: Final = 720
HEIGHT: Final = 360
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 34, 46
COLOURS: Final = ("#0b5d84", "#a3200f", "#3f6212", "#6d28d9", "#8a4b00", "#334155", "#9d174d")
DASHES: Final = ("", "6 3", "2 3", "8 3 2 3")
TICKS: Final = 6
NAME: Final = 16
"""The height of the name of a line."""

DARK, GREY, PALE = "#111827", "#374151", "#e5e7eb"


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One axis: its words, and from where to where."""

    words: str
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """One point with the number that names it; ``strong`` is drawn filled and larger."""

    x: float
    y: float
    number: str
    colour: int = 0
    strong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line with its name; ``steps`` keeps its height until the next point."""

    name: str
    points: Sequence[tuple[float, float]]
    colour: int = 0
    steps: bool = False


def highest(values: Sequence[float], *, least: float = 1e-6) -> float:
    """Return the end of an axis from 0 that holds all values, a little further than the last."""
    return max([least, *values]) * 1.06


def ticks(low: float, high: float) -> list[float]:
    """Return round numbers of an axis, at most about seven."""
    rough = (high - low) / TICKS
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * part for part in (1, 2, 5, 10) if size * part >= rough)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(step * index, 10) for index in range(first, last + 1)]


def figure(
    title: str, x: Axis, y: Axis, *, dots: Sequence[Dot] = (), lines: Sequence[Line] = ()
) -> str:
    """Return an SVG of points and lines; what the lines are stands below, never over them."""
    tall = HEIGHT + NAME * len(lines)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {tall}" role="img" '
        'font-family="sans-serif" font-size="12">'
    )
    parts = [
        head,
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{tall}" fill="#ffffff"/>',
        _text(LEFT, 20, title, "start", DARK),
        *_axes(x, y),
    ]
    for index, line in enumerate(lines):
        parts += _line(line, x, y, index)
    parts += [part for dot in dots for part in _dot(dot, x, y)]
    return "\n".join([*parts, "</svg>"])


def _x(axis: Axis, value: float) -> float:
    share = (value - axis.low) / ((axis.high - axis.low) or 1)
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(axis: Axis, value: float) -> float:
    share = (value - axis.low) / ((axis.high - axis.low) or 1)
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _text(x: float, y: float, words: str, anchor: str, colour: str) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} fill="{colour}">{escape(words)}</text>'


def _rule(ends: tuple[float, float, float, float], colour: str, more: str = "") -> str:
    x1, y1, x2, y2 = ends
    place = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {place} stroke="{colour}"{more}/>'


def _axes(x: Axis, y: Axis) -> list[str]:
    parts = []
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    for value in ticks(x.low, x.high):
        at = _x(x, value)
        parts.append(_rule((at, TOP, at, bottom), PALE))
        parts.append(_text(at, bottom + 16, f"{value:g}", "middle", GREY))
    for value in ticks(y.low, y.high):
        at = _y(y, value)
        parts.append(_rule((LEFT, at, right, at), PALE))
        parts.append(_text(LEFT - 6, at + 4, f"{value:g}", "end", GREY))
    parts.append(_text((LEFT + right) / 2, HEIGHT - 10, x.words, "middle", DARK))
    turned = _text(0, 0, y.words, "middle", DARK)
    parts.append(f'<g transform="translate(14 {(TOP + bottom) / 2:.0f}) rotate(-90)">{turned}</g>')
    return parts


def _line(line: Line, x: Axis, y: Axis, index: int) -> list[str]:
    path: list[str] = []
    before = None
    for at, height in line.points:
        if line.steps and before is not None:
            path.append(f"{_x(x, at):.1f},{before:.1f}")
        before = _y(y, height)
        path.append(f"{_x(x, at):.1f},{before:.1f}")
    colour = COLOURS[line.colour % len(COLOURS)]
    dash = DASHES[line.colour % len(DASHES)]
    mark = f' stroke-dasharray="{dash}"' if dash else ""
    top = HEIGHT + NAME * index + 4
    look = f' stroke-width="2"{mark}'
    return [
        f'<polyline points="{" ".join(path)}" fill="none" stroke="{colour}"{look}/>',
        _rule((LEFT, top - 4, LEFT + 24, top - 4), colour, look),
        _text(LEFT + 30, top, line.name, "start", DARK),
    ]


def _dot(dot: Dot, x: Axis, y: Axis) -> list[str]:
    at, height = _x(x, dot.x), _y(y, dot.y)
    colour = COLOURS[dot.colour % len(COLOURS)]
    fill = colour if dot.strong else "#ffffff"
    size = 7 if dot.strong else 4
    place = f'cx="{at:.1f}" cy="{height:.1f}" r="{size}"'
    return [
        f'<circle {place} fill="{fill}" stroke="{colour}" stroke-width="2"/>',
        _text(at + 9, height - 5, dot.number, "start", colour),
    ]
