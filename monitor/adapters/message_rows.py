"""Messages as rows of tables, a table for each shape and a column for each field, and back.

The columns follow from the structs of the wire, so that a new field has its column. A quantity
has two, a number and its unit; what holds several things stands there as JSON. What is read from
a row is a message that the decoder takes for the same as the one that was written: values of
vital signs stand in the table of readings, and only what is absent stands with their message.
"""

import base64
import binascii
import types
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Union, get_args, get_origin

import msgspec

from monitor.adapters.table_files import Column, ColumnKind, unguarded
from monitor.facts.records import RawMessage
from monitor.wire.payloads import (
    ActPayload,
    BirthPayload,
    Condition,
    ConditionPayload,
    HandVitalsPayload,
    Payload,
    PositiveQuantity,
    PumpPayload,
    Quantity,
    SessionPayload,
    StatusPayload,
    SymptomPayload,
    VitalsPayload,
    VitalValue,
    encode,
    milliseconds,
    stamp,
)
from monitor.wire.refusals import Refusal
from monitor.wire.topics import Place, place_of, topic

PLACE: Final = (
    Column("step_number", "whole"),
    Column("message_number", "whole"),
    Column("unit", "text"),
    Column("bed", "text"),
    Column("device", "text"),
    Column("kind", "text"),
    Column("received", "time"),
    Column("retained", "flag"),
)
"""Where and when a message came, and when it was decided about: in front of every row."""

VALUES: Final = "values"
ABSENT: Final = "absent"

_KINDS: Final[Mapping[type, ColumnKind]] = {
    datetime: "time", bool: "flag", int: "whole", float: "number",
}  # fmt: skip
_QUANTITIES: Final = (Quantity, PositiveQuantity)
_ABSENT: Final = msgspec.json.Decoder(tuple[VitalValue, ...])


class RowError(ValueError):
    """A row that no message can be made of."""


class MessageTable:
    """The messages of one shape."""

    def __init__(self, name: str, payload: type[Payload]) -> None:
        self.name = name
        self._payload = payload
        self._fields = tuple(_fields(payload))
        self.columns = (*PLACE, *(column for _, mine in self._fields for column in mine))

    def cells(self, payload: Payload) -> Iterator[Any]:
        """Yield what stands in the columns behind the place; None where nothing does."""
        for path, columns in self._fields:
            value: Any = payload
            for name in path:
                value = getattr(value, name)
            if path == (VALUES,):
                yield _json(tuple(one for item in value if (one := absence(item)) is not None))
            elif len(columns) > 1:
                yield from (None, None) if value is None else (value.v, value.u)
            elif isinstance(value, tuple):
                yield _json(value)
            elif isinstance(value, datetime):
                yield milliseconds(value)
            else:
                yield value

    def payload(self, fields: Mapping[str, str], values: Sequence[VitalValue] = ()) -> Payload:
        """Return the message of a row, with the values that other rows hold.

        Raises
        ------
        RowError
            A field does not hold what it should.
        """
        found: dict[str, Any] = {}
        try:
            for path, columns in self._fields:
                cell = _cell(columns, [unguarded(fields[column.name]) for column in columns])
                if path == (VALUES,):
                    absent = _ABSENT.decode(cell) if cell else ()
                    cell = [msgspec.to_builtins(one) for one in (*values, *absent)]
                elif columns[0].kind == "json":
                    cell = msgspec.json.decode(cell) if cell else []
                if cell is not None:
                    holder = found
                    for name in path[:-1]:
                        holder = holder.setdefault(name, {})
                    holder[path[-1]] = cell
            return msgspec.convert(found, self._payload, strict=False)
        except msgspec.MsgspecError as fault:
            raise RowError(str(fault)) from fault


def _cell(columns: Sequence[Column], texts: Sequence[str]) -> Any:  # noqa: ANN401 - any JSON value
    """Return what a field holds, from its one or two cells; None where they are empty."""
    if not texts[0]:
        return None
    if len(columns) > 1:
        return {"v": texts[0], "u": texts[1]}
    return texts[0].lower() if columns[0].kind == "flag" else texts[0]


def _fields(payload: type[Payload]) -> Iterator[tuple[tuple[str, ...], tuple[Column, ...]]]:
    """Yield each field of a payload, by its path, and its columns."""
    for field in msgspec.structs.fields(payload):
        plain = _plain(field.type)
        if field.name == VALUES:
            yield (VALUES,), (Column(ABSENT, "json"),)
        elif plain in _QUANTITIES:
            names = (Column(field.name, "number"), Column(f"{field.name}_unit", "text"))
            yield (field.name,), names
        elif plain is Condition:
            yield from (((field.name, *path), columns) for path, columns in _fields(Condition))
        elif get_origin(plain) is tuple:
            yield (field.name,), (Column(field.name, "json"),)
        else:
            yield (field.name,), (Column(field.name, _KINDS.get(plain, "text")),)


def _plain(hint: Any) -> Any:  # noqa: ANN401 - any annotation
    """Return the type that an annotation is about, without limits and without None."""
    if get_origin(hint) is Annotated:
        return _plain(get_args(hint)[0])
    if get_origin(hint) in (Union, types.UnionType):
        kinds = [one for one in get_args(hint) if one is not type(None)]
        return _plain(kinds[0])
    return hint


def _json(value: tuple[Any, ...]) -> str | None:
    return msgspec.json.encode(value).decode() if value else None


def absence(item: VitalValue) -> VitalValue | None:
    """Return a value of which a message says that there is none; None where there is one."""
    if item.v is not None and item.why is None and item.q != "invalid":
        return None
    return VitalValue(ch=item.ch, v=None, why=item.why or "invalid", t=item.t)


TABLES: Final[Mapping[type[Payload], MessageTable]] = {
    payload: MessageTable(name, payload)
    for name, payload in (
        ("sessions", SessionPayload),
        ("pumps", PumpPayload),
        ("symptoms", SymptomPayload),
        ("conditions", ConditionPayload),
        ("hand_vitals", HandVitalsPayload),
        ("vitals", VitalsPayload),
        ("acts", ActPayload),
        ("statuses", StatusPayload),
        ("births", BirthPayload),
    )
}
FORMAT: Final = 1
"""Version of the tables of messages; a change of theirs bumps it."""

READINGS: Final = "readings"
ABOUT: Final = "about"
ABOUT_COLUMNS: Final = (
    Column("format", "whole"),
    Column("unit", "text"),
    Column("software", "text"),
    Column("config", "text"),
    Column("folded_step", "whole"),
)
"""One row: where the tables come from, and up to which step vital signs were folded."""

STEPS: Final = "steps"
STEP_COLUMNS: Final = (Column("step_number", "whole"), Column("now", "time"))
"""When the ward was given what had come: its timers run on steps."""

REFUSED: Final = "refused"
REFUSED_COLUMNS: Final = (*PLACE, Column("topic", "text"), Column("payload_base64", "text"))
"""A message that could not be taken is kept as it came."""


def place_cells(step: int, number: int, raw: RawMessage, place: Place | None) -> tuple[Any, ...]:
    """Return what stands in front of the row of a message."""
    where = ("", "", "", "") if place is None else place
    return (step, number, *where, raw.received_ms, raw.retained)


def refused_cells(raw: RawMessage) -> tuple[str, str]:
    """Return a refused message as it came."""
    return raw.topic, base64.b64encode(raw.payload).decode("ascii")


def message_of(
    fields: Mapping[str, str], table: MessageTable | None, values: Sequence[VitalValue] = ()
) -> RawMessage:
    """Return the message of a row of a table, or of a refused one where there is no table.

    Raises
    ------
    RowError
        No message can be made of it.
    """
    received_ms = milliseconds_of(fields["received"])
    is_retained = fields["retained"].lower() == "true"
    if table is None:
        try:
            payload = base64.b64decode(fields["payload_base64"], validate=True)
        except binascii.Error as fault:
            raise RowError(f"payload_base64: {fault}") from fault
        name = unguarded(fields["topic"])
    else:
        payload = encode(table.payload(fields, values))
        name = topic(*(fields[level] for level in ("unit", "bed", "device", "kind")))
    return RawMessage(received_ms=received_ms, topic=name, payload=payload, retained=is_retained)


def place_named(name: str) -> Place | None:
    """Return the place that a topic names, None where it names none."""
    try:
        return place_of(name)
    except Refusal:
        return None


def milliseconds_of(text: str) -> int:
    """Return a time of a table as milliseconds since the Unix epoch.

    Raises
    ------
    RowError
        It is none, or names no time zone.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError as fault:
        raise RowError(f"{text!r} is no time") from fault
    if found.tzinfo is None:
        raise RowError(f"{text!r} names no time zone")
    return milliseconds(found)


def own_time(measured_ms: int, message_ms: int) -> datetime | None:
    """Return the time of a value where it is not that of its message."""
    return None if measured_ms == message_ms else stamp(measured_ms)
