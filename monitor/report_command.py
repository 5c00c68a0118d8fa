"""The command ``report``: one page of HTML for every session of a journal or a recording."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from monitor.commands import (
    CONFIG_DIRECTORY,
    FOUND,
    Config,
    read_settings,
    software,
    ward_of,
)

if TYPE_CHECKING:
    from monitor.reports.chronicles import Chronicle
    from monitor.settings.settings import Settings
    from monitor.station.eras import Era

BAD_INPUT: Final = 4
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_-]+")

OF_A_SESSION: Final = ("session", "truth")
OF_A_COHORT: Final = ("sweep", "ablation", "jobs")
"""Options that mean nothing to the other kind of report."""

report = typer.Typer()

_Told = TypeVar("_Told")


@report.command("report")
def report_command(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="A journal, a recording, or a cohort's folder.")],
    *,
    to: Annotated[Path, typer.Option(help="FILE.html, or a folder for a page of each session.")],
    session: Annotated[str | None, typer.Option(help="Only this session, as S-0412.")] = None,
    png: Annotated[bool, typer.Option("--png", help="Also a picture, by Chromium.")] = False,
    sweep: Annotated[
        Path | None, typer.Option(help="A cohort: also what sweep --json wrote into this file.")
    ] = None,
    ablation: Annotated[
        Path | None, typer.Option(help="A cohort: also what score ablation --json wrote.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="A cohort: processes of this machine.")] = 1,
    truth: Annotated[
        Path | None, typer.Option(help="File of truth; default: NAME.truth.jsonl beside.")
    ] = None,
    config: Config = CONFIG_DIRECTORY,
) -> None:
    """Write the report of a session, with timeline, episodes, steps and why; or of a cohort."""
    is_cohort = path.is_dir() and any(path.glob("*.truth.jsonl"))
    _refuse_foreign(context, is_cohort=is_cohort)
    if is_cohort:
        _cohort(path, to, (sweep, ablation), jobs, config)
        if png:
            _picture(to)
        return
    from monitor.adapters.recording import InputFileError, Remarks
    from monitor.reports.beside_truth import heard_beside, truth_beside
    from monitor.reports.chronicles import chronicles
    from monitor.reports.session_page import Printing, session_page
    from monitor.study.cohort_ward import read_truth

    settings = read_settings(config)
    remarks = Remarks()
    try:
        found = list(_chosen(chronicles(path, ward_of(settings), remarks), session))
        beside = truth or truth_beside(path)
        truths = [] if beside is None else read_truth(beside)
    except InputFileError as fault:
        typer.echo(str(fault), err=True)
        raise typer.Exit(BAD_INPUT) from fault
    for line in remarks.lines():
        typer.echo(line, err=True)
    _refuse(path, found, session, to)
    for chronicle, page in _places(found, to):
        command = ["infusion-monitor", "report", str(path), "--session", chronicle.session]
        command += [] if truth is None else ["--truth", str(truth)]
        command += ["--config", str(config), "--to", str(page)]
        printing = Printing(
            command=tuple(command),
            config=settings.digest,
            software=software(),
            book=settings.ward.detection.book,
            truth="" if beside is None else str(beside),
            eras=_eras(chronicle, settings, config),
        )
        heard = heard_beside(chronicle, truths)
        page.write_text(session_page(chronicle, printing, heard), encoding="utf-8")
        typer.echo(f"{page}", err=True)
        if png:
            _picture(page)


def _refuse_foreign(context: typer.Context, *, is_cohort: bool) -> None:
    """Refuse an option that was given and that nothing would come of."""
    for name in OF_A_SESSION if is_cohort else OF_A_COHORT:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            whose = "sessions, not of a cohort" if is_cohort else "a cohort, not of sessions"
            raise typer.BadParameter(f"--{name} is of the report of {whose}")


def _eras(chronicle: "Chronicle", settings: "Settings", config: Path) -> "tuple[Era, ...]":
    """Return the configurations that were in force in a session; none if they were not kept."""
    from monitor.station.eras import Era, Kept, eras_of, eras_within

    # Of the first one nothing is told: the journal began with it.
    kept = [
        Kept(one.told[0].at_ms if one.told else None, one.digest, one.files)
        for one in chronicle.turns
        if not one.is_refused
    ]
    if not kept:
        return ()
    known = Era(None, settings.digest, settings.ward.detection.book)
    return eras_within(eras_of(kept, config, known), chronicle.from_ms, chronicle.to_ms)


def _picture(page: Path) -> None:
    from monitor.reports.picture import NoPictureError, picture_of

    try:
        picture_of(page, page.with_suffix(".png"))
    except NoPictureError as fault:
        typer.echo(str(fault), err=True)
        raise typer.Exit(FOUND) from fault


def _cohort(
    folder: Path, to: Path, more: tuple[Path | None, Path | None], jobs: int, config: Path
) -> None:
    import sys

    from monitor.adapters.recording import InputFileError
    from monitor.engine_options import EngineName, engine_of
    from monitor.reports.cohort_csv import cohort_csv
    from monitor.reports.cohort_page import CohortPrinting, cohort_page
    from monitor.study.ablation import Ablation
    from monitor.study.cohort import scored_cohort
    from monitor.study.runs import Run
    from monitor.study.sweep import Sweep

    if to.suffix != ".html":
        raise typer.BadParameter(f"--to {to}: the report of a cohort is one FILE.html")
    sweep, ablation = more
    settings = read_settings(config)
    name = EngineName.PROCESSES if jobs > 1 else EngineName.SERIAL
    try:
        swept = None if sweep is None else _decoded(sweep, Sweep, "sweep --json")
        ablated = None
        if ablation is not None:
            ablated = _decoded(ablation, Ablation, "score ablation --json")
        run = Run(engine=engine_of(name, jobs, ""))
        found = scored_cohort(folder, run, config=config, digest=settings.digest, err=sys.stderr)
    except InputFileError as fault:
        typer.echo(str(fault), err=True)
        raise typer.Exit(BAD_INPUT) from fault
    same = (str(folder), "--config", str(config))
    given = (("--sweep", sweep), ("--ablation", ablation))
    parts = [part for name, path in given if path is not None for part in (name, str(path))]
    printing = CohortPrinting(
        source=str(folder),
        command=("infusion-monitor", "report", *same, *parts, "--to", str(to)),
        score_command=("infusion-monitor", "score", "cohort", *same, "--json"),
        config=settings.digest,
        software=software(),
    )
    to.write_text(cohort_page(found, printing, swept, ablated), encoding="utf-8")
    beside = to.with_suffix(".csv")
    beside.write_text(cohort_csv(found, swept, ablated), encoding="utf-8")
    typer.echo(f"{to}\n{beside}", err=True)
    for fault_words in found.faults:
        typer.echo(fault_words, err=True)


def _decoded(path: Path, kind: type[_Told], made_by: str) -> _Told:
    import msgspec

    from monitor.adapters.recording import InputFileError

    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError) as fault:
        raise InputFileError(path, f"is nothing that {made_by} wrote: {fault}") from fault


def _chosen(found: "Iterable[Chronicle]", session: str | None) -> "Iterator[Chronicle]":
    return (one for one in found if session in (None, one.session))


def _refuse(path: Path, found: "list[Chronicle]", session: str | None, to: Path) -> None:
    """End the command where there is nothing to write, or more than one page for one file."""
    if not found:
        typer.echo(f"{path}: no session {session}" if session else f"{path}: no session", err=True)
        raise typer.Exit(FOUND)
    if len(found) > 1 and to.suffix == ".html":
        names = ", ".join(one.session for one in found)
        raise typer.BadParameter(
            f"--to {to}: one file, but {len(found)} sessions ({names}); name one with --session, "
            "or a folder"
        )


def _places(found: "list[Chronicle]", to: Path) -> "Iterator[tuple[Chronicle, Path]]":
    """Yield every session with the file of its page; equal names get a number."""
    if to.suffix == ".html":
        yield found[0], to
        return
    to.mkdir(parents=True, exist_ok=True)
    taken: dict[str, int] = {}
    for one in found:
        name = _UNSAFE.sub("_", one.session) or "session"
        taken[name] = taken.get(name, 0) + 1
        again = f"-{taken[name]}" if taken[name] > 1 else ""
        yield one, to / f"{name}{again}.html"
