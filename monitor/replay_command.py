"""The command ``replay``: recordings through a ward, at any speed, by any engine, into a broker."""

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

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from monitor.facts.effects import AnyEffect
    from monitor.facts.records import Input
    from monitor.replay import Moment, WardOf
    from monitor.settings.settings import Settings
    from monitor.ward.ward import Ward
    from monitor.ward.ward_settings import WardSettings

OUT_OF_REACH: Final = 3
FOUND: Final = 1

replaying = typer.Typer()


Files = Annotated[list[Path], typer.Argument(help="Recordings, journals or evidence.")]
Compare = Annotated[
    Path | None,
    typer.Option(help="What --json wrote before (effects, or of an engine) must come again."),
]
Rebatch = Annotated[
    int | None, typer.Option(min=0, help="Other step boundaries: windows of so many ms.")
]
Form = Annotated[
    str, typer.Option("--format", help="What the files are, if not what they look like.")
]
Speed = Annotated[
    float | None, typer.Option(help="So many times as fast as it happened; default: at once.")
]
Into = Annotated[
    str | None, typer.Option(help="HOST[:PORT]: tell it to this broker as devices would.")
]
AsUnit = Annotated[
    str | None, typer.Option(help="Tell it as this unit; default: that of site.toml.")
]
Kept = Annotated[
    Path | None,
    typer.Option(help="With --into: a monitor beside, on the same clock, keeps this journal."),
]
Begin = Annotated[
    str | None,
    typer.Option("--from", help="Tell from here on: 1:30 after the start, or a time in UTC."),
]
End = Annotated[
    str | None, typer.Option("--to", help="Stop there: 2:15:30 after the start, or a time in UTC.")
]
SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="Leave out bad lines of recordings, name and count them.")
]
ByEngine = Annotated[
    EngineName | None, typer.Option(help="Work files off by this engine, one line at the end.")
]


@replaying.command()
def replay(
    files: Files,
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
    engine: ByEngine = None,
    jobs: Jobs = 2,
    scheduler: Scheduler = "",
    chunk: Chunk = 1,
    resume: Resume = None,
) -> None:
    """Give recorded messages to a fresh ward and say what came out."""
    if speed is not None and not speed > 0:
        raise typer.BadParameter(f"--speed {speed:g}: must be above 0")
    if into is not None:
        _refuse(as_json, compare, rebatch, engine, given="--into")
    elif journal is not None or unit is not None:
        raise typer.BadParameter("--journal and --unit belong to --into")
    stretch = (_moment("--from", begin), _moment("--to", end))
    if (skip_bad or stretch != (None, None)) and (into is not None or engine is not None):
        raise typer.BadParameter("--skip-bad, --from and --to go without --into and --engine")
    if engine is not None and speed is not None:
        raise typer.BadParameter("--speed and --engine do not go together")
    settings = read_settings(config)
    if into is not None:
        _into(settings, files, (into, unit or settings.site.unit), speed or 1.0, journal, form)
        return
    if engine is not None:
        how = (engine, jobs, scheduler, chunk, resume)
        _archive(settings, files, config, how, (form, rebatch, compare, as_json))
        return
    from monitor.following import Site, SiteWards
    from monitor.replay import Reading, run

    wards = ward_of(settings)

    with piped():
        code = run(
            files,
            ward_of=SiteWards(
                ward_of=wards if speed is None else _paced(wards, speed, stretch[0]),
                site=Site(digest=settings.digest, directory=config),
            ),
            out=sys.stdout,
            err=sys.stderr,
            as_json=as_json,
            compare=compare,
            reading=Reading(
                form=form, rebatch_ms=rebatch, skips_bad=skip_bad, begin=stretch[0], end=stretch[1]
            ),
        )
    raise typer.Exit(code)


def _refuse(*options: object, given: str) -> None:
    if any(option not in (None, False) for option in options):
        words = f"{given} goes without --json, --compare, --rebatch and --engine"
        raise typer.BadParameter(words)


def _moment(option: str, text: str | None) -> "Moment | None":
    """Return a time as it was given; None where none was."""
    from datetime import UTC, datetime

    from monitor.replay import Moment
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
