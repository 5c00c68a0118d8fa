"""Whether an infusion runs as its label has it: every fault, every limit, and the next step up."""

from dataclasses import replace
from typing import Any, Final, get_args

import pytest
from builders import ward_settings
from ward_builders import Play, alerts, infusing, opened, pump, session, symptom, well

from monitor.care.products import Product, RateTable
from monitor.care.rates import PRIORITY, RunFault, Running, run_findings, step_findings, step_up

MIN_MS: Final = 60_000


def product(key: str) -> Product:
    found = ward_settings().product(key)
    assert found is not None
    return found


GAMMAPLEX: Final = product("gammaplex-10-pi")
"""Steps of 0.3, 0.6, 1.2, 2.4, 3.6 and 4.8 mL/kg/h, every 15 min."""
OCTAGAM: Final = product("octagam-10-itp")
"""Cap of 1.98 mL/kg/h at risk."""
RCH: Final = product("ivig-10-rch")
"""At most 240 mL/h."""
BIVIGAM: Final = product("bivigam-10-pi")
"""First rate for 10 min, then every 20 min."""


def running(**changed: Any) -> Running:  # noqa: ANN401 - fields differ
    usual: dict[str, Any] = {
        "product": GAMMAPLEX, "weight_centi_kg": 7000, "rate_centi_ml_per_h": 16_800,
    }  # fmt: skip
    return Running(**{**usual, **changed})


@pytest.mark.parametrize(
    ("changed", "faults"),
    [
        ({}, []),
        ({"rate_centi_ml_per_h": 33_600}, []),
        ({"rate_centi_ml_per_h": 33_601}, ["above-maximum"]),
        ({"rate_centi_ml_per_h": 33_601, "weight_centi_kg": None}, []),
        ({"product": RCH, "rate_centi_ml_per_h": 24_000}, []),
        ({"product": RCH, "rate_centi_ml_per_h": 24_001}, ["above-absolute-maximum"]),
        ({"product": OCTAGAM, "rate_centi_ml_per_h": 14_000}, []),
        ({"product": OCTAGAM, "rate_centi_ml_per_h": 14_000, "at_risk": True}, ["above-risk-cap"]),
        ({"product": OCTAGAM, "rate_centi_ml_per_h": 13_860, "at_risk": True}, []),
        ({"history_cap_centi_ml_per_h": 16_800}, []),
        ({"history_cap_centi_ml_per_h": 16_799}, ["above-history-cap"]),
        ({"concentration_centi_mg_per_ml": 10_000}, []),
        ({"concentration_centi_mg_per_ml": 5000}, ["wrong-concentration"]),
        ({"drug": GAMMAPLEX}, []),
        ({"drug": OCTAGAM}, ["wrong-product"]),
        ({"drug": OCTAGAM, "rate_centi_ml_per_h": None}, ["wrong-product"]),
        ({"product": None, "drug": OCTAGAM, "rate_centi_ml_per_h": 99_999}, []),
        ({"product": product("other"), "rate_centi_ml_per_h": 99_999}, []),
        ({"rate_centi_ml_per_h": 0, "history_cap_centi_ml_per_h": 1}, []),
    ],
)
def test_what_is_not_as_the_label_has_it(changed: dict[str, Any], faults: list[str]) -> None:
    assert [one.fault for one in run_findings(running(**changed))] == faults


def test_a_finding_says_the_rate_and_the_limit() -> None:
    (found,) = run_findings(running(rate_centi_ml_per_h=35_000))
    assert found.words == (
        "350.0 mL/h is above the highest rate of the table: 4.8 mL/kg/h is 336.0 mL/h"
    )
    (found,) = run_findings(running(drug=product("gammaplex-5")))
    assert found.words == (
        "the pump says gammaplex-5, the session gammaplex-10-pi: 50 mg/mL instead of 100 mg/mL"
    )


@pytest.mark.parametrize(
    ("table", "before", "rate", "lasted_min", "faults"),
    [
        (GAMMAPLEX.rates, 2100, 4200, 15, []),
        (GAMMAPLEX.rates, 2100, 4200, 14, ["step-too-early"]),
        (GAMMAPLEX.rates, 2100, 8400, 15, ["step-skipped"]),
        (GAMMAPLEX.rates, 2100, 8400, 1, ["step-too-early", "step-skipped"]),
        (GAMMAPLEX.rates, 4200, 2100, 1, []),
        (GAMMAPLEX.rates, 4200, 4200, 1, []),
        (GAMMAPLEX.rates, None, 4200, 1, []),
        (GAMMAPLEX.rates, 0, 4200, 1, []),
        (GAMMAPLEX.rates, 4200, None, 1, []),
        (None, 2100, 4200, 1, []),
        (BIVIGAM.rates, 2100, 5460, 10, []),
        (BIVIGAM.rates, 2100, 5460, 9, ["step-too-early"]),
        (BIVIGAM.rates, 5460, 8820, 19, ["step-too-early"]),
        (BIVIGAM.rates, 5460, 8820, 20, []),
        (product("privigen-10-pi").rates, 2100, 9999, 0, []),
        (product("asceniv-10-pi").rates, 2100, 9999, 14, ["step-too-early"]),
    ],
)
def test_a_step_up_that_is_too_early_or_skips_one(
    table: RateTable | None,
    before: int | None,
    rate: int | None,
    lasted_min: int,
    faults: list[str],
) -> None:
    found = step_findings(
        table,
        7000,
        before_centi_ml_per_h=before,
        rate_centi_ml_per_h=rate,
        before_since_ms=0,
        at_ms=lasted_min * MIN_MS,
    )
    assert [one.fault for one in found] == faults


def test_without_a_weight_the_time_between_steps_holds_for_every_step() -> None:
    def found(at_min: int) -> list[str]:
        step = step_findings(
            BIVIGAM.rates,
            None,
            before_centi_ml_per_h=2100,
            rate_centi_ml_per_h=5460,
            before_since_ms=0,
            at_ms=at_min * MIN_MS,
        )
        return [one.fault for one in step]

    assert found(19) == ["step-too-early"]
    assert found(20) == []


def test_every_fault_has_a_priority() -> None:
    assert set(PRIORITY) == set(get_args(RunFault))


@pytest.mark.parametrize(
    ("changed", "at_min", "against", "ready", "reasons"),
    [
        ({"rate_centi_ml_per_h": 4200}, 15, (), True, []),
        ({"rate_centi_ml_per_h": 4200}, 14, (), False, ["1 min more at this rate"]),
        ({"rate_centi_ml_per_h": 4200}, 15, ("grade 1",), False, ["grade 1"]),
        ({"rate_centi_ml_per_h": 4200, "history_cap_centi_ml_per_h": 8000}, 15, (), False,
         ["84.0 mL/h is above 80.0 mL/h, proposed after an earlier reaction"]),
        ({"rate_centi_ml_per_h": 33_600}, 15, (), False,
         ["already at the highest rate of the table"]),
        ({"product": product("other")}, 15, (), False,
         ["no sourced rate table for this product: use the prescribed rates"]),
    ],
)  # fmt: skip
def test_the_next_step_up(
    changed: dict[str, Any],
    at_min: int,
    against: tuple[str, ...],
    *,
    ready: bool,
    reasons: list[str],
) -> None:
    view = step_up(
        running(**changed), at_rate_ms=at_min * MIN_MS, now_ms=at_min * MIN_MS, against=against
    )
    assert (view.ready, list(view.reasons)) == (ready, reasons)
    if changed == {"rate_centi_ml_per_h": 4200}:
        assert (view.rate_centi_ml_per_h, view.due_ms) == (8400, 15 * MIN_MS)


def told(play: Play) -> list[tuple[str, str, str]]:
    """Return cause, phase and priority of every change of an advisory about the rate."""
    found = alerts(play.told, "advisory")
    return [(a.cause, a.phase, a.priority) for a in found if a.cause.startswith("rate:")]


def test_a_rate_above_the_table_is_an_advisory_until_it_is_lowered() -> None:
    play = infusing(rate=350)
    assert told(play) == [("rate:above-maximum", "start", "medium")]
    play.take(pump(330, "infusing", 350))
    play.take(pump(360, "infusing", 168))
    assert told(play)[1:] == [("rate:above-maximum", "end", "medium")]


def test_a_stopped_infusion_has_no_rate_to_put_right() -> None:
    play = infusing(rate=350)
    play.take(pump(330, "stopped"))
    assert told(play)[-1] == ("rate:above-maximum", "end", "medium")


def test_a_step_too_early_is_told_until_it_would_have_been_due() -> None:
    play = infusing(rate=21)
    play.take(pump(300 + 600, "infusing", 42))
    assert told(play) == [("rate:step-too-early", "start", "low")]
    play.take(pump(300 + 899, "infusing", 42))
    assert len(told(play)) == 1
    play.take(pump(300 + 900, "infusing", 42))
    assert told(play)[-1] == ("rate:step-too-early", "end", "low")


def test_a_step_in_time_is_nobodys_business() -> None:
    play = infusing(rate=21)
    play.take(pump(300 + 900, "infusing", 42))
    play.take(pump(300 + 1800, "infusing", 84))
    assert told(play) == []


def test_another_concentration_in_the_bag_is_told_at_once() -> None:
    play = opened(concentration_centi_mg_per_ml=5000)
    assert told(play) == [("rate:wrong-concentration", "start", "medium")]


def test_a_pump_that_names_another_product_is_told() -> None:
    play = infusing()
    play.take(replace(pump(310, "infusing", 168), drug="gammaplex-5"))
    assert told(play) == [("rate:wrong-product", "start", "medium")]
    play.take(replace(pump(340, "infusing", 168), drug="saline"))
    assert len(told(play)) == 1
    play.take(replace(pump(370, "infusing", 168), drug="gammaplex-10-pi"))
    assert told(play)[-1] == ("rate:wrong-product", "end", "medium")


def test_a_person_at_risk_has_the_lower_cap() -> None:
    play = infusing(rate=140, product="octagam-10-itp")
    assert told(play) == []
    play = infusing(rate=140, product="octagam-10-itp", at_risk=True)
    assert [cause for cause, _, _ in told(play)] == ["rate:above-risk-cap"]


def test_the_bed_says_when_the_next_step_is_due_and_what_speaks_against_it() -> None:
    play = opened()
    assert play.view().step_up is None
    play = infusing(rate=42)
    play.take(well(300 + 890, temp=36.8))
    play.wait(300 + 900)
    view = play.view().step_up
    assert view is not None
    assert (view.rate_centi_ml_per_h, view.ready, view.reasons) == (8400, True, ())
    play.take(symptom(300 + 910, "headache"))
    view = play.view().step_up
    assert view is not None
    assert not view.ready
    assert view.reasons == ("grade 1",)


def test_vital_signs_that_are_due_speak_against_a_step() -> None:
    play = infusing(rate=42)
    play.wait(300 + 900)
    view = play.view().step_up
    assert view is not None
    assert view.reasons == (
        "the bed is not assessable",
        "vital signs due: 15 min after the start",
    )


def test_an_opening_at_a_closed_bed_forgets_what_the_last_pump_said() -> None:
    play = infusing()
    play.take(replace(pump(310, "infusing", 168), drug="gammaplex-5"))
    play.take(session(400, "close"))
    play.take(session(500, id="S-2"))
    assert told(play)[-1] == ("rate:wrong-product", "end", "medium")
