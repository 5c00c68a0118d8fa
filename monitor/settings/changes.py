"""Settings that a scenario changes for itself: by name, and read as strictly as those of a file.

What may be changed is what a site chooses: its answers where protocols disagree, its schedule,
and the single parameters of alerts, technical alerts, history and mitigation. The tables of
medicine (rule books, ladders, products, doses) are not among them: they hang together, and a
scenario that needs others brings a configuration of its own.
"""

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from monitor.tables.faults import Fault
from monitor.tables.tables import shown

CHANGES: Final = "settings"
"""What the changes are called in a fault, and in the digest."""

_AMOUNT: Final = re.compile(r"(\d+(?:\.\d+)?) ([a-z]+)")

PARAMETER_FILES: Final = ("alerts.toml", "history.toml", "technical.toml")
"""Files whose every table is one parameter: value, unit, why and source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingPlace:
    """Where a setting stands: its file, the tables on the way, and its key.

    A ``parameter`` is a table of its own with value and unit.
    """

    file: str
    tables: tuple[str, ...]
    key: str
    parameter: bool = False


def setting_places(documents: Mapping[str, Mapping[str, object]]) -> dict[str, SettingPlace]:
    """Return where everything stands that may be changed, by its name."""
    return dict(_places(documents))


def _places(
    documents: Mapping[str, Mapping[str, object]],
) -> Iterator[tuple[str, SettingPlace]]:
    mitigation = documents.get("mitigation.toml", {})
    for key in _table(mitigation, "chosen"):
        yield key, SettingPlace(file="mitigation.toml", tables=("chosen",), key=key)
    for key in _table(mitigation, "times"):
        yield (
            key,
            SettingPlace(file="mitigation.toml", tables=("times",), key=key, parameter=True),
        )
    for file in PARAMETER_FILES:
        for key, raw in documents.get(file, {}).items():
            if isinstance(raw, dict) and "value" in raw:
                yield key, SettingPlace(file=file, tables=(), key=key, parameter=True)
    yield "schedule", SettingPlace(file="schedules.toml", tables=(), key="active")


def changed_documents(
    documents: Mapping[str, dict[str, object]],
    changes: Mapping[str, object],
    faults: list[Fault],
) -> dict[str, dict[str, object]]:
    """Return the documents with the changes in them; what cannot be changed is a fault."""
    places = setting_places(documents)
    changed = deepcopy(dict(documents))
    for name, raw in changes.items():
        place = places.get(name)
        if place is None:
            known = ", ".join(sorted(places))
            message = f"unknown setting; a scenario may change: {known}"
            faults.append(Fault(file=CHANGES, table="", key=name, message=message))
            continue
        table = changed.get(place.file, {})
        for step in place.tables:
            table = _table(table, step)
        if place.parameter:
            message = _change_parameter(_table(table, place.key), raw)
            if message:
                faults.append(Fault(file=CHANGES, table="", key=name, message=message))
        else:
            table[place.key] = _exact(raw)
    return changed


def _change_parameter(row: dict[str, object], raw: object) -> str:
    """Change value and unit of a parameter, or return why it cannot be changed."""
    if row.get("unit") == "1":
        row["value"] = _exact(raw)
        return ""
    found = _AMOUNT.fullmatch(raw) if isinstance(raw, str) else None
    if found is None:
        return f"must be a length of time such as '3 min', got {shown(raw)}"
    row["value"], row["unit"] = Decimal(found[1]), found[2]
    return ""


def _table(values: Mapping[str, object], key: str) -> dict[str, object]:
    """Return a table inside another, or an empty one: what is missing has its own fault."""
    found = values.get(key, {})
    return found if isinstance(found, dict) else {}


def _exact(raw: object) -> object:
    """Return a number as settings read it: decimals exactly as they are written."""
    return Decimal(str(raw)) if isinstance(raw, float) else raw
