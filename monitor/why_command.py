"""The command ``why``: a journal or recording up to a time, and what each bed would hand over."""

import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TextIO

import typer

from monitor.commands import CONFIG_DIRECTORY, AsJson, Config, piped, read_settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitor.facts.records import RecordedStep
    from monitor.facts.views import HandOver
    from monitor.following import Behind
    from monitor.settings.settings import Settings
    from monitor.ward.ward import Ward

BAD_INPUT: Final = 4

why = typer.Typer()


@why.command("why")
def why_command(
    path: Annotated[Path, typer.Argument(help="A journal or a recording.")],
    *,
    at: Annotated[
        str | None, typer.Option(help="UTC time, as 2026-11-24T10:05:00Z; default: the end.")
    ] = None,
    bed: Annotated[str | None, typer.Option(help="Only this bed.")] = None,
    config: Config = CONFIG_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Say why a bed is graded as it is, or why nothing fires, and what a shift hands over.

    A journal whose configuration changed is gone through as it went, if the folder is one of its.
    """
    at_ms = None if at is None else _milliseconds(at)
    settings = read_settings(config)
    with piped():
        code = run(path, settings, config, at_ms=at_ms, bed=bed, as_json=as_json, out=sys.stdout)
    raise typer.Exit(code)


def run(
    path: Path,
    settings: "Settings",
    config: Path,
    *,
    at_ms: int | None,
    bed: str | None,
    as_json: bool,
    out: TextIO,
) -> int:
    """Write the sheets of every recording of a path; return the exit code of the command."""
    import msgspec

    from monitor.adapters.recording import InputFileError, Remarks
    from monitor.adapters.sources import open_source
    from monitor.following import Site
    from monitor.ward.ward import Ward

    site, remarks = Site(digest=settings.digest, directory=config), Remarks()
    try:
        for recording in open_source(path, remarks):
            ward = Ward(settings.ward, unit=recording.unit)
            behind = site.behind(recording, ward, remarks, is_rebatched=False)
            now_ms = _played(ward, recording.steps, at_ms, behind)
            sheets = [one for one in ward.hand_over(now_ms) if bed in (None, one.bed)]
            if as_json:
                out.write(f"{msgspec.json.encode(sheets).decode()}\n")
            else:
                out.writelines(f"{line}\n" for one in sheets for line in _lines(one))
    except InputFileError as fault:
        typer.echo(str(fault), err=True)
        return BAD_INPUT
    for words in remarks.named:
        typer.echo(words, err=True)
    return 0


def _played(
    ward: "Ward", steps: "Iterable[RecordedStep]", at_ms: int | None, behind: "Behind"
) -> int:
    """Let a ward take the steps up to a time, and return the time that it has come to."""
    from monitor.wire.messages import decode

    now_ms = 0 if at_ms is None else at_ms
    for number, step in enumerate(steps, start=1):
        if at_ms is not None and step.now_ms > at_ms:
            break
        ward.take(step.now_ms, [decode(raw, position=n) for n, raw in enumerate(step.messages)])
        behind(number)
        now_ms = max(now_ms, step.now_ms)
    return now_ms


def _lines(sheet: "HandOver") -> list[str]:
    """Return the sheet of one bed as lines of text."""
    grade = "not assessable" if sheet.grade < 0 else f"grade {sheet.grade}"
    lines = [f"bed {sheet.bed}  {sheet.session or 'no session'}  {sheet.phase}  {grade}"]
    parts = {
        "open": sheet.alerts,
        "snoozed": sheet.snoozes,
        "to do": sheet.steps,
        "not told": sheet.untold,
        "why": sheet.why,
    }
    return lines + [f"  {name:<9}{line}" for name, rows in parts.items() for line in rows]


def _milliseconds(text: str) -> int:
    try:
        found = datetime.fromisoformat(re.sub("Z$", "+00:00", text))
    except ValueError as fault:
        raise typer.BadParameter(f"--at {text}: is no time") from fault
    return round((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)
