"""How fast recorded wards are replayed: decoding, the ward, both, and plain Python beside it.

The recordings are simulated and held in memory, so no file and no simulator is in the figures.
The plain peer is given what detection was given during the replay, already decoded, and must
end with the same grades.
"""

import sys
from collections.abc import Sequence
from typing import Final

import msgspec

from benchmarks.agreement import check
from benchmarks.measuring import ROOT, Cell, Table, Taken, cell
from benchmarks.witness import Witness, repeated
from monitor.facts.records import Input, RecordedStep
from monitor.settings.settings import load_settings
from monitor.story_library import ward_story
from monitor.ward.ward import Ward
from monitor.ward.ward_settings import WardSettings
from monitor.wire.messages import decode
from simulators.recording import recorded_steps
from simulators.scenario import Scenario, reaction_option, ward_scenario

UNIT: Final = "inf-a"
ROUNDS: Final = 3
WARD_BEDS: Final = 100
WARD_S: Final = 900
REACTIONS: Final = ("anaphylaxis@3:+1m", "febrile@40:+1m", "hypotensive@77:+2m")

DecodedStep = tuple[int, list[Input]]


def large_ward() -> Scenario:
    """Return a ward of many chairs, three of them with a reaction."""
    reactions = [reaction_option(text, beds=WARD_BEDS) for text in REACTIONS]
    return ward_scenario(beds=WARD_BEDS, reactions=reactions, length_s=WARD_S)


def decoded(steps: Sequence[RecordedStep]) -> list[DecodedStep]:
    """Return the records of every step."""
    return [
        (step.now_ms, [decode(raw, position=place) for place, raw in enumerate(step.messages)])
        for step in steps
    ]


def taken_by_ward(settings: WardSettings, steps: Sequence[DecodedStep]) -> int:
    """Let a fresh ward take every step and return how much it told."""
    ward = Ward(settings, unit=UNIT)
    return sum(len(ward.take(now_ms, inputs)) for now_ms, inputs in steps)


def replayed(settings: WardSettings, steps: Sequence[RecordedStep]) -> int:
    """Decode and take every step, one after the other, as a replay does."""
    ward = Ward(settings, unit=UNIT)
    told = 0
    for step in steps:
        inputs = [decode(raw, position=place) for place, raw in enumerate(step.messages)]
        told += len(ward.take(step.now_ms, inputs))
    return told


def replay_table(scenarios: Sequence[Scenario] = (), *, rounds: int = ROUNDS) -> Table:
    """Return how fast scenarios are replayed."""
    settings = load_settings(ROOT / "config").ward
    rows: list[tuple[str, tuple[Cell | None, ...]]] = []
    for scenario in scenarios or (ward_story().scenario, large_ward()):
        rows += _rows(settings, scenario, rounds)
    return Table(
        title="Replay of recorded wards (a step each second)",
        columns=("CPU", "wall", "a message", "patient-h/s"),
        rows=tuple(rows),
        notes=(
            "patient-h/s: hours of all beds together for each second of processor time.",
            "detection in plain Python: what detection was asked to do, without the ward.",
        ),
    )


def _rows(
    settings: WardSettings, scenario: Scenario, rounds: int
) -> list[tuple[str, tuple[Cell | None, ...]]]:
    steps = tuple(recorded_steps(scenario, unit=UNIT))
    inputs = decoded(steps)
    messages = sum(len(step.messages) for step in steps)
    hours = len(scenario.beds) * (steps[-1].now_ms - steps[0].now_ms) / 3_600_000
    ward = Ward(settings, unit=UNIT)
    witness = Witness.within(ward)
    for now_ms, some in inputs:
        ward.take(now_ms, some)
    n_beds = len(ward.state.roster.beds)
    for is_quick in (False, True):
        check(witness, repeated(settings, witness.deeds, n_beds=n_beds, is_quick=is_quick))

    names = ("decoding and ward", "decoding", "ward", "detection in plain Python", "... quick")
    taken = {name: Taken() for name in names}
    for _ in range(rounds):
        taken["decoding and ward"].call(replayed, settings, steps)
        taken["decoding"].call(decoded, steps)
        taken["ward"].call(taken_by_ward, settings, inputs)
        for name, is_quick in (("detection in plain Python", False), ("... quick", True)):
            taken[name].call(repeated, settings, witness.deeds, n_beds=n_beds, is_quick=is_quick)
    size = f"{len(scenario.beds)} beds, {hours:.0f} patient-hours, {messages:,} messages: "
    return [
        (
            (size if name == names[0] else "  ") + name,
            (
                cell(one.cpu_ms, "ms"),
                cell(one.wall_ms, "ms"),
                cell(one.cpu_ms * 1000 / messages, "µs"),
                cell(hours / one.cpu_ms * 1000, ""),
            ),
        )
        for name, one in taken.items()
    ]


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode([replay_table()]))
