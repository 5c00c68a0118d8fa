"""Drugs that were given at a bed: what they set aside, and what is remarked of them."""

from typing import Final

import numpy as np

from detectors.baseline_life import set_aside
from detectors.channels import DISPLAY_UNITS, NEVER, Channel
from detectors.context import FLAG_NAMES
from monitor.care.drugs import drug_remarks, drugs_named
from monitor.care.reasons import FULL_NAMES, decimal
from monitor.facts.records import ActTaken, SessionReported
from monitor.facts.views import GivenView
from monitor.ward.bedside import Bedside
from monitor.ward.pictures import one
from monitor.ward.ward_state import WardState

MINUTE_MS: Final = 60_000
DAY_MIN: Final = 24 * 60


def take_premedication(state: WardState, bed: Bedside, record: SessionReported) -> None:
    """Take note of what a session message says was given; without a time it was given then."""
    for drug in record.premedication:
        at_ms = record.measured_ms if drug.at_ms is None else drug.at_ms
        take_drug(state, bed, drug.drug, at_ms)
        bed.stay.give(
            GivenView(
                drug=drug.drug,
                at_ms=at_ms,
                by=record.by,
                dose_centi=drug.dose_centi,
                dose_unit=drug.dose_unit,
            )
        )


def take_step_drug(state: WardState, bed: Bedside, record: ActTaken) -> None:
    """Take note of the drug of a step that a person has done."""
    if record.status != "done":
        return
    rungs = (rung for ladder in state.settings.ladders for rung in ladder.steps)
    rung = next((rung for rung in rungs if rung.key == record.step), None)
    if rung is not None and rung.drug:
        dose = rung.dose.key if rung.dose is not None else ""
        take_drug(state, bed, f"{rung.drug} {dose}", record.measured_ms)
        bed.stay.give(
            GivenView(
                drug=rung.drug,
                at_ms=record.measured_ms,
                by=record.by,
                dose_centi=record.dose_centi,
                dose_unit=record.dose_unit,
                step=rung.key,
            )
        )


def take_drug(state: WardState, bed: Bedside, text: str, given_ms: int) -> None:
    """Take note of a drug by the words that people call it by.

    Whatever it is, a baseline that is being taken begins anew after it; what it does to the
    vitals is expected only of the drugs of the configuration.
    """
    detection = state.detection
    set_aside(state.settings.detection.baseline, detection, bed.row, given_ms)
    for place in drugs_named(state.settings.drugs, text):
        before_ms = int(detection.given_ms[bed.row, place])
        detection.given_ms[bed.row, place] = max(before_ms, given_ms)


def expectation_remarks(state: WardState, row: int, now_ms: int) -> list[str]:
    """Return what drugs and flags of the session let people expect at a bed now."""
    detection, settings = state.detection, state.settings
    given = detection.given_ms[row]
    given_ms = {
        drug.name: int(given[place])
        for place, drug in enumerate(settings.drugs)
        if given[place] != NEVER
    }
    flags = frozenset(FLAG_NAMES[flag] for flag in np.flatnonzero(detection.context[row]))
    remarks: list[str] = []
    if given_ms:
        rises = detection.active.explained(detection, one(row))[0]
        remarks += [
            f"{FULL_NAMES[c]} may be up to {decimal(int(rises[c]))} {DISPLAY_UNITS[c]} higher by "
            "a drug: a rise must exceed its limit by that"
            for c in Channel
            if rises[c]
        ]
    held = drug_remarks(settings.drug_remarks, given_ms=given_ms, flags=flags, now_ms=now_ms)
    for words, until_ms in held:
        remarks.append(words if until_ms is None else f"{words} until {_clock(until_ms)}")
    return remarks


def _clock(at_ms: int) -> str:
    """Return the time of the day, in UTC."""
    hours, minutes = divmod(at_ms // MINUTE_MS % DAY_MIN, 60)
    return f"{hours:02d}:{minutes:02d} UTC"
