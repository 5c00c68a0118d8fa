"""Settings in force, read only: every row of the site's files as people can read it, with sources.

And the limits of the active rule book as lines of a drawing: of each channel, by grade, the value
at which a rule about this channel alone begins to hold for this person.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from detectors.ages import AgeBand
from detectors.channels import CENTI, CHANNEL_NAMES
from detectors.rulebook import Clause, Rule
from monitor.settings.settings import Settings
from monitor.wire.units import number

SHOWN_LEAST_GRADE: Final = 2
ADULT_CENTI: Final = 40 * CENTI
"""An unknown age is judged as an adult's, so it is drawn as one."""

HIDDEN: Final = frozenset({"site.toml", "sources.toml"})
"""Addresses and names of files are nobody's business here; sources have a place of their own."""

NAMES: Final = ("key", "id", "name", "sign", "pattern", "option", "drug", "about", "channel")
WORDS: Final = ("words", "why", "note", "title", "citation")
OWN: Final = frozenset({"value", "unit", "comparison", "source", *WORDS})

_YEARS: Final = re.compile(r"(\d+)\s*(?:years|year|y)?\b")


class SettingRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row: a key, what it says, its unit and comparison, and where it comes from."""

    key: str
    value: str
    unit: str
    comparison: str
    words: str
    source: tuple[str, ...]


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One file."""

    name: str
    rows: tuple[SettingRow, ...]


def sections(directory: Path) -> tuple[Section, ...]:
    """Return every row of the files of a configuration that has been read without faults."""
    found = []
    for path in sorted(directory.rglob("*.toml")):
        name = path.relative_to(directory).as_posix()
        if name not in HIDDEN:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
            found.append(Section(name=name, rows=tuple(_rows("", document))))
    return tuple(found)


def _rows(place: str, table: Mapping[str, Any]) -> Iterator[SettingRow]:
    """Yield a table as one row, and the tables inside it as theirs."""
    plain = {key: value for key, value in table.items() if not _is_tables(value)}
    named = next((str(plain[name]) for name in NAMES if isinstance(plain.get(name), str)), "")
    key = " ".join(part for part in (place, named) if part)
    if plain:
        rest = {name: one for name, one in plain.items() if name not in OWN and one != named}
        value = plain.get("value", rest)
        yield SettingRow(
            key=key or "file",
            value=_text(value),
            unit=str(plain.get("unit", "")),
            comparison=str(plain.get("comparison", "")),
            words=" ".join(str(plain[name]) for name in WORDS if name in plain),
            source=tuple(str(one) for one in plain.get("source", ())),
        )
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _rows(f"{key} {name}".strip(), value)
        elif _is_tables(value):
            for row in value:
                yield from _rows(f"{key} {name}".strip(), row)


def _is_tables(value: object) -> bool:
    """Tell whether a value is a table, or tables that have rows of their own."""
    if isinstance(value, dict):
        return True
    return (
        isinstance(value, list)
        and bool(value)
        and isinstance(value[0], dict)
        and ("source" in value[0] or "words" in value[0] or "id" in value[0])
    )


def _text(value: object) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{key} {_text(one)}" for key, one in value.items())
    if isinstance(value, list):
        return ", ".join(_text(one) for one in value)
    return str(value)


def settings_in_force(settings: Settings, directory: Path) -> dict[str, object]:
    """Return all sections, the digest that stands in every session, and the sources by key."""
    return {
        "digest": settings.digest,
        "rule_book": settings.site.rule_book,
        "sections": sections(directory),
        "sources": {
            key: f"{source.citation} {source.where}".strip()
            for key, source in settings.sources.items()
        },
    }


def age_centi(words: str) -> int:
    """Return an age as the state of a bed words it in hundredths of a year; unknown: an adult's."""
    found = _YEARS.match(words)
    if found is None:
        return ADULT_CENTI
    if "month" in words:
        return int(found[1]) * CENTI // 12
    return int(found[1]) * CENTI


def limit_lines(
    rules: tuple[Rule, ...], base_centi: Mapping[str, int], age: int
) -> dict[str, list[tuple[str, int | float, str]]]:
    """Return the limits of each channel: words, value, and where they hold (below or above).

    Parameters
    ----------
    rules : tuple of Rule
        Of the active book. Rules about several channels have no line in a drawing of one.
    base_centi : mapping of channel to its baseline in hundredths of its unit
        A limit that compares with a baseline has a line only where there is one.
    age : int
        [hundredths of a year]
    """
    best: dict[tuple[str, str, int], int] = {}
    for rule in rules:
        found = _limit(rule, base_centi, age)
        if found is None or rule.grade < SHOWN_LEAST_GRADE:
            continue
        channel, direction, centi = found
        key = (channel, direction, rule.grade)
        nearer = max if direction == "below" else min
        best[key] = nearer(best.get(key, centi), centi)
    lines: dict[str, list[tuple[str, int | float, str]]] = {}
    for (channel, direction, grade), centi in sorted(best.items()):
        row = (f"grade {grade}", number(centi), direction)
        lines.setdefault(channel, []).append(row)
    return lines


def _limit(rule: Rule, base_centi: Mapping[str, int], age: int) -> tuple[str, str, int] | None:
    """Return channel, direction and value of a rule that is about one channel in one direction."""
    if not _holds_at(rule.ages, age):
        return None
    first = rule.clauses[0]
    channel = CHANNEL_NAMES[first.channel]
    if rule.unless_baseline and channel in base_centi:
        return None
    places = []
    for clause in rule.clauses:
        if clause.channel != first.channel or clause.quantity or clause.over:
            return None
        place = _place(clause, base_centi.get(channel), age)
        if place is None:
            return None
        places.append(place)
    if len({direction for direction, _ in places}) != 1:
        return None
    direction = places[0][0]
    farther = min if direction == "below" else max
    return channel, direction, farther(value for _, value in places)


def _holds_at(ages: AgeBand, age: int) -> bool:
    return ages.from_centi <= age < ages.below_centi


def _place(clause: Clause, base: int | None, age: int) -> tuple[str, int] | None:
    """Return direction and value [hundredths] at which one clause begins to hold."""
    limit = clause.limit_centi + clause.per_year_centi * age // CENTI
    if clause.basis == "level":
        return ("below" if clause.comparison in ("<", "<=") else "above"), limit
    if base is None or clause.basis == "ratio":
        return None
    change = limit if clause.basis in ("rise", "fall") else base * limit // (100 * CENTI)
    if clause.basis.startswith("fall"):
        return "below", base - change
    return "above", base + change
