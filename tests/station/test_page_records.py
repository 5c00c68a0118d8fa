"""What is recorded at the chair: every act is the exact wire message, or refused in words."""

import re

import pytest
from playwright.sync_api import expect
from station.chair_pages import OpenPage, chair, only_act, part
from station.chair_scenes import (
    BED,
    SESSION,
    ChairStation,
    chair_scene,
    wire_payload,
)
from station.scenes import iso

from monitor.wire.payloads import (
    ActPayload,
    ConditionPayload,
    HandVitalsPayload,
    SessionPayload,
    SymptomPayload,
)


def test_fields_of_a_row_stand_in_line_whether_or_not_a_hint_is_below(
    station: ChairStation, open_page: OpenPage
) -> None:
    page = chair(open_page, station)
    page.locator("[data-record=vitals]").click()
    rows = page.eval_on_selector_all(
        ".part-vitals .field",
        """all => all.map((one) => [one.getBoundingClientRect().top,
          one.querySelector("input, select").getBoundingClientRect().top].map(Math.round))""",
    )
    controls: dict[int, set[int]] = {}
    for label, control in rows:
        controls.setdefault(label, set()).add(control)
    assert all(len(tops) == 1 for tops in controls.values()), controls
    assert len(controls) < len(rows)


def test_one_tap_is_onset_now(station: ChairStation, open_page: OpenPage) -> None:
    page = chair(open_page, station)
    expect(part(page, "symptoms").locator(".charted")).to_contain_text("Present: hives moderate")
    part(page, "symptoms").get_by_role("button", name="wheeze").click()
    expect(part(page, "symptoms").locator(".outcome")).to_contain_text("wheeze, onset now")
    sent = wire_payload(only_act(station))
    assert isinstance(sent, SymptomPayload)
    assert (sent.symptom, sent.present, sent.severity, sent.onset) == (
        "wheeze",
        True,
        "moderate",
        None,
    )
    assert (sent.session, sent.note) == (SESSION, None)


def test_holding_a_symptom_opens_time_and_severity_and_charts_nothing(
    station: ChairStation, open_page: OpenPage
) -> None:
    page = chair(open_page, station)
    tap = part(page, "symptoms").get_by_role("button", name="chills")
    tap.scroll_into_view_if_needed()
    tap.hover()
    page.mouse.down()
    form = part(page, "symptoms").locator("form")
    expect(form).to_be_visible()
    page.mouse.up()
    assert station.acts == []
    form.get_by_label("Since").select_option("5")
    form.get_by_label("Severity").select_option("severe")
    form.get_by_role("button", name="Record").click()
    expect(form).to_have_count(0)
    sent = wire_payload(only_act(station))
    assert isinstance(sent, SymptomPayload)
    assert (sent.symptom, sent.severity) == ("chills", "severe")
    assert sent.onset is not None
    assert "t" not in only_act(station)["payload"]
    late_ms = station.now_ms() - sent.onset.timestamp() * 1000
    assert 299_000 < late_ms < 310_000


def test_a_symptom_gets_graver_and_keeps_its_onset(
    station: ChairStation, open_page: OpenPage
) -> None:
    page = chair(open_page, station)
    part(page, "symptoms").get_by_role("button", name="hives").press("ArrowDown")
    form = part(page, "symptoms").locator("form")
    expect(form.get_by_label("Since").locator("option:checked")).to_contain_text("as charted")
    expect(form.get_by_label("Severity")).to_have_value("moderate")
    form.get_by_label("Severity").select_option("severe")
    form.get_by_role("button", name="Record", exact=True).click()
    expect(part(page, "symptoms").locator(".outcome")).to_contain_text("hives, now severe, since")
    sent = wire_payload(only_act(station))
    assert isinstance(sent, SymptomPayload)
    assert (sent.symptom, sent.present, sent.severity) == ("hives", True, "severe")
    assert sent.onset is not None
    assert (
        iso(round(sent.onset.timestamp() * 1000))
        == (station.scene.beds[BED]["symptoms"][0]["since"])
    )


def test_a_symptom_ends_by_keyboard_alone_and_a_note_is_off(
    station: ChairStation, open_page: OpenPage
) -> None:
    page = chair(open_page, station)
    part(page, "symptoms").get_by_role("button", name="hives").focus()
    page.keyboard.press("ArrowDown")
    form = part(page, "symptoms").locator("form")
    expect(form.get_by_label("Since")).to_be_focused()
    expect(form.locator("[name=note]")).to_be_hidden()
    form.get_by_role("button", name="Ended now").press("Enter")
    expect(part(page, "symptoms").get_by_role("button", name="hives")).to_be_focused()
    sent = wire_payload(only_act(station))
    assert isinstance(sent, SymptomPayload)
    assert (sent.symptom, sent.present) == ("hives", False)


@pytest.mark.parametrize(
    ("phase", "event", "button"),
    [
        ("infusing", "pause", "Paused"),
        ("slowed", "stop", "Stopped"),
        ("paused", "resume", "Resumed"),
        ("baseline", "start", "Started"),
        ("opened", "baseline", "Baseline begins"),
        ("infusing", "complete", "Completed"),
    ],
)
def test_the_flow_is_recorded(
    station: ChairStation, open_page: OpenPage, phase: str, event: str, button: str
) -> None:
    station.scene.beds[BED]["phase"] = phase
    page = chair(open_page, station)
    part(page, "record").get_by_role("button", name=button, exact=True).click()
    expect(part(page, "record").locator(".outcome")).to_contain_text("Recorded")
    sent = wire_payload(only_act(station))
    assert isinstance(sent, SessionPayload)
    assert (sent.id, sent.event) == (SESSION, event)


def test_a_new_rate_is_what_the_pump_was_set_to(station: ChairStation, open_page: OpenPage) -> None:
    page = chair(open_page, station)
    part(page, "record").get_by_role("button", name="Rate changed").click()
    rate = part(page, "record").get_by_label("Rate now, mL/h")
    expect(rate).to_have_value("168")
    for wrong, said in (("fast", '"fast" is no number of mL/h'), ("0", "0 is not above 0 mL/h")):
        rate.fill(wrong)
        rate.press("Enter")
        expect(part(page, "record").locator(".outcome")).to_contain_text(said)
    assert station.acts == []
    rate.fill("60")
    rate.press("Enter")
    expect(part(page, "record").locator(".outcome")).to_contain_text("rate changed to 60 mL/h")
    sent = wire_payload(only_act(station))
    assert isinstance(sent, ActPayload)
    assert sent.rate is not None
    assert (sent.act, sent.rate.v, sent.rate.u) == ("rate", 60, "mL/h")


def test_a_drug_and_a_call_are_recorded_with_the_steps_that_ask_for_them(
    station: ChairStation, open_page: OpenPage
) -> None:
    page = chair(open_page, station)
    record = part(page, "record")
    record.get_by_role("button", name="Drug or fluid given").click()
    expect(record.get_by_label("Dose or volume")).to_have_value("0.5")
    record.get_by_role("button", name="Record", exact=True).click()
    expect(page.locator('[data-step="epinephrine"]')).to_have_attribute("data-state", "done")
    record.get_by_role("button", name="Provider called").click()
    record.get_by_role("button", name="Call the rapid response team").click()
    expect(page.locator('[data-step="rapid-response"]')).to_have_attribute("data-state", "done")
    record.get_by_role("button", name="Provider called").click()
    record.get_by_role("button", name=re.compile("^Next of the chain called")).click()
    expect(record.locator(".outcome")).to_contain_text("Recorded by nurse-1: Next of the chain")
    sent = [wire_payload(one) for one in station.acts]
    assert [(one.act, one.step) for one in sent if isinstance(one, ActPayload)] == [
        ("step", "epinephrine"),
        ("step", "rapid-response"),
        ("escalate", None),
    ]
    assert station.acts[2]["alert_rev"] >= 4


def test_a_fluid_is_recorded_by_its_volume(station: ChairStation, open_page: OpenPage) -> None:
    page = chair(open_page, station)
    record = part(page, "record")
    record.get_by_role("button", name="Drug or fluid given").click()
    record.get_by_label("Drug or fluid", exact=True).select_option(value="step:fluids")
    expect(record.get_by_label("Dose or volume")).to_have_value("1420")
    expect(record.get_by_label("Unit")).to_have_value("mL")
    record.get_by_label("Dose or volume").fill("500")
    record.get_by_role("button", name="Record", exact=True).click()
    expect(page.locator('[data-step="fluids"]')).to_have_attribute("data-state", "done")
    sent = wire_payload(only_act(station))
    assert isinstance(sent, ActPayload)
    assert sent.dose is not None
    assert (sent.step, sent.dose.v, sent.dose.u) == ("fluids", 500, "mL")


def test_a_drug_that_no_step_asked_for_is_recorded_by_itself(
    station: ChairStation, open_page: OpenPage
) -> None:
    page = chair(open_page, station)
    record = part(page, "record")
    record.get_by_role("button", name="Drug or fluid given").click()
    record.get_by_label("Drug or fluid", exact=True).select_option("another drug or fluid")
    record.get_by_role("button", name="Record", exact=True).click()
    expect(record.locator(".outcome")).to_contain_text("Its name: it is empty")
    record.get_by_label("Its name").fill("paracetamol")
    record.get_by_label("Dose or volume").fill("1")
    record.get_by_label("Unit").select_option("g")
    record.get_by_label("Reason, if there is one").fill("headache")
    record.get_by_role("button", name="Record", exact=True).click()
    expect(record.locator(".outcome")).to_contain_text("Recorded by nurse-1: given: paracetamol")
    record.get_by_role("button", name="Drug or fluid given").click()
    record.get_by_label("Drug or fluid", exact=True).select_option("cetirizine")
    record.get_by_role("button", name="Record", exact=True).click()
    expect(record.locator(".outcome")).to_contain_text("given: cetirizine")
    assert [one["payload"] for one in station.acts] == [
        {
            "act": "drug",
            "drug": "paracetamol",
            "session": SESSION,
            "dose": {"v": 1, "u": "g"},
            "reason": "headache",
        },
        {"act": "drug", "drug": "cetirizine", "session": SESSION},
    ]
    for one in station.acts:
        assert isinstance(wire_payload(one), ActPayload)


def test_vitals_taken_by_hand_are_checked_and_sent(
    station: ChairStation, open_page: OpenPage
) -> None:
    page = chair(open_page, station)
    vitals = part(page, "vitals")
    expect(vitals.locator(".wanted")).to_have_text("Asked for now: BP")
    vitals.get_by_role("button", name="Vitals taken").click()
    send = vitals.get_by_role("button", name="Record", exact=True)
    send.click()
    expect(vitals.locator(".outcome")).to_contain_text("at least one value is needed")
    vitals.locator("[name=sbp]").fill("96")
    vitals.locator("[name=dbp]").fill("98")
    send.click()
    expect(vitals.locator(".outcome")).to_contain_text("Diastolic 98 is not below systolic 96")
    expect(vitals.locator("[name=dbp]")).to_be_focused()
    vitals.locator("[name=dbp]").fill("52")
    vitals.locator("[name=temp]").fill("37,4")
    vitals.get_by_label("Consciousness").select_option("voice")
    vitals.get_by_label("Oxygen, L/min").fill("2")
    send.click()
    expect(vitals.locator("form")).to_have_count(0)
    values, condition = (wire_payload(one) for one in station.acts)
    assert isinstance(values, HandVitalsPayload)
    assert [(one.ch, one.v, one.u, one.q) for one in values.values] == [
        ("sbp", 96, "mm[Hg]", "valid"),
        ("dbp", 52, "mm[Hg]", "valid"),
        ("temp", 37.4, "Cel", "valid"),
    ]
    assert isinstance(condition, ConditionPayload)
    assert condition.condition.consciousness == "voice"
    assert condition.condition.oxygen is not None
    assert condition.condition.oxygen.v == 2


def test_a_session_is_opened_with_exact_fields_and_faults_in_words(
    station: ChairStation, open_page: OpenPage
) -> None:
    station.scene = chair_scene(phase="closed", session="")
    page = chair(open_page, station)
    session = part(page, "session")
    session.get_by_role("button", name="Open a session").click()
    send = session.locator("form button[type=submit]")
    said = session.locator(".outcome")
    send.click()
    expect(said).to_contain_text('Pseudonym "" is not PX- and 1 to 12 capital letters')
    session.get_by_label("Pseudonym").fill("px-290f")
    send.click()
    expect(said).to_contain_text("Product: none is chosen")
    session.get_by_label("Product").select_option("ivig-10")
    session.get_by_label("Weight, kg").fill("heavy")
    send.click()
    expect(said).to_contain_text('Weight: "heavy" is no number')
    session.get_by_label("Weight, kg").fill("71.5")
    session.get_by_label("Age, years").fill("151")
    send.click()
    expect(said).to_contain_text("Age in years: 151 is not between 0 and 150")
    session.get_by_label("Age, years").fill("64")
    session.get_by_label("Devices").fill("mon-17, Pump!")
    send.click()
    expect(said).to_contain_text('Device "Pump!" is not 1 to 32 small letters')
    expect(session.get_by_label("Devices")).to_have_attribute("aria-invalid", "true")
    session.get_by_label("Devices").fill("mon-17, pump-08")
    session.get_by_label("First dose").select_option("no")
    session.get_by_label("cetirizine", exact=True).check()
    session.get_by_label("Dose of cetirizine in mg").fill("10")
    assert station.acts == []
    send.click()
    expect(said).to_contain_text("session of px-290f opened")
    assert only_act(station)["payload"] == {
        "event": "open",
        "subject": "PX-290F",
        "product": "ivig-10",
        "weight": {"v": 71.5, "u": "kg"},
        "age_years": 64,
        "first_dose": False,
        "devices": ["mon-17", "pump-08"],
        "premed": [{"drug": "cetirizine", "dose": {"v": 10, "u": "mg"}}],
    }
    assert isinstance(wire_payload(only_act(station)), SessionPayload)


def test_a_session_moves_to_a_free_bed_and_closes_with_a_reason(
    station: ChairStation, open_page: OpenPage
) -> None:
    page = chair(open_page, station)
    session = part(page, "session")
    session.get_by_role("button", name="Move to another bed").click()
    send = session.locator("form button[type=submit]")
    for bed, said in (("17", "is where the session is"), ("2", "has the open session")):
        session.get_by_label("To bed").fill(bed)
        send.click()
        expect(session.locator(".outcome")).to_contain_text(f"Bed {bed} {said}")
    session.get_by_label("To bed").fill("19")
    send.click()
    expect(session.locator(".outcome")).to_contain_text("session moved to bed 19")
    session.get_by_role("button", name="Close the session").click()
    expect(session).to_contain_text("Somebody is to stay: return of the reaction")
    session.locator("form button[type=submit]").click()
    expect(session.locator(".outcome")).to_contain_text("Reason: it is empty")
    session.get_by_label("Reason").fill("to the ward")
    session.locator("form button[type=submit]").click()
    expect(session.locator(".outcome")).to_contain_text("session closed")
    assert [one["payload"] for one in station.acts] == [
        {"id": SESSION, "event": "transfer", "to_bed": "19", "devices": ["mon-17"]},
        {"id": SESSION, "event": "close", "reason": "to the ward"},
    ]
    for one in station.acts:
        assert isinstance(wire_payload(one), SessionPayload)
