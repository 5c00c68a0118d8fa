"""Draw the plots of docs/detection.md from the code that decides, so that they cannot drift.

Nothing is drawn by hand: grades come from the active rule book, chances from the sums that the
tests hold against simulation, and the course of a reaction from the demo's story.
"""

import itertools
import sys
from pathlib import Path
from typing import Final

import numpy as np

from detectors.chances import false_trigger_share
from detectors.channels import MISSING, N_CHANNELS, NEVER, Channel
from detectors.detection import Detection
from detectors.parameters import DetectionParams
from detectors.rounds import Round
from monitor.settings.settings import load_settings
from monitor.story_library import ward_story
from monitor.ward.ward import Ward
from monitor.wire.messages import decode
from scripts.drawing import COLOURS, GRADES, Fill, Line, Panel, drawn
from simulators.recording import STARTED_MS, recorded_steps

HERE: Final = Path(__file__).resolve().parent.parent
PICTURES: Final = HERE / "docs" / "pictures"
WIDTH: Final = 860
MINUTE_MS: Final = 60_000
CENTI: Final = 100

STORY_REACTION: Final = "anaphylaxis"
STORY_MINUTES: Final = (18, 62)
SHOWN_PATTERNS: Final = ("anaphylaxis", "hypotensive", "mild-allergic", "respiratory", "vasovagal")

MAP_BASELINES: Final = range(84, 181, 4)
MAP_PRESSURES: Final = range(50, 181, 2)


def course() -> str:
    """Return the course of a simulated reaction: readings, grade, and evidence over time."""
    settings = load_settings(HERE / "config").ward
    ward = Ward(settings, unit="inf-a")
    detection = ward.state.detection
    readings: dict[Channel, list[tuple[float, float]]] = {
        channel: [] for channel in (Channel.SBP, Channel.HR, Channel.SPO2)
    }
    grades: list[tuple[float, float]] = []
    evidence: dict[str, list[tuple[float, float]]] = {name: [] for name in SHOWN_PATTERNS}
    first, last = STORY_MINUTES
    story = ward_story().scenario
    name_of_bed = next(plan.bed for plan in story.beds if plan.reaction == STORY_REACTION)
    for step in recorded_steps(story):
        minute = (step.now_ms - STARTED_MS) / MINUTE_MS
        if minute > last:
            break
        ward.take(step.now_ms, [decode(raw, position=n) for n, raw in enumerate(step.messages)])
        detection = ward.state.detection
        if minute < first:
            continue
        bed = np.array([ward.state.roster.beds[name_of_bed]], np.int32)
        for channel, points in readings.items():
            value = int(detection.value_centi[bed[0], channel])
            if value != MISSING:
                _add(points, minute, value / CENTI)
        _add(grades, minute, float(detection.grade_of(bed)[0]))
        weights = detection.evidence.weights(detection, bed)[0] / CENTI
        names = detection.evidence.table.names
        for name, points in evidence.items():
            _add(points, minute, float(weights[names.index(name)]))
    return drawn(
        (_readings_panel(readings, grades), _evidence_panel(evidence)),
        width=WIDTH,
        title="A simulated anaphylaxis: readings, grade and evidence over time",
    )


def _add(points: list[tuple[float, float]], minute: float, value: float) -> None:
    """Add a point where a value changes, and keep the last one as the end of the line."""
    if len(points) > 1 and points[-1][1] == points[-2][1] == value:
        points.pop()
    points.append((minute, value))


def _readings_panel(
    readings: dict[Channel, list[tuple[float, float]]], grades: list[tuple[float, float]]
) -> Panel:
    fills = [
        Fill(left=begin, right=end, low=40, high=160, colour=GRADES[int(grade)])
        for (begin, grade), (end, _) in itertools.pairwise(grades)
        if grade
    ]
    names = {Channel.SBP: "SBP [mmHg]", Channel.HR: "HR [/min]", Channel.SPO2: "SpO2 [%]"}
    return Panel(
        title="Readings, over the grade of the bed",
        x_label="minutes since the story began",
        x_range=STORY_MINUTES,
        y_range=(40, 160),
        x_ticks=range(20, 61, 10),
        y_ticks=range(40, 161, 20),
        lines=[
            Line(name=names[channel], points=points, colour=colour, steps=True)
            for (channel, points), colour in zip(readings.items(), COLOURS, strict=False)
        ],
        fills=fills,
        notes=[(GRADES[grade], f"grade {grade}") for grade in range(1, 5)],
    )


def _evidence_panel(evidence: dict[str, list[tuple[float, float]]]) -> Panel:
    highest = max(value for points in evidence.values() for _, value in points)
    lowest = min(value for points in evidence.values() for _, value in points)
    low, high = 50 * (lowest // 50), 50 * (highest // 50 + 1)
    return Panel(
        title="Evidence for five pictures, in points",
        x_label="minutes since the story began",
        x_range=STORY_MINUTES,
        y_range=(low, high),
        x_ticks=range(20, 61, 10),
        y_ticks=range(int(low), int(high) + 1, 50),
        lines=[
            Line(name=name, points=points, colour=colour, steps=True)
            for (name, points), colour in zip(evidence.items(), COLOURS, strict=False)
        ],
    )


def pressures() -> str:
    """Return which grade a pressure has, by the pressure of before."""
    params = load_settings(HERE / "config").ward.detection
    fills = []
    across, up = MAP_BASELINES.step, MAP_PRESSURES.step
    for base in MAP_BASELINES:
        grade = _grades_of_pressures(params, base)
        for pressure, one in zip(MAP_PRESSURES, grade, strict=True):
            if one:
                fills.append(
                    Fill(
                        left=base - across / 2,
                        right=base + across / 2,
                        low=pressure - up / 2,
                        high=pressure + up / 2,
                        colour=GRADES[one],
                    )
                )
    edge = (MAP_BASELINES[0] - across / 2, MAP_BASELINES[-1] + across / 2)
    panel = Panel(
        title="Grade of the systolic pressure alone, by an established baseline",
        x_label="baseline of the systolic pressure [mmHg]",
        x_range=edge,
        y_range=(MAP_PRESSURES[0] - up / 2, MAP_PRESSURES[-1] + up / 2),
        x_ticks=range(90, 181, 10),
        y_ticks=range(60, 181, 20),
        height=380,
        fills=fills,
        lines=[
            Line(name="no change", points=[(p, p) for p in edge], colour="#475569", dashed=True)
        ],
        notes=[(GRADES[grade], f"grade {grade}") for grade in range(1, 5)],
    )
    return drawn((panel,), width=WIDTH, title="Grade of a systolic pressure by its baseline")


def _grades_of_pressures(params: DetectionParams, base: int) -> list[int]:
    """Return the grade that two readings of each pressure confirm, by one baseline."""
    n = len(MAP_PRESSURES)
    made = Detection(params, n)
    made.judging[:] = True
    made.baseline_centi[:, Channel.SBP] = CENTI * base
    made.window.count[:, Channel.SBP] = params.baseline.least_readings + 1
    for minute in (0, 10):
        value = np.full((n, N_CHANNELS), MISSING, np.int32)
        value[:, Channel.SBP] = np.array(MAP_PRESSURES, np.int32) * CENTI
        at_ms = np.where(value == MISSING, NEVER, STARTED_MS + minute * MINUTE_MS)
        made.take(
            Round(
                bed=np.arange(n, dtype=np.int32),
                value_centi=value,
                measured_ms=at_ms,
                flags=np.zeros((n, N_CHANNELS), np.uint16),
            )
        )
    return [int(grade) for grade in made.grade_of(np.arange(n, dtype=np.int32))]


def chances() -> str:
    """Return how often a limit is reached by chance in a session, by its size."""
    sizes = [tenth / 10 for tenth in range(10, 51)]
    kinds = (
        ("one reading, baseline of 1", 1, 1),
        ("one reading, baseline of 3", 3, 1),
        ("two in a row, baseline of 3", 3, 2),
    )
    lines = [
        Line(
            name=name,
            points=[
                (
                    size,
                    100
                    * false_trigger_share(
                        size, readings=16, baseline_readings=base, consecutive=in_a_row
                    ),
                )
                for size in sizes
            ],
            colour=colour,
        )
        for (name, base, in_a_row), colour in zip(kinds, COLOURS, strict=False)
    ]
    panel = Panel(
        title="Sessions of 16 readings in which a limit is reached by chance alone [%]",
        x_label="limit in units of the noise of a reading (20 mmHg at a noise of 8 are 2.5)",
        x_range=(1, 5),
        y_range=(0, 100),
        x_ticks=(1, 2, 2.5, 3, 4, 5),
        y_ticks=range(0, 101, 20),
        height=240,
        lines=lines,
    )
    return drawn((panel,), width=WIDTH, title="False triggers by chance")


PLOTS: Final = {
    "detection-course.svg": course,
    "detection-pressures.svg": pressures,
    "detection-chances.svg": chances,
}


def main() -> int:
    """Write the plots."""
    for name, plot in PLOTS.items():
        (PICTURES / name).write_text(plot(), encoding="utf-8")
        sys.stdout.write(f"docs/pictures/{name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
