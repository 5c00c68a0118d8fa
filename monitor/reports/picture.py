"""A picture of a page, made by the Chromium of this machine."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")
WIDTH: Final = 1280
TALLEST: Final = 16_000
UNKNOWN_HEIGHT: Final = 2_000
PATIENCE_S: Final = 60
_TALL: Final = re.compile(r'<html[^>]* data-tall="(\d{1,6})"')


class NoPictureError(Exception):
    """A picture that cannot be made, and what to do about it."""


def picture_of(page: Path, to: Path) -> None:
    """Write the whole of a page of HTML as a PNG.

    Raises
    ------
    NoPictureError
        If there is no Chromium, or it makes no picture.
    """
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        raise NoPictureError(
            f"--png needs Chromium ({', '.join(PROGRAMS)}), and none is installed; the page "
            f"{page} is complete without it"
        )
    address = page.resolve().as_uri()
    told = _TALL.search(_said(program, "--dump-dom", address))
    tall = min(int(told[1]), TALLEST) if told else UNKNOWN_HEIGHT
    _said(program, f"--window-size={WIDTH},{tall}", f"--screenshot={to.resolve()}", address)
    if not to.is_file():
        raise NoPictureError(f"{program} made no picture of {page}")


def _said(program: str, *arguments: str) -> str:
    command = [program, "--headless", "--disable-gpu", "--hide-scrollbars"]
    command += [f"--window-size={WIDTH},{UNKNOWN_HEIGHT}"]
    if os.geteuid() == 0:
        command.append("--no-sandbox")  # Chromium refuses to start as root without it
    try:
        done = subprocess.run(  # noqa: S603  # our own page, a program of this machine
            [*command, *arguments], capture_output=True, timeout=PATIENCE_S, check=True
        )
    except (OSError, subprocess.SubprocessError) as fault:
        raise NoPictureError(f"{program} made no picture: {fault}") from fault
    return done.stdout.decode("utf-8", "replace")
