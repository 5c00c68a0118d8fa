"""The words of a reason: what was seen, against which limit, from which baseline."""

from typing import Final

import pytest
from builders import Number, centi, clause, rule, ward_settings

from detectors.channels import CHANNEL_NAMES, MISSING, Channel
from detectors.explanation import ClauseReason, RuleReason
from detectors.rulebook import Basis, Comparison
from monitor.care.reasons import (
    FULL_NAMES,
    SHORT_NAMES,
    because_clearing,
    because_rule,
    because_symptom,
    channel_value,
    clause_words,
    decimal,
    label,
    percent_change,
)
from monitor.facts.effects import Because

AT_MS: Final = 1000


def reason(
    channel: str,
    basis: Basis,
    comparison: Comparison,
    limit: Number,
    value: Number,
    baseline: Number | None = None,
    margin_centi: int = 0,
) -> ClauseReason:
    return ClauseReason(
        clause=clause(channel, basis, comparison, limit),
        value_centi=centi(value),
        baseline_centi=MISSING if baseline is None else centi(baseline),
        limit_centi=centi(limit),
        stated_centi=centi(limit),
        margin_centi=margin_centi,
        clears_centi=centi(limit),
        measured_ms=AT_MS,
    )


def because(sign: str, words: str, *, channel: str = "", symptom: str = "") -> Because:
    return Because(
        rule="r", sign=sign, grade=2, words=words, source=("x",), channel=channel, symptom=symptom
    )


def test_every_channel_has_its_names() -> None:
    assert len(SHORT_NAMES) == len(FULL_NAMES) == len(CHANNEL_NAMES)


@pytest.mark.parametrize(
    ("value_centi", "words"),
    [(0, "0"), (8400, "84"), (8450, "84.5"), (8405, "84.05"), (-250, "-2.5"), (-5, "-0.05")],
)
def test_decimals(value_centi: int, words: str) -> None:
    assert decimal(value_centi) == words


@pytest.mark.parametrize(
    ("value_centi", "words"), [(3800, "38.0"), (3804, "38.0"), (3805, "38.1"), (3996, "40.0")]
)
def test_temperatures_have_one_decimal(value_centi: int, words: str) -> None:
    assert channel_value(Channel.TEMP, value_centi) == words
    assert channel_value(Channel.SBP, value_centi) == decimal(value_centi)


@pytest.mark.parametrize(
    ("value", "baseline", "percent"),
    [(84, 120, -30), (83.99, 120, -30), (81.1, 120, -32), (120, 120, 0), (163.9, 120, 36)],
)
def test_percents_are_rounded_towards_zero(value: float, baseline: int, percent: int) -> None:
    assert percent_change(centi(value), centi(baseline)) == percent


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (reason("sbp", "level", "<", 90, 84), "SBP 84 < 90"),
        (reason("sbp", "level", "<", 90, 92, margin_centi=-200), "SBP 92 near 90"),
        (reason("temp", "level", ">=", 38, 38.26), "T 38.3 >= 38"),
        (
            reason("sbp", "fall_percent", ">", 30, 84, 124),
            "SBP 84, -32 % from 124 (limit 30 %)",
        ),
        (reason("sbp", "fall", ">=", 30, 90, 124), "SBP 90, -34 from 124 (limit 30)"),
        (reason("hr", "rise", ">", 15, 105, 80), "HR 105, +25 from 80 (limit 15)"),
        (
            reason("hr", "rise_percent", ">", 25, 105, 80),
            "HR 105, +31 % from 80 (limit 25 %)",
        ),
    ],
)
def test_the_words_of_a_clause(given: ClauseReason, words: str) -> None:
    assert clause_words(given) == words


def test_a_rule_gives_one_row_a_clause() -> None:
    low = reason("sbp", "level", "<", 90, 84)
    fallen = reason("sbp", "fall", ">=", 20, 84, 120)
    made = rule("hypotension", 2, low.clause, fallen.clause, name="hypotension.level-fall.2")
    rows = because_rule(RuleReason(rule=made, held=False, clauses=(low, fallen)))
    assert [row.words for row in rows] == ["SBP 84 < 90", "SBP 84, -36 from 120 (limit 20)"]
    assert [row.baseline_centi for row in rows] == [None, 12000]
    assert {row.rule for row in rows} == {"hypotension.level-fall.2"}
    assert {(row.channel, row.unit, row.measured_ms) for row in rows} == {("sbp", "mmHg", AT_MS)}


def test_a_rule_that_only_hysteresis_holds_says_so() -> None:
    near = reason("sbp", "level", "<", 90, 92, margin_centi=-200)
    rows = because_rule(
        RuleReason(rule=rule("hypotension", 1, near.clause), held=True, clauses=(near,))
    )
    assert rows[0].words == "not yet clear of SBP 92 near 90"


def test_symptoms_and_clearing_signs_have_rows_with_sources() -> None:
    hives = next(row for row in ward_settings().symptoms if row.name == "hives")
    row = because_symptom(hives, "severe", AT_MS)
    assert (row.rule, row.sign, row.grade, row.words, row.symptom, row.measured_ms) == (
        "symptom.hives",
        "skin",
        2,
        "hives (severe)",
        "hives",
        AT_MS,
    )
    assert row.source == hives.source
    clearing = because_clearing("hypotension", 3)
    assert clearing.words == "hypotension eases: grade 3 ends when it stays clear"
    assert clearing.source


def test_a_label_names_each_sign_once() -> None:
    rows = (
        because("hypotension", "SBP 84 < 90", channel="sbp"),
        because("hypotension", "SBP 84, -36 from 120 (limit 20)", channel="sbp"),
        because("skin", "hives (mild)", symptom="hives"),
        because("skin", "itch (mild)", symptom="itch"),
    )
    assert label(rows, ()) == "SBP 84 < 90; hives (mild); itch (mild)"
    unsure = (because("hypoxia", "SpO2 88 < 90", channel="spo2"),)
    assert label((), unsure) == "unconfirmed: SpO2 88 < 90"
    assert label(rows[:1], unsure) == "SBP 84 < 90; unconfirmed: SpO2 88 < 90"


def test_a_label_is_short() -> None:
    rows = tuple(because(f"sign-{n}", f"words {n}", channel="hr") for n in range(9))
    assert label(rows, rows) == (
        "words 0; words 1; words 2; words 3; words 4; unconfirmed: words 0; words 1"
    )
