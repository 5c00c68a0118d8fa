"""What a shift hands over, why an alert is as it is, and why nothing fires."""

import json
from pathlib import Path

import pytest
from ward_builders import Play, acknowledge, act, alerts, hypotensive, infusing, opened, vitals

from monitor.__main__ import main
from monitor.care.cards import why_card
from monitor.facts.views import HandOver

Capture = pytest.CaptureFixture[str]

ROOT = Path(__file__).parents[2]
RECORDING = next((ROOT / "tests" / "replay" / "recordings").glob("anaphylaxis*"))


def sheet(play: Play) -> HandOver:
    (found,) = play.ward.hand_over(play.now_ms)
    return found


def test_nothing_fires_and_the_nearest_rule_says_how_near() -> None:
    play = infusing()
    play.well(330, sbp=102)
    found = sheet(play)
    assert found.alerts == ()
    assert found.why[0].startswith("nothing fires: nearest is SBP fall 18 of ")
    assert "(hypotension, grade " in found.why[0]


def test_without_a_baseline_the_relative_rules_are_said_to_be_off() -> None:
    play = opened()
    assert sheet(play).why[0] == "nothing fires: nothing was read yet"
    play.take(vitals(60, hr=80))
    lines = sheet(play).why
    assert any(line.startswith("no value of systolic pressure yet (") for line in lines)
    assert "no systolic pressure yet" in lines


def test_a_card_has_rows_margin_persistence_and_digest() -> None:
    play = hypotensive()
    lines = why_card(play.alert)
    assert any("SBP 84 < 90" in line and "clears at 95 mmHg" in line for line in lines)
    assert "active 30 s after its onset" in lines
    assert "baseline established" in lines or "baseline frozen" in lines
    assert lines[-1] == f"configuration {play.alert.rulebook}"
    (lasted,) = [line for line in lines if line.startswith("hypotension grade 2 is confirmed")]
    assert "2 or more readings over 30 s" in lasted
    assert sheet(play).why == lines


def test_a_sheet_says_who_has_what_and_what_is_quiet_and_why() -> None:
    play = hypotensive()
    acknowledge(play, 370)
    play.take(
        act(380, "snooze", alert=play.alert.id, sign="hypotension", for_ms=60_000, reason="known")
    )
    found = sheet(play)
    assert found.alerts[0].endswith("rn-1 has it")
    assert found.snoozes == ("hypotension up to grade 2 snoozed by rn-1: known, for 60 s more",)
    assert found.untold[0].endswith("hypotension up to grade 2 snoozed by rn-1: known")
    assert len(found.steps) == len(play.steps)


def test_a_mild_reading_that_waits_is_not_told_and_says_so() -> None:
    play = infusing()
    play.well(330, sbp=95)
    assert alerts(play.told) == []
    assert sheet(play).untold == ("hypotension grade 1: read once, waits for its repeat",)


def asked(capsys: Capture, *arguments: str) -> str:
    assert main(["why", str(RECORDING), "--config", str(ROOT / "config"), *arguments]) == 0
    return capsys.readouterr().out


def test_a_recording_is_asked_at_a_time(capsys: Capture) -> None:
    end, early = asked(capsys), asked(capsys, "--at", "2020-01-01T00:00:00Z")
    assert "  why      " in end
    assert early == ""
    assert asked(capsys, "--bed", "no-such-bed") == ""
    (found,) = json.loads(asked(capsys, "--json"))
    assert set(found) == set(HandOver.__struct_fields__)
    assert all(line in end for line in found["why"])


def test_what_cannot_be_asked(capsys: Capture) -> None:
    assert main(["why", "pyproject.toml"]) == 4
    assert main(["why", str(RECORDING), "--at", "noon"]) == 2
    assert "is no time" in capsys.readouterr().err
