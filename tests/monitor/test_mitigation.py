"""From a picture to the steps of a protocol: rates, doses, and what was already done."""

from dataclasses import replace
from typing import Any, Final

import msgspec
import pytest
from builders import ward_settings
from ward_builders import PRODUCT, act, ms

from monitor.care.ladders import EPINEPHRINE, GRADES, NO_EPINEPHRINE, PATTERNS, Ladder, LadderStep
from monitor.care.mitigation import (
    CONFIRMS,
    PUMP_UNDOES,
    Patient,
    acted_steps,
    advised_steps,
    offered_step,
    rate_decision,
    steps_confirmed,
    steps_still_taken,
)
from monitor.care.products import ProductKind
from monitor.care.session import EVENTS, SessionEvent
from monitor.facts.effects import AdviceChanged, Step

LADDERS: Final = ward_settings().ladders
EVERY_SIGN: Final = frozenset(
    sign for ladder in LADDERS for step in ladder.steps for sign in step.signs
)
WEIGHED: Final = ("epinephrine-im", "saline-bolus")
"""Doses that are worked out by weight."""


def patient(**changed: Any) -> Patient:  # noqa: ANN401 - fields differ
    usual: dict[str, Any] = {
        "weight_centi_kg": 7000,
        "age_years": 40,
        "rate_centi_ml_per_h": 16_800,
        "product": ward_settings().product(PRODUCT),
        "drug_flows": True,
    }
    return Patient(**{**usual, **changed})


def rung(ladder: str, key: str) -> LadderStep:
    found = next(one for one in LADDERS if one.key == ladder)
    return next(step for step in found.steps if step.key == key)


def advised(
    pattern: str,
    grade: int,
    *signs: str,
    who: Patient | None = None,
    before: tuple[Step, ...] = (),
) -> tuple[Ladder, dict[str, Step]]:
    ladder, steps = advised_steps(
        LADDERS,
        pattern=pattern,
        grade=grade,
        signs=frozenset(signs),
        patient=who or patient(),
        before=before,
    )
    return ladder, {step.key: step for step in steps}


@pytest.mark.parametrize(
    ("running", "slower"),
    [(33_600, 25_200), (25_200, 16_800), (16_800, 8_400), (8_400, 4_200), (4_200, 2_100)],
)
def test_slowing_names_the_next_lower_rate_of_product_and_weight(running: int, slower: int) -> None:
    """70 kg at 4.8, 3.6, 2.4, 1.2, 0.6 and 0.3 mL/kg/h."""
    step = rung("rate-related-1", "slow")
    decision = rate_decision(step, patient(rate_centi_ml_per_h=running))
    assert decision.rate_centi_ml_per_h == slower
    offered = offered_step(step, patient(rate_centi_ml_per_h=running), "tachycardia")
    assert offered.rate_centi_ml_per_h == slower
    assert offered.words == (
        f"Slow to the next lower rate from {running // 100}.0 mL/h to {slower // 100}.0 mL/h"
    )
    assert offered.because == "tachycardia"


def test_below_the_lowest_rate_nothing_slower_is_named() -> None:
    offered = offered_step(rung("rate-related-1", "slow"), patient(rate_centi_ml_per_h=2_100), "")
    assert offered.rate_centi_ml_per_h is None
    assert "already at or below the lowest rate" in offered.words


@pytest.mark.parametrize(
    ("changed", "rate", "words"),
    [
        ({"weight_centi_kg": None}, 8_400, "weight not recorded"),
        ({"weight_centi_kg": 700_000}, 8_400, "weight is not plausible"),
        ({"product": None}, 8_400, "no sourced rate table"),
        ({"rate_centi_ml_per_h": None}, None, "running rate not known"),
        ({"rate_centi_ml_per_h": 0}, None, "running rate not known"),
    ],
)
def test_a_rate_that_no_table_names_says_why(
    changed: dict[str, Any], rate: int | None, words: str
) -> None:
    offered = offered_step(rung("rate-related-1", "slow"), patient(**changed), "")
    assert offered.rate_centi_ml_per_h == rate
    assert words in offered.words
    assert ("half of the running rate" in offered.words) is (rate is not None)


@pytest.mark.parametrize(
    ("tolerated", "reacted", "rate"),
    [
        (8_400, 16_800, 8_400),
        (16_800, 16_800, 8_400),
        (16_800, 8_400, 4_200),
        (None, 16_800, 8_400),
    ],
)
def test_the_last_tolerated_rate_is_lower_than_that_of_the_reaction(
    tolerated: int | None, reacted: int, rate: int
) -> None:
    who = patient(
        rate_centi_ml_per_h=0,
        drug_flows=False,
        reaction_rate_centi=reacted,
        tolerated_centi=tolerated,
    )
    assert rate_decision(rung("rate-related-2", "resume"), who).rate_centi_ml_per_h == rate


@pytest.mark.parametrize(
    ("now", "reacted", "rate"),
    [(4_200, 16_800, 8_400), (8_400, 16_800, None), (33_600, None, None), (None, 16_800, None)],
)
def test_going_up_stays_below_the_rate_of_the_reaction(
    now: int | None, reacted: int | None, rate: int | None
) -> None:
    who = patient(rate_centi_ml_per_h=now, reaction_rate_centi=reacted)
    decision = rate_decision(rung("rate-related-1", "step-up"), who)
    assert decision.rate_centi_ml_per_h == rate
    assert decision.words


@pytest.mark.parametrize(("kind", "rate"), [("immunoglobulin", 8_400), ("iron", 10_000)])
def test_going_up_from_a_pause_restarts_by_product(kind: ProductKind, rate: int) -> None:
    product = ward_settings().product(PRODUCT)
    assert product is not None
    who = patient(
        product=replace(product, kind=kind),
        rate_centi_ml_per_h=0,
        drug_flows=False,
        reaction_rate_centi=20_000,
        tolerated_centi=8_400,
    )
    assert rate_decision(rung("rate-related-1", "step-up"), who).rate_centi_ml_per_h == rate


def test_half_the_rate_needs_no_table() -> None:
    who = patient(weight_centi_kg=None, product=None, rate_centi_ml_per_h=9_990)
    decision = rate_decision(rung("rate-related-2", "resume-half"), who)
    assert decision.rate_centi_ml_per_h == 4_990, "rounded down to 0.1 mL/h"


def test_a_dose_is_worked_out_for_the_weight() -> None:
    _, steps = advised("anaphylaxis", 3, who=patient(weight_centi_kg=3_000, age_years=40))
    assert "0.3 mg" in steps["epinephrine"].dose
    assert "local order" in steps["epinephrine"].dose
    assert steps["epinephrine"].rate_centi_ml_per_h is None


@pytest.mark.parametrize("weight_centi_kg", [None, 900, 30_000])
def test_without_a_usable_weight_no_dose_by_weight_is_shown(weight_centi_kg: int | None) -> None:
    doses = {
        step.key: step.dose.key
        for ladder in LADDERS
        for step in ladder.steps
        if step.dose is not None
    }
    seen = 0
    for pattern in PATTERNS:
        for grade in GRADES:
            _, steps = advised(
                pattern, grade, *EVERY_SIGN, who=patient(weight_centi_kg=weight_centi_kg)
            )
            for key, step in steps.items():
                if doses.get(key) in WEIGHED:
                    seen += 1
                    assert "mg" not in step.dose
                    assert "mL" not in step.dose
                    assert "use your local order" in step.dose
    assert seen > 10


@pytest.mark.parametrize("pattern", sorted(NO_EPINEPHRINE))
@pytest.mark.parametrize("grade", GRADES)
def test_epinephrine_is_never_offered_where_it_could_harm(pattern: str, grade: int) -> None:
    ladder, steps = advised(pattern, grade, *EVERY_SIGN)
    drugs = {step.key: step.drug for step in ladder.steps}
    assert steps
    assert all(drugs[key] != EPINEPHRINE for key in steps)
    assert all("epinephrine" not in step.words.lower() for step in steps.values())


@pytest.mark.parametrize("grade", [2, 3, 4])
def test_anaphylaxis_stops_and_offers_epinephrine_before_any_other_drug(grade: int) -> None:
    ladder, steps = advised("anaphylaxis", grade, *EVERY_SIGN)
    drugs = {step.key: step.drug for step in ladder.steps}
    assert list(steps)[:2] == ["stop", "epinephrine"]
    assert next(drugs[key] for key in steps if drugs[key]) == EPINEPHRINE


def test_a_picture_without_a_name_has_steps() -> None:
    ladder, steps = advised("", 3)
    assert ladder.key == "severe"
    assert steps


def test_steps_of_a_flow_are_left_out_when_nothing_flows() -> None:
    _, flowing = advised("rate-related", 1)
    _, still = advised("rate-related", 1, who=patient(drug_flows=False))
    assert set(flowing) - set(still) == {"slow"}
    _, paused = advised("hypotensive", 2, who=patient(drug_flows=False))
    assert "pause" not in paused


def test_what_was_done_stays_done_when_the_ladder_changes() -> None:
    done = Step(key="flat", words="Lay flat", who="nurse", source=("x",), state="done", by="rn-1")
    offered = Step(key="recheck", words="old words", who="nurse", source=("x",), state="offered")
    _, steps = advised("hypotensive", 2, before=(done, offered))
    assert steps["flat"] == done
    assert steps["recheck"].words != "old words", "an offer is made afresh"


def test_an_act_marks_its_step_and_no_other() -> None:
    _, found = advised("hypotensive", 2)
    steps = tuple(found.values())
    after = acted_steps(
        steps, act(90, "step", step="flat", status="declined", reason="sits better")
    )
    assert after is not None
    marked = {step.key: step for step in after}
    assert (marked["flat"].state, marked["flat"].by, marked["flat"].at_ms) == (
        "declined",
        "rn-1",
        ms(90),
    )
    assert marked["flat"].reason == "sits better"
    assert [step for step in after if step.key != "flat"] == [s for s in steps if s.key != "flat"]
    assert acted_steps(steps, act(90, "step", step="nowhere")) is None
    assert acted_steps(steps, act(90, "step", step="flat", status=None)) is None


CONFIRMED: Final[dict[SessionEvent, set[str]]] = {
    "lowered": {"rate"},
    "pause": {"rate", "pause"},
    "stop": {"rate", "pause", "stop"},
}
"""Kinds of steps that a pump's report shows to be done; nothing else confirms any."""


@pytest.mark.parametrize("event", EVENTS)
def test_a_pump_confirms_what_it_shows(event: SessionEvent) -> None:
    assert set(CONFIRMS) == set(CONFIRMED)
    for ladder in LADDERS:
        offered = tuple(offered_step(step, patient(), "") for step in ladder.steps)
        advice = AdviceChanged(
            at_ms=0,
            bed="1",
            session="S-1",
            id="ad-1",
            revision=1,
            alert="al-1",
            ladder=ladder.key,
            pattern="",
            grade=1,
            steps=offered,
            reason="",
        )
        after = steps_confirmed(LADDERS, advice, event, "pump-1", ms(90))
        done = {step.key for step in after if step.state == "done"}
        kinds = CONFIRMED.get(event, set())
        assert done == {step.key for step in ladder.steps if step.kind in kinds}
        assert {step.by for step in after if step.state == "done"} <= {"pump-1"}


UNDONE: Final[dict[SessionEvent, set[str]]] = {
    "raised": {"rate"},
    "resume": {"rate", "pause", "stop"},
}
"""Kinds of steps that a pump's report shows to be done no longer."""


@pytest.mark.parametrize("event", EVENTS)
def test_a_pump_undoes_what_it_shows(event: SessionEvent) -> None:
    assert set(PUMP_UNDOES) == set(UNDONE)
    kinds = {step.key: step.kind for ladder in LADDERS for step in ladder.steps}
    taken = {
        key: Step(key=key, words="", who="nurse", source=("x",), state="done") for key in kinds
    }
    lost = set(taken) - set(steps_still_taken(LADDERS, taken, event))
    assert lost == {key for key, kind in kinds.items() if kind in UNDONE.get(event, set())}
    declined = {key: msgspec.structs.replace(step, state="declined") for key, step in taken.items()}
    assert steps_still_taken(LADDERS, declined, event) == declined


def test_a_step_means_the_same_on_every_ladder() -> None:
    kinds: dict[str, str] = {}
    for ladder in LADDERS:
        for step in ladder.steps:
            assert kinds.setdefault(step.key, step.kind) == step.kind


def test_a_pump_does_not_confirm_what_a_person_has_settled() -> None:
    _, found = advised("hypotensive", 2)
    for state in ("done", "declined"):
        settled = tuple(msgspec.structs.replace(step, state=state) for step in found.values())
        advice = AdviceChanged(
            at_ms=0,
            bed="1",
            session="S-1",
            id="ad-1",
            revision=1,
            alert="al-1",
            ladder="hypotensive-2",
            pattern="hypotensive",
            grade=2,
            steps=settled,
            reason="",
        )
        assert steps_confirmed(LADDERS, advice, "stop", "pump-1", ms(90)) == settled
