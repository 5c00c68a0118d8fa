"""Wards of simulated people attended by nurses of every kind, through the real step of a ward.

The same seed gives the same people with the same reactions to every nurse. Three of them have
this monitor and follow, delay or ignore what it says; their deeds change what becomes of the
person, and so what the devices send next. The fourth looks at the person and knows no monitor,
which runs all the same and is read by nobody. A ward depends on nothing but its number, so any
engine may do the work.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final, TextIO

import msgspec
import numpy as np

from detectors.channels import CHANNEL_NAMES
from monitor.cohort_files import STEP_MS, mix_of, ward_name
from monitor.engines.work import Engine, chunks_of
from monitor.facts.effects import ActRecorded, AdviceChanged, AnyEffect, MeasurementWanted
from monitor.facts.records import RawMessage
from monitor.facts.truth import NurseKind
from monitor.settings.settings import Settings, load_settings
from monitor.study.nurse_outcomes import (
    GRAVE,
    NURSES,
    Attended,
    Lived,
    NurseOutcomes,
    WardLived,
    outcomes_of,
)
from monitor.ward.ward import Ward
from monitor.wire.messages import decode
from simulators.attending import Attendant, told_in
from simulators.chairs import Chair, Sent
from simulators.cohorts import Cohort, started_ms, ward_scenario_of
from simulators.deeds import ANSWER, MEASURE, REMEDIES, Deed, deed_message
from simulators.infusion import ML_PER_G, infused_ml_per_kg
from simulators.living import LivedBed, sent_until
from simulators.truths import EPINEPHRINE_MAY_BE_RIGHT, true_grades

BEDS: Final = 50
"""People a ward at most."""

IDLE_MS: Final = 30_000
"""While nothing comes the ward is stepped as often as this."""

WAY_MS: Final = 100
"""From a device to the monitor (ours)."""

NOTHING_LEFT: Final = 0.001
"""What is less than a thousandth of the volume has run in."""

EPINEPHRINE: Final = "epinephrine"
GOES_ON: Final = frozenset({"resume", "resume-half", "step-up"})
STOPS: Final = frozenset({"stop", "stop-for-good"})
PAUSES: Final = frozenset({"pause", "pause-iron"})
POSITIONS: Final = frozenset({"flat", "sit-up"})


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One ward of work."""

    ward: int
    sessions: int
    seed: int
    hours: float
    mix: str
    config: str


_ENCODER: Final = msgspec.json.Encoder(order="deterministic")
_ITEM: Final = msgspec.json.Decoder(Item)
_LIVED: Final = msgspec.json.Decoder(WardLived)


def items_of(*, sessions: int, seed: int, hours: float, mix: str, config: Path) -> list[str]:
    """Return the work of a study, a ward an item, in order of the wards.

    Raises
    ------
    ValueError
        There are no sessions, or their length is none.
    InputFileError
        The mix cannot be read.
    """
    plain = Item(
        ward=1, sessions=sessions, seed=seed, hours=hours, mix=mix, config=str(config.resolve())
    )
    wards = cohort_of(plain, "none").wards
    return [
        _ENCODER.encode(msgspec.structs.replace(plain, ward=ward)).decode()
        for ward in range(1, wards + 1)
    ]


def cohort_of(item: Item, nurse: NurseKind) -> Cohort:
    """Return the people of a study, for whom a nurse of this kind looks without any monitor."""
    return Cohort(
        sessions=item.sessions,
        beds_per_file=BEDS,
        hours=item.hours,
        seed=item.seed,
        mix=mix_of(item.mix),
        nurse=nurse,
    )


@cache
def _settings(config: str) -> Settings:
    return load_settings(Path(config))


def lived_bytes(item: str) -> bytes:
    """Return what came of one ward under every nurse as bytes: work for any engine."""
    work = _ITEM.decode(item)
    settings = _settings(work.config)
    sessions = [one for nurse in NURSES for one in lived_ward(work, nurse, settings)]
    return _ENCODER.encode(WardLived(ward=ward_name(work.ward), sessions=tuple(sessions)))


def lived_ward(work: Item, nurse: Attended, settings: Settings) -> list[Lived]:
    """Return what becomes of the people of one ward under one nurse."""
    # Who looks is the nurse of a cohort; the signs are charted alike at every bed.
    cohort = cohort_of(work, "follows" if nurse == "looks" else "none")
    scenario, begins_ms = ward_scenario_of(cohort, work.ward), started_ms(cohort, work.ward)
    unit = ward_name(work.ward)
    beds = {
        plan.bed: LivedBed(scenario=scenario, plan=plan, unit=unit, begins_ms=begins_ms)
        for plan in scenario.beds
    }
    notes = {bed: Notes() for bed in beds}
    ward = Ward(settings.ward, unit=unit)
    attendant = Attendant("none" if nurse == "looks" else nurse, seed=scenario.seed)
    for now_ms in range(begins_ms, begins_ms + scenario.length_s * 1000, STEP_MS):
        sent = _sent(beds, notes, attendant.due(now_ms - WAY_MS), now_ms - WAY_MS)
        if not sent and (now_ms - begins_ms) % IDLE_MS:
            continue
        inputs = [
            decode(
                RawMessage(received_ms=one.at_ms + WAY_MS, topic=one.topic, payload=one.payload),
                position=position,
            )
            for position, one in enumerate(sent)
        ]
        effects = ward.take(now_ms, inputs)
        for effect in effects:
            if effect.bed in notes:
                notes[effect.bed].hear(effect)
        attendant.hear(now_ms, told_in(effects))
    return [_lived(lived.here, nurse, notes[bed]) for bed, lived in beds.items()]


def _sent(
    beds: dict[str, LivedBed], notes: dict[str, "Notes"], deeds: Sequence[Deed], until_ms: int
) -> list[Sent]:
    """Return what devices send up to a time, and do the deeds of that time."""
    found: list[Sent] = []
    for deed in deeds:
        bed, noted = beds[deed.bed], notes[deed.bed]
        if deed.at_ms > bed.here.at_ms(bed.here.reporting_s):
            continue
        found += sent_until(bed.ahead, deed.at_ms)
        found.append(deed_message(bed.here, deed, len(noted.deeds)))
        noted.deeds.append(deed)
        if deed.changes_course:
            bed.live(deed)
    for bed in beds.values():
        found += sent_until(bed.ahead, until_ms)
    return sorted(found, key=lambda one: one.at_ms)


@dataclass(slots=True)
class Notes:
    """What was told of a bed and done at it; a look at the person is no value that is asked for."""

    deeds: list[Deed] = field(default_factory=list)
    offered: int = 0
    asked: int = 0
    refused: list[str] = field(default_factory=list)
    contradicted: list[tuple[str, str]] = field(default_factory=list)
    _open: frozenset[str] = frozenset()
    _taken: list[str] = field(default_factory=list)
    _pattern: str = ""
    _done_under: str = ""

    def hear(self, effect: AnyEffect) -> None:
        """Count what is offered and asked for, and hold advice against what was done."""
        if isinstance(effect, MeasurementWanted):
            self.asked += effect.channel in CHANNEL_NAMES
        elif isinstance(effect, ActRecorded) and effect.act == "step":
            if effect.refused:
                self.refused.append(f"{effect.step}: {effect.refused}")
            else:
                self._taken.append(effect.step)
                self._done_under = self._pattern
        elif isinstance(effect, AdviceChanged):
            offers = frozenset(step.key for step in effect.steps if step.state == "offered")
            self.offered += len(offers - self._open)
            self._open = offers
            is_same = effect.pattern == self._done_under
            self._pattern = effect.pattern
            self.contradicted += against(self._taken, offers, is_same_picture=is_same)


def against(
    taken: Sequence[str], offers: frozenset[str], *, is_same_picture: bool
) -> list[tuple[str, str]]:
    """Return what is offered although it goes against what was done: the deed, and the step.

    A stop is for good and so is epinephrine, after which nothing flows again; while the infusion
    is paused it is not slowed; who was just laid flat is not sat up as long as the picture is the
    same, and the reverse.
    """
    found: set[tuple[str, str]] = set()
    for deed in dict.fromkeys(taken):
        if deed in STOPS or REMEDIES.get(deed) == EPINEPHRINE:
            more = {"slow", *PAUSES} if deed in STOPS else set()
            found |= {(deed, step) for step in offers & (GOES_ON | more)}
    moved = [deed for deed in taken if deed in PAUSES | GOES_ON]
    if moved and moved[-1] in PAUSES:
        found |= {(moved[-1], step) for step in offers & {"slow"}}
    if is_same_picture and taken and taken[-1] in POSITIONS:
        found |= {(taken[-1], step) for step in (offers & POSITIONS) - {taken[-1]}}
    return sorted(found)


def _lived(here: Chair, nurse: Attended, noted: Notes) -> Lived:
    """Return what became of a person in the span of the story, whether anybody looked or not."""
    span_s = here.recorded_s
    grades = true_grades(here)[:span_s]
    begun_s = np.flatnonzero((grades > 0) & (np.r_[0, grades[:-1]] == 0)).tolist()
    restarts_s = [rung.at_s for rung in here.staircase if rung.reason == "resume"]
    ordered = here.plan.dose_g_per_kg * ML_PER_G
    left = max(0.0, 1.0 - infused_ml_per_kg(here.staircase, span_s) / ordered)
    standing = [rung for rung in here.staircase if rung.at_s <= span_s]
    doses = sum(one.remedy == EPINEPHRINE and one.at_s < span_s for one in here.given)
    steps = [deed for deed in noted.deeds if deed.key not in (ANSWER, MEASURE)]
    return Lived(
        bed=here.plan.bed,
        nurse=nurse,
        kind=here.plan.reaction,
        peak_grade=int(grades.max()),
        grave_s=int((grades >= GRAVE).sum()),
        reaction_s=int((grades > 0).sum()),
        grade_s=int(grades.sum()),
        left=left,
        completed=left < NOTHING_LEFT,
        running=bool(standing) and standing[-1].state == "infusing",
        epinephrine=doses,
        misplaced=doses > 0 and here.plan.reaction not in EPINEPHRINE_MAY_BE_RIGHT,
        returned=max(0, len(begun_s) - 1),
        returned_restarted=sum(any(at_s < one for at_s in restarts_s) for one in begun_s[1:]),
        offered=noted.offered,
        done=len(steps),
        waited_ms=tuple(deed.at_ms - deed.told_ms for deed in steps),
        asked=noted.asked,
        measured=sum(deed.key == MEASURE for deed in noted.deeds),
        refused=tuple(noted.refused),
        contradicted=tuple(dict.fromkeys(noted.contradicted)),
    )


def nurse_outcomes(items: Sequence[str], engine: Engine, *, err: TextIO) -> NurseOutcomes:
    """Let every ward be lived by an engine and return what became of the people.

    Raises
    ------
    EngineError
        If the work cannot be done.
    """
    done = []
    for one in engine.run(lived_bytes, chunks_of(items)):
        done.append(one)
        err.write(f"{len(done)}/{len(items)} wards\n")
        err.flush()
    by_item = {one.item: one for one in done}
    work = _ITEM.decode(items[0])
    # The configuration may stand in any folder: what it says is in the results.
    digest = hashlib.sha256(b"".join(by_item[item].result for item in items)).hexdigest()
    return outcomes_of(
        [_LIVED.decode(by_item[item].result) for item in items],
        hours=work.hours,
        seed=work.seed,
        digest=digest,
    )
