"""Pictures of a stay: the person, what was given and charted, what has flowed, the devices."""

from collections.abc import Mapping, Sequence
from typing import Final

from detectors.channels import NEVER
from monitor.care.snoozes import Snooze
from monitor.facts.records import SessionReported
from monitor.facts.views import (
    DevicePresence,
    DeviceView,
    PersonView,
    SnoozeView,
    SymptomView,
    VolumeView,
)
from monitor.ward.bedside import Bedside
from monitor.ward.ward_state import WardState

MONTHS: Final = 12


def person_view(bed: Bedside) -> PersonView:
    """Return what the opening of the session of a bed said of the person and the dose."""
    opened = bed.opened
    if opened is None:
        return PersonView()
    concentration = opened.concentration_centi_mg_per_ml
    return PersonView(
        age=age_words(opened),
        weight_centi_kg=opened.weight_centi_kg,
        first_dose=opened.first_dose,
        dose_number=opened.dose_number,
        doses_planned=opened.doses_planned,
        dose_centi_g=opened.dose_centi_g,
        concentration_centi_mg_per_ml=concentration,
    )


def age_words(opened: SessionReported) -> str:
    """Return the age as it was told: a band where that was, months below two years."""
    if opened.age_band:
        return opened.age_band
    if opened.age_months is not None and opened.age_months < 2 * MONTHS:
        return f"{opened.age_months} months"
    return "" if opened.age_years is None else f"{opened.age_years} years"


def symptom_views(bed: Bedside) -> tuple[SymptomView, ...]:
    """Return what is charted as present at a bed, the oldest first."""
    return tuple(
        SymptomView(symptom=one.name, severity=one.severity, since_ms=one.onset_ms)
        for one in sorted(bed.symptoms.values(), key=lambda one: (one.onset_ms, one.name))
    )


def snooze_views(snoozes: Sequence[Snooze]) -> tuple[SnoozeView, ...]:
    """Return the snoozes of a bed, the first to end first."""
    return tuple(
        SnoozeView(
            sign=one.sign,
            grade=one.grade,
            until_ms=one.until_ms,
            by=one.by,
            reason=one.reason,
        )
        for one in sorted(snoozes, key=lambda one: (one.until_ms, one.sign))
    )


def volume_view(bed: Bedside) -> VolumeView | None:
    """Return what has been infused and is left: as the pump says, otherwise by its rates."""
    flow = bed.stay.flow
    if flow.pump_ms is not None:
        return VolumeView(
            at_ms=flow.pump_ms,
            by="pump",
            infused_centi_ml=flow.pump_infused_centi,
            left_centi_ml=flow.pump_left_centi,
        )
    if flow.at_ms is None or bed.started_ms is None:
        return None
    return VolumeView(at_ms=flow.at_ms, by="rate", infused_centi_ml=flow.infused_centi_ml)


def device_views(state: WardState) -> Mapping[int, tuple[DeviceView, ...]]:
    """Return the devices of every bed by its row, in order of their names.

    Those that a session or a person has given to the bed, and those that belong to no bed and of
    which the newest value of a channel is believed here.
    """
    names = list(state.roster.devices)
    at_bed: dict[int, set[int]] = {}
    for device, row in enumerate(state.device_bed[: len(names)].tolist()):
        if row != -1:
            at_bed.setdefault(row, set()).add(device)
    for bed, row in enumerate(state.channel_device[: len(state.beds)].tolist()):
        for device in {one for one in row if one != -1 and state.device_bed[one] == -1}:
            at_bed.setdefault(bed, set()).add(device)
    return {
        row: tuple(
            _device_view(state, state.beds[row], name, number)
            for name, number in sorted((names[number], number) for number in numbers)
        )
        for row, numbers in at_bed.items()
    }


def _device_view(state: WardState, bed: Bedside, name: str, number: int) -> DeviceView:
    heard_ms = int(state.device_heard_ms[number])
    presence: DevicePresence = "online"
    if name in bed.offline:
        presence = "offline"
    elif heard_ms == NEVER:
        presence = "never-heard"
    elif state.device_quiet[number]:
        presence = "silent"
    return DeviceView(
        device=name,
        presence=presence,
        heard_ms=None if heard_ms == NEVER else heard_ms,
        is_associated=int(state.device_bed[number]) != -1,
    )
