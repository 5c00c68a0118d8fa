"""The simulator beside what is published and what was recorded: docs/simulator-report.md.

``python -m scripts.simulator_report --to FILE [--evidence FOLDER]`` draws people at rest,
reactions without any nurse, disturbances and what devices send, and lays each number beside the
published one: beyond it by more than a tenth of its range is called off. With real recordings the
same is taken from their quiet windows and from uneventful sessions of a cohort.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from scripts.report_rows import ALONE, HELD, Row, lines
from scripts.reported_children import child_rows
from scripts.reported_devices import device_rows
from scripts.reported_disturbances import disturbance_rows
from scripts.reported_reactions import reaction_rows
from scripts.reported_rest import rest_rows
from scripts.rest_page import recorded_lines

DEVICE_PEOPLE_SHARE: Final = 4
"""Of so many people at rest one is taken for the devices: each sends hundreds of values."""

PARTS: Final = {
    "People at rest": (
        "Medians or shares of people, as the devices show them. The lines of chance are sessions "
        "of sixteen readings beside the arithmetic of independent readings with the published "
        "spread (6 to 10 mmHg, up to 5 /min, up to 0.2 °C)."
    ),
    "Children": (
        "The middle 90 % of an age, of 8000 children. No weight for an age is published in what we "
        "hold this page against, so the weights are ours and stand alone: 4 kg and half a kilogram "
        "a month in the first year, then 8 kg and 2 kg a year. Below a year nobody walks and below "
        "two nobody talks. Reactions and disturbances have the same sizes in a child as in an "
        "adult, and an infant may faint at the needle: both ours, and hardly right."
    ),
    "Reactions without a nurse": (
        "The middle 90 % of cases over a body that stands still: minutes from the start to the "
        "onset, how far each channel goes at most, when it is there, and what comes before what. "
        "Recovery is that of the same case with one deed (stopped 10 min after the onset of a "
        "hypotensive reaction and 5 min after that of a flush, slowed to the rate before 20 min "
        "after the onset of one to the rate, laid flat 2 min after a faint and 5 min after "
        "anaphylaxis began), until a tenth is left. Minutes to the extreme count from the onset of "
        "the reaction, so what begins later is later. Where *most* is said, that is from half of "
        "the cases on."
    ),
    "What is no reaction": (
        "The middle 90 % of disturbances as a cohort draws them, over a body that stands still. "
        "How often each happens is published nowhere and ours."
    ),
    "Devices": (
        "What devices sent in uneventful sessions without disturbances (a quarter as many as "
        "people at rest), less what was true at the second of the stamp, and their answers to a "
        "step or a rise. A device that is better than what is claimed is not off."
    ),
}
"""The parts of the page and what each is about."""

NOT_HELD: Final = (
    "What is published in words, or seen by people alone, is held nowhere here: pallor and a "
    "strong pulse in a faint; that a pseudo-allergic reaction is milder the second time (a person "
    "has one session); that saturation is lost under shivering (four fevers in ten, ours); that "
    "oximeters read too much on dark skin (nobody has a skin); the first, undecided minutes of the "
    "pressure in a cytokine release; how impedance doubles breathing in motion (patches only). The "
    "gates for impossible and doubtful readings are rules of the monitor, and its tests hold "
    "those."
)


def report(*, people: int, cases: int, seed: int, evidence: Path | None) -> str:
    """Return the whole report as Markdown."""
    parts = dict(
        zip(
            PARTS,
            (
                list(rest_rows(people, seed)),
                list(child_rows(seed)),
                list(reaction_rows(cases, seed)),
                list(disturbance_rows(cases, seed)),
                list(device_rows(max(people // DEVICE_PEOPLE_SHARE, 2), seed)),
            ),
            strict=True,
        )
    )
    page = ["# The simulator beside what is published and what was recorded", ""]
    page += [_made(parts, people=people, cases=cases, seed=seed), ""]
    page += ["| part | numbers | off |", "|---|---:|---:|"]
    for name, rows in parts.items():
        held = [row for row in rows if row.verdict != ALONE]
        page += [f"| {name} | {len(held)} | {len(_off(held))} |"]
    for name, rows in parts.items():
        page += ["", f"## {name}", "", PARTS[name], "", *lines(rows)]
    page += ["", "## What is not held here", "", NOT_HELD]
    if evidence is not None:
        page += ["", *recorded_lines(evidence, people=people, seed=seed)]
    return "\n".join(page) + "\n"


def _off(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.verdict not in (HELD, ALONE)]


def _made(parts: dict[str, list[Row]], *, people: int, cases: int, seed: int) -> str:
    rows = [row for each in parts.values() for row in each if row.verdict != ALONE]
    ours = sum(row.source == "engineering" for row in rows)
    return (
        f"Made by `make simulator-report EVIDENCE=folder` from {people} people at rest and {cases} "
        f"untreated cases of every reaction and every disturbance (seed {seed}). A number is off "
        "where it leaves its range by more than a tenth of it; a single published figure counts as "
        f"a range of a tenth either way, against the median. **{len(_off(rows))} of {len(rows)} "
        f"numbers are off.** {ours} of the ranges are marked `engineering`: no document states "
        "them in this form, and we put them together. No range is moved to where the simulator is."
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--to", type=Path, help="a file; default: standard output")
    parser.add_argument("--evidence", type=Path, help="folder of real recordings")
    parser.add_argument("--people", type=int, default=400)
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    text = report(people=given.people, cases=given.cases, seed=given.seed, evidence=given.evidence)
    if given.to is None:
        sys.stdout.write(text)
    else:
        given.to.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
