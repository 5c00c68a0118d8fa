"""What somebody does at a chair who was told to: the deed, what is entered of it, what it changes.

A deed is an answer to a call, a step that is done, or a value that is taken because it was asked
for. What touches the pump or the person changes the plan of the bed, and the course is made again
with the deed in it: all chance derives from names and purposes, so everything before it stays as
it was. What was measured changes nothing.
"""

from dataclasses import dataclass, replace
from typing import Final

from detectors.channels import CENTI, CHANNEL_NAMES, Channel
from monitor.wire.payloads import ActPayload, HandVitalsPayload, VitalValue, encode, stamp, vital
from monitor.wire.topics import topic
from simulators.cases import Case
from simulators.chairs import Chair, Sent
from simulators.devices import CUFF_BIAS_MMHG, SPO2_BIAS_PERCENT, whole_set
from simulators.infusion import Move, Verb
from simulators.reactions import Drug, Given
from simulators.scenario import BedPlan

MOVES: Final[dict[str, Verb]] = {
    "slow": "slow",
    "pause": "pause",
    "pause-iron": "pause",
    "resume": "resume",
    "resume-half": "resume",
    "step-up": "raise",
    "stop": "stop",
    "stop-for-good": "stop",
}
REMEDIES: Final[dict[str, Drug]] = {
    "antihistamine": "antihistamine",
    "antipyretic": "antipyretic",
    "bronchodilator": "bronchodilator",
    "corticosteroid": "corticosteroid",
    "diuretic": "diuretic",
    "epinephrine": "epinephrine",
    "epinephrine-not-recovered": "epinephrine",
    "flat": "lie-flat",
    "fluids": "fluids",
    "oxygen": "oxygen",
    "sit-up": "sit-up",
}
"""Steps by their keys; any other step is done with the eyes, the hands or the telephone."""

ANSWER: Final = "ack"
MEASURE: Final = "measure"
TABLET: Final = "tab"
BY: Final = "ka"
PRESSURES: Final = (Channel.SBP, Channel.DBP, Channel.MAP)
"""A cuff gives all three."""

POSSIBLE_AFTER: Final[dict[Verb, tuple[Verb | None, ...]]] = {
    "slow": (None, "slow", "resume", "raise"),
    "raise": (None, "slow", "pause", "resume", "raise"),
    "pause": (None, "slow", "resume", "raise"),
    "resume": ("pause",),
    "stop": (None, "slow", "pause", "resume", "raise"),
}
"""What can be done to a pump after what was done to it last: one that stands is not slowed. To
go up from a pause, at a rate that is named, is to go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What a nurse does: ``key`` is a step, ``ack`` for an answer, ``measure`` for a value.

    ``told_ms`` is when it was asked for. ``rate_centi_ml_per_h`` is the rate that a step names;
    ``channel`` is what is measured.
    """

    at_ms: int
    bed: str
    session: str
    alert: str
    key: str
    revision: int = 0
    told_ms: int = 0
    rate_centi_ml_per_h: int | None = None
    channel: str = ""

    @property
    def moves_pump(self) -> bool:
        """Tell whether the pump is touched."""
        return self.key in MOVES

    @property
    def changes_course(self) -> bool:
        """Tell whether pump or person go on otherwise."""
        return self.key in MOVES or self.key in REMEDIES


def lived_plan(plan: BedPlan, deed: Deed, *, opened_ms: int) -> BedPlan:
    """Return the plan of a bed with a deed in it; the same plan if it changes no body or pump.

    Raises
    ------
    ValueError
        The bed is told, not drawn: nobody can act in a told story.
    """
    if plan.case is None:
        raise ValueError(f"bed {plan.bed} is told, not drawn: nobody can act in it")
    at_s = (deed.at_ms - opened_ms) // 1000 + 1
    if at_s <= plan.start_s:
        return plan
    case = plan.case
    if deed.key in MOVES:
        move = _move(case, deed, at_s)
        return (
            plan if move is None else replace(plan, case=replace(case, moves=(*case.moves, move)))
        )
    if deed.key in REMEDIES:
        given = Given(at_s=at_s, remedy=REMEDIES[deed.key], is_charted=True)
        return replace(plan, case=replace(case, given=(*case.given, given)))
    return plan


def _move(case: Case, deed: Deed, at_s: int) -> Move | None:
    """Return what a deed does to the pump; None where the pump stands so that it does nothing."""
    verb, rate = MOVES[deed.key], deed.rate_centi_ml_per_h
    last = case.moves[-1].verb if case.moves else None
    if last not in POSSIBLE_AFTER[verb] or (verb == "raise" and rate is None):
        return None
    per_kg = None if rate is None else rate / CENTI / case.who.weight_kg
    return Move(at_s=at_s, verb=verb, rate_ml_per_kg_h=per_kg)


def deed_message(here: Chair, deed: Deed, number: int) -> Sent:
    """Return what the nurse enters on the tablet about a deed, by the number of the entry."""
    if deed.key == MEASURE:
        return _measured(here, deed, number)
    is_answer = deed.key == ANSWER
    payload = ActPayload(
        id=f"{here.session}-deed-{number}",
        t=stamp(deed.at_ms),
        by=BY,
        role="rn",
        via=here.device(TABLET),
        act="ack" if is_answer else "step",
        alert=deed.alert,
        rev=deed.revision if is_answer else None,
        step=None if is_answer else deed.key,
        status=None if is_answer else "done",
    )
    where = topic(here.unit, here.plan.bed, here.device(TABLET), "act")
    return Sent(at_ms=deed.at_ms, topic=where, payload=encode(payload))


def _measured(here: Chair, deed: Deed, number: int) -> Sent:
    """Return a value that was asked for, as it is taken by hand and entered."""
    payload = HandVitalsPayload(
        id=f"{here.session}-asked-{number}",
        t=stamp(deed.at_ms),
        by=BY,
        values=_values(here, deed, number),
        subject=here.who.subject,
        session=here.session,
    )
    where = topic(here.unit, here.plan.bed, here.device(TABLET), "obs")
    return Sent(at_ms=deed.at_ms, topic=where, payload=encode(payload))


def _values(here: Chair, deed: Deed, number: int) -> tuple[VitalValue, ...]:
    second = min((deed.at_ms - here.opened_ms) // 1000, here.seconds - 1)
    # The same cuff and the same oximeter as on rounds: they err on one side for one person.
    own = here.generator("round-bias")
    biases = (own.normal(0.0, CUFF_BIAS_MMHG), own.normal(0.0, SPO2_BIAS_PERCENT))
    shown = whole_set(here.course, second, here.generator(f"asked-{number}"), biases=biases)
    channel = Channel(CHANNEL_NAMES.index(deed.channel))
    taken = PRESSURES if channel in PRESSURES else (channel,)
    return tuple(vital(one, round(float(shown[one]) * CENTI)) for one in taken)
