"""The lower bounds of pyproject.toml as pins: ``numpy>=2.0,<3`` becomes ``numpy==2.0``.

``python -m scripts.lower_bounds [EXTRA...]`` prints them, one a line, for ``pip install -r``.
"""

import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parents[1] / "pyproject.toml"
_BOUND: Final = re.compile(r"(?P<name>[A-Za-z0-9_.-]+)(?:>=|==)(?P<version>[0-9][0-9.]*)")


def lower_bounds(extras: Iterable[str] = ()) -> list[str]:
    """Return a pin for every dependency of the program and of some extras.

    Raises
    ------
    ValueError
        If a dependency has no lower bound.
    """
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    wanted = list(project["dependencies"])
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    pins = []
    for one in wanted:
        found = _BOUND.match(one)
        if found is None:
            raise ValueError(f"{one}: has no lower bound")
        pins.append(f"{found['name']}=={found['version']}")
    return pins


if __name__ == "__main__":
    print("\n".join(lower_bounds(sys.argv[1:])))
