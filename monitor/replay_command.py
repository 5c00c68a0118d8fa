"""The command ``replay``: recordings through a ward, at any speed, by any engine, into a broker."""

import contextlib
import math
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from monitor.broker_options import access_of
from monitor.commands import (
    CONFIG_DIRECTORY,
    AsJson,
    Config,
    piped,
    read_settings,
    software,
    ward_of,
)
from monitor.engine_options import Chunk, EngineName, Jobs, Resume, Scheduler, engine_of
from monitor.store_options import Bucket, Org, TokenFile, opened_store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from monitor.adapters.recording import Recording
    from monitor.excerpts import Moment, Reading
    from monitor.facts.effects import AnyEffect
    from monitor.facts.records import Input
    from monitor.replay import WardOf
    from monitor.series.stores import SeriesStore
    from monitor.settings.settings import Settings
    from monitor.ward.ward import Ward
    from monitor.ward.ward_settings import WardSettings

OUT_OF_REACH: Final = 3
FOUND: Final = 1

replaying = typer.Typer()


INFLUX: Final = "influx"
"""What ``--from`` says where no file is meant but a time-series store."""

Files = Annotated[
    list[Path] | None, typer.Argument(help="Recordings, journals or evidence.", show_default=False)
]
Compare = Annotated[
    Path | None,
    typer.Option(help="What --json wrote before (effects, or of an engine) must come again."),
]
Rebatch = Annotated[
    int | None, typer.Option(min=0, help="Other step boundaries: windows of so many ms.")
]
Form = Annotated[
    str,
    typer.Option(
        "--format",
        help="What the files are, if not what they look like: journal, recording, mimic3-demo, "
        "mimic, eicu, physionet2012, wfdb, vitaldb, cases, columns, capture, export.",
    ),
]
Speed = Annotated[
    float | None, typer.Option(help="So many times as fast as it happened; default: at once.")
]
Into = Annotated[
    str | None, typer.Option(help="HOST[:PORT]: tell it to this broker as devices would.")
]
AsUnit = Annotated[
    str | None,
    typer.Option(
        help="With --into: tell it as this unit. With --from influx: this unit's messages. "
        "Default: that of site.toml."
    ),
]
Kept = Annotated[
    Path | None,
    typer.Option(help="With --into: a monitor beside, on the same clock, keeps this journal."),
]
Begin = Annotated[
    list[str] | None,
    typer.Option(
        "--from",
        help="Tell from here on: 1:30 after the start, or a time in UTC. Or 'influx', which may "
        "stand beside a time: read no file but the store that --store names.",
    ),
]
End = Annotated[
    str | None, typer.Option("--to", help="Stop there: 2:15:30 after the start, or a time in UTC.")
]
Beds = Annotated[
    list[str] | None, typer.Option("--bed", help="Only the messages of this bed; may be repeated.")
]
FromStore = Annotated[
    str | None,
    typer.Option(
        "--store",
        help="With --from influx: http://HOST:8086 of an InfluxDB, or sqlite:FILE.",
        metavar="URL",
    ),
]
SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="Leave out bad lines of recordings, name and count them.")
]
ByEngine = Annotated[
    EngineName | None, typer.Option(help="Work files off by this engine, one line at the end.")
]


@replaying.command()
def replay(
    files: Files = None,
    *,
    config: Config = CONFIG_DIRECTORY,
    as_json: AsJson = False,
    compare: Compare = None,
    rebatch: Rebatch = None,
    form: Form = "auto",
    speed: Speed = None,
    into: Into = None,
    unit: AsUnit = None,
    journal: Kept = None,
    skip_bad: SkipBad = False,
    begin: Begin = None,
    end: End = None,
    bed: Beds = None,
    store: FromStore = None,
    bucket: Bucket = "irm",
    org: Org = "-",
    token_file: TokenFile = None,
    engine: ByEngine = None,
    jobs: Jobs = 2,
    scheduler: Scheduler = "",
    chunk: Chunk = 1,
    resume: Resume = None,
) -> None:
    """Give recorded messages to a fresh ward and say what came out."""
    if speed is not None and not 0 < speed < math.inf:
        raise typer.BadParameter(f"--speed {speed:g}: must be above 0 and finite")
    _check_format(form)
    if into is not None:
        _refuse(as_json, compare, rebatch, engine, given="--into")
    is_stored, since = _asked(begin)
    _check_source(files or [], store, is_stored=is_stored)
    if into is None and (journal is not None or (unit is not None and not is_stored)):
        raise typer.BadParameter("--journal and --unit belong to --into, --unit also to influx")
    _check_way(into, engine, speed, is_part=bool(skip_bad or is_stored or since or end or bed))
    stretch = _stretch(since, end)
    settings = read_settings(config)
    if into is not None:
        place = (into, unit or settings.site.unit)
        _into(settings, files or [], place, speed or 1.0, journal, form)
        return
    if engine is not None:
        how = (engine, jobs, scheduler, chunk, resume)
        _archive(settings, files or [], config, how, (form, rebatch, compare, as_json))
        return
    from monitor.excerpts import Reading

    with contextlib.ExitStack() as ends:
        sources: Sequence[Path | Recording] = files or []
        if is_stored and store is not None:
            opened = opened_store(store, bucket, org, token_file)
            ends.callback(opened.close)
            sources = [_stored(opened, unit or settings.site.unit, stretch)]
            stretch = (None, None)
        reading = Reading(
            form=form, rebatch_ms=rebatch, skips_bad=skip_bad, begin=stretch[0], end=stretch[1],
            beds=frozenset(bed or ()),
        )  # fmt: skip
        code = _told(settings, config, sources, speed, (reading, as_json, compare))
    raise typer.Exit(code)


def _asked(begin: list[str] | None) -> tuple[bool, str | None]:
    """Return whether a store is to be read, and the time that ``--from`` says beside it."""
    times = [text for text in begin or () if text != INFLUX]
    if len(times) > 1:
        raise typer.BadParameter(f"--from {' --from '.join(times)}: one time at most")
    return INFLUX in (begin or ()), times[0] if times else None


def _check_format(form: str) -> None:
    from monitor.adapters.sources import FORMATS

    if form not in ("auto", *FORMATS):
        known = ", ".join(("auto", *FORMATS))
        raise typer.BadParameter(f"--format {form}: must be one of {known}")


def _check_source(files: list[Path], store: str | None, *, is_stored: bool) -> None:
    if is_stored and store is None:
        raise typer.BadParameter("--from influx: needs --store http://HOST:8086 or sqlite:FILE")
    if store is not None and not is_stored:
        raise typer.BadParameter(f"--store {store}: belongs to --from influx")
    if is_stored and files:
        raise typer.BadParameter(f"{files[0]}: a file and --from influx do not go together")
    if not is_stored and not files:
        raise typer.BadParameter("name a file or folder, or --from influx with --store")


def _check_way(
    into: str | None, engine: EngineName | None, speed: float | None, *, is_part: bool
) -> None:
    if is_part and (into is not None or engine is not None):
        raise typer.BadParameter(
            "--skip-bad, --from and --to go without --into and --engine, and so does --bed; "
            "of a store, fetch writes a file that goes with them"
        )
    if engine is not None and speed is not None:
        raise typer.BadParameter("--speed and --engine do not go together")


def _stored(
    store: "SeriesStore", unit: str, stretch: "tuple[Moment | None, Moment | None]"
) -> "Recording":
    """Return what a store holds of a unit between two times; all of it where none is given."""
    from monitor.adapters.recording import Recording
    from monitor.series.reading import LAST_MS, found_steps

    for option, moment in zip(("--from", "--to"), stretch, strict=True):
        if moment is not None and moment.since_start:
            raise typer.BadParameter(
                f"{option}: beside --from influx must be a time as 2026-11-22T13:45:00Z: "
                "a store does not say when something started"
            )
    begin, end = stretch
    from_ms, to_ms = begin.ms if begin else 0, end.ms if end else LAST_MS
    steps = found_steps(store, unit, from_ms=from_ms, to_ms=to_ms)
    return Recording(name=f"{store.name} unit {unit}", unit=unit, steps=steps)


def _told(
    settings: "Settings",
    config: Path,
    sources: "Sequence[Path | Recording]",
    speed: float | None,
    how: "tuple[Reading, bool, Path | None]",
) -> int:
    """Replay in this process and return the exit code."""
    from monitor.following import Site, SiteWards
    from monitor.replay import run

    wards = ward_of(settings)
    reading, as_json, compare = how
    with piped():
        return run(
            sources,
            ward_of=SiteWards(
                ward_of=wards if speed is None else _paced(wards, speed, reading.begin),
                site=Site(digest=settings.digest, directory=config),
            ),
            out=sys.stdout,
            err=sys.stderr,
            as_json=as_json,
            compare=compare,
            reading=reading,
        )


def _refuse(*options: object, given: str) -> None:
    if any(option not in (None, False) for option in options):
        words = f"{given} goes without --json, --compare, --rebatch and --engine"
        raise typer.BadParameter(words)


def _stretch(since: str | None, end: str | None) -> "tuple[Moment | None, Moment | None]":
    """Return from when to when is told, as it was given."""
    first, last = _moment("--from", since), _moment("--to", end)
    if first and last and first.since_start == last.since_start and first.ms >= last.ms:
        raise typer.BadParameter(f"--from {since} --to {end}: must end after it begins")
    return first, last


def _moment(option: str, text: str | None) -> "Moment | None":
    """Return a time as it was given; None where none was."""
    from datetime import UTC, datetime

    from monitor.excerpts import Moment
    from monitor.scenario.times import AT_FORM, at_ms

    if text is None:
        return None
    since_ms = at_ms(text)
    if since_ms is not None:
        return Moment(ms=since_ms, since_start=True)
    try:
        told = datetime.fromisoformat(text)
    except ValueError as fault:
        words = f"{option} {text}: must be {AT_FORM}, or a time as 2026-11-22T13:45:00Z"
        raise typer.BadParameter(words) from fault
    aware = told if told.tzinfo is not None else told.replace(tzinfo=UTC)
    return Moment(ms=round(aware.timestamp() * 1000), since_start=False)


def _paced(wards: "Callable[[str], Ward]", speed: float, begin: "Moment | None" = None) -> "WardOf":
    """Return what makes wards that take every step when it is due, from their first step on.

    What lies before ``begin`` is taken at once.
    """
    from monitor.adapters.clock import AcceleratedClock

    class PacedWard:
        def __init__(self, unit: str) -> None:
            self._ward = wards(unit)
            self._clock: AcceleratedClock | None = None
            self._begin_ms: int | None = None
            self._waiting = threading.Event()

        def configure(self, settings: "WardSettings") -> None:
            self._ward.configure(settings)

        def take(self, now_ms: int, inputs: "Sequence[Input]") -> "tuple[AnyEffect, ...]":
            if self._begin_ms is None:
                self._begin_ms = now_ms if begin is None else begin.at_ms(now_ms)
            if now_ms < self._begin_ms:
                return self._ward.take(now_ms, inputs)
            if self._clock is None:
                self._clock = AcceleratedClock(speed=speed, start_ms=now_ms)
            due_s = self._clock.seconds_for(now_ms - self._clock.now_ms())
            if due_s > 0:
                sys.stdout.flush()
                self._waiting.wait(due_s)
            return self._ward.take(now_ms, inputs)

    return PacedWard


def _into(
    settings: "Settings",
    files: list[Path],
    place: tuple[str, str],
    speed: float,
    journal: Path | None,
    form: str,
) -> None:
    from monitor.adapters.recording import Remarks
    from monitor.retell import Retelling, clock_of, retell, retell_judged

    broker, unit = place
    access = access_of(settings, broker, f"irm-replay-{unit}")
    told = Retelling(paths=files, access=access, unit=unit, speed=speed, form=form)
    remarks = Remarks()
    if journal is not None:
        found = retell_judged(settings, told, journal, remarks, software())
    else:
        if speed != 1:
            typer.echo(
                f"stamps run {speed:g} times as fast as the time of day: a monitor on another "
                "clock will call them ahead; --journal FILE runs one on this clock",
                err=True,
            )
        found = retell(told, clock_of(told), remarks, threading.Event())
    for line in remarks.lines():
        typer.echo(line, err=True)
    kept = (
        "" if found.heard is None else f"; the monitor beside has kept {found.heard} in {journal}"
    )
    typer.echo(f"{found.recordings} recordings, {found.messages} messages told{kept}", err=True)
    if found.heard is not None and found.heard < found.for_monitor:
        raise typer.Exit(FOUND)


def _archive(
    settings: "Settings",
    files: list[Path],
    config: Path,
    how: tuple[EngineName, int, str, int, Path | None],
    what: tuple[str, int | None, Path | None, bool],
) -> None:
    from monitor.adapters.recording import InputFileError
    from monitor.engines.work import EngineError
    from monitor.study.archive import archive_items, run_archive
    from monitor.study.runs import Run

    name, jobs, scheduler, chunk, resume = how
    form, rebatch, compare, as_json = what
    run = Run(engine=engine_of(name, jobs, scheduler), files_per_chunk=chunk, resume=resume)
    try:
        with piped():
            code = run_archive(
                archive_items(files, config, form=form, rebatch_ms=rebatch),
                run,
                config=settings.digest,
                out=sys.stdout,
                err=sys.stderr,
                as_json=as_json,
                compare=compare,
            )
    except (EngineError, InputFileError) as fault:
        typer.echo(str(fault), err=True)
        raise typer.Exit(OUT_OF_REACH if isinstance(fault, EngineError) else 4) from fault
    raise typer.Exit(code)
