"""What the state of a bed says of the person, the infusion, the devices, and what is not told."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ward_builders import (
    Play,
    acknowledge,
    act,
    anaphylactic,
    hypotensive,
    infusing,
    ms,
    opened,
    pump,
    session,
    status,
    symptom,
    vitals,
    well,
)

from monitor.facts.records import DrugGiven
from monitor.facts.views import (
    DeviceView,
    GivenView,
    PersonView,
    SnoozeView,
    SymptomView,
    UntoldView,
    VolumeView,
)
from monitor.ward.why_nots import NEW_A_LOOK_MAX, NOTHING_READ, WhyNots, lines_of


def test_what_an_opening_said_of_the_person_and_the_dose() -> None:
    play = Play()
    play.take(
        session(
            0,
            age_band="",
            age_years=54,
            weight_centi_kg=7100,
            first_dose=False,
            dose_number=2,
            doses_planned=5,
            dose_centi_g=3500,
            concentration_centi_mg_per_ml=10_000,
        )
    )
    assert play.view().person == PersonView(
        age="54 years",
        weight_centi_kg=7100,
        first_dose=False,
        dose_number=2,
        doses_planned=5,
        dose_centi_g=3500,
        concentration_centi_mg_per_ml=10_000,
    )
    play.take(session(10, "close", reason="-"))
    assert play.view().person == PersonView()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"age_years": None}, ""),
        ({"age_years": 54}, "54 years"),
        ({"age_years": 0, "age_months": 7}, "7 months"),
        ({"age_years": 1, "age_months": 23}, "23 months"),
        ({"age_years": 2, "age_months": 24}, "2 years"),
        ({"age_years": 65, "age_band": "65+"}, "65+"),
    ],
)
def test_an_age_is_shown_as_it_was_told(said: dict[str, Any], words: str) -> None:
    play = Play()
    play.take(session(0, **said))
    assert play.view().person.age == words


def test_when_the_drug_began_to_flow_and_when_its_rate_changed() -> None:
    play = opened()
    assert (play.view().started_ms, play.view().rate_changed_ms) == (None, None)
    play.take(pump(300, "infusing", 42))
    play.take(pump(900, "infusing", 84))
    assert (play.view().started_ms, play.view().rate_changed_ms) == (ms(300), ms(900))
    play.take(session(1000, "close", reason="-"))
    assert (play.view().started_ms, play.view().rate_changed_ms) == (None, None)


def test_a_volume_by_rates_until_the_pump_says_one() -> None:
    play = opened()
    assert play.view().volume is None
    play.take(pump(300, "idle"))
    assert play.view().volume is None
    play.take(pump(310, "infusing", 120))
    play.take(pump(340, "infusing", 120))
    play.take(pump(370, "paused"))
    play.take(pump(970, "infusing", 120))
    assert play.view().volume == VolumeView(at_ms=ms(970), by="rate", infused_centi_ml=200)
    play.take(replace(pump(1000, "infusing", 120), infused_centi_ml=310, left_centi_ml=9690))
    said = VolumeView(at_ms=ms(1000), by="pump", infused_centi_ml=310, left_centi_ml=9690)
    assert play.view().volume == said


def test_a_pause_that_only_a_person_tells_adds_no_volume() -> None:
    play = opened()
    play.take(pump(310, "infusing", 120))
    play.take(session(340, "pause"))
    play.take(pump(370, "infusing", 120))
    assert play.view().volume == VolumeView(at_ms=ms(370), by="rate", infused_centi_ml=0)


def test_drugs_that_were_given_each_once_and_in_order() -> None:
    play = Play()
    early = DrugGiven(drug="cetirizine", at_ms=ms(-600), dose_centi=1000, dose_unit="mg")
    play.take(session(0, premedication=(DrugGiven(drug="paracetamol"), early)))
    play.take(session(60, "baseline", premedication=(early,)))
    assert play.view().given == (
        GivenView(drug="cetirizine", at_ms=ms(-600), by="rn-1", dose_centi=1000, dose_unit="mg"),
        GivenView(drug="paracetamol", at_ms=ms(0), by="rn-1"),
    )


def test_a_step_that_gave_a_drug_is_among_them() -> None:
    play = anaphylactic()
    (step,) = [key for key in play.steps if key.startswith("epinephrine")]
    done = act(330, "step", alert=play.alert.id, step=step, status="done", dose_centi=50)
    play.take(replace(done, dose_unit="mg"))
    (given,) = play.view().given
    assert (given.step, given.at_ms, given.by) == (step, ms(330), "rn-1")
    assert (given.drug, given.dose_centi, given.dose_unit) == ("epinephrine", 50, "mg")
    declined = act(340, "step", alert=play.alert.id, step=step, status="declined", reason="-")
    play.take(declined)
    assert play.view().given == (given,)


def test_symptoms_that_are_present_the_oldest_first() -> None:
    play = infusing()
    play.take(symptom(320, "wheeze", severity="severe"))
    play.take(symptom(330, "hives", onset_ms=ms(315)))
    assert play.view().symptoms == (
        SymptomView(symptom="hives", severity="moderate", since_ms=ms(315)),
        SymptomView(symptom="wheeze", severity="severe", since_ms=ms(320)),
    )
    play.take(symptom(340, "hives", present=False))
    assert [one.symptom for one in play.view().symptoms] == ["wheeze"]


def test_devices_and_whether_they_are_there() -> None:
    play = Play()
    play.take(session(0, devices=("mon-1", "pump-1", "cuff-1")))
    play.take(vitals(10, hr=80), vitals(10, device="thermo-9", temp=37))
    play.take(status(20, online=False, device="pump-1"))
    play.wait(400)
    found = {one.device: one for one in play.view().devices}
    assert list(found) == sorted(found)
    assert found["mon-1"] == DeviceView(device="mon-1", presence="silent", heard_ms=ms(10))
    assert found["cuff-1"].presence == "never-heard"
    assert found["cuff-1"].heard_ms is None
    assert found["pump-1"].presence == "offline"
    assert not found["thermo-9"].is_associated
    play.take(vitals(401, hr=80))
    assert play.view().devices[1] == DeviceView(device="mon-1", presence="online", heard_ms=ms(401))


def test_devices_of_a_bed_are_not_shown_at_another() -> None:
    play = Play()
    play.take(session(0, devices=("mon-1",)), vitals(10, bed="2", device="mon-1", hr=80))
    assert [one.device for one in play.view("1").devices] == ["mon-1"]
    assert play.view("2").devices == ()


def test_what_nobody_is_told_and_why() -> None:
    play = infusing()
    play.well(330, sbp=95)
    assert play.view().untold == (
        UntoldView(what="hypotension grade 1", reason="read once, waits for its repeat"),
    )
    play = hypotensive()
    assert play.view().untold == ()
    acknowledge(play, 370)
    (quiet,) = play.view().untold
    assert (quiet.alert, quiet.what) == (play.alert.id, play.alert.label)
    assert "rn-1" in quiet.reason


def test_snoozes_with_their_end() -> None:
    play = hypotensive()
    play.take(
        act(380, "snooze", alert=play.alert.id, sign="hypotension", for_ms=60_000, reason="known")
    )
    assert play.view().snoozes == (
        SnoozeView(sign="hypotension", grade=2, until_ms=ms(440), by="rn-1", reason="known"),
    )


def test_why_nothing_fires_while_a_session_is_open_and_no_reaction_is() -> None:
    play = Play()
    play.take(vitals(0, hr=80))
    assert play.view().why_not is None
    play = opened()
    found = play.view().why_not
    assert found is not None
    assert found.lines == (NOTHING_READ,)
    play = hypotensive()
    assert play.view().why_not is None
    play = infusing()
    play.well(330, sbp=102)
    found = play.view().why_not
    assert found is not None
    assert found.lines[0].startswith("nothing fires: nearest is SBP fall 18 of ")
    assert found.at_ms == play.now_ms


def test_lines_are_made_anew_only_where_their_inputs_have_changed() -> None:
    play = infusing()
    play.well(330, sbp=102)
    before = play.view().why_not
    play.well(335, sbp=102)
    assert play.view().why_not == before
    play.well(340, sbp=104)
    after = play.view().why_not
    assert before is not None
    assert after is not None
    assert after.lines != before.lines
    assert after.at_ms > before.at_ms


def test_beds_take_turns_and_none_is_left_out_for_ever() -> None:
    play = Play()
    names = [str(number) for number in range(5)]
    for name in names:
        play.take(session(0, bed=name, id=f"S-{name}"), well(10, bed=name))
    state, why_nots = play.ward.state, WhyNots(new_a_look_max=2)
    beds = [state.beds[state.roster.beds[name]] for name in names]
    sizes = [len(why_nots.views(state, beds, ms(20 + look))) for look in range(4)]
    assert sizes == [2, 4, 5, 5]
    for number, name in enumerate(names):
        play.take(well(30, bed=name, hr=90 + number))
    seen = [dict(why_nots.views(state, beds, ms(40 + look))) for look in range(3)]
    renewed = [{row for row, one in shown.items() if one.at_ms >= ms(40)} for shown in seen]
    assert [len(rows) for rows in renewed] == [2, 4, 5]
    for row, one in seen[-1].items():
        assert one.lines == lines_of(state, row)


def test_a_bed_that_is_no_longer_asked_for_is_forgotten() -> None:
    play = infusing()
    why_nots, bed = WhyNots(), play.ward.state.beds[0]
    assert set(why_nots.views(play.ward.state, [bed], ms(400))) == {bed.row}
    assert why_nots.views(play.ward.state, [], ms(401)) == {}
    assert why_nots.made_ms[bed.row] == np.iinfo(np.int64).min
    assert why_nots.views(play.ward.state, [bed], ms(402))[bed.row].at_ms == ms(402)


def test_a_transfer_takes_what_was_given_and_what_has_flowed_along() -> None:
    play = infusing(premedication=(DrugGiven(drug="cetirizine"),))
    play.take(pump(360, "infusing", 168))
    before = play.view()
    play.take(session(370, "transfer", to_bed="2", devices=("mon-1", "pump-1")))
    after = play.view("2")
    assert after.given == before.given != ()
    assert after.volume == before.volume
    assert after.volume is not None
    assert play.view("1").given == ()
    assert play.view("1").volume is None


def test_the_page_says_how_many_beds_are_made_anew() -> None:
    page = (Path(__file__).parents[2] / "docs" / "wire.md").read_text()
    assert f"for the {NEW_A_LOOK_MAX} beds that have waited longest" in page
