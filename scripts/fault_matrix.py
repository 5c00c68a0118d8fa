"""Every told reaction with every fault: was it found, was somebody told, was anybody lost.

A ward of all told reactions runs once for every fault, at all of its beds, and each cell is held
against what is promised for it (:mod:`scripts.fault_page` runs it and writes what came):

* **passed on**: the fault takes nothing away that cannot be mended, so the reaction is found and a
  quiet bed left alone, as without it;
* **never silent**: values are lost or wrong, so the reaction is found, or the bed has a technical
  alert within the time that the column names; at a quiet bed the technical alert must come, or,
  where the values look like a reaction, somebody is called, who measures again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from monitor.facts.effects import AlertChanged
from monitor.ward.ward import Ward
from monitor.ward.ward_settings import WardSettings
from monitor.ward_rehearsal import raised_of
from monitor.wire.messages import decode
from simulators.chairs import generator
from simulators.fault_options import BED_FAULTS, WAY_FAULTS
from simulators.faults import Fault
from simulators.recording import STARTED_MS, recorded_steps
from simulators.scenario import MINUTE_MS, BedPlan, Planted, Scenario, bed_name, planted
from simulators.strikes import bed_fault
from simulators.verdict import Raised, catches

ROOT: Final = Path(__file__).resolve().parents[1]
ONSET_S: Final = 20 * 60
LENGTH_S: Final = 75 * 60
BEFORE_MS: Final = 2 * MINUTE_MS
LASTS_MS: Final = 30 * MINUTE_MS
TOLD_MS: Final = 2 * MINUTE_MS
"""A bed whose values are gone or refused has its technical alert by then (ours)."""

CALLED_FROM: Final = 2
Promise = Literal["passed on", "never silent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """One fault: what it is, how it strikes, and what is promised under it."""

    promise: Promise
    words: str
    more_ms: int = 0
    """How much later than without the fault a reaction may be found."""
    told_ms: int = TOLD_MS
    """By when a technical alert must say so, where the fault must never be silent."""
    share: float = 0.0
    """Of all messages, where it strikes the way of all devices at once."""
    lasts_ms: int = LASTS_MS
    is_call_enough: bool = False
    """What it shows looks like a reaction: whoever is called for it measures again."""


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


def _of_bed(promise: Promise, name: str, **changed: Any) -> Break:  # noqa: ANN401 - fields differ
    return Break(promise=promise, words=BED_FAULTS[name].words, **changed)


def _of_way(name: str, share: float, *, more_ms: int = 0) -> Break:
    return Break(
        promise="passed on",
        words=f"{WAY_FAULTS[name].words}: one in {round(1 / share)}",
        share=share,
        more_ms=more_ms,
    )


BREAKS: Final[dict[str, Break]] = {
    "none": Break(promise="passed on", words="nothing breaks"),
    "drop": _of_way("drop", 0.02, more_ms=5 * MINUTE_MS),
    "duplicate": _of_way("duplicate", 0.2),
    "reorder": _of_way("reorder", 0.2, more_ms=MINUTE_MS),
    "delay": _of_way("delay", 0.2, more_ms=MINUTE_MS),
    "silence": _of_bed("never silent", "silence"),
    "clock-skew": _of_bed("passed on", "clock-skew", more_ms=MINUTE_MS),
    "clock-step": _of_bed("never silent", "clock-step"),
    "freeze": _of_bed("never silent", "freeze", told_ms=12 * MINUTE_MS, more_ms=MINUTE_MS),
    "artefact": _of_bed("never silent", "artefact", told_ms=12 * MINUTE_MS, is_call_enough=True),
    "unit-swap": _of_bed("never silent", "unit-swap", told_ms=6 * MINUTE_MS),
    "mean-as-systolic": _of_bed(
        "never silent", "mean-as-systolic", told_ms=12 * MINUTE_MS, is_call_enough=True
    ),
    "device-swap": _of_bed("never silent", "device-swap"),
    "probe-off": _of_bed("never silent", "probe-off"),
    "battery": _of_bed("never silent", "battery"),
    "storm": _of_bed("never silent", "storm", lasts_ms=5 * MINUTE_MS),
}
"""What is promised under each fault; a test holds that none is missing."""


def faults_of(name: str, scenario: Scenario) -> list[Fault]:
    """Return a fault at all beds of a ward, from a little before their reactions on."""
    broken = BREAKS[name]
    if name in WAY_FAULTS:
        return [WAY_FAULTS[name].made(broken.share, generator(1, "ward", name))]
    if name not in BED_FAULTS:
        return []
    return [
        bed_fault(name, plan, from_ms=_from_ms(plan), until_ms=_from_ms(plan) + broken.lasts_ms)
        for plan in scenario.beds
    ]


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
    faults = faults_of(name, scenario)
    ward = Ward(settings, unit="inf-a")
    raised: list[Raised] = []
    for step in recorded_steps(scenario, faults=faults):
        inputs = [decode(raw, position=place) for place, raw in enumerate(step.messages)]
        raised += [
            replace(raised_of(one), told_ms=step.now_ms)
            for one in ward.take(step.now_ms, inputs)
            if isinstance(one, AlertChanged) and one.phase != "end"
        ]
    truth = {one.bed: one for one in planted(scenario)}
    return [cell(plan, name, truth.get(plan.bed), raised) for plan in scenario.beds]


def _from_ms(plan: BedPlan) -> int:
    """Return when a fault begins: a little before the reaction does."""
    return STARTED_MS + (plan.opens_s + plan.reaction_s) * 1000 - BEFORE_MS


def cell(plan: BedPlan, name: str, truth: Planted | None, raised: Sequence[Raised]) -> Cell:
    """Return what came of one bed under one fault, held against what is promised."""
    broken, from_ms = BREAKS[name], _from_ms(plan)
    onset_ms = from_ms + BEFORE_MS
    mine = [one for one in raised if one.bed == plan.bed]
    told = [one for one in mine if one.kind == "technical" and one.known_ms >= from_ms]
    told_ms = told[0].known_ms - from_ms if told else None
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
        found_ms = late[0].known_ms - onset_ms if late else None
    is_told = told_ms is not None and told_ms <= broken.told_ms
    if broken.promise == "passed on":
        is_kept = found_ms is not None if truth is not None else not false
    else:
        is_kept = is_told or found_ms is not None or (broken.is_call_enough and bool(false))
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
    called = "called or " if broken.is_call_enough else ""
    return f"{broken.promise}, {called}told within {broken.told_ms // MINUTE_MS} min"


def lines(columns: dict[str, list[Cell]]) -> Iterator[str]:
    """Yield the matrix as a page of Markdown."""
    reactions = [one.reaction for one in next(iter(columns.values()))]
    cells = [one for cells in columns.values() for one in cells]
    kept = sum(one.is_kept for one in cells)
    yield "# Every story with every fault"
    yield ""
    yield "## Every told reaction with every fault"
    yield ""
    yield (
        f"Made by `make fault-matrix`; {kept} of {len(cells)} cells keep their promise. *Found* is "
        "when the first alert that names the reaction or its signs was told, in minutes from the "
        "onset; *told* the first technical alert of the bed, in minutes from the beginning of the "
        "fault, 2 min before the onset; *false* counts states of alerts of grade 2 or more that "
        "belong to nothing. **Passed on**: found, or left alone where nothing happens, as without "
        "the fault. **Never silent**: found, or told within the minutes that the table names."
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
