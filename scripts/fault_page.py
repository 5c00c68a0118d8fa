"""Break every told reaction and every scenario in every way, and write what came.

``python -m scripts.fault_page --to docs/fault-matrix.md`` runs everything, a story at a time, and
exits with 1 if a promise is broken that is not known to be; ``--story`` and ``--fault`` run some.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from monitor.settings.settings import load_settings
from monitor.ward.ward import Ward
from monitor.ward.ward_settings import WardSettings
from scripts.fault_matrix import BREAKS, ROOT, column, lines, story
from scripts.scenario_matrix import story_cells
from scripts.story_page import KNOWN, story_lines
from simulators.pictures import PICTURES

SCENARIOS: Final = ROOT / "tests" / "scenarios"


@cache
def site() -> WardSettings:
    """Return the settings of the site's configuration."""
    return load_settings(ROOT / "config").ward


def ward_of(changes: Mapping[str, object]) -> Callable[[str], Ward]:
    """Return what makes fresh wards of the site's configuration with some changes."""
    settings = load_settings(ROOT / "config", dict(changes)).ward if changes else site()
    return lambda unit: Ward(settings, unit=unit)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the matrix; return 1 if a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--to", type=Path, help="a file; default: standard output")
    parser.add_argument("--fault", action="append", choices=tuple(BREAKS), help="default: all")
    parser.add_argument("--story", action="append", help="a file name without .toml; default: all")
    given = parser.parse_args(arguments)
    faults = given.fault or tuple(BREAKS)
    columns = {name: column(site(), story(tuple(PICTURES)), name) for name in faults}
    rows = []
    for path in sorted(SCENARIOS.glob("*.toml")):
        if given.story is None or path.stem in given.story:
            rows.append(story_cells(path, ward_of, faults))
            told = ", ".join(f"{one.fault} {one.shown}" for one in rows[-1] if not one.is_kept)
            sys.stderr.write(f"{path.stem}: {told or 'kept'}\n")
    text = "\n".join([*lines(columns), "", *story_lines(rows)]) + "\n"
    if given.to is None:
        sys.stdout.write(text)
    else:
        given.to.write_text(text, encoding="utf-8")
    cells = [one for found in columns.values() for one in found]
    is_kept = all(one.is_kept for one in cells) and all(
        one.is_kept or (one.story, one.fault) in KNOWN for row in rows for one in row
    )
    return 0 if is_kept else 1


if __name__ == "__main__":
    sys.exit(main())
