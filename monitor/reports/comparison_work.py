"""Comparing as work for any engine: a file is an item, replayed under both configurations.

What comes of an item is in canonical bytes, so a comparison is the same for any engine, any number
of workers and any cut into chunks. Pages are made in a second turn, only of the files in which
something changes, because their numbers are known when all files have been compared.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, TextIO

import msgspec

from monitor.adapters.recording import InputFileError, Remarks
from monitor.engines.work import chunks_of
from monitor.replay import WardOf
from monitor.reports.chronicles import chronicles
from monitor.reports.comparisons import Comparison, Outcome, comparison, outcomes
from monitor.reports.session_page import Printing, session_page
from monitor.settings.settings import Settings, load_settings
from monitor.study.archive import files_of
from monitor.study.runs import Run, worked_off
from monitor.ward.ward import Ward

WHICH: Final = ("a", "b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What changes, what could not be read, and which sessions each file holds."""

    comparison: Comparison
    remarks: Remarks
    sessions: dict[Path, set[tuple[str, str]]]
    """Source and session, by file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two configurations: their folders, and what a command calls each of them.

    ``named`` holds the options with which ``report`` makes a page under each; None where the
    configuration is gone when the comparison is over.
    """

    folders: tuple[Path, Path]
    named: tuple[str | None, str | None]


class _Item(msgspec.Struct, frozen=True, kw_only=True):
    """One file, and the folders of both configurations."""

    number: int
    path: str
    configs: tuple[str, str]


class _Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Why a file could not be read: what :class:`InputFileError` says of it."""

    path: str
    reason: str
    line: int | None
    name: str
    value: str


class _Compared(msgspec.Struct, frozen=True, kw_only=True):
    """What both told of the sessions of one file; ``fault`` says why nothing did."""

    number: int
    told: tuple[tuple[Outcome, ...], tuple[Outcome, ...]]
    counts: dict[str, int]
    named: tuple[str, ...]
    fault: _Fault | None = None


class _PageItem(msgspec.Struct, frozen=True, kw_only=True):
    """One file with the sessions of it that change, by their number, and how pages are named."""

    path: str
    shown: str
    """The file as somebody named it."""
    configs: tuple[str, str]
    named: tuple[str | None, str | None]
    command: tuple[str, ...]
    software: str
    numbers: tuple[tuple[str, str, int], ...]
    """Source, session and number."""


class _Paged(msgspec.Struct, frozen=True, kw_only=True):
    """The pages of one file by their names."""

    pages: dict[str, str]


_CANONICAL: Final = msgspec.json.Encoder(order="deterministic")
_ITEM: Final = msgspec.json.Decoder(_Item)
_COMPARED: Final = msgspec.json.Decoder(_Compared)
_PAGE_ITEM: Final = msgspec.json.Decoder(_PageItem)
_PAGED: Final = msgspec.json.Decoder(_Paged)


def compared(
    paths: Sequence[Path], pair: Pair, digests: tuple[str, str], run: Run, *, err: TextIO
) -> Compared:
    """Replay files under both configurations and return what changes.

    Raises
    ------
    InputFileError
        If a file cannot be read, or the file of progress cannot be used.
    EngineError
        If the work cannot be done.
    """
    files = [one for path in paths for one in files_of(path, "auto")]
    items = [
        _CANONICAL.encode(
            _Item(number=number, path=str(path.resolve()), configs=_configs(pair))
        ).decode()
        for number, path in enumerate(files, start=1)
    ]
    done = worked_off(compared_bytes, items, run, work=_work_of(files, digests), err=err)
    found = sorted((_COMPARED.decode(one.result) for one in done), key=lambda one: one.number)
    for one in found:
        if (bad := one.fault) is not None:
            raise InputFileError(
                Path(bad.path), bad.reason, line=bad.line, name=bad.name, value=bad.value
            )
    remarks = Remarks()
    for one in found:
        for kind, number in one.counts.items():
            remarks.count(kind, number)
        remarks.named.extend(one.named)
    of_a, of_b = ([told for one in found for told in one.told[which]] for which in (0, 1))
    return Compared(
        comparison=comparison(of_a, of_b, digests, remarks),
        remarks=remarks,
        sessions={
            path: {(each.source, each.session) for told in one.told for each in told}
            for path, one in zip(files, found, strict=True)
        },
    )


def _configs(pair: Pair) -> tuple[str, str]:
    return str(pair.folders[0].resolve()), str(pair.folders[1].resolve())


def _work_of(files: Sequence[Path], digests: tuple[str, str]) -> str:
    """Return what identifies work: both configurations, and the files with what is in them."""
    found = hashlib.sha256("\n".join([*digests, *map(str, files)]).encode())
    for path in files:
        if path.is_file():
            with path.open("rb") as file:
                found.update(hashlib.file_digest(file, "sha256").digest())
    return found.hexdigest()


def compared_bytes(item: str) -> bytes:
    """Return what both configurations told of one file: a piece of work for any engine."""
    work = _ITEM.decode(item)
    told: list[tuple[Outcome, ...]] = []
    remarks, fault = Remarks(), None
    try:
        for config, heard in zip(work.configs, (remarks, Remarks()), strict=True):
            told.append(tuple(outcomes([Path(work.path)], _ward_of(config), heard)))
    except InputFileError as error:
        told = [(), ()]
        fault = _Fault(
            path=str(error.path),
            reason=error.reason,
            line=error.line,
            name=error.name,
            value=error.value,
        )
    return _CANONICAL.encode(
        _Compared(
            number=work.number,
            told=(told[0], told[1]),
            counts=dict(remarks.counts),
            named=tuple(remarks.named),
            fault=fault,
        )
    )


@cache
def _settings(config: str) -> Settings:
    return load_settings(Path(config))


def _ward_of(config: str) -> WardOf:
    settings = _settings(config)
    return lambda unit: Ward(settings.ward, unit=unit)


def with_pages(
    found: Compared,
    pair: Pair,
    run: Run,
    *,
    pages: Path,
    command: Sequence[str],
    software: str,
) -> Comparison:
    """Write the pages of the sessions that change, under both, and name them in the rows.

    Parameters
    ----------
    pages : Path
        Folder of the pages; it is made.
    command : sequence of str
        The comparison: what a page names where its configuration is gone afterwards.

    Raises
    ------
    InputFileError
        If the folder cannot be made.
    EngineError
        If the work cannot be done.
    """
    try:
        pages.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise InputFileError(pages, f"cannot be made: {fault.strerror or fault}") from fault
    numbers: dict[tuple[str, str], int] = {}
    for row in found.comparison.rows:
        numbers.setdefault((row.source, row.session), len(numbers) + 1)
    items = [
        _CANONICAL.encode(
            _PageItem(
                path=str(path.resolve()),
                shown=str(path),
                configs=_configs(pair),
                named=pair.named,
                command=tuple(command),
                software=software,
                numbers=tuple((*key, numbers[key]) for key in numbers if key in held),
            )
        ).decode()
        for path, held in found.sessions.items()
        if held & numbers.keys()
    ]
    for done in run.engine.run(paged_bytes, chunks_of(items, run.files_per_chunk)):
        for name, text in _PAGED.decode(done.result).pages.items():
            (pages / name).write_text(text, encoding="utf-8")
    rows = []
    for row in found.comparison.rows:
        places = [pages / f"{numbers[row.source, row.session]}-{which}.html" for which in WHICH]
        names = [place.as_posix() if place.is_file() else "" for place in places]
        rows.append(msgspec.structs.replace(row, page_a=names[0], page_b=names[1]))
    return msgspec.structs.replace(found.comparison, rows=tuple(rows))


def paged_bytes(item: str) -> bytes:
    """Return the pages of the sessions of one file that change: work for any engine."""
    work = _PAGE_ITEM.decode(item)
    numbers = {(source, session): number for source, session, number in work.numbers}
    pages = dict(_pages_of(work, numbers))
    return _CANONICAL.encode(_Paged(pages=pages))


def _pages_of(work: _PageItem, numbers: dict[tuple[str, str], int]) -> Iterator[tuple[str, str]]:
    for which, config, named in zip(WHICH, work.configs, work.named, strict=True):
        settings = _settings(config)
        ward = _ward_of(config)
        for one in chronicles(Path(work.path), ward, Remarks(), from_ledger=False):
            number = numbers.get((one.source, one.session))
            if number is None:
                continue
            name = f"{number}-{which}.html"
            made = ("infusion-monitor", "report", work.shown, "--session", one.session)
            printing = Printing(
                command=work.command if named is None else (*made, "--config", named, "--to", name),
                config=settings.digest,
                software=work.software,
                book=settings.ward.detection.book,
            )
            yield name, session_page(one, printing)
