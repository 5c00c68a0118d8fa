"""The simulator beside what is published and what was recorded: docs/simulator-report.md.

``python -m scripts.simulator_report --to FILE [--evidence FOLDER]`` draws people at rest and
reactions without any nurse, and lays each number beside the published one: beyond it by more than
a tenth of its range is called off. With real recordings the same numbers are taken from quiet
windows of intensive care and from students in an exam.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from detectors.channels import Channel, Float
from scripts.recorded_rest import real_rows
from simulators.cases import drawn_picture, driven, onset_s
from simulators.chairs import generator
from simulators.devices import THERMOMETER_SD_CEL, continuous_readings, cuff_readings
from simulators.infusion import ML_PER_G, rate_course, rungs
from simulators.overloads import PHENOTYPES
from simulators.physiology import Course, bodily, person, resting_course
from simulators.reactions import reacting_course

SESSION_S: Final = 4 * 3600
START_S: Final = 600
DOSE_G_PER_KG: Final = 0.6
SLACK: Final = 0.1
"""A number is off where it leaves its published range by more than this share of the range."""

TRIPLET_S: Final = (1000, 1045, 1090)
"""Three readings 45 s apart in somebody who has rested, where the cycle of the cuff has none."""

Range = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One number: what is published, and what the simulator gives."""

    what: str
    published: Range
    found: Range
    unit: str
    source: str

    @property
    def verdict(self) -> str:
        """Return ``as published``, or on which side it is off."""
        low, high = self.published
        slack = SLACK * (high - low)
        below, above = self.found[0] < low - slack - 1e-9, self.found[1] > high + slack + 1e-9
        if below and above:
            return "**off: wider**"
        if below or above:
            return f"**off: {'lower' if below else 'higher'}**"
        return "as published"


def rest_rows(people: int, seed: int) -> Iterator[Row]:
    """Yield the numbers of people at rest (fact sheets of variability, accuracy, fever)."""
    shown = [_shown(seed, number) for number in range(people)]
    # A cuff fails now and then, and two readings are no triplet.
    triplets = np.array([one.triplet for one in shown if len(one.triplet) == len(TRIPLET_S)])
    spread = np.ptp(triplets, axis=1) > 10.0  # noqa: PLR2004 - the published limit
    steps = np.diff(triplets[:, :, 0], axis=1)
    nhanes = "NHANES, 53 737 people"
    for place, (name, share) in enumerate(
        (("systolic", 12.9), ("diastolic", 13.0), ("pulse pressure", 29.4))
    ):
        yield _point(
            f"three {name} readings within 90 s that span more than 10 mmHg",
            share,
            100.0 * float(spread[:, place].mean()),
            "% of people",
            nhanes,
        )
    falling, rising = (steps < 0).all(axis=1).mean(), (steps > 0).all(axis=1).mean()
    yield _point("three systolic readings that fall", 17.0, 100.0 * falling, "% of people", nhanes)
    yield _point("three systolic readings that rise", 7.4, 100.0 * rising, "% of people", nhanes)
    for what, published, values, unit in (
        ("systolic, spread within a session", (6.0, 10.0), [one.sd[0] for one in shown], "mmHg"),
        ("diastolic, spread within a session", (4.0, 7.0), [one.sd[1] for one in shown], "mmHg"),
        ("systolic, correlation over 15 min", (0.3, 0.5), [one.memory[0] for one in shown], ""),
        ("heart rate, spread within a session", (3.0, 6.0), [one.sd[2] for one in shown], "/min"),
        ("heart rate, correlation over 1 min", (0.7, 0.9), [one.memory[1] for one in shown], ""),
        ("breathing, spread", (1.5, 2.5), [one.sd[3] for one in shown], "/min"),
        ("saturation, spread", (0.7, 1.0), [one.sd[4] for one in shown], "%"),
        ("temperature, spread without drift", (0.1, 0.2), [one.sd[5] for one in shown], "°C"),
        ("temperature, drift over 10 h of a day", (0.3, 0.5), [one.drift for one in shown], "°C"),
    ):
        middle = float(np.median(values))
        yield Row(
            what=what, published=published, found=(middle, middle), unit=unit, source="engineering"
        )


def _point(what: str, published: float, found: float, unit: str, source: str) -> Row:
    """Return a row whose published number is one figure; a fifth of it is its range (ours)."""
    around = (0.9 * published, 1.1 * published)
    return Row(what=what, published=around, found=(found, found), unit=unit, source=source)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """One person at rest for a session, as the devices show it."""

    triplet: Float
    """Three readings of SBP, DBP and pulse pressure, shape (reading, 3)."""
    sd: tuple[float, ...]
    memory: tuple[float, float]
    drift: float


def _shown(seed: int, number: int) -> _Shown:
    rng = generator(seed, str(number), "report")
    course = resting_course(person(rng), seconds=SESSION_S, rng=rng)
    wanted = TRIPLET_S
    cuffs = [
        one
        for one in cuff_readings(course, start_s=START_S, phase_s=60, wanted_s=wanted, rng=rng)
        if not one.is_stat or one.at_s in wanted
    ]
    three = [(one.sbp_mmhg, one.dbp_mmhg) for one in cuffs if one.at_s in wanted]
    pairs = np.array([(sbp, dbp, sbp - dbp) for sbp, dbp in three], np.float64)
    session = np.array(
        [(one.sbp_mmhg, one.dbp_mmhg) for one in cuffs if one.at_s > START_S and not one.is_stat],
        np.float64,
    )
    _, minutes = continuous_readings(course, every_s=60, first_s=START_S, rng=rng)
    every_15_min = course.values[Channel.TEMP, START_S::900]
    temp = every_15_min + rng.normal(0.0, THERMOMETER_SD_CEL, len(every_15_min))
    hours = np.arange(len(temp)) / 4.0
    slope = float(np.polyfit(hours, temp, 1)[0])
    return _Shown(
        triplet=pairs,
        sd=(
            float(session[:, 0].std()),
            float(session[:, 1].std()),
            *(float(minutes[channel].std()) for channel in (Channel.HR, Channel.RR, Channel.SPO2)),
            float((temp - slope * hours).std()),
        ),
        memory=(correlation(session[:, 0], 3), correlation(minutes[Channel.HR], 1)),
        drift=10.0 * slope,
    )


def correlation(values: Float, lag: int) -> float:
    """Return the correlation of a series, shape (sample,), with itself ``lag`` samples later."""
    return float(np.corrcoef(values[:-lag], values[lag:])[0, 1])


PUBLISHED: Final[dict[str, dict[str, Range]]] = {
    "anaphylaxis": {
        "onset": (1, 45), "hr": (-50, 50), "sbp%": (-60, -30), "spo2": (-15, -3), "rr": (6, 16),
    },
    "mild-allergic": {
        "onset": (5, 60), "hr": (5, 20), "sbp": (-10, 10), "dbp": (-10, 10), "spo2": (-2, 0),
        "rr": (0, 4),
    },
    "febrile": {"onset": (30, 420), "temp": (1, 2.5), "hr": (10, 48), "sbp": (-15, 20)},
    "cytokine-release": {
        "onset": (30, 120), "temp": (1, 3), "hr": (20, 50), "sbp": (-40, -20), "spo2": (-6, -2),
        "rr": (4, 12),
    },
    "hypotensive": {"onset": (1, 90), "hr": (0, 20), "sbp": (-80, -30)},
    "hypertensive": {"onset": (30, 90), "hr": (-5, 10), "sbp": (20, 60), "dbp": (10, 30)},
    "vasovagal": {"onset": (0, 240), "hr": (-40, -20), "sbp": (-60, -30)},
    "fluid-overload": {
        "onset": (60, 840), "hr": (10, 30), "sbp": (20, 50), "temp": (0, 1), "spo2": (-12, -3),
        "rr": (6, 14),
    },
    "lung-injury": {
        "onset": (0, 360), "hr": (10, 30), "sbp": (-30, -10), "temp": (0.5, 1.5), "rr": (8, 20),
    },
    "rate-related": {
        "onset": (5, 90), "hr": (5, 20), "sbp": (-20, 20), "dbp": (-20, 20), "temp": (0, 0.5),
    },
    "infusion-flush": {
        "onset": (0, 5), "hr": (5, 15), "sbp": (-10, 10), "dbp": (-10, 10), "rr": (2, 4),
    },
    "pseudo-allergic": {
        "onset": (0, 15), "hr": (-40, 40), "temp": (0, 1), "spo2": (-8, -2), "rr": (4, 10),
    },
}  # fmt: skip
"""What is said of each reaction: minutes to the onset, and how far each channel goes."""

SAME: Final = {"anaphylaxis-no-skin": "anaphylaxis", "anaphylaxis-beta-blocked": "anaphylaxis"}


def reaction_rows(cases: int, seed: int) -> Iterator[Row]:
    """Yield, for every phenotype, the middle 90 % of what untreated cases do."""
    for name, kind in PHENOTYPES.items():
        published = dict(PUBLISHED[SAME.get(name, name)])
        if kind.beta_blocker:
            published["hr"] = (0, 10)
        found = [_extremes(name, seed, number) for number in range(cases)]
        for key, limits in published.items():
            low, high = np.percentile([one[key] for one in found], (5, 95)).tolist()
            yield Row(
                what=f"{name}: {key}",
                published=limits,
                found=(low, high),
                unit={"onset": "min", "temp": "°C", "sbp%": "%"}.get(key, _UNITS[key.strip("%")]),
                source=", ".join(kind.source),
            )


_UNITS: Final = {
    "onset": "min", "hr": "/min", "sbp": "mmHg", "dbp": "mmHg", "temp": "°C", "spo2": "%",
    "rr": "/min",
}  # fmt: skip


def _extremes(name: str, seed: int, number: int) -> dict[str, float]:
    """Return onset and extremes of one case without a nurse, from a body that stands still."""
    rng = generator(seed, f"{name}-{number}", "report")
    kind, who = PHENOTYPES[name], person(rng)
    begins_s = onset_s(kind, rng, start_s=START_S, dose_g_per_kg=DOSE_G_PER_KG)
    seconds = begins_s + 3 * 3600
    still = np.empty((len(Channel), seconds))
    for channel, level in (
        (Channel.HR, who.hr_per_min),
        (Channel.SBP, who.sbp_mmhg),
        (Channel.DBP, who.dbp_mmhg),
        (Channel.TEMP, who.temp_cel),
        (Channel.SPO2, who.spo2_percent),
        (Channel.RR, who.rr_per_min),
        (Channel.MAP, 0.0),
    ):
        still[channel] = level
    resting = Course(values=bodily(still))
    volume = DOSE_G_PER_KG * ML_PER_G
    staircase = rungs(START_S, (), volume_ml_per_kg=volume)
    picture = driven(drawn_picture(kind, rng), begins_s, staircase[-1].at_s)
    course = reacting_course(
        resting,
        picture,
        onset_s=begins_s,
        rate_ml_per_kg_h=rate_course(staircase, seconds),
        rng=rng,
    )
    moved = course.values - resting.values
    found = {channel.name.lower(): _furthest(moved[channel]) for channel in Channel}
    found["sbp%"] = 100.0 * found["sbp"] / who.sbp_mmhg
    found["onset"] = (begins_s - START_S) / 60.0
    return found


def _furthest(moved: Float) -> float:
    return float(moved[int(np.abs(moved).argmax())])


def lines(rows: Sequence[Row]) -> Iterator[str]:
    """Yield rows as a table of Markdown."""
    yield "| what | published | simulated | | rests on |"
    yield "|---|---:|---:|---|---|"
    for row in rows:
        low, high = row.found
        found = f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"
        yield (
            f"| {row.what} | {row.published[0]:.3g} to {row.published[1]:.3g} {row.unit} | "
            f"{found} | {row.verdict} | {row.source} |"
        )


def report(*, people: int, cases: int, seed: int, evidence: Path | None) -> str:
    """Return the whole report as Markdown."""
    rest, reactions = list(rest_rows(people, seed)), list(reaction_rows(cases, seed))
    off = [row for row in (*rest, *reactions) if row.verdict != "as published"]
    made = (
        f"Made by `make simulator-report EVIDENCE=folder` from {people} people at rest and "
        f"{cases} untreated cases of every reaction (seed {seed}). A number is off where it leaves "
        "its range by more than a tenth of it; a single published figure counts as a range of a "
        f"tenth either way. {len(off)} of {len(rest) + len(reactions)} numbers are off."
    )
    untreated = (
        "The middle 90 % of cases: minutes from the start to the onset, and how far each channel "
        "goes at most, over a body that stands still."
    )
    parts = ["# The simulator beside what is published and what was recorded", "", made, ""]
    parts += ["## People at rest", "", "Medians of people, as the devices show them.", ""]
    parts += [*lines(rest), "", "## Reactions without a nurse", "", untreated, ""]
    parts += lines(reactions)
    if evidence is not None:
        parts += ["", *real_rows(evidence, people=people, seed=seed)]
    return "\n".join(parts) + "\n"


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
