"""The command line ``infusion-monitor``.

People and progress are on standard error, ``--json`` is on standard output. Exit codes: 0 ok,
1 found something, 2 usage, 3 broker or store out of reach, 4 bad input file, 130 interrupted.
Everything heavy is imported by the command that needs it, so that ``--help`` answers at once.
"""

import logging
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

from monitor.broker_options import Broker, Unit, access_of, address_of
from monitor.commands import (
    CONFIG_DIRECTORY,
    AsJson,
    Config,
    files,
    piped,
    read_settings,
    software,
    ward_of,
)
from monitor.compare_command import compare
from monitor.operations_command import operations
from monitor.replay_command import replaying
from monitor.report_command import report
from monitor.score_command import score
from monitor.series_command import series
from monitor.simulate_command import simulation
from monitor.station_command import HTTP_PORT, Http, UsersFile, station_commands
from monitor.station_process import station_beside
from monitor.sweep_command import sweeping
from monitor.why_command import why

if TYPE_CHECKING:
    from types import FrameType


OK: Final = 0
INTERRUPTED: Final = 130

app = typer.Typer(
    name="infusion-monitor",
    help="Watches vital signs during an infusion, names the reaction and says what to do next.\n\n"
    "Research, education and simulation; not a medical device.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(files)
app.add_typer(compare)
app.add_typer(operations)
app.add_typer(replaying)
app.add_typer(report)
app.add_typer(score)
app.add_typer(series)
app.add_typer(simulation)
app.add_typer(sweeping)
app.add_typer(station_commands)
app.add_typer(why)


@app.callback()
def _common(
    *,
    debug: Annotated[bool, typer.Option(help="Show the trace of an error, log details.")] = False,
) -> None:
    if debug:
        os.environ["IRM_DEBUG"] = "1"


def _is_debugging() -> bool:
    return os.environ.get("IRM_DEBUG", "") not in {"", "0"}


def _log_level() -> int:
    return logging.DEBUG if _is_debugging() else logging.INFO


@app.command()
def live(
    *,
    config: Config = CONFIG_DIRECTORY,
    broker: Broker = None,
    journal: Annotated[
        Path | None, typer.Option(help="Journal; default: UNIT.journal in the data directory.")
    ] = None,
    fresh: Annotated[
        bool, typer.Option(help="Set an existing journal aside, forgetting open sessions.")
    ] = False,
    log: Annotated[str, typer.Option(help="Log lines as 'text' or 'json'.")] = "text",
    http: Annotated[
        str | None, typer.Option(help="HOST:PORT: serve the nursing station beside the monitor.")
    ] = None,
    users: UsersFile = None,
    standby: Annotated[
        bool,
        typer.Option("--standby", help="Decide beside another monitor; speak when it is gone."),
    ] = False,
) -> None:
    """Watch a unit: broker in, alerts and advice out, everything kept in the journal."""
    from monitor.adapters.clock import SteadyClock
    from monitor.adapters.journal_file import set_aside
    from monitor.adapters.logbook import start_logging
    from monitor.adapters.signals import Signals
    from monitor.adapters.watchman import SelfWatch
    from monitor.live import live_monitor, serve
    from monitor.reconfiguring import SiteFolder

    if log not in {"text", "json"}:
        raise typer.BadParameter(f"--log {log}: must be text or json")
    start_logging("json" if log == "json" else "text", level=_log_level())
    settings = read_settings(config)
    unit = settings.site.unit
    second = "-standby" if standby else ""
    path = journal or settings.site.data_directory / f"{unit}{second}.journal"
    if fresh and (aside := set_aside(path)) is not None:
        typer.echo(f"{path} is now {aside}", err=True)
    ward = ward_of(settings)(unit)
    with (
        Signals() as signals,
        station_beside(config=config, http=http, broker=broker, journal=path, users=users, log=log),
        live_monitor(
            ward,
            unit=unit,
            access=access_of(settings, broker, settings.site.client_id + second),
            journal=path,
            clock=SteadyClock(),
            software=software(),
            config=SiteFolder(config, settings, ward),
            self_watch=SelfWatch(
                params=settings.site.self_check,
                recovery=settings.site.recovery,
                ward=partial(ward_of(settings), unit),
                realert_ms=settings.ward.alerts.realert_medium_ms,
                is_standby=standby,
            ),
        ) as monitor,
    ):
        code = INTERRUPTED if serve(monitor, signals) else OK
    raise typer.Exit(code)


@app.command()
def demo(
    *,
    config: Config = CONFIG_DIRECTORY,
    scenario: Annotated[
        str, typer.Option(help="A ward story of the scenario library, or of a file; or 'list'.")
    ] = "twelve-chairs",
    speed: Annotated[
        float | None, typer.Option(min=1, help="How much faster than time; default: the story's.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="The same seed tells the same; default: the story's.")
    ] = None,
    http: Http = f"127.0.0.1:{HTTP_PORT}",
    keep: Annotated[
        Path | None, typer.Option(help="Folder for the journal and the truth about the ward.")
    ] = None,
) -> None:
    """Show a simulated ward react: broker, chairs and monitor on this machine, no setup."""
    from monitor.demo import JOURNAL, run
    from monitor.story_library import StoryError, ward_lines, ward_story

    if scenario == "list":
        typer.echo("\n".join(ward_lines()))
        return
    if keep is not None and (keep / JOURNAL).exists():
        raise typer.BadParameter(f"--keep {keep}: holds a {JOURNAL} already; name another folder")

    try:
        story = ward_story(scenario, seed=seed)
    except StoryError as fault:
        raise typer.BadParameter(f"--scenario {fault}") from fault
    host, port = address_of(http, HTTP_PORT, "--http")
    raise typer.Exit(
        run(
            settings=read_settings(config),
            config=config,
            story=story,
            speed=speed,
            http=(host, port),
            keep=keep,
        )
    )


@app.command()
def watch(
    *,
    config: Config = CONFIG_DIRECTORY,
    broker: Broker = None,
    unit: Unit = None,
    once: Annotated[bool, typer.Option(help="Print what stands now and end.")] = False,
) -> None:
    """Show the beds of a unit as tiles, worst first; as plain lines where there is no terminal."""
    from rich.console import Console

    from monitor.adapters.feed import Feed
    from monitor.adapters.viewing import watch as show

    settings = read_settings(config)
    name = unit or settings.site.unit
    feed = Feed(access_of(settings, broker, ""), unit=name, kinds=("state",))
    feed.connect()
    try:
        show(feed, name, Console(), once=once)
    finally:
        feed.close()


@app.command()
def tail(
    *,
    config: Config = CONFIG_DIRECTORY,
    broker: Broker = None,
    unit: Unit = None,
    as_json: AsJson = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for more.")] = False,
    dialect: Annotated[
        str | None, typer.Option(help="Only alerts, in the words of ihe-acm, sdc or fhir-r6.")
    ] = None,
) -> None:
    """Write the open alerts and the advice of a unit as lines."""
    from monitor.adapters.feed import Feed
    from monitor.adapters.viewing import tail as write
    from monitor.wire.dialects import DIALECTS

    if dialect is not None and dialect not in DIALECTS:
        raise typer.BadParameter(f"--dialect {dialect}: not one of {', '.join(DIALECTS)}")

    settings = read_settings(config)
    name = unit or settings.site.unit
    feed = Feed(access_of(settings, broker, ""), unit=name, kinds=("alert/+", "advice"))
    feed.connect()
    try:
        with piped():
            write(feed, sys.stdout, as_json=as_json, follow=follow, dialect=dialect)
    finally:
        feed.close()


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    interrupts: list[int] = []

    def interrupt(number: int, _frame: "FrameType | None") -> NoReturn:
        interrupts.append(number)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        app(arguments, prog_name="infusion-monitor")
    except SystemExit as ended:
        # typer ends an interrupted command with 1, which here means that something was found.
        if interrupts and ended.code == 1:
            return INTERRUPTED
        return ended.code if isinstance(ended.code, int) else OK
    except Exception as fault:  # noqa: BLE001 - an error becomes an exit code or is raised again
        return _told(fault)
    finally:
        signal.signal(signal.SIGINT, before)
    return OK


def _told(fault: Exception) -> int:
    """Say what went wrong and return the exit code; raise what only a programmer can mend."""
    from monitor.adapters.exits import BAD_INPUT, exit_code
    from monitor.scenario.places import ScenarioError

    code = BAD_INPUT if isinstance(fault, ScenarioError) else exit_code(fault)
    if code is None or _is_debugging():
        raise fault
    typer.echo(f"infusion-monitor: {fault}", err=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
