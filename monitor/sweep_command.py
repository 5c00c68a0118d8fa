"""The command ``sweep``: a limit over a range, beside everything else on the same axes."""

import shlex
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Final

import typer

from monitor.commands import CONFIG_DIRECTORY, AsJson, Config, piped
from monitor.engine_options import Chunk, EngineName, Jobs, Scheduler, engine_of

OUT_OF_REACH: Final = 3
BAD_INPUT: Final = 4

sweeping = typer.Typer()


Source = Annotated[Path, typer.Argument(help="Folder of a cohort, or a file of cases.")]
Rule = Annotated[str, typer.Option(help="Rule of the active book, as hypotension.fall-30.1.")]
Values = Annotated[str, typer.Option(help="Its limit: 20,25,30 or FROM:TO:STEP.")]
Clause = Annotated[int, typer.Option(min=1, help="Which clause of the rule, from 1.")]
Svg = Annotated[Path | None, typer.Option(help="Write the figure here.")]
Keep = Annotated[
    Path | None, typer.Option(help="Keep the configuration of every value in this folder.")
]
ByEngine = Annotated[EngineName, typer.Option(help="Who does the work.")]


@sweeping.command("sweep")
def sweep_command(
    source: Source,
    *,
    rule: Rule,
    values: Values,
    clause: Clause = 1,
    svg: Svg = None,
    keep: Keep = None,
    config: Config = CONFIG_DIRECTORY,
    engine: ByEngine = EngineName.SERIAL,
    jobs: Jobs = 2,
    scheduler: Scheduler = "",
    chunk: Chunk = 1,
    as_json: AsJson = False,
) -> None:
    """Score a limit over a range: what it finds against how often it calls for nothing."""
    import msgspec

    from monitor.adapters.recording import InputFileError
    from monitor.engines.work import EngineError
    from monitor.reports.sweep_figure import numbered, sweep_figure
    from monitor.study.runs import Run
    from monitor.study.sweep import Plan, sweep, values_of
    from monitor.study.sweep_tables import sweep_lines

    try:
        asked = values_of(values)
    except ValueError as fault:
        raise typer.BadParameter(f"--values {fault}") from fault
    same = ["--rule", rule, "--clause", str(clause), "--values", values, "--config", str(config)]
    with tempfile.TemporaryDirectory(prefix="irm-sweep-") as scratch:
        plan = Plan(
            source=source,
            config=config,
            rule=rule,
            clause=clause,
            values=asked,
            folder=keep or Path(scratch),
            run=Run(engine=engine_of(engine, jobs, scheduler), files_per_chunk=chunk),
            command=shlex.join(["infusion-monitor", "sweep", str(source), *same]),
        )
        try:
            found = sweep(plan, err=sys.stderr)
        except (InputFileError, EngineError) as fault:
            typer.echo(str(fault), err=True)
            is_input = isinstance(fault, InputFileError)
            raise typer.Exit(BAD_INPUT if is_input else OUT_OF_REACH) from fault
        except ValueError as fault:
            raise typer.BadParameter(str(fault)) from fault
    if svg is not None:
        svg.write_text(f"{sweep_figure(found)}\n", encoding="utf-8")
    with piped():
        if as_json:
            sys.stdout.write(f"{msgspec.json.encode(found, order='deterministic').decode()}\n")
        else:
            sys.stdout.writelines(f"{line}\n" for line in sweep_lines(found))
            names = "; ".join(f"{number} {one.words}" for number, one in numbered(found))
            sys.stdout.write(f"\nNumbers of the figure: {names}.\n")
    for words in found.faults:
        typer.echo(words, err=True)
