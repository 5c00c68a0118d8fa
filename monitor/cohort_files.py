"""Cohorts on disk: simulated wards as recordings, and the truth about each beside it.

``DIR/ward-0001.jsonl.gz`` is what the devices of one ward sent, as any recording;
``DIR/ward-0001.truth.jsonl`` has one :class:`monitor.facts.truth.TrueSession` a line. Wards are
made independently of each other, so an engine may make them in any order and on any core: the
same seed gives the same bytes.
"""

import hashlib
import time
import tomllib
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Final, TextIO

import msgspec

from monitor.adapters.recording import FORMAT, Header, InputFileError, write_recording
from monitor.engines.work import Engine, chunks_of
from monitor.truth_file import truth_lines
from simulators.bedside import all_messages
from simulators.chairs import chair, generator
from simulators.cohorts import DEFAULT_MIX, Cohort, Mix, started_ms, ward_scenario_of
from simulators.disturbances import Habits
from simulators.equipment import equipment_by_bed
from simulators.fault_options import FaultOption, fault_option
from simulators.faults import with_faults
from simulators.overloads import PHENOTYPES
from simulators.recording import steps_of
from simulators.strikes import bed_faults, faults_of_bed, way_faults
from simulators.truths import true_session

STEP_MS: Final = 5000
"""Wards of a cohort are stepped every five seconds, so that many readings share a step."""

IDLE_STEPS: Final = 12
"""While nothing comes for a minute, as in the hours in which people are only visited, a step a
minute is enough."""

TOLD_EVERY_S: Final = 2.0


class WardMade(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one ward."""

    sessions: int
    messages: int
    events: int
    digest: str


def ward_name(number: int) -> str:
    """Return the name of a ward, which its files and its topics have."""
    return f"ward-{number:04d}"


def mix_of(name: str) -> Mix:
    """Return the built-in mix, or the one that a TOML file describes.

    Raises
    ------
    InputFileError
        The file cannot be read or says something that no mix can be.
    """
    if name == "default":
        return DEFAULT_MIX
    path = Path(name)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise InputFileError(path, f"cannot be read as TOML: {fault}") from fault
    reactions = table.pop("reactions", {})
    habits = table.pop("habits", {})
    known = {one.name for one in fields(Mix)} - {"reactions", "habits"}
    for where, names, allowed in (
        ("", table, known),
        ("reactions.", reactions, set(PHENOTYPES)),
        ("habits.", habits, {one.name for one in fields(Habits)}),
    ):
        for key, value in names.items():
            if key not in allowed or not isinstance(value, int | float) or value < 0:
                words = f"needs a number from 0 for one of {', '.join(sorted(allowed))}"
                raise InputFileError(path, words, name=where + key, value=str(value))
    try:
        return Mix(reactions=reactions, habits=Habits(**habits), **table)
    except (TypeError, ValueError) as fault:
        raise InputFileError(path, str(fault)) from fault


def fault_options_of(cohort: Cohort) -> list[FaultOption]:
    """Return the faults of a cohort; the last ward may lack what some of them strike.

    Raises
    ------
    ValueError
        A text cannot be read, or names a bed or cart that no ward has.
    """
    beds = cohort.beds(1)
    equipped = equipment_by_bed(cohort.equipment, beds=beds)
    carts = {one.cart for one in equipped.values()} - {""}
    return [fault_option(text, beds=beds, carts=carts) for text in cohort.faults]


def made_ward(cohort: Cohort, directory: Path, software: str, item: str) -> bytes:
    """Write ward ``item`` of a cohort and return a :class:`WardMade` as JSON."""
    number = int(item)
    name = ward_name(number)
    scenario = ward_scenario_of(cohort, number)
    begins_ms = started_ms(cohort, number)
    chairs = [chair(plan, scenario, unit=name, started_ms=begins_ms) for plan in scenario.beds]
    options = fault_options_of(cohort)
    struck = bed_faults(options, scenario, started_ms=begins_ms)
    way = way_faults(options, generator(scenario.seed, "ward", "faults"))
    messages = list(with_faults(iter(all_messages(chairs, struck)), way))
    recording = directory / f"{name}.jsonl.gz"
    write_recording(
        recording,
        steps_of(
            messages,
            seed=scenario.seed,
            started_ms=begins_ms,
            step_ms=STEP_MS,
            idle_steps=IDLE_STEPS,
        ),
        header=Header(format=FORMAT, unit=name, software=software),
    )
    truths = [
        true_session(here, faults_of_bed(options, bed, here.equipment.cart))
        for bed, here in enumerate(chairs, start=1)
    ]
    lines = truth_lines(truths)
    (directory / f"{name}.truth.jsonl").write_bytes(lines)
    made = WardMade(
        sessions=len(truths),
        messages=len(messages),
        events=sum(len(one.events) for one in truths),
        digest=hashlib.sha256(recording.read_bytes() + lines).hexdigest(),
    )
    return msgspec.json.encode(made)


def write_cohort(
    cohort: Cohort, directory: Path, *, engine: Engine, software: str, err: TextIO
) -> WardMade:
    """Write every ward of a cohort and say how far it is.

    Returns
    -------
    WardMade
        The sums over all wards; the digest is one over the wards in order.

    Raises
    ------
    InputFileError
        The directory cannot be made, or holds recordings of another cohort.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise InputFileError(directory, f"cannot be made: {fault.strerror}") from fault
    _refuse_others(cohort, directory)
    job = partial(made_ward, cohort, directory, software)
    items = [f"{number:04d}" for number in range(1, cohort.wards + 1)]
    began_s = told_s = time.monotonic()
    found: dict[str, WardMade] = {}
    for done in engine.run(job, chunks_of(items)):
        found[done.item] = msgspec.json.decode(done.result, type=WardMade)
        now_s = time.monotonic()
        if now_s - told_s >= TOLD_EVERY_S or len(found) == len(items):
            told_s = now_s
            left_s = (now_s - began_s) / len(found) * (len(items) - len(found))
            err.write(f"{len(found)}/{len(items)} wards, {left_s:.0f} s left\n")
            err.flush()
    wards = [found[item] for item in items]
    return WardMade(
        sessions=sum(one.sessions for one in wards),
        messages=sum(one.messages for one in wards),
        events=sum(one.events for one in wards),
        digest=hashlib.sha256("".join(one.digest for one in wards).encode()).hexdigest(),
    )


def _refuse_others(cohort: Cohort, directory: Path) -> None:
    """Refuse a folder with a recording that would stay beside the cohort and be scored with it."""
    written = {ward_name(number) for number in range(1, cohort.wards + 1)}
    for path in sorted(directory.glob("*.jsonl*")):
        if path.name.partition(".")[0] not in written:
            words = f"holds {path.name} of something else, which would be scored with it"
            raise InputFileError(directory, f"{words}; name another folder")
