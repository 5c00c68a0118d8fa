"""How near the rules are, beside a twin that walks from the value to the limit step by step."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from builders import SMALL_BOOK, Message, book, clause, detection, message, params, rule, told
from chance import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import clause_truth

from detectors.channels import MISSING, Channel
from detectors.detection import Detection
from detectors.nearness import NOT_KNOWN, Near, nearness

BOOK = book(
    rule("hypotension", 1, clause("sbp", "level", "<", 90)),
    rule("hypotension", 2, clause("sbp", "fall", ">=", 30)),
    rule("tachycardia", 2, clause("hr", "rise_percent", ">", 30), clause("hr", "level", ">=", 110)),
    rule("hypertension", 2, clause("sbp", "rise", ">=", 30)),
)
ROWS = {"hr": st.integers(60, 140), "sbp": st.integers(60, 160)}
"""Whole numbers, so that the twin may walk."""


def bed(values: dict[str, int], baseline: dict[str, int]) -> Detection:
    made = detection(params(book=BOOK), baseline=baseline)
    return told(made, Message(values=dict(values))) if values else made


def twin(values: dict[str, int], baseline: dict[str, int]) -> dict[str, Fraction]:
    """Walk from the value to the limit in hundredths and say what part of the way is gone."""
    shares: dict[str, Fraction] = {}
    for one in BOOK.rules:
        parts = []
        for each in one.clauses:
            name = each.channel.name.lower()
            needs_base = each.basis != "level"
            if name not in values or (needs_base and name not in baseline):
                parts = [Fraction(-2)]
                break
            if clause_truth(each, _row(values), _row(baseline)):
                continue
            up = each.comparison.startswith(">") != each.basis.startswith("fall")
            value, step = 100 * values[name], 1 if up else -1
            limit = value
            while not clause_truth(each, _row(values, name, limit), _row(baseline)):
                limit += step
            parts.append(_part(value, limit, 100 * baseline[name] if name in baseline else None))
        if parts and parts != [Fraction(-2)]:
            shares[one.sign] = max(min(parts), shares.get(one.sign, Fraction(-2)))
    return shares


def _part(value: int, limit: int, base: int | None) -> Fraction:
    if base is None:
        return NOT_KNOWN
    way = abs(limit - base)
    if way == 0 or (limit > value) != (limit > base):
        return NOT_KNOWN
    return max(Fraction((value - base) * (1 if limit > value else -1), way), Fraction(0))


def _row(values: dict[str, int], name: str = "", value: int = 0) -> list[int]:
    found = [MISSING] * len(Channel)
    for each, number in values.items():
        found[Channel[each.upper()]] = 100 * number
    if name:
        found[Channel[name.upper()]] = value
    return found


@settings(max_examples=examples(60), deadline=None)
@given(
    values=st.fixed_dictionaries({}, optional=ROWS),
    baseline=st.fixed_dictionaries({}, optional=ROWS),
)
def test_how_near_is_what_a_walk_finds(values: dict[str, int], baseline: dict[str, int]) -> None:
    found = nearness(bed(values, baseline), 0)
    assert {one.rule.sign: one.share for one in found.nearest} == twin(values, baseline)
    shares = [one.share for one in found.nearest]
    assert shares == sorted(shares, reverse=True)


def near(values: dict[str, int], baseline: dict[str, int]) -> tuple[Near, ...]:
    return nearness(bed(values, baseline), 0).nearest


def test_a_fall_of_18_of_30() -> None:
    (first, *_) = near({"sbp": 102}, {"sbp": 120})
    assert (first.rule.id, first.gone_centi, first.way_centi) == ("hypotension.2", 1800, 3000)
    assert first.share == Fraction(18, 30)


def test_without_a_baseline_the_distance_stays() -> None:
    (only,) = near({"sbp": 104}, {})
    assert (only.rule.id, only.share, only.clause.margin_centi) == (
        "hypotension.1",
        NOT_KNOWN,
        -1401,
    )


def test_a_baseline_beyond_the_limit_is_no_way() -> None:
    found = {one.rule.id: one for one in near({"sbp": 95}, {"sbp": 85})}
    assert all(one.way_centi != 0 for one in found.values())


def test_what_is_off_says_what_it_lacks() -> None:
    found = nearness(bed({"sbp": 120}, {}), 0)
    lacks = {one.rule.id: one.lacks for one in found.off}
    assert lacks == {
        "hypotension.2": ((Channel.SBP, "baseline"),),
        "hypertension.2": ((Channel.SBP, "baseline"),),
        "tachycardia.2": ((Channel.HR, "value"), (Channel.HR, "baseline")),
    }


def test_an_old_value_is_named_as_old() -> None:
    made = bed({"sbp": 120}, {"sbp": 120})
    told(made, message(3 * 3600, hr=80))
    assert {one.lacks[0] for one in nearness(made, 0).off if "tension" in one.rule.sign} == {
        (Channel.SBP, "too-old")
    }


def test_an_age_that_is_needed_and_not_known() -> None:
    aged = replace(clause("hr", "level", ">", 200), per_year_centi=-100)
    made = detection(params(book=book(rule("tachycardia", 2, aged))))
    told(made, message(0, hr=80))
    (off,) = nearness(made, 0).off
    assert [kind for _, kind in off.lacks] == ["age"]


def test_a_rule_that_holds_and_one_that_only_stands_in_are_left_out() -> None:
    stand_in = replace(
        rule("hypotension", 1, clause("sbp", "level", "<", 100)), unless_baseline=True
    )
    made = detection(params(book=book(stand_in)), baseline={"sbp": 120})
    told(made, message(0, sbp=110))
    assert nearness(made, 0).nearest == ()
    assert [one.rule.sign for one in near({"sbp": 80}, {"sbp": 120})] == ["hypertension"]


@pytest.mark.parametrize("row", [0, 1])
def test_beds_do_not_mix(row: int) -> None:
    made = detection(params(book=SMALL_BOOK), n_beds=2, baseline={"sbp": 120})
    told(made, message(0, row, sbp=100))
    before = made.value_centi.copy()
    assert nearness(made, row).nearest
    assert not nearness(made, 1 - row).nearest
    assert np.array_equal(before, made.value_centi)
