"""Hands and ears: everything with the keyboard alone, and only what matters is spoken."""

from collections.abc import Callable

from playwright.sync_api import Page, expect
from station.fake_station import FakeStation
from station.scenes import alert, calm_scene

Serve = Callable[..., FakeStation]
OpenPage = Callable[..., Page]


def test_everything_on_the_wall_can_be_done_with_keys_alone(
    ward: FakeStation, open_page: OpenPage
) -> None:
    page = open_page(ward)
    focused = "document.activeElement.dataset.bed ?? ''"
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate(focused):
            break
    assert page.evaluate(focused) == "1"
    for key, bed in (
        ("ArrowRight", "2"),
        ("ArrowDown", "10"),
        ("ArrowDown", "18"),
        ("ArrowLeft", "17"),
    ):
        page.keyboard.press(key)
        assert page.evaluate(focused) == bed
    page.keyboard.press("Enter")
    expect(page.locator("#chair")).to_be_visible()
    assert page.evaluate("location.hash") == "#/bed/17"
    page.keyboard.press("Escape")
    expect(page.locator("#chair")).to_be_hidden()
    assert page.evaluate(focused) == "17"
    page.keyboard.press("p")
    expect(page.locator('.alert[data-alert="al-17-1"]')).to_contain_text("tone paused")
    page.keyboard.press("e")
    page.keyboard.press("a")
    expect(page.locator('.alert[data-alert="al-17-1"]')).to_contain_text("nurse-1 has it")
    assert [one["payload"]["act"] for one in ward.acts] == ["pause-audio", "escalate", "ack"]


def test_the_alerts_are_one_stop_of_tab_with_arrows_inside(
    ward: FakeStation, open_page: OpenPage
) -> None:
    page = open_page(ward)
    page.locator(".bed-link").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".bed-link").nth(2)).to_be_focused()
    page.keyboard.press("a")
    expect(page.locator('.alert[data-alert="al-5-1"]')).to_contain_text("nurse-1 has it")
    assert page.evaluate("document.activeElement.textContent") == "Bed 5"


def test_a_key_that_is_about_nothing_says_so(serve: Serve, open_page: OpenPage) -> None:
    station = serve(calm_scene(4))
    page = open_page(station)
    page.keyboard.press("a")
    expect(page.locator("#say-status")).to_have_text("Choose a bed or an alert first")
    page.locator(".tile").nth(1).focus()
    page.keyboard.press("a")
    expect(page.locator("#say-status")).to_have_text("Bed 2 has no alert to act on")
    assert station.acts == []


def test_single_keys_can_be_turned_off_and_stay_off(ward: FakeStation, open_page: OpenPage) -> None:
    page = open_page(ward)
    page.keyboard.press("?")
    page.get_by_label("Single keys").uncheck()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    page.locator('.tile[data-bed="17"]').focus()
    page.keyboard.press("a")
    page.reload()
    page.locator('.tile[data-bed="17"]').focus()
    page.keyboard.press("a")
    page.keyboard.press("ArrowRight")
    expect(page.locator('.tile[data-bed="18"]')).to_be_focused()
    assert ward.acts == []


def test_keys_of_the_browser_are_left_alone(ward: FakeStation, open_page: OpenPage) -> None:
    page = open_page(ward)
    page.locator('.tile[data-bed="17"]').focus()
    page.keyboard.press("Control+a")
    page.keyboard.press("/")
    page.keyboard.type("ape")
    assert ward.acts == []


def test_only_what_matters_is_spoken(serve: Serve, open_page: OpenPage) -> None:
    station = serve(calm_scene(4))
    page = open_page(station)
    urgent, rest = page.locator("#say-alert"), page.locator("#say-status")
    assert urgent.get_attribute("role") == "alert"
    assert rest.get_attribute("role") == "status"
    station.tell_alert(alert("2", "high", "SBP 84 < 90"))
    expect(urgent).to_have_text("High priority. Bed 2. SBP 84 < 90")
    station.tell_alert(alert("3", "medium", "HR 121"))
    station.tell_alert(alert("4", "low", "HR 101"))
    expect(rest).to_have_text("medium, bed 3: HR 121")
    expect(rest).to_have_text("low, bed 4: HR 101", timeout=8000)
    expect(urgent).to_have_text("High priority. Bed 2. SBP 84 < 90")
    # Numbers change every second: none of them stands in a live region.
    live = "[aria-live], [role=alert], [role=status], [role=log], [role=timer]"
    assert page.locator(live).count() == 2
    assert page.locator(f"#grid :is({live})").count() == 0
