"""For every eye and screen: flash, contrast, sizes and weight."""

import gzip
import re
from collections.abc import Callable
from typing import Final

import pytest
from playwright.sync_api import Page, expect
from station.fake_station import PAGE, FakeStation
from station.scenes import calm_scene

Serve = Callable[..., FakeStation]
OpenPage = Callable[..., Page]

SIZES: Final = {
    "a wall": (1920, 1080),
    "a tablet": (1024, 768),
    "a tablet held upright": (820, 1180),
    "a wall at 200 %": (960, 540),
    "a tablet at 200 %": (512, 384),
}

# Which parts of which tiles stick out of their tile, or lie over each other.
CLIPPED = """() => [...document.querySelectorAll(".tile")].flatMap((tile) => {
  const outer = tile.getBoundingClientRect();
  const wrong = [];
  const parts = tile.querySelectorAll(".bed, .value b, .band:not([hidden]) .age, .flow b, .due");
  for (const part of parts) {
    const box = part.getBoundingClientRect();
    if (box.width === 0) continue;
    const out = box.left < outer.left || box.right > outer.right + 0.5 ||
      box.top < outer.top || box.bottom > outer.bottom + 0.5;
    if (out) wrong.push(`${tile.dataset.bed} ${part.className || part.parentElement.className}`);
  }
  const row = [...tile.querySelectorAll(".value")].slice(1)
    .map((one) => one.getBoundingClientRect());
  for (let at = 1; at < row.length; at += 1) {
    if (row[at].left < row[at - 1].right - 0.5) wrong.push(`${tile.dataset.bed} overlap`);
  }
  return wrong;
})"""

CONTRAST = """([text, back]) => {
  const probe = document.createElement("i");
  document.body.append(probe);
  const light = (name) => {
    probe.style.color = `var(${name})`;
    const parts = getComputedStyle(probe).color.match(/[\\d.]+/g).slice(0, 3).map((one) => {
      const part = one / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const [one, other] = [light(text), light(back)].sort((a, b) => b - a);
  probe.remove();
  return (one + 0.05) / (other + 0.05);
}"""

TOGGLES = """(name) => new Promise((done) => {
  let count = 0;
  let was = document.documentElement.classList.contains(name);
  const watcher = new MutationObserver(() => {
    const is = document.documentElement.classList.contains(name);
    if (is !== was) count += 1;
    was = is;
  });
  watcher.observe(document.documentElement, { attributes: true });
  setTimeout(() => { watcher.disconnect(); done(count); }, 4000);
})"""


def test_high_flashes_at_2_hz_and_medium_at_half_a_hz_without_any_animation(
    ward: FakeStation, open_page: OpenPage
) -> None:
    page = open_page(ward)
    assert 13 <= page.evaluate(TOGGLES, "flash-high") <= 17
    assert 3 <= page.evaluate(TOGGLES, "flash-medium") <= 5
    assert page.evaluate("document.getAnimations().length") == 0
    assert "@keyframes" not in (PAGE / "style.css").read_text()


def test_a_ward_in_which_nothing_calls_does_not_flash(serve: Serve, open_page: OpenPage) -> None:
    page = open_page(serve(calm_scene(4)))
    assert page.evaluate(TOGGLES, "flash-high") == 0


def test_whoever_asked_for_less_motion_sees_a_thick_border_that_stands_still(
    ward: FakeStation, open_page: OpenPage
) -> None:
    page = open_page(ward, reduced_motion="reduce")
    assert page.evaluate(TOGGLES, "flash-high") == 0
    border = "one => getComputedStyle(one).borderTopWidth"
    assert page.locator('.tile[data-bed="17"]').evaluate(border) == "6px"


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_text_can_be_read_in_both_colours_of_a_flash(
    ward: FakeStation, open_page: OpenPage, theme: str
) -> None:
    page = open_page(ward, color_scheme=theme)
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    pairs = [
        ("--text", "--panel"),
        ("--text", "--page"),
        ("--muted", "--panel"),
        ("--muted", "--page"),
    ]
    pairs += [(f"--{kind}-text", f"--{kind}") for kind in ("high", "medium", "low")]
    pairs += [
        ("--high-text", "--high-2"),
        ("--medium-text", "--medium-2"),
        ("--technical", "--panel"),
    ]
    pairs += [(f"--{name}", "--panel") for name in ("hr", "bp", "spo2", "temp", "rr", "rate")]
    pairs += [
        ("--go-text", "--go"),
        ("--text", "--raised"),
        ("--page", "--text"),
        ("--warn", "--panel"),
    ]
    faint = {pair: page.evaluate(CONTRAST, list(pair)) for pair in pairs}
    assert {pair: round(ratio, 2) for pair, ratio in faint.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("path", ["", "#/bed/17"], ids=["beds", "chair"])
def test_nothing_is_clipped_and_nothing_scrolls_sideways(
    ward: FakeStation, open_page: OpenPage, size: tuple[int, int], path: str
) -> None:
    page = open_page(ward, size=size)
    if path:
        page.evaluate("(path) => { location.hash = path; }", path)
        expect(page.locator("#chair")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.evaluate(CLIPPED) == []


def test_text_at_twice_its_size_stays_on_the_screen(ward: FakeStation, open_page: OpenPage) -> None:
    page = open_page(ward)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    page.evaluate("dispatchEvent(new Event('resize'))")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.evaluate(CLIPPED) == []


def test_sixty_beds_fit_one_wall_and_the_numbers_can_be_read_from_afar(
    ward: FakeStation, open_page: OpenPage
) -> None:
    page = open_page(ward)
    expect(page.locator(".tile")).to_have_count(60)
    inside = "all => all.every((one) => one.getBoundingClientRect().bottom <= innerHeight)"
    assert page.eval_on_selector_all(".tile", inside)
    size = "one => parseFloat(getComputedStyle(one).fontSize)"
    assert page.locator(".tile .value.hr b").first.evaluate(size) >= 22


@pytest.mark.parametrize("size", [(1024, 768), (820, 1180)])
def test_what_is_touched_on_a_tablet_is_large_enough_for_gloves(
    ward: FakeStation, open_page: OpenPage, size: tuple[int, int]
) -> None:
    page = open_page(ward, size=size, has_touch=True)
    small = page.eval_on_selector_all(
        "button, a, select, input",
        """all => all.filter((one) => one.getClientRects().length > 0).map((one) => {
          const box = one.getBoundingClientRect();
          return [one.textContent, Math.round(box.width), Math.round(box.height)];
        }).filter(([, wide, high]) => wide < 44 || high < 44)""",
    )
    assert small == []


def test_the_page_is_light_and_fetches_nothing_from_elsewhere(
    ward: FakeStation, open_page: OpenPage
) -> None:
    weight = sum(len(gzip.compress(path.read_bytes(), 6)) for path in PAGE.iterdir())
    assert weight <= 120_000
    page = open_page(ward)
    names: list[str] = page.evaluate(
        "performance.getEntriesByType('resource').map((one) => one.name)"
    )
    assert [name for name in names if not name.startswith(ward.url)] == []
    text = "".join(path.read_text() for path in PAGE.iterdir())
    assert (
        re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text) == []
    )
    assert (
        re.findall(
            r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", (PAGE / "index.html").read_text()
        )
        == []
    )


def test_something_is_painted_within_a_second(ward: FakeStation, open_page: OpenPage) -> None:
    def painted_ms() -> float:
        page = open_page(ward)
        first = page.wait_for_function(
            "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
        )
        return float(first.json_value())

    assert min(painted_ms() for _ in range(3)) <= 1000
