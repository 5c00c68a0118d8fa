"""Whether a step worked: exact grades, newest values, and never better for want of a value."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.care.responses import HELPED, VERDICTS, Look, Verdict, response
from monitor.facts.effects import Because

TAKEN_MS: Final = 60_000


def row(
    sign: str = "hypotension",
    grade: int = 2,
    *,
    value: int = 8400,
    at_ms: int | None = 70_000,
    channel: str = "sbp",
    rule: str = "",
) -> Because:
    return Because(
        rule=rule or f"{sign}.{grade}",
        sign=sign,
        grade=grade,
        words="",
        source=("x",),
        channel=channel,
        value_centi=value if channel else None,
        measured_ms=at_ms,
        unit="mmHg",
    )


def look(at_ms: int, signs: dict[str, int], *rows: Because) -> Look:
    return Look(at_ms=at_ms, signs=tuple(signs.items()), rows=rows)


BEFORE: Final = look(TAKEN_MS, {"hypotension": 2, "tachycardia": 2}, row(value=8450))
"""What the step was taken for."""


@pytest.mark.parametrize(
    ("signs", "rows", "verdict"),
    [
        ({}, (), "recovered"),
        ({"hypotension": 3}, (row(grade=3),), "worse"),
        ({"hypotension": 3}, (row(grade=3, at_ms=0),), "worse"),
        ({"hypoxia": 1}, (row("hypoxia", 1, channel="spo2"),), "worse"),
        ({"hypotension": 2, "tachycardia": 2}, (row(),), "unchanged"),
        ({"hypotension": 1, "tachycardia": 2}, (row(grade=1),), "improved"),
        ({"hypotension": 2}, (row(),), "improved"),
        ({"hypotension": 2}, (row(at_ms=TAKEN_MS),), "not-measured"),
        ({"hypotension": 2}, (row(at_ms=TAKEN_MS + 1),), "improved"),
        (
            {"hypotension": 2, "tachycardia": 2},
            (row(channel="", rule="clearing.hypotension"),),
            "improved",
        ),
    ],
)
def test_every_verdict(signs: dict[str, int], rows: tuple[Because, ...], verdict: Verdict) -> None:
    found = response(BEFORE, look(180_000, signs, *rows))
    assert found.verdict == verdict
    assert found.at_ms == 180_000


def test_the_words_hold_the_grades_and_the_values() -> None:
    found = response(BEFORE, look(180_000, {"hypotension": 1}, row(grade=1, value=9605)))
    assert (
        found.words
        == "hypotension: grade 2 -> grade 1 (SBP 84.5 -> 96.05); tachycardia: grade 2 -> gone"
    )
    new = response(look(0, {}), look(1, {"rash": 1}))
    assert new.words == "rash: grade 0 -> grade 1"
    easing = response(
        BEFORE, look(9, {"hypotension": 2}, row(channel="", rule="clearing.hypotension"))
    )
    assert "hypotension: grade 2 -> grade 2, easing" in easing.words


def test_a_symptom_that_nobody_took_back_is_there_still() -> None:
    charted = look(0, {"skin": 1}, row("skin", 1, channel="", at_ms=0))
    assert response(charted, look(90_000, {"skin": 1}, *charted.rows)).verdict == "unchanged"


GRADES = st.dictionaries(st.sampled_from(("a", "b", "c")), st.integers(1, 4))


@given(before=GRADES, now=GRADES, measured=st.booleans())
def test_the_verdict_is_that_of_the_slow_twin(
    before: dict[str, int], now: dict[str, int], *, measured: bool
) -> None:
    at_ms = TAKEN_MS + 1 if measured else TAKEN_MS
    rows = tuple(row(sign, grade, at_ms=at_ms) for sign, grade in now.items())
    found = response(look(TAKEN_MS, before), look(180_000, now, *rows)).verdict
    assert found in VERDICTS
    worse = [sign for sign in now if now[sign] > before.get(sign, 0)]
    better = [sign for sign in before if now.get(sign, 0) < before[sign]]
    if not now:
        assert found == "recovered"
    elif worse:
        assert found == "worse"
    elif not measured:
        assert found == "not-measured"
    else:
        assert found == ("improved" if better else "unchanged")
    assert (found in HELPED) == (not now or (not worse and measured and bool(better)))
