"""Any phenotype at a bed and a minute of a live ward: drawn as for a cohort, begun as asked."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from simulators.cases import Case, reacting_case
from simulators.chairs import generator
from simulators.infusion import planned_rungs
from simulators.overloads import PHENOTYPES
from simulators.phenotypes import Phenotype
from simulators.physiology import person
from simulators.pictures import PICTURES
from simulators.reactions import Picture
from simulators.scenario import BASELINE_S, DOSE_G_PER_KG, ReactionOption, bed_name

PREMEDICATED_SHARE: Final = 0.4


def planted_cases(
    options: Sequence[ReactionOption], *, seed: int, length_s: int
) -> Mapping[int, Case]:
    """Return a case for every option that no told picture has, by the number of its bed.

    The nurse of such a bed follows: looks at the person, and acts without any monitor.
    """
    return {
        option.bed_number: _case(option, seed, length_s)
        for option in options
        if option.reaction not in PICTURES
    }


def _case(option: ReactionOption, seed: int, length_s: int) -> Case:
    bed, kind = bed_name(option.bed_number), PHENOTYPES[option.reaction]
    draws = generator(seed, bed, "case")
    case = Case(
        who=person(generator(seed, bed, "person")),
        picture=Picture(),
        onset_s=BASELINE_S,
        phenotype=option.reaction,
        product=kind.product,
        first_dose=bool(draws.random() < kind.first_dose),
        premedicated=bool(draws.random() < PREMEDICATED_SHARE),
        beta_blocker=kind.beta_blocker,
        ace_inhibitor=bool(draws.random() < kind.ace_inhibitor),
        nurse="follows",
        habit="leaves",
    )
    drawn = reacting_case(
        case,
        kind,
        rng=generator(seed, bed, "phenotype"),
        start_s=BASELINE_S,
        seconds=length_s,
        dose_g_per_kg=DOSE_G_PER_KG,
        begins_s=_begins_s(kind, option.onset_s),
    )
    # A story that is told to a broker ends when it ends, whoever would stay for longer.
    return replace(drawn, seconds=0)


def _begins_s(kind: Phenotype, onset_s: int) -> int:
    """Return when it begins; one of the rate with the next rate step, or the last."""
    wanted_s = BASELINE_S + onset_s
    if kind.drive != "rate":
        return wanted_s
    steps = [rung.at_s for rung in planned_rungs(BASELINE_S)[1:]]
    return next((at_s for at_s in steps if at_s >= wanted_s), steps[-1])
