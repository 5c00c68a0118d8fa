"""The words that a page offers: symptoms, products, drugs, reasons, as this site has them."""

from typing import Final, get_args

from detectors.channels import CANONICAL_UNITS, CHANNEL_NAMES
from monitor.care.ladders import Ladder
from monitor.care.reasons import FULL_NAMES
from monitor.facts.records import Consciousness, Disbelief, PumpState, SessionVerb, StepStatus
from monitor.settings.settings import Settings

TOLD_KINDS: Final = frozenset({"call", "drug", "fluids", "stop"})
"""Kinds of steps by which a page chooses buttons and clocks."""

SEVERITIES: Final = ("mild", "moderate", "severe")


def vocabulary(settings: Settings) -> dict[str, object]:
    """Return what people may choose from, each with its key on the wire and its words."""
    ward = settings.ward
    return {
        "symptoms": [
            {"key": row.name, "words": row.name.replace("-", " "), "sign": row.sign}
            for row in ward.symptoms
        ],
        "severities": SEVERITIES,
        "products": [{"key": one.key, "words": one.name} for one in ward.products],
        "drugs": [{"key": row.name, "words": row.name.replace("-", " ")} for row in ward.drugs],
        "disbeliefs": get_args(Disbelief),
        "consciousness": get_args(Consciousness),
        "pump_states": get_args(PumpState),
        "session_events": [verb for part in get_args(SessionVerb) for verb in _words(part)],
        "step_states": get_args(StepStatus),
        "channels": [
            {"ch": name, "u": unit, "words": words}
            for name, unit, words in zip(CHANNEL_NAMES, CANONICAL_UNITS, FULL_NAMES, strict=True)
        ],
        "steps": {ladder.key: _steps(ladder) for ladder in ward.ladders},
        "limits": {
            "audio_pause_s": ward.alerts.audio_pause_max_ms // 1000,
            "snooze_s": ward.alerts.snooze_max_ms // 1000,
            "snooze_grade": ward.alerts.snooze_grade_max,
        },
    }


def _steps(ladder: Ladder) -> dict[str, dict[str, object]]:
    """Return what advice leaves out of a ladder's rungs: kind, adjuncts, and when to repeat."""
    told: dict[str, dict[str, object]] = {}
    for step in ladder.steps:
        said: dict[str, object] = {"kind": step.kind} if step.kind in TOLD_KINDS else {}
        if step.adjunct:
            said["adjunct"] = True
        if step.drug:
            said["drug"] = step.drug
        if step.repeat_ms is not None:
            said["repeat_s"] = step.repeat_ms // 1000
            said["repeat_by_s"] = (step.repeat_by_ms or step.repeat_ms) // 1000
        if said:
            told[step.key] = said
    return told


def _words(part: object) -> tuple[str, ...]:
    """Return the words of a literal, which may be nested."""
    inner = get_args(part)
    return inner or (str(part),)
