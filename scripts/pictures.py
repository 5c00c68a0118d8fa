"""Draw the pictures of the README from the demo's story, so that they never lie.

The story is played through the decoder and the ward without a broker until the minute that the
picture shows; the same seed draws the same picture.
"""

import re
import sys
from io import StringIO
from pathlib import Path

from rich.console import Console

from monitor.adapters.terminal import wall
from monitor.settings.settings import load_settings
from monitor.ward.ward import Ward
from monitor.wire.messages import decode
from simulators.recording import STARTED_MS, recorded_steps
from simulators.scenario import demo_story

SHOWN_MINUTE = 40
WIDTH = 180
HERE = Path(__file__).resolve().parent.parent


def main() -> int:
    """Write docs/pictures/ward.svg."""
    settings = load_settings(HERE / "config")
    ward = Ward(settings.ward, unit="inf-a")
    until_ms = STARTED_MS + SHOWN_MINUTE * 60_000
    for step in recorded_steps(demo_story()):
        if step.now_ms > until_ms:
            break
        ward.take(step.now_ms, [decode(raw, position=n) for n, raw in enumerate(step.messages)])
    console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True)
    console.print(wall(ward.view(until_ms)))
    picture = HERE / "docs" / "pictures" / "ward.svg"
    title = f"infusion-monitor watch: the demo's ward after {SHOWN_MINUTE} minutes"
    drawing = console.export_svg(title=title, unique_id="ward")
    # The fonts would be fetched from elsewhere; every machine has a monospaced one of its own.
    drawing = re.sub(r"@font-face \{[^}]*\}\s*", "", drawing)
    drawing = re.sub(r"<!--.*?-->\s*", "", drawing, flags=re.DOTALL)
    picture.write_text(drawing, encoding="utf-8")
    sys.stdout.write(f"{picture.relative_to(HERE)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
