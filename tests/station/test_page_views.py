"""The timeline, and the views beside the chair: hand-over, events, settings in force."""

import json
import re
from itertools import combinations

import pytest
from playwright.sync_api import Page, expect
from station.chair_pages import HOSTILE, OpenPage
from station.chair_scenes import BED, ChairScene, ChairStation, answer_with
from station.fake_station import Json
from station.scenes import START_MS, iso


def view(open_page: OpenPage, station: ChairStation, name: str, body: Json, path: str) -> Page:
    """Open a view whose content comes from an address."""
    page = open_page(station)
    answer_with(page, path, body)
    page.evaluate(f"location.hash = '#/{name}'")
    page.wait_for_selector(f".{name}")
    return page


def drawn(page: Page) -> Json:
    """Return what the timeline says it has drawn."""
    page.wait_for_selector("canvas.timeline[data-drawn]")
    found: Json = json.loads(
        page.evaluate("document.querySelector('canvas.timeline').dataset.drawn")
    )
    return found


@pytest.mark.parametrize("flags", [0, 14, 60])
def test_flags_never_overlap_and_none_is_lost(
    station: ChairStation, open_page: OpenPage, flags: int
) -> None:
    assert isinstance(station.scene, ChairScene)
    station.scene.flags = flags
    page = open_page(station, path=f"#/bed/{BED}")
    page.locator("select[name=range]").select_option("2")
    page.wait_for_selector("canvas.timeline[data-hours='2']")
    boxes = drawn(page)["flags"]
    for one, other in combinations(boxes, 2):
        apart = (
            one["x"] + one["width"] <= other["x"]
            or other["x"] + other["width"] <= one["x"]
            or one["y"] + one["height"] <= other["y"]
            or other["y"] + other["height"] <= one["y"]
        )
        assert apart, (one, other)
    numbers = [n for one in boxes for n in range(one["first"], one["last"] + 1)]
    assert sorted(numbers) == list(range(1, flags + 2))
    expect(page.locator(".flags li")).to_have_count(flags + 1)


def test_what_is_not_there_takes_no_room_and_no_scale(
    station: ChairStation, open_page: OpenPage
) -> None:
    assert isinstance(station.scene, ChairScene)
    page = open_page(station, path=f"#/bed/{BED}")
    with_flags = drawn(page)["rows"][0]["top"]
    quiet = open_page(station, path="#/bed/1")
    rows = drawn(quiet)["rows"]
    assert rows[0]["top"] < with_flags - 30
    assert [row["drawn"] for row in rows if row["key"] in {"rr", "temp"}] == [[], []]


def test_rows_have_baseline_limits_and_dots_where_a_cuff_measures(
    station: ChairStation, open_page: OpenPage
) -> None:
    page = open_page(station, path=f"#/bed/{BED}")
    rows = {row["key"]: row for row in drawn(page)["rows"]}
    assert list(rows) == ["hr", "bp", "spo2", "rr", "temp", "rate"]
    for name in ("hr", "bp", "spo2", "rr", "temp"):
        assert "baseline" in rows[name]["drawn"]
    assert rows["bp"]["drawn"].count("limit") == 2
    assert "line:hr" in rows["hr"]["drawn"]
    assert "dots:sbp" in rows["bp"]["drawn"]
    assert "line:sbp" not in rows["bp"]["drawn"]
    assert "dots:temp" in rows["temp"]["drawn"]
    assert rows["hr"]["low"] < 82
    assert rows["hr"]["high"] > 112
    for before, after in zip(rows.values(), list(rows.values())[1:], strict=False):
        assert before["bottom"] < after["top"]


PIXELS = """(name) => {
  const canvas = document.querySelector('canvas.timeline');
  const style = getComputedStyle(canvas).getPropertyValue(name).trim();
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(style.slice(at, at + 2), 16));
  const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let found = 0;
  for (let at = 0; at < data.length; at += 4) {
    if (Math.abs(data[at] - r) + Math.abs(data[at + 1] - g) + Math.abs(data[at + 2] - b) < 12) {
      found += 1;
    }
  }
  return found;
}"""


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("scale", [1, 2])
def test_every_series_is_drawn_in_its_colour_of_the_theme(
    station: ChairStation, open_page: OpenPage, theme: str, scale: int
) -> None:
    page = open_page(station, path=f"#/bed/{BED}", color_scheme=theme, device_scale_factor=scale)
    drawn(page)
    for name in ("--hr", "--bp", "--spo2", "--rr", "--temp", "--rate"):
        assert page.evaluate(PIXELS, name) > 20 * scale, name
    across = page.evaluate("document.querySelector('canvas.timeline').width")
    shown = page.evaluate("document.querySelector('canvas.timeline').clientWidth")
    assert across == round(shown * scale)


def test_the_timeline_is_read_by_keys_and_in_words(
    station: ChairStation, open_page: OpenPage
) -> None:
    page = open_page(station, path=f"#/bed/{BED}")
    drawn(page)
    page.locator(".reader").focus()
    page.keyboard.press("Home")
    expect(page.locator(".readout")).to_contain_text("HR 8")
    assert "SpO₂ 97" in (page.locator(".reader").get_attribute("aria-valuetext") or "")
    page.get_by_text("The timeline in words").click()
    words = page.locator(".part-timeline details p")
    expect(words).to_contain_text("Systolic pressure 84 at")
    expect(words).to_contain_text("baseline 124")
    expect(words).to_contain_text("Grade 3 since")


def test_a_lost_history_is_said_and_the_chair_goes_on(
    station: ChairStation, open_page: OpenPage
) -> None:
    page = open_page(station)
    answer_with(page, f"beds/{BED}/history*", {"error": "no journal"}, status=503)
    page.evaluate(f"location.hash = '#/bed/{BED}'")
    expect(page.locator(".lost")).to_contain_text("The history is not there")
    expect(page.locator(".number-hr .number-value")).to_have_text("128")


HANDOVER: Json = {
    "t": iso(START_MS),
    "beds": [
        {
            "bed": "17",
            "session": "S-0412",
            "subject": "PX-290F",
            "phase": "stopped",
            "grade": 3,
            "alerts": ["SBP 84 < 90, nurse-1 has it"],
            "snoozes": [],
            "steps": ["Call the rapid response team"],
            "untold": [],
            "why": ["SBP 84 mmHg is below 90"],
            "episodes_12h": [{"label": HOSTILE, "grade": 3, "onset": iso(START_MS)}],
            "due": [
                {"words": "watched for headache", "until": iso(START_MS + 26 * 3_600_000)},
                {"words": "vital signs every hour: next", "due": iso(START_MS)},
            ],
        },
        {"bed": "2", "session": "", "phase": "none", "grade": None},
    ],
}


def test_the_hand_over_is_a_sheet_that_prints_alone(
    station: ChairStation, open_page: OpenPage
) -> None:
    page = view(open_page, station, "handover", HANDOVER, "handover")
    first = page.get_by_role("region", name="Bed 17")
    for said in ("Open alerts", "nurse-1 has it", "To do", "Episodes of the last 12 h", HOSTILE):
        expect(first).to_contain_text(said)
    # A sheet of paper outlives its day.
    expect(page.locator(".handover")).to_contain_text(
        re.compile(r"as of \w+ 22 November 2026, \d\d:\d\d:\d\d")
    )
    expect(first).to_contain_text(re.compile(r"every hour: next · due \d\d:\d\d$"))
    # A time of tomorrow must not read as one of today that is over.
    expect(first).to_contain_text(re.compile(r"headache · until (Mon|Tue) \d\d:\d\d"))
    expect(page.get_by_role("region", name="Bed 2")).to_contain_text("Nothing open.")
    assert page.evaluate("window.hacked") is None
    page.emulate_media(media="print")
    for hidden in ("#header", "#side", ".handover .button >> nth=0"):
        expect(page.locator(hidden)).to_be_hidden()
    expect(first).to_be_visible()
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.sheet')).color") == "rgb(0, 0, 0)"
    )
    assert len(page.pdf()) > 5000


EVENTS: Json = {
    "events": [
        {
            "t_ms": START_MS - one * 60_000,
            "bed": "17" if one % 2 else "2",
            "session": "S-0412",
            "kind": "alert" if one % 3 else "act",
            "words": f"{HOSTILE} {one}",
            "by": "nurse-1",
            "priority": "high",
        }
        for one in range(12)
    ]
}


def test_events_are_filtered_by_bed_and_kind(station: ChairStation, open_page: OpenPage) -> None:
    page = view(open_page, station, "events", EVENTS, "events*")
    rows = page.locator(".events tbody tr")
    expect(rows).to_have_count(12)
    expect(rows.first).to_contain_text(f"{HOSTILE} 0")
    page.locator(".events select[name=bed]").select_option("17")
    expect(rows).to_have_count(6)
    page.locator(".events select[name=kind]").select_option("act")
    expect(rows).to_have_count(2)
    expect(page.locator(".events .outcome")).to_have_text("2 events")
    assert page.evaluate("window.hacked") is None


SETTINGS: Json = {
    "digest": "sha256:9c1f",
    "sections": [
        {
            "name": "grading",
            "rows": [
                {
                    "key": "sbp.abs.3",
                    "value": 90,
                    "unit": "mmHg",
                    "comparison": "<",
                    "words": "systolic pressure",
                    "source": ["brown-2004"],
                }
            ],
        },
        {"name": "alerts", "rows": [{"key": "realert_high", "value": 10, "unit": "min"}]},
    ],
    "sources": {"brown-2004": "Clinical features and severity grading"},
}


def test_settings_are_read_only_with_their_sources(
    station: ChairStation, open_page: OpenPage
) -> None:
    page = view(open_page, station, "settings", SETTINGS, "settings")
    expect(page.locator(".settings .digest")).to_contain_text("sha256:9c1f")
    page.locator("[name=find]").fill("sbp")
    expect(page.locator(".settings tbody tr")).to_have_count(1)
    row = page.locator(".settings tbody tr")
    expect(row).to_contain_text("< 90 mmHg")
    expect(row).to_contain_text("brown-2004: Clinical features and severity grading")
    assert page.locator(".settings button, .settings form").count() == 0
