"""Cohorts: many drawn sessions, ward by ward, each with the truth about it.

A ward is a file. Its beds open within ten minutes, at multiples of the cadence, so that they
speak in step; the hour of its start varies from ward to ward. Everything derives from the seed
of the cohort and the number of the ward, so any ward can be made alone and again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from monitor.facts.truth import NurseKind
from simulators.cases import Case, reacting_case, staying_case
from simulators.chairs import generator, planned_rungs_of
from simulators.disturbances import Habits, disturbances, probe_losses
from simulators.equipment import USUAL, Equipment, equipment_by_bed
from simulators.overloads import PHENOTYPES
from simulators.people import aged_person
from simulators.reactions import Picture
from simulators.scenario import BASELINE_S, BEDS, MINUTE_S, BedPlan, Scenario, bed_name
from simulators.stays import stay_habit

DAY_MS: Final = 86_400_000
FIRST_DAY_MS: Final = 1_795_478_400_000
"""2026-11-24T00:00:00Z; every ward has a day of its own."""

STARTS_H: Final = (7, 15)
OPENS_WITHIN_S: Final = 600
DOSES_G_PER_KG: Final = (0.3, 0.9)
FILES_MAX: Final = 9999

QUIET: Final = "uneventful"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """Of what a cohort is made: shares of reactions and of people, and what else happens.

    ``reactions`` are shares by phenotype; what is left of 1 is uneventful. A share says how many
    sessions of a cohort are of that kind, not how often that happens to people.
    """

    reactions: Mapping[str, float]
    child_share: float = 0.15
    old_share: float = 0.25
    premedicated_share: float = 0.4
    habits: Habits = field(default_factory=Habits)

    def __post_init__(self) -> None:
        """Refuse reactions that nobody knows and shares that are none."""
        for name, share in self.reactions.items():
            if name not in PHENOTYPES:
                raise ValueError(f"mix: {name!r} is unknown, one of {', '.join(PHENOTYPES)}")
            if not 0.0 <= share <= 1.0:
                raise ValueError(f"mix: {name} = {share}, must be a share from 0 to 1")
        for name, total in (
            ("reactions", sum(self.reactions.values())),
            ("child_share + old_share", self.child_share + self.old_share),
            ("premedicated_share", self.premedicated_share),
        ):
            if not 0.0 <= total <= 1.0 + 1e-9:
                raise ValueError(f"mix: {name} come to {total:g}, must be from 0 to 1")


DEFAULT_MIX: Final = Mix(
    reactions={
        "anaphylaxis": 0.03,
        "anaphylaxis-no-skin": 0.02,
        "anaphylaxis-beta-blocked": 0.02,
        "mild-allergic": 0.03,
        "febrile": 0.04,
        "cytokine-release": 0.03,
        "hypotensive": 0.03,
        "hypertensive": 0.03,
        "vasovagal": 0.03,
        "fluid-overload": 0.03,
        "lung-injury": 0.03,
        "rate-related": 0.04,
        "infusion-flush": 0.02,
        "pseudo-allergic": 0.02,
    }
)
"""Four in ten react, so that each kind has hundreds of sessions; in life it is a few in a
hundred, and most of those are mild."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """What is to be made."""

    sessions: int
    beds_per_file: int = 100
    hours: float = 4.0
    cadence_s: int = 30
    seed: int = 1
    mix: Mix = DEFAULT_MIX
    nurse: NurseKind = "follows"
    equipment: tuple[str, ...] = ()
    """What beds of every ward have, by their numbers: ``patch@1-20``."""
    faults: tuple[str, ...] = ()
    """What strikes every ward: ``drop=0.02``, ``storm@1-10:+30m``."""

    def __post_init__(self) -> None:
        """Refuse a cohort without sessions or time, with too many files or a strange equipment."""
        if self.sessions < 1:
            raise ValueError(f"{self.sessions} sessions, must be at least 1")
        if not 1 <= self.beds_per_file <= BEDS:
            raise ValueError(f"{self.beds_per_file} beds a file, must be from 1 to {BEDS}")
        if self.wards > FILES_MAX:
            raise ValueError(f"{self.wards} files, at most {FILES_MAX}: more beds a file")
        if not 0.5 <= self.hours <= 24:  # noqa: PLR2004 - a baseline and a reaction take that long
            raise ValueError(f"{self.hours} hours, must be from 0.5 to 24")
        if not 1 <= self.cadence_s <= MINUTE_S:
            raise ValueError(f"cadence of {self.cadence_s} s, must be from 1 to {MINUTE_S}")
        equipment_by_bed(self.equipment, beds=self.beds(1))

    @property
    def wards(self) -> int:
        """Return how many wards the cohort has."""
        return -(-self.sessions // self.beds_per_file)

    def beds(self, number: int) -> int:
        """Return how many beds ward ``number`` has, counted from 1; the last may be smaller."""
        return min(self.beds_per_file, self.sessions - (number - 1) * self.beds_per_file)


def ward_seed(cohort: Cohort, number: int) -> int:
    """Return the seed of a ward."""
    sequence = np.random.SeedSequence([cohort.seed, number])
    return int(sequence.generate_state(1, np.uint64)[0])


def started_ms(cohort: Cohort, number: int) -> int:
    """Return when a ward begins: a day of its own, at an hour of its own."""
    hour = int(generator(ward_seed(cohort, number), "ward", "hour").integers(*STARTS_H))
    return FIRST_DAY_MS + number * DAY_MS + hour * 3_600_000


def ward_scenario_of(cohort: Cohort, number: int) -> Scenario:
    """Return ward ``number`` of a cohort, counted from 1, with a case at every bed."""
    seed = ward_seed(cohort, number)
    seconds = int(cohort.hours * 3600)
    equipped = equipment_by_bed(cohort.equipment, beds=cohort.beds_per_file)
    plans = tuple(
        _plan(cohort, seed, bed_name(bed), equipped.get(bed, USUAL))
        for bed in range(1, cohort.beds(number) + 1)
    )
    return Scenario(
        name=f"ward-{number:04d}",
        beds=plans,
        seed=seed,
        length_s=seconds + OPENS_WITHIN_S,
        cadence_s=cohort.cadence_s,
    )


def _plan(cohort: Cohort, seed: int, bed: str, equipment: Equipment) -> BedPlan:
    rng = generator(seed, bed, "case")
    seconds = int(cohort.hours * 3600)
    mix = cohort.mix
    who = aged_person(rng, child_share=mix.child_share, old_share=mix.old_share)
    dose_g_per_kg = round(float(rng.uniform(*DOSES_G_PER_KG)), 2)
    steps = OPENS_WITHIN_S // cohort.cadence_s
    opens_s = int(rng.integers(0, steps + 1)) * cohort.cadence_s
    name = _kind(mix.reactions, rng)
    kind = PHENOTYPES.get(name)
    case = Case(
        who=who,
        picture=Picture(),
        onset_s=BASELINE_S,
        phenotype=name,
        product=kind.product if kind else "",
        first_dose=bool(rng.random() < (kind.first_dose if kind else 0.2)),
        premedicated=bool(rng.random() < mix.premedicated_share),
        beta_blocker=kind.beta_blocker if kind else False,
        ace_inhibitor=bool(rng.random() < (kind.ace_inhibitor if kind else 0.1)),
        nurse=cohort.nurse,
        habit=stay_habit(generator(seed, bed, "stay")),
        disturbances=disturbances(
            rng, mix.habits, start_s=BASELINE_S, seconds=seconds, age_months=who.age_months
        ),
        probe_off=probe_losses(rng, mix.habits, start_s=BASELINE_S, seconds=seconds),
    )
    plan = BedPlan(
        bed=bed,
        reaction=name,
        opens_s=opens_s,
        dose_g_per_kg=dose_g_per_kg,
        case=case,
        equipment=equipment,
    )
    lived_s = seconds + OPENS_WITHIN_S - opens_s
    planned = planned_rungs_of(plan, seed, lived_s)
    if kind is None:
        case = staying_case(case, start_s=BASELINE_S, dose_g_per_kg=dose_g_per_kg, planned=planned)
        return replace(plan, case=case)
    if kind.breathes_more is not None:
        more = float(generator(seed, bed, "before").uniform(*kind.breathes_more))
        case = replace(case, who=replace(who, rr_per_min=who.rr_per_min + more))
    case = reacting_case(
        case,
        kind,
        rng=generator(seed, bed, "phenotype"),
        start_s=BASELINE_S,
        seconds=lived_s,
        dose_g_per_kg=dose_g_per_kg,
        planned=planned,
    )
    return replace(plan, case=case)


def _kind(shares: Mapping[str, float], rng: np.random.Generator) -> str:
    """Draw a phenotype, or none, by its share."""
    drawn = float(rng.random())
    for name, share in sorted(shares.items()):
        if drawn < share:
            return name
        drawn -= share
    return QUIET


def shares_of(plans: Sequence[BedPlan]) -> dict[str, int]:
    """Return how many beds are of each kind."""
    found: dict[str, int] = {}
    for plan in plans:
        found[plan.reaction] = found.get(plan.reaction, 0) + 1
    return dict(sorted(found.items()))
