"""What may change in a configuration while beds are watched, and what needs a new start.

A ward goes on under other limits, delays, doses and words of the same rows. Which rows there are,
what they are about and in which order they stand is the shape of what it remembers: signs of the
rule book, steps that were offered, chains that run. A change of shape is named, row by row, and the
whole configuration is refused, because half of one is none that anybody has written.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from monitor.settings.config_files import parsed
from monitor.tables.faults import Fault

CHANGEABLE: Final = frozenset(
    {
        "alerts.toml", "channels.toml", "detection.toml", "doses.toml", "history.toml",
        "mitigation.toml", "technical.toml",
    }
)  # fmt: skip
CHANGEABLE_FOLDERS: Final = frozenset({"ladders", "rulebooks"})

WORDS_ONLY: Final = "sources.toml"
"""Says only where numbers come from; nothing remembers its rows."""

WORDS: Final = frozenset({"because", "note", "source", "title", "what", "why", "words"})
"""Keys that may also come and go: nothing is decided by them."""

FIXED: Final = frozenset(
    {
        "adjunct", "channel", "channels", "drug", "failsafe", "grades", "id", "key",
        "kind", "name", "not_for", "offered", "only_for", "option", "order", "pattern", "patterns",
        "priority", "refractory", "sign", "signs", "terminal", "to", "version",
    }
)  # fmt: skip
"""Keys that say which row it is, or when it is there at all."""

CHOSEN: Final = "chosen"
"""The table of what a site chooses: it decides which steps there are."""

Documents = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One place that differs; ``fixed`` says why it needs a new start, empty if it does not."""

    file: str
    place: str
    fixed: str = ""

    def __str__(self) -> str:
        """Return the place, with the reason where there is one."""
        where = f"{self.file} {self.place}".strip()
        return f"{where}: {self.fixed}" if self.fixed else where


def changes(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> tuple[Change, ...]:
    """Return every difference between two configurations that could both be read.

    Parameters
    ----------
    before, after : mapping of str to bytes
        The files of each, by name. Comments are no difference.
    """
    faults: list[Fault] = []
    old, new = parsed(dict(before), faults), parsed(dict(after), faults)
    return tuple(_of_documents(old, new))


def _of_documents(old: Documents, new: Documents) -> Iterator[Change]:
    for file in sorted(old.keys() | new.keys()):
        if file not in old or file not in new:
            words = "the file is new" if file in new else "the file is gone"
            yield Change(file=file, place="", fixed=words)
        elif file == WORDS_ONLY:
            if old[file] != new[file]:
                yield Change(file=file, place="")
        else:
            yield from _of_tables(file, "", old[file], new[file])


def _of_tables(
    file: str, place: str, old: Mapping[str, object], new: Mapping[str, object]
) -> Iterator[Change]:
    for key in dict.fromkeys([*old, *new]):
        inner = f"{place} {key}".strip()
        if key in old and key in new:
            yield from _of_values(file, inner, key, old[key], new[key])
        elif key in WORDS:
            yield Change(file=file, place=inner)
        else:
            fixed = "is new" if key in new else "is gone"
            yield Change(file=file, place=inner, fixed=fixed)


def _of_values(file: str, place: str, key: str, old: object, new: object) -> Iterator[Change]:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _of_tables(file, place, old, new)
    elif _is_rows(old) and _is_rows(new):
        assert isinstance(old, list)
        assert isinstance(new, list)
        if len(old) != len(new):
            words = f"{len(old)} rows became {len(new)}"
            yield Change(file=file, place=place, fixed=words)
            return
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _of_tables(file, f"{place} {_name(one, number)}", one, other)
    elif old != new:
        yield Change(file=file, place=place, fixed=_why_fixed(file, place, key))


def _is_rows(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _name(row: Mapping[str, object], number: int) -> str:
    """Return what people call a row: its own name, or its number, from 1 on."""
    for key in ("id", "key", "name", "sign"):
        if isinstance(row.get(key), str):
            return str(row[key])
    return str(number + 1)


def _why_fixed(file: str, place: str, key: str) -> str:
    """Return why a value cannot change while beds are watched; empty if it can."""
    if file not in CHANGEABLE and file.split("/", maxsplit=1)[0] not in CHANGEABLE_FOLDERS:
        return "" if key in WORDS else "nothing of this file changes while beds are watched"
    if key in FIXED or place.split(maxsplit=1)[0] == CHOSEN:
        return "says which row it is or when it applies"
    return ""
