"""Draw the pictures of the README from the demo's story, so that they never lie.

The terminal is drawn without a broker: the story is played through the decoder and the ward until
the minute that the picture shows; the same seed draws the same picture. The page of the station is
photographed in Chromium, with a broker, the monitor and the station of the demo behind it: the
story is told fast until that minute and in real time while the camera works.
"""

import contextlib
import re
import shutil
import sys
import tempfile
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Error, Page, ViewportSize, sync_playwright
from rich.console import Console

from monitor.adapters.broker import HOST, LocalBroker, free_port
from monitor.adapters.clock import AcceleratedClock, SteadyClock
from monitor.adapters.terminal import wall
from monitor.adapters.viewing import REFRESH_S
from monitor.demo import JOURNAL, Stage, station
from monitor.settings.settings import load_settings
from monitor.story_library import ward_story
from monitor.ward.ward import Ward
from monitor.wire.messages import decode
from simulators.recording import STARTED_MS, recorded_steps

SHOWN_MINUTE: Final = 40
WIDTH: Final = 180
HERE: Final = Path(__file__).resolve().parent.parent
PICTURES: Final = HERE / "docs" / "pictures"

SCREEN: Final = ViewportSize(width=1920, height=1080)
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
SHOWN_BED: Final = "07"
PASSWORD: Final = re.compile(r"password (\w+)")
ATTEMPTS: Final = 300
PAUSE_MS: Final = 200
SETTLED_MS: Final = 3_000
COLOURS: Final = 256


class Brake(AcceleratedClock):
    """A time that runs fast until a minute of the story, and then no faster than the real one."""

    def __init__(self, *, speed: float, start_ms: int, until_ms: int) -> None:
        super().__init__(speed=speed, start_ms=start_ms)
        self._until_ms = until_ms
        self._real = SteadyClock()
        self._reached_ms = 0

    def now_ms(self) -> int:
        """Return the simulated time in milliseconds since the Unix epoch."""
        now_ms = super().now_ms()
        if now_ms < self._until_ms:
            return now_ms
        real_ms = self._real.now_ms()
        self._reached_ms = self._reached_ms or real_ms
        return self._until_ms + real_ms - self._reached_ms

    @property
    def is_reached(self) -> bool:
        """Tell whether the minute has come."""
        return self.now_ms() >= self._until_ms


def main() -> int:
    """Write docs/pictures/ward.svg, station.png and chair.png."""
    written = [terminal_picture(), *station_pictures()]
    sys.stdout.writelines(f"{picture.relative_to(HERE)}\n" for picture in written)
    return 0


def terminal_picture() -> Path:
    """Draw what `infusion-monitor watch` shows."""
    settings = load_settings(HERE / "config")
    ward = Ward(settings.ward, unit="inf-a")
    until_ms = STARTED_MS + SHOWN_MINUTE * 60_000
    for step in recorded_steps(ward_story().scenario):
        if step.now_ms > until_ms:
            break
        ward.take(step.now_ms, [decode(raw, position=n) for n, raw in enumerate(step.messages)])
    console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True)
    console.print(wall(ward.view(until_ms)))
    picture = PICTURES / "ward.svg"
    title = f"infusion-monitor watch: the demo's ward after {SHOWN_MINUTE} minutes"
    drawing = console.export_svg(title=title, unique_id="ward")
    # The fonts would be fetched from elsewhere; every machine has a monospaced one of its own.
    drawing = re.sub(r"@font-face \{[^}]*\}\s*", "", drawing)
    drawing = re.sub(r"<!--.*?-->\s*", "", drawing, flags=re.DOTALL)
    picture.write_text(drawing, encoding="utf-8")
    return picture


def station_pictures() -> list[Path]:
    """Photograph the page of the station: all beds, and the bed in anaphylaxis."""
    program = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if program is None:
        raise SystemExit("no Chromium on this machine; scripts/testbed.sh gets it")
    story = replace(ward_story().scenario, length_s=2 * SHOWN_MINUTE * 60)
    config, address = HERE / "config", (HOST, free_port())
    with tempfile.TemporaryDirectory() as folder, LocalBroker() as broker:
        stage = Stage(load_settings(config), story)
        until_ms = stage.started_ms + SHOWN_MINUTE * 60_000
        brake = Brake(speed=story.speed, start_ms=stage.started_ms, until_ms=until_ms)
        stage.clock = brake
        with stage.play(broker, Path(folder)) as feed:
            while not brake.is_reached:
                feed.receive(REFRESH_S)
            # A station that begins now reads the whole story in the journal.
            with (
                station(
                    Path(folder),
                    journal=Path(folder) / JOURNAL,
                    config=config,
                    broker=broker.port,
                    http=address,
                ) as door,
                sync_playwright() as playwright,
            ):
                chromium = playwright.chromium.launch(
                    executable_path=program, args=["--no-sandbox"]
                )
                page = chromium.new_page(viewport=SCREEN, color_scheme="dark")
                password = PASSWORD.search(door)
                assert password is not None
                open_as_nurse(page, f"http://{address[0]}:{address[1]}/", password[1])
                hear_the_check(page)
                pictures = [photographed(page, "station")]
                page.evaluate("bed => { location.hash = `#/bed/${bed}`; }", SHOWN_BED)
                page.locator("canvas.timeline[data-drawn]").wait_for()
                pictures.append(photographed(page, "chair"))
                chromium.close()
    return pictures


def open_as_nurse(page: Page, address: str, password: str) -> None:
    """Open the page and log in, once the station is there."""
    for _ in range(ATTEMPTS):
        with contextlib.suppress(Error):
            page.goto(address)
            break
        page.wait_for_timeout(PAUSE_MS)
    page.locator("#header").get_by_role("button", name="Log in").click()
    page.locator("#login input[name=name]").fill("nurse-1")
    page.locator("#login input[name=password]").fill(password)
    page.locator("#login button[type=submit]").click()
    page.locator("#header").get_by_role("button", name="nurse-1").wait_for()


def hear_the_check(page: Page) -> None:
    """Do what begins a shift, so that the page can sound."""
    page.locator("[data-tones]").click()
    page.locator("#tones").get_by_role("button", name="Sound check").click()
    page.locator("#tones").get_by_role("button", name="Yes").click()


def photographed(page: Page, name: str) -> Path:
    """Let the page settle and save what it shows."""
    page.mouse.move(0, 0)
    page.wait_for_timeout(SETTLED_MS)
    picture = PICTURES / f"{name}.png"
    page.screenshot(path=picture)
    # A page of plain areas and text needs no more colours than a palette has.
    with Image.open(picture) as taken:
        taken.convert("RGB").quantize(COLOURS).save(picture, optimize=True)
    return picture


if __name__ == "__main__":
    sys.exit(main())
