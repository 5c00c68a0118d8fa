"""A page must never look alive when it is not: silence, restarts, wrong clocks, a lost monitor."""

import re
from collections.abc import Callable
from typing import Final

from playwright.sync_api import Browser, Page, expect
from station.fake_station import FakeStation
from station.scenes import START_MS, alert, calm_scene, iso

Serve = Callable[..., FakeStation]
OpenPage = Callable[..., Page]

HIDDEN = "all => all.every((one) => getComputedStyle(one).visibility === 'hidden')"
WRONG_CLOCK = """
  const real = Date.now;
  const Real = Date;
  const ahead = 400 * 24 * 3600 * 1000;
  globalThis.Date = class extends Real {
    constructor(...given) { super(...(given.length ? given : [real() + ahead])); }
    static now() { return real() + ahead; }
  };
"""


def test_numbers_are_covered_within_five_seconds_of_silence(
    serve: Serve, open_page: OpenPage
) -> None:
    station = serve()
    page = open_page(station)
    expect(page.locator("[data-live]")).to_have_text(re.compile(r"^live \d\.\d s$"))
    station.is_silent = True
    cover = page.locator(".cover")
    # The page counts from what it heard last, which may come a little after the silence began.
    expect(cover).to_be_visible(timeout=15_000)
    expect(cover).to_contain_text("NOT HEARD FOR 0:0")
    assert page.eval_on_selector_all(".tile .value b", HIDDEN)
    expect(page.locator("[data-live]")).to_have_text(re.compile(r"^STALE \d s$"))
    expect(page.locator("#say-status")).to_contain_text("not heard", timeout=7000)
    # What called before still calls: only the numbers are not to be believed.
    expect(page.locator(".alert")).to_have_count(9)


def test_a_page_that_hears_again_shows_its_numbers_again(serve: Serve, open_page: OpenPage) -> None:
    station = serve(calm_scene(4))
    page = open_page(station)
    station.is_silent = True
    expect(page.locator(".cover")).to_be_visible(timeout=6500)
    station.is_silent = False
    expect(page.locator(".cover")).to_be_hidden()
    assert not page.eval_on_selector_all(".tile .value b", HIDDEN)


def test_a_restarted_server_loses_and_doubles_no_alert(serve: Serve, open_page: OpenPage) -> None:
    station = serve(calm_scene(4))
    one = alert("2", "high", "SBP 80 < 90")
    station.scene.alerts[one["id"]] = one
    page = open_page(station)
    expect(page.locator(".alert")).to_have_count(1)
    # While nobody listens one alert ends and another begins.
    other = alert("3", "medium", "HR 121")
    station.scene.alerts = {other["id"]: other}
    station.drop()
    expect(page.locator(".bed-link")).to_have_text("Bed 3", timeout=10_000)
    expect(page.locator(".alert")).to_have_count(1)


def test_a_wrong_clock_of_the_browser_changes_nothing(serve: Serve, open_page: OpenPage) -> None:
    station = serve()
    page = open_page(station, script=WRONG_CLOCK, timezone_id="UTC")
    assert page.evaluate("Date.now()") - station.now_ms() > 300 * 24 * 3600 * 1000
    expect(page.locator('.tile[data-bed="17"] .band .age')).to_have_text(re.compile(r"^1:[12]\d$"))
    expect(page.locator('.tile[data-bed="24"] .value.bp .aged')).to_have_text(
        re.compile(r"^[23] m$")
    )
    expect(page.locator("#header time")).to_have_text(re.compile(r"^13:4[56]:\d\d$"))
    assert START_MS == 1_795_355_157_000


def test_a_monitor_that_is_offline_covers_the_numbers(serve: Serve, open_page: OpenPage) -> None:
    station = serve(calm_scene(4))
    page = open_page(station)
    words = "MONITOR OFFLINE (lost): nobody watches"
    station.tell(
        "status", {"now_ms": station.now_ms(), "status": {"state": "offline"}, "condition": words}
    )
    expect(page.locator(".cover")).to_contain_text(words)
    expect(page.locator("#strip")).to_contain_text(words)
    assert page.eval_on_selector_all(".tile .value b", HIDDEN)


def test_a_weakness_of_the_monitor_is_said_and_covers_nothing(
    serve: Serve, open_page: OpenPage
) -> None:
    station = serve(calm_scene(4))
    page = open_page(station)
    status = {"state": "online", "t": "2026-11-22T13:45:57.000Z"}
    words = "alarm path unproven for 40 s"
    station.tell("status", {"now_ms": station.now_ms(), "status": status, "condition": words})
    expect(page.locator("#strip")).to_contain_text(words)
    expect(page.locator(".cover")).to_be_hidden()


def test_the_second_monitor_is_shown_where_there_is_one(serve: Serve, open_page: OpenPage) -> None:
    station = serve(calm_scene(4))
    page = open_page(station)
    waits, took_over = page.locator("[data-standby]"), page.locator("[data-took-over]")

    def tell(state: str, standby: str, took_over_ms: int | None) -> None:
        said = {"state": state, "standby": standby, "took_over_ms": took_over_ms}
        status = {**said, "t": iso(station.now_ms())}
        station.tell("status", {"now_ms": station.now_ms(), "status": status, "condition": ""})

    tell("online", "ready", None)
    expect(waits).to_have_text("standby ready")
    expect(waits).not_to_have_attribute("data-state", "bad")
    expect(took_over).to_be_hidden()
    tell("online", "not-ready", 65_000)
    expect(waits).to_have_text("STANDBY NOT READY")
    expect(waits).to_have_attribute("data-state", "bad")
    expect(took_over).to_have_text(re.compile(r"^standby took over 1:0\d ago$"))
    tell("online", "none", 3_600_000)
    expect(waits).to_be_hidden()
    expect(took_over).to_be_hidden()
    tell("online", "ready", 5_000)
    expect(took_over).to_be_visible()
    # Nobody speaks: what was said of who waits is not known any more.
    tell("offline", "ready", 5_000)
    expect(waits).to_be_hidden()
    expect(took_over).to_be_hidden()


def test_without_a_monitor_nothing_is_shown_as_known(serve: Serve, open_page: OpenPage) -> None:
    scene = calm_scene(0)
    scene.status, scene.condition = None, "NO MONITOR has been heard of in this unit"
    page = open_page(serve(scene))
    expect(page.locator(".cover")).to_contain_text("NO MONITOR")
    expect(page.locator("#grid")).to_contain_text("No bed is known yet")


def test_a_page_whose_program_does_not_come_says_that_it_shows_nothing(
    serve: Serve, browser: Browser
) -> None:
    station = serve(calm_scene(2))
    page = browser.new_page()
    page.route("**/page/app.js", lambda route: route.abort())
    page.goto(station.url)
    expect(page.locator("#strip")).to_contain_text("Nothing is shown or sounded on this screen yet")
    page.unroute_all()
    page.reload()
    expect(page.locator(".tile")).to_have_count(2)
    expect(page.locator("#strip")).to_be_empty()
    page.close()


def test_a_day_of_events_does_not_grow_the_page(serve: Serve, open_page: OpenPage) -> None:
    """Thousands of alerts, answers and calls come and go; what the page keeps of them does not."""
    station = serve(calm_scene(8))
    page = open_page(station)
    for number in range(1500):
        one = alert("2", "low", "HR 101", id=f"al-{number}")
        station.tell("alert", one)
        station.tell("call", {"bed": "2", "alert": one["id"], "to": "nurse", "by": ""})
        station.tell("answer", {"id": f"a-{number}", "bed": "2", "act": "ack", "refused": ""})
        station.tell("alert", one | {"state": "ended", "signal": "off"})
    station.tell("alert", alert("3", "low", "the last one"))
    expect(page.locator(".alert")).to_have_count(1, timeout=15_000)
    expect(page.locator(".alert")).to_contain_text("the last one")
    assert page.evaluate("document.querySelectorAll('*').length") < 1200


OWN_STREAM = """
  let ahead = 0;
  const real = performance.now.bind(performance);
  performance.now = () => real() + ahead;
  const heard = {};
  globalThis.EventSource = class {
    readyState = 1;
    addEventListener(kind, listener) { heard[kind] = listener; }
    close() {}
  };
  globalThis.day = { heard, pass(ms) { ahead += ms; } };
"""
"""Lets a test tell the stream, and lets time pass between two frames."""

LONG_DAY = """async ({hello, call, minutes}) => {
  const { heard, pass } = globalThis.day;
  const say = (kind, data) => heard[kind]({ data: JSON.stringify(data) });
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const heap = () => { gc(); gc(); return performance.memory.usedJSHeapSize; };
  const size = async () => {
    for (let one = 0; one < 20; one += 1) await frame();
    return { heap: heap(), nodes: document.querySelectorAll("*").length };
  };
  say("hello", hello);
  const names = Object.keys(hello.beds);
  let early;
  for (let minute = 1; minute <= minutes; minute += 1) {
    pass(60_000);
    const at = hello.now_ms + minute * 60_000;
    const told = {};
    for (const bed of names) {
      told[bed] = { hr: [60 + minute % 40, at, 0, 72], spo2: [95 + minute % 5, at, 0, 97] };
    }
    say("v", { now_ms: at, beds: told });
    if (minute % 5) continue;
    const about = { ...call, bed: names[minute % names.length], id: `al-${minute}` };
    say("alert", { ...about, rev: 1, state: "active", signal: "on" });
    await frame();
    say("answer", { id: `act-${minute}`, bed: about.bed, act: "ack", by: "nurse-1", refused: "" });
    say("alert", { ...about, rev: 2, state: "ended", signal: "off" });
    await frame();
    if (minute === 120) early = await size();
  }
  return { early, late: await size(), rows: document.querySelectorAll("#feed .alert").length };
}"""
"""Shows a day to the whole page, an alert every five minutes; what is there early and late."""

GROWN_MAX_BYTES: Final = 2_000_000


def test_a_day_on_the_whole_page_leaves_nothing_behind(
    serve: Serve, chromium_that_collects: Browser
) -> None:
    station = serve(calm_scene(8))
    page = chromium_that_collects.new_page()
    page.add_init_script(OWN_STREAM)
    page.goto(station.url)
    page.wait_for_function("() => globalThis.day.heard.hello")
    call = alert("1", "al-0", "high")
    found = page.evaluate(LONG_DAY, {"hello": station.hello(), "call": call, "minutes": 1440})
    expect(page.locator(".tile")).to_have_count(8)
    page.close()
    assert found["rows"] == 0, found
    assert found["late"]["nodes"] <= found["early"]["nodes"]
    assert found["late"]["heap"] - found["early"]["heap"] < GROWN_MAX_BYTES, found
