"""Rates: golden values of the labels, exact rounding, and every way of saying "cannot say"."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.care.products import (
    RATE_STEP_CENTI,
    REFUSAL_WORDS,
    Product,
    RateTable,
    centi_mg_per_kg_min,
    half_rate,
    next_lower_rate,
    next_step_up,
    rate_findings,
    rate_for,
    rate_text,
    slower_rate,
)
from monitor.settings.settings import load_settings

CONFIG = Path(__file__).resolve().parents[2] / "config"
MINUTE_MS = 60_000


@cache
def products() -> dict[str, Product]:
    return {product.key: product for product in load_settings(CONFIG).ward.products}


def rates(key: str) -> RateTable:
    table = products()[key].rates
    assert table is not None
    return table


weights = st.integers(200, 30_000)
running = st.integers(1, 300_000)
stepped = st.sampled_from(
    ["octagam-10-itp", "bivigam-10-pi", "gammaplex-10-pi", "ivig-10-rch"]
).map(rates)


@pytest.mark.parametrize(
    ("key", "first", "last"),
    [
        ("gammagard-10-pi", 83, 833),
        ("gammagard-10-neuro", 83, 900),
        ("privigen-10-pi", 50, 800),
        ("privigen-10-itp", 50, 400),
        ("gamunex-c-10-pi", 100, 800),
        ("gamunex-c-10-cidp", 200, 800),
        ("octagam-10-itp", 100, 1200),
        ("octagam-10-dm", 100, 400),
        ("bivigam-10-pi", 50, 600),
        ("flebogamma-dif-10", 100, 800),
        ("panzyga-10-pi", 100, 1400),
        ("panzyga-10-itp", 100, 800),
        ("panzyga-10-cidp", 100, 1200),
        ("asceniv-10-pi", 50, 800),
        ("gammaplex-10-pi", 50, 800),
        ("flebogamma-5", 50, 500),
        ("gammaplex-5", 50, 400),
    ],
)
def test_label_rates_in_mg_per_kg_min(key: str, first: int, last: int) -> None:
    table, concentration = rates(key), products()[key].concentration_mg_per_ml
    assert concentration is not None
    # At 100 kg, hundredths of mL/kg/h times 100 are hundredths of mL/h.
    assert (
        centi_mg_per_kg_min(table.initial_centi_ml_per_kg_h * 100, concentration, 10_000) == first
    )
    assert centi_mg_per_kg_min(table.maximum_centi_ml_per_kg_h * 100, concentration, 10_000) == last


@pytest.mark.parametrize(
    ("key", "steps"),
    [
        ("octagam-10-itp", (60, 120, 240, 480, 720)),
        ("gammaplex-10-pi", (30, 60, 120, 240, 360, 480)),
        ("ivig-10-rch", (60, 120, 240, 360, 480)),
        ("bivigam-10-pi", (30, 78, 126, 174, 222, 270, 318, 360)),
        ("gammagard-10-pi", ()),
        ("privigen-10-pi", ()),
    ],
)
def test_steps_stand_only_where_the_source_gives_them(key: str, steps: tuple[int, ...]) -> None:
    assert rates(key).steps_centi_ml_per_kg_h == steps


def test_five_percent_at_the_same_rate_is_half_the_dose() -> None:
    assert centi_mg_per_kg_min(4800, 100, 1000) == 2 * centi_mg_per_kg_min(4800, 50, 1000) == 800


def test_product_without_a_rate_table_says_why() -> None:
    antibodies = ("rituximab", "ocrelizumab", "natalizumab", "alemtuzumab", "infliximab")
    for key in ("yimmugo-10", *antibodies, "iron-iv"):
        assert products()[key].rates is None
        assert products()[key].rates_absent


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (33_600, 25_200),  # 4.8 -> 3.6 mL/kg/h at 70 kg
        (25_200, 16_800),
        (16_800, 8400),
        (8400, 4200),
        (20_000, 16_800),  # between two steps: the step below
        (17_000, 8400),  # a pump that shows 170 for 168 runs at that step
        (99_900, 24_000 + 9600),  # far above the table: its highest step
    ],
)
def test_next_lower_rate_at_70_kg(rate: int, expected: int) -> None:
    table = replace(rates("ivig-10-rch"), absolute_maximum_centi_ml_per_h=None)
    decision = next_lower_rate(table, 7000, rate)
    assert decision.rate_centi_ml_per_h == expected
    assert decision.refusal is None
    assert decision.words == rate_text(expected)


def test_absolute_maximum_caps_every_step() -> None:
    table = rates("ivig-10-rch")
    assert rate_for(table, 7000, 480) == 24_000
    assert next_lower_rate(table, 7000, 30_000).rate_centi_ml_per_h == 24_000
    assert next_lower_rate(table, 7000, 24_000).rate_centi_ml_per_h == 16_800


@pytest.mark.parametrize(
    ("table_of", "weight", "rate", "refusal"),
    [
        ("ivig-10-rch", None, 10_000, "no-weight"),
        ("ivig-10-rch", 150, 10_000, "weight-out-of-range"),
        ("ivig-10-rch", 70_000, 10_000, "weight-out-of-range"),
        ("ivig-10-rch", 7000, None, "no-rate"),
        ("ivig-10-rch", 7000, 0, "no-rate"),
        ("ivig-10-rch", 7000, 4200, "lowest"),
        ("ivig-10-rch", 7000, 1000, "lowest"),
        ("privigen-10-pi", 7000, 10_000, "no-steps"),
        ("yimmugo-10", 7000, 10_000, "no-table"),
    ],
)
def test_next_lower_rate_says_why_not(
    table_of: str, weight: int | None, rate: int | None, refusal: str
) -> None:
    decision = next_lower_rate(products()[table_of].rates, weight, rate)
    assert (decision.rate_centi_ml_per_h, decision.refusal) == (None, refusal)
    assert decision.words == REFUSAL_WORDS[decision.refusal or "no-table"]


def test_slower_rate_prefers_the_step_and_else_halves() -> None:
    assert slower_rate(products()["ivig-10-rch"], 7000, 16_800).rate_centi_ml_per_h == 8400
    halved = slower_rate(products()["privigen-10-pi"], 7000, 16_850)
    assert halved.rate_centi_ml_per_h == 8420
    assert halved.words == (
        "84.2 mL/h (half of the running rate; "
        "the label names no steps between first and highest rate)"
    )
    assert slower_rate(None, None, 10_000).rate_centi_ml_per_h == 5000
    assert slower_rate(products()["ivig-10-rch"], 7000, 4200).refusal == "lowest"
    assert slower_rate(None, None, None).refusal == "no-rate"


def test_half_rate_is_rounded_down_and_never_zero() -> None:
    assert half_rate(4330).rate_centi_ml_per_h == 2160
    assert half_rate(10).refusal == "lowest"
    assert half_rate(None).refusal == half_rate(0).refusal == "no-rate"


def test_rate_text_never_rounds_up() -> None:
    assert rate_text(33_609) == "336.0 mL/h"
    assert rate_text(99) == "0.9 mL/h"


def test_next_step_up_waits_for_the_label() -> None:
    table = rates("bivigam-10-pi")
    first = next_step_up(table, 7000, 2100, 4 * MINUTE_MS)
    assert (first.rate_centi_ml_per_h, first.due_in_ms) == (5460, 6 * MINUTE_MS)
    later = next_step_up(table, 7000, 5460, 4 * MINUTE_MS)
    assert (later.rate_centi_ml_per_h, later.due_in_ms) == (8820, 16 * MINUTE_MS)
    assert next_step_up(table, 7000, 5460, 60 * MINUTE_MS).due_in_ms == 0
    assert next_step_up(table, 7000, 25_200, 0).refusal == "highest"
    assert next_step_up(table, None, 2100, 0).refusal == "no-weight"
    assert next_step_up(None, 7000, 2100, 0).refusal == "no-table"


def test_maximum_is_inside_and_a_hundredth_more_is_outside() -> None:
    table = rates("octagam-10-dm")
    assert rate_findings(table, 7000, 16_800, at_risk=False) == ()
    (found,) = rate_findings(table, 7000, 16_801, at_risk=False)
    assert (found.fault, found.limit_centi_ml_per_h) == ("above-maximum", 16_800)
    assert "2.4 mL/kg/h is 168.0 mL/h" in found.words


def test_risk_cap_holds_only_for_patients_at_risk() -> None:
    table = rates("octagam-10-itp")
    assert rate_findings(table, 7000, 15_000, at_risk=False) == ()
    (found,) = rate_findings(table, 7000, 15_000, at_risk=True)
    assert (found.fault, found.limit_centi_ml_per_h) == ("above-risk-cap", 13_860)


def test_absolute_maximum_needs_no_weight() -> None:
    table = rates("ivig-10-rch")
    (found,) = rate_findings(table, None, 24_001, at_risk=False)
    assert found.fault == "above-absolute-maximum"
    faults = [one.fault for one in rate_findings(table, 4000, 24_001, at_risk=False)]
    assert faults == ["above-absolute-maximum", "above-maximum"]


def test_weight_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="weight must be above 0 kg, got 0"):
        centi_mg_per_kg_min(1000, 100, 0)


@given(table=stepped, weight=weights, rate=running)
def test_slowing_is_always_slower_and_on_the_table(
    table: RateTable, weight: int, rate: int
) -> None:
    decision = next_lower_rate(table, weight, rate)
    if decision.rate_centi_ml_per_h is None:
        assert decision.refusal == "lowest"
        return
    assert 0 < decision.rate_centi_ml_per_h < rate
    assert decision.rate_centi_ml_per_h % RATE_STEP_CENTI == 0
    assert rate_findings(table, weight, decision.rate_centi_ml_per_h, at_risk=False) == ()


@given(table=stepped, weight=weights, rate=running)
def test_slowing_again_and_again_ends_at_the_lowest_step(
    table: RateTable, weight: int, rate: int
) -> None:
    now: int | None = rate
    for _ in range(len(table.steps_centi_ml_per_kg_h) + 1):
        decision = next_lower_rate(table, weight, now)
        if decision.rate_centi_ml_per_h is None:
            break
        now = decision.rate_centi_ml_per_h
    assert decision.refusal == "lowest"


@given(table=stepped, light=weights, more=st.integers(0, 10_000), step=st.integers(0, 7))
def test_heavier_is_never_slower_at_the_same_step(
    table: RateTable, light: int, more: int, step: int
) -> None:
    rate = table.steps_centi_ml_per_kg_h[step % len(table.steps_centi_ml_per_kg_h)]
    assert rate_for(table, light, rate) <= rate_for(table, light + more, rate)


@given(rate=running)
def test_half_is_at_most_half(rate: int) -> None:
    half = half_rate(rate).rate_centi_ml_per_h
    assert half is None or 0 < 2 * half <= rate


@given(table=stepped, weight=weights, rate=running, waited=st.integers(0, 10**7))
def test_step_up_is_faster_and_within_the_table(
    table: RateTable, weight: int, rate: int, waited: int
) -> None:
    up = next_step_up(table, weight, rate, waited)
    if up.rate_centi_ml_per_h is None:
        assert up.refusal == "highest"
        return
    assert up.rate_centi_ml_per_h > rate
    assert up.due_in_ms is not None
    assert up.due_in_ms >= 0
    assert rate_findings(table, weight, up.rate_centi_ml_per_h, at_risk=False) == ()
