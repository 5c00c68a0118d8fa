"""Carts and patches whose clocks are wrong: what is promised under each, held by running it.

Four beds: a cart comes to 1 and 2, patches are at 3 and 4; the pressure falls at 2, an
anaphylaxis begins at 3, nothing happens at 1 and 4. What a cart sends was entered by hand, so its
stamps are believed; those of a patch are corrected by what the monitor hears of its clock.
"""

from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path

import pytest

from monitor.facts.effects import AlertChanged, AnyEffect, MessageRejected
from monitor.settings.settings import load_settings
from monitor.ward.ward import Ward
from monitor.wire.messages import decode
from simulators.bedside import ward_messages
from simulators.breakdowns import clock_step
from simulators.chairs import Sent
from simulators.fault_options import fault_option
from simulators.faults import Fault, with_faults
from simulators.recording import STARTED_MS, steps_of
from simulators.scenario import MINUTE_MS, Scenario, planted, reaction_option, ward_scenario
from simulators.strikes import bed_faults, carts_of

CONFIG = Path(__file__).resolve().parents[2] / "config"
STEP_AT_S = 12 * 60
"""The clocks are set wrong so long after the start, before anything happens."""

STEPPED = ("clock-step@cart-01:+12m", "clock-step@3-4:+12m")
SKEWED = ("clock-skew@cart-01", "clock-skew@3-4")


@cache
def ward() -> Scenario:
    reactions = [
        reaction_option(text, beds=4) for text in ("hypotensive@2:+15m", "anaphylaxis@3:+15m")
    ]
    return ward_scenario(
        beds=4,
        reactions=reactions,
        length_s=42 * 60,
        cadence_s=30,
        equipment=("cart@1-2", "patch@3-4"),
    )


@cache
def sent(*texts: str) -> tuple[Sent, ...]:
    """Return what the ward sends under some faults, as they are asked for."""
    options = [fault_option(text, beds=4, carts=carts_of(ward())) for text in texts]
    struck = bed_faults(options, ward(), started_ms=STARTED_MS)
    return tuple(ward_messages(ward(), unit="inf-a", started_ms=STARTED_MS, faults=struck))


def effects_of(messages: Sequence[Sent]) -> tuple[AnyEffect, ...]:
    made = Ward(load_settings(CONFIG).ward, unit="inf-a")
    found: list[AnyEffect] = []
    for step in steps_of(messages, seed=1, started_ms=STARTED_MS, step_ms=15_000):
        inputs = [decode(raw, position=place) for place, raw in enumerate(step.messages)]
        found += made.take(step.now_ms, inputs)
    return tuple(found)


@cache
def told(*texts: str) -> tuple[AnyEffect, ...]:
    return effects_of(sent(*texts))


def of_bed(bed: str, effects: Sequence[AnyEffect]) -> list[AlertChanged]:
    return [
        one
        for one in effects
        if isinstance(one, AlertChanged) and one.bed == bed and one.phase != "end"
    ]


def found_min(bed: str, effects: Sequence[AnyEffect]) -> float:
    """Return after how many minutes somebody was called for the reaction at a bed."""
    onset_ms = {one.bed: STARTED_MS + one.onset_ms for one in planted(ward())}[bed]
    called = [one for one in of_bed(bed, effects) if one.kind == "physiological" and one.grade >= 2]
    return (called[0].at_ms - onset_ms) / MINUTE_MS if called else float("inf")


def stepped_ms(bed: int) -> int:
    plan = ward().beds[bed - 1]
    return STARTED_MS + (plan.opens_s + plan.start_s + STEP_AT_S) * 1000


def sets_after(at_ms: int, messages: Sequence[Sent]) -> list[Sent]:
    return [one for one in messages if one.device == "cart-01" and one.topic.endswith("/obs")
            and one.at_ms > at_ms]  # fmt: skip


@pytest.mark.parametrize("bed", ["02", "03"])
def test_three_minutes_behind_a_reaction_is_found_as_well(bed: str) -> None:
    assert found_min(bed, told()) < 12
    assert found_min(bed, told(*SKEWED)) <= found_min(bed, told()) + 1


@pytest.mark.parametrize("texts", [(), SKEWED, STEPPED])
def test_a_wrong_clock_calls_nobody_to_a_quiet_bed(texts: tuple[str, ...]) -> None:
    assert found_min_of_nothing("01", texts) == found_min_of_nothing("04", texts) == []


def found_min_of_nothing(bed: str, texts: tuple[str, ...]) -> list[AlertChanged]:
    return [
        one for one in of_bed(bed, told(*texts)) if one.kind == "physiological" and one.grade > 1
    ]


@pytest.mark.parametrize("bed", [3, 4])
def test_a_patch_that_is_set_forward_is_told_within_two_minutes(bed: int) -> None:
    before = {one.id for one in of_bed(f"{bed:02d}", told())}
    alerts = [one for one in of_bed(f"{bed:02d}", told(*STEPPED)) if one.id not in before]
    after_ms = alerts[0].at_ms - stepped_ms(bed)

    assert alerts[0].kind == "technical"
    assert 0 <= after_ms <= 2 * MINUTE_MS


def test_every_set_of_a_cart_that_is_set_forward_is_refused_to_its_face() -> None:
    """Nothing of it is judged and nothing is lost in silence: sender and beds are told."""
    late = sets_after(stepped_ms(1), sent(*STEPPED))
    refused = [
        one
        for one in told(*STEPPED)
        if isinstance(one, MessageRejected) and one.device == "cart-01"
    ]

    assert len(late) > 4
    assert len(refused) == len(late)
    assert {one.reason for one in refused} == {"future-stamp"}


@pytest.mark.parametrize("bed", ["01", "02"])
def test_the_beds_of_such_a_cart_are_told_to_be_overdue(bed: str) -> None:
    due_ms = stepped_ms(int(bed)) + 3 * MINUTE_MS
    overdue = [one for one in of_bed(bed, told(*STEPPED)) if one.cause == "vitals:after-start"]

    assert [one.kind for one in overdue] == ["advisory"]
    assert due_ms < overdue[0].at_ms <= due_ms + 11 * MINUTE_MS
    assert not [one for one in of_bed(bed, told()) if one.cause == "vitals:after-start"]


def test_clocks_that_are_set_back_hide_no_reaction() -> None:
    """Sets of a cart are believed to be older than they are; the clock of a patch is corrected."""
    back: list[Fault] = [
        partial(clock_step, device=device, at_ms=stepped_ms(1), by_ms=-10 * MINUTE_MS)
        for device in ("cart-01", "patch-03", "patch-04")
    ]
    effects = effects_of(list(with_faults(iter(sent()), back)))

    assert not [one for one in effects if isinstance(one, MessageRejected)]
    for bed in ("02", "03"):
        assert found_min(bed, effects) <= found_min(bed, told()) + 1
    for bed in ("03", "04"):
        assert f"clock:patch-{bed}" in {one.cause for one in of_bed(bed, effects)}
    for bed in ("01", "04"):
        assert not [
            one for one in of_bed(bed, effects) if one.kind == "physiological" and one.grade >= 2
        ]


def test_faults_of_a_cart_compose_and_strike_nothing_else() -> None:
    both = sent("clock-skew@cart-01", "silence@cart-01:+12m/10m")
    skewed = sent("clock-skew@cart-01")
    lost = [one for one in skewed if one not in set(both)]

    assert lost
    assert {one.device for one in lost} == {"cart-01"}
    assert all(stepped_ms(1) <= one.at_ms < stepped_ms(1) + 10 * MINUTE_MS for one in lost)
    changed = {one.device for one in set(sent()) ^ set(skewed)}
    assert changed == {"cart-01"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("clock-step@cart-09", "no cart cart-09: one of cart-01"),
        ("freeze@cart-01", "strikes no cart; one of silence, clock-skew, clock-step does"),
        ("clock-skew@cart-01:+5m", "it holds from the first message on"),
    ],
)
def test_a_cart_that_cannot_be_struck_is_explained(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        fault_option(text, beds=4, carts=carts_of(ward()))


def test_a_ward_without_carts_says_that_there_is_none() -> None:
    with pytest.raises(ValueError, match="no cart cart-01: there is none"):
        fault_option("clock-step@cart-01", beds=4)


def test_a_bed_to_which_only_a_cart_comes_names_it() -> None:
    option = fault_option("clock-step@1", beds=4)

    with pytest.raises(ValueError, match=r"no device that stays at bed 01 .* clock-step@cart-01"):
        bed_faults([option], ward(), started_ms=0)
