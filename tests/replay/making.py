"""How the golden recordings were made: ``python tests/replay/making.py`` writes them again.

The recordings are inputs and stay as they are when a simulator changes; make them again only to
tell a new story. What the ward makes of them is blessed by ``make bless``.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import numpy as np

from monitor.adapters.chart import Chart, Rate
from monitor.adapters.recording import Header, write_recording
from monitor.facts.records import RawMessage, RecordedStep
from monitor.wire.payloads import ChannelName
from simulators.fault_options import fault_option
from simulators.recording import recorded_steps
from simulators.scenario import BedPlan, Scenario
from simulators.strikes import way_faults

RECORDINGS = Path(__file__).parent / "recordings"
UNIT = "inf-a"
STARTED_MS = 1_795_514_400_000
MINUTE_MS = 60_000


def anaphylaxis() -> Iterator[RecordedStep]:
    """One chair with a severe reaction ten minutes after the start."""
    plan = BedPlan(bed="17", reaction="anaphylaxis", onset_s=600)
    scenario = Scenario(name="anaphylaxis", beds=(plan,), seed=1, length_s=2_700, cadence_s=10)
    return recorded_steps(scenario, unit=UNIT, started_ms=STARTED_MS)


def three_chairs() -> Iterator[RecordedStep]:
    """Three chairs and a network that doubles, holds back and reorders messages."""
    beds = (
        BedPlan(bed="3", reaction="febrile", onset_s=600),
        BedPlan(bed="4", reaction="vasovagal", onset_s=900, opens_s=60),
        BedPlan(bed="5", opens_s=120),
    )
    scenario = Scenario(name="three-chairs", beds=beds, seed=2, length_s=2_700, cadence_s=30)
    rng = np.random.default_rng(2)
    options = [fault_option(text, beds=3) for text in ("duplicate=0.02", "reorder=0.02")]
    faults = way_faults(options, rng)
    return recorded_steps(scenario, unit=UNIT, started_ms=STARTED_MS, faults=faults)


def by_hand() -> Iterator[RecordedStep]:
    """One chart with a rigor and a fever, hands that act on it, and messages that are garbage."""
    chart = Chart(unit=UNIT, bed="9", session="S-9")
    chart.open(at(0), subject="PX-9", product="other", weight_kg=70.0, age_years=50)
    for minute in (5, 8, 11, 14, 17):
        vitals: dict[ChannelName, float] = {
            "hr": 72.0 + minute % 3,
            "sbp": 121.0 + minute % 2,
            "dbp": 75.0,
        }
        chart.vitals(at(minute), {**vitals, "temp": 36.7, "spo2": 98.0, "rr": 14.0})
    chart.pump(at(20), Rate(state="infusing", rate_ml_per_h=60, infused_ml=0))
    chart.vitals(at(35), {"hr": 76, "sbp": 124, "dbp": 76, "temp": 36.8, "spo2": 98, "rr": 15})
    chart.symptom(at(48), "rigors", severity="severe")
    chart.vitals(at(50), {"hr": 118, "sbp": 138, "dbp": 82, "temp": 37.9, "spo2": 96, "rr": 22})
    chart.pump(at(51), Rate(state="paused", rate_ml_per_h=0, infused_ml=31))
    chart.vitals(at(60), {"hr": 126, "sbp": 132, "dbp": 80, "temp": 39.1, "spo2": 95, "rr": 24})
    chart.vitals(at(75), {"hr": 104, "sbp": 126, "dbp": 77, "temp": 38.4, "spo2": 97, "rr": 18})
    chart.pump(at(95), Rate(state="stopped", rate_ml_per_h=0, infused_ml=31))
    chart.vitals(at(110), {"hr": 84, "sbp": 122, "dbp": 75, "temp": 37.3, "spo2": 98, "rr": 15})
    chart.turn(at(180), "close")
    extra = dict(garbage())
    for step in chart.steps():
        more = extra.get((step.now_ms - STARTED_MS) // MINUTE_MS, ())
        yield RecordedStep(now_ms=step.now_ms, messages=(*step.messages, *more))


def garbage() -> Iterable[tuple[int, tuple[RawMessage, ...]]]:
    """Yield messages that must be refused, each for its own reason, by their minute."""
    vitals = {"seq": 1, "t": "2026-11-24T10:40:00Z", "values": [{"ch": "etco2", "v": 5, "u": "%"}]}
    yield (
        40,
        (
            raw(40, "irm/v1/inf-a/9/mon/vitals", b"\xff\xfe"),
            raw(40, "irm/v1/inf-a/9/mon/vitals", b"[1,2"),
            raw(40, "irm/v1/inf-a/9/mon/vitals", msgspec.json.encode(vitals)),
            raw(40, "irm/v1/inf-a/_/mon/vitals", b"{}"),
        ),
    )
    yield 41, (raw(41, "elsewhere", b""),)


def raw(minute: int, topic: str, payload: bytes) -> RawMessage:
    """Return a message that came in at a minute of the story."""
    return RawMessage(received_ms=at(minute), topic=topic, payload=payload)


def at(minute: int) -> int:
    """Return the time of a minute of the story."""
    return STARTED_MS + minute * MINUTE_MS


STORIES = {
    "anaphylaxis.jsonl.gz": anaphylaxis,
    "by-hand.jsonl": by_hand,
    "three-chairs.jsonl.gz": three_chairs,
}


def main() -> None:
    """Write every recording."""
    header = Header(format=1, unit=UNIT, software="tests/replay/making.py")
    for name, story in STORIES.items():
        steps = write_recording(RECORDINGS / name, story(), header=header)
        size = (RECORDINGS / name).stat().st_size
        sys.stdout.write(f"{name}: {steps} steps, {size} bytes\n")


if __name__ == "__main__":
    main()
