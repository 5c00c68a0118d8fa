"""The figure of a sweep: what is found against what it costs, for every value and every peer."""

from typing import Final

from monitor.reports.figures import Axis, Dot, Line, figure, highest
from monitor.study.sweep import Sweep, SweepPoint

SWEPT, IN_FORCE, PEER = 0, 1, 5
NAME: Final = 60


def numbered(found: Sweep) -> list[tuple[int, SweepPoint]]:
    """Return the points that stand in the figure, with their numbers."""
    sound = [one for one in found.points if one.sensitivity is not None and one.load is not None]
    return list(enumerate(sound, start=1))


def sweep_figure(found: Sweep) -> str:
    """Return the figure as SVG; its points bear the numbers of :func:`numbered`."""
    points = [
        (number, one, one.load or 0.0, one.sensitivity or 0.0) for number, one in numbered(found)
    ]
    dots = [
        Dot(
            x=load,
            y=sensitivity,
            number=str(number) if one.value is None else f"{number} ({one.value})",
            colour=IN_FORCE if one.in_force else PEER if one.value is None else SWEPT,
            strong=one.in_force,
        )
        for number, one, load, sensitivity in points
    ]
    swept = [(load, sensitivity) for _, one, load, sensitivity in points if one.value is not None]
    front = sorted((load, sensitivity) for _, one, load, sensitivity in points if one.on_front)
    lines = [
        Line(name="the limit over its range", points=swept, colour=SWEPT),
        Line(name="not beaten by any other", points=front, colour=2, steps=True),
    ]
    limit = found.limit
    return figure(
        f"{limit.rule}, clause {limit.clause}: what is found against what it costs"[: NAME * 2],
        Axis(words=found.load_is, low=0.0, high=highest([load for _, _, load, _ in points])),
        Axis(words="sensitivity", low=0.0, high=1.0),
        dots=dots,
        lines=[line for line in lines if line.points],
    )
