"""The same configuration under another rule book, as a folder of its own."""

import re
import shutil
import tomllib
from pathlib import Path
from typing import Final

from monitor.tables.faults import ConfigError, Fault

SITE: Final = "site.toml"
BOOKS: Final = "rulebooks"
BOOK: Final = ".toml"
_ACTIVE: Final = re.compile(r"^rule_book\s*=.*$", re.MULTILINE)


def with_book(config: Path, book: str, to: Path) -> Path:
    """Copy a configuration into a folder with another rule book in force; return the folder.

    Parameters
    ----------
    config : Path
        Folder of the site's files.
    book : str
        Name of a book of that folder, or a file with a book that takes the place of the active one.
    to : Path
        Is made; what is there is replaced.

    Raises
    ------
    ConfigError
        If there is no such file, or it names no book. Whether the book can be in force says
        whoever loads the folder.
    """
    name = _name_of(Path(book)) if book.endswith(BOOK) else book
    if to.exists():
        shutil.rmtree(to)
    shutil.copytree(config, to)
    if book.endswith(BOOK):
        known = {_name_of(path): path for path in sorted((to / BOOKS).glob(f"*{BOOK}"))}
        place = known.pop(_active(to), to / BOOKS / f"{name}{BOOK}")
        known.pop(name, place).unlink(missing_ok=True)
        shutil.copyfile(book, place)
    text = (to / SITE).read_text("utf-8")
    made = _ACTIVE.sub(lambda _: f'rule_book = "{name}"', text, count=1)
    (to / SITE).write_text(made, encoding="utf-8")
    return to


def _active(config: Path) -> str:
    """Return the name of the book that is in force in a folder; empty where it names none."""
    found = _ACTIVE.search((config / SITE).read_text("utf-8"))
    return "" if found is None else str(tomllib.loads(found[0])["rule_book"])


def _name_of(path: Path) -> str:
    """Return the name of the book in a file."""
    try:
        name = tomllib.loads(path.read_text("utf-8")).get("name")
    except OSError as fault:
        raise _refused(path, f"cannot be read: {fault.strerror or fault}") from fault
    except ValueError as fault:
        raise _refused(path, f"is no TOML: {fault}") from fault
    if not isinstance(name, str) or not name:
        raise _refused(path, f"a rule book has a name, got {name!r}", key="name")
    return name


def _refused(path: Path, message: str, *, key: str = "") -> ConfigError:
    return ConfigError([Fault(file=str(path), table="", key=key, message=message)])
