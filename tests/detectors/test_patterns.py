"""Which rows of signs hold, how far they lift the grade, and which of them gives its name."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from arrays import Array, Draw, n_beds, pick
from builders import T0_MS, pattern, shipped
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.plain_pictures import Facts, PlainMemory, PlainPictures
from detectors.channels import NEVER
from detectors.context import N_FLAGS, ContextFlag
from detectors.parameters import DetectionParams
from detectors.patterns import (
    DANGEROUS_FLOOR,
    NO_PATTERN,
    Matches,
    PatternRow,
    foremost_rows,
    is_contested,
    leading_row,
    lifted_grade,
    matched_rows,
    pattern_table,
)

SIGNS = ("low", "slow", "skin")
AGES = (0, 1, 119_999, 120_000, 120_001, 1_799_999, 1_800_000, 1_800_001, 10**12)

pairs = st.dictionaries(st.sampled_from(SIGNS), st.integers(1, 4), max_size=3).map(
    lambda wanted: tuple(wanted.items())
)
pattern_rows = st.builds(
    PatternRow,
    name=st.sampled_from(["one", "two"]),
    every=pairs,
    some=pairs,
    none=pairs,
    floor=st.integers(0, 4),
    lasting_ms=st.sampled_from([0, 1, 120_000]),
    after_rate_step_ms=st.sampled_from([0, 1, 1_800_000]),
    flags=st.sampled_from([(), (ContextFlag.IRON,)]),
    fallback=st.booleans(),
    source=st.just(()),
).filter(lambda row: bool(row.every or row.some))


class Recalled(PlainMemory):
    """A memory in which each sign was at a grade, and not more, a moment ago."""

    grades: list[int]

    def recent(self, sign: int, at_ms: int, memory_ms: int) -> int:
        """Return what was told."""
        del at_ms, memory_ms
        return self.grades[sign]


def drawn_beds(draw: Draw, n_signs: int) -> dict[str, Array]:
    n = draw(n_beds)
    at_ms = np.full(n, T0_MS, np.int64) + pick(draw, np.int64, (n,), 0, 1, 10**9)
    ages = pick(draw, np.int64, (n, n_signs), -1, *AGES)
    step_ages = pick(draw, np.int64, (n,), -1, *AGES)
    grade = pick(draw, np.int8, (n, n_signs), 0, 1, 2, 3, 4)
    return {
        "grade": grade,
        "recent": np.maximum(grade, pick(draw, np.int8, (n, n_signs), 0, 1, 2, 3, 4)),
        "since_ms": np.where(ages < 0, NEVER, at_ms[:, None] - ages),
        "rate_step_ms": np.where(step_ages < 0, NEVER, at_ms - step_ages),
        "context": pick(draw, np.bool_, (n, N_FLAGS), 0, 1),
        "at_ms": at_ms,
    }


def known(time_ms: int) -> int | None:
    return None if time_ms == NEVER else time_ms


def assert_as_twin(params: DetectionParams, beds: dict[str, Array]) -> None:
    rows, signs = params.patterns, params.signs
    got = matched_rows(pattern_table(rows, signs), **beds)
    twin = PlainPictures(params)
    for bed in range(len(beds["at_ms"])):
        memory = Recalled(len(signs))
        memory.grades = beds["recent"][bed].tolist()
        facts = Facts(
            grades=beds["grade"][bed].tolist(),
            since_ms=[known(one) for one in beds["since_ms"][bed].tolist()],
            at_ms=int(beds["at_ms"][bed]),
            step_ms=known(int(beds["rate_step_ms"][bed])),
            cut_ms=None,
            flags=beds["context"][bed].tolist(),
            value=[],
            base=[],
            age_centi=None,
            recent=[],
        )
        lifts = [twin.lifts(memory, facts, row) for row in rows]
        barred = [twin.barred(memory, facts, row) for row in rows]
        assert got.lifts[bed].tolist() == lifts
        assert got.named[bed].tolist() == [
            up and not out for up, out in zip(lifts, barred, strict=True)
        ]


def with_rows(rows: tuple[PatternRow, ...]) -> DetectionParams:
    return replace(shipped(), patterns=rows, signs=SIGNS, clues=())


@given(rows=st.lists(pattern_rows, max_size=5).map(tuple), data=st.data())
def test_any_table_matches_as_its_twin(rows: tuple[PatternRow, ...], data: st.DataObject) -> None:
    assert_as_twin(with_rows(rows), drawn_beds(data.draw, len(SIGNS)))


@given(data=st.data())
def test_the_shipped_table_matches_as_its_twin(data: st.DataObject) -> None:
    params = shipped()
    assert_as_twin(params, drawn_beds(data.draw, len(params.signs)))


@given(rows=st.lists(pattern_rows, min_size=1, max_size=5).map(tuple), data=st.data())
def test_a_worse_sign_never_lowers_the_lifted_grade(
    rows: tuple[PatternRow, ...], data: st.DataObject
) -> None:
    table = pattern_table(rows, SIGNS)
    beds = drawn_beds(data.draw, len(SIGNS))
    worse = np.minimum(4, beds["grade"] + pick(data.draw, np.int8, beds["grade"].shape, 0, 1, 2))
    worse_beds = {**beds, "grade": worse, "recent": np.maximum(beds["recent"], worse)}
    before = lifted_grade(table, matched_rows(table, **beds))
    assert (lifted_grade(table, matched_rows(table, **worse_beds)) >= before).all()


def leads(rows: tuple[PatternRow, ...], weight: list[int], before: int = NO_PATTERN) -> int:
    """Return which of some rows that all hold leads."""
    table = pattern_table(rows, SIGNS)
    everything = np.ones((1, len(rows)), np.bool_)
    return int(
        leading_row(
            table,
            foremost_rows(table, Matches(lifts=everything, named=everything)),
            np.array([weight], np.int32),
            np.array([before], np.int32),
            500,
        )[0]
    )


def row(name: str, floor: int = 1, **more: Any) -> PatternRow:  # noqa: ANN401 - fields differ
    return pattern(name, every=(("low", 1),), floor=floor, **more)


def test_among_equals_the_best_supported_leads() -> None:
    assert leads((row("a"), row("b")), [1000, 2000]) == 1


def test_among_equals_without_evidence_the_first_leads() -> None:
    assert leads((row("a"), row("b")), [0, 0]) == 0


def test_a_graver_picture_leads_whatever_the_evidence() -> None:
    assert leads((row("a", floor=1), row("b", floor=2)), [40_000, -40_000]) == 1


def test_among_dangerous_pictures_the_evidence_decides() -> None:
    assert leads((row("a", floor=4), row("b", floor=DANGEROUS_FLOOR)), [0, 1]) == 1


def test_a_fallback_leads_only_alone() -> None:
    assert leads((row("a", floor=2, fallback=True), row("b", floor=0)), [40_000, 0]) == 1
    assert leads((row("a", fallback=True),), [0]) == 0


def test_the_name_does_not_flutter() -> None:
    rows = row("a"), row("b")
    assert leads(rows, [1000, 1499], before=0) == 0
    assert leads(rows, [1000, 1501], before=0) == 1
    assert leads(rows, [1000, 1499], before=NO_PATTERN) == 1


def test_a_row_that_names_an_unknown_sign_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"pattern 'picture' names unknown signs \['cold'\]"):
        pattern_table((pattern(every=(("low", 1),), none=(("cold", 1),)),), SIGNS)


def test_a_row_that_asks_for_nothing_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="pattern 'empty' asks for no sign"):
        pattern_table((pattern("empty", none=(("low", 1),)),), SIGNS)


@pytest.mark.parametrize("least", [0, 5])
def test_a_row_that_asks_for_a_grade_that_no_sign_has_is_refused(least: int) -> None:
    with pytest.raises(ValueError, match=f"pattern 'picture' asks for 'low' at grade {least}"):
        pattern_table((pattern(every=(("low", least),)),), SIGNS)


def test_a_table_without_rows_leads_nowhere() -> None:
    table = pattern_table((), SIGNS)
    matches = matched_rows(
        table,
        np.ones((2, 3), np.int8),
        np.ones((2, 3), np.int8),
        np.zeros((2, 3), np.int64),
        np.zeros(2, np.int64),
        np.zeros((2, N_FLAGS), np.bool_),
        np.zeros(2, np.int64),
    )
    assert matches.named.shape == (2, 0)
    assert lifted_grade(table, matches).tolist() == [0, 0]
    foremost = foremost_rows(table, matches)
    assert is_contested(table, foremost).tolist() == [False, False]
    led = leading_row(
        table, foremost, np.zeros((2, 0), np.int32), np.full(2, NO_PATTERN, np.int32), 0
    )
    assert led.tolist() == [NO_PATTERN, NO_PATTERN]


@given(rows=st.lists(pattern_rows, min_size=1, max_size=5).map(tuple), data=st.data())
def test_where_no_other_picture_is_as_grave_evidence_changes_nothing(
    rows: tuple[PatternRow, ...], data: st.DataObject
) -> None:
    table, n = pattern_table(rows, SIGNS), 3
    named = pick(data.draw, np.bool_, (n, len(rows)), 0, 1)
    foremost = foremost_rows(table, Matches(lifts=named, named=named))
    weight = pick(data.draw, np.int32, (n, len(table.names)), -90_000, 0, 500, 90_000)
    before = pick(data.draw, np.int32, (n,), NO_PATTERN, 0)
    contested = is_contested(table, foremost)
    asked = np.where(contested[:, None], weight, 0).astype(np.int32)
    led = leading_row(table, foremost, weight, before, 500)
    assert leading_row(table, foremost, asked, before, 500).tolist() == led.tolist()
    for bed in range(n):
        names = {rows[i].name for i in np.flatnonzero(foremost[bed])}
        assert contested[bed] == (len(names) > 1)
