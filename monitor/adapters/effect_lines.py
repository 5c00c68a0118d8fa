"""One log line for every effect of weight: who follows the log follows the ward."""

import logging
from collections.abc import Sequence
from typing import Final

from monitor.adapters.logbook import Field, log
from monitor.facts.effects import (
    ActRecorded,
    AdviceChanged,
    AlertChanged,
    AlertEscalated,
    AnyEffect,
    BaselineChanged,
    DeviceChanged,
    GradeChanged,
    MeasurementWanted,
    MessageRejected,
    SessionChanged,
    SnoozeChanged,
)

REJECTS_PER_STEP: Final = 5
"""A device that sends nothing but garbage must not fill the log as well."""


def log_effects(logger: logging.Logger, effects: Sequence[AnyEffect]) -> None:
    """Write the lines of the effects of one step."""
    rejects = 0
    for effect in effects:
        if isinstance(effect, MessageRejected):
            rejects += 1
            if rejects > REJECTS_PER_STEP:
                continue
        line = line_of(effect)
        if line is not None:
            level, event, fields = line
            log(logger, level, event, **fields)
    if rejects > REJECTS_PER_STEP:
        log(logger, logging.WARNING, "rejects-not-shown", count=rejects - REJECTS_PER_STEP)


def line_of(effect: AnyEffect) -> tuple[int, str, dict[str, Field]] | None:
    """Return level, event and fields of an effect; None for one that is only kept."""
    bed = effect.bed
    match effect:
        case AlertChanged():
            level = logging.WARNING if effect.priority in {"high", "medium"} else logging.INFO
            return (
                level,
                f"alert-{effect.phase}",
                {
                    "bed": bed,
                    "id": effect.id,
                    "rev": effect.revision,
                    "priority": effect.priority,
                    "cause": effect.cause,
                    "pattern": effect.pattern,
                    "grade": effect.grade,
                    "signal": effect.signal,
                    "label": effect.label,
                    "reason": effect.reason,
                },
            )
        case AdviceChanged():
            keys = ",".join(step.key for step in effect.steps)
            return (
                logging.INFO,
                "advice",
                {"bed": bed, "id": effect.id, "ladder": effect.ladder, "steps": keys},
            )
        case GradeChanged():
            return (
                logging.INFO,
                "grade",
                {"bed": bed, "grade": effect.grade, "before": effect.before},
            )
        case SessionChanged():
            level = logging.WARNING if effect.refused else logging.INFO
            return (
                level,
                "session-refused" if effect.refused else "session",
                {
                    "bed": bed,
                    "session": effect.session,
                    "happened": effect.event,
                    "phase": effect.phase,
                    "reason": effect.reason,
                },
            )
    return _call_line_of(effect) or _lesser_line_of(effect)


def _call_line_of(effect: AnyEffect) -> tuple[int, str, dict[str, Field]] | None:
    bed = effect.bed
    match effect:
        case AlertEscalated():
            return (
                logging.WARNING,
                "alert-told-further",
                {
                    "bed": bed,
                    "id": effect.alert,
                    "to": effect.to,
                    "level": effect.level,
                    "reason": effect.reason,
                },
            )
        case SnoozeChanged():
            return (
                logging.INFO,
                "snooze-ended" if effect.end else "snooze",
                {
                    "bed": bed,
                    "sign": effect.sign,
                    "grade": effect.grade,
                    "by": effect.by,
                    "reason": effect.end or effect.reason,
                },
            )
    return None


def _lesser_line_of(effect: AnyEffect) -> tuple[int, str, dict[str, Field]] | None:
    bed = effect.bed
    match effect:
        case BaselineChanged():
            return logging.INFO, "baseline", {"bed": bed, "status": effect.status}
        case MeasurementWanted():
            return (
                logging.INFO,
                "measure-now",
                {"bed": bed, "channel": effect.channel, "reason": effect.reason},
            )
        case DeviceChanged():
            level = logging.WARNING if effect.state == "offline" else logging.INFO
            return (
                level,
                f"device-{effect.state}",
                {"bed": bed, "device": effect.device, "reason": effect.reason},
            )
        case ActRecorded():
            return (
                logging.WARNING if effect.refused else logging.INFO,
                "act-refused" if effect.refused else "act",
                {
                    "bed": bed,
                    "act": effect.act,
                    "by": effect.by,
                    "alert": effect.alert,
                    "step": effect.step,
                    "refused": effect.refused,
                },
            )
        case MessageRejected():
            return (
                logging.WARNING,
                "reject",
                {
                    "topic": effect.topic,
                    "reason": effect.reason,
                    "field": effect.field,
                    "sha256": effect.sha256[:16],
                },
            )
    return None
