"""Why a bed is graded as it is: the same limits, seen from the value."""

import naive
from builders import (
    Number,
    book,
    centi,
    clause,
    detection,
    message,
    params,
    row,
    rule,
    shipped,
    told,
)
from chance import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.channels import MISSING, N_CHANNELS, Channel
from detectors.detection import Detection
from detectors.explanation import ClauseReason, RuleReason, outermost, rule_reasons
from detectors.rulebook import AGE_COLUMN, Clause, linear_form

CLAUSES = sorted(
    {part for one in (*shipped().book.rules, *shipped().bypass) for part in one.clauses}, key=repr
)
AGE_CENTI = 650
HYSTERESIS = shipped().hysteresis_centi.tolist()
SINGLE = [part for part in CLAUSES if len(set(part.channels)) == 1]


def by_trying(weight: int, rest: int, threshold: int, *, reach: int = 1_000) -> int:
    """Return the value nearest to health at which a form holds, by trying all."""
    values = range(-reach, reach + 1)
    for value in values if weight > 0 else reversed(values):
        if weight * value + rest >= threshold:
            return value
    raise AssertionError(f"the form holds nowhere within {reach}")


def one_channel(channel: int, number: int) -> list[int]:
    """Return one bed of which one channel is known."""
    return [number if c == channel else MISSING for c in Channel]


@given(
    weight=st.integers(-9, 9).filter(bool),
    rest=st.integers(-400, 400),
    threshold=st.integers(-400, 400),
)
def test_the_outermost_value_is_what_trying_all_finds(
    weight: int, rest: int, threshold: int
) -> None:
    assert outermost(weight, rest, threshold) == by_trying(weight, rest, threshold)


def holds_at(given_clause: Clause, value: int, base: int, give: int = 0) -> naive.Truth:
    """Return what the twin says of one channel."""
    row_, bases, gives = (one_channel(given_clause.channel, n) for n in (value, base, give))
    return naive.clause_stays(given_clause, row_, bases, gives, AGE_CENTI)


def limits(given_clause: Clause, base: int) -> tuple[int, int]:
    """Return the outermost value of a clause, without and within its hysteresis."""
    form, threshold = linear_form(given_clause)
    c = given_clause.channel
    rest = form[N_CHANNELS + c] * base + form[AGE_COLUMN] * AGE_CENTI
    slack = abs(form[c]) * HYSTERESIS[c]
    return outermost(form[c], rest, threshold), outermost(form[c], rest, threshold - slack)


@given(given_clause=st.sampled_from(SINGLE), base=st.integers(8_000, 16_000))
def test_at_the_outermost_value_a_clause_holds_and_beside_it_not(
    given_clause: Clause, base: int
) -> None:
    outer, held = limits(given_clause, base)
    towards_health = -1 if linear_form(given_clause)[0][given_clause.channel] > 0 else 1
    give = HYSTERESIS[given_clause.channel]
    assert holds_at(given_clause, outer, base)
    assert not holds_at(given_clause, outer + towards_health, base)
    assert holds_at(given_clause, held, base, give)
    assert not holds_at(given_clause, held + towards_health, base, give)


def reasons(
    made: Detection, *, confirmed: bool
) -> list[tuple[str, bool, list[tuple[int, int, int]]]]:
    """Return rule, whether only held, and (limit, margin, clears) of each clause."""
    return [
        (
            one.rule.id,
            one.held,
            [(part.limit_centi, part.margin_centi, part.clears_centi) for part in one.clauses],
        )
        for one in rule_reasons(made, 0, confirmed=confirmed)
    ]


TWO = book(
    rule("low", 1, clause("sbp", "level", "<", 90), name="low.1"),
    rule("low", 2, clause("sbp", "fall_percent", ">", 30), name="low.2"),
    rule(
        "low",
        3,
        clause("sbp", "level", "<=", 70),
        clause("sbp", "fall", ">=", 30),
        name="low.3",
    ),
    rule("fast", 1, clause("hr", "level", ">=", 100), name="fast.1"),
)


def infused(**base: Number) -> Detection:
    return detection(params(book=TWO), baseline=base or {"sbp": 120, "hr": 70})


def test_what_waits_for_confirmation_is_told_apart_from_what_is_confirmed() -> None:
    made = told(infused(), message(0, sbp=80))
    assert reasons(made, confirmed=True) == []
    assert reasons(made, confirmed=False) == [("low.2", False, [(8_399, 399, 8_900)])]
    told(made, message(30, sbp=80))
    assert reasons(made, confirmed=True) == [("low.2", False, [(8_399, 399, 8_900)])]
    assert reasons(made, confirmed=False) == []
    told(made, message(60, sbp=70))
    assert reasons(made, confirmed=True) == [("low.2", False, [(8_399, 1_399, 8_900)])]
    assert reasons(made, confirmed=False) == [
        ("low.3", False, [(7_000, 0, 7_501), (9_000, 2_000, 9_501)])
    ]


def test_a_limit_is_where_the_value_still_holds_and_clears_where_nothing_does() -> None:
    made = told(infused(), message(0, hr=100), message(30, hr=100))
    (only,) = rule_reasons(made, 0, confirmed=True)
    (part,) = only.clauses
    assert (part.value_centi, part.limit_centi, part.margin_centi) == (10_000, 10_000, 0)
    assert part.clears_centi == 9_499
    assert part.baseline_centi == MISSING, "a level has no baseline"
    assert part.measured_ms == made.measured_ms[0, Channel.HR]


def test_a_rule_that_only_its_hysteresis_holds_says_so() -> None:
    made = told(infused(), message(0, sbp=80), message(30, sbp=80), message(60, sbp=86))
    assert reasons(made, confirmed=True) == [("low.2", True, [(8_399, -201, 8_900)])]
    assert reasons(made, confirmed=False) == []


def test_a_grade_that_waits_to_be_given_up_has_no_rule_behind_it() -> None:
    made = told(infused(), message(0, sbp=80), message(30, sbp=80), message(60, sbp=120))
    assert made.track.grade[0].tolist() == [2, 0, 0]
    assert reasons(made, confirmed=True) == []


def test_the_worst_comes_first() -> None:
    made = told(infused(), message(0, sbp=80, hr=110), message(30, sbp=80, hr=110))
    assert [name for name, _, _ in reasons(made, confirmed=True)] == ["low.2", "fast.1"]


def test_a_change_shows_the_baseline_it_was_compared_with() -> None:
    made = told(infused(), message(0, sbp=80), message(30, sbp=80))
    (only,) = rule_reasons(made, 0, confirmed=True)
    assert only.clauses[0].baseline_centi == 12_000


def parts(made: Detection) -> list[tuple[RuleReason, ClauseReason]]:
    found = [rule_reasons(made, 0, confirmed=confirmed) for confirmed in (True, False)]
    return [(one, part) for some in found for one in some for part in one.clauses]


@settings(max_examples=examples(60))
@given(
    values=st.lists(
        st.tuples(st.sampled_from([1, 30, 61]), st.integers(4_000, 20_000)), min_size=1, max_size=6
    ),
    base=st.integers(9_000, 16_000),
)
def test_a_reason_agrees_with_the_judgement(values: list[tuple[int, int]], base: int) -> None:
    made = detection(shipped())
    made.baseline_centi[0] = row()
    made.baseline_centi[0, Channel.SBP] = base
    second = 0
    for gap, value in values:
        second += gap
        told(made, message(second, sbp=value / 100))
        for one, part in parts(made):
            holds = holds_at(part.clause, part.value_centi, base)
            assert (part.margin_centi >= 0) is holds
            assert one.held is not all(inner.margin_centi >= 0 for inner in one.clauses)
            give = HYSTERESIS[part.clause.channel]
            assert holds_at(part.clause, part.value_centi, base, give)
            assert holds_at(part.clause, part.limit_centi, base)
            assert not holds_at(part.clause, part.clears_centi, base, give)


def test_nothing_is_shown_of_a_healthy_bed() -> None:
    made = told(infused(), message(0, sbp=centi(1.2), hr=70))
    assert reasons(made, confirmed=True) == reasons(made, confirmed=False) == []


def test_a_change_says_how_far_its_baseline_scatters_and_a_level_does_not() -> None:
    made = detection(shipped())
    made.taking_baseline[0] = True
    for minute, pressure in enumerate((130, 116, 118, 120, 122, 124)):
        told(made, message(60 * minute, sbp=pressure))
    made.taking_baseline[0] = False
    for second in (400, 440):
        told(made, message(second, sbp=80))
    noise = {part.clause.basis: part.noise_centi for _, part in parts(made)}
    assert noise["level"] == MISSING
    # Distances from 120: 4, 2, 0, 2, 4; 2 mmHg times 1.4826.
    assert {value for basis, value in noise.items() if basis != "level"} == {297}
