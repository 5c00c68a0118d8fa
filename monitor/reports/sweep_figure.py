"""The figure of a sweep: what is found against what it costs, for every value and every peer."""

from typing import Final

from monitor.reports.figures import Axis, Dot, Line, figure, highest
from monitor.study.cohort_found import OURS, OURS_SHOWN
from monitor.study.sweep import SWEPT as SWEPT_KEYS
from monitor.study.sweep import Sweep, SweepPoint

SWEPT, IN_FORCE, SHOWN, PEER = 0, 1, 3, 5
NAME: Final = 60


def numbered(found: Sweep) -> list[tuple[int, SweepPoint]]:
    """Return the points that stand in the figure, with their numbers."""
    sound = [one for one in found.points if one.sensitivity is not None and one.load is not None]
    return list(enumerate(sound, start=1))


def _colour(one: SweepPoint) -> int:
    if one.in_force:
        return IN_FORCE
    if one.value is None:
        return PEER
    return SHOWN if one.key == SWEPT_KEYS[OURS_SHOWN] else SWEPT


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
            colour=_colour(one),
            strong=one.in_force,
        )
        for number, one, load, sensitivity in points
    ]
    swept = {
        key: [(load, sensitivity) for _, one, load, sensitivity in points if one.key == key]
        for key in SWEPT_KEYS.values()
    }
    front = sorted((load, sensitivity) for _, one, load, sensitivity in points if one.on_front)
    lines = [
        Line(name="the limit over its range", points=swept[SWEPT_KEYS[OURS]], colour=SWEPT),
        Line(name="the same, shown", points=swept[SWEPT_KEYS[OURS_SHOWN]], colour=SHOWN),
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
