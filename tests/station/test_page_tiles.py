"""What a tile says: numbers with their ages, what is absent in words, and the order of the wall."""

import re
from collections.abc import Callable
from typing import Final

import pytest
from playwright.sync_api import Locator, Page, expect
from station.fake_station import FakeStation
from station.scenes import (
    START_MS,
    alert,
    calm_scene,
    channel,
    iso,
    reason,
    state,
    with_values,
)

Serve = Callable[..., FakeStation]
OpenPage = Callable[..., Page]


def tile(page: Page, bed: str) -> Locator:
    """Return the tile of a bed."""
    return page.locator(f'.tile[data-bed="{bed}"]')


def beds_shown(page: Page) -> list[str]:
    """Return the beds on the screen, in their order."""
    shown: list[str] = page.eval_on_selector_all(
        ".tile", "all => all.map((one) => one.dataset.bed)"
    )
    return shown


def test_a_high_alert_is_said_with_its_worst_value_and_its_limit(
    ward: FakeStation, open_page: OpenPage
) -> None:
    page = open_page(ward)
    shown = tile(page, "17")
    expect(shown.locator(".what")).to_have_text("SBP 84 < 90")
    expect(shown.locator(".band .age")).to_have_text(re.compile(r"^1:[12]\d$"))
    expect(shown.locator(".values .hr b")).to_have_text("128")
    expect(shown.locator(".bp b")).to_have_text("84/47")
    expect(shown.locator(".flow b")).to_have_text("STOPPED")
    assert shown.locator(".mark path").count() == 3
    spoken = re.compile(
        r"^high alert: SBP 84 < 90 1:\d\d Bed 17 PX-9EF7 temperature 37.4° ?7 m heart rate 128"
    )
    expect(shown).to_have_accessible_name(spoken)


def test_a_relative_rule_is_said_as_the_way_from_the_baseline(
    ward: FakeStation, open_page: OpenPage
) -> None:
    expect(tile(open_page(ward), "5").locator(".what")).to_have_text("HR 121 +34")


def test_a_bed_without_data_shows_no_number(ward: FakeStation, open_page: OpenPage) -> None:
    shown = tile(open_page(ward), "34")
    expect(shown.locator(".what")).to_have_text("NO DATA")
    expect(shown.locator(".band .age")).to_have_text(re.compile(r"^0:\d\d$"))
    for name in ("hr", "spo2"):
        expect(shown.locator(f".value.{name} b")).to_have_text("--")
    expect(shown.locator(".value.bp b")).to_have_text("--")
    expect(shown.locator(".value.temp b")).to_have_text("--")
    expect(shown.locator(".notes")).to_contain_text("not assessable")
    assert shown.evaluate("one => getComputedStyle(one).borderTopStyle") == "dashed"


def test_a_spot_value_has_its_age_and_is_dotted_once_another_is_owed(
    ward: FakeStation, open_page: OpenPage
) -> None:
    page = open_page(ward)
    owed, fresh = tile(page, "23").locator(".value.bp"), tile(page, "24").locator(".value.bp")
    expect(owed).to_have_class(re.compile("old"))
    expect(fresh).not_to_have_class(re.compile("old"))
    for one in (owed, fresh):
        expect(one.locator(".aged")).to_have_text(re.compile(r"^[23] m$"))
    line = "one => getComputedStyle(one.querySelector('b')).textDecorationStyle"
    assert owed.evaluate(line) == "dotted"
    assert owed.evaluate("one => getComputedStyle(one.querySelector('b')).color") != fresh.evaluate(
        "one => getComputedStyle(one.querySelector('b')).color"
    )
    expect(tile(page, "23").locator(".due")).to_have_text("VS late 4 m")


def test_what_is_absent_is_said_in_words(ward: FakeStation, open_page: OpenPage) -> None:
    page = open_page(ward)
    expect(tile(page, "12").locator(".notes")).to_contain_text("no baseline")
    expect(tile(page, "12").locator(".notes")).to_have_text("no baseline · tones off")
    expect(tile(page, "40").locator(".notes")).to_contain_text("tone paused 1:")
    expect(tile(page, "42").locator(".notes")).to_contain_text("nurse-2 has it")
    expect(tile(page, "8").locator(".band .age")).to_have_text("ended")


CUT: Final = "one => one.scrollWidth > one.clientWidth"


@pytest.mark.parametrize("size", [(1920, 1080), (1024, 768)])
@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_a_band_says_its_value_whole_whatever_stands_beside_it(
    ward: FakeStation, open_page: OpenPage, size: tuple[int, int], motion: str
) -> None:
    page = open_page(ward, size=size, reduced_motion=motion)
    for bed in ("17", "8", "10"):
        band = tile(page, bed).locator(".band")
        if band.count() == 0:  # on another page of beds
            continue
        assert not band.locator(".what").evaluate(CUT), (bed, band.inner_text())
        expect(band.locator(".age")).to_be_in_viewport()
    expect(tile(page, "8").locator(".what")).to_have_text("SBP 86 < 90")
    expect(tile(page, "10").locator(".what")).to_have_text("SpO2 probe off")


WIDE: Final = """one => {
  const outer = one.getBoundingClientRect();
  const boxes = [...one.querySelectorAll(".values .value b")].map((b) => b.getBoundingClientRect());
  return boxes.every((box, at) => box.left >= outer.left && box.right <= outer.right &&
    (at === 0 || box.left - boxes[at - 1].right >= 2));
}"""


@pytest.mark.parametrize("size", [(1920, 1080), (1024, 768), (960, 540)])
def test_the_longest_numbers_stand_apart(
    serve: Serve, open_page: OpenPage, size: tuple[int, int]
) -> None:
    scene = calm_scene(60)
    scene.beds["1"] = with_values(scene.beds["1"], hr=188, sbp=188, dbp=104, spo2=100)
    called = alert("1", "high", "SBP 188 > 180")
    scene.alerts = {called["id"]: called}
    page = open_page(serve(scene), size=size, reduced_motion="reduce")
    assert tile(page, "1").locator(".values b").all_inner_texts() == ["188", "188/104", "100"]
    assert tile(page, "1").evaluate(WIDE)


def test_the_drug_can_be_read_beside_vital_signs_that_are_late(
    ward: FakeStation, open_page: OpenPage
) -> None:
    page = open_page(ward)
    late = tile(page, "23")
    expect(late.locator(".due")).to_have_text("VS late 4 m")
    assert not late.locator(".drug").evaluate(CUT)
    inside = "one => one.getBoundingClientRect().bottom <= innerHeight"
    assert late.locator(".due").evaluate(inside)


def test_a_tile_with_room_says_what_its_numbers_are(serve: Serve, open_page: OpenPage) -> None:
    scene = calm_scene(4)
    scene.beds["1"] |= {"product": "Gammaplex 10 %, primary immunodeficiency"}
    page = open_page(serve(scene), size=(1024, 768))
    shown = tile(page, "1")
    assert shown.locator(".tag:visible").all_inner_texts() == ["HR /min", "BP mmHg", "SpO₂ %"]
    expect(tile(open_page(serve(calm_scene(60))), "1").locator(".tag").first).to_be_hidden()


def test_comparisons_are_written_as_people_write_them(serve: Serve, open_page: OpenPage) -> None:
    scene = calm_scene(1)
    row = reason("sbp", 70, limit=70) | {"words": "SBP 70 <= 70"}
    called = alert("1", "high", "SBP 70 <= 70; SpO2 >= 1", because=[row])
    scene.alerts = {called["id"]: called}
    page = open_page(serve(scene))
    expect(tile(page, "1").locator(".what")).to_have_text("SBP 70 ≤ 70")
    expect(page.locator(".alert .words")).to_have_text("SBP 70 ≤ 70; SpO2 ≥ 1")


def test_changed_limits_are_said_on_the_tile(serve: Serve, open_page: OpenPage) -> None:
    scene = calm_scene(1)
    station = serve(scene)
    notes = tile(open_page(station), "1").locator(".notes")
    expect(notes).not_to_contain_text("limits changed")
    row = {"words": "skin up to grade 1 does not call", "by": "nurse-1", "until": iso(START_MS)}
    scene.beds["1"]["limits_changed"] = [row]
    station.tell_bed("1")
    expect(notes).to_contain_text("limits changed")


@pytest.mark.parametrize(
    ("age_s", "stale", "style"),
    [(2, False, "fresh"), (8, False, "fresh"), (40, False, "old"), (70, True, "gone")],
)
def test_a_running_value_that_stops_coming_grows_old(
    serve: Serve, open_page: OpenPage, age_s: int, *, stale: bool, style: str
) -> None:
    shown = state("1", channels=[channel("hr", 71, age_s=age_s, stale=stale)])
    station = serve(calm_scene(0))
    station.is_silent = True
    station.scene.beds["1"] = shown
    number = tile(open_page(station), "1").locator(".value.hr")
    assert number.evaluate(
        "one => [...one.classList].filter((c) => c === 'old' || c === 'gone')"
    ) == ([] if style == "fresh" else [style])
    expect(number.locator("b")).to_have_text("--" if style == "gone" else "71")


def test_a_number_of_the_stream_is_on_the_tile(serve: Serve, open_page: OpenPage) -> None:
    station = serve(calm_scene(2))
    station.is_silent = True
    page = open_page(station)
    station.tell(
        "v", {"now_ms": station.now_ms(), "beds": {"2": {"hr": [99, station.now_ms(), 0, 72]}}}
    )
    expect(tile(page, "2").locator(".value.hr b")).to_have_text("99")


def test_beds_stand_in_the_order_of_their_names(ward: FakeStation, open_page: OpenPage) -> None:
    page = open_page(ward)
    assert beds_shown(page) == [str(one) for one in range(1, 61)]
    page.get_by_role("button", name="by acuity").click()
    assert beds_shown(page)[:6] == ["17", "8", "5", "40", "29", "53"] or beds_shown(page)[:4] == [
        "17",
        "8",
        "5",
        "40",
    ]


def test_the_order_by_acuity_waits_while_somebody_points_at_it(
    serve: Serve, open_page: OpenPage
) -> None:
    station = serve(calm_scene(12))
    page = open_page(station)
    page.get_by_role("button", name="by acuity").click()
    tile(page, "3").hover()
    before = beds_shown(page)
    station.tell_alert(alert("9", "high", "SBP 80 < 90"))
    expect(tile(page, "9").locator(".what")).to_have_text("SBP 80 < 90")
    assert beds_shown(page) == before


def test_two_hundred_beds_make_pages_and_the_keys_turn_them(
    serve: Serve, open_page: OpenPage
) -> None:
    station = serve(calm_scene(200))
    station.scene.alerts["x"] = alert("150", "high", "SBP 80 < 90", id="x")
    page = open_page(station)
    first = beds_shown(page)
    assert 60 <= len(first) < 200
    page.keyboard.press("PageDown")
    assert beds_shown(page)[0] == str(len(first) + 1)
    page.keyboard.press("PageUp")
    assert beds_shown(page) == first
    # What calls on another page is said on the button of that page, and its row is in the feed.
    marked = page.locator(".pages .button:has(.mark)")
    expect(marked).to_have_attribute("aria-label", re.compile("high"))
    expect(page.locator(".alert .bed-link")).to_have_text("Bed 150")


def test_a_bed_is_found_by_its_name_and_by_its_pseudonym(serve: Serve, open_page: OpenPage) -> None:
    station = serve(calm_scene(200))
    page = open_page(station)
    for typed in ("150", station.scene.beds["180"]["subject"].lower()):
        page.keyboard.press("/")
        page.keyboard.type(typed)
        page.keyboard.press("Enter")
        wanted = "150" if typed == "150" else "180"
        expect(tile(page, wanted)).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.type("no-such")
    page.keyboard.press("Enter")
    expect(page.locator(".find")).to_contain_text("No bed no-such")
    page.keyboard.press("Escape")
    expect(page.locator(".find")).to_be_hidden()


def test_a_new_bed_comes_and_a_closed_one_goes(serve: Serve, open_page: OpenPage) -> None:
    station = serve(calm_scene(2))
    page = open_page(station)
    station.scene.beds["3"] = state("3")
    station.tell_bed("3")
    expect(tile(page, "3")).to_be_visible()
    station.tell("gone", {"bed": "3"})
    expect(tile(page, "3")).to_have_count(0)


def test_vitals_owed_are_said_in_four_states(serve: Serve, open_page: OpenPage) -> None:
    words = {"next": "VS 5 m", "due": "VS due", "late": "VS late 5 m", "overdue": "VS late 5 m"}
    scene = calm_scene(4)
    for bed, name in zip(scene.beds, words, strict=True):
        due_ms = START_MS + 330_000 if name == "next" else START_MS - 330_000
        scene.beds[bed]["vitals_due"] = [
            {"key": "r", "words": "every 15 min", "due": iso(due_ms), "state": name}
        ]
    page = open_page(serve(scene))
    assert page.locator(".tile .due").all_inner_texts() == list(words.values())


def test_a_bed_whose_name_was_mistyped_once_is_no_tile(serve: Serve, open_page: OpenPage) -> None:
    scene = calm_scene(2)
    for bed, device in (("7", "online"), ("1L", "offline")):
        scene.beds[bed] = state(
            bed,
            session="",
            phase="none",
            channels=[channel("hr", 70, age_s=3600)],
            devices=[{"device": f"mon-{bed.lower()}", "state": device}],
        )
    page = open_page(serve(scene))
    assert beds_shown(page) == ["1", "2", "7"]
    expect(page.locator("#header")).to_contain_text("3 beds")


WRITES: Final = """() => {
  window.written = [];
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      const place = target.nodeType === 3 ? target.parentElement : target;
      if (place.closest(".values")) window.written.push(place.closest(".tile").dataset.bed);
    }
  }).observe(
    document.querySelector(".tiles"), { subtree: true, childList: true, characterData: true },
  );
}"""


def test_a_number_is_written_to_its_tile_alone(serve: Serve, open_page: OpenPage) -> None:
    station = serve(calm_scene(6))
    station.is_silent = True
    page = open_page(station)
    expect(tile(page, "2").locator(".value.hr b")).not_to_be_empty()
    page.evaluate(WRITES)
    at = station.now_ms()
    for rate in (91, 92, 93):
        station.tell("v", {"now_ms": at, "beds": {"2": {"hr": [rate, at, 0, 72]}}})
    expect(tile(page, "2").locator(".value.hr b")).to_have_text("93")
    assert set(page.evaluate("window.written")) == {"2"}


def test_a_tile_is_laid_out_apart_from_the_others(ward: FakeStation, open_page: OpenPage) -> None:
    page = open_page(ward)
    found = tile(page, "17").evaluate(
        """one => [
          getComputedStyle(one).contain,
          one.clientHeight > 0.9 * one.parentElement.clientHeight,
        ]"""
    )
    assert found == ["size layout style", True]


BEATS: Final = """async (everyMs) => {
  const { createClock } = await import("/page/clock.js");
  let now = 0;
  const due = [];
  const setTimeout_ = globalThis.setTimeout;
  globalThis.setTimeout = (call, ms) => due.push([now + ms, call]);
  const beats = [];
  const clock = createClock(() => now, document.createElement("p"));
  clock.onBeat(() => beats.push(now));
  const waits = [];
  let came = 113;
  for (let turn = 0; turn < 200; turn += 1) {
    const [at, call] = due.shift();
    while (came <= at) {
      now = came;
      clock.numbersCame();
      waits.push(at - came);
      came += everyMs;
    }
    now = at;
    call();
  }
  globalThis.setTimeout = setTimeout_;
  return { gaps: beats.slice(1).map((at, row) => at - beats[row]), waits: waits.slice(-50) };
}"""
"""Numbers that come in their own rhythm: how far apart the beats are, how long numbers wait."""


@pytest.mark.parametrize("every_ms", [240, 250, 260])
def test_the_beat_goes_to_the_numbers_and_stays_a_flash_of_two_hertz(
    serve: Serve, open_page: OpenPage, every_ms: int
) -> None:
    found = open_page(serve(calm_scene(0))).evaluate(BEATS, every_ms)
    assert 225 <= min(found["gaps"]) <= max(found["gaps"]) <= 275
    assert max(found["waits"]) <= 60
