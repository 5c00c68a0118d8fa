"""The same bed with more that people do: rates and drugs by hand, strangers, devices, flat lines.

Every machine and every invariant of :mod:`ward_life` holds here too. What is added is that
no act is lost, that what ends an infusion stays ended, and that what nobody may believe moves
nothing.
"""

from dataclasses import replace
from typing import Any, Final

import pytest
from builders import centi, ward_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule
from ward_builders import Play, act, anaphylactic, of, session, vitals
from ward_life import Life

from monitor.care.drugs import drugs_named
from monitor.care.session import OPEN
from monitor.facts.effects import (
    NOT_ASSESSABLE,
    ActRecorded,
    AlertChanged,
    AnyEffect,
    GradeChanged,
)
from monitor.facts.records import ActTaken, ActVerb, Input

DRUGS: Final = ("adrenaline", "furosemide", "paracetamol", "cetirizine", "something else")


class Deeds(Life):
    """One bed at which people also write down what they do."""

    def __init__(self) -> None:
        super().__init__()
        self.acts = 0
        self.epinephrine: set[str] = set()

    # ------------------------------------------------------------------ what happens

    @rule(
        name=st.sampled_from(DRUGS),
        dose=st.sampled_from((None, (0.3, "mg"), (5, "mg"), (500, "mL"))),
    )
    def give(self, name: str, dose: tuple[float, str] | None) -> None:
        self.at_s += 5
        amount = {} if dose is None else {"dose_centi": centi(dose[0]), "dose_unit": dose[1]}
        answer = self.act("drug", drug=name, **amount)
        named = drugs_named(ward_settings().drugs, name)
        is_epinephrine = any(ward_settings().drugs[i].name == "epinephrine" for i in named)
        if is_epinephrine and not answer.refused:
            self.epinephrine.add(answer.session)

    @rule(rate=st.sampled_from((0, 42, 168, 400)))
    def set_rate(self, rate: float) -> None:
        self.at_s += 5
        self.act("rate", rate_centi_ml_per_h=centi(rate))

    @rule(hr=st.sampled_from((44, 80, 130)), times=st.integers(2, 12))
    def stand_still(self, hr: float, times: int) -> None:
        """A sensor says the same for minutes, which is no reading of a heart."""
        for _ in range(times):
            self.at_s += 60
            self.take(vitals(self.at_s, hr=hr))

    @rule(sbp=st.sampled_from((55, 84)), named=st.sampled_from(("subject", "session")))
    def measure_somebody_else(self, sbp: float, named: str) -> None:
        """A report that names another person moves nothing, unless somebody vouched for it."""
        self.at_s += 5
        other: Any = {"subject": "PX-OTHER"} if named == "subject" else {"session": "S-OTHER"}
        record = replace(vitals(self.at_s, sbp=sbp, dbp=sbp - 25), **other)
        before = self.known_channels()
        (bed,) = self.ward.state.beds
        vouched = bool(bed.vouched)
        effects = self.take_all(record)
        if bed.phase in OPEN and not vouched:
            told = [one for one in of(AlertChanged, effects) if one.kind == "physiological"]
            assert {one.phase for one in told} <= {"update"}, "only what time does to a signal"
            assert {one.grade for one in of(GradeChanged, effects)} <= {NOT_ASSESSABLE}
            assert self.known_channels() == before

    @precondition(lambda self: self.ward.state.beds and self.ward.state.beds[0].phase in OPEN)
    @rule(event=st.sampled_from(("associate", "release")))
    def move_a_device(self, event: Any) -> None:  # noqa: ANN401 - a verb
        self.at_s += 5
        name = f"S-{self.sessions}" if self.sessions > 1 else "S-1"
        self.take(session(self.at_s, event, id=name, devices=("mon-1",)))

    # --------------------------------------------------------------- what must hold

    def known_channels(self) -> list[int]:
        return [int(one) for one in self.ward.state.detection.value_centi[0]]

    def act(self, verb: ActVerb, **changed: Any) -> ActRecorded:  # noqa: ANN401 - as act
        effects = self.take_all(act(self.at_s, verb, id=f"deed-{self.acts}", **changed))
        return of(ActRecorded, effects)[-1]

    def take(self, record: Input) -> None:
        self.take_all(record)

    def take_all(self, record: Input) -> tuple[AnyEffect, ...]:
        self.sent += len(getattr(record, "values", ()))
        effects = self.ward.take(record.received_ms, (record,))
        if isinstance(record, ActTaken):
            self.acts += 1
            answers = [one for one in of(ActRecorded, effects) if one.id == record.id]
            assert len(answers) == 1, "every act has one answer, done or refused"
        self.follow(effects)
        return effects

    @invariant()
    def what_ended_an_infusion_stays_so_for_its_session(self) -> None:
        for bed in self.ward.state.beds:
            if bed.session in self.epinephrine and bed.phase in OPEN:
                assert (bed.course.plan, bool(bed.course.end)) == ("stopped", True)
                assert bed.advice is not None
                assert bed.advice.end, "and it was said at once"
                assert not any(step.key.startswith("resume") for step in bed.advice.steps)


TestDeeds = Deeds.TestCase
TestDeeds.settings = settings(
    max_examples=20,
    stateful_step_count=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


# --------------------------------------------------------------------- to another bed


MOVES: Final = st.lists(
    st.sampled_from(("ack", "hand-back", "pause-audio", "step", "drug", "read", "move")),
    min_size=1,
    max_size=8,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(moves=MOVES)
def test_a_transfer_loses_nothing_in_any_order_of_acts(moves: list[str]) -> None:
    play = anaphylactic()
    bed, at_s = "1", 400.0
    alert, answers = play.alert.id, 0
    for move in moves:
        at_s += 10
        if move == "move":
            other = "2" if bed == "1" else "1"
            before = open_things(play, bed)
            play.take(
                session(at_s, "transfer", bed=bed, id="S-1", to_bed=other, devices=("mon-1",))
            )
            bed = other
            assert open_things(play, bed) == before
            continue
        if move == "read":
            play.take(vitals(at_s, bed=bed, device="mon-1", sbp=84, dbp=55))
        else:
            play.take(deed(at_s, move, bed, alert))
            answers += 1
        assert len(of(ActRecorded, play.told)) >= answers
    here = next(one for one in play.ward.state.beds if one.name == bed)
    assert here.session == "S-1"
    assert [one.id for one in here.episodes.values() if one.picture.kind == "physiological"] == [
        alert
    ]
    assert here.advice is not None
    assert here.advice.alert == alert
    assert here.advice.steps


def deed(at_s: float, move: str, bed: str, alert: str) -> ActTaken:
    """Return one act at a bed."""
    if move == "step":
        return act(at_s, "step", bed=bed, step="flat", id=f"a-{at_s:g}")
    if move == "drug":
        return act(at_s, "drug", bed=bed, drug="paracetamol", id=f"a-{at_s:g}")
    verb: Any = move
    return act(at_s, verb, bed=bed, alert=alert, id=f"a-{at_s:g}")


def open_things(play: Play, name: str) -> tuple[object, ...]:
    """Return what must go along when a session changes beds."""
    bed = next(one for one in play.ward.state.beds if one.name == name)
    reaction = [one for one in bed.episodes.values() if one.picture.kind == "physiological"]
    return (
        [(one.id, one.condition, one.signal, one.acknowledged_by) for one in reaction],
        bed.course,
        sorted((key, step.state) for key, step in bed.taken.items()),
        sorted(bed.symptoms),
        bed.session,
        bed.stay.given,
    )


@pytest.mark.parametrize("name", DRUGS[:-1])
def test_the_drugs_of_the_machine_are_known(name: str) -> None:
    assert list(drugs_named(ward_settings().drugs, name))
