"""The command ``simulate``: a ward or a story on a broker, or a cohort in files."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from monitor.broker_options import Broker, Unit, access_of
from monitor.commands import CONFIG_DIRECTORY, AsJson, Config, read_settings, software
from monitor.story_command import (
    OF_A_BED_STORY,
    OF_A_WARD_STORY,
    StoryOrder,
    tell_story,
    tell_with_truth,
    truth_file,
)

if TYPE_CHECKING:
    from monitor.facts.truth import NurseKind
    from monitor.settings.settings import Settings

NURSES: Final = ("follows", "delays", "ignores")
MINUTES: Final = 240.0
LIVE_CADENCE_S: Final = 5
COHORT_CADENCE_S: Final = 30

Equipment = Annotated[
    list[str] | None,
    typer.Option(help="cart@1-4, patch@all or titrating@2,5: KIND@BEDS, may be repeated."),
]
Faults = Annotated[
    list[str] | None,
    typer.Option(
        help="drop=0.02 (or duplicate, reorder, delay), or NAME@BEDS:+20m/10m with silence, "
        "clock-skew, clock-step, freeze, artefact, unit-swap, mean-as-systolic, device-swap, "
        "probe-off, battery, storm; may be repeated; silence and clocks also "
        "of a cart, as clock-step@cart-01:+20m; clocks and delays of a size, as clock-skew@3=+90s, "
        "clock-step@3:+20m=-10m, delay=0.1/120s; 'list' says what each is."
    ),
]

Cadence = Annotated[
    int | None,
    typer.Option(help="Seconds between two vitals messages; default 5, for a cohort 30."),
]
Reactions = Annotated[
    list[str] | None, typer.Option(help="REACTION@BED:+20m, any phenotype; may be repeated.")
]
Truth = Annotated[
    Path | None,
    typer.Option(
        help="Where to write what really happens at the beds of a ward on a broker; "
        "default: UNIT-START.truth.jsonl in the data directory."
    ),
]
Kept = Annotated[
    Path | None,
    typer.Option(help="A monitor beside the ward, on its clock, keeps this journal."),
]
Folder = Annotated[
    Path | None, typer.Option(help="Write a cohort into this folder; no broker is needed.")
]
Nurse = Annotated[str, typer.Option(help="A cohort's nurses: follows, delays or ignores.")]
CohortMix = Annotated[str, typer.Option(help="Of what a cohort is made: 'default' or a TOML file.")]
Processes = Annotated[
    int | None, typer.Option(min=1, help="Processes for a cohort; default: one a core.")
]

Scenario = Annotated[
    str | None,
    typer.Option(
        help="Tell a story of the scenario library, of a bed or a ward, or of a file, instead; "
        "or 'list'."
    ),
]
Bed = Annotated[
    str | None, typer.Option(help="With a story of a bed: at this one, not at its own.")
]

OF_A_BROKER: Final = (
    *("broker", "unit", "beds", "speed", "minutes", "reaction", "no_truth", "journal"),
)
OF_A_COHORT: Final = ("sessions", "beds_per_file", "hours", "mix", "nurse", "jobs", "as_json")
"""Options that mean nothing to the other half of the command."""

OF_A_STORY: Final = ("config", "broker", "unit", "speed", "scenario")
"""All that every story takes: it says itself what happens, when, and for how long."""

simulation = typer.Typer()


@simulation.command()
def simulate(
    context: typer.Context,
    *,
    config: Config = CONFIG_DIRECTORY,
    broker: Broker = None,
    unit: Unit = None,
    beds: Annotated[int, typer.Option(min=1, help="Beds of a ward on a broker.")] = 12,
    speed: Annotated[float, typer.Option(help="Above 1 the monitor's clock must run so too.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="The same seed tells the same story.")] = 1,
    minutes: Annotated[float, typer.Option(help="Length of the story on a broker.")] = MINUTES,
    cadence: Cadence = None,
    reaction: Reactions = None,
    equipment: Equipment = None,
    faults: Faults = None,
    truth: Truth = None,
    no_truth: Annotated[bool, typer.Option("--no-truth", help="Write no such file.")] = False,
    journal: Kept = None,
    scenario: Scenario = None,
    bed: Bed = None,
    to: Folder = None,
    sessions: Annotated[int, typer.Option(help="Sessions of a cohort.")] = 1000,
    beds_per_file: Annotated[int, typer.Option(help="Beds of a cohort's ward, one a file.")] = 100,
    hours: Annotated[float, typer.Option(help="Length of a cohort's sessions.")] = 4,
    mix: CohortMix = "default",
    nurse: Nurse = "follows",
    jobs: Processes = None,
    as_json: AsJson = False,
) -> None:
    """Publish simulated beds or a story to a broker, or write a cohort with its truth to files."""
    given = _given(context)
    _refuse_foreign(given, is_cohort=to is not None)
    _refuse_truth(truth, no_truth=no_truth, is_cohort=to is not None)
    if scenario is not None:
        people = seed if "seed" in given else None
        order = StoryOrder(config, broker, unit, speed, bed, people, (truth, journal), no_truth)
        tell_story(scenario, order, given)
    elif faults == ["list"]:
        _tell_faults()
    elif to is not None:
        _cohort(
            to,
            size=(sessions, beds_per_file, hours, cadence or COHORT_CADENCE_S, seed),
            strange=(tuple(equipment or ()), tuple(faults or ())),
            mix=mix,
            nurse=nurse,
            jobs=jobs or os.cpu_count() or 1,
            as_json=as_json,
        )
    else:
        _publish(
            read_settings(config),
            place=(broker, unit),
            beds=beds,
            speed=speed,
            seed=seed,
            minutes=minutes,
            cadence_s=cadence or LIVE_CADENCE_S,
            texts=(tuple(reaction or ()), tuple(faults or ()), tuple(equipment or ())),
            files=(truth, journal),
            no_truth=no_truth,
        )


def _given(context: typer.Context) -> dict[str, str]:
    """Return the options that were given, by the name of their parameter."""
    return {
        name: f"--{name.replace('_', '-').removeprefix('as-')}"
        for name in context.params
        if (source := context.get_parameter_source(name)) and source.name == "COMMANDLINE"
    }


def _refuse_foreign(given: dict[str, str], *, is_cohort: bool) -> None:
    """Refuse an option that was given and that nothing would come of."""
    known = {*OF_A_STORY, *OF_A_BED_STORY, *OF_A_WARD_STORY}
    if "scenario" in given and (others := given.keys() - known):
        raise typer.BadParameter(f"{given[min(others)]} is not together with --scenario")
    if "bed" in given and "scenario" not in given:
        raise typer.BadParameter("--bed is of a story, with --scenario")
    for name in OF_A_BROKER if is_cohort else OF_A_COHORT:
        if option := given.get(name):
            whose = "a ward on a broker, and not together with" if is_cohort else "a cohort, with"
            raise typer.BadParameter(f"{option} is of {whose} --to")


def _refuse_truth(truth: Path | None, *, no_truth: bool, is_cohort: bool) -> None:
    if truth is not None and (no_truth or is_cohort):
        other = "--no-truth" if no_truth else "--to, which writes a truth beside every ward"
        raise typer.BadParameter(f"--truth {truth}: not together with {other}")


def _tell_faults() -> None:
    from simulators.fault_options import fault_lines

    for line in fault_lines():
        typer.echo(line)


def _publish(
    settings: "Settings",
    *,
    place: tuple[str | None, str | None],
    beds: int,
    speed: float,
    seed: int,
    minutes: float,
    cadence_s: int,
    texts: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]],
    files: tuple[Path | None, Path | None],
    no_truth: bool,
) -> None:
    """Tell a ward to a broker; ``texts`` are reactions, faults and equipment as they were given.

    ``place`` are broker and unit, those of the site where there is none; ``files`` are that of the
    truth, and the journal of a monitor beside.
    """
    from monitor.ward_telling import WardTelling
    from simulators.publishing import SimulateOptions, scenario_of

    broker, unit = place[0], place[1] or settings.site.unit
    reactions, faults, equipment = texts
    options = SimulateOptions(
        beds=beds,
        speed=speed,
        seed=seed,
        reactions=reactions,
        equipment=equipment,
        minutes=minutes,
        cadence_s=cadence_s,
    )
    try:
        scenario = scenario_of(options)
    except ValueError as fault:
        raise typer.BadParameter(str(fault)) from fault
    telling = WardTelling(
        scenario=scenario,
        access=access_of(settings, broker, f"irm-ward-{unit}"),
        unit=unit,
        software=software(),
        speed=speed,
        faults=faults,
        journal=files[1],
    )
    tell_with_truth(settings, telling, truth_file(settings, unit, files, no_truth=no_truth))


def _cohort(
    to: Path,
    *,
    size: tuple[int, int, float, int, int],
    strange: tuple[tuple[str, ...], tuple[str, ...]],
    mix: str,
    nurse: str,
    jobs: int,
    as_json: bool,
) -> None:
    """Write a cohort; ``strange`` are its equipment and its faults as they were given."""
    import msgspec

    from monitor.cohort_files import fault_options_of, mix_of, write_cohort
    from monitor.engines.local import ProcessEngine, SerialEngine
    from simulators.cohorts import Cohort

    kinds: dict[str, NurseKind] = {"follows": "follows", "delays": "delays", "ignores": "ignores"}
    sessions, beds_per_file, hours, cadence_s, seed = size
    if nurse not in kinds:
        raise typer.BadParameter(f"--nurse {nurse}: one of {', '.join(NURSES)}")
    try:
        cohort = Cohort(
            sessions=sessions,
            beds_per_file=beds_per_file,
            hours=hours,
            cadence_s=cadence_s,
            seed=seed,
            mix=mix_of(mix),
            nurse=kinds[nurse],
            equipment=strange[0],
            faults=strange[1],
        )
        fault_options_of(cohort)
    except ValueError as fault:
        raise typer.BadParameter(str(fault)) from fault
    engine = ProcessEngine(jobs) if jobs > 1 and cohort.wards > 1 else SerialEngine()
    made = write_cohort(cohort, to, engine=engine, software=software(), err=sys.stderr)
    if as_json:
        typer.echo(msgspec.json.encode(made).decode())
        return
    words = f"{made.sessions} sessions, {made.messages} messages, {made.events} reactions in {to}"
    typer.echo(f"{words}\ndigest {made.digest}", err=True)
