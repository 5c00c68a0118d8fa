"""The files of a configuration folder: their names, bytes and documents, and their digest."""

import hashlib
import re
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final

from monitor.tables.faults import Fault

FILES: Final = (
    "alerts.toml", "channels.toml", "detection.toml", "doses.toml", "clues.toml",
    "expectations.toml", "history.toml", "mitigation.toml", "patterns.toml", "schedules.toml",
    "site.toml", "sources.toml", "symptoms.toml", "technical.toml", "watches.toml",
)  # fmt: skip
FOLDERS: Final = ("ladders", "products", "rulebooks")

SYNTAX_PLACE: Final = re.compile(r"^(.*) \(at (?:line (\d+), column \d+|end of document)\)$")


def config_digest(contents: dict[str, bytes]) -> str:
    """Return the SHA-256 over names and bytes of all files, whatever order they came in."""
    total = hashlib.sha256()
    for name in sorted(contents):
        total.update(f"{name}\x00{len(contents[name])}\x00".encode())
        total.update(contents[name])
    return total.hexdigest()


def read_all(directory: Path, faults: list[Fault]) -> dict[str, bytes]:
    """Return the bytes of all TOML files by their names, and keep what is missing or strange."""
    if not directory.is_dir():
        faults.append(file_fault(str(directory), "no such configuration folder"))
        return {}
    contents: dict[str, bytes] = {}
    for path in _toml_files(directory):
        name = path.relative_to(directory).as_posix()
        if name not in FILES and name.split("/")[0] not in FOLDERS:
            faults.append(file_fault(name, f"unknown file; known here: {', '.join(FILES)}"))
        try:
            contents[name] = path.read_bytes()
        except OSError as error:
            faults.append(file_fault(name, f"cannot be read: {error.strerror}"))
    told = {fault.file for fault in faults}
    missing = [name for name in FILES if name not in contents and name not in told]
    faults += [file_fault(name, "missing file") for name in missing]
    for folder in FOLDERS:
        if not any(name.startswith(f"{folder}/") for name in contents):
            faults.append(file_fault(folder, "missing: the folder needs at least one file"))
    return contents


def _toml_files(directory: Path) -> Iterator[Path]:
    yield from sorted(directory.glob("*.toml"))
    for folder in FOLDERS:
        yield from sorted((directory / folder).glob("*.toml"))


def parsed(contents: dict[str, bytes], faults: list[Fault]) -> dict[str, dict[str, object]]:
    """Return the documents, with decimals kept exact; a syntax error is a fault with its line."""
    documents: dict[str, dict[str, object]] = {}
    for name, raw in contents.items():
        try:
            documents[name] = tomllib.loads(raw.decode(), parse_float=Decimal)
        except UnicodeDecodeError as error:
            faults.append(file_fault(name, f"is not UTF-8 at byte {error.start}"))
        except tomllib.TOMLDecodeError as error:
            place = SYNTAX_PLACE.match(str(error))
            line = (place and place[2]) or str(raw.count(b"\n") + 1)
            words = place[1] if place else str(error)
            faults.append(file_fault(f"{name}:{line}", f"not valid TOML: {words}"))
    return documents


def file_fault(name: str, message: str) -> Fault:
    """Return a fault of a whole file."""
    return Fault(file=name, table="", key="", message=message)
