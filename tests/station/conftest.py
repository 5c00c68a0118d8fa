"""Real Chromium for the page of the station, and a fake station for it to listen to."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright
from station.chair_scenes import ChairStation
from station.fake_station import FakeStation
from station.scenes import ward_scene

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first draws the same without a window, for half of the processor time."""

READY = ".tile, #grid p:not([hidden])"


# No sandbox: a container has no user namespaces, and the pages are our own.
ALWAYS = ("--no-sandbox", "--autoplay-policy=document-user-activation-required")
COLLECTING = ("--js-flags=--expose-gc", "--enable-precise-memory-info")


@pytest.fixture(scope="session")
def program() -> str:
    """Return where Chromium is."""
    found = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium on this machine; scripts/testbed.sh gets it")
    return found


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """One Playwright for all browsers."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright, program: str) -> Iterator[Browser]:
    """One Chromium for all tests of pages."""
    chromium = playwright.chromium.launch(executable_path=program, args=[*ALWAYS])
    yield chromium
    chromium.close()


@pytest.fixture
def chromium_that_collects(playwright: Playwright, program: str) -> Iterator[Browser]:
    """One Chromium in which a page can ask for its garbage to be collected."""
    chromium = playwright.chromium.launch(executable_path=program, args=[*ALWAYS, *COLLECTING])
    yield chromium
    chromium.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., FakeStation]]:
    """Start fake stations, which end with the test."""
    with ExitStack() as stack:
        yield lambda scene=None, **more: stack.enter_context(
            FakeStation(ward_scene(60) if scene is None else scene, **more)
        )


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Open the page of a station as a person would: on a screen, in a theme, with a clock.

    ``script`` runs before the page does. What the page says on its console as an error fails the
    test, except where a request was refused on purpose.
    """
    with ExitStack() as stack:
        wrong: list[str] = []

        def opened(
            station: FakeStation,
            *,
            size: tuple[int, int] = (1920, 1080),
            path: str = "",
            script: str = "",
            **context: Any,  # noqa: ANN401  # options of a browser context
        ) -> Page:
            made = browser.new_context(
                viewport={"width": size[0], "height": size[1]},
                **{"color_scheme": "dark", **context},
            )
            stack.callback(made.close)
            page = made.new_page()
            page.set_default_timeout(8000)
            page.on("pageerror", lambda error: wrong.append(str(error)))
            if script:
                page.add_init_script(script)
            page.goto(station.url + path)
            page.locator(READY).first.wait_for()
            return page

        yield opened
        assert wrong == []


@pytest.fixture
def ward(serve: Callable[..., FakeStation]) -> FakeStation:
    """Return a station that shows sixty beds with everything that can happen."""
    return serve()


@pytest.fixture
def station() -> Iterator[ChairStation]:
    """A station with one chair in anaphylaxis."""
    with ChairStation() as made:
        yield made
