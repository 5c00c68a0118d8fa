"""The command ``report``: one page of HTML for every session of a journal or a recording."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

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
    from monitor.reports.session_page import Printing

BAD_INPUT: Final = 4
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_-]+")

report = typer.Typer()


@report.command("report")
def report_command(
    path: Annotated[Path, typer.Argument(help="A journal or a recording.")],
    *,
    to: Annotated[Path, typer.Option(help="FILE.html, or a folder for a page of each session.")],
    session: Annotated[str | None, typer.Option(help="Only this session, as S-0412.")] = None,
    png: Annotated[bool, typer.Option("--png", help="Also a picture, by Chromium.")] = False,
    config: Config = CONFIG_DIRECTORY,
) -> None:
    """Write the report of a session: timeline, episodes, steps, why, and the draft of a note."""
    from monitor.adapters.recording import InputFileError, Remarks
    from monitor.reports.chronicles import chronicles
    from monitor.reports.picture import NoPictureError, picture_of
    from monitor.reports.session_page import Printing

    settings = read_settings(config)
    remarks = Remarks()
    try:
        found = list(_chosen(chronicles(path, ward_of(settings), remarks), session))
    except InputFileError as fault:
        typer.echo(str(fault), err=True)
        raise typer.Exit(BAD_INPUT) from fault
    for line in remarks.lines():
        typer.echo(line, err=True)
    _refuse(path, found, session, to)
    for chronicle, page in _places(found, to):
        command = ["infusion-monitor", "report", str(path), "--session", chronicle.session]
        command += ["--config", str(config), "--to", str(page)]
        printing = Printing(
            command=tuple(command),
            config=settings.digest,
            software=software(),
            book=settings.ward.detection.book,
        )
        _write(page, chronicle, printing)
        if png:
            try:
                picture_of(page, page.with_suffix(".png"))
            except NoPictureError as fault:
                typer.echo(str(fault), err=True)
                raise typer.Exit(FOUND) from fault


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


def _write(page: Path, chronicle: "Chronicle", printing: "Printing") -> None:
    from monitor.reports.session_page import session_page

    page.write_text(session_page(chronicle, printing), encoding="utf-8")
    typer.echo(f"{page}", err=True)
