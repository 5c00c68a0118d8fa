"""The commands that score: cases, uneventful recordings, chance, and what people judged."""

import re
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from monitor.commands import CONFIG_DIRECTORY, AsJson, Config, read_settings, ward_of
from monitor.engine_options import Chunk, EngineName, Jobs, Resume, Scheduler, engine_of

HOUR_MS: Final = 3_600_000
OUT_OF_REACH: Final = 3
_HOURS: Final = re.compile(r"(?P<hours>\d+(\.\d+)?)h")

score = typer.Typer(
    name="score",
    help="Measure the monitor on published cases, real recordings and chance.",
    no_args_is_help=True,
)


class Collection(StrEnum):
    """Collections that can be read; the values are those of the tables' reader."""

    MIMIC = "mimic3-demo"
    EICU = "eicu-demo-nibp"
    PHYSIONET = "physionet2012"
    EXAMS = "exam-stress"


@score.command()
def cases(
    path: Annotated[Path, typer.Argument(help="Published cases, one JSON object a line.")],
    *,
    config: Config = CONFIG_DIRECTORY,
    as_json: AsJson = False,
    steps: Annotated[
        bool, typer.Option(help="Print the steps of every case as a Markdown table.")
    ] = False,
) -> None:
    """Replay published cases and lay what came out beside what was to be expected."""
    from monitor.study.scoring import lines, run_cases, yardstick
    from monitor.study.step_table import step_table

    settings = read_settings(config)
    raise typer.Exit(
        run_cases(
            path,
            ward_of=ward_of(settings),
            beside=yardstick(settings.ward),
            out=sys.stdout,
            err=sys.stderr,
            as_json=as_json,
            shown=step_table if steps else lines,
        )
    )


@score.command()
def ppv(
    journals: Annotated[list[Path], typer.Argument(help="Journals that monitors have written.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Count, for every rule that decided an alert, what people did about it and said of it."""
    import msgspec

    from monitor.adapters.journal import JournalReader
    from monitor.study.judgements import Judgements

    found = Judgements()
    for path in journals:
        with JournalReader.open(path) as reader:
            found.add(reader.effects())
    rows = found.rows()
    if as_json:
        typer.echo(msgspec.json.encode(rows))
        return
    typer.echo(f"{'rule':<34} {'alerts':>6}   acted on     judged to be no reaction")
    typer.echo("".join(f"{row.line}\n" for row in rows), nl=False)


@score.command()
def background(
    path: Annotated[Path, typer.Argument(help="Folder of one collection.")],
    *,
    form: Annotated[Collection, typer.Option("--format", help="Which collection it is.")],
    window: Annotated[str, typer.Option(help="Length of a window, as 4h.")] = "4h",
    first: Annotated[
        str, typer.Option(help="Windows begin within the first hours of a stay, as 48h.")
    ] = "48h",
    why: Annotated[
        bool, typer.Option("--why", help="Also say which rows lifted windows to grade 2.")
    ] = False,
    config: Config = CONFIG_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Count alerts on recordings that nobody judged, beside those of simple rules."""
    from monitor.study.comparison import Cut, run_background

    cut = Cut(window_ms=_hours_ms("--window", window), first_ms=_hours_ms("--first", first))
    raise typer.Exit(
        run_background(
            path,
            form.value,
            settings=read_settings(config).ward,
            cut=cut,
            out=sys.stdout,
            err=sys.stderr,
            as_json=as_json,
            asks_why=why,
        )
    )


@score.command("false-triggers")
def false_triggers(
    *,
    sessions: Annotated[
        int, typer.Option(min=1, help="How many sessions are simulated.")
    ] = 100_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same sessions.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Say how often limits are reached by chance, worked out and simulated."""
    from monitor.study.false_triggers import run_false_triggers

    raise typer.Exit(run_false_triggers(seed, sessions, out=sys.stdout, as_json=as_json))


@score.command()
def cohort(
    folder: Annotated[Path, typer.Argument(help="Folder of recordings with their truth.")],
    *,
    config: Config = CONFIG_DIRECTORY,
    engine: Annotated[EngineName, typer.Option(help="Who does the work.")] = EngineName.SERIAL,
    jobs: Jobs = 2,
    scheduler: Scheduler = "",
    chunk: Chunk = 1,
    resume: Resume = None,
    as_json: AsJson = False,
) -> None:
    """Replay a simulated cohort and score it against its truth, beside simple rules."""
    from monitor.engines.work import EngineError
    from monitor.study.cohort import run_cohort
    from monitor.study.runs import Run

    settings = read_settings(config)
    how = Run(engine=engine_of(engine, jobs, scheduler), files_per_chunk=chunk, resume=resume)
    try:
        code = run_cohort(
            folder,
            how,
            config=config,
            digest=settings.digest,
            out=sys.stdout,
            err=sys.stderr,
            as_json=as_json,
        )
    except EngineError as fault:
        typer.echo(str(fault), err=True)
        raise typer.Exit(OUT_OF_REACH) from fault
    raise typer.Exit(code)


@score.command()
def nurses(
    *,
    sessions: Annotated[int, typer.Option(min=1, help="How many people are attended.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="The same seed attends the same people.")] = 1,
    hours: Annotated[float, typer.Option(help="Length of a session from its opening.")] = 4,
    mix: Annotated[
        str, typer.Option(help="Of what they are made: 'default' or a TOML file.")
    ] = "default",
    config: Config = CONFIG_DIRECTORY,
    engine: Annotated[EngineName, typer.Option(help="Who does the work.")] = EngineName.PROCESSES,
    jobs: Jobs = 2,
    scheduler: Scheduler = "",
    as_json: AsJson = False,
) -> None:
    """Let nurses follow, delay or ignore the steps, or only look; say what becomes of people."""
    import msgspec

    from monitor.adapters.recording import InputFileError
    from monitor.engines.work import EngineError
    from monitor.nurse_wards import items_of, nurse_outcomes
    from monitor.replay import BAD_INPUT
    from monitor.study.nurse_outcomes import lines

    read_settings(config)
    try:
        items = items_of(sessions=sessions, seed=seed, hours=hours, mix=mix, config=config)
        found = nurse_outcomes(items, engine_of(engine, jobs, scheduler), err=sys.stderr)
    except ValueError as fault:
        raise typer.BadParameter(str(fault)) from fault
    except (InputFileError, EngineError) as fault:
        typer.echo(str(fault), err=True)
        is_input = isinstance(fault, InputFileError)
        raise typer.Exit(BAD_INPUT if is_input else OUT_OF_REACH) from fault
    if as_json:
        typer.echo(msgspec.json.encode(found))
        return
    typer.echo("".join(f"{line}\n" for line in lines(found)), nl=False)


@score.command()
def ablation(
    folder: Annotated[Path, typer.Argument(help="Folder of recordings with their truth.")],
    *,
    rows: Annotated[int, typer.Option(min=1, help="How many of the most frequent rows.")] = 5,
    rule: Annotated[
        list[str] | None, typer.Option(help="This row instead; may be given again.")
    ] = None,
    files: Annotated[
        int | None, typer.Option(min=1, help="Only so many files, the first ones.")
    ] = None,
    config: Config = CONFIG_DIRECTORY,
    engine: Annotated[EngineName, typer.Option(help="Who does the work.")] = EngineName.SERIAL,
    jobs: Jobs = 2,
    scheduler: Scheduler = "",
    as_json: AsJson = False,
) -> None:
    """Remove rows of the book one at a time, replay a cohort and say what is lost and gained."""
    import shlex
    import tempfile

    import msgspec

    from monitor.adapters.recording import InputFileError
    from monitor.engines.work import EngineError
    from monitor.replay import BAD_INPUT
    from monitor.study.ablation import AblationPlan, ablation_lines
    from monitor.study.ablation import ablation as ablated
    from monitor.study.runs import Run

    which = [part for one in rule or () for part in ("--rule", one)] or ["--rows", str(rows)]
    which += [] if files is None else ["--files", str(files)]
    made = ["infusion-monitor", "score", "ablation", str(folder), *which, "--config", str(config)]
    read_settings(config)
    with tempfile.TemporaryDirectory(prefix="irm-ablation-") as scratch:
        plan = AblationPlan(
            source=folder,
            config=config,
            rules=tuple(rule or ()),
            count=rows,
            files=files,
            folder=Path(scratch),
            run=Run(engine=engine_of(engine, jobs, scheduler)),
            command=shlex.join(made),
        )
        try:
            found = ablated(plan, err=sys.stderr)
        except (InputFileError, EngineError) as fault:
            typer.echo(str(fault), err=True)
            is_input = isinstance(fault, InputFileError)
            raise typer.Exit(BAD_INPUT if is_input else OUT_OF_REACH) from fault
        except ValueError as fault:
            raise typer.BadParameter(str(fault)) from fault
    if as_json:
        typer.echo(msgspec.json.encode(found, order="deterministic"))
    else:
        typer.echo("".join(f"{line}\n" for line in ablation_lines(found)), nl=False)
    for words in found.faults:
        typer.echo(words, err=True)


def _hours_ms(option: str, text: str) -> int:
    found = _HOURS.fullmatch(text)
    length_ms = round(float(found["hours"]) * HOUR_MS) if found else 0
    if length_ms <= 0:
        raise typer.BadParameter(f"{option} {text}: must be hours above 0, as 4h")
    return length_ms
