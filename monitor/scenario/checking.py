"""Scenario files as a tool: read them, rehearse them, and say what differed."""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol, TextIO, TypeAlias

import msgspec

from monitor.adapters.recording import FORMAT, Header, write_recording
from monitor.facts.effects import (
    NOT_ASSESSABLE,
    ActRecorded,
    AdviceChanged,
    AlertChanged,
    AnyEffect,
    GradeChanged,
    SessionChanged,
)
from monitor.facts.records import RecordedStep
from monitor.replay import WardOf
from monitor.scenario.places import ScenarioError
from monitor.scenario.reading import scenario_of
from monitor.scenario.rehearsal import UNIT, Difference, Rehearsal, rehearsal
from monitor.scenario.shown import fields_of, refused
from monitor.scenario.stories import Scenario
from monitor.scenario.times import clock
from monitor.tables.faults import ConfigError

OK: Final = 0
FOUND: Final = 1
BAD_INPUT: Final = 4

FILE_BYTES_MAX: Final = 1_000_000

SiteOf: TypeAlias = Callable[[Mapping[str, object]], WardOf]
"""What makes the wards of a site in which some settings, by name, hold otherwise."""


def read_scenario(path: Path) -> Scenario:
    """Return the scenario of a file.

    Raises
    ------
    ScenarioError
        With every fault of the file.
    """
    return scenario_of(document(path), str(path))


def document(path: Path) -> dict[str, object]:
    """Return what a file of a story says, of whichever kind the story is.

    Raises
    ------
    ScenarioError
        It cannot be read, is too long, or is no TOML.
    """
    try:
        data = path.read_bytes()
    except OSError as fault:
        raise ScenarioError(str(path), [f"cannot be read: {fault.strerror or fault}"]) from fault
    if len(data) > FILE_BYTES_MAX:
        raise ScenarioError(str(path), [f"has {len(data)} bytes, limit {FILE_BYTES_MAX}"])
    try:
        return tomllib.loads(data.decode())
    except (ValueError, RecursionError) as fault:
        # Also a number with too many digits, and brackets within brackets without end.
        raise ScenarioError(str(path), [f"is no TOML: {fault}"]) from fault


class Rehearsed(Protocol):
    """What came of a story, of whichever kind: of a bed, or of a whole ward."""

    @property
    def title(self) -> str:
        """Return what the story is called."""
        ...

    @property
    def size(self) -> str:
        """Return how much there is in it, in words."""
        ...

    @property
    def rows(self) -> int:
        """Return how many things must come, or must not."""
        ...

    @property
    def settings(self) -> Mapping[str, object]:
        """Return the settings of the site that hold otherwise in it."""
        ...

    @property
    def told(self) -> Sequence[tuple[int, AnyEffect]]:
        """Return everything that was told, with its time since the start [ms]."""
        ...

    @property
    def differences(self) -> Sequence[Difference]:
        """Return what came out otherwise than the file says."""
        ...

    @property
    def steps(self) -> Sequence[RecordedStep]:
        """Return what the ward was given."""
        ...


OtherStories: TypeAlias = Callable[[Path], Rehearsed | None]
"""Rehearses a file that is no story of a bed; None for one that is or seems to be."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one file, as ``--json`` writes it."""

    file: str
    title: str
    rows: int
    told: int
    differences: tuple[dict[str, str], ...]
    settings: dict[str, object] = {}
    faults: tuple[str, ...] = ()


def run(
    paths: Sequence[Path],
    *,
    site_of: SiteOf,
    out: TextIO,
    err: TextIO,
    as_json: bool = False,
    tell: bool = False,
    record: Path | None = None,
    other: OtherStories = lambda _: None,
) -> int:
    """Rehearse files and say what came out; return the exit code of the command.

    A folder stands for the ``.toml`` files in it; what is no story of a bed ``other`` rehearses.
    With ``tell`` everything that was told is written as well, in order of time. With ``record``
    every story is written into that folder as a recording of what the ward was given, under the
    name of its file.
    """
    reports, unread = [], 0
    for path in _files(paths):
        try:
            found = other(path) or rehearsed(path, site_of)
        except ScenarioError as fault:
            unread += 1
            reports.append(
                Report(
                    file=str(path), title="", rows=0, told=0, differences=(), faults=fault.faults
                )
            )
            err.write(f"{fault}\n")
            continue
        if record is not None:
            err.write(f"{recorded(path, found, record)}\n")
        reports.append(_report(path, found))
        if not as_json:
            out.writelines(f"{line}\n" for line in lines(path, found, tell=tell))
    failed = sum(bool(one.differences) for one in reports)
    if as_json:
        out.write(msgspec.json.format(msgspec.json.encode(reports), indent=2).decode() + "\n")
    elif not reports:
        err.write("there is no scenario file\n")
    elif unread < len(reports):
        out.write(f"{len(reports)} scenarios: {len(reports) - failed - unread} as expected")
        out.write(f", {failed} not" if failed else "")
        out.write(f", {unread} not readable\n" if unread else "\n")
    return BAD_INPUT if unread or not reports else FOUND if failed else OK


def rehearsed(path: Path, site_of: SiteOf) -> Rehearsal:
    """Return what came of a file, in the wards of its own settings.

    Raises
    ------
    ScenarioError
        With every fault of the file, also of the settings that it changes.
    """
    scenario = read_scenario(path)
    try:
        ward_of = site_of(scenario.settings)
    except ConfigError as fault:
        raise ScenarioError(str(path), map(str, fault.faults)) from fault
    return rehearsal(scenario, ward_of)


def recorded(path: Path, found: Rehearsed, folder: Path) -> Path:
    """Write what the ward of a rehearsal was given as a recording, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"{path.stem}.jsonl.gz"
    write_recording(place, found.steps, header=Header(format=FORMAT, unit=UNIT))
    return place


def settings_words(settings: Mapping[str, object]) -> str:
    """Return the settings of a scenario in words, or "" where the site's own hold."""
    said = (f"{name} {_value_words(value)}" for name, value in settings.items())
    return ", ".join(said)


def _value_words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        yield from sorted(path.glob("*.toml")) if path.is_dir() else (path,)


def _report(path: Path, found: Rehearsed) -> Report:
    return Report(
        file=str(path),
        title=found.title,
        rows=found.rows,
        told=len(found.told),
        settings=dict(found.settings),
        differences=tuple(
            {
                "row": one.row,
                "when": one.when,
                "bed": one.bed,
                "expected": one.expected,
                "found": one.found,
            }
            for one in found.differences
        ),
    )


def lines(path: Path, found: Rehearsed, *, tell: bool) -> Iterator[str]:
    """Yield the report of one scenario for people."""
    changed = settings_words(found.settings)
    if tell:
        yield from told_lines(found)
    if not found.differences:
        words = f"; with {changed}" if changed else ""
        yield f"{path}: as expected: {found.title} ({found.size}{words})"
        return
    words = f" (with {changed})" if changed else ""
    yield f"{path}: NOT as expected: {found.title}{words}"
    yield from (f"  {one}" for one in found.differences)


def told_lines(found: Rehearsed) -> Iterator[str]:
    """Yield everything that was told in a scenario, in order of time."""
    for at_ms, effect in found.told:
        yield f"  {clock(at_ms):>8} bed {effect.bed:<4} {told_words(effect)}"


def told_words(effect: AnyEffect) -> str:
    """Return one effect in words."""
    words = refused(effect)
    match effect:
        case _ if words:
            pass
        case AlertChanged():
            words = (
                f"alert {effect.cause} {effect.phase}: {effect.condition}, signal {effect.signal}, "
                f"{effect.priority}, grade {effect.grade} {effect.pattern}: {effect.label}"
            )
        case AdviceChanged():
            steps = ", ".join(f"{step.key} ({step.state})" for step in effect.steps)
            words = f"advice {effect.ladder}: {steps or 'none'}"
        case GradeChanged():
            grade = "not assessable" if effect.grade == NOT_ASSESSABLE else f"grade {effect.grade}"
            words = f"{grade} {effect.pattern} {'; '.join(effect.reasons)}".rstrip()
        case SessionChanged():
            words = f"session {effect.event}: {effect.before} to {effect.phase}; {effect.reason}"
        case ActRecorded():
            parts = ("act", effect.act, effect.step, effect.status, "by", effect.by)
            words = " ".join(part for part in parts if part)
        case _:
            fields = fields_of(effect).items()
            told = (f"{name} {value}" for name, value in fields if value not in ("", ()))
            words = f"{effect.__struct_config__.tag}: {', '.join(told)}"
    return words
