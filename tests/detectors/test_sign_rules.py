"""The grade of a sign is that of its highest rule that holds, in whatever order rules stand."""

import numpy as np
import pytest
from arrays import n_beds, pick
from builders import clause, rule
from chance import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.channels import N_CHANNELS, Channel
from detectors.rulebook import Rule
from detectors.sign_rules import SignRules

SIGNS = ("low", "slow", "skin")
PRESSURE = clause("sbp", "level", "<", 90)
PULSE = clause("hr", "level", "<", 50)

some_rules = st.lists(
    st.builds(rule, st.sampled_from(SIGNS), st.integers(1, 4), st.just(PRESSURE)), max_size=8
).map(tuple)


@settings(max_examples=examples(60))
@given(rules=some_rules, data=st.data())
def test_every_sign_has_the_grade_of_its_highest_rule_that_holds(
    rules: tuple[Rule, ...], data: st.DataObject
) -> None:
    holds = pick(data.draw, np.bool_, (data.draw(n_beds), len(rules)), 0, 1)
    made = SignRules(rules, SIGNS)
    grades = [
        [
            max(
                (one.grade for one, held in zip(rules, bed, strict=True) if held and one.sign == s),
                default=0,
            )
            for s in SIGNS
        ]
        for bed in holds
    ]
    highest, among = made.highest(holds), made.among(holds)
    assert highest.dtype == np.dtype(np.int8)
    assert among.dtype == np.dtype(np.bool_)
    assert highest.shape == among.shape == (len(holds), len(SIGNS))
    assert highest.tolist() == grades
    assert among.tolist() == [[grade > 0 for grade in bed] for bed in grades]


def test_without_rules_no_sign_has_a_grade() -> None:
    made = SignRules((), SIGNS)
    none = np.zeros((2, 0), np.bool_)
    assert made.highest(none).tolist() == [[0, 0, 0], [0, 0, 0]]
    assert not made.among(none).any()
    assert not made.reads().any()


def test_a_sign_reads_the_channels_of_all_its_rules() -> None:
    reads = SignRules((rule("low", 1, PRESSURE), rule("low", 2, PULSE, PRESSURE)), SIGNS).reads()
    assert reads.shape == (len(SIGNS), N_CHANNELS)
    assert np.flatnonzero(reads[0]).tolist() == [Channel.HR, Channel.SBP]
    assert not reads[1:].any()


def test_a_rule_for_a_sign_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        SignRules((rule("cold", 1, PRESSURE),), SIGNS)
