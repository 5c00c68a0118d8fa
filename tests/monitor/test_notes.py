"""The draft of a reaction note: every line is an effect, and nothing is made up."""

import re
from pathlib import Path
from typing import Any

import pytest
from ward_builders import Play, acknowledge, act, anaphylactic, infusing, of, pump, symptom

from monitor.__main__ import main
from monitor.adapters.journal import Journal
from monitor.care.notes import DRAFT, UNKNOWN, clock_text, reaction_note
from monitor.facts.effects import ActRecorded


def note(play: Play, session: str = "S-1") -> str:
    return "\n".join(reaction_note(play.told, session))


def section(text: str, title: str) -> str:
    return text.partition(f"## {title}\n")[2].partition("\n## ")[0]


@pytest.fixture(scope="module")
def treated() -> Play:
    """A reaction with two doses of epinephrine, a pump that confirms, and a recovery."""
    play = anaphylactic()
    acknowledge(play, 333)
    play.take(act(335, "step", step="stop"))
    play.take(act(340, "step", step="epinephrine", dose_centi=50, dose_unit="mg"))
    play.take(act(341, "step", step="flat", status="not-possible", reason="vomits"))
    play.take(pump(345, "stopped", 0))
    play.well(600, sbp=80, dbp=50)
    play.wait(641)
    play.take(act(650, "step", step="epinephrine", dose_centi=50, dose_unit="mg"))
    play.take(symptom(660, "hives", present=False))
    for at_s in range(700, 2000, 10):
        play.well(at_s, hr=80 + at_s % 7, sbp=120 + at_s // 5 % 3)
    return play


def test_it_says_what_happened(treated: Play) -> None:
    found = section(note(treated), "What happened")
    assert "10:05:20Z hives charted as moderate by rn-1" in found
    assert "10:05:30Z anaphylaxis, grade 3 (escalate): hives (moderate); SBP 84 < 90" in found
    assert "    - SBP 84 < 90 [brown-2004" in found
    assert "the condition has ended" in found


def test_it_says_what_was_done_in_order(treated: Play) -> None:
    found = section(note(treated), "What was done")
    wanted = (
        "session: open (by rn-1)",
        "10:05:33Z alert taken on by rn-1",
        "10:05:35Z done: Stop the infusion",
        "0.5 mg given, by rn-1",
        "not-possible: Lay flat",
        "(vomits)",
        "10:05:45Z confirmed: pump-1 reports stopped, 0.0 mL/h ('stop')",
        "(again: dose 2 of 2, 5 min after the last), 0.5 mg given",
    )
    places = [found.index(words) for words in wanted]
    assert places == sorted(places)


def test_it_says_how_the_person_responded(treated: Play) -> None:
    found = section(note(treated), "How the person responded")
    assert "10:10:41Z after 'epinephrine' worse: hypotension: grade 2 -> grade 3" in found
    assert "(SBP 84 -> 80" in found
    assert re.search(r"no sign holds any more, \d+ min after 'epinephrine'", found)


def test_it_says_where_it_stands_and_what_nobody_answered(treated: Play) -> None:
    found = section(note(treated), "Where it stands")
    assert "is over for this session: this is treated as anaphylaxis" in found
    assert "Offered, and nothing recorded: Give high-flow oxygen." in found
    assert "nothing recorded: Stop the infusion" not in found
    assert "Call the prescriber" not in found, "that was of a ladder that is past"


def test_it_is_marked_as_a_draft_and_says_what_it_cannot_know(treated: Play) -> None:
    text = note(treated)
    assert DRAFT in text
    assert all(line in section(text, "What this cannot know") for line in UNKNOWN)


def test_a_quiet_session_has_a_note_that_says_so() -> None:
    text = note(infusing())
    assert "No reaction alert was raised" in text
    assert "No steps were advised." in text
    assert "No step was looked at." in text


def test_a_reaction_that_passed_by_itself_names_no_step() -> None:
    play = infusing()
    play.take(symptom(320, "hives"))
    play.take(symptom(330, "hives", present=False))
    found = section(note(play), "How the person responded")
    assert "no sign holds any more; no step was recorded before" in found


def test_signs_that_came_back_are_counted() -> None:
    play = infusing()
    play.take(symptom(320, "hives"), pump(330, "paused", 0), symptom(340, "hives", present=False))
    play.take(pump(400, "infusing", 84), symptom(410, "hives"))
    assert "Signs came back 1 time." in section(note(play), "Where it stands")


def test_other_sessions_are_left_out_and_an_unknown_one_is_named(treated: Play) -> None:
    other = infusing(bed="2")
    both = "\n".join(reaction_note([*other.told, *treated.told], "S-1"))
    assert both == note(treated)
    with pytest.raises(KeyError, match="no effect belongs to session 'S-9'"):
        note(treated, "S-9")


def test_times_are_utc_to_the_second() -> None:
    assert clock_text(1_795_514_400_999) == "2026-11-24 10:00:00Z"


@pytest.fixture
def journal(treated: Play, tmp_path: Path) -> Path:
    path = tmp_path / "a.journal"
    kept = Journal.open_for_writing(path, unit="inf-a", software="0", config="c")
    step = kept.append_step(1, ())
    kept.append_effects(step, tuple(treated.told))
    kept.close()
    return path


def test_the_command_prints_the_note_of_a_journal(
    journal: Path, treated: Play, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["note", str(journal), "S-1"]) == 0
    assert capsys.readouterr().out == note(treated) + "\n"


def test_the_command_names_a_session_that_is_not_there(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["note", str(journal), "S-9"]) == 1
    assert "no effect belongs to session 'S-9'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("key", "changed", "words"),
    [
        ("stop", {"dose_centi": 50, "dose_unit": "mg"}, "gives nothing that has a dose"),
        ("fluids", {"dose_centi": 50_000, "dose_unit": "mg"}, "is in mL, not in mg"),
        ("epinephrine", {"dose_centi": 500, "dose_unit": "mg"}, "5 mg is above 0.5 mg"),
        ("epinephrine", {"dose_centi": 50, "dose_unit": "mg"}, ""),
        ("epinephrine", {"dose_centi": 500, "dose_unit": "mg", "reason": "as ordered"}, ""),
        ("fluids", {"dose_centi": 100_000, "dose_unit": "mL"}, ""),
        ("flat", {}, ""),
    ],
)
def test_a_dose_fits_its_step_or_is_refused(key: str, changed: dict[str, Any], words: str) -> None:
    play = anaphylactic()
    play.take(act(340, "step", step=key, **changed))
    refused = of(ActRecorded, play.told)[-1].refused
    assert words in refused
    assert bool(words) == bool(refused)
    assert (play.steps[key] == "done") == (not words)
