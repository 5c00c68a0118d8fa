"""Random streams of records for a ward, and ways to cut them into steps.

A stream begins with two open sessions and their baselines, so that what follows can matter.
An act of a stream may name the alert ``?``: whatever was told last at its bed when it comes.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final

import msgspec
from hypothesis import strategies as st
from ward_builders import (
    UNIT,
    act,
    birth,
    ms,
    numbered,
    pump,
    refused,
    session,
    status,
    symptom,
    vitals,
    well,
)

from detectors.channels import CHANNEL_NAMES, Flag
from monitor.facts.effects import AlertChanged, AnyEffect
from monitor.facts.records import ActTaken, ActVerb, Input, SessionVerb, VitalsReported
from monitor.ward.ward import Ward
from monitor.ward.ward_settings import WardSettings

BEDS: Final = ("1", "2")
BEGIN_S: Final = 300
"""When the random part of a stream begins."""

LEVELS: Final[dict[str, tuple[float, ...]]] = {
    "hr": (80, 80, 105, 118, 140, 48, 38, 0),
    "sbp": (120, 120, 96, 88, 84, 78, 69, 55, 165, 185, 310),
    "dbp": (80, 55, 45, 112),
    "temp": (36.8, 38.1, 38.9, 39.4, 29),
    "spo2": (98, 93, 89, 84, 104),
    "rr": (16, 22, 26, 31, 7),
}
"""From well to impossible."""

Steps = list[tuple[Input, ...]]


class Stream(tuple[Input, ...]):
    """Records in order of arrival, shown without the beginning that all streams share."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return one line a record: when it came, and what differs from record to record."""
        return "\n".join(_brief(one) for one in self if one.received_ms >= ms(BEGIN_S))


def _brief(record: Input) -> str:
    told = {name: getattr(record, name) for name in TOLD if hasattr(record, name)}
    if isinstance(record, VitalsReported):
        told["late_s"] = (record.received_ms - record.measured_ms) / 1000
        for value in record.values:
            told[CHANNEL_NAMES[value.channel]] = value.value_centi / 100
            told["flags"] = value.flags
        told["absent"] = [absence.channel for absence in record.absences]
    return f"{(record.received_ms - ms(0)) / 1000:g} s {type(record).__name__} {told}"


TOLD: Final = (
    "bed", "device", "sequence", "state", "rate_centi_ml_per_h", "symptom", "present", "event",
    "act", "alert", "revision", "step", "status", "online",
)  # fmt: skip
"""Fields that differ from record to record."""

ANY: Final = msgspec.json.Decoder(AnyEffect)


def beginning(bed: str, kg: float | None = 70) -> tuple[Input, ...]:
    """Return an opened session with a baseline and a running pump."""
    readings = [well(at_s, bed=bed, temp=36.8) for at_s in range(60, 241, 60)]
    return (session(0, bed=bed, kg=kg), *readings, pump(250, "infusing", 168, bed=bed))


@st.composite
def values(draw: st.DrawFn) -> dict[str, Any]:
    """Draw some vitals; a pressure comes as a whole."""
    names = draw(st.sets(st.sampled_from(("hr", "sbp", "temp", "spo2", "rr")), min_size=1))
    if "sbp" in names:
        names.add("dbp")
    return {name: draw(st.sampled_from(LEVELS[name])) for name in LEVELS if name in names}


@st.composite
def reports(draw: st.DrawFn, at_s: float, bed: str, *, strangers: bool) -> Input:
    """Draw a report: mostly as it should be, sometimes late, early, doubted or misplaced."""
    device = f"mon-{draw(st.sampled_from(BEDS))}" if strangers else f"mon-{bed}"
    if draw(st.integers(0, 3)):
        device = f"mon-{bed}"
    off_s = draw(st.sampled_from((0, 0, 0, 0, -10, -130, 40)))
    flags = (Flag.NONE, Flag.NONE, Flag.NONE, Flag.HAND, Flag.BACKFILL, Flag.QUESTIONABLE)
    absent = draw(st.sampled_from(((), (), (), ("map",))))
    return vitals(
        at_s + off_s,
        bed=bed,
        device=device,
        received_s=at_s,
        sequence=draw(st.sampled_from((-1, -1, 7))),
        flags=draw(st.sampled_from(flags)),
        absent=absent,
        **draw(values()),
    )


@st.composite
def acts(draw: st.DrawFn, at_s: float, bed: str) -> Input:
    """Draw what a person does about an alert."""
    if draw(st.booleans()):
        verb: ActVerb = draw(st.sampled_from(("ack", "ack", "reset")))
        return act(at_s, verb, bed=bed, alert="?", revision=draw(st.sampled_from((None, 1, 9))))
    key = draw(st.sampled_from(("stop", "pause", "flat", "epinephrine", "slow", "recheck")))
    return act(at_s, "step", bed=bed, step=key, status=draw(st.sampled_from(("done", "declined"))))


@st.composite
def records(draw: st.DrawFn, at_s: float, bed: str, *, strangers: bool = True) -> Input:
    """Draw one record of any kind."""
    kind = draw(st.integers(0, 19))
    if kind < 11:
        return draw(reports(at_s, bed, strangers=strangers))
    if kind < 13:
        states = ("infusing", "infusing", "paused", "stopped", "complete")
        rate = draw(st.sampled_from((42, 84, 168, 0)))
        owner = draw(st.sampled_from(BEDS)) if strangers else bed
        return pump(at_s, draw(st.sampled_from(states)), rate, bed=bed, device=f"pump-{owner}")
    if kind < 15:
        name = draw(st.sampled_from(("hives", "wheeze", "dizziness", "rigors", "itch", "gloom")))
        return symptom(at_s, name, bed=bed, present=draw(st.booleans()))
    if kind < 18:
        return draw(acts(at_s, bed))
    if kind < 19:
        verb: SessionVerb = draw(st.sampled_from(("close", "open", "start", "stop")))
        return session(at_s, verb, bed=bed)
    rare: tuple[Input, ...] = (
        refused(at_s, bed=bed),
        status(at_s, online=False, bed=bed, device=f"mon-{bed}"),
        status(at_s, online=True, bed=bed, device=f"mon-{bed}"),
        birth(at_s, "hr", "rr", bed=bed, device=f"mon-{bed}"),
    )
    return draw(st.sampled_from(rare))


@st.composite
def streams(
    draw: st.DrawFn, *, beds: Sequence[str] = BEDS, strangers: bool = True, size: int = 30
) -> Stream:
    """Draw a stream in order of arrival."""
    found: list[Input] = [one for bed in beds for one in beginning(bed)]
    found.sort(key=lambda one: one.received_ms)
    at_s = float(BEGIN_S)
    for _ in range(draw(st.integers(1, size))):
        at_s += draw(st.sampled_from((0, 1, 5, 15, 30, 61)))
        found.append(draw(records(at_s, draw(st.sampled_from(beds)), strangers=strangers)))
    return Stream(found)


def resolved(settings: WardSettings, stream: Stream) -> Stream:
    """Return the stream with every ``?`` replaced by the alert that it meets, one step each."""
    ward, last, found = Ward(settings, unit=UNIT), dict[str, str](), list[Input]()
    for one in stream:
        exact = one
        if isinstance(one, ActTaken) and one.alert == "?":
            exact = replace(one, alert=last.get(one.bed, "al-0"))
        found.append(exact)
        for effect in ward.take(one.received_ms, numbered((exact,))):
            if isinstance(effect, AlertChanged):
                last[effect.bed] = effect.id
    return Stream(found)


def cut(stream: Sequence[Input], ends: Iterable[int]) -> Steps:
    """Return the stream in steps that end after the given numbers of records."""
    marks = sorted({0, len(stream), *(end % len(stream) for end in ends)})
    return [tuple(stream[a:b]) for a, b in pairwise(marks)]


def told(ward: Ward, steps: Iterable[tuple[Input, ...]]) -> list[AnyEffect]:
    """Return what a ward tells; a step is made when its last record came."""
    return [
        effect
        for step in steps
        for effect in ward.take(max(one.received_ms for one in step), numbered(step))
    ]


def one_each(records: Iterable[Input]) -> Steps:
    """Return records in steps of one."""
    return [(one,) for one in records]


def lines(effects: Iterable[AnyEffect]) -> list[str]:
    """Return effects as they stand in a ledger."""
    return [msgspec.json.encode(effect).decode() for effect in effects]


ID: Final = re.compile(r"(al|ad)-[0-9a-f]{16}")
STAMP: Final = re.compile(r"\b1\d{12}\b")


def undated(effects: Iterable[AnyEffect], shift_ms: int) -> list[str]:
    """Return effects as if they had happened earlier, with ids by order of appearance."""
    names: dict[str, str] = {}

    def name(found: re.Match[str]) -> str:
        return names.setdefault(found.group(), f"id-{len(names)}")

    def stamp(found: re.Match[str]) -> str:
        return str(int(found.group()) - shift_ms)

    return [STAMP.sub(stamp, ID.sub(name, line)) for line in lines(effects)]


def shifted(stream: Stream, shift_ms: int) -> Stream:
    """Return the stream as it would have been at another time."""
    return Stream(_shifted(one, shift_ms) for one in stream)


def _shifted(record: Any, shift_ms: int) -> Any:  # noqa: ANN401 - records and their parts
    changed: dict[str, Any] = {
        name: getattr(record, name) + shift_ms
        for name in ("received_ms", "measured_ms", "onset_ms")
        if hasattr(record, name)
    }
    for name in ("values", "absences"):
        if hasattr(record, name):
            changed[name] = tuple(_shifted(one, shift_ms) for one in getattr(record, name))
    return replace(record, **changed)
