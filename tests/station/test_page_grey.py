"""A screen without colour: priorities differ by shape, border and brightness."""

import base64
import os
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from playwright.sync_api import Page
from station.fake_station import FakeStation
from station.scenes import Scene, alert, calm_scene, reason, with_values

Serve = Callable[..., FakeStation]
OpenPage = Callable[..., Page]

MARKS: Final = Path(__file__).with_name("marks.txt")
LUMINANCE: Final = (0.2126, 0.7152, 0.0722)
"""How bright red, green and blue are to an eye."""

KINDS: Final = ("high", "medium", "low", "technical")


def kinds_scene() -> Scene:
    """Return beds that differ in nothing but what calls."""
    scene = calm_scene(5)
    one = with_values(scene.beds["1"], hr=88)
    scene.beds = {bed: {**one, "subject": "PX-1"} for bed in scene.beds}
    for bed, kind in zip(scene.beds, KINDS, strict=False):
        priority = "medium" if kind == "technical" else kind
        made = alert(bed, priority, "HR 121", because=[reason("hr", 121, limit=120)])
        made["kind"] = "technical" if kind == "technical" else "physiological"
        scene.alerts[made["id"]] = made
    return scene


Grey = npt.NDArray[np.float64]


def grey_of(page: Page, selector: str) -> Grey:
    """Return a part of the screen without colour, 0 (black) to 1."""
    shot = page.locator(selector).screenshot()
    width, height, text = page.evaluate(
        """async (text) => {
          const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
          const picture = await createImageBitmap(new Blob([bytes]));
          const canvas = new OffscreenCanvas(picture.width, picture.height);
          const brush = canvas.getContext("2d");
          brush.drawImage(picture, 0, 0);
          const { data } = brush.getImageData(0, 0, picture.width, picture.height);
          let all = "";
          for (let at = 0; at < data.length; at += 8192) {
            all += String.fromCharCode(...data.subarray(at, at + 8192));
          }
          return [picture.width, picture.height, btoa(all)];
        }""",
        base64.b64encode(shot).decode(),
    )
    pixels = np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)
    grey: Grey = pixels[:, :, :3] @ np.array(LUMINANCE) / 255
    return grey


def shape_of(grey: Grey) -> list[str]:
    """Return a sign as ten lines of ink and paper, whichever of the two is the brighter."""
    ink = np.abs(grey - grey[0, -1]) > (grey.max() - grey.min()) / 2
    rows = np.array_split(ink, 10, axis=0)
    width = round(ink.shape[1] / ink.shape[0] * 10)
    cells = [[part.mean() > 0.5 for part in np.array_split(row, width, axis=1)] for row in rows]
    return ["".join("#" if cell else "." for cell in row) for row in cells]


def test_the_priorities_differ_where_there_is_no_colour(serve: Serve, open_page: OpenPage) -> None:
    page = open_page(serve(kinds_scene()), device_scale_factor=4, reduced_motion="reduce")
    found = []
    for bed, kind in enumerate(KINDS, start=1):
        found.append(kind)
        found += shape_of(grey_of(page, f'.tile[data-bed="{bed}"] .band .mark'))
    text = "\n".join(found) + "\n"
    if os.environ.get("IRM_BLESS") == "1":
        MARKS.write_text(text)
    golden = MARKS.read_text()
    assert [len(line) for line in text.split()] == [len(line) for line in golden.split()]
    differing = sum(one != other for one, other in zip(text, golden, strict=True))
    # Edges are drawn a little differently by other versions of Chromium.
    assert differing <= len(golden) * 0.04, text


def test_tiles_differ_in_border_and_brightness_without_colour(
    serve: Serve, open_page: OpenPage
) -> None:
    page = open_page(serve(kinds_scene()), reduced_motion="reduce")
    grey = {
        kind: grey_of(page, f'.tile[data-bed="{bed}"]')
        for bed, kind in enumerate([*KINDS, "calm"], start=1)
    }
    for one, other in combinations(grey, 2):
        a, b = grey[one], grey[other]
        rows, columns = min(a.shape[0], b.shape[0]), min(a.shape[1], b.shape[1])
        far = np.abs(a[:rows, :columns] - b[:rows, :columns]) > 0.2
        assert far.mean() > 0.01, (one, other)
    borders = page.eval_on_selector_all(
        ".tile", "all => all.map((one) => getComputedStyle(one).borderTopStyle)"
    )
    assert borders == ["solid", "double", "solid", "dashed", "solid"]
