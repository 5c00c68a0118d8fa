"""Every told reaction with every fault: was it found, was somebody told, was anybody lost.

``python -m scripts.fault_matrix --to FILE`` runs a ward of all told reactions once for every
fault, at all of its beds, and holds each cell against what is promised for it:

* **passed on**: the fault takes nothing away that cannot be mended, so the reaction is found and a
  quiet bed left alone, as without it;
* **never silent**: values are lost or wrong, so the reaction is found, or the bed has a technical
  alert within the time that the column names; at a quiet bed the technical alert must come.

A cell that breaks its promise is marked and the exit code is 1.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from numpy.random import Generator

from monitor.facts.effects import AlertChanged
from monitor.settings.settings import load_settings
from monitor.ward.ward import Ward
from monitor.ward.ward_settings import WardSettings
from monitor.wire.messages import decode
from simulators.breakdowns import (
    artefact,
    battery,
    clock_step,
    device_swap,
    probe_off,
    storm,
    unit_swap,
)
from simulators.chairs import generator
from simulators.faults import Fault, clock_skew, delay, drop, duplicate, freeze, reorder
from simulators.pictures import PICTURES
from simulators.recording import STARTED_MS, recorded_steps
from simulators.scenario import MINUTE_MS, BedPlan, Planted, Scenario, bed_name, planted
from simulators.verdict import Raised, catches

ROOT: Final = Path(__file__).resolve().parents[1]
ONSET_S: Final = 20 * 60
LENGTH_S: Final = 75 * 60
BEFORE_MS: Final = 2 * MINUTE_MS
LASTS_MS: Final = 30 * MINUTE_MS
STORM_MS: Final = 5 * MINUTE_MS
TOLD_MS: Final = 2 * MINUTE_MS
"""A bed whose values are gone or refused has its technical alert by then (ours)."""

CALLED_FROM: Final = 2
NEXT_UNIT: Final = "99"
"""The bed to which devices are wheeled: nobody has a session there."""

Promise = Literal["passed on", "never silent"]
Made = Callable[[BedPlan, int, int], Fault]


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """One column: a fault of a bed from one time to another, and what is promised under it."""

    promise: Promise
    words: str
    made: Made
    more_ms: int = 0
    """How much later than without the fault a reaction may be found."""
    told_ms: int = TOLD_MS
    """By when a technical alert must say so, where the fault must never be silent."""
    is_of_ward: bool = False
    """It strikes the way of all devices at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What came of one reaction under one fault."""

    reaction: str
    fault: str
    found_min: float | None
    told_min: float | None
    false: int
    is_kept: bool

    @property
    def words(self) -> str:
        """Return the cell of the table."""
        said = []
        if self.found_min is not None:
            said.append(f"found {self.found_min:.1f}")
        if self.told_min is not None:
            said.append(f"told {self.told_min:.1f}")
        if self.false:
            said.append(f"{self.false} false")
        shown = ", ".join(said) or "quiet"
        return shown if self.is_kept else f"**BROKEN: {shown}**"


def _monitor(plan: BedPlan) -> str:
    return f"mon-{plan.bed}"


def _devices(plan: BedPlan) -> frozenset[str]:
    return frozenset(f"{kind}-{plan.bed}" for kind in ("mon", "pump", "tab"))


def _chance(plan: BedPlan, name: str) -> Generator:
    return generator(1, plan.bed, name)


BREAKS: Final[dict[str, Break]] = {
    "none": Break(
        promise="passed on", words="nothing breaks", made=lambda _plan, _a, _b: lambda s: s
    ),
    "drop": Break(
        promise="passed on",
        words="one message in fifty is lost",
        made=lambda plan, _a, _b: lambda s: drop(s, share=0.02, rng=_chance(plan, "drop")),
        more_ms=5 * MINUTE_MS,
        is_of_ward=True,
    ),
    "duplicate": Break(
        promise="passed on",
        words="one message in five comes twice",
        made=lambda plan, _a, _b: lambda s: duplicate(s, share=0.2, rng=_chance(plan, "twice")),
        is_of_ward=True,
    ),
    "reorder": Break(
        promise="passed on",
        words="one message in five is overtaken by the next",
        made=lambda plan, _a, _b: lambda s: reorder(s, share=0.2, rng=_chance(plan, "order")),
        more_ms=MINUTE_MS,
        is_of_ward=True,
    ),
    "delay": Break(
        promise="passed on",
        words="one message in five comes up to 30 s late",
        made=lambda plan, _a, _b: (
            lambda s: delay(s, share=0.2, longest_ms=30_000, rng=_chance(plan, "late"))
        ),
        more_ms=MINUTE_MS,
        is_of_ward=True,
    ),
    "clock-skew": Break(
        promise="passed on",
        words="the clock of the monitor is 3 min behind and drifts by 50 ppm",
        made=lambda plan, _a, _b: (
            lambda s: clock_skew(s, device=_monitor(plan), offset_ms=-180_000, drift_ppm=50.0)
        ),
        more_ms=MINUTE_MS,
    ),
    "clock-step": Break(
        promise="never silent",
        words="the clock of the monitor is set forward by 10 min: stamps of the future are refused",
        made=lambda plan, from_ms, _b: (
            lambda s: clock_step(s, device=_monitor(plan), at_ms=from_ms, by_ms=600_000)
        ),
    ),
    "freeze": Break(
        promise="never silent",
        words="pulse and saturation stand still for 30 min",
        made=lambda plan, from_ms, until_ms: (
            lambda s: freeze(
                s,
                device=_monitor(plan),
                channels=frozenset({"hr", "spo2"}),
                from_ms=from_ms,
                until_ms=until_ms,
            )
        ),
        told_ms=12 * MINUTE_MS,
    ),
    "artefact": Break(
        promise="never silent",
        words="every value is nonsense for 30 min",
        made=lambda plan, from_ms, until_ms: (
            lambda s: artefact(s, device=_monitor(plan), from_ms=from_ms, until_ms=until_ms)
        ),
        told_ms=12 * MINUTE_MS,
    ),
    "unit-swap": Break(
        promise="never silent",
        words="Fahrenheit and kilopascal under other names, from then on",
        made=lambda plan, from_ms, _b: (
            lambda s: unit_swap(s, device=_monitor(plan), from_ms=from_ms)
        ),
        told_ms=20 * MINUTE_MS,
    ),
    "device-swap": Break(
        promise="never silent",
        words="the monitor is wheeled to another bed, from then on",
        made=lambda plan, from_ms, _b: (
            lambda s: device_swap(s, device=_monitor(plan), bed=NEXT_UNIT, from_ms=from_ms)
        ),
    ),
    "probe-off": Break(
        promise="never silent",
        words="no saturation for 30 min",
        made=lambda plan, from_ms, until_ms: (
            lambda s: probe_off(s, device=_monitor(plan), from_ms=from_ms, until_ms=until_ms)
        ),
    ),
    "battery": Break(
        promise="never silent",
        words="the battery of the monitor runs out",
        made=lambda plan, from_ms, _b: lambda s: battery(s, device=_monitor(plan), from_ms=from_ms),
    ),
    "storm": Break(
        promise="never silent",
        words="all devices are away for 5 min and come back in a burst",
        made=lambda plan, from_ms, _b: (
            lambda s: storm(s, devices=_devices(plan), from_ms=from_ms, until_ms=from_ms + STORM_MS)
        ),
    ),
}


def story(
    reactions: Sequence[str], *, seed: int = 1, cadence_s: int = 10, length_s: int = LENGTH_S
) -> Scenario:
    """Return a ward in which every bed has one of the told reactions, all at the same minute."""
    beds = tuple(
        BedPlan(bed=bed_name(number), reaction=name, onset_s=ONSET_S)
        for number, name in enumerate(reactions, start=1)
    )
    return Scenario(
        name="fault-matrix", beds=beds, seed=seed, length_s=length_s, cadence_s=cadence_s
    )


def column(settings: WardSettings, scenario: Scenario, name: str) -> list[Cell]:
    """Run a ward with one fault at all of its beds; return its cells in order of the beds."""
    broken = BREAKS[name]
    struck = scenario.beds[:1] if broken.is_of_ward else scenario.beds
    faults = [broken.made(plan, from_ms := _from_ms(plan), from_ms + LASTS_MS) for plan in struck]
    ward = Ward(settings, unit="inf-a")
    raised: list[Raised] = []
    for step in recorded_steps(scenario, step_ms=5000, faults=faults):
        inputs = [decode(raw, position=place) for place, raw in enumerate(step.messages)]
        raised += [
            _raised(one)
            for one in ward.take(step.now_ms, inputs)
            if isinstance(one, AlertChanged) and one.phase != "end"
        ]
    truth = {one.bed: one for one in planted(scenario)}
    return [cell(plan, name, truth.get(plan.bed), raised) for plan in scenario.beds]


def _from_ms(plan: BedPlan) -> int:
    """Return when a fault begins: a little before the reaction does."""
    return STARTED_MS + (plan.opens_s + plan.reaction_s) * 1000 - BEFORE_MS


def _raised(one: AlertChanged) -> Raised:
    return Raised(
        bed=one.bed,
        kind=one.kind,
        grade=one.grade,
        pattern=one.pattern,
        signs=(*(row.sign for row in one.because), *one.cause.split(":")[1:]),
        at_ms=one.at_ms,
    )


def cell(plan: BedPlan, name: str, truth: Planted | None, raised: Sequence[Raised]) -> Cell:
    """Return what came of one bed under one fault, held against what is promised."""
    broken, from_ms = BREAKS[name], _from_ms(plan)
    onset_ms = from_ms + BEFORE_MS
    mine = [one for one in raised if one.bed == plan.bed]
    told = [one for one in mine if one.kind == "technical" and one.at_ms >= from_ms]
    told_ms = told[0].at_ms - from_ms if told else None
    false = sum(
        one.kind == "physiological"
        and one.grade >= CALLED_FROM
        and (truth is None or one.at_ms < onset_ms)
        for one in mine
    )
    found_ms = None
    if truth is not None:
        late = [one for one in mine if catches(truth, one, onset_ms)] or [
            one for one in mine if catches(truth, one, onset_ms + broken.more_ms)
        ]
        found_ms = late[0].at_ms - onset_ms if late else None
    is_told = told_ms is not None and told_ms <= broken.told_ms
    if broken.promise == "passed on":
        is_kept = found_ms is not None if truth is not None else not false
    else:
        is_kept = is_told or found_ms is not None
    return Cell(
        reaction=plan.reaction,
        fault=name,
        found_min=None if found_ms is None else found_ms / MINUTE_MS,
        told_min=None if told_ms is None else told_ms / MINUTE_MS,
        false=false,
        is_kept=is_kept,
    )


def promised(broken: Break) -> str:
    """Return the promise of a column in words."""
    if broken.promise == "passed on":
        return broken.promise
    return f"{broken.promise}, told within {broken.told_ms // MINUTE_MS} min"


def lines(columns: dict[str, list[Cell]]) -> Iterator[str]:
    """Yield the matrix as a page of Markdown."""
    reactions = [one.reaction for one in next(iter(columns.values()))]
    cells = [one for cells in columns.values() for one in cells]
    kept = sum(one.is_kept for one in cells)
    yield "# Every reaction with every fault"
    yield ""
    yield (
        f"Made by `make fault-matrix`; {kept} of {len(cells)} cells keep their promise. *Found* is "
        "the first alert that names the reaction or its signs, in minutes from the onset; *told* "
        "the first technical alert of the bed, in minutes from the beginning of the fault, 2 min "
        "before the onset; *false* counts states of alerts of grade 2 or more that belong to "
        "nothing. **Passed on**: found, or left alone where nothing happens, as without the fault. "
        "**Never silent**: found, or told within the minutes that the table names."
    )
    yield ""
    yield "| fault | what happens | promised |"
    yield "|---|---|---|"
    yield from (
        f"| `{name}` | {BREAKS[name].words} | {promised(BREAKS[name])} |" for name in columns
    )
    yield ""
    yield f"| fault | {' | '.join(reactions)} |"
    yield f"|---|{'---|' * len(reactions)}"
    for name, found in columns.items():
        yield f"| `{name}` | {' | '.join(one.words for one in found)} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the matrix; return 1 if a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--to", type=Path, help="a file; default: standard output")
    parser.add_argument("--fault", action="append", choices=tuple(BREAKS), help="default: all")
    given = parser.parse_args(arguments)
    settings = load_settings(ROOT / "config").ward
    scenario = story(tuple(PICTURES))
    columns = {name: column(settings, scenario, name) for name in given.fault or BREAKS}
    text = "\n".join(lines(columns)) + "\n"
    if given.to is None:
        sys.stdout.write(text)
    else:
        given.to.write_text(text, encoding="utf-8")
    return 0 if all(one.is_kept for cells in columns.values() for one in cells) else 1


if __name__ == "__main__":
    sys.exit(main())
