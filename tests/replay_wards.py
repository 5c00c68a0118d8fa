"""A small ward for tests of replay, and recordings for it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from monitor.adapters.recording import Header, write_recording
from monitor.facts.effects import AnyEffect, GradeChanged, MessageRejected
from monitor.facts.records import Input, MessageRefused, RawMessage, RecordedStep, VitalsReported
from monitor.replay import (
    replay,
)

T0 = 1_795_514_400_000


class StandInWard:
    """Says what it was given: a grade for every heart rate, a rejection for every refusal."""

    def __init__(self, unit: str = "inf-a") -> None:
        self.unit = unit
        self.grade = -1

    def take(self, now_ms: int, inputs: Sequence[Input]) -> tuple[AnyEffect, ...]:
        effects: list[AnyEffect] = []
        for record in inputs:
            if isinstance(record, MessageRefused):
                effects.append(rejected(record))
            elif isinstance(record, VitalsReported):
                effects.extend(self._graded(record))
        assert now_ms > 0
        return tuple(effects)

    def _graded(self, record: VitalsReported) -> Iterable[AnyEffect]:
        for value in record.values:
            grade = min(4, value.value_centi // 5_000)
            if grade != self.grade:
                yield GradeChanged(
                    at_ms=record.measured_ms,
                    bed=record.bed,
                    session="",
                    grade=grade,
                    before=self.grade,
                    pattern="",
                    reasons=(),
                )
                self.grade = grade


def rejected(record: MessageRefused) -> MessageRejected:
    return MessageRejected(
        at_ms=record.received_ms,
        bed=record.bed,
        session="",
        device=record.device,
        topic=record.topic,
        reason=record.reason,
        field=record.field,
        value=record.value,
        limit=record.limit,
        sha256=record.sha256,
        excerpt=record.excerpt,
    )


def vitals(at_ms: int, heart_rate: float) -> RawMessage:
    stamp = f"2026-11-24T10:{at_ms // 60_000:02}:{at_ms // 1000 % 60:02}.{at_ms % 1000:03}Z"
    payload = {
        "seq": at_ms,
        "t": stamp,
        "values": [{"ch": "hr", "v": heart_rate, "u": "/min"}],
    }
    return RawMessage(
        received_ms=T0 + at_ms,
        topic="irm/v1/inf-a/17/mon/vitals",
        payload=msgspec.json.encode(payload),
    )


STEPS = (
    RecordedStep(now_ms=T0 + 1_000, messages=(vitals(400, 70), vitals(900, 80))),
    RecordedStep(now_ms=T0 + 2_000, messages=()),
    RecordedStep(now_ms=T0 + 3_000, messages=(vitals(2_500, 120),)),
    RecordedStep(
        now_ms=T0 + 4_000,
        messages=(RawMessage(received_ms=T0 + 3_200, topic="nonsense", payload=b"\xff"),),
    ),
)


def effects_of(steps: Iterable[RecordedStep]) -> list[AnyEffect]:
    return [effect for _, effects in replay(steps, StandInWard()) for effect in effects]


def recorded(tmp_path: Path, steps: Iterable[RecordedStep] = STEPS, name: str = "r.jsonl") -> Path:
    path = tmp_path / name
    write_recording(path, steps, header=Header(format=1, unit="inf-a"))
    return path
