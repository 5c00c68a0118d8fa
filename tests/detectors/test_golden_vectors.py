"""Published definitions decide about the same person as their texts say, and so does our book."""

import tomllib
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pytest
from builders import GOLDEN, book, clause, rows, rule, shipped

from detectors.channels import N_CHANNELS
from detectors.rulebook import Rule, RuleBook, forms, judged, stand_in_channels, standing_in

LOW_PRESSURE: Final = {
    "wao": (
        rule("low", 1, clause("sbp", "level", "<", 90)),
        rule("low", 1, clause("sbp", "fall_percent", ">", 30)),
    ),
    "brown": (rule("low", 1, clause("sbp", "level", "<", 90)),),
    "nhsn": (rule("low", 1, clause("sbp", "fall", ">=", 30), clause("sbp", "level", "<=", 80)),),
    "ash": (
        rule("low", 1, clause("sbp", "fall", ">=", 30)),
        rule("low", 1, clause("sbp", "level", "<=", 90)),
    ),
    "g20": (
        rule("low", 1, clause("sbp", "fall", ">", 20)),
        rule("low", 1, clause("sbp", "level", "<", 90)),
    ),
}
FEVER: Final = {
    "nhsn": (rule("fever", 1, clause("temp", "level", ">=", 38), clause("temp", "rise", ">=", 1)),),
    "australia": (
        rule("fever", 1, clause("temp", "level", ">=", 38)),
        rule("fever", 1, clause("temp", "rise", ">=", 1)),
    ),
}


def vectors(name: str) -> list[dict[str, Any]]:
    text = (GOLDEN / f"{name}_vectors.toml").read_text(encoding="utf-8")
    found: list[dict[str, Any]] = tomllib.loads(text, parse_float=Decimal)["vector"]
    return found


HYPOTENSION: Final = vectors("hypotension")
TEMPERATURES: Final = vectors("fever")


def grade(given: RuleBook, sign: str, now: dict[str, Any], base: dict[str, Any]) -> int:
    """Return the highest grade of a sign by a book."""
    table = forms(given, np.zeros(N_CHANNELS, np.int32))
    found = judged(table, rows(now), rows(base))
    holds = standing_in(stand_in_channels(given), found, rows(base)).holds[0]
    return max(
        (
            one.grade
            for one, held in zip(given.rules, holds, strict=True)
            if held and one.sign == sign
        ),
        default=0,
    )


def met(definitions: dict[str, tuple[Rule, ...]], sign: str, *bed: dict[str, Any]) -> list[str]:
    return [name for name, rules in definitions.items() if grade(book(*rules), sign, *bed)]


def test_all_published_vectors_are_here() -> None:
    assert [one["number"] for one in HYPOTENSION] == list(range(1, 14))
    assert len(TEMPERATURES) == 9


@pytest.mark.parametrize("one", HYPOTENSION, ids=lambda one: str(one["number"]))
def test_low_pressure_by_five_definitions(one: dict[str, Any]) -> None:
    assert met(LOW_PRESSURE, "low", one["now"], one["base"]) == one["meets"]


@pytest.mark.parametrize("one", HYPOTENSION, ids=lambda one: str(one["number"]))
def test_pressures_by_the_active_book(one: dict[str, Any]) -> None:
    sign = one.get("sign", "hypotension")
    assert grade(shipped().book, sign, one["now"], one["base"]) == one["infusion"]
    other = {"hypotension": "hypertension", "hypertension": "hypotension"}[sign]
    assert grade(shipped().book, other, one["now"], one["base"]) == 0


@pytest.mark.parametrize("one", TEMPERATURES, ids=lambda one: f"{one['base']}-{one['now']}")
def test_fever_by_two_definitions_and_the_active_book(one: dict[str, Any]) -> None:
    now, base = {"temp": one["now"]}, {"temp": one["base"]}
    assert met(FEVER, "fever", now, base) == one["meets"]
    assert grade(shipped().book, "fever", now, base) == one["infusion"]
