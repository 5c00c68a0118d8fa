"""A nurse who reads the monitor: hears calls, reads the steps, and does them, late or never.

The nurse knows nothing of the monitor but what it tells: :class:`Call` for an alert and
:class:`Offer` for a step, which whoever runs a ward in the same process makes from its effects.
What comes back are deeds: an answer to a call, a step that is done, and what the deed does to the
pump or the person. The person responds, because the course is made again with the deed in it:
all chance derives from names and purposes, so everything before the deed stays as it was.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from monitor.facts.truth import NurseKind
from monitor.wire.payloads import ActPayload, encode, stamp
from monitor.wire.topics import topic
from simulators.chairs import Chair, Sent, generator
from simulators.infusion import Move, Verb
from simulators.reactions import Drug, Given
from simulators.scenario import BedPlan

HEARS_AFTER_S: Final = (20, 120)
ACTS_AFTER_S: Final[dict[str, tuple[int, int]]] = {"follows": (30, 180), "delays": (900, 1800)}
"""How long after the offer a step is done (ours)."""

MOVES: Final[dict[str, Verb]] = {
    "slow": "slow",
    "pause": "pause",
    "pause-iron": "pause",
    "resume": "resume",
    "resume-half": "resume",
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
    "flat": "lie-flat",
    "fluids": "fluids",
    "oxygen": "oxygen",
    "sit-up": "sit-up",
}
"""Steps by their keys; any other step is done with the eyes, the hands or the telephone."""

TABLET: Final = "tab"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """An alert as it was told; ``is_loud`` while it calls for an answer."""

    bed: str
    session: str
    alert: str
    revision: int
    is_loud: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A step that is offered and not yet taken."""

    bed: str
    session: str
    alert: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What a nurse does: ``key`` is a step, or ``ack`` for the answer to a call."""

    at_ms: int
    bed: str
    session: str
    alert: str
    key: str
    revision: int = 0

    @property
    def moves_pump(self) -> bool:
        """Tell whether the pump is touched."""
        return self.key in MOVES


class Attendant:
    """The nurse of a ward: what was heard, and what is due."""

    def __init__(self, kind: NurseKind, *, seed: int) -> None:
        self.kind = kind
        self._rng = generator(seed, "ward", "attendant")
        self._due: list[Deed] = []
        self._taken: set[tuple[str, str]] = set()

    def hear(self, now_ms: int, calls: Iterable[Call], offers: Iterable[Offer]) -> None:
        """Take in what was told; each call is answered and each step done once."""
        for call in calls:
            if self.kind != "ignores" and call.is_loud:
                self._plan(now_ms, call.bed, call.session, call.alert, "ack", call.revision)
        for offer in offers:
            if self.kind in ACTS_AFTER_S:
                self._plan(now_ms, offer.bed, offer.session, offer.alert, offer.key, 0)

    def _plan(
        self, now_ms: int, bed: str, session: str, alert: str, key: str, revision: int
    ) -> None:
        about = (alert, f"{key}-{revision}")
        if about in self._taken:
            return
        self._taken.add(about)
        between = HEARS_AFTER_S if key == "ack" else ACTS_AFTER_S[self.kind]
        at_ms = now_ms + 1000 * int(self._rng.integers(*between))
        self._due.append(
            Deed(at_ms=at_ms, bed=bed, session=session, alert=alert, key=key, revision=revision)
        )

    def due(self, now_ms: int) -> tuple[Deed, ...]:
        """Return what is done by now, in order of time; it is not returned again."""
        done = sorted((deed for deed in self._due if deed.at_ms <= now_ms), key=_when)
        self._due = [deed for deed in self._due if deed.at_ms > now_ms]
        return tuple(done)


def _when(deed: Deed) -> tuple[int, str, str]:
    return deed.at_ms, deed.alert, deed.key


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
        move = Move(at_s=at_s, verb=MOVES[deed.key])
        return replace(plan, case=replace(case, moves=(*case.moves, move)))
    if deed.key in REMEDIES:
        given = Given(at_s=at_s, remedy=REMEDIES[deed.key], is_charted=True)
        return replace(plan, case=replace(case, given=(*case.given, given)))
    return plan


def deed_message(here: Chair, deed: Deed, number: int) -> Sent:
    """Return what the nurse enters on the tablet about a deed."""
    is_answer = deed.key == "ack"
    payload = ActPayload(
        id=f"{here.session}-deed-{number}",
        t=stamp(deed.at_ms),
        by="ka",
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
