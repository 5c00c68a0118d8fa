"""Commands about files: recordings, journals, configurations, schemas.

None of them needs a broker. What commands share stands here too.
"""

import contextlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from monitor.adapters.disguise import Disguise
    from monitor.adapters.journal import JournalReader
    from monitor.settings.settings import Settings
    from monitor.ward.ward import Ward

OK: Final = 0
FOUND: Final = 1


class Form(Enum):
    """What a journal can be written as."""

    RECORDING = "recording"
    CSV = "csv"
    PARQUET = "parquet"


files = typer.Typer()
audit = typer.Typer(help="Whether what was kept is as it was written.", no_args_is_help=True)
files.add_typer(audit, name="audit")

_CONFIG: Final = typer.Option(help="Folder of the site's TOML files.", envvar="IRM_CONFIG")
_JSON: Final = typer.Option("--json", help="Write JSON to standard output.")

Config = Annotated[Path, _CONFIG]
AsJson = Annotated[bool, _JSON]
JournalFile = Annotated[Path, typer.Argument(help="A journal that a monitor has written.")]
KeptFile = Annotated[Path, typer.Argument(help="A journal, or an audit.")]
CONFIG_DIRECTORY: Final = Path("config")


def software() -> str:
    """Return the version of this program."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("infusion-reaction-monitor")
    except PackageNotFoundError:
        return "not installed"


def read_settings(config: Path) -> "Settings":
    """Return the settings of a folder."""
    from monitor.settings.settings import load_settings

    return load_settings(config)


def ward_of(settings: "Settings") -> "Callable[[str], Ward]":
    """Return what makes a fresh ward for a unit."""
    from monitor.ward.ward import Ward

    return lambda unit: Ward(settings.ward, unit=unit)


@contextlib.contextmanager
def piped() -> Iterator[None]:
    """End a command in order when whoever reads its output has gone, as ``head`` does."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError as gone:
        # Flushing at exit would complain about the same pipe once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(OK) from gone


@files.command()
def evidence(
    path: Annotated[Path, typer.Argument(help="Folder of recordings and published cases.")],
    *,
    config: Config = CONFIG_DIRECTORY,
    as_json: AsJson = False,
    markdown: Annotated[bool, typer.Option(help="Write the table as Markdown.")] = False,
) -> None:
    """Replay real recordings and published cases and print the table of alerts."""
    from monitor.study.evidence import run

    with piped():
        code = run(
            path,
            ward_of=ward_of(read_settings(config)),
            out=sys.stdout,
            err=sys.stderr,
            as_json=as_json,
            as_markdown=markdown,
        )
    raise typer.Exit(code)


@files.command()
def export(
    journal: JournalFile,
    to: Annotated[
        Path | None,
        typer.Argument(help="Recording (default: standard output), or folder of the tables."),
    ] = None,
    *,
    form: Annotated[
        Form, typer.Option("--format", help="A recording to replay, or tables to analyse.")
    ] = Form.RECORDING,
    deidentify: Annotated[
        bool, typer.Option("--deidentify", help="Other days, other names, no free text.")
    ] = False,
    config: Config = CONFIG_DIRECTORY,
) -> None:
    """Write a journal as a recording, one JSON line a step, or as tables in a folder.

    With --deidentify the days are moved by a random number that is kept nowhere, names are
    replaced, and of texts only words of the configuration are kept.
    """
    from random import SystemRandom

    from monitor.adapters.disguise import Disguise, vocabulary
    from monitor.adapters.extract import kept_messages
    from monitor.adapters.journal import JournalReader

    if form is not Form.RECORDING and to is None:
        raise typer.BadParameter(f"--format {form.value} needs a folder to write its tables into")
    with JournalReader.open(journal) as reader:
        disguise = None
        if deidentify:
            read_settings(config)
            first_ms = min(reader.step_times().values(), default=0)
            disguise = Disguise(first_ms=first_ms, words=vocabulary(config), chance=SystemRandom())
            disguise.learn(reader.effects(), (raw for _, _, raw in kept_messages(reader)))
        _note_export(journal, to, form, is_disguised=deidentify)
        if form is Form.RECORDING or to is None:
            _export_recording(reader, to, disguise)
        else:
            _export_tables(reader, to, disguise, form)


def _note_export(journal: Path, to: Path | None, form: Form, *, is_disguised: bool) -> None:
    """Audit an export before anything leaves; say it where the audit cannot be written."""
    from monitor.adapters.clock import SteadyClock
    from monitor.adapters.operations import EXPORTED, audit_path, noted

    how = f"{form.value}, {'de-identified' if is_disguised else 'as it is'}"
    where = "standard output" if to is None else str(to)
    if not noted(journal, SteadyClock().now_ms, what=EXPORTED, old=how, new=where):
        typer.echo(f"{audit_path(journal)} cannot be written: this export is not audited", err=True)


def _export_recording(
    reader: "JournalReader", to: Path | None, disguise: "Disguise | None"
) -> None:
    from monitor.adapters.recording import FORMAT, Header, header_line, step_line, write_recording

    about, steps = reader.about, iter(reader.steps())
    if disguise is not None:
        steps = iter(disguise.steps(steps))
    header = Header(format=FORMAT, unit=about.unit, config=about.config, software=about.software)
    if to is not None:
        typer.echo(f"{write_recording(to, steps, header=header)} steps", err=True)
        return
    with piped():
        sys.stdout.buffer.write(header_line(header))
        for step in steps:
            sys.stdout.buffer.write(step_line(step))


def _export_tables(
    reader: "JournalReader", folder: Path, disguise: "Disguise | None", form: Form
) -> None:
    from monitor.adapters.extract import Extract
    from monitor.adapters.table_export import write_tables
    from monitor.adapters.table_files import CsvFile, ParquetFile

    opened = CsvFile if form is Form.CSV else ParquetFile
    found = write_tables(folder, Extract(reader, disguise), opened, form.value)
    told = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in found.items() if count)
    typer.echo(told, err=True)


@files.command()
def note(
    journal: JournalFile,
    session: Annotated[str, typer.Argument(help="Id of the session, as S-0412.")],
) -> None:
    """Draft the reaction note of a session from the ledger: what happened, what was done."""
    from monitor.adapters.journal import JournalReader
    from monitor.care.notes import reaction_note

    with JournalReader.open(journal) as reader:
        try:
            lines = reaction_note(reader.effects(), session)
        except KeyError as fault:
            typer.echo(f"{journal}: {fault.args[0]}", err=True)
            raise typer.Exit(FOUND) from fault
    with piped():
        sys.stdout.writelines(f"{line}\n" for line in lines)


@files.command("check-config")
def check_config(
    directory: Annotated[Path, typer.Argument()] = CONFIG_DIRECTORY, *, as_json: AsJson = False
) -> None:
    """Read a configuration strictly and name every fault in it."""
    import msgspec

    from monitor.settings.settings import ConfigError

    try:
        settings = read_settings(directory)
    except ConfigError as fault:
        if as_json:
            typer.echo(msgspec.json.encode({"faults": fault.faults}))
        typer.echo(str(fault), err=True)
        raise typer.Exit(FOUND) from fault
    found = {
        "digest": settings.digest,
        "unit": settings.site.unit,
        "products": len(settings.ward.products),
        "ladders": len(settings.ward.ladders),
        "sources": len(settings.sources),
    }
    if as_json:
        typer.echo(msgspec.json.encode({"faults": [], **found}))
    else:
        typer.echo("\n".join(f"{name:<9} {value}" for name, value in found.items()))


@files.command("check-rules")
def check_rules(
    paths: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Scenario files, or folders of them.")
    ],
    *,
    config: Config = CONFIG_DIRECTORY,
    as_json: AsJson = False,
    tell: Annotated[bool, typer.Option("--tell", help="Write all that was told, too.")] = False,
    record: Annotated[
        Path | None, typer.Option(help="Folder: also every story as a recording to replay.")
    ] = None,
) -> None:
    """Rehearse stories of beds and wards: what happens, and what must and must not come of it."""
    from monitor.scenario.checking import run
    from monitor.settings.settings import load_settings
    from monitor.story_library import is_ward_story, read_ward_story
    from monitor.ward_rehearsal import WardRehearsal, ward_rehearsal

    site = read_settings(config)

    def of_a_ward(path: Path) -> WardRehearsal | None:
        return ward_rehearsal(read_ward_story(path), ward_of(site)) if is_ward_story(path) else None

    with piped():
        code = run(
            paths,
            site_of=lambda changes: ward_of(load_settings(config, changes) if changes else site),
            out=sys.stdout,
            err=sys.stderr,
            as_json=as_json,
            tell=tell,
            record=record,
            other=of_a_ward,
        )
    raise typer.Exit(code)


@files.command()
def schema(
    kind: Annotated[str | None, typer.Argument(help="One kind of message; default: all.")] = None,
) -> None:
    """Print the JSON Schema of the messages."""
    import msgspec

    from monitor.wire.schemas import schemas

    known = schemas()
    if kind is not None and kind not in known:
        raise typer.BadParameter(f"{kind}: no such kind; there are {', '.join(known)}")
    shown = known if kind is None else known[kind]
    typer.echo(msgspec.json.format(msgspec.json.encode(shown), indent=2))


@files.command()
@audit.command()
def verify(
    journal: KeptFile,
    *,
    head: Annotated[
        str | None,
        typer.Option(help="ROW:HASH as a status told it: also shows a chain cut off or made anew."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check every kept byte of a journal, and tell the delays of its alerts; or an audit's chain.

    An audit is a file of lines: what people did at a station, or what was done with a journal.
    """
    import msgspec

    from monitor.adapters.delays import alert_delays
    from monitor.adapters.journal import JournalReader
    from monitor.inspection import inspected

    known = None if head is None else _known_head(head)
    if _is_audit(journal):
        _verify_audit(journal, known, as_json=as_json)
    with JournalReader.open(journal) as reader:
        found = inspected(reader, known)
        delays = None if found.faults else alert_delays(reader)
    if as_json:
        typer.echo(msgspec.json.encode({**msgspec.to_builtins(found), "delays": delays}))
    else:
        for fault in found.faults:
            typer.echo(f"{journal}: {fault}", err=True)
        verdict = "intact" if not found.faults else "NOT intact"
        typer.echo(
            f"{journal}: {verdict}; {found.steps} steps, {found.messages} messages, "
            f"{found.effects} effects, head {found.head}"
        )
        if delays is not None and delays.condition is not None and delays.signal is not None:
            typer.echo(f"{delays.alerts} alerts; condition delay: {delays.condition.words}")
            typer.echo(f"signal delay: {delays.signal.words}")
    raise typer.Exit(FOUND if found.faults else OK)


def _is_audit(path: Path) -> bool:
    """Tell whether a file is lines of JSON, and no database."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        return file.read(1) == b"{"
    return False


def _verify_audit(path: Path, known: tuple[int, str] | None, *, as_json: bool) -> None:
    import msgspec

    from monitor.adapters.deeds import AuditError, audit_faults, audit_head

    lines, head = 0, ""
    try:
        faults = list(audit_faults(path, known))
        lines, head = audit_head(path)
    except AuditError as unreadable:
        faults = [str(unreadable)]
    if as_json:
        typer.echo(msgspec.json.encode({"lines": lines, "head": head, "faults": faults}))
    else:
        for fault in faults:
            typer.echo(f"{path}: {fault}", err=True)
        verdict = "intact" if not faults else "NOT intact"
        typer.echo(f"{path}: {verdict}; {lines} lines, head {head}")
    raise typer.Exit(FOUND if faults else OK)


def _known_head(text: str) -> tuple[int, str]:
    row, _, digest = text.partition(":")
    if not (row.isdecimal() and re.fullmatch(r"[0-9a-fA-F]{8,64}", digest)):
        raise typer.BadParameter(f"--head {text}: must be ROW:HASH, as 1027:0123456789abcdef")
    return int(row), digest


@files.command()
def version(*, as_json: AsJson = False) -> None:
    """Print the version of this program and of what it stands on."""
    import platform
    import sqlite3
    from importlib.metadata import version as version_of

    names = ("numpy", "scipy", "paho-mqtt", "msgspec")
    parts = {
        "infusion-monitor": software(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        **{name: version_of(name) for name in names},
    }
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(parts))
    else:
        typer.echo("\n".join(f"{name} {value}" for name, value in parts.items()))
