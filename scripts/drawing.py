"""Plain line drawings as SVG: one axis pair a panel, nothing that a browser has to fetch."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final

LEFT: Final = 64
RIGHT: Final = 190
TOP: Final = 34
BOTTOM: Final = 38
COLOURS: Final = ("#0b6e99", "#b3261e", "#4d7c0f", "#7c3aed", "#b45309", "#475569", "#be185d")
GRADES: Final = ("#ffffff", "#fef9c3", "#fed7aa", "#fecaca", "#f0a0a0")
"""Fill of grade 0 to 4, from light to dark so that it survives greyscale."""


@dataclass(frozen=True)
class Line:
    """One line with its name; ``steps`` draws it flat until the next point."""

    name: str
    points: Sequence[tuple[float, float]]
    colour: str
    steps: bool = False
    dashed: bool = False


@dataclass(frozen=True)
class Fill:
    """A rectangle in the units of the axes."""

    left: float
    right: float
    low: float
    high: float
    colour: str


@dataclass
class Panel:
    """One pair of axes with what stands in it."""

    title: str
    x_label: str
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    x_ticks: Sequence[float]
    y_ticks: Sequence[float]
    height: int = 200
    lines: list[Line] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    """Further entries of the legend: colour of a square, and words."""


def drawn(panels: Sequence[Panel], *, width: int, title: str) -> str:
    """Return an SVG drawing of panels under each other."""
    height = sum(panel.height + TOP + BOTTOM for panel in panels)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'font-family="sans-serif" font-size="12" role="img">'
        ),
        f"<title>{escape(title)}</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    at = 0
    for panel in panels:
        parts += _panel(panel, at, width)
        at += panel.height + TOP + BOTTOM
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel, at: int, width: int) -> list[str]:
    top, bottom = at + TOP, at + TOP + panel.height
    right = width - RIGHT

    def x(value: float) -> str:
        low, high = panel.x_range
        return f"{LEFT + (value - low) / (high - low) * (right - LEFT):.1f}"

    def y(value: float) -> str:
        low, high = panel.y_range
        return f"{bottom - (value - low) / (high - low) * panel.height:.1f}"

    parts = [f'<text x="{LEFT}" y="{top - 12}" font-weight="bold">{escape(panel.title)}</text>']
    for fill in panel.fills:
        width_, height_ = (
            float(x(fill.right)) - float(x(fill.left)),
            float(y(fill.low)) - float(y(fill.high)),
        )
        parts.append(
            f'<rect x="{x(fill.left)}" y="{y(fill.high)}" width="{width_:.1f}" '
            f'height="{height_:.1f}" fill="{fill.colour}"/>'
        )
    for tick in panel.y_ticks:
        parts.append(
            f'<line x1="{LEFT}" y1="{y(tick)}" x2="{right}" y2="{y(tick)}" stroke="#e5e7eb"/>'
        )
        parts.append(f'<text x="{LEFT - 8}" y="{float(y(tick)) + 4:.1f}" text-anchor="end">'
                     f"{tick:g}</text>")  # fmt: skip
    parts += [
        f'<text x="{x(tick)}" y="{bottom + 16}" text-anchor="middle">{tick:g}</text>'
        for tick in panel.x_ticks
    ]
    parts.append(
        f'<rect x="{LEFT}" y="{top}" width="{right - LEFT}" height="{panel.height}" '
        f'fill="none" stroke="#6b7280"/>'
    )
    parts.append(
        f'<text x="{(LEFT + right) / 2:.1f}" y="{bottom + 32}" text-anchor="middle">'
        f"{escape(panel.x_label)}</text>"
    )
    for line in panel.lines:
        dash = ' stroke-dasharray="5 4"' if line.dashed else ""
        parts.append(
            f'<polyline fill="none" stroke="{line.colour}" stroke-width="1.8"{dash} '
            f'points="{_points(line, x, y)}"/>'
        )
    return parts + _legend(panel, top, right)


def _points(line: Line, x: object, y: object) -> str:
    assert callable(x)
    assert callable(y)
    points: list[str] = []
    before = ""
    for across, up in line.points:
        if line.steps and before:
            points.append(f"{x(across)},{before}")
        before = str(y(up))
        points.append(f"{x(across)},{before}")
    return " ".join(points)


def _legend(panel: Panel, top: int, right: int) -> list[str]:
    parts = []
    down = top + 12
    for line in panel.lines:
        dash = ' stroke-dasharray="5 4"' if line.dashed else ""
        parts.append(
            f'<line x1="{right + 12}" y1="{down - 4}" x2="{right + 34}" y2="{down - 4}" '
            f'stroke="{line.colour}" stroke-width="3"{dash}/>'
            f'<text x="{right + 40}" y="{down}">{escape(line.name)}</text>'
        )
        down += 17
    for colour, words in panel.notes:
        parts.append(
            f'<rect x="{right + 12}" y="{down - 11}" width="22" height="12" fill="{colour}" '
            f'stroke="#6b7280"/><text x="{right + 40}" y="{down}">{escape(words)}</text>'
        )
        down += 17
    return parts
