"""Every alert can be said in every dialect, and what differs to a nurse differs there too."""

from itertools import product
from typing import get_args

import msgspec
import pytest
from ward_builders import acknowledge, alerts, anaphylactic, hypotensive
from wire import OUTBOUND

from monitor.facts.effects import (
    AlertChanged,
    AlertKind,
    AlertPhase,
    AnyEffect,
    Condition,
    Priority,
    Signal,
)
from monitor.wire.dialects import (
    ACM_PHASES,
    ALARM_STATE,
    EVENT_PHASE,
    INACTIVATION_STATE,
    KINDS,
    PRESENT,
    PRIORITIES,
    SIGNALS,
    acm,
    acm_state,
    fhir,
    sdc,
)


def example() -> AlertChanged:
    text = (OUTBOUND / "alert.escalated.effects.json").read_bytes()
    (found,) = msgspec.json.decode(text, type=tuple[AnyEffect, ...])
    assert isinstance(found, AlertChanged)
    return found


def test_every_word_of_ours_has_a_row() -> None:
    assert set(ACM_PHASES) == set(get_args(AlertPhase))
    assert set(KINDS) == set(get_args(AlertKind))
    assert set(PRIORITIES) == set(get_args(Priority))
    assert set(SIGNALS) == set(get_args(Signal))
    assert set(PRESENT) == set(get_args(Condition))


@pytest.mark.parametrize("kind", get_args(AlertKind))
@pytest.mark.parametrize("priority", get_args(Priority))
def test_every_alert_can_be_said(kind: AlertKind, priority: Priority) -> None:
    for phase, condition, signal in product(
        get_args(AlertPhase), get_args(Condition), get_args(Signal)
    ):
        one = msgspec.structs.replace(
            example(),
            kind=kind,
            priority=priority,
            phase=phase,
            condition=condition,
            signal=signal,
        )
        for said in (acm(one), sdc(one), fhir(one)):
            assert msgspec.json.encode(said)
        assert acm(one).flags == f"L~{PRIORITIES[priority].acm}~{KINDS[kind].acm}"


@pytest.mark.parametrize(("first", "second"), list(product(get_args(Signal), repeat=2)))
def test_signals_that_differ_are_told_apart(first: Signal, second: Signal) -> None:
    """But for "off" and "latched" in one word of ACM, whose state tells them apart."""
    if first == second:
        return
    for pick in (
        lambda signal: SIGNALS[signal][1:3],
        lambda signal: SIGNALS[signal][3:],
        lambda signal: (SIGNALS[signal].acm, signal == "latched", signal == "off"),
    ):
        assert pick(first) != pick(second)


def test_whoever_is_called_is_never_told_that_nobody_is() -> None:
    for signal in ("on", "audio-paused", "latched"):
        words = SIGNALS[signal]
        assert words.sdc_presence != "Off"
        assert words.fhir_presence != "off"
    assert acm_state("ended", "latched") == "latched"
    assert acm_state("ended", "off") == "inactive"
    assert acm_state("recovering", "snoozed") == "active"


def test_the_evidence_has_its_value_and_the_side_of_its_limit() -> None:
    (low,) = acm(example()).evidence
    assert (low.channel, low.value, low.unit, low.low, low.high) == ("sbp", 84, "mm[Hg]", 90, None)
    fast = msgspec.structs.replace(
        example().because[0], value_centi=13_000, limit_centi=12_000, clears_at_centi=11_400
    )
    said = acm(msgspec.structs.replace(example(), because=(fast,)))
    assert (said.evidence[0].low, said.evidence[0].high, said.flags[0]) == (None, 120, "H")
    none = acm(msgspec.structs.replace(example(), because=()))
    assert (none.evidence, none.flags[0]) == ((), "N")


def test_a_whole_life_is_said() -> None:
    play = anaphylactic()
    acknowledge(play, 340)
    told = alerts(play.told)
    assert [acm(one).terms[EVENT_PHASE] for one in told][-1] == "update"
    assert acm(told[-1]).terms[INACTIVATION_STATE] == "alert-acknowledged"
    assert acm(told[-1]).terms[ALARM_STATE] == "active"
    assert [fhir(one).acknowledged for one in told][-1]
    over = hypotensive()
    for at_s in (390, 420, 450):
        over.well(at_s)
    last = fhir(alerts(over.told)[-1])
    assert (last.status, last.presence, last.acknowledged) == ("completed", False, False)
    assert last.end is not None
    assert sdc(alerts(over.told)[-1]).presence is False


def test_a_latched_alert_is_still_in_progress() -> None:
    one = msgspec.structs.replace(example(), condition="ended", signal="latched")
    assert (fhir(one).status, fhir(one).presence) == ("in-progress", False)
