"""Anything that can be replayed, by what it looks like: journals, recordings and evidence.

A file is recognised by its content, only the header of a WFDB record by its name, and a folder by
what lies in it. A folder is read as everything in it that is recognised, in order of the names, so
that a tree of evidence is one argument on the command line; what is not recognised in it is
remarked on.
"""

import codecs
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

from monitor.adapters import (
    captures,
    cases,
    columns,
    eicu,
    export_folders,
    exports,
    mimic,
    mimic_tables,
    numerics,
    physionet,
)
from monitor.adapters.configurations import configurations
from monitor.adapters.journal import JournalReader
from monitor.adapters.journal_file import JournalError
from monitor.adapters.recording import InputFileError, Recording, Remarks, Turn, open_recording
from monitor.facts.records import RecordedStep

Format: TypeAlias = Literal[
    "journal",
    "recording",
    "mimic3-demo",
    "mimic",
    "eicu",
    "physionet2012",
    "wfdb",
    "vitaldb",
    "cases",
    "columns",
    "capture",
    "export",
]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)

_SQLITE: Final = b"SQLite format 3\0"
_GZIP: Final = b"\x1f\x8b"
_HEAD_BYTES: Final = 65_536
_SIDECARS: Final = ("-wal", "-shm", ".lock")


def recognised(path: Path) -> Format | None:
    """Return the format of a file or folder, or None if it is not one of ours to read."""
    if path.is_dir():
        return _recognised_folder(path)
    has_map = columns.map_path(path).is_file() and not path.name.endswith(columns.MAP)
    is_lines = path.name.endswith(columns.JSON_LINES)
    if has_map and not is_lines:
        return "columns"
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as fault:
        raise InputFileError(path, f"cannot be read: {fault.strerror or fault}") from fault
    # A recording may lie beside a table of the same name; its first line says what it is.
    found = _recognised_head(path, head)
    return "columns" if has_map and found in (None, "capture") else found


def _recognised_head(path: Path, head: bytes) -> Format | None:
    """Return the format of a file that begins so."""
    packed = head
    if head.startswith(_GZIP):
        head = _unzipped(head)
    head = head.removeprefix(codecs.BOM_UTF8)
    first = head.split(b"\n", 1)[0]
    is_object = first.lstrip().startswith(b"{")
    signs: tuple[tuple[bool, Format], ...] = (
        (packed.startswith(_SQLITE), "journal"),
        (head.startswith(numerics.VITAL_MAGIC), "vitaldb"),
        (physionet.is_record(first), "physionet2012"),
        (exports.is_export(head), "export"),
        (is_object and b'"format"' in first, "recording"),
        (is_object and b'"timeline"' in first, "cases"),
        (is_object and b'"topic"' in first and b'"payload"' in first, "capture"),
        # Plain words, which a damaged header does not even hold in order: its name must do.
        (path.suffix == numerics.HEADER, "wfdb"),
    )
    return next((form for holds, form in signs if holds), None)


def _recognised_folder(path: Path) -> Format | None:
    if mimic.is_archive(path):
        return "mimic3-demo"
    if mimic_tables.is_archive(path):
        return "mimic"
    if export_folders.ending_of(path):
        return "export"
    return "eicu" if eicu.is_archive(path) else None


def _unknown(path: Path) -> str:
    """Return what may be said of a file that is not recognised."""
    with path.open("rb") as file:
        head = file.read(len(codecs.BOM_UTF16_LE))
    if not head:
        return "is empty"
    if head in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "is written in UTF-16; save it as UTF-8"
    return "is neither a journal nor a recording nor known evidence; name its --format"


def _unzipped(head: bytes) -> bytes:
    """Return as much of the beginning of a compressed file as its first bytes give."""
    try:
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(head, _HEAD_BYTES)
    except zlib.error:
        return b""


def open_source(path: Path, remarks: Remarks, *, form: str = "auto") -> Iterator[Recording]:
    """Yield the recordings that a path holds; those of a file come in its own order.

    Raises
    ------
    InputFileError
        If the path cannot be read or is nothing that can be replayed.
    """
    if form == "auto":
        found = recognised(path)
    elif form in FORMATS:
        found = form
    else:
        words = f"format {form!r} is unknown, must be auto or one of {', '.join(FORMATS)}"
        raise InputFileError(path, words)
    if found is None and path.is_dir():
        yield from _folder(path, remarks)
        return
    if found is None:
        raise InputFileError(path, _unknown(path))
    yield from _READERS[found](path, remarks)


def _folder(folder: Path, remarks: Remarks) -> Iterator[Recording]:
    count = 0
    for path in sorted(folder.iterdir()):
        if path.name.endswith(_SIDECARS):
            continue
        form = recognised(path)
        if form is None:
            remarks.count("files and folders passed over")
            continue
        for recording in open_source(path, remarks, form=form):
            count += 1
            yield recording
    if not count:
        raise InputFileError(folder, "holds nothing that can be replayed")


def _journal(path: Path, _: Remarks) -> Iterator[Recording]:
    try:
        with JournalReader.open(path) as journal:
            about = journal.about
            turns = tuple(
                Turn(
                    step=one.step,
                    digest=one.digest,
                    files=one.files,
                    is_refused=bool(one.refused),
                    told=(one.act(),) if one.row else (),
                )
                for one in configurations(journal)
            )
    except JournalError as fault:
        raise InputFileError(path, f"{fault.reason}; {fault.remedy}") from fault
    yield Recording(
        name=path.name,
        unit=about.unit,
        steps=_journal_steps(path),
        config=about.config,
        software=about.software,
        turns=turns,
    )


def _journal_steps(path: Path) -> Iterator[RecordedStep]:
    try:
        with JournalReader.open(path) as journal:
            yield from journal.steps()
    except JournalError as fault:
        raise InputFileError(path, f"{fault.reason}; {fault.remedy}") from fault


def _recording(path: Path, remarks: Remarks) -> Iterator[Recording]:
    yield open_recording(path, remarks)


def _export(path: Path, remarks: Remarks) -> Iterator[Recording]:
    read = export_folders.recordings if path.is_dir() else exports.recordings
    yield from read(path, remarks)


_READERS: Final[Mapping[Format, Callable[[Path, Remarks], Iterator[Recording]]]] = {
    "journal": _journal,
    "recording": _recording,
    "mimic3-demo": mimic.recordings,
    "mimic": mimic_tables.recordings,
    "eicu": eicu.recordings,
    "physionet2012": physionet.recordings,
    "wfdb": numerics.wfdb_recordings,
    "vitaldb": numerics.vitaldb_recordings,
    "cases": cases.recordings,
    "columns": columns.recordings,
    "capture": captures.recordings,
    "export": _export,
}
