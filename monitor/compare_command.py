"""The command ``compare``: two configurations over one archive, told side by side."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from monitor.commands import AsJson, piped, read_settings, software, ward_of

if TYPE_CHECKING:
    from monitor.reports.comparisons import Comparison, Row
    from monitor.settings.settings import Settings

BAD_INPUT: Final = 4

PAGES: Final = Path("compare-pages")

compare = typer.Typer()


@compare.command("compare")
def compare_command(
    a: Annotated[Path, typer.Argument(help="Folder of the configuration that is in force.")],
    b: Annotated[Path, typer.Argument(help="Folder of the one to compare it with.")],
    files: Annotated[list[Path], typer.Argument(help="Recordings, journals or evidence.")],
    *,
    pages: Annotated[
        Path, typer.Option(help="Folder for the two pages of every session that changes.")
    ] = PAGES,
    no_pages: Annotated[
        bool, typer.Option("--no-pages", help="Write no pages, so that nothing is linked.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what another configuration would have told: alerts gained, lost, earlier and later."""
    import msgspec

    from monitor.adapters.recording import InputFileError, Remarks
    from monitor.reports.comparisons import comparison, comparison_lines, outcomes

    both = (read_settings(a), read_settings(b))
    remarks = Remarks()
    try:
        of_a = list(outcomes(files, ward_of(both[0]), remarks))
        of_b = list(outcomes(files, ward_of(both[1]), Remarks()))
        found = comparison(of_a, of_b, (both[0].digest, both[1].digest), remarks)
        if found.rows and not no_pages:
            found = _with_pages(found, files, (a, b), both, pages)
    except InputFileError as fault:
        typer.echo(str(fault), err=True)
        raise typer.Exit(BAD_INPUT) from fault
    for line in remarks.lines():
        typer.echo(line, err=True)
    where = ["--no-pages"] if no_pages else ["--pages", str(pages)]
    made = ["infusion-monitor", "compare", str(a), str(b), *map(str, files), *where]
    with piped():
        if as_json:
            sys.stdout.write(f"{msgspec.json.encode(found, order='deterministic').decode()}\n")
        else:
            sys.stdout.writelines(f"{line}\n" for line in comparison_lines(found, shlex.join(made)))


def _with_pages(
    found: "Comparison",
    files: list[Path],
    folders: tuple[Path, Path],
    both: "tuple[Settings, Settings]",
    pages: Path,
) -> "Comparison":
    """Write the pages of the sessions that change, under both, and name them in the rows."""
    import msgspec

    from monitor.adapters.recording import InputFileError, Remarks
    from monitor.reports.chronicles import chronicles
    from monitor.reports.session_page import Printing, session_page

    try:
        pages.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise InputFileError(pages, f"cannot be made: {fault.strerror or fault}") from fault
    numbers: dict[tuple[str, str], int] = {}
    for row in found.rows:
        numbers.setdefault((row.source, row.session), len(numbers) + 1)
    for which, folder, settings in zip("ab", folders, both, strict=True):
        for path in files:
            for one in chronicles(path, ward_of(settings), Remarks(), from_ledger=False):
                number = numbers.get((one.source, one.session))
                if number is None:
                    continue
                command = ["infusion-monitor", "report", str(path), "--session", one.session]
                printing = Printing(
                    command=(*command, "--config", str(folder), "--to", f"{number}-{which}.html"),
                    config=settings.digest,
                    software=software(),
                    book=settings.ward.detection.book,
                )
                text = session_page(one, printing)
                (pages / f"{number}-{which}.html").write_text(text, encoding="utf-8")
    rows = tuple(_named(row, pages, numbers[row.source, row.session]) for row in found.rows)
    return msgspec.structs.replace(found, rows=rows)


def _named(row: "Row", pages: Path, number: int) -> "Row":
    import msgspec

    places = [pages / f"{number}-{which}.html" for which in "ab"]
    names = [place.as_posix() if place.is_file() else "" for place in places]
    return msgspec.structs.replace(row, page_a=names[0], page_b=names[1])
