"""Strict reading of TOML tables into frozen records, with every fault kept instead of raised.

A record's own type hints say what its table must hold, so a new record needs no reader of its
own. The end of a field's name says how its number is written in the file:

=====================  ==========================  ====================================
field of the record    keys in the file            stored as
=====================  ==========================  ====================================
``limit_centi``        ``limit = 37.5``            3750, exact hundredths
``maximum_milli``      ``maximum = 0.5``           500, exact thousandths
``clear_ms``           ``clear_s`` or ``clear_min``  milliseconds
``source``             text or list of texts       tuple of keys of sources.toml
=====================  ==========================  ====================================

Numbers with a fraction are read as decimals, never as floats, so a value that does not fit the
stored precision is a fault and not a rounding. Keys that nobody asked for are faults, too.
"""

import types
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import MISSING as NO_DEFAULT
from dataclasses import Field, dataclass, fields, is_dataclass
from decimal import Decimal
from enum import Enum
from typing import (
    Any,
    ClassVar,
    Final,
    Literal,
    NoReturn,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from monitor.tables.faults import Fault, FaultKept

Quality = Literal["A", "B", "C", "ours"]

FRACTIONS: Final = {"centi": 100, "milli": 1000}
"""What a word in a field's name multiplies the number of the file with."""

MILLISECONDS: Final = {"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000}

S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One public document that numbers were taken from, and how good the copy was that we saw."""

    REQUIRED_WORDS: ClassVar[tuple[str, ...]] = ("citation", "verified")

    key: str
    citation: str
    where: str
    quality: Quality
    verified: str

    def __post_init__(self) -> None:
        """Refuse a source that nobody could look up."""
        for name in self.REQUIRED_WORDS:
            if not getattr(self, name).strip():
                raise ValueError(f"{name} is empty")
        if self.quality != "ours" and not self.where.strip():
            raise ValueError("where is empty: a source has an address")


class Table:
    """One TOML table being read: knows its place, which keys were asked for, and the faults."""

    def __init__(
        self,
        values: Mapping[str, object],
        *,
        file: str,
        name: str,
        faults: list[Fault],
        sources: Mapping[str, Source] | None = None,
    ) -> None:
        self.values = values
        self.file = file
        self.name = name
        self.faults = faults
        self.sources = sources
        self.asked: set[str] = set()

    def keep(self, key: str, message: str) -> None:
        """Keep a fault at a key of this table and go on."""
        self.faults.append(Fault(file=self.file, table=self.name, key=key, message=message))

    def refuse(self, key: str, message: str) -> NoReturn:
        """Keep a fault at a key of this table and leave the reading of its value."""
        self.keep(key, message)
        raise FaultKept

    def ask(self, key: str) -> object:
        """Return the raw value of a key, or refuse when it is missing."""
        self.asked.add(key)
        if key not in self.values:
            self.refuse(key, "missing key")
        return self.values[key]

    def inner(self, key: str, values: Mapping[str, object], index: int | None = None) -> "Table":
        """Return the reader of a table inside this one."""
        self.asked.add(key)
        place = key if index is None else f"{key}[{index}]"
        named = next((values[one] for one in ("id", "key", "name") if one in values), None)
        if index is not None and isinstance(named, str):
            place += f" {named}"
        name = f"{self.name}.{place}" if self.name else place
        return Table(values, file=self.file, name=name, faults=self.faults, sources=self.sources)

    def rows(self, key: str) -> tuple["Table", ...]:
        """Return the readers of an array of tables; a missing or empty one is refused."""
        raw = self.ask(key)
        if not isinstance(raw, list) or not all(isinstance(row, dict) for row in raw):
            self.refuse(key, f"must be an array of tables ([[{key}]]), got {shown(raw)}")
        if not raw:
            self.refuse(key, "must have at least one row")
        return tuple(self.inner(key, row, index) for index, row in enumerate(raw))

    def read(self, key: str, kind: type[T]) -> T:
        """Return the value of a key as the type ``kind``."""
        value: T = value_of(self, key, self.ask(key), kind)
        return value

    def time(self, stem: str, default_ms: int | None = None) -> int:
        """Return a time in milliseconds from the one key (``stem_s``, ``stem_min``) that has it."""
        keys = {f"{stem}_{unit}": factor for unit, factor in MILLISECONDS.items()}
        present = [key for key in keys if key in self.values]
        self.asked.update(keys)
        if not present and default_ms is not None:
            return default_ms
        if not present:
            self.refuse(f"{stem}_s", "missing key")
        if len(present) > 1:
            self.refuse(present[0], f"is also given as {present[1]}: give one")
        value = exact(self, present[0], self.values[present[0]], keys[present[0]])
        if value < 0:
            self.refuse(present[0], f"must not be negative, got {self.values[present[0]]}")
        return value

    def close(self) -> None:
        """Keep a fault for every key that nobody asked for."""
        for key in self.values:
            if key not in self.asked:
                self.keep(key, f"unknown key; known here: {', '.join(sorted(self.asked))}")


def shown(raw: object) -> str:
    """Return a raw value as it may be put into a message: short, and with its TOML type."""
    names = {bool: "boolean", str: "text", int: "whole number", Decimal: "decimal number"}
    names |= {list: "list", dict: "table"}
    text = str(raw) if isinstance(raw, Decimal) else repr(raw)
    return f"{names.get(type(raw), type(raw).__name__)} {text[:60]}"


def record(table: Table, kind: type[T], **readers: Callable[[Table], object]) -> T:
    """Return the record that a table describes, or leave with all its faults kept.

    ``readers`` read the fields whose type hints do not say enough. Keys beyond the record's are
    faults, so nothing may be read from the table after this.
    """
    before = len(table.faults)
    given: dict[str, object] = {}
    hints = get_type_hints(kind)
    for field in fields(kind):  # type: ignore[arg-type]  # every caller passes a dataclass
        try:
            if field.name in readers:
                read = readers[field.name](table)
            else:
                read = _field(table, field, hints[field.name])
        except FaultKept:
            continue
        if read is not NO_DEFAULT:
            given[field.name] = read
    table.close()
    if len(table.faults) > before:
        raise FaultKept
    try:
        return kind(**given)
    except ValueError as error:
        table.refuse("", str(error))


def records(table: Table, key: str, kind: type[T]) -> tuple[T, ...]:
    """Return one record for each row of an array of tables, or leave with all faults kept."""
    return tuple(each(table.rows(key), lambda row: record(row, kind)))


def sheet(table: Table, kind: type[T]) -> T:
    """Return a record whose every field is a table of its own: value, unit, why and source.

    A time (``_ms``) may stand in any unit of time; every other parameter has the unit "1".
    """
    before = len(table.faults)
    given: dict[str, object] = {}
    hints = get_type_hints(kind)
    for field in fields(kind):  # type: ignore[arg-type]  # every caller passes a dataclass
        is_time = field.name.endswith("_ms")
        try:
            stem = field.name.removesuffix("_ms")
            raw = table.ask(stem)
            if not isinstance(raw, dict):
                table.refuse(stem, f"must be a table with value, unit and source, got {shown(raw)}")
            given[field.name] = _parameter(
                table.inner(stem, raw), hints[field.name], is_time=is_time
            )
        except FaultKept:
            continue
    table.close()
    if len(table.faults) > before:
        raise FaultKept
    try:
        return kind(**given)
    except ValueError as error:
        table.refuse("", str(error))


def _parameter(row: Table, hint: object, *, is_time: bool) -> object:
    """Return the value of one parameter; all faults of its table are kept."""
    before = len(row.faults)
    units = MILLISECONDS if is_time else {"1": 1}

    def value() -> object:
        unit = _choice(row, "unit", row.ask("unit"), {name: name for name in units})
        raw = row.ask("value")
        if not is_time:
            return value_of(row, "value", raw, hint)
        if isinstance(raw, int | Decimal) and raw < 0:
            row.refuse("value", f"must not be negative, got {raw}")
        return exact(row, "value", raw, units[str(unit)])

    readers = (
        value,
        lambda: row.read("why", str),
        lambda: checked_sources(row, "source", row.ask("source")),
    )
    row.asked.update(("value", "unit"))
    read: list[object] = []
    for reader in readers:
        with suppress(FaultKept):
            read.append(reader())
    row.close()
    if len(row.faults) > before:
        raise FaultKept
    return read[0]


def each(items: Iterable[S], reader: Callable[[S], T]) -> list[T]:
    """Return what a reader makes of each item; when any is refused, leave after the last."""
    made: list[T] = []
    refused = False
    for item in items:
        try:
            made.append(reader(item))
        except FaultKept:
            refused = True
    if refused:
        raise FaultKept
    return made


def check_unit(given: str, wanted: str) -> None:
    """Refuse a unit that is not the canonical one; nothing is converted in a table."""
    if given != wanted:
        raise ValueError(f"unit must be {wanted!r} here, got {given!r}")


def unique(table: Table, key: str, names: list[str]) -> None:
    """Keep a fault for every name that stands more than once."""
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            table.keep(key, f"{name!r} stands {names.count(name)} times, must stand once")


def value_of(table: Table, key: str, raw: object, kind: Any) -> Any:  # noqa: ANN401 - a hint in, its value out
    """Return a raw value as the type ``kind`` says."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        (kind,) = (one for one in get_args(kind) if one is not type(None))
        origin = get_origin(kind)
    if origin is Literal:
        return _choice(table, key, raw, {str(one): one for one in get_args(kind)})
    if origin is tuple:
        return _tuple(table, key, raw, get_args(kind)[0])
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _choice(table, key, raw, {one.name.lower().replace("_", "-"): one for one in kind})
    if isinstance(kind, type) and is_dataclass(kind):
        if not isinstance(raw, dict):
            table.refuse(key, f"must be a table, got {shown(raw)}")
        return record(table.inner(key, raw), kind)
    return _scalar(table, key, raw, kind)


def exact(table: Table, key: str, raw: object, factor: int) -> int:
    """Return a number of the file times ``factor``, which must be a whole number."""
    if isinstance(raw, bool) or not isinstance(raw, int | Decimal):
        table.refuse(key, f"must be a number, got {shown(raw)}")
    if not Decimal(raw).is_finite():
        table.refuse(key, f"must be a finite number, got {raw}")
    scaled = Decimal(raw) * factor
    if scaled != int(scaled):
        table.refuse(key, f"must be a multiple of {Decimal(1) / factor}, got {raw}")
    return int(scaled)


def checked_sources(table: Table, key: str, raw: object) -> tuple[str, ...]:
    """Return the source keys of a row, which must be known and not all of the weakest quality."""
    names = [raw] if isinstance(raw, str) else raw
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        table.refuse(key, f"must be the key of a source or a list of keys, got {shown(raw)}")
    if not names:
        table.refuse(key, "is empty: every row has a source")
    if len(set(names)) != len(names):
        table.refuse(key, f"names a source twice: {', '.join(names)}")
    if table.sources is not None:
        unknown = [name for name in names if name not in table.sources]
        if unknown:
            table.refuse(
                key, f"unknown source {', '.join(map(repr, unknown))}: not in sources.toml"
            )
        if all(table.sources[name].quality == "C" for name in names):
            table.refuse(key, f"rests on quality C alone ({', '.join(names)}): add a better source")
    return tuple(names)


def file_key(field_name: str) -> tuple[str, int | None]:
    """Return the key that a field has in a file, and what its number is multiplied with."""
    parts = field_name.split("_")
    for word, factor in FRACTIONS.items():
        if word in parts:
            return "_".join(part for part in parts if part != word), factor
    return field_name, None


def _field(table: Table, field: "Field[Any]", hint: object) -> object:
    """Return the value of one field, or NO_DEFAULT for "use the default"."""
    optional = field.default is not NO_DEFAULT or field.default_factory is not NO_DEFAULT
    if field.name.endswith("_ms"):
        stem = field.name.removesuffix("_ms")
        given = any(f"{stem}_{unit}" in table.values for unit in MILLISECONDS)
        table.asked.update(f"{stem}_{unit}" for unit in MILLISECONDS)
        return NO_DEFAULT if optional and not given else table.time(stem)
    key, factor = file_key(field.name)
    if optional and key not in table.values:
        table.asked.add(key)
        return NO_DEFAULT
    raw = table.ask(key)
    if key == "source":
        return checked_sources(table, key, raw)
    if factor is None:
        return value_of(table, key, raw, hint)
    if get_origin(hint) is not tuple:
        return exact(table, key, raw, factor)
    if not isinstance(raw, list):
        table.refuse(key, f"must be a list of numbers, got {shown(raw)}")
    numbered = enumerate(raw)
    return tuple(each(numbered, lambda pair: exact(table, f"{key}[{pair[0]}]", pair[1], factor)))


def _tuple(table: Table, key: str, raw: object, kind: Any) -> tuple[object, ...]:  # noqa: ANN401 - a hint
    if isinstance(kind, type) and is_dataclass(kind):
        return records(table, key, kind)
    if not isinstance(raw, list):
        table.refuse(key, f"must be a list, got {shown(raw)}")
    numbered = enumerate(raw)
    values = each(numbered, lambda pair: value_of(table, f"{key}[{pair[0]}]", pair[1], kind))
    if len(set(values)) != len(values):
        table.refuse(key, f"has an entry twice: {shown(raw)}")
    return tuple(values)


def _choice(table: Table, key: str, raw: object, choices: Mapping[str, object]) -> object:
    if isinstance(raw, bool) or str(raw) not in choices:
        table.refuse(key, f"must be one of {', '.join(choices)}, got {shown(raw)}")
    return choices[str(raw)]


def _scalar(table: Table, key: str, raw: object, kind: object) -> object:
    words = {bool: "true or false", int: "a whole number", str: "text"}
    for type_, expected in words.items():
        if kind is type_:
            if not isinstance(raw, type_) or (type_ is int and isinstance(raw, bool)):
                table.refuse(key, f"must be {expected}, got {shown(raw)}")
            return raw
    raise AssertionError(f"no reader for fields of type {kind!r}")
