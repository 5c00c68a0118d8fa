"""The words that a page offers: symptoms, products, drugs, reasons, as this site has them."""

from typing import Final, get_args

from detectors.channels import CANONICAL_UNITS, CHANNEL_NAMES
from monitor.care.reasons import FULL_NAMES
from monitor.facts.records import Consciousness, Disbelief, PumpState, SessionVerb, StepStatus
from monitor.settings.settings import Settings

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
        "limits": {
            "audio_pause_s": ward.alerts.audio_pause_max_ms // 1000,
            "snooze_s": ward.alerts.snooze_max_ms // 1000,
            "snooze_grade": ward.alerts.snooze_grade_max,
        },
    }


def _words(part: object) -> tuple[str, ...]:
    """Return the words of a literal, which may be nested."""
    inner = get_args(part)
    return inner or (str(part),)
