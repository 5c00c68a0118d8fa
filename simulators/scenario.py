"""What is planted where and when: scenarios, the words in which they are asked for, their truth.

A story begins when the first session is opened. Every bed has its own session clock: the
session opens ``opens_s`` after the story begins, the infusion starts
:data:`BASELINE_S` later, and onsets count from that start, as people say them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from simulators.cases import Case
from simulators.equipment import USUAL, Equipment, bed_numbers, equipment_by_bed
from simulators.infusion import planned_rungs
from simulators.overloads import PHENOTYPES
from simulators.pictures import PICTURES
from simulators.reactions import Picture

BASELINE_S: Final = 600
MINUTE_S: Final = 60
MINUTE_MS: Final = 60_000
BEDS: Final = 999
DOSE_G_PER_KG: Final = 0.4
DOSES_G_PER_KG: Final = (0.01, 2.0)
"""The smallest and the largest dose that may be asked for (ours)."""
QUIET_BELOW_GRADE: Final = 2
"""A bed without a planted reaction must not be called from this grade on."""

Kind: TypeAlias = Literal["physiological", "technical"]

NO_CASES: Final[Mapping[int, Case]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class BedPlan:
    """What happens at one bed; ``onset_s`` counts from the start of its infusion.

    A bed of a cohort has a ``case``: its person, its reaction and its nurse were drawn.
    """

    bed: str
    reaction: str = "uneventful"
    onset_s: int = 0
    opens_s: int = 0
    dose_g_per_kg: float = DOSE_G_PER_KG
    case: Case | None = None
    equipment: Equipment = USUAL

    def __post_init__(self) -> None:
        """Refuse a reaction that nobody has drawn."""
        if self.case is None and self.reaction not in PICTURES:
            raise ValueError(
                f"reaction {self.reaction!r} at bed {self.bed}: one of {', '.join(PICTURES)}"
            )

    @property
    def start_s(self) -> int:
        """Return when the infusion starts [s of the session]."""
        return BASELINE_S

    @property
    def picture(self) -> Picture:
        """Return the reaction of this bed: as drawn for its case, or as told under its name."""
        return PICTURES[self.reaction] if self.case is None else self.case.picture

    @property
    def reaction_s(self) -> int:
        """Return when the reaction begins [s of the session].

        A reaction to the rate begins with the first rate step at or after the wanted onset
        (the last step if there is none).
        """
        if self.case is not None:
            return self.case.onset_s
        wanted_s = self.start_s + self.onset_s
        if PICTURES[self.reaction].drive == "onset":
            return wanted_s
        steps = [rung.at_s for rung in planned_rungs(self.start_s)[1:]]
        return next((at_s for at_s in steps if at_s >= wanted_s), steps[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A ward to simulate; ``speed`` is how fast the story likes to be told."""

    name: str
    beds: tuple[BedPlan, ...]
    seed: int
    length_s: int
    speed: float = 1.0
    cadence_s: int = 5
    product: str = "gammaplex-10-pi"

    def __post_init__(self) -> None:
        """Refuse a ward with two beds of one name, without time or without a sane cadence."""
        names = [plan.bed for plan in self.beds]
        if len(set(names)) != len(names):
            raise ValueError(f"scenario {self.name}: a bed is named twice in {names}")
        if self.length_s < MINUTE_S:
            raise ValueError(
                f"{self.length_s / MINUTE_S:g} minutes: a story takes at least 1 minute"
            )
        for plan in self.beds:
            if not 0 <= plan.opens_s <= self.length_s - 1:
                raise ValueError(
                    f"bed {plan.bed} opens after {plan.opens_s} s: must be within the story "
                    f"of {self.length_s} s"
                )
        if not 1 <= self.cadence_s <= MINUTE_S:
            raise ValueError(f"cadence of {self.cadence_s} s: must be from 1 to {MINUTE_S}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What must be raised for a reaction to count as caught.

    An alert of this kind at this bed, of at least this grade, whose pattern is one of
    ``patterns`` or one of whose deciding rows is about one of ``signs`` (a sign of the rule
    book; for a technical alert a channel), raised within ``within_ms`` of the onset.
    """

    kind: Kind
    least_grade: int
    within_ms: int
    patterns: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """The truth about one bed; ``onset_ms`` counts from the beginning of the story."""

    bed: str
    reaction: str
    onset_ms: int
    expected: Expected


EXPECTED: Final[dict[str, Expected]] = {
    "anaphylaxis": Expected(
        kind="physiological",
        least_grade=3,
        within_ms=8 * MINUTE_MS,
        patterns=("anaphylaxis",),
        signs=("hypotension", "hypoxia", "airway"),
    ),
    "hypotensive": Expected(
        kind="physiological",
        least_grade=2,
        within_ms=9 * MINUTE_MS,
        patterns=("hypotensive",),
        signs=("hypotension",),
    ),
    "febrile": Expected(
        kind="physiological",
        least_grade=1,
        within_ms=15 * MINUTE_MS,
        patterns=("febrile", "cytokine-release"),
        signs=("fever", "rigor", "tachycardia"),
    ),
    "rate-related": Expected(
        kind="physiological",
        least_grade=1,
        within_ms=15 * MINUTE_MS,
        patterns=("rate-related",),
        signs=("tachycardia", "malaise"),
    ),
    "vasovagal": Expected(
        kind="physiological",
        least_grade=1,
        within_ms=6 * MINUTE_MS,
        patterns=("vasovagal", "hypotensive"),
        signs=("bradycardia", "hypotension", "faint"),
    ),
    "hypertensive": Expected(
        kind="physiological",
        least_grade=1,
        within_ms=25 * MINUTE_MS,
        patterns=("hypertensive", "rate-related"),
        signs=("hypertension", "malaise"),
    ),
    "mild-allergic": Expected(
        kind="physiological",
        least_grade=1,
        within_ms=12 * MINUTE_MS,
        patterns=("mild-allergic",),
        signs=("skin",),
    ),
    "probe-off": Expected(
        kind="technical", least_grade=0, within_ms=3 * MINUTE_MS, signs=("spo2",)
    ),
}
"""What each reaction must lead to; the least grades and times are ours."""


def planted(scenario: Scenario) -> tuple[Planted, ...]:
    """Return the truth: every planted reaction and what must be raised for it."""
    return tuple(
        Planted(
            bed=plan.bed,
            reaction=plan.reaction,
            onset_ms=(plan.opens_s + plan.reaction_s) * 1000,
            expected=EXPECTED[plan.reaction],
        )
        for plan in scenario.beds
        if plan.reaction in EXPECTED
    )


def quiet_beds(scenario: Scenario) -> tuple[str, ...]:
    """Return the beds at which nothing of :data:`QUIET_BELOW_GRADE` or more may be raised."""
    return tuple(plan.bed for plan in scenario.beds if plan.reaction in QUIET)


def unjudged_beds(scenario: Scenario) -> tuple[str, ...]:
    """Return the beds whose reaction was drawn: what it must lead to is not known beforehand."""
    judged = {*EXPECTED, *QUIET}
    return tuple(plan.bed for plan in scenario.beds if plan.reaction not in judged)


QUIET: Final = ("uneventful", "anxiety")
REACTIONS: Final = (*PICTURES, *(name for name in PHENOTYPES if name not in PICTURES))
"""What can be planted: every told picture, and every phenotype that none of them stands for."""


def bed_name(number: int) -> str:
    """Return the name of a bed by its number, as devices and topics spell it."""
    return f"{number:02d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionOption:
    """One ``--reaction`` of the command line."""

    reaction: str
    bed_number: int
    onset_s: int


_OPTION: Final = re.compile(r"(?P<reaction>[^@]+)@(?P<bed>\d+):\+?(?P<count>\d+)(?P<unit>[smh])")
_UNIT_S: Final = {"s": 1, "m": MINUTE_S, "h": 60 * MINUTE_S}


def reaction_option(text: str, *, beds: int) -> ReactionOption:
    """Read ``anaphylaxis@3:+20m``: which reaction, at which bed, how long after the start.

    Raises
    ------
    ValueError
        The text has another form, names an unknown reaction, or a bed that is not there.
    """
    match = _OPTION.fullmatch(text)
    if match is None:
        raise ValueError(
            f"reaction {text!r}: write <reaction>@<bed>:+<count><s|m|h>, as in anaphylaxis@3:+20m"
        )
    reaction, bed_number = match["reaction"], int(match["bed"])
    if reaction not in REACTIONS:
        raise ValueError(
            f"reaction {text!r}: {reaction!r} is unknown, one of {', '.join(REACTIONS)}"
        )
    if not 1 <= bed_number <= beds:
        raise ValueError(f"reaction {text!r}: bed {bed_number} is not one of 1 to {beds}")
    onset_s = int(match["count"]) * _UNIT_S[match["unit"]]
    return ReactionOption(reaction=reaction, bed_number=bed_number, onset_s=onset_s)


def ward_scenario(
    *,
    beds: int,
    reactions: Sequence[ReactionOption] = (),
    seed: int = 1,
    length_s: int = 4 * 3600,
    speed: float = 1.0,
    cadence_s: int = 5,
    equipment: Sequence[str] = (),
    cases: Mapping[int, Case] = NO_CASES,
) -> Scenario:
    """Return a ward of uneventful beds with the given reactions planted.

    ``equipment`` is read by :func:`simulators.equipment.equipment_by_bed`; ``cases`` holds what
    was drawn for the reactions that no told picture has, by the number of the bed.

    Raises
    ------
    ValueError
        The number of beds is not one of 1 to 999, two reactions share a bed, or the equipment
        cannot be read.
    """
    if not 1 <= beds <= BEDS:
        raise ValueError(f"{beds} beds: a simulated ward has 1 to {BEDS}")
    by_bed: dict[int, ReactionOption] = {}
    for option in reactions:
        if option.bed_number in by_bed:
            raise ValueError(f"bed {option.bed_number} has two reactions; plant one a bed")
        by_bed[option.bed_number] = option
    equipped = equipment_by_bed(equipment, beds=beds)
    plans = []
    for number in range(1, beds + 1):
        planted_here = by_bed.get(number)
        plans.append(
            BedPlan(
                bed=bed_name(number),
                reaction=planted_here.reaction if planted_here else "uneventful",
                onset_s=planted_here.onset_s if planted_here else 0,
                opens_s=(number - 1) % 12 * 5,
                case=cases.get(number),
                equipment=equipped.get(number, USUAL),
            )
        )
    return Scenario(
        name="ward",
        beds=tuple(plans),
        seed=seed,
        length_s=length_s,
        speed=speed,
        cadence_s=cadence_s,
    )


_DOSE: Final = re.compile(r"(?P<amount>\d+(?:\.\d+)?) g/kg@(?P<beds>.+)")


def doses_by_bed(texts: Sequence[str], *, beds: int) -> dict[int, float]:
    """Read doses as ``0.07 g/kg@2,6,10`` and return them by bed [g/kg]; others have the usual one.

    Raises
    ------
    ValueError
        A text has another form, names a dose beyond :data:`DOSES_G_PER_KG` or a bed that is not
        there, or a bed has two doses.
    """
    found: dict[int, float] = {}
    least, most = DOSES_G_PER_KG
    for text in texts:
        match = _DOSE.fullmatch(text)
        if match is None:
            raise ValueError(f"dose {text!r}: write <amount> g/kg@<beds>, as in 0.07 g/kg@2,6")
        amount = float(match["amount"])
        if not least <= amount <= most:
            raise ValueError(f"dose {text!r}: must be from {least:g} to {most:g} g/kg")
        try:
            numbers = bed_numbers(match["beds"], beds=beds)
        except ValueError as wrong:
            raise ValueError(f"dose {text!r}: {wrong}") from wrong
        if twice := sorted(found.keys() & set(numbers)):
            raise ValueError(f"dose {text!r}: bed {twice[0]} has another dose already")
        found |= dict.fromkeys(numbers, amount)
    return found


def with_doses(scenario: Scenario, texts: Sequence[str]) -> Scenario:
    """Return a ward in which beds have other doses, as :func:`doses_by_bed` reads them.

    Raises
    ------
    ValueError
        A dose cannot be read.
    """
    doses = doses_by_bed(texts, beds=len(scenario.beds))
    plans = (
        replace(plan, dose_g_per_kg=doses.get(number, plan.dose_g_per_kg))
        for number, plan in enumerate(scenario.beds, start=1)
    )
    return replace(scenario, beds=tuple(plans))
