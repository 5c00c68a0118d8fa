"""Archives: folders of anything that can be replayed, worked off by any engine.

A file is an item. What comes of it is a count and a digest over its effects, in canonical bytes, so
that the digest of the whole is the same for any engine, any number of workers and any cut into
chunks, and two runs can be compared file by file.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Final, TextIO

import msgspec

from monitor.adapters.ledger import effect_bytes
from monitor.adapters.recording import InputFileError, Remarks
from monitor.adapters.sources import open_source, recognised
from monitor.engines.work import Done, digest_of
from monitor.following import Site
from monitor.replay import (
    BAD_INPUT,
    FAILED_STEPS,
    FOUND_SOMETHING,
    HOUR_MS,
    Tally,
    note_failure,
    replay,
    steps_of,
)
from monitor.settings.settings import Settings, load_settings
from monitor.study.runs import Run, worked_off
from monitor.ward.ward import Ward


class ArchiveItem(msgspec.Struct, frozen=True, kw_only=True):
    """One file of work, its number in the list, and how it is replayed."""

    number: int
    path: str
    form: str
    config: str
    rebatch_ms: int | None = None


class FileReplayed(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one file; ``fault`` says why nothing more did."""

    number: int
    name: str
    digest: str
    recordings: int
    sessions: int
    steps: int
    messages: int
    effects: int
    duration_ms: int
    alerts: dict[str, int]
    """Physiological alerts by their highest grade."""
    called: int
    remarks: dict[str, int]
    fault: str = ""


class ArchiveReplayed(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an archive; ``recorded_hours`` are those of wards, not of patients."""

    digest: str
    config: str
    recordings: int
    sessions: int
    recorded_hours: float
    steps: int
    messages: int
    effects: int
    alerts: dict[str, int]
    called: int
    remarks: dict[str, int]
    files: tuple[FileReplayed, ...]


_CANONICAL: Final = msgspec.json.Encoder(order="deterministic")
_ITEM: Final = msgspec.json.Decoder(ArchiveItem)
_FILE: Final = msgspec.json.Decoder(FileReplayed)


def archive_items(
    paths: Sequence[Path], config: Path, *, form: str = "auto", rebatch_ms: int | None = None
) -> list[str]:
    """Return the work of files and folders, in order of the names; a collection is one item.

    Raises
    ------
    InputFileError
        If there is nothing that can be replayed.
    """
    found = [one for path in paths for one in files_of(path, form)]
    if not found:
        raise InputFileError(paths[0], "holds nothing that can be replayed")
    return [
        _CANONICAL.encode(
            ArchiveItem(
                number=number,
                path=str(path.resolve()),
                form=form,
                config=str(config.resolve()),
                rebatch_ms=rebatch_ms,
            )
        ).decode()
        for number, path in enumerate(found, start=1)
    ]


def files_of(path: Path, form: str) -> Iterator[Path]:
    """Yield the files and collections of a path that are replayed one by one, in order.

    Raises
    ------
    InputFileError
        If there is no such path.
    """
    if not path.exists():
        raise InputFileError(path, "there is no such file or folder")
    if form != "auto" or not path.is_dir() or recognised(path) is not None:
        yield path
        return
    for child in sorted(path.iterdir()):
        if child.is_dir() or recognised(child) is not None:
            yield child


def replayed_bytes(item: str) -> bytes:
    """Return what came of one file as bytes: a piece of work for any engine."""
    work = _ITEM.decode(item)
    path, settings = Path(work.path), _settings(work.config)
    tally, remarks, total, fault = Tally(), Remarks(), hashlib.sha256(), ""
    try:
        for recording in open_source(path, remarks, form=work.form):
            ward = Ward(settings.ward, unit=recording.unit)
            failed = partial(note_failure, recording.name, remarks)
            behind = Site(digest=settings.digest, directory=Path(work.config)).behind(
                recording, ward, remarks, is_rebatched=work.rebatch_ms is not None
            )
            steps = replay(steps_of(recording, work.rebatch_ms), ward, failed=failed, behind=behind)
            for _, effects in tally.add(steps):
                for effect in effects:
                    total.update(effect_bytes(effect) + b"\n")
    except InputFileError as told:
        fault = str(told)
    found = FileReplayed(
        number=work.number,
        name=path.name,
        digest=total.hexdigest(),
        recordings=tally.recordings,
        sessions=tally.sessions,
        steps=tally.steps,
        messages=tally.messages,
        effects=tally.effects,
        duration_ms=tally.duration_ms,
        alerts={str(grade): n for grade, n in tally.alerts("physiological").items()},
        called=tally.called,
        remarks=dict(sorted(remarks.counts.items())),
        fault=fault,
    )
    return _CANONICAL.encode(found)


@cache
def _settings(config: str) -> Settings:
    return load_settings(Path(config))


def archive_replayed(
    items: Sequence[str], run: Run, *, config: str, err: TextIO
) -> ArchiveReplayed:
    """Replay an archive and return what came of it.

    Raises
    ------
    InputFileError, EngineError
        As :func:`monitor.study.runs.worked_off`; a bad file of the archive is a result.
    """
    work = hashlib.sha256("\n".join([config, *items]).encode()).hexdigest()
    done = worked_off(replayed_bytes, items, run, work=work, err=err)
    files = sorted((_FILE.decode(one.result) for one in done), key=lambda one: one.number)
    alerts: Counter[str] = Counter()
    remarks: Counter[str] = Counter()
    for one in files:
        alerts.update(one.alerts)
        remarks.update(one.remarks)
    named = [
        Done(item=f"{one.number:09d} {one.name}", result=_CANONICAL.encode(one)) for one in files
    ]
    return ArchiveReplayed(
        digest=digest_of(named),
        config=config,
        recordings=sum(one.recordings for one in files),
        sessions=sum(one.sessions for one in files),
        recorded_hours=round(sum(one.duration_ms for one in files) / HOUR_MS, 4),
        steps=sum(one.steps for one in files),
        messages=sum(one.messages for one in files),
        effects=sum(one.effects for one in files),
        alerts=dict(sorted(alerts.items())),
        called=sum(one.called for one in files),
        remarks=dict(sorted(remarks.items())),
        files=tuple(files),
    )


def archive_difference(blessed: ArchiveReplayed, found: ArchiveReplayed) -> str:
    """Return the first file in which two runs differ, in words; empty if none does.

    The configuration itself is not compared: it may differ where its effects do not.
    """
    for number in range(max(len(blessed.files), len(found.files))):
        if number >= len(found.files):
            return f"{blessed.files[number].name}: was blessed and is not there"
        if number >= len(blessed.files):
            return f"{found.files[number].name}: was not there when the result was blessed"
        old, new = blessed.files[number], found.files[number]
        for name in FileReplayed.__struct_fields__:
            if getattr(old, name) != getattr(new, name):
                return (
                    f"{new.name}: {name}: {getattr(old, name)} was blessed, "
                    f"{getattr(new, name)} came"
                )
    return ""


def run_archive(
    items: Sequence[str],
    run: Run,
    *,
    config: str,
    out: TextIO,
    err: TextIO,
    as_json: bool = False,
    compare: Path | None = None,
) -> int:
    """Replay an archive, print what came of it and return the exit code of the command."""
    try:
        blessed = None if compare is None else _blessed(compare)
        found = archive_replayed(items, run, config=config, err=err)
    except InputFileError as fault:
        err.write(f"{fault}\n")
        return BAD_INPUT
    if as_json:
        out.write(f"{_CANONICAL.encode(found).decode()}\n")
    else:
        out.writelines(f"{line}\n" for line in archive_lines(found))
    faults = [one.fault for one in found.files if one.fault]
    err.writelines(f"{fault}\n" for fault in faults)
    difference = "" if blessed is None else archive_difference(blessed, found)
    if blessed is not None:
        err.write(f"{compare}: {difference or 'no difference'}\n")
    bad = bool(difference or faults or found.remarks.get(FAILED_STEPS))
    return FOUND_SOMETHING if bad else 0


def _blessed(path: Path) -> ArchiveReplayed:
    try:
        return msgspec.json.decode(path.read_bytes(), type=ArchiveReplayed)
    except OSError as fault:
        raise InputFileError(path, f"cannot be read: {fault.strerror or fault}") from fault
    except msgspec.MsgspecError as fault:
        reason = f"is no result of replay --engine ... --json: {fault}"
        raise InputFileError(path, reason) from fault


def archive_lines(found: ArchiveReplayed) -> Iterator[str]:
    """Yield the result for people."""
    grades = ", ".join(f"grade {grade}: {number}" for grade, number in found.alerts.items())
    yield f"files           {len(found.files)}"
    yield f"recordings      {found.recordings}, sessions {found.sessions}"
    yield f"steps           {found.steps}, messages {found.messages}, effects {found.effects}"
    yield f"recorded hours  {found.recorded_hours:.1f}"
    total = sum(found.alerts.values())
    yield f"physiological   {total} ({grades or 'none'}), called {found.called}"
    for kind, number in found.remarks.items():
        yield f"{kind}: {number}"
    yield f"digest          sha256:{found.digest}"
