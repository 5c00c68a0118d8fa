"""One chair: the person in it, the reaction, the infusion, and how its devices address the ward.

Every generator of chance derives from the seed, the name of the bed and the name of what it is
for. So a bed does the same in a ward of one and in a ward of a hundred, and a new device takes
no numbers away from an old one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Final
from zlib import crc32

import numpy as np

from detectors.channels import Float
from monitor.wire.payloads import BirthPayload, ChannelName, Payload, StatusPayload, encode, stamp
from monitor.wire.topics import topic
from simulators.cases import Case
from simulators.equipment import Equipment
from simulators.infusion import ML_PER_G, Move, Rung, rate_course, rungs
from simulators.physiology import Course, Person, person, resting_course
from simulators.reactions import Given, Picture, Sign, activity, levels, reacting_course
from simulators.scenario import BedPlan, Scenario
from simulators.stays import ROUND_EVERY_S, WATCH_S
from simulators.titration import Interrupted, interruptions, titrated_rungs

RETAINED_KINDS: Final = ("status", "birth")
LEAVES_AFTER_S: Final = 10
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS

NOTICEABLE: Final = 0.1
"""Below this share of a reaction nobody sees or tells anything of it."""

GONE_AFTER_S: Final = 120
"""How long after the end of a reaction its signs are charted as gone."""

CHARTED_AFTER_S: Final = {
    "": (20, 21),
    "none": (10, 120),
    "follows": (10, 120),
    "delays": (120, 900),
    "ignores": (600, 2400),
}
"""How long after it was noticed a sign is charted, by the kind of nurse (ours); told signs of a
story come at their told times."""

NEVER_CHARTED: Final = 0.5
"""How many signs a nurse who ignores never charts (ours)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One message on its way: when it leaves the device, where to and what."""

    at_ms: int
    topic: str
    payload: bytes
    is_retained: bool = False

    @property
    def device(self) -> str:
        """Return the device that the topic names."""
        return self.topic.split("/")[4]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chair:
    """Everything that is decided about one bed before its first message."""

    plan: BedPlan
    unit: str
    opened_ms: int
    seconds: int
    """For how long the course is known, whether anybody looks or not [s of the session]."""
    recorded_s: int
    """When the recording ends for a session that is not closed before [s of the session]."""
    cadence_s: int
    product: str
    seed: int
    who: Person
    course: Course
    staircase: tuple[Rung, ...]
    activity: Float
    """How much of the reaction there is, 0 to 1; shape (second,)."""
    session: str
    """The id of the session, which no other session of this bed has."""
    ended_s: int | None
    """When the infusion was stopped or complete; None if the story ends before."""
    closed_s: int | None
    """When the session is closed; None if the story ends before."""
    interrupted: tuple[Interrupted, ...] = ()
    """What stopped a pump that titrates, as far as its program went."""

    @property
    def equipment(self) -> Equipment:
        """Return what stands at this bed."""
        return self.plan.equipment

    @property
    def picture(self) -> Picture:
        """Return the reaction of this bed."""
        return self.plan.picture

    @property
    def given(self) -> tuple[Given, ...]:
        """Return what is given besides the pump, in order of time."""
        return self.plan.case.given if self.plan.case else ()

    @property
    def volume_ml(self) -> float:
        """Return how much is to run in [mL]."""
        return self.plan.dose_g_per_kg * ML_PER_G * self.who.weight_kg

    @property
    def reporting_s(self) -> int:
        """Return for how long the devices report [s of the session]."""
        return self.recorded_s if self.closed_s is None else self.closed_s

    @property
    def unplugged_s(self) -> int:
        """Return when monitor and pump are taken away [s of the session].

        Who stays for longer than the usual hour is visited from then on.
        """
        if self.ended_s is None or self.closed_s is None:
            return self.reporting_s
        return min(self.closed_s, self.ended_s + WATCH_S)

    @property
    def rounds_s(self) -> range:
        """Return when a nurse comes by for a set by hand, everybody of a ward in one round."""
        first_s = self.unplugged_s + -(self.unplugged_s + self.plan.opens_s) % ROUND_EVERY_S
        return range(first_s, self.reporting_s, ROUND_EVERY_S)

    def device(self, kind: str) -> str:
        """Return the name of a device: ``mon-07``, ``pump-07``, ``tab-07``."""
        return f"{kind}-{self.plan.bed}"

    def generator(self, purpose: str) -> np.random.Generator:
        """Return the chance of this bed for one purpose."""
        return generator(self.seed, self.plan.bed, purpose)

    def at_ms(self, second: int, phase_ms: int = 0) -> int:
        """Return a second of the session in milliseconds since the Unix epoch."""
        return self.opened_ms + second * 1000 + phase_ms

    def boot(self, device: str) -> str:
        """Return the boot id of a device, which a restart would change."""
        return f"{device}-{self.opened_ms // 1000:X}"

    def greetings(
        self, device: str, *, model: str, channels: tuple[ChannelName, ...], interval_s: float
    ) -> tuple[Sent, Sent]:
        """Return what a device says first: that it is there, and what it is."""
        at_ms = self.at_ms(0)
        status = StatusPayload(state="online", t=stamp(at_ms), boot=self.boot(device), fw="sim")
        birth = BirthPayload(
            t=stamp(at_ms),
            model=model,
            serial=f"SIM-{device}",
            channels=channels,
            interval_s=interval_s,
        )
        return (
            self.sent(at_ms, device, "status", status),
            self.sent(at_ms, device, "birth", birth),
        )

    def farewell(self, device: str, at_s: int | None = None) -> Iterator[Sent]:
        """Yield that a device was taken away, if the session ever closes: then, or before."""
        if self.closed_s is not None:
            at_ms = self.at_ms((self.closed_s if at_s is None else at_s) + LEAVES_AFTER_S)
            status = StatusPayload(state="offline", t=stamp(at_ms), boot=self.boot(device))
            yield self.sent(at_ms, device, "status", status)

    def sent(self, at_ms: int, device: str, kind: str, payload: Payload) -> Sent:
        """Return a message of one of this chair's devices."""
        return Sent(
            at_ms=at_ms,
            topic=topic(self.unit, self.plan.bed, device, kind),
            payload=encode(payload),
            is_retained=kind in RETAINED_KINDS,
        )


def generator(seed: int, name: str, purpose: str) -> np.random.Generator:
    """Return the chance of a bed (or of the ward) for one purpose, from the seed alone."""
    key = (crc32(name.encode()), crc32(purpose.encode()))
    return np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=key))


def chair(plan: BedPlan, scenario: Scenario, *, unit: str, started_ms: int) -> Chair:
    """Draw the person and decide the whole course of one bed."""
    recorded_s = scenario.length_s - plan.opens_s
    case = plan.case
    seconds = max(recorded_s, case.seconds if case else 0)
    who = case.who if case else person(generator(scenario.seed, plan.bed, "person"))
    volume_ml_per_kg = plan.dose_g_per_kg * ML_PER_G
    staircase = rungs(
        plan.start_s,
        _moves(plan),
        volume_ml_per_kg=volume_ml_per_kg,
        planned=planned_rungs_of(plan, scenario.seed, seconds),
    )
    rate_ml_per_kg_h = rate_course(staircase, seconds)
    given = case.given if case else ()
    opened_ms = started_ms + plan.opens_s * 1000
    course = resting_course(
        who,
        seconds=seconds,
        rng=generator(scenario.seed, plan.bed, "course"),
        opened_h=opened_ms % DAY_MS / HOUR_MS,
    )
    if case is not None:
        course = _disturbed(course, case, rate_ml_per_kg_h, scenario.seed, plan.bed)
    course = reacting_course(
        course,
        plan.picture,
        onset_s=plan.reaction_s,
        rate_ml_per_kg_h=rate_ml_per_kg_h,
        rng=generator(scenario.seed, plan.bed, "reaction"),
        given=given,
    )
    last = staircase[-1]
    is_over = last.state in ("stopped", "complete") and last.at_s < recorded_s
    leaves_s = last.at_s + (case.watch_s if case else WATCH_S)
    closed_s = leaves_s if is_over and leaves_s < seconds else None
    level = levels(plan.picture, min(plan.reaction_s, seconds), rate_ml_per_kg_h, given)
    return Chair(
        plan=plan,
        unit=unit,
        opened_ms=opened_ms,
        seconds=seconds,
        recorded_s=recorded_s,
        cadence_s=scenario.cadence_s,
        product=(case.product if case else "") or scenario.product,
        seed=scenario.seed,
        who=who,
        course=course,
        staircase=staircase,
        activity=activity(plan.picture, level),
        session=f"S-{plan.bed}-{opened_ms // 1000:X}",
        ended_s=last.at_s if is_over else None,
        closed_s=closed_s,
        interrupted=tuple(
            one
            for one in _interruptions(plan, scenario.seed, seconds)
            if any(rung.at_s == one.from_s and rung.alarm for rung in staircase)
        ),
    )


def planned_rungs_of(plan: BedPlan, seed: int, seconds: int) -> tuple[Rung, ...]:
    """Return what the pump of a bed does by itself; nothing where a nurse turns it."""
    if not plan.equipment.is_titrating:
        return ()
    return titrated_rungs(plan.start_s, _interruptions(plan, seed, seconds))


def _interruptions(plan: BedPlan, seed: int, seconds: int) -> tuple[Interrupted, ...]:
    if not plan.equipment.is_titrating:
        return ()
    rng = generator(seed, plan.bed, "interruptions")
    return interruptions(rng, start_s=plan.start_s, seconds=seconds)


def charted_signs(here: Chair) -> list[tuple[int, Sign, bool]]:
    """Return what is charted of a reaction: when, which sign, and whether it came or went.

    A sign that goes with its reaction is charted only if there was any of it when it was noticed,
    late as the nurse is, and as gone a while after it is over; a told one comes and goes at its
    own times.
    """
    found: list[tuple[int, Sign, bool]] = []
    rng = here.generator("charting")
    for sign in here.picture.signs:
        noticed_s = here.plan.reaction_s + sign.after_s
        late_s, is_charted = _charting(here, rng)
        if sign.gone_s is not None:
            found += [(noticed_s, sign, True), (here.plan.reaction_s + sign.gone_s, sign, False)]
        elif noticed_s < here.seconds and here.activity[noticed_s] > NOTICEABLE and is_charted:
            found.append((noticed_s + late_s, sign, True))
            over = np.flatnonzero(here.activity[noticed_s:] <= NOTICEABLE)
            if len(over):
                gone_s = noticed_s + int(over[0]) + GONE_AFTER_S
                found.append((max(gone_s, noticed_s) + late_s, sign, False))
    return sorted(found, key=itemgetter(0))


def _charting(here: Chair, rng: np.random.Generator) -> tuple[int, bool]:
    """Draw how long after it was noticed a sign is charted [s], and whether it ever is."""
    share, between_s = rng.random(), CHARTED_AFTER_S[here.plan.case.nurse if here.plan.case else ""]
    late_s = int(rng.integers(*between_s))
    is_ignored = here.plan.case is not None and here.plan.case.nurse == "ignores"
    return late_s, not (is_ignored and share < NEVER_CHARTED)


def _moves(plan: BedPlan) -> list[Move]:
    """Return what is done to the pump: as the case says, or as the told picture does."""
    if plan.case is not None:
        return list(plan.case.moves)
    return [
        Move(at_s=plan.reaction_s + response.after_s, verb=response.verb)
        for response in plan.picture.responses
    ]


def _disturbed(course: Course, case: Case, rate: Float, seed: int, bed: str) -> Course:
    for number, one in enumerate(case.disturbances):
        course = reacting_course(
            course,
            one.picture,
            onset_s=one.from_s,
            rate_ml_per_kg_h=rate,
            rng=generator(seed, bed, f"disturbance-{number}"),
        )
    return course
