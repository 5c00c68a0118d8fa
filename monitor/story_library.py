"""The library of stories: where its files lie, of which kind each is, and ward stories read.

A story stands in the wheel beside the program, and in ``tests/scenarios`` of a checkout: stories
of beds in the folder itself, stories of wards in ``wards``. The demonstration, the command
``simulate``, ``check-rules``, the pictures of the documents and the tests take them from here.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from monitor.scenario.checking import document
from monitor.ward_stories import KEYS, WardStory, ward_story_of

INSTALLED: Final = Path(__file__).resolve().parent / "scenario" / "library"
CHECKOUT: Final = Path(__file__).resolve().parents[1] / "tests" / "scenarios"
"""Where the library lies: in a wheel, and in a checkout."""

WARDS: Final = "wards"
SUFFIX: Final = ".toml"
USUAL: Final = "twelve-chairs"
"""The ward that the demonstration shows unless another is named."""

_OF_BOTH: Final = frozenset({"title", "shows"})
_OF_BEDS: Final = frozenset(
    {"ends", "bed", "tick", "monitor_down", "settings"}
    | {"session", "chart", "event", "expect", "never"}
)


class StoryError(Exception):
    """There is no story of this name, or it is not one for what is asked; says why."""


def bed_files() -> dict[str, Path]:
    """Return the files of stories of beds by name; none where wheel and checkout have none."""
    return _files(_folder())


def ward_files() -> dict[str, Path]:
    """Return the files of ward stories by name; none where wheel and checkout have none."""
    return _files(_folder() / WARDS)


def _folder() -> Path:
    return INSTALLED if INSTALLED.is_dir() else CHECKOUT


def _files(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted(folder.glob(f"*{SUFFIX}"))}


def story_file(named: str) -> Path:
    """Return the file of a story of the library, or the file that is named.

    Raises
    ------
    StoryError
        There is neither.
    """
    path = {**ward_files(), **bed_files()}.get(named, Path(named))
    if not path.is_file():
        raise StoryError(f"{named}: no such file, and no story of the library; 'list' names them")
    return path


def tells_a_ward(values: Mapping[str, object]) -> bool:
    """Tell whether a document is of a ward story: it says more of what only those say."""
    said = values.keys() - _OF_BOTH
    return len(said & KEYS) > len(said & _OF_BEDS)


def is_ward_story(path: Path) -> bool:
    """Tell whether a file is a ward story, or seems to be meant as one.

    Raises
    ------
    ScenarioError
        The file cannot be read, or is no TOML.
    """
    return tells_a_ward(document(path))


def read_ward_story(path: Path, *, seed: int | None = None) -> WardStory:
    """Return the ward story of a file, with another seed than its own where one is given.

    Raises
    ------
    ScenarioError
        With every fault of the file.
    """
    return ward_story_of(document(path), str(path), name=path.stem, seed=seed)


def ward_story(named: str = USUAL, *, seed: int | None = None) -> WardStory:
    """Return the ward story of a name in the library, or of a file.

    Raises
    ------
    StoryError
        There is no such story, or it is one of a bed.
    ScenarioError
        With every fault of its file.
    """
    path = story_file(named)
    values = document(path)
    if not tells_a_ward(values):
        raise StoryError(
            f"{named} is a story of a bed, and the demonstration tells wards: 'demo --scenario "
            f"list' names them. 'simulate --scenario {named}' tells it to a broker, and "
            "'check-rules' rehearses it"
        )
    return ward_story_of(values, str(path), name=path.stem, seed=seed)


def ward_lines() -> Iterator[str]:
    """Yield every ward story of the library in one line: its name, its title, its size."""
    files = ward_files()
    width = max(map(len, files), default=0)
    for name, path in files.items():
        found = read_ward_story(path)
        yield f"{name:<{width}}  {found.title} (ward of {found.size})"
