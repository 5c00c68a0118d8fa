"""The chair in a real browser: what it shows, and that every act is the exact wire message."""

import json
import re

import pytest
from playwright.sync_api import expect
from station.chair_pages import HOSTILE, OpenPage, chair, only_act, part
from station.chair_scenes import (
    BED,
    SESSION,
    ChairStation,
    answer_with,
    chair_alert,
    chair_scene,
    wire_payload,
)
from station.fake_station import Json

from monitor.wire.payloads import (
    ActPayload,
)

MINUS = "\N{MINUS SIGN}"


def test_the_five_numbers_say_value_age_distance_and_rule(
    station: ChairStation, open_page: OpenPage
) -> None:
    page = chair(open_page, station)
    pressure = page.locator(".number-sbp")
    expect(pressure.locator(".number-value")).to_have_text("84/47")
    expect(pressure.locator(".number-age")).to_contain_text("1 m ago · MAP 59")
    expect(pressure.locator(".number-delta")).to_have_text(f"▼ {MINUS}40 ({MINUS}32 %) vs 124")
    expect(pressure.locator(".number-rule")).to_have_text("SBP 84 mmHg is below 90")
    expect(page.locator(".number-hr .number-delta")).to_have_text("▲ +46 (+56 %) vs 82")
    expect(page.locator(".number-rr .number-delta")).to_have_text("no baseline")
    # What the monitor no longer holds for current is no number, here as on the tile.
    expect(page.locator(".number-temp .number-value")).to_have_text("--")
    expect(page.locator(".number-temp .number-age")).to_have_text("last 37.4, 6 m ago")
    expect(page.locator(".number-temp .number-delta")).to_have_text("")
    expect(page.locator(".number-temp")).to_have_attribute("data-stale", "")


def test_the_head_and_the_clocks_say_what_runs(station: ChairStation, open_page: OpenPage) -> None:
    page = chair(open_page, station)
    expect(page.locator(".chair-what")).to_have_text("64 y · 71 kg · IVIg 10 %")
    expect(page.locator(".chair-facts")).to_contain_text("number 1 of 6 · first dose")
    expect(page.locator(".badge")).to_have_text("G3 · anaphylaxis pattern")
    strip = page.locator(".strip-cell")
    expect(strip.nth(0)).to_contain_text("1 h 11")
    expect(strip.nth(1)).to_contain_text(re.compile(r"26:0\d120 mL/h"))
    expect(strip.nth(2)).to_contain_text("168 mL/h in 4 m")
    expect(strip.nth(2)).to_contain_text("not yet: 5 min more at this rate; grade 3")
    expect(strip.nth(3)).to_contain_text("every hour: Temp missing")
    expect(strip.nth(4)).to_contain_text("84.5 mL in265.5 mL left, pump")


@pytest.mark.parametrize(
    ("phase", "words"), [("infusing", "none told"), ("paused", "none: nothing flows")]
)
def test_nothing_is_said_to_stand_still_while_it_flows(
    station: ChairStation, open_page: OpenPage, phase: str, words: str
) -> None:
    station.scene.beds[BED] |= {"step_up": None, "phase": phase}
    page = chair(open_page, station)
    expect(page.locator(".strip-cell").nth(2).locator(".strip-big")).to_have_text(words)


def test_what_is_not_known_is_said(station: ChairStation, open_page: OpenPage) -> None:
    for name in ("started", "rate_changed", "volume", "age", "weight", "first_dose", "symptoms"):
        station.scene.beds[BED].pop(name)
    station.scene.alerts = {}
    page = chair(open_page, station)
    expect(page.locator(".chair-what")).to_contain_text("age not known · weight not known")
    expect(page.locator(".chair-facts")).to_contain_text("first dose: not known")
    for cell in (0, 1, 4):
        expect(page.locator(".strip-cell").nth(cell).locator(".strip-big")).to_have_text(
            "not known"
        )
    expect(part(page, "why")).to_contain_text("The monitor does not say it.")


def test_numbers_that_nobody_confirms_are_gone_within_five_seconds(
    station: ChairStation, open_page: OpenPage
) -> None:
    page = chair(open_page, station)
    expect(page.locator(".unheard")).to_be_hidden()
    station.is_silent = True
    expect(page.locator(".unheard")).to_contain_text(
        re.compile(r"NOT HEARD FOR 0:0[5-7]. .*Look at the bedside"), timeout=7500
    )
    for value in page.locator(".number-value").all():
        expect(value).to_have_text("--")
    station.is_silent = False
    expect(page.locator(".number-hr .number-value")).to_have_text("128")
    expect(page.locator(".unheard")).to_be_hidden()


def test_numbers_of_a_lost_monitor_are_gone(station: ChairStation, open_page: OpenPage) -> None:
    station.scene.condition = "the monitor is offline"
    page = chair(open_page, station)
    expect(page.locator(".unheard")).to_contain_text("the monitor is offline.")
    expect(page.locator(".number-hr .number-value")).to_have_text("--")


def test_every_state_of_a_step_is_told_apart_in_words(
    station: ChairStation, open_page: OpenPage
) -> None:
    page = chair(open_page, station)
    said = {
        one.get_attribute("data-step"): one.locator(".step-state").inner_text()
        for one in page.locator(".step").all()
    }
    assert said == {
        "stop": "✓ done",
        "epinephrine": "□ to do",
        "rapid-response": "□ to do",
        "flat": "◐ started",
        "fluids": "□ to do",
        "antihistamine": "✕ declined",
        "glucagon": "⊘ not possible",
        "bronchodilator": "□ to do",
    }
    current = page.locator('.step[aria-current="step"]')
    expect(current).to_have_count(1)
    expect(current).to_have_attribute("data-step", "epinephrine")
    besides = page.get_by_role("list", name="Beside the first line").locator(".step")
    assert [one.get_attribute("data-step") for one in besides.all()] == [
        "antihistamine",
        "glucagon",
        "bronchodilator",
    ]
    for state in ("done", "declined", "not-possible"):
        expect(page.locator(f'.step[data-state="{state}"] button')).to_have_count(0)
    expect(page.locator('[data-step="antihistamine"]')).to_contain_text("because not now")
    expect(page.locator(".timer").first).to_contain_text(re.compile(r"Since the stop4:[45]\d"))


def test_a_dose_is_prefilled_and_editable(station: ChairStation, open_page: OpenPage) -> None:
    page = chair(open_page, station)
    step = page.locator('[data-step="epinephrine"]')
    step.get_by_role("button", name="Done:").click()
    amount = step.get_by_label("Dose given")
    expect(amount).to_have_value("0.5")
    expect(amount).to_be_focused()
    amount.fill("none")
    step.get_by_role("button", name="Done", exact=True).click()
    expect(part(page, "ladder").locator(".outcome")).to_contain_text(
        'Dose given: "none" is no number above 0'
    )
    assert station.acts == []
    amount.fill("0,3")
    step.get_by_role("button", name="Done", exact=True).click()
    expect(step.locator(".step-state")).to_have_text("✓ done")
    expect(part(page, "ladder").locator(".outcome")).to_contain_text("Recorded by nurse-1")
    sent = wire_payload(only_act(station))
    assert isinstance(sent, ActPayload)
    assert (sent.act, sent.alert, sent.step, sent.status) == (
        "step",
        "al-17-1",
        "epinephrine",
        "done",
    )
    assert sent.dose is not None
    assert (sent.dose.v, sent.dose.u, sent.session) == (0.3, "mg", SESSION)
    expect(page.locator('.timer[data-key="epinephrine repeat"]')).to_contain_text(
        re.compile(r"repeat if not betterin 4:5\d")
    )


@pytest.mark.parametrize(
    ("button", "status"), [("Declined:", "declined"), ("Not possible:", "not-possible")]
)
def test_a_step_that_is_not_taken_needs_its_reason(
    station: ChairStation, open_page: OpenPage, button: str, status: str
) -> None:
    page = chair(open_page, station)
    step = page.locator('[data-step="epinephrine"]')
    step.get_by_role("button", name=button).click()
    step.locator("form button[type=submit]").click()
    expect(part(page, "ladder").locator(".outcome")).to_contain_text("needs a reason, 1 to 64")
    assert station.acts == []
    step.get_by_label("Reason").fill("no order")
    step.locator("form button[type=submit]").click()
    expect(step).to_have_attribute("data-state", status)
    sent = wire_payload(only_act(station))
    assert isinstance(sent, ActPayload)
    assert (sent.status, sent.reason, sent.dose) == (status, "no order", None)


def test_a_step_without_a_dose_is_done_by_one_press(
    station: ChairStation, open_page: OpenPage
) -> None:
    page = chair(open_page, station)
    page.locator('[data-step="rapid-response"]').get_by_role("button", name="Done:").click()
    expect(page.locator('[data-step="rapid-response"]')).to_have_attribute("data-state", "done")
    page.locator('[data-step="bronchodilator"]').get_by_role("button", name="Other").click()
    page.locator('[data-step="bronchodilator"]').get_by_role("button", name="Started:").click()
    expect(page.locator('[data-step="bronchodilator"]')).to_have_attribute("data-state", "started")
    assert [one["payload"]["status"] for one in station.acts] == ["done", "started"]
    for one in station.acts:
        assert "dose" not in one["payload"]
        wire_payload(one)


def test_a_refusal_of_the_monitor_is_said_where_it_happened(
    station: ChairStation, open_page: OpenPage
) -> None:
    def refuse(body: Json) -> tuple[int, Json]:
        words = "act-refused: the step is not offered"
        answer = {"id": body["id"], "bed": BED, "act": "step", "by": "nurse-1", "refused": words}
        station.tell("answer", answer)
        return 202, {"id": body["id"], "state": "sent"}

    station.answer = refuse
    page = chair(open_page, station)
    page.locator('[data-step="rapid-response"]').get_by_role("button", name="Done:").click()
    said = part(page, "ladder").locator('.outcome[data-state="refused"]')
    expect(said).to_have_text("Not accepted: act-refused: the step is not offered")
    expect(page.locator('[data-step="rapid-response"]')).to_have_attribute("data-state", "offered")


def test_why_says_rows_values_limits_and_what_is_lacking(
    station: ChairStation, open_page: OpenPage
) -> None:
    page = chair(open_page, station)
    why = part(page, "why")
    row = why.locator('tr[data-rule="who-2020.sbp.abs.3"]')
    for said in ("G3", "SBP 84 mmHg is below 90", "84 mmHg", "90 mmHg", "124 ± 3.5", "6 mmHg"):
        expect(row).to_contain_text(said)
    expect(row).to_contain_text("95 mmHg")
    expect(why).to_contain_text("hypotension (grade 3): confirmed")
    moved = why.locator(".why-moves li")
    expect(moved).to_have_text(
        ["SBP 84: -40 mmHg (-32 %) from the baseline", "shock index (HR over SBP) 1.33"]
    )
    expect(why).to_contain_text("needs 30 s, clear for 60 s ends it, 2 readings")
    why.get_by_text("Pictures, and what speaks").click()
    expect(why).to_contain_text("anaphylaxis: 70 points (it names the reaction)")
    expect(why).to_contain_text(f"{MINUS}5 no fever")
    expect(why).to_contain_text("Not measured: diastolic pressure has fallen too")
    why.get_by_text("What other rule books say").click()
    expect(why).to_contain_text("news2: yes · hr · at least 5 points")
    expect(why).to_contain_text("sha256:9c1f, revision 4")
    expect(why).to_contain_text("tachycardia of grade 1: waits for a repeat")
    station.tell_alert(chair_alert(rev=5))
    expect(why).to_contain_text("revision 5")
    expect(why.get_by_text("Not measured:")).to_be_visible()


def test_why_not_is_said_where_nothing_fires(station: ChairStation, open_page: OpenPage) -> None:
    station.scene = chair_scene(
        why_not={"t": station.scene.beds[BED]["t"], "lines": ["SBP fall 18 of 30"]}
    )
    station.scene.alerts = {}
    page = chair(open_page, station)
    expect(part(page, "why")).to_contain_text("SBP fall 18 of 30")


def test_a_viewer_is_told_to_log_in(station: ChairStation, open_page: OpenPage) -> None:
    station.person = None
    page = chair(open_page, station)
    expect(page.locator(".chair .warned").first).to_contain_text("You are viewing.")
    part(page, "symptoms").get_by_role("button", name="wheeze").click()
    expect(part(page, "symptoms").locator(".outcome")).to_have_text(
        "Log in first: acting needs a person"
    )


def test_whatever_comes_over_the_wire_is_text(station: ChairStation, open_page: OpenPage) -> None:
    alert = chair_alert(label=HOSTILE, reason=HOSTILE, config=HOSTILE, pattern=HOSTILE)
    alert["because"][0] |= {"words": HOSTILE, "rule": HOSTILE, "source": [HOSTILE]}
    alert["pictures"][0] |= {"pattern": HOSTILE, "lacking": [HOSTILE]}
    station.scene.alerts = {"al-17-1": alert}
    station.scene.beds[BED] |= {
        "subject": HOSTILE,
        "remarks": [HOSTILE],
        "age": HOSTILE,
        "untold": [{"what": HOSTILE, "reason": HOSTILE}],
        "symptoms": [{"symptom": HOSTILE, "severity": HOSTILE, "since": HOSTILE}],
    }
    advice = station.advice[BED]
    advice["steps"] = [{**one, "words": HOSTILE, "by": HOSTILE} for one in advice["steps"]]
    page = chair(open_page, station)
    expect(part(page, "why")).to_contain_text(HOSTILE)
    assert page.evaluate("window.hacked") is None
    assert page.locator(".chair img, .chair script").count() == 0
    assert json.loads(page.evaluate("document.querySelector('canvas.timeline').dataset.drawn"))


def test_everything_is_reached_by_the_keyboard(station: ChairStation, open_page: OpenPage) -> None:
    page = chair(open_page, station)
    page.locator("#chair .back").focus()
    reached = set()
    for _ in range(140):
        reached.add(
            page.evaluate(
                "(() => { const one = document.activeElement; return one.closest('.part')"
                " ? one.closest('.part').className + '|' + one.tagName : ''; })()"
            )
        )
        page.keyboard.press("Tab")
    parts = ("timeline", "ladder", "symptoms", "vitals", "record", "note", "session")
    for name in parts:
        assert f"part part-{name}|BUTTON" in reached or f"part part-{name}|INPUT" in reached
    assert "part part-why|SUMMARY" in reached


@pytest.mark.parametrize("size", [(1024, 768), (820, 1180), (960, 540)])
def test_nothing_is_cut_off_on_tablets_and_at_double_size(
    station: ChairStation, open_page: OpenPage, size: tuple[int, int]
) -> None:
    # 960 x 540 is a screen of 1920 x 1080 at 200 % zoom.
    page = open_page(station, size=size)
    page.evaluate(f"location.hash = '#/bed/{BED}'")
    page.wait_for_selector("canvas.timeline[data-drawn]")
    wide = page.evaluate(
        "[...document.querySelectorAll('.chair *')].filter(one => one.closest('.scrolls') === null"
        " && one.getBoundingClientRect().width > 0"
        " && one.getBoundingClientRect().right > innerWidth + 1).map(one => one.className)"
    )
    assert wide == []
    small = page.evaluate(
        "[...document.querySelectorAll('.chair button, .chair select, .chair summary, .chair a')]"
        ".filter(one => one.getClientRects().length).filter(one =>"
        " one.getBoundingClientRect().height < 43.5).map(one => one.textContent)"
    )
    assert small == []


def test_a_note_is_marked_as_a_draft(station: ChairStation, open_page: OpenPage) -> None:
    page = chair(open_page, station)
    answer_with(page, f"beds/{BED}/note", {"text": f"What happened\n{HOSTILE}"})
    note = part(page, "note")
    note.get_by_role("button", name="Draft the note").click()
    expect(note.locator("pre")).to_contain_text(f"DRAFT\n\nWhat happened\n{HOSTILE}")
    expect(note).to_contain_text("a person who was there has to read it")
    note.get_by_role("button", name="Copy").click()
    expect(note.locator(".outcome")).to_contain_text(re.compile("Copied|Marked"))
    assert page.evaluate("window.hacked") is None
