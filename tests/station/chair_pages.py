"""What tests of the chair do on its page."""

from collections.abc import Callable

from broker import eventually
from playwright.sync_api import Locator, Page
from station.chair_scenes import BED, ChairStation
from station.fake_station import Json

OpenPage = Callable[..., Page]
HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'


def chair(open_page: OpenPage, station: ChairStation, **more: object) -> Page:
    """Open the chair."""
    page = open_page(station, path=f"#/bed/{BED}", **more)
    page.wait_for_selector("canvas.timeline[data-drawn]")
    return page


def part(page: Page, name: str) -> Locator:
    """Return one part of the chair."""
    return page.locator(f".part-{name}")


def only_act(station: ChairStation) -> Json:
    """Return the one act that was sent.

    The page says what it does while the act is on its way, and sends one that is not answered in
    time again, word for word.
    """
    assert eventually(lambda: bool(station.acts))
    assert all(one == station.acts[0] for one in station.acts)
    return station.acts[0]
