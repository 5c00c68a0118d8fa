"""Drugs at a bed: what people call them, what they set aside, what is remarked of them."""

from typing import Any

import numpy as np
import pytest
from builders import ward_settings
from ward_builders import Play, act, anaphylactic, infusing, ms, of, opened, session

from detectors.channels import NEVER, Channel
from monitor.care.drugs import DrugRow, drug_remarks, drugs_named
from monitor.facts.effects import BaselineChanged
from monitor.facts.records import DrugGiven

DRUGS = ward_settings().drugs
REMARKS = ward_settings().drug_remarks


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("paracetamol-1g", ["antipyretic"]),
        ("Methylprednisolone 100 mg IV", ["corticosteroid"]),
        ("epinephrine epinephrine-im", ["epinephrine"]),
        ("antihistamine diphenhydramine", ["diphenhydramine", "antihistamine"]),
        ("cetirizine-10mg", ["antihistamine"]),
        ("ondansetron", []),
        ("methylprednisolonesomething", []),
        ("", []),
    ],
)
def test_a_drug_is_known_by_whole_words(text: str, names: list[str]) -> None:
    assert [DRUGS[place].name for place in drugs_named(DRUGS, text)] == names


@pytest.mark.parametrize("word", ["two words", "Big", "a-b", ""])
def test_a_word_that_no_text_contains_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="must be one word of small letters"):
        DrugRow(name="x", called=(word,), source=("engineering",))


@pytest.mark.parametrize(
    ("now_ms", "expected"),
    [
        (-1, ()),
        (0, (("fever may be masked (antipyretic)", 21_600_000),)),
        (21_599_999, (("fever may be masked (antipyretic)", 21_600_000),)),
        (21_600_000, ()),
    ],
)
def test_a_remark_holds_while_the_drug_acts(
    now_ms: int, expected: tuple[tuple[str, int], ...]
) -> None:
    found = drug_remarks(REMARKS, given_ms={"antipyretic": 0}, flags=frozenset(), now_ms=now_ms)
    assert found == expected


def given(play: Play, name: str) -> int:
    """Return when a drug was last given at the bed."""
    place = [drug.name for drug in DRUGS].index(name)
    return int(play.ward.state.detection.given_ms[0, place])


def premedicated(*drugs: DrugGiven, **changed: Any) -> Play:  # noqa: ANN401 - as session
    return opened(premedication=drugs, **changed)


def test_a_plain_name_was_given_when_the_session_was_opened() -> None:
    play = premedicated(DrugGiven(drug="paracetamol-1g"), DrugGiven(drug="cetirizine-10mg"))
    assert given(play, "antipyretic") == ms(0)
    assert "fever may be masked (antipyretic) until 16:00 UTC" in play.view().remarks


def test_a_drug_with_a_time_was_given_then_and_the_newest_time_counts() -> None:
    play = premedicated(DrugGiven(drug="paracetamol", at_ms=ms(-600)))
    assert given(play, "antipyretic") == ms(-600)
    play.take(session(60, "baseline", premedication=(DrugGiven(drug="ibuprofen", at_ms=ms(-900)),)))
    assert given(play, "antipyretic") == ms(-600)
    play.take(session(90, "start", premedication=(DrugGiven(drug="ibuprofen"),)))
    assert given(play, "antipyretic") == ms(90)


def test_readings_before_a_premedication_are_replaced_by_those_after_it() -> None:
    play = opened()
    for minute in (6, 7, 8, 9):
        play.read(60 * minute, hr=90, sbp=140)
    play.take(session(600, "baseline", premedication=(DrugGiven(drug="cetirizine-10mg"),)))
    remark = "heart rate, systolic pressure: taken before premedication"
    assert remark in play.view().remarks
    assert play.view().baseline == "established"
    play.read(660, hr=80, sbp=130)
    assert remark not in play.view().remarks
    assert play.view().baseline == "provisional"
    play.take(session(700, "start"))
    frozen = of(BaselineChanged, play.told)[-1]
    assert frozen.centre_centi == {"hr": 8000, "sbp": 13_000}


def test_a_steroid_after_the_baseline_lets_a_rise_be_expected() -> None:
    """HR 95 after 76 would be nothing; 101 after 76 is grade 1 unless a drug explains it."""
    plain, steroid = infusing(), infusing()
    drug = DrugGiven(drug="methylprednisolone", at_ms=ms(310))
    state = steroid.ward.state.detection
    steroid.take(session(320, "stop", premedication=(drug,)))
    plain.take(session(320, "stop"))
    assert given(steroid, "corticosteroid") == ms(310)
    for at_s in (330, 345, 360):
        for play in (plain, steroid):
            play.read(at_s, hr=101, sbp=120)
    assert plain.grade.grade == 1
    assert steroid.grade.grade == 0
    words = "heart rate may be up to 20 /min higher by a drug: a rise must exceed its limit by that"
    assert words in steroid.view().remarks
    assert not any("higher by a drug" in remark for remark in plain.view().remarks)
    for at_s in (390, 420):
        steroid.read(at_s, hr=120, sbp=84, dbp=55)
    assert steroid.grade.grade >= 2, "a fall is never explained"
    assert state.given_ms[0].max() == ms(310)


def test_the_drug_of_a_step_that_was_done_reaches_detection() -> None:
    play = anaphylactic()
    before = given(play, "epinephrine")
    at_s = 1200
    play.take(act(at_s, "step", step="epinephrine", status="started"))
    assert given(play, "epinephrine") == before == NEVER
    play.take(act(at_s + 10, "step", step="epinephrine", status="done"))
    assert given(play, "epinephrine") == ms(at_s + 10)
    explained = play.ward.state.detection.active.explained(
        play.ward.state.detection, np.array([0], np.int32)
    )
    assert explained.shape == (1, len(Channel))
    assert any("may be the epinephrine" in remark for remark in play.view().remarks)


def test_a_step_without_a_drug_gives_none() -> None:
    play = anaphylactic()
    play.take(act(1200, "step", step="stop", status="done"))
    assert (play.ward.state.detection.given_ms[0] == NEVER).all()


def test_flags_of_the_session_are_remarked() -> None:
    play = opened(beta_blocker=True, ace_inhibitor=True, first_dose=True)
    remarks = play.view().remarks
    assert "beta-blocker: a normal heart rate does not exclude shock" in remarks
    assert "ACE inhibitor: a fall of pressure may be deep and last" in remarks
