"""Ladders and doses: what must be there, what must never be there, and the words of a dose."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.care.ladders import (
    EPINEPHRINE,
    GRADES,
    NO_EPINEPHRINE,
    PATTERNS,
    Dose,
    Ladder,
    LadderStep,
    Offered,
    coverage_faults,
    dose_text,
    ladder_faults,
    ladder_for,
    steps_for,
)
from monitor.settings.settings import load_settings

CONFIG = Path(__file__).resolve().parents[2] / "config"
EVERY_PICTURE = [(pattern, grade) for pattern in PATTERNS for grade in GRADES]


@cache
def ladders() -> tuple[Ladder, ...]:
    return load_settings(CONFIG).ward.ladders


def doses(key: str) -> Dose:
    found = {step.dose.key: step.dose for ladder in ladders() for step in ladder.steps if step.dose}
    return found[key]


def keys(
    pattern: str,
    grade: int,
    *signs: str,
    kind: str = "immunoglobulin",
    offered: Offered = "at-once",
) -> list[str]:
    steps = steps_for(
        ladder_for(ladders(), pattern, grade),
        signs=frozenset(signs),
        product_kind=kind,
        stages=frozenset({offered}),
    )
    return [step.key for step in steps]


@pytest.mark.parametrize(("pattern", "grade"), EVERY_PICTURE)
def test_every_picture_has_something_to_do_at_once(pattern: str, grade: int) -> None:
    assert ladder_for(ladders(), pattern, grade).steps
    for kind in ("immunoglobulin", "monoclonal", "iron", "other"):
        assert keys(pattern, grade, kind=kind)


def test_every_picture_has_exactly_one_ladder() -> None:
    assert coverage_faults(ladders()) == ()


def test_unknown_picture_is_an_error() -> None:
    with pytest.raises(KeyError, match="no ladder for pattern 'sneezing' at grade 1"):
        ladder_for(ladders(), "sneezing", 1)


@pytest.mark.parametrize(("pattern", "grade"), EVERY_PICTURE)
def test_epinephrine_stays_away_from_pictures_it_could_harm(pattern: str, grade: int) -> None:
    drugs = {step.drug for step in ladder_for(ladders(), pattern, grade).steps}
    if pattern in NO_EPINEPHRINE:
        assert EPINEPHRINE not in drugs
    words = " ".join(step.words.lower() for step in ladder_for(ladders(), pattern, grade).steps)
    assert (EPINEPHRINE in words) == (EPINEPHRINE in drugs)


@pytest.mark.parametrize("grade", [2, 3, 4])
def test_anaphylaxis_is_stop_then_epinephrine_then_help(grade: int) -> None:
    assert keys("anaphylaxis", grade)[:4] == ["stop", "epinephrine", "rapid-response", "flat"]


@pytest.mark.parametrize("ladder", ladders(), ids=lambda ladder: ladder.key)
def test_no_drug_stands_before_epinephrine(ladder: Ladder) -> None:
    assert ladder_faults(ladder) == ()


@pytest.mark.parametrize("ladder", ladders(), ids=lambda ladder: ladder.key)
def test_severe_ladders_end_the_infusion_and_mild_ones_do_not(ladder: Ladder) -> None:
    kinds = [step.kind for step in ladder.steps if step.offered == "at-once"]
    assert ladder.terminal == ("stop" in kinds)
    if set(ladder.grades) == {1}:
        assert not ladder.terminal


@pytest.mark.parametrize("ladder", ladders(), ids=lambda ladder: ladder.key)
def test_words_fit_a_line_and_hold_no_dose(ladder: Ladder) -> None:
    for step in ladder.steps:
        assert 5 <= len(step.words) <= 100, step.words
        assert not any(unit in step.words for unit in (" mg", " mL", "/kg", " g ")), step.words


def test_mild_reactions_are_treated_by_sign() -> None:
    assert "antihistamine" in keys("mild-allergic", 1, "skin", "itch")
    assert "antihistamine" not in keys("rate-related", 1, "headache")
    assert "antipyretic" in keys("rate-related", 1, "headache")
    assert "antipyretic" in keys("febrile", 1, "fever")
    assert keys("febrile", 1, "fever").index("slow") < keys("febrile", 1, "fever").index(
        "antipyretic"
    )


def test_moderate_reactions_pause_and_call() -> None:
    for pattern in ("mild-allergic", "rate-related", "febrile", "hypotensive", "unclear"):
        found = keys(pattern, 2)
        assert "pause" in found
        assert found.index("pause") < found.index("call-prescriber")


def test_faint_lies_flat_and_escalates_when_it_does_not_pass() -> None:
    steps = {step.key: step for step in ladder_for(ladders(), "vasovagal", 3).steps}
    assert steps["flat"].recheck_ms == steps["recheck"].recheck_ms == 120_000
    assert keys("vasovagal", 3) == ["pause", "flat", "recheck"]
    assert "escalate" in keys("vasovagal", 3, offered="if-not-improved")


def test_severe_fall_of_pressure_gets_epinephrine_with_a_sign_or_without_recovery() -> None:
    assert "epinephrine" not in keys("hypotensive", 3, "hypotension")
    assert "epinephrine" in keys("hypotensive", 3, "hypotension", "skin")
    assert "epinephrine-not-recovered" in keys(
        "hypotensive", 3, "hypotension", offered="if-not-improved"
    )


def test_a_rung_may_ask_for_one_thing_beside_another() -> None:
    found = keys("respiratory", 3, "hypoxia", "soon-after-start")
    assert "epinephrine" not in found
    assert "epinephrine-ready" in found
    assert "epinephrine" in keys("respiratory", 3, "tachypnoea", "soon-after-start")
    assert "epinephrine" not in keys("respiratory", 3, "tachypnoea")


def test_iron_gets_no_first_generation_antihistamine() -> None:
    for pattern in PATTERNS:
        for grade in GRADES:
            steps = steps_for(
                ladder_for(ladders(), pattern, grade),
                signs=frozenset({"skin", "itch"}),
                product_kind="iron",
            )
            assert "diphenhydramine" not in [step.dose.key for step in steps if step.dose]


def test_restart_follows_the_product() -> None:
    assert "resume" in keys("febrile", 2, offered="when-resolved")
    assert "resume-half" in keys("febrile", 2, kind="monoclonal", offered="when-resolved")


def test_glucagon_waits_for_a_beta_blocker() -> None:
    assert "glucagon" not in keys("anaphylaxis", 3, offered="if-not-improved")
    assert "glucagon" in keys("anaphylaxis", 3, "beta-blocker", offered="if-not-improved")


def test_epinephrine_may_be_repeated_once_after_five_minutes_before_an_expert_is_called() -> None:
    ladder = ladder_for(ladders(), "anaphylaxis", 4)
    step = next(one for one in ladder.steps if one.key == "epinephrine")
    assert (step.repeat_ms, step.repeat_by_ms, step.repeats) == (300_000, 300_000, 1)
    assert "expert" in keys("anaphylaxis", 4, offered="if-not-improved")


@pytest.mark.parametrize(
    ("weight_kg", "age", "milli"),
    [
        (72, 40, 500),  # 0.72 mg, under the adult cap
        (50, 40, 500),
        (40, 40, 400),
        (30, 20, 300),
        (20, 7, 200),
        (45, 12, 300),  # child cap up to and including 12 years
        (45, 13, 450),
        (23.4, 8, 230),  # 0.234 mg, drawn up as 0.23
        (10, 1, 100),
        (45, None, 450),
    ],
)
def test_epinephrine_dose(weight_kg: float, age: int | None, milli: int) -> None:
    dose = doses("epinephrine-im")
    decision = dose_text(dose, weight_centi_kg=round(weight_kg * 100), age_years=age)
    assert (decision.amount_milli, decision.unit, decision.refusal) == (milli, "mg", None)


def test_words_of_a_dose_name_everything_that_made_it() -> None:
    dose = doses("epinephrine-im")
    assert dose_text(dose, weight_centi_kg=7200, age_years=40).words == (
        "0.5 mg = 0.5 mL of 1 mg/mL IM into the outer thigh "
        "(0.01 mg/kg x 72 kg, maximum 0.5 mg); check against your local order"
    )
    assert dose_text(dose, weight_centi_kg=2000, age_years=6).words == (
        "0.2 mg = 0.2 mL of 1 mg/mL IM into the outer thigh "
        "(0.01 mg/kg x 20 kg, maximum 0.3 mg up to 12 years); check against your local order"
    )
    assert "age not recorded" in dose_text(dose, weight_centi_kg=4500, age_years=None).words


def test_dose_is_refused_without_weight() -> None:
    decision = dose_text(doses("epinephrine-im"), weight_centi_kg=None, age_years=40)
    assert (decision.amount_milli, decision.refusal) == (None, "no-weight")
    assert decision.words == ("weight not recorded: dose cannot be computed, use your local order")


@pytest.mark.parametrize("weight_centi_kg", [0, 999, 25_001, 700_000])
def test_dose_is_refused_outside_its_weights(weight_centi_kg: int) -> None:
    decision = dose_text(doses("epinephrine-im"), weight_centi_kg=weight_centi_kg, age_years=40)
    assert (decision.amount_milli, decision.refusal) == (None, "weight-out-of-range")
    assert "outside 10 to 250 kg" in decision.words


def test_saline_bolus() -> None:
    decision = dose_text(doses("saline-bolus"), weight_centi_kg=7000, age_years=40)
    assert decision.words.startswith("1400 mL of 0.9 % saline IV (20 mL/kg x 70 kg")
    assert dose_text(doses("saline-bolus"), weight_centi_kg=15_000, age_years=1).amount_milli == (
        2_000_000
    )


def test_fixed_dose_is_for_adults_whose_age_is_known() -> None:
    dose = doses("diphenhydramine")
    assert dose_text(dose, weight_centi_kg=None, age_years=40).words.startswith("25 to 50 mg")
    assert dose_text(dose, weight_centi_kg=7000, age_years=None).refusal == "no-age"
    assert dose_text(dose, weight_centi_kg=7000, age_years=17).refusal == "too-young"


@given(
    light=st.integers(1000, 25_000),
    more=st.integers(0, 24_000),
    age=st.none() | st.integers(0, 110),
)
def test_epinephrine_never_passes_its_caps_and_never_falls_with_weight(
    light: int, more: int, age: int | None
) -> None:
    dose = doses("epinephrine-im")
    heavy = min(light + more, 25_000)
    amounts = [
        dose_text(dose, weight_centi_kg=weight, age_years=age).amount_milli
        for weight in (light, heavy)
    ]
    assert None not in amounts
    first, second = (amount or 0 for amount in amounts)
    assert 0 < first <= second <= (300 if age is not None and age <= 12 else 500)
    assert first * 100 <= 10 * light


RUNG = LadderStep(
    key="look",
    order=10,
    words="Look",
    who="nurse",
    kind="observe",
    offered="at-once",
    source=("engineering",),
)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": "drug"}, "names its drug"),
        ({"drug": "soup"}, "names its drug"),
        ({"kind": "rate"}, "names its rate action"),
        ({"kind": "drug", "drug": "soup"}, "begin with 'Consider'"),
        ({"dose": True}, "has no dose"),
        ({"repeat_ms": 1}, "repeat and repeats"),
        ({"adjunct": True}, "only a drug"),
        ({"only_for": ("iron",), "not_for": ("iron",)}, "only_for or not_for"),
    ],
)
def test_rung_whose_parts_do_not_fit_is_refused(changes: dict[str, object], words: str) -> None:
    if "dose" in changes:
        changes = {"dose": doses("epinephrine-im")}
    with pytest.raises(ValueError, match=words):
        replace(RUNG, **changes)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"source": ("engineering",)}, "needs 2 sources, got 1"),
        ({"source": ("engineering", "engineering")}, "needs 2 sources, got 1"),
        ({"minimum_milli": 100}, "either by weight"),
        ({"per_kg_milli": None}, "either by weight"),
        ({"weight_min_centi_kg": None}, "weight_min_kg below weight_max_kg"),
        ({"maximum_milli": 500_000, "child_maximum_milli": 300}, "do not fit together"),
        ({"round_to_milli": 0}, "round_to must be above 0"),
        ({"child_up_to_years": None}, "belong together"),
        ({"child_maximum_milli": 600}, "must not be above maximum"),
        ({"unit": "mL"}, "no concentration"),
    ],
)
def test_dose_that_contradicts_itself_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(doses("epinephrine-im"), **changes)  # type: ignore[arg-type]  # wrong on purpose


def test_fixed_dose_needs_its_age_and_a_rising_range() -> None:
    dose = doses("diphenhydramine")
    with pytest.raises(ValueError, match="needs the age"):
        replace(dose, min_age_years=None)
    with pytest.raises(ValueError, match="minimum 60000 must be 1 to 50000"):
        replace(dose, minimum_milli=60_000)


def test_ladder_without_rungs_or_with_doubled_ones_is_refused() -> None:
    ladder = ladders()[0]
    with pytest.raises(ValueError, match="needs patterns, grades and steps"):
        replace(ladder, steps=())
    with pytest.raises(ValueError, match="grades must be among"):
        replace(ladder, grades=(0, 5))
    with pytest.raises(ValueError, match="the keys of the steps must differ"):
        replace(ladder, steps=(RUNG, replace(RUNG, order=20)))
