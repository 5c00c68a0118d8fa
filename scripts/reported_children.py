"""Children of the simulator beside what is published of their pulse, breathing and pressure."""

from collections.abc import Iterator
from math import inf
from typing import Final

import numpy as np

from scripts.report_rows import Range, Row, middle, single
from simulators.chairs import generator
from simulators.people import MONTHS, aged_person
from simulators.physiology import Person

PALS: Final = "pals-ranges"
FLEMING: Final = "PMC3789232"
OURS: Final = "engineering"

PULSES: Final[tuple[tuple[int, int, Range], ...]] = (
    (3, 24, (100, 190)),
    (24, 120, (60, 140)),
    (120, 192, (60, 100)),
)
"""From a month of age to another, awake [/min]."""

BREATHS: Final[tuple[tuple[int, int, Range], ...]] = (
    (3, 12, (30, 60)),
    (12, 36, (24, 40)),
    (36, 72, (22, 34)),
    (72, 144, (18, 30)),
    (144, 192, (12, 16)),
)
"""The same for breathing: infant, toddler, before school, at school, adolescent (ages ours)."""

DRAWN: Final = 8000
"""Children below a year are few among them, and every age needs some."""

WEIGHED_MONTHS: Final = (3, 6, 9, 12, 24, 60, 120, 180)
AROUND_MONTHS: Final = {True: 1, False: 6}
"""Below and from two years on: so near to an age counts as that age."""


def child_rows(seed: int) -> Iterator[Row]:
    """Yield levels of children by age; of their weight nothing is published here."""
    rng = generator(seed, "children", "report")
    drawn = [aged_person(rng, child_share=1.0, old_share=0.0) for _ in range(DRAWN)]
    for from_m, to_m, published in PULSES:
        yield _band("heart rate", [one.hr_per_min for one in _aged(drawn, from_m, to_m)],
                    published, (from_m, to_m), "/min")  # fmt: skip
    for from_m, to_m, published in BREATHS:
        yield _band("breathing", [one.rr_per_min for one in _aged(drawn, from_m, to_m)],
                    published, (from_m, to_m), "/min")  # fmt: skip
    twos = _aged(drawn, 24, 36)
    pulse = float(np.median([one.hr_per_min for one in twos]))
    breath = float(np.median([one.rr_per_min for one in twos]))
    yield single("children of two: heart rate, median", 113.0, pulse, "/min", FLEMING)
    yield single("children of two: breathing, median", 26.0, breath, "/min", FLEMING)
    above = [
        one.sbp_mmhg - (90.0 if one.age_years > 10 else 70.0 + 2.0 * one.age_years)  # noqa: PLR2004 - the age of a limit
        for one in drawn
    ]
    yield middle(
        "children: systolic above the limit of hypotension, least", (0.0, inf), min(above), "mmHg",
        PALS,
    )  # fmt: skip
    for months in WEIGHED_MONTHS:
        near = AROUND_MONTHS[months < 2 * MONTHS]
        held = [one.weight_kg for one in _aged(drawn, months - near + 1, months + near)]
        yield middle(
            f"children of {_age(months)}: weight, median", None, float(np.median(held)), "kg", OURS
        )


def _months(who: Person) -> int:
    return who.age_years * MONTHS if who.age_months is None else who.age_months


def _aged(people: list[Person], from_months: int, to_months: int) -> list[Person]:
    return [one for one in people if from_months <= _months(one) < to_months]


def _band(what: str, values: list[float], published: Range, ages: Range, unit: str) -> Row:
    low, high = np.percentile(values, (5, 95)).tolist()
    return Row(
        what=f"children of {_age(int(ages[0]))} to {_age(int(ages[1]))}: {what}",
        published=published, found=(low, high), unit=unit, source=PALS,
    )  # fmt: skip


def _age(months: int) -> str:
    return f"{months} months" if months < 2 * MONTHS else f"{months // MONTHS} years"
