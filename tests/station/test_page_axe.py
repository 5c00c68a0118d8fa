"""What axe-core finds wrong with the page: nothing, in both themes, with its forms open."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page
from station.chair_scenes import BED, ChairStation, answer_with
from station.test_page_views import EVENTS, HANDOVER, SETTINGS

OpenPage = Callable[..., Page]
AXE: Final = Path(__file__).resolve().parents[2] / ".cache" / "axe-core-4.14.1" / "axe.min.js"
FOUND: Final = """axe.run(document).then((result) => result.violations.map((one) =>
  [one.id, ...one.nodes.map((node) => node.html.slice(0, 150))].join(' ')))"""


def with_everything_open(page: Page) -> None:
    """Open the forms and details of the chair that can be open together."""
    page.locator("[data-record=rate]").click()
    page.locator("[data-record=vitals]").click()
    page.locator("[data-session=transfer]").click()
    page.locator("[data-step=epinephrine] .button.main").click()
    page.locator(".why-card summary").first.click()
    page.locator(".part-symptoms .tap").first.press("ArrowDown")


@pytest.mark.skipif(not AXE.is_file(), reason="no axe-core here; scripts/testbed.sh gets it")
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", [(1920, 1080), (820, 1180)])
def test_axe_finds_nothing_wrong(
    station: ChairStation, open_page: OpenPage, theme: str, size: tuple[int, int]
) -> None:
    page = open_page(station, size=size, color_scheme=theme, bypass_csp=True)
    for path, body in (("handover", HANDOVER), ("events*", EVENTS), ("settings", SETTINGS)):
        answer_with(page, path, body)
    page.add_script_tag(content=AXE.read_text(encoding="utf-8"))
    wrong = {"#/": page.evaluate(FOUND)}
    for route in (f"#/bed/{BED}", "#/handover", "#/events", "#/settings"):
        page.evaluate(f"location.hash = '{route}'")
        if BED in route:
            page.wait_for_selector("canvas.timeline[data-drawn]")
            with_everything_open(page)
        else:
            page.wait_for_selector("#view article")
        wrong[route] = page.evaluate(FOUND)
    assert all(found == [] for found in wrong.values()), wrong
