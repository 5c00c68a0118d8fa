"""The command ``compare``: two configurations over one archive, told side by side."""

import shlex
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Final

import typer

from monitor.commands import AsJson, piped, read_settings, software
from monitor.engine_options import Chunk, EngineName, Jobs, Resume, Scheduler, engine_of

OUT_OF_REACH: Final = 3
BAD_INPUT: Final = 4

PAGES: Final = Path("compare-pages")

compare = typer.Typer()


A = Annotated[Path, typer.Argument(help="Folder of the configuration that is in force.")]
B = Annotated[
    Path,
    typer.Argument(help="Folder of the one to compare it with; with --book the first file."),
]
Files = Annotated[list[Path] | None, typer.Argument(help="Recordings, journals or evidence.")]
Book = Annotated[
    str,
    typer.Option(help="Compare A with itself under this book of it, or the one in a .toml file."),
]
Keep = Annotated[Path | None, typer.Option(help="Keep the configuration that --book makes here.")]
Pages = Annotated[Path, typer.Option(help="Folder for both pages of every session that changes.")]
NoPages = Annotated[
    bool, typer.Option("--no-pages", help="Write no pages, so that nothing is linked.")
]
ByEngine = Annotated[EngineName, typer.Option(help="Who does the work.")]


@compare.command("compare")
def compare_command(
    a: A,
    b: B,
    files: Files = None,
    *,
    book: Book = "",
    keep: Keep = None,
    pages: Pages = PAGES,
    no_pages: NoPages = False,
    engine: ByEngine = EngineName.SERIAL,
    jobs: Jobs = 2,
    scheduler: Scheduler = "",
    chunk: Chunk = 1,
    resume: Resume = None,
    as_json: AsJson = False,
) -> None:
    """Say what another configuration would have told: alerts gained, lost, earlier and later."""
    import msgspec

    from monitor.adapters.recording import InputFileError
    from monitor.engines.work import EngineError
    from monitor.reports.comparison_work import Pair, compared, with_pages
    from monitor.reports.comparisons import comparison_lines
    from monitor.settings.other_books import with_book
    from monitor.study.runs import Run

    sources = [b, *(files or [])] if book else files or []
    if not sources:
        raise typer.BadParameter("names no recording, journal or evidence", param_hint="FILES")
    if keep is not None and not book:
        raise typer.BadParameter("keeps what --book makes; name a book", param_hint="--keep")
    run = Run(engine=engine_of(engine, jobs, scheduler), files_per_chunk=chunk, resume=resume)
    same = ["--book", book, *(["--keep", str(keep)] if keep else [])] if book else []
    where = ["--no-pages"] if no_pages else ["--pages", str(pages)]
    folders = [str(a)] if book else [str(a), str(b)]
    made = ["infusion-monitor", "compare", *folders, *map(str, sources), *same, *where]
    with tempfile.TemporaryDirectory(prefix="irm-compare-") as scratch:
        other = with_book(a, book, keep or Path(scratch) / "b") if book else b
        pair = Pair(
            folders=(a, other), named=(str(a), None if book and keep is None else str(other))
        )
        digests = (read_settings(a).digest, read_settings(other).digest)
        try:
            work = compared(sources, pair, digests, run, err=sys.stderr)
            found = work.comparison
            if found.rows and not no_pages:
                found = with_pages(work, pair, run, pages=pages, command=made, software=software())
        except (InputFileError, EngineError) as fault:
            typer.echo(str(fault), err=True)
            is_input = isinstance(fault, InputFileError)
            raise typer.Exit(BAD_INPUT if is_input else OUT_OF_REACH) from fault
    for line in work.remarks.lines():
        typer.echo(line, err=True)
    with piped():
        if as_json:
            sys.stdout.write(f"{msgspec.json.encode(found, order='deterministic').decode()}\n")
        else:
            sys.stdout.writelines(f"{line}\n" for line in comparison_lines(found, shlex.join(made)))
