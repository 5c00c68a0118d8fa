"""The alerts: their order, what is said of them, and what people can do about them."""

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect
from station.fake_station import FakeStation, Json
from station.scenes import alert, calm_scene, reason

Serve = Callable[..., FakeStation]
OpenPage = Callable[..., Page]


def row(page: Page, bed: str) -> Locator:
    """Return the row of the alert of a bed."""
    return page.locator(f'.alert[data-alert="al-{bed}-1"]')


def order(page: Page) -> list[str]:
    """Return the beds of the rows from above."""
    return [words.removeprefix("Bed ") for words in page.locator(".bed-link").all_inner_texts()]


def acknowledge(page: Page, bed: str) -> None:
    """Press the button of a bed."""
    row(page, bed).get_by_role("button", name="Ack bed").click()


def test_unacknowledged_come_first_then_priority_then_the_newest(
    ward: FakeStation, open_page: OpenPage
) -> None:
    page = open_page(ward)
    assert order(page) == ["17", "8", "5", "40", "29", "34", "10", "42", "53"]


def test_a_row_says_what_it_is_and_what_the_infusion_was_doing(
    ward: FakeStation, open_page: OpenPage
) -> None:
    page = open_page(ward)
    expect(row(page, "17")).to_contain_text("SBP 84 < 90, -32 % from 124; HR 128, +46 from 82")
    expect(row(page, "17")).to_contain_text("grade 3 · anaphylaxis pattern · 1:")
    expect(row(page, "17")).to_contain_text("6 min after the last rate change · rate 0 mL/h")
    expect(row(page, "8")).to_contain_text(re.compile(r"ended \d\d:\d\d, stays until acknowledged"))
    expect(row(page, "42")).to_contain_text(
        re.compile(r"nurse-2 has it since \d\d:\d\d · re-alerts in [89] min")
    )
    expect(row(page, "40")).to_contain_text(re.compile(r"tone paused, 1:\d\d left"))


def test_an_acknowledgement_is_seen_on_the_other_screen_within_a_second(
    ward: FakeStation, open_page: OpenPage
) -> None:
    here, there = open_page(ward), open_page(ward)
    expect(row(there, "17")).to_have_attribute("data-loud", "yes")
    acknowledge(here, "17")
    expect(row(there, "17")).to_contain_text("nurse-1 has it", timeout=1000)
    assert ward.acts[0]["payload"] == {"act": "ack", "alert": "al-17-1"}
    assert ward.acts[0]["alert_rev"] == 1
    assert ward.acts[0]["bed"] == "17"
    expect(row(here, "17").get_by_role("button", name="Ack bed")).to_be_hidden()
    expect(row(there, "17")).to_have_attribute("data-signal", "acknowledged")


def test_a_mistake_is_taken_back_by_handing_the_alert_back(
    ward: FakeStation, open_page: OpenPage
) -> None:
    page = open_page(ward)
    acknowledge(page, "17")
    row(page, "17").get_by_text(re.compile("^Undo")).click()
    expect(row(page, "17")).to_have_attribute("data-signal", "on")
    assert [one["payload"]["act"] for one in ward.acts] == ["ack", "hand-back"]
    assert ward.acts[0]["id"] != ward.acts[1]["id"]


def test_undo_is_offered_for_ten_seconds(ward: FakeStation, open_page: OpenPage) -> None:
    page = open_page(ward)
    acknowledge(page, "5")
    undo = row(page, "5").locator('[data-act="undo"]')
    expect(undo).to_have_text(re.compile(r"^Undo (10|9) s$"))
    expect(undo).to_be_hidden(timeout=12_000)


def test_what_was_refused_is_said_in_the_row(ward: FakeStation, open_page: OpenPage) -> None:
    page = open_page(ward)
    ward.answer = lambda _: (409, {"error": "it got worse after revision 1"})
    acknowledge(page, "17")
    expect(row(page, "17").locator(".trouble")).to_have_text(
        "Not accepted: it got worse after revision 1"
    )

    def refused(body: Json) -> tuple[int, Json]:
        answered = {"id": body["id"], "bed": "17", "act": "ack", "by": "nurse-1"}
        ward.tell("answer", {**answered, "refused": "taken"})
        return 202, {"id": body["id"], "state": "sent"}

    ward.answer = refused
    acknowledge(page, "17")
    expect(row(page, "17").locator(".trouble")).to_have_text("Not accepted: taken")
    expect(row(page, "17")).to_have_attribute("data-signal", "on")


def test_an_act_that_nobody_answered_is_repeated_under_its_own_id(
    ward: FakeStation, open_page: OpenPage
) -> None:
    page = open_page(ward)
    ward.answer = lambda body: (503, {}) if len(ward.acts) < 2 else (202, {"id": body["id"]})
    acknowledge(page, "5")
    expect(row(page, "5").locator("[data-sending]")).to_have_text("sending")
    expect(row(page, "5").locator("[data-sending]")).to_have_text(
        "sent, no answer of the monitor yet", timeout=10_000
    )
    assert len({one["id"] for one in ward.acts}) == 1
    assert len(ward.acts) == 2


def test_whoever_is_not_logged_in_is_asked_who_it_is(serve: Serve, open_page: OpenPage) -> None:
    station = serve(person=None)
    page = open_page(station)
    acknowledge(page, "17")
    expect(row(page, "17").locator(".trouble")).to_contain_text("Log in first")
    name = page.get_by_label("Name")
    expect(name).to_be_focused()
    name.fill("nurse-4")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.locator("#login")).to_contain_text("name or password is wrong")
    page.get_by_label("Password").fill("right")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="nurse-4 (nurse)")).to_be_visible()
    acknowledge(page, "17")
    expect(row(page, "17")).to_contain_text("nurse-4 has it")


def test_every_other_act_is_two_taps_away(ward: FakeStation, open_page: OpenPage) -> None:
    page = open_page(ward)
    for bed, label, act in (
        ("17", "Pause tone 2:00", {"act": "pause-audio", "for_s": 120}),
        ("5", "Escalate", {"act": "escalate"}),
        ("29", "artefact", {"act": "not-a-reaction", "why": "artefact"}),
        ("42", "Hand back", {"act": "hand-back"}),
    ):
        row(page, bed).get_by_role("button", name=f"More for bed {bed}").click()
        row(page, bed).get_by_role("button", name=label, exact=True).click()
        expect(row(page, bed).locator("[data-sending]")).to_have_text("")
        sent = ward.acts[-1]["payload"]
        assert {key: sent[key] for key in act} == act
    expect(row(page, "17")).to_contain_text("tone paused, 1:5")
    expect(row(page, "29")).to_contain_text("judged: artefact")


def test_the_monitor_itself_is_acknowledged_and_offers_nothing_that_it_refuses(
    serve: Serve, open_page: OpenPage
) -> None:
    station = serve(calm_scene(2))
    own = alert("_", "medium", "journal lost", kind="technical", session="", grade=None)
    station.scene.alerts[own["id"]] = own
    page = open_page(station)
    mine = row(page, "_")
    expect(mine.locator(".bed-link")).to_have_text("Monitor")
    expect(mine.get_by_role("button", name=re.compile("^More"))).to_have_count(0)
    mine.locator(".bed-link").focus()
    page.keyboard.press("p")
    expect(page.locator("#say-status")).to_contain_text("can only be acknowledged")
    assert station.acts == []
    mine.get_by_role("button", name="Ack the monitor").click()
    expect(mine).to_contain_text("nurse-1 has it")
    assert (station.acts[0]["bed"], station.acts[0]["payload"]["act"]) == ("_", "ack")
    mine.get_by_role("button", name="More for the monitor").click()
    shown = mine.locator(".extra button:visible")
    expect(shown).to_have_text(["Hand back"])


def test_a_snooze_needs_a_reason(ward: FakeStation, open_page: OpenPage) -> None:
    page = open_page(ward)
    row(page, "5").get_by_role("button", name="More for bed 5").click()
    form = row(page, "5").locator("form")
    form.get_by_role("button", name="Snooze").click()
    expect(form).to_contain_text("A snooze needs a reason")
    assert ward.acts == []
    form.get_by_label("Reason").fill("known, salbutamol given")
    form.get_by_label("For").select_option("30")
    form.get_by_role("button", name="Snooze").click()
    expect(row(page, "5")).to_contain_text("snoozed: known, salbutamol given")
    assert ward.acts[0]["payload"] == {
        "act": "snooze",
        "alert": "al-5-1",
        "sign": "tachycardia",
        "for_s": 1800,
        "reason": "known, salbutamol given",
    }


def test_what_ended_unseen_stays_until_somebody_has_seen_it(
    ward: FakeStation, open_page: OpenPage
) -> None:
    page = open_page(ward)
    acknowledge(page, "8")
    expect(row(page, "8")).to_have_count(0)


def test_a_row_never_moves_under_a_pointer(serve: Serve, open_page: OpenPage) -> None:
    station = serve(calm_scene(9))
    for bed in ("2", "3"):
        one = alert(bed, "medium", "HR 121", because=[reason("hr", 121, limit=30, base=87)])
        station.scene.alerts[one["id"]] = one
    page = open_page(station)
    page.mouse.move(5, 5)
    before = order(page)
    row(page, before[1]).hover()
    station.tell_alert(alert("7", "high", "SBP 80 < 90"))
    expect(row(page, "7")).to_be_visible()
    assert order(page) == [*before, "7"]
    expect(page.locator("#feed")).to_contain_text("1 new below")
    page.mouse.move(5, 5)
    expect(page.locator(".bed-link").first).to_have_text("Bed 7")


def test_nothing_acknowledges_all_and_nothing_covers_the_page(
    ward: FakeStation, open_page: OpenPage
) -> None:
    page = open_page(ward)
    page.eval_on_selector_all(
        '.alert [aria-expanded="false"]', "all => all.forEach((one) => one.click())"
    )
    every = page.locator("button").all_inner_texts()
    assert [words for words in every if re.search(r"\ball\b", words, re.IGNORECASE)] == []
    assert page.locator("dialog, [role=dialog], [aria-modal]").count() == 0


def test_a_call_says_who_was_told(ward: FakeStation, open_page: OpenPage) -> None:
    page = open_page(ward)
    ward.tell(
        "call", {"bed": "17", "alert": "al-17-1", "to": "nurse-in-charge", "by": "", "level": 1}
    )
    expect(row(page, "17")).to_contain_text("told nurse-in-charge")
