"""Tones: what calls is heard, what cannot be heard is said and told."""

import re
from collections.abc import Callable

import pytest
from broker import eventually
from playwright.sync_api import Page, expect
from station.fake_station import FakeStation
from station.scenes import Scene, acknowledged, alert, calm_scene

Serve = Callable[..., FakeStation]
OpenPage = Callable[..., Page]

# Counts pulses instead of making them; like a browser, it is suspended until a person acts.
COUNTED = """
  globalThis.pulses = [];
  const silent = () => new Proxy(function () {}, {
    get: (target, name) => (name === "value" ? 0 : silent()),
    set: () => true,
    apply: () => silent(),
  });
  globalThis.AudioContext = class {
    constructor() { this.state = "suspended"; this.currentTime = 0; this.onstatechange = null; }
    async resume() { if (globalThis.mayPlay) { this.state = "running"; this.onstatechange?.(); } }
    createPeriodicWave() { return {}; }
    createGain() { return { gain: silent(), connect: (next) => next }; }
    createOscillator() {
      return {
        frequency: {}, setPeriodicWave() {}, connect: (next) => next, stop() {},
        start: (at) => globalThis.pulses.push(at),
      };
    }
  };
  addEventListener("pointerdown", () => { globalThis.mayPlay = true; }, { capture: true });
"""


def tone_state(page: Page) -> str:
    """Return what the header says about sound."""
    return page.locator("[data-tones]").inner_text()


def pulses(page: Page) -> int:
    """Return how many pulses were played so far."""
    counted: int = page.evaluate("globalThis.pulses.length")
    return counted


def with_alert(priority: str, **changes: object) -> Scene:
    """Return one calm bed and one that calls."""
    scene = calm_scene(2)
    one = alert("2", priority, "HR 121") | changes
    scene.alerts[one["id"]] = one
    return scene


def test_blocked_tones_are_said_on_every_tile_and_told_to_the_server(
    serve: Serve, open_page: OpenPage
) -> None:
    station = serve(calm_scene(2))
    page = open_page(station, script=COUNTED)
    assert tone_state(page) == "TONES BLOCKED"
    expect(page.locator(".tile .notes").first).to_have_text("tones off")
    assert station.screens[-1]["tones"] == "blocked"
    page.locator("h1").click()
    expect(page.locator("[data-tones]")).to_have_text("Sound check due")
    expect(page.locator(".tile .notes").first).to_be_hidden()
    assert station.screens[-1]["tones"] == "on"
    assert {one["screen"] for one in station.screens} == {station.screens[0]["screen"]}


@pytest.mark.parametrize(("priority", "count"), [("high", 10), ("medium", 3), ("low", 2)])
def test_a_burst_has_the_pulses_of_its_priority(
    serve: Serve, open_page: OpenPage, priority: str, count: int
) -> None:
    station = serve(calm_scene(2))
    page = open_page(station, script=COUNTED)
    page.locator("h1").click()
    expect(page.locator("[data-tones]")).to_have_text("Sound check due")
    assert pulses(page) == 0
    station.tell_alert(alert("2", priority, "HR 121"))
    expect(page.locator(".alert")).to_have_count(1)
    assert pulses(page) == count


@pytest.mark.parametrize(
    "quiet",
    [
        acknowledged("nurse-2", ago_s=5, realert_s=500),
        {"signal": "audio-paused"},
        {"signal": "snoozed"},
        {"signal": "latched", "state": "ended"},
    ],
)
def test_what_does_not_call_makes_no_sound(
    serve: Serve, open_page: OpenPage, quiet: dict[str, object]
) -> None:
    page = open_page(serve(with_alert("high", **quiet)), script=COUNTED)
    page.locator("h1").click()
    expect(page.locator("[data-tones]")).to_have_text("Sound check due")
    assert pulses(page) == 0


def test_the_sound_check_asks_whether_it_was_heard(serve: Serve, open_page: OpenPage) -> None:
    station = serve(calm_scene(2))
    page = open_page(station, script=COUNTED)
    page.locator("[data-tones]").click()
    drawer = page.locator("#tones")
    drawer.get_by_role("button", name="Sound check").click()
    expect(drawer).to_contain_text("Heard all three?")
    assert pulses(page) == 15
    drawer.get_by_role("button", name="No").click()
    expect(page.locator("[data-tones]")).to_have_text("TONES BLOCKED")
    expect(drawer).to_contain_text("Not heard")
    drawer.get_by_role("button", name="Sound check").click()
    drawer.get_by_role("button", name="Yes").click()
    expect(page.locator("[data-tones]")).to_have_text("Tones on")
    assert eventually(lambda: station.screens[-1]["tones"] == "on")


def test_a_screen_pauses_for_two_minutes_and_only_something_worse_breaks_through(
    serve: Serve, open_page: OpenPage
) -> None:
    station = serve(with_alert("medium"))
    page = open_page(station, script=COUNTED)
    page.locator("[data-tones]").click()
    page.get_by_role("button", name="Pause tones of this screen").click()
    expect(page.locator("[data-tones]")).to_have_text(re.compile(r"^Tones paused 1:5\d$"))
    before = pulses(page)
    station.tell_alert(alert("1", "medium", "HR 122"))
    expect(page.locator(".alert")).to_have_count(2)
    assert pulses(page) == before
    station.tell_alert(alert("1", "high", "SBP 80 < 90", id="al-1-2"))
    expect(page.locator(".alert")).to_have_count(3)
    expect(page.locator("[data-tones]")).not_to_contain_text("paused")
    assert pulses(page) == before + 10


def test_tones_that_a_person_turned_off_are_said(serve: Serve, open_page: OpenPage) -> None:
    station = serve(with_alert("high"))
    page = open_page(station, script=COUNTED)
    page.locator("[data-tones]").click()
    page.get_by_role("button", name="Turn tones off").click()
    expect(page.locator("[data-tones]")).to_have_text("TONES OFF on this screen")
    expect(page.locator(".tile .notes").first).to_contain_text("tones off")
    assert station.screens[-1]["tones"] == "off"


def test_screens_that_cannot_sound_are_counted_for_everybody(
    serve: Serve, open_page: OpenPage
) -> None:
    station = serve(calm_scene(2))
    page = open_page(station)
    station.tell("screens", {"blocked": 2})
    expect(page.locator("#header")).to_contain_text("2 screens cannot sound")
