"""Every alert can be said in every dialect, and what differs to a nurse differs there too."""

import json
from itertools import product
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from ward_builders import acknowledge, alerts, anaphylactic, hypotensive
from wire import OUTBOUND

from monitor.adapters.feed import Heard
from monitor.adapters.viewing import dialect_line
from monitor.facts.effects import (
    AlertChanged,
    AlertKind,
    AlertPhase,
    AnyEffect,
    Condition,
    Priority,
    Signal,
)
from monitor.wire.announcements import alert_announcements
from monitor.wire.dialects import (
    ACM_PHASES,
    ALARM_STATE,
    DIALECTS,
    EVENT_PHASE,
    INACTIVATION_STATE,
    KINDS,
    PRESENT,
    PRIORITIES,
    SIGNALS,
    acm,
    acm_state,
    fhir,
    published_alert,
    sdc,
)
from monitor.wire.outbound import AlertPayload


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


@pytest.mark.parametrize(
    "path", sorted(OUTBOUND.glob("alert.*.effects.json")), ids=lambda one: one.stem
)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_published_alert_says_the_same_as_the_alert_itself(path: Path, dialect: str) -> None:
    effects = msgspec.json.decode(path.read_bytes(), type=tuple[AnyEffect, ...])
    for alert in [one for one in effects if isinstance(one, AlertChanged)]:
        said = alert_announcements(alert, unit="inf-a")[0]
        payload = msgspec.json.decode(said.payload, type=AlertPayload)
        assert DIALECTS[dialect](published_alert(alert.bed, payload)) == DIALECTS[dialect](alert)


def test_a_line_of_tail_is_one_alert_in_the_words_of_others() -> None:
    said = alert_announcements(example(), unit="inf-a")[0]
    heard = Heard("17", "_/alert/al-17-3", said.payload, is_retained=True)
    line = json.loads(dialect_line(heard, "ihe-acm") or "")
    assert (line["dialect"], line["bed"], line["id"], line["rev"]) == (
        "ihe-acm",
        "17",
        "al-17-3",
        4,
    )
    assert line["alert"]["terms"][str(EVENT_PHASE)] == "escalate"
    assert line["alert"]["flags"] == "L~PH~SP"
    assert json.loads(dialect_line(heard, "sdc") or "")["alert"]["priority"] == "Hi"
    assert json.loads(dialect_line(heard, "fhir-r6") or "")["alert"]["status"] == "in-progress"


def test_what_is_no_alert_or_cannot_be_read_is_no_line() -> None:
    for kind, payload in (("_/alert/al-1", b""), ("_/alert/al-1", b"{"), ("_/advice", b"{}")):
        assert dialect_line(Heard("17", kind, payload, is_retained=True), "sdc") is None
