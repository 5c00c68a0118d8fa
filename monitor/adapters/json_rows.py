"""Rows of a file of JSON lines as text, so that they pass the same checks as those of a table."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from monitor.adapters.recording import InputFileError, Remarks, numbered_lines
from monitor.adapters.rows import BadValueError, left_out

BOM: Final = b"\xef\xbb\xbf"
_SHOWN_MAX: Final = 80


def json_rows(
    path: Path, names: Sequence[str], remarks: Remarks
) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield the wanted fields of every line with its number; what is null or absent is empty.

    A name with points leads into an object (``vitals.hr``) where no field is called so. A line
    that is no object, or holds something else than a text or a number in such a field, is named
    and left out. Empty lines are passed over.

    Raises
    ------
    InputFileError
        If the file cannot be read, or a field stands in none of its lines.
    """
    missing = dict.fromkeys(names)
    count = 0
    for number, line in _lines(path):
        text = line.removeprefix(BOM) if number == 1 else line
        if not text.strip():
            continue
        count += 1
        try:
            found = _object(text)
            fields = {name: _text(name, value) for name, value in _wanted(found, names)}
        except BadValueError as fault:
            left_out(path, number, fault, remarks)
            continue
        for name in fields:
            missing.pop(name, None)
        yield number, {**dict.fromkeys(names, ""), **fields}
    if count and missing:
        raise InputFileError(path, "no line has this field", name=next(iter(missing)))


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        yield from numbered_lines(path)
    except EOFError as fault:
        raise InputFileError(path, "the compressed file ends early") from fault


def _object(line: bytes) -> dict[str, object]:
    try:
        found = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise BadValueError("line", _shown(line), f"is no JSON: {fault}") from None
    if not isinstance(found, dict):
        raise BadValueError("line", _shown(line), "is no JSON object")
    return found


def _shown(line: bytes) -> str:
    return line.decode("utf-8", "replace").strip()[:_SHOWN_MAX]


def _wanted(found: dict[str, object], names: Sequence[str]) -> Iterator[tuple[str, object]]:
    """Yield the wanted fields that a line has, by the names by which they are asked for."""
    for name in names:
        if name in found:
            yield name, found[name]
            continue
        place: object = found
        for part in name.split("."):
            if not isinstance(place, dict) or part not in place:
                break
            place = place[part]
        else:
            yield name, place


def _text(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    shown = msgspec.json.encode(value).decode()[:_SHOWN_MAX]
    raise BadValueError(name, shown, "must be a text or a number")
