"""What the pump of a chair reports and what its nurse enters on the tablet.

The nurse follows a script: opens the session, starts the baseline and the infusion, charts the
signs of the reaction, takes temperatures by hand after shivering, and moves the pump at fixed
times. Alerts are not acknowledged here, because their ids are the monitor's to give.
"""

import heapq
from collections.abc import Iterator
from operator import itemgetter
from typing import Final

import numpy as np

from detectors.channels import CENTI, Channel
from monitor.facts.records import SessionVerb
from monitor.wire.payloads import (
    ActPayload,
    HandVitalsPayload,
    Payload,
    PositiveQuantity,
    PumpPayload,
    Quantity,
    SessionPayload,
    SymptomPayload,
    stamp,
    vital,
)
from simulators.chairs import Chair, Sent, charted_signs
from simulators.devices import (
    CUFF_BIAS_MMHG,
    SPO2_BIAS_PERCENT,
    temperature_readings,
    whole_set,
)
from simulators.infusion import SECONDS_PER_HOUR, Rung
from simulators.reactions import Sign

REPORT_EVERY_S: Final = 30
BASELINE_AFTER_S: Final = 30
NOTICED_BEFORE_S: Final = 20
"""A told sign is charted this long after it was noticed; a drawn one as late as its nurse is."""

FEVER_CEL: Final = 1.0
HAND_SET_AFTER_S: Final = 60
"""Whoever charts a sign takes a set by hand where there is no monitor any more."""

HAND_TEMPERATURE_EVERY_S: Final = 300
NURSES: Final = ("ka", "mb", "jt", "os")

TOLD_AT_HOME: Final = "told what to look for at home"

Entry = tuple[int, str, Payload]


def pump_messages(here: Chair) -> Iterator[Sent]:
    """Yield every report of the pump: each change and every half minute between."""
    device = here.device("pump")
    phase_ms = int(here.generator("pump-phase").integers(200, 1000))
    yield from here.greetings(
        device, model="sim-pump", channels=(), interval_s=float(REPORT_EVERY_S)
    )
    changes = {rung.at_s for rung in here.staircase}
    regular = range(REPORT_EVERY_S, here.unplugged_s, REPORT_EVERY_S)
    rung = Rung(at_s=0, state="idle", rate_ml_per_kg_h=0.0, reason="idle")
    boot, ahead = here.boot(device), list(reversed(here.staircase))
    infused_ml_per_kg, last_s = 0.0, 0
    for sequence, second in enumerate(sorted(changes | set(regular))):
        if second >= here.unplugged_s:
            break
        # A change is always a report, so one rate holds from one report to the next.
        infused_ml_per_kg += (second - last_s) * rung.rate_ml_per_kg_h / SECONDS_PER_HOUR
        last_s = second
        while ahead and ahead[-1].at_s <= second:
            rung = ahead.pop()
        at_ms = here.at_ms(second, phase_ms)
        infused_ml = round(infused_ml_per_kg * here.who.weight_kg, 1)
        report = _pump_report(here, rung, second, sequence, at_ms, boot, infused_ml)
        yield here.sent(at_ms, device, "pump", report)
    yield from here.farewell(device, here.unplugged_s)


def _pump_report(
    here: Chair,
    rung: Rung,
    second: int,
    sequence: int,
    at_ms: int,
    boot: str,
    infused_ml: float,
) -> PumpPayload:
    weight_kg = here.who.weight_kg
    return PumpPayload(
        seq=sequence,
        t=stamp(at_ms),
        state=rung.state,
        boot=boot,
        rate=Quantity(v=round(rung.rate_ml_per_kg_h * weight_kg, 1), u="mL/h"),
        infused=Quantity(v=infused_ml, u="mL"),
        left=Quantity(v=max(round(here.volume_ml - infused_ml, 1), 0.0), u="mL"),
        drug=here.product,
        channel="A",
        reason=rung.reason if second == rung.at_s else "periodic",
        alarm=rung.alarm or None,
    )


def nurse_name(here: Chair) -> str:
    """Return who looks after a chair, as entries are signed."""
    return str(here.generator("nurse").choice(NURSES))


def tablet_messages(here: Chair) -> Iterator[Sent]:
    """Yield everything that the nurse enters at a chair, in order of time."""
    device = here.device("tab")
    yield from here.greetings(device, model="sim-tablet", channels=(), interval_s=60.0)
    nurse = nurse_name(here)
    entries = heapq.merge(
        _session_entries(here, nurse),
        _sign_entries(here, nurse),
        _temperature_entries(here, nurse),
        _drug_entries(here, nurse),
        _round_entries(here, nurse),
        key=itemgetter(0),
    )
    for second, kind, payload in entries:
        if second >= here.seconds or second > here.reporting_s:
            break
        yield here.sent(here.at_ms(second), device, kind, payload)
    yield from here.farewell(device)


def _session_entries(here: Chair, nurse: str) -> Iterator[Entry]:
    events: list[tuple[int, SessionVerb]] = [
        (BASELINE_AFTER_S, "baseline"),
        (here.plan.start_s, "start"),
    ]
    if here.ended_s is not None:
        verb: SessionVerb = "stop" if here.staircase[-1].state == "stopped" else "complete"
        events.append((here.ended_s, verb))
    if here.closed_s is not None:
        events.append((here.closed_s, "close"))
    # After the devices have said what they are, so that the session can name them.
    yield 1, "session", opening(here, nurse)
    for second, event in events:
        yield (
            second,
            "session",
            SessionPayload(
                id=here.session,
                t=stamp(here.at_ms(second)),
                by=nurse,
                event=event,
                subject=here.who.subject,
                reason=_leaves_because(here) if event == "close" else None,
            ),
        )


def _leaves_because(here: Chair) -> str:
    hours = ((here.closed_s or 0) - (here.ended_s or 0)) / SECONDS_PER_HOUR
    watched = "an hour" if hours <= 1 else f"{hours:.1f} hours"
    return f"watched for {watched}; {TOLD_AT_HOME}"


def opening(here: Chair, nurse: str) -> SessionPayload:
    """Return what is told of the person and the infusion when the session is opened."""
    draws = here.generator("history")
    case = here.plan.case
    first_dose = bool(draws.random() < FIRST_DOSE_SHARE)
    premedicated = bool(draws.random() < PREMEDICATED_SHARE)
    # The kinin reaction that the told hypotensive picture stands for belongs to ACE inhibitors.
    ace_inhibitor = here.plan.reaction == "hypotensive"
    return SessionPayload(
        id=here.session,
        t=stamp(here.at_ms(1)),
        by=nurse,
        event="open",
        subject=here.who.subject,
        product=here.product,
        dose=PositiveQuantity(v=_dose_g(here), u="g"),
        weight=PositiveQuantity(v=here.who.weight_kg, u="kg"),
        age_years=here.who.age_years,
        age_months=here.who.age_months,
        first_dose=case.first_dose if case else first_dose,
        premed=("paracetamol-1g",) if (case.premedicated if case else premedicated) else (),
        beta_blocker=case.beta_blocker if case else False,
        ace_inhibitor=case.ace_inhibitor if case else ace_inhibitor,
        devices=tuple(here.device(kind) for kind in here.equipment.kinds),
        channels=here.equipment.channels,
    )


DOSES_G_PER_KG: Final = {"iron-iv": (0.015, 1.0), "rituximab": (0.01, 1.0)}
"""What is charted of drugs that are no immunoglobulin: a dose and its most in g (engineering)."""


def _dose_g(here: Chair) -> float:
    """Return the dose as it is ordered; how much runs in of it is the plan's volume."""
    weight_kg = here.who.weight_kg
    if here.product in DOSES_G_PER_KG:
        per_kg, most = DOSES_G_PER_KG[here.product]
        return max(round(min(per_kg * weight_kg, most), 1), 0.1)
    return round(here.plan.dose_g_per_kg * weight_kg, 1)


FIRST_DOSE_SHARE: Final = 0.2
PREMEDICATED_SHARE: Final = 0.5

DRUGS: Final = {
    "antihistamine": "diphenhydramine",
    "antipyretic": "paracetamol",
    "corticosteroid": "hydrocortisone",
    "bronchodilator": "salbutamol",
    "diuretic": "furosemide",
    "epinephrine": "epinephrine",
}
"""Remedies that are charted as drugs; lying down, oxygen and fluids are not drugs."""

EPINEPHRINE_MG_PER_KG: Final = 0.01
EPINEPHRINE_MAX_MG: Final = 0.5
"""WAO 2016: what the simulated nurse writes down; the monitor has its own table of doses."""


def _sign_entries(here: Chair, nurse: str) -> Iterator[Entry]:
    for number, (second, sign, is_present) in enumerate(charted_signs(here)):
        yield second, "obs", _sign(here, nurse, number, second, sign, is_present=is_present)


def _drug_entries(here: Chair, nurse: str) -> Iterator[Entry]:
    for number, one in enumerate(here.given):
        drug = DRUGS.get(one.remedy)
        if drug is None or one.is_charted:
            continue
        dose_mg = min(EPINEPHRINE_MG_PER_KG * here.who.weight_kg, EPINEPHRINE_MAX_MG)
        is_weighed = one.remedy == "epinephrine"
        yield (
            one.at_s,
            "act",
            ActPayload(
                id=f"{here.session}-drug-{number}",
                t=stamp(here.at_ms(one.at_s)),
                by=nurse,
                role="rn",
                via=here.device("tab"),
                act="drug",
                drug=drug,
                dose=PositiveQuantity(v=round(dose_mg, 2), u="mg") if is_weighed else None,
                reason="reaction",
            ),
        )


def _sign(
    here: Chair, nurse: str, number: int, second: int, sign: Sign, *, is_present: bool
) -> SymptomPayload:
    return SymptomPayload(
        id=f"{here.session}-sign-{number}",
        t=stamp(here.at_ms(second)),
        by=nurse,
        symptom=sign.symptom,
        present=is_present,
        severity=sign.severity,
        onset=stamp(here.at_ms(_noticed_s(here, sign, second))) if is_present else None,
    )


def _noticed_s(here: Chair, sign: Sign, charted_s: int) -> int:
    """Return when a sign was noticed: a told one a little before it is charted."""
    if sign.gone_s is not None:
        return charted_s - NOTICED_BEFORE_S
    return here.plan.reaction_s + sign.after_s


def _temperature_entries(here: Chair, nurse: str) -> Iterator[Entry]:
    picture = here.picture
    is_febrile = any(
        limb.channel == Channel.TEMP and limb.extreme >= FEVER_CEL for limb in picture.limbs
    )
    if not is_febrile or not picture.signs:
        return
    first_s = here.plan.reaction_s + picture.signs[0].after_s + HAND_TEMPERATURE_EVERY_S
    at_s = np.arange(first_s, here.reporting_s, HAND_TEMPERATURE_EVERY_S)
    readings = temperature_readings(
        here.course, [int(second) for second in at_s], here.generator("hand-thermometer")
    )
    for number, reading in enumerate(readings):
        yield (
            reading.at_s,
            "obs",
            HandVitalsPayload(
                id=f"{here.session}-temp-{number}",
                t=stamp(here.at_ms(reading.at_s)),
                by=nurse,
                values=(vital(Channel.TEMP, round(reading.temp_cel * CENTI)),),
                subject=here.who.subject,
                session=here.session,
            ),
        )


def _round_entries(here: Chair, nurse: str) -> Iterator[Entry]:
    """Yield the sets that are taken by hand while somebody stays without a monitor."""
    if "mon" not in here.equipment.kinds:
        return
    signs = [
        second + HAND_SET_AFTER_S for second, _, is_present in charted_signs(here) if is_present
    ]
    visits = sorted({*here.rounds_s, *(one for one in signs if one >= here.unplugged_s)})
    own = here.generator("round-bias")
    biases = (own.normal(0.0, CUFF_BIAS_MMHG), own.normal(0.0, SPO2_BIAS_PERCENT))
    for number, second in enumerate(visits):
        if second >= here.reporting_s:
            break
        shown = whole_set(here.course, second, here.generator(f"round-{number}"), biases=biases)
        yield (
            second,
            "obs",
            HandVitalsPayload(
                id=f"{here.session}-round-{number}",
                t=stamp(here.at_ms(second)),
                by=nurse,
                values=tuple(vital(one, round(float(shown[one]) * CENTI)) for one in Channel),
                subject=here.who.subject,
                session=here.session,
            ),
        )
