"""Stories and wards as a command tells them to a broker: where to, with which truth, until when."""

import contextlib
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from monitor.broker_options import access_of
from monitor.commands import read_settings, software

if TYPE_CHECKING:
    from monitor.settings.settings import Settings
    from monitor.ward_telling import WardTelling

OF_A_BED_STORY: Final = ("bed",)
OF_A_WARD_STORY: Final = ("seed", "truth", "no_truth", "journal")
"""Options that one kind of story takes, and the other does not."""

LIST: Final = "list"
NOT_TAKEN: Final = 1


@dataclass(frozen=True, slots=True)
class StoryOrder:
    """How a story is to be told, as the command line says it.

    ``broker`` and ``unit`` are those of the site where nothing is said, ``bed`` that of the story,
    ``seed`` that of the story too; ``files`` are that of the truth, a usual one unless there shall
    be none, and the journal of a monitor beside.
    """

    config: Path
    broker: str | None
    unit: str | None
    speed: float
    bed: str | None
    seed: int | None
    files: tuple[Path | None, Path | None]
    no_truth: bool


def tell_story(named: str, order: StoryOrder, given: Mapping[str, str]) -> None:
    """Tell a story to a broker, or write the stories there are if it is named ``list``.

    ``given`` are the options that were given, by the name of their parameter; one that a story of
    this kind does not take is refused.
    """
    from monitor.story_library import StoryError, is_ward_story, story_file

    if named == LIST:
        _list()
        return
    try:
        is_of_ward = is_ward_story(story_file(named))
        _refuse_other_kind(named, given, is_of_ward=is_of_ward)
        (_tell_ward if is_of_ward else _tell_bed)(named, order)
    except (StoryError, ValueError) as fault:
        raise typer.BadParameter(str(fault)) from fault


def _refuse_other_kind(named: str, given: Mapping[str, str], *, is_of_ward: bool) -> None:
    """Refuse an option that only a story of the other kind takes."""
    kind, other = ("of a ward", "of a bed") if is_of_ward else ("of a bed", "of a ward")
    for name in OF_A_BED_STORY if is_of_ward else OF_A_WARD_STORY:
        if name in given:
            words = f"{given[name]} is for a story {other}; {named} is one {kind}"
            raise typer.BadParameter(words)


def _list() -> None:
    """Write the stories of the library, a line each: those of beds, then those of wards."""
    from monitor.story_library import ward_lines
    from monitor.story_telling import bed_lines

    for line in (*bed_lines(), *ward_lines()):
        typer.echo(line)


def _tell_ward(named: str, order: StoryOrder) -> None:
    """Tell a ward story to a broker, with the truth about it beside."""
    from monitor.story_library import ward_story
    from monitor.ward_telling import WardTelling

    settings = read_settings(order.config)
    unit = order.unit or settings.site.unit
    found = ward_story(named, seed=order.seed)
    typer.echo(f"{found.title} (ward of {found.size})", err=True)
    if found.faults:
        typer.echo(f"what breaks: {', '.join(found.faults)}", err=True)
    telling = WardTelling(
        scenario=found.scenario,
        access=access_of(settings, order.broker, f"irm-ward-{unit}"),
        unit=unit,
        software=software(),
        speed=order.speed,
        faults=found.faults,
        journal=order.files[1],
    )
    tell_with_truth(
        settings, telling, truth_file(settings, unit, order.files, no_truth=order.no_truth)
    )


def _tell_bed(named: str, order: StoryOrder) -> None:
    """Tell a story of a bed to a broker; Ctrl-C and SIGTERM end it in order."""
    from monitor.story_telling import Stage, remarks, story
    from monitor.story_telling import tell_story as tell

    settings = read_settings(order.config)
    unit = order.unit or settings.site.unit
    stage = Stage(
        access=access_of(settings, order.broker, f"irm-story-{unit}"),
        unit=unit,
        bed=order.bed or "",
        speed=order.speed,
    )
    stop = threading.Event()
    found = story(named)
    for line in remarks(found):
        typer.echo(line, err=True)
    _say_speed(order.speed)
    with _ended_by_sigterm(stop):
        told = tell(found, stage, stop)
    early = "" if told.is_complete else ", ended before the end of the story"
    for line in told.untold:
        typer.echo(line, err=True)
    typer.echo(f"{told.messages} messages told{early}", err=True)


def _say_speed(speed: float) -> None:
    if speed != 1:
        typer.echo(
            f"stamps run {speed:g} times as fast as the time of day: a monitor on another clock "
            "will call them ahead",
            err=True,
        )


def truth_file(
    settings: "Settings", unit: str, files: tuple[Path | None, Path | None], *, no_truth: bool
) -> Path | None:
    """Return where the truth about a ward is to be written, or None for nowhere.

    ``files`` are where it was asked for, and the journal of a monitor beside, next to which it is
    written if nobody says where.
    """
    truth, journal = files
    started = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    usual = settings.site.data_directory / f"{unit}-{started}.truth.jsonl"
    if journal is not None:
        usual = journal.with_name(f"{journal.stem}.truth.jsonl")
    return None if no_truth else truth or usual


def tell_with_truth(settings: "Settings", telling: "WardTelling", truth: Path | None) -> None:
    """Tell a ward to a broker and say what came of it.

    The file of truth holds the plan from the first message on, and what was in the end; Ctrl-C
    and SIGTERM are such an end.
    """
    from monitor.truth_file import TruthFile
    from monitor.ward_telling import remarks, tell_ward

    for line in remarks(telling):
        typer.echo(line, err=True)
    file = None if truth is None else TruthFile(truth)
    stop = threading.Event()
    try:
        with _ended_by_sigterm(stop):
            told = tell_ward(settings, telling, stop, file.write if file else None)
    except ValueError as fault:
        raise typer.BadParameter(str(fault)) from fault
    for line in told.lines(telling):
        typer.echo(line, err=True)
    if truth is not None:
        typer.echo(f"what really happened: {truth}", err=True)
    if told.is_short:
        raise typer.Exit(NOT_TAKEN)


@contextlib.contextmanager
def _ended_by_sigterm(stop: threading.Event) -> Iterator[None]:
    """Let SIGTERM end a story in order, with its truth written and its devices offline."""
    before = signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
